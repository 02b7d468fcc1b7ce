"""The streets that a person names or draws."""

import re

import numpy as np
import pytest

from roadnets.errors import UnknownStreetError
from roadnets.geo import LonLat, Polygon
from roadnets.network import EdgeFlag
from roadnets.weights.edge_index import DrawnLine, EdgeIndex
from roadnets.weights.selectors import StreetSelector, nearest_names, resolve
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, grid, make_network


def at(east: float, north: float) -> LonLat:
    """The point so many blocks of 100 m from the origin."""
    return LonLat(ORIGIN.lon + east * DEGREES_PER_100_M, ORIGIN.lat + north * DEGREES_PER_100_M)


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
        (
            {"name": "x", "line_tolerance_m": 201.0},
            "line_tolerance_m is 201.0; allowed: above 0, up to 200",
        ),
    ],
)
def test_selector_refuses_nonsense(fields, message):
    with pytest.raises(ValueError, match=message):
        StreetSelector(**fields)


def test_a_name_of_a_book_is_not_told_again_whole(city):
    with pytest.raises(UnknownStreetError) as refusal:
        resolve(city, StreetSelector(name="甲" * 100_000))
    assert str(refusal.value) == f"no street of Testcity is named '{'甲' * 100}…'"
    with pytest.raises(UnknownStreetError, match=f"is named '{'甲' * 100}'$"):
        resolve(city, StreetSelector(name="甲" * 100))


def test_nearest_names_are_few_and_best_first():
    assert nearest_names(grid(12, 2), "row 1") == ["Row 1", "Row 10", "Row 11"]


def test_a_drawn_line_means_its_streets_both_ways_or_as_drawn(city):
    drawn = (at(0.1, 0.05), at(1.9, -0.05))
    both = StreetSelector(lines=(DrawnLine(drawn),))
    assert resolve(city, both).tolist() == [0, 1, 2, 3]
    west = StreetSelector(lines=(DrawnLine(drawn[::-1], as_drawn=True),))
    assert resolve(city, west, EdgeIndex(city)).tolist() == [1, 3]
    with_more = StreetSelector(name="人民大道", lines=(DrawnLine(drawn, as_drawn=True),))
    assert resolve(city, with_more).tolist() == [0, 2, 4]


def test_a_line_against_a_oneway_street_means_it_only_both_ways(city):
    south = (at(2, 8), at(2, 1))
    assert resolve(city, StreetSelector(lines=(DrawnLine(south),))).tolist() == [4]
    with pytest.raises(UnknownStreetError, match="no street of Testcity runs within 25 m along"):
        resolve(city, StreetSelector(lines=(DrawnLine(south, as_drawn=True),)))


def box(west, south, east, north):
    return (at(west, south), at(east, south), at(east, north), at(west, north))


def test_a_polygon_means_every_street_of_which_a_part_lies_inside(city):
    everything = StreetSelector(polygons=(Polygon(box(-1, -1, 1.5, 1)),))
    assert resolve(city, everything).tolist() == [0, 1, 2, 3]
    spared = StreetSelector(polygons=(Polygon(box(-1, -1, 1.5, 1)),), bridges_spared=True)
    assert resolve(city, spared).tolist() == [0, 1]
    two = StreetSelector(polygons=(Polygon(box(0.2, -1, 0.4, 1)), Polygon(box(1.9, 4, 2.1, 5))))
    assert resolve(city, two).tolist() == [0, 1, 4]


def test_a_hole_is_outside(city):
    holed = Polygon(box(-1, -1, 3, 5), (box(-0.5, -0.5, 1.5, 0.5),))
    assert resolve(city, StreetSelector(polygons=(holed,))).tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        (
            {"polygons": (Polygon((at(0, 0), at(2, 2), at(2, 0), at(0, 2))),)},
            ValueError,
            "polygon: its outline crosses itself at 116.390900, 39.900900",
        ),
        (
            {"polygons": (Polygon((at(0, 0), at(2, 2), at(0, 0))),)},
            ValueError,
            "outer has 2 points; allowed: 3 or more",
        ),
        (
            {"polygons": (Polygon(box(0, 0, 1, 1), (box(0, 0, 0.1, 0.1)[:2],)),)},
            ValueError,
            "holes[0] has 2 points; allowed: 3 or more",
        ),
        (
            {"polygons": (Polygon((at(0, 0), at(1, 1), at(2, 2))),)},
            ValueError,
            "polygon: it encloses no area",
        ),
        (
            {"polygons": (Polygon((at(0, 0), LonLat(200.0, 0.0), at(2, 2))),)},
            ValueError,
            "outer[1] is 200.0, 0.0; allowed: -180 to 180 and -90 to 90 degrees",
        ),
        (
            {"polygons": (Polygon(box(0, -1, 1, 1)), Polygon(box(-9, -1, -5, 1)))},
            UnknownStreetError,
            (
                "polygons[1]: no street of Testcity lies inside the area around "
                "116.383700, 39.900000; the nearest street is 384 m away"
            ),
        ),
        (
            {"polygons": (Polygon(box(1.2, -1, 1.8, 1)),), "bridges_spared": True},
            UnknownStreetError,
            (
                "polygons[0]: no street of Testcity lies inside the area around "
                "116.391350, 39.900000 but bridges and water"
            ),
        ),
        ({"lines": (DrawnLine((at(0, 0),)),)}, ValueError, "lines[0] has 1 points"),
        (
            {"lines": (DrawnLine((at(0, 0), at(0, 0))),)},
            ValueError,
            "lines[0] needs at least two different points",
        ),
        (
            {"lines": (DrawnLine((at(5, 50), at(7, 50))),)},
            UnknownStreetError,
            (
                "no street of Testcity runs within 25 m along the line from "
                "116.394500, 39.945000 to 116.396300, 39.945000; the nearest street is"
            ),
        ),
    ],
)
def test_drawings_that_mean_nothing_say_what_and_where(city, fields, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        resolve(city, StreetSelector(**fields))


def test_what_is_drawn_is_narrowed_like_what_is_named(city):
    inside = StreetSelector(polygons=(Polygon(box(-1, -1, 3, 5)),), bridges_only=True)
    assert resolve(city, inside).tolist() == [2, 3]
