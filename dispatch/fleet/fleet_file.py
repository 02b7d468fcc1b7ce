"""FleetFile: the stations, hospitals and units that a centre has, before any of them is sent."""

from __future__ import annotations

from dispatch.fleet.model import Hospital, Station, Unit
from dispatch.model import Frozen


class FleetFile(Frozen, frozen=True):
    """What fleet.yaml says; ids are unique and every unit's station is among the stations."""

    stations: tuple[Station, ...]
    hospitals: tuple[Hospital, ...]
    units: tuple[Unit, ...]
