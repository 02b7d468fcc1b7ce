"""Hospitals, stations, depots, shelters and districts of the made-up city."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from roadnets.sources.samplecity.geometry import Line, Point, between, distance
from roadnets.sources.samplecity.names import Name
from roadnets.sources.samplecity.plan import Plan

_BESIDE_M: Final = 55.0
_OPEN_STREETS: Final = frozenset({"primary", "secondary", "tertiary", "residential"})


@dataclass(frozen=True, slots=True)
class Landmark:
    """A place: a point, the outline of its ground, or a relation around that outline."""

    element: str
    tags: dict[str, str]
    at: Point
    outline: Line


class District(NamedTuple):
    """A district and the borders around it."""

    tags: dict[str, str]
    borders: list[Line]


class _Row(NamedTuple):
    x: float
    y: float
    name: Name
    element: str
    tags: dict[str, str]


def _hospital(x: float, y: float, local: str, english: str, beds: int, element: str) -> _Row:
    tags = {"amenity": "hospital", "healthcare": "hospital", "emergency": "yes", "beds": str(beds)}
    return _Row(x, y, Name(local, english), element, tags)


def _ambulances(x: float, y: float, local: str, english: str) -> _Row:
    return _Row(x, y, Name(local, english), "node", {"emergency": "ambulance_station"})


def _firefighters(x: float, y: float, local: str, english: str) -> _Row:
    name = Name(f"{local}消防救援站", f"{english} Fire and Rescue Station")
    return _Row(x, y, name, "way", {"amenity": "fire_station", "building": "fire_station"})


def _depot(x: float, y: float, local: str, english: str, tags: dict[str, str]) -> _Row:
    return _Row(x, y, Name(local, english), "way", tags)


def _shelter(x: float, y: float, local: str, english: str, persons: int) -> _Row:
    name = Name(f"{local}应急避难场所", f"{english} Emergency Shelter")
    tags = {
        "emergency": "assembly_point",
        "assembly_point:flood": "yes",
        "assembly_point:earthquake": "yes",
        "capacity:persons": str(persons),
    }
    return _Row(x, y, name, "node", tags)


_ROWS: Final = (
    _hospital(
        -420, 1520, "澜江市第一人民医院", "Lanjiang First People's Hospital", 1800, "relation"
    ),
    _hospital(-1450, 760, "澜江市中医院", "Lanjiang Hospital of Chinese Medicine", 800, "way"),
    _hospital(950, -760, "江南人民医院", "Jiangnan People's Hospital", 1200, "way"),
    _hospital(2750, 2350, "澜江大学附属医院", "Lanjiang University Hospital", 1500, "way"),
    _hospital(-2650, -2650, "花园区人民医院", "Huayuan District People's Hospital", 500, "way"),
    _hospital(3900, -2050, "高新区医院", "Gaoxin District Hospital", 600, "node"),
    _ambulances(260, 1720, "澜江市急救中心", "Lanjiang Emergency Medical Centre"),
    _ambulances(-520, 1440, "第一人民医院急救站", "First People's Hospital Ambulance Station"),
    _ambulances(1010, -690, "江南急救站", "Jiangnan Ambulance Station"),
    _ambulances(2650, 2450, "学府急救站", "Xuefu Ambulance Station"),
    _ambulances(-3850, 850, "西津急救站", "Xijin Ambulance Station"),
    _ambulances(-2400, 3050, "北山急救站", "Beishan Ambulance Station"),
    _ambulances(4550, 760, "临港急救站", "Lingang Ambulance Station"),
    _ambulances(380, -2750, "南郊急救站", "Nanjiao Ambulance Station"),
    _ambulances(-3300, -2250, "花园急救站", "Huayuan Ambulance Station"),
    _ambulances(2650, -1750, "高新急救站", "Gaoxin Ambulance Station"),
    _firefighters(-760, 1080, "鼓楼", "Gulou"),
    _firefighters(1350, 1050, "东门", "Dongmen"),
    _firefighters(-3500, 350, "西津", "Xijin"),
    _firefighters(-3100, 2650, "北山", "Beishan"),
    _firefighters(1800, 3150, "学府", "Xuefu"),
    _firefighters(4350, 1050, "临港", "Lingang"),
    _firefighters(620, -1050, "江南", "Jiangnan"),
    _firefighters(-200, -3000, "南郊", "Nanjiao"),
    _firefighters(-2500, -2050, "花园", "Huayuan"),
    _firefighters(3650, -1750, "高新", "Gaoxin"),
    _depot(
        *(-3300, 1850, "澜江市救灾物资储备库", "Lanjiang Disaster Relief Depot"),
        {"landuse": "industrial", "industrial": "warehouse"},
    ),
    _depot(
        *(1300, -3050, "江南防汛物资仓库", "Jiangnan Flood Control Warehouse"),
        {"landuse": "industrial", "industrial": "warehouse"},
    ),
    _depot(
        *(5550, 950, "临港应急物流中心", "Lingang Emergency Logistics Centre"), {"landuse": "depot"}
    ),
    _shelter(-1250, 1850, "北门公园", "North Gate Park", 6000),
    _shelter(850, 2050, "第一中学", "No. 1 Middle School", 3500),
    _shelter(-2900, 650, "西津体育场", "Xijin Stadium", 12000),
    _shelter(-4150, 1650, "西苑小学", "Xiyuan Primary School", 1500),
    _shelter(-1500, 3150, "北山公园", "Beishan Park", 8000),
    _shelter(950, 3350, "澜江大学体育馆", "Lanjiang University Gymnasium", 5000),
    _shelter(3250, 2150, "学府中学", "Xuefu Middle School", 3000),
    _shelter(4450, 1350, "临港文化中心", "Lingang Culture Centre", 2500),
    _shelter(1500, -450, "江南会展中心", "Jiangnan Exhibition Centre", 15000),
    _shelter(-600, -2600, "南郊公园", "Nanjiao Park", 7000),
    _shelter(-3050, -2950, "花园中学", "Huayuan Middle School", 2800),
    _shelter(-3900, -1950, "望江小学", "Wangjiang Primary School", 1600),
    _shelter(2850, -2550, "高新广场", "Gaoxin Square", 9000),
    _shelter(4250, -1050, "科技园", "Science Park", 4000),
)


def landmarks(plan: Plan) -> list[Landmark]:
    """Put every place beside the open street nearest to where it is wanted."""
    sides = [
        (plan.layout.points[a], plan.layout.points[b])
        for street in plan.layout.streets
        if street.highway in _OPEN_STREETS and "bridge" not in street.tags
        for a, b in pairwise(street.nodes)
    ]
    return [_place(row, sides) for row in _ROWS]


def _place(row: _Row, sides: Sequence[tuple[Point, Point]]) -> Landmark:
    wanted = Point(row.x, row.y)
    side = min(sides, key=lambda side: distance(between(side[0], side[1], 0.5), wanted))
    middle = between(side[0], side[1], 0.5)
    run = distance(side[0], side[1])
    ahead = Point((side[1].x - side[0].x) / run, (side[1].y - side[0].y) / run)
    left = (wanted.x - middle.x) * -ahead.y + (wanted.y - middle.y) * ahead.x > 0
    out = Point(-ahead.y, ahead.x) if left else Point(ahead.y, -ahead.x)
    at = Point(middle.x + out.x * _BESIDE_M, middle.y + out.y * _BESIDE_M)
    corners = ((-32, -24), (32, -24), (32, 24), (-32, 24), (-32, -24))
    outline = [
        Point(at.x + ahead.x * u + out.x * v, at.y + ahead.y * u + out.y * v) for u, v in corners
    ]
    tags = {"name": row.name.local, "name:en": row.name.english, **row.tags}
    return Landmark(row.element, tags, at, outline)


_POPULATION: Final[dict[str, tuple[str, int]]] = {
    "西津区": ("Xijin District", 142_300),
    "鼓楼区": ("Gulou District", 168_900),
    "北山区": ("Beishan District", 96_400),
    "学府区": ("Xuefu District", 121_700),
    "临港区": ("Lingang District", 74_200),
    "花园区": ("Huayuan District", 88_600),
    "江南区": ("Jiangnan District", 187_500),
    "高新区": ("Gaoxin District", 93_800),
}

# Corners of districts that are not on the river.
_CORNERS: Final[dict[str, Point]] = {
    "w": Point(-9500, 3000),
    "nw": Point(-8600, 6000),
    "n": Point(300, 6400),
    "ne": Point(9200, 6100),
    "e": Point(9800, 2450),
    "j1": Point(-2100, 2480),
    "j2": Point(100, 2520),
    "j3": Point(2300, 2400),
    "sw": Point(-8700, -5300),
    "s1": Point(-1500, -6000),
    "s2": Point(1950, -6000),
    "se": Point(9100, -5600),
}

# Where the river is divided, west to east.
_ON_RIVER: Final = {"r0": -9500, "r1": -2100, "r2": -1400, "r3": 1900, "r4": 2300, "r5": 9800}

_BORDERS: Final = {
    "西津区": "r0-w w-j1 j1-r1 r0-r1",
    "鼓楼区": "j1-r1 j1-j2 j2-j3 j3-r4 r3-r4 r2-r3 r1-r2",
    "北山区": "w-j1 j1-j2 j2-n n-nw-w",
    "学府区": "j2-j3 j3-e e-ne-n j2-n",
    "临港区": "j3-r4 j3-e e-r5 r4-r5",
    "花园区": "r0-r1 r1-r2 r2-s1 s1-sw-r0",
    "江南区": "r2-r3 r3-s2 s2-s1 r2-s1",
    "高新区": "r3-r4 r4-r5 r5-se-s2 r3-s2",
}
_CITY_BORDER: Final = "r0-w n-nw-w e-ne-n e-r5 r5-se-s2 s2-s1 s1-sw-r0"


def districts(plan: Plan) -> list[District]:
    """Draw the districts and the city as a whole; a common border is one and the same line."""
    lines: dict[str, Line] = {}

    def border(name: str) -> Line:
        if name not in lines:
            lines[name] = _border(name, plan.skeleton.river)
        return lines[name]

    drawn = []
    for local, (english, people) in _POPULATION.items():
        tags = _admin_tags(6, local, english, people)
        drawn.append(District(tags, [border(b) for b in _BORDERS[local].split()]))
    total = sum(people for _, people in _POPULATION.values())
    tags = _admin_tags(5, "澜江市", "Lanjiang", total)
    return [*drawn, District(tags, [border(b) for b in _CITY_BORDER.split()])]


def _admin_tags(level: int, local: str, english: str, people: int) -> dict[str, str]:
    return {
        "type": "boundary",
        "boundary": "administrative",
        "admin_level": str(level),
        "name": local,
        "name:en": english,
        "population": str(people),
    }


def _border(name: str, river: Line) -> Line:
    ends = name.split("-")
    if all(end in _ON_RIVER for end in ends):
        first, last = (_nearest(river, _ON_RIVER[end]) for end in ends)
        return river[first : last + 1]
    return [
        _CORNERS[end] if end in _CORNERS else river[_nearest(river, _ON_RIVER[end])] for end in ends
    ]


def _nearest(river: Line, x: float) -> int:
    return min(range(len(river)), key=lambda i: abs(river[i].x - x))
