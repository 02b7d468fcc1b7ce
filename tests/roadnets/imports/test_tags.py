"""What the tags of OpenStreetMap say to a driver."""

import pytest

from roadnets.beside import PlaceKind
from roadnets.imports.placetags import admin_level, place_kinds, place_tags, population
from roadnets.imports.tags import (
    Barrier,
    Limits,
    WayRule,
    barrier_of,
    gate_open_to_public,
    lands_boats,
    layer_of,
    limits_of,
    navigable,
    parse_metres,
    parse_speed,
    parse_tonnes,
    rule_of,
    signal_direction,
    stops_boats,
    street_names,
)
from roadnets.network import HIGHWAY_CLASSES
from roadnets.weights.speeds import DEFAULT_SPEED_KPH


def rule(**tags: str) -> WayRule:
    found = rule_of({key.replace("__", ":"): value for key, value in tags.items()})
    assert isinstance(found, WayRule), found
    return found


def refused(**tags: str) -> str:
    found = rule_of(tags)
    assert isinstance(found, str), found
    return found


def directions(**tags: str) -> tuple[bool, bool]:
    found = rule(**tags)
    return found.forward.blue, found.backward.blue


@pytest.mark.parametrize(
    ("value", "kph"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("50kmh", 50),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("10 knots", 18.52),
        ("7.5", 7.5),
        ("walk", 7),
        ("CN:urban", 50),
        ("CN:rural", 70),
        ("CN:motorway", 120),
        ("DE:rural", 100),
        ("DE:zone:30", 30),
        ("DE:zone30", 30),
        ("FR:50", 50),
        ("GB:zone:20", 32.18688),
        ("XX:urban", 50),
        ("50; 40", 40),
        ("80|60", 60),
        ("signals;60", 60),
        ("500", 160),
        ("none", None),
        ("signals", None),
        ("variable", None),
        ("fast", None),
        ("", None),
        ("0", None),
        ("-50", None),
        ("CN:", None),
        ("CN:nonsense", None),
    ],
)
def test_posted_speeds(value: str, kph: float | None) -> None:
    assert parse_speed(value) == (None if kph is None else pytest.approx(kph))


def test_speed_by_direction_and_by_class() -> None:
    both = rule(highway="primary", maxspeed="60", maxspeed__backward="40")
    assert (both.forward.speed_kph, both.forward.tagged) == (60, True)
    assert (both.backward.speed_kph, both.backward.tagged) == (40, True)
    plain = rule(highway="tertiary")
    assert (plain.forward.speed_kph, plain.forward.tagged) == (DEFAULT_SPEED_KPH["tertiary"], False)
    zoned = rule(highway="tertiary", source__maxspeed="CN:urban")
    assert (zoned.forward.speed_kph, zoned.forward.tagged) == (50, True)
    none = rule(highway="motorway", maxspeed="none")
    assert (none.forward.speed_kph, none.forward.tagged) == (DEFAULT_SPEED_KPH["motorway"], False)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, (True, True)),
        ({"oneway": "no"}, (True, True)),
        ({"oneway": "yes"}, (True, False)),
        ({"oneway": "1"}, (True, False)),
        ({"oneway": "true"}, (True, False)),
        ({"oneway": "-1"}, (False, True)),
        ({"oneway": "reverse"}, (False, True)),
        ({"oneway": "reversible"}, (True, True)),
        ({"junction": "roundabout"}, (True, False)),
        ({"junction": "circular"}, (True, False)),
        ({"junction": "roundabout", "oneway": "-1"}, (False, True)),
        ({"junction": "approach"}, (True, True)),
    ],
)
def test_one_way(tags: dict[str, str], expected: tuple[bool, bool]) -> None:
    assert directions(highway="residential", **tags) == expected


def test_motorways_run_one_way_unless_told_otherwise() -> None:
    assert directions(highway="motorway") == (True, False)
    assert directions(highway="motorway_link") == (True, False)
    assert directions(highway="motorway_link", oneway="no") == (True, True)
    assert directions(highway="trunk") == (True, True)


def test_emergency_vehicles_may_run_against_a_one_way_street_where_it_says_so() -> None:
    found = rule(highway="residential", oneway="yes", oneway__emergency="no")
    assert (found.forward.blue, found.backward.blue) == (True, True)
    assert (found.forward.public, found.backward.public) == (True, False)


@pytest.mark.parametrize("value", ["private", "no", "permit", "residents", "bus", "agricultural"])
def test_blue_light_drives_what_is_closed_to_the_public(value: str) -> None:
    found = rule(highway="service", access=value)
    assert found.forward.blue
    assert not found.forward.public


@pytest.mark.parametrize("value", ["yes", "destination", "customers", "permissive", "private;yes"])
def test_the_public_drives_where_it_may(value: str) -> None:
    assert rule(highway="service", access=value).forward.public


def test_the_more_specific_access_tag_wins() -> None:
    assert rule(highway="residential", access="no", motor_vehicle="destination").forward.public
    assert not rule(highway="residential", access="yes", motorcar="no").forward.public


def test_ways_that_nobody_opens_to_emergency_vehicles() -> None:
    assert "emergency=no" in refused(highway="service", access="private", emergency="no")
    assert rule(highway="residential", emergency="no").forward.blue  # open to all: to them too


@pytest.mark.parametrize("highway", ["footway", "path", "cycleway", "bridleway"])
@pytest.mark.parametrize("value", ["yes", "designated", "official"])
def test_footways_that_bear_an_ambulance(highway: str, value: str) -> None:
    found = rule(highway=highway, emergency=value, oneway="yes")
    assert HIGHWAY_CLASSES[found.highway] == "emergency_access"
    assert (found.forward.blue, found.backward.blue, found.forward.public) == (True, True, False)


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"highway": "footway"}, "footways"),
        ({"highway": "path", "motor_vehicle": "no"}, "footways"),
        ({"highway": "pedestrian"}, "pedestrian"),
        ({"highway": "pedestrian", "motor_vehicle": "no"}, "pedestrian"),
        ({"highway": "track"}, "tracks"),
        ({"highway": "track", "tracktype": "grade4"}, "tracks"),
        ({"highway": "steps"}, "other kinds"),
        ({"highway": "construction"}, "other kinds"),
        ({"highway": "proposed"}, "other kinds"),
        ({"highway": "service", "area": "yes"}, "areas"),
        ({"highway": "service", "abandoned": "yes"}, "nobody can drive"),
        ({"highway": "track", "surface": "asphalt", "smoothness": "impassable"}, "nobody"),
    ],
)
def test_ways_that_are_dropped_say_why(tags: dict[str, str], word: str) -> None:
    assert word in refused(**tags)


@pytest.mark.parametrize(
    ("tags", "highway", "public"),
    [
        ({"highway": "pedestrian", "emergency": "yes"}, "pedestrian", False),
        ({"highway": "pedestrian", "motor_vehicle": "delivery"}, "pedestrian", False),
        ({"highway": "pedestrian", "motor_vehicle": "destination"}, "pedestrian", True),
        ({"highway": "pedestrian", "access": "yes", "emergency": "yes"}, "pedestrian", False),
        ({"highway": "track", "tracktype": "grade1"}, "track", False),
        ({"highway": "track", "surface": "asphalt"}, "track", False),
        ({"highway": "track", "motor_vehicle": "yes"}, "track", True),
        ({"highway": "service", "service": "parking_aisle"}, "service", True),
        ({"highway": "service", "service": "driveway"}, "service", True),
        ({"highway": "service", "service": "emergency_access"}, "emergency_access", False),
        ({"highway": "service", "access": "emergency"}, "emergency_access", False),
        ({"highway": "busway"}, "busway", False),
        ({"highway": "unclassified;tertiary"}, "unclassified", True),
    ],
)
def test_classes_at_the_edge(tags: dict[str, str], highway: str, public: bool) -> None:
    found = rule(**tags)
    assert HIGHWAY_CLASSES[found.highway] == highway
    assert found.forward.blue
    assert found.forward.public is public


@pytest.mark.parametrize(
    ("tags", "public"),
    [
        ({"access": "no", "emergency": "yes"}, False),
        ({"access": "no", "emergency": "designated"}, False),
        ({"access": "no", "psv": "yes"}, False),
        ({"access": "no", "bus": "designated"}, False),
        ({"motor_vehicle": "no", "psv": "designated"}, False),
        ({"psv": "designated"}, True),  # a bus route along a street of everybody
        ({"hov": "designated"}, False),
        ({"hov": "designated", "motor_vehicle": "yes"}, True),
        ({"hov": "lane"}, True),
    ],
)
def test_blue_light_uses_what_is_reserved_for_others(tags: dict[str, str], public: bool) -> None:
    found = rule(highway="primary", **tags)
    assert found.forward.blue
    assert found.forward.public is public


def test_what_is_closed_to_all_is_closed_to_emergency_vehicles_only_if_it_says_so() -> None:
    assert "emergency=no" in refused(highway="primary", access="no", emergency="no")
    assert "emergency=no" in refused(highway="busway", emergency="no")
    assert rule(highway="primary", access="no").forward.blue


@pytest.mark.parametrize(
    ("tags", "lanes"),
    [
        ({}, (False, False)),
        ({"busway": "lane"}, (True, True)),
        ({"busway:both": "lane"}, (True, True)),
        ({"bus": "lane"}, (True, True)),
        ({"busway:right": "lane"}, (True, False)),
        ({"busway:left": "lane"}, (False, True)),
        ({"busway:left": "lane", "oneway": "yes"}, (True, False)),
        ({"busway:right": "lane", "oneway": "-1"}, (False, True)),
        ({"busway": "opposite_lane", "oneway": "yes"}, (False, True)),
        ({"busway": "opposite_lane", "oneway": "-1"}, (True, False)),
        ({"busway": "no"}, (False, False)),
        ({"lanes:bus": "1"}, (True, True)),
        ({"lanes:psv": "2"}, (True, True)),
        ({"lanes:bus": "0"}, (False, False)),
        ({"lanes:bus:forward": "1"}, (True, False)),
        ({"lanes:psv:backward": "1"}, (False, True)),
        ({"bus:lanes": "yes|yes|designated"}, (True, True)),
        ({"bus:lanes:forward": "yes|designated"}, (True, False)),
        ({"psv:lanes:backward": "designated|"}, (False, True)),
        ({"bus:lanes": "yes|yes"}, (False, False)),
        ({"bus": "designated"}, (False, False)),
    ],
)
def test_bus_lanes(tags: dict[str, str], lanes: tuple[bool, bool]) -> None:
    found = rule(highway="primary", **tags)
    assert (found.forward.bus_lane, found.backward.bus_lane) == lanes


@pytest.mark.parametrize(
    ("tags", "layer"),
    [
        ({}, 0),
        ({"bridge": "yes"}, 1),
        ({"bridge": "viaduct"}, 1),
        ({"bridge": "no"}, 0),
        ({"tunnel": "yes"}, -1),
        ({"tunnel": "building_passage"}, 0),
        ({"bridge": "low_water_crossing"}, 0),
        ({"layer": "2"}, 2),
        ({"layer": "+1"}, 1),
        ({"layer": "-2", "bridge": "yes"}, -2),
        ({"layer": "0", "bridge": "yes"}, 0),
        ({"layer": "1;2"}, 1),
        ({"layer": "999"}, 100),
        ({"layer": "above", "bridge": "yes"}, 1),
    ],
)
def test_layers(tags: dict[str, str], layer: int) -> None:
    assert layer_of(tags) == rule(highway="primary", **tags).layer == layer


@pytest.mark.parametrize(
    ("value", "metres"),
    [
        ("3.5", 3.5),
        ("3.5 m", 3.5),
        ("3,5", 3.5),
        ("4.4m", 4.4),
        ("350 cm", 3.5),
        ("12'", 3.6576),
        ("12'6\"", 3.81),
        ("12' 6\"", 3.81),
        ("12 ft", 3.6576),
        ("11 ft 6 in", 3.5052),
        ("default", None),
        ("none", None),
        ("below_default", None),
        ("no_indications", None),
        ("unsigned", None),
        ("0", None),
        ("", None),
        ("-3", None),
        ("3.5 t", None),
    ],
)
def test_heights_and_widths(value: str, metres: float | None) -> None:
    assert parse_metres(value) == (None if metres is None else pytest.approx(metres))


@pytest.mark.parametrize(
    ("value", "tonnes"),
    [
        ("7.5", 7.5),
        ("3.5 t", 3.5),
        ("3500 kg", 3.5),
        ("10 st", 9.0718474),
        ("20000 lbs", 9.0718474),
        ("1 lt", 1.0160469),
        ("unsigned", None),
        ("3.5 m", None),
        ("", None),
    ],
)
def test_weights(value: str, tonnes: float | None) -> None:
    assert parse_tonnes(value) == (None if tonnes is None else pytest.approx(tonnes))


def test_of_the_sign_and_the_structure_the_tighter_limit_counts() -> None:
    assert limits_of({}) == Limits()
    assert limits_of({"maxheight": "default", "maxheight:physical": "4.1"}).height_m == 4.1
    assert limits_of({"maxheight": "4.0", "maxheight:physical": "4.1"}).height_m == 4.0
    assert limits_of({"maxwidth": "2.5;2.3", "maxwidth:physical": "2.4"}).width_m == 2.3
    assert limits_of({"maxweight": "10", "maxweight:physical": "8"}).weight_t == 8
    assert rule(highway="primary", maxheight="3.9").limits == Limits(height_m=3.9)


def test_numbers_of_roads() -> None:
    assert rule(highway="motorway", ref="G4", name="京港澳高速").ref == "G4"
    assert rule(highway="motorway").ref == ""


def test_where_boats_go_and_land() -> None:
    assert navigable({"waterway": "river"})
    assert not navigable({"waterway": "river", "boat": "no"})
    assert not navigable({"highway": "primary"})
    assert lands_boats({"leisure": "slipway"})
    assert not lands_boats({"leisure": "park"})
    assert stops_boats({"waterway": "weir"})
    assert not stops_boats({"waterway": "river"})


def test_structures() -> None:
    found = rule(highway="primary", bridge="viaduct", tunnel="no", junction="roundabout")
    assert (found.bridge, found.tunnel, found.roundabout) == (True, False, True)
    assert rule(highway="primary", tunnel="yes", bridge="no").tunnel


def test_names() -> None:
    assert street_names({"name": "深南大道", "name:en": "Shennan Road"}) == (
        "深南大道",
        "Shennan Road",
    )
    assert street_names({"name:zh": "深南大道"}) == ("深南大道", "")
    assert street_names({"ref": "G4"}) == ("G4", "")
    assert street_names({}) == ("", "")


def test_a_bridge_goes_by_its_own_name() -> None:
    tags = {"name": "东风路", "bridge:name": "东风大桥", "bridge:name:en": "Dongfeng Bridge"}
    assert street_names({**tags, "bridge": "yes"}) == ("东风大桥", "Dongfeng Bridge")
    assert street_names(tags) == ("东风路", "")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"barrier": "gate"}, Barrier.GATE),
        ({"barrier": "lift_gate"}, Barrier.GATE),
        ({"barrier": "swing_gate"}, Barrier.GATE),
        ({"barrier": "bollard"}, Barrier.GATE),
        ({"barrier": "chain"}, Barrier.GATE),
        ({"barrier": "jersey_barrier"}, Barrier.BLOCK),
        ({"barrier": "block"}, Barrier.BLOCK),
        ({"barrier": "block", "emergency": "yes"}, Barrier.GATE),
        ({"barrier": "cycle_barrier", "motor_vehicle": "yes"}, Barrier.GATE),
        ({"barrier": "bollard", "bollard": "removable"}, Barrier.GATE),
        ({"barrier": "bollard", "bollard": "fixed"}, Barrier.BLOCK),
        ({"barrier": "bollard", "bollard": "fixed", "emergency": "yes"}, Barrier.GATE),
        ({"barrier": "gate", "access": "no"}, Barrier.GATE),
        ({"barrier": "gate", "access": "no", "emergency": "no"}, Barrier.BLOCK),
        ({"barrier": "gate", "access": "no", "emergency": "yes"}, Barrier.GATE),
        ({"barrier": "kerb"}, None),
        ({"barrier": "toll_booth"}, None),
        ({"barrier": "border_control"}, None),
        ({"barrier": "height_restrictor"}, None),
        ({"highway": "crossing"}, None),
    ],
)
def test_barriers(tags: dict[str, str], expected: Barrier | None) -> None:
    assert barrier_of(tags) is expected


def test_whom_a_gate_lets_through() -> None:
    assert not gate_open_to_public({"barrier": "lift_gate"}, main_road=False)
    assert gate_open_to_public({"barrier": "lift_gate"}, main_road=True)
    assert gate_open_to_public({"barrier": "gate", "access": "permissive"}, main_road=False)
    assert not gate_open_to_public({"barrier": "gate", "access": "private"}, main_road=True)
    assert not gate_open_to_public({"barrier": "bollard"}, main_road=True)


def test_signals() -> None:
    signal = {"highway": "traffic_signals"}
    assert signal_direction(signal) == 0
    assert signal_direction({**signal, "traffic_signals:direction": "forward"}) == 1
    assert signal_direction({**signal, "direction": "backward"}) == -1
    assert signal_direction({"highway": "crossing", "crossing": "traffic_signals"}) is None


@pytest.mark.parametrize(
    ("tags", "kinds"),
    [
        ({"amenity": "hospital"}, (PlaceKind.HOSPITAL,)),
        ({"healthcare": "hospital"}, (PlaceKind.HOSPITAL,)),
        ({"emergency": "ambulance_station"}, (PlaceKind.AMBULANCE_STATION,)),
        ({"amenity": "fire_station"}, (PlaceKind.FIRE_STATION,)),
        (
            {"amenity": "fire_station", "emergency": "ambulance_station"},
            (PlaceKind.AMBULANCE_STATION, PlaceKind.FIRE_STATION),
        ),
        ({"emergency": "disaster_response"}, (PlaceKind.DEPOT,)),
        ({"landuse": "depot"}, (PlaceKind.DEPOT,)),
        ({"landuse": "industrial", "industrial": "warehouse"}, (PlaceKind.DEPOT,)),
        ({"emergency": "assembly_point"}, (PlaceKind.SHELTER,)),
        ({"amenity": "social_facility", "social_facility": "shelter"}, (PlaceKind.SHELTER,)),
        ({"amenity": "school", "emergency:social_facility": "shelter"}, (PlaceKind.SHELTER,)),
        ({"amenity": "shelter"}, ()),  # a roof against the rain
        ({"disused:amenity": "hospital"}, ()),
        ({"building": "warehouse"}, ()),
    ],
)
def test_places(tags: dict[str, str], kinds: tuple[PlaceKind, ...]) -> None:
    assert place_kinds(tags) == kinds


def test_place_tags_come_in_a_fixed_order() -> None:
    tags = {"phone": "120", "emergency": "yes", "name": "x", "beds": "9"}
    assert list(place_tags(tags).items()) == [("beds", "9"), ("emergency", "yes")]


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("12345", 12345),
        ("12,345", 12345),
        ("12 345", 12345),
        ("~12000", 12000),
        ("12345 (2020)", 12345),
        ("many", None),
        ("", None),
    ],
)
def test_population(text: str, people: int | None) -> None:
    assert population({"population": text}) == people


def test_admin_level() -> None:
    assert admin_level({"admin_level": "6"}) == 6
    assert admin_level({"admin_level": "6;8"}) == 6
    assert admin_level({"admin_level": "city"}) == 0
