"""Every name of a network with all that bears it."""

from roadnets.network import RoadNetwork
from roadnets.places.addresses import HouseNumbers
from roadnets.places.found import FoundKind
from roadnets.places.known import KnownNames, gate_labels
from roadnets.places.streets import NamedStreets
from tests.roadnets.places.towns import address, at, compound, gate, point, town


def known(network: RoadNetwork) -> dict[tuple[str, ...], list[FoundKind]]:
    streets = NamedStreets(network)
    names = KnownNames(network, streets, HouseNumbers(network, streets))
    kinds = ([bearer.kind for bearer in bearers] for bearers in names.bearers)
    return dict(zip(names.spellings, kinds, strict=True))


def test_streets_by_name_and_number() -> None:
    network = town([("甲路", "A Road", [(0, 0), (1, 0)])], refs={"甲路": "G4;G5"})
    street = [FoundKind.STREET]
    assert known(network) == {
        ("甲路", "A Road", "G4;G5甲路"): street,
        ("G4",): street,
        ("G5",): street,
    }


def test_things_of_one_name_share_it() -> None:
    shops = [point("书店", at(0, 0)), point("书店", at(1, 0))]
    names = known(town([("", "", [(0, 0), (1, 0)])], shops))
    assert names == {("书店",): [FoundKind.POINT, FoundKind.POINT]}


def test_a_name_without_its_city_and_in_rough_english() -> None:
    names = known(town([("", "", [(0, 0), (1, 0)])], [point("澜江市人民医院", at(0, 0))]))
    assert list(names) == [("澜江市人民医院", "Lanjiangshirenmin Hospital", "人民医院")]


def test_a_gate_has_its_own_name_and_that_of_its_compound() -> None:
    things = [compound("阳光花园", at(0, 0), "Sunshine Garden"), gate("阳光花园", at(0, 0), "北门")]
    spellings = [
        text for texts in known(town([("", "", [(0, 0), (1, 0)])], things)) for text in texts
    ]
    assert {"北门", "阳光花园北门", "阳光花园"} <= set(spellings)


def test_gate_labels() -> None:
    assert gate_labels(gate("", at(0, 0), number="3")) == ("3号门", "Gate 3")
    assert gate_labels(gate("", at(0, 0), number="A"))[:2] == ("A口", "Exit A")
    assert gate_labels(gate("", at(0, 0), name="北门")) == ("北门",)


def test_a_street_that_only_houses_name_is_known_once() -> None:
    houses = [address("甲路", "1", at(0, 0)), address("无图路", "1", at(0, 0))]
    names = known(town([("甲路", "A Road", [(0, 0), (1, 0)])], houses))
    assert [kinds for texts, kinds in names.items() if "无图路" in texts] == [[FoundKind.ADDRESS]]
    assert [kinds for texts, kinds in names.items() if "甲路" in texts] == [[FoundKind.STREET]]
