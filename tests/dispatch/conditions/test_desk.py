"""Closing streets and opening them again."""

from datetime import datetime

import pytest

from dispatch.conditions.desk import (
    MOST_IN_ONE_FACT,
    EndCondition,
    EndConditions,
    SetCondition,
    SetConditions,
    StartConditions,
    decide,
    due_to_end,
    due_to_start,
    end_condition,
    evolve,
    set_condition,
)
from dispatch.conditions.events import ConditionEnded, ConditionSet, ConditionsSet
from dispatch.conditions.model import (
    AreaDrawn,
    AreaFlooded,
    Closed,
    ConditionsState,
    Effect,
    Flooded,
    FloodedAreas,
    PointsGiven,
    Slowed,
    StreetsNamed,
    Weather,
)
from dispatch.errors import InvalidFieldError, NotFoundError
from dispatch.model import ConditionId
from roadnets.geo import CoordinateSystem
from roadnets.travel import TravelMode
from tests.dispatch.builders import NOW, after


def closing(*edges: int, end: datetime | None = None, reason: str = "burst main") -> SetCondition:
    return SetCondition(StreetsNamed(edges=edges), edges, tuple(TravelMode), reason, end)


def told(
    state: ConditionsState, command: object, now: datetime, revision: int = 1
) -> ConditionsState:
    for fact in decide(state, command, now):
        state = evolve(state, fact, revision)
    return state


def closed(state: ConditionsState, command: SetCondition, revision: int) -> ConditionsState:
    (fact,) = set_condition(state, command, NOW)
    return evolve(state, fact, revision)


def test_a_closure_starts_now_and_is_numbered() -> None:
    (fact,) = set_condition(ConditionsState(), closing(3, 4), NOW)
    assert fact.condition.condition_id == "C000001"
    assert (fact.condition.start, fact.condition.end) == (NOW, None)
    assert (fact.condition.edges, fact.condition.modes) == ((3, 4), tuple(TravelMode))


def test_numbers_are_never_used_twice() -> None:
    state = ConditionsState()
    for number in range(1, 4):
        state = closed(state, closing(3), 2 * number)
        condition = ConditionId(f"C{number:06d}")
        assert list(state.in_force) == [condition]
        state = evolve(state, ConditionEnded(condition, "cad"), 2 * number + 1)


def test_each_change_has_its_revision() -> None:
    state = closed(ConditionsState(), closing(3), 5)
    assert state.revision == 5
    assert evolve(state, ConditionEnded(ConditionId("C000001"), "cad"), 9).revision == 9


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_closure_says_why(reason: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        set_condition(ConditionsState(), closing(3, reason=reason), NOW)
    assert refusal.value.details == {
        "field": "reason",
        "value": reason,
        "allowed": "what is the matter with the streets",
    }


@pytest.mark.parametrize("end", [NOW, after(-1)])
def test_a_closure_ends_after_it_starts(end: datetime) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        set_condition(ConditionsState(), closing(3, end=end), NOW)
    assert refusal.value.details == {
        "field": "end_time",
        "value": end.isoformat(),
        "allowed": f"after {NOW.isoformat()}",
    }


def test_ending() -> None:
    state = closed(ConditionsState(), closing(3), 1)
    (fact,) = end_condition(state, EndCondition(ConditionId("C000001"), "cad"))
    assert fact == ConditionEnded(ConditionId("C000001"), "cad")
    assert evolve(state, fact, 2).in_force == {}


@pytest.mark.parametrize("name", ["C000001", "C000002"])
def test_only_what_is_in_force_can_end(name: str) -> None:
    state = closed(ConditionsState(), closing(3), 1)
    state = evolve(state, ConditionEnded(ConditionId("C000001"), "cad"), 2)
    with pytest.raises(NotFoundError) as refusal:
        end_condition(state, EndCondition(ConditionId(name), "cad"))
    assert refusal.value.details == {
        "field": "name",
        "value": name,
        "allowed": "a condition in force or planned (ListConditions)",
    }


def test_what_is_due_to_end() -> None:
    state = ConditionsState()
    for revision, end in enumerate((after(60), None, after(30), after(61)), start=1):
        state = closed(state, closing(3, end=end), revision)
    assert due_to_end(state, after(29)) == ()
    assert due_to_end(state, after(60)) == ("C000001", "C000003")


def test_nothing_is_changed_in_place() -> None:
    state = closed(ConditionsState(), closing(3), 1)
    before = dict(state.in_force)
    evolve(state, ConditionEnded(ConditionId("C000001"), "cad"), 2)
    closed(state, closing(4), 2)
    assert state.in_force == before
    assert ConditionsState().in_force == {}
    assert isinstance(set_condition(state, closing(5), NOW)[0], ConditionSet)


RING = AreaDrawn(PointsGiven(CoordinateSystem.WGS84, (0.0, 1.0, 1.0), (0.0, 0.0, 1.0)))


@pytest.mark.parametrize(
    ("effect", "field", "value", "allowed"),
    [
        (Slowed(0.0), "effect.slowed.factor", "0.0", "0.01 to 1"),
        (Slowed(1.01), "effect.slowed.factor", "1.01", "0.01 to 1"),
        (Slowed(float("nan")), "effect.slowed.factor", "nan", "0.01 to 1"),
        (Weather(0.005), "effect.weather.factor", "0.005", "0.01 to 1"),
        (Flooded(0.0), "effect.flooded.depth_m", "0.0", "above 0, up to 20 metres"),
        (Flooded(20.5), "effect.flooded.depth_m", "20.5", "above 0, up to 20 metres"),
        (
            FloodedAreas((AreaFlooded(RING, 0.3), AreaFlooded(RING, -0.3)), ()),
            "effect.flooded_areas.areas[1].depth_m",
            "-0.3",
            "above 0, up to 20 metres",
        ),
    ],
)
def test_an_effect_that_cannot_be(effect: Effect, field: str, value: str, allowed: str) -> None:
    command = SetCondition(StreetsNamed(edges=(3,)), (3,), (), "rain", effect=effect)
    with pytest.raises(InvalidFieldError) as refusal:
        decide(ConditionsState(), command, NOW)
    assert refusal.value.details == {"field": field, "value": value, "allowed": allowed}


def planned_in(seconds: float, end: datetime | None = None) -> SetCondition:
    return SetCondition(StreetsNamed(edges=(3,)), (3,), (), "works", end, start=after(seconds))


def test_a_planned_condition_starts_when_its_time_has_come() -> None:
    state = told(ConditionsState(), planned_in(60), NOW, revision=3)
    assert (list(state.planned), state.in_force, state.revision) == (["C000001"], {}, 0)
    assert due_to_start(state, after(59)) == ()
    assert due_to_start(state, after(60)) == ("C000001",)
    state = told(state, StartConditions(due_to_start(state, after(61))), after(61), revision=9)
    assert (state.planned, list(state.in_force), state.revision) == ({}, ["C000001"], 9)
    assert state.in_force[ConditionId("C000001")].start == after(60)


def test_a_planned_condition_may_be_called_off() -> None:
    state = told(ConditionsState(), planned_in(60), NOW)
    state = told(state, EndCondition(ConditionId("C000001"), "cad"), NOW, revision=7)
    assert (state.planned, state.in_force, state.revision) == ({}, {}, 0)
    # The desk's timer may have been about to start it.
    assert decide(state, StartConditions((ConditionId("C000001"),)), after(60)) == ()


def test_a_planned_condition_whose_end_has_passed_never_starts() -> None:
    """The service was down all the while."""
    state = told(ConditionsState(), planned_in(60, end=after(90)), NOW)
    assert due_to_start(state, after(100)) == ()
    assert due_to_end(state, after(100)) == ("C000001",)


def test_it_ends_after_its_own_start() -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        decide(ConditionsState(), planned_in(60, end=after(60)), NOW)
    assert refusal.value.details["allowed"] == f"after {after(60).isoformat()}"


def test_a_start_that_has_passed_is_now() -> None:
    (fact,) = decide(ConditionsState(), planned_in(-60), NOW)
    assert isinstance(fact, ConditionSet)
    assert (fact.planned, fact.condition.start) == (False, NOW)


def test_many_are_told_at_once() -> None:
    commands = tuple(planned_in(60) if i % 3 == 0 else closing(i) for i in range(1234))
    facts = decide(ConditionsState(), SetConditions(commands), NOW)
    assert all(
        isinstance(f, ConditionsSet) and len(f.conditions) <= MOST_IN_ONE_FACT for f in facts
    )
    state = told(ConditionsState(), SetConditions(commands), NOW, revision=4)
    assert len(state.in_force) + len(state.planned) == 1234
    assert state.next_number == 1235
    for number, command in enumerate(commands, start=1):
        condition = state.find(ConditionId(f"C{number:06d}"))
        assert condition is not None
        assert (condition.edges, condition.condition_id in state.planned) == (
            command.edges,
            command.start is not None,
        )


def test_one_that_is_refused_refuses_all() -> None:
    commands = (closing(1), closing(2, reason=" "))
    with pytest.raises(InvalidFieldError) as refusal:
        decide(ConditionsState(), SetConditions(commands), NOW)
    assert refusal.value.details["field"] == "requests[1].reason"


def test_many_end_at_once() -> None:
    state = told(ConditionsState(), SetConditions((closing(1), closing(2), closing(3))), NOW)
    names = (ConditionId("C000003"), ConditionId("C000001"))
    state = told(state, EndConditions(names, "cad"), NOW, revision=8)
    assert (list(state.in_force), state.revision) == (["C000002"], 8)


@pytest.mark.parametrize(
    ("names", "error", "field"),
    [
        (("C000001", "C000009"), NotFoundError, "names[1]"),
        (("C000001", "C000001"), InvalidFieldError, "names[1]"),
    ],
)
def test_all_end_or_none(names: tuple[str, ...], error: type, field: str) -> None:
    state = told(ConditionsState(), closing(1), NOW)
    with pytest.raises(error) as refusal:
        decide(state, EndConditions(tuple(map(ConditionId, names)), "cad"), NOW)
    assert refusal.value.details["field"] == field


def test_an_impassable_closure_is_kept_as_such() -> None:
    command = SetCondition(StreetsNamed(edges=(3,)), (3,), (), "fallen", effect=Closed(True))
    state = told(ConditionsState(), command, NOW)
    assert state.in_force[ConditionId("C000001")].effect == Closed(impassable=True)
