"""Status presses and what they mean."""

from datetime import datetime

import pytest

from dispatch.emergency.commands import (
    OverrideProposal,
    PressStatus,
    RecordAssignment,
    UnitForNeed,
)
from dispatch.emergency.events import (
    AssignmentEnded,
    UnitArrived,
)
from dispatch.emergency.model import (
    Assigned,
    Deciding,
)
from dispatch.errors import (
    InvalidFieldError,
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
from dispatch.state import Fact
from tests.dispatch.builders import (
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


class TestPress:
    @pytest.fixture
    def sent(self, desk: DeskAtHand) -> IncidentId:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        return e

    def changed(self, facts: tuple[Fact, ...]) -> UnitStatusChanged:
        return next(fact for fact in facts if isinstance(fact, UnitStatusChanged))

    def test_a_whole_job(self, desk: DeskAtHand, sent: IncidentId) -> None:
        for minute, pressed in enumerate(
            (S.EN_ROUTE, S.ON_SCENE, S.TRANSPORTING, S.AT_HOSPITAL, S.RETURNING), start=1
        ):
            desk.now = after(60 * minute)
            assert not self.changed(desk.do(press("A1", pressed))).irregular
        (assignment,) = assignments(desk)
        assert (assignment.arrived, assignment.ended) == (after(120), after(300))
        assert assignment.state is AssignmentState.COMPLETED
        assert fates(desk, sent) == {"als-1": Assigned(AssignmentId("D000001"))}
        assert desk.state.fleet.units[UnitId("A1")].free

    def test_repeated_presses_change_nothing_but_are_kept(
        self, desk: DeskAtHand, sent: IncidentId
    ) -> None:
        desk.do(press("A1", S.ON_SCENE), at=after(100))
        before = assignments(desk)
        facts = desk.do(press("A1", S.ON_SCENE), at=after(130))
        assert kinds(facts) == [UnitStatusChanged]
        assert self.changed(facts).irregular
        assert assignments(desk) == before

    def test_available_twice(self, desk: DeskAtHand, sent: IncidentId) -> None:
        desk.do(press("A1", S.ON_SCENE))
        desk.do(press("A1", S.AVAILABLE))
        assert kinds(desk.do(press("A1", S.AVAILABLE))) == [UnitStatusChanged]

    @pytest.mark.parametrize("pressed", [S.TRANSPORTING, S.AT_HOSPITAL])
    def test_a_missed_press_on_arrival_is_made_up_for_by_a_later_one(
        self, desk: DeskAtHand, sent: IncidentId, pressed: UnitStatus
    ) -> None:
        facts = desk.do(press("A1", pressed), at=after(400))
        assert kinds(facts) == [UnitStatusChanged, UnitArrived]
        assert self.changed(facts).irregular
        assert assignments(desk)[0].arrived == after(400)

    @pytest.mark.parametrize("pressed", [S.AVAILABLE, S.RETURNING, S.OFF_DUTY])
    def test_back_after_the_eta_means_that_the_press_was_missed(
        self, desk: DeskAtHand, sent: IncidentId, pressed: UnitStatus
    ) -> None:
        facts = desk.do(press("A1", pressed), at=after(200))
        ended = facts[1]
        assert (ended.reason, ended.reopens) == (Remark("arrival_press_missed"), False)
        assert ended.state is AssignmentState.COMPLETED
        assert fates(desk, sent) == {"als-1": Assigned(AssignmentId("D000001"))}

    @pytest.mark.parametrize("pressed", [S.AVAILABLE, S.RETURNING, S.OFF_DUTY])
    def test_back_before_the_eta_means_that_nobody_was_there(
        self, desk: DeskAtHand, sent: IncidentId, pressed: UnitStatus
    ) -> None:
        facts = desk.do(press("A1", pressed), at=after(199))
        ended = facts[1]
        assert (ended.reason, ended.reopens) == (Remark("unit_left_before_arrival"), True)
        assert fates(desk, sent) == {"als-1": Deciding()}
        assert holder(desk, "A1") is None

    @pytest.mark.parametrize(("seconds", "reopens"), [(479, True), (480, False)])
    def test_without_an_eta_the_target_stands_for_it(
        self, desk: DeskAtHand, seconds: int, reopens: bool
    ) -> None:
        e = desk.report("cardiac")
        desk.do(RecordAssignment(e, UnitId("A1"), "A1", TOLD))
        facts = desk.do(press("A1", S.AVAILABLE), at=after(seconds))
        assert facts[1].reopens is reopens

    def test_without_an_eta_and_a_target_nobody_was_there(self, desk: DeskAtHand) -> None:
        e = desk.report(None)
        desk.do(RecordAssignment(e, UnitId("A1"), "A1", TOLD))
        facts = desk.do(press("A1", S.AVAILABLE), at=after(9999))
        assert facts[1].reason == Remark("unit_left_before_arrival")

    @pytest.mark.parametrize("known", [S.MOBILISING, S.EN_ROUTE, S.ON_SCENE, S.TRANSPORTING])
    def test_out_of_service_on_the_way_or_with_the_patient_reopens_the_need(
        self, desk: DeskAtHand, sent: IncidentId, known: UnitStatus
    ) -> None:
        desk.do(press("A1", known))
        facts = desk.do(press("A1", S.OUT_OF_SERVICE, "flat tyre"))
        assert kinds(facts) == [UnitStatusChanged, AssignmentEnded, UnitReleased]
        assert facts[1].reason == Remark("unit_out_of_service")
        assert fates(desk, sent) == {"als-1": Deciding()}

    def test_out_of_service_at_the_hospital_has_served(
        self, desk: DeskAtHand, sent: IncidentId
    ) -> None:
        desk.do(press("A1", S.AT_HOSPITAL))
        ended = desk.do(press("A1", S.OUT_OF_SERVICE, "to be cleaned"))[1]
        assert (ended.state, ended.reopens) == (AssignmentState.COMPLETED, False)

    def test_out_of_service_says_why_and_until_when(self, desk: DeskAtHand) -> None:
        command = PressStatus(UnitId("A1"), S.OUT_OF_SERVICE, "flat tyre", after(3600))
        desk.do(command)
        state = desk.state.fleet.units[UnitId("A1")]
        assert (state.reason, state.expected_return) == ("flat tyre", after(3600))
        error = refused(desk, press("A1", S.OUT_OF_SERVICE, " "), InvalidFieldError)
        assert error.details == {
            "field": "reason",
            "value": " ",
            "allowed": "why the unit is out of service",
        }

    def test_a_press_without_an_order_is_kept(self, desk: DeskAtHand) -> None:
        facts = desk.do(press("A1", S.EN_ROUTE))
        assert kinds(facts) == [UnitStatusChanged]
        assert self.changed(facts).irregular
        assert not desk.state.fleet.units[UnitId("A1")].free

    def test_unknown_unit(self, desk: DeskAtHand) -> None:
        error = refused(desk, press("ghost", S.EN_ROUTE), NotFoundError)
        assert (error.details["field"], error.details["value"]) == ("unit", "ghost")

    @pytest.mark.parametrize("pressed", [S.OUT_OF_SERVICE, S.OFF_DUTY, S.EN_ROUTE])
    def test_a_promised_unit_that_cannot_go_takes_the_proposal_along(
        self, desk: DeskAtHand, pressed: UnitStatus
    ) -> None:
        e = desk.report("crash")
        desk.propose(e, {"als-1": "A1", "bls-1": "B1"})
        facts = desk.do(press("B1", pressed, "reason"))
        assert reasons(facts) == [Remark("unit_not_ready", {"unit": "B1", "status": pressed})]
        assert set(fates(desk, e).values()) == {Deciding()}

    def test_a_promised_unit_that_turns_home_keeps_it(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1"})
        desk.do(press("A1", S.RETURNING))
        assert desk.incident(e).proposal.proposal_id == waiting

    def test_losing_a_unit_withdraws_what_waits_for_the_same_incident(
        self, desk: DeskAtHand
    ) -> None:
        e = desk.report("crash")
        desk.do(OverrideProposal(e, (UnitForNeed(UnitId("A1")),), LOCAL))
        desk.propose(e, {"bls-1": "B1"})
        facts = desk.do(press("A1", S.OUT_OF_SERVICE, "flat tyre"))
        assert reasons(facts) == [Remark("unit_out_of_service")]
        assert desk.incident(e).proposal is None

    class TestToldLate:
        """Terminals out of reach send their presses afterwards, with the times of pressing."""

        @pytest.fixture
        def sent(self, desk: DeskAtHand) -> IncidentId:
            e = desk.report("cardiac")
            desk.propose(e, {"als-1": "A1"})
            return e

        def late(self, desk: DeskAtHand, pressed: UnitStatus, told: datetime) -> tuple[Fact, ...]:
            facts = desk.do(press("A1", pressed), at=told)
            changed = facts[0]
            assert isinstance(changed, UnitStatusChanged)
            assert (changed.status, changed.late_press) == (changed.previous, pressed)
            assert changed.irregular
            return facts

        def test_an_earlier_step_does_not_turn_the_unit_back(
            self, desk: DeskAtHand, sent: IncidentId
        ) -> None:
            desk.do(press("A1", S.ON_SCENE), at=after(180))
            before = desk.state.fleet
            assert len(self.late(desk, S.EN_ROUTE, after(70))) == 1
            assert desk.state.fleet == before

        def test_the_true_time_of_arrival_is_taken_over(
            self, desk: DeskAtHand, sent: IncidentId
        ) -> None:
            desk.do(press("A1", S.TRANSPORTING), at=after(900))
            facts = self.late(desk, S.ON_SCENE, after(180))
            assert kinds(facts) == [UnitStatusChanged, UnitArrived]
            assert assignments(desk)[0].arrived == after(180)
            assert status(desk, "A1") is S.TRANSPORTING

        @pytest.mark.parametrize("pressed", [S.AVAILABLE, S.RETURNING])
        def test_back_from_the_last_job_does_not_end_this_one(
            self, desk: DeskAtHand, sent: IncidentId, pressed: UnitStatus
        ) -> None:
            """Else a second unit would be sent, and this one would be sent twice."""
            self.late(desk, pressed, after(-5))
            assert holder(desk, "A1").incident == sent
            assert fates(desk, sent) == {"als-1": Assigned(AssignmentId("D000001"))}

        def test_on_scene_of_the_last_job_is_no_arrival_at_this_one(
            self, desk: DeskAtHand, sent: IncidentId
        ) -> None:
            self.late(desk, S.ON_SCENE, after(-300))
            assert assignments(desk)[0].arrived is None
            assert status(desk, "A1") is S.MOBILISING

        def test_a_unit_that_broke_down_before_the_order_cannot_follow_it(
            self, desk: DeskAtHand, sent: IncidentId
        ) -> None:
            desk.do(press("A1", S.OUT_OF_SERVICE, "flat tyre"), at=after(-5))
            assert fates(desk, sent) == {"als-1": Deciding()}
            assert status(desk, "A1") is S.OUT_OF_SERVICE

        def test_a_clock_that_runs_behind_is_borne_with(
            self, desk: DeskAtHand, sent: IncidentId
        ) -> None:
            facts = desk.do(press("A1", S.EN_ROUTE), at=after(-30))
            assert not facts[0].irregular
            assert status(desk, "A1") is S.EN_ROUTE

        def test_while_nobody_has_told_a_status_any_time_is_news(self, desk: DeskAtHand) -> None:
            """A neighbouring system tells the desk at its first start what units are doing."""
            facts = desk.do(press("A1", S.OUT_OF_SERVICE, "flat tyre"), at=after(-3600))
            assert facts[0].late_press is None
            assert status(desk, "A1") is S.OUT_OF_SERVICE

        def test_without_an_order_the_newest_counts(self, desk: DeskAtHand) -> None:
            desk.do(press("A1", S.OUT_OF_SERVICE, "flat tyre"), at=after(60))
            self.late(desk, S.AVAILABLE, after(30))
            state = desk.state.fleet.units[UnitId("A1")]
            assert (state.status, state.reason) == (S.OUT_OF_SERVICE, "flat tyre")
            assert state.status_time == after(60)
