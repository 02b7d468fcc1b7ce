"""StreetData: streets as a source gives them, before anything is judged or joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.beside import District, Landmark, Place
from roadnets.errors import SourceError
from roadnets.geo import LonLat
from roadnets.imports.placetags import admin_level, place_kinds, place_tags, population
from roadnets.imports.tags import Tags, names
from roadnets.imports.turns import TurnRelation
from roadnets.imports.water import Waters
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE

SIGNALS_OFF_CORE: Final = "traffic signals off the core"
"""Heading under which an import counts the signals that its network has not."""

Tell = Callable[[str], None]
"""Told the name of each long step as it begins."""


def silence(step: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class AdminArea:
    """A populated administrative area and its level (6 a city district in China)."""

    level: int
    district: District


@dataclass(frozen=True, slots=True, eq=False)
class StreetData:
    """The output of every source: ways as segments between points, and what stands beside them.

    Attributes
    ----------
    name, source, source_checksum, synthetic
        As in :class:`roadnets.network.RoadNetwork`.
    node_id
        int64 (n,), OSM node ids.
    node_xy
        int32 (n, 2), lon and lat in 1e-7 degrees WGS84.
    node_tags
        Tags of the nodes that have any that matter (signals, barriers, limits), by node index.
    segment_tail, segment_head
        int32 (s,), node indices; a segment lies along its way's direction.
    segment_way
        int32 (s,), way indices.
    way_id
        int64 (w,), OSM way ids.
    way_tags
        Tags of each way, w of them.
    signals
        Signal nodes in the source, whether or not a street passes them.
    places
        Hospitals, stations, depots, shelters; ``on_core`` is not known yet.
    areas
        Populated administrative areas with a closed boundary.
    turns
        Turn restrictions, whether or not they can be obeyed.
    waters
        Where boats go.
    landmarks
        What a caller may name besides streets and places; kilometre posts may not know their road.
    dropped
        What the source itself could not hand over, by sentence.
    notes
        Sentences for the people who read the report.
    """

    name: str
    source: str
    source_checksum: str
    synthetic: bool
    node_id: NDArray[np.int64]
    node_xy: NDArray[np.int32]
    node_tags: dict[int, Tags]
    segment_tail: NDArray[np.int32]
    segment_head: NDArray[np.int32]
    segment_way: NDArray[np.int32]
    way_id: NDArray[np.int64]
    way_tags: Sequence[Tags]
    signals: int = 0
    places: tuple[Place, ...] = ()
    areas: tuple[AdminArea, ...] = ()
    turns: tuple[TurnRelation, ...] = ()
    waters: Waters = field(default_factory=Waters)
    landmarks: tuple[Landmark, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, s, w = len(self.node_id), len(self.segment_way), len(self.way_id)
        if self.node_xy.shape != (n, 2) or len(self.way_tags) != w:
            raise ValueError("node_xy or way_tags do not fit node_id and way_id")
        if len(self.segment_tail) != s or len(self.segment_head) != s:
            raise ValueError("segments need a tail, a head and a way each")
        if s == 0:
            raise SourceError(f"{self.source} has no streets: no way with a highway tag")
        ends = (self.segment_tail, self.segment_head)
        if min(e.min() for e in ends) < 0 or max(e.max() for e in ends) >= n:
            raise ValueError("a segment ends at a node that is not there")
        if self.segment_way.min() < 0 or self.segment_way.max() >= w:
            raise ValueError("a segment belongs to a way that is not there")


def to_units(degrees: NDArray[np.float64]) -> NDArray[np.int32]:
    """Round degrees to whole 1e-7 degrees."""
    return np.rint(degrees * GEOMETRY_UNITS_PER_DEGREE).astype(np.int32)


def places_at(osm_id: str, tags: Tags, point: LonLat) -> list[Place]:
    """Make every place that an object with these tags is; its point rounded to 1e-7 degrees."""
    name, name_en = names(tags)
    point = LonLat(round(point.lon, 7), round(point.lat, 7))
    return [
        Place(kind, osm_id, point, name, name_en, on_core=False, tags=place_tags(tags))
        for kind in place_kinds(tags)
    ]


def area_of(osm_id: str, tags: Tags, ring: Iterable[LonLat]) -> AdminArea | None:
    """Make an administrative area, None where the tags tell no population."""
    people = population(tags)
    if tags.get("boundary") != "administrative" or people is None:
        return None
    outline = tuple(LonLat(round(p.lon, 7), round(p.lat, 7)) for p in ring)
    return AdminArea(admin_level(tags), District(osm_id, *names(tags), people, outline))


def ring_centroid(ring: Sequence[LonLat]) -> LonLat:
    """Find the centroid of a closed ring; the mean of its points where it encloses nothing."""
    xy = np.asarray(ring, dtype=np.float64)
    origin = xy[0]
    x, y = (xy - origin).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    area2 = cross.sum()
    if abs(area2) < 1e-14:
        lon, lat = xy[:-1].mean(axis=0) if len(xy) > 1 else origin
    else:
        lon = origin[0] + ((x[:-1] + x[1:]) * cross).sum() / (3 * area2)
        lat = origin[1] + ((y[:-1] + y[1:]) * cross).sum() / (3 * area2)
    return LonLat(float(lon), float(lat))


def join_rings(lines: Sequence[Sequence[tuple[int, LonLat]]]) -> list[list[LonLat]] | None:
    """Join the member ways of a relation end to end into closed rings.

    Parameters
    ----------
    lines
        Each way as its node ids and points.

    Returns
    -------
    list[list[LonLat]] | None
        Closed rings, or None where the lines do not close.
    """
    rest = [list(line) for line in lines if len(line) > 1]
    rings = []
    while rest:
        ring = rest.pop(0)
        while ring[0][0] != ring[-1][0]:
            at = next(
                (i for i, line in enumerate(rest) if ring[-1][0] in (line[0][0], line[-1][0])), None
            )
            if at is None:
                return None
            line = rest.pop(at)
            ring += line[1:] if line[0][0] == ring[-1][0] else line[-2::-1]
        rings.append([point for _, point in ring])
    return rings


def ring_area(ring: Sequence[LonLat]) -> float:
    """Compute the area of a closed ring in square degrees, never negative; good for comparing."""
    x, y = (np.asarray(ring, dtype=np.float64) - np.asarray(ring[0])).T
    return abs(float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())) / 2
