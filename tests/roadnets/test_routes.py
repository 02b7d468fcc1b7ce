"""Routes in words and numbers."""

import numpy as np
import pytest

from roadnets.geo import LonLat
from roadnets.routes import Stretches, describe_route
from roadnets.travel import Leg
from tests.roadnets.networks import Street, make_network

NODES = [(116.0 + 0.001 * i, 39.0) for i in range(5)]
NETWORK = make_network(
    NODES,
    [
        Street(0, 1, oneway=True, name="甲街", name_en="A Street", length_m=100.3),
        Street(1, 2, oneway=True, name="甲街", name_en="A Street", length_m=100.3),
        Street(2, 3, oneway=True, length_m=50.4),
        Street(3, 4, oneway=True, name="乙路", name_en="B Road", length_m=80.4),
    ],
)
WEIGHTS = np.array([10_400, 10_400, 5_400, 8_400], np.int32)


def drive(*parts: tuple[int, float, float]) -> Stretches:
    """Edges, each with where it is begun and ended."""
    edge, begin, end = zip(*parts, strict=True)
    no_turns = np.zeros(len(edge), np.int32)
    return Stretches(np.array(edge, np.int32), np.array(begin), np.array(end), no_turns)


def test_legs_group_street_names_and_add_up():
    route = describe_route(NETWORK, WEIGHTS, drive(*((e, 0.0, 1.0) for e in range(4))))
    assert route.edges == (0, 1, 2, 3)
    assert route.legs == (
        Leg("甲街", "A Street", 201, 21),
        Leg("", "", 50, 5),
        Leg("乙路", "B Road", 80, 9),
    )
    assert route.duration_s == sum(leg.duration_s for leg in route.legs) == 35
    assert route.length_m == sum(leg.length_m for leg in route.legs) == 331
    assert route.line == pytest.approx(np.array(NODES))
    assert all(isinstance(point, LonLat) for point in route.line)


def test_first_and_last_edge_count_in_part():
    route = describe_route(NETWORK, WEIGHTS, drive((0, 0.5, 1.0), (1, 0.0, 0.25)))
    assert (route.duration_s, route.length_m) == (8, 75)
    assert route.line == pytest.approx(np.array([(116.0005, 39), (116.001, 39), (116.00125, 39)]))


def test_stretches_of_nothing_are_left_out():
    route = describe_route(NETWORK, WEIGHTS, drive((0, 1.0, 1.0), (1, 0.0, 1.0), (2, 0.0, 0.0)))
    assert route.edges == (1,)
    assert len(route.legs) == 1


def test_a_route_from_a_place_to_itself():
    route = describe_route(NETWORK, WEIGHTS, drive((3, 0.5, 0.5)))
    assert (route.duration_s, route.length_m, route.edges) == (0, 0, (3,))
    assert route.line == pytest.approx(np.array([(116.0035, 39)]))
    assert route.legs == (Leg("乙路", "B Road", 0, 0),)


def test_what_a_turn_takes_is_part_of_the_leg_that_it_leads_into():
    stretches = drive((2, 0.0, 1.0), (3, 0.0, 0.0))
    route = describe_route(NETWORK, WEIGHTS, stretches._replace(turn_ms=np.array([0, 2_600])))
    assert route.edges == (2, 3)
    assert [leg.duration_s for leg in route.legs] == [5, 3]
    assert route.edge_end_s == (5, 8)
