"""The state of the whole desk, and the fold from facts to it.

``evolve`` is the only way state changes. The live service, a replay and a verification all run it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from msgspec.structs import replace

import dispatch.conditions.desk as conditions
import dispatch.emergency.state as emergency
import dispatch.fleet.state as fleet
from dispatch.conditions.events import ConditionEvent
from dispatch.conditions.model import ConditionsState
from dispatch.emergency.events import EmergencyEvent
from dispatch.emergency.model import EmergencyState
from dispatch.fleet.events import (
    FleetDeclared,
    FleetEvent,
    UnitReleased,
    UnitReserved,
    UnitStatusChanged,
)
from dispatch.fleet.model import FleetState
from dispatch.model import Frozen

Fact = FleetEvent | ConditionEvent | EmergencyEvent


class Recorded(Frozen, frozen=True):
    """A fact in the journal: when it happened, as told, and when it was recorded."""

    revision: int
    occurred: datetime
    recorded: datetime
    fact: Fact


class State(Frozen, frozen=True):
    """Everything open, after the fact numbered ``revision``."""

    revision: int = 0
    fleet: FleetState = FleetState()
    conditions: ConditionsState = ConditionsState()
    emergency: EmergencyState = EmergencyState()


def initial_state() -> State:
    """The state before the first fact."""
    return State()


def evolve(state: State, recorded: Recorded) -> State:
    """The state after a fact."""
    fact, at, revision = recorded.fact, recorded.occurred, recorded.revision
    if isinstance(fact, ConditionEvent):
        after = conditions.evolve(state.conditions, fact, revision)
        return replace(state, revision=revision, conditions=after)
    match fact:
        case FleetDeclared() | UnitReserved() | UnitReleased() | UnitStatusChanged():
            return replace(state, revision=revision, fleet=fleet.evolve(state.fleet, fact, at))
        case _:
            emergencies = emergency.evolve(state.emergency, fact, at, revision)
            return replace(state, revision=revision, emergency=emergencies)


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Recorded)


def encode(recorded: Recorded) -> bytes:
    """Canonical JSON of a fact."""
    return _encoder.encode(recorded)


def decode(body: bytes) -> Recorded:
    """The fact that ``encode`` wrote.

    Raises
    ------
    msgspec.ValidationError
        When it is not one.
    """
    return _decoder.decode(body)


def state_hash(state: State) -> bytes:
    """sha256 over the canonical JSON of the state, 32 bytes."""
    return hashlib.sha256(_encoder.encode(state)).digest()
