"""What holds for every decision, whatever there is to decide."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.emergency.events import DecisionMade
from dispatch.emergency.model import Candidate, ProposedUnit
from dispatch.emergency.policies import POLICIES
from dispatch.emergency.propose import ProposeSettings, rank
from dispatch.emergency.snapshot import OpenIncident, Snapshot, UnitView
from roadnets.geo import UNREACHABLE
from tests.dispatch.builders import NOW
from tests.dispatch.emergency.asking import (
    NEAREST,
    SETTINGS,
    chosen,
    decide,
    merit,
    travel_s,
    unmet,
)
from tests.dispatch.emergency.worlds import (
    STREETS,
    TRAVEL,
    travel_times,
    units,
    world,
    worlds,
)

calmly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


POLICY = st.sampled_from([SETTINGS, NEAREST])


@calmly
@given(worlds(), POLICY)
def test_every_need_ends_with_a_unit_or_a_reason(snapshot: Snapshot, how: ProposeSettings) -> None:
    decision = decide(snapshot, how=how)
    needs = [(i.incident_id, n.need_id) for i in snapshot.incidents for n in i.needs]
    assert sorted([*chosen(decision), *unmet(decision)]) == sorted(needs)


@calmly
@given(worlds(), POLICY)
def test_who_is_chosen_can_go_and_is_chosen_once(snapshot: Snapshot, how: ProposeSettings) -> None:
    decision = decide(snapshot, how=how)
    views = {u.unit_id: u for u in snapshot.units}
    opened = {i.incident_id: i for i in snapshot.incidents}
    names = list(chosen(decision).values())
    assert len(set(names)) == len(names)
    for proposal in decision.proposals:
        incident = opened[proposal.incident]
        for unit in proposal.units:
            for candidate in (unit.candidate, *unit.alternatives):
                check_candidate(candidate, unit, views[candidate.unit], incident)


def check_candidate(
    candidate: Candidate, unit: ProposedUnit, view: UnitView, incident: OpenIncident
) -> None:
    assert view.ready
    assert unit.capability in view.capabilities
    assert view.unit_id not in incident.excluded
    assert view.promised_to is None or incident.priority < view.promised_to
    assert candidate.travel_s == travel_s(view, incident) < UNREACHABLE
    assert candidate.eta_s == candidate.travel_s + view.ready_s


@calmly
@given(worlds(), POLICY)
def test_reasons_are_true(snapshot: Snapshot, how: ProposeSettings) -> None:
    decision = decide(snapshot, how=how)
    opened = {i.incident_id: i for i in snapshot.incidents}
    for (incident_id, need_id), reason in unmet(decision).items():
        incident = opened[incident_id]
        capability = next(n.capability for n in incident.needs if n.need_id == need_id)
        assert reason.code == true_reason(snapshot, decision, incident, capability)


def true_reason(
    snapshot: Snapshot, decision: DecisionMade, incident: OpenIncident, capability: str
) -> str:
    """Found again by asking unit after unit."""
    if incident.snap is None:
        return "location_unresolved"
    capable = [u for u in snapshot.units if capability in u.capabilities]
    ready = [u for u in capable if u.ready]
    if not ready:
        return "all_units_busy" if capable else "no_capable_unit"
    allowed = [u for u in ready if u.unit_id not in incident.excluded]
    unbound = [u for u in allowed if u.promised_to is None or incident.priority < u.promised_to]
    if not unbound:
        bound = any(u.promised_to is not None for u in ready)
        return "unit_promised" if allowed and bound else "order_was_taken_back"
    reachable = [u for u in unbound if travel_s(u, incident) < UNREACHABLE]
    if not reachable:
        return "unreachable"
    priority = {i.incident_id: i.priority for i in snapshot.incidents}
    sent_to = {unit: priority[incident_id] for (incident_id, _), unit in chosen(decision).items()}
    assert all(sent_to[u.unit_id] <= incident.priority for u in reachable)
    return "units_sent_to_graver_needs"


@calmly
@given(worlds())
def test_nearest_is_never_better_than_the_optimum(snapshot: Snapshot) -> None:
    ours, theirs = decide(snapshot), decide(snapshot, how=NEAREST)
    assert merit(snapshot, ours) <= merit(snapshot, theirs)


@calmly
@given(worlds(), POLICY, st.randoms(use_true_random=False))
def test_the_order_of_incidents_does_not_matter(
    snapshot: Snapshot, how: ProposeSettings, random: Random
) -> None:
    turned = list(snapshot.incidents)
    random.shuffle(turned)
    decision = decide(snapshot, how=how)
    other = decide(replace(snapshot, incidents=tuple(turned)), how=how)
    assert {p.incident: p for p in other.proposals} == {p.incident: p for p in decision.proposals}
    assert dict(other.unmet) == dict(decision.unmet)
    assert other.inputs == decision.inputs


@calmly
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_units_does_not_change_the_optimum(snapshot: Snapshot, random: Random) -> None:
    turned = list(snapshot.units)
    random.shuffle(turned)
    other = replace(snapshot, units=tuple(turned))
    assert merit(other, decide(other)) == merit(snapshot, decide(snapshot))


@calmly
@given(worlds(), units(99))
def test_another_unit_never_makes_it_worse(snapshot: Snapshot, more: UnitView) -> None:
    richer = replace(snapshot, units=(*snapshot.units, more))
    assert merit(richer, decide(richer)) <= merit(snapshot, decide(snapshot))


EDGES = st.sets(st.integers(0, STREETS.network.edge_count - 1), max_size=60)


@calmly
@given(worlds(most_units=5, most_incidents=3), EDGES)
def test_closing_roads_makes_no_arrival_earlier(snapshot: Snapshot, closed: set[int]) -> None:
    travel = travel_times(*closed)
    before = rank(snapshot, TRAVEL, SETTINGS, NOW, limit=99)
    after_it = rank(snapshot, travel, SETTINGS, NOW, limit=99)
    for open_roads, closed_roads in zip(before, after_it, strict=True):
        etas = {c.unit: c.eta_s for c in open_roads.candidates}
        assert all(c.eta_s >= etas[c.unit] for c in closed_roads.candidates)
    assert merit(snapshot, decide(snapshot)) <= merit(snapshot, decide(snapshot, travel))


@calmly
@given(worlds(), POLICY)
def test_the_same_snapshot_gives_the_same_decision(
    snapshot: Snapshot, how: ProposeSettings
) -> None:
    assert decide(snapshot, how=how) == decide(snapshot, how=how)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_copes_with_nothing(name: str) -> None:
    empty = world([], [])
    assert decide(empty, how=ProposeSettings(policy=name)).proposals == ()
