"""Ranks: a permutation, the same each time, that keeps the hierarchy small."""

import numpy as np
import pytest
from hypothesis import given

from roadnets.kernel.build import build_topology
from roadnets.kernel.order import nested_dissection
from tests.roadnets.kernel.shapes import SHAPES, Arcs, arcs, graphs, grid


@pytest.mark.parametrize("shape", SHAPES)
def test_every_node_has_a_rank_of_its_own(shape: str) -> None:
    graph = SHAPES[shape]()
    rank = nested_dissection(*graph)
    assert rank.dtype == np.int32
    assert sorted(rank) == list(range(graph.node_count))


@given(graphs())
def test_whatever_the_graph(graph: Arcs) -> None:
    assert sorted(nested_dissection(*graph)) == list(range(graph.node_count))


def test_equal_graphs_have_equal_orders() -> None:
    first = nested_dissection(*grid(20))
    nested_dissection(*grid(13))
    again = nested_dissection(*grid(20))
    assert np.array_equal(first, again)


def test_direction_parallel_arcs_and_loops_do_not_matter() -> None:
    n, tail, head = grid(9)
    plain = nested_dissection(n, tail, head)
    more = np.concatenate((head, tail, tail[:5])), np.concatenate((tail, head, tail[:5]))
    assert np.array_equal(nested_dissection(n, *more), plain)


def test_nodes_without_a_neighbour_come_first() -> None:
    rank = nested_dissection(*arcs(6, [(1, 2), (2, 4), (3, 3)]))
    assert sorted(rank[[0, 3, 5]]) == [0, 1, 2]


def test_the_first_array_of_metis_is_meant() -> None:
    """The other one, its inverse, makes a hierarchy several times as large."""
    n, tail, head = grid(20)
    rank = nested_dissection(n, tail, head)
    inverse = np.argsort(rank).astype(np.int32)
    slots = build_topology(rank, tail, head).slot_count
    assert slots < 5 * len(tail) // 2
    assert build_topology(inverse, tail, head).slot_count > 2 * slots


def test_it_is_read_only() -> None:
    assert not nested_dissection(*grid(3)).flags.writeable


def test_an_arc_to_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"head\[1\] is 3; allowed: 0 to 2"):
        nested_dissection(*arcs(3, [(0, 1), (1, 3)]))
    with pytest.raises(ValueError, match=r"tail\[0\] is -1"):
        nested_dissection(*arcs(3, [(-1, 1)]))
    with pytest.raises(ValueError, match=r"tail is \(2,\) and head \(1,\)"):
        nested_dissection(3, np.array([0, 1]), np.array([1]))
