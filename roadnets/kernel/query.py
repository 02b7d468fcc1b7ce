"""Fastest times on a hierarchy: from few places to many, to few from many, and to every node.

Every fastest way climbs to higher ranks and then descends. A climb visits the *ancestors* of a node
in the elimination tree, in the order of their ranks, with no queue (Dibbelt, Strasser and Wagner
2016, section 8). So the places of one side, the *near* ones, climb; then the ancestors of the
others, the *far* ones, are swept once from high to low, each looking up to its own higher
neighbours (Delling, Goldberg, Nowatzyk and Werneck, "PHAST", Journal of Parallel and Distributed
Computing 73, 2013; of some nodes only: Delling, Goldberg and Werneck, "Faster batched shortest
paths in road networks", ATMOS 2011). To find ways *to* the near places is the same on the reversed
weights.

A call allocates what it needs and shares nothing, so any number of threads may ask at once. Times
saturate at ``NO_WAY_MS``: the sum of two is still an int32.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from roadnets.kernel.compiled import Index64, Int, Ints, Nothing, OutInts, OutIntTable, compiled
from roadnets.kernel.metric import Metric
from roadnets.kernel.topology import Topology
from roadnets.searches.search import NO_WAY_MS, Seeds

_LANES: Final = 32
"""Near places that climb and are swept together: whole vectors of any processor, and 128 bytes."""

_SCALAR_PLACES: Final = 8
"""Up to so many near places are swept one by one, for that needs no copy of the rows."""

_CLEARLY_FEWER: Final = 16
"""So many times fewer places climb without a count of what would have to be swept."""

_CLIMBED: Final = 1
_SWEPT: Final = 2

_OutBytes: Final = types.Array(types.int8, 1, "C")


def times(topology: Topology, metric: Metric, origins: Seeds, targets: Seeds) -> NDArray[np.int32]:
    """Milliseconds from each origin to each target, int32 (j, k); ``NO_WAY_MS`` for none.

    Parameters
    ----------
    topology, metric
        The hierarchy and its weights.
    origins, targets
        Seeds at nodes of the graph; they are not checked.
    """
    if _origins_are_near(topology, origins, targets):
        from_near = _times(topology, metric.up_ms, metric.down_ms, origins, targets)
        return np.ascontiguousarray(from_near.T)
    return _times(topology, metric.down_ms, metric.up_ms, targets, origins)


def to_all(topology: Topology, metric: Metric, origins: Seeds) -> NDArray[np.int32]:
    """Milliseconds from the nearest of some origins to every node, int32 (n,).

    Parameters
    ----------
    topology, metric
        The hierarchy and its weights.
    origins
        Seeds at nodes of the graph; they are not checked.
    """
    by_rank = np.empty(topology.node_count, np.int32)
    _sweep_all(
        topology.up_start,
        topology.up_head,
        metric.up_ms,
        metric.down_ms,
        topology.rank[origins.node],
        origins.ms,
        by_rank,
    )
    return by_rank[topology.rank]


def _origins_are_near(topology: Topology, origins: Seeds, targets: Seeds) -> bool:
    """Choose the side that climbs: a near place costs one sweep of the far places' ancestors."""
    few, many = sorted((len(origins), len(targets)))
    if few <= 1 or few * _CLEARLY_FEWER <= many:
        return len(origins) < len(targets)
    rows = topology.up_start, topology.up_head
    origins_near = len(origins) * _slots_above(*rows, topology.rank[targets.node])
    targets_near = len(targets) * _slots_above(*rows, topology.rank[origins.node])
    return origins_near < targets_near


def _times(
    topology: Topology,
    climb_ms: NDArray[np.int32],
    sweep_ms: NDArray[np.int32],
    near: Seeds,
    far: Seeds,
) -> NDArray[np.int32]:
    """Milliseconds between far and near places, int32 (j, k)."""
    found = np.full((len(far), len(near)), NO_WAY_MS, np.int32)
    near_rank, far_rank = topology.rank[near.node], topology.rank[far.node]
    rows = topology.up_start, topology.up_head, climb_ms, sweep_ms
    if len(near) > _SCALAR_PLACES:
        column = _in_order_of_rank(near, near_rank)
        _sweep_batches(
            *rows, near.start, near_rank, near.ms, column, far.start, far_rank, far.ms, found
        )
        return found
    for place in range(len(near)):
        own = slice(near.start[place], near.start[place + 1])
        one = np.empty(len(far), np.int32)
        _sweep_one(*rows, near_rank[own], near.ms[own], far.start, far_rank, far.ms, one)
        found[:, place] = one
    return found


def _in_order_of_rank(places: Seeds, rank: NDArray[np.int32]) -> NDArray[np.int32]:
    """Places so that neighbours in rank, which share most ancestors, are in one batch."""
    key = np.full(len(places), -1, np.int32)
    filled = np.diff(places.start) > 0
    key[filled] = rank[places.start[:-1][filled]]
    return np.argsort(key, kind="stable").astype(np.int32)


@compiled(Int(Ints, Ints, Ints))
def _slots_above(
    up_start: NDArray[np.int32], up_head: NDArray[np.int32], rank: NDArray[np.int32]
) -> int:
    """Count the slots of some nodes and all their ancestors."""
    seen = np.zeros(len(up_start) - 1, np.bool_)
    slots = 0
    for seed in rank:
        node = seed
        while node >= 0 and not seen[node]:
            seen[node] = True
            first, last = up_start[node], up_start[node + 1]
            slots += last - first
            node = up_head[first] if first < last else -1
    return slots


@compiled(Nothing(Ints, Ints, Ints, Ints, Ints, OutInts, _OutBytes))
def _climb(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    climb_ms: NDArray[np.int32],
    rank: NDArray[np.int32],
    ms: NDArray[np.int32],
    dist: NDArray[np.int32],
    state: NDArray[np.int8],
) -> None:
    """Climb from some seeds; writes ``dist`` and ``state`` of their ancestors, and of no others."""
    members = np.empty(len(up_start), np.int32)
    count = 0
    for seed in range(len(rank)):
        node, begin = rank[seed], count
        while node >= 0 and state[node] != _CLIMBED:
            state[node] = _CLIMBED
            dist[node] = NO_WAY_MS
            members[count] = node
            count += 1
            first = up_start[node]
            node = up_head[first] if first < up_start[node + 1] else -1
        members[begin:count] = members[begin:count][::-1].copy()  # ancestors first
    for seed in range(len(rank)):
        dist[rank[seed]] = min(dist[rank[seed]], ms[seed])
    for place in range(count - 1, -1, -1):
        node = members[place]
        here = dist[node]
        if here == NO_WAY_MS:
            continue
        for slot in range(Index64(up_start[node]), Index64(up_start[node + 1])):
            there = Index64(up_head[slot])
            dist[there] = min(dist[there], np.int32(here + climb_ms[slot]))


@compiled(Nothing(Ints, Ints, Ints, Ints, Ints, Ints, OutInts))
def _sweep_all(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    climb_ms: NDArray[np.int32],
    sweep_ms: NDArray[np.int32],
    rank: NDArray[np.int32],
    ms: NDArray[np.int32],
    dist: NDArray[np.int32],
) -> None:
    """Write the times between the nearest seed and every node, by rank."""
    nodes = len(up_start) - 1
    dist[:] = NO_WAY_MS
    _climb(up_start, up_head, climb_ms, rank, ms, dist, np.zeros(nodes, np.int8))
    for node in range(nodes - 1, -1, -1):
        best = dist[node]
        for slot in range(Index64(up_start[node]), Index64(up_start[node + 1])):
            best = min(best, np.int32(dist[Index64(up_head[slot])] + sweep_ms[slot]))
        dist[node] = best


@compiled(Nothing(Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, OutInts))
def _sweep_one(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    climb_ms: NDArray[np.int32],
    sweep_ms: NDArray[np.int32],
    near_rank: NDArray[np.int32],
    near_ms: NDArray[np.int32],
    far_start: NDArray[np.int32],
    far_rank: NDArray[np.int32],
    far_ms: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Write the times between one near place and each far one into ``found``, int32 (j,)."""
    nodes = len(up_start) - 1
    dist = np.empty(nodes, np.int32)
    state = np.zeros(nodes, np.int8)
    _climb(up_start, up_head, climb_ms, near_rank, near_ms, dist, state)
    waiting = np.empty(nodes, np.int32)
    for seed in range(len(far_rank)):
        node, count = far_rank[seed], 0
        while node >= 0 and state[node] != _SWEPT:
            waiting[count] = node
            count += 1
            first = up_start[node]
            node = up_head[first] if first < up_start[node + 1] else -1
        for place in range(count - 1, -1, -1):
            node = waiting[place]
            best = dist[node] if state[node] == _CLIMBED else np.int32(NO_WAY_MS)
            for slot in range(Index64(up_start[node]), Index64(up_start[node + 1])):
                best = min(best, np.int32(dist[Index64(up_head[slot])] + sweep_ms[slot]))
            dist[node] = best
            state[node] = _SWEPT
    for far in range(len(found)):
        best = NO_WAY_MS
        for seed in range(far_start[far], far_start[far + 1]):
            best = min(best, far_ms[seed] + dist[far_rank[seed]])
        found[far] = best


@compiled(Int(Ints, Ints, Ints, OutInts, OutInts, Int))
def _collect(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    rank: NDArray[np.int32],
    row: NDArray[np.int32],
    members: NDArray[np.int32],
    count: int,
) -> int:
    """Append some nodes and their ancestors, these first; ``row`` is where each is, or -1."""
    for seed in range(len(rank)):
        node, end = rank[seed], count
        while node >= 0 and row[node] < 0:
            row[node] = 0
            end += 1
            first = up_start[node]
            node = up_head[first] if first < up_start[node + 1] else -1
        node = rank[seed]
        for place in range(end - 1, count - 1, -1):
            members[place], row[node] = node, place
            if place > count:
                node = up_head[up_start[node]]
        count = end
    return count


@compiled(Nothing(Ints, Ints, Ints, Ints, Ints, Ints, Int, Int, Ints, OutInts, Int, Ints, OutInts))
def _climb_batch(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    climb_ms: NDArray[np.int32],
    near_start: NDArray[np.int32],
    near_rank: NDArray[np.int32],
    near_ms: NDArray[np.int32],
    low: int,
    high: int,
    column: NDArray[np.int32],
    batch_of: NDArray[np.int32],
    batch: int,
    row: NDArray[np.int32],
    label: NDArray[np.int32],
) -> None:
    """Climb from the near places ``column[low:high]``, one a lane."""
    members = np.empty(len(batch_of), np.int32)
    count = 0
    lanes = Index64(_LANES)
    for lane in range(high - low):
        place = column[low + lane]
        for seed in range(near_start[place], near_start[place + 1]):
            node, begin = near_rank[seed], count
            while node >= 0 and batch_of[row[node]] != batch:
                here = Index64(row[node] * _LANES)
                batch_of[row[node]] = batch
                for i in range(lanes):
                    label[here + i] = NO_WAY_MS
                members[count] = node
                count += 1
                first = up_start[node]
                node = up_head[first] if first < up_start[node + 1] else -1
            members[begin:count] = members[begin:count][::-1].copy()  # ancestors first
            at = row[near_rank[seed]] * _LANES + lane
            label[at] = min(label[at], near_ms[seed])
    for place in range(count - 1, -1, -1):
        node = members[place]
        here = Index64(row[node] * _LANES)
        for slot in range(up_start[node], up_start[node + 1]):
            there, ms = Index64(row[up_head[slot]] * _LANES), climb_ms[slot]
            for i in range(lanes):
                label[there + i] = min(label[there + i], np.int32(label[here + i] + ms))


@compiled(Nothing(Ints, Ints, Ints, Ints, Int, OutInts))
def _sweep_batch(
    start: NDArray[np.int32],
    head: NDArray[np.int32],
    ms: NDArray[np.int32],
    batch_of: NDArray[np.int32],
    batch: int,
    label: NDArray[np.int32],
) -> None:
    """Sweep the far places' ancestors, four slots at a time: the compiler makes these vectors."""
    lanes = Index64(_LANES)
    for node in range(len(start) - 1):
        here = Index64(node * _LANES)
        if batch_of[node] != batch:
            for i in range(lanes):
                label[here + i] = NO_WAY_MS
        slot, end = start[node], start[node + 1]
        while slot + 4 <= end:
            a, b = Index64(head[slot] * _LANES), Index64(head[slot + 1] * _LANES)
            c, d = Index64(head[slot + 2] * _LANES), Index64(head[slot + 3] * _LANES)
            a_ms, b_ms, c_ms, d_ms = ms[slot], ms[slot + 1], ms[slot + 2], ms[slot + 3]
            for i in range(lanes):
                ab = min(np.int32(label[a + i] + a_ms), np.int32(label[b + i] + b_ms))
                cd = min(np.int32(label[c + i] + c_ms), np.int32(label[d + i] + d_ms))
                label[here + i] = min(label[here + i], ab, cd)
            slot += 4
        while slot < end:
            a, a_ms = Index64(head[slot] * _LANES), ms[slot]
            for i in range(lanes):
                label[here + i] = min(label[here + i], np.int32(label[a + i] + a_ms))
            slot += 1


@compiled(Nothing(Ints, Ints, Ints, Ints, Ints, Int, Int, Ints, OutIntTable))
def _read_batch(
    far_start: NDArray[np.int32],
    far_rank: NDArray[np.int32],
    far_ms: NDArray[np.int32],
    row: NDArray[np.int32],
    label: NDArray[np.int32],
    low: int,
    high: int,
    column: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Write the columns ``column[low:high]`` of ``found``."""
    best = np.empty(_LANES, np.int32)
    for far in range(len(far_start) - 1):
        best[:] = NO_WAY_MS
        for seed in range(far_start[far], far_start[far + 1]):
            at, ms = Index64(row[far_rank[seed]] * _LANES), far_ms[seed]
            for i in range(Index64(_LANES)):
                best[i] = min(best[i], np.int32(label[at + i] + ms))
        for lane in range(high - low):
            found[far, column[low + lane]] = best[lane]


@compiled(Nothing(Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, OutIntTable))
def _sweep_batches(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    climb_ms: NDArray[np.int32],
    sweep_ms: NDArray[np.int32],
    near_start: NDArray[np.int32],
    near_rank: NDArray[np.int32],
    near_ms: NDArray[np.int32],
    column: NDArray[np.int32],
    far_start: NDArray[np.int32],
    far_rank: NDArray[np.int32],
    far_ms: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Write the times between far and near places into ``found``, int32 (j, k), batch by batch.

    The rows of the far places' ancestors are copied, in the order of the sweep, and the labels of
    one batch stand beside each other: a sweep reads memory from front to back.
    """
    nodes = len(up_start) - 1
    row = np.full(nodes, -1, np.int32)
    members = np.empty(nodes, np.int32)
    far_count = _collect(up_start, up_head, far_rank, row, members, 0)
    count = _collect(up_start, up_head, near_rank, row, members, far_count)

    start = np.zeros(far_count + 1, np.int32)
    for i in range(far_count):
        start[i + 1] = start[i] + up_start[members[i] + 1] - up_start[members[i]]
    head = np.empty(start[far_count], np.int32)
    ms = np.empty(start[far_count], np.int32)
    for i in range(far_count):
        slot = Index64(up_start[members[i]])
        for copy in range(Index64(start[i]), Index64(start[i + 1])):
            head[copy], ms[copy] = row[Index64(up_head[slot])], sweep_ms[slot]
            slot += Index64(1)

    label = np.empty(count * _LANES, np.int32)
    batch_of = np.full(count, -1, np.int32)
    for low in range(0, len(column), _LANES):
        high = min(low + _LANES, len(column))
        _climb_batch(
            up_start, up_head, climb_ms, near_start, near_rank, near_ms, low, high, column,
            batch_of, low, row, label,
        )  # fmt: skip
        _sweep_batch(start, head, ms, batch_of, low, label)
        _read_batch(far_start, far_rank, far_ms, row, label, low, high, column, found)
