"""The made-up city written as an OpenStreetMap XML file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final
from xml.sax.saxutils import quoteattr

from roadnets.sources.samplecity.geometry import Line, Point, cos_sin
from roadnets.sources.samplecity.landmarks import Landmark, districts, landmarks
from roadnets.sources.samplecity.named import named
from roadnets.sources.samplecity.plan import Plan
from roadnets.sources.samplecity.planar import Street
from roadnets.sources.samplecity.signs import TurnSign, turn_signs
from roadnets.sources.samplecity.waterside import Landing, waterside

MIDDLE_LON: Final = 112.70
MIDDLE_LAT: Final = 30.55
"""Farmland on the Jianghan plain, no city's centre."""

_METRES_PER_DEGREE: Final = 111_195.08

_LANES: Final = {"motorway": "2", "trunk": "3", "primary": "4", "secondary": "4", "tertiary": "2"}


def osm_xml(plan: Plan, generator: str) -> Iterator[str]:
    """Write the plan line by line: nodes, then ways, then relations, each by rising id."""
    page = _Page()
    page.draw_streets(plan)
    page.draw_river(plan)
    for landmark in landmarks(plan):
        page.draw_landmark(landmark)
    page.draw_districts(plan)
    for landing in waterside(plan):
        page.draw_landing(landing)
    for sign in turn_signs(plan.layout):
        page.draw_sign(sign)
    for thing in named(plan):
        page.draw_landmark(thing)
    yield "<?xml version='1.0' encoding='UTF-8'?>\n"
    yield f'<osm version="0.6" generator={quoteattr(generator)}>\n'
    yield page.bounds()
    yield from page.lines()
    yield "</osm>\n"


_Member = tuple[str, int, str]
"""Kind, id and role."""


class _Page:
    def __init__(self) -> None:
        self._nodes: dict[int, tuple[Point, dict[str, str]]] = {}
        self._ways: dict[int, tuple[list[int], dict[str, str]]] = {}
        self._relations: dict[int, tuple[list[_Member], dict[str, str]]] = {}
        self._street_nodes: dict[int, int] = {}
        self._street_ways: list[int] = []
        self._node_ids, self._way_ids = count(1_000_001), count(2_000_001)
        self._relation_ids = count(3_000_001)
        self._corners: dict[Point, int] = {}
        self._borders: dict[tuple[int, ...], int] = {}

    def _node(self, point: Point, tags: dict[str, str]) -> int:
        node = next(self._node_ids)
        self._nodes[node] = (point, tags)
        return node

    def _corner(self, point: Point) -> int:
        """Make a node for a point of an outline, the same for the same point."""
        if point not in self._corners:
            self._corners[point] = self._node(point, {})
        return self._corners[point]

    def _way(self, nodes: list[int], tags: dict[str, str]) -> int:
        way = next(self._way_ids)
        self._ways[way] = (nodes, tags)
        return way

    def _outline(self, line: Line, tags: dict[str, str]) -> int:
        return self._way([self._corner(p) for p in line], tags)

    def _relation(self, members: list[_Member], tags: dict[str, str]) -> None:
        self._relations[next(self._relation_ids)] = (members, tags)

    def _rings(self, ways: Iterable[int], tags: dict[str, str]) -> None:
        self._relation([("way", way, "outer") for way in ways], tags)

    def draw_streets(self, plan: Plan) -> None:
        used = sorted({node for street in plan.layout.streets for node in street.nodes})
        ids = {
            node: self._node(plan.layout.points[node], plan.node_tags.get(node, {}))
            for node in used
        }
        self._street_nodes = ids
        self._street_ways = [
            self._way([ids[node] for node in street.nodes], _street_tags(street))
            for street in plan.layout.streets
        ]

    def draw_river(self, plan: Plan) -> None:
        name = {"name": "澜江", "name:en": "Lan River"}
        self._outline(plan.skeleton.river, {"waterway": "river", **name})
        self._outline(plan.skeleton.water, {"natural": "water", "water": "river", **name})

    def draw_landmark(self, landmark: Landmark) -> None:
        if landmark.element == "node":
            self._node(landmark.at, landmark.tags)
        elif landmark.element == "way":
            self._outline(landmark.outline, landmark.tags)
        else:
            ring = self._outline(landmark.outline, {})
            self._rings([ring], {"type": "multipolygon", **landmark.tags})

    def draw_landing(self, landing: Landing) -> None:
        self._node(landing.at, landing.tags)

    def draw_sign(self, sign: TurnSign) -> None:
        start, end = self._street_ways[sign.start], self._street_ways[sign.end]
        via = ("node", self._street_nodes.get(sign.via, 0), "via")
        if sign.via_is_street:
            via = ("way", self._street_ways[sign.via], "via")
        members = [("way", start, "from"), via, ("way", end, "to")]
        self._relation(members, {"type": "restriction", **sign.tags})

    def draw_districts(self, plan: Plan) -> None:
        centre = {"place": "city", "name": "澜江市", "name:en": "Lanjiang (synthetic)"}
        self._node(Point(0.0, 0.0), centre)
        for tags, borders in districts(plan):
            self._rings([self._border(line) for line in borders], tags)

    def _border(self, line: Line) -> int:
        nodes = [self._corner(p) for p in line]
        if tuple(nodes) not in self._borders:
            self._borders[tuple(nodes)] = self._way(nodes, {"boundary": "administrative"})
        return self._borders[tuple(nodes)]

    def bounds(self) -> str:
        where = [_degrees(point) for point, _ in self._nodes.values()]
        west, south = (min(p[k] for p in where) for k in (0, 1))
        east, north = (max(p[k] for p in where) for k in (0, 1))
        return (
            f'  <bounds minlat="{south:.7f}" minlon="{west:.7f}" '
            f'maxlat="{north:.7f}" maxlon="{east:.7f}"/>\n'
        )

    def lines(self) -> Iterator[str]:
        for node, (point, tags) in self._nodes.items():
            lon, lat = _degrees(point)
            where = f'lat="{lat:.7f}" lon="{lon:.7f}"'
            yield from _element("node", node, where, (), tags)
        for way, (nodes, tags) in self._ways.items():
            inner = (f'    <nd ref="{node}"/>\n' for node in nodes)
            yield from _element("way", way, "", inner, tags)
        for relation, (members, tags) in self._relations.items():
            inner = (
                f'    <member type="{kind}" ref="{ref}" role="{role}"/>\n'
                for kind, ref, role in members
            )
            yield from _element("relation", relation, "", inner, tags)


def _element(
    kind: str, osm_id: int, where: str, inner: Iterable[str], tags: dict[str, str]
) -> Iterator[str]:
    start = f'  <{kind} id="{osm_id}" version="1" visible="true"'
    start += f" {where}" if where else ""
    body = [*inner, *(f"    <tag k={quoteattr(k)} v={quoteattr(v)}/>\n" for k, v in tags.items())]
    if not body:
        yield f"{start}/>\n"
        return
    yield f"{start}>\n"
    yield from body
    yield f"  </{kind}>\n"


def _street_tags(street: Street) -> dict[str, str]:
    tags = {"highway": street.highway}
    if street.name:
        tags["name"] = street.name
        tags["name:en"] = street.name_en
    if street.highway in _LANES:
        tags["lanes"] = _LANES[street.highway]
    return tags | street.tags


_PARALLEL: Final = _METRES_PER_DEGREE * cos_sin(MIDDLE_LAT)[0]


def _degrees(point: Point) -> tuple[float, float]:
    return MIDDLE_LON + point.x / _PARALLEL, MIDDLE_LAT + point.y / _METRES_PER_DEGREE
