"""Versions of a metric: right, kept as long as held, and in rooms that are used again."""

import gc
import threading
import time
from typing import Any

import numpy as np
import pytest

from roadnets.kernel import customize as customize_module
from roadnets.kernel import versions as versions_module
from roadnets.kernel.customize import customize, update
from roadnets.kernel.metric import Metric
from roadnets.kernel.versions import MetricVersions
from tests.roadnets.kernel.shapes import built, grid, weights

GRAPH = grid(20)
TOPOLOGY = built(GRAPH)
PLAIN = weights(len(GRAPH.tail), 1)


def assert_right(metric: Metric, ms: np.ndarray) -> None:
    for array, wanted in zip(metric, customize(TOPOLOGY, ms), strict=True):
        assert np.array_equal(array, wanted)


@pytest.fixture(autouse=True)
def every_change_is_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    """On so small a graph an update would else begin anew, and never need what was there."""
    monkeypatch.setattr(customize_module, "_PATIENCE", 1000)


def changed(ms: np.ndarray, seed: int, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    arcs = np.random.default_rng(seed).choice(len(ms), count, replace=False)
    ms = ms.copy()
    ms[arcs] = weights(count, seed)
    return ms, arcs


def rooms(versions: MetricVersions) -> int:
    return len({id(buffer) for buffer in versions._buffers})


def test_it_begins_with_a_customization() -> None:
    assert_right(MetricVersions(TOPOLOGY, PLAIN).current(), PLAIN)


def test_change_after_change() -> None:
    versions, ms = MetricVersions(TOPOLOGY, PLAIN), PLAIN
    for seed in range(40):
        ms, arcs = changed(ms, seed)
        made = versions.change(ms, arcs)
        assert made is versions.current()
        assert_right(made, ms)
        del made
    assert rooms(versions) == 2


def test_a_version_lasts_while_it_is_held() -> None:
    versions, ms = MetricVersions(TOPOLOGY, PLAIN), PLAIN
    held = [(versions.current(), ms)]
    for seed in range(12):
        ms, arcs = changed(ms, seed)
        made = versions.change(ms, arcs)
        if seed % 3 == 0:
            held.append((made, ms))
        del made
    for metric, of_then in held:
        assert_right(metric, of_then)


def test_any_view_of_its_arrays_holds_it() -> None:
    versions = MetricVersions(TOPOLOGY, PLAIN)
    view = versions.current().down_ms[10:][::2].reshape(-1, 1)[:, 0]
    ms = PLAIN
    for seed in range(8):
        ms, arcs = changed(ms, seed)
        versions.change(ms, arcs)
    gc.collect()
    assert np.array_equal(view, customize(TOPOLOGY, PLAIN).down_ms[10:][::2])


def test_rooms_of_versions_that_nobody_holds_are_used_again() -> None:
    versions, ms = MetricVersions(TOPOLOGY, PLAIN), PLAIN
    held = []
    for seed in range(9):
        held.append(versions.current())
        ms, arcs = changed(ms, seed)
        versions.change(ms, arcs)
    assert rooms(versions) == 10
    held.clear()
    gc.collect()
    assert rooms(versions) == 3  # the current one and two to spare
    for seed in range(9, 15):
        ms, arcs = changed(ms, seed)
        versions.change(ms, arcs)
    assert rooms(versions) == 3
    assert_right(versions.current(), ms)


def test_entirely_new_weights() -> None:
    versions = MetricVersions(TOPOLOGY, PLAIN)
    before = versions.current()
    night = weights(len(PLAIN), 99)
    assert_right(versions.replace(night), night)
    ms, arcs = changed(night, 1)
    assert_right(versions.change(ms, arcs), ms)
    ms, arcs = changed(ms, 2)
    assert_right(versions.change(ms, arcs), ms)
    assert_right(before, PLAIN)


def test_a_room_far_behind_is_caught_up() -> None:
    """Many changes while a version is held, so that its room lacks more than can be listed."""
    versions, ms = MetricVersions(TOPOLOGY, PLAIN), PLAIN
    held = versions.current()
    for seed in range(10):
        ms, arcs = changed(ms, seed, count=100)
        versions.change(ms, arcs)
    assert_right(held, PLAIN)
    del held
    for seed in range(10, 14):
        ms, arcs = changed(ms, seed)
        assert_right(versions.change(ms, arcs), ms)


def test_nobody_writes_a_version() -> None:
    metric = MetricVersions(TOPOLOGY, PLAIN).current()
    with pytest.raises(ValueError, match="read-only"):
        metric.up_ms[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        metric.up_ms.setflags(write=True)


def test_what_is_refused_leaves_the_current_version() -> None:
    versions = MetricVersions(TOPOLOGY, PLAIN)
    current = versions.current()
    with pytest.raises(ValueError, match="arcs"):
        versions.change(PLAIN, np.array([-1]))
    with pytest.raises(ValueError, match="arc_ms"):
        versions.replace(PLAIN[:-1])
    assert versions.current() is current
    assert_right(current, PLAIN)
    ms, arcs = changed(PLAIN, 3)
    assert_right(versions.change(ms, arcs), ms)
    assert rooms(versions) <= 3


def test_readers_while_another_changes() -> None:
    """Four threads take versions, look, and look again; what they hold must not have moved."""
    versions, stop, moved, looked = MetricVersions(TOPOLOGY, PLAIN), threading.Event(), [], []
    sums: dict[int, int] = {}

    def read() -> None:
        while not stop.is_set():
            metric = versions.current()
            first = int(metric.up_ms.sum(dtype=np.int64)), metric.down_ms.tobytes()
            again = int(metric.up_ms.sum(dtype=np.int64)), metric.down_ms.tobytes()
            looked.append(hash(first))
            if first != again:
                moved.append(first)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    ms = PLAIN
    for seed in range(150):
        ms, arcs = changed(ms, seed)
        made = versions.change(ms, arcs) if seed % 25 else versions.replace(ms)
        sums[hash((int(made.up_ms.sum(dtype=np.int64)), made.down_ms.tobytes()))] = seed
        del made
    stop.set()
    for thread in threads:
        thread.join()
    assert not moved
    assert len(set(looked)) > 1
    beginning = customize(TOPOLOGY, PLAIN)
    sums[hash((int(beginning.up_ms.sum(dtype=np.int64)), beginning.down_ms.tobytes()))] = -1
    assert set(looked) <= sums.keys()
    assert_right(versions.current(), ms)


def test_two_writers_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = [0], []

    def slow_update(*args: Any) -> Any:
        inside[0] += 1
        most.append(inside[0])
        time.sleep(0.002)
        found = update(*args)
        inside[0] -= 1
        return found

    monkeypatch.setattr(versions_module, "update", slow_update)
    versions, everything = MetricVersions(TOPOLOGY, PLAIN), np.arange(len(PLAIN))

    def write(first: int) -> None:
        for seed in range(first, first + 10):
            versions.change(weights(len(PLAIN), seed), everything)

    threads = [threading.Thread(target=write, args=(first,)) for first in (1000, 2000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 20
    assert max(most) == 1
