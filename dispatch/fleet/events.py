"""Facts about units."""

from __future__ import annotations

from datetime import datetime

from dispatch.fleet.model import Hospital, Station, Unit
from dispatch.model import Frozen, Holder, UnitId, UnitStatus


class FleetDeclared(Frozen, frozen=True, tag=True):
    """The fleet file was read: these are the stations, hospitals and units now.

    A unit that is gone from the file while something holds it stays, retired, until the next.
    """

    stations: tuple[Station, ...]
    hospitals: tuple[Hospital, ...]
    units: tuple[Unit, ...]


class UnitReserved(Frozen, frozen=True, tag=True):
    """A unit got a holder."""

    unit: UnitId
    holder: Holder


class UnitReleased(Frozen, frozen=True, tag=True):
    """A unit's holder let it go."""

    unit: UnitId


class UnitStatusChanged(Frozen, frozen=True, tag=True):
    """A unit's status, as pressed or as it follows from an order.

    Attributes
    ----------
    irregular
        Not the press that was due (out of order, repeated, or without an order).
    late_press
        What was pressed, when it happened before what is known already: kept, and nothing
        changes (``status`` is ``previous``).
    """

    unit: UnitId
    status: UnitStatus
    previous: UnitStatus
    reason: str = ""
    expected_return: datetime | None = None
    irregular: bool = False
    late_press: UnitStatus | None = None


FleetEvent = FleetDeclared | UnitReserved | UnitReleased | UnitStatusChanged
