"""Water: how fast through how much of it, and what areas under water mean for edges."""

import re

import numpy as np
import pytest

from roadnets.errors import UnknownStreetError
from roadnets.geo import LonLat, Polygon
from roadnets.network import EdgeFlag
from roadnets.travel import TravelMode, Vehicle
from roadnets.weights.conditions import EVERY_MODE, NO_CONDITIONS, Flooded
from roadnets.weights.edge_index import EdgeIndex
from roadnets.weights.flood import (
    WADING_M,
    Depths,
    depths_from_polygons,
    flood_conditions,
    safe_speed_kph,
    wading_limit_m,
)
from roadnets.weights.overlay import Overlay
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, make_network

CIVILIAN, HIGH_CLEARANCE = TravelMode.CIVILIAN, TravelMode.HIGH_CLEARANCE


@pytest.mark.parametrize(
    ("depth_mm", "kph"),
    [(0.001, 86.94), (50, 61.55), (100, 40.65), (150, 24.26), (200, 12.36), (300, 2.07)],
)
def test_speed_follows_the_published_curve(depth_mm, kph):
    assert safe_speed_kph(np.array([depth_mm / 1000]), 0.3)[0] == pytest.approx(kph, abs=0.01)


def test_speed_falls_all_the_way_and_scales_with_the_limit():
    depths = np.linspace(0.001, 0.3, 50)
    speeds = safe_speed_kph(depths, 0.3)
    assert (np.diff(speeds) < 0).all()
    assert safe_speed_kph(depths * 4, 1.2) == pytest.approx(speeds)
    assert safe_speed_kph(np.array([5.0]), 0.3)[0] == speeds[-1] > 0


def test_every_mode_has_a_limit_and_a_vehicle_may_have_its_own():
    assert set(WADING_M) == set(TravelMode)
    assert wading_limit_m(Vehicle(CIVILIAN)) == np.float32(0.3)
    assert wading_limit_m(Vehicle(HIGH_CLEARANCE)) == np.float32(0.8)
    assert wading_limit_m(Vehicle(HIGH_CLEARANCE, wading_m=1.2)) == np.float32(1.2)


def box(west, east):
    x, y, step = *ORIGIN, DEGREES_PER_100_M
    ends = ((west, -1), (east, -1), (east, 1), (west, 1))
    return Polygon(tuple(LonLat(x + i * step, y + j * step) for i, j in ends))


@pytest.fixture(scope="module")
def index():
    """Edges 0-1, a bridge 2-3, 4-5, and a river 6-7, each 100 m further east."""
    nodes = [(ORIGIN.lon + i * DEGREES_PER_100_M, ORIGIN.lat) for i in range(5)]
    flags = (
        EdgeFlag.CIVILIAN,
        EdgeFlag.CIVILIAN | EdgeFlag.BRIDGE,
        EdgeFlag.CIVILIAN,
        EdgeFlag.WATER,
    )
    streets = [Street(i, i + 1, flags=f) for i, f in enumerate(flags)]
    return EdgeIndex(make_network(nodes, streets))


def test_the_deepest_area_counts_bridges_and_rivers_do_not(index):
    areas = [(box(-1, 2.5), 0.2), (box(0.5, 0.9), 0.7), (box(2.2, 9), 0.4)]
    depths = depths_from_polygons(index, areas)
    assert depths.edges.tolist() == [0, 1, 4, 5]
    assert depths.depth_m.tolist() == pytest.approx([0.7, 0.7, 0.4, 0.4])
    bridges_too = depths_from_polygons(index, areas, bridges_spared=False)
    assert bridges_too.edges.tolist() == [0, 1, 2, 3, 4, 5]
    assert bridges_too.depth_m[2] == np.float32(0.2)


def test_depths_become_a_condition_a_depth(index):
    depths = depths_from_polygons(index, [(box(-1, 0.5), 0.7), (box(2.2, 2.9), 0.4)])
    conditions = flood_conditions("C7", depths)
    told = [(c.condition_id, c.edges.tolist(), c.modes) for c in conditions]
    assert told == [("C7/400", [4, 5], EVERY_MODE), ("C7/700", [0, 1], EVERY_MODE)]
    assert [c.effect for c in conditions] == [Flooded(0.4), Flooded(0.7)]
    assert conditions[0].edges.dtype == np.int32
    assert not conditions[0].edges.flags.writeable
    overlay = Overlay(index.network, NO_CONDITIONS.with_all(conditions))
    assert overlay.effects.depth_m[depths.edges, 0].tolist() == depths.depth_m.tolist()


def test_depths_that_round_alike_are_one_condition(index):
    depths = Depths(np.array([0, 1, 4, 5], np.int32), np.float32([0.2001, 0.3, 0.2004, 0.0001]))
    told = [(c.condition_id, c.edges.tolist(), c.effect) for c in flood_conditions("C7", depths)]
    assert told == [
        ("C7/1", [5], Flooded(0.001)),
        ("C7/201", [0, 4], Flooded(0.201)),
        ("C7/300", [1], Flooded(0.3)),
    ]
    assert flood_conditions("C7", Depths(depths.edges[:0], depths.depth_m[:0])) == []


@pytest.mark.parametrize(
    ("areas", "error", "message"),
    [
        ([(box(0, 1), 0.0)], ValueError, "areas[0].depth_m is 0.0; allowed: above 0, up to 20"),
        ([(box(0, 1), 0.2), (box(0, 1), 25.0)], ValueError, "areas[1].depth_m is 25.0"),
        (
            [(box(0, 1), 0.2), (box(8, 9), 0.2)],
            UnknownStreetError,
            "areas[1]: no street of Testcity lies inside the area around 116.397650, 39.900000",
        ),
        ([(box(3.2, 3.8), 0.2)], UnknownStreetError, "areas[0]: no street of Testcity"),
    ],
)
def test_areas_that_mean_nothing_are_told(index, areas, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        depths_from_polygons(index, areas)


@pytest.mark.parametrize(
    ("depth_m", "told_m"),
    [(0.3, 0.3), (0.3004, 0.301), (0.2996, 0.3), (0.00001, 0.001), (19.9996, 20.0), (20.0, 20.0)],
)
def test_depths_are_told_in_millimetres_and_never_less(depth_m, told_m):
    depths = Depths(np.array([3], np.int32), np.array([depth_m], np.float32))
    (condition,) = flood_conditions("C7", depths)
    assert condition.effect == Flooded(told_m)
