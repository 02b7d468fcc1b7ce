"""Short ways against scipy's Dijkstra, whatever is left out on the way to the goal."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from roadnets.lines import projection_of
from roadnets.network import RoadNetwork
from roadnets.snapping.vicinity import Vicinity
from tests.roadnets.networks import ORIGIN, Street, make_network


def random_streets(seed: int) -> RoadNetwork:
    rng = np.random.default_rng(seed)
    nodes = (rng.random((40, 2)) * 0.01 + ORIGIN).tolist()
    pairs = {tuple(p) for p in rng.integers(40, size=(110, 2)).tolist() if p[0] != p[1]}
    return make_network(nodes, [Street(a, b, oneway=True) for a, b in sorted(pairs)])


@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_every_way_within_the_limit_is_found_and_no_shorter_one(seed, both_ways):
    network = random_streets(seed)
    projection = projection_of(network)
    metres = projection.to_metres(network.node_lon, network.node_lat)
    tail, head, m = network.edge_tail, network.edge_head, network.edge_length_m
    truth = dijkstra(csr_array((m, (tail, head)), shape=(40, 40)), directed=not both_ways)
    vicinity = Vicinity.of(network, np.arange(len(tail)), metres, both_ways=both_ways)
    rng = np.random.default_rng(seed)
    for _ in range(60):
        origin, target = rng.integers(40, size=2).tolist()
        limit_m = float(rng.uniform(100, 3000))
        found = vicinity.ways_m(origin, [target], limit_m, tuple(metres[target].tolist()))
        if truth[origin, target] <= limit_m * 0.99:
            assert found[target] == pytest.approx(truth[origin, target])
        elif target in found:
            assert found[target] >= truth[origin, target] - 1e-6


def test_only_the_edges_that_count_are_driven():
    network = make_network([(116, 39), (116.001, 39)], [Street(0, 1)])
    metres = projection_of(network).to_metres(network.node_lon, network.node_lat)
    forward = Vicinity.of(network, np.array([0]), metres)
    assert 1 in forward.ways_m(0, [1], 1000, (0.0, 0.0))
    assert 0 not in forward.ways_m(1, [0], 1000, (0.0, 0.0))
