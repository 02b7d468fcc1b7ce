"""OSMnx: places from recorded answers, graphs that it saved, and the same core as its own."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import osmnx as ox
import pytest
from numpy.typing import NDArray

from roadnets.beside import PlaceKind
from roadnets.errors import SourceError
from roadnets.imports.assemble import assemble
from roadnets.imports.streets import StreetData
from roadnets.imports.tags import rule_of
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.sources import osm, osmfile
from tests.roadnets.osmfiles import Map, edges
from tests.roadnets.record import PLACE, Recording, recording

# ---- places -------------------------------------------------------------------------------------


@pytest.fixture
def tape(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recording]:
    monkeypatch.setattr("time.sleep", lambda _: None)  # OSMnx is polite to Nominatim
    with recording() as running:
        yield running


def read(tape: Recording) -> StreetData:
    return osm.read_place(PLACE, osm.Servers.from_environment(tape.environment))


def test_a_place_is_downloaded_with_all_that_stands_there(tape: Recording) -> None:
    network = assemble(read(tape))
    assert network.name == PLACE
    assert network.signals > 8
    assert {p.kind for p in network.places} >= {
        PlaceKind.HOSPITAL,
        PlaceKind.AMBULANCE_STATION,
        PlaceKind.FIRE_STATION,
    }
    hospital = network.places_of(PlaceKind.HOSPITAL)[0]
    assert (hospital.name, hospital.osm_id) == ("澜江市第一人民医院", "relation/3000001")
    assert hospital.on_core
    assert [d.name for d in network.districts] == ["鼓楼区"]
    assert len(network.edges_named("解放大道")) > 4


def ends(network: RoadNetwork, chosen: NDArray[np.int32]) -> list[list[int]]:
    nodes = np.column_stack((network.edge_tail[chosen], network.edge_head[chosen]))
    found: list[list[int]] = network.node_osm[nodes].tolist()
    return found


def test_a_download_gives_what_the_file_gives(tape: Recording, sample_file: Path) -> None:
    """Ways that lie wholly in the answer are cut and judged as those of the sample's own file."""
    online, offline = assemble(read(tape)), assemble(osmfile.read(sample_file))
    alike = 0
    for way in np.unique(online.edge_way).tolist():
        mine, theirs = online.edges_of_way(way), offline.edges_of_way(way)
        if ends(online, mine) == ends(offline, theirs):
            alike += 1
            for name in ("edge_class", "edge_speed_kph", "edge_gate_count", "edge_length_m"):
                here, there = getattr(online, name), getattr(offline, name)
                assert here[mine].tolist() == there[theirs].tolist(), (way, name)
    assert alike > 40


class Asked(dict[str, str]):
    """Tags that remember what was asked of them."""

    def __init__(self, *tags: tuple[str, str]) -> None:
        super().__init__(tags)
        self.keys_asked: set[str] = set()

    def get(self, key: str, default: object = None) -> Any:
        self.keys_asked.add(key)
        return super().get(key, default)


@pytest.mark.parametrize("highway", ["residential", "pedestrian", "track", "motorway", "path"])
@pytest.mark.parametrize("also", [("bridge", "yes"), ("tunnel", "yes"), ("emergency", "yes")])
def test_a_download_keeps_every_tag_that_a_rule_asks_for(
    highway: str, also: tuple[str, str]
) -> None:
    tags = Asked(("highway", highway), also)
    rule_of(tags)
    assert "highway" in tags.keys_asked
    assert tags.keys_asked <= set(osm._WAY_TAGS)


def test_what_is_asked_keeps_service_and_private_ways(tape: Recording) -> None:
    read(tape)
    streets = next(q for q in tape.asked if 'way["highway"]' in q)
    assert "access" not in streets
    assert "service|" not in streets
    assert any('["emergency"~' in q for q in tape.asked)


def test_a_download_has_a_checksum_of_its_data(tape: Recording) -> None:
    first = read(tape).source_checksum
    assert first.startswith("sha256:")
    assert read(tape).source_checksum == first
    streets = json.loads(tape.answers["streets"][1])
    streets["elements"] = [
        e for e in streets["elements"] if e.get("tags", {}).get("name") != "钟楼环岛"
    ]
    tape.answers["streets"] = (200, json.dumps(streets).encode())
    assert read(tape).source_checksum != first


def test_a_download_leaves_no_trace(
    tape: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    resolver, cache = socket.getaddrinfo, ox.settings.use_cache
    read(tape)
    assert list(tmp_path.iterdir()) == []
    assert socket.getaddrinfo is resolver
    assert ox.settings.use_cache is cache
    assert ox.settings.overpass_url == osm.OVERPASS_URL


def test_no_hospitals_is_no_error(tape: Recording) -> None:
    tape.answers["features"] = (200, b'{"elements": []}')
    data = read(tape)
    assert data.places == ()
    assert data.areas == ()


def test_an_unknown_place_is_refused(tape: Recording) -> None:
    tape.answers["nominatim"] = (200, b"[]")
    with pytest.raises(SourceError, match="0 results"):
        read(tape)


def test_a_place_without_a_boundary_is_refused(tape: Recording) -> None:
    place = json.loads(tape.answers["nominatim"][1])
    place[0]["geojson"] = {"type": "Point", "coordinates": [112.7, 30.56]}
    tape.answers["nominatim"] = (200, json.dumps(place).encode())
    with pytest.raises(SourceError, match="name an area that has a boundary"):
        read(tape)


def test_a_server_in_trouble_is_named(tape: Recording) -> None:
    tape.answers["streets"] = (500, b"<html>out of memory</html>")
    with pytest.raises(SourceError, match=r"cannot be imported.*500.*out of memory"):
        read(tape)


def test_no_streets_are_refused(tape: Recording) -> None:
    tape.answers["streets"] = tape.answers["paths"] = (200, b'{"elements": []}')
    with pytest.raises(SourceError, match="No data elements"):
        read(tape)


def test_without_a_network_the_offline_ways_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        servers = osm.Servers(f"http://127.0.0.1:{closed.getsockname()[1]}/")
        with pytest.raises(SourceError, match=r"cannot be reached: without a network.*\.osm\.pbf"):
            osm.read_place("Anywhere", servers)


def test_servers_come_from_the_environment() -> None:
    assert osm.Servers.from_environment({}) == osm.Servers(osm.NOMINATIM_URL, osm.OVERPASS_URL)
    named = {"DISPATCH_NOMINATIM_URL": "http://a", "DISPATCH_OVERPASS_URL": "http://b"}
    assert osm.Servers.from_environment(named) == osm.Servers("http://a", "http://b")


# ---- graphs -------------------------------------------------------------------------------------


def town() -> Map:
    drawn = Map()
    drawn.square()
    drawn.street(
        (0, 0), (1, 1), (2, 1), (3, 3), name="东风路", name__en="Dongfeng Road", maxspeed="40"
    )
    drawn.street((0, 3), (1, 2), (3, 0), oneway="-1", highway="tertiary")
    drawn.node(1, 1, barrier="gate")
    drawn.node(0, 0, highway="traffic_signals")
    return drawn


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """OSMnx keeps the tags that the rules want to see."""
    monkeypatch.setattr(ox.settings, "useful_tags_way", [*ox.settings.useful_tags_way, "name:en"])
    monkeypatch.setattr(ox.settings, "useful_tags_node", ["highway", "barrier"])


def saved(graph: "nx.MultiDiGraph[int]", folder: Path) -> Path:
    path = folder / "town.graphml"
    ox.save_graphml(graph, path)
    return path


def test_an_unsimplified_graph_gives_what_the_file_gives(settings: None, tmp_path: Path) -> None:
    file = town().write(tmp_path)
    path = saved(ox.graph_from_xml(file, simplify=False, retain_all=True), tmp_path)
    graph, plain = assemble(osm.read_graphml(path)), assemble(osmfile.read(file))
    for name in ("node_osm", "edge_way", "edge_speed_kph", "edge_gate_count"):
        assert getattr(graph, name).tolist() == getattr(plain, name).tolist(), name
    # OSMnx does not tell that it turned a way tagged -1 round.
    turned = graph.edge_way == 106
    differ = (graph.edge_flags ^ plain.edge_flags) & ~(turned * np.uint16(EdgeFlag.AGAINST_WAY))
    assert not differ.any()
    assert graph.geometry.tolist() == plain.geometry.tolist()
    assert (graph.names, graph.names_en) == (plain.names, plain.names_en)
    assert graph.signals == plain.signals == 1
    assert (graph.name, graph.source) == ("town", "town.graphml")
    assert "no hospitals" in graph.report.notes[0]


def test_a_simplified_graph_keeps_its_lines(settings: None, tmp_path: Path) -> None:
    file = town().write(tmp_path)
    path = saved(ox.graph_from_xml(file, simplify=True, retain_all=True), tmp_path)
    graph, plain = assemble(osm.read_graphml(path)), assemble(osmfile.read(file))
    assert graph.edge_count == plain.edge_count
    assert graph.edge_length_m.sum() == pytest.approx(plain.edge_length_m.sum(), abs=0.1)
    assert edges(graph, 105) == edges(plain, 105)
    assert edges(graph, 106) == [((3, 0), (0, 3))]
    assert "simplified" in graph.report.notes[1]


def test_values_that_osmnx_joined_are_parted(settings: None, tmp_path: Path) -> None:
    drawn = Map()
    drawn.square()
    drawn.street((0, 0), (1, 1), name="A", maxspeed="60", highway="primary", bridge="yes")
    drawn.street((1, 1), (3, 3), name="B", maxspeed="40", highway="tertiary", access="private")
    graph = ox.graph_from_xml(drawn.write(tmp_path), simplify=True, retain_all=True)
    lists = [d for *_, d in graph.edges(data=True) if isinstance(d["osmid"], list)]
    assert lists, "the graph has an edge of two ways"
    network = assemble(osm.read_graphml(saved(graph, tmp_path)))
    (edge, _) = network.edges_of_way(105)
    assert network.edge_names(int(edge)) == ("A;B", "")
    assert network.edge_speed_kph[edge] == 40
    assert EdgeFlag(int(network.edge_flags[edge])) & EdgeFlag.BRIDGE
    assert EdgeFlag(int(network.edge_flags[edge])) & EdgeFlag.RESTRICTED


def test_a_projected_graph_is_brought_back(settings: None, tmp_path: Path) -> None:
    file = town().write(tmp_path)
    graph = ox.project_graph(ox.graph_from_xml(file, simplify=True, retain_all=True))
    network, plain = assemble(osm.read_graphml(saved(graph, tmp_path))), town().network(tmp_path)
    assert network.bounds == pytest.approx(plain.bounds, abs=1e-6)


BARE_GRAPH = """<graphml xmlns='http://graphml.graphdrawing.org/xmlns'>
<graph edgedefault='directed'><node id='1'/><node id='2'/><edge source='1' target='2'/></graph>
</graphml>"""


def graph(crs: str, line: str) -> str:
    """A graph of one street, as OSMnx writes it."""
    names = {"crs": "graph", "x": "node", "y": "node", "osmid": "edge", "geometry": "edge"}
    keys = "".join(
        f"<key id='{k}' for='{kind}' attr.name='{k}' attr.type='string'/>"
        for k, kind in names.items()
    )
    nodes = "".join(
        f"<node id='{n}'><data key='x'>112.{n}</data><data key='y'>30</data></node>" for n in (0, 1)
    )
    return (
        f"<graphml xmlns='http://graphml.graphdrawing.org/xmlns'>{keys}"
        f"<graph edgedefault='directed'><data key='crs'>{crs}</data>{nodes}"
        "<edge source='0' target='1'><data key='osmid'>1</data>"
        f"<data key='geometry'>{line}</data></edge></graph></graphml>"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty (line 1"),
        ("<graphml>\n<graph", "not well-formed XML (line 2"),
        ("<graphml xmlns='http://graphml.graphdrawing.org/xmlns'></graphml>", "not a graph saved"),
        ("<osm/>", "not a graph saved"),
        (BARE_GRAPH, "not a graph saved"),
        (graph("epsg:4326", "LINESTRING (112 30, 112.1 "), "not a graph saved"),
        (graph("epsg:nowhere", "LINESTRING (112 30, 112.1 30)"), "not a graph saved"),
    ],
)
def test_other_graphs_are_refused(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.graphml"
    path.write_text(content)
    with pytest.raises(SourceError) as refused:
        osm.read_graphml(path)
    assert words in str(refused.value)


def test_a_missing_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        osm.read_graphml(tmp_path / "a.graphml")


# ---- the same core as OSMnx's own ---------------------------------------------------------------


@pytest.fixture(scope="module")
def sample_graph(sample_file: Path) -> "nx.MultiDiGraph[int]":
    """The sample city as OSMnx reads it, without what our rules drop."""
    tags = ox.settings.useful_tags_way
    ox.settings.useful_tags_way = [*tags, "emergency", "tracktype", "name:en"]
    try:
        graph = ox.graph_from_xml(sample_file, simplify=False, retain_all=True)
    finally:
        ox.settings.useful_tags_way = tags
    for u, v, key, data in list(graph.edges(keys=True, data=True)):
        highway = data.get("highway")
        closed = highway in {None, "construction"} or (
            highway == "footway" and "emergency" not in data
        )
        if closed or data.get("tracktype") == "grade4":
            graph.remove_edge(u, v, key)
    return graph


def test_parity_with_osmnx(
    sample_graph: "nx.MultiDiGraph[int]", sample_network: RoadNetwork
) -> None:
    core = ox.truncate.largest_component(ox.simplify_graph(sample_graph), strongly=True)
    metres = sum(data["length"] for *_, data in core.edges(data=True))
    # Ours has the contraflow for emergency vehicles, and a node where a way ends.
    assert sample_network.node_count == pytest.approx(len(core), rel=0.01)
    usual = ~sample_network.has_flag(EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER)
    assert sample_network.report.edges == usual.sum()
    assert usual.sum() == pytest.approx(len(core.edges), rel=0.02)
    assert sample_network.edge_length_m[usual].sum() == pytest.approx(metres, rel=0.01)


@pytest.mark.slow
def test_the_sample_as_graphml(
    sample_graph: "nx.MultiDiGraph[int]", sample_network: RoadNetwork, tmp_path: Path
) -> None:
    network = assemble(osm.read_graphml(saved(ox.simplify_graph(sample_graph), tmp_path)))
    assert network.node_count == pytest.approx(sample_network.node_count, rel=0.01)
    # Such a graph has no water.
    assert network.report.length_km == pytest.approx(sample_network.report.length_km, rel=0.01)
    assert len(network.edges_named("东风大桥")) == len(sample_network.edges_named("东风大桥"))
