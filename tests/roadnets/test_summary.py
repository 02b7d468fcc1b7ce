"""A network told in words."""

from pathlib import Path

from roadnets.network import RoadNetwork
from roadnets.summary import summary
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
