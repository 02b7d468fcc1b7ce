"""How crews drive: along the line, at an even pace."""

from __future__ import annotations

import numpy as np
import pytest

from roadnets.geo import LonLat, distance_m
from scenarios.crews import Way, around_one

LINE = [LonLat(116.0, 40.0), LonLat(116.0, 40.001), LonLat(116.0, 40.004)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_a_share_of_the_way_is_that_share_of_its_length(share: float) -> None:
    way = Way.along(LINE, 100.0)
    length_m = distance_m(LINE[0], LINE[-1])
    assert distance_m(LINE[0], way.after(share)) == pytest.approx(share * length_m, abs=0.01)


def test_nobody_drives_beyond_the_end() -> None:
    way = Way.along(LINE, 100.0)
    assert way.after(1.5) == LINE[-1]
    assert way.after(-1.0) == LINE[0]


def test_a_way_of_one_point_stays_there() -> None:
    assert Way.along(LINE[:1], 0.0).after(0.5) == LINE[0]


def test_points_given_twice_do_no_harm() -> None:
    way = Way.along([LINE[0], LINE[0], LINE[1], LINE[1]], 10.0)
    assert way.after(0.0) == LINE[0]
    assert way.after(1.0) == LINE[1]


def test_factors_are_around_one() -> None:
    rng = np.random.default_rng(1)
    factors = [around_one(rng, 0.2) for _ in range(2000)]
    assert np.median(factors) == pytest.approx(1.0, abs=0.03)
    assert min(factors) > 0
