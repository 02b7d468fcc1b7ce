"""How alike a text and a name are."""

import pytest

from roadnets.places.likeness import LEAST, OTHER_KIND, SAME_CORE, SAME_WORDS, Likeness
from roadnets.places.words import form_of


def likeness(asked: str, known: str) -> float:
    return Likeness(form_of(asked)).to(form_of(known))


def test_only_the_same_text_is_1() -> None:
    assert likeness("Av. Carlemany", "Avinguda Carlemany") == 1.0
    assert likeness("Carlemany Avinguda", "Avinguda Carlemany") == SAME_WORDS
    assert likeness("Carlemany", "Avinguda Carlemany") == SAME_CORE
    assert likeness("人民", "人民路") == SAME_CORE
    assert likeness("人民大道", "人民路") == OTHER_KIND


@pytest.mark.parametrize(
    ("asked", "better", "worse"),
    [
        ("阳光花园3号门", "阳光花园3号门", "阳光花园5号门"),
        ("解放大", "解放大道", "解放路"),
        ("avinguda meritxel", "Avinguda Meritxell", "Avinguda Carlemany"),
        ("hospital meritxell", "Hospital de Nostra Senyora de Meritxell", "Avinguda Meritxell"),
        ("carrer mayor", "Carrer Major", "Carrer Menor"),
        ("人民医院", "江南人民医院", "人民公园"),
        ("第3街", "第3街", "第4街"),
        ("Gate 3", "Gate 3", "Gate 4"),
    ],
)
def test_which_of_two_names_is_meant(asked: str, better: str, worse: str) -> None:
    assert likeness(asked, better) > likeness(asked, worse)


def test_other_numbers_cost_much() -> None:
    assert likeness("阳光花园3号门", "阳光花园5号门") < 0.7 * likeness(
        "阳光花园3号门", "阳光花园3号门"
    )


@pytest.mark.parametrize("known", ["Carrer de la Unió", "解放大道", "x"])
def test_what_has_little_in_common_is_0(known: str) -> None:
    assert likeness("Zzyzx Road", known) == 0.0


def test_nothing_between_0_and_least() -> None:
    names = ["解放路", "解放大道", "大道", "江南大道", "人民路", "解"]
    assert all(
        likeness("解放大道", name) == 0 or likeness("解放大道", name) >= LEAST for name in names
    )


def test_syllables_keep_their_order() -> None:
    asked, known = form_of("bei men da xue"), form_of("da xue bei men")
    assert Likeness(asked).to(known) == SAME_WORDS
    assert Likeness(asked, by_words=False).to(known) < SAME_WORDS
