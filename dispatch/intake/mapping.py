"""Mappings: what each client calls our units, statuses, incident types and hospitals.

A value that no mapping knows is never a reason to refuse: ``None`` says so, and the caller keeps
the value as it came and counts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Literal, TypeVar

from dispatch.emergency.plans import ResponsePlans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.model import Frozen, HospitalId, UnitId, UnitStatus
from roadnets.geo import CoordinateSystem

ISO = "iso"
"""The time format that needs no pattern: ``2024-05-01 08:30:00``, with or without an offset."""

Ours = TypeVar("Ours", bound=str)


class Language(StrEnum):
    """What a client's people read."""

    ZH = "zh"
    EN = "en"


class Moment(StrEnum):
    """What a time in a log is the time of; most are a unit's status."""

    RECEIVED = "received"
    ENTERED = "entered"
    ORDERED = "ordered"
    ACKNOWLEDGED = "acknowledged"
    MOBILISING = "mobilising"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_HOSPITAL = "at_hospital"
    RETURNING = "returning"
    AVAILABLE = "available"
    PRESSED = "pressed"
    CLOSED = "closed"


class LogColumns(Frozen, frozen=True):
    """Which column of a day's log holds what; "" where there is none.

    Attributes
    ----------
    status
        A column of the client's status codes, for logs with a row for each press.
    point
        One column with both numbers, for logs without ``longitude`` and ``latitude``.
    point_order
        Which of the two numbers in ``point`` comes first.
    time_formats
        Patterns of ``strptime``, or ``iso``; tried in order.
    """

    unit: str = ""
    status: str = ""
    incident_type: str = ""
    hospital: str = ""
    longitude: str = ""
    latitude: str = ""
    point: str = ""
    point_order: Literal["longitude_first", "latitude_first"] = "longitude_first"
    times: dict[Moment, str] = {}
    time_formats: tuple[str, ...] = (ISO,)


class ClientMapping(Frozen, frozen=True):
    """What one client's words mean here.

    Attributes
    ----------
    coordinate_system
        That of its points without a tag; None: they are kept and flagged.
    time_zone
        IANA name for its times without an offset; "": they cannot be read.
    language
        None: as each call asks.
    """

    client: str
    coordinate_system: CoordinateSystem | None = None
    time_zone: str = ""
    agency: str = ""
    parent_agency: str = ""
    language: Language | None = None
    units: dict[str, UnitId] = {}
    statuses: dict[str, UnitStatus] = {}
    incident_types: dict[str, str] = {}
    hospitals: dict[str, HospitalId] = {}
    log: LogColumns | None = None


class Mappings(Frozen, frozen=True):
    """Every client's mapping, and the words that are ours already.

    Attributes
    ----------
    own_units, own_hospitals
        Our ids, and the external ids of the fleet file where only one has them.
    """

    clients: dict[str, ClientMapping]
    own_units: dict[str, UnitId]
    own_types: dict[str, str]
    own_hospitals: dict[str, HospitalId]

    def client(self, client: str) -> ClientMapping:
        """The client's mapping; an empty one where the file has none."""
        return self.clients.get(client) or ClientMapping(client)

    def translate_unit(self, client: str, value: str) -> UnitId | None:
        """Our unit: by the client's mapping, our own id, or an external id of the fleet file."""
        return _translate(value, self.client(client).units, self.own_units)

    def translate_status(self, client: str, value: str) -> UnitStatus | None:
        """Our status: by the client's mapping, or our own word."""
        return _translate(value, self.client(client).statuses, _OWN_STATUSES)

    def translate_type(self, client: str, value: str) -> str | None:
        """Our incident type: by the client's mapping, or our own code."""
        return _translate(value, self.client(client).incident_types, self.own_types)

    def translate_hospital(self, client: str, value: str) -> HospitalId | None:
        """Our hospital: by the client's mapping, our own id, or an external id."""
        return _translate(value, self.client(client).hospitals, self.own_hospitals)


_OWN_STATUSES: dict[str, UnitStatus] = {str(status): status for status in UnitStatus}


def make_mappings(
    clients: Iterable[ClientMapping], plans: ResponsePlans, fleet: FleetFile | None
) -> Mappings:
    """Put the clients' words beside ours.

    Parameters
    ----------
    clients
        Whose targets are known to exist.
    plans, fleet
        What is ours; without a fleet no unit and no hospital is.
    """
    units = fleet.units if fleet else ()
    hospitals = fleet.hospitals if fleet else ()
    return Mappings(
        clients={c.client: c for c in clients},
        own_units=_own((u.unit_id, u.origin.external_id) for u in units),
        own_types={code: code for code in plans.types},
        own_hospitals=_own((h.hospital_id, h.origin.external_id) for h in hospitals),
    )


def _translate(value: str, theirs: Mapping[str, Ours], ours: Mapping[str, Ours]) -> Ours | None:
    value = value.strip()
    return theirs.get(value) or ours.get(value)


def _own(pairs: Iterable[tuple[Ours, str]]) -> dict[str, Ours]:
    """Ids by themselves and by external id, where only one thing has it; the id goes first."""
    known = list(pairs)
    external = [theirs for _, theirs in known]
    own = {theirs: ours for ours, theirs in known if theirs and external.count(theirs) == 1}
    return own | {str(ours): ours for ours, _ in known}
