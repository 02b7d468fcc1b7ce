"""ScipySearch against brute force."""

import numpy as np
import pytest

from roadnets.searches.scipy_search import ScipySearch
from roadnets.searches.search import NO_WAY_MS, Seeds
from tests.roadnets.searches.cases import (
    SEEDS,
    Arcs,
    check_alternatives,
    check_paths,
    check_times,
    check_to_all,
    grid_arcs,
    random_arcs,
)


def search_of(arcs: Arcs) -> ScipySearch:
    return ScipySearch(arcs.node_count, arcs.tail, arcs.head, arcs.ms)


@pytest.mark.parametrize("seed", SEEDS)
def test_times_are_those_of_brute_force(seed):
    arcs = random_arcs(seed)
    check_times(search_of(arcs), arcs, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_node_is_reached_from_the_nearest_origin(seed):
    arcs = random_arcs(seed)
    check_to_all(search_of(arcs), arcs, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_paths_take_their_time_and_can_be_driven(seed):
    arcs = random_arcs(seed)
    check_paths(search_of(arcs), arcs, seed)


def test_a_town_has_other_ways_worth_showing():
    arcs = grid_arcs(9, seed=1)
    assert check_alternatives(search_of(arcs), arcs, seed=1) >= 12


@pytest.mark.parametrize("seed", SEEDS)
def test_other_ways_are_valid_wherever_there_are_any(seed):
    arcs = random_arcs(seed)
    check_alternatives(search_of(arcs), arcs, seed)


def test_of_parallel_arcs_the_fastest_counts():
    tail, head = np.zeros(3, np.int32), np.ones(3, np.int32)
    search = ScipySearch(2, tail, head, np.array([7, 5, 9], np.int32))
    ends = Seeds.at_nodes([0]), Seeds.at_nodes([1])
    assert search.times(*ends).tolist() == [[5]]
    path = search.path(*ends)
    assert path is not None
    assert path.arcs.tolist() == [1]


def test_no_arcs_at_all():
    nothing = np.empty(0, np.int32)
    search = ScipySearch(3, nothing, nothing, nothing)
    assert search.to_all(Seeds.at_nodes([1])).tolist() == [NO_WAY_MS, 0, NO_WAY_MS]


@pytest.mark.parametrize(
    ("node", "ms", "message"),
    [
        (3, 0, "origins.node has 3; allowed: 0 to 2"),
        (-1, 0, "origins.node has -1; allowed: 0 to 2"),
        (0, -5, "origins.ms has -5; allowed: 0 to 1073741823"),
    ],
)
def test_seeds_outside_the_graph_are_refused(node, ms, message):
    nothing = np.empty(0, np.int32)
    search = ScipySearch(3, nothing, nothing, nothing)
    wrong = Seeds(np.array([0, 1], np.int32), np.array([node], np.int32), np.array([ms], np.int32))
    with pytest.raises(ValueError, match=message):
        search.times(wrong, Seeds.at_nodes([0]))


def test_arcs_outside_the_graph_are_refused():
    one, two = np.array([1], np.int32), np.array([2], np.int32)
    with pytest.raises(ValueError, match="arc_head has 2; allowed: 0 to 1"):
        ScipySearch(2, one, two, one)
    with pytest.raises(ValueError, match=r"arc_ms is float64 \(1,\); allowed: int32 \(1,\)"):
        ScipySearch(3, one, two, one.astype(np.float64))
