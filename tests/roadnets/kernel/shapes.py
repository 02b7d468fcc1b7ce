"""Small graphs of every shape, weights on them, and what scipy says of both."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse.csgraph import csgraph_from_dense, shortest_path

from roadnets.kernel.build import build_topology
from roadnets.kernel.metric import Metric
from roadnets.kernel.order import nested_dissection
from roadnets.kernel.topology import Topology
from roadnets.searches.search import NO_WAY_MS

Ints = NDArray[np.int32]


class Arcs(NamedTuple):
    node_count: int
    tail: Ints
    head: Ints


def arcs(node_count: int, pairs: object) -> Arcs:
    ends = np.array(pairs, np.int32).reshape(-1, 2)
    return Arcs(node_count, ends[:, 0].copy(), ends[:, 1].copy())


def grid(side: int) -> Arcs:
    """Both ways along every street of a square grid."""
    node = np.arange(side * side).reshape(side, side)
    streets = np.concatenate(
        (
            np.column_stack((node[:, :-1].ravel(), node[:, 1:].ravel())),
            np.column_stack((node[:-1].ravel(), node[1:].ravel())),
        )
    )
    return arcs(side * side, np.concatenate((streets, streets[:, ::-1])))


def tree(nodes: int) -> Arcs:
    chance = np.random.default_rng(nodes)
    parents = [(k, int(chance.integers(k))) for k in range(1, nodes)]
    return arcs(nodes, parents + [(b, a) for a, b in parents])


def random_arcs(nodes: int, count: int, seed: int) -> Arcs:
    """Loops, parallel arcs, lonely nodes and several parts, as chance has it."""
    return arcs(nodes, np.random.default_rng(seed).integers(0, nodes, (count, 2)))


SHAPES: dict[str, Callable[[], Arcs]] = {
    "grid": lambda: grid(6),
    "tree": lambda: tree(40),
    "line": lambda: arcs(25, [(k, k + 1) for k in range(24)]),
    "star": lambda: arcs(20, [(0, k) for k in range(1, 20)] + [(k, 0) for k in range(1, 20)]),
    "all with all": lambda: arcs(12, [(a, b) for a in range(12) for b in range(12)]),
    "two parts": lambda: arcs(8, [(0, 1), (1, 2), (2, 0), (4, 5), (5, 6), (6, 4)]),
    "parallel": lambda: arcs(3, [(0, 1), (0, 1), (1, 0), (1, 2), (0, 1), (2, 1), (2, 1)]),
    "loops": lambda: arcs(3, [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 0)]),
    "sparse": lambda: random_arcs(40, 45, 1),
    "dense": lambda: random_arcs(30, 300, 2),
    "no arc": lambda: arcs(5, []),
    "one node": lambda: arcs(1, []),
    "one loop": lambda: arcs(1, [(0, 0)]),
    "nothing": lambda: arcs(0, []),
}


def built(graph: Arcs) -> Topology:
    return build_topology(nested_dissection(*graph), graph.tail, graph.head)


def weights(count: int, seed: int) -> Ints:
    """Mostly ordinary; some zero, closed, beyond closed, or so long that sums overflow."""
    chance = np.random.default_rng(seed)
    ms = chance.integers(1, 1000, count, dtype=np.int32)
    odd = chance.choice([0, NO_WAY_MS, 2**31 - 1, NO_WAY_MS - 1, NO_WAY_MS // 2], count)
    return np.where(chance.random(count) < 0.3, odd, ms).astype(np.int32)


def scipy_all_pairs(graph: Arcs, ms: Ints) -> Ints:
    """The oracle: Dijkstra from every node, of parallel arcs the least."""
    least = np.full((graph.node_count, graph.node_count), np.inf)
    is_open = ms < NO_WAY_MS
    np.minimum.at(least, (graph.tail[is_open], graph.head[is_open]), ms[is_open])
    if not graph.node_count:
        return least.astype(np.int32)
    found = shortest_path(csgraph_from_dense(least, null_value=np.inf), method="D")
    return np.minimum(found, NO_WAY_MS).astype(np.int32)


def all_pairs(topology: Topology, metric: Metric) -> Ints:
    """From everywhere up the hierarchy, then down: what a metric says, by its definition."""
    n = topology.node_count
    up = np.full((n, n), NO_WAY_MS, np.int64)
    np.fill_diagonal(up, 0)
    down = up.copy()
    for row in range(n - 1, -1, -1):
        for slot in range(topology.up_start[row], topology.up_start[row + 1]):
            high = topology.up_head[slot]
            up[row] = np.minimum(up[row], metric.up_ms[slot] + up[high])
            down[row] = np.minimum(down[row], metric.down_ms[slot] + down[high])
    best = (up[:, None] + down[None]).min(axis=-1, initial=NO_WAY_MS)
    return best[np.ix_(topology.rank, topology.rank)].astype(np.int32)


@st.composite
def graphs(draw: st.DrawFn) -> Arcs:
    nodes = draw(st.integers(1, 12))
    node = st.integers(0, nodes - 1)
    return arcs(nodes, draw(st.lists(st.tuples(node, node), max_size=40)))
