"""Closing streets and opening them again."""

from datetime import datetime

import pytest

from dispatch.conditions.desk import (
    EndCondition,
    SetCondition,
    due_to_end,
    end_condition,
    evolve,
    set_condition,
)
from dispatch.conditions.events import ConditionEnded, ConditionSet
from dispatch.conditions.model import ConditionsState, StreetsNamed
from dispatch.errors import InvalidFieldError, NotFoundError
from dispatch.model import ConditionId
from roadnets.travel import TravelMode
from tests.dispatch.builders import NOW, after


def closing(*edges: int, end: datetime | None = None, reason: str = "burst main") -> SetCondition:
    return SetCondition(StreetsNamed(edges=edges), edges, tuple(TravelMode), reason, end)


def closed(state: ConditionsState, command: SetCondition, revision: int) -> ConditionsState:
    (fact,) = set_condition(state, command, NOW)
    return evolve(state, fact, revision)


def test_a_closure_starts_now_and_is_numbered() -> None:
    (fact,) = set_condition(ConditionsState(), closing(3, 4), NOW)
    assert fact.closure.condition_id == "C000001"
    assert (fact.closure.start, fact.closure.end) == (NOW, None)
    assert (fact.closure.edges, fact.closure.modes) == ((3, 4), tuple(TravelMode))


def test_numbers_are_never_used_twice() -> None:
    state = ConditionsState()
    for number in range(1, 4):
        state = closed(state, closing(3), 2 * number)
        condition = ConditionId(f"C{number:06d}")
        assert list(state.closures) == [condition]
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
        "allowed": "why the streets are closed",
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
    assert evolve(state, fact, 2).closures == {}


@pytest.mark.parametrize("name", ["C000001", "C000002"])
def test_only_what_is_in_force_can_end(name: str) -> None:
    state = closed(ConditionsState(), closing(3), 1)
    state = evolve(state, ConditionEnded(ConditionId("C000001"), "cad"), 2)
    with pytest.raises(NotFoundError) as refusal:
        end_condition(state, EndCondition(ConditionId(name), "cad"))
    assert refusal.value.details == {
        "field": "name",
        "value": name,
        "allowed": "a condition in force (ListConditions)",
    }


def test_what_is_due_to_end() -> None:
    state = ConditionsState()
    for revision, end in enumerate((after(60), None, after(30), after(61)), start=1):
        state = closed(state, closing(3, end=end), revision)
    assert due_to_end(state, after(29)) == ()
    assert due_to_end(state, after(60)) == ("C000001", "C000003")


def test_nothing_is_changed_in_place() -> None:
    state = closed(ConditionsState(), closing(3), 1)
    before = dict(state.closures)
    evolve(state, ConditionEnded(ConditionId("C000001"), "cad"), 2)
    closed(state, closing(4), 2)
    assert state.closures == before
    assert ConditionsState().closures == {}
    assert isinstance(set_condition(state, closing(5), NOW)[0], ConditionSet)
