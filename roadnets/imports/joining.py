"""Segments joined into edges, by array operations over half-edges.

Every segment of a street is two *half-edges*: ``2 * s`` along its way and ``2 * s + 1`` against
it, so that ``h ^ 1`` is the way back. Half-edges follow each other through bends and end at
junctions; a chain of them is an edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class HalfEdges:
    """The half-edges of all segments and the nodes they run between.

    Attributes
    ----------
    tail, head
        int64 (h,), node indices.
    side
        int64 (h,), ``2 * way`` along the way and ``2 * way + 1`` against it; half-edges of one
        side drive alike and may be joined.
    length_m
        float64 (h,), metres.
    node_id
        int64 (n,), OSM node ids.
    """

    tail: Ints
    head: Ints
    side: Ints
    length_m: NDArray[np.float64]
    node_id: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """Half-edges edge after edge, in driving order.

    Attributes
    ----------
    order
        int64 (k,), half-edges.
    start
        int64 (m + 1,), where each edge begins in ``order``.
    twin
        int64 (m,), the edge that runs back, or -1.
    following
        int64 (h,), the half-edge that continues each within its edge, or -1.
    """

    order: Ints
    start: Ints
    twin: Ints
    following: Ints

    @property
    def first(self) -> Ints:
        """First half-edge of each edge, (m,)."""
        return self.order[self.start[:-1]]

    @property
    def last(self) -> Ints:
        """Last half-edge of each edge, (m,)."""
        return self.order[self.start[1:] - 1]

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        """Add up values of half-edges over each edge, (m,)."""
        return np.add.reduceat(values[self.order], self.start[:-1])

    def least(self, values: NDArray[Any]) -> NDArray[Any]:
        """Find the least value of half-edges over each edge, (m,)."""
        return np.minimum.reduceat(values[self.order], self.start[:-1])

    def with_reverses(self) -> Chains:
        """Append the way back of every edge that has none, in the order of those edges."""
        alone = np.flatnonzero(self.twin < 0)
        m, k = len(self.twin), len(self.order)
        length = np.diff(self.start)[alone]
        start = np.concatenate((self.start, k + np.cumsum(length)))
        within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        back = self.order[np.repeat(self.start[alone + 1] - 1, length) - within] ^ 1
        twin = np.concatenate((self.twin, alone))
        twin[alone] = np.arange(m, m + len(alone))
        return Chains(np.concatenate((self.order, back)), start, twin, self.following)


def largest_core(tail: NDArray[Any], head: NDArray[Any], n: int) -> Bools:
    """Tell whether each node lies in the largest strongly connected part; of equals, the first.

    Parameters
    ----------
    tail, head
        Node indices of each directed edge.
    n
        Number of nodes.
    """
    ones = np.ones(len(tail), np.int8)
    graph = coo_array((ones, (tail, head)), shape=(n, n)).tocsr()
    _, label = connected_components(graph, directed=True, connection="strong")
    sizes = np.bincount(label)
    first = np.flatnonzero(sizes[label] == sizes.max())[0]
    core: Bools = label == label[first]
    return core


def join(half: HalfEdges, driven: Bools, keep: Bools) -> Chains:
    """Join half-edges into edges that end at junctions, dead ends and changes of side.

    No edge begins and ends at the same node: a loop is cut in its middle.

    Parameters
    ----------
    half
        The half-edges.
    driven
        Whether each may be driven at all, (h,); the others make no edges.
    keep
        Whether each node must stay a node though it be only a bend, (n,).

    Returns
    -------
    Chains
        Edges in order of their tail's OSM id, then their head's.
    """
    breaks = (np.bincount(half.head, minlength=len(half.node_id)) != 2) | keep
    following = _following(half, breaks)
    last, left = _rank(following)
    middles = _loop_middles(half, following, last, left)
    if len(middles):
        breaks[middles] = True
        following = _following(half, breaks)
        last, left = _rank(following)
    drivable = np.flatnonzero(driven)
    order = drivable[np.lexsort((-left[drivable], last[drivable]))]
    start = np.append(np.flatnonzero(np.diff(last[order], prepend=-1)), len(order))
    return _sort_edges(half, order, start, following)


def _following(half: HalfEdges, breaks: Bools) -> Ints:
    """Find the half-edge that continues each through a node that is no break, or -1."""
    following = np.full(len(half.tail), -1, np.int64)
    passing = np.flatnonzero(~breaks[half.head])
    pairs = passing[np.argsort(half.head[passing], kind="stable")].reshape(-1, 2)
    into, other = pairs.T
    alike = half.side[into] == half.side[other ^ 1]
    following[into[alike]] = other[alike] ^ 1
    following[other[alike]] = into[alike] ^ 1
    return following


def _rank(following: Ints) -> tuple[Ints, Ints]:
    """Find the last half-edge of each one's chain and how many follow it, by pointer doubling.

    In a ring, which has no end, the last is some half-edge that itself has a follower.
    """
    last = np.where(following < 0, np.arange(len(following)), following)
    left = (following >= 0).astype(np.int64)
    for _ in range(len(following).bit_length()):
        further = last[last]
        if np.array_equal(further, last):
            break
        left += left[last]
        last = further
    return last, left


def _loop_middles(half: HalfEdges, following: Ints, last: Ints, left: Ints) -> Ints:
    """Find nodes at which to cut edges that would begin and end at the same node."""
    endless = np.flatnonzero(following[last] >= 0)
    if len(endless):  # a ring without any junction: it is the whole core
        start = endless[np.argmin(half.node_id[half.head[endless]])]
        across = start
        for _ in range(len(endless) // 4):  # it has half-edges both ways: this is half way round
            across = following[across]
        cuts: Ints = half.head[[start, across]]
        return cuts
    first = np.flatnonzero(following[np.arange(len(following)) ^ 1] < 0)
    loops = first[half.tail[first] == half.head[last[first]]]
    loops = loops[loops <= last[loops] ^ 1]  # one direction decides for both
    steps = left[loops] // 2
    for done in range(int(steps.max(initial=0))):
        loops = np.where(steps > done, following[loops], loops)
    middles: Ints = half.head[loops]
    return middles


def _sort_edges(half: HalfEdges, order: Ints, start: Ints, following: Ints) -> Chains:
    """Put edges in order of the OSM ids at their ends, and find their twins."""
    first, last = order[start[:-1]], order[start[1:] - 1]
    tail, head = half.tail[first], half.head[last]
    rank = np.lexsort((first, head, half.node_id[head], tail, half.node_id[tail]))
    length = np.diff(start)[rank]
    new_start = np.concatenate(([0], np.cumsum(length)))
    within = np.arange(len(order)) - np.repeat(new_start[:-1], length)
    edge_ending_with = np.full(len(half.tail), -1, np.int64)
    edge_ending_with[last[rank]] = np.arange(len(rank))
    return Chains(
        order=order[np.repeat(start[:-1][rank], length) + within],
        start=new_start,
        twin=edge_ending_with[first[rank] ^ 1],
        following=following,
    )
