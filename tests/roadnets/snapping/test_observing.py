"""What each fix shows of the streets around it, one kind of evidence at a time."""

import numpy as np
import pytest

from roadnets.lines import projection_of
from roadnets.network import RoadNetwork
from roadnets.snapping.fixes import Fix, motion_of
from roadnets.snapping.observing import Scene, scenes_of
from roadnets.snapping.snap import Snapper
from roadnets.snapping.vicinity import Vicinity
from roadnets.travel import TravelMode
from tests.roadnets.networks import Street, make_network, with_turns
from tests.roadnets.snapping.test_snap import at


def scenes(network: RoadNetwork, *fixes: Fix) -> list[Scene | None]:
    projection = projection_of(network)
    metres = projection.to_metres(network.node_lon, network.node_lat)
    return scenes_of(
        network,
        Snapper(network),
        TravelMode.BLUE_LIGHT,
        [fix.point for fix in fixes],
        motion_of([[fix] for fix in fixes], projection),
        Vicinity.of(network, np.arange(network.edge_count), metres, both_ways=True),
    )


@pytest.fixture(scope="module")
def street() -> RoadNetwork:
    """1 km to the east, two ways, at most 36 km/h."""
    return make_network([at(0, 0), at(1000, 0)], [Street(0, 1)])


def test_distance_counts_by_the_accuracy(street):
    exact, rough = scenes(street, Fix(at(500, 20), accuracy_m=10), Fix(at(500, 20), accuracy_m=20))
    assert exact.distance == pytest.approx([-2, -2], abs=0.01)
    assert rough.distance == pytest.approx([-0.5, -0.5], abs=0.01)
    assert exact.stacked is None


def test_heading_counts_by_the_angle_and_never_for_all(street):
    (along,) = scenes(street, Fix(at(500, 0), heading_deg=90))
    (nearly,) = scenes(street, Fix(at(500, 0), heading_deg=70))
    (across,) = scenes(street, Fix(at(500, 0), heading_deg=0))
    assert along.edge.tolist() == [0, 1]
    assert along.heading[0] == pytest.approx(0)
    assert -0.5 < nearly.heading[0] < -0.2
    assert -4.6 < across.heading[0] < -3.5
    assert along.heading[1] == pytest.approx(np.log(0.01), abs=0.01)
    assert across.heading[0] == pytest.approx(across.heading[1])


@pytest.mark.parametrize(
    ("speed_kph", "low", "high"),
    [(0, 0, 0), (46, 0, 0), (54, -0.2, 0), (72, -2, -1), (200, -8, -8)],
)
def test_speed_counts_above_what_crews_drive_on_such_a_street(street, speed_kph, low, high):
    (scene,) = scenes(street, Fix(at(500, 0), speed_kph=speed_kph))
    assert low <= scene.speed[0] <= high


def test_nothing_near_and_nothing_within_the_limit(street):
    near, far, none = scenes(street, Fix(at(500, 30)), Fix(at(500, 250)), Fix(at(500, 400)))
    assert near.edge.tolist() == far.edge.tolist() == [0, 1]
    assert far.distance_m == pytest.approx([250, 250], rel=0.01)
    assert none is None


@pytest.mark.parametrize(
    ("layers", "highway", "turned", "stacked"),
    [
        ((0, 0), "residential", False, False),  # two streets side by side
        ((0, 1), "residential", False, True),
        ((0, 0), "motorway", False, True),  # a frontage road
        ((0, 0), "motorway_link", False, True),
        ((0, 0), "motorway", True, False),  # it merely crosses
        ((0, 1), "motorway", True, True),  # above
        ((-1, 0), "residential", True, True),
    ],
)
def test_what_is_stacked(layers, highway, turned, stacked):
    ends = [at(500, -300), at(500, 300)] if turned else [at(0, 12), at(1000, 12)]
    flat = make_network(
        [at(0, 0), at(1000, 0), *ends],
        [Street(0, 1, oneway=True), Street(2, 3, oneway=True, highway=highway)],
    )
    network = with_turns(flat, [], edge_layer=np.array(layers, np.int8))
    (scene,) = scenes(network, Fix(at(495, 10)))
    assert (scene.stacked is not None) == stacked
    if stacked:
        assert scene.stacked.tolist() == [[False, True], [True, False]]
        assert scene.distance[0] == scene.distance[1]
    else:
        assert scene.distance[0] != scene.distance[1]


def test_roads_farther_apart_than_a_stack_are_told_by_distance():
    flat = make_network(
        [at(0, 0), at(1000, 0), at(0, 50), at(1000, 50)],
        [Street(0, 1, oneway=True), Street(2, 3, oneway=True)],
    )
    network = with_turns(flat, [], edge_layer=np.array([0, 1], np.int8))
    (scene,) = scenes(network, Fix(at(500, 20), accuracy_m=15))
    assert scene.stacked is None
    assert scene.ground.tolist() == [True, False]


def test_side_by_side_are_one_way_roads_of_two_kinds_in_one_direction():
    for ends, highway, oneway, gap_m, beside in (
        ((2, 3), "primary", True, 15, True),
        ((3, 2), "primary", True, 15, False),
        ((2, 3), "residential", True, 15, False),
        ((2, 3), "primary", False, 15, False),
        ((2, 3), "primary", True, 30, False),
    ):
        nodes = [at(0, 0), at(1000, 0), at(0, gap_m), at(1000, gap_m)]
        streets = [Street(0, 1, oneway=True), Street(*ends, oneway=oneway, highway=highway)]
        (scene,) = scenes(make_network(nodes, streets), Fix(at(500, 5)))
        assert scene.stacked is None
        assert (scene.beside is not None) == beside


def test_what_explains_a_fix_far_worse_than_another_street_is_left_out():
    nodes = [at(0, 0), at(1000, 0), at(0, 38), at(1000, 38)]
    network = make_network(nodes, [Street(0, 1, oneway=True), Street(2, 3)])
    both, one = scenes(network, Fix(at(500, 2)), Fix(at(500, 2), heading_deg=90))
    assert both.edge.tolist() == [0, 1, 2]
    assert one.edge.tolist() == [0, 1]
