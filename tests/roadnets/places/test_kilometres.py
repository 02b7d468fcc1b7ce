"""Kilometre posts."""

from collections.abc import Iterable

from roadnets.beside import Landmark
from roadnets.geo import distance_m
from roadnets.places.kilometres import KilometrePoint, KilometrePosts
from roadnets.places.streets import NamedStreets
from tests.roadnets.places.towns import at, post, town

NORTHBOUND = [(0, 0), (0, 10), (0, 20), (0, 30)]
SOUTHBOUND = [(-0.3, 30), (-0.3, 20), (-0.3, 10), (-0.3, 0)]
EVERY_KM = tuple((str(100 + k), (0.1, 10 * k)) for k in range(4))


def located(
    kilometre: float,
    posts: Iterable[tuple[str, tuple[float, float]]] = EVERY_KM,
    *,
    divided: bool = True,
    road: str = "G4",
    names: tuple[int, ...] = (1,),
) -> list[KilometrePoint]:
    lines = [("京港澳高速", "", NORTHBOUND)] + [("京港澳高速", "", SOUTHBOUND)] * divided
    things: list[Landmark] = [post(road, number, at(*place)) for number, place in posts]
    network = town(
        lines,
        things,
        oneway=["京港澳高速"] if divided else [],
        refs={"京港澳高速": "G4;G0423"},
        highway="motorway",
    )
    streets = NamedStreets(network)
    return KilometrePosts(network, streets).locate(names, kilometre)


def test_between_posts_on_both_carriageways() -> None:
    north, south = located(101.4)
    assert (north.heading, south.heading) == (0, 180)
    assert north.between_posts
    assert south.between_posts
    assert distance_m(north.point, at(0, 14)) < 5
    assert distance_m(south.point, at(-0.3, 14)) < 5
    assert (north.edge, south.edge) == (1, 4)


def test_at_a_post() -> None:
    for kilometre, y in ((100, 0), (102, 20), (103, 30)):
        points = located(kilometre)
        assert len(points) == 2
        assert not any(point.between_posts for point in points)
        assert all(distance_m(point.point, at(-0.15, y)) < 25 for point in points)


def test_numbers_may_rise_southwards() -> None:
    falling = [(str(103 - k), (0.1, 10 * k)) for k in range(4)]
    rising, other = located(101.4, falling)
    assert (rising.heading, other.heading) == (180, 0)
    assert distance_m(rising.point, at(-0.3, 16)) < 5


def test_a_post_may_be_missing() -> None:
    north, _ = located(101.5, [EVERY_KM[0], EVERY_KM[3]])
    assert distance_m(north.point, at(0, 15)) < 8


def test_posts_on_both_sides_are_one() -> None:
    both = [*EVERY_KM, *((number, (-0.4, y)) for number, (_, y) in EVERY_KM)]
    assert located(101.4, both) == located(101.4)


def test_a_road_that_is_not_divided_is_told_once() -> None:
    (found,) = located(101.4, divided=False)
    assert found.heading is None
    assert distance_m(found.point, at(0, 14)) < 5


def test_beyond_the_posts_nothing_is_said() -> None:
    assert located(99) == []
    assert located(104) == []
    assert located(101.5, EVERY_KM[:1]) == []
    assert located(101.5, []) == []


def test_posts_that_do_not_fit_the_road_are_not_trusted() -> None:
    """Two posts 30 km apart that stand 1 km from each other are of different numberings."""
    assert located(115, [("100", (0.1, 0)), ("130", (0.1, 10))]) == []


def test_any_name_of_the_road() -> None:
    assert len(located(101.4, road="京港澳高速")) == 2
    assert len(located(101.4, road="G0423")) == 2
    assert located(101.4, road="G5") == []
    assert located(101.4, names=(0,)) == []


def test_the_road_goes_on_under_the_name_of_its_bridge() -> None:
    network = town(
        [("甲高速", "", [(0, 0), (0, 10)]), ("大桥", "", [(0, 10), (0, 20)])],
        [post("G4", "1", at(0, 5)), post("G4", "2", at(0, 15))],
        refs={"甲高速": "G4", "大桥": "G4"},
    )
    streets = NamedStreets(network)
    (found,) = KilometrePosts(network, streets).locate([1], 1.8)
    assert distance_m(found.point, at(0, 13)) < 5
