"""Snapper: a point put on the street, and the side of it, where it lies."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from roadnets.errors import PointError
from roadnets.geo import LonLat
from roadnets.lines import project_edges, projection_of
from roadnets.network import RoadNetwork
from roadnets.speeds import drivable
from roadnets.travel import Snap, TravelMode

SNAP_LIMIT_M: Final = 300.0
"""A point farther than this from every street is more likely wrong than off the road."""

ON_THE_LINE_M: Final = 0.01
"""A point so near to its line lies on neither side: the resolution of the geometry."""

_SIGHT_M: Final = 0.5
"""The direction of a line at a point is looked up so far before and behind it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Streets:
    """What one mode may snap to: one line for each street, whatever its directions.

    Attributes
    ----------
    edge
        int32 (s,), ascending: the lower-numbered drivable edge of each street.
    twin
        int32 (s,), its twin where that is drivable too, else -1.
    tree
        Over the s lines, in local metres.
    """

    edge: NDArray[np.int32]
    twin: NDArray[np.int32]
    tree: shapely.STRtree


class Snapper:
    """Puts points on streets; safe to share between threads.

    Parameters
    ----------
    network
        The streets.
    limit_m
        Refuse points farther than this from every street that the mode may drive, metres.
    """

    def __init__(self, network: RoadNetwork, limit_m: float = SNAP_LIMIT_M) -> None:
        self._network = network
        self._limit_m = limit_m
        self._projection = projection_of(network)
        self._streets: dict[TravelMode, _Streets] = {}
        self._lock = threading.Lock()

    def snap(self, point: LonLat, mode: TravelMode) -> Snap:
        """Put one point on its street.

        Raises
        ------
        PointError
            No street that ``mode`` may drive lies within the limit; says how far the nearest is.
        """
        snap = self.snap_many([point], mode)[0]
        if snap is None:
            raise PointError(self._too_far(point, mode))
        return snap

    def snap_many(self, points: Sequence[LonLat], mode: TravelMode) -> list[Snap | None]:
        """Put points on their streets; None for each that is beyond the limit.

        The nearest street wins, the lowest edge index among equals. Of its two directions, the
        one is named on whose right-hand side the point lies; the lower index on the line itself.
        """
        snaps: list[Snap | None] = [None] * len(points)
        if not points:
            return snaps
        streets = self._streets_of(mode)
        places = self._places(points)
        (found, street), distance_m = streets.tree.query_nearest(
            places, max_distance=self._limit_m, return_distance=True
        )
        by_edge = np.lexsort((street, found))
        found, first = np.unique(found[by_edge], return_index=True)
        street, distance_m = street[by_edge][first], distance_m[by_edge][first]
        fraction, on_left = _locate(streets.tree.geometries[street], places[found])
        named_twin = on_left & (streets.twin[street] >= 0)
        edge = np.where(named_twin, streets.twin[street], streets.edge[street])
        fraction = np.where(named_twin, 1 - fraction, fraction)
        columns = (found.tolist(), edge.tolist(), fraction.tolist(), distance_m.tolist())
        for index, *place in zip(*columns, strict=True):
            snaps[index] = Snap(*place)
        return snaps

    def _places(self, points: Sequence[LonLat]) -> NDArray[np.object_]:
        lon, lat = np.array(points, np.float64).T
        return np.asarray(shapely.points(self._projection.to_metres(lon, lat)), np.object_)

    def _streets_of(self, mode: TravelMode) -> _Streets:
        with self._lock:
            if mode not in self._streets:
                self._streets[mode] = self._collect_streets(mode)
            return self._streets[mode]

    def _collect_streets(self, mode: TravelMode) -> _Streets:
        may_drive = drivable(self._network, mode)
        twin = self._network.edge_twin
        twin = np.where((twin >= 0) & may_drive[twin], twin, -1).astype(np.int32)
        index = np.arange(len(twin))
        edge = np.flatnonzero(may_drive & ((twin < 0) | (index < twin))).astype(np.int32)
        lines = project_edges(self._network, edge, self._projection)
        return _Streets(edge, twin[edge], shapely.STRtree(lines))

    def _too_far(self, point: LonLat, mode: TravelMode) -> str:
        _, distance_m = self._streets_of(mode).tree.query_nearest(
            self._places([point]), return_distance=True
        )
        if not len(distance_m):
            return f"{point}: {self._network.name} has no street for {mode}"
        return (
            f"{point} is {distance_m[0]:.0f} m from the nearest street for {mode}; "
            f"the limit is {self._limit_m:.0f} m"
        )


def _locate(
    lines: NDArray[np.object_], places: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Find where on its line each place is: the fraction of its length, and whether left of it."""
    length_m = shapely.length(lines)
    along_m = shapely.line_locate_point(lines, places)
    fraction = np.divide(along_m, length_m, out=np.zeros_like(along_m), where=length_m > 0)
    foot, behind, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines, at_m))
        for at_m in (
            along_m,
            (along_m - _SIGHT_M).clip(0),
            np.minimum(along_m + _SIGHT_M, length_m),
        )
    )
    direction, offset = ahead - behind, shapely.get_coordinates(places) - foot
    cross = direction[:, 0] * offset[:, 1] - direction[:, 1] * offset[:, 0]
    on_left = cross > ON_THE_LINE_M * np.hypot(direction[:, 0], direction[:, 1])
    return fraction.clip(0, 1), on_left
