"""Approach: closed streets, as those drive them who come to, or from, a place on them.

No way leads through a closed street; a place on it is reached and left along it, and along the
closed streets that it continues in: a crash closes a whole motorway, and help still drives up to it
(docs/decisions/0010).
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.graph import TravelGraph
from roadnets.searches.bucket_search import BucketSearch
from roadnets.searches.search import NO_WAY_MS, Seeds

_NOWHERE: Final = -1


class Further(NamedTuple):
    """Nodes that some seeds lead on to, or that lead to them, over closed streets.

    Attributes
    ----------
    seed
        int64 (f,), which of the seeds.
    node
        int32 (f,), where to.
    ms
        int32 (f,), with the milliseconds of the seed.
    """

    seed: NDArray[np.int64]
    node: NDArray[np.int32]
    ms: NDArray[np.int32]


class Approach:
    """The closed streets of one vehicle at one moment; immutable, and made when it is first needed.

    Parameters
    ----------
    graph
        The arcs.
    closed
        bool (m,), edges that are closed to through traffic and can be driven.
    stand_ms
        int32 (m,), what each takes those who may drive it.
    turn_ms
        int32 (a,), delay of the turn into each arc, ``NO_WAY_MS`` where it is forbidden.
    """

    def __init__(
        self,
        graph: TravelGraph,
        closed: NDArray[np.bool_],
        stand_ms: NDArray[np.int32],
        turn_ms: NDArray[np.int32],
    ) -> None:
        self.closed = closed
        self._graph, self._stand_ms, self._turn_ms = graph, stand_ms, turn_ms

    def onwards(
        self, edge: NDArray[np.int32], node: NDArray[np.int32], ms: NDArray[np.int32]
    ) -> Further:
        """Find where those get to who leave closed edges for their ends, all int32 (s,)."""
        seed = np.flatnonzero(self.closed[edge])
        if not len(seed):
            return _none()
        streets = self._streets
        times = streets.search.times(streets.seeds(node[seed], ms[seed]), streets.everywhere)
        return streets.further(seed, times, node)

    def up_to(
        self, edge: NDArray[np.int32], node: NDArray[np.int32], ms: NDArray[np.int32]
    ) -> Further:
        """Find from where those come who reach closed edges by their beginnings, int32 (s,)."""
        seed = np.flatnonzero(self.closed[edge])
        if not len(seed):
            return _none()
        streets = self._streets
        times = streets.search.times(streets.everywhere, streets.seeds(node[seed], ms[seed])).T
        return streets.further(seed, times, node)

    def way(self, first: int, last: int) -> NDArray[np.int32]:
        """Arcs of the fastest way over closed streets alone, int32 (k,); it must be there."""
        if first == last:
            return np.empty(0, np.int32)
        streets = self._streets
        ends = np.array([first, last], np.int32)
        origin, target = (streets.seeds(end, np.zeros(1, np.int32)) for end in (ends[:1], ends[1:]))
        path = streets.search.path(origin, target)
        if path is None:
            raise ValueError(f"no closed street leads from node {first} to node {last}")
        return streets.arc[path.arcs]

    def spread(self, node_ms: NDArray[np.int32]) -> NDArray[np.int32]:
        """Go on over closed streets from every node: when each is reached so, int32 (n,)."""
        if not self.closed.any():
            return node_ms
        streets = self._streets
        ms = node_ms[streets.node]
        start = np.array([0, len(ms)], np.int32)
        inner = streets.search.to_all(Seeds(start, np.arange(len(ms), dtype=np.int32), ms))
        reached = node_ms.copy()
        reached[streets.node] = np.minimum(ms, inner)
        return reached

    @cached_property
    def _streets(self) -> _Streets:
        return _Streets(self._graph, self.closed, self._stand_ms, self._turn_ms)


class _Streets:
    """The arcs of closed streets as a small graph of their own.

    Attributes
    ----------
    node
        int32 (k,), ascending: the nodes of the large graph.
    arc
        int32 (c,), the arcs of the large graph.
    """

    def __init__(
        self,
        graph: TravelGraph,
        closed: NDArray[np.bool_],
        stand_ms: NDArray[np.int32],
        turn_ms: NDArray[np.int32],
    ) -> None:
        self.arc = graph.arcs_of(np.flatnonzero(closed))
        tail, head = graph.arc_tail[self.arc], graph.arc_head[self.arc]
        self.node = np.unique(np.concatenate((tail, head)))
        self._number = np.full(graph.node_count, _NOWHERE, np.int32)
        self._number[self.node] = np.arange(len(self.node), dtype=np.int32)
        ms = np.minimum(stand_ms[graph.arc_edge[self.arc]] + turn_ms[self.arc], NO_WAY_MS)
        self.search = BucketSearch(
            len(self.node), self._number[tail], self._number[head], ms.astype(np.int32)
        )
        self.everywhere = Seeds.at_nodes(np.arange(len(self.node)))

    def seeds(self, node: NDArray[np.int32], ms: NDArray[np.int32]) -> Seeds:
        """One place a node; none where no closed arc is at it."""
        number = self._number[node]
        inside = number >= 0
        start = np.zeros(len(node) + 1, np.int32)
        np.cumsum(inside, out=start[1:])
        return Seeds(start, number[inside], ms[inside])

    def further(
        self, seed: NDArray[np.int64], times: NDArray[np.int32], own: NDArray[np.int32]
    ) -> Further:
        """Read the nodes that are reached, but each seed's own, from a table (seeds, k)."""
        row, column = np.nonzero(times < NO_WAY_MS)
        node = self.node[column]
        new = node != own[seed[row]]
        row, column = row[new], column[new]
        return Further(seed[row], node[new], times[row, column])


def _none() -> Further:
    return Further(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
