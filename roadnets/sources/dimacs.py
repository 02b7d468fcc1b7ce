"""Road graphs of the 9th DIMACS challenge: ``.gr`` (arcs) and ``.co`` (points), also gzipped.

Format: http://www.diag.uniroma1.it/challenge9/format.shtml. Lines begin with their kind: ``c``
comment, ``p`` what the file holds, ``a TAIL HEAD WEIGHT``, ``v NODE LON LAT`` in millionths of a
degree; nodes are counted from 1.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.errors import SourceError
from roadnets.geo import haversine_m
from roadnets.imports.joining import largest_core
from roadnets.imports.streets import Tell, silence
from roadnets.network import (
    GEOMETRY_UNITS_PER_DEGREE,
    HIGHWAY_CLASSES,
    EdgeFlag,
    ImportReport,
    RoadNetwork,
    build_network,
)
from roadnets.searches.search import NO_WAY_MS

UNIT_MS: Final = 4
"""Milliseconds of one unit of weight, by convention.

The travel times of the challenge have no unit: they are decimetres over 1, 0.8, 0.6 or 0.4 by the
class of the road. At 4 ms that makes 90, 72, 54 and 36 km/h.
"""

_DEGREE: Final = 1_000_000
_ARC_FIELDS: Final = 3
_LONGEST_NUMBER: Final = 18  # digits that surely are an int64
_LONGEST_COUNT: Final = 9  # and an int32
_SLOWEST_KPH, _FASTEST_KPH = 1.0, 160.0
_NEWLINE, _SPACE, _MINUS = b"\n -"


class Arcs(NamedTuple):
    """A directed graph as the file gives it, with parallel arcs and loops.

    Attributes
    ----------
    node_count
        Nodes, n.
    tail, head
        int32 (a,), nodes counted from 0.
    weight
        int32 (a,), in the file's own unit.
    """

    node_count: int
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    weight: NDArray[np.int32]


def read_arcs(path: Path) -> Arcs:
    """Read a ``.gr`` or ``.gr.gz``.

    Raises
    ------
    SourceError
        The file cannot be read, or a line is not as it must be: names the line.
    """
    table = _Table(path, _read(path), kind="a", head=["sp"])
    node_count, announced = table.announced(2)
    table.check_count(announced, "arcs")
    table.check_range(0, 1, node_count, "tail")
    table.check_range(1, 1, node_count, "head")
    table.check_range(2, 0, NO_WAY_MS - 1, "weight")
    tail, head, weight = table.rows.T.astype(np.int32)
    return Arcs(node_count, tail - np.int32(1), head - np.int32(1), weight)


def read_points(path: Path) -> NDArray[np.int32]:
    """Read a ``.co`` or ``.co.gz``.

    Returns
    -------
    NDArray[np.int32]
        (n, 2), lon and lat of each node in 1e-7 degrees, as ``RoadNetwork.geometry``.

    Raises
    ------
    SourceError
        The file cannot be read, a line is not as it must be, or a node has no point or two.
    """
    table = _Table(path, _read(path), kind="v", head=["aux", "sp", "co"])
    (node_count,) = table.announced(1)
    table.check_count(node_count, "points")
    table.check_range(0, 1, node_count, "node")
    table.check_range(1, -180 * _DEGREE, 180 * _DEGREE, "longitude")
    table.check_range(2, -90 * _DEGREE, 90 * _DEGREE, "latitude")
    node = table.rows[:, 0] - 1
    seen = np.bincount(node, minlength=node_count)
    if (seen != 1).any():
        line = table.line_of(int(np.flatnonzero(seen[node] > 1)[1]))
        raise SourceError(f"{path.name}, line {line}: this node already has a point")
    points = np.empty((node_count, 2), np.int32)
    points[node] = table.rows[:, 1:] * (GEOMETRY_UNITS_PER_DEGREE // _DEGREE)
    return points


def points_beside(arcs_path: Path) -> Path:
    """Find the points of a ``.gr``: the ``.co`` of its name, or of the distances beside its times.

    ``USA-road-t.NY.gr.gz`` goes with ``USA-road-t.NY.co.gz``, ``USA-road-t.NY.co`` or the
    ``USA-road-d.NY.co`` that the challenge publishes for both.

    Raises
    ------
    SourceError
        There is none; lists what was looked for.
    """
    stem = arcs_path.name[: arcs_path.name.lower().rindex(".gr")]
    stems = dict.fromkeys((stem, stem.replace("-t.", "-d.", 1)))
    names = [f"{name}{suffix}" for name in stems for suffix in (".co.gz", ".co")]
    for name in names:
        if (path := arcs_path.with_name(name)).is_file():
            return path
    raise SourceError(
        f"{arcs_path.name} has arcs but no points: beside it there must be {' or '.join(names)}"
    )


def read_network(
    arcs_path: Path,
    points_path: Path,
    *,
    name: str = "",
    unit_ms: int = UNIT_MS,
    tell: Tell = silence,
) -> tuple[RoadNetwork, NDArray[np.int32]]:
    """Make a network of a graph and its points.

    Every arc between two points of the largest strongly connected part is an edge: straight, of
    class unclassified, as fast as its weight says, but 1 to 160 km/h. Opposite arcs are each
    other's twins, those of equal weight first. A loop is none.

    Parameters
    ----------
    arcs_path, points_path
        The ``.gr`` and the ``.co``.
    name
        What to call the city; the file's name if empty.
    unit_ms
        Milliseconds of one unit of weight.
    tell
        Told each step as it begins.

    Returns
    -------
    tuple[RoadNetwork, NDArray[np.int32]]
        The network, and the milliseconds of each edge as the file has them, (m,).

    Raises
    ------
    SourceError
        As of ``read_arcs`` and ``read_points``; the files have different nodes; nothing is
        connected.
    """
    tell("reading arcs and points")
    arcs, points = read_arcs(arcs_path), read_points(points_path)
    if len(points) != arcs.node_count:
        raise SourceError(
            f"{arcs_path.name} has {arcs.node_count} nodes, {points_path.name} {len(points)}"
        )
    tell("finding the connected core")
    core = largest_core(arcs.tail, arcs.head, arcs.node_count)
    kept = core[arcs.tail] & core[arcs.head] & (arcs.tail != arcs.head)
    if not kept.any():
        raise SourceError(f"{arcs_path.name} has no connected streets")
    inside = core[arcs.tail] & core[arcs.head]
    dropped = {
        "arcs outside the largest connected core": int((~inside).sum()),
        "loops": int((arcs.tail == arcs.head).sum()),
    }
    number = (np.cumsum(core) - 1).astype(np.int32)
    tail, head = number[arcs.tail[kept]], number[arcs.head[kept]]
    inner = Arcs(int(core.sum()), tail, head, arcs.weight[kept])
    digest = hashlib.sha256(arcs_path.read_bytes())
    digest.update(points_path.read_bytes())
    tell("laying out edges")
    stem = arcs_path.name[: arcs_path.name.lower().rindex(".gr")]
    return _network(
        inner,
        points[core],
        np.flatnonzero(core) + 1,
        unit_ms,
        name=name or stem,
        source=arcs_path.name,
        checksum=f"sha256:{digest.hexdigest()}",
        dropped={reason: count for reason, count in dropped.items() if count},
    )


def _network(
    arcs: Arcs,
    points: NDArray[np.int32],
    ids: NDArray[np.int64],
    unit_ms: int,
    *,
    name: str,
    source: str,
    checksum: str,
    dropped: dict[str, int],
) -> tuple[RoadNetwork, NDArray[np.int32]]:
    lon, lat = np.ascontiguousarray(points.T / GEOMETRY_UNITS_PER_DEGREE)
    tail, head, m = arcs.tail, arcs.head, len(arcs.tail)
    length_m = np.round(haversine_m(lon[tail], lat[tail], lon[head], lat[head]), 3)
    ms = np.minimum(arcs.weight.astype(np.int64) * unit_ms, NO_WAY_MS - 1).astype(np.int32)
    kph = (length_m * 3600 / np.maximum(ms, 1)).clip(_SLOWEST_KPH, _FASTEST_KPH)
    twin = _twins(tail, head, ms)
    edge = np.arange(m)
    # A street is drawn in the direction of the first of its edges.
    first = np.where(twin < 0, edge, np.minimum(edge, twin))
    flags = np.where(first == edge, 0, EdgeFlag.AGAINST_WAY) | EdgeFlag.CIVILIAN
    network = build_network(
        name=name,
        source=source,
        source_checksum=checksum,
        synthetic=False,
        node_lon=lon.copy(),
        node_lat=lat.copy(),
        node_osm=ids.astype(np.int64),
        node_signal=np.zeros(len(points), np.bool_),
        edge_tail=tail,
        edge_head=head,
        edge_twin=twin,
        edge_way=np.unique(first, return_inverse=True)[1].astype(np.int64) + 1,
        edge_class=np.full(m, HIGHWAY_CLASSES.index("unclassified"), np.uint8),
        edge_flags=flags.astype(np.uint16),
        edge_speed_kph=kph.astype(np.float32),
        edge_length_m=length_m,
        edge_gate_count=np.zeros(m, np.uint8),
        edge_name=np.zeros(m, np.int32),
        geometry_start=np.arange(0, 2 * m + 1, 2, dtype=np.int64),
        geometry=points[np.column_stack((tail, head)).ravel()],
        names=("",),
        names_en=("",),
        places=(),
        districts=(),
        signals=0,
        report=ImportReport(
            nodes=len(points),
            edges=m,
            length_km=round(float(length_m[first == edge].sum()) / 1000, 3),
            dropped=dropped,
            speeds_defaulted=m,
            notes=(f"one unit of weight is taken as {unit_ms} ms",),
        ),
    )
    return network, ms


def _twins(
    tail: NDArray[np.int32], head: NDArray[np.int32], ms: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Pair opposite arcs: of each pair of nodes the fastest of each direction, then the next."""
    twin = np.full(len(tail), -1, np.int32)
    low, high, back = np.minimum(tail, head), np.maximum(tail, head), tail > head
    order = np.lexsort((ms, back, high, low))
    fresh = np.ones(len(order), np.bool_)
    for column in (low, high, back):
        listed = column[order]
        fresh[1:] &= listed[1:] == listed[:-1]
    # How many arcs of the same ends and direction come before each.
    starts = np.flatnonzero(np.concatenate(([True], ~fresh[1:])))
    turn = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    pairing = np.lexsort((back[order], turn, high[order], low[order]))
    listed = order[pairing]
    one, other = listed[:-1], listed[1:]
    same = (low[one] == low[other]) & (high[one] == high[other]) & (back[one] != back[other])
    nth = turn[pairing]
    same &= nth[:-1] == nth[1:]
    twin[one[same]], twin[other[same]] = other[same], one[same]
    return twin


# ---- text ---------------------------------------------------------------------------------------


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.name.lower().endswith(".gz") else content
    except (OSError, EOFError, zlib.error) as e:
        raise SourceError(f"{path.name} cannot be read: {e}") from e


class _Table:
    """The numbers of all lines of one kind, three a line; checks every byte without a loop.

    Attributes
    ----------
    rows
        int64 (k, 3).
    """

    def __init__(self, path: Path, content: bytes, kind: str, head: list[str]) -> None:
        self._path, self._kind, self._head = path, kind, head
        text = np.frombuffer(content + b"\n", np.uint8).copy()
        text[(text == ord("\t")) | (text == ord("\r"))] = _SPACE
        ends = np.flatnonzero(text == _NEWLINE)
        starts = np.concatenate(([0], ends[:-1] + 1))
        kinds = text[starts]
        told = np.flatnonzero(kinds == ord("p"))
        self._announcements = [text[starts[line] : ends[line]].tobytes() for line in told[:2]]
        wanted = kinds == ord(kind)
        ignored = (kinds == ord("c")) | (kinds == ord("p")) | (starts == ends)
        if not (wanted | ignored).all():
            self._refuse(int(np.argmin(wanted | ignored)), f"must begin with c, p or {kind}")
        self._lines = np.flatnonzero(wanted)
        silent = np.repeat(~wanted, np.diff(np.append(starts, len(text))))
        text[silent] = _SPACE
        text[starts[wanted]] = _SPACE
        self._check_numbers(text, starts)
        # Of a text without a number numpy makes one number.
        spelled = text.tobytes() if len(self._lines) else b""
        numbers = np.fromstring(spelled, np.int64, sep=" ")
        self.rows: NDArray[np.int64] = numbers.reshape(-1, _ARC_FIELDS)

    def announced(self, count: int) -> list[int]:
        """The numbers of the line ``p``, of which the first is that of nodes."""
        words = b" ".join(self._announcements).decode(errors="replace").split()[1:]
        numbers = words[len(self._head) :]
        fine = words[: len(self._head)] == self._head and len(numbers) == count
        if not (fine and all(n.isdecimal() and len(n) <= _LONGEST_COUNT for n in numbers)):
            wanted = " ".join(["p", *self._head, *["NUMBER"] * count])
            raise SourceError(f"{self._path.name} must have one line '{wanted}'")
        if int(numbers[0]) == 0:
            raise SourceError(f"{self._path.name} announces 0 nodes; allowed: 1 or more")
        return [int(number) for number in numbers]

    def check_count(self, announced: int, what: str) -> None:
        """Refuse a file that has been cut off."""
        if len(self.rows) != announced:
            raise SourceError(
                f"{self._path.name} announces {announced} {what} and has {len(self.rows)}"
            )

    def check_range(self, column: int, low: int, high: int, what: str) -> None:
        """Refuse a number that is out of range."""
        values = self.rows[:, column]
        wrong = np.flatnonzero((values < low) | (values > high))
        if len(wrong):
            line = self.line_of(int(wrong[0]))
            raise SourceError(
                f"{self._path.name}, line {line}: {what} is {values[wrong[0]]}; "
                f"allowed: {low} to {high}"
            )

    def line_of(self, row: int) -> int:
        """The line of one row, counted from 1."""
        return int(self._lines[row]) + 1

    def _check_numbers(self, text: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        """Refuse a line that has not three whole numbers."""
        blank = (text == _SPACE) | (text == _NEWLINE)
        digit = (text >= ord("0")) & (text <= ord("9"))
        begins = ~blank & np.concatenate(([True], blank[:-1]))
        followed_by_digit = np.concatenate((digit[1:], [False]))
        odd = ~(blank | digit | (begins & (text == _MINUS) & followed_by_digit))
        if odd.any():
            line = int(np.searchsorted(starts, np.flatnonzero(odd)[0], side="right")) - 1
            self._refuse(line, "has something else than whole numbers")
        first, last = np.flatnonzero(begins), np.flatnonzero(~blank & np.append(blank[1:], True))
        line_of_number = np.searchsorted(starts, first, side="right") - 1
        count = np.bincount(line_of_number, minlength=len(starts))[self._lines]
        if (count != _ARC_FIELDS).any():
            at = int(np.flatnonzero(count != _ARC_FIELDS)[0])
            self._refuse(int(self._lines[at]), f"has {count[at]} numbers instead of three")
        long = last - first >= _LONGEST_NUMBER
        if long.any():
            self._refuse(int(line_of_number[long][0]), "has a number that is too long")

    def _refuse(self, line: int, why: str) -> None:
        raise SourceError(f"{self._path.name}, line {line + 1}: it {why}")
