"""What every Search has to do, each against brute force."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from roadnets.searches.search import NO_WAY_MS, Seeds
from tests.roadnets.searches.cases import (
    SEARCHES,
    SEEDS,
    Arcs,
    check_alternatives,
    check_paths,
    check_times,
    check_to_all,
    grid_arcs,
    ints,
    random_arcs,
)

pytestmark = pytest.mark.parametrize("search_of", SEARCHES)


@pytest.mark.parametrize("seed", SEEDS)
def test_times_are_those_of_brute_force(search_of, seed):
    arcs = random_arcs(seed)
    check_times(search_of(arcs), arcs, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_node_is_reached_from_the_nearest_origin(search_of, seed):
    arcs = random_arcs(seed)
    check_to_all(search_of(arcs), arcs, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_paths_take_their_time_and_can_be_driven(search_of, seed):
    arcs = random_arcs(seed)
    check_paths(search_of(arcs), arcs, seed)


def test_a_town_has_other_ways_worth_showing(search_of):
    arcs = grid_arcs(9, seed=1)
    assert check_alternatives(search_of(arcs), arcs, seed=1) >= 12


@pytest.mark.parametrize("seed", SEEDS)
def test_other_ways_are_valid_wherever_there_are_any(search_of, seed):
    arcs = random_arcs(seed)
    check_alternatives(search_of(arcs), arcs, seed)


def test_of_parallel_arcs_the_fastest_counts(search_of):
    search = search_of(Arcs(2, ints(0, 0, 0), ints(1, 1, 1), ints(7, 5, 9)))
    ends = Seeds.at_nodes([0]), Seeds.at_nodes([1])
    assert search.times(*ends).tolist() == [[5]]
    path = search.path(*ends)
    assert path is not None
    assert path.arcs.tolist() == [1]


def test_no_arcs_at_all(search_of):
    search = search_of(Arcs(3, ints(), ints(), ints()))
    assert search.to_all(Seeds.at_nodes([1])).tolist() == [NO_WAY_MS, 0, NO_WAY_MS]


def test_seeds_outside_the_graph_are_refused(search_of):
    search, fine, wrong = (
        search_of(Arcs(3, ints(0), ints(1), ints(5))),
        Seeds.at_nodes([0]),
        Seeds.at_nodes([3]),
    )
    for ask, name in (
        (lambda: search.times(wrong, fine), "origins"),
        (lambda: search.times(fine, wrong), "targets"),
        (lambda: search.to_all(wrong), "origins"),
        (lambda: search.path(wrong, fine), "origin"),
        (lambda: search.alternatives(fine, wrong, 2), "target"),
    ):
        with pytest.raises(ValueError, match=rf"{name}\.node has 3; allowed: 0 to 2"):
            ask()


def test_a_path_is_between_single_places(search_of):
    search = search_of(Arcs(3, ints(0), ints(1), ints(5)))
    one, two = Seeds.at_nodes([0]), Seeds.at_nodes([0, 1])
    with pytest.raises(ValueError, match="origin has 2 places; allowed: 1"):
        search.path(two, one)
    with pytest.raises(ValueError, match="target has 2 places; allowed: 1"):
        search.alternatives(one, two, 2)


def test_alternatives_and_paths_are_the_same_in_every_thread(search_of):
    search = search_of(grid_arcs(10, seed=2))
    pairs = np.random.default_rng(1).integers(0, 100, (24, 2)).tolist()

    def ask(pair: list[int]) -> list[tuple[int, list[int]]]:
        ends = Seeds.at_nodes(pair[:1]), Seeds.at_nodes(pair[1:])
        fastest = search.path(*ends)
        assert fastest is not None
        found = [fastest, *search.alternatives(*ends, 2)]
        return [(path.ms, path.arcs.tolist()) for path in found]

    alone = [ask(pair) for pair in pairs]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, pairs)) == alone
