"""Where two streets meet."""

from roadnets.geo import distance_m
from roadnets.network import RoadNetwork
from roadnets.places.crossings import Crossing, crossings
from roadnets.places.streets import NamedStreets
from tests.roadnets.places.towns import at, town


def meet(network: RoadNetwork, one: str, other: str) -> list[Crossing]:
    names = [[i for i, n in enumerate(network.names) if n == name] for name in (one, other)]
    return crossings(NamedStreets(network), *names)


def test_a_common_node() -> None:
    network = town(
        [("甲路", "", [(0, 0), (1, 0), (2, 0)]), ("乙路", "", [(1, 1), (1, 0), (1, -1)])]
    )
    (found,) = meet(network, "甲路", "乙路")
    assert found.touching
    assert distance_m(found.point, at(1, 0)) < 0.1
    assert meet(network, "乙路", "甲路") == [found]


def test_a_divided_road_is_crossed_once() -> None:
    network = town(
        [
            ("甲路", "", [(0, 0), (1, 0), (2, 0)]),
            ("甲路", "", [(2, 0.3), (1, 0.3), (0, 0.3)]),
            ("乙路", "", [(1, 1), (1, 0.3), (1, 0), (1, -1)]),
        ],
        oneway=["甲路"],
    )
    (found,) = meet(network, "甲路", "乙路")
    assert distance_m(found.point, at(1, 0.15)) < 20


def test_streets_that_meet_twice() -> None:
    network = town(
        [
            ("甲路", "", [(0, 0), (3, 0), (6, 0)]),
            ("乙路", "", [(0, 0), (0, 2), (6, 2), (6, 0)]),
        ]
    )
    found = meet(network, "甲路", "乙路")
    assert [round(distance_m(f.point, at(x, 0))) for f, x in zip(found, (0, 6), strict=True)] == [
        0,
        0,
    ]


def test_one_street_passes_over_the_other() -> None:
    network = town([("甲路", "", [(0, 0), (4, 0)]), ("乙路", "", [(1, 2), (1, -2)])])
    (found,) = meet(network, "甲路", "乙路")
    assert not found.touching
    assert distance_m(found.point, at(1, 0)) < 1


def test_streets_that_end_at_the_same_square() -> None:
    network = town([("甲路", "", [(0, 0), (1, 0)]), ("乙路", "", [(1.4, 0), (3, 0)])])
    (found,) = meet(network, "甲路", "乙路")
    assert not found.touching
    assert distance_m(found.point, at(1.2, 0)) < 1


def test_streets_apart() -> None:
    network = town([("甲路", "", [(0, 0), (1, 0)]), ("乙路", "", [(3, 0), (4, 0)])])
    assert meet(network, "甲路", "乙路") == []
    assert meet(network, "甲路", "甲路") == []
    assert meet(network, "甲路", "丙路") == []
