"""Navigable water as edges for boats, and where a boat is launched from a street.

A *piece* is a stretch of a waterway between blocks (dams, weirs, locks); pieces that share a point
are joined there. Whatever is made here comes after all nodes and edges of the streets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from roadnets.geo import LocalProjection, LonLat, haversine_m
from roadnets.imports.tags import Tags, names, parse_speed
from roadnets.lines import projection_of
from roadnets.network import (
    GEOMETRY_UNITS_PER_DEGREE,
    HIGHWAY_CLASSES,
    EdgeFlag,
    NetworkFields,
    RoadNetwork,
)
from roadnets.weights.speeds import DEFAULT_SPEED_KPH

SHORTEST_PART_M: Final = 500.0
"""A connected part of navigable water shorter than this is no way anywhere."""

STREET_AT_WATER_M: Final = 50.0
"""A junction so near to the middle of the water is a place to launch a boat."""

LANDING_TO_WATER_M: Final = 250.0
"""A slipway, pier or ferry terminal lies on its bank: half a wide river from the drawn middle."""

LANDING_TO_STREET_M: Final = 150.0
"""And so near to the junction from which it is reached."""

BETWEEN_LANDINGS_M: Final = 300.0
"""Along the water; slipways, piers and ferry terminals are always kept."""

TOO_SHORT: Final = "connected parts of navigable water shorter than 500 m"

_NO_NODE: Final = 0
"""The OSM id of a point that is no node of the map: the foot of a landing."""

_SAME_POINT_M: Final = 1.0
_NOWHERE: Final = LonLat(0.0, 0.0)
_NO_LANDING: Final = ("motorway", "motorway_link")

Waypoint = tuple[int, LonLat]
"""A node's OSM id and its place."""


@dataclass(frozen=True, slots=True)
class Waterway:
    """A navigable way as the source gives it."""

    osm_id: int
    tags: Tags
    line: tuple[Waypoint, ...]


@dataclass(frozen=True, slots=True)
class Waters:
    """The navigable water of a source.

    Attributes
    ----------
    ways
        Where boats go.
    landings
        Slipways, piers and ferry terminals, each as its points.
    blocks
        OSM ids of nodes at which no boat passes.
    """

    ways: tuple[Waterway, ...] = ()
    landings: tuple[tuple[LonLat, ...], ...] = ()
    blocks: frozenset[int] = frozenset()


class WaterAdded(NamedTuple):
    """What was added: kilometres, connected parts, landings; and parts that were too short."""

    km: float
    parts: int
    landings: int
    too_short: int


def add_water(fields: NetworkFields, streets: RoadNetwork, waters: Waters) -> WaterAdded:
    """Append water and landings to a network's fields.

    Parameters
    ----------
    fields
        What ``build_network`` takes; its arrays and names are replaced by longer ones.
    streets
        The network without water.
    waters
        What the source has.

    Returns
    -------
    WaterAdded
        All 0 where no part of the water is long enough.
    """
    projection = projection_of(streets)
    pieces = list(_pieces(waters, streets, projection))
    if not pieces:
        return WaterAdded(0.0, 0, 0, 0)
    landings = [
        *_tagged_landings(waters.landings, pieces, streets, projection),
        *_street_landings(pieces, streets, projection),
    ]
    chosen = _thin_out(landings)
    edges = list(_cut(pieces, chosen))
    kept, parts, too_short = _long_parts(edges)
    feet = {edge.tail for edge in kept} | {edge.head for edge in kept}
    lands = [_landing_edge(place, streets) for place in chosen if place.key in feet]
    if kept:
        _append(fields, streets.node_count, [*kept, *lands])
    km = sum(edge.length_m() for edge in kept) / 1000
    return WaterAdded(km, parts, len(lands), too_short)


# ---- pieces -------------------------------------------------------------------------------------

Key = tuple[int, int]
"""A node of the water: its OSM id and 0, or whatever else tells apart what boats cannot join."""


@dataclass(slots=True)
class _Piece:
    """A stretch of a waterway: nodes, and metres from a common origin."""

    way: Waterway
    keys: list[Key]
    points: list[LonLat]
    metres: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))

    def along(self) -> NDArray[np.float64]:
        """Metres from the begin of the piece to each of its points."""
        steps = np.hypot(*np.diff(self.metres, axis=0).T)
        return np.concatenate(([0.0], np.cumsum(steps)))


def _pieces(waters: Waters, streets: RoadNetwork, projection: LocalProjection) -> Iterator[_Piece]:
    """Cut waterways at blocks, and to the box around the streets."""
    box = streets.bounds
    ends = 0
    for way in waters.ways:
        stretch = _Piece(way, [], [])
        for node, point in [*way.line, (_NO_NODE, None)]:
            inside = point is not None and (
                box.west <= point.lon <= box.east and box.south <= point.lat <= box.north
            )
            blocked = node in waters.blocks
            if inside and point is not None:
                stretch.keys.append((node, ends := ends + 1) if blocked else (node, 0))
                stretch.points.append(point)
            if inside and not blocked:
                continue
            if len(stretch.points) > 1:
                yield _measured(stretch, projection)
            stretch = _Piece(way, [], [])
            if inside and point is not None:  # the far side of the dam
                stretch.keys.append((node, ends := ends + 1))
                stretch.points.append(point)


def _measured(piece: _Piece, projection: LocalProjection) -> _Piece:
    lon, lat = np.array(piece.points).T
    piece.metres = projection.to_metres(lon, lat)
    return piece


# ---- landings -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Landing:
    """From a junction to a place so many metres along a piece; ``key`` once it is cut there."""

    node: int
    piece: int
    at_m: float
    tagged: bool
    key: Key = (0, 0)
    point: LonLat = _NOWHERE


def _tagged_landings(
    landings: Sequence[tuple[LonLat, ...]],
    pieces: Sequence[_Piece],
    streets: RoadNetwork,
    projection: LocalProjection,
) -> Iterator[_Landing]:
    """Slipways, piers and ferry terminals between water and a junction."""
    nodes = _ground_nodes(streets)
    if not landings or not len(nodes):
        return
    tree, lines = _tree_of(pieces)
    junctions = cKDTree(projection.to_metres(streets.node_lon[nodes], streets.node_lat[nodes]))
    for landing in landings:
        lon, lat = np.array(landing).T
        metres = projection.to_metres(lon, lat)
        off_street, junction = (np.asarray(found) for found in junctions.query(metres))
        shape = shapely.multipoints(metres)
        found = tree.query_nearest(shape, max_distance=LANDING_TO_WATER_M)
        if not len(found) or off_street.min() > LANDING_TO_STREET_M:
            continue
        line = lines[found[0]]
        places = _points(metres)
        nearest = places[int(np.asarray(shapely.distance(places, line)).argmin())]
        at_m = float(shapely.line_locate_point(line, nearest))
        node = int(nodes[junction[off_street.argmin()]])
        yield _Landing(node, int(found[0]), at_m, tagged=True)


def _street_landings(
    pieces: Sequence[_Piece], streets: RoadNetwork, projection: LocalProjection
) -> Iterator[_Landing]:
    """Junctions at the water's edge."""
    nodes = _ground_nodes(streets)
    if not len(nodes):
        return
    places = _points(projection.to_metres(streets.node_lon[nodes], streets.node_lat[nodes]))
    tree, lines = _tree_of(pieces)
    found, piece = tree.query_nearest(places, max_distance=STREET_AT_WATER_M)
    found, first = np.unique(found, return_index=True)
    piece = piece[first]
    at_m = np.asarray(shapely.line_locate_point(lines[piece], places[found]))
    columns = (nodes[found].tolist(), piece.tolist(), at_m.tolist())
    for node, line, along in zip(*columns, strict=True):
        yield _Landing(node, line, along, tagged=False)


def _points(metres: NDArray[np.float64]) -> NDArray[np.object_]:
    return np.asarray(shapely.points(metres), np.object_)


def _ground_nodes(streets: RoadNetwork) -> NDArray[np.int64]:
    """Junctions at which a boat may be unloaded: on the ground, and not on a motorway."""
    off = EdgeFlag.BRIDGE | EdgeFlag.TUNNEL | EdgeFlag.WATER
    fast = [HIGHWAY_CLASSES.index(name) for name in _NO_LANDING]
    usable = ~(streets.has_flag(off) | np.isin(streets.edge_class, fast))
    return np.union1d(streets.edge_tail[usable], streets.edge_head[usable]).astype(np.int64)


def _tree_of(pieces: Sequence[_Piece]) -> tuple[shapely.STRtree, NDArray[np.object_]]:
    lines = np.array([shapely.LineString(piece.metres) for piece in pieces], np.object_)
    return shapely.STRtree(lines), lines


def _thin_out(landings: Iterable[_Landing]) -> list[_Landing]:
    """Keep every tagged one, and of the others one every so many metres along the water."""
    chosen: list[_Landing] = []
    of_piece: dict[int, list[float]] = defaultdict(list)
    seen: set[tuple[int, int, int]] = set()
    for place in sorted(landings, key=lambda p: (not p.tagged, p.piece, p.at_m, p.node)):
        others = of_piece[place.piece]
        if not place.tagged and any(abs(o - place.at_m) < BETWEEN_LANDINGS_M for o in others):
            continue
        known = (place.node, place.piece, round(place.at_m))
        if known not in seen:
            seen.add(known)
            others.append(place.at_m)
            chosen.append(place)
    return chosen


# ---- edges --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Edge:
    """One stretch of water, or a landing, in one direction; a street's node is its index."""

    tail: Key | int
    head: Key | int
    line: tuple[LonLat, ...]
    way: int
    tags: Tags
    landing: bool = False

    def length_m(self) -> float:
        lon, lat = np.array(self.line).T
        return float(haversine_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum())

    def turned(self) -> _Edge:
        return _Edge(self.head, self.tail, self.line[::-1], self.way, self.tags, self.landing)


def _cut(pieces: Sequence[_Piece], landings: Sequence[_Landing]) -> Iterator[_Edge]:
    """Cut pieces where they meet and where boats land; no edge ends where it begins."""
    of_piece: dict[int, list[_Landing]] = defaultdict(list)
    for number, landing in enumerate(landings):
        landing.key = (_NO_NODE, -1 - number)
        of_piece[landing.piece].append(landing)
    for number, piece in enumerate(pieces):
        _insert(piece, of_piece[number])
    uses = Counter(key for piece in pieces for key in piece.keys)
    uses.update(landing.key for landing in landings)
    for piece in pieces:
        last = len(piece.keys) - 1
        cuts = [i for i, key in enumerate(piece.keys) if i in (0, last) or uses[key] > 1]
        for first, after in pairwise(cuts):
            middle = (first + after) // 2
            loop = piece.keys[first] == piece.keys[after]
            for a, b in [(first, middle), (middle, after)] if loop else [(first, after)]:
                line = tuple(piece.points[a : b + 1])
                if len(line) > 1 and piece.keys[a] != piece.keys[b]:
                    way = piece.way
                    yield _Edge(piece.keys[a], piece.keys[b], line, way.osm_id, way.tags)


def _insert(piece: _Piece, landings: list[_Landing]) -> None:
    """Give each landing a node of the piece: one that is there, or a new one between two."""
    for landing in landings:
        along = piece.along()
        nearest = int(np.abs(along - landing.at_m).argmin())
        if abs(along[nearest] - landing.at_m) > _SAME_POINT_M:
            nearest = int(np.searchsorted(along, landing.at_m))
            share = (landing.at_m - along[nearest - 1]) / (along[nearest] - along[nearest - 1])
            foot = np.array(piece.points[nearest - 1 : nearest + 1])
            lon, lat = (foot[0] + (foot[1] - foot[0]) * share).tolist()
            piece.points.insert(nearest, LonLat(round(lon, 7), round(lat, 7)))
            piece.keys.insert(nearest, landing.key)
            metres = piece.metres[nearest - 1]
            metres = metres + (piece.metres[nearest] - metres) * share
            piece.metres = np.insert(piece.metres, nearest, metres, axis=0)
        landing.key, landing.point = piece.keys[nearest], piece.points[nearest]


def _long_parts(edges: Sequence[_Edge]) -> tuple[list[_Edge], int, int]:
    """Keep the edges of connected parts that are long enough; how many such, and how many not."""
    if not edges:
        return [], 0, 0
    number: dict[Key | int, int] = {}
    ends = [
        [number.setdefault(key, len(number)) for key in (edge.tail, edge.head)] for edge in edges
    ]
    tail, head = np.array(ends).T
    graph = coo_array((np.ones(len(edges), np.int8), (tail, head)), shape=(len(number),) * 2)
    _, label = connected_components(graph, directed=False)
    metres = np.bincount(label[tail], [edge.length_m() for edge in edges])
    long = metres >= SHORTEST_PART_M
    kept = [edge for edge, part in zip(edges, label[tail].tolist(), strict=True) if long[part]]
    return kept, int(np.count_nonzero(long)), int(np.count_nonzero(~long))


def _landing_edge(landing: _Landing, streets: RoadNetwork) -> _Edge:
    at = LonLat(float(streets.node_lon[landing.node]), float(streets.node_lat[landing.node]))
    line = (at, landing.point)
    return _Edge(landing.node, landing.key, line, 0, {}, landing=True)


# ---- arrays -------------------------------------------------------------------------------------


def _append(fields: NetworkFields, n: int, edges: Sequence[_Edge]) -> None:
    """Put edges, each in both directions, and their new nodes behind those of the streets."""
    both = [each for edge in edges for each in (edge, edge.turned())]
    nodes: dict[Key, LonLat] = {}
    for edge in both:
        if not isinstance(edge.tail, int):
            nodes.setdefault(edge.tail, edge.line[0])
    number: dict[Key | int, int] = {key: n + i for i, key in enumerate(nodes)}
    ends = np.array(
        [[e if isinstance(e, int) else number[e] for e in (edge.tail, edge.head)] for edge in both]
    )
    lon, lat = np.array(list(nodes.values())).T
    m = len(fields["edge_tail"])
    speeds = [_speed(edge) for edge in both]
    flags = [
        EdgeFlag.WATER
        | (EdgeFlag.SPEED_TAGGED if tagged else 0)
        | (EdgeFlag.AGAINST_WAY if i % 2 else 0)
        for i, (_, tagged) in enumerate(speeds)
    ]
    no_limit = np.full(len(both), np.inf)
    units = np.rint(np.array([p for e in both for p in e.line]) * GEOMETRY_UNITS_PER_DEGREE)
    more = {
        "node_lon": lon,
        "node_lat": lat,
        "node_osm": [key[0] for key in nodes],
        "node_signal": np.zeros(len(nodes)),
        "edge_tail": ends[:, 0],
        "edge_head": ends[:, 1],
        "edge_twin": m + (np.arange(len(both)) ^ 1),
        "edge_way": [edge.way for edge in both],
        "edge_class": [HIGHWAY_CLASSES.index(_class(edge)) for edge in both],
        "edge_flags": flags,
        "edge_speed_kph": [speed for speed, _ in speeds],
        "edge_length_m": [round(edge.length_m(), 3) for edge in both],
        "edge_gate_count": np.zeros(len(both)),
        "edge_name": _names(fields, both),
        "edge_layer": np.zeros(len(both)),
        "edge_max_height_m": no_limit,
        "edge_max_width_m": no_limit,
        "edge_max_weight_t": no_limit,
        "geometry_start": len(fields["geometry"]) + np.cumsum([len(e.line) for e in both]),
        "geometry": units,
    }
    for name, values in more.items():
        before = fields[name]  # type: ignore[literal-required]  # one of the names above
        after = np.asarray(values).astype(before.dtype)
        fields[name] = np.concatenate((before, after))  # type: ignore[literal-required]  # likewise


def _class(edge: _Edge) -> str:
    return "landing" if edge.landing else "waterway"


def _speed(edge: _Edge) -> tuple[float, bool]:
    posted = parse_speed(edge.tags.get("maxspeed", ""))
    return (DEFAULT_SPEED_KPH[_class(edge)], False) if posted is None else (posted, True)


def _names(fields: NetworkFields, edges: Sequence[_Edge]) -> list[int]:
    """Number the names of the edges, new ones behind those of the streets."""
    known = list(zip(fields["names"], fields["names_en"], fields["refs"], strict=True))
    number = {name: i for i, name in enumerate(known)}
    numbers = [number.setdefault((*names(edge.tags), ""), len(number)) for edge in edges]
    fields["names"] = tuple(name for name, _, _ in number)
    fields["names_en"] = tuple(name_en for _, name_en, _ in number)
    fields["refs"] = tuple(ref for _, _, ref in number)
    return numbers
