"""How facts change open incidents; what commands make of them is tested with the desk."""

import pytest
from msgspec.structs import replace

from dispatch.emergency.events import (
    AssignmentAcknowledged,
    AssignmentEnded,
    AssignmentRecorded,
    DecisionMade,
    IncidentClosed,
    IncidentReported,
    ProposalWithdrawn,
    RequestRepeated,
    UnitArrived,
    UnitAssigned,
    UnmappedValueKept,
)
from dispatch.emergency.model import (
    Assigned,
    Assignment,
    DecidedBy,
    Deciding,
    EmergencyState,
    Fate,
    Incident,
    Need,
    Proposed,
    Unmet,
)
from dispatch.emergency.state import close, evolve, without_proposal
from dispatch.model import (
    AssignmentId,
    AssignmentState,
    IncidentId,
    NeedId,
    ProposalId,
    Remark,
    UnitId,
)
from tests.dispatch.builders import ALS, NOW, DeskAtHand, after, decision, proposal, report

E1 = IncidentId("E000001")
D1 = AssignmentId("D000001")
P1 = ProposalId("P000001")


def opened(incident_type: str = "crash") -> EmergencyState:
    (fact,) = DeskAtHand().try_out(report(incident_type))
    return evolve(EmergencyState(), fact, NOW, 7)


def sent(need_id: str | None = "als-1", unit: str = "A1") -> Assignment:
    return Assignment(
        assignment_id=D1,
        incident=E1,
        need_id=NeedId(need_id) if need_id else None,
        unit=UnitId(unit),
        state=AssignmentState.ORDERED,
        decided_by=DecidedBy.POLICY,
        assigned=NOW,
    )


def decided(state: EmergencyState, needs: dict[str, str], revision: int = 8) -> EmergencyState:
    offered = replace(proposal(E1, needs), proposal_id=P1)
    return evolve(state, decision(7, [offered]), NOW, revision)


def fates(state: EmergencyState) -> dict[str, Fate]:
    return {n.need_id: n.fate for n in state.incidents[E1].needs}


def test_an_incident_carries_the_revision_of_its_last_change() -> None:
    state = opened()
    assert state.incidents[E1].changed == 7
    state = decided(state, {"als-1": "A1"}, revision=9)
    assert state.incidents[E1].changed == 9
    state = evolve(state, UnitAssigned(sent()), NOW, 10)
    for revision, fact in enumerate(
        (
            AssignmentAcknowledged(D1),
            UnitArrived(D1),
            AssignmentEnded(D1, AssignmentState.COMPLETED, Remark("unit_finished"), False),
        ),
        start=11,
    ):
        state = evolve(state, fact, NOW, revision)
        assert state.incidents[E1].changed == revision


@pytest.mark.parametrize("fact", [RequestRepeated("cad", "1"), UnmappedValueKept("cad", "u", "v")])
def test_facts_about_callers_change_no_incident(
    fact: RequestRepeated | UnmappedValueKept,
) -> None:
    state = opened()
    assert evolve(state, fact, NOW, 8) is state


def test_a_decision_gives_needs_their_fates() -> None:
    state = opened()
    made = decision(
        7, [replace(proposal(E1, {"als-1": "A1"}), proposal_id=P1)], {E1: {"bls-1": "unreachable"}}
    )
    state = evolve(state, made, NOW, 8)
    assert fates(state) == {
        "als-1": Proposed(P1),
        "bls-1": Unmet(Remark("unreachable")),
        "bls-2": Deciding(),
    }
    assert state.incidents[E1].proposal == made.proposals[0]
    assert state.next_proposal == 2


def test_a_proposal_stands_until_the_last_of_its_needs_is_assigned() -> None:
    state = decided(opened(), {"als-1": "A1", "bls-1": "B1"})
    state = evolve(state, UnitAssigned(sent()), NOW, 9)
    assert state.incidents[E1].proposal is not None
    second = replace(sent("bls-1", "B1"), assignment_id=AssignmentId("D000002"))
    state = evolve(state, UnitAssigned(second), NOW, 10)
    assert state.incidents[E1].proposal is None
    assert state.next_assignment == 3


def test_withdrawn_needs_are_decided_again() -> None:
    state = decided(opened(), {"als-1": "A1"})
    state = evolve(state, ProposalWithdrawn(P1, E1, Remark("expired")), NOW, 9)
    assert set(fates(state).values()) == {Deciding()}
    assert state.next_proposal == 2


def test_an_assignment_beyond_the_plan_gives_no_need_its_fate() -> None:
    state = evolve(opened(), AssignmentRecorded(sent(need_id=None)), NOW, 8)
    assert set(fates(state).values()) == {Deciding()}
    assert state.assignments[D1].unit == "A1"


def test_times_of_an_assignment() -> None:
    state = evolve(opened(), UnitAssigned(sent()), NOW, 8)
    state = evolve(state, AssignmentAcknowledged(D1), after(5), 9)
    state = evolve(state, UnitArrived(D1), after(200), 10)
    ended = AssignmentEnded(D1, AssignmentState.COMPLETED, Remark("unit_finished"), False)
    assignment = evolve(state, ended, after(900), 11).assignments[D1]
    assert (assignment.acknowledged, assignment.arrived, assignment.ended) == (
        after(5),
        after(200),
        after(900),
    )
    assert assignment.state is AssignmentState.COMPLETED


@pytest.mark.parametrize("reopens", [True, False])
def test_an_end_reopens_the_need_or_leaves_it_served(reopens: bool) -> None:
    state = evolve(opened(), UnitAssigned(sent()), NOW, 8)
    ended = AssignmentEnded(D1, AssignmentState.CANCELLED, Remark("cancelled"), reopens)
    state = evolve(state, ended, NOW, 9)
    assert fates(state)["als-1"] == (Deciding() if reopens else Assigned(D1))


def test_a_surplus_need_goes_with_its_order() -> None:
    state = evolve(opened(), UnitAssigned(sent()), NOW, 8)
    incident = state.incidents[E1]
    surplus = tuple(replace(n, surplus=n.need_id == "als-1") for n in incident.needs)
    state = replace(state, incidents={E1: replace(incident, needs=surplus)})
    ended = AssignmentEnded(D1, AssignmentState.CANCELLED, Remark("cancelled"), True)
    assert list(fates(evolve(state, ended, NOW, 9))) == ["bls-1", "bls-2"]


def test_a_closed_incident_takes_its_assignments_along() -> None:
    state = evolve(opened(), UnitAssigned(sent()), NOW, 8)
    state = evolve(state, IncidentClosed(E1, "resolved"), NOW, 9)
    assert (state.incidents, state.assignments) == ({}, {})
    assert (state.next_incident, state.next_assignment) == (2, 2)


def test_a_closed_incident_as_it_is_remembered() -> None:
    incident = decided(opened(), {"als-1": "A1"}).incidents[E1]
    closed = close(incident, IncidentClosed(E1, "resolved"), after(60), 9)
    assert (closed.closed, closed.outcome, closed.changed) == (after(60), "resolved", 9)
    assert closed.proposal is None


def test_without_its_proposal() -> None:
    state = decided(opened(), {"als-1": "A1"})
    free = without_proposal(state.incidents[E1])
    assert free.proposal is None
    assert {n.fate for n in free.needs} == {Deciding()}
    assert without_proposal(free) == free


class TestNeedsAttention:
    def incident(self, *needs: Need, **fields: object) -> Incident:
        return replace(opened("fall").incidents[E1], needs=needs, **fields)

    def test_flagged(self) -> None:
        assert self.incident(flags=(Remark("patients_invalid"),)).needs_attention

    def test_unmet(self) -> None:
        need = Need(NeedId("als-1"), ALS, Unmet(Remark("unreachable")))
        assert self.incident(need).needs_attention

    def test_waiting(self) -> None:
        need = Need(NeedId("als-1"), ALS, Proposed(P1))
        assert self.incident(need, proposal=proposal(E1, {"als-1": "A1"})).needs_attention

    def test_assigned_or_about_to_be_decided(self) -> None:
        needs = (Need(NeedId("als-1"), ALS, Assigned(D1)), Need(NeedId("als-2"), ALS))
        assert not self.incident(*needs).needs_attention


def test_reported_incidents_are_counted() -> None:
    desk = DeskAtHand()
    (fact,) = desk.try_out(report("fall"))
    assert isinstance(fact, IncidentReported)
    assert evolve(EmergencyState(), fact, NOW, 1).next_incident == 2
    assert isinstance(decision(1), DecisionMade)
