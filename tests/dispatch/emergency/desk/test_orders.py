"""Orders acknowledged and taken back."""

import pytest
from msgspec.structs import replace

from dispatch.emergency.commands import (
    AcknowledgeAssignment,
    CancelAssignment,
    OverrideProposal,
    RecordAssignment,
    UnitForNeed,
)
from dispatch.emergency.events import (
    AssignmentEnded,
)
from dispatch.emergency.model import (
    Assigned,
    Deciding,
)
from dispatch.errors import (
    ConflictError,
    InvalidFieldError,
    NotAllowedNowError,
    NotFoundError,
)
from dispatch.fleet.events import UnitReleased, UnitStatusChanged
from dispatch.model import (
    AssignmentId,
    AssignmentState,
    IncidentId,
    Remark,
    UnitId,
    UnitStatus,
)
from tests.dispatch.builders import (
    NOW,
    DeskAtHand,
    after,
)
from tests.dispatch.emergency.desk.asking import (
    LOCAL,
    TOLD,
    S,
    assignments,
    fates,
    holder,
    kinds,
    press,
    reasons,
    refused,
    status,
)


class TestAcknowledge:
    def test_once(self, desk: DeskAtHand) -> None:
        e = desk.report()
        desk.propose(e, {"als-1": "A1"})
        command = AcknowledgeAssignment(AssignmentId("D000001"))
        desk.do(command, at=after(9))
        (assignment,) = assignments(desk)
        assert (assignment.state, assignment.acknowledged, assignment.active) == (
            AssignmentState.ACKNOWLEDGED,
            after(9),
            True,
        )
        assert desk.do(command) == ()

    def test_unknown(self, desk: DeskAtHand) -> None:
        error = refused(desk, AcknowledgeAssignment(AssignmentId("D9")), NotFoundError)
        assert error.details == {
            "field": "name",
            "value": "D9",
            "allowed": "an assignment of an open incident",
        }

    def test_over(self, desk: DeskAtHand) -> None:
        e = desk.report()
        desk.propose(e, {"als-1": "A1"})
        desk.do(CancelAssignment(AssignmentId("D000001"), "duplicate"))
        error = refused(desk, AcknowledgeAssignment(AssignmentId("D000001")), ConflictError)
        assert error.code == "assignment_ended"
        assert error.details == {"assignment": "D000001", "state": "cancelled"}


class TestCancel:
    CANCEL = CancelAssignment(AssignmentId("D000001"), "wrong address")

    @pytest.fixture
    def sent(self, desk: DeskAtHand) -> IncidentId:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        return e

    def test_on_its_way_the_need_is_open_again(self, desk: DeskAtHand, sent: IncidentId) -> None:
        facts = desk.do(self.CANCEL)
        assert kinds(facts) == [AssignmentEnded, UnitReleased, UnitStatusChanged]
        (assignment,) = assignments(desk)
        assert (assignment.state, assignment.ended) == (AssignmentState.CANCELLED, NOW)
        assert fates(desk, sent) == {"als-1": Deciding()}
        assert (holder(desk, "A1"), status(desk, "A1")) == (None, S.RETURNING)

    def test_on_scene_it_has_served(self, desk: DeskAtHand, sent: IncidentId) -> None:
        desk.do(press("A1", S.ON_SCENE))
        desk.do(self.CANCEL)
        assert assignments(desk)[0].state is AssignmentState.COMPLETED
        assert fates(desk, sent) == {"als-1": Assigned(AssignmentId("D000001"))}

    def test_a_waiting_proposal_of_the_incident_is_decided_anew(self, desk: DeskAtHand) -> None:
        """Else the need that lost its unit would wait for as long as the other is waited for."""
        e = desk.report("crash")
        desk.do(OverrideProposal(e, (UnitForNeed(UnitId("A1")),), LOCAL))
        desk.propose(e, {"bls-1": "B1"})
        facts = desk.do(self.CANCEL)
        assert reasons(facts) == [Remark("cancelled", {"reason": "wrong address"})]
        assert set(fates(desk, e).values()) == {Deciding()}

    @pytest.mark.parametrize("aboard", [S.TRANSPORTING, S.AT_HOSPITAL])
    def test_with_a_patient_aboard_it_is_refused(
        self, desk: DeskAtHand, sent: IncidentId, aboard: UnitStatus
    ) -> None:
        desk.do(press("A1", aboard))
        error = refused(desk, self.CANCEL, NotAllowedNowError)
        assert (error.code, error.details) == ("patient_aboard", {"unit": "A1", "status": aboard})

    @pytest.mark.parametrize("reason", ["", " "])
    def test_it_says_why(self, desk: DeskAtHand, sent: IncidentId, reason: str) -> None:
        error = refused(desk, replace(self.CANCEL, reason=reason), InvalidFieldError)
        assert error.details == {
            "field": "reason",
            "value": reason,
            "allowed": "why the order is taken back",
        }

    def test_twice(self, desk: DeskAtHand, sent: IncidentId) -> None:
        desk.do(self.CANCEL)
        assert refused(desk, self.CANCEL, ConflictError).code == "assignment_ended"

    def test_a_unit_that_nobody_knows(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.do(RecordAssignment(e, None, "ghost", TOLD))
        assert kinds(desk.do(self.CANCEL)) == [AssignmentEnded]
