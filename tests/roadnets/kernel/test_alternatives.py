"""Via nodes: common ancestors with the exact time of the fastest way over each."""

import numpy as np
import pytest

from roadnets.kernel.alternatives import time_between, via_nodes
from roadnets.kernel.customize import customize
from roadnets.kernel.paths import RankSeeds, ancestors
from roadnets.searches.search import NO_WAY_MS
from tests.roadnets.kernel.shapes import built, random_arcs
from tests.roadnets.searches.cases import Arcs


@pytest.mark.parametrize("seed", range(10))
def test_vias_are_the_common_ancestors_with_exact_times(seed):
    graph = random_arcs(40, 110, seed)
    rng = np.random.default_rng(seed)
    ms = rng.integers(0, 100, 110).astype(np.int32)
    topology = built(graph)
    metric = customize(topology, ms)
    node_of = np.argsort(topology.rank)
    times = Arcs(40, graph.tail, graph.head, ms).all_pairs().astype(np.int64)
    for begin, end in rng.integers(0, 40, (30, 2)):
        origin, target = (RankSeeds.at(int(topology.rank[node])) for node in (begin, end))
        vias = via_nodes(topology, metric, origin, target, 200)
        rows = topology.up_start, topology.up_head
        common = np.intersect1d(ancestors(*rows, origin.rank), ancestors(*rows, target.rank))
        over = {int(r): int(times[begin, node_of[r]] + times[node_of[r], end]) for r in common}
        expected = sorted((total, rank) for rank, total in over.items() if total <= 200)
        assert list(zip(vias.ms.tolist(), vias.rank.tolist(), strict=True)) == expected
        between = time_between(topology, metric, int(origin.rank[0]), int(target.rank[0]))
        assert between == min(times[begin, end], NO_WAY_MS)
