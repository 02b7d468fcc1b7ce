"""Whether the journal of a run shows what was staged, and that nobody was sent twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dispatch.conditions.events import ConditionSet
from dispatch.conditions.streets import Streets
from dispatch.emergency.events import (
    AssignmentEnded,
    DecisionMade,
    IncidentReported,
    RequestRepeated,
    UnitAssigned,
)
from dispatch.emergency.model import Assignment, Proposal
from dispatch.fleet.events import UnitReleased, UnitReserved
from dispatch.model import AssignmentId, IncidentId, UnitId
from dispatch.state import Recorded, State
from roadnets.geo import LonLat
from roadnets.travel import TravelMode, TravelTimes
from scenarios.closure import NEAR_M, distance_to
from scenarios.demo_summary import folded, minutes


@dataclass(frozen=True, slots=True)
class Staged:
    """Whether the journal shows what was staged, where, and in a sentence."""

    asserted: bool
    revisions: tuple[int, ...]
    text: str


def double_assignments(facts: Sequence[Recorded]) -> tuple[int, ...]:
    """Revisions at which a unit got a second holder, or a need a second unit; none should."""
    held: dict[UnitId, AssignmentId] = {}
    served: dict[tuple[IncidentId, str], AssignmentId] = {}
    needs: dict[AssignmentId, tuple[IncidentId, str]] = {}
    wrong: list[int] = []
    for recorded in facts:
        match recorded.fact:
            case UnitAssigned(assignment) if assignment.need_id is not None:
                need = (assignment.incident, str(assignment.need_id))
                if need in served:
                    wrong.append(recorded.revision)
                served[need] = assignment.assignment_id
                needs[assignment.assignment_id] = need
            case AssignmentEnded(assignment_id) if recorded.fact.reopens:
                served.pop(needs.get(assignment_id, (IncidentId(""), "")), None)
            case UnitReserved(unit, holder):
                if unit in held:
                    wrong.append(recorded.revision)
                held[unit] = holder.assignment
            case UnitReleased(unit):
                held.pop(unit, None)
    return tuple(wrong)


def staged_override(facts: Sequence[Recorded]) -> Staged:
    """A dispatcher sent another unit than proposed, and said why."""
    for before, recorded, _ in folded(facts):
        fact = recorded.fact
        if not isinstance(fact, UnitAssigned) or fact.assignment.override is None:
            continue
        sent = fact.assignment
        proposal = _last_proposal(facts, recorded.revision, sent)
        if proposal is None or proposal[1] == sent.unit:
            continue
        kind = before.emergency.incidents[sent.incident].incident_type
        return Staged(
            asserted=bool(sent.override and sent.override.code),
            revisions=(proposal[0], recorded.revision),
            text=(
                f"{sent.incident} {kind}: {proposal[1]} was proposed, the dispatcher sent "
                f"{sent.unit} ({_words(sent)})"
            ),
        )
    return Staged(asserted=False, revisions=(), text="no dispatcher sent another unit")


def staged_out_of_service(facts: Sequence[Recorded]) -> Staged:
    """A unit fell out on its way, and another one was sent to its need."""
    for before, recorded, _ in folded(facts):
        fact = recorded.fact
        if (
            not isinstance(fact, AssignmentEnded)
            or fact.reason.code != "unit_out_of_service"
            or not fact.reopens
        ):
            continue
        lost = before.emergency.assignments[fact.assignment]
        for later in facts:
            if later.revision > recorded.revision and isinstance(later.fact, UnitAssigned):
                sent = later.fact.assignment
                if (sent.incident, sent.need_id) == (lost.incident, lost.need_id):
                    return Staged(
                        asserted=sent.unit != lost.unit,
                        revisions=(recorded.revision, later.revision),
                        text=(
                            f"{lost.unit} fell out on its way to {lost.incident}; {sent.unit} was "
                            f"sent {_seconds(recorded, later)} later, ETA {minutes(sent.eta_s)}"
                        ),
                    )
    return Staged(asserted=False, revisions=(), text="no unit fell out and was replaced")


def staged_duplicate(
    facts: Sequence[Recorded], request_id: str, incidents: Sequence[str], answered_at: int
) -> Staged:
    """A request came twice: one incident, and both answers name it.

    Parameters
    ----------
    incidents
        The names in both answers.
    answered_at
        Revision that the journal keeps with the first answer; 0 when it keeps none.
    """
    repeated = [
        r.revision
        for r in facts
        if isinstance(r.fact, RequestRepeated) and r.fact.request_id == request_id
    ]
    names = {name.removeprefix("incidents/") for name in incidents}
    reported = [
        r.revision
        for r in facts
        if isinstance(r.fact, IncidentReported) and r.fact.incident.incident_id in names
    ]
    asserted = (
        bool(repeated)
        and len(incidents) > 1
        and len(names) == 1
        and reported == [answered_at]
        and min(repeated) > answered_at
    )
    return Staged(
        asserted=asserted,
        revisions=(*reported, *repeated),
        text=f"a call was sent twice: one incident, {', '.join(sorted(names)) or 'none'}",
    )


def staged_closure(facts: Sequence[Recorded], streets: Streets, name: str) -> Staged:
    """A street was closed; a call near it was decided meanwhile, and no way leads over it.

    The way of each unit chosen under the closure is searched again on the streets as they were
    then, and has to take the seconds that the decision says.
    """
    watch: _ClosureWatch | None = None
    for _, recorded, state in folded(facts):
        match recorded.fact:
            case ConditionSet(condition) if watch is None:
                watch = _ClosureWatch(streets, recorded.revision, frozenset(condition.edges))
            case DecisionMade() if watch is not None:
                watch.decided(recorded.revision, recorded.fact, state)
    if watch is None:
        return Staged(asserted=False, revisions=(), text=f"{name} was never closed")
    return watch.result(name)


@dataclass(slots=True)
class _ClosureWatch:
    """Looks at each decision that was made while some edges were closed."""

    streets: Streets
    closed_at: int
    edges: frozenset[int]
    near: list[int] = field(default_factory=list)
    ways: int = 0
    crossing: int = 0
    mismatched: int = 0

    def decided(self, revision: int, decision: DecisionMade, state: State) -> None:
        closed = any(self.edges <= set(c.edges) for c in state.conditions.in_force.values())
        if not closed or decision.inputs.conditions_revision != state.conditions.revision:
            return
        travel = self.streets.travel(state.conditions)
        places = {unit.unit: unit.place for unit in decision.inputs.units}
        for proposal in decision.proposals:
            location = state.emergency.incidents[proposal.incident].location
            if location is None:
                continue
            if distance_to(self.streets.network, sorted(self.edges), location) <= NEAR_M:
                self.near.append(revision)
            self._search_again(travel, proposal, location, places)

    def _search_again(
        self,
        travel: TravelTimes,
        proposal: Proposal,
        location: LonLat,
        places: dict[UnitId, LonLat],
    ) -> None:
        end = self.streets.snap(location)
        for chosen in proposal.units:
            begin = self.streets.snap(places[chosen.candidate.unit])
            if begin is None or end is None:
                continue
            way = travel.route(TravelMode.BLUE_LIGHT, begin, end)
            self.ways += 1
            self.mismatched += way is None or way.duration_s != chosen.candidate.travel_s
            # A unit or a call on the street itself is left or reached along it.
            self.crossing += way is not None and bool(self.edges & set(way.edges[1:-1]))

    def result(self, name: str) -> Staged:
        good = not self.crossing and not self.mismatched
        text = f"{name}: {len(self.near)} calls near it were decided while it was closed"
        if good:
            text += f"; none of {self.ways} ways chosen meanwhile leads over it"
        else:
            text += (
                f"; of {self.ways} ways chosen meanwhile {self.crossing} lead over it and "
                f"{self.mismatched} take another time than decided"
            )
        return Staged(
            asserted=good and bool(self.near),
            revisions=(self.closed_at, *self.near),
            text=text,
        )


def _last_proposal(
    facts: Sequence[Recorded], before: int, sent: Assignment
) -> tuple[int, UnitId] | None:
    """The revision and the unit of the newest proposal for the same need before a revision."""
    found: tuple[int, UnitId] | None = None
    for recorded in facts:
        if recorded.revision >= before:
            break
        if isinstance(recorded.fact, DecisionMade):
            for proposal in recorded.fact.proposals:
                for chosen in proposal.units:
                    if (proposal.incident, chosen.need_id) == (sent.incident, sent.need_id):
                        found = recorded.revision, chosen.candidate.unit
    return found


def _words(assignment: Assignment) -> str:
    override = assignment.override
    return f"{override.code}: {override.text}" if override else ""


def _seconds(first: Recorded, later: Recorded) -> str:
    return f"{(later.recorded - first.recorded).total_seconds():.0f} s"
