"""What holds whatever is asked of the desk, in whatever order: random commands, hypothesis."""

from collections import Counter
from datetime import datetime

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

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
from dispatch.emergency.model import Assigned, Deciding, Incident, Override, Proposed
from dispatch.emergency.propose import ProposeSettings, propose
from dispatch.emergency.survey import Scene, take_snapshot, to_be_decided
from dispatch.errors import DispatchError
from dispatch.fleet.status import UNDER_WAY
from dispatch.model import (
    AssignmentId,
    AssignmentState,
    IncidentId,
    NeedId,
    Origin,
    ProposalId,
    Remark,
    UnitId,
    UnitStatus,
)
from dispatch.state import State, decode, encode, evolve, initial_state, state_hash
from tests.dispatch.builders import (
    NOW,
    PLANS,
    UNITS,
    DeskAtHand,
    after,
    at,
    decision,
    fleet,
    place,
    proposal,
    report,
    streets_of,
)

STREETS = streets_of()
SETTINGS = ProposeSettings()
TYPES = st.sampled_from([*PLANS.types, None])
PRIORITIES = st.none() | st.integers(1, 4)
POINTS = st.none() | st.builds(at, st.integers(0, 9), st.integers(0, 9))
SOME_UNITS = st.lists(st.sampled_from([u.unit_id for u in UNITS]), min_size=1, max_size=4)
SKEW_S = st.sampled_from([0, 0, 0, -5, -60, -400])


class DeskMachine(RuleBasedStateMachine):
    """One desk; rules pick incidents, units and orders that are there, and some that are not."""

    @initialize(orders=st.sampled_from([True, True, True, False]))
    def begin(self, orders: bool) -> None:
        self.desk = DeskAtHand(orders=orders)
        self.seen: dict[str, set[str]] = {"E": set(), "D": set(), "P": set()}
        for incident_type in ("crash", "cardiac", "fall"):
            self.desk.do(report(incident_type, at(3, 3)))

    # Choosing

    @property
    def state(self) -> State:
        return self.desk.state

    def pick(self, data: st.DataObject, likely: list[str], others: list[str]) -> str:
        """Mostly what is worth asking for, sometimes anything, now and then what is not there."""
        dice = data.draw(st.integers(0, 19))
        pool = likely if dice < 16 else others if dice < 19 else []
        return data.draw(st.sampled_from(pool or others or ["E999999"]))

    def incident(self, data: st.DataObject, *, waiting: bool = False) -> IncidentId:
        incidents = self.state.emergency.incidents.values()
        likely = [i.incident_id for i in incidents if i.proposal is not None or not waiting]
        return IncidentId(self.pick(data, likely, [*self.state.emergency.incidents, "E999999"]))

    def assignment(self, data: st.DataObject) -> AssignmentId:
        known = self.state.emergency.assignments
        active = [a.assignment_id for a in known.values() if a.active]
        return AssignmentId(self.pick(data, active, [*known, "D999999"]))

    def unit(self, data: st.DataObject, *, held: bool = False) -> UnitId:
        units = self.state.fleet.units
        likely = [u for u, x in units.items() if (x.holder is not None) == held]
        return UnitId(self.pick(data, likely, [u.unit_id for u in UNITS]))

    def need(self, data: st.DataObject, incident_id: IncidentId) -> NeedId:
        known = self.state.emergency.incidents.get(incident_id)
        likely = [n.need_id for n in known.needs if n.open] if known else []
        needs = [n.need_id for n in known.needs] if known else []
        return NeedId(self.pick(data, likely, [*needs, "als-9"]))

    def proposal_of(self, data: st.DataObject, incident_id: IncidentId) -> ProposalId:
        known = self.state.emergency.incidents.get(incident_id)
        current = [known.proposal.proposal_id] if known and known.proposal else []
        return ProposalId(self.pick(data, current, ["P000001", "P000002", "P999999"]))

    def do(self, command: object, told: datetime | None = None) -> None:
        """A command; if it is refused, nothing changes."""
        before, was = self.state, state_hash(self.state)
        try:
            self.desk.do(command, at=told)
        except DispatchError:
            assert self.state is before
            assert state_hash(before) == was

    # What is asked

    @rule(incident_type=TYPES, point=POINTS, priority=PRIORITIES)
    def report(self, incident_type: str | None, point: object, priority: int | None) -> None:
        self.do(report(incident_type, point, priority))

    @rule(data=st.data(), incident_type=TYPES, priority=PRIORITIES, point=POINTS)
    def update(
        self, data: st.DataObject, incident_type: str | None, priority: int | None, point: object
    ) -> None:
        moved = place(point) if data.draw(st.booleans()) else None
        self.do(UpdateIncident(self.incident(data), moved, incident_type, priority=priority))

    @rule(data=st.data(), units=SOME_UNITS, age=st.integers(0, 3))
    def decision_from_outside(self, data: st.DataObject, units: list[str], age: int) -> None:
        """Some policy's decision: stale, greedy for units, or mistaken."""
        offers = []
        for unit_id in units:
            incident_id = self.incident(data)
            need_id = self.need(data, incident_id)
            offers.append(proposal(incident_id, {need_id: unit_id}, created=self.desk.now))
        self.do(RecordDecision(decision(self.state.revision - age, offers)))

    @rule()
    def decide_what_is_open(self) -> None:
        """As the proposer does; then nothing is left undecided, and nothing is without a reason."""
        for _ in range(len(self.state.emergency.incidents) + 1):
            scene = self.scene()
            incidents = to_be_decided(scene, STREETS)
            if not incidents:
                break
            snapshot = take_snapshot(scene, incidents, STREETS, "config", self.desk.now, 300)
            travel = STREETS.travel(self.state.conditions)
            before = self.state.revision
            self.do(RecordDecision(propose(snapshot, travel, SETTINGS, self.desk.now)))
            if self.state.revision == before:
                break
        undecided = [
            (i.incident_id, n)
            for i in self.state.emergency.incidents.values()
            for n in i.needs
            if isinstance(n.fate, Deciding) and i.proposal is None  # some policy's left it out
        ]
        assert undecided == []

    def scene(self) -> Scene:
        state = self.state
        return Scene(state.revision, state.emergency, state.fleet, state.conditions, {})

    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        incident_id = self.incident(data, waiting=True)
        self.do(ConfirmProposal(incident_id, self.proposal_of(data, incident_id)))

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        incident_id = self.incident(data, waiting=True)
        waiting = self.proposal_of(data, incident_id)
        self.do(WithdrawProposal(incident_id, waiting, Remark("expired")))

    @rule(data=st.data(), units=SOME_UNITS)
    def override(self, data: st.DataObject, units: list[UnitId]) -> None:
        incident_id = self.incident(data)
        wanted = tuple(
            UnitForNeed(u, self.need(data, incident_id) if data.draw(st.booleans()) else None)
            for u in units
        )
        self.do(OverrideProposal(incident_id, wanted, Override("local_knowledge")))

    @rule(data=st.data(), known=st.sampled_from([True, True, False]), skew=SKEW_S)
    def record_assignment(self, data: st.DataObject, known: bool, skew: int) -> None:
        unit = self.unit(data, held=data.draw(st.booleans()))
        command = RecordAssignment(self.incident(data), unit if known else None, unit, Origin())
        self.do(command, self.told(skew))

    def told(self, skew: int) -> datetime:
        return after((self.desk.now - NOW).total_seconds() + skew)

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        self.do(AcknowledgeAssignment(self.assignment(data)))

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.do(CancelAssignment(self.assignment(data), "wrong address"))

    @rule(data=st.data(), status=st.sampled_from(UnitStatus), skew=SKEW_S)
    def press(self, data: st.DataObject, status: UnitStatus, skew: int) -> None:
        unit = self.unit(data, held=data.draw(st.booleans()))
        self.do(PressStatus(unit, status, "some reason"), self.told(skew))

    @rule(data=st.data(), status=st.sampled_from(sorted(UNDER_WAY)))
    def press_under_way(self, data: st.DataObject, status: UnitStatus) -> None:
        self.do(PressStatus(self.unit(data, held=True), status))

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        self.do(CloseIncident(self.incident(data), "resolved"))

    @rule(kept=st.sets(st.sampled_from(range(len(UNITS))), min_size=4))
    def declare_fleet(self, kept: set[int]) -> None:
        self.do(fleet([UNITS[i] for i in sorted(kept)]))

    @rule(seconds=st.sampled_from([1, 30, 119, 120, 600]))
    def time_passes(self, seconds: int) -> None:
        self.desk.now = after((self.desk.now - NOW).total_seconds() + seconds)

    # What holds

    @invariant()
    def one_unit_one_holder(self) -> None:
        """Holders and active orders tell the same, both ways."""
        held = {
            unit_id: (state.holder.incident, state.holder.assignment)
            for unit_id, state in self.state.fleet.units.items()
            if state.holder is not None
        }
        active = [a for a in self.state.emergency.assignments.values() if a.active and a.unit]
        assert Counter(a.unit for a in active) == dict.fromkeys(held, 1)
        assert {a.unit: (a.incident, a.assignment_id) for a in active} == held

    @invariant()
    def held_units_are_under_way(self) -> None:
        for state in self.state.fleet.units.values():
            assert state.holder is None or state.status in UNDER_WAY

    @invariant()
    def every_need_has_a_fate_with_live_ground(self) -> None:
        for incident in self.state.emergency.incidents.values():
            assert len({n.need_id for n in incident.needs}) == len(incident.needs)
            for need in incident.needs:
                self._check_fate(incident, need.fate, need.need_id)
                assert isinstance(need.fate, Assigned) or not need.surplus

    def _check_fate(self, incident: Incident, fate: object, need_id: NeedId) -> None:
        if isinstance(fate, Assigned):
            assignment = self.state.emergency.assignments[fate.assignment]
            assert (assignment.incident, assignment.need_id) == (incident.incident_id, need_id)
            assert assignment.state is not AssignmentState.CANCELLED
        elif isinstance(fate, Proposed):
            assert incident.proposal is not None
            assert fate.proposal == incident.proposal.proposal_id
            assert need_id in {u.need_id for u in incident.proposal.units}

    @invariant()
    def proposals_name_free_units_once(self) -> None:
        named = [
            chosen.candidate.unit
            for incident in self.state.emergency.incidents.values()
            if incident.proposal is not None
            for chosen in incident.proposal.units
        ]
        assert len(set(named)) == len(named)
        assert all(self.state.fleet.units[unit_id].free for unit_id in named)

    @invariant()
    def proposals_wait_for_all_their_needs(self) -> None:
        for incident in self.state.emergency.incidents.values():
            if incident.proposal is not None:
                waiting = {n.need_id for n in incident.needs if isinstance(n.fate, Proposed)}
                assert waiting == {u.need_id for u in incident.proposal.units}

    @invariant()
    def every_active_order_belongs_to_an_open_incident(self) -> None:
        for assignment in self.state.emergency.assignments.values():
            assert assignment.incident in self.state.emergency.incidents

    @invariant()
    def ids_are_used_once(self) -> None:
        emergency = self.state.emergency
        for letter, following in (
            ("E", emergency.next_incident),
            ("D", emergency.next_assignment),
            ("P", emergency.next_proposal),
        ):
            assert f"{letter}{following:06d}" not in self.seen[letter]
        self.seen["E"] |= set(emergency.incidents)
        self.seen["D"] |= set(emergency.assignments)
        self.seen["P"] |= {
            i.proposal.proposal_id for i in emergency.incidents.values() if i.proposal
        }

    def teardown(self) -> None:
        """The facts, as the journal would give them back, fold to the same state."""
        state = initial_state()
        for recorded in self.desk.facts:
            assert decode(encode(recorded)) == recorded
            state = evolve(state, decode(encode(recorded)))
        assert state == self.state
        assert state_hash(state) == state_hash(self.state)


TestDesk = DeskMachine.TestCase
TestDesk.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
