"""EdgeIndex: which edges lie along a drawn line or inside a drawn area."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from roadnets.geo import LonLat, Polygon
from roadnets.lines import project_edges, projection_of
from roadnets.network import EdgeFlag, RoadNetwork

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class DrawnLine(NamedTuple):
    """A line drawn along streets, WGS84; ``as_drawn``: only in the direction of its points."""

    points: tuple[LonLat, ...]
    as_drawn: bool = False


_SAMPLES: Final = (np.arange(7) + 0.5) / 7
"""Where along the shorter of a line and a street the two are compared."""

_ENOUGH: Final = 3
"""They run alike over so many of the six steps between samples, or over ``_LONG_M``."""

_LONG_M: Final = 100.0

_ALONG: Final = 0.8
"""Metres of progress on one for each metre on the other: less is crossing it (over 37°)."""

_NEARER_M: Final = 3.0
"""Of two parallel carriageways the line means the one that is nearer by more than this."""

_WIDEST_DEGREES: Final = 180.0
"""An outline from 179 to -179 degrees means the strip between, and is drawn round the rest."""

_CHUNK: Final = 1 << 21
"""So many pairs are compared at once: some 100 MB."""


class EdgeIndex:
    """The lines of every street of one network, for geometric questions; immutable.

    Takes about a second to make for a million edges: keep it.

    Attributes
    ----------
    network
        The streets.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self._projection = projection_of(network)
        twin = network.edge_twin
        self._edge = np.flatnonzero((twin < 0) | (np.arange(len(twin)) < twin))
        self._twin = twin[self._edge].astype(np.int64)
        self._lines = project_edges(network, self._edge, self._projection)
        self._length_m: Floats = shapely.length(self._lines)
        self._tree = shapely.STRtree(self._lines)

    def inside(self, polygons: Sequence[Polygon]) -> tuple[Ints, Ints]:
        """Find the edges of which some part lies inside some areas.

        Parameters
        ----------
        polygons
            p areas.

        Returns
        -------
        tuple[Ints, Ints]
            Index of an area and an edge inside it, int64 (k,) each, ascending by area, then edge.

        Raises
        ------
        ValueError
            An area crosses itself or is none, which says which ring, and where; or it is more than
            half the globe wide.
        """
        area, street = self._tree.query(self._shapes(polygons), predicate="intersects")
        twin = self._twin[street]
        areas = np.concatenate((area, area[twin >= 0]))
        edges = np.concatenate((self._edge[street], twin[twin >= 0]))
        order = np.lexsort((edges, areas))
        return areas[order], edges[order]

    def nothing_inside(self, polygon: Polygon) -> str:
        """Say that no street lies inside an area, and how far it is to the nearest."""
        shape = self._shape(polygon)
        _, distance_m = self._tree.query_nearest(shape, return_distance=True)
        where = LonLat(*np.mean(polygon.outer, axis=0).tolist())
        text = f"no street of {self.network.name} lies inside the area around {where}"
        nearest_m = float(distance_m.min())
        if nearest_m == 0:
            return f"{text} but bridges and water"
        return f"{text}; the nearest street is {nearest_m:.0f} m away"

    def nothing_along(self, points: Sequence[LonLat], tolerance_m: float) -> str:
        """Say that no street lies along a line, and how far it is to the nearest."""
        _, distance_m = self._tree.query_nearest(self._paths([points])[0], return_distance=True)
        text = (
            f"no street of {self.network.name} runs within {tolerance_m:g} m "
            f"along the line from {points[0]} to {points[-1]}"
        )
        return f"{text}; the nearest street is {float(distance_m.min()):.0f} m away"

    def along(
        self,
        lines: Sequence[Sequence[LonLat] | Floats],
        tolerance_m: float,
        among: Bools | None = None,
    ) -> tuple[Ints, Ints]:
        """Find the edges along some lines, in the direction in which each is drawn.

        An edge lies along a line when about half of the shorter of the two, or 100 m, is within
        the tolerance of the other and leads the same way. Where several edges cover one
        stretch of the line side by side, those are meant that are nearest.

        Parameters
        ----------
        lines
            Two or more points each, WGS84, or float64 (k, 2) degrees. One that doubles back on
            itself may miss what it covers twice.
        tolerance_m
            How far a line may lie from its street, metres.
        among
            bool (m,), which edges may be meant; None for all but those on water.

        Returns
        -------
        tuple[Ints, Ints]
            Index of a line and an edge along it, int64 (k,) each, ascending by line, then edge.

        Raises
        ------
        ValueError
            A line has fewer than two different points, or a point is not on the earth.
        """
        if among is None:
            among = ~self.network.has_flag(EdgeFlag.WATER)
        paths = self._paths(lines)
        line, street = self._tree.query(paths, predicate="dwithin", distance=tolerance_m)
        found = [
            self._matches(paths, line[part], street[part], tolerance_m)
            for part in _parts(len(line), _CHUNK // len(_SAMPLES))
        ]
        match = _Matches.joined(found)
        edge = np.where(match.forward, self._edge[match.street], self._twin[match.street])
        meant: Bools = (edge >= 0) & among[edge]
        match, edge = match.only(meant), edge[meant]
        kept = _nearest_of_parallel(match)
        line, edge = match.line[kept], edge[kept]
        order = np.lexsort((edge, line))
        return line[order], edge[order]

    def _matches(
        self, paths: NDArray[np.object_], line: Ints, street: Ints, tolerance_m: float
    ) -> _Matches:
        """Compare pairs of a line and a street; keep those that run alike."""
        path, way = paths[line], self._lines[street]
        path_m, way_m = shapely.length(path), self._length_m[street]
        by_way = way_m <= path_m
        shorter, longer = np.where(by_way, way, path), np.where(by_way, path, way)
        shorter_m = np.minimum(path_m, way_m)
        points = shapely.line_interpolate_point(shorter[:, None], _SAMPLES, normalized=True)
        distance_m: Floats = shapely.distance(points, longer[:, None])
        at_m: Floats = shapely.line_locate_point(longer[:, None], points)
        near = distance_m <= tolerance_m
        step_m = shorter_m / len(_SAMPLES)
        progress = np.diff(at_m, axis=1) * (near[:, 1:] & near[:, :-1]) / step_m[:, None]
        ahead, back = progress >= _ALONG, progress <= -_ALONG
        forward = ahead.sum(axis=1) >= back.sum(axis=1)
        good = np.where(forward[:, None], ahead, back)
        count = good.sum(axis=1)
        alike = (count >= _ENOUGH) | ((count > 0) & (count * step_m >= _LONG_M))
        on_line_m = np.where(by_way[:, None], at_m, _SAMPLES * shorter_m[:, None])
        begin_m = np.minimum(on_line_m[:, 1:], on_line_m[:, :-1]).min(
            axis=1, where=good, initial=np.inf
        )
        end_m = np.maximum(on_line_m[:, 1:], on_line_m[:, :-1]).max(axis=1, where=good, initial=-1)
        between_m = (distance_m[:, 1:] + distance_m[:, :-1]) / 2
        off_m = (between_m * good).sum(axis=1) / count.clip(1)
        return _Matches(
            line=line,
            street=street,
            forward=forward,
            begin_m=begin_m - step_m / 2,
            end_m=end_m + step_m / 2,
            off_m=off_m,
        ).only(alike)

    def _paths(self, lines: Sequence[Sequence[LonLat] | Floats]) -> NDArray[np.object_]:
        counts = np.array([len(line) for line in lines], np.int64)
        if (counts < 2).any():
            place = int(np.flatnonzero(counts < 2)[0])
            raise ValueError(f"lines[{place}] has {counts[place]} points; allowed: 2 or more")
        degrees = _degrees("line", np.concatenate([np.empty((0, 2)), *lines]))
        metres = self._projection.to_metres(*degrees.T)
        which = np.repeat(np.arange(len(lines)), counts)
        paths = np.asarray(shapely.linestrings(metres, indices=which), np.object_)
        points = np.flatnonzero(shapely.length(paths) == 0)
        if len(points):
            raise ValueError(f"lines[{points[0]}] needs at least two different points")
        return paths

    def _shapes(self, polygons: Sequence[Polygon]) -> NDArray[np.object_]:
        """Make areas in local metres: all at once, a tenth of the time, where nothing is special.

        Special are holes, triangles, and whatever is wrong; ``_shape`` says what is.
        """
        points = np.array([point for p in polygons for point in p.outer], np.float64).reshape(-1, 2)
        counts = [len(polygon.outer) for polygon in polygons]
        plain = not any(p.holes for p in polygons) and min(counts, default=0) > 3
        if plain and (np.abs(points) <= (180.0, 90.0)).all():
            of = np.repeat(np.arange(len(counts)), counts)
            drawn = shapely.polygons(shapely.linearrings(points, indices=of))
            west, _, east, _ = shapely.bounds(drawn).T
            if shapely.is_valid(drawn).all() and (east - west <= _WIDEST_DEGREES).all():
                metres = self._projection.to_metres(*points.T)
                return np.asarray(
                    shapely.polygons(shapely.linearrings(metres, indices=of)), np.object_
                )
        return np.array([self._shape(polygon) for polygon in polygons], np.object_)

    def _shape(self, polygon: Polygon) -> shapely.Polygon:
        rings = [_ring("outer", polygon.outer)]
        rings += [_ring(f"holes[{i}]", hole) for i, hole in enumerate(polygon.holes)]
        drawn = shapely.Polygon(rings[0], rings[1:])
        if not drawn.is_valid:
            raise ValueError(f"polygon: {_what_is_wrong(drawn)}")
        west, _, east, _ = drawn.bounds
        if east - west > _WIDEST_DEGREES:
            raise ValueError(
                f"polygon: its longitudes go from {west:g} to {east:g}; allowed: up to "
                f"{_WIDEST_DEGREES:g} degrees wide (an area across the 180th meridian is two)"
            )
        metres = [self._projection.to_metres(*ring.T) for ring in rings]
        return shapely.Polygon(metres[0], metres[1:])


@dataclass(frozen=True, slots=True, eq=False)
class _Matches:
    """k streets that run alike with lines.

    Attributes
    ----------
    line, street
        int64 (k,).
    forward
        bool (k,), whether the street's first edge has the direction of the line.
    begin_m, end_m
        float64 (k,), the stretch of the line that the street covers.
    off_m
        float64 (k,), mean distance between the two.
    """

    line: Ints
    street: Ints
    forward: Bools
    begin_m: Floats
    end_m: Floats
    off_m: Floats

    def only(self, kept: Bools | NDArray[np.intp]) -> _Matches:
        """Some of them, or all in another order."""
        return _Matches(*(column[kept] for column in self.columns()))

    @classmethod
    def joined(cls, parts: Sequence[_Matches]) -> _Matches:
        """Those of several parts, by line."""
        match = cls(*map(np.concatenate, zip(*(part.columns() for part in parts), strict=True)))
        return match.only(np.argsort(match.line, kind="stable"))

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Every array."""
        return self.line, self.street, self.forward, self.begin_m, self.end_m, self.off_m


def _nearest_of_parallel(match: _Matches) -> Bools:
    """Tell which matches have no nearer one over most of their own stretch, bool (k,)."""
    kept = np.ones(len(match.line), np.bool_)
    first = np.searchsorted(match.line, match.line, side="left")
    count = np.searchsorted(match.line, match.line, side="right") - first
    ends = np.cumsum(count)
    for part in _cuts(ends, _CHUNK):
        mine = np.repeat(np.arange(part.start, part.stop), count[part])
        within = np.arange(len(mine)) - np.repeat(
            ends[part] - count[part] - (ends[part.start] - count[part.start]), count[part]
        )
        other = first[mine] + within
        shared_m = np.minimum(match.end_m[mine], match.end_m[other])
        shared_m -= np.maximum(match.begin_m[mine], match.begin_m[other])
        beaten = match.off_m[other] + _NEARER_M < match.off_m[mine]
        beaten &= shared_m > (match.end_m - match.begin_m)[mine] / 2
        kept[mine[beaten]] = False
    return kept


def _parts(length: int, size: int) -> Iterator[slice]:
    for start in range(0, max(length, 1), size):
        yield slice(start, min(start + size, length))


def _cuts(ends: Ints, size: int) -> Iterator[slice]:
    """Cut rows into parts of about ``size`` items; ``ends`` counts items up to each row's end."""
    start = 0
    while start < len(ends):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + size, side="right")))
        yield slice(start, stop)
        start = stop


def _degrees(what: str, points: Sequence[LonLat] | Floats) -> Floats:
    degrees = np.asarray(points, np.float64).reshape(-1, 2)
    off = ~(np.abs(degrees) <= (180.0, 90.0)).all(axis=1)  # also true of NaN
    if off.any():
        place = int(np.flatnonzero(off)[0])
        lon, lat = degrees[place].tolist()
        raise ValueError(
            f"{what}[{place}] is {lon}, {lat}; allowed: -180 to 180 and -90 to 90 degrees"
        )
    return degrees


def _ring(name: str, points: Sequence[LonLat]) -> Floats:
    degrees = _degrees(name, points)
    count = len(degrees)
    if count and (degrees[0] == degrees[-1]).all():
        count -= 1
    if count < 3:
        raise ValueError(f"{name} has {max(count, 0)} points; allowed: 3 or more")
    return degrees


_REASON: Final = re.compile(r"(?P<what>[^\[]+)\[(?P<lon>\S+) (?P<lat>\S+)\]")


def _what_is_wrong(drawn: shapely.Polygon) -> str:
    """Say in words why a polygon is none, and where."""
    reason = shapely.is_valid_reason(drawn)
    parts = _REASON.fullmatch(reason)
    if parts is None or drawn.convex_hull.area == 0:
        return f"it encloses no area ({reason})"
    where = LonLat(float(parts["lon"]), float(parts["lat"]))
    crossing = "elf-intersection" in parts["what"]
    return f"its outline crosses itself at {where}" if crossing else f"{parts['what']} at {where}"
