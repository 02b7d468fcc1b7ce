"""Snaps split the weight of their edges into whole milliseconds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadnets.access import access_of, arriving_seeds, direct_ms, leaving_seeds
from roadnets.approach import Approach
from roadnets.graph import TravelGraph
from roadnets.searches.search import NO_WAY_MS
from roadnets.travel import Snap
from roadnets.weights.speeds import NOT_DRIVABLE_MS
from tests.roadnets.networks import Street, make_network, with_turns

NETWORK = make_network(
    [(116.0, 39.0), (116.001, 39.0), (116.002, 39.0)], [Street(0, 1), Street(1, 2, oneway=True)]
)
WEIGHTS = np.array([1001, 2000, 500], np.int32)


def close(*edges: int) -> np.ndarray:
    weights = WEIGHTS.copy()
    weights[list(edges)] = NOT_DRIVABLE_MS
    return weights


def approach_of(graph: TravelGraph, *closed: int) -> Approach:
    edges = np.zeros(len(WEIGHTS), np.bool_)
    edges[list(closed)] = True
    return Approach(graph, edges, WEIGHTS, np.zeros(graph.arc_count, np.int32))


def test_both_directions_of_a_two_way_street():
    access = access_of(NETWORK, WEIGHTS, [Snap(0, 0.25, 0.0)])
    assert access.edge.tolist() == [[0, 1]]
    assert access.fraction.tolist() == [[0.25, 0.75]]
    assert access.before_ms.tolist() == [[250, 1500]]
    assert access.after_ms.tolist() == [[751, 500]]


def test_the_same_place_named_by_either_edge_is_the_same():
    one, other = access_of(NETWORK, WEIGHTS, [Snap(0, 0.25, 1.0), Snap(1, 0.75, 1.0)]), None
    for field in ("edge", "fraction", "before_ms", "after_ms"):
        one_row, other = getattr(one, field)
        assert one_row.tolist() == other.tolist()


def test_one_way_and_closed_directions_are_infinite():
    access = access_of(NETWORK, close(0), [Snap(2, 0.5, 0.0), Snap(0, 0.5, 0.0)])
    assert access.before_ms.tolist() == [[250, np.inf], [np.inf, 1000]]
    assert access.after_ms.tolist() == [[250, np.inf], [np.inf, 1000]]


@given(st.floats(0, 1), st.integers(1, NOT_DRIVABLE_MS - 1))
def test_the_two_parts_add_up_to_the_whole(fraction, weight):
    weights = np.full(3, weight, np.int32)
    access = access_of(NETWORK, weights, [Snap(1, fraction, 0.0)])
    assert (access.before_ms + access.after_ms == weight).all()
    assert (access.before_ms == np.floor(access.before_ms)).all()
    assert (access.before_ms >= 0).all()


@pytest.mark.parametrize(
    ("weights", "origin", "target", "expected"),
    [
        (WEIGHTS, Snap(0, 0.2, 0), Snap(0, 0.7, 0), 501),
        (WEIGHTS, Snap(0, 0.7, 0), Snap(0, 0.2, 0), 1000),  # by the twin
        (WEIGHTS, Snap(1, 0.2, 0), Snap(0, 0.2, 0), 1200),
        (WEIGHTS, Snap(2, 0.5, 0), Snap(2, 0.5, 0), 0),
        (WEIGHTS, Snap(2, 0.7, 0), Snap(2, 0.2, 0), np.inf),  # one-way: behind
        (WEIGHTS, Snap(0, 0.2, 0), Snap(2, 0.7, 0), np.inf),  # another street
        (close(1), Snap(0, 0.7, 0), Snap(0, 0.2, 0), np.inf),
        (close(0, 1), Snap(0, 0.5, 0), Snap(0, 0.5, 0), np.inf),
    ],
)
def test_direct(weights, origin, target, expected):
    origins, targets = (access_of(NETWORK, weights, [snap]) for snap in (origin, target))
    assert direct_ms(origins, targets).tolist() == [[expected]]


def test_a_place_is_left_by_both_ends_and_reached_by_every_arc_into_its_street():
    network = with_turns(NETWORK, [((1, 0), 2)])  # no turning round at node 0
    graph = TravelGraph.build(network)
    access = access_of(network, WEIGHTS, [Snap(0, 0.25, 0.0), Snap(2, 0.5, 0.0)])
    out, edges = leaving_seeds(access, graph, approach_of(graph))
    assert (out.start.tolist(), edges.tolist()) == ([0, 2, 3], [0, 1, 2])
    assert (out.node.tolist(), out.ms.tolist()) == ([1, 3, 2], [751, 500, 250])
    extra_ms = np.where(graph.arc_ban, NO_WAY_MS, 7).astype(np.int32)
    into, arcs = arriving_seeds(access, graph, extra_ms, approach_of(graph))
    assert (into.start.tolist(), graph.arc_edge[arcs].tolist()) == ([0, 2, 3], [0, 1, 2])
    assert (into.node.tolist(), into.ms.tolist()) == ([0, 1, 1], [257, 1507, 257])


def test_a_place_on_a_closed_street_has_seeds_further_on():
    graph = TravelGraph.build(NETWORK)
    access = access_of(NETWORK, WEIGHTS, [Snap(0, 0.25, 0.0), Snap(2, 0.5, 0.0)])
    out, edges = leaving_seeds(access, graph, approach_of(graph, 0, 2))
    assert (out.start.tolist(), edges.tolist()) == ([0, 3, 4], [0, 1, 0, 2])
    assert (out.node.tolist(), out.ms.tolist()) == ([1, 0, 2, 2], [751, 500, 1251, 250])
    into, arcs = arriving_seeds(
        access, graph, np.zeros(graph.arc_count, np.int32), approach_of(graph, 0, 2)
    )
    assert graph.arc_edge[arcs].tolist() == [0, 1, 2, 2]
    assert (into.node.tolist(), into.ms.tolist()) == ([0, 1, 1, 0], [250, 1500, 250, 1251])


def test_a_place_where_nothing_may_drive_has_no_seeds():
    graph = TravelGraph.build(NETWORK)
    access = access_of(NETWORK, close(0, 1), [Snap(0, 0.5, 0.0), Snap(2, 0.5, 0.0)])
    out, _ = leaving_seeds(access, graph, approach_of(graph))
    into, _ = arriving_seeds(access, graph, np.zeros(graph.arc_count, np.int32), approach_of(graph))
    assert out.start.tolist() == into.start.tolist() == [0, 0, 1]


def test_no_snaps():
    none = access_of(NETWORK, WEIGHTS, [])
    assert len(none) == 0
    assert direct_ms(none, access_of(NETWORK, WEIGHTS, [Snap(0, 0, 0)])).shape == (0, 1)
