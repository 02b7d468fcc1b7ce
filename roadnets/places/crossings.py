"""Where two streets meet, or come nearest to each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from roadnets.geo import LonLat
from roadnets.places.streets import NamedStreets

ONE_CROSSING_M: Final = 80.0
"""Nodes of two streets nearer than this to each other are one crossing: divided roads meet in
four, and a roundabout is one place to a caller."""

APPROACH_M: Final = 60.0
"""Streets that come so near without a common node: one passes over the other, or both end at a
square."""


class Crossing(NamedTuple):
    """Where two streets meet; ``touching`` is False where they only come near each other."""

    point: LonLat
    touching: bool


def crossings(streets: NamedStreets, one: Iterable[int], other: Iterable[int]) -> list[Crossing]:
    """Find every place where streets of one name meet those of another.

    Parameters
    ----------
    streets
        All named streets.
    one, other
        Indices into ``RoadNetwork.names``.

    Returns
    -------
    list[Crossing]
        From west to east; empty where they come nowhere near each other.
    """
    names = (tuple(sorted(set(one))), tuple(sorted(set(other))))
    if not all(names) or set(names[0]) & set(names[1]):
        return []
    nodes = np.intersect1d(streets.nodes_of(names[0]), streets.nodes_of(names[1]))
    if len(nodes):
        network = streets.network
        metres = streets.projection.to_metres(network.node_lon[nodes], network.node_lat[nodes])
        return _grouped(streets, metres, touching=True)
    lines = [streets.lines_of(part) for part in names]
    if not (len(lines[0]) and len(lines[1])):
        return []
    tree = shapely.STRtree(lines[1])
    i, k = tree.query(lines[0], predicate="dwithin", distance=APPROACH_M)
    if not len(i):
        return []
    between = shapely.shortest_line(lines[0][i], lines[1][k])
    # Of two lines that run side by side for a while the nearest approach is what people mean.
    near = shapely.length(between) <= shapely.length(between).min() + 10
    middles = shapely.line_interpolate_point(between[near], 0.5, normalized=True)
    return _grouped(streets, shapely.get_coordinates(middles), touching=False)


def _grouped(
    streets: NamedStreets, metres: NDArray[np.float64], *, touching: bool
) -> list[Crossing]:
    """Make one crossing of the points (k, 2) that lie near each other: the most central one."""
    label = np.ones(len(metres), np.int32)
    if len(metres) > 1:
        label = fcluster(linkage(metres, "single"), ONE_CROSSING_M, "distance")
    found = []
    for group in np.unique(label):
        points = metres[label == group]
        central = points[np.argmin(np.hypot(*(points - points.mean(axis=0)).T))]
        found.append(Crossing(streets.point(shapely.Point(*central)), touching))
    return sorted(found)
