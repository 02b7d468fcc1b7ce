"""Points, curves and polygons of the made-up city."""

import math

import pytest

from roadnets.sources.samplecity.geometry import (
    Point,
    along,
    area,
    centre,
    clip,
    cos_sin,
    crossing,
    curve,
    distance,
    inside,
    length,
    offset,
)

SQUARE = [Point(0, 0), Point(10, 0), Point(10, 10), Point(0, 10), Point(0, 0)]


@pytest.mark.parametrize("degrees", [0, 30, 90, 123.4, 180, 270, 359.9, -45, 725])
def test_cosine_and_sine(degrees: float) -> None:
    cosine, sine = cos_sin(degrees)
    assert cosine == pytest.approx(math.cos(math.radians(degrees)), abs=1e-12)
    assert sine == pytest.approx(math.sin(math.radians(degrees)), abs=1e-12)


def test_curve_passes_its_knots() -> None:
    knots = [Point(0, 0), Point(100, 0), Point(100, 100)]
    line = curve(knots, step=10)
    assert all(knot in line for knot in knots)
    assert length(line) > 200
    ring = curve(knots, closed=True, step=10)
    assert ring[0] == ring[-1]


def test_offset_lies_to_the_left() -> None:
    assert offset([Point(0, 0), Point(10, 0)], 3) == [Point(0, 3), Point(10, 3)]
    inner = offset(SQUARE, 1, closed=True)
    assert inner[0] == inner[-1]
    assert area(inner) < area(SQUARE)


def test_along() -> None:
    line = [Point(0, 0), Point(3, 0), Point(3, 4)]
    assert along(line, 5) == Point(3, 2)
    assert along(line, 99) == Point(3, 4)
    assert distance(Point(0, 0), Point(3, 4)) == 5


def test_crossing() -> None:
    assert crossing(Point(0, 0), Point(2, 2), Point(0, 2), Point(2, 0)) == (0.5, 0.5)
    assert crossing(Point(0, 0), Point(1, 0), Point(0, 1), Point(1, 1)) is None


def test_area_centre_and_inside() -> None:
    assert area(SQUARE) == 100
    assert area(SQUARE[::-1]) == -100
    assert centre(SQUARE) == Point(5, 5)
    assert inside(Point(5, 5), SQUARE)
    assert not inside(Point(15, 5), SQUARE)


def test_clip() -> None:
    (piece,) = clip([Point(-5, 5), Point(5, 5), Point(15, 5)], SQUARE)
    assert piece == [Point(0, 5), Point(5, 5), Point(10, 5)]
    assert list(clip([Point(-5, 20), Point(15, 20)], SQUARE)) == []
    pieces = list(clip([Point(-5, 5), Point(15, 5), Point(15, 7), Point(-5, 7)], SQUARE))
    assert len(pieces) == 2
