"""Demand: an hour of invented emergency calls over the streets of a network.

Everything is drawn from the generator passed in: the same seed gives the same calls.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import shapely
from msgspec.structs import replace as replace_struct
from numpy.typing import NDArray

from dispatch.emergency.plans import IncidentType, ResponsePlans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.model import Unit
from dispatch.model import Capability, UnitId
from roadnets.geo import CoordinateSystem, LocalProjection, LonLat, from_wgs84
from roadnets.lines import cut_line
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE, HIGHWAY_CLASSES, RoadNetwork
from roadnets.travel import TravelMode
from roadnets.weights.speeds import drivable

_Needs = defaultdict[Capability, float]
"""How many units with each capability a call needs on average."""


class Service(StrEnum):
    """Which number was called."""

    MEDICAL = "120"
    FIRE = "119"


ALS, BLS, PUMP = Capability("als"), Capability("bls"), Capability("pump")
MEDICAL_CAPABILITIES = frozenset({ALS, BLS})

SHARES: Mapping[str, float] = {
    # 120
    "sick_person": 16,
    "fall": 12,
    "trauma_road_accident": 11,
    "chest_pain": 9,
    "breathing": 9,
    "trauma": 9,
    "unconscious": 7,
    "stroke": 6,
    "bleeding": 4,
    "seizure": 4,
    "transfer": 4,
    "cardiac_arrest": 3,
    "poisoning": 3,
    "allergy": 2,
    "childbirth": 2,
    "mass_casualty": 0.1,
    # 119
    "alarm": 22,
    "public_assistance": 16,
    "structure_fire": 14,
    "outdoor_fire": 12,
    "trapped_in_lift": 10,
    "vehicle_fire": 8,
    "gas_leak": 6,
    "trapped_in_vehicle": 4,
    "rescue_height": 2,
    "rescue_water": 2,
    "high_rise_fire": 1.5,
    "hazmat_release": 1,
    "collapse": 0.2,
    "explosion": 0.2,
}
"""Parts of a service's calls that are of a type. A convention for demonstrations, not a statistic;
a type of the plans that is not listed counts 1."""

DEFAULT_PRIORITY_SHARE = 0.75
"""Part of a type's calls that have its default priority; the other priorities share the rest."""

GCJ02_SHARE = 0.12
"""Part of the calls whose point is given as a Chinese map shows it."""

TRAFFIC_TYPES = frozenset({"trauma_road_accident", "vehicle_fire", "trapped_in_vehicle"})
MAIN_ROADS = frozenset(
    f"{road}{link}"
    for road in ("motorway", "trunk", "primary", "secondary", "tertiary")
    for link in ("", "_link")
)
NO_ADDRESSES = frozenset(
    {"motorway", "motorway_link", "trunk_link", "busway", "track", "emergency_access"}
)

OFFSET_M = 12.0
"""Standard deviation of a caller's distance from the middle of the street, metres."""


@dataclass(frozen=True, slots=True)
class Call:
    """An emergency call to come.

    Attributes
    ----------
    at_s
        Seconds after the start.
    point
        Where it is, WGS84.
    lon, lat, system
        The same place as the caller's system gives it.
    patients
        None where nobody is hurt.
    """

    at_s: float
    service: Service
    incident_type: str
    priority: int
    point: LonLat
    lon: float
    lat: float
    system: CoordinateSystem
    address: str
    patients: int | None


@dataclass(frozen=True, slots=True)
class Load:
    """Expected calls an hour by service."""

    medical: float
    fire: float

    @property
    def total(self) -> float:
        """Of both services."""
        return self.medical + self.fire


UTILISATION = 0.65
"""Part of the scarcest units that is out at the height of a busy hour."""
CARE_AND_HANDOVER_S = 1300.0
WORK_S = 1300.0
"""Usual time on scene and at the hospital, and of fire and rescue work; without any driving."""
DRIVES = 2.5
"""Drives of an order: out, for most patients to a hospital, and part of the way home."""
MOST_FIRE = 0.3
"""Fire calls are not more than this part of the medical ones."""


def load_for(fleet: FleetFile, plans: ResponsePlans, drive_s: float) -> Load:
    """What a fleet can bear in a busy hour, so that most needs are met and a few have to wait.

    Parameters
    ----------
    drive_s
        Seconds from the nearest station to a usual call.
    """
    medical, fire = (_Kinds(plans, service).expected_needs() for service in Service)

    def bearable(base_s: float, capabilities: Iterable[Capability], call: _Needs) -> float:
        """Calls an hour that keep the units with any of the capabilities as busy as may be."""
        wanted = set(capabilities)
        units = sum(bool(wanted & set(unit.capabilities)) for unit in fleet.units)
        needed = sum(call[c] for c in wanted)
        hours = needed * (base_s + DRIVES * drive_s) / 3600.0
        return UTILISATION * units / hours if hours else 0.0

    engines = bearable(WORK_S, [PUMP], fire)
    both = _Needs(float, {c: medical[c] + MOST_FIRE * fire[c] for c in MEDICAL_CAPABILITIES})
    ambulances = min(
        bearable(CARE_AND_HANDOVER_S, MEDICAL_CAPABILITIES, both),
        bearable(CARE_AND_HANDOVER_S, [ALS], both),
    )
    return Load(medical=ambulances, fire=min(engines, MOST_FIRE * ambulances or engines))


def enlarged(fleet: FleetFile, plans: ResponsePlans, drive_s: float, calls: int) -> FleetFile:
    """The fleet, or one that can bear so many calls an hour: units again, where they stand.

    Of each kind the same part is there again, spread over the fleet in its order.
    """
    load = load_for(fleet, plans, drive_s).total
    times = max(1.0, calls / load) if load > 0 else 1.0
    seen: Counter[str] = Counter()
    units: list[Unit] = []
    for unit in fleet.units:
        before = seen[unit.kind]
        seen[unit.kind] += 1
        copies = math.ceil((before + 1) * times - 1e-9) - math.ceil(before * times - 1e-9)
        units += [_copy(unit, number) for number in range(copies)]
    return replace_struct(fleet, units=tuple(units))


def _copy(unit: Unit, number: int) -> Unit:
    """The unit itself, or one beside it: A01, A01b, A01c."""
    if number == 0:
        return unit
    letter = chr(ord("a") + number) if number < 26 else f"-{number + 1}"
    sign = f"{unit.call_sign}{letter}" if unit.call_sign else ""
    return replace_struct(unit, unit_id=UnitId(f"{unit.unit_id}{letter}"), call_sign=sign)


def service_of(kind: IncidentType) -> Service:
    """The service that a type is for: what the first need of its usual plan is for."""
    first = kind.plan(kind.default_priority).needs[0]
    return Service.MEDICAL if first.capability in MEDICAL_CAPABILITIES else Service.FIRE


class CallPlaces:
    """Where calls come from: by population where districts tell it, and along the streets.

    A district's calls spread over the length of its streets; streets in no district count as the
    emptiest one. Road accidents happen on main roads, everything else where people live.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self._network = network
        self._district = _districts(network)
        once = _streets_once(network)
        weight = network.edge_length_m * _density(network, self._district, once) * once
        classes = np.array(HIGHWAY_CLASSES)[network.edge_class]
        self._traffic = _shares(weight, np.isin(classes, sorted(MAIN_ROADS)))
        self._homes = _shares(weight, ~np.isin(classes, sorted(NO_ADDRESSES)))

    @property
    def homes(self) -> NDArray[np.bool_]:
        """Edges that people live along, bool (m,)."""
        return self._homes > 0

    def draw(self, rng: np.random.Generator, *, traffic: bool) -> tuple[LonLat, str]:
        """A point beside a street, and its address."""
        shares = self._traffic if traffic else self._homes
        edge = int(rng.choice(len(shares), p=shares))
        return self.on_edge(edge, rng), self.address(edge)

    def on_edge(self, edge: int, rng: np.random.Generator) -> LonLat:
        """A point anywhere along an edge, a few metres off."""
        fraction = float(rng.uniform(0.02, 0.98))
        foot = cut_line(self._network.edge_line(edge), fraction, 1.0)[0]
        offset = np.clip(rng.normal(0.0, OFFSET_M, (1, 2)), -3 * OFFSET_M, 3 * OFFSET_M)
        lon, lat = LocalProjection(foot).to_degrees(offset)[0].tolist()
        return LonLat(round(lon, 6), round(lat, 6))

    def address(self, edge: int) -> str:
        """Street and district, as far as they have names."""
        street, _ = self._network.edge_names(edge)
        index = int(self._district[edge])
        district = self._network.districts[index].name if index >= 0 else ""
        return " ".join(part for part in (district, street) if part)


def draw_calls(
    places: CallPlaces,
    plans: ResponsePlans,
    load: Load,
    rng: np.random.Generator,
    *,
    hours: float = 1.0,
    at_least: int = 0,
) -> tuple[Call, ...]:
    """Draw calls in order of time.

    Parameters
    ----------
    load
        Expected calls an hour; the number is Poisson.
    hours
        How long; given their number, arrivals are uniform over it, as a Poisson process has them.
    at_least
        Fewer calls than this are made up to it.

    Returns
    -------
    tuple[Call, ...]
        Calls, the earliest first.
    """
    count = max(at_least, int(rng.poisson(load.total * hours)))
    times = np.sort(rng.uniform(0.0, hours * 3600.0, count))
    medical = _Kinds(plans, Service.MEDICAL)
    fire = _Kinds(plans, Service.FIRE)
    calls = []
    for at_s in times.tolist():
        to_medical = rng.random() * load.total < load.medical
        kinds = (medical if to_medical or not fire.kinds else fire) if medical.kinds else fire
        calls.append(_call(at_s, kinds, places, rng))
    return tuple(calls)


def with_point(call: Call, point: LonLat, address: str) -> Call:
    """The same call from another place."""
    lon, lat = from_wgs84(point, call.system)
    return replace(call, point=point, lon=lon, lat=lat, address=address)


class _Kinds:
    """The types of a service with their shares."""

    def __init__(self, plans: ResponsePlans, service: Service) -> None:
        self.service = service
        self.kinds = [k for _, k in sorted(plans.types.items()) if service_of(k) is service]
        shares = np.array([SHARES.get(kind.code, 1.0) for kind in self.kinds])
        self._shares = shares / shares.sum() if len(shares) else shares

    def expected_needs(self) -> _Needs:
        """What a call of the service needs on average."""
        expected = _Needs(float)
        for kind, share in zip(self.kinds, self._shares.tolist(), strict=True):
            for priority, part in _priority_shares(kind).items():
                for need in kind.plan(priority).needs:
                    expected[need.capability] += share * part * need.count
        return expected

    def draw(self, rng: np.random.Generator) -> IncidentType:
        return self.kinds[int(rng.choice(len(self.kinds), p=self._shares))]


def _call(at_s: float, kinds: _Kinds, places: CallPlaces, rng: np.random.Generator) -> Call:
    kind = kinds.draw(rng)
    point, address = places.draw(rng, traffic=kind.code in TRAFFIC_TYPES)
    priority = _priority(kind, rng)
    chinese_map = rng.random() < GCJ02_SHARE
    system = CoordinateSystem.GCJ02 if chinese_map else CoordinateSystem.WGS84
    lon, lat = from_wgs84(point, system)
    return Call(
        at_s=round(at_s, 1),
        service=kinds.service,
        incident_type=kind.code,
        priority=priority,
        point=point,
        lon=lon,
        lat=lat,
        system=system,
        address=address,
        patients=_patients(kind, priority, rng),
    )


def _priority(kind: IncidentType, rng: np.random.Generator) -> int:
    shares = _priority_shares(kind)
    return int(rng.choice(list(shares), p=list(shares.values())))


def _priority_shares(kind: IncidentType) -> dict[int, float]:
    """Part of a type's calls that have each priority of its plans."""
    others = [p for p in sorted(kind.plans) if p != kind.default_priority]
    if not others:
        return {kind.default_priority: 1.0}
    rest = (1.0 - DEFAULT_PRIORITY_SHARE) / len(others)
    return {kind.default_priority: DEFAULT_PRIORITY_SHARE} | dict.fromkeys(others, rest)


def _patients(kind: IncidentType, priority: int, rng: np.random.Generator) -> int | None:
    if not kind.plan(priority).transport:
        return None
    return 1 + int(rng.poisson(0.5)) if kind.code in TRAFFIC_TYPES else 1


def _districts(network: RoadNetwork) -> NDArray[np.int64]:
    """For each edge the smallest populated district around its middle, or -1; int64 (m,)."""
    both = network.geometry_start[:-1] + network.geometry_start[1:]
    middle = network.geometry[(both - 1) // 2].astype(np.float64) + network.geometry[both // 2]
    lon, lat = (middle / (2 * GEOMETRY_UNITS_PER_DEGREE)).T
    inside = np.full(network.edge_count, -1, np.int64)
    polygons = [shapely.Polygon(d.ring) if len(d.ring) > 3 else None for d in network.districts]
    sizes = [p.area if p is not None else math.inf for p in polygons]
    for index in sorted(range(len(polygons)), key=lambda i: -sizes[i]):
        polygon = polygons[index]
        if polygon is not None and network.districts[index].population > 0:
            inside[shapely.contains_xy(polygon, lon, lat)] = index
    return inside


def _streets_once(network: RoadNetwork) -> NDArray[np.bool_]:
    """One driven edge of each street, bool (m,)."""
    driven = drivable(network, TravelMode.BLUE_LIGHT)
    twin = network.edge_twin
    both = (twin >= 0) & driven[twin]
    once: NDArray[np.bool_] = driven & (~both | (np.arange(network.edge_count) < twin))
    return once


def _density(
    network: RoadNetwork, district: NDArray[np.int64], once: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """People a metre of street, float64 (m,)."""
    density = np.zeros(network.edge_count)
    for index, area in enumerate(network.districts):
        inside = district == index
        length_m = float(network.edge_length_m[inside & once].sum())
        if length_m > 0:
            density[inside] = area.population / length_m
    known = density[density > 0]
    return np.where(density > 0, density, known.min() if len(known) else 1.0)


def _shares(weight: NDArray[np.float64], wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of the edges wanted, or of all when none is; sum 1."""
    chosen = weight * wanted
    if not chosen.any():
        chosen = weight
    return np.asarray(chosen / chosen.sum())
