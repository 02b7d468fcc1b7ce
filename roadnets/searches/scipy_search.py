"""ScipySearch: fastest ways by Dijkstra's algorithm, with nothing of our own to be wrong.

The oracle of the other searches. A question costs one search of the whole graph for each place on
its smaller side.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from roadnets.searches.search import NO_WAY_MS, Path, Seeds
from roadnets.searches.search_input import check_arcs, check_pair, check_seeds
from roadnets.searches.variety import by_penalties, way_by_heads

_BLOCK: Final = 2
"""Searches in one call of scipy, which holds the interpreter's lock meanwhile: others wait."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The drivable arcs by the node that they leave, the fastest of each pair of nodes.

    Attributes
    ----------
    start
        int32 (n + 1,), row v is ``start[v]:start[v + 1]``.
    head
        int32 (b,), ascending in each row.
    ms
        float64 (b,), whole milliseconds.
    arc
        int32 (b,), the arc of the graph.
    """

    start: NDArray[np.int32]
    head: NDArray[np.int32]
    ms: NDArray[np.float64]
    arc: NDArray[np.int32]

    @classmethod
    def collect(
        cls,
        nodes: int,
        tail: NDArray[np.int32],
        head: NDArray[np.int32],
        arc_ms: NDArray[np.int32],
    ) -> Self:
        """Sort arcs into rows; of parallel ones keep the fastest, the lower index among equals.

        Left to itself, scipy adds parallel arcs up.
        """
        order = np.lexsort((arc_ms, head, tail))
        order = order[arc_ms[order] < NO_WAY_MS]
        first = np.ones(len(order), np.bool_)
        first[1:] = np.diff(tail[order]).astype(np.bool_) | np.diff(head[order]).astype(np.bool_)
        arc = order[first].astype(np.int32)
        start = np.searchsorted(tail[arc], np.arange(nodes + 1)).astype(np.int32)
        return cls(start, head[arc], arc_ms[arc].astype(np.float64), arc)

    def arc_between(self, tail: int, head: int) -> int:
        """Find the arc from one node to the next."""
        row = slice(self.start[tail], self.start[tail + 1])
        return int(self.arc[row][np.searchsorted(self.head[row], head)])

    def with_places(self, seeds: Seeds) -> csr_array[np.float64, tuple[int, int]]:
        """Add nodes n, n + 1 … one a place, that reach the nodes of their seeds."""
        places, nodes, ms = _fastest_seeds(seeds)
        ends = self.start[-1] + np.searchsorted(places, np.arange(1, len(seeds) + 1))
        size = len(self.start) - 1 + len(seeds)
        return csr_array(
            (
                np.concatenate((self.ms, ms.astype(np.float64))),
                np.concatenate((self.head, nodes)),
                np.concatenate((self.start, ends.astype(np.int32))),
            ),
            shape=(size, size),
        )

    def search(self, seeds: Seeds, ends: Seeds) -> NDArray[np.int32]:
        """Milliseconds from k places to j others, int32 (k, j); ``NO_WAY_MS`` for none."""
        times = np.full((len(seeds), len(ends)), NO_WAY_MS, np.int32)
        graph, nodes = self.with_places(seeds), len(self.start) - 1
        filled = np.flatnonzero(np.diff(ends.start))  # reduceat has no word for an empty place
        if len(filled) == 0:
            return times
        for low in range(0, len(seeds), _BLOCK):
            high = min(low + _BLOCK, len(seeds))
            there = dijkstra(graph, indices=range(nodes + low, nodes + high))[:, ends.node]
            fastest = np.minimum.reduceat(there + ends.ms, ends.start[filled], axis=1)
            times[low:high, filled] = np.minimum(fastest, NO_WAY_MS)
        return times


class _Faster(NamedTuple):
    """The seeds that lead somewhere, the fastest of each place and node; in order of both."""

    place: NDArray[np.int32]
    node: NDArray[np.int32]
    ms: NDArray[np.int32]


def _fastest_seeds(seeds: Seeds) -> _Faster:
    place = np.repeat(np.arange(len(seeds), dtype=np.int32), np.diff(seeds.start))
    order = np.lexsort((seeds.ms, seeds.node, place))
    order = order[seeds.ms[order] < NO_WAY_MS]
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(place[order]) != 0) | (np.diff(seeds.node[order]) != 0)
    kept = order[first]
    return _Faster(place[kept], seeds.node[kept], seeds.ms[kept])


class ScipySearch:
    """Search of one set of weights; threads may share it.

    Parameters and errors are those of ``BucketSearch``.
    """

    def __init__(
        self,
        node_count: int,
        arc_tail: NDArray[np.int32],
        arc_head: NDArray[np.int32],
        arc_ms: NDArray[np.int32],
    ) -> None:
        check_arcs(node_count, arc_tail, arc_head, arc_ms)
        self._nodes, self._tail, self._head, self._ms = node_count, arc_tail, arc_head, arc_ms
        self._out = _Rows.collect(node_count, arc_tail, arc_head, arc_ms)
        self._in = _Rows.collect(node_count, arc_head, arc_tail, arc_ms)

    def times(self, origins: Seeds, targets: Seeds) -> NDArray[np.int32]:
        """Milliseconds from each origin to each target, int32 (j, k); ``NO_WAY_MS`` for none."""
        check_seeds("origins", origins, self._nodes)
        check_seeds("targets", targets, self._nodes)
        if len(origins) <= len(targets):
            return self._out.search(origins, targets)
        return np.ascontiguousarray(self._in.search(targets, origins).T)

    def path(self, origin: Seeds, target: Seeds) -> Path | None:
        """Find the fastest way from one place to one other."""
        check_pair(origin, target, self._nodes)
        return _find(self._out, origin, target)

    def alternatives(self, origin: Seeds, target: Seeds, most: int) -> list[Path]:
        """Find up to ``most`` other ways, best first; none is the fastest, or nearly another."""
        fastest = self.path(origin, target)
        if fastest is None:
            return []

        def find(arc_ms: NDArray[np.int32]) -> Path | None:
            rows = _Rows.collect(self._nodes, self._tail, self._head, arc_ms)
            return _find(rows, origin, target)

        return by_penalties(
            find, fastest, self._ms, lambda path: way_by_heads(path, self._head), most
        )

    def to_all(self, origins: Seeds) -> NDArray[np.int32]:
        """Milliseconds from the nearest origin to every node, int32 (n,)."""
        check_seeds("origins", origins, self._nodes)
        as_one = Seeds(np.array([0, len(origins.node)], np.int32), origins.node, origins.ms)
        there = dijkstra(self._out.with_places(as_one), indices=[self._nodes])[0, :-1]
        found: NDArray[np.int32] = np.minimum(there, NO_WAY_MS).astype(np.int32)
        return found


def _find(rows: _Rows, origin: Seeds, target: Seeds) -> Path | None:
    place = len(rows.start) - 1
    times, befores = dijkstra(rows.with_places(origin), indices=[place], return_predecessors=True)
    there, before = times[0], befores[0]
    through = there[target.node] + target.ms
    if len(through) == 0 or through.min() >= NO_WAY_MS:
        return None
    best = int(through.argmin())
    nodes = _walk_back(before, int(target.node[best]), place)
    arcs = np.fromiter((rows.arc_between(*pair) for pair in pairwise(nodes)), np.int32)
    return Path(int(through[best]), nodes[0], arcs)


def _walk_back(before: NDArray[np.int32], node: int, place: int) -> list[int]:
    """List the nodes of the way to ``node``, from the one that the search entered by."""
    nodes = [node]
    while before[node] != place:
        node = int(before[node])
        nodes.append(node)
    return nodes[::-1]
