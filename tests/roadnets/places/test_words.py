"""Texts as they are compared."""

import pytest

from roadnets.places.words import chinese_numbers_as_digits, corrected, flatten, fold, form_of


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Avinguda d'Enclar", "avinguda d enclar"),
        ("São João", "sao joao"),
        ("Col·lecció", "colleccio"),
        ("Ørsted Łódź Straße", "orsted lodz strasse"),
        ("ＡＢＣ１２３　路", "abc123 路"),
        ("解放大道（北段）", "解放大道 北段"),
        ("  a \t b\u200e ", "a b"),
        ("G4-S87", "g4 s87"),
        ("", ""),
        ("…", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("第三街", "第3街"),
        ("十二号", "12号"),
        ("一百二十八号", "128号"),
        ("二十号", "20号"),
        ("一千零五号", "1005号"),
        ("第二十三中学", "第23中学"),
        ("二〇二号", "202号"),
        ("五一路", "51路"),
        ("三元桥", "三元桥"),
        ("四季花园", "四季花园"),
        ("百花园", "百花园"),
        ("纬三路与经七路", "纬3路与经7路"),
    ],
)
def test_numbers_in_chinese(text: str, digits: str) -> None:
    assert chinese_numbers_as_digits(text) == digits


def test_digits_may_stay_chinese() -> None:
    assert fold("第三街", digits=False) == "第三街"


def test_flatten_keeps_what_a_query_needs() -> None:
    assert flatten("Ｇ４　Ｋ１２＋３００ ") == "G4 K12+300"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Avinguda de Tarragona", "Av. Tarragona"),
        ("AVDA TARRAGONA", "avinguda tarragona"),
        ("Jiefang Avenue", "jiefang ave"),
        ("Main Street", "main st."),
        ("Carrer Major", "c/ Major"),
        ("Sant Julià", "St. Julia"),
        ("Plaça del Poble", "plaza poble"),
        ("CG-1", "CG 1"),
        ("第十二街", "第12街"),
        ("Ctra. d'Arinsal", "Carretera Arinsal"),
    ],
)
def test_two_spellings_of_one_text(one: str, other: str) -> None:
    assert form_of(one).text == form_of(other).text


@pytest.mark.parametrize(
    ("one", "other"), [("人民路", "人民街"), ("第三街", "第四街"), ("North Road", "South Road")]
)
def test_two_texts(one: str, other: str) -> None:
    assert form_of(one).text != form_of(other).text


def test_core_is_the_name_without_its_kind() -> None:
    assert form_of("解放大道").core == "解放"
    assert form_of("京港澳高速公路").core == "京港澳"
    assert form_of("Carrer Major").core == "major"
    assert form_of("大道").core == "大道"


def test_numbers_and_script() -> None:
    assert form_of("第12街3号").numbers == (3, 12)
    assert form_of("Renmin 1st Street").numbers == (1,)
    assert form_of("Rd 3").is_latin
    assert not form_of("3号").is_latin


@pytest.mark.parametrize(
    ("typed", "right"),
    [("Jiefang Aveneu", "Jiefang Avenue"), ("avinguad Meritxell", "Avinguda Meritxell")],
)
def test_misprints_of_words_for_streets(typed: str, right: str) -> None:
    assert corrected(form_of(typed)) == form_of(right)


@pytest.mark.parametrize("text", ["Plana Major", "Place", "Carme", "解放大道", "Meritxell"])
def test_other_words_are_left_alone(text: str) -> None:
    assert corrected(form_of(text)) == form_of(text)


def test_little_words_alone_are_kept() -> None:
    assert form_of("La").text == "la"
