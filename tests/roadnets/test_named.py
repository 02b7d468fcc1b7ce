"""Which objects of OpenStreetMap a caller may name."""

from pathlib import Path

import pytest

from roadnets.beside import Landmark, LandmarkKind
from roadnets.sources.named import parse_kilometre
from tests.roadnets.osmfiles import LAT, LON, STEP, Map

ADDRESS, COMPOUND, GATE = LandmarkKind.ADDRESS, LandmarkKind.COMPOUND, LandmarkKind.GATE
POINT, LOCALITY, POST = LandmarkKind.POINT, LandmarkKind.LOCALITY, LandmarkKind.KILOMETRE_POST


def landmarks(town: Map, folder: Path, **how: bool) -> tuple[Landmark, ...]:
    town.square()
    return town.read(folder, **how).landmarks


def told(town: Map, folder: Path) -> list[tuple[LandmarkKind, str]]:
    return [(thing.kind, thing.name) for thing in landmarks(town, folder)]


def place(thing: Landmark) -> tuple[float, float]:
    return round((thing.point.lon - LON) / STEP, 2), round((thing.point.lat - LAT) / STEP, 2)


def yard(town: Map, x: float, y: float, size: float = 0.5, **tags: str) -> int:
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
    return town.way(*corners, **tags)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"shop": "books"}, POINT),
        ({"amenity": "bank"}, POINT),
        ({"tourism": "hotel"}, POINT),
        ({"office": "company"}, POINT),
        ({"railway": "station"}, POINT),
        ({"highway": "bus_stop"}, POINT),
        ({"natural": "peak"}, POINT),
        ({"place": "village"}, LOCALITY),
        ({"place": "quarter"}, LOCALITY),
    ],
)
def test_a_named_point(tags: dict[str, str], kind: LandmarkKind, tmp_path: Path) -> None:
    town = Map()
    town.node(1, 1, name="某某", **tags)
    (found,) = landmarks(town, tmp_path)
    assert (found.kind, found.name, place(found)) == (kind, "某某", (1, 1))


@pytest.mark.parametrize(
    "tags",
    [
        {"place": "city"},
        {"place": "country"},
        {"railway": "signal"},
        {"natural": "tree_row"},
        {"highway": "crossing"},
        {"barrier": "bollard"},
        {"ele": "1200"},
        {"amenity": "hospital"},  # is a place already
    ],
)
def test_what_is_no_landmark(tags: dict[str, str], tmp_path: Path) -> None:
    town = Map()
    town.node(1, 1, name="某某", **tags)
    town.node(1, 2, shop="books")
    assert told(town, tmp_path) == []


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"landuse": "residential"}, COMPOUND),
        ({"amenity": "university"}, COMPOUND),
        ({"leisure": "park"}, COMPOUND),
        ({"building": "apartments"}, COMPOUND),
        ({"building": "yes"}, COMPOUND),
        ({"building": "yes", "shop": "mall"}, POINT),
        ({"building": "commercial"}, POINT),
        ({"natural": "water"}, POINT),
        ({"highway": "pedestrian", "area": "yes"}, POINT),
    ],
)
def test_a_named_area(tags: dict[str, str], kind: LandmarkKind, tmp_path: Path) -> None:
    town = Map()
    yard(town, 1, 1, name="某某", name__en="So-and-so", **tags)
    (found,) = landmarks(town, tmp_path)
    assert (found.kind, found.name, found.name_en) == (kind, "某某", "So-and-so")
    assert place(found) == (1.25, 1.25)


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "residential"},
        {"waterway": "river"},
        {"railway": "rail"},
        {"boundary": "administrative", "place": "town"},
    ],
)
def test_streets_rivers_rails_and_districts_are_no_landmarks(
    tags: dict[str, str], tmp_path: Path
) -> None:
    town = Map()
    yard(town, 1, 1, name="某某", **tags)
    assert told(town, tmp_path) == []


def test_an_area_of_several_outlines(tmp_path: Path) -> None:
    town = Map()
    outer = [town.way((1, 1), (2, 1), (2, 2)), town.way((2, 2), (1, 2), (1, 1))]
    members = [("way", way, "outer") for way in outer]
    town.relation(members, type="multipolygon", name="某大学", amenity="university")
    (found,) = landmarks(town, tmp_path)
    assert (found.kind, found.osm_id, place(found)) == (COMPOUND, "relation/1001", (1.5, 1.5))


def test_other_names_are_names_too(tmp_path: Path) -> None:
    town = Map()
    tags = {"short_name": "深大", "alt_name": "深圳大学;荔园", "old_name": "旧名"}
    town.node(1, 1, name="深圳大学", amenity="university", **tags)
    found = landmarks(town, tmp_path)
    assert [thing.name for thing in found] == ["深圳大学", "深大", "荔园", "旧名"]
    assert len({(thing.osm_id, thing.point) for thing in found}) == 1


def test_other_names_of_a_hospital(tmp_path: Path) -> None:
    town = Map()
    town.node(1, 1, name="第一人民医院", amenity="hospital", short_name="一院")
    assert told(town, tmp_path) == [(POINT, "一院")]


def test_invisible_characters_are_left_out(tmp_path: Path) -> None:
    town = Map()
    town.node(1, 1, name="大沙河公园\u200e ", leisure="park")
    assert told(town, tmp_path) == [(POINT, "大沙河公园")]


def test_the_exit_of_a_motorway(tmp_path: Path) -> None:
    town = Map()
    town.node(1, 1, highway="motorway_junction", ref="16A")
    (found,) = landmarks(town, tmp_path)
    assert (found.kind, found.name, found.number) == (POINT, "", "16A")


def test_addresses_of_points_and_areas(tmp_path: Path) -> None:
    town = Map()
    street = {"addr__street": "解放大道"}
    town.node(1, 1, addr__housenumber="128", **street)
    town.node(1, 2, shop="books", name="书店", addr__housenumber="130;132", **street)
    yard(town, 2, 2, building="yes", addr__housenumber="7", addr__place="柳树村")
    town.node(2, 1, addr__housenumber="9")  # of no street
    found = landmarks(town, tmp_path)
    assert [(t.kind, t.street, t.number) for t in found if t.kind is ADDRESS] == [
        (ADDRESS, "解放大道", "128"),
        (ADDRESS, "解放大道", "130"),
        (ADDRESS, "解放大道", "132"),
        (ADDRESS, "柳树村", "7"),
    ]
    assert [t.name for t in found if t.kind is POINT] == ["书店"]


def test_a_shop_and_its_building_have_one_address(tmp_path: Path) -> None:
    town = Map()
    tags = {"addr__street": "甲路", "addr__housenumber": "1"}
    town.node(1.01, 1.01, shop="books", **tags)
    yard(town, 1, 1, 0.02, building="yes", **tags)
    town.node(9, 1, **tags)  # of another street of that name
    assert len(landmarks(town, tmp_path)) == 2


def test_gates_and_what_they_lead_into(tmp_path: Path) -> None:
    town = Map()
    yard(town, 1, 1, 1, landuse="residential", name="阳光花园")
    yard(town, 1.2, 1.2, 0.2, building="apartments", name="一栋")
    town.node(1, 1.5, barrier="lift_gate", ref="3")
    town.node(1.3, 1.2, entrance="yes", name="东门")
    town.node(2.3, 1.5, barrier="gate", name="外门")  # 30 m outside
    town.node(2.9, 2.9, barrier="gate", name="孤门")
    town.node(2.8, 2.8, barrier="gate")
    town.node(2.7, 2.8, entrance="no", name="假门")
    gates = [thing for thing in landmarks(town, tmp_path) if thing.kind is GATE]
    assert [(gate.name, gate.number, gate.compound) for gate in gates] == [
        ("", "3", "阳光花园"),
        ("东门", "", "一栋"),
        ("外门", "", "阳光花园"),
        ("孤门", "", ""),
    ]


def test_a_gate_of_a_hospital(tmp_path: Path) -> None:
    town = Map()
    yard(town, 1, 1, 1, amenity="hospital", name="第一人民医院")
    town.node(1, 1.5, barrier="gate", name="北门")
    assert [gate.compound for gate in landmarks(town, tmp_path)] == ["第一人民医院"]


def test_entrances_of_the_underground(tmp_path: Path) -> None:
    town = Map()
    town.node(1, 1, railway="station", station="subway", name="深大")
    town.node(30, 1, railway="station", name="远站")
    town.node(1.2, 1, railway="subway_entrance", ref="A")
    town.node(20, 1, railway="subway_entrance", ref="B")
    gates = [thing for thing in landmarks(town, tmp_path) if thing.kind is GATE]
    assert [(gate.number, gate.compound, gate.street) for gate in gates] == [
        ("A", "深大", ""),
        ("B", "", ""),
    ]


@pytest.mark.parametrize(
    ("tags", "street", "number"),
    [
        ({"distance": "123.4"}, "", "123.4"),
        ({"distance": "12,5 km"}, "", "12.5"),
        ({"pk": "7"}, "", "7"),
        ({"name": "K12+340"}, "", "12.34"),
        ({"ref": "12"}, "", "12"),
        ({"ref": "G4", "distance": "100"}, "G4", "100"),
        ({"road_ref": "CG-1", "distance": "0"}, "CG-1", "0"),
    ],
)
def test_kilometre_posts(tags: dict[str, str], street: str, number: str, tmp_path: Path) -> None:
    town = Map()
    town.node(1, 1, highway="milestone", **tags)
    (found,) = landmarks(town, tmp_path)
    assert (found.kind, found.street, found.number) == (POST, street, number)


def test_a_post_without_a_number_is_no_post(tmp_path: Path) -> None:
    town = Map()
    town.node(1, 1, highway="milestone")
    town.node(1, 2, highway="milestone", ref="G4")
    assert landmarks(town, tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "kilometre"),
    [("12", 12), ("12.4", 12.4), ("K12+4", 12.004), ("km 12,45", 12.45), ("", None), ("x", None)],
)
def test_parse_kilometre(text: str, kilometre: float | None) -> None:
    assert parse_kilometre(text) == (None if kilometre is None else pytest.approx(kilometre))


def test_a_file_with_its_ways_first_is_read_once(tmp_path: Path) -> None:
    town = Map()
    yard(town, 1, 1, landuse="residential", name="阳光花园")
    (found,) = landmarks(town, tmp_path, ways_first=True)
    assert (found.name, place(found)) == ("阳光花园", (1.25, 1.25))
