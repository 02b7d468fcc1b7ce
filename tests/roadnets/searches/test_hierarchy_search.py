"""HierarchySearch against brute force, and against the other searches on larger graphs."""

import pytest

from roadnets.kernel.build import build_topology
from roadnets.kernel.customize import customize
from roadnets.kernel.order import nested_dissection
from roadnets.searches.hierarchy_search import HierarchySearch
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


def search_of(arcs: Arcs) -> HierarchySearch:
    rank = nested_dissection(arcs.node_count, arcs.tail, arcs.head)
    topology = build_topology(rank, arcs.tail, arcs.head)
    return HierarchySearch(topology, customize(topology, arcs.ms), arcs.ms)


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
