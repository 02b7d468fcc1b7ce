"""Fixes and tracks: what is refused, what is kept, and what they tell of a vehicle's motion."""

import math

import numpy as np
import pytest

from roadnets.geo import LocalProjection, LonLat
from roadnets.snapping.fixes import Fix, check_track, follow, motion_of
from tests.roadnets.networks import ORIGIN
from tests.roadnets.snapping.test_snap import at

AROUND = LocalProjection(ORIGIN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_s", math.inf),
        ("heading_deg", -1),
        ("heading_deg", 360.5),
        ("heading_deg", math.nan),
        ("speed_kph", -3),
        ("speed_kph", 401),
        ("accuracy_m", 0),
        ("accuracy_m", math.inf),
    ],
)
def test_a_field_out_of_range_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"{field} is .*; allowed: "):
        Fix(ORIGIN, **{field: value})


def test_a_track_needs_fixes_and_rising_times():
    with pytest.raises(ValueError, match="at least one fix"):
        check_track([])
    with pytest.raises(ValueError, match=r"time_s of fix 2 is 4, before 5 .* oldest first"):
        check_track([Fix(ORIGIN, 1), Fix(ORIGIN, 5), Fix(ORIGIN, 4)])
    check_track([Fix(ORIGIN, 1), Fix(ORIGIN, 1), Fix(ORIGIN), Fix(ORIGIN, 0)])


def drive(*places: tuple[float, float], every_s: float = 5.0) -> list[Fix]:
    return [Fix(at(*place), i * every_s) for i, place in enumerate(places)]


def test_the_last_fixes_are_kept():
    track = ()
    for fix in drive(*((100.0 * i, 0.0) for i in range(20))):
        track = follow(track, fix, most=4)
    assert [f.time_s for f in track] == [80, 85, 90, 95]


def test_where_a_vehicle_came_from_is_not_forgotten_while_it_stands():
    track = ()
    moving = [(0.0, 0.0), (100.0, 0.0), (200.0, 0.0)]
    standing = [(200.0 + i % 3, 0.0) for i in range(60)]
    for fix in drive(*moving, *standing, (300.0, 0.0)):
        track = follow(track, fix, most=5)
    assert [f.time_s for f in track] == [0, 5, 10, 310, 315]


def test_a_fix_that_is_late_is_left_out():
    first, second = drive((0, 0), (100, 0))
    assert follow((first, second), first) == (first, second)
    assert follow((first, second), second) == (first, second)


def test_speed_and_standing_are_told_from_the_fixes_themselves():
    fixes = drive((0, 0), (100, 0), (200, 0), (201, 0), (203, 1), (202, 0))
    motion = motion_of([fixes, [Fix(ORIGIN, 7.0)]], AROUND)
    np.testing.assert_allclose(motion.speed_kph[1:3], 72, rtol=0.01)
    assert np.isnan(motion.speed_kph[[0, 3, 6]]).all()
    assert motion.standing_s.tolist() == [0, 0, 0, 5, 10, 15, 0]
    assert motion.metres[1] == pytest.approx((100, 0), abs=0.1)


def test_what_was_reported_counts_first():
    slow = Fix(at(100, 0), 5, heading_deg=10, speed_kph=2)
    fast = Fix(at(101, 0), 300, heading_deg=10, speed_kph=50, accuracy_m=30)
    motion = motion_of([[Fix(ORIGIN, 0), slow, fast]], AROUND)
    assert motion.speed_kph[1:].tolist() == [2, 50]
    assert np.isnan(motion.heading_deg[:2]).all()  # at walking pace a heading is noise
    assert motion.heading_deg[2] == 10
    assert motion.standing_s.tolist() == [0, 0, 0]  # one that drives does not stand
    assert motion.sigma_m.tolist() == [10, 10, 30]


def test_a_receiver_more_exact_than_the_map_does_not_count_as_such():
    assert Fix(LonLat(0, 0), accuracy_m=0.5).sigma_m == 5
