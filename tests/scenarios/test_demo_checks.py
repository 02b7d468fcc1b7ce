"""What was staged shows in the journal, or it does not."""

from __future__ import annotations

import pytest

from dispatch.conditions.desk import EndCondition, SetCondition
from dispatch.conditions.model import StreetsNamed
from dispatch.conditions.streets import Streets
from dispatch.emergency.commands import ConfirmProposal, OverrideProposal, PressStatus, UnitForNeed
from dispatch.emergency.events import RequestRepeated, UnitAssigned
from dispatch.emergency.model import Override
from dispatch.fleet.events import UnitReserved
from dispatch.model import ConditionId, UnitId, UnitStatus
from roadnets.engine import TravelEngine
from roadnets.geo import LonLat
from roadnets.snapping.snap import Snapper
from roadnets.travel import TravelMode
from scenarios.demo_checks import (
    double_assignments,
    staged_closure,
    staged_duplicate,
    staged_out_of_service,
    staged_override,
)
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, grid
from tests.scenarios.story import Story

OVERRIDE = Override("local_knowledge", "knows the house")


@pytest.fixture
def story() -> Story:
    return Story()


# Twice


def test_an_ordinary_run_sends_nobody_twice(story: Story) -> None:
    first, second = story.report("chest_pain", 0), story.report("chest_pain", 1)
    story.propose(first, 2, als_1="A1")
    story.propose(second, 3, als_1="A2")
    story.do(PressStatus(UnitId("A1"), UnitStatus.OUT_OF_SERVICE, reason="engine"), 60)
    story.propose(first, 61, als_1="A3")
    assert double_assignments(story.facts) == ()


def test_a_unit_with_two_holders_is_found(story: Story) -> None:
    incident = story.report("chest_pain", 0)
    story.propose(incident, 2, als_1="A1")
    reserved = next(r.fact for r in story.facts if isinstance(r.fact, UnitReserved))
    story.keep(reserved, 3)
    assert double_assignments(story.facts) == (story.facts[-1].revision,)


def test_a_need_with_two_units_is_found(story: Story) -> None:
    incident = story.report("chest_pain", 0)
    story.propose(incident, 2, als_1="A1")
    assigned = next(r.fact for r in story.facts if isinstance(r.fact, UnitAssigned))
    story.keep(assigned, 3)
    assert double_assignments(story.facts) == (story.facts[-1].revision,)


# The override


def test_an_override_shows_what_was_proposed(story: Story) -> None:
    incident = story.report("fall", 0)
    story.do(PressStatus(UnitId("A3"), UnitStatus.OFF_DUTY), 0)
    waiting = story.report("sick_person", 1)
    story.propose(waiting, 2, bls_1="A1")
    story.do(OverrideProposal(waiting, (UnitForNeed(UnitId("A2")),), OVERRIDE), 10)
    staged = staged_override(story.facts)
    assert staged.asserted
    assert "A1 was proposed" in staged.text
    assert "sent A2" in staged.text
    assert incident not in staged.text


def test_a_confirmed_proposal_is_no_override(story: Story) -> None:
    waiting = story.report("sick_person", 1)
    proposal = story.propose(waiting, 2, bls_1="A1")
    story.do(ConfirmProposal(waiting, proposal), 10)
    assert not staged_override(story.facts).asserted


def test_sending_the_unit_that_was_proposed_is_no_override(story: Story) -> None:
    waiting = story.report("sick_person", 1)
    story.propose(waiting, 2, bls_1="A1")
    story.do(OverrideProposal(waiting, (UnitForNeed(UnitId("A1")),), OVERRIDE), 10)
    assert not staged_override(story.facts).asserted


# Out of service


def test_a_unit_that_falls_out_is_replaced(story: Story) -> None:
    incident = story.report("chest_pain", 0)
    story.propose(incident, 2, als_1="A1")
    story.do(PressStatus(UnitId("A1"), UnitStatus.OUT_OF_SERVICE, reason="engine"), 60)
    assert not staged_out_of_service(story.facts).asserted
    story.propose(incident, 61, als_1="A2")
    staged = staged_out_of_service(story.facts)
    assert staged.asserted
    assert "A2 was sent 1 s later" in staged.text
    assert len(staged.revisions) == 2


# The duplicate


def test_a_repeated_request_is_one_incident(story: Story) -> None:
    incident = story.report("chest_pain", 0)
    at = story.facts[-1].revision
    story.keep(RequestRepeated("demo", "id-1"), 1)
    names = [f"incidents/{incident}"] * 2
    assert staged_duplicate(story.facts, "id-1", names, at).asserted
    assert not staged_duplicate(story.facts, "id-2", names, at).asserted
    assert not staged_duplicate(story.facts, "id-1", names[:1], at).asserted
    assert not staged_duplicate(story.facts, "id-1", names, 0).asserted


def test_two_incidents_are_no_duplicate(story: Story) -> None:
    first, second = story.report("chest_pain", 0), story.report("chest_pain", 1)
    story.keep(RequestRepeated("demo", "id-1"), 2)
    names = [f"incidents/{first}", f"incidents/{second}"]
    assert not staged_duplicate(story.facts, "id-1", names, 2).asserted


# The closure


STEP = DEGREES_PER_100_M
HERE, THERE = (LonLat(ORIGIN.lon + c * STEP, ORIGIN.lat + 0.4 * STEP) for c in (0, 4))


def streets() -> Streets:
    network = grid(2, 5)
    return Streets(network, Snapper(network), TravelEngine.plain)


def closure_story(travel_s: int | None = None, *, before: bool = False) -> tuple[Story, Streets]:
    """Row 0 is closed between two columns, then a unit goes from one end of the grid to the other.

    ``before``: the decision rests on the streets as they were before the closure.
    """
    roads = streets()
    edges = [int(e) for e in roads.network.edges_named("Row 0") if _crosses(roads, int(e))]
    story = Story({"A1": HERE})
    inputs = story.inputs()
    story.close(
        SetCondition(StreetsNamed(edges=tuple(edges)), tuple(edges), tuple(TravelMode), "works"), 1
    )
    if before:
        story.inputs = lambda: inputs  # type: ignore[method-assign]  # for this story
    incident = story.report("chest_pain", 2, THERE)
    way = roads.travel(story.state.conditions).route(
        TravelMode.BLUE_LIGHT, _snap(roads, HERE), _snap(roads, THERE)
    )
    assert way is not None
    seconds = way.duration_s if travel_s is None else travel_s
    story.propose(incident, 3, travel_s=seconds, als_1="A1")
    return story, roads


def _crosses(roads: Streets, edge: int) -> bool:
    line = roads.network.edge_line(edge)
    middle = (line[0].lon + line[-1].lon) / 2
    return abs(middle - (ORIGIN.lon + 2.5 * STEP)) < STEP / 4


def _snap(roads: Streets, point: LonLat):
    snap = roads.snap(point)
    assert snap is not None
    return snap


def test_ways_lead_round_what_is_closed() -> None:
    story, roads = closure_story()
    staged = staged_closure(story.facts, roads, "Row 0")
    assert staged.asserted
    assert "none of 1 ways" in staged.text


def test_a_way_that_takes_another_time_than_decided_is_found() -> None:
    story, roads = closure_story(travel_s=1)
    staged = staged_closure(story.facts, roads, "Row 0")
    assert not staged.asserted
    assert "1 take another time" in staged.text


def test_a_decision_from_before_the_closure_shows_nothing() -> None:
    story, roads = closure_story(before=True)
    assert not staged_closure(story.facts, roads, "Row 0").asserted


def test_a_closure_that_is_over_shows_nothing() -> None:
    roads, story = streets(), Story({"A1": HERE})
    edges = tuple(int(e) for e in roads.network.edges_named("Row 0"))
    story.close(SetCondition(StreetsNamed(edges=edges), edges, tuple(TravelMode), "works"), 1)
    story.close(EndCondition(ConditionId("C000001"), "demo"), 2)
    story.propose(story.report("chest_pain", 3, THERE), 4, als_1="A1")
    assert not staged_closure(story.facts, roads, "Row 0").asserted


def test_nothing_closed_nothing_shown(story: Story) -> None:
    staged = staged_closure(story.facts, streets(), "Row 0")
    assert not staged.asserted
    assert "never closed" in staged.text
