"""What build_network refuses, and what a network tells about its edges."""

import dataclasses

import numpy as np
import pytest

from roadnets.geo import LonLat
from roadnets.network import ARRAY_LAYOUT, EdgeFlag, RoadNetwork, build_network
from tests.roadnets.networks import Street, make_network

NODES = [(116.0, 39.0), (116.001, 39.0), (116.001, 39.001)]
STREETS = [
    Street(0, 1, name="人民路", name_en="Renmin Road", way=7),
    Street(1, 2, oneway=True, name="Ponte Luiz I", way=8, bends=(LonLat(116.002, 39.0005),)),
    Street(2, 0, oneway=True, way=9, flags=EdgeFlag.RESTRICTED | EdgeFlag.BRIDGE),
]


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    return make_network(NODES, STREETS)


def rebuilt(network: RoadNetwork, **changes: object) -> RoadNetwork:
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}
    del fields["checksum"]
    return build_network(**{**fields, **changes})


def changed(array: np.ndarray, index: int, value: object) -> np.ndarray:
    array = array.copy()
    array[index] = value
    return array


def test_every_array_is_read_only_and_of_its_layout(network):
    for name, (dtype, _) in ARRAY_LAYOUT.items():
        array = getattr(network, name)
        assert array.dtype == dtype
        assert not array.flags.writeable


def test_the_layout_lists_every_array_field(network):
    arrays = [
        f.name
        for f in dataclasses.fields(network)
        if isinstance(getattr(network, f.name), np.ndarray)
    ]
    assert arrays == list(ARRAY_LAYOUT)


def test_checksum_is_a_function_of_the_content(network):
    assert rebuilt(network).checksum == network.checksum
    assert network.checksum.startswith("sha256:")
    for change in (
        {"edge_speed_kph": changed(network.edge_speed_kph, 0, 51.0)},
        {"name": "Elsewhere"},
        {"signals": 1},
        {"names": (*network.names[:-1], "another")},
    ):
        assert rebuilt(network, **change).checksum != network.checksum


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("edge_tail", lambda a: a.astype(np.int64), r"edge_tail is int64 \(4,\); .* int32 \(m,\)"),
        ("edge_way", lambda a: a[:-1], r"edge_way is int64 \(3,\); .* \(m,\) = \(4,\)"),
        ("geometry", lambda a: a[:, :1].copy(), r"geometry is int32 \(\d+, 1\)"),
        ("node_lon", lambda a: np.repeat(a, 2)[::2], "must be contiguous float64"),
        ("edge_head", lambda a: changed(a, 0, 3), r"edge_head\[0\] is 3; allowed: 0 to 2"),
        ("edge_class", lambda a: changed(a, 1, 200), r"edge_class\[1\] is 200; allowed: 0 to 20"),
        ("edge_name", lambda a: changed(a, 2, -1), r"edge_name\[2\] is -1; allowed: 0 to 2"),
        ("edge_twin", lambda a: changed(a, 2, 0), "edge_twin of edge 2 is 0, not its reverse"),
        ("edge_twin", lambda a: changed(a, 0, 0), "edge_twin of edge 0 is 0, not its reverse"),
        ("edge_speed_kph", lambda a: changed(a, 0, 0), r"edge_speed_kph\[0\] is 0.0"),
        ("edge_length_m", lambda a: changed(a, 3, np.nan), r"edge_length_m\[3\] is nan"),
        ("node_lat", lambda a: changed(a, 0, 91), r"node_lat\[0\] is 91.0; allowed: -90 to 90"),
        ("geometry_start", lambda a: changed(a, 1, 1), "at least 2 points an edge"),
        ("geometry_start", lambda a: changed(a, -1, 10), "rise from 0 to g"),
        ("geometry", lambda a: changed(a, 0, 5), "line of edge 0 does not meet its edge_tail"),
        ("names", lambda a: a[1:], "the first name is empty"),
    ],
)
def test_refuses_inconsistent_fields(network, field, change, message):
    with pytest.raises(ValueError, match=message):
        rebuilt(network, **{field: change(getattr(network, field))})


def test_refuses_an_empty_network(network):
    empty = {n: getattr(network, n)[:0].copy() for n in ARRAY_LAYOUT if n.startswith("edge_")}
    with pytest.raises(ValueError, match="3 and 0"):
        rebuilt(network, **empty)


def test_counts_and_bounds(network):
    assert (network.node_count, network.edge_count) == (3, 4)
    assert network.bounds == (116.0, 39.0, 116.002, 39.001)


def test_edge_line_runs_from_tail_to_head(network):
    assert network.edge_line(0) == [(116.0, 39.0), (116.001, 39.0)]
    assert network.edge_line(1) == [(116.001, 39.0), (116.0, 39.0)]
    assert network.edge_line(2) == [(116.001, 39.0), (116.002, 39.0005), (116.001, 39.001)]


def test_edge_names(network):
    assert network.edge_names(0) == ("人民路", "Renmin Road")
    assert network.edge_names(3) == ("", "")


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("人民路", [0, 1]),
        ("RENMIN road", [0, 1]),
        (" ponte luiz i ", [2]),
        ("Renmin", []),
        ("", []),
    ],
)
def test_edges_named_takes_either_language_in_any_case(network, text, edges):
    assert network.edges_named(text).tolist() == edges


def test_edges_of_way_and_flags(network):
    assert network.edges_of_way(7).tolist() == [0, 1]
    assert network.edges_of_way(99).tolist() == []
    assert network.has_flag(EdgeFlag.BRIDGE).tolist() == [False, False, False, True]
