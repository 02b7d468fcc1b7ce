"""The made-up city: the same each time, and like a city."""

import hashlib
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from roadnets import store
from roadnets.beside import PlaceKind
from roadnets.imports.joining import largest_core
from roadnets.imports.turns import BOUND, TRUCK
from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, RoadNetwork
from roadnets.sources import osmfile, sample
from roadnets.sources.osmfile import SYNTHETIC_GENERATOR

BRIDGES = {
    "东风大桥": "Dongfeng Bridge",
    "临港大桥": "Lingang Bridge",
    "文昌桥": "Wenchang Bridge",
    "望江大桥": "Wangjiang Bridge",
    "澜江特大桥": "Lanjiang Expressway Bridge",
    "红旗大桥": "Hongqi Bridge",
    "西津大桥": "Xijin Bridge",
    "镜湖大桥": "Jinghu Bridge",
}


def test_the_same_bytes_each_time(sample_file: Path) -> None:
    """The digest is of the file itself: it changes only with GENERATOR_VERSION."""
    assert sample.GENERATOR_VERSION == 2
    digest = hashlib.sha256(sample_file.read_bytes()).hexdigest()
    assert digest == "83f1537db2176c79d22004aa12b56ae19bb66b254f07d3197fd7d1c94406ccb5"


@pytest.mark.slow
def test_the_same_bytes_whatever_the_hash_seed(sample_file: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from roadnets.sources.sample import write_sample; "
    )
    code += "write_sample(Path(sys.argv[1]))"
    path = tmp_path / "again.osm"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=environment)
    assert path.read_bytes() == sample_file.read_bytes()


def test_it_is_well_formed_osm(sample_file: Path) -> None:
    root = ET.parse(sample_file).getroot()
    assert root.get("generator") == SYNTHETIC_GENERATOR
    nodes = {n.get("id") for n in root.iter("node")}
    assert all(int(e.get("id", "0")) > 0 and e.get("version") for e in root if e.tag != "bounds")
    assert {nd.get("ref") for nd in root.iter("nd")} <= nodes
    for tag in ("node", "way", "relation"):
        ids = [int(e.get("id", "0")) for e in root.iter(tag)]
        assert ids == sorted(set(ids))


def test_it_says_that_it_is_made_up(sample_network: RoadNetwork) -> None:
    assert sample_network.synthetic
    assert "synthetic" in sample.SAMPLE_NAME


def test_it_is_the_size_of_a_city(sample_network: RoadNetwork) -> None:
    assert sample_network.report.nodes == 4_894
    assert sample_network.report.edges == 11_921
    assert 100 < sample_network.signals < 400
    assert 500 < sample_network.report.length_km < 1500
    assert sample_network.report.dropped["ways outside the largest connected core"] < 20


def test_it_has_everything_that_a_control_room_needs(sample_network: RoadNetwork) -> None:
    count = Counter(p.kind for p in sample_network.places)
    assert count == {
        PlaceKind.HOSPITAL: 6,
        PlaceKind.AMBULANCE_STATION: 10,
        PlaceKind.FIRE_STATION: 10,
        PlaceKind.DEPOT: 3,
        PlaceKind.SHELTER: 14,
    }
    assert all(p.on_core and p.name and p.name_en for p in sample_network.places)
    assert len({p.name for p in sample_network.places}) == len(sample_network.places)


def test_its_districts(sample_network: RoadNetwork) -> None:
    assert len(sample_network.districts) == 8
    assert sum(d.population for d in sample_network.districts) == 973_400
    assert all(d.name and d.name_en and d.ring[0] == d.ring[-1] for d in sample_network.districts)


def test_its_districts_hold_every_junction_once(sample_network: RoadNetwork) -> None:
    shapely = pytest.importorskip("shapely")
    where = np.zeros(sample_network.node_count, np.int64)
    for district in sample_network.districts:
        ring = shapely.Polygon(district.ring)
        where += shapely.contains_xy(ring, sample_network.node_lon, sample_network.node_lat)
    assert (where[: sample_network.report.nodes] == 1).all()  # after them the river


@pytest.mark.parametrize("name", BRIDGES)
def test_each_bridge_can_be_closed_by_its_name(name: str, sample_network: RoadNetwork) -> None:
    edges = sample_network.edges_named(name)
    assert 2 <= len(edges) <= 4
    assert sample_network.has_flag(EdgeFlag.BRIDGE)[edges].all()
    assert sample_network.edge_length_m[edges].sum() > 800
    assert sample_network.edges_named(BRIDGES[name]).tolist() == edges.tolist()


def test_only_bridges_cross_the_river(sample_network: RoadNetwork) -> None:
    """Without them the two banks cannot reach each other."""
    dry = ~sample_network.has_flag(EdgeFlag.BRIDGE | EdgeFlag.WATER)
    core = largest_core(
        sample_network.edge_tail[dry], sample_network.edge_head[dry], sample_network.node_count
    )
    assert 0.35 < core[: sample_network.report.nodes].mean() < 0.65


def test_its_streets_are_of_many_kinds(sample_network: RoadNetwork) -> None:
    classes = {HIGHWAY_CLASSES[i] for i in np.unique(sample_network.edge_class)}
    assert classes >= {
        *("motorway", "motorway_link", "trunk", "primary", "secondary", "tertiary"),
        *("residential", "living_street", "service", "pedestrian", "emergency_access"),
    }
    for flag in (EdgeFlag.GATE, EdgeFlag.RESTRICTED, EdgeFlag.ROUNDABOUT, EdgeFlag.SIGNAL_AT_HEAD):
        assert sample_network.has_flag(flag).any()
    assert sample_network.has_flag(EdgeFlag.AGAINST_ONEWAY).sum() > 200
    posted = sample_network.has_flag(EdgeFlag.SPEED_TAGGED)
    main = sample_network.edge_class <= HIGHWAY_CLASSES.index("secondary_link")
    assert posted[main].mean() > 0.9
    assert not posted[~main].any()


def test_its_signs_forbid_turns_of_every_kind(sample_network: RoadNetwork) -> None:
    report = sample_network.report
    assert report.turns_modelled == 9
    assert [why.partition("): ")[2] for why in report.turns_left_out] == [
        "it applies only at times: no_left_turn @ (07:00-09:00)"
    ] * 2
    assert set(sample_network.turn_modes.tolist()) == {BOUND, TRUCK}
    assert np.diff(sample_network.turn_start).max() == 3  # one leads over a way
    at = sample_network.edge_head[sample_network.turn_edge[sample_network.turn_start[:-1]]]
    assert sample_network.node_signal[at].mean() > 0.5
    assert not any("forbidden turn" in note for note in report.notes)


def test_its_limits_layers_and_bus_lanes(sample_network: RoadNetwork) -> None:
    low = np.isfinite(sample_network.edge_max_height_m)
    assert {sample_network.names[i] for i in sample_network.edge_name[low]} == {"江南大道东"}
    weak = np.isfinite(sample_network.edge_max_weight_t)
    assert {sample_network.names[i] for i in sample_network.edge_name[weak]} == {"文昌桥"}
    assert set(sample_network.edge_layer.tolist()) == {0, 1}
    assert sample_network.edge_layer[sample_network.has_flag(EdgeFlag.BRIDGE)].all()
    buses = sample_network.has_flag(EdgeFlag.BUS_LANE)
    names = {sample_network.names[i] for i in sample_network.edge_name[buses]}
    assert names == {"解放大道", "东风大桥"}
    assert set(sample_network.refs) == {"", "S87"}


def test_boats_go_on_its_river_and_land_on_both_banks(sample_network: RoadNetwork) -> None:
    water = sample_network.has_flag(EdgeFlag.WATER)
    first = int(np.flatnonzero(water)[0])
    assert water[first:].all()
    landing = sample_network.edge_class == HIGHWAY_CLASSES.index("landing")
    assert landing.sum() >= 2 * 6
    assert sample_network.edges_named("澜江").tolist() == np.flatnonzero(water & ~landing).tolist()
    core = largest_core(
        sample_network.edge_tail[water], sample_network.edge_head[water], sample_network.node_count
    )
    assert core[sample_network.edge_tail[water]].all()


def test_its_names_are_in_two_languages(sample_network: RoadNetwork) -> None:
    pairs = list(zip(sample_network.names, sample_network.names_en, strict=True))[1:]
    assert all(name and name_en for name, name_en in pairs)
    assert len({name for name, _ in pairs}) == len({name_en for _, name_en in pairs}) == len(pairs)


def test_it_is_built_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = sample.sample_network(tmp_path / "cache")
    assert built.name == "澜江市 Lanjiang (synthetic)"
    assert (built.source, built.synthetic) == ("sample", True)
    (kept,) = (tmp_path / "cache").iterdir()
    monkeypatch.setattr(sample, "read_sample", lambda *_: pytest.fail("built again"))
    assert sample.sample_network(tmp_path / "cache").checksum == built.checksum
    assert store.load(kept).checksum == built.checksum


@pytest.fixture
def drawn(sample_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The city need not be drawn again to be built again."""
    monkeypatch.setattr(sample, "read_sample", lambda *_: osmfile.read(sample_file))


def test_a_spoilt_copy_is_built_anew(tmp_path: Path, drawn: None) -> None:
    built = sample.sample_network(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"spoilt")
    assert sample.sample_network(tmp_path).checksum == built.checksum
    assert store.load(kept).checksum == built.checksum


def test_two_may_build_at_once(tmp_path: Path, drawn: None) -> None:
    found: list[str] = []
    builders = [
        threading.Thread(target=lambda: found.append(sample.sample_network(tmp_path).checksum))
        for _ in range(2)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_its_hierarchy_is_kept_too(
    tmp_path: Path, drawn: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = sample.sample_ready(tmp_path)
    monkeypatch.setattr(sample, "prepare", lambda *_: pytest.fail("prepared again"))
    kept = sample.sample_ready(tmp_path)
    assert kept.network.checksum == built.network.checksum
    assert kept.prepared.is_of(kept.network)
    assert sample.sample_network(tmp_path).checksum == built.network.checksum


def test_another_version_is_kept_by_another_name(
    tmp_path: Path, drawn: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.sample_ready(tmp_path)
    monkeypatch.setattr(sample, "HIERARCHY_VERSION", sample.HIERARCHY_VERSION + 1)
    sample.sample_ready(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, drawn: None) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert sample.sample_network(blocked / "cache").synthetic


def test_cache_folder() -> None:
    assert sample.cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/citydispatch")
    assert sample.cache_folder({}) == Path.home() / ".cache" / "citydispatch"
