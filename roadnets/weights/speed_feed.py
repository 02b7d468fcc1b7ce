"""SpeedFeed: which edges measured speeds are on, said by edge, street, line or segment."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadnets.geo import CoordinateSystem, LonLat, to_wgs84_many
from roadnets.network import EdgeFlag
from roadnets.weights.edge_index import EdgeIndex
from roadnets.weights.live_speeds import EARLY_S, FASTEST_KPH

TOLERANCE_M: Final = 20.0
"""A feed's line lies so near to its street: its map is another than ours."""

LINES_KEPT: Final = 300_000
"""Lines and ways remembered, about 1 KB each; beyond that all are forgotten and matched again."""


class WayDirection(NamedTuple):
    """A whole OSM way; ``forward``: as it is drawn in OSM, None for both directions."""

    way: int
    forward: bool | None = None


class FeedLine(NamedTuple):
    """Streets along a line, in its direction; degrees of ``system``."""

    lon: tuple[float, ...]
    lat: tuple[float, ...]
    system: CoordinateSystem


class SegmentEdges(NamedTuple):
    """Some directed edges."""

    edges: tuple[int, ...]


Segment = SegmentEdges | WayDirection | FeedLine
Stretch = int | str | WayDirection | FeedLine
"""What a record is about: an edge, a registered segment, or what a segment may be."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeedRecords:
    """k measurements as they arrive.

    Attributes
    ----------
    where
        k stretches; an edge may be of any whole type, a line's coordinates any sequence.
    kph
        (k,), speed of traffic, waiting included.
    measured_s
        (k,), seconds since 1970 UTC.
    """

    where: Sequence[Stretch]
    kph: ArrayLike
    measured_s: ArrayLike


class Problem(NamedTuple):
    """Why a record was left out; ``record`` is its place among the records, from 0."""

    record: int
    text: str


class Measured(NamedTuple):
    """What ``LiveSpeeds.with_measured`` takes, and the records that are not in it.

    Attributes
    ----------
    edges
        int32 (r,), a record on several edges has as many rows.
    kph, measured_s
        float64 (r,).
    accepted
        How many records are in it.
    problems
        One for each that is not, ascending.
    """

    edges: NDArray[np.int32]
    kph: NDArray[np.float64]
    measured_s: NDArray[np.float64]
    accepted: int
    problems: tuple[Problem, ...]


class SpeedFeed:
    """Knows the edges of what feeds name. Mutable, with one writer.

    A line is matched to streets the first time that it comes, all new ones together, and then
    known by its points.

    Parameters
    ----------
    index
        Of the network.
    tolerance_m
        How far a feed's line may lie from its street.
    """

    def __init__(self, index: EdgeIndex, tolerance_m: float = TOLERANCE_M) -> None:
        self._index = index
        self._tolerance_m = tolerance_m
        network = index.network
        self._last = network.edge_count - 1
        self._driven = ~network.has_flag(EdgeFlag.WATER | EdgeFlag.AGAINST_ONEWAY)
        self._against_way = network.has_flag(EdgeFlag.AGAINST_WAY)
        self._by_way = np.argsort(network.edge_way, kind="stable").astype(np.int32)
        self._ways = network.edge_way[self._by_way]
        self._known = _Known()
        self._segments: dict[str, NDArray[np.int32]] = {}

    @property
    def segment_count(self) -> int:
        """Number of segments known."""
        return len(self._segments)

    def register(self, segments: Mapping[str, Segment]) -> tuple[str, ...]:
        """Learn what some segments are; each replaces what its id meant before.

        Parameters
        ----------
        segments
            By their id.

        Returns
        -------
        tuple[str, ...]
            Those that lie along no street, in order: their speeds will be left out.

        Raises
        ------
        ValueError
            A segment names an edge that the network does not have, or its line is none; names it.
            None is learnt then.
        """
        names = [name for name, segment in segments.items() if isinstance(segment, FeedLine)]
        lines = [segment for segment in segments.values() if isinstance(segment, FeedLine)]
        found: dict[str, NDArray[np.int32]] = {}
        for name, line in zip(names, lines, strict=True):
            wrong = _what_is_wrong(line)
            if wrong:
                raise ValueError(f"segment {name!r}: {wrong}")
        for name, segment in segments.items():
            if isinstance(segment, SegmentEdges):
                found[name] = self._edges_named(name, segment)
            elif isinstance(segment, WayDirection):
                found[name] = self._edges_of_way(segment)
        found.update(zip(names, self._match(lines), strict=True))
        for name in segments:
            self._segments[name] = found[name]
            self._known.learn(name, found[name])
        return tuple(name for name in segments if not len(found[name]))

    def read(self, records: SpeedRecords, now: datetime) -> Measured:
        """Find the edges of some records.

        Parameters
        ----------
        records
            Any number, any mixture.
        now
            To tell times that lie ahead.

        Returns
        -------
        Measured
            What can be used, and why the rest cannot.

        Raises
        ------
        ValueError
            The columns are not of one length, or hold something else than numbers.
        TypeError
            A record is about nothing that a ``Stretch`` may be; says which and what it is.
        """
        where = [s if type(s) in _PLAIN else _stretch(i, s) for i, s in enumerate(records.where)]
        kph, at_s = _column("kph", records.kph), _column("measured_s", records.measured_s)
        if not len(where) == len(kph) == len(at_s):
            lengths = f"{len(where)}, {len(kph)} and {len(at_s)}"
            raise ValueError(f"where, kph and measured_s have {lengths} records; allowed: the same")
        problems = self._learn(where)
        edge, row = self._known.places(where)
        refused = {
            at: text(at)
            for at, text in self._refused(where, kph, at_s, (edge, row), now.timestamp() + EARLY_S)
        }
        problems = refused | problems
        used = np.ones(len(where), np.bool_)
        used[list(problems)] = False
        kept = np.flatnonzero(used)
        part, edges = self._known.edges_of(edge[kept], row[kept])
        record = kept[part]
        told = tuple(Problem(at, f"records[{at}].{problems[at]}") for at in sorted(problems))
        return Measured(edges, kph[record], at_s[record], len(kept), told)

    def _refused(
        self,
        where: Sequence[Stretch],
        kph: NDArray[np.float64],
        at_s: NDArray[np.float64],
        places: tuple[NDArray[np.int64], NDArray[np.int64]],
        latest_s: float,
    ) -> Iterator[tuple[int, Callable[[int], str]]]:
        """Find the records that cannot be used, each with what says why; the gravest last."""
        edge, row = places
        nowhere = (row >= 0) & (self._known.counts(row) == 0)
        for at in np.flatnonzero(nowhere).tolist():
            yield at, lambda i: f"where is {_short(where[i])}; no street lies there"
        for at in np.flatnonzero(~((at_s >= 0) & (at_s <= latest_s))).tolist():
            yield at, lambda i: f"measured_s is {at_s[i]:.16g}; allowed: 0 to {latest_s:.16g}"
        for at in np.flatnonzero(~((kph >= 0) & (kph <= FASTEST_KPH))).tolist():
            yield at, lambda i: f"speed_kph is {kph[i]}; allowed: 0 to {FASTEST_KPH:g}"
        for at in np.flatnonzero((row < 0) & ((edge < 0) | (edge > self._last))).tolist():
            yield at, lambda i: _unknown(where[i], self._last)

    def _learn(self, where: Sequence[Stretch]) -> dict[int, str]:
        """Match every line and way that is new; tell what is wrong with which records' lines."""
        fresh = [i for i, stretch in enumerate(where) if type(stretch) in _MATCHED]
        fresh = [i for i in fresh if where[i] not in self._known]
        if len(self._known) + len(fresh) > LINES_KEPT:
            self._known = _Known()
            for name, edges in self._segments.items():
                self._known.learn(name, edges)
            fresh = [i for i, stretch in enumerate(where) if type(stretch) in _MATCHED]
        problems: dict[int, str] = {}
        lines: dict[FeedLine, None] = {}
        for place in fresh:
            stretch = where[place]
            if isinstance(stretch, WayDirection):
                self._known.learn(stretch, self._edges_of_way(stretch))
            elif isinstance(stretch, FeedLine):
                wrong = _what_is_wrong(stretch)
                if wrong:
                    problems[place] = wrong
                else:
                    lines[stretch] = None
        for line, edges in zip(lines, self._match(list(lines)), strict=True):
            self._known.learn(line, edges)
        return problems

    def _match(self, lines: Sequence[FeedLine]) -> list[NDArray[np.int32]]:
        """Find the edges along each of some sound lines, ascending int32."""
        if not lines:
            return []
        counts = np.array([len(line.lon) for line in lines])
        lon = np.fromiter((x for line in lines for x in line.lon), np.float64)
        lat = np.fromiter((y for line in lines for y in line.lat), np.float64)
        systems = np.array([_SYSTEMS.index(line.system) for line in lines]).repeat(counts)
        degrees = np.empty((len(lon), 2))
        for number in np.unique(systems).tolist():
            at = systems == number
            degrees[at] = to_wgs84_many(lon[at], lat[at], _SYSTEMS[number])
        paths = np.split(degrees, np.cumsum(counts)[:-1])
        line, edge = self._index.along(paths, self._tolerance_m, self._driven)
        cuts = np.searchsorted(line, np.arange(1, len(lines)))
        return np.split(edge.astype(np.int32), cuts)

    def _edges_of_way(self, stretch: WayDirection) -> NDArray[np.int32]:
        begin, end = np.searchsorted(self._ways, (stretch.way, stretch.way + 1)).tolist()
        edges: NDArray[np.int32] = self._by_way[begin:end]
        kept = self._driven[edges]
        if stretch.forward is not None:
            kept &= self._against_way[edges] != stretch.forward
        return edges[kept]

    def _edges_named(self, name: str, segment: SegmentEdges) -> NDArray[np.int32]:
        edges = np.array(segment.edges, np.int64)
        strange = edges[(edges < 0) | (edges > self._last)]
        if len(strange):
            raise ValueError(
                f"segment {name!r}: edge {strange[0]} is unknown; allowed: 0 to {self._last}"
            )
        return np.unique(edges).astype(np.int32)


class _Known:
    """Edges by what names them, row after row."""

    def __init__(self) -> None:
        self._row: dict[Stretch, int] = {}
        self._found: list[NDArray[np.int32]] = []
        self._start = np.zeros(1, np.int64)
        self._edges = np.empty(0, np.int32)
        self._stale = False

    def __len__(self) -> int:
        return len(self._row)

    def __contains__(self, stretch: Stretch) -> bool:
        return stretch in self._row

    def learn(self, stretch: Stretch, edges: NDArray[np.int32]) -> None:
        """Remember the edges of a stretch."""
        row = self._row.setdefault(stretch, len(self._found))
        if row == len(self._found):
            self._found.append(edges)
        else:
            self._found[row] = edges
        self._stale = True

    def places(self, where: Sequence[Stretch]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give each record's edge, or else the row of its edges; -1 where it has none, int64."""
        rows = self._row
        edge = [
            stretch if type(stretch) is int and 0 <= stretch <= _LAST_EDGE else -1
            for stretch in where
        ]
        row = [-1 if type(stretch) is int else rows.get(stretch, -1) for stretch in where]
        return np.array(edge, np.int64), np.array(row, np.int64)

    def counts(self, row: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count the edges of some rows, 1 where the row is -1, int64 (k,)."""
        if self._stale:
            lengths = np.array([len(edges) for edges in self._found], np.int64)
            self._start = np.concatenate(([0], np.cumsum(lengths)))
            self._edges = np.concatenate((np.empty(0, np.int32), *self._found))
            self._stale = False
        lengths = np.append(np.diff(self._start), 1)  # the last is that of row -1
        counts: NDArray[np.int64] = lengths[row]
        return counts

    def edges_of(
        self, edge: NDArray[np.int64], row: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """List the edges of some records: index of the record, edge."""
        count = self.counts(row)
        record = np.repeat(np.arange(len(row)), count)
        within = np.arange(len(record)) - np.repeat(np.cumsum(count) - count, count)
        edges = edge[record].astype(np.int32)
        rows = row[record]
        many = rows >= 0
        edges[many] = self._edges[self._start[rows[many]] + within[many]]
        return record, edges


_PLAIN: Final = frozenset((int, str))
"""Types of a stretch that are taken as they are."""

_LAST_EDGE: Final = (1 << 31) - 1
"""No network has more edges: what is beyond is none, and may not fit any array."""

_MATCHED: Final = (FeedLine, WayDirection)
_SYSTEMS: Final = tuple(CoordinateSystem)


def _stretch(at: int, given: object) -> Stretch:
    """Make a stretch of what a record is about, with numbers and sequences of our own types."""
    try:
        if isinstance(given, FeedLine):
            tuples = type(given.lon) is tuple and type(given.lat) is tuple
            return given if tuples else given._replace(lon=tuple(given.lon), lat=tuple(given.lat))
        if isinstance(given, WayDirection):
            return given._replace(way=operator.index(given.way))
        if isinstance(given, str):
            return str(given)
        if isinstance(given, SupportsIndex) and not isinstance(given, bool | np.bool_):
            return operator.index(given)
    except TypeError:
        pass  # said below, for all kinds alike
    allowed = "an edge's whole number, a segment's id, a WayDirection or a FeedLine"
    raise TypeError(f"where[{at}] is {given!r:.200}; allowed: {allowed}")


def _column(name: str, given: ArrayLike) -> NDArray[np.float64]:
    try:
        column = np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is no column of numbers: {error}") from error
    if column.ndim != 1:
        raise ValueError(f"{name} has shape {column.shape}; allowed: one number for each record")
    return column


def _what_is_wrong(line: FeedLine) -> str:
    """Say why a line is none; "" where it is one."""
    if len(line.lon) != len(line.lat):
        return f"line has {len(line.lon)} longitudes and {len(line.lat)} latitudes"
    if not all(-180 <= lon <= 180 for lon in line.lon):
        return "line.lon: allowed: -180 to 180 degrees"
    if not all(-90 <= lat <= 90 for lat in line.lat):
        return "line.lat: allowed: -90 to 90 degrees"
    if len(set(zip(line.lon, line.lat, strict=True))) < 2:
        return "line needs at least two different points"
    return ""


def _unknown(stretch: Stretch, last: int) -> str:
    if isinstance(stretch, str):
        return f"segment is {stretch!r}; it has not been registered"
    return f"edge is {stretch}; allowed: 0 to {last}"


def _short(stretch: Stretch) -> str:
    if isinstance(stretch, FeedLine):
        first, last = (LonLat(stretch.lon[i], stretch.lat[i]) for i in (0, -1))
        return f"a line from {first} to {last} ({stretch.system})"
    if isinstance(stretch, WayDirection):
        return f"OSM way {stretch.way}"
    return f"segment {stretch!r}"
