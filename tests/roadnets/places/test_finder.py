"""What a caller says to the places that it may mean: on a town made by hand, and on Lanjiang."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadnets.errors import PlaceTextError
from roadnets.geo import LonLat, distance_m
from roadnets.imports.assemble import assemble
from roadnets.network import HIGHWAY_CLASSES, Bounds, EdgeFlag, RoadNetwork
from roadnets.places import FoundKind, FoundPlace, NoPlace, PlaceFinder, PlaceNote
from roadnets.places.found import HALF_KNOWN
from roadnets.places.pinyin import readings
from roadnets.sources import osmfile
from tests.data import data
from tests.roadnets.places.towns import address, at, compound, gate, locality, point, town

STREETS = [
    ("甲子路", "Jiazi Road", [(0, 0), (10, 0), (20, 0)]),
    ("乙丑路", "Yichou Road", [(10, -5), (10, 0), (10, 5)]),
    ("丙寅街", "Bingyin Street", [(0, 9), (5, 9)]),
    ("三元桥", "Sanyuan Bridge", [(20, 0), (20, 5)]),
    ("Carrer Major", "", [(100, 0), (102, 0)]),
    ("Carrer Major", "", [(200, 0), (202, 0)]),
    ("Rotonda Km. 0", "", [(0, 20), (1, 20)]),
]
LANDMARKS = [
    address("甲子路", "8", at(2, 0.2)),
    address("甲子路", "18", at(7, 0.2)),
    address("无图路", "5", at(3, 3)),
    address("无图路", "7", at(3.4, 3)),
    compound("阳光花园", at(5, 5), "Sunshine Garden"),
    gate("阳光花园", at(5, 4), number="3"),
    gate("阳光花园", at(5, 6), name="北门"),
    gate("月光花园", at(15, 6), name="北门"),
    gate("钟楼", at(6, 6), number="A"),
    point("新华书店", at(4, 0.3)),
    point("新华书店", at(4, -0.3)),
    point("新华书店", at(18, 0.3)),
    locality("Vila", at(100, 3)),
    locality("Poble", at(200, 3)),
]


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    return town(STREETS, LANDMARKS, refs={"甲子路": "G4"})


@pytest.fixture(scope="module")
def finder(network: RoadNetwork) -> PlaceFinder:
    return PlaceFinder(network)


@pytest.fixture(scope="session")
def lanjiang(sample_network: RoadNetwork) -> PlaceFinder:
    return PlaceFinder(sample_network)


# ---- what is told -------------------------------------------------------------------------------


def test_a_street_is_told_by_its_middle(finder: PlaceFinder, network: RoadNetwork) -> None:
    found = finder.find("甲子路")[0]
    assert (found.kind, found.name, found.name_en) == (FoundKind.STREET, "甲子路", "Jiazi Road")
    assert (found.score, found.note, found.approximate) == (1.0, PlaceNote.WHOLE_STREET, True)
    assert found.edge is not None
    assert network.edge_names(found.edge)[0] == "甲子路"


def test_a_crossing(finder: PlaceFinder) -> None:
    found = finder.find("甲子路与乙丑路")[0]
    assert (found.kind, found.name) == (FoundKind.CROSSING, "甲子路 / 乙丑路")
    assert found.name_en == "Jiazi Road / Yichou Road"
    assert (found.score, found.approximate, found.note) == (1.0, False, None)
    assert distance_m(found.point, at(10, 0)) < 1


def test_a_house(finder: PlaceFinder) -> None:
    found = finder.find("甲子路8号")[0]
    assert (found.kind, found.name, found.name_en) == (
        *(FoundKind.ADDRESS, "甲子路8号", "8 Jiazi Road"),
    )
    assert (found.point, found.score, found.approximate) == (at(2, 0.2), 1.0, False)
    assert found.edge is not None


def test_a_house_between_two_others(finder: PlaceFinder) -> None:
    found = finder.find("甲子路12号")[0]
    assert (found.note, found.approximate) == (PlaceNote.BETWEEN_NUMBERS, True)
    assert (found.name, found.detail) == ("甲子路12号", "8–18")
    assert distance_m(found.point, at(4, 0.2)) < 1


def test_a_house_that_nobody_knows_gives_the_street(finder: PlaceFinder) -> None:
    found = finder.find("甲子路999号")[0]
    assert (found.kind, found.note) == (FoundKind.STREET, PlaceNote.STREET_ONLY)
    assert found.score < 0.7


def test_a_street_that_only_houses_name(finder: PlaceFinder) -> None:
    assert finder.find("无图路7号")[0].point == at(3.4, 3)
    street = finder.find("无图路")[0]
    assert (street.kind, street.edge, street.note) == (
        *(FoundKind.STREET, None, PlaceNote.WHOLE_STREET),
    )


def test_gates(finder: PlaceFinder) -> None:
    assert finder.find("阳光花园三号门")[0].point == at(5, 4)
    assert finder.find("阳光花园北门")[0].point == at(5, 6)
    assert finder.find("Sunshine Garden Gate 3")[0].point == at(5, 4)
    assert finder.find("钟楼站A口")[0].point == at(6, 6)
    named = finder.find("阳光花园3号门")[0]
    assert (named.kind, named.name, named.name_en) == (
        *(FoundKind.GATE, "阳光花园3号门", "Sunshine Garden Gate 3"),
    )


def test_a_gate_that_is_not_on_the_map_gives_its_compound(finder: PlaceFinder) -> None:
    found = finder.find("阳光花园9号门")
    assert (found[0].kind, found[0].note) == (FoundKind.COMPOUND, PlaceNote.GATE_UNKNOWN)
    assert found[0].approximate
    assert found[0].score > max(place.score for place in found if place.kind is FoundKind.GATE)


def test_a_gate_by_itself(finder: PlaceFinder) -> None:
    found = [place for place in finder.find("北门") if place.score == 1]
    assert [place.name for place in found] == ["月光花园北门", "阳光花园北门"]


def test_a_name_that_sounds_like_a_kilometre(finder: PlaceFinder) -> None:
    assert finder.find("Rotonda Km. 0")[0].name == "Rotonda Km. 0"


def test_the_village_of_a_street(finder: PlaceFinder) -> None:
    east = finder.find("Carrer Major, Poble")
    west = finder.find("Carrer Major Vila")
    assert [place.detail for place in (east[0], west[0])] == ["Poble", "Vila"]
    assert east[1].score < east[0].score


def test_two_sides_of_one_stop_are_one(finder: PlaceFinder) -> None:
    found = [place for place in finder.find("新华书店") if place.score == 1]
    assert len(found) == 2
    assert distance_m(found[0].point, found[1].point) > 1000


# ---- order and choice ---------------------------------------------------------------------------


def test_of_equals_the_nearer_comes_first(finder: PlaceFinder) -> None:
    for x in (100, 200):
        first = finder.find("Carrer Major", near=at(x, 0))[0]
        assert distance_m(first.point, at(x + 1, 0)) < 150
    # What fits better comes first however far it is.
    assert finder.find("甲子路", near=at(10, 5))[0].name == "甲子路"


def test_only_within_bounds(finder: PlaceFinder) -> None:
    west, south = at(150, -10)
    east, north = at(250, 10)
    found = finder.find("Carrer Major", bounds=Bounds(west, south, east, north))
    assert len(found) == 1
    assert west < found[0].point.lon < east


def test_at_most_limit(finder: PlaceFinder) -> None:
    assert len(finder.find("路", limit=2)) == 2
    assert finder.find("甲子路", limit=1) == finder.find("甲子路")[:1]


def test_scores_fall_and_lie_between_0_and_1(finder: PlaceFinder) -> None:
    scores = [round(place.score, 2) for place in finder.find("甲子路 8", limit=50)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_the_same_each_time_and_from_every_thread(network: RoadNetwork) -> None:
    texts = ["甲子路", "jiazi lu", "甲子路与乙丑路", "甲子路12号", "北门", "Carrer Major, Poble"]
    expected = [PlaceFinder(network).answer(text) for text in texts]
    shared = PlaceFinder(network)
    seen: list[object] = []
    threads = [
        threading.Thread(target=lambda: seen.append([shared.answer(text) for text in texts]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [expected] * 4


# ---- nothing found, nonsense asked --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("zzyzx", NoPlace.UNKNOWN),
        ("囧", NoPlace.UNKNOWN),
    ],
)
def test_why_nothing_was_found(finder: PlaceFinder, text: str, reason: NoPlace) -> None:
    answer = finder.answer(text)
    assert (answer.places, answer.reason) == ((), reason)
    assert finder.find(text) == []


@pytest.mark.parametrize(
    ("text", "reason", "names"),
    [
        ("甲子路与丙寅街", NoPlace.APART, ["丙寅街", "甲子路"]),
        ("Jiazi Road & Bingyin Street", NoPlace.APART, ["丙寅街", "甲子路"]),
        ("甲子路5公里", NoPlace.NO_POSTS, ["甲子路"]),
        ("G4 K123+400", NoPlace.NO_POSTS, ["甲子路"]),
    ],
)
def test_half_of_what_was_asked_for_is_told_with_the_reason(
    finder: PlaceFinder, text: str, reason: NoPlace, names: list[str]
) -> None:
    answer = finder.answer(text)
    assert answer.reason is reason
    assert sorted(place.name for place in answer.places) == names
    assert all(HALF_KNOWN[place.note] is reason for place in answer.places if place.note)
    assert all(place.approximate and place.note and place.score < 0.7 for place in answer.places)


def test_something_found_needs_no_reason(finder: PlaceFinder) -> None:
    assert finder.answer("甲子路").reason is None


@pytest.mark.parametrize("text", ["", "   ", "…", "?!", "\u200b"])
def test_an_empty_text_is_refused(finder: PlaceFinder, text: str) -> None:
    with pytest.raises(PlaceTextError, match="text is"):
        finder.find(text)


def test_a_long_text_is_refused(finder: PlaceFinder) -> None:
    finder.find("路" * 200)
    with pytest.raises(PlaceTextError, match=r"text has 201 characters; allowed: 1 to 200"):
        finder.find("路" * 201)


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_limit_out_of_range_is_refused(finder: PlaceFinder, limit: int) -> None:
    with pytest.raises(PlaceTextError, match=f"limit is {limit}; allowed: 1 to 100"):
        finder.find("甲子路", limit)


@pytest.mark.parametrize("near", [LonLat(181, 0), LonLat(0, float("nan"))])
def test_a_point_off_the_earth_is_refused(finder: PlaceFinder, near: LonLat) -> None:
    with pytest.raises(PlaceTextError, match="near is"):
        finder.find("甲子路", near=near)


def test_a_network_without_any_name() -> None:
    bare = PlaceFinder(town([("", "", [(0, 0), (1, 0)])]))
    assert bare.answer("甲子路").reason is NoPlace.UNKNOWN


@settings(max_examples=80, deadline=None)
@given(st.text("甲子乙丑路街与和号门区市十12 ,/&+.Kkm公里北的'\"*()ab", min_size=1, max_size=40))
def test_any_text_is_answered_or_refused(finder: PlaceFinder, text: str) -> None:
    try:
        answer = finder.answer(text)
    except PlaceTextError:
        assert not any(character.isalnum() for character in text)
        return
    half = not answer.places or answer.places[0].note in HALF_KNOWN
    assert (answer.reason is not None) == half
    assert all(0 < place.score <= 1 for place in answer.places)


# ---- Lanjiang -----------------------------------------------------------------------------------

STREET, CROSSING, ADDRESS = FoundKind.STREET, FoundKind.CROSSING, FoundKind.ADDRESS
COMPOUND, GATE, POINT = FoundKind.COMPOUND, FoundKind.GATE, FoundKind.POINT
POST, PLACE = FoundKind.KILOMETRE_POST, FoundKind.PLACE


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("解放大道", STREET, "解放大道"),
        ("jiefang dadao", STREET, "解放大道"),
        ("jiefangdadao", STREET, "解放大道"),
        ("jiěfàng dàdào", STREET, "解放大道"),
        ("jie3fang4da4dao4", STREET, "解放大道"),
        ("jfdd", STREET, "解放大道"),
        ("Jiefang Avenue", STREET, "解放大道"),
        ("JIEFANG AV.", STREET, "解放大道"),
        ("jiefang aveneu", STREET, "解放大道"),
        ("解放大到", STREET, "解放大道"),
        ("姐放大道", STREET, "解放大道"),
        ("鏡湖路", STREET, "镜湖路"),
        ("解放大道附近", STREET, "解放大道"),
        ("澜江市江南区解放大道", STREET, "解放大道"),
        ("古井1巷", STREET, "古井一巷"),
        ("gujing yi xiang", STREET, "古井一巷"),
        ("zhangle jie", STREET, "长乐街"),
        ("东风大桥", STREET, "东风大桥"),
        ("dongfeng bridge", STREET, "东风大桥"),
        ("解放大道与人民大道", CROSSING, "解放大道 / 人民大道"),
        ("人民大道和解放大道交叉口", CROSSING, "人民大道 / 解放大道"),
        ("镜湖路人民大道路口", CROSSING, "镜湖路 / 人民大道"),
        ("Jinghu Rd & Renmin Ave", CROSSING, "镜湖路 / 人民大道"),
        ("corner of Jinghu Road and Renmin Avenue", CROSSING, "镜湖路 / 人民大道"),
        ("jinghu lu he renmin dadao", CROSSING, "镜湖路 / 人民大道"),
        ("解放大道124号", ADDRESS, "解放大道124号"),
        ("解放大道一百二十四号", ADDRESS, "解放大道124号"),
        ("解放大道126号", ADDRESS, "解放大道126号"),
        ("124 Jiefang Avenue", ADDRESS, "解放大道124号"),
        ("Jiefang Ave 124", ADDRESS, "解放大道124号"),
        ("jiefang dadao 124 hao", ADDRESS, "解放大道124号"),
        ("阳光花园", COMPOUND, "阳光花园"),
        ("yangguang huayuan", COMPOUND, "阳光花园"),
        ("yghy", COMPOUND, "阳光花园"),
        ("阳光花园1号门", GATE, "阳光花园1号门"),
        ("阳光花园一号门", GATE, "阳光花园1号门"),
        ("Sunshine Garden, Gate 1", GATE, "阳光花园1号门"),
        ("gate 1 of Sunshine Garden", GATE, "阳光花园1号门"),
        ("阳光花园9号门", COMPOUND, "阳光花园"),
        ("澜江大学南门", GATE, "澜江大学南门"),
        ("钟楼站A口", GATE, "钟楼A口"),
        ("S87 K5+500", POST, "澜绕高速 K5+500"),
        ("澜绕高速7公里", POST, "澜绕高速 K7+000"),
        ("S87 km 7.4", POST, "澜绕高速 K7+400"),
        ("第一人民医院", PLACE, "澜江市第一人民医院"),
        ("jiangnan renmin yiyuan", PLACE, "江南人民医院"),
        ("jiangnan peoples hospital", PLACE, "江南人民医院"),
        ("我在北山寺门口", POINT, "北山寺"),
        ("人民商場", POINT, "人民商场"),
        ("江南区", FoundKind.DISTRICT, "江南区"),
        ("Liushu Village", FoundKind.LOCALITY, "柳树村"),
    ],
)
def test_lanjiang(lanjiang: PlaceFinder, text: str, kind: FoundKind, name: str) -> None:
    first = lanjiang.find(text)[0]
    assert (first.kind, first.name) == (kind, name)


def test_both_carriageways_of_the_motorway(
    lanjiang: PlaceFinder, sample_network: RoadNetwork
) -> None:
    found = lanjiang.find("S87 K5+500")
    headings = sorted(place.heading or 0 for place in found)
    assert len(found) == 2
    assert abs(headings[1] - headings[0] - 180) < 20
    for place in found:
        assert place.edge is not None
        edge_class = HIGHWAY_CLASSES[sample_network.edge_class[place.edge]]
        assert (edge_class, place.detail) == ("motorway", "S87")
    southwards = lanjiang.find("S87 K5+500 南向")
    assert southwards[0].heading == pytest.approx(180, abs=45)
    assert southwards[1].score < 0.7


def test_every_street_of_lanjiang_finds_itself(
    lanjiang: PlaceFinder, sample_network: RoadNetwork
) -> None:
    """By its own name, its English one, and its pinyin in one word and in several."""
    streets = sample_network.edge_name[~sample_network.has_flag(EdgeFlag.WATER)]
    lost = [
        (text, name)
        for index in sorted({int(name) for name in streets})[1::12]
        for name in (sample_network.names[index],)
        for text in (name, sample_network.names_en[index], *_pinyin(name))
        if not _is_among_the_best(lanjiang.find(text), name)
    ]
    assert lost == []


def _pinyin(name: str) -> tuple[str, str]:
    sound = readings(name)[0]
    return sound.text, " ".join(sound.words)


def _is_among_the_best(found: list[FoundPlace], name: str) -> bool:
    best = found[0].score if found else 0.0
    return any(p.kind is STREET and p.name == name and p.score > best - 0.005 for p in found)


# ---- real cities --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def andorra() -> PlaceFinder:
    return PlaceFinder(assemble(osmfile.read(data("andorra/andorra.osm.pbf"))))


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Avinguda Carlemany", STREET, "Avinguda Carlemany"),
        ("av. carlemany", STREET, "Avinguda Carlemany"),
        ("avinguad meritxel", STREET, "Avinguda Meritxell"),
        ("Avinguda Meritxell 12", ADDRESS, "Avinguda Meritxell 12"),
        ("Avinguda Carlemany, 70", ADDRESS, "Avinguda Carlemany 70"),
        ("70 Avinguda Carlemany", ADDRESS, "Avinguda Carlemany 70"),
        ("hospital meritxell", PLACE, "Hospital de Nostra Senyora de Meritxell"),
        ("El Tarter I", GATE, "El Tarter I"),
        ("encamp", FoundKind.LOCALITY, "Encamp"),
    ],
)
def test_andorra(andorra: PlaceFinder, text: str, kind: FoundKind, name: str) -> None:
    found = [(place.kind, place.name) for place in andorra.find(text)[:1]]
    assert found == [(kind, name)]


def test_each_village_of_andorra_has_its_main_street(andorra: PlaceFinder) -> None:
    villages = ["Encamp", "Ordino", "La Massana", "Canillo"]
    found = {v: andorra.find(f"Carrer Major, {v}")[0] for v in villages}
    assert {v: (p.name, p.detail) for v, p in found.items()} == {
        v: ("Carrer Major", v) for v in villages
    }


@pytest.fixture(scope="module")
def nanshan() -> PlaceFinder:
    return PlaceFinder(assemble(osmfile.read(data("shenzhen/nanshan.osm.bz2"))))


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("深南大道", STREET, "深南大道"),
        ("shennan dadao", STREET, "深南大道"),
        ("sndd", STREET, "深南大道"),
        ("Shennan Blvd", STREET, "深南大道"),
        ("深南大到", STREET, "深南大道"),
        ("深圳市南山区深南大道", STREET, "深南大道"),
        ("南海大道与深南大道", CROSSING, "南海大道 / 深南大道"),
        ("南海大道3688号", ADDRESS, "南海大道3688号"),
        ("深圳大学北门", GATE, "深圳大学北门"),
        ("高新园A口", GATE, "高新园A"),
        ("荔香公园东南门", GATE, "荔香公园东南门"),
    ],
)
def test_nanshan(nanshan: PlaceFinder, text: str, kind: FoundKind, name: str) -> None:
    found = [(place.kind, place.name) for place in nanshan.find(text)[:1]]
    assert found == [(kind, name)]
