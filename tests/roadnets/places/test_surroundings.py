"""What tells a place from others of its name."""

from dataclasses import replace

from roadnets.beside import District
from roadnets.network import RoadNetwork
from roadnets.places.found import FoundKind, FoundPlace
from roadnets.places.streets import NamedStreets
from roadnets.places.surroundings import Surroundings
from tests.roadnets.places.towns import at, locality, town


def make(network: RoadNetwork) -> Surroundings:
    return Surroundings(network, NamedStreets(network))


def found(kind: FoundKind, x: float, y: float, name: str = "", detail: str = "") -> FoundPlace:
    return FoundPlace(kind, at(x, y), name, "", detail, 1.0)


VILLAGES = [locality("上村", at(0, 0), "Upper"), locality("下村", at(50, 0), "Lower")]
STREETS = [("甲路", "", [(0, 0), (50, 0)]), ("", "", [(0, 0), (0, 9)])]


def district(name: str, west: float, east: float) -> District:
    corners = [(west, -9), (east, -9), (east, 9), (west, 9), (west, -9)]
    return District("relation/1", name, "", 1, tuple(at(*corner) for corner in corners))


def test_the_street_beside_and_the_village_around() -> None:
    around = make(town(STREETS, VILLAGES))
    places = [
        found(FoundKind.POINT, 1, 1),
        found(FoundKind.STREET, 45, 0),
        found(FoundKind.POINT, 1, 8),
        found(FoundKind.STREET, 30, 0),
        found(FoundKind.LOCALITY, 0, 0, "上村"),
        found(FoundKind.ADDRESS, 1, 1, detail="3–9"),
    ]
    assert around.details(places) == ["甲路", "下村", "上村", "下村", "", "3–9"]
    assert around.details([]) == []


def test_districts_where_there_are_several() -> None:
    network = town(STREETS)
    two = replace(network, districts=(district("东区", 20, 60), district("西区", -9, 20)))
    one = replace(network, districts=(district("全市", -9, 60),))
    places = [found(FoundKind.STREET, 45, 0), found(FoundKind.DISTRICT, 45, 0, "东区")]
    assert make(two).details(places) == ["东区", ""]
    assert make(one).details(places) == ["", ""]


def test_localities_by_either_name() -> None:
    network = replace(town(STREETS, VILLAGES), districts=(district("东区", 20, 60),))
    around = make(network)
    assert around.locality("上村") == around.locality("UPPER") == at(0, 0)
    assert around.locality("东区") is not None
    assert around.locality("无此村") is None


def test_a_name_of_two_villages_tells_nothing() -> None:
    twice = make(town(STREETS, [locality("上村", at(0, 0)), locality("上村", at(50, 0))]))
    assert twice.locality("上村") is None
