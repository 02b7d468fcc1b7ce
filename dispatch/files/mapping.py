"""mapping.yaml: what each client calls our units, statuses, incident types and hospitals."""

from __future__ import annotations

import zoneinfo
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from dispatch.emergency.plans import ResponsePlans
from dispatch.files.document import Document, read_document
from dispatch.files.refusals import Steps
from dispatch.files.words import Code, Id, OptionalText, Text
from dispatch.fleet.fleet_file import FleetFile
from dispatch.intake.mapping import (
    ISO,
    ClientMapping,
    Language,
    LogColumns,
    Mappings,
    Moment,
    make_mappings,
)
from dispatch.model import HospitalId, UnitId, UnitStatus
from roadnets.geo import CoordinateSystem

_AFTERNOON: Final = datetime(2021, 12, 30, 16, 45, tzinfo=UTC)

_ClientId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.@:-]{1,64}\Z",
        description="1 to 64 of the characters A-Z a-z 0-9 _ . @ : -",
    ),
]


class _Log(msgspec.Struct, forbid_unknown_fields=True):
    unit: OptionalText = ""
    status: OptionalText = ""
    incident_type: OptionalText = ""
    hospital: OptionalText = ""
    longitude: OptionalText = ""
    latitude: OptionalText = ""
    point: OptionalText = ""
    point_order: Literal["longitude_first", "latitude_first"] = "longitude_first"
    times: dict[Moment, Text] = {}
    time_formats: tuple[Text, ...] = (ISO,)


class _Client(msgspec.Struct, forbid_unknown_fields=True):
    coordinate_system: CoordinateSystem | None = None
    time_zone: OptionalText = ""
    agency: OptionalText = ""
    parent_agency: OptionalText = ""
    language: Language | None = None
    units: dict[Text, Id] = {}
    statuses: dict[Text, UnitStatus] = {}
    incident_types: dict[Text, Code] = {}
    hospitals: dict[Text, Id] = {}
    log: _Log | None = None


class _MappingFile(msgspec.Struct, forbid_unknown_fields=True):
    clients: dict[_ClientId, _Client]


def read_mappings(path: Path, plans: ResponsePlans, fleet: FleetFile | None) -> Mappings:
    """Read what clients call things.

    Parameters
    ----------
    path
        A mapping.yaml (see ``docs/files.md``).
    plans
        Their incident types are those that a client's may become.
    fleet
        Its units and hospitals likewise; None: those targets are not checked.

    Returns
    -------
    Mappings
        Checked: whatever a client's value becomes exists here.

    Raises
    ------
    FileRefusedError
        The file is refused; says the line, the field, its value and what is allowed.
    """
    document = read_document(path, _MappingFile)
    for name, client in document.value.clients.items():
        steps = ("clients", name)
        _check_targets(document, (*steps, "incident_types"), client.incident_types, plans.types)
        if fleet is not None:
            units = [u.unit_id for u in fleet.units]
            hospitals = [h.hospital_id for h in fleet.hospitals]
            _check_targets(document, (*steps, "units"), client.units, units)
            _check_targets(document, (*steps, "hospitals"), client.hospitals, hospitals)
        if client.time_zone:
            _check_time_zone(document, (*steps, "time_zone"), client.time_zone)
        if client.log is not None:
            _check_log(document, (*steps, "log"), client.log)
    clients = [_mapping(name, client) for name, client in document.value.clients.items()]
    return make_mappings(clients, plans, fleet)


def _check_targets(
    document: Document[_MappingFile],
    steps: Steps,
    targets: Mapping[str, str],
    ours: Collection[str],
) -> None:
    for theirs, target in targets.items():
        if target not in ours:
            raise document.refusal((*steps, theirs), target, ours)


def _check_time_zone(document: Document[_MappingFile], steps: Steps, name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        known = sorted(zoneinfo.available_timezones())
        allowed = "an IANA name such as Asia/Shanghai"
        raise document.refusal(steps, name, allowed, nearest=known) from error


def _check_log(document: Document[_MappingFile], steps: Steps, log: _Log) -> None:
    pair = {"longitude": log.longitude, "latitude": log.latitude}
    if log.point and any(pair.values()):
        allowed = "either point, or longitude and latitude"
        raise document.refusal((*steps, "point"), log.point, allowed)
    if any(pair.values()) and not all(pair.values()):
        lacking = next(name for name, column in pair.items() if not column)
        raise document.refusal((*steps, lacking), None, "the name of its column")
    if log.times and not log.time_formats:
        raise document.refusal((*steps, "time_formats"), [], f"{ISO}, or a pattern of strptime")
    for i, pattern in enumerate(log.time_formats):
        if pattern != ISO and not _reads_times(pattern):
            allowed = f"{ISO}, or a pattern of strptime with date and time, %Y-%m-%d %H:%M:%S"
            raise document.refusal((*steps, "time_formats", i), pattern, allowed)


def _reads_times(pattern: str) -> bool:
    """Whether a pattern gives back the minute of a time, neither losing the date nor the half."""
    try:
        text = _AFTERNOON.strftime(pattern)
        return datetime.strptime(text, pattern).replace(tzinfo=UTC) == _AFTERNOON
    except ValueError:
        return False


def _mapping(name: str, client: _Client) -> ClientMapping:
    log = client.log
    return ClientMapping(
        client=name,
        coordinate_system=client.coordinate_system,
        time_zone=client.time_zone,
        agency=client.agency,
        parent_agency=client.parent_agency,
        language=client.language,
        units={theirs: UnitId(ours) for theirs, ours in client.units.items()},
        statuses=client.statuses,
        incident_types=client.incident_types,
        hospitals={theirs: HospitalId(ours) for theirs, ours in client.hospitals.items()},
        log=None if log is None else LogColumns(**msgspec.structs.asdict(log)),
    )
