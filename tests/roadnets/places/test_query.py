"""What a text may ask for."""

import pytest

from roadnets.places.query import (
    Gate,
    Kilometre,
    Numbered,
    read_crossing,
    read_gate,
    read_kilometre,
    read_locality,
    read_name,
    read_number,
)


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("解放大道与人民大道", "解放大道", "人民大道"),
        ("和平路和人民路交叉口", "和平路", "人民路"),
        ("解放大道、人民大道路口", "解放大道", "人民大道"),
        ("解放大道人民大道路口", "解放大道", "人民大道"),
        ("解放大道人民大道", "解放大道", "人民大道"),
        ("人民路和平路口", "人民路", "和平路"),
        ("A Road / B Road", "A Road", "B Road"),
        ("Jiefang Ave & Renmin Ave", "Jiefang Ave", "Renmin Ave"),
        ("corner of A Road and B Road", "A Road", "B Road"),
        ("the intersection of A Road with B Road", "A Road", "B Road"),
        ("Carrer Major amb Avinguda Carlemany", "Carrer Major", "Avinguda Carlemany"),
        ("jiefang lu he renmin lu", "jiefang lu", "renmin lu"),
        ("第三街与第二路", "第3街", "第2路"),
    ],
)
def test_crossings(text: str, one: str, other: str) -> None:
    assert (one, other) in [(asked.one, asked.other) for asked in read_crossing(text)]


def test_whether_a_text_is_sure_of_its_crossing() -> None:
    sure = {
        text: read_crossing(text)[0].sure for text in ("甲路与乙路", "甲路与乙路路口", "甲路/乙路")
    }
    assert list(sure.values()) == [False, True, True]
    assert read_crossing("甲路乙路")[0].side_by_side
    assert not read_crossing("甲路与乙路")[0].side_by_side


@pytest.mark.parametrize("text", ["解放大道", "Carrer Major", "和平", "北门", ""])
def test_no_crossing(text: str) -> None:
    assert read_crossing(text) == []


@pytest.mark.parametrize(
    ("text", "street", "number"),
    [
        ("解放大道128号", "解放大道", "128"),
        ("解放大道128號", "解放大道", "128"),
        ("解放大道一百二十八号", "解放大道", "128"),
        ("解放大道128", "解放大道", "128"),
        ("解放大道 128-1号", "解放大道", "128-1"),
        ("解放大道128号3号楼", "解放大道", "128"),
        ("第三街12号", "第3街", "12"),
        ("长乐路123弄", "长乐路", "123"),
        ("Carrer Major 12", "Carrer Major", "12"),
        ("Carrer Major, 12", "Carrer Major", "12"),
        ("Carrer Major 12B", "Carrer Major", "12B"),
        ("Carrer Major 12-14, Encamp", "Carrer Major", "12-14"),
        ("12 Carrer Major", "Carrer Major", "12"),
        ("12, Carrer Major", "Carrer Major", "12"),
        ("No. 128 Jiefang Avenue", "Jiefang Avenue", "128"),
        ("Jiefang Avenue no 128", "Jiefang Avenue", "128"),
        ("jiefang dadao 128 hao", "jiefang dadao", "128"),
    ],
)
def test_house_numbers(text: str, street: str, number: str) -> None:
    assert Numbered(street, number) in read_number(text)


@pytest.mark.parametrize("text", ["解放大道", "阳光花园3号门", "地铁2号线", "CG-1", "12"])
def test_no_house_number(text: str) -> None:
    assert read_number(text) == []


@pytest.mark.parametrize(
    ("text", "road", "kilometre", "heading"),
    [
        ("G4高速 K123+400", "G4高速", 123.4, None),
        ("G4高速K123+400米处", "G4高速", 123.4, None),
        ("G4 K123+40", "G4", 123.04, None),
        ("京港澳高速123公里", "京港澳高速", 123.0, None),
        ("京港澳高速123公里400米", "京港澳高速", 123.4, None),
        ("京港澳高速12.5千米处", "京港澳高速", 12.5, None),
        ("京港澳高速K123", "京港澳高速", 123.0, None),
        ("CG-1 km 12.4", "CG-1", 12.4, None),
        ("CG-1, pk 12,4", "CG-1", 12.4, None),
        ("CG-1 12.4 km", "CG-1", 12.4, None),
        ("km 12.4 of the CG-1", "CG-1", 12.4, None),
        ("K12+300 S87", "S87", 12.3, None),
        ("S87 北向 K12", "S87", 12.0, 0),
        ("S87 K12 往东南方向", "S87", 12.0, 135),
        ("S87 southbound km 3", "S87", 3.0, 180),
    ],
)
def test_kilometres(text: str, road: str, kilometre: float, heading: int | None) -> None:
    assert read_kilometre(text) == Kilometre(road, pytest.approx(kilometre), heading)


@pytest.mark.parametrize("text", ["解放大道128号", "京港澳高速", "Carrer Major 12", "km", "K"])
def test_no_kilometre(text: str) -> None:
    assert read_kilometre(text) is None


@pytest.mark.parametrize(
    ("text", "compound", "gate"),
    [
        ("阳光花园3号门", "阳光花园", "3号门"),
        ("阳光花园三号门", "阳光花园", "3号门"),
        ("阳光花园北门", "阳光花园", "北门"),
        ("阳光花园的东北门", "阳光花园", "东北门"),
        ("深大站A口", "深大站", "A口"),
        ("Sunshine Garden Gate 3", "Sunshine Garden", "Gate 3"),
        ("Sunshine Garden, North Gate", "Sunshine Garden", "North Gate"),
        ("north gate of the Sunshine Garden", "Sunshine Garden", "north gate"),
    ],
)
def test_gates(text: str, compound: str, gate: str) -> None:
    assert read_gate(text) == Gate(compound, gate)


@pytest.mark.parametrize("text", ["北门", "天安门", "阳光花园", "Gate 3"])
def test_no_gate_of_a_compound(text: str) -> None:
    assert read_gate(text) is None


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("人民医院附近", "人民医院"),
        ("我在人民医院门口", "人民医院"),
        ("near Carrer Major", "Carrer Major"),
        ("湖北省武汉市解放大道", "解放大道"),
        ("澜江市江南区解放大道128号对面", "解放大道128号"),
    ],
)
def test_names_without_what_stands_around_them(text: str, shorter: str) -> None:
    assert read_name(text)[0] == text
    assert shorter in read_name(text)


def test_the_name_of_a_district_may_be_part_of_a_name() -> None:
    assert read_name("高新区医院") == ["高新区医院", "医院"]


@pytest.mark.parametrize(
    ("text", "rest", "locality", "sure"),
    [
        ("Carrer Major, Encamp", "Carrer Major", "Encamp", True),
        ("Carrer Major Encamp", "Carrer Major", "Encamp", False),
        ("Carrer Major, Andorra la Vella", "Carrer Major", "Andorra la Vella", True),
        ("江南区解放大道", "解放大道", "江南区", True),
        ("澜江市江南区解放大道", "解放大道", "江南区", True),
    ],
)
def test_villages_and_districts(text: str, rest: str, locality: str, sure: bool) -> None:
    assert (rest, locality, sure) in read_locality(text)
