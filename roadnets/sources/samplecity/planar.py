"""Lines that cross become streets that meet; the streets enclose faces."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from roadnets.sources.samplecity.geometry import (
    Line,
    Point,
    area,
    between,
    crossing,
    distance,
    foot,
)

REACH_M: Final = 9.0
"""A street that ends nearer than this to another one meets it."""

_MERGE_M: Final = 4.0
_CELL_M: Final = 160.0


@dataclass(slots=True)
class Street:
    """A line with a class and a name; ``nodes`` once it has been laid out.

    Streets of different ``level`` pass over each other and meet only where their points coincide.
    """

    line: Line
    highway: str
    name: str = ""
    name_en: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    nodes: list[int] = field(default_factory=list)
    level: int = 0


@dataclass(slots=True)
class Layout:
    """Streets over common nodes."""

    points: list[Point]
    streets: list[Street]

    def arms(self) -> dict[int, list[int]]:
        """Neighbours of each node, without repeats, in order of first mention."""
        arms: dict[int, dict[int, None]] = {}
        for street in self.streets:
            for a, b in pairwise(street.nodes):
                arms.setdefault(a, {})[b] = None
                arms.setdefault(b, {})[a] = None
        return {node: list(others) for node, others in arms.items()}

    def faces(self) -> list[Line]:
        """Closed rings of the areas between streets, counter-clockwise; the outside is left out."""
        around = {
            node: sorted(others, key=lambda other: bearing(self.points[node], self.points[other]))
            for node, others in self.arms().items()
        }
        step = {
            (node, other): (other, turned[turned.index(node) - 1])
            for node, others in around.items()
            for other in others
            for turned in (around[other],)
        }
        faces = []
        while step:
            start = next(iter(step))
            ring, here = [self.points[start[0]]], start
            while here in step:
                here_next = step.pop(here)
                ring.append(self.points[here[1]])
                here = here_next
            if area(ring) > 0:
                faces.append(ring)
        return faces


def bearing(a: Point, b: Point) -> float:
    """Order directions counter-clockwise; grows with the angle, though it is none."""
    dx, dy = b.x - a.x, b.y - a.y
    share = dx / (abs(dx) + abs(dy))
    return 1 - share if dy >= 0 else 3 + share


def lay_out(streets: Sequence[Street]) -> Layout:
    """Let streets meet wherever their lines cross or nearly touch.

    A street's own bends become nodes as well. Nodes closer than a few metres are one.
    """
    cuts = _meetings(streets)
    nodes = _Nodes()
    laid = []
    for index, street in enumerate(streets):
        refs: list[int] = []
        for position, (a, b) in enumerate(pairwise(street.line)):
            shares = [0.0, *sorted(cuts.get((index, position), ())), 1.0]
            for share in shares:
                node = nodes.at(between(a, b, share))
                if not refs or refs[-1] != node:
                    refs.append(node)
        if len(refs) > 1:
            laid.append(replace(street, tags=dict(street.tags), nodes=refs))
    return Layout(nodes.points, laid)


def _meetings(streets: Sequence[Street]) -> dict[tuple[int, int], list[float]]:
    """Shares at which each segment, by street and position, meets other streets."""
    grid: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for index, street in enumerate(streets):
        for position, (a, b) in enumerate(pairwise(street.line)):
            for cell in _cells(a, b, 0.0):
                grid.setdefault(cell, []).append((index, position))
    cuts: dict[tuple[int, int], list[float]] = {}
    seen: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    for members in grid.values():
        for i, one in enumerate(members):
            for other in members[i + 1 :]:
                if one[0] == other[0] or streets[one[0]].level != streets[other[0]].level:
                    continue
                if (one, other) not in seen:
                    seen.add((one, other))
                    _meet(streets, one, other, cuts)
    _touch(streets, grid, cuts)
    return cuts


def _meet(
    streets: Sequence[Street],
    one: tuple[int, int],
    other: tuple[int, int],
    cuts: dict[tuple[int, int], list[float]],
) -> None:
    a, b = _segment(streets, one)
    c, d = _segment(streets, other)
    shares = crossing(a, b, c, d)
    if shares is not None and 0 <= shares[0] <= 1 and 0 <= shares[1] <= 1:
        cuts.setdefault(one, []).append(shares[0])
        cuts.setdefault(other, []).append(shares[1])


def _touch(
    streets: Sequence[Street],
    grid: dict[tuple[int, int], list[tuple[int, int]]],
    cuts: dict[tuple[int, int], list[float]],
) -> None:
    """Bring ends of streets that stop just short of another street onto it."""
    for index, street in enumerate(streets):
        for at in (0, -1):
            end = street.line[at]
            nearest, best, share = None, REACH_M, 0.0
            for cell in _cells(end, end, REACH_M):
                for other in grid.get(cell, ()):
                    if other[0] == index or streets[other[0]].level != street.level:
                        continue
                    a, b = _segment(streets, other)
                    where = min(max(foot(a, b, end), 0.0), 1.0)
                    gap = distance(end, between(a, b, where))
                    if gap < best:
                        nearest, best, share = other, gap, where
            if nearest is not None:
                cuts.setdefault(nearest, []).append(share)
                street.line[at] = between(*_segment(streets, nearest), share)


def _segment(streets: Sequence[Street], key: tuple[int, int]) -> tuple[Point, Point]:
    line = streets[key[0]].line
    return line[key[1]], line[key[1] + 1]


def _cells(a: Point, b: Point, margin: float) -> Iterable[tuple[int, int]]:
    west = math.floor((min(a.x, b.x) - margin) / _CELL_M)
    east = math.floor((max(a.x, b.x) + margin) / _CELL_M)
    south = math.floor((min(a.y, b.y) - margin) / _CELL_M)
    north = math.floor((max(a.y, b.y) + margin) / _CELL_M)
    return ((i, j) for i in range(west, east + 1) for j in range(south, north + 1))


class _Nodes:
    """Points by place; one that is very near to another is the same."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._known: dict[Point, int] = {}
        self._grid: dict[tuple[int, int], list[int]] = {}

    def at(self, point: Point) -> int:
        node = self._known.get(point)
        if node is None:
            node = self._known[point] = self._near(point)
        return node

    def _near(self, point: Point) -> int:
        i, j = math.floor(point.x / _MERGE_M), math.floor(point.y / _MERGE_M)
        for cell in ((i + di, j + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)):
            for node in self._grid.get(cell, ()):
                if distance(self.points[node], point) < _MERGE_M:
                    return node
        self.points.append(point)
        self._grid.setdefault((i, j), []).append(len(self.points) - 1)
        return len(self.points) - 1
