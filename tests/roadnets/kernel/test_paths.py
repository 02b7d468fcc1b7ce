"""Paths unpacked to arcs: long ones, ones that take no time, and weights that do not belong."""

import numpy as np
import pytest

from roadnets.kernel.customize import customize
from roadnets.kernel.paths import RankSeeds, arc_heads, fastest_path, path_between
from roadnets.searches.search import NO_WAY_MS, Seeds
from tests.roadnets.kernel.shapes import Arcs, arcs, built, grid


def path_of(graph: Arcs, ms: np.ndarray, origin: Seeds, target: Seeds):
    topology = built(graph)
    return fastest_path(topology, customize(topology, ms), ms, origin, target)


def test_a_path_of_many_arcs_is_unpacked_in_driving_order():
    n = 3000
    line = arcs(n, [(k, k + 1) for k in range(n - 1)] + [(k + 1, k) for k in range(n - 1)])
    ms = np.arange(1, 2 * n - 1, dtype=np.int32)
    there = path_of(line, ms, Seeds.at_nodes([0]), Seeds.at_nodes([n - 1]))
    assert there.arcs.tolist() == list(range(n - 1))
    assert there.ms == ms[: n - 1].sum()
    back = path_of(line, ms, Seeds.at_nodes([n - 1]), Seeds.at_nodes([0]))
    assert back.arcs.tolist() == list(range(2 * n - 3, n - 2, -1))


def test_the_best_pair_of_seeds_is_taken():
    line = arcs(4, [(0, 1), (1, 2), (2, 3)])
    origin = Seeds(*(np.array(x, np.int32) for x in ([0, 3], [0, 1, 1], [5, 40, 14])))
    target = Seeds(*(np.array(x, np.int32) for x in ([0, 2], [3, 2], [0, 9])))
    path = path_of(line, np.full(3, 10, np.int32), origin, target)
    assert (path.ms, path.first, path.arcs.tolist()) == (33, 1, [1])


def test_a_path_from_a_place_to_itself_has_no_arcs():
    path = path_of(grid(4), np.full(48, 10, np.int32), Seeds.at_nodes([5]), Seeds.at_nodes([5]))
    assert (path.ms, path.first, path.arcs.tolist()) == (0, 5, [])


def test_there_is_none_over_closed_arcs_or_without_seeds():
    line, ms = arcs(3, [(0, 1), (1, 2)]), np.array([1, NO_WAY_MS], np.int32)
    empty = np.empty(0, np.int32)
    nowhere = Seeds(np.zeros(2, np.int32), empty, empty)
    assert path_of(line, ms, Seeds.at_nodes([0]), Seeds.at_nodes([2])) is None
    assert path_of(line, ms, Seeds.at_nodes([2]), Seeds.at_nodes([0])) is None
    assert path_of(line, ms, nowhere, Seeds.at_nodes([0])) is None


@pytest.mark.parametrize("seed", range(20))
def test_no_node_is_passed_twice_where_everything_takes_no_time(seed):
    graph = grid(5)
    rng = np.random.default_rng(seed)
    ms = rng.integers(0, 2, len(graph.tail)).astype(np.int32)
    topology = built(graph)
    metric = customize(topology, ms)
    for origin, target in rng.integers(0, 25, (20, 2)):
        path = fastest_path(
            topology, metric, ms, Seeds.at_nodes([origin]), Seeds.at_nodes([target])
        )
        nodes = [origin, *graph.head[path.arcs]]
        assert graph.tail[path.arcs].tolist() == nodes[:-1]
        assert len(set(nodes)) == len(nodes)
        assert nodes[-1] == target


def test_weights_of_another_metric_are_found_out():
    graph = grid(4)
    topology = built(graph)
    metric = customize(topology, np.full(48, 10, np.int32))
    with pytest.raises(ValueError, match="metric is not of arc_ms"):
        fastest_path(
            topology,
            metric,
            np.full(48, 11, np.int32),
            Seeds.at_nodes([0]),
            Seeds.at_nodes([15]),
        )


def test_in_rank_space_it_is_the_same_path():
    graph, ms = grid(5), np.arange(1, 81, dtype=np.int32)
    topology = built(graph)
    metric = customize(topology, ms)
    path = fastest_path(topology, metric, ms, Seeds.at_nodes([3]), Seeds.at_nodes([20]))
    begin, end = (RankSeeds.at(int(topology.rank[node])) for node in (3, 20))
    found = path_between(topology, metric, ms, begin, end)
    assert (found.ms, found.arcs.tolist()) == (path.ms, path.arcs.tolist())
    heads = arc_heads(topology, path.arcs)
    np.testing.assert_array_equal(heads, topology.rank[graph.head[path.arcs]])
