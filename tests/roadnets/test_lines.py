"""Lines of edges in metres and cut between fractions."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from roadnets.geo import LonLat
from roadnets.lines import bearing_deg, cut_line, project_edges, projection_of, turn_deg
from tests.roadnets.networks import Street, make_network

LINE = [LonLat(0.0, 0.0), LonLat(0.001, 0.0), LonLat(0.001, 0.001), LonLat(0.003, 0.001)]
fractions = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


def test_project_edges_keeps_the_order_asked_for_and_every_bend():
    network = make_network(
        [(116.0, 39.0), (116.001, 39.0)],
        [Street(0, 1), Street(0, 1, oneway=True, bends=(LonLat(116.0005, 39.001),))],
    )
    projection = projection_of(network)
    lines = project_edges(network, np.array([2, 1]), projection)
    for line, edge in zip(lines, (2, 1), strict=True):
        lon, lat = np.array(network.edge_line(edge)).T
        np.testing.assert_allclose(shapely.get_coordinates(line), projection.to_metres(lon, lat))


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (0, 1, LINE),
        (0, 0.25, LINE[:2]),
        (0.125, 0.75, [LonLat(0.0005, 0), LINE[1], LINE[2], LonLat(0.002, 0.001)]),
        (0.3, 0.4, [LonLat(0.001, 0.0002), LonLat(0.001, 0.0006)]),
        (0.5, 0.5, [LINE[2], LINE[2]]),
    ],
)
def test_cut_line(begin, end, expected):
    np.testing.assert_allclose(cut_line(LINE, begin, end), expected, atol=1e-9)


@given(a=fractions, b=fractions)
def test_cut_line_has_its_share_of_the_length(a, b):
    begin, end = sorted((a, b))
    cut = shapely.LineString(cut_line(LINE, begin, end))
    whole = shapely.LineString(LINE)
    assert cut.length == pytest.approx((end - begin) * whole.length, abs=1e-9)
    assert whole.distance(cut) < 1e-9


def test_cut_line_of_no_length():
    point = LonLat(1.0, 2.0)
    assert cut_line([point, point], 0.2, 0.8) == [point, point]


@pytest.mark.parametrize(
    ("east", "north", "expected"), [(0, 1, 0), (1, 0, 90), (0, -2, 180), (-1, 0, 270), (1, 1, 45)]
)
def test_bearings_go_clockwise_from_north(east, north, expected):
    assert bearing_deg(np.array([[east, north]], np.float64))[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("came_deg", "goes_deg", "expected"),
    [(0, 90, 90), (90, 0, -90), (350, 10, 20), (10, 350, -20), (0, 180, -180), (45, 45, 0)],
)
def test_turns_are_left_below_and_right_above_zero(came_deg, goes_deg, expected):
    assert turn_deg(np.array([came_deg]), np.array([goes_deg]))[0] == expected
