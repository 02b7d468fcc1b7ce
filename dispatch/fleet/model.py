"""Stations, hospitals and units, and the state each unit is in."""

from __future__ import annotations

from datetime import datetime

from dispatch.model import (
    Capability,
    Frozen,
    Holder,
    HospitalId,
    Origin,
    StationId,
    UnitId,
    UnitStatus,
)
from roadnets.geo import LonLat


class Station(Frozen, frozen=True):
    """Where units stand: an ambulance station, a fire station or a post.

    ``invented`` marks a post that no source names, suggested for lack of a real one.
    """

    station_id: StationId
    name: str
    name_en: str
    kind: str
    point: LonLat
    invented: bool = False
    origin: Origin = Origin()


class Hospital(Frozen, frozen=True):
    """Where patients are brought."""

    hospital_id: HospitalId
    name: str
    name_en: str
    point: LonLat
    invented: bool = False
    origin: Origin = Origin()


class Unit(Frozen, frozen=True):
    """An ambulance, fire appliance, boat or crew that can be sent.

    Attributes
    ----------
    turnout_s
        Seconds from the order to rolling wheels when it stands at its station.
    """

    unit_id: UnitId
    call_sign: str
    kind: str
    station: StationId
    capabilities: tuple[Capability, ...]
    turnout_s: int
    origin: Origin = Origin()


class UnitState(Frozen, frozen=True):
    """A unit and what it is doing; free when nothing holds it and its status allows an order.

    Attributes
    ----------
    retired
        It is gone from the fleet file and finishes what it was sent to; it takes no other order.
    assumed
        Nobody has told its status yet: it is taken to be available since it was declared.
    """

    unit: Unit
    status: UnitStatus
    status_time: datetime
    reason: str = ""
    expected_return: datetime | None = None
    holder: Holder | None = None
    retired: bool = False
    assumed: bool = False

    @property
    def known_since(self) -> datetime | None:
        """Since when the status is known; None while it is assumed."""
        return None if self.assumed else self.status_time

    @property
    def free(self) -> bool:
        """Whether it can take an order now."""
        return self.holder is None and self.status in READY and not self.retired

    @property
    def standing(self) -> str:
        """What keeps it from an order, "held" and "retired" before its status."""
        if self.holder is not None:
            return "held"
        return "retired" if self.retired else self.status


READY = frozenset({UnitStatus.AVAILABLE, UnitStatus.RETURNING})
"""Statuses in which a unit nobody holds can take an order."""


class FleetState(Frozen, frozen=True):
    """Every station, hospital and unit, by id."""

    stations: dict[StationId, Station] = {}
    hospitals: dict[HospitalId, Hospital] = {}
    units: dict[UnitId, UnitState] = {}
