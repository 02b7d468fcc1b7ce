"""The skeleton of the city: river, bridges, rings, avenues and the motorway."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from roadnets.sources.samplecity.geometry import (
    Line,
    Point,
    along,
    between,
    crossing,
    curve,
    distance,
    foot,
    offset,
)
from roadnets.sources.samplecity.names import Name
from roadnets.sources.samplecity.planar import Street

RIVER_HALF_WIDTH_M: Final = 170.0
RIVERSIDE_M: Final = 235.0
"""From the middle of the river to the roads on its banks."""

PLAZA: Final = Point(60, 1180)
"""The roundabout around the bell tower in the old town."""

GARDEN_CIRCLE: Final = Point(-1980, -2320)
"""The roundabout in the south-west."""

RIVER: Final = (
    Point(-9500, 1300),
    Point(-7600, 500),
    Point(-5200, -380),
    Point(-3400, -900),
    Point(-1500, -620),
    Point(300, 120),
    Point(2300, 420),
    Point(4200, -60),
    Point(6000, -620),
    Point(8200, -700),
    Point(9800, -250),
)

OUTER_RING: Final = (
    Point(100, 4250),
    Point(2300, 4050),
    Point(4050, 3250),
    Point(4850, 1600),
    Point(5300, -250),
    Point(4950, -1900),
    Point(3700, -3250),
    Point(1900, -3900),
    Point(-300, -3950),
    Point(-2600, -3750),
    Point(-4150, -2850),
    Point(-4950, -1200),
    Point(-5150, 500),
    Point(-4650, 2000),
    Point(-3350, 3250),
    Point(-1900, 3900),
)

INNER_RING: Final = (
    Point(80, 2450),
    Point(1350, 2250),
    Point(2150, 1500),
    Point(2380, 420),
    Point(2150, -750),
    Point(1500, -1600),
    Point(200, -1980),
    Point(-1150, -1950),
    Point(-2050, -1550),
    Point(-2380, -760),
    Point(-2250, 350),
    Point(-1900, 1450),
    Point(-1050, 2250),
)


class Skeleton(NamedTuple):
    """What everything else is fitted to.

    Attributes
    ----------
    streets
        Main roads; the carriageways of divided ones apart.
    river
        The middle of the river.
    water, corridor
        Closed rings: the water itself, and all between the roads on its banks.
    bridges
        Name of the bridge by the street that it carries and whether it is the eastern one.
    """

    streets: list[Street]
    river: Line
    water: Line
    corridor: Line
    bridges: dict[tuple[str, bool], Name]


def draw_skeleton() -> Skeleton:
    """Draw the main roads and the river."""
    river = curve(RIVER, step=150)
    water = _band(river, RIVER_HALF_WIDTH_M)
    corridor = _band(river, RIVERSIDE_M)
    streets = [
        *_riverside(river),
        *_divided(curve(OUTER_RING, closed=True), Name("外环路", "Outer Ring Road"), "trunk", "80"),
        _road(curve(INNER_RING, closed=True), Name("内环路", "Inner Ring Road"), "primary", "60"),
        *_avenues(),
    ]
    streets += _motorway(streets)
    bridges = {
        ("外环路", False): Name("西津大桥", "Xijin Bridge"),
        ("外环路", True): Name("临港大桥", "Lingang Bridge"),
        ("内环路", False): Name("红旗大桥", "Hongqi Bridge"),
        ("内环路", True): Name("望江大桥", "Wangjiang Bridge"),
        ("解放大道", True): Name("东风大桥", "Dongfeng Bridge"),
        ("文昌路", False): Name("文昌桥", "Wenchang Bridge"),
        ("镜湖路", True): Name("镜湖大桥", "Jinghu Bridge"),
        ("澜绕高速", True): Name("澜江特大桥", "Lanjiang Expressway Bridge"),
    }
    return Skeleton(streets, river, water, corridor, bridges)


def _band(line: Line, half_width: float) -> Line:
    left, right = offset(line, half_width), offset(line, -half_width)
    return [*left, *reversed(right), left[0]]


def _road(line: Line, name: Name, highway: str, maxspeed: str = "", **more: str) -> Street:
    tags = {"maxspeed": maxspeed} if maxspeed else {}
    tags |= more
    return Street(line, highway, name.local, name.english, tags)


def _divided(line: Line, name: Name, highway: str, maxspeed: str) -> list[Street]:
    """Draw two carriageways; traffic keeps to the right."""
    closed = line[0] == line[-1]
    carriageways = []
    for side in (-9.0, 9.0):
        lane = offset(line, side, closed=closed)
        if not closed:  # they part and join again at the ends
            lane = [line[0], *lane[1:-1], line[-1]]
        street = _road(lane if side < 0 else lane[::-1], name, highway, maxspeed)
        street.tags["oneway"] = "yes"
        carriageways.append(street)
    return carriageways


def _riverside(river: Line) -> list[Street]:
    within = [p for p in river if -6300 < p.x < 6300]
    north = offset(within, RIVERSIDE_M)
    south = offset(within, -RIVERSIDE_M)
    return [
        _road(north, Name("滨江北路", "Binjiang North Road"), "secondary", "50"),
        _road(south, Name("滨江南路", "Binjiang South Road"), "secondary", "50"),
    ]


def _avenues() -> list[Street]:
    axis = [(100, 5700), (100, 4250), (80, 2450), PLAZA, (70, 600), (180, -380), (200, -1980)]
    axis += [(260, -2900), (300, -3950), (360, -5500)]
    east_west = [(-7200, 1950), (-4800, 1500), (-3400, 1250), (-1950, 1300), PLAZA, (2200, 1380)]
    east_west += [(3600, 1750), (5000, 1600), (6650, 1950), (8200, 2100)]
    south = [(-4480, -1740), (-3300, -1650), (-2050, -1400), (200, -1130), (2050, -880)]
    south += [(3600, -1200), (4800, -1240)]
    north_east = [PLAZA, (900, 1720), (1700, 2000), (2900, 2900), (3300, 3650), (3900, 4700)]
    north_west = [PLAZA, (-800, 1750), (-1480, 1880), (-2700, 2500), (-3950, 2820), (-5200, 3650)]
    south_east = [(200, -1130), (1000, -1290), (1830, -1450), (2900, -2050), (4400, -2650)]
    south_east += [(6100, -3300), (7700, -3500)]
    south_west = [(200, -1130), (-800, -1560), (-1600, -1800), GARDEN_CIRCLE, (-3150, -3500)]
    south_west += [(-3900, -4700)]
    wenchang = [(-1150, 2280), (-1080, 1500), (-1000, 300), (-900, -600), (-1040, -1970)]
    lake = [(2750, 3950), (3350, 2900), (3700, 1750), (3680, 400), (3560, -500)]
    lake += [(3500, -1200), (3300, -2400), (2850, -3650)]
    port_north = [(6180, 1870), (6120, 900), (6010, -420)]
    port_south = [(6060, -820), (6120, -1340), (5850, -2300), (5640, -3260)]
    return [
        _road(*(_smooth(axis), Name("解放大道", "Jiefang Avenue"), "primary", "60"), busway="lane"),
        _road(_smooth(east_west), Name("人民大道", "Renmin Avenue"), "primary", "60"),
        *_divided(_smooth(south), Name("江南大道", "Jiangnan Avenue"), "primary", "60"),
        _road(
            [*_ends((-4480, -1740), (-6900, -2250))],
            Name("江南大道西", "Jiangnan Avenue West"),
            "primary",
            "60",
        ),
        _road(
            [*_ends((4800, -1240), (6650, -1350), (8100, -1350))],
            Name("江南大道东", "Jiangnan Avenue East"),
            "primary",
            "60",
            maxheight="4.2",  # it passes under the motorway
        ),
        _road(_smooth(north_east), Name("长青路", "Changqing Road"), "primary", "60"),
        _road(_smooth(north_west), Name("北山路", "Beishan Road"), "secondary", "50"),
        _road(_smooth(south_east), Name("高新大道", "Gaoxin Avenue"), "primary", "60"),
        _road(_smooth(south_west), Name("花园路", "Huayuan Road"), "secondary", "50"),
        _road(_smooth(wenchang), Name("文昌路", "Wenchang Road"), "secondary", "50"),
        _road(_smooth(lake), Name("镜湖路", "Jinghu Road"), "secondary", "50"),
        _road(_smooth(port_north), Name("港城北路", "Gangcheng North Road"), "secondary", "50"),
        _road(_smooth(port_south), Name("港城南路", "Gangcheng South Road"), "secondary", "50"),
    ]


def _smooth(knots: Sequence[tuple[float, float]]) -> Line:
    return curve([Point(*k) for k in knots], step=140)


def _ends(*knots: tuple[float, float]) -> Line:
    return [Point(*k) for k in knots]


def _motorway(streets: list[Street]) -> list[Street]:
    """Draw the motorway east of the city, with a diamond where it meets each avenue."""
    middle = curve(
        [
            Point(5600, 6000),
            Point(6300, 4100),
            Point(6650, 1950),
            Point(6750, -200),
            Point(6450, -1800),
            Point(6000, -3280),
            Point(5200, -5200),
        ],
        step=200,
    )
    name = Name("澜绕高速", "Lanjiang Ring Expressway")
    made = []
    # Traffic keeps to the right: northbound on the east side.
    for lane in (offset(middle, 12)[::-1], offset(middle, -12)):
        links = []
        for crossed in streets:
            if crossed.name in {"人民大道", "江南大道东", "高新大道"}:
                lane, pair = _diamond(lane, crossed.line)  # noqa: PLW2901 - the same lane, changed
                links += pair
        motorway = _road(lane, name, "motorway", "100")
        motorway.tags.update({"oneway": "yes", "ref": "S87", "layer": "1"})
        motorway.level = 1
        made += [motorway, *links]
    return made


def _diamond(lane: Line, crossed: Line) -> tuple[Line, list[Street]]:
    """Add an exit before and an entrance after the road that a carriageway crosses."""
    at = _meeting(lane, crossed)
    if at is None:
        return lane, []
    before, after = at - 430.0, at + 430.0
    out, back = along(lane, before), along(lane, after)
    lane = _with(_with(lane, before), after)
    here = along(lane, at)
    ahead = along(lane, at + 5)
    run = distance(here, ahead)
    right = Point((ahead.y - here.y) / run, -(ahead.x - here.x) / run)
    foot = foot_on(crossed, Point(here.x + right.x * 70, here.y + right.y * 70))
    links = []
    for line in ([out, _beside(out, here, right), foot], [foot, _beside(back, here, right), back]):
        link = Street(line, "motorway_link", tags={"oneway": "yes", "maxspeed": "40"})
        links.append(link)
    return lane, links


def _beside(end: Point, here: Point, right: Point) -> Point:
    middle = between(here, end, 0.45)
    return Point(middle.x + right.x * 55, middle.y + right.y * 55)


def _meeting(lane: Line, crossed: Line) -> float | None:
    """Metres along ``lane`` to where it crosses the other line."""
    gone = 0.0
    for a, b in pairwise(lane):
        for c, d in pairwise(crossed):
            shares = crossing(a, b, c, d)
            if shares is not None and 0 <= shares[0] < 1 and 0 <= shares[1] < 1:
                return gone + shares[0] * distance(a, b)
        gone += distance(a, b)
    return None


def _with(line: Line, metres: float) -> Line:
    """Add the point so many metres along to a line."""
    gone = 0.0
    for i, (a, b) in enumerate(pairwise(line)):
        step = distance(a, b)
        if gone < metres < gone + step:
            return [*line[: i + 1], along(line, metres), *line[i + 1 :]]
        gone += step
    return line


def foot_on(line: Line, point: Point) -> Point:
    """Find the nearest point of a line to a point."""
    feet = (between(a, b, min(max(foot(a, b, point), 0.0), 1.0)) for a, b in pairwise(line))
    return min(feet, key=lambda at: distance(at, point))
