"""Lines that cross become streets that meet."""

from roadnets.sources.samplecity.geometry import Point, area
from roadnets.sources.samplecity.planar import Street, lay_out


def street(*points: tuple[float, float], level: int = 0) -> Street:
    return Street([Point(*p) for p in points], "residential", level=level)


def test_streets_meet_where_they_cross() -> None:
    layout = lay_out([street((0, 0), (100, 0)), street((50, -50), (50, 50))])
    arms = layout.arms()
    (crossing,) = [n for n, others in arms.items() if len(others) == 4]
    assert layout.points[crossing] == Point(50, 0)


def test_streets_of_different_levels_do_not_meet() -> None:
    layout = lay_out([street((0, 0), (100, 0)), street((50, -50), (50, 50), level=1)])
    assert all(len(others) == 1 for others in layout.arms().values())


def test_a_street_that_ends_just_short_is_brought_on() -> None:
    layout = lay_out([street((0, 0), (100, 0)), street((50, 6), (50, 60))])
    assert sorted(len(others) for others in layout.arms().values()) == [1, 1, 1, 3]


def test_near_nodes_are_one() -> None:
    layout = lay_out([street((0, 0), (100, 0)), street((100, 2), (200, 50))])
    assert len(layout.points) == 3


def test_faces() -> None:
    square = street((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
    layout = lay_out([square, street((50, 0), (50, 100)), street((50, 50), (75, 50))])
    assert sorted(round(area(face)) for face in layout.faces()) == [5000, 5000]
