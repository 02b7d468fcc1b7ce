"""A network told in words."""

import dataclasses
from pathlib import Path

from roadnets.beside import Landmark, LandmarkKind
from roadnets.geo import LonLat
from roadnets.network import EdgeFlag, RoadNetwork, build_network
from roadnets.prepared import prepare
from roadnets.summary import summary, turns_left_out
from tests.roadnets.networks import grid
from tests.roadnets.osmfiles import Map


def test_the_sample(sample_network: RoadNetwork) -> None:
    text = summary(sample_network)
    assert "SYNTHETIC" in text
    assert "241 in the source, 241 on the core" in text
    assert "hospitals: 6, 6 on the core" in text
    assert "澜江市中医院 / Lanjiang Hospital of Chinese Medicine" in text
    assert "江南区 / Jiangnan District  187,500" in text
    assert "districts: 8, 973,400 people" in text
    assert sample_network.checksum in text
    assert sample_network.source_checksum in text


def test_a_town(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.node(0, 0, highway="traffic_signals")
    town.node(40, 40, highway="traffic_signals")
    town.node(40, 40, amenity="hospital", name="远")
    town.node(1, 1, amenity="fire_station")
    lines = summary(town.network(tmp_path)).splitlines()
    assert lines[0] == "town"
    assert "  signals   2 in the source, 1 on the core" in lines
    assert "  远  node/5  (off the core)" in lines
    assert "  (no name)  node/6" in lines
    assert "ambulance stations: 0" in lines
    assert "         1  traffic signals off the core" in lines
    assert "SYNTHETIC" not in "".join(lines)


def test_nothing_dropped(tmp_path: Path) -> None:
    town = Map()
    town.square()
    assert "dropped: nothing" in summary(town.network(tmp_path))


def changed(network: RoadNetwork, **new: object) -> RoadNetwork:
    """The same network but for some fields."""
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}
    del fields["checksum"]
    return build_network(**{**fields, **new})


def test_what_is_not_driven_on_an_ordinary_day_is_counted_apart() -> None:
    network = grid(3, 3)
    flags = network.edge_flags.copy()
    flags[:4] = EdgeFlag.CIVILIAN | EdgeFlag.SPEED_TAGGED
    flags[4:7] = EdgeFlag.AGAINST_ONEWAY | EdgeFlag.SPEED_TAGGED | EdgeFlag.GATE
    flags[7:9] = EdgeFlag.WATER | EdgeFlag.RESTRICTED
    lines = summary(changed(network, edge_flags=flags)).splitlines()
    open_ = network.edge_count - 5
    assert (
        f"  access    {open_} edges open to everybody, 0 to blue light alone, 0 with a gate"
        in lines
    )
    assert f"  speeds    4 edges posted, {open_ - 4} by the default" in "\n".join(lines)
    assert "  besides   3 edges against a one-way street, for contraflow; 2 for boats" in lines


def test_layers_limits_numbers_and_landmarks() -> None:
    network = grid(3, 3)
    layer = network.edge_layer.copy()
    layer[:3], layer[3:5] = 2, -1
    low, heavy = network.edge_max_height_m.copy(), network.edge_max_weight_t.copy()
    low[:6], heavy[:2] = 3.5, 20
    refs = ("", "G4", *[""] * (len(network.names) - 2))
    point = LonLat(116.39, 39.9)
    landmarks = [Landmark(LandmarkKind.ADDRESS, f"node/{i}", point, number="5") for i in (1, 2)]
    landmarks.append(Landmark(LandmarkKind.GATE, "node/3", point, "东门"))
    new = {"edge_layer": layer, "edge_max_height_m": low, "edge_max_weight_t": heavy}
    lines = summary(changed(network, refs=refs, landmarks=tuple(landmarks), **new)).splitlines()
    assert "  limits    6 edges with a limit of height, 0 of width, 2 of weight" in lines
    assert "  layers    -1 to 2, 5 edges above or below the ground" in lines
    assert "  streets   6 names, 6 of them in English too, 1 with a road number" in lines
    assert "  callers   2 addresses, 1 gates" in lines
    assert "  callers   no addresses or other names" in summary(network)


def test_turn_restrictions() -> None:
    network = grid(3, 3)
    assert "0 turn restrictions obeyed, 0 left out\n" in summary(network)
    assert turns_left_out(network) == "0 turn restrictions obeyed, 0 left out"
    why = ("relation/7: no_left_turn by time", "relation/8: its via is missing")
    report = dataclasses.replace(network.report, turns_modelled=1234, turns_left_out=why)
    network = changed(network, report=report)
    told = "  turns     1,234 turn restrictions obeyed, 2 left out; to list these: info --turns"
    assert told in summary(network).splitlines()
    assert turns_left_out(network).splitlines() == [
        "1,234 turn restrictions obeyed, 2 left out:",
        "  relation/7: no_left_turn by time",
        "  relation/8: its via is missing",
    ]


def test_the_hierarchy() -> None:
    network = grid(3, 3)
    prepared = prepare(network)
    told = f"  hierarchy {prepared.topology.slot_count} slots over 9 nodes and 24 arcs"
    assert told in summary(network, prepared).splitlines()
    assert "  hierarchy none that this program reads" in summary(network)
