"""OpenStreetMap files of every kind, whole and broken."""

import bz2
import gzip
import hashlib
from pathlib import Path

import pytest

from roadnets.beside import PlaceKind
from roadnets.errors import SourceError
from roadnets.imports.assemble import assemble
from roadnets.sources import osmfile
from tests.data import data
from tests.roadnets.osmfiles import LAT, LON, STEP, Map


def town() -> Map:
    drawn = Map()
    drawn.square()
    drawn.street((0, 0), (1, 1), (3, 3), name="东风路", name__en="Dongfeng Road")
    drawn.node(1, 1, highway="traffic_signals")
    return drawn


def test_compressed_files_give_the_same_streets(tmp_path: Path) -> None:
    plain = town().write(tmp_path)
    checksums = set()
    for name, pack in (("town.osm.bz2", bz2.compress), ("town.osm.gz", gzip.compress)):
        path = tmp_path / name
        path.write_bytes(pack(plain.read_bytes()))
        streets = osmfile.read(path)
        assert (streets.name, streets.source) == ("town", name)
        checksums.add(streets.source_checksum)
        network, other = assemble(streets), assemble(osmfile.read(plain))
        assert network.geometry.tobytes() == other.geometry.tobytes()
        assert network.names == other.names
    digest = hashlib.sha256((tmp_path / "town.osm.gz").read_bytes()).hexdigest()
    assert f"sha256:{digest}" in checksums
    assert len(checksums) == 2


def test_ways_may_come_before_their_nodes(tmp_path: Path) -> None:
    """As Overpass writes them for ``out body; >; out skel;``."""
    first = town().read(tmp_path)
    second = town().read(tmp_path, ways_first=True)
    assert first.node_xy.tolist() == second.node_xy.tolist()
    assert first.segment_tail.tolist() == second.segment_tail.tolist()
    assert osmfile.OUTSIDE not in second.dropped


def test_a_way_that_leaves_the_extract_is_kept_as_far_as_known(tmp_path: Path) -> None:
    drawn = town()
    way = drawn.street((0, 0), (-1, 0), (-2, 0), (-3, 0), (-4, 0))
    drawn.missing.add(drawn.node(-2, 0))
    streets = drawn.read(tmp_path)
    index = streets.way_id.tolist().index(way)
    assert (streets.segment_way == index).sum() == 2
    assert streets.dropped == {osmfile.OUTSIDE: 1}
    assert len(assemble(streets).edges_of_way(way)) == 2


JOSM = """<?xml version='1.0'?><osm version='0.6' generator='JOSM'>
<node id='-1' lat='30' lon='112'/><node id='-2' lat='30.001' lon='112'/>
<node id='3' lat='30.001' lon='112.001' version='1'/>
<way id='-5'><nd ref='-1'/><nd ref='-2'/><nd ref='3'/><tag k='highway' v='residential'/></way>
<way id='-6'><nd ref='-1'/><nd ref='3'/><tag k='highway' v='residential'/></way>
<way id='7' visible='false' version='2'>
<nd ref='-2'/><nd ref='3'/><tag k='highway' v='primary'/></way>
</osm>
"""


def test_a_file_of_an_editor_with_unsaved_and_deleted_things(tmp_path: Path) -> None:
    path = tmp_path / "josm.osm"
    path.write_text(JOSM)
    network = assemble(osmfile.read(path))
    assert (network.node_count, network.edge_count) == (2, 4)
    assert sorted(set(network.edge_way.tolist())) == [-6, -5]
    assert network.node_osm.tolist() == [-1, 3]
    assert network.report.dropped == {}


def test_places_of_nodes_ways_and_relations(tmp_path: Path) -> None:
    drawn = town()
    drawn.node(0.5, 0.5, amenity="hospital", name="甲", name__en="A", beds="5", emergency="yes")
    drawn.way((1, 2), (1.2, 2), (1.2, 2.2), (1, 2.2), (1, 2), amenity="fire_station", name="乙")
    outer = [
        ("way", drawn.way((2, 1), (2.2, 1), (2.2, 1.2)), "outer"),
        ("way", drawn.way((2.2, 1.2), (2, 1.2), (2, 1)), "outer"),
        ("way", drawn.way((2.05, 1.05), (2.1, 1.05), (2.1, 1.1), (2.05, 1.05)), "inner"),
    ]
    drawn.relation(outer, type="multipolygon", emergency="ambulance_station", name="丙")
    network = drawn.network(tmp_path)
    hospital, ambulances, fire = network.places
    assert [p.kind for p in network.places] == [
        PlaceKind.HOSPITAL,
        PlaceKind.AMBULANCE_STATION,
        PlaceKind.FIRE_STATION,
    ]
    assert (hospital.name, hospital.name_en) == ("甲", "A")
    assert hospital.tags == {"beds": "5", "emergency": "yes"}
    assert fire.point == pytest.approx((LON + 1.1 * STEP, LAT + 2.1 * STEP))
    assert ambulances.point == pytest.approx((LON + 2.1 * STEP, LAT + 1.1 * STEP))
    assert all(p.on_core for p in network.places)


def test_districts_of_ways_and_relations(tmp_path: Path) -> None:
    drawn = town()
    tags = {"boundary": "administrative", "admin_level": "6"}
    drawn.way((-1, -1), (1, -1), (1, 4), (-1, 4), (-1, -1), name="西区", population="1,000", **tags)
    halves = [
        ("way", drawn.way((1, -1), (4, -1), (4, 4)), "outer"),
        ("way", drawn.way((1, -1), (1, 4), (4, 4)), "outer"),
    ]
    drawn.relation(halves, type="boundary", name="东区", name__en="East", population="2000", **tags)
    drawn.relation([*halves, ("way", 999, "outer")], name="缺", population="3", **tags)
    drawn.relation(halves[:1], name="开", population="3", **tags)
    network = drawn.network(tmp_path)
    assert [(d.name, d.name_en, d.population) for d in network.districts] == [
        ("东区", "East", 2000),
        ("西区", "", 1000),
    ]
    assert all(d.ring[0] == d.ring[-1] for d in network.districts)
    assert network.report.dropped[osmfile.NOT_DRAWN] == 2


def test_turn_restrictions_are_read_whole(tmp_path: Path) -> None:
    drawn = town()
    members = [("way", 101, "from"), ("node", 1, "via"), ("way", 102, "to")]
    kept = drawn.relation(members, type="restriction", restriction="no_left_turn")
    drawn.relation(members, type="restriction", restriction__conditional="no_u_turn @ (Mo-Fr)")
    drawn.relation(members, type="route", route="bus")
    first, second = drawn.read(tmp_path).turns
    assert (first.osm_id, first.tags["restriction"]) == (kept, "no_left_turn")
    assert first.members == (("w", 101, "from"), ("n", 1, "via"), ("w", 102, "to"))
    assert second.tags["restriction:conditional"] == "no_u_turn @ (Mo-Fr)"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.osm", b"", "a.osm is empty"),
        ("a.osm", b"hello\nthere", "line 1, column 0"),
        ("a.osm", b"<html><body/></html>", "outermost element is <html>"),
        ("a.osm", b"<?xml version='1.0'?>\n<osm version='0.6'></osm>", "has no streets"),
        ("a.osm", b"<osm version='0.6'>\n<way id='1'>\n<nd ref=", "line 3"),
        ("a.osm", b"<osm version='0.6'>\n<node id='1' lat='x' lon='1'/></osm>", "line 2"),
        ("a.osm", b"<osm><node id='1' lat='1' lon='1'/></osm>", "version"),
        ("a.osm.bz2", b"<osm version='0.6'></osm>", "not compressed with bzip2"),
        ("a.osm.pbf", b"<osm version='0.6'></osm>", "not an OSM PBF file"),
        ("a.osm.pbf", b"", "a.osm.pbf is empty"),
    ],
)
def test_broken_files_are_refused(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as refused:
        osmfile.read(path)
    assert words in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.osm cannot be read: No such file"):
        osmfile.read(tmp_path / "a.osm")


@pytest.mark.parametrize(
    ("name", "pack"), [("t.osm.bz2", bz2.compress), ("t.osm.gz", gzip.compress)]
)
def test_truncated_compressed_files_say_where(name: str, pack: object, tmp_path: Path) -> None:
    text = town().text().encode() * 40
    packed = pack(text)  # type: ignore[operator]  # of the parameters
    path = tmp_path / name
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(SourceError, match=r"truncated.* byte \d+, in line \d+"):
        osmfile.read(path)


def test_andorra(tmp_path: Path) -> None:
    network = assemble(osmfile.read(data("andorra/andorra.osm.pbf")))
    assert network.signals == 64
    assert len(network.places_of(PlaceKind.HOSPITAL)) >= 10
    assert len(network.places_of(PlaceKind.FIRE_STATION)) == 4
    assert all(p.on_core for p in network.places_of(PlaceKind.FIRE_STATION))
    assert [d.name for d in network.districts] == ["Andorra"]
    again = assemble(osmfile.read(data("andorra/andorra.osm.pbf")))
    assert again.checksum == network.checksum


def test_nanshan_has_chinese_names() -> None:
    network = assemble(osmfile.read(data("shenzhen/nanshan.osm.bz2")))
    assert len(network.edges_named("深南大道")) > 10
    assert network.signals > 50
    assert not network.places_of(PlaceKind.HOSPITAL)


def test_a_truncated_pbf_names_the_blob(tmp_path: Path) -> None:
    whole = data("andorra/andorra.osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[:1_000_000])
    with pytest.raises(SourceError, match=r"truncated.*blob 25, which begins at byte 995008"):
        osmfile.read(path)


@pytest.mark.slow
def test_porto() -> None:
    network = assemble(osmfile.read(data("porto/porto.osm.pbf")))
    assert network.signals == 309
    assert 55_000 < network.node_count < 70_000
