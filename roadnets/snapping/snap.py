"""Snapper: a point put on the street, and the side of it, where it lies."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from roadnets.errors import PointError
from roadnets.geo import LonLat, check_points
from roadnets.lines import bearing_deg, project_edges, projection_of
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.travel import Snap, TravelMode
from roadnets.weights.speeds import drivable

SNAP_LIMIT_M: Final = 300.0
"""A point farther than this from every street is more likely wrong than off the road."""

ON_THE_LINE_M: Final = 0.01
"""A point so near to its line lies on neither side: the resolution of the geometry."""

STACKED_M: Final = 15.0
"""A street on the ground that is farther by up to this than one above or below it is preferred.

The deck of an expressway is up to some 30 m wide and the street beneath it is drawn anywhere below
it, so that nearness to one line or the other tells nothing; addresses, stations, hospitals and
those whom crews stop for are on the ground.
"""

_SIGHT_M: Final = 0.5
"""The direction of a line at a point is looked up so far before and behind it."""


_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The streets on which a point that is not exact may be.

    Attributes
    ----------
    snaps
        Nearest street first; of a two-way street both directions, first the one on whose right-hand
        side the point lies.
    stacked
        Whether they lie on different layers (a street and the expressway above it), so that
        nearness does not tell which it is; see ``roadnets.snapping.matching``.
    """

    snaps: tuple[Snap, ...]
    stacked: bool


class Feet(NamedTuple):
    """Where k streets, each in one direction, come nearest to some points.

    Attributes
    ----------
    point
        int64 (k,), ascending, which point each belongs to.
    edge
        int32 (k,), ascending for each point.
    fraction
        float64 (k,), how far along the edge.
    distance_m
        float64 (k,), from the point to the street.
    bearing_deg
        float64 (k,), clockwise from north, which way the edge leads there.
    on_right
        bool (k,), whether the point lies on the edge's right-hand side, or on its line.
    place
        float64 (k, 2), metres in the projection of the network.
    """

    point: NDArray[np.int64]
    edge: NDArray[np.int32]
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    bearing_deg: NDArray[np.float64]
    on_right: NDArray[np.bool_]
    place: NDArray[np.float64]

    def rows(self, index: NDArray[np.int64]) -> Feet:
        """Some of the feet, in the order of ``index``."""
        return Feet._make(column[index] for column in self)

    @classmethod
    def united(cls, one: Feet, other: Feet) -> Feet:
        """Feet of both, sorted by point, then by edge."""
        pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]] = zip(one, other, strict=True)
        both = Feet._make(np.concatenate(pair) for pair in pairs)
        return both.rows(np.lexsort((both.edge, both.point)))


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
    on_ground
        bool (s,), whether it lies on layer 0.
    ground
        Over the lines of those on the ground.
    """

    edge: NDArray[np.int32]
    twin: NDArray[np.int32]
    tree: shapely.STRtree
    on_ground: NDArray[np.bool_]
    ground: shapely.STRtree

    def nearest(self, places: NDArray[np.object_], limit_m: float) -> _Nearest:
        """Find the street of each of some places, shapely (k,), that has one within the limit."""
        found, street, distance_m = _nearest(self.tree, places, limit_m)
        stacked = np.flatnonzero(~self.on_ground[street])
        if len(stacked):
            which, below, below_m = _nearest(self.ground, places[found[stacked]], limit_m)
            kept = below_m <= distance_m[stacked[which]] + STACKED_M
            moved = stacked[which[kept]]
            street[moved] = np.flatnonzero(self.on_ground)[below[kept]]
            distance_m[moved] = below_m[kept]
        return _Nearest(found, street, distance_m)


class _Nearest(NamedTuple):
    """Of k places that have a line within a limit: which, ascending; its line, and how far it is.

    int64 (k,) twice and float64 (k,). Of equally near lines the lowest.
    """

    found: NDArray[np.int64]
    street: NDArray[np.int64]
    distance_m: NDArray[np.float64]


def _nearest(tree: shapely.STRtree, places: NDArray[np.object_], limit_m: float) -> _Nearest:
    (found, street), distance_m = tree.query_nearest(
        places, max_distance=limit_m, return_distance=True
    )
    by_edge = np.lexsort((street, found))
    found, first = np.unique(found[by_edge], return_index=True)
    return _Nearest(found, street[by_edge][first], distance_m[by_edge][first])


class Snapper:
    """Puts points on streets; safe to share between threads.

    It knows the map and no conditions: what is closed or flooded moves no snap. A one-way street
    is always named by the direction that is allowed, though contraflow may open the other.

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
            No street that ``mode`` may drive lies within the limit, which says how far the nearest
            is; or the point is not on the earth.
        """
        snap = self.snap_many([point], mode)[0]
        if snap is None:
            raise PointError(self._too_far(point, mode))
        return snap

    def snap_many(self, points: Sequence[LonLat], mode: TravelMode) -> list[Snap | None]:
        """Put points on their streets; None for each that is beyond the limit.

        The nearest street wins, the lowest edge index among equals; but where that is a bridge or
        a tunnel, the nearest on the ground that is farther by no more than ``STACKED_M``. Of its
        two directions, the one is named on whose right-hand side the point lies; the lower index
        on the line itself.

        Raises
        ------
        PointError
            A point is not on the earth; says which, its value and what is allowed.
        """
        snaps: list[Snap | None] = [None] * len(points)
        if not points:
            return snaps
        streets = self._streets_of(mode)
        places = self.places(points)
        found, street, distance_m = streets.nearest(places, self._limit_m)
        fraction, left_m, *_ = locate(streets.tree.geometries[street], places[found])
        named_twin = (left_m > ON_THE_LINE_M) & (streets.twin[street] >= 0)
        edge = np.where(named_twin, streets.twin[street], streets.edge[street])
        fraction = np.where(named_twin, 1 - fraction, fraction)
        columns = (found.tolist(), edge.tolist(), fraction.tolist(), distance_m.tolist())
        for index, *place in zip(*columns, strict=True):
            snaps[index] = Snap(*place)
        if _log.isEnabledFor(logging.DEBUG):
            _log_snaps(points, mode, snaps)
        return snaps

    def candidates(
        self, point: LonLat, mode: TravelMode, radius_m: float, limit: int = 16
    ) -> Candidates:
        """Find every street on which a point may be that is exact to ``radius_m`` only.

        Parameters
        ----------
        point
            The middle of where it may be.
        mode
            Who drives.
        radius_m
            How far off it may be, metres.
        limit
            At most so many snaps, the nearest.

        Returns
        -------
        Candidates
            None where no street is so near.

        Raises
        ------
        ValueError
            The radius or the limit makes no sense.
        PointError
            The point is not on the earth.
        """
        if limit < 1:
            raise ValueError(f"limit is {limit}; allowed: 1 or more")
        feet = self.feet([point], mode, np.array([radius_m]))
        street = np.minimum(feet.edge, _twin_or_self(self._network, feet.edge))
        nearest = np.lexsort((~feet.on_right, street, feet.distance_m))[:limit]
        columns = (c[nearest].tolist() for c in (feet.edge, feet.fraction, feet.distance_m))
        layers = self._network.edge_layer[feet.edge[nearest]]
        return Candidates(
            snaps=tuple(Snap(*column) for column in zip(*columns, strict=True)),
            stacked=len(np.unique(layers)) > 1,
        )

    def feet(
        self, points: Sequence[LonLat], mode: TravelMode, radius_m: NDArray[np.float64]
    ) -> Feet:
        """Find every direction of every street near some points.

        Parameters
        ----------
        points
            j points.
        mode
            Who drives.
        radius_m
            float64 (j,), how near is near for each, metres.

        Returns
        -------
        Feet
            Sorted by point, then by edge.

        Raises
        ------
        ValueError
            A radius is not above 0.
        PointError
            A point is not on the earth.
        """
        if not np.all((radius_m > 0) & np.isfinite(radius_m)):
            bad = radius_m[~((radius_m > 0) & np.isfinite(radius_m))][0]
            raise ValueError(f"radius_m is {bad}; allowed: above 0")
        streets, places = self._streets_of(mode), self.places(points)
        found, street = streets.tree.query(places, predicate="dwithin", distance=radius_m)
        lines, at = streets.tree.geometries[street], places[found]
        fraction, left_m, place, ahead = locate(lines, at)
        there = Feet(
            point=found,
            edge=streets.edge[street],
            fraction=fraction,
            distance_m=shapely.distance(lines, at),
            bearing_deg=bearing_deg(ahead),
            on_right=left_m <= ON_THE_LINE_M,
            place=place,
        )
        return _both_ways(there, streets.twin[street])

    def places(self, points: Sequence[LonLat]) -> NDArray[np.object_]:
        """Make points in local metres, as the network's lines are, shapely (k,)."""
        lon, lat = np.array(points, np.float64).reshape(-1, 2).T
        check_points(lon, lat)
        return np.asarray(shapely.points(self._projection.to_metres(lon, lat)), np.object_)

    def _streets_of(self, mode: TravelMode) -> _Streets:
        with self._lock:
            if mode not in self._streets:
                self._streets[mode] = self._collect_streets(mode)
            return self._streets[mode]

    def _collect_streets(self, mode: TravelMode) -> _Streets:
        may_drive = may_be_on(self._network, mode)
        twin = self._network.edge_twin
        twin = np.where((twin >= 0) & may_drive[twin], twin, -1).astype(np.int32)
        index = np.arange(len(twin))
        edge = np.flatnonzero(may_drive & ((twin < 0) | (index < twin))).astype(np.int32)
        lines = project_edges(self._network, edge, self._projection)
        on_ground = self._network.edge_layer[edge] == 0
        trees = shapely.STRtree(lines), shapely.STRtree(lines[on_ground])
        return _Streets(edge, twin[edge], trees[0], on_ground, trees[1])

    def _too_far(self, point: LonLat, mode: TravelMode) -> str:
        _, distance_m = self._streets_of(mode).tree.query_nearest(
            self.places([point]), return_distance=True
        )
        if not len(distance_m):
            return f"{point}: {self._network.name} has no street for {mode}"
        return (
            f"{point} is {distance_m[0]:.0f} m from the nearest street for {mode}; "
            f"the limit is {self._limit_m:.0f} m"
        )


def may_be_on(network: RoadNetwork, mode: TravelMode) -> NDArray[np.bool_]:
    """Whether a place of a mode may lie on each edge, whatever the conditions, bool (m,).

    On what it may drive on an ordinary day; a boat's also on every street that a flood could
    cover, so on none that is a bridge or a tunnel. Never against a one-way street.
    """
    if mode is TravelMode.BOAT:
        dry = network.has_flag(EdgeFlag.BRIDGE | EdgeFlag.TUNNEL | EdgeFlag.AGAINST_ONEWAY)
        return network.has_flag(EdgeFlag.WATER) | ~dry
    return drivable(network, mode)


def _twin_or_self(network: RoadNetwork, edge: NDArray[np.int32]) -> NDArray[np.int32]:
    twin = network.edge_twin[edge]
    return np.where(twin >= 0, twin, edge)


def _both_ways(there: Feet, twin: NDArray[np.int32]) -> Feet:
    """Add the way back on streets that have one; sort by point, then by edge."""
    two_way = np.flatnonzero(twin >= 0)
    street = there.rows(two_way)
    back = street._replace(
        edge=twin[two_way],
        fraction=1 - street.fraction,
        bearing_deg=(street.bearing_deg + 180) % 360,
        on_right=~street.on_right | (street.distance_m <= ON_THE_LINE_M),
    )
    return Feet.united(there, back)


def _log_snaps(points: Sequence[LonLat], mode: TravelMode, snaps: Sequence[Snap | None]) -> None:
    for point, snap in zip(points, snaps, strict=True):
        if snap is None:
            _log.debug("%s: no street for %s is near", point, mode)
        else:
            _log.debug("%s is %.1f m from edge %d for %s", point, snap.distance_m, snap.edge, mode)


class Located(NamedTuple):
    """Where on its line each of k places is.

    Attributes
    ----------
    fraction
        float64 (k,), of the line's length.
    left_m
        float64 (k,), how far the place lies left of where the line leads; right of it below 0.
    foot
        float64 (k, 2), the nearest point of the line, metres.
    ahead
        float64 (k, 2), which way the line leads there.
    """

    fraction: NDArray[np.float64]
    left_m: NDArray[np.float64]
    foot: NDArray[np.float64]
    ahead: NDArray[np.float64]


def locate(lines: NDArray[np.object_], places: NDArray[np.object_]) -> Located:
    """Find where on its line each of k places is; both shapely (k,), in metres."""
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
    # A line shorter than the resolution has no direction to speak of, and no side.
    left_m = cross / np.hypot(direction[:, 0], direction[:, 1]).clip(ON_THE_LINE_M)
    return Located(fraction.clip(0, 1), left_m, foot, direction)
