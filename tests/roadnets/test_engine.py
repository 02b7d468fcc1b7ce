"""TravelEngine, on each of its searches, against networkx on streets cut in two at every snap."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadnets.engine import MakeSearch, TravelEngine
from roadnets.geo import UNREACHABLE, LonLat, distance_m
from roadnets.kernel.build import build_topology
from roadnets.kernel.customize import customize
from roadnets.kernel.order import nested_dissection
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.searches.bucket_search import BucketSearch
from roadnets.searches.hierarchy_search import HierarchySearch
from roadnets.searches.scipy_search import ScipySearch
from roadnets.snapping.snap import Snapper
from roadnets.travel import Route, Snap, TravelMode, TravelTimes
from roadnets.weights.conditions import NO_CONDITIONS, Conditions
from roadnets.weights.speeds import NOT_DRIVABLE_MS
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, grid, make_network

BLUE_LIGHT, CIVILIAN = TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN
A_MILLISECOND_M = 1.0  # what the fastest street of a question about routes covers in it


def hierarchy(
    node_count: int, arc_tail: np.ndarray, arc_head: np.ndarray, arc_ms: np.ndarray
) -> HierarchySearch:
    """A hierarchy made for one set of weights."""
    rank = nested_dissection(node_count, arc_tail, arc_head)
    topology = build_topology(rank, arc_tail, arc_head)
    return HierarchySearch(topology, customize(topology, arc_ms), arc_ms)


@dataclass
class Question:
    network: RoadNetwork
    base: np.ndarray
    closed: list[int]
    snaps: list[Snap]
    make_search: MakeSearch

    def engine(self) -> TravelEngine:
        conditions = NO_CONDITIONS.with_closure("works", self.closed, {CIVILIAN})
        pace = {CIVILIAN: self.base}
        return TravelEngine.plain(self.network, conditions, pace, make_search=self.make_search)

    def drivable(self, edge: int) -> bool:
        return self.base[edge] < NOT_DRIVABLE_MS

    def places(self, snap: Snap) -> list[tuple[int, int]]:
        """Edge and milliseconds from its tail, for each direction of the snap's street."""
        twin = int(self.network.edge_twin[snap.edge])
        edge, other, fraction = snap.edge, twin, snap.fraction
        if 0 <= twin < edge:
            edge, other, fraction = twin, edge, 1 - fraction
        directions = [(edge, fraction), (other, 1 - fraction)]
        return [(e, math.floor(int(self.base[e]) * f + 0.5)) for e, f in directions if e >= 0]

    def oracle(self) -> nx.MultiDiGraph:
        """Build a graph with a node at each place; snaps enter and leave it there for nothing.

        It has three floors: closed streets on the way out, open ones, closed ones on the way in.
        Nobody comes up from the last floor, so nobody drives through a closed street.
        """
        graph = nx.MultiDiGraph()
        for i in range(len(self.snaps)):
            graph.add_nodes_from((("from", i), ("to", i)))
        for edge in filter(self.drivable, range(self.network.edge_count)):
            tail, head = int(self.network.edge_tail[edge]), int(self.network.edge_head[edge])
            floors = ("out", "in") if edge in self.closed else ("open",)
            for floor in floors:
                self.add_edge(graph, edge, floor, (floor, tail), (floor, head))
        for node in range(self.network.node_count):
            graph.add_edge(("out", node), ("open", node), weight=0)
            graph.add_edge(("open", node), ("in", node), weight=0)
        return graph

    def add_edge(self, graph: nx.MultiDiGraph, edge: int, floor: str, tail, head) -> None:
        """Add an edge cut in two at every snap on it; who comes "in" does not come out again."""
        here = [
            (ms, i) for i, snap in enumerate(self.snaps) for e, ms in self.places(snap) if e == edge
        ]
        stops = sorted({ms for ms, _ in here})
        at = [0, *stops, int(self.base[edge])]
        names = [tail, *((floor, edge, ms) for ms in stops), head]
        for (a, b), (ms, next_ms) in zip(pairwise(names), pairwise(at), strict=True):
            graph.add_edge(a, b, weight=next_ms - ms)
        for ms, i in here:
            if floor != "in":
                graph.add_edge(("from", i), (floor, edge, ms), weight=0)
            if floor != "out" or edge in self.closed:
                graph.add_edge((floor, edge, ms), ("to", i), weight=0)

    def answers(self) -> np.ndarray:
        graph, k = self.oracle(), len(self.snaps)
        seconds = np.full((k, k), int(UNREACHABLE))
        for i in range(k):
            lengths = nx.single_source_dijkstra_path_length(graph, ("from", i))
            for j in range(k):
                if ("to", j) in lengths:
                    seconds[i, j] = (lengths["to", j] + 500) // 1000
        return seconds


@st.composite
def questions(draw: st.DrawFn, least_ms: int = 1) -> Question:
    """One-way and two-way streets, loops and parallels, some closed or forbidden, some snaps."""
    node_count = draw(st.integers(1, 6))
    nodes = [
        (ORIGIN.lon + 0.001 * (i % 3), ORIGIN.lat + 0.001 * (i // 3)) for i in range(node_count)
    ]
    node, tenths = st.integers(0, node_count - 1), st.integers(0, 10).map(lambda x: x / 10)
    streets = [
        Street(draw(node), draw(node), draw(st.booleans()), name=draw(st.sampled_from("甲乙丙")))
        for _ in range(draw(st.integers(1, 9)))
    ]
    streets = [bent(nodes, s, i) for i, s in enumerate(streets)]
    network = make_network(nodes, streets)
    edge = st.integers(0, network.edge_count - 1)
    weight = st.integers(least_ms, 5000) | st.sampled_from([least_ms, 1500, NOT_DRIVABLE_MS])
    weights = draw(st.lists(weight, min_size=network.edge_count, max_size=network.edge_count))
    snap = st.builds(Snap, edge, tenths | st.floats(0, 1), st.just(0.0))
    return Question(
        network,
        np.array(weights, np.int32),
        draw(st.lists(edge, max_size=3)),
        draw(st.lists(snap, min_size=1, max_size=5)),
        draw(st.sampled_from([ScipySearch, BucketSearch, hierarchy])),
    )


def bent(nodes: list[tuple[float, float]], street: Street, index: int) -> Street:
    """Give every street a bend of its own, so that loops and parallels have a line."""
    lon, lat = nodes[street.tail]
    bend = LonLat(lon + 0.0002 * (index + 1), lat + 0.0003)
    return Street(**(street.__dict__ | {"bends": (bend,)}))


@settings(max_examples=100, deadline=None)
@given(questions())
def test_every_time_is_exact(question):
    engine, expected = question.engine(), question.answers()
    snaps = question.snaps
    np.testing.assert_array_equal(engine.matrix(CIVILIAN, snaps, snaps), expected)
    for i, snap in enumerate(snaps):
        np.testing.assert_array_equal(engine.one_to_many(CIVILIAN, snap, snaps), expected[i])
        np.testing.assert_array_equal(engine.many_to_one(CIVILIAN, snaps, snap), expected[:, i])


@settings(max_examples=100, deadline=None)
@given(questions(least_ms=500))
def test_every_route_can_be_driven_and_takes_the_time_told(question):
    engine, expected = question.engine(), question.answers()
    for i, origin in enumerate(question.snaps):
        for j, target in enumerate(question.snaps):
            route = engine.route(CIVILIAN, origin, target)
            assert (route is None) == (expected[i, j] == UNREACHABLE)
            if route is not None:
                assert route.duration_s == expected[i, j]
                check_route(question, origin, target, route)


def check_route(question: Question, origin: Snap, target: Snap, route: Route) -> None:
    network = question.network
    assert all(question.drivable(edge) for edge in route.edges)
    through = [edge in question.closed for edge in route.edges]
    runs = [closed for closed, _ in groupby(through)]
    assert runs in ([False], [True], [True, False], [False, True], [True, False, True])
    on_closed = [
        bool({s.edge, int(network.edge_twin[s.edge])} & {*question.closed})
        for s in (origin, target)
    ]
    if runs == [True]:
        assert any(on_closed)
    else:
        assert runs[0] <= on_closed[0]
        assert runs[-1] <= on_closed[1]
    assert len(route.edge_end_s) == len(route.edges)
    assert route.edge_end_s[-1] == route.duration_s
    assert list(route.edge_end_s) == sorted(route.edge_end_s)
    for before, after in pairwise(route.edges):
        assert network.edge_head[before] == network.edge_tail[after]
    assert distance_m(route.line[0], place(network, origin)) < A_MILLISECOND_M
    assert distance_m(route.line[-1], place(network, target)) < A_MILLISECOND_M
    assert sum(leg.duration_s for leg in route.legs) == route.duration_s
    assert sum(leg.length_m for leg in route.legs) == route.length_m
    assert all(a.name != b.name for a, b in pairwise(route.legs))
    drawn_m = sum(distance_m(a, b) for a, b in pairwise(route.line))
    assert route.length_m == pytest.approx(drawn_m, abs=1, rel=0.01)


def place(network: RoadNetwork, snap: Snap) -> LonLat:
    """Walk along the edge's line, one segment after the other, to where the snap is."""
    line = network.edge_line(snap.edge)
    left = snap.fraction * sum(distance_m(a, b) for a, b in pairwise(line))
    for a, b in pairwise(line):
        length = distance_m(a, b)
        if left <= length and length > 0:
            t = left / length
            return LonLat(a.lon + t * (b.lon - a.lon), a.lat + t * (b.lat - a.lat))
        left -= length
    return line[-1]


@pytest.fixture(scope="module")
def block() -> RoadNetwork:
    """Edges 0-3 go round a block one-way, 10 s each; 4 and 5 are the two ways across it."""
    step = DEGREES_PER_100_M
    corners = [ORIGIN, (ORIGIN.lon + step, ORIGIN.lat), (ORIGIN.lon + step, ORIGIN.lat + step)]
    corners.append((ORIGIN.lon, ORIGIN.lat + step))
    round_it = [Street(i, (i + 1) % 4, oneway=True, length_m=100) for i in range(4)]
    return make_network(corners, [*round_it, Street(0, 2, length_m=150)])


def plain(network: RoadNetwork, conditions: Conditions = NO_CONDITIONS) -> TravelEngine:
    """Everybody drives 10 m/s."""
    weights = np.round(network.edge_length_m * 100).astype(np.int32)
    return TravelEngine.plain(network, conditions, dict.fromkeys(TravelMode, weights))


def test_behind_on_a_one_way_street_is_once_round_the_block(block):
    engine = plain(block, NO_CONDITIONS.with_closure("works", [4, 5]))
    assert engine.one_to_many(CIVILIAN, Snap(0, 0.4, 0), [Snap(0, 0.9, 0)]).tolist() == [5]
    assert engine.one_to_many(CIVILIAN, Snap(0, 0.9, 0), [Snap(0, 0.4, 0)]).tolist() == [35]
    route = engine.route(CIVILIAN, Snap(0, 0.9, 0), Snap(0, 0.4, 0))
    assert route is not None
    assert route.edges == (0, 1, 2, 3, 0)


def test_a_place_on_a_closed_street_is_reached_and_left_along_it_but_nobody_drives_through(block):
    """A crash closes the street that it is on; help comes up to it."""
    engine = plain(block, NO_CONDITIONS.with_closure("crash", [4, 5]))
    inside, corner, opposite = Snap(4, 0.2, 0), Snap(3, 1.0, 0), Snap(1, 1.0, 0)
    assert engine.many_to_one(CIVILIAN, [corner, opposite], inside).tolist() == [3, 12]
    beside = [Snap(0, 0.0, 0), inside, Snap(2, 0.0, 0)]
    assert engine.one_to_many(CIVILIAN, inside, beside).tolist() == [3, 0, 12]
    assert engine.one_to_many(CIVILIAN, corner, beside[2:]).tolist() == [20]
    assert plain(block).one_to_many(CIVILIAN, corner, beside[2:]).tolist() == [15]
    route = engine.route(CIVILIAN, corner, inside)
    assert route is not None
    assert route.duration_s == 3


def test_a_place_in_the_middle_of_a_closed_street_is_reached_along_the_street():
    """A crash closes a whole motorway, which is many edges; help drives up to it."""
    nodes = [(ORIGIN.lon + i * DEGREES_PER_100_M, ORIGIN.lat) for i in range(6)]
    road = make_network(nodes, [Street(i, i + 1, length_m=100, name="桥") for i in range(5)])
    engine = plain(road, NO_CONDITIONS.with_closure("crash", range(2, 8)))
    west, middle, east = Snap(0, 0.5, 0), Snap(4, 0.5, 0), Snap(8, 0.5, 0)
    assert engine.one_to_many(CIVILIAN, west, [middle, east]).tolist() == [20, UNREACHABLE]
    assert engine.many_to_one(CIVILIAN, [middle, west], east).tolist() == [20, UNREACHABLE]
    route = engine.route(CIVILIAN, west, middle)
    assert route is not None
    assert (route.edges, route.duration_s) == ((0, 2, 4), 20)
    back = engine.route(CIVILIAN, middle, east)
    assert back is not None
    assert (back.edges, back.duration_s) == ((4, 6, 8), 20)
    reach = engine.reach(CIVILIAN, [west], 12)
    reached = dict(zip(reach.edge.tolist(), reach.end.tolist(), strict=True))
    assert reached[2] == pytest.approx(0.75, abs=0.01)
    assert 4 not in reached
    far = engine.reach(CIVILIAN, [west], 1000)
    assert {2, 4, 6} <= set(far.edge.tolist())
    assert 8 not in far.edge.tolist()


def test_a_street_closed_one_way_is_driven_through_the_other(block):
    engine = plain(block, NO_CONDITIONS.with_closure("works", [4]))
    assert engine.one_to_many(CIVILIAN, Snap(3, 1.0, 0), [Snap(2, 0.0, 0)]).tolist() == [20]
    assert engine.one_to_many(CIVILIAN, Snap(1, 1.0, 0), [Snap(0, 0.0, 0)]).tolist() == [15]


def test_parallel_streets_count_once_and_the_fastest_wins():
    slow, fast = Street(0, 1, length_m=90), Street(0, 1, length_m=60)
    ends = [Street(2, 0, length_m=10), Street(1, 3, length_m=10)]
    nodes = [(ORIGIN.lon + 0.001 * i, ORIGIN.lat) for i in (1, 2, 0, 3)]
    engine = plain(make_network(nodes, [slow, fast, slow, *ends]))
    start, end = Snap(6, 0.0, 0), Snap(8, 1.0, 0)
    assert engine.one_to_many(CIVILIAN, start, [end]).tolist() == [8]
    route = engine.route(CIVILIAN, start, end)
    assert route is not None
    assert route.edges == (6, 2, 8)


def test_civilians_keep_off_the_short_cut_that_blue_light_takes():
    nodes = [(ORIGIN.lon + 0.001 * i, ORIGIN.lat) for i in range(3)]
    gated = EdgeFlag.RESTRICTED | EdgeFlag.GATE
    short_cut = Street(0, 2, flags=gated, gates=1, length_m=10)
    streets = [Street(0, 1, length_m=300), Street(1, 2, length_m=300), short_cut]
    engine: TravelTimes = TravelEngine.plain(make_network(nodes, streets))
    start, end = Snap(0, 0.0, 0), Snap(2, 1.0, 0)
    civilian, blue = (engine.route(mode, start, end) for mode in (CIVILIAN, BLUE_LIGHT))
    assert civilian is not None
    assert civilian.edges == (0, 2)
    assert blue is not None
    assert blue.edges == (4,)
    assert blue.duration_s == 21  # 10 m and a gate


def test_questions_about_nothing(block):
    engine = plain(block)
    assert engine.matrix(CIVILIAN, [], [Snap(0, 0, 0)]).shape == (0, 1)
    assert engine.one_to_many(CIVILIAN, Snap(0, 0, 0), []).shape == (0,)
    assert engine.many_to_one(CIVILIAN, [], Snap(0, 0, 0)).shape == (0,)


def test_more_places_than_one_block_and_many_threads_give_the_same():
    network = grid(8, 8)
    engine, snapper = TravelEngine.plain(network), Snapper(network)
    spread = 8 * DEGREES_PER_100_M
    points = (np.random.default_rng(7).random((40, 2)) * spread + ORIGIN).tolist()
    snaps = [snapper.snap(LonLat(*point), BLUE_LIGHT) for point in points]
    matrix = engine.matrix(BLUE_LIGHT, snaps, snaps)
    assert matrix.dtype == np.int64
    assert (np.diag(matrix) == 0).all()
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda s: engine.one_to_many(BLUE_LIGHT, s, snaps), snaps))
        columns = list(pool.map(lambda s: engine.many_to_one(BLUE_LIGHT, snaps, s), snaps))
    np.testing.assert_array_equal(np.array(rows), matrix)
    np.testing.assert_array_equal(np.array(columns).T, matrix)
