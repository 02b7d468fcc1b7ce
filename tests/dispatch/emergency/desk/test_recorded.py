"""Orders that another system gave."""

import pytest

from dispatch.emergency.commands import (
    CloseIncident,
    RecordAssignment,
)
from dispatch.emergency.events import (
    AssignmentEnded,
    AssignmentRecorded,
)
from dispatch.emergency.model import (
    Assigned,
    DecidedBy,
    Deciding,
)
from dispatch.errors import (
    NotFoundError,
)
from dispatch.fleet.events import UnitReserved, UnitStatusChanged
from dispatch.model import (
    AssignmentId,
    AssignmentState,
    Holder,
    IncidentId,
    Remark,
    UnitId,
    UnitStatus,
)
from dispatch.state import Fact
from tests.dispatch.builders import (
    DeskAtHand,
    after,
)
from tests.dispatch.emergency.desk.asking import (
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


class TestRecordAssignment:
    def record(self, desk: DeskAtHand, incident: str, unit_id: str | None) -> tuple[Fact, ...]:
        known = unit_id if unit_id in desk.state.fleet.units else None
        command = RecordAssignment(
            IncidentId(incident), UnitId(known) if known else None, unit_id or "", TOLD
        )
        return desk.do(command)

    def test_an_order_told_after_the_end_holds_nobody(self, desk: DeskAtHand) -> None:
        e = desk.report()
        desk.do(CloseIncident(e, "resolved"))
        (fact,) = self.record(desk, e, "A1")
        assert [f.code for f in fact.assignment.flags] == ["incident_is_closed"]
        assert holder(desk, "A1") is None
        assert assignments(desk) == []
        (other,) = self.record(desk, e, "nobody")
        assert [f.code for f in other.assignment.flags] == ["unit_unknown", "incident_is_closed"]
        assert other.assignment.assignment_id != fact.assignment.assignment_id

    @pytest.mark.parametrize("orders", [True, False])
    def test_a_fact_of_another_system(self, orders: bool) -> None:
        desk = DeskAtHand(orders=orders)
        e = desk.report("crash")
        facts = self.record(desk, e, "A1")
        assert kinds(facts) == [AssignmentRecorded, UnitReserved, UnitStatusChanged]
        (assignment,) = assignments(desk)
        assert (assignment.need_id, assignment.flags) == ("als-1", ())
        assert (assignment.decided_by, assignment.origin) == (DecidedBy.CAD, TOLD)
        assert (assignment.raw_unit, assignment.eta_s) == ("A1", None)
        assert fates(desk, e)["als-1"] == Assigned(AssignmentId("D000001"))
        assert status(desk, "A1") is S.MOBILISING

    def test_our_own_proposal_is_withdrawn(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.propose(e, {"als-1": "A1"})
        assert reasons(self.record(desk, e, "A2")) == [Remark("decided_elsewhere")]

    def test_an_unknown_unit(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        assert kinds(self.record(desk, e, "京A·120")) == [AssignmentRecorded]
        (assignment,) = assignments(desk)
        assert (assignment.unit, assignment.need_id) == (None, None)
        assert assignment.flags == (Remark("unit_unknown", {"value": "京A·120"}),)

    def test_a_unit_that_the_incident_has_no_need_for(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        self.record(desk, e, "P1")
        (assignment,) = assignments(desk)
        assert (assignment.need_id, assignment.flags) == (None, (Remark("no_need_for_unit"),))
        assert holder(desk, "P1").incident == e

    def test_a_unit_that_cannot_go_here(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.do(press("A1", S.OFF_DUTY))
        self.record(desk, e, "A1")
        (assignment,) = assignments(desk)
        assert assignment.flags == (Remark("unit_not_ready", {"status": "off_duty"}),)
        assert holder(desk, "A1").incident == e

    def test_a_unit_under_another_order_changes_hands(self, desk: DeskAtHand) -> None:
        first, second = desk.report("cardiac"), desk.report("fall")
        desk.propose(first, {"als-1": "A1"})
        facts = self.record(desk, second, "A1")
        ended = facts[0]
        assert isinstance(ended, AssignmentEnded)
        assert ended.reason == Remark("sent_elsewhere", {"incident": second})
        assert (ended.state, ended.reopens) == (AssignmentState.CANCELLED, True)
        assert fates(desk, first) == {"als-1": Deciding()}
        assert assignments(desk, second)[0].flags == (Remark("unit_was_held", {"incident": first}),)
        assert holder(desk, "A1") == Holder(second, AssignmentId("D000002"))

    def test_a_unit_that_had_arrived_has_served(self, desk: DeskAtHand) -> None:
        first, second = desk.report("cardiac"), desk.report("fall")
        desk.propose(first, {"als-1": "A1"})
        desk.do(press("A1", S.ON_SCENE))
        ended = self.record(desk, second, "A1")[0]
        assert (ended.state, ended.reopens) == (AssignmentState.COMPLETED, False)
        assert fates(desk, first) == {"als-1": Assigned(AssignmentId("D000001"))}

    def test_another_proposal_that_named_the_unit_is_withdrawn(self, desk: DeskAtHand) -> None:
        other, e = desk.report("crash"), desk.report("fall")
        desk.propose(other, {"als-1": "A1"})
        facts = self.record(desk, e, "A1")
        assert reasons(facts) == [Remark("unit_taken", {"unit": "A1", "incident": e})]

    def test_told_again_of_a_unit_that_goes_there_already(self, desk: DeskAtHand) -> None:
        """The need stays its own: nobody else is sent for it, and its arrival is not lost."""
        e = desk.report("crash")
        self.record(desk, e, "A1")
        desk.do(press("A1", S.ON_SCENE), at=after(200))
        waiting = desk.propose(e, {"bls-1": "B1"})
        self.record(desk, e, "A1")
        former, current = assignments(desk)
        assert not former.active
        assert (current.need_id, current.arrived) == ("als-1", after(200))
        assert current.flags == (Remark("unit_was_held", {"incident": e}),)
        assert status(desk, "A1") is S.ON_SCENE
        assert fates(desk, e)["als-1"] == Assigned(current.assignment_id)
        assert desk.incident(e).proposal.proposal_id == waiting

    @pytest.mark.parametrize(("pressed", "arrived"), [(S.EN_ROUTE, None), (S.ON_SCENE, 60)])
    def test_presses_told_before_the_order_count(
        self, desk: DeskAtHand, pressed: UnitStatus, arrived: int | None
    ) -> None:
        """The crew's terminal was quicker than the other system's report of its order."""
        e = desk.report("cardiac")
        desk.do(press("A1", pressed), at=after(60))
        desk.now = after(90)
        facts = desk.do(RecordAssignment(e, UnitId("A1"), "A1", TOLD), at=after(0))
        assert kinds(facts) == [AssignmentRecorded, UnitReserved]
        (assignment,) = assignments(desk)
        assert assignment.arrived == (after(arrived) if arrived else None)
        assert assignment.flags == ()
        assert status(desk, "A1") is pressed

    def test_presses_of_an_earlier_job_do_not(self, desk: DeskAtHand) -> None:
        first, second = desk.report("cardiac"), desk.report("cardiac")
        desk.propose(first, {"als-1": "A1"})
        desk.do(press("A1", S.ON_SCENE), at=after(60))
        desk.do(RecordAssignment(second, UnitId("A1"), "A1", TOLD), at=after(30))
        assert [a.arrived for a in assignments(desk, second)] == [None]
        assert status(desk, "A1") is S.MOBILISING

    def test_told_again_before_it_arrives_its_need_is_not_opened(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        self.record(desk, e, "A1")
        waiting = desk.propose(e, {"bls-1": "B1"})
        facts = self.record(desk, e, "A1")
        assert [f.reopens for f in facts if isinstance(f, AssignmentEnded)] == [False]
        assert reasons(facts) == []
        assert desk.incident(e).proposal.proposal_id == waiting

    def test_unknown_incident(self, desk: DeskAtHand) -> None:
        command = RecordAssignment(IncidentId("E9"), UnitId("A1"), "A1", TOLD)
        error = refused(desk, command, NotFoundError)
        assert (error.details["field"], error.details["value"]) == ("incident", "E9")
