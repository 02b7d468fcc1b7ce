"""Left, right, straight on and back, where the graph knows the turn."""

from dataclasses import replace

import numpy as np
import pytest

from roadnets.graph import TravelGraph
from roadnets.travel import TravelMode
from roadnets.turning import turn_delays_ms
from roadnets.weights.speeds import PROFILES
from tests.roadnets.networks import grid, with_turns

PROFILE = replace(
    PROFILES[TravelMode.CIVILIAN],
    left_turn_delay_s=10.0,
    right_turn_delay_s=3.0,
    u_turn_delay_s=30.0,
)


def delay(into: tuple[int, int], out: tuple[int, int], *, signal: bool = True) -> int:
    """Delay at the middle of a 3 × 3 grid, node 4; row 0 is the southernmost."""
    node_signal = np.zeros(9, np.bool_)
    node_signal[4] = signal
    network = with_turns(grid(3, 3), [], node_signal=node_signal)
    graph = TravelGraph.build(network)
    pairs = list(zip(network.edge_tail.tolist(), network.edge_head.tolist(), strict=True))
    before, edge = pairs.index(into), pairs.index(out)
    delays = turn_delays_ms(network, graph, PROFILE)
    arcs = np.flatnonzero((graph.arc_edge == edge) & (graph.arc_tail == graph.edge_after[before]))
    assert len(arcs) == 1
    return int(delays[arcs[0]])


@pytest.mark.parametrize(
    ("out", "expected"), [((4, 7), 0), ((4, 3), 10_000), ((4, 5), 3_000), ((4, 1), 30_000)]
)
def test_northbound_turns_cost_what_their_profile_says(out, expected):
    assert delay((1, 4), out) == expected


@pytest.mark.parametrize(("out", "expected"), [((4, 7), 10_000), ((4, 1), 3_000), ((4, 5), 0)])
def test_eastbound_turns_left_to_the_north(out, expected):
    assert delay((3, 4), out) == expected


def test_a_turn_that_the_graph_does_not_know_costs_nothing():
    assert delay((1, 4), (4, 3), signal=False) == 0
