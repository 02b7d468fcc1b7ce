"""Travel times of the sample city beside networkx, which shares no code with the engine."""

import random

import networkx as nx
import pytest

from roadnets.geo import UNREACHABLE
from roadnets.network import RoadNetwork
from roadnets.scipy_travel import ScipyTravelTimes
from roadnets.speeds import NOT_DRIVABLE_MS, base_weights
from roadnets.travel import Snap, TravelMode

PAIRS = 200


def streets(network: RoadNetwork, mode: TravelMode) -> "nx.DiGraph[object]":
    """Nodes as integers, milliseconds on the quickest of parallel edges."""
    graph: nx.DiGraph[object] = nx.DiGraph()
    weights = base_weights(network, mode).tolist()
    for tail, head, ms in zip(
        network.edge_tail.tolist(), network.edge_head.tolist(), weights, strict=True
    ):
        if ms < NOT_DRIVABLE_MS and ms < graph.get_edge_data(tail, head, {"ms": ms + 1})["ms"]:
            graph.add_edge(tail, head, ms=ms)
    return graph


def seconds(graph: "nx.DiGraph[object]", origin: int, target: int) -> int:
    try:
        ms = nx.dijkstra_path_length(graph, origin, target, weight="ms")
    except nx.NetworkXNoPath:
        return UNREACHABLE
    return (2 * ms + 1000) // 2000


@pytest.mark.parametrize("mode", list(TravelMode))
def test_two_hundred_random_pairs_agree_to_the_second(
    sample_network: RoadNetwork, mode: TravelMode
) -> None:
    draw = random.Random(20)
    graph = streets(sample_network, mode)
    weights = base_weights(sample_network, mode)
    two_way = [
        edge
        for edge in range(sample_network.edge_count)
        if weights[edge] < NOT_DRIVABLE_MS
        and (twin := int(sample_network.edge_twin[edge])) >= 0
        and weights[twin] < NOT_DRIVABLE_MS
    ]
    engine = ScipyTravelTimes.build(sample_network)
    # The tail of a two-way street is left along it as well as by way of its twin: such a place is
    # the junction itself, so the answer is that of the plain graph.
    edges = [tuple(draw.sample(two_way, 2)) for _ in range(PAIRS)]
    ours = [
        int(engine.one_to_many(mode, Snap(a, 0.0, 0.0), [Snap(b, 0.0, 0.0)])[0]) for a, b in edges
    ]
    theirs = [
        seconds(graph, int(sample_network.edge_tail[a]), int(sample_network.edge_tail[b]))
        for a, b in edges
    ]
    assert ours == theirs
    assert max(theirs) < UNREACHABLE
    assert len(set(theirs)) > PAIRS // 4  # they are not all alike


def test_routes_of_the_sample_take_the_time_that_was_told(sample_network: RoadNetwork) -> None:
    draw = random.Random(21)
    mode = TravelMode.BLUE_LIGHT
    engine = ScipyTravelTimes.build(sample_network)
    weights = base_weights(sample_network, mode)
    driven = [e for e in range(sample_network.edge_count) if weights[e] < NOT_DRIVABLE_MS]
    for _ in range(50):
        origin, target = (Snap(draw.choice(driven), draw.random(), 0.0) for _ in range(2))
        route = engine.route(mode, origin, target)
        assert route is not None
        assert route.duration_s == engine.one_to_many(mode, origin, [target])[0]
        for edge, following in zip(route.edges, route.edges[1:], strict=False):
            assert sample_network.edge_head[edge] == sample_network.edge_tail[following]
