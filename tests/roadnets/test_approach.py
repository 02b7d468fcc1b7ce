"""Closed streets as a small graph of their own: ways over them, and what spreads along them."""

import numpy as np
import pytest

from roadnets.approach import Approach
from roadnets.graph import TravelGraph
from roadnets.searches.search import NO_WAY_MS
from tests.roadnets.networks import Street, make_network

ROAD = make_network(
    [(116.0 + 0.001 * i, 39.0) for i in range(5)], [Street(i, i + 1) for i in range(4)]
)
GRAPH = TravelGraph.build(ROAD)
STAND_MS = np.arange(1, 9, dtype=np.int32) * 100
NO_TURNS = np.zeros(GRAPH.arc_count, np.int32)


def approach(*closed: int) -> Approach:
    edges = np.zeros(8, np.bool_)
    edges[list(closed)] = True
    return Approach(GRAPH, edges, STAND_MS, NO_TURNS)


def test_a_way_drives_closed_streets_alone():
    assert GRAPH.arc_edge[approach(0, 2, 4).way(0, 3)].tolist() == [0, 2, 4]
    assert len(approach(0).way(2, 2)) == 0
    with pytest.raises(ValueError, match="no closed street leads from node 3 to node 0"):
        approach(0, 2, 4).way(3, 0)


def test_what_is_reached_spreads_along_closed_streets():
    node_ms = np.array([10, NO_WAY_MS, NO_WAY_MS, 5, NO_WAY_MS], np.int32)
    assert approach().spread(node_ms) is node_ms
    spread = approach(0, 2, 5).spread(node_ms)
    assert spread.tolist() == [10, 110, 410, 5, NO_WAY_MS]
    assert node_ms[1] == NO_WAY_MS


def test_a_forbidden_turn_is_no_way_along_closed_streets_either():
    turns = NO_TURNS.copy()
    turns[GRAPH.arc_start[2]] = NO_WAY_MS
    closed = np.ones(8, np.bool_)
    barred = Approach(GRAPH, closed, STAND_MS, turns)
    with pytest.raises(ValueError, match="no closed street leads"):
        barred.way(0, 3)
