"""The one rounding of durations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadnets.geo import UNREACHABLE
from roadnets.travel import TravelMode, Vehicle, whole_seconds


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [(0, 0), (499, 0), (500, 1), (1499, 1), (1500, 2), (2500, 3), (np.inf, UNREACHABLE)],
)
def test_rounds_half_up(milliseconds, seconds):
    assert whole_seconds(np.array([milliseconds], np.float64)).tolist() == [seconds]


@given(st.lists(st.integers(0, 1 << 40)))
def test_agrees_with_integer_arithmetic(milliseconds):
    rounded = whole_seconds(np.array(milliseconds, np.float64))
    assert rounded.tolist() == [(ms + 500) // 1000 for ms in milliseconds]
    assert rounded.dtype == np.int64


@pytest.mark.parametrize("field", ["height_m", "width_m", "weight_t", "wading_m"])
@pytest.mark.parametrize("size", [0.0, -1.0, 1e-46, 0.0099, np.nan, np.inf])
def test_a_size_that_no_vehicle_has_is_refused(field, size):
    with pytest.raises(ValueError, match=f"{field} is {size}; allowed: 0.01 or more"):
        Vehicle(TravelMode.CIVILIAN, **{field: size})
    assert getattr(Vehicle(TravelMode.CIVILIAN, **{field: 0.01}), field) == 0.01


def test_keeps_the_shape():
    assert whole_seconds(np.zeros((2, 0))).shape == (2, 0)


def test_unreachable_is_safe_to_add_to():
    assert whole_seconds(np.array([np.inf]))[0] + np.int64(86_400) >= UNREACHABLE
    assert int(UNREACHABLE) + int(UNREACHABLE) < 1 << 32
