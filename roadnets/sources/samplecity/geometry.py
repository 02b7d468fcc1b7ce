"""Points, curves and polygons in metres, the same on every platform."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple


class Point(NamedTuple):
    """Metres east and north of the city's middle."""

    x: float
    y: float


Line = list[Point]

_PI = 3.141592653589793


def cos_sin(degrees: float) -> tuple[float, float]:
    """Compute cosine and sine by their series; a libm may round them differently elsewhere."""
    turn = degrees / 360.0
    angle = (turn - math.floor(turn + 0.5)) * 2 * _PI
    cosine, sine, term = 1.0, 0.0, 1.0
    for n in range(1, 26):
        term *= angle / n
        sign = 1.0 if n % 4 < 2 else -1.0
        if n % 2:
            sine += sign * term
        else:
            cosine += sign * term
    return cosine, sine


def distance(a: Point, b: Point) -> float:
    """Compute the distance between two points."""
    dx, dy = b.x - a.x, b.y - a.y
    return math.sqrt(dx * dx + dy * dy)


def length(line: Sequence[Point]) -> float:
    """Compute the length of a line."""
    return math.fsum(distance(a, b) for a, b in pairwise(line))


def between(a: Point, b: Point, share: float) -> Point:
    """Find the point that lies so far from ``a`` towards ``b``."""
    return Point(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)


def along(line: Sequence[Point], metres: float) -> Point:
    """Find the point so many metres along a line, at most its end."""
    for a, b in pairwise(line):
        step = distance(a, b)
        if metres <= step and step > 0:
            return between(a, b, metres / step)
        metres -= step
    return line[-1]


def foot(a: Point, b: Point, point: Point) -> float:
    """Find the foot of the perpendicular from a point, as a share of ``a b``."""
    dx, dy = b.x - a.x, b.y - a.y
    square = dx * dx + dy * dy
    return ((point.x - a.x) * dx + (point.y - a.y) * dy) / square if square else 0.0


def rotate(point: Point, cosine: float, sine: float) -> Point:
    """Turn a point about the origin."""
    return Point(point.x * cosine - point.y * sine, point.x * sine + point.y * cosine)


def curve(knots: Sequence[Point], *, closed: bool = False, step: float = 90.0) -> Line:
    """Draw a smooth line through knots.

    It is the spline of Catmull and Rom (1974); a closed one ends where it begins.
    """
    n = len(knots)
    line: Line = []
    for i in range(n if closed else n - 1):
        if closed:
            p = [knots[(i + k) % n] for k in (-1, 0, 1, 2)]
        else:
            p = [knots[min(max(i + k, 0), n - 1)] for k in (-1, 0, 1, 2)]
        pieces = max(1, round(distance(p[1], p[2]) / step))
        line += [_spline(p, j / pieces) for j in range(pieces)]
    line.append(line[0] if closed else knots[-1])
    return line


def _spline(p: Sequence[Point], t: float) -> Point:
    a = ((-t + 2) * t - 1) * t / 2
    b = ((3 * t - 5) * t * t + 2) / 2
    c = ((-3 * t + 4) * t + 1) * t / 2
    d = (t - 1) * t * t / 2
    return Point(
        a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x,
        a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y,
    )


def offset(line: Sequence[Point], metres: float, *, closed: bool = False) -> Line:
    """Draw a line beside a line: to its left for positive metres."""
    moved: Line = []
    last = len(line) - 1
    for i, here in enumerate(line):
        before = line[i - 1] if i else (line[-2] if closed else here)
        after = line[i + 1] if i < last else (line[1] if closed else here)
        run = distance(before, after) or 1.0
        moved.append(
            Point(
                here.x - (after.y - before.y) / run * metres,
                here.y + (after.x - before.x) / run * metres,
            )
        )
    return moved


def crossing(a: Point, b: Point, c: Point, d: Point) -> tuple[float, float] | None:
    """Find where two segments meet, as shares of ``a b`` and ``c d``; None if parallel.

    The shares may lie outside 0 to 1: then only the lines through the segments meet.
    """
    rx, ry, sx, sy = b.x - a.x, b.y - a.y, d.x - c.x, d.y - c.y
    cross = rx * sy - ry * sx
    if abs(cross) < 1e-9:
        return None
    qx, qy = c.x - a.x, c.y - a.y
    return (qx * sy - qy * sx) / cross, (qx * ry - qy * rx) / cross


def inside(point: Point, ring: Sequence[Point]) -> bool:
    """Tell whether a point lies in a closed ring."""
    odd = False
    for a, b in pairwise(ring):
        if (a.y > point.y) != (b.y > point.y):
            at = a.x + (point.y - a.y) * (b.x - a.x) / (b.y - a.y)
            odd ^= point.x < at
    return odd


def area(ring: Sequence[Point]) -> float:
    """Compute the area of a closed ring, positive when it runs counter-clockwise."""
    return math.fsum(a.x * b.y - b.x * a.y for a, b in pairwise(ring)) / 2


def centre(ring: Sequence[Point]) -> Point:
    """Find the centroid of a closed ring."""
    total = x = y = 0.0
    for a, b in pairwise(ring):
        cross = a.x * b.y - b.x * a.y
        total += cross
        x += (a.x + b.x) * cross
        y += (a.y + b.y) * cross
    return Point(x / (3 * total), y / (3 * total))


def clip(line: Sequence[Point], ring: Sequence[Point]) -> Iterator[Line]:
    """Cut a line to the pieces inside a closed ring."""
    piece: Line = []
    for a, b in pairwise(line):
        cuts = [0.0, *sorted(_cuts(a, b, ring)), 1.0]
        for s, t in pairwise(cuts):
            if t - s < 1e-12:
                continue
            start, end = between(a, b, s), between(a, b, t)
            if inside(between(start, end, 0.5), ring):
                piece = [*piece, end] if piece else [start, end]
            elif piece:
                yield piece
                piece = []
    if piece:
        yield piece


def _cuts(a: Point, b: Point, ring: Sequence[Point]) -> Iterator[float]:
    low_x, high_x = min(a.x, b.x), max(a.x, b.x)
    low_y, high_y = min(a.y, b.y), max(a.y, b.y)
    for c, d in pairwise(ring):
        if max(c.x, d.x) < low_x or min(c.x, d.x) > high_x:
            continue
        if max(c.y, d.y) < low_y or min(c.y, d.y) > high_y:
            continue
        shares = crossing(a, b, c, d)
        if shares is not None and 0 < shares[0] < 1 and 0 <= shares[1] < 1:
            yield shares[0]
