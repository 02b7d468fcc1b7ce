"""What a turn costs, at the junctions where the travel graph knows where a vehicle comes from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadnets.graph import TravelGraph
from roadnets.lines import BACK_FROM_DEG, TURN_FROM_DEG, bearing_deg, turn_deg
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE, RoadNetwork
from roadnets.weights.speeds import SpeedProfile


def turn_delays_ms(
    network: RoadNetwork, graph: TravelGraph, profile: SpeedProfile
) -> NDArray[np.int32]:
    """Compute the delay of the turn into each arc.

    Parameters
    ----------
    network, graph
        The streets, and the graph made of them.
    profile
        Whose left, right and U-turn delays count.

    Returns
    -------
    NDArray[np.int32]
        (a,), milliseconds, read-only; 0 where the graph does not know the turn.
    """
    known = np.flatnonzero(graph.arc_from >= 0)
    before, edge = graph.arc_from[known], graph.arc_edge[known]
    change = turn_deg(_bearing(network, before, last=True), _bearing(network, edge, last=False))
    back = np.abs(change) >= BACK_FROM_DEG
    seconds = np.zeros(graph.arc_count)
    seconds[known] = np.select(
        [back, change >= TURN_FROM_DEG, change <= -TURN_FROM_DEG],
        [profile.u_turn_delay_s, profile.right_turn_delay_s, profile.left_turn_delay_s],
    )
    delays = np.floor(seconds * 1000 + 0.5).astype(np.int32)
    delays.setflags(write=False)
    return delays


def _bearing(network: RoadNetwork, edges: NDArray[np.int32], *, last: bool) -> NDArray[np.float64]:
    """Compass direction of the first or last piece of some edges, degrees, float64 (k,)."""
    at = network.geometry_start[edges + 1] - 2 if last else network.geometry_start[edges]
    lon, lat = network.geometry[at].T / GEOMETRY_UNITS_PER_DEGREE
    further_lon, further_lat = network.geometry[at + 1].T / GEOMETRY_UNITS_PER_DEGREE
    east = (further_lon - lon) * np.cos(np.radians(lat))
    return bearing_deg(np.column_stack((east, further_lat - lat)))
