"""Deciding about conditions, and how their facts change what is in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from msgspec.structs import replace

from dispatch.conditions.events import (
    ConditionEnded,
    ConditionEvent,
    ConditionsEnded,
    ConditionSet,
    ConditionsSet,
    ConditionsStarted,
)
from dispatch.conditions.model import (
    CLOSED,
    Condition,
    ConditionsState,
    Effect,
    Flooded,
    FloodedAreas,
    Slowed,
    StreetsNamed,
    Weather,
)
from dispatch.errors import InvalidFieldError, NotFoundError
from dispatch.model import ConditionId, Frozen, Origin
from roadnets.travel import TravelMode
from roadnets.weights.conditions import DEEPEST_M, SLOWEST

T = TypeVar("T")

MOST_IN_ONE_FACT: Final = 500
"""Conditions; a fact is one message to every watcher, and those are of 4 MB at most."""


class SetCondition(Frozen, frozen=True):
    """Tell of streets; ``edges`` are resolved on the network before the command is given."""

    streets: StreetsNamed
    edges: tuple[int, ...]
    modes: tuple[TravelMode, ...]
    reason: str
    end: datetime | None = None
    origin: Origin = Origin()
    effect: Effect = CLOSED
    start: datetime | None = None


class SetConditions(Frozen, frozen=True):
    """Tell of many, all or none."""

    conditions: tuple[SetCondition, ...]


class StartConditions(Frozen, frozen=True):
    """Planned conditions come into force."""

    conditions: tuple[ConditionId, ...]


class EndCondition(Frozen, frozen=True):
    """It is over; a planned one never begins."""

    condition: ConditionId
    by: str


class EndConditions(Frozen, frozen=True):
    """Many are over, all or none."""

    conditions: tuple[ConditionId, ...]
    by: str


ConditionCommand = SetCondition | SetConditions | StartConditions | EndCondition | EndConditions


def decide(
    state: ConditionsState, command: ConditionCommand, now: datetime
) -> tuple[ConditionEvent, ...]:
    """Facts that follow from a command.

    Raises
    ------
    InvalidFieldError
        A condition cannot be so; says which field.
    NotFoundError
        A condition is neither in force nor planned.
    """
    match command:
        case SetCondition():
            return set_condition(state, command, now)
        case SetConditions():
            return set_conditions(state, command, now)
        case StartConditions():
            return start_conditions(state, command)
        case EndCondition():
            return end_condition(state, command)
        case EndConditions():
            return end_conditions(state, command)


def set_condition(
    state: ConditionsState, command: SetCondition, now: datetime
) -> tuple[ConditionSet, ...]:
    """Facts that follow from telling of streets.

    Raises
    ------
    InvalidFieldError
        When it ends before it starts, gives no reason or has an effect that cannot be.
    """
    condition = _condition(command, state.next_number, now)
    return (ConditionSet(condition, planned=condition.start > now),)


def set_conditions(
    state: ConditionsState, command: SetConditions, now: datetime
) -> tuple[ConditionsSet, ...]:
    """Facts that follow from telling of many; ids count up in their order.

    Raises
    ------
    InvalidFieldError
        As ``set_condition``; the field begins with ``requests[i].``.
    """
    made: dict[bool, list[Condition]] = {False: [], True: []}
    for place, one in enumerate(command.conditions):
        try:
            condition = _condition(one, state.next_number + place, now)
        except InvalidFieldError as error:
            raise error.inside(f"requests[{place}]") from error
        made[condition.start > now].append(condition)
    return tuple(
        ConditionsSet(tuple(part), planned)
        for planned, conditions in made.items()
        for part in _parts(conditions)
    )


def start_conditions(
    state: ConditionsState, command: StartConditions
) -> tuple[ConditionsStarted, ...]:
    """Facts that follow when the time of planned conditions has come; others are passed over."""
    due = [c for c in command.conditions if c in state.planned]
    return tuple(ConditionsStarted(tuple(part)) for part in _parts(due))


def end_condition(state: ConditionsState, command: EndCondition) -> tuple[ConditionEnded, ...]:
    """Facts that follow when a condition is over.

    Raises
    ------
    NotFoundError
        When no such condition is in force or planned.
    """
    if state.find(command.condition) is None:
        raise _not_found("name", command.condition)
    return (ConditionEnded(command.condition, command.by),)


def end_conditions(state: ConditionsState, command: EndConditions) -> tuple[ConditionsEnded, ...]:
    """Facts that follow when many are over.

    Raises
    ------
    InvalidFieldError
        One is named twice.
    NotFoundError
        One is neither in force nor planned.
    """
    named: set[ConditionId] = set()
    for place, condition in enumerate(command.conditions):
        if state.find(condition) is None:
            raise _not_found(f"names[{place}]", condition)
        if condition in named:
            raise InvalidFieldError(f"names[{place}]", condition, "each condition once")
        named.add(condition)
    return tuple(ConditionsEnded(tuple(p), command.by) for p in _parts(command.conditions))


def due_to_end(state: ConditionsState, now: datetime) -> tuple[ConditionId, ...]:
    """Conditions whose end has come, in order of id."""
    return tuple(sorted(c.condition_id for c in state if c.end is not None and c.end <= now))


def due_to_start(state: ConditionsState, now: datetime) -> tuple[ConditionId, ...]:
    """Planned conditions whose start has come and whose end has not, in order of id."""
    return tuple(
        sorted(
            c.condition_id
            for c in state.planned.values()
            if c.start <= now and (c.end is None or now < c.end)
        )
    )


def evolve(state: ConditionsState, event: ConditionEvent, revision: int) -> ConditionsState:
    """What is in force and planned after a fact."""
    match event:
        case ConditionSet():
            return _with(state, (event.condition,), event.planned, revision)
        case ConditionsSet():
            return _with(state, event.conditions, event.planned, revision)
        case ConditionsStarted():
            return _started(state, event.conditions, revision)
        case ConditionEnded():
            return _without(state, (event.condition,), revision)
        case ConditionsEnded():
            return _without(state, event.conditions, revision)


def _with(
    state: ConditionsState, conditions: Sequence[Condition], planned: bool, revision: int
) -> ConditionsState:
    fresh = {c.condition_id: c for c in conditions}
    number = state.next_number + len(fresh)
    if planned:
        return replace(state, planned={**state.planned, **fresh}, next_number=number)
    in_force = {**state.in_force, **fresh}
    return replace(state, in_force=in_force, revision=revision, next_number=number)


def _started(
    state: ConditionsState, conditions: Iterable[ConditionId], revision: int
) -> ConditionsState:
    planned, in_force = dict(state.planned), dict(state.in_force)
    for condition in conditions:
        in_force[condition] = planned.pop(condition)
    return replace(state, planned=planned, in_force=in_force, revision=revision)


def _without(
    state: ConditionsState, conditions: Iterable[ConditionId], revision: int
) -> ConditionsState:
    gone = frozenset(conditions)
    planned = {c: x for c, x in state.planned.items() if c not in gone}
    in_force = {c: x for c, x in state.in_force.items() if c not in gone}
    if len(in_force) == len(state.in_force):
        return replace(state, planned=planned)
    return replace(state, planned=planned, in_force=in_force, revision=revision)


def _condition(command: SetCondition, number: int, now: datetime) -> Condition:
    if not command.reason.strip():
        raise InvalidFieldError("reason", command.reason, "what is the matter with the streets")
    start = now if command.start is None else max(now, command.start)
    if command.end is not None and command.end <= start:
        raise InvalidFieldError("end_time", command.end.isoformat(), f"after {start.isoformat()}")
    _check_effect(command.effect)
    return Condition(
        condition_id=ConditionId(f"C{number:06d}"),
        streets=command.streets,
        edges=command.edges,
        modes=command.modes,
        reason=command.reason,
        start=start,
        end=command.end,
        origin=command.origin,
        effect=command.effect,
    )


def _check_effect(effect: Effect) -> None:
    match effect:
        case Slowed(factor):
            _check_factor("effect.slowed.factor", factor)
        case Weather(factor):
            _check_factor("effect.weather.factor", factor)
        case Flooded(depth_m):
            check_depth("effect.flooded.depth_m", depth_m)
        case FloodedAreas(areas):
            for place, area in enumerate(areas):
                check_depth(f"effect.flooded_areas.areas[{place}].depth_m", area.depth_m)
        case _:
            pass


def _check_factor(field: str, factor: float) -> None:
    if not SLOWEST <= factor <= 1:
        raise InvalidFieldError(field, factor, f"{SLOWEST:g} to 1")


def check_depth(field: str, depth_m: float) -> None:
    """Refuse water that cannot stand on a street.

    Raises
    ------
    InvalidFieldError
        It is not above 0, or too deep.
    """
    if not 0 < depth_m <= DEEPEST_M:
        raise InvalidFieldError(field, depth_m, f"above 0, up to {DEEPEST_M:g} metres")


def _not_found(field: str, condition: ConditionId) -> NotFoundError:
    return NotFoundError(field, condition, "a condition in force or planned (ListConditions)")


def _parts(many: Sequence[T]) -> Iterator[Sequence[T]]:
    return (many[i : i + MOST_IN_ONE_FACT] for i in range(0, len(many), MOST_IN_ONE_FACT))
