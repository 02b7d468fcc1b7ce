"""Weights onto a hierarchy: all of them, or only what a change of some arcs moves.

Customization of Dibbelt, Strasser and Wagner (2016), section 7: a slot's weight is the least of its
own arcs and of the way over each common lower neighbour (a *lower triangle*).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.compiled import Flags, Int, Ints, Nothing, OutInts, compiled
from roadnets.kernel.metric import Metric
from roadnets.kernel.topology import Topology
from roadnets.search import NO_WAY_MS


def customize(topology: Topology, arc_ms: NDArray[np.int32]) -> Metric:
    """Bring a set of weights onto the hierarchy.

    Parameters
    ----------
    topology
        The hierarchy.
    arc_ms
        int32 (a,), milliseconds of each arc, not negative; ``NO_WAY_MS`` or more closes an arc.

    Returns
    -------
    Metric
        Its arrays are read-only.

    Raises
    ------
    ValueError
        There is not one weight an arc, or one is negative.
    """
    _check_weights(topology, arc_ms)
    metric = Metric(
        np.empty(topology.slot_count, np.int32), np.empty(topology.slot_count, np.int32)
    )
    customize_into(topology, arc_ms, metric)
    for array in metric:
        array.setflags(write=False)
    return metric


def customize_into(topology: Topology, arc_ms: NDArray[np.int32], metric: Metric) -> None:
    """Overwrite ``metric`` with a full customization of ``arc_ms``; errors as of ``customize``."""
    _check_weights(topology, arc_ms)
    t = topology
    _lay_arcs(t.arc_slot, t.arc_up, arc_ms, metric.up_ms, metric.down_ms)
    _relax(
        t.up_start, t.up_head, t.up_tail, t.down_start, t.down_slot, metric.up_ms, metric.down_ms
    )


def _check_weights(topology: Topology, arc_ms: NDArray[np.int32]) -> None:
    arcs = len(topology.arc_slot)
    if arc_ms.dtype != np.int32 or arc_ms.shape != (arcs,):
        raise ValueError(f"arc_ms is {arc_ms.dtype} {arc_ms.shape}; it must be int32 ({arcs},)")
    if arcs and arc_ms.min() < 0:
        arc = int(arc_ms.argmin())
        raise ValueError(f"arc_ms[{arc}] is {arc_ms[arc]}; allowed: 0 or more")


@compiled(Nothing(Ints, Flags, Ints, OutInts, OutInts))
def _lay_arcs(
    arc_slot: NDArray[np.int32],
    arc_up: NDArray[np.bool_],
    arc_ms: NDArray[np.int32],
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
) -> None:
    """Give each slot the least of its arcs in each direction."""
    up_ms[:] = NO_WAY_MS
    down_ms[:] = NO_WAY_MS
    for arc in range(len(arc_slot)):
        slot = arc_slot[arc]
        if slot < 0:
            continue
        if arc_up[arc]:
            up_ms[slot] = min(up_ms[slot], arc_ms[arc])
        else:
            down_ms[slot] = min(down_ms[slot], arc_ms[arc])


@compiled(Nothing(Ints, Ints, Ints, Ints, Ints, OutInts, OutInts))
def _relax(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    up_tail: NDArray[np.int32],
    down_start: NDArray[np.int32],
    down_slot: NDArray[np.int32],
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
) -> None:
    """Lower each slot to its best lower triangle, all slots of one lower end after another.

    The sum of two weights is at most 2 * NO_WAY_MS, an int32, and weights only sink from
    NO_WAY_MS; so a way that is none, or too long, stays NO_WAY_MS.
    """
    n = len(up_start) - 1
    place = np.empty(n, np.int32)
    for y in range(n):
        for slot in range(up_start[y], up_start[y + 1]):
            place[up_head[slot]] = slot
        for i in range(down_start[y], down_start[y + 1]):
            below = down_slot[i]
            to_y, from_y = up_ms[below], down_ms[below]
            for side in range(below + 1, up_start[up_tail[below] + 1]):
                slot = place[up_head[side]]
                up_ms[slot] = min(up_ms[slot], from_y + up_ms[side])
                down_ms[slot] = min(down_ms[slot], down_ms[side] + to_y)
