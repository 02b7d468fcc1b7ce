"""Travel times of the sample city beside networkx, which shares no search with the engine."""

import random
from collections import defaultdict
from itertools import pairwise

import networkx as nx
import pytest

from roadnets.engine import TravelEngine
from roadnets.geo import UNREACHABLE
from roadnets.graph import TravelGraph
from roadnets.network import RoadNetwork
from roadnets.travel import MODE_BIT, Snap, TravelMode
from roadnets.turning import turn_delays_ms
from roadnets.weights.speeds import NOT_DRIVABLE_MS, PROFILES, base_weights

PAIRS = 200
ROAD_MODES = [TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN]


class Driver:
    """Drives the sample city as a graph whose nodes are the last two edges driven."""

    def __init__(self, network: RoadNetwork, mode: TravelMode) -> None:
        self.network, self.ms = network, base_weights(network, mode).tolist()
        self.tail, self.head = network.edge_tail.tolist(), network.edge_head.tolist()
        self.driven = [e for e, ms in enumerate(self.ms) if ms < NOT_DRIVABLE_MS]
        self.out: dict[int, list[int]] = defaultdict(list)
        self.into: dict[int, list[int]] = defaultdict(list)
        for edge in self.driven:
            self.out[self.tail[edge]].append(edge)
            self.into[self.head[edge]].append(edge)
        self.delay = self.delays(mode)
        self.banned = self.bans(mode)
        self.graph: nx.DiGraph[object] = nx.DiGraph()
        for edge in self.driven:
            for then in self.following(edge):
                for last in self.following(then):
                    if not {(then, last), (edge, then, last)} & self.banned:
                        cost = self.ms[last] + self.delay.get((then, last), 0)
                        self.graph.add_edge((edge, then), (then, last), ms=cost)

    def following(self, edge: int) -> list[int]:
        return self.out[self.head[edge]]

    def preceding(self, edge: int) -> list[int]:
        return self.into[self.tail[edge]]

    def delays(self, mode: TravelMode) -> dict[tuple[int, int], int]:
        graph = TravelGraph.build(self.network)
        known = zip(
            graph.arc_from.tolist(),
            graph.arc_edge.tolist(),
            turn_delays_ms(self.network, graph, PROFILES[mode]).tolist(),
            strict=True,
        )
        return {(before, edge): ms for before, edge, ms in known if before >= 0}

    def bans(self, mode: TravelMode) -> set[tuple[int, ...]]:
        start, modes = self.network.turn_start, self.network.turn_modes
        sequences = [tuple(self.network.turn_edge[a:b].tolist()) for a, b in pairwise(start)]
        assert max(map(len, sequences), default=2) <= 3, "this driver remembers two edges only"
        bit = MODE_BIT[mode]
        return {s for s, bits in zip(sequences, modes.tolist(), strict=True) if bits & bit}

    def seconds(self, a: int, b: int) -> int:
        """From the tail of one two-way street to the tail of another."""
        twin_a, twin_b = int(self.network.edge_twin[a]), int(self.network.edge_twin[b])
        for first, ms in ((a, self.ms[a]), (twin_a, 0)):
            for then in self.following(first):
                if (first, then) not in self.banned:
                    cost = ms + self.ms[then] + self.delay.get((first, then), 0)
                    self.graph.add_edge("start", (first, then), ms=cost)
        for before in self.preceding(twin_b):
            self.graph.add_edge((before, twin_b), "end", ms=0)
        for last in self.preceding(b):
            for before in self.preceding(last):
                if not {(last, b), (before, last, b)} & self.banned:
                    ms = 0 if last == twin_b else self.delay.get((last, b), 0)
                    self.graph.add_edge((before, last), "end", ms=ms)
        try:
            ms, _ = nx.bidirectional_dijkstra(self.graph, "start", "end", weight="ms")
        except nx.NetworkXNoPath:
            return UNREACHABLE
        finally:
            self.graph.remove_nodes_from(("start", "end"))
        return (2 * ms + 1000) // 2000


@pytest.mark.parametrize("mode", ROAD_MODES)
def test_two_hundred_random_pairs_agree_to_the_second(
    sample_network: RoadNetwork, mode: TravelMode
) -> None:
    draw = random.Random(20)
    driver = Driver(sample_network, mode)
    weights = base_weights(sample_network, mode)
    two_way = [
        edge
        for edge in driver.driven
        if (twin := int(sample_network.edge_twin[edge])) >= 0 and weights[twin] < NOT_DRIVABLE_MS
    ]
    engine = TravelEngine.plain(sample_network)
    # The tail of a two-way street is left along it as well as by way of its twin.
    edges = [tuple(draw.sample(two_way, 2)) for _ in range(PAIRS)]
    ours = [
        int(engine.one_to_many(mode, Snap(a, 0.0, 0.0), [Snap(b, 0.0, 0.0)])[0]) for a, b in edges
    ]
    theirs = [driver.seconds(a, b) for a, b in edges]
    assert ours == theirs
    assert max(theirs) < UNREACHABLE
    assert len(set(theirs)) > PAIRS // 4  # they are not all alike


def test_routes_of_the_sample_take_the_time_that_was_told(sample_network: RoadNetwork) -> None:
    draw = random.Random(21)
    engine = TravelEngine.plain(sample_network)
    for mode in (TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN):
        weights = base_weights(sample_network, mode)
        driven = [e for e in range(sample_network.edge_count) if weights[e] < NOT_DRIVABLE_MS]
        for _ in range(50):
            origin, target = (Snap(draw.choice(driven), draw.random(), 0.0) for _ in range(2))
            route = engine.route(mode, origin, target)
            assert route is not None
            assert route.duration_s == engine.one_to_many(mode, origin, [target])[0]
            assert route.edge_end_s[-1] == route.duration_s
            for edge, following in pairwise(route.edges):
                assert sample_network.edge_head[edge] == sample_network.edge_tail[following]
