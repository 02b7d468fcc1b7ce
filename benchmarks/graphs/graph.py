"""Graph: nodes with points, directed arcs with milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A strongly connected graph without loops and parallel arcs.

    Attributes
    ----------
    source
        What it was made of, in words for a report.
    points
        float64 (n, 2), degrees, longitude first.
    tail, head
        int32 (a,), nodes.
    ms
        int32 (a,), milliseconds, at least 1.
    """

    source: str
    points: NDArray[np.float64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    ms: NDArray[np.int32]

    @property
    def node_count(self) -> int:
        return len(self.points)

    @property
    def arc_count(self) -> int:
        return len(self.tail)

    def connected(self) -> Graph:
        """The largest strongly connected part, of parallel arcs the fastest; of no loops."""
        _, label = connected_components(self.matrix(), connection="strong")
        inside = label == np.bincount(label).argmax()
        kept = inside[self.tail] & inside[self.head] & (self.tail != self.head)
        number = np.cumsum(inside) - 1
        tail, head, ms = number[self.tail[kept]], number[self.head[kept]], self.ms[kept]
        order = np.lexsort((ms, head, tail))
        tail, head, ms = tail[order], head[order], ms[order]
        first = np.ones(len(tail), np.bool_)
        first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        arcs = tail[first].astype(np.int32), head[first].astype(np.int32), ms[first]
        return Graph(self.source, self.points[inside], *arcs)

    def matrix(self) -> csr_array:
        """Ones where an arc is: for what asks about connection alone."""
        ones = np.ones(self.arc_count, np.int8)
        return coo_array((ones, (self.tail, self.head)), shape=(self.node_count,) * 2).tocsr()

    def named(self, source: str) -> Graph:
        """The same with another ``source``."""
        return replace(self, source=source)


def near_arcs(graph: Graph, node: int, count: int) -> NDArray[np.int32]:
    """The arcs first met on the way out from a node, int32 (count,): a closed quarter."""
    order = breadth_first_order(graph.matrix(), node, return_predecessors=False)
    met = np.empty(graph.node_count, np.int32)
    met[order] = np.arange(len(order), dtype=np.int32)
    return np.argsort(met[graph.tail], kind="stable")[:count].astype(np.int32)
