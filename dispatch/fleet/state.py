"""How facts about units change the fleet."""

from __future__ import annotations

from datetime import datetime

import msgspec

from dispatch.errors import ConflictError, NotFoundError
from dispatch.fleet.events import (
    FleetDeclared,
    FleetEvent,
    UnitReleased,
    UnitReserved,
    UnitStatusChanged,
)
from dispatch.fleet.model import FleetState, UnitState
from dispatch.model import UnitId, UnitStatus


def unit_of(fleet: FleetState, unit: UnitId, field: str = "unit") -> UnitState:
    """The unit's state.

    Raises
    ------
    NotFoundError
        When the fleet has no such unit.
    """
    if unit not in fleet.units:
        raise NotFoundError(field, unit, f"one of the fleet's {len(fleet.units)} units (ListUnits)")
    return fleet.units[unit]


def require_free(fleet: FleetState, unit: UnitId, field: str = "unit") -> UnitState:
    """The unit's state, when it can take an order now.

    Raises
    ------
    NotFoundError
        When the fleet has no such unit.
    ConflictError
        When something holds it, or its status does not allow an order.
    """
    state = unit_of(fleet, unit, field)
    if state.holder is not None:
        raise ConflictError(
            "unit_taken",
            f"unit {unit} is held by incident {state.holder.incident}",
            unit=unit,
            incident=state.holder.incident,
        )
    if not state.free:
        raise ConflictError(
            "unit_not_ready", f"unit {unit} is {state.standing}", unit=unit, status=state.standing
        )
    return state


def evolve(fleet: FleetState, event: FleetEvent, at: datetime) -> FleetState:
    """The fleet after a fact that happened ``at``."""
    match event:
        case FleetDeclared():
            return _declared(fleet, event, at)
        case UnitReserved():
            return _with(fleet, event.unit, holder=event.holder)
        case UnitReleased():
            return _with(fleet, event.unit, holder=None)
        case UnitStatusChanged(late_press=pressed) if pressed is not None:
            return fleet
        case UnitStatusChanged():
            return _with(
                fleet,
                event.unit,
                status=event.status,
                status_time=at,
                reason=event.reason,
                expected_return=event.expected_return,
                assumed=False,
            )


def _with(fleet: FleetState, unit: UnitId, **changes: object) -> FleetState:
    units = dict(fleet.units)
    units[unit] = msgspec.structs.replace(units[unit], **changes)
    return msgspec.structs.replace(fleet, units=units)


def _declared(fleet: FleetState, event: FleetDeclared, at: datetime) -> FleetState:
    units: dict[UnitId, UnitState] = {}
    for unit in event.units:
        known = fleet.units.get(unit.unit_id)
        units[unit.unit_id] = (
            msgspec.structs.replace(known, unit=unit, retired=False)
            if known
            else UnitState(unit, UnitStatus.AVAILABLE, status_time=at, assumed=True)
        )
    stations = {s.station_id: s for s in event.stations}
    for unit_id, state in fleet.units.items():
        if unit_id not in units and state.holder is not None:
            units[unit_id] = msgspec.structs.replace(state, retired=True)
            home = state.unit.station
            stations.setdefault(home, fleet.stations[home])
    return FleetState(
        stations=stations,
        hospitals={h.hospital_id: h for h in event.hospitals},
        units=dict(sorted(units.items())),
    )
