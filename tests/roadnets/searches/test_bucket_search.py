"""BucketSearch against brute force."""

import numpy as np
import pytest

from roadnets.searches.bucket_search import BucketSearch
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


def search_of(arcs: Arcs) -> BucketSearch:
    return BucketSearch(arcs.node_count, arcs.tail, arcs.head, arcs.ms)


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


def test_with_other_weights_it_is_as_if_made_of_them():
    arcs, other = grid_arcs(6, seed=1), grid_arcs(6, seed=2)
    search = search_of(arcs)
    reweighted = search.with_weights(other.ms)
    check_times(reweighted, other, seed=3)
    check_paths(reweighted, other, seed=3)
    check_times(search, arcs, seed=3)


def test_of_parallel_arcs_the_fastest_counts():
    tail, head = np.zeros(3, np.int32), np.ones(3, np.int32)
    search = BucketSearch(2, tail, head, np.array([7, 5, 9], np.int32))
    ends = Seeds.at_nodes([0]), Seeds.at_nodes([1])
    assert search.times(*ends).tolist() == [[5]]
    path = search.path(*ends)
    assert path is not None
    assert path.arcs.tolist() == [1]


def test_no_arcs_at_all():
    nothing = np.empty(0, np.int32)
    search = BucketSearch(3, nothing, nothing, nothing)
    assert search.to_all(Seeds.at_nodes([1])).tolist() == [NO_WAY_MS, 0, NO_WAY_MS]
