"""What fills the areas between main roads: grids, lanes, compounds, yards."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Final

from roadnets.sources.samplecity.geometry import (
    Line,
    Point,
    along,
    between,
    clip,
    cos_sin,
    distance,
    length,
    rotate,
)

_TABLE: Final = 32


class Noise:
    """A smooth field of random vectors: what bends straight lines into streets."""

    def __init__(self, rng: Random) -> None:
        self._x = [rng.random() * 2 - 1 for _ in range(_TABLE * _TABLE)]
        self._y = [rng.random() * 2 - 1 for _ in range(_TABLE * _TABLE)]

    def moved(self, point: Point, wavelength: float, amplitude: float) -> Point:
        """Move a point by the field."""
        if amplitude == 0:
            return point
        u, v = point.x / wavelength, point.y / wavelength
        i, j = math.floor(u), math.floor(v)
        a, b = _ease(u - i), _ease(v - j)
        at = [(i + k) % _TABLE + (j + m) % _TABLE * _TABLE for m in (0, 1) for k in (0, 1)]
        weights = ((1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b)
        dx = math.fsum(w * self._x[n] for w, n in zip(weights, at, strict=True))
        dy = math.fsum(w * self._y[n] for w, n in zip(weights, at, strict=True))
        return Point(point.x + dx * amplitude, point.y + dy * amplitude)


def _ease(t: float) -> float:
    return t * t * (3 - 2 * t)


@dataclass(frozen=True, slots=True)
class Grid:
    """A family of lines both ways.

    Attributes
    ----------
    heading
        Unit vector along it.
    spacing, cross_spacing
        Metres between the lines that run along it, and between those that run across.
    wavelength, amplitude
        How the lines are bent, metres.
    """

    heading: Point
    spacing: float
    cross_spacing: float
    wavelength: float = 900.0
    amplitude: float = 0.0


def grid_lines(
    ring: Sequence[Point], grid: Grid, noise: Noise, rng: Random
) -> Iterator[tuple[bool, Line]]:
    """Draw a grid inside a ring: whether each piece runs across, and its line."""
    turned = [rotate(p, grid.heading.x, -grid.heading.y) for p in ring]
    west, east = min(p.x for p in turned), max(p.x for p in turned)
    south, north = min(p.y for p in turned), max(p.y for p in turned)
    for y in _positions(south, north, grid.spacing, rng):
        yield from _pieces([(west - 90, y), (east + 90, y)], grid, noise, ring, across=False)
    for x in _positions(west, east, grid.cross_spacing, rng):
        yield from _pieces([(x, south - 90), (x, north + 90)], grid, noise, ring, across=True)


def _positions(low: float, high: float, spacing: float, rng: Random) -> list[float]:
    count = round((high - low) / spacing)
    step = (high - low) / max(count, 1)
    return [low + step * (i + 0.24 * (rng.random() - 0.5)) for i in range(1, count)]


def _pieces(
    ends: list[tuple[float, float]],
    grid: Grid,
    noise: Noise,
    ring: Sequence[Point],
    *,
    across: bool,
) -> Iterator[tuple[bool, Line]]:
    start, end = (rotate(Point(*p), *grid.heading) for p in ends)
    count = 1 if grid.amplitude == 0 else max(1, round(distance(start, end) / 75))
    line = [
        noise.moved(between(start, end, i / count), grid.wavelength, grid.amplitude)
        for i in range(count + 1)
    ]
    for piece in clip(line, ring):
        if length(piece) > 45:
            yield across, piece


def heading(ring: Sequence[Point], turn: float = 0.0) -> Point:
    """Find the direction of a ring's longest nearly straight side, turned by so many degrees."""
    longest, ends = 0.0, (ring[0], ring[1])
    run, start = 0.0, ring[0]
    for a, b in pairwise(ring):
        run += distance(a, b)
        if distance(start, b) < run * 0.985:
            run, start = distance(a, b), a
        if distance(start, b) > longest:
            longest, ends = distance(start, b), (start, b)
    east, north = ends[1].x - ends[0].x, ends[1].y - ends[0].y
    sign = -1.0 if east < 0 else 1.0
    unit = Point(sign * east / longest, sign * north / longest)
    return rotate(unit, *cos_sin(turn))


def shortened(line: Line, start: float, end: float) -> Line | None:
    """Cut so many metres off both ends; None where little would be left."""
    total = length(line)
    if total - start - end < 30:
        return None
    kept: Line = [along(line, start)] if start else [line[0]]
    gone = 0.0
    for a, b in pairwise(line):
        gone += distance(a, b)
        if start < gone < total - end:
            kept.append(b)
    last = along(line, total - end) if end else line[-1]
    return [*kept, last] if kept[-1] != last else kept
