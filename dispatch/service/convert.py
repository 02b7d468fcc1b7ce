"""Messages into our own types: where requests are checked (ADR 0006).

A report of an emergency is never refused: what is missing or wrong is kept as given, and flagged.
Everything else is refused with the field, its value and what is allowed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from dispatch.emergency.commands import Place, ReportIncident
from dispatch.emergency.events import UnmappedValueKept
from dispatch.errors import InvalidFieldError
from dispatch.fleet.positions import Position
from dispatch.intake.location import locate, read_point
from dispatch.intake.mapping import ClientMapping, Mappings
from dispatch.model import (
    GRAVEST_PRIORITY,
    LOWEST_PRIORITY,
    Origin,
    RawPoint,
    Remark,
    UnitStatus,
)
from dispatch.v1 import common_pb2, emergency_pb2, fleet_pb2, roads_pb2
from roadnets.errors import PointError
from roadnets.geo import CoordinateSystem, LonLat, to_wgs84
from roadnets.network import Bounds
from roadnets.snapping.snap import Snapper
from roadnets.travel import SIZES, SMALLEST_SIZE, Snap, TravelMode, Vehicle

OLDEST: Final = timedelta(hours=24)
AHEAD: Final = timedelta(seconds=60)
"""An occurred_time outside of these counts as now."""

TERMINAL_AHEAD: Final = timedelta(minutes=15)
"""So far ahead may a terminal's clock be: its positions count as of now."""

LONGEST_TEXT: Final[Mapping[str, int]] = {
    "incident_type": 200,
    "address": 2_000,
    "caller_phone": 200,
    "description": 20_000,
}
"""Characters kept of a report's texts; a longer one is cut, and flagged."""
LONGEST_REQUEST_ID: Final = 200
LONGEST_WORDS: Final = 2_000
"""Characters of a reason, an outcome or a name in any other request."""

COORDINATE_SYSTEMS: Final = {
    number: CoordinateSystem[name.removeprefix("COORDINATE_SYSTEM_")]
    for name, number in common_pb2.CoordinateSystem.items()
    if number
}
UNIT_STATUSES: Final = {
    number: UnitStatus[name.removeprefix("UNIT_STATUS_")]
    for name, number in fleet_pb2.UnitStatus.items()
    if number
}
TRAVEL_MODES: Final = {
    number: TravelMode[name.removeprefix("TRAVEL_MODE_")]
    for name, number in roads_pb2.TravelMode.items()
    if number
}

LARGEST_SIZE: Final[Mapping[str, float]] = {
    "height_m": 20,
    "width_m": 20,
    "weight_t": 1000,
    "wading_m": 20,
}
"""Of a vehicle: more is a slip of the unit."""

_POSITION_MARGIN_DEG: Final = 0.05
"""A unit may be seen so far outside the network's box, about 5 km."""


def fingerprint(request: Message) -> bytes:
    """sha256 of a request's body: of everything but its ``request_id``."""
    body = type(request)()
    body.CopyFrom(request)
    body.ClearField("request_id")
    name = request.DESCRIPTOR.full_name.encode()
    return hashlib.sha256(name + b"\0" + body.SerializeToString(deterministic=True)).digest()


# Instants


def instant(message: Timestamp) -> datetime | None:
    """The instant, UTC; None when the message is not one (before year 1, after 9999)."""
    try:
        return message.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def occurred(request: Message, now: datetime) -> datetime | None:
    """When it happened, as told; None (now) when that is missing or implausible."""
    if not request.HasField("occurred_time"):
        return None
    return plausible(getattr(request, "occurred_time"), now)  # noqa: B009 - any request


def plausible(message: Timestamp, now: datetime) -> datetime | None:
    """The instant when it is neither ahead nor too long ago."""
    at = instant(message)
    return at if at is not None and now - OLDEST <= at <= now + AHEAD else None


def future(request: Message, field: str) -> datetime | None:
    """An instant that may lie ahead, or None when it is not given.

    Raises
    ------
    InvalidFieldError
        It is not an instant.
    """
    if not request.HasField(field):
        return None
    message = getattr(request, field)
    at = instant(message)
    if at is None:
        raise InvalidFieldError(field, _seconds(message), "an instant of the years 1 to 9999")
    return at


# Points


def raw_point(message: common_pb2.Point) -> RawPoint:
    """A point as given; a coordinate system that is none of ours counts as none."""
    return RawPoint(
        message.longitude,
        message.latitude,
        COORDINATE_SYSTEMS.get(message.coordinate_system),
        message.uncertainty_m if 0 <= message.uncertainty_m < math.inf else 0.0,
    )


def client_system(message: common_pb2.Point, mapping: ClientMapping) -> CoordinateSystem | None:
    """What the client's untagged points are in; a tag that is not known is no missing tag."""
    untagged = message.coordinate_system == common_pb2.COORDINATE_SYSTEM_UNSPECIFIED
    return mapping.coordinate_system if untagged else None


def coordinate_system(
    number: common_pb2.CoordinateSystem.ValueType, field: str, mapping: ClientMapping
) -> CoordinateSystem | None:
    """What points are in; None where nobody says.

    Raises
    ------
    InvalidFieldError
        The number is none that we know.
    """
    if number == common_pb2.COORDINATE_SYSTEM_UNSPECIFIED:
        return mapping.coordinate_system
    if number not in COORDINATE_SYSTEMS:
        allowed = ", ".join(common_pb2.CoordinateSystem.keys()[1:])
        raise InvalidFieldError(field, number, allowed)
    return COORDINATE_SYSTEMS[number]


def place(message: common_pb2.Point | None, mapping: ClientMapping, snapper: Snapper) -> Place:
    """Where an incident is said to be, and where on the streets that is. Never refuses."""
    if message is None:
        located = locate(None, None, snapper)
        return Place(None, located.location, located.street_distance_m, located.flags)
    raw = raw_point(message)
    located = locate(raw, client_system(message, mapping), snapper)
    # JSON has no NaN: numbers that are none are kept as the flag's text.
    storable = math.isfinite(raw.lon) and math.isfinite(raw.lat)
    return Place(
        raw if storable else None, located.location, located.street_distance_m, located.flags
    )


def known_point(message: common_pb2.Point, field: str, mapping: ClientMapping) -> LonLat:
    """A point, WGS84.

    Raises
    ------
    InvalidFieldError
        It is untagged, in a system that we do not know, or out of range.
    """
    in_system = f"{field}.coordinate_system"
    system = coordinate_system(message.coordinate_system, in_system, mapping)
    try:
        return to_wgs84(message.longitude, message.latitude, system)
    except PointError as error:
        given = f"{message.longitude}, {message.latitude}"
        raise InvalidFieldError(field, given, f"a point that can be read ({error})") from error


def on_street(point: LonLat, field: str, snapper: Snapper, mode: TravelMode) -> Snap:
    """A point on its street.

    Raises
    ------
    InvalidFieldError
        No street is near.
    """
    try:
        return snapper.snap(point, mode)
    except PointError as error:
        given = f"{point.lon:.6f}, {point.lat:.6f}"
        raise InvalidFieldError(field, given, f"a point near a street ({error})") from error


# Reports: flagged, never refused


@dataclass(frozen=True, slots=True)
class Report:
    """A report as a command, with what to keep beside it."""

    command: ReportIncident
    occurred: datetime | None
    kept: tuple[UnmappedValueKept, ...]


def report(
    request: emergency_pb2.ReportIncidentRequest,
    mapping: ClientMapping,
    mappings: Mappings,
    snapper: Snapper,
    now: datetime,
) -> Report:
    """Everything that was told, and what is the matter with it."""
    flags: list[Remark] = []
    texts = {field: _cut(request, field, flags) for field in LONGEST_TEXT}
    given = texts["incident_type"]
    code = mappings.translate_type(mapping.client, given)
    priority = _number(request, "priority", GRAVEST_PRIORITY, LOWEST_PRIORITY, flags)
    patients = _number(request, "patients", 0, None, flags)
    at = occurred(request, now)
    if at is None and request.HasField("occurred_time"):
        value = _seconds(request.occurred_time)
        flags.append(Remark("occurred_time_implausible", {"value": value}))
    command = ReportIncident(
        incident_type=code,
        raw_incident_type=given,
        priority=priority,
        patients=patients,
        place=place(request.point if request.HasField("point") else None, mapping, snapper),
        address=texts["address"],
        description=texts["description"],
        caller_phone=texts["caller_phone"],
        origin=origin(request.origin, mapping),
        flags=tuple(flags),
    )
    unknown = given.strip() and code is None
    kept = (UnmappedValueKept(mapping.client, "incident_type", given),) if unknown else ()
    return Report(command, at, kept)


def bare_report(request: emergency_pb2.ReportIncidentRequest, mapping: ClientMapping) -> Report:
    """The texts of a report that could not be understood, for a human: the last resort."""
    flags: list[Remark] = [Remark("report_not_understood")]
    texts = {field: _cut(request, field, flags) for field in LONGEST_TEXT}
    given = f"{request.point.longitude}, {request.point.latitude}"
    nowhere = Remark("location_unresolved", {"given": given})
    command = ReportIncident(
        incident_type=None,
        raw_incident_type=texts["incident_type"],
        priority=None,
        patients=None,
        place=Place(None, None, None, (nowhere,)),
        address=texts["address"],
        description=texts["description"],
        caller_phone=texts["caller_phone"],
        origin=origin(request.origin, mapping),
        flags=tuple(flags),
    )
    return Report(command, None, ())


def _cut(request: emergency_pb2.ReportIncidentRequest, field: str, flags: list[Remark]) -> str:
    text: str = getattr(request, field)
    limit = LONGEST_TEXT[field]
    if len(text) > limit:
        details = {"field": field, "kept": str(limit), "length": str(len(text))}
        flags.append(Remark("text_shortened", details))
    return text[:limit]


def _number(
    request: emergency_pb2.ReportIncidentRequest,
    field: str,
    least: int,
    most: int | None,
    flags: list[Remark],
) -> int | None:
    if not request.HasField(field):  # type: ignore[arg-type]  # one of the literals
        return None
    value: int = getattr(request, field)
    if value < least or (most is not None and value > most):
        flags.append(Remark(f"{field}_invalid", {"value": str(value)}))
        return None
    return value


# Everything else: refused


def words(value: str, field: str, allowed: str) -> str:
    """A text that has to be there.

    Raises
    ------
    InvalidFieldError
        It is empty or too long.
    """
    text = value.strip()
    if not text:
        raise InvalidFieldError(field, value, allowed)
    return limited(text, field)


def limited(value: str, field: str) -> str:
    """A text that may be empty.

    Raises
    ------
    InvalidFieldError
        It is too long.
    """
    if len(value) > LONGEST_WORDS:
        raise InvalidFieldError(field, f"{len(value)} characters", f"up to {LONGEST_WORDS}")
    return value


def request_id(value: str) -> str:
    """What makes the request repeatable; empty: nothing does.

    Raises
    ------
    InvalidFieldError
        It is too long.
    """
    if len(value) > LONGEST_REQUEST_ID:
        allowed = f"a UUID, or up to {LONGEST_REQUEST_ID} characters"
        raise InvalidFieldError("request_id", f"{len(value)} characters", allowed)
    return value


def priority(request: Message) -> int | None:
    """The priority, or None when it is not given.

    Raises
    ------
    InvalidFieldError
        It is none.
    """
    if not request.HasField("priority"):
        return None
    value: int = getattr(request, "priority")  # noqa: B009 - any request
    if not GRAVEST_PRIORITY <= value <= LOWEST_PRIORITY:
        raise InvalidFieldError("priority", value, f"{GRAVEST_PRIORITY} to {LOWEST_PRIORITY}")
    return value


def modes(numbers: Iterable[roads_pb2.TravelMode.ValueType]) -> tuple[TravelMode, ...]:
    """Travel modes, each once, in their own order.

    Raises
    ------
    InvalidFieldError
        A number is not one.
    """
    named = set(numbers)
    for number in named:
        if number not in TRAVEL_MODES:
            raise InvalidFieldError("modes", number, ", ".join(roads_pb2.TravelMode.keys()[1:]))
    wanted = {TRAVEL_MODES[number] for number in named}
    return tuple(mode for mode in TravelMode if mode in wanted)


def mode(number: roads_pb2.TravelMode.ValueType) -> TravelMode:
    """The travel mode; blue light when none is named.

    Raises
    ------
    InvalidFieldError
        The number is not one.
    """
    if not number:
        return TravelMode.BLUE_LIGHT
    if number not in TRAVEL_MODES:
        raise InvalidFieldError("mode", number, ", ".join(roads_pb2.TravelMode.keys()[1:]))
    return TRAVEL_MODES[number]


def vehicle(message: roads_pb2.Vehicle, mode: TravelMode) -> Vehicle:
    """A vehicle of a mode.

    Raises
    ------
    InvalidFieldError
        A size is below ``SMALLEST_SIZE`` or above ``LARGEST_SIZE``.
    """
    sizes: dict[str, float] = {}
    for field in SIZES:
        if message.HasField(field):
            sizes[field] = getattr(message, field)
            if not SMALLEST_SIZE <= sizes[field] <= LARGEST_SIZE[field]:
                allowed = f"{SMALLEST_SIZE:g} to {LARGEST_SIZE[field]:g}"
                raise InvalidFieldError(f"vehicle.{field}", sizes[field], allowed)
    return Vehicle(mode, **sizes)


def origin(message: common_pb2.Origin, mapping: ClientMapping) -> Origin:
    """Whose an object is: as it says, else as the client's mapping says."""
    return Origin(
        external_id=message.external_id[:LONGEST_WORDS],
        source=message.source[:LONGEST_WORDS] or mapping.client,
        agency=message.agency[:LONGEST_WORDS] or mapping.agency,
        parent_agency=message.parent_agency[:LONGEST_WORDS] or mapping.parent_agency,
    )


# Positions


def position(
    report: emergency_pb2.PositionReport, mapping: ClientMapping, bounds: Bounds, now: datetime
) -> Position | Remark:
    """A unit's position, or what is the matter with it."""
    point = _seen_at(report.point, mapping, bounds)
    if isinstance(point, Remark):
        return point
    if not report.HasField("observed_time"):
        return Remark("observed_time_missing")
    observed = instant(report.observed_time)
    if observed is None or not now - OLDEST <= observed <= now + TERMINAL_AHEAD:
        return Remark("observed_time_implausible", {"value": _seconds(report.observed_time)})
    heading = report.heading_deg if report.HasField("heading_deg") else -1.0
    speed = report.speed_kph if report.HasField("speed_kph") else -1.0
    return Position(
        point=point,
        observed=min(observed, now),
        heading_deg=heading if 0 <= heading <= 360 else None,
        speed_kph=speed if 0 <= speed < math.inf else None,
    )


def _seen_at(message: common_pb2.Point, mapping: ClientMapping, bounds: Bounds) -> LonLat | Remark:
    point = read_point(raw_point(message), client_system(message, mapping))
    if isinstance(point, Remark):
        return Remark("point_unusable", point.details)
    margin = _POSITION_MARGIN_DEG
    inside = (
        bounds.west - margin <= point.lon <= bounds.east + margin
        and bounds.south - margin <= point.lat <= bounds.north + margin
    )
    return point if inside else Remark("point_unusable", {"reason": "too_far"})


def _seconds(message: Timestamp) -> str:
    at = instant(message)
    return at.isoformat() if at else f"{message.seconds} s {message.nanos} ns"
