"""Roundabouts: a circle in place of a junction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from roadnets.sources.samplecity.geometry import Point, between, cos_sin, distance
from roadnets.sources.samplecity.planar import Layout, Street, bearing

_CORNERS: Final = 12
_APART_M: Final = 8.0


def cut_roundabout(layout: Layout, at: Point, radius: float, name: str, name_en: str) -> None:
    """Replace all that lies within a circle by a one-way ring, driven counter-clockwise."""
    within = {n for n, p in enumerate(layout.points) if distance(p, at) < radius}
    mouths: list[int] = []
    streets: list[Street] = []
    for street in layout.streets:
        parts = _outside(layout, street.nodes, within, at, radius, mouths)
        streets += [replace(street, nodes=nodes, tags=dict(street.tags)) for nodes in parts]
    ring = list(mouths)
    for corner in range(_CORNERS):
        cosine, sine = cos_sin(360.0 * corner / _CORNERS)
        point = Point(at.x + radius * cosine, at.y + radius * sine)
        if all(distance(point, layout.points[node]) > _APART_M for node in mouths):
            ring.append(_add(layout, point))
    ring.sort(key=lambda node: bearing(at, layout.points[node]))
    tags = {"junction": "roundabout"}
    streets.append(Street([], "primary", name, name_en, tags, [*ring, ring[0]]))
    layout.streets = streets


def _outside(
    layout: Layout,
    nodes: Sequence[int],
    within: set[int],
    at: Point,
    radius: float,
    mouths: list[int],
) -> list[list[int]]:
    """Cut a street to the parts outside the circle; note where they meet it."""
    if not within.intersection(nodes):
        return [list(nodes)]
    parts: list[list[int]] = []
    part = [] if nodes[0] in within else [nodes[0]]
    for a, b in pairwise(nodes):
        if (a in within) != (b in within):
            inner, outer = (a, b) if a in within else (b, a)
            mouth = _mouth(layout, layout.points[inner], layout.points[outer], at, radius, mouths)
            part.append(mouth)
        if b not in within:
            part.append(b)
        elif part:
            parts.append(part)
            part = []
    return [p for p in [*parts, part] if len(p) > 1]


def _mouth(
    layout: Layout, inner: Point, outer: Point, at: Point, radius: float, mouths: list[int]
) -> int:
    """Find the node at which a line leaves the circle, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        if distance(between(inner, outer, middle), at) < radius:
            low = middle
        else:
            high = middle
    point = between(inner, outer, low)
    for node in mouths:
        if distance(layout.points[node], point) < _APART_M:
            return node
    mouths.append(_add(layout, point))
    return mouths[-1]


def _add(layout: Layout, point: Point) -> int:
    layout.points.append(point)
    return len(layout.points) - 1
