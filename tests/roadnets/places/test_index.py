"""Names found by the pieces that they share with a text."""

import threading

import pytest

from roadnets.places.index import HOMOPHONE, SAME_INITIALS, TYPED_SOUND, NameIndex

NAMES = [
    ("解放大道", "Jiefang Avenue"),
    ("解放路", "Jiefang Road"),
    ("人民路", "Renmin Road"),
    ("北门",),
    ("Avinguda Carlemany",),
    ("Carrer Major",),
    ("G4", ""),
    ("长乐街",),
]


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex(NAMES)


@pytest.mark.parametrize(
    ("text", "number", "score"),
    [
        ("解放大道", 0, 1.0),
        ("Jiefang Ave", 0, 1.0),
        ("jiefangdadao", 0, TYPED_SOUND),
        ("解放大到", 0, HOMOPHONE),
        ("jfdd", 0, SAME_INITIALS),
        ("jfd", 0, SAME_INITIALS * 3 / 4),
        ("北门", 3, 1.0),
        ("beimen", 3, TYPED_SOUND),
        ("av carlemany", 4, 1.0),
        ("g4", 6, 1.0),
        ("zhangle jie", 7, TYPED_SOUND),
    ],
)
def test_the_best_name(index: NameIndex, text: str, number: int, score: float) -> None:
    best, how_well = index.find(text)[0]
    assert best == number
    assert how_well == pytest.approx(score)


def test_best_first_then_by_number(index: NameIndex) -> None:
    found = index.find("解放")
    assert [number for number, _ in found[:2]] == [0, 1]
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


@pytest.mark.parametrize("text", ["zzyzx", "囧", '"', "a OR b", "NEAR(", "*", "x'; DROP TABLE"])
def test_nothing_is_found_for_nonsense(index: NameIndex, text: str) -> None:
    assert index.find(text) == []


def test_no_names_at_all() -> None:
    assert NameIndex([]).find("解放大道") == []


def test_many_of_one_beginning_do_not_hide_the_exact_one() -> None:
    names = [(f"人民路{n}号院",) for n in range(300)]
    assert NameIndex([*names, ("人民路",)]).find("人民路")[0] == (300, 1.0)


def test_threads_share_it(index: NameIndex) -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.extend(index.find("解放大道")[:1] for _ in range(30)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[(0, 1.0)]] * 120
