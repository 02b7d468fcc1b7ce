"""Corridor: the signalised junctions along a route, in order, and when the vehicle is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray

from roadnets.geo import LocalProjection, LonLat, Seconds
from roadnets.imports.obstacles import SAME_JUNCTION_M, group_signals
from roadnets.lines import (
    BACK_FROM_DEG,
    TURN_FROM_DEG,
    bearing_deg,
    project_edges,
    projection_of,
    turn_deg,
)
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.travel import Route

_SIGHT_M: Final = 20.0
"""The direction of a street is told so far from the junction, where its kerb no longer curves."""

_PIECE_M: Final = 2.0
"""Half the piece of line that the direction is taken from."""

_SAME_STOP_M: Final = 1.5 * SAME_JUNCTION_M
"""Signals of one junction farther apart on a route are two stops, as in ``stops_at_head``."""


class Turn(StrEnum):
    """What a vehicle does at a junction."""

    STRAIGHT = "straight"
    LEFT = "left"
    RIGHT = "right"
    U_TURN = "u_turn"


@dataclass(frozen=True, slots=True)
class SignalArrival:
    """One signalised junction that a route passes.

    Attributes
    ----------
    junction
        The lowest node of the junction's signals: the same for every route and approach.
    point
        The middle of its signals.
    node
        The node at whose signal the vehicle arrives.
    street, street_en
        The street that it comes by; "" where the map has no name.
    approach_deg, leaving_deg
        Which way it arrives and leaves, clockwise from north.
    turn
        What it does there.
    arrival_s
        Seconds from the start of the route: half of all runs are past the signal sooner. What a
        vehicle usually loses there is part of it.
    distance_m
        Metres from the start of the route.
    """

    junction: int
    point: LonLat
    node: int
    street: str
    street_en: str
    approach_deg: float
    leaving_deg: float
    turn: Turn
    arrival_s: Seconds
    distance_m: int


def corridor_of(network: RoadNetwork, route: Route) -> tuple[SignalArrival, ...]:
    """List the signalised junctions along a route, in driving order.

    Signals within 40 m of each other are one junction, at which a driver stops once; a junction
    that the route comes back to is listed again. A signal at the very end of it is not passed.

    Parameters
    ----------
    network
        The streets.
    route
        On them.

    Returns
    -------
    tuple of SignalArrival
        Empty where the route passes none.
    """
    edges = np.array(route.edges, np.int32)
    visits = _visits(network, edges)
    if not visits:
        return ()
    projection = projection_of(network)
    lines = project_edges(network, edges, projection)
    heads = projection.to_metres(
        network.node_lon[network.edge_head[edges]], network.node_lat[network.edge_head[edges]]
    )
    end_m = _end_m(network, edges, lines[0], route.line[0], projection)
    arrivals = []
    for visit in visits:
        middle = projection.to_metres(*np.array([visit.point]).T)
        outside = np.hypot(*(heads - middle).T) > SAME_JUNCTION_M
        outside[-1] = True
        leaving = visit.last + 1 + int(outside[visit.last + 1 :].argmax())
        first, last = lines[visit.first], lines[leaving]
        approach_deg = _bearing(first, shapely.length(first) - _SIGHT_M)
        leaving_deg = _bearing(last, _SIGHT_M)
        street, street_en = network.edge_names(int(edges[visit.first]))
        arrivals.append(
            SignalArrival(
                junction=visit.junction,
                point=visit.point,
                node=int(network.edge_head[edges[visit.first]]),
                street=street,
                street_en=street_en,
                approach_deg=approach_deg,
                leaving_deg=leaving_deg,
                turn=_turn(approach_deg, leaving_deg),
                arrival_s=route.edge_end_s[visit.first],
                distance_m=int(np.floor(end_m[visit.first] + 0.5)),
            )
        )
    return tuple(arrivals)


class _Junctions(NamedTuple):
    """The signalised junctions of a network.

    Attributes
    ----------
    of_node
        int32 (n,), the junction of each signal node; -1 elsewhere.
    lowest, point
        The lowest node of each junction, and its middle.
    """

    of_node: NDArray[np.int32]
    lowest: list[int]
    point: list[LonLat]


_JUNCTIONS: Final[WeakKeyDictionary[RoadNetwork, _Junctions]] = WeakKeyDictionary()
"""Kept as long as their network: they are the same for every route."""


def _junctions_of(network: RoadNetwork) -> _Junctions:
    known = _JUNCTIONS.get(network)
    if known is None:
        projection = projection_of(network)
        nodes = np.flatnonzero(network.node_signal)
        metres = projection.to_metres(network.node_lon[nodes], network.node_lat[nodes])
        label, middle = group_signals(metres)
        of_node = np.full(network.node_count, -1, np.int32)
        of_node[nodes] = label
        lowest = nodes[np.unique(label, return_index=True)[1]].tolist()
        points = [LonLat(*point) for point in projection.to_degrees(middle).tolist()]
        known = _JUNCTIONS[network] = _Junctions(of_node, lowest, points)
    return known


class _Visit(NamedTuple):
    """One passage of a junction: the first and last of the route's edges that a signal ends."""

    first: int
    last: int
    junction: int
    point: LonLat


def _visits(network: RoadNetwork, edges: NDArray[np.int32]) -> list[_Visit]:
    """Find which junctions a route passes; several signals of one may be on the way."""
    stops = np.flatnonzero(network.has_flag(EdgeFlag.SIGNAL_AT_HEAD)[edges[:-1]])
    if not len(stops):
        return []
    junctions = _junctions_of(network)
    group = junctions.of_node[network.edge_head[edges[stops]]].tolist()
    end_m = np.cumsum(network.edge_length_m[edges])
    visits: list[_Visit] = []
    for stop, g in zip(stops.tolist(), group, strict=True):
        visit = _Visit(stop, stop, junctions.lowest[g], junctions.point[g])
        before = visits[-1] if visits else visit
        near = end_m[stop] - end_m[before.last] <= _SAME_STOP_M
        if visits and before.junction == visit.junction and near:
            visits[-1] = before._replace(last=stop)
        else:
            visits.append(visit)
    return visits


def _end_m(
    network: RoadNetwork,
    edges: NDArray[np.int32],
    first: shapely.LineString,
    origin: LonLat,
    projection: LocalProjection,
) -> NDArray[np.float64]:
    """Metres from the start of a route to the end of each edge; the first is driven in part."""
    start = shapely.Point(projection.to_metres(*np.array([origin]).T)[0])
    skipped = shapely.line_locate_point(first, start, normalized=True)
    length_m = network.edge_length_m[edges]
    end_m: NDArray[np.float64] = np.cumsum(length_m) - length_m[0] * skipped
    return end_m


def _bearing(line: shapely.LineString, at_m: float) -> float:
    """Which way a line leads so many metres along it, or at its end."""
    length_m = shapely.length(line)
    middle_m = min(max(at_m, 0.0), length_m)
    around = np.array([middle_m - _PIECE_M, middle_m + _PIECE_M]).clip(0, length_m)
    ends = shapely.get_coordinates(shapely.line_interpolate_point(line, around))
    return float(bearing_deg(ends[1:] - ends[:1])[0])


def _turn(approach_deg: float, leaving_deg: float) -> Turn:
    change = float(turn_deg(np.array(approach_deg), np.array(leaving_deg)))
    if abs(change) >= BACK_FROM_DEG:
        return Turn.U_TURN
    if abs(change) < TURN_FROM_DEG:
        return Turn.STRAIGHT
    return Turn.RIGHT if change > 0 else Turn.LEFT
