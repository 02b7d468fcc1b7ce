"""House numbers."""

import pytest

from roadnets.beside import Landmark
from roadnets.geo import LonLat, distance_m
from roadnets.network import RoadNetwork
from roadnets.places.addresses import BETWEEN, IN_A_RANGE, NEAR, OTHER_SIDE, House, HouseNumbers
from roadnets.places.found import PlaceNote
from roadnets.places.streets import NamedStreets
from tests.roadnets.places.towns import address, at, town


def numbers(*houses: Landmark) -> HouseNumbers:
    network: RoadNetwork = town([("甲路", "A Road", [(0, 0), (40, 0)])], houses)
    return HouseNumbers(network, NamedStreets(network))


def one(known: HouseNumbers, number: str, street: str = "甲路") -> House:
    (house,) = known.houses([street], number)
    return house


def near(point: LonLat, x: float, y: float) -> bool:
    return distance_m(point, at(x, y)) < 2


@pytest.mark.parametrize("number", ["128", "128号", "１２８"])
def test_the_house_itself(number: str) -> None:
    known = numbers(address("甲路", "128号", at(1, 0.2)), address("甲路", "130", at(2, 0.2)))
    assert one(known, number) == House(at(1, 0.2), 1.0, None, "128")


def test_a_part_of_a_number_is_a_number_of_its_own() -> None:
    known = numbers(address("甲路", "13", at(1, 0)), address("甲路", "13-1", at(2, 0)))
    assert one(known, "13-1").point == at(2, 0)
    assert one(known, "13").point == at(1, 0)


def test_a_letter_is_part_of_the_number() -> None:
    known = numbers(address("甲路", "13", at(1, 0)), address("甲路", "13B", at(2, 0)))
    assert one(known, "13b").point == at(2, 0)


def test_a_house_of_several_numbers() -> None:
    known = numbers(address("甲路", "8-12", at(1, 0)), address("甲路", "14", at(3, 0)))
    assert one(known, "10") == House(at(1, 0), IN_A_RANGE, None, "8-12")
    across = House(at(1, 0), NEAR, PlaceNote.NEAR_NUMBER, "8-12")
    assert one(known, "11") == across


def test_between_neighbours_of_the_same_side() -> None:
    known = numbers(
        address("甲路", "10", at(1, 0.2)),
        address("甲路", "20", at(6, 0.2)),
        address("甲路", "11", at(1, -0.2)),
        address("甲路", "21", at(6, -0.2)),
    )
    even, odd = one(known, "14"), one(known, "15")
    assert (even.share, even.note, even.number) == (BETWEEN, PlaceNote.BETWEEN_NUMBERS, "10–20")
    assert near(even.point, 3, 0.2)
    assert near(odd.point, 3, -0.2)


def test_between_neighbours_of_both_sides_where_one_side_has_none() -> None:
    known = numbers(address("甲路", "10", at(1, 0)), address("甲路", "20", at(6, 0)))
    assert one(known, "15").share == OTHER_SIDE
    assert near(one(known, "15").point, 3.5, 0)


def test_near_the_last_number() -> None:
    known = numbers(address("甲路", "10", at(1, 0)), address("甲路", "20", at(6, 0)))
    assert one(known, "24") == House(at(6, 0), NEAR, PlaceNote.NEAR_NUMBER, "20")
    assert known.houses(["甲路"], "100") == []


def test_far_neighbours_tell_nothing_of_what_lies_between() -> None:
    known = numbers(
        *(address("甲路", str(2 + 2 * i), at(i * 5, 0)) for i in range(3)),
        *(address("甲路", str(400 + 2 * i), at(10 + i * 5, 0)) for i in range(5)),
    )
    far = numbers(address("甲路", "2", at(0, 0)), address("甲路", "400", at(7.9, 0)))
    assert one(known, "200").note is PlaceNote.BETWEEN_NUMBERS
    assert one(far, "200").note is PlaceNote.BETWEEN_NUMBERS
    apart = numbers(address("甲路", "2", at(0, 0)), address("甲路", "400", at(30, 0)))
    assert apart.houses(["甲路"], "200") == []


def test_streets_of_one_name_have_a_house_each() -> None:
    known = numbers(address("甲路", "1", at(0, 0)), address("甲路", "1", at(30, 0)))
    assert [house.point for house in known.houses(["甲路"], "1")] == [at(0, 0), at(30, 0)]


def test_any_spelling_of_the_street() -> None:
    known = numbers(address("Avinguda de l'Estació", "3", at(1, 0)))
    assert known.houses(["Av. Estacio"], "3")[0].point == at(1, 0)
    assert known.houses(["", "Av. Estacio"], "3")[0].point == at(1, 0)
    assert known.houses(["Carrer Major"], "3") == []


def test_numbers_without_digits_are_no_numbers() -> None:
    assert numbers(address("甲路", "s/n", at(1, 0))).houses(["甲路"], "1") == []


def test_the_middle_of_a_street_that_only_houses_name() -> None:
    known = numbers(*(address("乙路", str(n), at(n, 0)) for n in (1, 2, 9)))
    assert known.middle("乙路") == at(2, 0)
