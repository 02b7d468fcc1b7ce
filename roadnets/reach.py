"""Reach: which parts of which edges lie within so many seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.access import Access
from roadnets.graph import TravelGraph
from roadnets.ground import Ground
from roadnets.network import RoadNetwork
from roadnets.searches.search import NO_WAY_MS
from roadnets.travel import Reach, Snap, whole_seconds

_HALF_SECOND_MS: Final = 499
"""What is rounded to a whole second is up to so many milliseconds longer."""


def reach_edges(
    graph: TravelGraph,
    ground: Ground,
    leaving: Access,
    node_ms: NDArray[np.int32],
    seconds: int,
) -> Reach:
    """Find what is reached of every edge.

    A place is reached when it lies in a part of either direction of its street; then and only then
    does TravelTimes tell no more than ``seconds`` from the nearest origin to it. Of closed streets
    all is reached that a vehicle gets to along them, without driving through.

    Parameters
    ----------
    graph
        The arcs.
    ground
        What driving and turning take.
    leaving
        Of the origins.
    node_ms
        int32 (n,), milliseconds from the nearest origin to each node of ``graph``.
    seconds
        0 or more.

    Returns
    -------
    Reach
        One row for each contiguous part.

    Raises
    ------
    ValueError
        ``seconds`` is below 0.
    """
    if seconds < 0:
        raise ValueError(f"seconds is {seconds}; allowed: 0 or more")
    limit_ms = min(seconds * 1000 + _HALF_SECOND_MS, NO_WAY_MS - 1)
    closed, stand_ms = ground.approach.closed, ground.stand_ms
    entered_ms = _entered_ms(graph, ground.turn_ms, node_ms)
    if closed.any():
        along_closed_ms = ground.approach.spread(node_ms)
        entered_so_ms = _entered_ms(graph, ground.turn_ms, along_closed_ms)
        entered_ms = np.where(closed, entered_so_ms, entered_ms)
    from_tail = np.flatnonzero((entered_ms <= limit_ms) & (stand_ms < NO_WAY_MS))
    # A place takes whole milliseconds, rounded half up: so it is within the limit up to half a
    # millisecond beyond.
    end_ms = limit_ms - entered_ms[from_tail] + 0.5
    edge, begin, end, after_ms = _from_origins(leaving, stand_ms, limit_ms)
    return _united(
        np.concatenate((from_tail, edge)),
        np.concatenate((np.zeros(len(from_tail)), begin)),
        np.concatenate((np.minimum(end_ms / stand_ms[from_tail], 1), end)),
        np.concatenate((entered_ms[from_tail], after_ms)),
    )


def is_reached(network: RoadNetwork, reach: Reach, snaps: Sequence[Snap]) -> NDArray[np.bool_]:
    """Tell which of some places are reached, in either direction of their street, bool (k,)."""
    edge = np.array([snap.edge for snap in snaps], np.int32)
    fraction = np.array([snap.fraction for snap in snaps], np.float64)
    twin = network.edge_twin[edge]
    there = _lies_in(reach, edge, fraction)
    there |= (twin >= 0) & _lies_in(reach, twin, 1 - fraction)
    return there


def _lies_in(
    reach: Reach, edge: NDArray[np.int32], fraction: NDArray[np.float64]
) -> NDArray[np.bool_]:
    # The parts of one edge ascend: the place can only lie in the last that begins before it.
    key = reach.edge + 0.5 * reach.begin
    row = np.searchsorted(key, edge + 0.5 * fraction, side="right") - 1
    if not len(key):
        return np.zeros(len(edge), np.bool_)
    end = np.where(reach.end[row] >= 1, np.inf, reach.end[row])
    within: NDArray[np.bool_] = (row >= 0) & (reach.edge[row] == edge) & (fraction < end)
    return within


def _entered_ms(
    graph: TravelGraph, turn_ms: NDArray[np.int32], node_ms: NDArray[np.int32]
) -> NDArray[np.int64]:
    """When each edge is first entered by its tail, int64 (m,); ``NO_WAY_MS`` or more if never."""
    arc_ms = node_ms[graph.arc_tail].astype(np.int64) + turn_ms
    entered_ms = np.full(len(graph.arc_start) - 1, NO_WAY_MS, np.int64)
    np.minimum.at(entered_ms, graph.arc_edge, arc_ms)
    return entered_ms


def _from_origins(
    leaving: Access, stand_ms: NDArray[np.int32], limit_ms: int
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """What is reached of the origins' own edges straight ahead: edge, begin, end, when."""
    open_ = np.isfinite(leaving.before_ms)
    edge, before_ms = leaving.edge[open_], leaving.before_ms[open_]
    whole_ms = stand_ms[edge]
    # As ``direct_ms``: ahead is what lies no whole millisecond behind.
    begin = np.minimum((before_ms - 0.5).clip(0) / whole_ms, leaving.fraction[open_])
    end = np.minimum((before_ms + limit_ms + 0.5) / whole_ms, 1)
    return edge, begin, end, np.zeros(len(edge), np.int64)


def _united(
    edge: NDArray[np.int64],
    begin: NDArray[np.float64],
    end: NDArray[np.float64],
    ms: NDArray[np.int64],
) -> Reach:
    """Unite parts of one edge that overlap or touch."""
    order = np.lexsort((begin, edge))
    edge, begin, end, ms = edge[order], begin[order], end[order], ms[order]
    kept = np.ones(len(edge), np.bool_)
    last: dict[int, int] = {}
    twice = np.flatnonzero(np.isin(edge, edge[:-1][edge[1:] == edge[:-1]]))
    for row in twice.tolist():
        before = last.get(int(edge[row]))
        if before is None or begin[row] > end[before]:
            last[int(edge[row])] = row
            continue
        end[before] = max(end[before], end[row])
        ms[before] = min(ms[before], ms[row])
        kept[row] = False
    return Reach(
        edge=edge[kept].astype(np.int32),
        begin=begin[kept],
        end=end[kept],
        seconds=whole_seconds(ms[kept].astype(np.float64)),
    )
