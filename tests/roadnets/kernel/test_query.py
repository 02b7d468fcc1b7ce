"""Times on a hierarchy: batches, sides, and what is too long to tell."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from roadnets.kernel import query
from roadnets.kernel.customize import customize
from roadnets.searches.search import NO_WAY_MS, Seeds
from tests.roadnets.kernel.shapes import Arcs, arcs, built, grid
from tests.roadnets.searches.cases import Arcs as Weighted
from tests.roadnets.searches.cases import random_seeds


def weighted(graph: Arcs, seed: int = 1, most: int = 1000) -> Weighted:
    ms = np.random.default_rng(seed).integers(1, most, len(graph.tail)).astype(np.int32)
    return Weighted(graph.node_count, graph.tail, graph.head, ms)


GRAPH = grid(9)
TOPOLOGY = built(GRAPH)
WEIGHTED = weighted(GRAPH)
METRIC = customize(TOPOLOGY, WEIGHTED.ms)


@pytest.mark.parametrize("few", [1, 2, 8, 9, 31, 32, 33, 70])
@pytest.mark.parametrize("many", [1, 40, 150])
def test_every_number_of_places_is_answered_exactly(few, many):
    origins = random_seeds(few, GRAPH.node_count, few)
    targets = random_seeds(many, GRAPH.node_count, many)
    for a, b in ((origins, targets), (targets, origins)):
        found = query.times(TOPOLOGY, METRIC, a, b)
        assert found.flags.c_contiguous
        np.testing.assert_array_equal(found, WEIGHTED.times(a, b))


def test_places_without_seeds_are_unreachable_in_batches_too():
    nowhere = Seeds(np.zeros(41, np.int32), np.empty(0, np.int32), np.empty(0, np.int32))
    everywhere = Seeds.at_nodes(range(50))
    for a, b in ((nowhere, everywhere), (everywhere, nowhere), (nowhere, nowhere)):
        assert (query.times(TOPOLOGY, METRIC, a, b) == NO_WAY_MS).all()
    assert (query.to_all(TOPOLOGY, METRIC, nowhere) == NO_WAY_MS).all()


def test_no_places_make_an_empty_table():
    none, some = Seeds.at_nodes([]), Seeds.at_nodes(range(20))
    assert query.times(TOPOLOGY, METRIC, none, some).shape == (0, 20)
    assert query.times(TOPOLOGY, METRIC, some, none).shape == (20, 0)


@pytest.mark.parametrize("places", [1, 20])
def test_times_saturate(places):
    half = NO_WAY_MS // 2 + 1
    line = arcs(4, [(0, 1), (1, 2), (2, 3)])
    topology = built(line)
    metric = customize(topology, np.full(3, half, np.int32))
    origins = Seeds(
        np.arange(places + 1, dtype=np.int32),
        np.zeros(places, np.int32),
        np.full(places, half - 2, np.int32),
    )
    found = query.times(topology, metric, origins, Seeds.at_nodes([0, 1, 2, 3]))
    assert found[0].tolist() == [half - 2, NO_WAY_MS - 1, NO_WAY_MS, NO_WAY_MS]
    assert (found == found[0]).all()
    assert query.to_all(topology, metric, origins).tolist() == found[0].tolist()


def test_threads_that_ask_at_once_get_what_one_gets_alone():
    questions = [
        (random_seeds(k, GRAPH.node_count, k), random_seeds(90 - k, GRAPH.node_count, k + 500))
        for k in range(1, 89, 3)
    ]
    alone = [query.times(TOPOLOGY, METRIC, *question) for question in questions]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            both = pool.map(lambda q: query.times(TOPOLOGY, METRIC, *q), questions)
            for one, other in zip(alone, both, strict=True):
                np.testing.assert_array_equal(one, other)
