"""Reports, corrections, and ends of incidents."""

from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.emergency.commands import (
    CancelAssignment,
    CloseIncident,
    OverrideProposal,
    RecordAssignment,
    UnitForNeed,
    UpdateIncident,
)
from dispatch.emergency.events import (
    AssignmentEnded,
    IncidentClosed,
    IncidentReported,
    IncidentUpdated,
)
from dispatch.emergency.model import (
    UNCLASSIFIED,
    Assigned,
    Deciding,
    Proposed,
    Unmet,
)
from dispatch.errors import (
    ConflictError,
    InvalidFieldError,
    NotAllowedNowError,
    NotFoundError,
)
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
    NOW,
    SCENE,
    UNITS,
    DeskAtHand,
    after,
    at,
    place,
    report,
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


class TestReport:
    def test_it_opens_an_incident_with_the_needs_of_its_plan(self, desk: DeskAtHand) -> None:
        (fact,) = desk.do(report("crash", SCENE, priority=1), at=after(-30))
        assert isinstance(fact, IncidentReported)
        incident = desk.incident("E000001")
        assert list(fates(desk, "E000001")) == ["als-1", "als-2", "bls-1", "bls-2"]
        assert incident.first_report == after(-30)
        assert (incident.recorded, incident.location) == (NOW, SCENE)
        assert (incident.automatic, incident.transport, incident.target_s) == (False, False, 480)

    def test_ids_are_counted(self, desk: DeskAtHand) -> None:
        assert [desk.report() for _ in range(3)] == ["E000001", "E000002", "E000003"]

    def test_a_priority_named_counts_else_the_types_own(self, desk: DeskAtHand) -> None:
        assert desk.incident(desk.report("fall", priority=1)).priority == 1
        assert desk.incident(desk.report("fall")).priority == 3

    def test_an_unknown_type_is_the_gravest_and_flagged(self, desk: DeskAtHand) -> None:
        incident = desk.incident(desk.report(None))
        assert (incident.incident_type, incident.raw_incident_type) == ("", "ZZ9")
        assert (incident.priority, incident.target_s, incident.automatic) == (1, 0, False)
        assert incident.flags == (Remark("type_unmapped", {"value": "ZZ9"}),)
        (need,) = incident.needs
        assert need.capability == UNCLASSIFIED
        assert need.fate == Unmet(Remark("type_unmapped"))

    def test_an_unknown_place_is_flagged(self, desk: DeskAtHand) -> None:
        incident = desk.incident(desk.report("fall", point=None))
        assert incident.flags == (Remark("location_unresolved", {"reason": "missing"}),)
        assert fates(desk, "E000001") == {"bls-1": Unmet(Remark("location_unresolved"))}

    def test_what_the_caller_got_wrong_stays_flagged(self, desk: DeskAtHand) -> None:
        flag = Remark("patients_invalid", {"value": "-3"})
        (fact,) = desk.do(report("fall", flags=(flag,)))
        assert fact.incident.flags == (flag,)

    def test_a_type_that_the_plans_have_lost_counts_as_unknown(self, desk: DeskAtHand) -> None:
        (fact,) = desk.do(report("volcano"))
        assert fact.incident.incident_type == ""


class TestUpdate:
    def update(self, desk: DeskAtHand, incident: str, **changes: Any) -> tuple[Fact, ...]:
        return desk.do(UpdateIncident(IncidentId(incident), **changes))

    def test_a_corrected_type_is_planned_anew(self, desk: DeskAtHand) -> None:
        e = desk.report("fall")
        self.update(desk, e, incident_type="fire", raw_incident_type="F1")
        incident = desk.incident(e)
        assert (incident.incident_type, incident.raw_incident_type) == ("fire", "F1")
        assert fates(desk, e) == dict.fromkeys(("pump-1", "pump-2", "ladder-1"), Deciding())

    def test_units_on_their_way_stay(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        self.update(desk, e, incident_type="crash", priority=1, place=place(at(5, 5)))
        assert fates(desk, e) == {
            "als-1": Assigned(AssignmentId("D000001")),
            "als-2": Deciding(),
            "bls-1": Deciding(),
            "bls-2": Deciding(),
        }
        assert holder(desk, "A1") == Holder(e, AssignmentId("D000001"))
        assert status(desk, "A1") is S.MOBILISING

    def test_a_surplus_unit_is_not_replaced_when_it_is_recalled(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        self.update(desk, e, incident_type="alarm")
        assert list(fates(desk, e)) == ["als-1", "pump-1"]
        desk.do(CancelAssignment(AssignmentId("D000001"), "an alarm, not a heart"))
        assert fates(desk, e) == {"pump-1": Deciding()}

    def test_a_waiting_proposal_loses_its_ground(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.propose(e, {"als-1": "A1", "bls-1": "B1"})
        facts = self.update(desk, e, priority=1)
        assert reasons(facts) == [Remark("incident_changed")]
        assert desk.incident(e).proposal is None
        assert set(fates(desk, e).values()) == {Deciding()}

    @pytest.mark.parametrize("changes", [{"patients": 3}, {"address": "gate 4"}, {"priority": 2}])
    def test_what_plans_do_not_ask_for_leaves_the_proposal(
        self, desk: DeskAtHand, changes: dict[str, Any]
    ) -> None:
        e = desk.report("crash", priority=2)
        waiting = desk.propose(e, {"als-1": "A1", "bls-1": "B1"})
        facts = self.update(desk, e, **changes)
        assert kinds(facts) == [IncidentUpdated]
        assert desk.incident(e).proposal.proposal_id == waiting
        assert fates(desk, e)["als-1"] == Proposed(waiting)

    def test_fields_left_out_stay(self, desk: DeskAtHand) -> None:
        (fact,) = desk.do(report("crash", SCENE, priority=2, patients=2))
        self.update(desk, "E000001", address="gate 4")
        expected = replace(fact.incident, address="gate 4")
        found = desk.incident("E000001")
        assert replace(found, changed=0) == expected

    def test_a_place_that_was_found_is_planned_on(self, desk: DeskAtHand) -> None:
        e = desk.report("fall", point=None)
        self.update(desk, e, place=place(SCENE))
        assert desk.incident(e).flags == ()
        assert fates(desk, e) == {"bls-1": Deciding()}

    def test_a_place_that_was_lost_is_flagged(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.propose(e, {"als-1": "A1"})
        self.update(desk, e, place=place(None))
        assert desk.incident(e).flags == (Remark("location_unresolved", {"reason": "missing"}),)
        assert set(map(str, fates(desk, e).values())) == {str(Unmet(Remark("location_unresolved")))}

    def test_what_is_settled_is_no_longer_flagged(self, desk: DeskAtHand) -> None:
        flags = (Remark("patients_invalid"), Remark("priority_invalid"), Remark("noted"))
        desk.do(report(None, flags=flags))
        self.update(desk, "E000001", patients=1)
        self.update(desk, "E000001", priority=2)
        self.update(desk, "E000001", incident_type="fall")
        assert desk.incident("E000001").flags == (Remark("noted"),)

    def test_the_types_own_priority_follows_the_type(self, desk: DeskAtHand) -> None:
        e = desk.report(None)
        self.update(desk, e, incident_type="alarm")
        assert desk.incident(e).priority == 4
        self.update(desk, e, incident_type="fall")
        assert desk.incident(e).priority == 3

    def test_a_priority_that_was_named_stays(self, desk: DeskAtHand) -> None:
        reported, corrected = desk.report(None, priority=1), desk.report(None)
        self.update(desk, reported, incident_type="alarm")
        assert desk.incident(reported).priority == 1
        self.update(desk, corrected, priority=2)
        self.update(desk, corrected, incident_type="alarm")
        assert desk.incident(corrected).priority == 2

    def test_whether_units_go_by_themselves_follows_the_type(self, desk: DeskAtHand) -> None:
        e = desk.report("fall")
        self.update(desk, e, incident_type="cardiac")
        assert desk.incident(e).automatic

    def test_an_etag_that_still_holds(self, desk: DeskAtHand) -> None:
        e = desk.report("fall")
        self.update(desk, e, patients=2, etag=desk.incident(e).changed)
        assert desk.incident(e).patients == 2

    def test_an_etag_that_no_longer_holds(self, desk: DeskAtHand) -> None:
        e = desk.report("fall")
        old = desk.incident(e).changed
        self.update(desk, e, patients=2)
        error = refused(desk, UpdateIncident(e, patients=3, etag=old), ConflictError)
        assert error.code == "etag_mismatch"
        assert error.details == {"incident": e, "etag": str(desk.incident(e).changed)}

    @pytest.mark.parametrize(
        ("changes", "field", "value", "allowed"),
        [
            ({"priority": 0}, "priority", "0", "1 to 4"),
            ({"priority": 5}, "priority", "5", "1 to 4"),
            ({"patients": -1}, "patients", "-1", "0 or more"),
            (
                {"incident_type": "volcano"},
                "incident_type",
                "volcano",
                "alarm, cardiac, crash, fall, fire",
            ),
        ],
    )
    def test_refusals(
        self, desk: DeskAtHand, changes: dict[str, Any], field: str, value: str, allowed: str
    ) -> None:
        e = desk.report("fall")
        error = refused(desk, UpdateIncident(e, **changes), InvalidFieldError)
        assert error.details == {"field": field, "value": value, "allowed": allowed}

    def test_unknown_incident(self, desk: DeskAtHand) -> None:
        error = refused(desk, UpdateIncident(IncidentId("E9"), patients=1), NotFoundError)
        assert error.details == {
            "field": "name",
            "value": "E9",
            "allowed": "an open incident (ListIncidents)",
        }


class TestPlaceMoved:
    def test_crews_on_their_way_are_named(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        desk.do(UpdateIncident(e, place=place(at(7, 7))))
        assert desk.incident(e).flags == (Remark("place_moved_under_way", {"units": "A1"}),)

    def test_nobody_is_named_who_is_there(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        desk.do(UpdateIncident(e, place=place(at(7, 7))))
        desk.do(press("A1", S.ON_SCENE))
        desk.do(UpdateIncident(e, place=place(at(7, 8))))
        assert desk.incident(e).flags == ()


class TestClose:
    def test_all_of_it_ends(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.do(OverrideProposal(e, (UnitForNeed(UnitId("A1")), UnitForNeed(UnitId("B1"))), LOCAL))
        desk.do(press("A1", S.ON_SCENE))
        desk.do(RecordAssignment(e, None, "ghost", TOLD))
        desk.propose(e, {"bls-2": "B2"})
        facts = desk.do(CloseIncident(e, "resolved"))
        assert reasons(facts) == [Remark("incident_closed")]
        ends = [f for f in facts if isinstance(f, AssignmentEnded)]
        assert [(f.assignment, f.state, f.reopens) for f in ends] == [
            ("D000001", AssignmentState.COMPLETED, False),
            ("D000002", AssignmentState.CANCELLED, False),
            ("D000003", AssignmentState.CANCELLED, False),
        ]
        assert facts[-1] == IncidentClosed(e, "resolved")
        assert (desk.state.emergency.incidents, desk.state.emergency.assignments) == ({}, {})
        assert all(desk.state.fleet.units[u.unit_id].free for u in UNITS)
        assert (status(desk, "A1"), status(desk, "B1")) == (S.RETURNING, S.RETURNING)

    def test_orders_that_were_over_are_left_alone(self, desk: DeskAtHand) -> None:
        first, second = desk.report("cardiac"), desk.report("cardiac")
        desk.propose(first, {"als-1": "A1"})
        desk.do(CancelAssignment(AssignmentId("D000001"), "wrong address"))
        desk.propose(second, {"als-1": "A1"})
        assert kinds(desk.do(CloseIncident(first, "resolved"))) == [IncidentClosed]
        assert holder(desk, "A1").incident == second

    @pytest.mark.parametrize("aboard", [S.TRANSPORTING, S.AT_HOSPITAL])
    def test_with_a_patient_aboard_it_is_refused(
        self, desk: DeskAtHand, aboard: UnitStatus
    ) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        desk.do(press("A1", aboard))
        error = refused(desk, CloseIncident(e, "resolved"), NotAllowedNowError)
        assert (error.code, error.details) == ("patient_aboard", {"unit": "A1", "status": aboard})
        desk.do(press("A1", S.RETURNING))
        assert desk.do(CloseIncident(e, "resolved"))

    def test_a_patient_aboard_of_a_unit_that_went_elsewhere_is_no_matter(
        self, desk: DeskAtHand
    ) -> None:
        first, second = desk.report("cardiac"), desk.report("cardiac")
        desk.propose(first, {"als-1": "A1"})
        desk.do(RecordAssignment(second, UnitId("A1"), "A1", TOLD))
        desk.do(press("A1", S.TRANSPORTING))
        assert desk.do(CloseIncident(first, "resolved"))

    @pytest.mark.parametrize("outcome", ["", "  "])
    def test_it_says_how(self, desk: DeskAtHand, outcome: str) -> None:
        error = refused(desk, CloseIncident(desk.report(), outcome), InvalidFieldError)
        assert error.details == {
            "field": "outcome",
            "value": outcome,
            "allowed": "how it ended, e.g. resolved",
        }

    def test_twice(self, desk: DeskAtHand) -> None:
        e = desk.report()
        desk.do(CloseIncident(e, "resolved"))
        assert refused(desk, CloseIncident(e, "resolved"), NotFoundError).details["value"] == e

    def test_ids_are_not_used_again(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        desk.do(CloseIncident(e, "resolved"))
        again = desk.report("cardiac")
        desk.propose(again, {"als-1": "A1"})
        assert again == "E000002"
        assert [a.assignment_id for a in assignments(desk)] == ["D000002"]
