"""Graphs of the 9th DIMACS challenge: read, refused with the line, and made a network."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from roadnets.errors import SourceError
from roadnets.imports.importing import import_network
from roadnets.network import EdgeFlag
from roadnets.searches.search import NO_WAY_MS
from roadnets.sources.dimacs import points_beside, read_arcs, read_network, read_points
from tests.data import data

ARCS = """c a triangle with a parallel arc, a loop and a dead end
p sp 4 8
a 1 2 100
a 2 1 100
a 1 2 300
a 2 3 50
c between
a 3 2 60
a 3 1 10
a 3 3 5
a 3 4 7
"""
POINTS = """c its points
p aux sp co 4
v 1 120000000 30000000
v 2 120001000 30000000
v 4 -1 -2
v 3 120001000 30001000
"""


def write(folder: Path, arcs: str = ARCS, points: str = POINTS) -> Path:
    (folder / "town.co").write_text(points)
    path = folder / "town.gr"
    path.write_text(arcs)
    return path


def test_arcs(tmp_path: Path) -> None:
    arcs = read_arcs(write(tmp_path))
    assert arcs.node_count == 4
    assert arcs.tail.tolist() == [0, 1, 0, 1, 2, 2, 2, 2]
    assert arcs.head.tolist() == [1, 0, 1, 2, 1, 0, 2, 3]
    assert arcs.weight.tolist() == [100, 100, 300, 50, 60, 10, 5, 7]
    assert {a.dtype for a in arcs[1:]} == {np.dtype(np.int32)}


def test_points(tmp_path: Path) -> None:
    points = read_points(write(tmp_path).with_suffix(".co"))
    assert points.tolist() == [
        [1200000000, 300000000],
        [1200010000, 300000000],
        [1200010000, 300010000],
        [-10, -20],
    ]


@pytest.mark.parametrize(
    "spelled",
    [
        ARCS.replace("\n", "\r\n"),
        ARCS.replace(" ", "\t"),
        ARCS.replace("\na", "\n\na"),
        ARCS.replace("a 1 2 100", "a  1 2   100 "),
        ARCS.removesuffix("\n"),
    ],
)
def test_other_spellings(spelled: str, tmp_path: Path) -> None:
    arcs = read_arcs(write(tmp_path, spelled))
    assert arcs.weight.tolist() == [100, 100, 300, 50, 60, 10, 5, 7]


def test_gzipped(tmp_path: Path) -> None:
    path = tmp_path / "town.gr.gz"
    path.write_bytes(gzip.compress(ARCS.encode()))
    assert read_arcs(path).node_count == 4


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("a 2 3 50", "a 2 3", "line 6: it has 2 numbers instead of three"),
        ("a 2 3 50", "a 2 3 50 9", "line 6: it has 4 numbers instead of three"),
        ("a 2 3 50", "a 2 3 5O", "line 6: it has something else than whole numbers"),
        ("a 2 3 50", "a 2 3 5.0", "line 6: it has something else than whole numbers"),
        ("a 2 3 50", "a 2 3 5-0", "line 6: it has something else than whole numbers"),
        ("a 2 3 50", "a 2 3 -", "line 6: it has something else than whole numbers"),
        ("a 2 3 50", "a 2 3 -50", f"line 6: weight is -50; allowed: 0 to {NO_WAY_MS - 1}"),
        ("a 2 3 50", "a 2 3 1073741823", "line 6: weight is 1073741823"),
        ("a 2 3 50", f"a 2 3 {'9' * 30}", "line 6: it has a number that is too long"),
        ("a 2 3 50", "a 0 3 50", "line 6: tail is 0; allowed: 1 to 4"),
        ("a 2 3 50", "a 2 5 50", "line 6: head is 5; allowed: 1 to 4"),
        ("a 2 3 50", "b 2 3 50", "line 6: it must begin with c, p or a"),
        ("a 2 3 50", " a 2 3 50", "line 6: it must begin with c, p or a"),
        ("a 3 4 7\n", "", "announces 8 arcs and has 7"),
        ("a 3 4 7\n", "a 3 4 7\na 4 3 7\n", "announces 8 arcs and has 9"),
        ("p sp 4 8", "c", "must have one line 'p sp NUMBER NUMBER'"),
        ("p sp 4 8", "p sp 4", "must have one line 'p sp NUMBER NUMBER'"),
        ("p sp 4 8", "p sp 4 8\np sp 4 8", "must have one line 'p sp NUMBER NUMBER'"),
        ("p sp 4 8", "p sp 4 99999999999", "must have one line 'p sp NUMBER NUMBER'"),
        ("p sp 4 8", "p sp 0 8", "announces 0 nodes; allowed: 1 or more"),
        ("p sp 4 8", "p max 4 8", "must have one line 'p sp NUMBER NUMBER'"),
    ],
)
def test_arcs_that_are_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        read_arcs(write(tmp_path, ARCS.replace(old, new, 1)))
    assert str(refused.value).startswith("town.gr")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("v 4 -1 -2", "v 3 -1 -2", "line 6: this node already has a point"),
        ("v 4 -1 -2", "v 4 -1 90000001", "line 5: latitude is 90000001"),
        ("v 4 -1 -2", "v 4 -180000001 0", "line 5: longitude is -180000001"),
        ("v 4 -1 -2", "v 5 -1 -2", "line 5: node is 5; allowed: 1 to 4"),
        ("v 4 -1 -2\n", "", "announces 4 points and has 3"),
        ("p aux sp co 4", "p sp 4 4", "must have one line 'p aux sp co NUMBER'"),
    ],
)
def test_points_that_are_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, points=POINTS.replace(old, new, 1)).with_suffix(".co")
    with pytest.raises(SourceError) as refused:
        read_points(path)
    assert words in str(refused.value)


@pytest.mark.parametrize("content", [b"no gzip at all", gzip.compress(ARCS.encode())[:-9], b""])
def test_broken_gzip_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "town.gr.gz"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"town\.gr\.gz (cannot be read|must have one line)"):
        read_arcs(path)


def test_a_network(tmp_path: Path) -> None:
    path = write(tmp_path)
    network, ms = read_network(path, points_beside(path))
    assert (network.name, network.source) == ("town", "town.gr")
    assert network.node_osm.tolist() == [1, 2, 3]
    assert network.edge_tail.tolist() == [0, 1, 0, 1, 2, 2]
    assert network.edge_head.tolist() == [1, 0, 1, 2, 1, 0]
    assert ms.tolist() == [400, 400, 1200, 200, 240, 40]
    assert network.edge_twin.tolist() == [1, 0, -1, 4, 3, -1]
    assert network.edge_way.tolist() == [1, 1, 2, 3, 3, 4]
    against = network.has_flag(EdgeFlag.AGAINST_WAY)
    assert against.tolist() == [False, True, False, False, True, False]
    assert network.edge_length_m[0] == pytest.approx(96.3, abs=0.1)
    # 96 m in 0.4 s is faster than anybody drives, in 1.2 s it is too; 111 m in 0.2 s as well.
    assert network.edge_speed_kph.tolist() == [160.0] * 6
    assert network.report.dropped == {"arcs outside the largest connected core": 1, "loops": 1}
    assert "4 ms" in network.report.notes[0]


def test_speed_is_length_over_weight(tmp_path: Path) -> None:
    path = write(tmp_path)
    network, ms = read_network(path, points_beside(path), unit_ms=100)
    assert ms[0] == 10_000
    kph = network.edge_length_m[0] / 10 * 3.6
    assert network.edge_speed_kph[0] == pytest.approx(kph)


@pytest.mark.parametrize(
    ("arcs", "beside"),
    [
        ("town.gr", "town.co"),
        ("town.gr.gz", "town.co.gz"),
        ("TOWN.GR", "TOWN.co"),
        ("USA-road-t.NY.gr.gz", "USA-road-d.NY.co.gz"),
    ],
)
def test_points_lie_beside_the_arcs(arcs: str, beside: str, tmp_path: Path) -> None:
    (tmp_path / beside).touch()
    assert points_beside(tmp_path / arcs) == tmp_path / beside


def test_no_points_are_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"town\.gr .* town\.co\.gz or town\.co$"):
        points_beside(tmp_path / "town.gr")


def test_points_of_another_graph_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, points="p aux sp co 1\nv 1 0 0\n")
    with pytest.raises(SourceError, match=r"town\.gr has 4 nodes, town\.co 1"):
        read_network(path, points_beside(path))


def test_a_graph_without_nodes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "p sp 0 0\n", "p aux sp co 0\n")
    with pytest.raises(SourceError, match=r"town\.gr announces 0 nodes; allowed: 1 or more"):
        read_network(path, points_beside(path))
    with pytest.raises(SourceError, match=r"town\.co announces 0 nodes; allowed: 1 or more"):
        read_points(points_beside(path))


def test_a_graph_of_loops_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "p sp 1 1\na 1 1 5\n", "p aux sp co 1\nv 1 0 0\n")
    with pytest.raises(SourceError, match="no connected streets"):
        read_network(path, points_beside(path))


def test_it_is_imported_as_any_source(tmp_path: Path) -> None:
    network = import_network(str(write(tmp_path)), {}, name="小镇")
    assert (network.name, network.edge_count) == ("小镇", 6)


def test_new_york() -> None:
    folder = data("newyork")
    path = folder / "USA-road-t.NY.gr.gz"
    network, ms = read_network(path, points_beside(path))
    assert (network.node_count, network.edge_count) == (264_346, 733_846)
    assert (network.edge_twin >= 0).all()
    assert np.array_equal(ms[network.edge_twin], ms)
    classes = np.unique(np.rint(network.edge_speed_kph[network.edge_length_m > 300]))
    assert classes.tolist() == [36, 54, 72, 90]
