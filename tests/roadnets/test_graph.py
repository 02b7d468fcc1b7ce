"""TravelGraph against a search that remembers every edge it has driven."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadnets.graph import TravelGraph
from roadnets.network import EdgeFlag, RoadNetwork
from tests.roadnets.networks import Street, grid, make_network, with_turns

CIVILIAN_BIT = 2
BLUE_BIT = 1


def random_turns(network: RoadNetwork, rng: np.random.Generator, count: int):
    """Random walks of 2 to 4 edges, the last edge forbidden after the others."""
    turns = []
    for _ in range(count):
        walk = [int(rng.integers(network.edge_count))]
        for _ in range(int(rng.integers(1, 4))):
            out = np.flatnonzero(network.edge_tail == network.edge_head[walk[-1]])
            walk.append(int(rng.choice(out)))
        turns.append((walk, int(rng.choice([CIVILIAN_BIT, CIVILIAN_BIT | BLUE_BIT]))))
    return turns


def fastest_after(network: RoadNetwork, cost: np.ndarray, turns, bit: int, first: int):
    """Least cost to the end of each edge for whoever has just driven ``first``.

    States are the last edges driven, as many as the longest forbidden turn has: no automaton.
    """
    banned = [tuple(edges) for edges, modes in turns if modes & bit]
    longest = max((len(b) for b in banned), default=2)
    best: dict[int, int] = {}
    seen: set[tuple[int, ...]] = set()
    queue = [(0, (first,))]
    while queue:
        at, driven = heapq.heappop(queue)
        if driven in seen:
            continue
        seen.add(driven)
        best.setdefault(driven[-1], at)
        for edge in np.flatnonzero(network.edge_tail == network.edge_head[driven[-1]]).tolist():
            sequence = (*driven, edge)
            if any(sequence[-len(b) :] == b for b in banned):
                continue
            heapq.heappush(queue, (at + int(cost[edge]), sequence[1 - longest :]))
    return best


def fastest_on_graph(graph: TravelGraph, cost: np.ndarray, bit: int, first: int):
    best: dict[int, int] = {}
    done: set[int] = set()
    queue = [(0, int(graph.edge_after[first]), first)]
    while queue:
        at, node, edge = heapq.heappop(queue)
        best.setdefault(edge, at)
        if node in done:
            continue
        done.add(node)
        for arc in np.flatnonzero(graph.arc_tail == node).tolist():
            if not graph.arc_ban[arc] & bit:
                driven = int(graph.arc_edge[arc])
                heapq.heappush(queue, (at + int(cost[driven]), int(graph.arc_head[arc]), driven))
    return best


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.sampled_from([BLUE_BIT, CIVILIAN_BIT]))
def test_ways_are_those_of_a_driver_who_remembers_everything(seed, count, bit):
    rng = np.random.default_rng(seed)
    turns = random_turns(grid(3, 3), rng, count)
    network = with_turns(grid(3, 3), turns)
    graph = TravelGraph.build(network)
    cost = rng.integers(1, 50, network.edge_count)
    first = int(rng.integers(network.edge_count))
    assert fastest_on_graph(graph, cost, bit, first) == fastest_after(
        network, cost, turns, bit, first
    )


def test_without_forbidden_turns_the_graph_is_the_network():
    network = grid(3, 4)
    graph = TravelGraph.build(network)
    assert graph.node_count == network.node_count
    np.testing.assert_array_equal(graph.arc_tail, network.edge_tail)
    np.testing.assert_array_equal(graph.arc_head, network.edge_head)
    np.testing.assert_array_equal(graph.arc_edge, np.arange(network.edge_count))
    assert (graph.arc_from == -1).all()


def test_only_junctions_with_a_forbidden_turn_remember():
    network = grid(3, 3)
    into = int(np.flatnonzero(network.edge_head == 4)[0])
    out = int(np.flatnonzero(network.edge_tail == 4)[0])
    graph = TravelGraph.build(with_turns(network, [((into, out), CIVILIAN_BIT)]))
    assert graph.node_count == network.node_count + 1
    assert graph.edge_after[into] == network.node_count
    banned = np.flatnonzero(graph.arc_ban)
    assert graph.arc_edge[banned].tolist() == [out]
    assert graph.arc_from[banned].tolist() == [into]


def test_a_signalised_junction_remembers_where_one_comes_from():
    network = grid(3, 3)
    signal = np.zeros(9, np.bool_)
    signal[[0, 4]] = True  # a corner with two streets leaves no choice
    network = with_turns(network, [], node_signal=signal)
    graph = TravelGraph.build(network)
    assert graph.node_count == 9 + 4
    assert TravelGraph.build(network, expand_signals=False).node_count == 9
    nobodys = network.edge_flags | np.uint16(EdgeFlag.AGAINST_ONEWAY)
    closed = with_turns(network, [], edge_flags=nobodys)
    assert TravelGraph.build(closed).node_count == 9


def test_arcs_of_edges_come_edge_by_edge():
    network = grid(2, 3)
    into = int(np.flatnonzero(network.edge_head == 1)[0])
    out = np.flatnonzero(network.edge_tail == 1)
    graph = TravelGraph.build(with_turns(network, [((into, int(out[1])), CIVILIAN_BIT)]))
    arcs = graph.arcs_of(np.array([out[1], into, out[0]]))
    assert graph.arc_edge[arcs].tolist() == [out[1], out[1], into, out[0], out[0]]
    assert len(graph.arcs_of(np.empty(0, np.int32))) == 0


def test_arrays_bring_the_graph_back():
    network = with_turns(grid(3, 3), random_turns(grid(3, 3), np.random.default_rng(5), 6))
    graph = TravelGraph.build(network)
    again = TravelGraph.from_arrays(graph.arrays())
    assert again.node_count == graph.node_count
    for name, array in graph.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name])
    assert not again.arc_tail.flags.writeable


def test_a_broken_turn_is_refused():
    network = grid(2, 2)
    loose = int(np.flatnonzero(network.edge_tail == 3)[0])
    into_0 = int(np.flatnonzero(network.edge_head == 0)[0])
    with pytest.raises(ValueError, match="turn_edge of turn 0"):
        with_turns(network, [((into_0, loose), CIVILIAN_BIT)])


def test_a_loop_may_be_part_of_a_forbidden_turn():
    network = make_network(
        [(116.39, 39.9), (116.40, 39.9), (116.41, 39.9)],
        [Street(0, 1), Street(1, 1, oneway=True, bends=((116.40, 39.91),)), Street(1, 2)],
    )
    graph = TravelGraph.build(with_turns(network, [((0, 2, 3), CIVILIAN_BIT)]))
    cost = np.full(network.edge_count, 10)
    assert fastest_on_graph(graph, cost, CIVILIAN_BIT, 0) == {0: 0, 1: 10, 2: 10, 3: 10, 4: 20}
