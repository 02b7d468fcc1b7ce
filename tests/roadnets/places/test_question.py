"""One text in every way that it may be read, before anything is ranked."""

from roadnets.network import RoadNetwork
from roadnets.places.addresses import BETWEEN, HouseNumbers
from roadnets.places.found import FoundKind, FoundPlace, NoPlace, PlaceNote
from roadnets.places.index import TYPED_SOUND, NameIndex
from roadnets.places.kilometres import KilometrePosts
from roadnets.places.known import KnownNames
from roadnets.places.question import LESS_TEXT, OTHER_DIRECTION, PASSING, STREET_ONLY, Question
from roadnets.places.streets import NamedStreets
from tests.roadnets.places.towns import address, at, post, town

STREETS = [
    ("甲子路", "Jiazi Road", [(0, 0), (10, 0), (20, 0)]),
    ("乙丑路", "Yichou Road", [(10, -5), (10, 0), (10, 5)]),
    ("高架路", "Gaojia Road", [(15, -5), (15, 5)]),
    ("丙寅街", "Bingyin Street", [(0, 9), (5, 9)]),
    ("东高速", "East Expressway", [(40, 0), (40, 30)]),
    ("东高速", "East Expressway", [(39.7, 30), (39.7, 0)]),
]
THINGS = [
    address("甲子路", "8", at(2, 0.2)),
    address("甲子路", "18", at(7, 0.2)),
    post("东高速", "1", at(40, 5)),
    post("东高速", "2", at(40, 15)),
]


def asked(text: str) -> tuple[list[FoundPlace], NoPlace]:
    network: RoadNetwork = town(STREETS, THINGS, oneway=["东高速"])
    streets = NamedStreets(network)
    numbers = HouseNumbers(network, streets)
    names = KnownNames(network, streets, numbers)
    posts = KilometrePosts(network, streets)
    question = Question(streets, numbers, posts, names, NameIndex(names.spellings))
    found = question.ask(text)
    return sorted(found, key=lambda place: -place.score), question.reason


def best(text: str) -> tuple[FoundKind, float, PlaceNote | None]:
    place = asked(text)[0][0]
    return place.kind, round(place.score, 6), place.note


def test_a_name_is_worth_what_it_fits() -> None:
    street = FoundKind.STREET
    assert best("甲子路") == (street, 1.0, PlaceNote.WHOLE_STREET)
    assert best("jiazilu") == (street, TYPED_SOUND, PlaceNote.WHOLE_STREET)
    assert best("甲子路附近") == (street, LESS_TEXT, PlaceNote.WHOLE_STREET)


def test_what_is_worked_out_is_worth_less() -> None:
    assert best("甲子路8号") == (FoundKind.ADDRESS, 1.0, None)
    assert best("甲子路12号") == (FoundKind.ADDRESS, BETWEEN, PlaceNote.BETWEEN_NUMBERS)
    assert best("甲子路999号") == (FoundKind.STREET, STREET_ONLY, PlaceNote.STREET_ONLY)
    assert best("甲子路与乙丑路") == (FoundKind.CROSSING, 1.0, None)
    assert best("甲子路与高架路") == (FoundKind.CROSSING, PASSING, PlaceNote.NEAREST_APPROACH)


def test_the_other_carriageway_is_worth_less() -> None:
    both, _ = asked("东高速K1+500")
    assert [place.score for place in both] == [1.0, 1.0]
    north, south = asked("东高速K1+500 北向")[0]
    assert (north.heading, south.heading) == (0, 180)
    assert south.score == OTHER_DIRECTION


def test_why_nothing_is_found() -> None:
    assert asked("zzyzx") == ([], NoPlace.UNKNOWN)


def test_streets_that_do_not_meet_are_both_told() -> None:
    found, reason = asked("甲子路与丙寅街")
    assert reason is NoPlace.APART
    assert sorted(place.name for place in found) == ["丙寅街", "甲子路"]
    for place in found:
        assert (place.kind, place.note) == (FoundKind.STREET, PlaceNote.STREETS_APART)
        assert place.approximate
        assert place.score == STREET_ONLY


def test_a_road_is_told_without_its_kilometre() -> None:
    for text, name in (("东高速K9", "东高速"), ("甲子路5公里", "甲子路")):
        found, reason = asked(text)
        assert reason is NoPlace.NO_POSTS
        assert {place.name for place in found} == {name}
        assert best(text) == (FoundKind.STREET, STREET_ONLY, PlaceNote.KILOMETRE_UNKNOWN)


def test_two_names_side_by_side_need_not_meet() -> None:
    found, reason = asked("甲子路丙寅街")
    assert reason is NoPlace.UNKNOWN
    assert {place.name for place in found} >= {"甲子路", "丙寅街"}
