"""Weights on a hierarchy: equal to scipy's; after a change, equal bit for bit to weights anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadnets.kernel import customize as module
from roadnets.kernel.customize import customize, customize_into, update
from roadnets.kernel.metric import Metric
from roadnets.searches.search import NO_WAY_MS
from tests.roadnets.kernel.shapes import (
    SHAPES,
    Arcs,
    all_pairs,
    built,
    graphs,
    grid,
    scipy_all_pairs,
    weights,
)


def copied(metric: Metric) -> Metric:
    return Metric(metric.up_ms.copy(), metric.down_ms.copy())


def equal(one: Metric, other: Metric) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", SHAPES)
def test_times_are_scipys(shape: str, seed: int) -> None:
    graph = SHAPES[shape]()
    topology, ms = built(graph), weights(len(graph.tail), seed)
    metric = customize(topology, ms)
    assert np.array_equal(all_pairs(topology, metric), scipy_all_pairs(graph, ms))


@given(graphs(), st.integers(0, 1000))
def test_times_are_scipys_whatever_the_graph(graph: Arcs, seed: int) -> None:
    topology, ms = built(graph), weights(len(graph.tail), seed)
    metric = customize(topology, ms)
    assert np.array_equal(all_pairs(topology, metric), scipy_all_pairs(graph, ms))


def changes(chance: np.random.Generator, ms: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """Closes, slows, reopens, or does all at once; changes ``ms``, gives the arcs."""
    count = int(chance.integers(0, max(len(ms) // 6, 1) + 1))
    arcs = chance.integers(0, len(ms), count) if len(ms) else np.empty(0, np.int64)
    new = [
        np.full(count, NO_WAY_MS),
        np.minimum(ms[arcs].astype(np.int64) * 3, NO_WAY_MS),
        plain[arcs],
        ms[arcs] // 2,
        chance.choice([0, 5, NO_WAY_MS - 1, 2**31 - 1], count),
    ]
    ms[arcs] = new[int(chance.integers(len(new)))]
    return arcs


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("shape", [*SHAPES, "large grid"])
def test_a_long_day_of_changes(shape: str, seed: int) -> None:
    graph = SHAPES[shape]() if shape in SHAPES else grid(30)
    topology, plain = built(graph), weights(len(graph.tail), seed)
    chance, ms = np.random.default_rng(seed), plain.copy()
    metric = customize(topology, ms)
    for _ in range(60):
        before = copied(metric)
        arcs = changes(chance, ms, plain)
        changed = update(topology, metric, ms, arcs)
        assert equal(metric, customize(topology, ms))
        differs = (before.up_ms != metric.up_ms) | (before.down_ms != metric.down_ms)
        assert changed.tolist() == np.flatnonzero(differs).tolist()


@settings(max_examples=60)
@given(graphs(), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=8))
def test_changes_whatever_the_graph(graph: Arcs, seeds: list[int]) -> None:
    topology, plain = built(graph), weights(len(graph.tail), seeds[0])
    ms = plain.copy()
    metric = customize(topology, ms)
    for seed in seeds:
        update(topology, metric, ms, changes(np.random.default_rng(seed), ms, plain))
        assert equal(metric, customize(topology, ms))


@pytest.mark.parametrize(("patience", "many"), [(0, 1), (1, 1), (10**6, 1), (1, 10**6)])
def test_giving_up_makes_no_difference(
    patience: int, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", patience)
    monkeypatch.setattr(module, "_MANY", many)
    graph = grid(25)
    topology, ms = built(graph), weights(len(graph.tail), 5)
    metric = customize(topology, ms)
    before = copied(metric)
    arcs = np.random.default_rng(6).choice(len(ms), 200, replace=False)
    ms[arcs] = weights(200, 7)
    changed = update(topology, metric, ms, arcs)
    assert equal(metric, customize(topology, ms))
    differs = (before.up_ms != metric.up_ms) | (before.down_ms != metric.down_ms)
    assert differs.any()
    assert changed.tolist() == np.flatnonzero(differs).tolist()


def test_arcs_that_have_not_changed_change_nothing() -> None:
    graph = grid(8)
    topology, ms = built(graph), weights(len(graph.tail), 1)
    metric = customize(topology, ms)
    assert len(update(topology, metric, ms, np.array([3, 3, 0]))) == 0
    assert equal(metric, customize(topology, ms))


def test_into_what_is_there() -> None:
    graph = grid(5)
    topology = built(graph)
    metric = customize(topology, weights(len(graph.tail), 1))
    ms = weights(len(graph.tail), 2)
    customize_into(topology, metric, ms)
    assert equal(metric, customize(topology, ms))


def test_read_only_weights_are_read() -> None:
    graph = grid(5)
    topology, ms = built(graph), weights(len(graph.tail), 1)
    writable = customize(topology, ms)
    ms.setflags(write=False)
    metric = customize(topology, ms)
    update(topology, metric, ms, np.array([1], np.int32))
    assert equal(metric, writable)


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (np.zeros(48, np.int64), r"arc_ms is int64 \(48,\); .* int32 \(48,\)"),
        (np.zeros(47, np.int32), r"arc_ms is int32 \(47,\)"),
        (np.zeros(96, np.int32)[::2], "contiguous"),
        (np.full(48, -1, np.int32), "arc_ms has -1; allowed: 0 or more"),
    ],
)
def test_weights_that_are_none_are_refused(ms: np.ndarray, words: str) -> None:
    topology = built(grid(4))
    metric = customize(topology, np.zeros(48, np.int32))
    with pytest.raises(ValueError, match=words):
        customize(topology, ms)
    with pytest.raises(ValueError, match=words):
        update(topology, metric, ms, np.array([0]))


@pytest.mark.parametrize("arc", [-1, 48, 2**40])
def test_an_arc_that_is_none_is_refused(arc: int) -> None:
    topology, ms = built(grid(4)), np.zeros(48, np.int32)
    with pytest.raises(ValueError, match=rf"arcs\[1\] is {arc}; allowed: 0 to 47"):
        update(topology, customize(topology, ms), ms, np.array([0, arc]))


def test_a_metric_that_cannot_be_written_is_refused() -> None:
    topology, ms = built(grid(4)), np.zeros(48, np.int32)
    metric = customize(topology, ms)
    metric.down_ms.setflags(write=False)
    with pytest.raises(ValueError, match=r"down_ms is int32 .* writable"):
        update(topology, metric, ms, np.array([0]))
    with pytest.raises(ValueError, match=r"up_ms is int32 \(1,\)"):
        customize_into(topology, Metric(np.zeros(1, np.int32), metric.up_ms), ms)
