"""Every command's rules and refusals."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.emergency.commands import (
    AcknowledgeAssignment,
    CancelAssignment,
    CloseIncident,
    ConfirmProposal,
    OverrideProposal,
    PressStatus,
    RecordAssignment,
    RecordDecision,
    UnitForNeed,
    UpdateIncident,
    WithdrawProposal,
)
from dispatch.emergency.events import (
    AssignmentEnded,
    AssignmentRecorded,
    DecisionMade,
    IncidentClosed,
    IncidentReported,
    IncidentUpdated,
    ProposalWithdrawn,
    UnitArrived,
    UnitAssigned,
)
from dispatch.emergency.model import (
    OVERRIDE_CODES,
    UNCLASSIFIED,
    Assigned,
    Assignment,
    DecidedBy,
    Deciding,
    Fate,
    Override,
    Proposed,
    Unmet,
)
from dispatch.errors import (
    ConflictError,
    DispatchError,
    InvalidFieldError,
    NotAllowedNowError,
    NotFoundError,
)
from dispatch.fleet.events import UnitReleased, UnitReserved, UnitStatusChanged
from dispatch.model import (
    AssignmentId,
    AssignmentState,
    Holder,
    IncidentId,
    NeedId,
    Origin,
    ProposalId,
    Remark,
    UnitId,
    UnitStatus,
)
from dispatch.state import Fact
from tests.dispatch.builders import (
    ALS,
    BLS,
    LADDER,
    NOW,
    PUMP,
    SCENE,
    UNITS,
    DeskAtHand,
    after,
    at,
    decision,
    fleet,
    place,
    proposal,
    report,
    unit,
)

S = UnitStatus
LOCAL = Override("local_knowledge", "the bridge is up")
TOLD = Origin(external_id="X7", source="cad")


@pytest.fixture
def desk() -> DeskAtHand:
    return DeskAtHand()


@pytest.fixture
def shadow() -> DeskAtHand:
    return DeskAtHand(orders=False)


def refused(desk: DeskAtHand, command: object, kind: type[DispatchError]) -> DispatchError:
    """The refusal of a command; nothing has changed."""
    before = desk.state
    with pytest.raises(kind) as refusal:
        desk.do(command)
    assert desk.state == before
    assert all(isinstance(v, str) for v in refusal.value.details.values())
    return refusal.value


def kinds(facts: tuple[Fact, ...]) -> list[type]:
    return [type(fact) for fact in facts]


def fates(desk: DeskAtHand, incident: str) -> dict[str, Fate]:
    return {need.need_id: need.fate for need in desk.incident(incident).needs}


def assignments(desk: DeskAtHand, incident: str | None = None) -> list[Assignment]:
    every = desk.state.emergency.assignments.values()
    return [a for a in every if incident in (None, a.incident)]


def status(desk: DeskAtHand, unit_id: str) -> UnitStatus:
    return desk.state.fleet.units[UnitId(unit_id)].status


def holder(desk: DeskAtHand, unit_id: str) -> Holder | None:
    return desk.state.fleet.units[UnitId(unit_id)].holder


def press(unit_id: str, pressed: UnitStatus, reason: str = "") -> PressStatus:
    return PressStatus(UnitId(unit_id), pressed, reason)


def reasons(facts: tuple[Fact, ...]) -> list[Remark]:
    """Why proposals were withdrawn."""
    return [fact.reason for fact in facts if isinstance(fact, ProposalWithdrawn)]


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


class TestRecordDecision:
    def test_automatic_units_go_at_once(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        offered = proposal(e, {"als-1": "A1"}, revision=desk.state.revision)
        facts = desk.do(RecordDecision(decision(desk.state.revision, [offered])))
        assert kinds(facts) == [DecisionMade, UnitAssigned, UnitReserved, UnitStatusChanged]
        (assignment,) = assignments(desk)
        assert assignment.unit == "A1"
        assert (assignment.state, assignment.decided_by) == (
            AssignmentState.ORDERED,
            DecidedBy.POLICY,
        )
        assert (assignment.eta_s, assignment.policy, assignment.assigned) == (200, "optimal", NOW)
        assert fates(desk, e) == {"als-1": Assigned(AssignmentId("D000001"))}
        assert desk.incident(e).proposal is None
        assert (holder(desk, "A1"), status(desk, "A1")) == (
            Holder(e, AssignmentId("D000001")),
            S.MOBILISING,
        )

    def test_others_wait_for_a_word(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1", "bls-1": "B1"})
        assert waiting == "P000001"
        assert fates(desk, e) == {
            "als-1": Proposed(waiting),
            "bls-1": Proposed(waiting),
            "bls-2": Deciding(),
        }
        assert (holder(desk, "A1"), assignments(desk)) == (None, [])

    def test_in_shadow_mode_nobody_goes_by_himself(self, shadow: DeskAtHand) -> None:
        e = shadow.report("cardiac")
        waiting = shadow.propose(e, {"als-1": "A1"})
        assert fates(shadow, e) == {"als-1": Proposed(waiting)}
        assert all(holder(shadow, u.unit_id) is None for u in UNITS)

    def test_a_need_that_nobody_can_meet(self, desk: DeskAtHand) -> None:
        e = desk.report("fall")
        desk.do(RecordDecision(decision(2, unmet={e: {"bls-1": "all_units_busy"}})))
        assert fates(desk, e) == {"bls-1": Unmet(Remark("all_units_busy"))}
        assert desk.incident(e).needs_attention

    def test_no_fact_without_news(self, desk: DeskAtHand) -> None:
        e = desk.report("fall")
        desk.do(RecordDecision(decision(2, unmet={e: {"bls-1": "all_units_busy"}})))
        assert desk.do(RecordDecision(decision(3, unmet={e: {"bls-1": "all_units_busy"}}))) == ()
        assert desk.do(RecordDecision(decision(3, unmet={e: {"bls-1": "unreachable"}}))) != ()

    def test_other_figures_for_the_same_reason_are_no_news(self, desk: DeskAtHand) -> None:
        e = desk.report("fall")

        def unmet(ready: int) -> RecordDecision:
            plain = decision(desk.state.revision, unmet={e: {"bls-1": "unreachable"}})
            ((incident, (need,)),) = plain.unmet
            need = replace(need, reason=Remark("unreachable", {"ready": str(ready)}))
            return RecordDecision(replace(plain, unmet=((incident, (need,)),)))

        assert desk.do(unmet(3)) != ()
        assert desk.do(unmet(2)) == ()

    def test_what_has_changed_meanwhile_is_dropped(self, desk: DeskAtHand) -> None:
        stale, fresh, gone = desk.report("crash"), desk.report("crash"), desk.report("fall")
        seen = desk.state.revision
        desk.do(UpdateIncident(stale, patients=2))
        desk.do(CloseIncident(gone, "false_alarm"))
        offers = [
            proposal(stale, {"als-1": "A1"}),
            proposal(fresh, {"als-1": "A2"}),
            proposal(gone, {"bls-1": "B1"}),
        ]
        unmet = {
            stale: {"bls-1": "all_units_busy"},
            fresh: {"bls-1": "all_units_busy"},
            gone: {"bls-1": "all_units_busy"},
        }
        made = desk.do(RecordDecision(decision(seen, offers, unmet)))[0]
        assert [p.incident for p in made.proposals] == [fresh]
        assert [incident for incident, _ in made.unmet] == [fresh]
        assert fates(desk, stale)["als-1"] == Deciding()

    def test_proposals_whose_unit_is_not_free_any_more_are_dropped(self, desk: DeskAtHand) -> None:
        first, second, third = (desk.report("crash") for _ in range(3))
        seen = desk.state.revision
        desk.do(press("A1", S.OUT_OF_SERVICE, "flat tyre"))
        desk.do(fleet([u for u in UNITS if u.unit_id != "A2"]))
        offers = [
            proposal(first, {"als-1": "A1"}),
            proposal(second, {"als-1": "A2"}),
            proposal(third, {"bls-1": "B1"}),
        ]
        made = desk.do(RecordDecision(decision(seen, offers)))[0]
        assert [p.incident for p in made.proposals] == [third]

    def test_nothing_left_is_no_fact(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.do(UpdateIncident(e, patients=2))
        assert desk.do(RecordDecision(decision(2, [proposal(e, {"als-1": "A1"})]))) == ()

    def test_proposals_that_are_kept_are_numbered_without_gaps(self, desk: DeskAtHand) -> None:
        dropped, kept = desk.report("crash"), desk.report("crash")
        seen = desk.state.revision
        desk.do(UpdateIncident(dropped, patients=2))
        offers = [proposal(dropped, {"als-1": "A1"}), proposal(kept, {"als-1": "A2"})]
        desk.do(RecordDecision(decision(seen, offers)))
        assert desk.incident(kept).proposal.proposal_id == "P000001"
        assert desk.state.emergency.next_proposal == 2

    def test_a_second_proposal_does_not_push_out_the_first(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        first = desk.propose(e, {"als-1": "A1"})
        assert desk.propose(e, {"als-1": "A2"}) == first

    @pytest.mark.parametrize("incident_type", ["cardiac", "crash"])
    def test_no_unit_twice(self, desk: DeskAtHand, incident_type: str) -> None:
        """Whatever a policy makes up, a unit has one holder."""
        first, second = desk.report(incident_type, priority=1), desk.report(incident_type)
        offers = [proposal(first, {"als-1": "A1"}), proposal(second, {"als-1": "A1"})]
        made = desk.do(RecordDecision(decision(desk.state.revision, offers)))[0]
        assert [p.incident for p in made.proposals] == [first]

    def test_no_unit_for_two_needs_of_one_incident(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        assert desk.propose(e, {"als-1": "A1", "bls-1": "A1"}) is None

    def test_no_unit_for_a_need_that_is_served(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        desk.propose(e, {"als-1": "A2"})
        assert [a.unit for a in assignments(desk)] == ["A1"]

    def test_a_graver_incident_takes_a_promised_unit(self, desk: DeskAtHand) -> None:
        minor, other = desk.report("fall", priority=3), desk.report("fall", priority=3)
        desk.propose(minor, {"bls-1": "A1"})
        left_alone = desk.propose(other, {"bls-1": "B1"})
        grave = desk.report("cardiac", priority=1)
        offered = proposal(grave, {"als-1": "A1"}, revision=desk.state.revision)
        facts = desk.do(RecordDecision(decision(desk.state.revision, [offered])))
        assert reasons(facts) == [Remark("unit_needed_elsewhere")]
        assert desk.incident(minor).proposal is None
        assert fates(desk, minor) == {"bls-1": Deciding()}
        assert desk.incident(other).proposal.proposal_id == left_alone
        assert holder(desk, "A1").incident == grave

    @pytest.mark.parametrize("priority", [2, 3, 4])
    def test_one_that_is_no_graver_does_not(self, desk: DeskAtHand, priority: int) -> None:
        first, second = desk.report("crash", priority=2), desk.report("crash", priority=priority)
        waiting = desk.propose(first, {"als-1": "A1"})
        assert desk.propose(second, {"als-1": "A1"}) is None
        assert desk.incident(first).proposal.proposal_id == waiting


class TestConfirm:
    def test_all_units_of_the_proposal_go(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1", "bls-1": "B1"})
        facts = desk.do(ConfirmProposal(e, waiting), at=after(20))
        assert kinds(facts) == [UnitAssigned, UnitReserved, UnitStatusChanged] * 2
        assert [(a.assignment_id, a.unit, a.need_id) for a in assignments(desk, e)] == [
            ("D000001", "A1", "als-1"),
            ("D000002", "B1", "bls-1"),
        ]
        assert {a.decided_by for a in assignments(desk)} == {DecidedBy.DISPATCHER}
        # The order goes out now, whenever the dispatcher says to have given it.
        assert {a.assigned for a in assignments(desk)} == {after(0)}
        assert desk.incident(e).proposal is None
        assert fates(desk, e)["bls-2"] == Deciding()

    def test_the_second_of_two_dispatchers_is_told(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1"})
        desk.do(ConfirmProposal(e, waiting))
        error = refused(desk, ConfirmProposal(e, waiting), ConflictError)
        assert error.code == "proposal_superseded"
        assert error.details == {
            "proposal": waiting,
            "current": "none",
            "incident": e,
            "assigned": "A1",
        }

    def test_a_newer_proposal_is_named(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        old = desk.propose(e, {"als-1": "A1"})
        desk.do(WithdrawProposal(e, old, Remark("expired")))
        new = desk.propose(e, {"als-1": "A2"})
        error = refused(desk, ConfirmProposal(e, old), ConflictError)
        assert error.details == {"proposal": old, "current": new, "incident": e}

    def test_it_expires_by_the_desks_time(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1"})
        desk.now = after(120)
        error = refused(desk, ConfirmProposal(e, waiting), ConflictError)
        assert error.code == "proposal_expired"
        assert error.details == {"proposal": waiting, "expired": after(120).isoformat()}

    def test_until_the_last_moment_it_can_be_confirmed(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1"})
        desk.now = after(119.999)
        assert desk.do(ConfirmProposal(e, waiting))

    def test_unknown_incident(self, desk: DeskAtHand) -> None:
        command = ConfirmProposal(IncidentId("E9"), ProposalId("P000001"))
        assert refused(desk, command, NotFoundError).details["field"] == "name"

    def test_shadow_mode(self, shadow: DeskAtHand) -> None:
        e = shadow.report("crash")
        waiting = shadow.propose(e, {"als-1": "A1"})
        error = refused(shadow, ConfirmProposal(e, waiting), NotAllowedNowError)
        assert error.code == "shadow_mode"


class TestOverride:
    def override(self, incident: str, *units: str | tuple[str, str], **more: Any) -> Any:
        wanted = tuple(
            UnitForNeed(UnitId(u)) if isinstance(u, str) else UnitForNeed(UnitId(u[0]), u[1])
            for u in units
        )
        return OverrideProposal(IncidentId(incident), wanted, more.pop("reason", LOCAL), **more)

    def test_the_dispatchers_units_go_instead(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1", "bls-1": "B1"})
        facts = desk.do(self.override(e, "A2", "B2"))
        assert reasons(facts) == [Remark("overridden")]
        assert fates(desk, e) == {
            "als-1": Assigned(AssignmentId("D000001")),
            "bls-1": Assigned(AssignmentId("D000002")),
            "bls-2": Deciding(),
        }
        assert [(a.unit, a.override, a.flags) for a in assignments(desk)] == [
            ("A2", LOCAL, ()),
            ("B2", LOCAL, ()),
        ]
        assert holder(desk, "A1") is None
        error = refused(desk, ConfirmProposal(e, waiting), ConflictError)
        assert error.details["assigned"] == "A2, B2"

    def test_needs_can_be_named(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.do(self.override(e, ("A1", "bls-2"), ("A2", "als-1")))
        assert [(a.unit, a.need_id) for a in assignments(desk)] == [
            ("A1", "bls-2"),
            ("A2", "als-1"),
        ]

    def test_a_need_named_is_not_given_away_before(self, desk: DeskAtHand) -> None:
        """A1 could take als-1, but that is spoken for."""
        e = desk.report("crash")
        desk.do(self.override(e, "A1", ("A2", "als-1")))
        assert [(a.unit, a.need_id) for a in assignments(desk)] == [
            ("A1", "bls-1"),
            ("A2", "als-1"),
        ]

    def test_a_unit_beyond_the_plan_is_flagged(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.do(self.override(e, "P1"))
        (assignment,) = assignments(desk)
        assert (assignment.need_id, assignment.flags) == (None, (Remark("beyond_plan"),))
        assert fates(desk, e) == {"als-1": Deciding()}
        assert holder(desk, "P1").incident == e

    def test_a_unit_that_lacks_the_capability_is_flagged(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.do(self.override(e, ("B1", "als-1")))
        (assignment,) = assignments(desk)
        assert assignment.flags == (Remark("capability_missing", {"capability": "als"}),)
        assert fates(desk, e) == {"als-1": Assigned(AssignmentId("D000001"))}

    def test_an_unknown_type_can_be_served(self, desk: DeskAtHand) -> None:
        e = desk.report(None)
        desk.do(self.override(e, ("A1", "unclassified-1")))
        assert fates(desk, e) == {"unclassified-1": Assigned(AssignmentId("D000001"))}

    def test_what_the_proposal_knew_of_a_unit_is_kept(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.propose(e, {"als-1": "A1"})
        desk.do(self.override(e, ("A1", "als-1"), "A2"))
        known, unknown = assignments(desk)
        assert (known.eta_s, known.turnout_s, known.travel_s) == (200, 60, 140)
        assert (unknown.eta_s, unknown.turnout_s, unknown.travel_s) == (None, None, None)

    def test_another_proposal_that_named_the_unit_is_withdrawn(self, desk: DeskAtHand) -> None:
        other, e = desk.report("crash"), desk.report("fall")
        desk.propose(other, {"als-1": "A1", "bls-1": "A2"})
        facts = desk.do(self.override(e, "A1", "A2"))
        assert reasons(facts) == [Remark("unit_taken", {"unit": "A1", "incident": e})]
        assert desk.incident(other).proposal is None

    def test_the_proposal_looked_at_still_has_to_stand(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1"})
        desk.do(self.override(e, "A2", proposal=waiting))
        error = refused(desk, self.override(e, "B1", proposal=waiting), ConflictError)
        assert error.code == "proposal_superseded"

    @pytest.mark.parametrize("code", OVERRIDE_CODES)
    def test_reasons_that_count(self, desk: DeskAtHand, code: str) -> None:
        e = desk.report("cardiac")
        assert desk.do(self.override(e, "A1", reason=Override(code)))

    def test_reasons_that_do_not(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        error = refused(desk, self.override(e, "A1", reason=Override("mood")), InvalidFieldError)
        assert error.details == {
            "field": "override_reason.code",
            "value": "mood",
            "allowed": ", ".join(OVERRIDE_CODES),
        }

    def test_no_units(self, desk: DeskAtHand) -> None:
        error = refused(desk, self.override(desk.report()), InvalidFieldError)
        assert error.details["field"] == "units"

    def test_a_unit_named_twice(self, desk: DeskAtHand) -> None:
        error = refused(desk, self.override(desk.report(), "A1", "A1"), InvalidFieldError)
        assert error.details == {
            "field": "units[1].unit",
            "value": "A1",
            "allowed": "each unit once",
        }

    def test_an_unknown_unit(self, desk: DeskAtHand) -> None:
        error = refused(desk, self.override(desk.report(), "A1", "ghost"), NotFoundError)
        assert (error.details["field"], error.details["value"]) == ("units[1].unit", "ghost")

    def test_a_unit_under_another_order(self, desk: DeskAtHand) -> None:
        first, second = desk.report(), desk.report("fall")
        desk.propose(first, {"als-1": "A1"})
        error = refused(desk, self.override(second, "A1"), ConflictError)
        assert (error.code, error.details) == ("unit_taken", {"unit": "A1", "incident": first})

    def test_a_unit_that_cannot_go(self, desk: DeskAtHand) -> None:
        desk.do(press("A1", S.OFF_DUTY))
        error = refused(desk, self.override(desk.report(), "A1"), ConflictError)
        assert error.code == "unit_not_ready"
        assert error.details == {"unit": "A1", "status": "off_duty"}

    @pytest.mark.parametrize(
        ("need_id", "allowed"), [("als-9", "an open need of E000001: als-1, bls-1, bls-2")]
    )
    def test_a_need_that_is_none(self, desk: DeskAtHand, need_id: str, allowed: str) -> None:
        e = desk.report("crash")
        error = refused(desk, self.override(e, ("A1", need_id)), InvalidFieldError)
        assert error.details == {
            "field": "units[0].need_id",
            "value": need_id,
            "allowed": allowed,
        }

    def test_a_need_that_is_served(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        error = refused(desk, self.override(e, ("A2", "als-1")), InvalidFieldError)
        assert error.details["allowed"] == "an open need of E000001: there is none left"

    def test_shadow_mode(self, shadow: DeskAtHand) -> None:
        error = refused(shadow, self.override(shadow.report(), "A1"), NotAllowedNowError)
        assert error.code == "shadow_mode"


class TestWithdraw:
    def test_its_needs_are_decided_again(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1"})
        facts = desk.do(WithdrawProposal(e, waiting, Remark("expired")))
        assert facts == (ProposalWithdrawn(waiting, e, Remark("expired")),)
        assert set(fates(desk, e).values()) == {Deciding()}

    def test_one_that_no_longer_stands_is_no_news(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        old = desk.propose(e, {"als-1": "A1"})
        desk.do(WithdrawProposal(e, old, Remark("expired")))
        desk.propose(e, {"als-1": "A1"})
        for incident in (e, IncidentId("E9")):
            assert desk.do(WithdrawProposal(incident, old, Remark("expired"))) == ()


class TestRecordAssignment:
    def record(self, desk: DeskAtHand, incident: str, unit_id: str | None) -> tuple[Fact, ...]:
        known = unit_id if unit_id in desk.state.fleet.units else None
        command = RecordAssignment(
            IncidentId(incident), UnitId(known) if known else None, unit_id or "", TOLD
        )
        return desk.do(command)

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


class TestFleetDeclared:
    def test_proposals_lose_units_that_are_gone(self, desk: DeskAtHand) -> None:
        gone, lacks, fine = desk.report("crash"), desk.report("crash"), desk.report("fire")
        desk.propose(gone, {"als-1": "A1", "bls-1": "B1"})
        desk.propose(lacks, {"als-1": "A2"})
        waiting = desk.propose(fine, {"pump-1": "P1"})
        left = [u for u in UNITS if u.unit_id not in ("A1", "A2", "B1")]
        facts = desk.do(fleet([*left, unit("A2", BLS)]))
        assert reasons(facts) == [
            Remark("unit_unknown", {"value": "A1"}),
            Remark("capability_missing", {"capability": "als"}),
        ]
        assert desk.incident(fine).proposal.proposal_id == waiting

    def test_a_unit_that_is_gone_finishes_its_order_and_takes_no_other(
        self, desk: DeskAtHand
    ) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        desk.do(fleet([u for u in UNITS if u.unit_id != "A1"]))
        desk.do(press("A1", S.ON_SCENE))
        desk.do(press("A1", S.AVAILABLE))
        assert assignments(desk)[0].state is AssignmentState.COMPLETED
        assert desk.propose(desk.report("cardiac"), {"als-1": "A1"}) is None


def test_an_unknown_command_is_a_mistake_of_ours(desk: DeskAtHand) -> None:
    with pytest.raises(TypeError, match="no such command: NeedId"):
        desk.try_out(type("NeedId", (), {})())


@pytest.mark.parametrize("needs", [(ALS,), (PUMP, LADDER)])
def test_deciding_changes_nothing_in_place(desk: DeskAtHand, needs: tuple[str, ...]) -> None:
    e = desk.report("crash")
    desk.propose(e, {"als-1": "A1"})
    before = desk.state
    copy = replace(before)
    desk.try_out(ConfirmProposal(e, ProposalId("P000001")))
    desk.try_out(CloseIncident(e, "resolved"))
    assert desk.state is before
    assert before == copy
    assert NeedId("als-1") in fates(desk, e)
