"""fleet.yaml: the stations, hospitals and units of a centre, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import yaml
from msgspec import Meta

from dispatch.emergency.plans import ResponsePlans
from dispatch.files.document import Document, read_document
from dispatch.files.refusals import Steps
from dispatch.files.words import Code, Id, Latitude, Longitude, OptionalText, Text
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.model import Hospital, Station, Unit
from dispatch.model import Capability, HospitalId, Origin, StationId, UnitId
from roadnets.errors import PointError
from roadnets.geo import CoordinateSystem, LonLat, to_wgs84

LONGEST_TURNOUT_S: Final = 1800


_HEADER = """\
# Stations, hospitals and units. docs/files.md explains every key. 车站、医院与车辆
#
# coordinate_system says how every lon and lat below is to be read: {systems}.
# invented: true marks what no source names: a suggestion to be replaced by the real one.
# turnout_s: seconds from the order to rolling wheels, at the station.
"""


class _Owned(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    external_id: OptionalText = ""
    source: OptionalText = ""
    agency: OptionalText = ""
    parent_agency: OptionalText = ""


class _Hospital(_Owned, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    id: Id
    name: Text
    name_en: OptionalText = ""
    lon: Longitude
    lat: Latitude
    invented: bool = False


class _Station(_Owned, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    id: Id
    name: Text
    name_en: OptionalText = ""
    kind: Code
    lon: Longitude
    lat: Latitude
    invented: bool = False


class _Unit(_Owned, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    id: Id
    call_sign: Text
    kind: Code
    station: Id
    capabilities: Annotated[tuple[Code, ...], Meta(min_length=1)]
    turnout_s: Annotated[int, Meta(ge=0, le=LONGEST_TURNOUT_S)]


class _FleetFile(msgspec.Struct, forbid_unknown_fields=True):
    coordinate_system: CoordinateSystem
    stations: Annotated[tuple[_Station, ...], Meta(min_length=1)]
    hospitals: tuple[_Hospital, ...]
    units: Annotated[tuple[_Unit, ...], Meta(min_length=1)]


def read_fleet(path: Path, plans: ResponsePlans) -> FleetFile:
    """Read the stations, hospitals and units of a centre.

    Parameters
    ----------
    path
        A fleet.yaml (see ``docs/files.md``).
    plans
        Their capabilities are those that a unit may have.

    Returns
    -------
    FleetFile
        Points in WGS84, whatever system the file is in; in the order of the file.

    Raises
    ------
    FileRefusedError
        The file is refused; says the line, the field, its value and what is allowed.
    """
    document = read_document(path, _FleetFile)
    file = document.value
    _check_unique(document)
    _check_units(document, plans)
    return FleetFile(
        stations=tuple(
            Station(
                station_id=StationId(s.id),
                name=s.name,
                name_en=s.name_en,
                kind=s.kind,
                point=_point(document, ("stations", i), s),
                invented=s.invented,
                origin=_origin(s),
            )
            for i, s in enumerate(file.stations)
        ),
        hospitals=tuple(
            Hospital(
                hospital_id=HospitalId(h.id),
                name=h.name,
                name_en=h.name_en,
                point=_point(document, ("hospitals", i), h),
                invented=h.invented,
                origin=_origin(h),
            )
            for i, h in enumerate(file.hospitals)
        ),
        units=tuple(
            Unit(
                unit_id=UnitId(u.id),
                call_sign=u.call_sign,
                kind=u.kind,
                station=StationId(u.station),
                capabilities=tuple(Capability(c) for c in u.capabilities),
                turnout_s=u.turnout_s,
                origin=_origin(u),
            )
            for u in file.units
        ),
    )


def write_fleet(fleet: FleetFile, path: Path) -> None:
    """Write a fleet.yaml that ``read_fleet`` reads back to an equal fleet.

    Parameters
    ----------
    fleet
        Equal fleets give equal bytes. Points are written in WGS84, one line for each object.
    path
        Replaced when it exists.
    """
    parts = [_HEADER.format(systems=", ".join(CoordinateSystem))]
    parts.append(f"coordinate_system: {CoordinateSystem.WGS84}\n")
    groups: dict[str, Iterable[_Owned]] = {
        "stations": map(_station_row, fleet.stations),
        "hospitals": map(_hospital_row, fleet.hospitals),
        "units": map(_unit_row, fleet.units),
    }
    for name, rows in groups.items():
        lines = [f"  - {_one_line(msgspec.to_builtins(row))}\n" for row in rows]
        parts.append(f"\n{name}:\n{''.join(lines)}" if lines else f"\n{name}: []\n")
    path.write_text("".join(parts), encoding="utf-8", newline="\n")


def _check_unique(document: Document[_FleetFile]) -> None:
    file = document.value
    for group in ("stations", "hospitals", "units"):
        first: dict[str, Steps] = {}
        for i, item in enumerate(getattr(file, group)):
            steps = (group, i, "id")
            if item.id in first:
                raise document.repetition(steps, first[item.id], item.id)
            first[item.id] = steps
    theirs: dict[tuple[str, str], Steps] = {}
    for i, unit in enumerate(file.units):
        steps = ("units", i, "external_id")
        known_as = (unit.agency, unit.external_id)
        if unit.external_id and known_as in theirs:
            raise document.repetition(steps, theirs[known_as], unit.external_id)
        theirs[known_as] = steps


def _check_units(document: Document[_FleetFile], plans: ResponsePlans) -> None:
    stations = [s.id for s in document.value.stations]
    known = set(stations)
    for i, unit in enumerate(document.value.units):
        if unit.station not in known:
            raise document.refusal(("units", i, "station"), unit.station, stations)
        for j, capability in enumerate(unit.capabilities):
            steps = ("units", i, "capabilities", j)
            if capability not in plans.capabilities:
                raise document.refusal(steps, capability, plans.capabilities)
            first = unit.capabilities.index(capability)
            if first < j:
                raise document.repetition(steps, (*steps[:-1], first), capability)


def _point(document: Document[_FleetFile], steps: Steps, place: _Station | _Hospital) -> LonLat:
    system = document.value.coordinate_system
    try:
        return to_wgs84(place.lon, place.lat, system)
    except PointError as error:
        value = f"{place.lon}, {place.lat}"
        raise document.refusal((*steps, "lon"), value, f"a point in {system}: {error}") from error


def _origin(owned: _Owned) -> Origin:
    return Origin(owned.external_id, owned.source, owned.agency, owned.parent_agency)


def _owner(origin: Origin) -> dict[str, str]:
    return {name: getattr(origin, name) for name in Origin.__struct_fields__}


def _station_row(station: Station) -> _Station:
    return _Station(
        id=station.station_id,
        name=station.name,
        name_en=station.name_en,
        kind=station.kind,
        lon=station.point.lon,
        lat=station.point.lat,
        invented=station.invented,
        **_owner(station.origin),
    )


def _hospital_row(hospital: Hospital) -> _Hospital:
    return _Hospital(
        id=hospital.hospital_id,
        name=hospital.name,
        name_en=hospital.name_en,
        lon=hospital.point.lon,
        lat=hospital.point.lat,
        invented=hospital.invented,
        **_owner(hospital.origin),
    )


def _unit_row(unit: Unit) -> _Unit:
    return _Unit(
        id=unit.unit_id,
        call_sign=unit.call_sign,
        kind=unit.kind,
        station=unit.station,
        capabilities=unit.capabilities,
        turnout_s=unit.turnout_s,
        **_owner(unit.origin),
    )


def _one_line(row: Mapping[str, Any]) -> str:
    """Write one object in YAML's flow style; the names first, who owns it last."""
    owner = [name for name in Origin.__struct_fields__ if name in row]
    ordered = {**{k: v for k, v in row.items() if k not in owner}, **{k: row[k] for k in owner}}
    text: str = yaml.safe_dump(
        ordered, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return text.strip()
