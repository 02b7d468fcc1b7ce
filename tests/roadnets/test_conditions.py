"""Closures over weights, and the streets that a person names."""

import re

import numpy as np
import pytest

from roadnets.conditions import (
    NO_CONDITIONS,
    Conditions,
    StreetSelector,
    nearest_names,
    resolve,
)
from roadnets.errors import UnknownStreetError
from roadnets.geo import LonLat
from roadnets.network import EdgeFlag
from roadnets.speeds import NOT_DRIVABLE_MS
from roadnets.travel import TravelMode
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, grid, make_network

BLUE_LIGHT, CIVILIAN = TravelMode
BASE = np.arange(10, 18, dtype=np.int32)
CLOSED = NOT_DRIVABLE_MS


def test_nothing_closed_leaves_the_base_weights_themselves():
    assert NO_CONDITIONS.weights(CIVILIAN, BASE) is BASE
    assert Conditions().with_closure("flood", [1], {CIVILIAN}).weights(BLUE_LIGHT, BASE) is BASE


def test_closure_holds_for_its_modes_alone():
    conditions = NO_CONDITIONS.with_closure("flood", np.array([5, 2, 5]), {CIVILIAN})
    assert conditions.closed_edges(CIVILIAN).tolist() == [2, 5]
    assert conditions.closed_edges(BLUE_LIGHT).tolist() == []
    weights = conditions.weights(CIVILIAN, BASE)
    assert weights.tolist() == [10, 11, CLOSED, 13, 14, CLOSED, 16, 17]
    assert not weights.flags.writeable
    assert BASE[2] == 12


def test_overlapping_closures_end_one_by_one():
    both = NO_CONDITIONS.with_closure("fire", [1, 2]).with_closure("flood", [2, 3], {CIVILIAN})
    assert both.closing(2, CIVILIAN) == ("fire", "flood")
    assert both.closing(2, BLUE_LIGHT) == ("fire",)
    assert both.without("fire").closed_edges(CIVILIAN).tolist() == [2, 3]
    assert both.without("fire").without("flood") == NO_CONDITIONS
    assert both.without("unknown") == both
    assert both.closed_edges(BLUE_LIGHT).tolist() == [1, 2]


def test_the_same_condition_again_replaces_itself():
    widened = NO_CONDITIONS.with_closure("flood", [1]).with_closure("flood", [2, 3])
    assert widened.closed_edges(CIVILIAN).tolist() == [2, 3]
    assert len(widened.closures) == 1


@pytest.fixture(scope="module")
def city():
    """Two streets and a bridge: edges 0-1 and 2-3 are one named street of two ways."""
    lon, lat, step = *ORIGIN, DEGREES_PER_100_M
    nodes = [(lon, lat), (lon + step, lat), (lon + 2 * step, lat), (lon + 2 * step, lat + 9 * step)]
    bridge = EdgeFlag.CIVILIAN | EdgeFlag.BRIDGE
    streets = [
        Street(0, 1, name="人民路", name_en="Renmin Road", way=7),
        Street(1, 2, name="人民路", name_en="Renmin Road", way=8, flags=bridge),
        Street(2, 3, name="人民大道", name_en="Renmin Avenue", way=9, oneway=True),
    ]
    return make_network(nodes, streets)


NEAR_WEST_END = {"near": LonLat(ORIGIN.lon, ORIGIN.lat + 0.0001), "radius_m": 20.0}


@pytest.mark.parametrize(
    ("selector", "edges"),
    [
        (StreetSelector(edges=(3, 0, 3)), [0, 3]),
        (StreetSelector(ways=(9, 7)), [0, 1, 4]),
        (StreetSelector(name="renmin ROAD"), [0, 1, 2, 3]),
        (StreetSelector(name="人民路", bridges_only=True), [2, 3]),
        (StreetSelector(name="人民路", **NEAR_WEST_END), [0, 1]),
        (StreetSelector(**NEAR_WEST_END), [0, 1]),
        (StreetSelector(bridges_only=True), [2, 3]),
        (StreetSelector(edges=(4,), ways=(7,), name="人民大道"), [0, 1, 4]),
    ],
)
def test_resolve(city, selector, edges):
    found = resolve(city, selector)
    assert found.tolist() == edges
    assert found.dtype == np.int32
    assert not found.flags.writeable


def test_radius_reaches_the_middle_of_a_long_edge(city):
    beside = LonLat(ORIGIN.lon + 3 * DEGREES_PER_100_M, ORIGIN.lat + 5 * DEGREES_PER_100_M)
    assert resolve(city, StreetSelector(near=beside, radius_m=90)).tolist() == [4]


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (StreetSelector(edges=(5,)), "edge 5 is not in Testcity; it has edges 0 to 4"),
        (StreetSelector(edges=(-1,)), "edge -1 is not in Testcity; it has edges 0 to 4"),
        (StreetSelector(ways=(7, 70)), "OSM way 70 is not in Testcity"),
        (
            StreetSelector(name="人民"),
            "no street of Testcity is named '人民'; the nearest names are 人民路, 人民大道",
        ),
        (
            StreetSelector(name="Avenue"),
            "no street of Testcity is named 'Avenue'; the nearest names are Renmin Avenue",
        ),
        (StreetSelector(name="Xyz"), "no street of Testcity is named 'Xyz'"),
        (
            StreetSelector(name="人民大道", **NEAR_WEST_END),
            "no street of those selected lies within 20 m of 116.390000, 39.900100",
        ),
        (
            StreetSelector(bridges_only=True, **NEAR_WEST_END),
            "no bridge of Testcity lies within 20 m of 116.390000, 39.900100",
        ),
        (StreetSelector(ways=(9,), bridges_only=True), "none of those selected is a bridge"),
    ],
)
def test_resolve_names_what_the_network_does_not_have(city, selector, message):
    with pytest.raises(UnknownStreetError, match=f"^{re.escape(message)}$"):
        resolve(city, selector)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "every edge"),
        ({"near": ORIGIN}, "go together"),
        ({"name": "x", "radius_m": 5.0}, "go together"),
        ({"near": ORIGIN, "radius_m": 0.0}, "radius_m is 0.0; allowed: above 0"),
    ],
)
def test_selector_refuses_nonsense(fields, message):
    with pytest.raises(ValueError, match=message):
        StreetSelector(**fields)


def test_nearest_names_are_few_and_best_first():
    assert nearest_names(grid(12, 2), "row 1") == ["Row 1", "Row 10", "Row 11"]
