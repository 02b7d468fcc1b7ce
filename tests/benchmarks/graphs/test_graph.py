"""The graphs of the benchmarks: connected, simple, the same each time."""

import numpy as np
import pytest

from benchmarks.graphs import Graph, cut, near_arcs, newyork, tiled
from benchmarks.graphs.newyork import generated
from tests.data import data

SMALL = generated(30)


def check(graph: Graph) -> None:
    assert graph.connected().arc_count == graph.arc_count
    assert len(np.unique(graph.tail.astype(np.int64) * graph.node_count + graph.head)) == len(
        graph.ms
    )
    assert (graph.tail != graph.head).all()
    assert (graph.ms > 0).all()
    assert graph.points.shape == (graph.node_count, 2)


def test_generated() -> None:
    check(SMALL)
    again = generated(30)
    assert np.array_equal(again.tail, SMALL.tail)
    assert np.array_equal(again.ms, SMALL.ms)
    assert 0.6 * 900 < SMALL.node_count <= 900


def test_tiles_are_joined() -> None:
    graph = tiled(SMALL, 3)
    check(graph)
    assert graph.node_count == 9 * SMALL.node_count
    joints = graph.arc_count - 9 * SMALL.arc_count
    assert 12 * 2 * 10 < joints <= 12 * 2 * 64
    assert "3 x 3" in graph.source


def test_a_piece() -> None:
    graph = cut(SMALL, 300)
    check(graph)
    assert 150 < graph.node_count <= 300


def test_near_arcs_lie_around_a_node() -> None:
    arcs = near_arcs(SMALL, 0, 20)
    assert len(set(arcs.tolist())) == 20
    assert SMALL.tail[arcs[0]] == 0
    assert np.abs(SMALL.points[SMALL.tail[arcs]] - SMALL.points[0]).max() < 0.01


def test_of_parallel_arcs_the_fastest() -> None:
    ends = np.array([0, 0, 1, 1], np.int32), np.array([1, 1, 0, 1], np.int32)
    graph = Graph("", np.zeros((2, 2)), *ends, np.array([9, 4, 7, 1], np.int32)).connected()
    assert graph.ms.tolist() == [4, 7]


def test_a_stand_in_where_new_york_is_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("DISPATCH_DATA", str(tmp_path))
    graph = newyork.__wrapped__()
    assert "generated" in graph.source
    assert graph.node_count == pytest.approx(239_373, rel=0.01)
    assert graph.arc_count == pytest.approx(630_734, rel=0.01)


def test_new_york() -> None:
    data("newyork")
    graph = newyork()
    assert "DIMACS" in graph.source
    assert graph.node_count == pytest.approx(239_373, rel=0.01)
    assert graph.arc_count == pytest.approx(630_734, rel=0.01)
