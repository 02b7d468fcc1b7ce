"""Coordinate systems against published pairs, distances and the local projection."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadnets.errors import PointError
from roadnets.geo import (
    METRES_PER_DEGREE,
    CoordinateSystem,
    LocalProjection,
    LonLat,
    distance_m,
    from_wgs84,
    haversine_m,
    to_wgs84,
    to_wgs84_many,
)

WGS84, GCJ02, BD09, CGCS2000 = CoordinateSystem

# Public implementations agree to the last digits:
#   Shanghai, Shenzhen, Beijing: github.com/googollee/eviltransform, go/transform_test.go;
#   116.404, 39.915, also for BD-09: github.com/wandergis/coordtransform, test/app.js.
IMPLEMENTATIONS = [
    (WGS84, (121.5272106, 31.1774276), GCJ02, (121.531541859215, 31.17530398364597)),
    (WGS84, (113.912316, 22.543847), GCJ02, (113.9171764808363, 22.540796131694766)),
    (WGS84, (116.377817, 39.911954), GCJ02, (116.38404722455657, 39.91334545536069)),
    (WGS84, (116.404, 39.915), GCJ02, (116.41024449916938, 39.91640428150164)),
    (GCJ02, (116.404, 39.915), BD09, (116.41036949371029, 39.92133699351021)),
]

# What the map services themselves answer; each is rounded or noisy in its own way.
#   Amap: the example of lbs.amap.com, coordinate/convert with coordsys=gps;
#   Baidu: the example of lbsyun.baidu.com, geoconv/v1 with from=1 and to=5, whose answers differ
#     from call to call by up to 2 m, as its own guide says;
#   Alibaba Cloud: help.aliyun.com, address-purification, TransferCoord, all systems at once;
#   the R package geoChina, wgs2bd.Rd: Beijing railway station, to five places.
SERVICES = [
    (WGS84, (116.481499, 39.990475), GCJ02, (116.487585177952, 39.991754014757), 0.1),
    (WGS84, (114.21892734521, 29.575429778924), BD09, (114.23074898012, 29.579085062759), 2.0),
    (GCJ02, (120.026268, 30.279164), WGS84, (120.021519, 30.281543), 2.0),
    (GCJ02, (120.026268, 30.279164), BD09, (120.032768, 30.285238), 1.0),
    (WGS84, (116.42079, 39.90105), BD09, (116.43351, 39.90851), 2.0),
]

degrees_in_china = {"lon": st.floats(73.5, 135), "lat": st.floats(3.5, 53.5)}


def convert(point: tuple[float, float], source: CoordinateSystem, target: CoordinateSystem):
    return from_wgs84(to_wgs84(*point, source), target)


@pytest.mark.parametrize(("source", "point", "target", "expected"), IMPLEMENTATIONS)
def test_agrees_with_public_implementations_to_a_millimetre(source, point, target, expected):
    assert distance_m(LonLat(*convert(point, source, target)), LonLat(*expected)) < 0.001
    assert distance_m(LonLat(*convert(expected, target, source)), LonLat(*point)) < 0.01


@pytest.mark.parametrize(("source", "point", "target", "expected", "within_m"), SERVICES)
def test_agrees_with_the_map_services(source, point, target, expected, within_m):
    assert distance_m(LonLat(*convert(point, source, target)), LonLat(*expected)) < within_m


@pytest.mark.parametrize("system", CoordinateSystem)
@given(**degrees_in_china)
def test_round_trip_is_exact_to_a_millimetre(system, lon, lat):
    point = LonLat(lon, lat)
    assert distance_m(to_wgs84(*from_wgs84(point, system), system), point) < 0.001


@given(**degrees_in_china)
def test_gcj02_is_a_wrong_street_away(lon, lat):
    assert 10 < distance_m(LonLat(*from_wgs84(LonLat(lon, lat), GCJ02)), LonLat(lon, lat)) < 1500


@pytest.mark.parametrize("point", [(-8.61, 41.15), (2.35, 48.85), (139.7, 35.7), (0.0, 0.0)])
def test_gcj02_is_the_identity_outside_china(point):
    assert from_wgs84(LonLat(*point), GCJ02) == point
    assert to_wgs84(*point, GCJ02) == point


def test_cgcs2000_is_wgs84():
    assert to_wgs84(116.4, 39.9, CGCS2000) == LonLat(116.4, 39.9)
    assert from_wgs84(LonLat(116.4, 39.9), CGCS2000) == (116.4, 39.9)


@pytest.mark.parametrize(
    ("lon", "lat", "system", "message"),
    [
        (
            116.4,
            39.9,
            None,
            "coordinate_system is missing; allowed: WGS84, GCJ-02, BD-09, CGCS2000",
        ),
        (math.nan, 39.9, WGS84, "longitude is nan; allowed: -180 to 180 degrees"),
        (116.4, math.nan, GCJ02, "latitude is nan; allowed: -90 to 90 degrees"),
        (181.0, 39.9, BD09, "longitude is 181.0; allowed: -180 to 180 degrees"),
        (39.9, 116.4, WGS84, "latitude is 116.4; allowed: -90 to 90 degrees"),
        (math.inf, 0.0, WGS84, "longitude is inf; allowed: -180 to 180 degrees"),
    ],
)
def test_refuses_what_cannot_be_planned_on(lon, lat, system, message):
    with pytest.raises(PointError, match=f"^{re.escape(message)}$"):
        to_wgs84(lon, lat, system)


def test_haversine_of_a_degree_along_a_meridian_and_a_parallel():
    assert distance_m(LonLat(10, 20), LonLat(10, 21)) == pytest.approx(METRES_PER_DEGREE)
    north = haversine_m(0.0, [0.0, 60.0], 0.001, [0.0, 60.0])
    assert north == pytest.approx([0.001 * METRES_PER_DEGREE, 0.0005 * METRES_PER_DEGREE])


def test_haversine_of_antipodes_is_half_the_way_round():
    assert distance_m(LonLat(0, 0), LonLat(180, 0)) == pytest.approx(180 * METRES_PER_DEGREE)


@given(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.sampled_from([-37.8, 0.0, 22.3, 41.1]))
def test_local_projection_keeps_city_distances_and_inverts(dx, dy, lat):
    projection = LocalProjection(LonLat(116.0, lat))
    lon, lats = np.array([116.0, 116.0 + dx]), np.array([lat, lat + dy])
    metres = projection.to_metres(lon, lats)
    true_m = distance_m(LonLat(lon[0], lats[0]), LonLat(lon[1], lats[1]))
    assert np.hypot(*metres[1]) == pytest.approx(true_m, rel=0.005, abs=1e-3)
    assert projection.to_degrees(metres) == pytest.approx(np.column_stack((lon, lats)), abs=1e-9)


def test_local_projection_around_points_has_its_origin_in_their_middle():
    around = LocalProjection.around(np.array([1.0, 2.0, 4.0]), np.array([10.0, 20.0, 12.0]))
    assert around.origin == LonLat(2.5, 15.0)


@pytest.mark.parametrize("system", CoordinateSystem)
def test_many_points_are_read_as_each_alone(system):
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(70, 140, 500), rng.uniform(0, 56, 500)  # in and around the rectangle
    many = to_wgs84_many(lon, lat, system)
    each = np.array([to_wgs84(x, y, system) for x, y in zip(lon, lat, strict=True)])
    assert many.shape == (500, 2)
    assert haversine_m(*many.T, *each.T).max() < 0.001
    assert to_wgs84_many(lon[:0], lat[:0], system).shape == (0, 2)


@pytest.mark.parametrize(("lon", "lat"), [(math.nan, 30.0), (181.0, 30.0), (120.0, -91.0)])
def test_one_of_many_points_off_the_earth_is_named(lon, lat):
    with pytest.raises(PointError, match=f"itude of point 1 is ({lon}|{lat}); allowed: -"):
        to_wgs84_many(np.array([120.0, lon]), np.array([30.0, lat]), GCJ02)
