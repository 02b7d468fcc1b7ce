"""The one rounding of durations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadnets.geo import UNREACHABLE
from roadnets.travel import whole_seconds


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


def test_keeps_the_shape():
    assert whole_seconds(np.zeros((2, 0))).shape == (2, 0)


def test_unreachable_is_safe_to_add_to():
    assert whole_seconds(np.array([np.inf]))[0] + np.int64(86_400) >= UNREACHABLE
    assert int(UNREACHABLE) + int(UNREACHABLE) < 1 << 32
