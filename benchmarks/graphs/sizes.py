"""Larger and smaller graphs of one: tiles of it, and a piece cut out of it."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import breadth_first_order

from benchmarks.graphs.graph import Graph

_BANDS = 64
_BORDER_MS = 5_000


def tiled(graph: Graph, k: int) -> Graph:
    """k x k copies side by side, each joined to the next by 64 two-way streets of 5 s."""
    n, size = graph.node_count, np.ptp(graph.points, axis=0) * 1.001
    tile = np.arange(k * k)
    points = (graph.points + (np.column_stack((tile % k, tile // k)) * size)[:, None]).reshape(
        -1, 2
    )
    tails = [(graph.tail + (tile * n)[:, None]).ravel()]
    heads = [(graph.head + (tile * n)[:, None]).ravel()]
    for axis, step in ((0, 1), (1, k)):
        low, high = _ends(graph, axis)
        for before in tile[tile % k < k - 1] if axis == 0 else tile[: k * k - k]:
            one, other = high + before * n, low + (before + step) * n
            tails += [one, other]
            heads += [other, one]
    tail, head = np.concatenate(tails).astype(np.int32), np.concatenate(heads).astype(np.int32)
    ms = np.full(len(tail), _BORDER_MS, np.int32)
    ms[: graph.arc_count * k * k] = np.tile(graph.ms, k * k)
    return Graph(f"{graph.source}, {k} x {k} tiles", points, tail, head, ms).connected()


def cut(graph: Graph, nodes: int) -> Graph:
    """The ``nodes`` first met on the way out from the middle, as far as they are connected."""
    middle = np.median(graph.points, axis=0)
    start = int(np.abs(graph.points - middle).sum(axis=1).argmin())
    met = breadth_first_order(graph.matrix(), start, return_predecessors=False)[:nodes]
    inside = np.zeros(graph.node_count, np.bool_)
    inside[met] = True
    number = (np.cumsum(inside) - 1).astype(np.int32)
    kept = inside[graph.tail] & inside[graph.head]
    arcs = number[graph.tail[kept]], number[graph.head[kept]], graph.ms[kept]
    source = f"{graph.source}, {nodes} nodes around its middle"
    return Graph(source, graph.points[inside], *arcs).connected()


def _ends(graph: Graph, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """The outermost nodes of each band across an axis, on its low and on its high side."""
    along, across = graph.points[:, axis], graph.points[:, 1 - axis]
    edges = np.linspace(across.min(), across.max(), _BANDS + 1)[1:-1]
    order = np.lexsort((along, np.digitize(across, edges)))
    band = np.digitize(across, edges)[order]
    first = np.flatnonzero(np.concatenate(([True], band[1:] != band[:-1])))
    last = np.append(first[1:], len(band)) - 1
    return order[first], order[last]
