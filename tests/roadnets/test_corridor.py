"""Signals along routes: order, once a junction, turns, and when the vehicle is there."""

import dataclasses

import numpy as np
import pytest

from roadnets.corridor import Turn, corridor_of
from roadnets.engine import TravelEngine
from roadnets.geo import LonLat, distance_m
from roadnets.imports.obstacles import SAME_JUNCTION_M
from roadnets.network import EdgeFlag, RoadNetwork, build_network
from roadnets.travel import Route, Snap, TravelMode
from tests.roadnets.networks import Street, make_network
from tests.roadnets.snapping.test_snap import at

BLUE_LIGHT = TravelMode.BLUE_LIGHT


def with_signals(network: RoadNetwork, nodes: list[int], *unstopped: int) -> RoadNetwork:
    """Signals at some nodes stop whoever arrives there, but on some edges."""
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}
    del fields["checksum"]
    signal = np.zeros(network.node_count, np.bool_)
    signal[nodes] = True
    stopped = signal[network.edge_head]
    stopped[list(unstopped)] = False
    flags = network.edge_flags | np.where(stopped, EdgeFlag.SIGNAL_AT_HEAD, 0).astype(np.uint16)
    return build_network(**{**fields, "node_signal": signal, "edge_flags": flags})


def route_between(network: RoadNetwork, origin: Snap, target: Snap) -> Route:
    route = TravelEngine.plain(network).route(BLUE_LIGHT, origin, target)
    assert route is not None
    return route


@pytest.fixture(scope="module")
def crossing() -> RoadNetwork:
    """Arms of 200 m to the south (0), east (1), north (2), west (3) of a signal; edges in, out."""
    nodes = [at(0, -200), at(200, 0), at(0, 200), at(-200, 0), at(0, 0)]
    names = [("南街", "South Street"), ("东街", ""), ("北街", ""), ("", "")]
    streets = [Street(i, 4, name=name, name_en=en) for i, (name, en) in enumerate(names)]
    return with_signals(make_network(nodes, streets), [4])


@pytest.mark.parametrize(
    ("edge_out", "leaving_deg", "turn"),
    [(3, 90, Turn.RIGHT), (5, 0, Turn.STRAIGHT), (7, 270, Turn.LEFT)],
)
def test_a_junction_on_the_way(crossing, edge_out, leaving_deg, turn):
    route = route_between(crossing, Snap(0, 0.25, 0.0), Snap(edge_out, 0.5, 0.0))
    (arrival,) = corridor_of(crossing, route)
    assert arrival.turn is turn
    assert (arrival.junction, arrival.node) == (4, 4)
    assert (arrival.street, arrival.street_en) == ("南街", "South Street")
    assert arrival.approach_deg % 360 == pytest.approx(0, abs=0.5)
    assert (arrival.leaving_deg - leaving_deg + 180) % 360 - 180 == pytest.approx(0, abs=0.5)
    assert arrival.distance_m == 150
    assert arrival.arrival_s == route.edge_end_s[0]
    assert 0 < arrival.arrival_s < route.duration_s
    assert distance_m(arrival.point, at(0, 0)) < 0.1


def test_turning_round_at_the_signal(crossing):
    # Both ends of the way lie on one street: the driver is sent round by hand.
    route = Route(9, 300, (0, 1), (5, 9), (at(0, -150), at(0, 0), at(0, -150)), ())
    (arrival,) = corridor_of(crossing, route)
    assert arrival.turn is Turn.U_TURN
    assert (arrival.distance_m, arrival.arrival_s) == (150, 5)


def test_a_signal_where_the_route_ends_is_not_passed(crossing):
    assert (
        corridor_of(crossing, route_between(crossing, Snap(0, 0.0, 0.0), Snap(0, 1.0, 0.0))) == ()
    )
    assert (
        corridor_of(crossing, route_between(crossing, Snap(1, 0.1, 0.0), Snap(1, 0.9, 0.0))) == ()
    )


@pytest.fixture(scope="module")
def boulevard() -> RoadNetwork:
    """One-way carriageways 30 m apart, east on the south side, cross a two-way street with signals.

    The signals stand on both corners; 500 m further east there is another.
    """
    nodes = [at(-300, 0), at(0, 0), at(500, 0), at(700, 0)]
    nodes += [at(-300, 30), at(0, 30), at(700, 30), at(0, 230), at(0, -200)]
    streets = [Street(a, a + 1, oneway=True, name="大道") for a in range(3)]
    streets += [Street(6, 5, oneway=True, name="大道"), Street(5, 4, oneway=True, name="大道")]
    streets += [Street(8, 1), Street(1, 5), Street(5, 7)]
    return with_signals(make_network(nodes, streets), [1, 2, 5])


def test_signals_of_one_junction_are_one_though_both_stop(boulevard):
    route = route_between(boulevard, Snap(0, 0.5, 0.0), Snap(9, 0.5, 0.0))
    assert route.edges == (0, 7, 9)
    (arrival,) = corridor_of(boulevard, route)
    assert (arrival.junction, arrival.node, arrival.turn) == (1, 1, Turn.LEFT)
    assert arrival.distance_m == 150
    assert distance_m(arrival.point, at(0, 15)) < 0.1
    assert arrival.leaving_deg % 360 == pytest.approx(0, abs=0.5)


def test_turning_round_across_a_divided_road(boulevard):
    route = route_between(boulevard, Snap(0, 0.5, 0.0), Snap(4, 0.5, 0.0))
    assert route.edges == (0, 7, 4)
    (arrival,) = corridor_of(boulevard, route)
    assert arrival.turn is Turn.U_TURN
    assert arrival.leaving_deg == pytest.approx(270, abs=0.5)


def test_junctions_come_in_driving_order_with_rising_times(boulevard):
    route = route_between(boulevard, Snap(0, 0.5, 0.0), Snap(2, 0.5, 0.0))
    first, second = corridor_of(boulevard, route)
    assert (first.junction, second.junction) == (1, 2)
    assert (first.distance_m, second.distance_m) == (150, 650)
    assert first.arrival_s < second.arrival_s < route.duration_s
    assert {first.turn, second.turn} == {Turn.STRAIGHT}


def test_a_junction_that_the_route_comes_back_to_is_listed_again(crossing):
    line = (at(0, -150), at(0, 0), at(200, 0), at(0, 0), at(0, 200))
    route = Route(90, 750, (0, 3, 2, 5), (15, 35, 55, 90), line, ())
    first, second = corridor_of(crossing, route)
    assert first.junction == second.junction
    assert (first.turn, second.turn) == (Turn.RIGHT, Turn.RIGHT)
    assert (first.distance_m, second.distance_m) == (150, 550)


def test_the_bend_before_a_junction_is_not_a_turn_there():
    """A slip road curves right after the signal: what counts is which way it leads then."""
    nodes = [at(-200, 0), at(0, 0), at(40, -160)]
    curve = (at(10, 0), at(15, -5))
    network = with_signals(make_network(nodes, [Street(0, 1), Street(1, 2, bends=curve)]), [1])
    (arrival,) = corridor_of(network, route_between(network, Snap(0, 0.5, 0), Snap(2, 0.9, 0)))
    assert arrival.turn is Turn.RIGHT
    assert 150 < arrival.leaving_deg < 180


def test_corridors_of_the_sample(sample_network):
    """Every stop of a route is in its corridor, and no junction twice in a row."""
    engine, rng = TravelEngine.plain(sample_network), np.random.default_rng(5)
    passed = 0
    for edges in rng.integers(sample_network.edge_count, size=(40, 2)).tolist():
        route = engine.route(BLUE_LIGHT, *(Snap(e, 0.5, 0.0) for e in edges))
        if route is None:
            continue
        arrivals = corridor_of(sample_network, route)
        signals = sample_network.has_flag(EdgeFlag.SIGNAL_AT_HEAD)[list(route.edges[:-1])].sum()
        assert len(arrivals) <= signals
        assert (signals > 0) == (len(arrivals) > 0)
        passed += len(arrivals)
        for name in ("arrival_s", "distance_m"):
            values = [getattr(a, name) for a in arrivals]
            assert values == sorted(values)
        for arrival in arrivals:
            assert 0 <= arrival.arrival_s <= route.duration_s
            assert 0 <= arrival.distance_m <= route.length_m
            node = LonLat(
                float(sample_network.node_lon[arrival.node]),
                float(sample_network.node_lat[arrival.node]),
            )
            assert sample_network.node_signal[arrival.node]
            assert distance_m(node, arrival.point) < 2 * SAME_JUNCTION_M
    assert passed > 40
