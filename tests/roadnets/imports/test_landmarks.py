"""Which places, districts and landmarks belong to a network."""

from dataclasses import replace

from roadnets.beside import District, Landmark, LandmarkKind, Place, PlaceKind
from roadnets.geo import LonLat
from roadnets.imports.landmarks import choose_districts, choose_landmarks, choose_places
from roadnets.imports.streets import AdminArea
from tests.roadnets.networks import ORIGIN, Street, grid, make_network


def place(osm_id: str, dlon: float = 0.0, name: str = "A", **kind: PlaceKind) -> Place:
    point = LonLat(ORIGIN.lon + dlon, ORIGIN.lat)
    return Place(kind.get("kind", PlaceKind.HOSPITAL), osm_id, point, name, "", False)


def area(osm_id: str, level: int, people: int, west: float = -1.0, east: float = 1.0) -> AdminArea:
    x, y = ORIGIN
    ring = [(x + west, y - 1), (x + east, y - 1), (x + east, y + 1), (x + west, y + 1)]
    outline = tuple(LonLat(*p) for p in [*ring, ring[0]])
    return AdminArea(level, District(osm_id, osm_id, "", people, outline))


def test_places_near_a_street_are_on_the_core() -> None:
    places, dropped = choose_places([place("node/1"), place("node/2", 0.5, "B")], grid(3, 3))
    assert [(p.osm_id, p.on_core) for p in places] == [("node/1", True), ("node/2", False)]
    assert dropped == {"places mapped twice": 0}


def test_places_come_by_kind_then_id() -> None:
    found = [
        place("way/5", kind=PlaceKind.FIRE_STATION),
        place("node/10", 0.1, "B"),
        place("node/9", 0.1, "C"),
    ]
    places, _ = choose_places(found, grid(3, 3))
    assert [p.osm_id for p in places] == ["node/9", "node/10", "way/5"]


def test_a_node_in_the_grounds_of_the_same_place_is_dropped() -> None:
    found = [
        place("node/1", 0.001),
        place("way/2"),
        place("node/3", 0.001, "B"),
        place("node/4", 0.1),
        place("node/5", 0.001, kind=PlaceKind.FIRE_STATION),
    ]
    places, dropped = choose_places(found, grid(3, 3))
    assert [p.osm_id for p in places] == ["node/3", "node/4", "way/2", "node/5"]
    assert dropped == {"places mapped twice": 1}


def test_districts_are_of_the_finest_level_that_holds_the_people() -> None:
    areas = [
        area("relation/1", 5, 1000),
        area("relation/2", 6, 500, east=0.0005),
        area("relation/3", 6, 450, west=0.0005),
        area("relation/4", 8, 90, east=0.0005),
    ]
    districts, dropped = choose_districts(areas, grid(3, 3))
    assert [d.osm_id for d in districts] == ["relation/2", "relation/3"]
    assert dropped == {
        "districts without a street of the core": 0,
        "districts of other administrative levels": 2,
    }


def test_districts_without_a_street_do_not_count() -> None:
    areas = [area("relation/1", 5, 1000), area("relation/2", 6, 5000, west=0.5, east=0.9)]
    districts, dropped = choose_districts(areas, grid(3, 3))
    assert [d.osm_id for d in districts] == ["relation/1"]
    assert dropped["districts without a street of the core"] == 1


def test_no_districts() -> None:
    assert choose_districts([], grid(3, 3))[0] == ()


def landmark(dlon: float, kind: LandmarkKind = LandmarkKind.POINT, street: str = "") -> Landmark:
    point = LonLat(ORIGIN.lon + dlon, ORIGIN.lat)
    return Landmark(kind, "node/1", point, "A", street=street, number="12")


def test_landmarks_far_from_every_street_are_dropped() -> None:
    found = [landmark(0.0), landmark(-0.011), landmark(-0.013), landmark(0.001)]  # 0.94 km, 1.1 km
    landmarks, dropped = choose_landmarks(found, grid(3, 3))
    assert landmarks == (found[0], found[1], found[3])
    assert dropped == {"landmarks far from every street": 1, "kilometre posts beside no road": 0}
    assert choose_landmarks([], grid(3, 3)) == ((), {})


def test_a_kilometre_post_learns_its_road() -> None:
    """Where a service road runs beside the motorway, the post is the motorway's."""
    east = ORIGIN.lon + 0.01
    nodes = [(ORIGIN.lon, ORIGIN.lat), (east, ORIGIN.lat)]
    beside = [(ORIGIN.lon, ORIGIN.lat + 0.0002), (east, ORIGIN.lat + 0.0002)]
    network = make_network(
        [*nodes, *beside],
        [
            Street(2, 3, name="辅路", highway="service"),
            Street(0, 1, name="京港澳高速", highway="motorway"),
        ],
    )
    post = LandmarkKind.KILOMETRE_POST
    found = [landmark(0.005, post), landmark(0.005, post, "G5"), landmark(-0.005, post)]
    by_name, _ = choose_landmarks(found, network)
    assert [thing.street for thing in by_name] == ["京港澳高速", "G5"]
    numbered = replace(
        network, refs=tuple("G4" if n == "京港澳高速" else "" for n in network.names)
    )
    by_number, dropped = choose_landmarks(found, numbered)
    assert [thing.street for thing in by_number] == ["G4", "G5"]
    assert dropped["kilometre posts beside no road"] == 1
