"""A first fleet for a city that has none on file, from what its map knows.

It is for trying things out, never a staffing plan. The rules, in the order of use:

1. **Ambulances**: one for every 30,000 people that the districts of the map count (Shanghai has
   one for 25,000, Beijing a crew for 34,000), but no more than one for each 20 km of street, since
   a map may count people who live beyond its edge; one for every 100 km where it counts nobody.
   Never fewer than tagged ambulance stations, nor than the plans need for one incident. Half of
   them give advanced life support.
2. **Ambulance bases**: one for every two ambulances. Tagged ambulance stations first, then
   hospitals, at which ambulances stand in many cities, then invented posts.
3. **Fire stations**: one for every 15 km² with streets (建标 152-2017, a suburban station's area).
   The tagged ones; more are invented only where the map has less than a quarter of that.
4. **Appliances**: an engine at every fire station; a ladder and a rescue tender for every three,
   a tanker for every five, command, hazardous materials and a boat for every eight; never fewer
   than the plans need for one incident.
5. **Hospitals**: those tagged, unless tagged without emergency care; where there are none, one
   is invented for every eight ambulances.

What is chosen among hospitals, or invented at a junction, is spread by the greedy p-median:
each new one lowers most the mean straight-line distance of the streets, by their length without
motorways, from the nearest base. Turnouts are the targets of NFPA 1710: 60 s and 80 s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from dispatch.fleet.city import City
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.model import Hospital, Station, Unit
from dispatch.model import Capability, HospitalId, Origin, StationId, UnitId
from roadnets.beside import Place, PlaceKind
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork

PEOPLE_AN_AMBULANCE: Final = 30_000
LEAST_KM_AN_AMBULANCE: Final = 20.0
UNCOUNTED_KM_AN_AMBULANCE: Final = 100.0
AMBULANCES_A_BASE: Final = 2
AMBULANCES_A_HOSPITAL: Final = 8
KM2_A_FIRE_STATION: Final = 15.0
ENOUGH_FIRE_STATIONS: Final = 0.25
AMBULANCE_TURNOUT_S: Final = 60
APPLIANCE_TURNOUT_S: Final = 80

_ALS, _BLS = Capability("als"), Capability("bls")


class _Appliance(NamedTuple):
    """A kind of vehicle: its letter, what it can do, how many fire stations share one."""

    letter: str
    kind: str
    capabilities: tuple[str, ...]
    stations: int


_APPLIANCES: Final = (
    _Appliance("E", "engine", ("pump",), 1),
    _Appliance("L", "ladder", ("ladder",), 3),
    _Appliance("R", "rescue_tender", ("rescue",), 3),
    _Appliance("T", "water_tanker", ("water_tanker", "pump"), 5),
    _Appliance("C", "command_car", ("command",), 8),
    _Appliance("X", "hazmat_tender", ("hazmat",), 8),
    _Appliance("B", "boat_tender", ("boat",), 8),
)


def suggest_fleet(network: RoadNetwork, needed: Mapping[Capability, int]) -> FleetFile:
    """Suggest stations, hospitals and units for a city; the same network gives the same fleet.

    Parameters
    ----------
    network
        Its tagged places on the core are used; where they lack, others are invented and say so.
    needed
        The most units that one incident needs with each capability
        (``dispatch.emergency.largest_needs``); each exists at least so many times.

    Returns
    -------
    FleetFile
        Every unit serves at least one of the needs; stations without a unit are left out.
    """
    city = City.survey(network)
    ambulances = _ambulance_count(city, needed)
    hospitals = _hospitals(city, ambulances)
    bases = _ambulance_bases(city, math.ceil(ambulances / AMBULANCES_A_BASE))
    appliances = [a for a in (*_APPLIANCES, *_others(needed)) if a.capabilities[0] in needed]
    houses = _fire_stations(city) if appliances else []
    units = [*_ambulances(bases, ambulances, needed), *_appliances(houses, appliances, needed)]
    manned = {unit.station for unit in units}
    stations = [s for s in (*bases, *houses) if s.station_id in manned]
    return FleetFile(tuple(stations), tuple(hospitals), tuple(units))


def _ambulance_count(city: City, needed: Mapping[Capability, int]) -> int:
    if not (needed.get(_ALS) or needed.get(_BLS)):
        return 0
    if city.people:
        count = min(city.people / PEOPLE_AN_AMBULANCE, city.street_km / LEAST_KM_AN_AMBULANCE)
    else:
        count = city.street_km / UNCOUNTED_KM_AN_AMBULANCE
    stations = len(city.tagged(PlaceKind.AMBULANCE_STATION))
    return max(round(count), stations, needed.get(_ALS, 0) + needed.get(_BLS, 0))


def _hospitals(city: City, ambulances: int) -> list[Hospital]:
    tagged = _with_emergency_care(city)
    if tagged:
        return [
            Hospital(
                hospital_id=HospitalId(_number("H", i)),
                name=_text(place.name) or f"医院{i}",
                name_en=_text(place.name_en) or ("" if _text(place.name) else f"Hospital {i}"),
                point=place.point,
                origin=_map_origin(place),
            )
            for i, place in enumerate(tagged, 1)
        ]
    count = math.ceil(ambulances / AMBULANCES_A_HOSPITAL)
    return [
        Hospital(
            hospital_id=HospitalId(_number("H", i)),
            name=f"虚拟医院{i}",
            name_en=f"Invented hospital {i}",
            point=point,
            invented=True,
        )
        for i, point in enumerate(city.invent(count, ()), 1)
    ]


def _with_emergency_care(city: City) -> list[Place]:
    """Hospitals on the core, those tagged with emergency care before others, named before not."""
    places = [p for p in city.tagged(PlaceKind.HOSPITAL) if p.tags.get("emergency") != "no"]
    return sorted(places, key=lambda p: (not _is_emergency_hospital(p), not p.name))


def _is_emergency_hospital(place: Place) -> bool:
    return place.tags.get("emergency") == "yes"


def _ambulance_bases(city: City, count: int) -> list[Station]:
    if not count:
        return []
    bases = [
        _tagged_station(_number("S", i), place, "急救站", "Ambulance station", i)
        for i, place in enumerate(city.tagged(PlaceKind.AMBULANCE_STATION), 1)
    ]
    hospitals = _base_hospitals(city, count - len(bases), [s.point for s in bases])
    bases += [
        _tagged_station(_number("HS", i), hospital, "医院急救站", "Hospital base", i)
        for i, hospital in enumerate(hospitals, 1)
    ]
    points = city.invent(count - len(bases), [s.point for s in bases])
    bases += [
        _invented_station(_number("P", i), point, "post", f"虚拟站点{i}", f"Invented post {i}")
        for i, point in enumerate(points, 1)
    ]
    return bases


def _base_hospitals(city: City, count: int, taken: Sequence[LonLat]) -> list[Place]:
    """Hospitals to stand at, spread out; those tagged with emergency care before others."""
    chosen: list[Place] = []
    places = _with_emergency_care(city)
    for emergency in (True, False):
        among = [p for p in places if _is_emergency_hospital(p) is emergency]
        there = [*taken, *(p.point for p in chosen)]
        sites = city.spread(count - len(chosen), there, [p.point for p in among])
        chosen += [among[site] for site in sites]
    return chosen


def _fire_stations(city: City) -> list[Station]:
    houses = [
        _tagged_station(_number("F", i), place, "消防站", "Fire station", i)
        for i, place in enumerate(city.tagged(PlaceKind.FIRE_STATION), 1)
    ]
    enough = max(1, round(city.area_km2 / KM2_A_FIRE_STATION))
    if len(houses) >= enough * ENOUGH_FIRE_STATIONS:
        return houses
    points = city.invent(enough - len(houses), [s.point for s in houses])
    houses += [
        _invented_station(
            _number("FP", i), point, "fire_station", f"虚拟消防站{i}", f"Invented fire station {i}"
        )
        for i, point in enumerate(points, 1)
    ]
    return houses


def _tagged_station(station_id: str, place: Place, name: str, name_en: str, i: int) -> Station:
    return Station(
        station_id=StationId(station_id),
        name=_text(place.name) or f"{name}{i}",
        name_en=_text(place.name_en) or ("" if _text(place.name) else f"{name_en} {i}"),
        kind=str(place.kind),
        point=place.point,
        origin=_map_origin(place),
    )


def _invented_station(
    station_id: str, point: LonLat, kind: str, name: str, name_en: str
) -> Station:
    return Station(
        station_id=StationId(station_id),
        name=name,
        name_en=name_en,
        kind=kind,
        point=point,
        invented=True,
    )


def _ambulances(
    bases: Sequence[Station], count: int, needed: Mapping[Capability, int]
) -> list[Unit]:
    """Round the bases: first those with advanced life support, then the others."""
    als_needed, bls_needed = needed.get(_ALS, 0), needed.get(_BLS, 0)
    advanced = max(als_needed, min(math.ceil(count / 2), count - bls_needed))
    if not als_needed or not bls_needed:
        advanced = count if als_needed else 0
    both = tuple(c for c in (_ALS, _BLS) if c in needed)
    return [
        Unit(
            unit_id=UnitId(_number("A", i + 1)),
            call_sign=f"120-{_number('A', i + 1)}",
            kind="ambulance_als" if i < advanced else "ambulance_bls",
            station=bases[i % len(bases)].station_id,
            capabilities=both if i < advanced else (_BLS,),
            turnout_s=AMBULANCE_TURNOUT_S,
            origin=Origin(agency="120"),
        )
        for i in range(count)
    ]


def _others(needed: Mapping[Capability, int]) -> list[_Appliance]:
    """A kind of its own for each capability that no known vehicle has."""
    known = {_ALS, _BLS} | {c for a in _APPLIANCES for c in a.capabilities}
    return [_Appliance("U", c, (c,), 8) for c in needed if c not in known]


def _appliances(
    houses: Sequence[Station], kinds: Sequence[_Appliance], needed: Mapping[Capability, int]
) -> list[Unit]:
    """Spread each kind evenly over the list of fire stations, each beginning at another one."""
    units: list[Unit] = []
    numbers: dict[str, int] = {}
    for offset, kind in enumerate(kinds):
        main = Capability(kind.capabilities[0])
        count = max(math.ceil(len(houses) / kind.stations), needed[main])
        for i in range(count):
            house = houses[(offset + i * len(houses) // count) % len(houses)]
            numbers[kind.letter] = numbers.get(kind.letter, 0) + 1
            unit_id = _number(kind.letter, numbers[kind.letter])
            units.append(
                Unit(
                    unit_id=UnitId(unit_id),
                    call_sign=f"119-{unit_id}",
                    kind=kind.kind,
                    station=house.station_id,
                    capabilities=tuple(Capability(c) for c in kind.capabilities if c in needed),
                    turnout_s=APPLIANCE_TURNOUT_S,
                    origin=Origin(agency="119"),
                )
            )
    return units


def _number(letters: str, number: int) -> str:
    return f"{letters}{number:02d}"


def _text(name: str) -> str:
    """Make a map's name fit for one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:200].strip()


def _map_origin(place: Place) -> Origin:
    return Origin(external_id=place.osm_id, source="osm")
