"""Deciding about conditions, and how their facts change what is in force."""

from __future__ import annotations

from datetime import datetime

import msgspec

from dispatch.conditions.events import ConditionEnded, ConditionEvent, ConditionSet
from dispatch.conditions.model import Closure, ConditionsState, StreetsNamed
from dispatch.errors import InvalidFieldError, NotFoundError
from dispatch.model import ConditionId, Frozen, Origin
from roadnets.travel import TravelMode


class SetCondition(Frozen, frozen=True):
    """Close streets; ``edges`` are resolved on the network before the command is given."""

    streets: StreetsNamed
    edges: tuple[int, ...]
    modes: tuple[TravelMode, ...]
    reason: str
    end: datetime | None = None
    origin: Origin = Origin()


class EndCondition(Frozen, frozen=True):
    """Open them again."""

    condition: ConditionId
    by: str


def set_condition(
    state: ConditionsState, command: SetCondition, now: datetime
) -> tuple[ConditionSet, ...]:
    """Facts that follow from closing streets.

    Raises
    ------
    InvalidFieldError
        When it ends before it starts or gives no reason.
    """
    if not command.reason.strip():
        raise InvalidFieldError("reason", command.reason, "why the streets are closed")
    if command.end is not None and command.end <= now:
        raise InvalidFieldError("end_time", command.end.isoformat(), f"after {now.isoformat()}")
    closure = Closure(
        condition_id=ConditionId(f"C{state.next_number:06d}"),
        streets=command.streets,
        edges=command.edges,
        modes=command.modes,
        reason=command.reason,
        start=now,
        end=command.end,
        origin=command.origin,
    )
    return (ConditionSet(closure),)


def end_condition(state: ConditionsState, command: EndCondition) -> tuple[ConditionEnded, ...]:
    """Facts that follow from opening streets again.

    Raises
    ------
    NotFoundError
        When no such condition is in force.
    """
    if command.condition not in state.closures:
        raise NotFoundError("name", command.condition, "a condition in force (ListConditions)")
    return (ConditionEnded(command.condition, command.by),)


def due_to_end(state: ConditionsState, now: datetime) -> tuple[ConditionId, ...]:
    """Conditions whose end has come, in order of id."""
    return tuple(c for c, x in sorted(state.closures.items()) if x.end is not None and x.end <= now)


def evolve(state: ConditionsState, event: ConditionEvent, revision: int) -> ConditionsState:
    """What is in force after a fact."""
    closures = dict(state.closures)
    number = state.next_number
    match event:
        case ConditionSet():
            closures[event.closure.condition_id] = event.closure
            number += 1
        case ConditionEnded():
            del closures[event.condition]
    return msgspec.structs.replace(state, closures=closures, revision=revision, next_number=number)
