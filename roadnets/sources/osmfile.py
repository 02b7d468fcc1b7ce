"""OpenStreetMap files: XML, compressed XML and PBF. The only file that imports osmium."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import numpy as np
import osmium
from numpy.typing import NDArray
from osmium.filter import IdFilter, KeyFilter
from osmium.geom import WKBFactory, use_nodes
from osmium.index import LocationTable, create_map
from osmium.io import File
from osmium.osm import NODE, RELATION, WAY, Node, NodeRef, Relation, Way

from roadnets.beside import Place
from roadnets.errors import SourceError
from roadnets.geo import LonLat
from roadnets.imports.placetags import PLACE_TAGS, place_kinds, population
from roadnets.imports.streets import (
    AdminArea,
    StreetData,
    Tell,
    area_of,
    join_rings,
    places_at,
    ring_area,
    ring_centroid,
    silence,
    to_units,
)
from roadnets.imports.tags import (
    Limits,
    Tags,
    barrier_of,
    lands_boats,
    limits_at_barrier,
    navigable,
    signal_direction,
    stops_boats,
)
from roadnets.imports.turns import Member, TurnRelation
from roadnets.imports.water import Waters, Waterway
from roadnets.sources.broken import diagnose
from roadnets.sources.named import NAMING_KEYS, NamedThings, is_named_area

SUFFIXES: Final = (".osm", ".osm.bz2", ".osm.gz", ".osm.pbf", ".pbf")
"""What this source reads, by the end of the file's name."""

SYNTHETIC_GENERATOR: Final = "citydispatch sample city"
"""A file whose header names this generator is a made-up city."""

OUTSIDE: Final = "points of ways that are not in the source"
NOT_DRAWN: Final = "places and districts whose outline is not complete in the source"

_WATER_KEYS: Final = ("waterway", "leisure", "man_made")
_WANTED_KEYS: Final = (
    *("highway", "barrier", "boundary"),
    *PLACE_TAGS,
    *NAMING_KEYS,
    *_WATER_KEYS,
)
_WKB_HEADER: Final = 9  # byte order, type, number of points

Line = list[tuple[int, LonLat]]


def read(path: Path, tell: Tell = silence) -> StreetData:
    """Read the streets, places and districts of a file.

    Parameters
    ----------
    path
        Ends in one of ``SUFFIXES``.
    tell
        Told each step as it begins.

    Returns
    -------
    StreetData
        Every way with a ``highway`` tag, and every place and populated district.

    Raises
    ------
    SourceError
        The file is missing, broken, of another format or without streets; says where.
    """
    try:
        with path.open("rb") as file:
            checksum = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        return _read(path, checksum, tell)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror or error}") from error
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise SourceError(f"{path.name} {diagnose(path, str(error))}") from error


def _read(path: Path, checksum: str, tell: Tell) -> StreetData:
    tell("reading relations")
    relations, turns = _relations(path)
    tell("reading nodes and ways")
    locations = create_map("flex_mem")
    reader = _Reader()
    for thing in _objects(path, locations, KeyFilter(*_WANTED_KEYS)):
        if isinstance(thing, Node):
            reader.take_node(thing)
        else:
            reader.take_way(thing)
    unsaved = _unsaved_nodes(path) if min(reader.missing, default=0) < 0 else {}
    if unsaved or _knows(locations, reader.missing):  # ways came before their nodes
        reader.forget_ways()
        reader.unsaved = unsaved
        for way in _ways(path, locations, KeyFilter(*_WANTED_KEYS)):
            reader.take_way(way)
    if relations:
        tell("drawing relations")
        members = sorted({way for relation in relations for way in relation.ways})
        ways = _ways(path, locations, IdFilter(members))
        lines = {way.id: reader.line(way) for way in ways}
        for relation in relations:
            reader.take_relation(relation, lines)
    return reader.finish(path, checksum, tuple(turns))


def _file(path: Path) -> File:
    """Name the format, so that an ending in capitals is known too."""
    return File(str(path), _suffix(path).removeprefix("."))


def _objects(path: Path, locations: LocationTable, wanted: KeyFilter) -> Iterator[Node | Way]:
    """Wanted nodes and ways; every node's location is noted on the way, and told to the ways."""
    table = cast("str", locations)  # its annotation forgets that a table is taken too
    things = osmium.FileProcessor(_file(path), NODE | WAY).with_locations(table).with_filter(wanted)
    yield from cast("Iterator[Node | Way]", things)


def _ways(path: Path, locations: LocationTable, wanted: IdFilter | KeyFilter) -> Iterator[Way]:
    """Wanted ways, with locations noted before."""
    teller = osmium.NodeLocationsForWays(locations)
    teller.ignore_errors()
    things = osmium.FileProcessor(_file(path), WAY).with_filter(wanted).with_filter(teller)
    yield from cast("Iterator[Way]", things)


def _knows(locations: LocationTable, ids: Iterable[int]) -> bool:
    """Whether the file had any of these nodes after all."""
    for node in ids:
        try:
            if node > 0 and locations.get(node).valid():
                return True
        except KeyError:
            continue
    return False


def _unsaved_nodes(path: Path) -> dict[int, LonLat]:
    """Nodes that an editor has not uploaded yet: their ids are negative, which osmium drops."""
    nodes = (cast("Node", thing) for thing in osmium.FileProcessor(_file(path), NODE))
    return {n.id: LonLat(n.lon, n.lat) for n in nodes if n.id < 0 and n.location.valid()}


@dataclass(frozen=True, slots=True)
class _Relation:
    id: int
    tags: Tags
    ways: tuple[int, ...]


def _relations(path: Path) -> tuple[list[_Relation], list[TurnRelation]]:
    """Relations that have an outline that is wanted; and turn restrictions."""
    wanted = KeyFilter(*_WANTED_KEYS, "type", "restriction")
    found, turns = [], []
    for thing in osmium.FileProcessor(_file(path), RELATION).with_filter(wanted):
        relation = cast("Relation", thing)
        if relation.deleted:
            continue
        tags = dict(relation.tags)
        if tags.get("type") == "restriction" or "restriction" in tags:
            members = tuple(Member(m.type, m.ref, m.role) for m in relation.members)
            turns.append(TurnRelation(relation.id, tags, members))
            continue
        if _must_be_drawn(tags) or is_named_area(tags):
            ways = tuple(m.ref for m in relation.members if m.type == "w" and m.role != "inner")
            found.append(_Relation(relation.id, tags, ways))
    return found, turns


def _must_be_drawn(tags: Tags) -> bool:
    return bool(place_kinds(tags)) or _is_district(tags)


def _is_district(tags: Tags) -> bool:
    return tags.get("boundary") == "administrative" and population(tags) is not None


@dataclass(slots=True)
class _Reader:
    """Collects what the file has, in the file's order."""

    way_id: list[int] = field(default_factory=list)
    way_tags: list[Tags] = field(default_factory=list)
    refs: list[int] = field(default_factory=list)
    way_of_line: list[int] = field(default_factory=list)
    line_length: list[int] = field(default_factory=list)
    wkb: list[str] = field(default_factory=list)
    node_tags: dict[int, Tags] = field(default_factory=dict)
    signals: int = 0
    missing: set[int] = field(default_factory=set)
    unsaved: dict[int, LonLat] = field(default_factory=dict)
    node_places: list[Place] = field(default_factory=list)
    way_places: list[Place] = field(default_factory=list)
    relation_places: list[Place] = field(default_factory=list)
    way_areas: list[AdminArea] = field(default_factory=list)
    relation_areas: list[AdminArea] = field(default_factory=list)
    named: NamedThings = field(default_factory=NamedThings)
    waterways: list[Waterway] = field(default_factory=list)
    node_landings: list[tuple[LonLat, ...]] = field(default_factory=list)
    way_landings: list[tuple[LonLat, ...]] = field(default_factory=list)
    node_blocks: set[int] = field(default_factory=set)
    way_blocks: set[int] = field(default_factory=set)
    dropped: Counter[str] = field(default_factory=Counter)
    factory: WKBFactory = field(default_factory=WKBFactory)

    def _point(self, node: NodeRef) -> LonLat | None:
        return LonLat(node.lon, node.lat) if node.location.valid() else self.unsaved.get(node.ref)

    def line(self, way: Way) -> Line:
        """Node ids and points of a way; those that the file does not have are left out."""
        points = ((node.ref, self._point(node)) for node in way.nodes)
        return [(ref, point) for ref, point in points if point is not None]

    def take_node(self, node: Node) -> None:
        if node.deleted:
            return
        tags = dict(node.tags)
        if signal_direction(tags) is not None:
            self.signals += 1
            self.node_tags[node.id] = tags
        elif barrier_of(tags) is not None or limits_at_barrier(tags) != Limits():
            self.node_tags[node.id] = tags
        if stops_boats(tags):
            self.node_blocks.add(node.id)
        if node.location.valid():
            point = LonLat(node.lon, node.lat)
            self.node_places += places_at(f"node/{node.id}", tags, point)
            self.named.take_node(f"node/{node.id}", tags, point)
            if lands_boats(tags):
                self.node_landings.append((point,))

    def take_way(self, way: Way) -> None:
        if way.deleted:
            return
        tags = dict(way.tags)
        if "highway" in tags:
            self._take_street(way, tags)
        if _must_be_drawn(tags) or is_named_area(tags):
            self._take_outline(way, tags)
        if navigable(tags):
            self.waterways.append(Waterway(way.id, tags, tuple(self.line(way))))
        elif stops_boats(tags):
            self.way_blocks.update(node.ref for node in way.nodes)
        elif lands_boats(tags) and (line := self.line(way)):
            self.way_landings.append(tuple(point for _, point in line))

    def _take_street(self, way: Way, tags: Tags) -> None:
        refs = [node.ref for node in way.nodes]
        if len(refs) < 2:
            return
        self.way_id.append(way.id)
        self.way_tags.append(tags)
        try:
            self._take_line(refs, self.factory.create_linestring(way, use_nodes.ALL))
        except osmium.InvalidLocationError:
            self._take_stretches(way)

    def _take_line(self, refs: list[int], wkb: str) -> None:
        self.refs += refs
        self.way_of_line.append(len(self.way_id) - 1)
        self.line_length.append(len(refs))
        self.wkb.append(wkb[2 * _WKB_HEADER :])

    def _take_stretches(self, way: Way) -> None:
        """Take a way that leaves the extract: the stretches whose points are known."""
        stretch: Line = []
        for node in [*way.nodes, None]:
            point = None if node is None else self._point(node)
            if node is not None and point is not None:
                stretch.append((node.ref, point))
                continue
            if len(stretch) > 1:
                points = np.array([point for _, point in stretch], dtype="<f8")
                wkb = "00" * _WKB_HEADER + points.tobytes().hex()
                self._take_line([ref for ref, _ in stretch], wkb)
            stretch = []
            if node is not None:
                self.missing.add(node.ref)

    def _take_outline(self, way: Way, tags: Tags) -> None:
        line = self.line(way)
        if len(line) < 2:
            self.dropped[NOT_DRAWN] += _must_be_drawn(tags)
            return
        points = [point for _, point in line]
        self.named.take_outline(f"way/{way.id}", tags, points)
        closed = line[0][0] == line[-1][0]
        centre = ring_centroid(points if closed else [*points, points[0]])
        self.way_places += places_at(f"way/{way.id}", tags, centre)
        if closed and len(points) > 3:
            area = area_of(f"way/{way.id}", tags, points)
            self.way_areas += [] if area is None else [area]

    def take_relation(self, relation: _Relation, lines: dict[int, Line]) -> None:
        osm_id = f"relation/{relation.id}"
        parts = [lines[way] for way in relation.ways if way in lines]
        complete = len(parts) == len(relation.ways)
        rings = join_rings(parts) if complete else None
        points = [point for part in parts for _, point in part]
        if not rings and (_is_district(relation.tags) or not points):
            self.dropped[NOT_DRAWN] += _must_be_drawn(relation.tags)
            return
        ring = max(rings, key=ring_area) if rings else [*points, points[0]]
        centre = ring_centroid(ring) if rings else _mean(points)
        self.relation_places += places_at(osm_id, relation.tags, centre)
        if rings:
            self.named.take_outline(osm_id, relation.tags, ring)
        area = area_of(osm_id, relation.tags, ring)
        self.relation_areas += [] if area is None else [area]

    def forget_ways(self) -> None:
        self.way_id, self.way_tags, self.refs, self.wkb = [], [], [], []
        self.way_of_line, self.line_length, self.missing = [], [], set()
        self.way_places, self.way_areas = [], []
        self.named.forget_areas()
        self.waterways, self.way_landings, self.way_blocks = [], [], set()
        self.dropped.clear()

    def finish(self, path: Path, checksum: str, turns: tuple[TurnRelation, ...]) -> StreetData:
        refs = np.array(self.refs, np.int64)
        xy = np.frombuffer(bytes.fromhex("".join(self.wkb)), "<f8").reshape(-1, 2)
        node_id, first, node = np.unique(refs, return_index=True, return_inverse=True)
        tail, way = self._segments()
        index = {ref: i for i, ref in enumerate(node_id.tolist()) if ref in self.node_tags}
        if self.missing:
            self.dropped[OUTSIDE] = len(self.missing)
        return StreetData(
            name=_stem(path),
            source=path.name,
            source_checksum=checksum,
            synthetic=_generator(path) == SYNTHETIC_GENERATOR,
            node_id=node_id,
            node_xy=to_units(xy[first]),
            node_tags={i: self.node_tags[ref] for ref, i in index.items()},
            segment_tail=node[tail].astype(np.int32),
            segment_head=node[tail + 1].astype(np.int32),
            segment_way=way,
            way_id=np.array(self.way_id, np.int64),
            way_tags=self.way_tags,
            signals=self.signals,
            places=(*self.node_places, *self.way_places, *self.relation_places),
            areas=(*self.way_areas, *self.relation_areas),
            landmarks=self.named.finish(),
            dropped=self.dropped,
            turns=turns,
            waters=Waters(
                ways=tuple(self.waterways),
                landings=(*self.node_landings, *self.way_landings),
                blocks=frozenset(self.node_blocks | self.way_blocks),
            ),
        )

    def _segments(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Position in ``refs`` where each segment begins, and its way."""
        length = np.array(self.line_length, np.int64)
        way = np.repeat(np.array(self.way_of_line, np.int32), length)
        begins = np.ones(len(way), np.bool_)
        begins[np.cumsum(length) - 1] = False
        return np.flatnonzero(begins), way[begins]


def _mean(points: Sequence[LonLat]) -> LonLat:
    lon, lat = np.mean(points, axis=0).tolist()
    return LonLat(lon, lat)


def _suffix(path: Path) -> str:
    return max((s for s in SUFFIXES if path.name.lower().endswith(s)), key=len, default="")


def _stem(path: Path) -> str:
    return path.name[: len(path.name) - len(_suffix(path))]


def _generator(path: Path) -> str:
    return osmium.FileProcessor(_file(path)).header.get("generator")
