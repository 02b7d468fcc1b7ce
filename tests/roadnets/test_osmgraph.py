"""Graphs of OSMnx's: a network made of one, and one made of a network."""

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import osmnx as ox
import pytest
import shapely
from numpy.typing import NDArray

from roadnets.errors import SourceError
from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, RoadNetwork, build_network
from roadnets.sources import osm
from tests.roadnets.networks import Street, grid, make_network
from tests.roadnets.osmfiles import Map

Graph = nx.MultiDiGraph

LOST = EdgeFlag.GATE | EdgeFlag.BUS_LANE


def town() -> Map:
    """One of everything that an edge may be."""
    drawn = Map()
    drawn.square()
    drawn.street((0, 0), (1, 1), (2, 1), (3, 3), name="东风路", name__en="Dongfeng Road", ref="G4")
    drawn.street((0, 3), (1, 2), (3, 0), oneway="-1", highway="tertiary", maxspeed="40")
    drawn.street((0, 0), (-2, 1), (-2, 2), (0, 3), maxspeed__forward="30", maxspeed__backward="50")
    drawn.street((3, 0), (5, 1), (3, 3), oneway="yes", oneway__emergency="no", highway="primary")
    drawn.street((3, 3), (5, 4), (3, 6), oneway="-1", oneway__emergency="no")
    drawn.street((3, 6), (3, 3), access="private", bridge="yes", layer="2", maxheight="3.5")
    drawn.street((0, 3), (0, 5), (3, 6), highway="motorway", oneway="no", tunnel="yes")
    drawn.street((0, 5), (2, 5), (0, 5.5), (0, 5), highway="footway", emergency="yes")
    drawn.street((3, 0), (4, -1), (4, -2), highway="pedestrian", motor_vehicle="yes")
    drawn.street((4, -2), (5, -2), (5, -1), (4, -1), highway="track", emergency="yes")
    drawn.street((4, -2), (3, -2), (3, 0), highway="busway", junction="roundabout", oneway="no")
    drawn.node(0, 0, highway="traffic_signals")
    drawn.node(3, 3, highway="traffic_signals")
    return drawn


def usual(network: RoadNetwork) -> NDArray[np.bool_]:
    """Whether each edge may be driven on an ordinary day."""
    return ~network.has_flag(EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER)


def told(network: RoadNetwork, *, flags: bool = True) -> Counter[tuple[Any, ...]]:
    """What an edge is, without its number."""
    edges = np.flatnonzero(usual(network)).tolist()
    node = network.node_osm.tolist()
    return Counter(
        (
            node[network.edge_tail[e]],
            node[network.edge_head[e]],
            int(network.edge_way[e]),
            HIGHWAY_CLASSES[network.edge_class[e]],
            float(network.edge_length_m[e]),
            float(network.edge_speed_kph[e]),
            *network.edge_names(e),
            network.refs[network.edge_name[e]],
            int(network.edge_layer[e]),
            float(network.edge_max_height_m[e]),
            tuple(network.edge_line(e)),
            EdgeFlag(int(network.edge_flags[e]) & ~LOST) if flags else None,
        )
        for e in edges
    )


def test_there_and_back_is_the_same_network(tmp_path: Path) -> None:
    network = town().network(tmp_path)
    again = osm.from_osmnx(osm.to_osmnx(network))
    assert again.node_osm.tolist() == network.node_osm.tolist()
    assert again.node_signal.tolist() == network.node_signal.tolist()
    assert told(again) == told(network)
    assert again.report.edges == network.report.edges
    assert again.name == network.name


def test_the_sample_there_and_back(sample_network: RoadNetwork) -> None:
    again = osm.from_osmnx(osm.to_osmnx(sample_network), "Lanjiang")
    on_streets = np.unique(sample_network.edge_tail[usual(sample_network)])
    assert sorted(again.node_osm) == sorted(sample_network.node_osm[on_streets])
    assert told(again, flags=False) == told(sample_network, flags=False)
    assert again.name == "Lanjiang"
    assert again.report.notes[0].startswith("a graph holds no hospitals")


def test_a_graph_in_the_words_of_osmnx(tmp_path: Path) -> None:
    network = town().network(tmp_path)
    graph = osm.to_osmnx(network)
    assert (graph.graph["crs"], graph.graph["simplified"]) == ("epsg:4326", True)
    assert len(graph.edges) == network.report.edges
    (bent,) = (d for *_, d in graph.edges(data=True) if d["osmid"] == 105 and not d["reversed"])
    assert bent["name"] == "东风路"
    assert bent["name:en"] == "Dongfeng Road"
    assert (bent["ref"], bent["highway"], bent["oneway"]) == ("G4", "residential", False)
    assert len(bent["geometry"].coords) == 4
    assert bent["travel_time"] == pytest.approx(bent["length"] / bent["speed_kph"] * 3.6)
    (oneway,) = (d for *_, d in graph.edges(data=True) if d["osmid"] == 106)
    assert (oneway["oneway"], oneway["reversed"], oneway["maxspeed"]) == (True, True, "40")
    signal = next(n for n, d in graph.nodes(data=True) if d.get("highway") == "traffic_signals")
    assert signal in network.node_osm[network.node_signal]
    counted = ox.stats.count_streets_per_node(graph)
    assert {n: d["street_count"] for n, d in graph.nodes(data=True)} == counted


def test_osmnx_works_on_it(tmp_path: Path) -> None:
    network = grid(5, 5)
    graph = osm.to_osmnx(network)
    route = ox.shortest_path(graph, 100, 124, weight="travel_time")
    assert (route[0], route[-1], len(route)) == (100, 124, 9)
    nodes, edges = ox.graph_to_gdfs(graph)
    assert (len(nodes), len(edges)) == (network.node_count, network.edge_count)
    assert ox.distance.nearest_nodes(ox.project_graph(graph), 0, 0) in graph
    path = tmp_path / "grid.graphml"
    ox.save_graphml(graph, path)
    loaded, kept = osm.from_osmnx(ox.load_graphml(path)), osm.from_osmnx(graph)
    assert told(loaded) == told(kept)
    assert (loaded.node_count, loaded.edge_count) == (network.node_count, network.edge_count)


def test_travel_times_of_ones_own() -> None:
    network = grid(3, 3)
    seconds = np.arange(network.edge_count, dtype=np.float64)
    seconds[[0, 5]] = np.inf
    graph = osm.to_osmnx(network, seconds)
    given = sorted(d["travel_time"] for *_, d in graph.edges(data=True))
    assert given == [e for e in range(network.edge_count) if e not in {0, 5}]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1.0], r"travel_times_s has shape \(1,\); allowed: \(24,\)$"),
        (np.arange(24.0) - 1, r"travel_times_s\[0\] is -1.0; allowed: 0 or more"),
        (np.append(np.ones(23), np.nan), r"travel_times_s\[23\] is nan; allowed: 0 or more"),
    ],
)
def test_travel_times_must_fit(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        osm.to_osmnx(grid(3, 3), wrong)


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("x", float("nan"), "x of node 100 is nan; allowed: -180 to 180 degrees"),
        ("y", float("-inf"), "y of node 100 is -inf; allowed: -90 to 90 degrees"),
        ("x", 1e6, "x of node 100 is 1000000.0; allowed: -180 to 180 degrees"),
    ],
)
def test_a_node_off_the_earth_is_refused(attribute: str, value: float, words: str) -> None:
    graph = osm.to_osmnx(grid(3, 3))
    graph.nodes[100][attribute] = value
    with pytest.raises(SourceError, match=words):
        osm.from_osmnx(graph)


def test_a_line_off_the_earth_is_refused() -> None:
    graph = osm.to_osmnx(grid(3, 3))
    points = [(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in (100, 101)]
    line = shapely.LineString([points[0], (1e6, 30.0), points[1]])
    graph.edges[100, 101, 0].update(geometry=line, osmid=7)
    with pytest.raises(SourceError, match="x of the line of way 7 is 1000000.0; allowed: -180"):
        osm.from_osmnx(graph)


def test_an_id_beyond_64_bits_is_refused() -> None:
    graph = osm.to_osmnx(grid(3, 3))
    graph.edges[100, 101, 0]["osmid"] = 10**30
    with pytest.raises(SourceError, match=f"the id of way {10**30} is too large; allowed: 64"):
        osm.from_osmnx(graph)
    graph = nx.relabel_nodes(osm.to_osmnx(grid(3, 3)), {100: 10**30})
    with pytest.raises(SourceError, match=f"the id of node {10**30} is too large; allowed: 64"):
        osm.from_osmnx(graph)


def test_edges_of_no_ordinary_day_are_left_out_unless_asked_for() -> None:
    network = grid(3, 3)
    flags = network.edge_flags.copy()
    flags[3], flags[5] = EdgeFlag.AGAINST_ONEWAY, EdgeFlag.WATER
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}
    del fields["checksum"]
    network = build_network(**{**fields, "edge_flags": flags})
    ordinary, every = osm.to_osmnx(network), osm.to_osmnx(network, every_edge=True)
    assert (len(ordinary.edges), len(every.edges)) == (network.edge_count - 2, network.edge_count)
    ways = {(u, v): d["oneway"] for u, v, d in ordinary.edges(data=True)}
    node = network.node_osm[[network.edge_tail[2], network.edge_head[2]]].tolist()
    assert ways[tuple(node)] is True


def test_nodes_of_one_id_are_kept_apart() -> None:
    nodes = [(116.39, 39.9), (116.391, 39.9), (116.391, 39.9), (116.392, 39.9)]
    network = make_network(nodes, [Street(0, 1), Street(2, 3), Street(0, 3)])
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}
    del fields["checksum"]
    ids = np.array([5, 6, 6, 7], np.int64)
    graph = osm.to_osmnx(build_network(**{**fields, "node_osm": ids}))
    assert sorted(graph.nodes) == [-1, 5, 6, 7]
    assert len(graph.edges) == 6


def simple_graph(**attributes: Any) -> Graph:
    """A triangle of streets both ways, as an analyst may have it."""
    graph = nx.MultiDiGraph(crs="epsg:4326", simplified=True, name="Triangle")
    for node, (x, y) in enumerate([(116.39, 39.9), (116.4, 39.9), (116.4, 39.91)], 1):
        graph.add_node(node, x=x, y=y)
    for tail, head in ((1, 2), (2, 1), (2, 3), (3, 2), (3, 1), (1, 3)):
        base = {"osmid": 9, "highway": "residential", "oneway": False, "length": 1.0}
        graph.add_edge(tail, head, **{**base, "reversed": tail > head, **attributes})
    return graph


def test_edges_of_one_way_stay_edges() -> None:
    """Two straight edges of one way and the node between them, which is but a bend to a file."""
    network = osm.from_osmnx(simple_graph())
    assert (network.node_count, network.edge_count) == (3, 6)
    assert network.name == "Triangle"
    assert network.source_checksum.startswith("sha256:")


def test_speeds_of_the_graph_are_used_where_asked_for() -> None:
    graph = simple_graph(speed_kph=43.5)
    assert osm.from_osmnx(graph).edge_speed_kph.tolist() == [30.0] * 6
    network = osm.from_osmnx(graph, use_speeds=True)
    assert network.edge_speed_kph.tolist() == [43.5] * 6
    assert network.has_flag(EdgeFlag.SPEED_TAGGED).all()


def test_each_direction_has_its_own_speed() -> None:
    graph = simple_graph()
    graph.edges[1, 2, 0]["maxspeed"] = "60"
    graph.edges[2, 1, 0]["maxspeed"] = "20"
    network = osm.from_osmnx(graph)
    ends = np.column_stack((network.edge_tail, network.edge_head)).tolist()
    speeds = {tuple(e): s for e, s in zip(ends, network.edge_speed_kph.tolist(), strict=True)}
    assert (speeds[0, 1], speeds[1, 0], speeds[1, 2]) == (60.0, 20.0, 30.0)


def test_a_projected_graph_is_brought_back() -> None:
    graph = ox.project_graph(simple_graph())
    assert osm.from_osmnx(graph).node_lon == pytest.approx([116.39, 116.4, 116.4], abs=1e-6)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (nx.MultiDiGraph(), "graph is not a graph made by OSMnx: 'crs'"),
        (nx.MultiDiGraph(crs="epsg:4326", name="Empty"), "no streets"),
        (nx.MultiDiGraph([(1, 2)], crs="epsg:4326"), "is not a graph made by OSMnx: 'x'"),
    ],
)
def test_other_graphs_are_refused(graph: Graph, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        osm.from_osmnx(graph)
