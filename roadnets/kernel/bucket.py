"""Dijkstra's algorithm with buckets: exact on any weights, with nothing to prepare.

Nodes wait in buckets of equal width for their times, in no order within one (Dial's buckets with
the widths of Denardo and Fox; the buckets cover a window, and what lies behind it waits in an
overflow: Cherkassky, Goldberg and Radzik, "Shortest paths algorithms: theory and experimental
evaluation", Mathematical Programming 73, 1996). A node that gets faster while its bucket is being
emptied is simply looked at again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.compiled import Flags, Int, Ints, Nothing, OutInts, compiled

_NO_WAY: Final = (1 << 30) - 1
_WINDOW: Final = 1 << 12
_ABSENT: Final = -2


class Rows(NamedTuple):
    """The arcs of a graph of n nodes in rows, by the node that a search leaves through them.

    Attributes
    ----------
    start
        int32 (n + 1,), the arcs of node v are ``arc[start[v]:start[v + 1]]``.
    head
        int32 (a,), where each leads.
    arc
        int32 (a,), its index in the graph.
    """

    start: NDArray[np.int32]
    head: NDArray[np.int32]
    arc: NDArray[np.int32]


def rows_by(node_count: int, tail: NDArray[np.int32], head: NDArray[np.int32]) -> Rows:
    """Sort arcs into rows by ``tail``, int32 (a,); of one row in the order of the graph."""
    arc = np.argsort(tail, kind="stable").astype(np.int32)
    start = np.zeros(node_count + 1, np.int32)
    np.cumsum(np.bincount(tail, minlength=node_count), out=start[1:])
    return Rows(start, head[arc], arc)


def bucket_shift(ms: NDArray[np.int32]) -> int:
    """Choose how wide buckets are: two to this power, about half a usual arc."""
    open_ms = ms[ms < _NO_WAY]
    usual = int(open_ms.mean()) // 2 if len(open_ms) else 1
    return max(usual.bit_length() - 1, 0)


@compiled(Nothing(OutInts, OutInts, OutInts, Int, Int))
def _put(
    first: NDArray[np.int32],
    after: NDArray[np.int32],
    before: NDArray[np.int32],
    bucket: int,
    node: int,
) -> None:
    """Put a node in front of those that wait in a bucket."""
    after[node], before[node] = first[bucket], -1
    if first[bucket] >= 0:
        before[first[bucket]] = node
    first[bucket] = node


@compiled(Nothing(OutInts, OutInts, OutInts, Int, Int))
def _take(
    first: NDArray[np.int32],
    after: NDArray[np.int32],
    before: NDArray[np.int32],
    bucket: int,
    node: int,
) -> None:
    """Take a node out of its bucket."""
    if before[node] >= 0:
        after[before[node]] = after[node]
    else:
        first[bucket] = after[node]
    if after[node] >= 0:
        before[after[node]] = before[node]
    after[node] = _ABSENT


@compiled(Int(Ints, OutInts, OutInts, OutInts, Int))
def _move_window(
    times: NDArray[np.int32],
    first: NDArray[np.int32],
    after: NDArray[np.int32],
    before: NDArray[np.int32],
    shift: int,
) -> int:
    """Begin the window at the fastest node of the overflow; tells the number of that bucket."""
    base = _NO_WAY
    node = first[_WINDOW]
    while node >= 0:
        base = min(base, times[node] >> shift)
        node = after[node]
    node, first[_WINDOW] = first[_WINDOW], -1
    while node >= 0:
        following = after[node]
        _put(first, after, before, min((times[node] >> shift) - base, _WINDOW), node)
        node = following
    return base


@compiled(Nothing(Ints, Ints, Ints, Ints, Int, Ints, Ints, Flags, Int, OutInts, OutInts))
def search(
    start: NDArray[np.int32],
    head: NDArray[np.int32],
    arc: NDArray[np.int32],
    ms: NDArray[np.int32],
    shift: int,
    seed_node: NDArray[np.int32],
    seed_ms: NDArray[np.int32],
    wanted: NDArray[np.bool_],
    wanted_count: int,
    times: NDArray[np.int32],
    by_arc: NDArray[np.int32],
) -> None:
    """Find how fast nodes are reached from the nearest of some seeds.

    Parameters
    ----------
    start, head, arc
        ``Rows`` of n nodes.
    ms
        int32 (a,), milliseconds of the arcs, in the order of the rows.
    shift
        Buckets are two to this power wide, in milliseconds.
    seed_node, seed_ms
        int32 (s,), where the search begins, and after how long.
    wanted
        bool (n,), the nodes of interest.
    wanted_count
        How many those are; the search ends as soon as their times are known. -1 for all nodes.
    times
        int32 (n,), written: milliseconds, ``NO_WAY_MS`` for none. Of nodes that are not wanted, any
        time that some way takes.
    by_arc
        int32 (n,), written: the arc by which each is reached, -1 where the search begins.
    """
    nodes = len(start) - 1
    first = np.full(_WINDOW + 1, -1, np.int32)  # the last is the overflow
    after = np.full(nodes, _ABSENT, np.int32)
    before = np.empty(nodes, np.int32)
    found = np.zeros(nodes, np.bool_)
    times[:] = _NO_WAY
    by_arc[:] = -1
    left, waiting, base = wanted_count, 0, 0

    for i in range(len(seed_node)):
        node = seed_node[i]
        if seed_ms[i] < times[node]:
            times[node] = seed_ms[i]
    for i in range(len(seed_node)):
        node = seed_node[i]
        if after[node] == _ABSENT and times[node] < _NO_WAY:
            _put(first, after, before, min(times[node] >> shift, _WINDOW), node)
            waiting += 1

    bucket = 0
    while waiting > 0 and left != 0:
        if bucket == _WINDOW:
            base, bucket = _move_window(times, first, after, before, shift), 0
        while first[bucket] >= 0:
            node = first[bucket]
            _take(first, after, before, bucket, node)
            waiting -= 1
            if wanted[node] and not found[node]:
                found[node] = True
                left -= 1
            for i in range(start[node], start[node + 1]):
                other, time = head[i], times[node] + ms[i]
                if time >= times[other]:
                    continue
                if after[other] == _ABSENT:
                    waiting += 1
                else:
                    old_bucket = min((times[other] >> shift) - base, _WINDOW)
                    _take(first, after, before, old_bucket, other)
                times[other], by_arc[other] = time, arc[i]
                _put(first, after, before, min((time >> shift) - base, _WINDOW), other)
        bucket += 1
