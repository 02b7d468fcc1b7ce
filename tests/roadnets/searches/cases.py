"""Random graphs and places for tests of searches, and the ways between them by brute force."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.build import build_topology
from roadnets.kernel.customize import customize
from roadnets.kernel.order import nested_dissection
from roadnets.kernel.topology import Topology
from roadnets.searches.bucket_search import BucketSearch
from roadnets.searches.hierarchy_search import HierarchySearch
from roadnets.searches.scipy_search import ScipySearch
from roadnets.searches.search import NO_WAY_MS, Path, Search, Seeds

SEEDS = range(12)


@dataclass(frozen=True)
class Arcs:
    """A graph as every search takes it."""

    node_count: int
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    ms: NDArray[np.int32]

    def all_pairs(self) -> NDArray[np.int32]:
        """Floyd and Warshall's algorithm, int32 (n, n)."""
        n = self.node_count
        ms = np.full((n, n), NO_WAY_MS, np.int64)
        np.minimum.at(ms, (self.tail, self.head), self.ms)
        ms[np.arange(n), np.arange(n)] = 0
        for k in range(n):
            np.minimum(ms, ms[:, k : k + 1] + ms[k], out=ms)
        return np.minimum(ms, NO_WAY_MS).astype(np.int32)

    def times(self, origins: Seeds, targets: Seeds) -> NDArray[np.int32]:
        """From each origin to each target, the long way, int32 (j, k)."""
        between = self.all_pairs().astype(np.int64)
        times = np.full((len(origins), len(targets)), NO_WAY_MS, np.int64)
        for i, (out, out_ms) in enumerate(each(origins)):
            for j, (into, in_ms) in enumerate(each(targets)):
                if len(out) and len(into):
                    through = out_ms[:, None] + between[np.ix_(out, into)] + in_ms
                    times[i, j] = min(NO_WAY_MS, through.min())
        return times.astype(np.int32)


def ints(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


def scipy_search(arcs: Arcs) -> ScipySearch:
    return ScipySearch(arcs.node_count, arcs.tail, arcs.head, arcs.ms)


def bucket_search(arcs: Arcs) -> BucketSearch:
    return BucketSearch(arcs.node_count, arcs.tail, arcs.head, arcs.ms)


def hierarchy_search(arcs: Arcs) -> HierarchySearch:
    topology = hierarchy(arcs)
    return HierarchySearch(topology, customize(topology, arcs.ms), arcs.ms)


SEARCHES: tuple[Callable[[Arcs], Search], ...] = (scipy_search, bucket_search, hierarchy_search)


def hierarchy(arcs: Arcs) -> Topology:
    rank = nested_dissection(arcs.node_count, arcs.tail, arcs.head)
    return build_topology(rank, arcs.tail, arcs.head)


def each(seeds: Seeds) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Nodes and milliseconds of each place."""
    rows = [slice(a, b) for a, b in zip(seeds.start[:-1], seeds.start[1:], strict=True)]
    return [(seeds.node[row], seeds.ms[row]) for row in rows]


def random_arcs(seed: int) -> Arcs:
    """Arcs with parallel ones, loops, zeros, closed ones and parts that do not hang together."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 60))
    a = int(rng.integers(0, 4 * n))
    tail = rng.integers(0, n, a)
    near = rng.random() < 0.5  # street-like: arcs to near nodes, so that ways are long
    head = (tail + rng.integers(-3, 4, a)) % n if near else rng.integers(0, n, a)
    ms = rng.integers(0, int(rng.choice([3, 40, 100_000, NO_WAY_MS])), a)
    ms[rng.random(a) < 0.1] = NO_WAY_MS
    return Arcs(n, *(np.ascontiguousarray(x, np.int32) for x in (tail, head, ms)))


def grid_arcs(width: int, seed: int) -> Arcs:
    """Two-way streets of a square town, their times drawn by chance."""
    rng = np.random.default_rng(seed)
    node = np.arange(width * width).reshape(width, width)
    ends = [(node[:, :-1], node[:, 1:]), (node[:-1], node[1:])]
    one = np.concatenate([tail.ravel() for tail, _ in ends])
    other = np.concatenate([head.ravel() for _, head in ends])
    tail, head = np.concatenate((one, other)), np.concatenate((other, one))
    ms = rng.integers(2_000, 30_000, len(tail))
    return Arcs(width * width, *(np.ascontiguousarray(x, np.int32) for x in (tail, head, ms)))


def random_seeds(places: int, node_count: int, seed: int) -> Seeds:
    """Places with none to three seeds each, some of which lead nowhere."""
    rng = np.random.default_rng(seed)
    counts = rng.choice(4, places, p=[0.1, 0.4, 0.3, 0.2])
    start = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    node = rng.integers(0, node_count, start[-1]).astype(np.int32)
    ms = rng.integers(0, 50, start[-1]).astype(np.int32)
    ms[rng.random(len(ms)) < 0.1] = NO_WAY_MS
    ms[rng.random(len(ms)) < 0.05] = NO_WAY_MS - 1
    return Seeds(start, node, ms)


def check_times(search: Search, arcs: Arcs, seed: int) -> None:
    """Times of some places, few to many and many to few, are those of brute force."""
    for few, many in ((1, 9), (3, 40), (20, 20), (0, 4)):
        origins = random_seeds(few, arcs.node_count, seed)
        targets = random_seeds(many, arcs.node_count, seed + 1000)
        for a, b in ((origins, targets), (targets, origins)):
            found = search.times(a, b)
            assert found.dtype == np.int32
            np.testing.assert_array_equal(found, arcs.times(a, b))


def check_to_all(search: Search, arcs: Arcs, seed: int) -> None:
    """Every node is reached when the nearest origin reaches it."""
    origins = random_seeds(4, arcs.node_count, seed)
    nodes = Seeds.at_nodes(range(arcs.node_count))
    found = search.to_all(origins)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, arcs.times(origins, nodes).min(axis=0))


def check_paths(search: Search, arcs: Arcs, seed: int) -> None:
    """Paths take the time they should and can be driven."""
    origins = random_seeds(12, arcs.node_count, seed)
    targets = random_seeds(12, arcs.node_count, seed + 1000)
    expected = arcs.times(origins, targets)
    for i, (out, out_ms) in enumerate(each(origins)):
        for j, (into, in_ms) in enumerate(each(targets)):
            origin, target = _single(out, out_ms), _single(into, in_ms)
            path = search.path(origin, target)
            if path is None:
                assert expected[i, j] == NO_WAY_MS
            else:
                assert path.ms == expected[i, j] < NO_WAY_MS
                check_path(path, arcs, origin, target)


def check_alternatives(search: Search, arcs: Arcs, seed: int) -> int:
    """Alternatives can be driven and are no copies; gives how many there were."""
    found = 0
    rng = np.random.default_rng(seed)
    for origin_node, target_node in rng.integers(0, arcs.node_count, (12, 2)):
        origin, target = Seeds.at_nodes([origin_node]), Seeds.at_nodes([target_node])
        fastest = search.path(origin, target)
        others = search.alternatives(origin, target, 2)
        assert len(others) <= 2
        if fastest is None or len(fastest.arcs) == 0:
            assert others == []
            continue
        assert [p.ms for p in others] == sorted(p.ms for p in others)
        for path in others:
            check_path(path, arcs, origin, target)
            check_other(path, fastest, arcs)
        if len(others) == 2:
            check_other(others[1], others[0], arcs)
        found += len(others)
    return found


def check_path(path: Path, arcs: Arcs, origin: Seeds, target: Seeds) -> None:
    """A path begins and ends at seeds, its arcs meet, its time is their sum."""
    assert path.arcs.dtype == np.int32
    nodes = [path.first, *arcs.head[path.arcs].tolist()]
    assert arcs.tail[path.arcs].tolist() == nodes[:-1]
    assert len(set(nodes)) == len(nodes)
    assert (arcs.ms[path.arcs] < NO_WAY_MS).all()
    before = origin.ms[origin.node == nodes[0]].min()
    after = target.ms[target.node == nodes[-1]].min()
    assert int(before) + int(arcs.ms[path.arcs].sum(dtype=np.int64)) + int(after) == path.ms


def check_other(path: Path, better: Path, arcs: Arcs) -> None:
    """A way differs from another in at least a fifth of the fastest time."""
    shared = np.intersect1d(path.arcs, better.arcs)
    assert arcs.ms[shared].sum(dtype=np.int64) <= 0.8 * arcs.ms[path.arcs].sum(dtype=np.int64)
    assert better.ms <= path.ms <= 1.4 * better.ms


def _single(node: NDArray[np.int32], ms: NDArray[np.int32]) -> Seeds:
    return Seeds(np.array([0, len(node)], np.int32), node, ms)
