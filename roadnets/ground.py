"""Ground: the roads as one vehicle finds them at one moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadnets.approach import Approach
from roadnets.graph import TravelGraph
from roadnets.network import RoadNetwork
from roadnets.searches.search import NO_WAY_MS, Search
from roadnets.travel import MODE_BIT, TravelMode
from roadnets.turning import turn_delays_ms
from roadnets.weights.edge_weights import EdgeWeights
from roadnets.weights.speeds import NOT_DRIVABLE_MS, PROFILES


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The roads as one vehicle finds them; every array is read-only.

    Attributes
    ----------
    stand_ms
        int32 (m,), to drive each edge, for a vehicle that starts or ends on it;
        ``NOT_DRIVABLE_MS`` where that cannot be. Who drives through takes as long, or may not.
    turn_ms
        int32 (a,), delay of the turn into each arc, ``NO_WAY_MS`` where it is forbidden.
    search
        Finds ways over the arcs of streets that are open.
    approach
        The streets that are closed to those who drive through.
    """

    stand_ms: NDArray[np.int32]
    turn_ms: NDArray[np.int32]
    search: Search
    approach: Approach


def turns_of(network: RoadNetwork, graph: TravelGraph, mode: TravelMode) -> NDArray[np.int32]:
    """Compute ``Ground.turn_ms`` of a mode."""
    turn_ms = turn_delays_ms(network, graph, PROFILES[mode]).copy()
    turn_ms[(graph.arc_ban & np.uint8(MODE_BIT[mode])) != 0] = NO_WAY_MS
    turn_ms.setflags(write=False)
    return turn_ms


def closed_edges(weights: EdgeWeights) -> NDArray[np.bool_]:
    """Tell which edges are closed to those who drive through, and can be driven, bool (k,)."""
    closed: NDArray[np.bool_] = weights.through_ms == NOT_DRIVABLE_MS
    closed &= weights.stand_ms != NOT_DRIVABLE_MS
    return closed


def arc_weights(driven_ms: NDArray[np.int32], turn_ms: NDArray[np.int32]) -> NDArray[np.int32]:
    """Add up driving and turning, both int32 (k,); ``NO_WAY_MS`` where either cannot be."""
    total = np.minimum(driven_ms, NO_WAY_MS) + np.minimum(turn_ms, NO_WAY_MS)
    weights: NDArray[np.int32] = np.minimum(total, np.int32(NO_WAY_MS))
    return weights
