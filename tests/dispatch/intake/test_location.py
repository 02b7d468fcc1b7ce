from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.intake.location import locate, read_point
from dispatch.model import RawPoint, Remark
from roadnets.geo import CoordinateSystem, LonLat, distance_m, from_wgs84
from roadnets.snapping.snap import Snapper
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, grid

SNAPPER = Snapper(grid(4, 4))
WGS84, GCJ02 = CoordinateSystem.WGS84, CoordinateSystem.GCJ02
NEAR = LonLat(ORIGIN.lon + 0.0004, ORIGIN.lat - 0.0002)
FAR = LonLat(ORIGIN.lon, ORIGIN.lat - 10 * DEGREES_PER_100_M)


def test_a_tagged_point_near_a_street_is_planned_on() -> None:
    located = locate(RawPoint(*NEAR, WGS84), None, SNAPPER)
    assert located.location == NEAR
    assert located.street_distance_m == pytest.approx(22.2, abs=0.2)
    assert located.flags == ()


@pytest.mark.parametrize("system", list(CoordinateSystem))
def test_an_untagged_point_is_read_in_the_clients_system(system: CoordinateSystem) -> None:
    located = locate(RawPoint(*from_wgs84(NEAR, system)), system, SNAPPER)
    assert located.location is not None
    assert distance_m(located.location, NEAR) < 0.01


def test_a_points_own_tag_goes_before_the_clients() -> None:
    located = locate(RawPoint(*NEAR, WGS84), GCJ02, SNAPPER)
    assert located.location == NEAR


def flag(raw: RawPoint | None, client_system: CoordinateSystem | None = None) -> dict[str, str]:
    located = locate(raw, client_system, SNAPPER)
    assert located.location is None
    (remark,) = located.flags
    assert remark.code == "location_unresolved"
    return remark.details


def test_missing() -> None:
    assert flag(None, WGS84) == {"reason": "missing"}


def test_untagged() -> None:
    details = flag(RawPoint(116.39, 39.9))
    assert details == {"reason": "untagged", "longitude": "116.39", "latitude": "39.9"}


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(39.9, 116.4), (181, 0), (math.nan, 39.9), (116.4, math.inf), (1e308, -1e308)],
)
@pytest.mark.parametrize("system", [None, *CoordinateSystem])
def test_out_of_range(lon: float, lat: float, system: CoordinateSystem | None) -> None:
    if system is None and math.isfinite(lon + lat):
        return  # untagged comes first: the numbers have no range yet
    details = flag(RawPoint(lon, lat), system)
    assert details["reason"] == "out_of_range"
    assert details["longitude"] == f"{lon:.10g}"


def test_too_far_says_how_far() -> None:
    located = locate(RawPoint(*FAR, WGS84), None, SNAPPER)
    assert located.street_distance_m == pytest.approx(1001, abs=1)
    assert located.flags == (
        Remark(
            "location_unresolved",
            {
                "reason": "too_far",
                "longitude": f"{FAR.lon:.10g}",
                "latitude": f"{FAR.lat:.10g}",
                "distance_m": "1001",
            },
        ),
    )
    assert located.location is None


def test_the_limit_is_the_snappers() -> None:
    wide = Snapper(grid(4, 4), limit_m=2000)
    assert locate(RawPoint(*FAR, WGS84), None, wide).location == FAR


@given(
    lon=st.floats(),
    lat=st.floats(),
    system=st.none() | st.sampled_from(CoordinateSystem),
)
def test_never_raises(lon: float, lat: float, system: CoordinateSystem | None) -> None:
    located = locate(RawPoint(lon, lat, system), None, SNAPPER)
    assert (located.location is None) == bool(located.flags)


def test_reading_a_point_needs_no_streets() -> None:
    assert read_point(RawPoint(*FAR, WGS84), None) == FAR
    assert isinstance(read_point(None, None), Remark)
