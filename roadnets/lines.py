"""The lines of edges: as shapely geometries in local metres, and cut at two places."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from roadnets.geo import LocalProjection, LonLat
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE, RoadNetwork

TURN_FROM_DEG: Final = 45.0
"""A smaller change of direction is going straight on."""

BACK_FROM_DEG: Final = 160.0
"""A larger one is turning round."""


def projection_of(network: RoadNetwork) -> LocalProjection:
    """Local metres around the middle of ``network``."""
    west, south, east, north = network.bounds
    return LocalProjection(LonLat((west + east) / 2, (south + north) / 2))


def project_edges(
    network: RoadNetwork, edges: NDArray[np.integer], projection: LocalProjection
) -> NDArray[np.object_]:
    """Make the lines of some edges.

    Parameters
    ----------
    network
        The streets.
    edges
        Edge indices, (k,).
    projection
        What the metres of the lines are measured from.

    Returns
    -------
    NDArray[np.object_]
        (k,), shapely LineStrings in metres, each from tail to head.
    """
    points, line_of_point = line_points(network, edges)
    lon, lat = points.T / GEOMETRY_UNITS_PER_DEGREE
    metres = projection.to_metres(lon, lat)
    return np.asarray(shapely.linestrings(metres, indices=line_of_point), np.object_)


def line_points(
    network: RoadNetwork, edges: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Gather the points of some edges, one edge after the other.

    Parameters
    ----------
    network
        The streets.
    edges
        Edge indices, (k,).

    Returns
    -------
    tuple[NDArray[np.int32], NDArray[np.int64]]
        Points in the units of ``RoadNetwork.geometry``, (p, 2), and for each the place of its edge
        in ``edges``, (p,).
    """
    starts, ends = network.geometry_start[edges], network.geometry_start[edges + 1]
    counts = ends - starts
    line_of_point = np.repeat(np.arange(len(edges)), counts)
    first_of_line = np.cumsum(counts) - counts
    points = np.arange(counts.sum()) + np.repeat(starts - first_of_line, counts)
    return network.geometry[points], line_of_point


def bearing_deg(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compass bearing of vectors east and north (k, 2): degrees (k,), 0 up to 360, 0 is north."""
    bearing: NDArray[np.float64] = np.degrees(np.arctan2(vectors[:, 0], vectors[:, 1])) % 360
    return bearing


def turn_deg(
    bearing_from: NDArray[np.float64], bearing_to: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far to turn from one bearing to another: degrees, -180 (left) up to 180 (right)."""
    turn: NDArray[np.float64] = (bearing_to - bearing_from + 180) % 360 - 180
    return turn


def cut_line(line: list[LonLat], begin: float, end: float) -> list[LonLat]:
    """Keep the part of a line between two fractions of its length.

    Parameters
    ----------
    line
        Two or more points.
    begin, end
        Fractions, 0 at the first point and 1 at the last; ``begin`` not above ``end``.

    Returns
    -------
    list[LonLat]
        Two or more points; the first and last lie at the fractions asked for.
    """
    # Most lines have a few points: plain arithmetic beats arrays many times over.
    east = math.cos(math.radians(line[0].lat))
    along = [0.0]
    for a, b in pairwise(line):
        along.append(along[-1] + math.hypot((b.lon - a.lon) * east, b.lat - a.lat))
    first_at, last_at = begin * along[-1], end * along[-1]
    inner = (p for p, at in zip(line, along, strict=True) if first_at < at < last_at)
    return [_point_at(line, along, first_at), *inner, _point_at(line, along, last_at)]


def _point_at(line: list[LonLat], along: list[float], at: float) -> LonLat:
    """Find the point so far along a line; ``along`` is how far each of its points is."""
    ahead = min(max(bisect_right(along, at), 1), len(line) - 1)
    a, b, step = line[ahead - 1], line[ahead], along[ahead] - along[ahead - 1]
    share = min((at - along[ahead - 1]) / step, 1.0) if step > 0 else 0.0
    return LonLat(a.lon + share * (b.lon - a.lon), a.lat + share * (b.lat - a.lat))
