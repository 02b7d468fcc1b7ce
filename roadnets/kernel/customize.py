"""Weights onto a hierarchy: all of them, or only what a change of some arcs moves.

Customization of Dibbelt, Strasser and Wagner, "Customizable Contraction Hierarchies", ACM Journal
of Experimental Algorithmics 21, 2016, section 7: a slot's weight is the least of its own arcs and
of the ways over each common lower neighbour of its ends, its *lower triangles*.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.compiled import (
    Flags,
    Index,
    Int,
    Ints,
    Long,
    Nothing,
    OutFlags,
    OutInts,
    OutWords,
    Words,
    compiled,
)
from roadnets.kernel.metric import Metric
from roadnets.kernel.topology import Topology
from roadnets.searches.search import NO_WAY_MS

_MANY: Final = 8
"""An update of more than one arc in so many is a customization from the start."""

_PATIENCE: Final = 2
"""Triangles a slot that an update looks at before it gives up: the price of half a
customization."""


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
        Its arrays are writable, for ``update``; set them read-only before they are shared.

    Raises
    ------
    ValueError
        There is not one weight an arc, or one is negative.
    """
    slots = topology.slot_count
    metric = Metric(np.empty(slots, np.int32), np.empty(slots, np.int32))
    customize_into(topology, metric, arc_ms)
    return metric


def customize_into(topology: Topology, metric: Metric, arc_ms: NDArray[np.int32]) -> None:
    """Overwrite a writable metric with what ``customize`` gives; errors as there."""
    _check_metric(topology, metric)
    _check_weights(topology, arc_ms, arc_ms)
    t = topology
    _lay_arcs(t.arc_slot, t.arc_up, arc_ms, metric.up_ms, metric.down_ms)
    _relax(t.up_start, t.up_head, t.up_tail, t.down_start, t.down_slot, *metric)


def update(
    topology: Topology,
    metric: Metric,
    arc_ms: NDArray[np.int32],
    arcs: NDArray[np.integer],
) -> NDArray[np.int32]:
    """Bring a metric up to date after the weights of some arcs have changed.

    Parameters
    ----------
    topology
        The hierarchy.
    metric
        A customization of the weights before, in writable arrays; overwritten. What it holds
        afterwards equals, bit for bit, a customization of ``arc_ms``.
    arc_ms
        int32 (a,), the weights now, as for ``customize``.
    arcs
        Integer (k,), at least every arc whose weight has changed, in any order.

    Returns
    -------
    NDArray[np.int32]
        The slots (j,) whose weights have changed, ascending.

    Raises
    ------
    ValueError
        ``arc_ms`` is refused as by ``customize``, an arc is none of the graph's, or the metric is
        not writable. The metric is as it was.
    """
    _check_metric(topology, metric)
    count = len(topology.arc_slot)
    wrong = np.flatnonzero((arcs < 0) | (arcs >= count))
    if len(wrong):
        raise ValueError(f"arcs[{wrong[0]}] is {arcs[wrong[0]]}; allowed: 0 to {count - 1}")
    listed: NDArray[np.int32] = np.ascontiguousarray(arcs, np.int32)
    if arc_ms.shape == (count,):
        _check_weights(topology, arc_ms, arc_ms[listed])
    _check_weights(topology, arc_ms, arc_ms[:0])
    t = topology
    if len(listed) * _MANY > count:
        return _replace(t, metric, arc_ms, np.empty(0, np.int32))
    changed = np.empty(t.slot_count, np.int32)
    found = _propagate(
        t.up_start,
        t.up_head,
        t.up_tail,
        t.down_start,
        t.down_slot,
        t.arc_slot,
        t.arc_up,
        t.slot_arc_start,
        t.slot_arc,
        arc_ms,
        listed,
        _PATIENCE * t.slot_count,
        *metric,
        changed,
    )
    if found >= 0:
        return changed[:found].copy()
    return _replace(t, metric, arc_ms, changed[: -1 - found])


def _replace(
    topology: Topology, metric: Metric, arc_ms: NDArray[np.int32], changed: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Customize anew a metric of which some slots have been changed; gives all that have."""
    new = customize(topology, arc_ms)
    differs = (new.up_ms != metric.up_ms) | (new.down_ms != metric.down_ms)
    differs[changed] = True
    for array, fresh in zip(metric, new, strict=True):
        array[:] = fresh
    return np.flatnonzero(differs).astype(np.int32)


def _check_metric(topology: Topology, metric: Metric) -> None:
    for name, array in zip(metric._fields, metric, strict=True):
        fine = array.dtype == np.int32 and array.shape == (topology.slot_count,)
        if not (fine and array.flags.carray):
            raise ValueError(
                f"{name} is {array.dtype} {array.shape}; it must be contiguous, writable int32 "
                f"({topology.slot_count},)"
            )


def _check_weights(
    topology: Topology, arc_ms: NDArray[np.int32], looked_at: NDArray[np.int32]
) -> None:
    arcs = len(topology.arc_slot)
    fine = arc_ms.dtype == np.int32 and arc_ms.shape == (arcs,)
    if not (fine and arc_ms.flags.c_contiguous and arc_ms.flags.aligned):
        raise ValueError(
            f"arc_ms is {arc_ms.dtype} {arc_ms.shape}; it must be contiguous int32 ({arcs},)"
        )
    if len(looked_at) and looked_at.min() < 0:
        raise ValueError(f"arc_ms has {looked_at.min()}; allowed: 0 or more milliseconds")


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
        if arc_slot[arc] < 0:
            continue
        slot = Index(arc_slot[arc])
        if arc_up[arc]:
            up_ms[slot] = min(up_ms[slot], arc_ms[arc])
        else:
            down_ms[slot] = min(down_ms[slot], arc_ms[arc])


@compiled(
    Int(Int, Int, Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, OutInts, OutInts), inlined=True
)
def _relax_row(
    row: int,
    top: int,
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    up_tail: NDArray[np.int32],
    down_start: NDArray[np.int32],
    down_slot: NDArray[np.int32],
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
    place: NDArray[np.int32],
    row_up: NDArray[np.int32],
    row_down: NDArray[np.int32],
) -> int:
    """Lower each slot between ``row`` and at most ``top`` to its best lower triangle.

    The row's slots lie in ``row_up`` and ``row_down``, that to rank r at ``place[r]``. The sum of
    two weights is at most 2 * NO_WAY_MS, an int32, and weights only sink from NO_WAY_MS: a way that
    is none, or too long, stays NO_WAY_MS. Returns how many triangles it has looked at.
    """
    triangles = 0
    for i in range(Index(down_start[row]), Index(down_start[row + 1])):
        below = Index(down_slot[i])
        to_row, from_row = up_ms[below], down_ms[below]
        end = Index(up_start[Index(up_tail[below]) + 1])
        triangles += end - below
        for side in range(below + 1, end):
            if up_head[side] > top:
                triangles -= end - side
                break
            at = Index(place[Index(up_head[side])])
            row_up[at] = min(row_up[at], from_row + up_ms[side])
            row_down[at] = min(row_down[at], down_ms[side] + to_row)
    return triangles


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
    """Lower every slot to its best lower triangle, row after row."""
    n = len(up_start) - 1
    place, row_up, row_down = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    for row in range(n):
        first, end = Index(up_start[row]), Index(up_start[row + 1])
        for slot in range(first, end):
            place[Index(up_head[slot])] = slot - first
            row_up[slot - first], row_down[slot - first] = up_ms[slot], down_ms[slot]
        _relax_row(
            row, n, up_start, up_head, up_tail, down_start, down_slot, up_ms, down_ms,
            place, row_up, row_down,
        )  # fmt: skip
        for slot in range(first, end):
            up_ms[slot], down_ms[slot] = row_up[slot - first], row_down[slot - first]


# ---- partial ------------------------------------------------------------------------------------
# A slot is *stale* when one of its arcs has changed, when a changed lower triangle goes below its
# weight, or when it had its weight from a lower triangle that no longer gives it. Rows are taken
# in ascending order, and a change only ever makes slots of higher rows stale; so each stale slot
# is recomputed once, when everything below it is final. All stale slots of a row are recomputed
# together, for the price of the one that reaches highest.

_ONE: Final = np.uint64(1)
_LOW_SIX: Final = np.uint64(63)
_DE_BRUIJN: Final = np.uint64(0x03F79D71B4CB0A89)
"""Each six bits in a row of it are different: they tell which bit of a word is its only one
(Leiserson, Prokop and Randall, "Using de Bruijn sequences to index a 1 in a computer word", 1998).
"""
_BIT_OF: Final = np.empty(64, np.int32)
_BIT_OF[[((int(_DE_BRUIJN) << bit) & (2**64 - 1)) >> 58 for bit in range(64)]] = range(64)


@compiled(Nothing(Int, Int, OutFlags, OutWords), inlined=True)
def _mark(slot: int, row: int, stale: NDArray[np.bool_], stale_rows: NDArray[np.uint64]) -> None:
    """Note that a slot of a row is stale; ``stale_rows`` has one bit a row."""
    stale[Index(slot)] = True
    stale_rows[Index(row) >> Index(6)] |= _ONE << (np.uint64(row) & _LOW_SIX)


@compiled(Int(Int, Words), inlined=True)
def _next_row(row: int, stale_rows: NDArray[np.uint64]) -> int:
    """Find the first stale row from ``row`` on; 64 times the words where there is none."""
    word = row >> 6
    if word >= len(stale_rows):
        return row
    skipped = np.uint64(row) & _LOW_SIX
    bits = stale_rows[word] >> skipped << skipped
    while bits == 0:
        word += 1
        if word == len(stale_rows):
            return word << 6
        bits = stale_rows[word]
    lowest = bits & (~bits + _ONE)
    row_of_bit: int = (word << 6) + _BIT_OF[(lowest * _DE_BRUIJN) >> np.uint64(58)]
    return row_of_bit


@compiled(
    Int(Int, Ints, Ints, Flags, Ints, Ints, Ints, Flags, Ints, Ints, OutInts, OutInts, OutInts),
    inlined=True,
)
def _restart_row(
    row: int,
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    arc_up: NDArray[np.bool_],
    slot_arc_start: NDArray[np.int32],
    slot_arc: NDArray[np.int32],
    arc_ms: NDArray[np.int32],
    stale: NDArray[np.bool_],
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
    place: NDArray[np.int32],
    row_up: NDArray[np.int32],
    row_down: NDArray[np.int32],
) -> int:
    """Lay out a row for ``_relax_row``, its stale slots with the least of their arcs.

    Returns the highest end of a stale slot.
    """
    first, top = Index(up_start[row]), -1
    for slot in range(first, Index(up_start[row + 1])):
        at = slot - first
        place[Index(up_head[slot])] = at
        if not stale[slot]:
            row_up[at], row_down[at] = up_ms[slot], down_ms[slot]
            continue
        top = up_head[slot]
        row_up[at] = row_down[at] = NO_WAY_MS
        for i in range(Index(slot_arc_start[slot]), Index(slot_arc_start[slot + 1])):
            arc = Index(slot_arc[i])
            if arc_up[arc]:
                row_up[at] = min(row_up[at], arc_ms[arc])
            else:
                row_down[at] = min(row_down[at], arc_ms[arc])
    return top


@compiled(Int(Int, Ints, Ints, Ints, Ints, Ints, Ints, Ints, OutFlags, OutWords), inlined=True)
def _mark_above(
    row: int,
    changed: NDArray[np.int32],
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
    row_up: NDArray[np.int32],
    row_down: NDArray[np.int32],
    stale: NDArray[np.bool_],
    stale_rows: NDArray[np.uint64],
) -> int:
    """Mark what the ``changed`` slots of ``row`` make stale: slots between its upper neighbours.

    ``up_ms`` and ``down_ms`` still have the weights before. Returns how many triangles it has seen.
    """
    first, end = Index(up_start[row]), Index(up_start[row + 1])
    last_changed = Index(changed[-1])
    triangles, at = 0, 0
    for low in range(first, last_changed + 1):
        if at < len(changed) and changed[at] == low:
            at += 1
            last = end
        else:
            last = last_changed + 1
        target = Index(up_start[Index(up_head[low])])
        to_low, from_low = row_down[low - first], row_up[low - first]
        was_to_low, was_from_low = down_ms[low], up_ms[low]
        triangles += last - low
        for high in range(low + 1, last):
            while up_head[target] < up_head[high]:
                target += 1
            up, was_up = to_low + row_up[high - first], was_to_low + up_ms[high]
            down, was_down = row_down[high - first] + from_low, down_ms[high] + was_from_low
            now_up, now_down = up_ms[target], down_ms[target]
            if (
                up < now_up
                or down < now_down
                or (was_up == now_up and up != was_up)
                or (was_down == now_down and down != was_down)
            ):
                _mark(target, up_head[low], stale, stale_rows)
    return triangles


@compiled(
    Long(
        Ints, Ints, Ints, Ints, Ints, Ints, Flags, Ints, Ints, Ints, Ints, Long,
        OutInts, OutInts, OutInts,
    )
)  # fmt: skip
def _propagate(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    up_tail: NDArray[np.int32],
    down_start: NDArray[np.int32],
    down_slot: NDArray[np.int32],
    arc_slot: NDArray[np.int32],
    arc_up: NDArray[np.bool_],
    slot_arc_start: NDArray[np.int32],
    slot_arc: NDArray[np.int32],
    arc_ms: NDArray[np.int32],
    arcs: NDArray[np.int32],
    patience: int,
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
    changed: NDArray[np.int32],
) -> int:
    """Recompute the stale slots, row after row; writes those ``changed`` and returns their number.

    Gives up, and returns minus one minus the number, after ``patience`` triangles.
    """
    n = len(up_start) - 1
    stale = np.zeros(len(up_head), np.bool_)
    stale_rows = np.zeros((n + 63) // 64, np.uint64)
    place, row_up, row_down = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    for arc in arcs:
        if arc_slot[arc] >= 0:
            _mark(arc_slot[arc], up_tail[arc_slot[arc]], stale, stale_rows)
    found, triangles = 0, 0
    row = _next_row(0, stale_rows)
    while row < n:
        top = _restart_row(
            row, up_start, up_head, arc_up, slot_arc_start, slot_arc, arc_ms, stale,
            up_ms, down_ms, place, row_up, row_down,
        )  # fmt: skip
        triangles += _relax_row(
            row, top, up_start, up_head, up_tail, down_start, down_slot, up_ms, down_ms,
            place, row_up, row_down,
        )  # fmt: skip
        before, first = found, Index(up_start[row])
        for slot in range(first, Index(up_start[row + 1])):
            if row_up[slot - first] != up_ms[slot] or row_down[slot - first] != down_ms[slot]:
                changed[found] = slot
                found += 1
        if found > before:
            triangles += _mark_above(
                row, changed[before:found], up_start, up_head, up_ms, down_ms,
                row_up, row_down, stale, stale_rows,
            )  # fmt: skip
        for slot in changed[before:found]:
            up_ms[slot], down_ms[slot] = row_up[slot - first], row_down[slot - first]
        if triangles > patience:
            return -1 - found
        row = _next_row(row + 1, stale_rows)
    return found
