"""What the policy chose, and a dispatcher's yes to it."""

import pytest
from msgspec.structs import replace

from dispatch.emergency.commands import (
    CloseIncident,
    ConfirmProposal,
    RecordDecision,
    UpdateIncident,
    WithdrawProposal,
)
from dispatch.emergency.events import (
    DecisionMade,
    UnitAssigned,
)
from dispatch.emergency.model import (
    Assigned,
    DecidedBy,
    Deciding,
    Proposed,
    Unmet,
)
from dispatch.errors import (
    ConflictError,
    NotAllowedNowError,
    NotFoundError,
)
from dispatch.fleet.events import UnitReserved, UnitStatusChanged
from dispatch.model import (
    AssignmentId,
    AssignmentState,
    Holder,
    IncidentId,
    Origin,
    ProposalId,
    Remark,
    UnitId,
)
from tests.dispatch.builders import (
    NOW,
    UNITS,
    DeskAtHand,
    after,
    decision,
    fleet,
    proposal,
)
from tests.dispatch.emergency.desk.asking import (
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


class TestRecordDecision:
    def test_automatic_units_go_at_once(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        offered = proposal(e, {"als-1": "A1"}, revision=desk.state.revision)
        facts = desk.do(RecordDecision(decision(desk.state.revision, [offered])))
        assert kinds(facts) == [DecisionMade, UnitAssigned, UnitReserved, UnitStatusChanged]
        (assignment,) = assignments(desk)
        assert assignment.unit == "A1"
        owner = desk.state.fleet.units[UnitId("A1")].unit.origin
        assert assignment.origin == Origin("", "desk", owner.agency, owner.parent_agency)
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
