"""What callers name in the made-up city: houses, estates, their gates, shops, kilometre posts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from roadnets.sources.samplecity.geometry import Line, Point, along, centre, distance, length
from roadnets.sources.samplecity.landmarks import Landmark
from roadnets.sources.samplecity.names import Name
from roadnets.sources.samplecity.plan import Plan
from roadnets.sources.samplecity.planar import Street

_HOUSE_M: Final = 16.0
"""From the middle of a street to its houses."""

_PLOT_M: Final = 12.0
"""A number on each side for so many metres of a street."""

_WITH_HOUSES: Final = frozenset({"primary", "secondary", "tertiary"})
_GATES: Final = frozenset({"lift_gate", "swing_gate", "gate"})
_MOTORWAY: Final = "澜绕高速"

_ESTATES: Final = """
    阳光 Sunshine 金色 Golden 东方 Oriental 翠湖 Green-Lake 锦绣 Splendid 紫金 Purple-Gold
    幸福 Happiness 和谐 Harmony 绿洲 Oasis 蓝天 Blue-Sky 碧水 Clear-Water 龙湖 Dragon-Lake
    江景 River-View 城市 City
    温馨 Cosy 世纪 Century 御景 Royal-View 香樟 Camphor 银座 Ginza 星河 Galaxy
""".split()  # noqa: SIM905  # a table of pairs is read more easily
_ESTATE_KINDS: Final = (
    Name("花园", "Garden"),
    Name("家园", "Homes"),
    Name("雅苑", "Court"),
    Name("新村", "New Village"),
    Name("名邸", "Residence"),
    Name("小区", "Estate"),
    Name("华府", "Mansion"),
    Name("公寓", "Apartments"),
)
_CAMPUS_STEMS: Final = """
    澜江大学 Lanjiang-University 师范学院 Teachers-College 理工学院 Institute-of-Technology
    医学院 Medical-College 财经学院 Finance-College 艺术学院 Art-College
    职业学院 Vocational-College 农学院 Agricultural-College
""".split()  # noqa: SIM905  # as above
_CAMPUS_KINDS: Final = (
    Name("", ""),
    Name("东校区", " East Campus"),
    Name("西校区", " West Campus"),
    Name("南校区", " South Campus"),
    Name("北校区", " North Campus"),
)
_WORKS_STEMS: Final = """
    澜钢 Langang 红星 Red-Star 长江 Changjiang 新光 New-Light 华新 Huaxin 金龙 Golden-Dragon
    永兴 Yongxing 三江 Three-Rivers 天马 Pegasus 宏达 Hongda
""".split()  # noqa: SIM905  # as above
_WORKS_KINDS: Final = (
    Name("机械厂", "Machine Works"),
    Name("纺织厂", "Textile Mill"),
    Name("电子厂", "Electronics Plant"),
    Name("化工厂", "Chemical Plant"),
    Name("汽配厂", "Car Parts Plant"),
    Name("食品厂", "Food Factory"),
    Name("印刷厂", "Printing Works"),
    Name("工业园", "Industrial Park"),
)

# Street and share of the way along it, name, tags.
_POINTS: Final = (
    ("人民大道", 0.08, "澜江站", "Lanjiang Railway Station", {"railway": "station"}),
    ("解放大道", 0.35, "澜江博物馆", "Lanjiang Museum", {"tourism": "museum"}),
    ("解放大道", 0.62, "新华书店", "Xinhua Bookstore", {"shop": "books"}),
    ("人民大道", 0.55, "人民商场", "Renmin Department Store", {"shop": "department_store"}),
    ("人民大道", 0.7, "澜江大酒店", "Lanjiang Hotel", {"tourism": "hotel"}),
    ("长青路", 0.4, "长青市场", "Changqing Market", {"amenity": "marketplace"}),
    ("长青路", 0.75, "中国银行长青支行", "Bank of China Changqing Branch", {"amenity": "bank"}),
    ("高新大道", 0.5, "软件园大厦", "Software Park Tower", {"office": "company"}),
    ("文昌路", 0.3, "文昌阁", "Wenchang Pavilion", {"tourism": "attraction"}),
    ("文昌路", 0.6, "第二中学", "No. 2 Middle School", {"amenity": "school"}),
    ("北山路", 0.5, "北山寺", "Beishan Temple", {"amenity": "place_of_worship"}),
    ("花园路", 0.5, "花园影城", "Huayuan Cinema", {"amenity": "cinema"}),
    ("镜湖路", 0.4, "镜湖宾馆", "Jinghu Guesthouse", {"tourism": "hotel"}),
    ("滨江北路", 0.3, "滨江码头", "Binjiang Pier", {"tourism": "attraction"}),
    ("滨江南路", 0.45, "江南图书馆", "Jiangnan Library", {"amenity": "library"}),
    ("港城北路", 0.5, "临港汽车站", "Lingang Bus Station", {"amenity": "bus_station"}),
    ("内环路", 0.2, "澜江市政府", "Lanjiang City Hall", {"amenity": "townhall"}),
    ("内环路", 0.7, "江南体育馆", "Jiangnan Gymnasium", {"leisure": "sports_centre"}),
)
_UNDERGROUND: Final = (
    ("解放大道", 0.3, "解放大道北", "Jiefang Avenue North"),
    ("解放大道", 0.55, "江南中心", "Jiangnan Centre"),
    ("人民大道", 0.4, "钟楼", "Bell Tower"),
    ("人民大道", 0.85, "临港新城", "Lingang New Town"),
)
_LOCALITIES: Final = (
    (-700, 900, "古城", "Old City", "quarter"),
    (700, -800, "江南新区", "Jiangnan New Area", "quarter"),
    (2700, 2800, "学府片区", "Xuefu Quarter", "quarter"),
    (-3300, -2700, "花园山", "Garden Hill", "neighbourhood"),
    (5900, 900, "港城", "Harbour Town", "quarter"),
    (-5600, 2700, "柳树村", "Liushu Village", "village"),
    (7400, -3300, "石桥村", "Shiqiao Village", "village"),
    (300, 5300, "杨家湾", "Yangjiawan", "village"),
)


def named(plan: Plan) -> list[Landmark]:
    """Everything that has a name or a number and is no street, hospital, station or shelter."""
    return [
        *_houses(plan),
        *_compounds(plan),
        *_points(plan),
        *_underground(plan),
        *_posts(plan),
        *(
            _node(Point(x, y), local, english, {"place": kind})
            for x, y, local, english, kind in _LOCALITIES
        ),
    ]


def _node(at: Point, local: str, english: str, tags: dict[str, str]) -> Landmark:
    return Landmark("node", {"name": local, "name:en": english, **tags}, at, [])


def _line(plan: Plan, street: Street) -> Line:
    return [plan.layout.points[node] for node in street.nodes]


def _beside(line: Line, metres: float, out: float) -> Point:
    """Find the point so far to the right of a line, where it has gone so many metres."""
    here, ahead = along(line, metres), along(line, metres + 1.0)
    run = distance(here, ahead)
    if run == 0:  # the line ends here
        here, ahead = along(line, metres - 1.0), here
        run = distance(here, ahead)
    east, north = (ahead.x - here.x) / run, (ahead.y - here.y) / run
    return Point(here.x + out * north, here.y - out * east)


# ---- houses -------------------------------------------------------------------------------------


def _houses(plan: Plan) -> Iterator[Landmark]:
    """Number the houses of larger streets, odd on the left; as on every map, most are missing."""
    gone: dict[str, float] = {}
    for street in plan.layout.streets:
        ordinary = street.highway in _WITH_HOUSES and "oneway" not in street.tags
        if not (ordinary and street.name) or street.level or "junction" in street.tags:
            continue
        line = _line(plan, street)
        start = gone.get(street.name, 0.0)
        gone[street.name] = start + length(line)
        if "bridge" not in street.tags:
            yield from _houses_along(line, street.name, start)


def _houses_along(line: Line, name: str, start: float) -> Iterator[Landmark]:
    step, metres, count = 78.0, 30.0, 0
    while metres < length(line) - 30.0:
        plot = int((start + metres) / _PLOT_M)
        left = count % 2 == 0
        number = 2 * plot + (1 if left else 2)
        at = _beside(line, metres, -_HOUSE_M if left else _HOUSE_M)
        yield Landmark("node", {"addr:street": name, "addr:housenumber": str(number)}, at, [])
        metres, count = metres + step, count + 1


# ---- compounds and gates ------------------------------------------------------------------------


def _compounds(plan: Plan) -> Iterator[Landmark]:
    """Give each group of private roads behind gates its ground, its name and the gates' names."""
    count = dict.fromkeys(_GATES, 0)
    for nodes, gates in _enclosed(plan):
        kind = plan.node_tags[gates[0]]["barrier"]
        name, tags = _compound_name(kind, count[kind])
        count[kind] += 1
        ring = _hull([plan.layout.points[node] for node in nodes])
        named_tags = {"name": name.local, "name:en": name.english, **tags}
        yield Landmark("way", named_tags, ring[0], ring)
        middle = centre(ring)
        for number, gate in enumerate(gates, start=1):
            at = plan.layout.points[gate]
            yield Landmark("node", _gate_tags(kind, number, len(gates), at, middle), at, [])


def _enclosed(plan: Plan) -> Iterator[tuple[list[int], list[int]]]:
    """Nodes of private roads that hang together, and the gates among them."""
    arms: dict[int, list[int]] = {}
    for street in plan.layout.streets:
        if street.highway == "service" and street.tags.get("access") == "private":
            for a, b in pairwise(street.nodes):
                arms.setdefault(a, []).append(b)
                arms.setdefault(b, []).append(a)
    open_nodes = {
        node
        for street in plan.layout.streets
        if street.tags.get("access") != "private"
        for node in street.nodes
    }
    seen: set[int] = set()
    for start in arms:
        if start in seen or start in open_nodes:
            continue
        stack, group = [start], []
        seen.add(start)
        while stack:
            node = stack.pop()
            group.append(node)
            for other in arms[node]:
                if other not in seen and other not in open_nodes:
                    seen.add(other)
                    stack.append(other)
        gates = [n for n in sorted(group) if plan.node_tags.get(n, {}).get("barrier") in _GATES]
        if gates and len(group) > 3:
            yield group, gates


def _compound_name(barrier: str, count: int) -> tuple[Name, dict[str, str]]:
    if barrier == "lift_gate":
        return _pair(_ESTATES, _ESTATE_KINDS, count), {"landuse": "residential"}
    if barrier == "swing_gate":
        local, english = _pair(_CAMPUS_STEMS, _CAMPUS_KINDS, count)
        return Name(local, " ".join(english.split())), {"amenity": "university"}
    return _pair(_WORKS_STEMS, _WORKS_KINDS, count), {"landuse": "industrial"}


def _pair(stems: Sequence[str], kinds: Sequence[Name], count: int) -> Name:
    """Give the name of that number: every stem once with each kind."""
    n = len(stems) // 2
    stem, kind = count % n, kinds[(count + count // n) % len(kinds)]
    english = stems[2 * stem + 1].replace("-", " ")
    return Name(f"{stems[2 * stem]}{kind.local}", f"{english} {kind.english}".strip())


def _gate_tags(barrier: str, number: int, gates: int, at: Point, middle: Point) -> dict[str, str]:
    """Name gates as people do: numbers at homes, directions at a campus, one main gate at works."""
    if barrier == "lift_gate":
        return {"barrier": barrier, "ref": str(number)}
    if gates == 1 and barrier == "gate":
        return {"barrier": barrier, "name": "大门", "name:en": "Main Gate"}
    east, north = at.x - middle.x, at.y - middle.y
    if abs(east) > abs(north):
        local, english = ("东门", "East Gate") if east > 0 else ("西门", "West Gate")
    else:
        local, english = ("北门", "North Gate") if north > 0 else ("南门", "South Gate")
    return {"barrier": barrier, "name": local, "name:en": english}


def _hull(points: Iterable[Point]) -> Line:
    """Draw the closed ring around points, counter-clockwise (Andrew's monotone chain, 1979)."""
    ordered = sorted(set(points))
    halves: list[Line] = []
    for run in (ordered, ordered[::-1]):
        half: Line = []
        for point in run:
            while len(half) > 1 and _turn(half[-2], half[-1], point) <= 0:
                half.pop()
            half.append(point)
        halves.append(half[:-1])
    return [*halves[0], *halves[1], halves[0][0]]


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)


# ---- points -------------------------------------------------------------------------------------


def _longest(plan: Plan, name: str) -> Line:
    lines = [_line(plan, street) for street in plan.layout.streets if street.name == name]
    return max(lines, key=length)


def _points(plan: Plan) -> Iterator[Landmark]:
    for street, share, local, english, tags in _POINTS:
        line = _longest(plan, street)
        yield _node(_beside(line, share * length(line), 30.0), local, english, dict(tags))


def _underground(plan: Plan) -> Iterator[Landmark]:
    """Draw stations of the underground: the middle, and an entrance on each side."""
    for street, share, local, english in _UNDERGROUND:
        line = _longest(plan, street)
        at = share * length(line)
        yield _node(along(line, at), local, english, {"railway": "station", "station": "subway"})
        for letter, metres, out in (("A", -70.0, 22.0), ("B", 70.0, 22.0), ("C", -70.0, -22.0)):
            tags = {"railway": "subway_entrance", "ref": letter}
            yield Landmark("node", tags, _beside(line, at + metres, out), [])


def _posts(plan: Plan) -> Iterator[Landmark]:
    """Put posts beside the motorway: both carriageways count from the north, a kilometre each."""
    for line in _carriageways(plan):
        total = length(line)
        southbound = line[0].y > line[-1].y
        for kilometre in range(int(total / 1000) + 1):
            metres = kilometre * 1000.0 if southbound else total - kilometre * 1000.0
            if 0 < metres < total:
                tags = {"highway": "milestone", "distance": str(kilometre)}
                yield Landmark("node", tags, _beside(line, metres, 9.0), [])


def _carriageways(plan: Plan) -> Iterator[Line]:
    """Both carriageways of the motorway, with its bridge."""
    for whole in plan.skeleton.streets:
        if whole.name == _MOTORWAY:
            yield whole.line
