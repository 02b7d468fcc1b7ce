"""Topology: every field as its docstring says, against contraction done by hand."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from roadnets.kernel import build as module
from roadnets.kernel.build import build_topology, topology_from_arrays
from roadnets.kernel.customize import customize
from roadnets.kernel.topology import Topology
from tests.roadnets.kernel.shapes import SHAPES, Arcs, arcs, built, graphs, grid, weights


def contracted_by_hand(graph: Arcs, rank: np.ndarray) -> list[list[int]]:
    """Joins all higher neighbours of each node, lowest first, with each other."""
    linked: list[set[int]] = [set() for _ in range(graph.node_count)]
    for a, b in zip(rank[graph.tail], rank[graph.head], strict=True):
        if a != b:
            linked[min(a, b)].add(int(max(a, b)))
    for row in linked:
        for low in row:
            linked[low] |= {high for high in row if high > low}
    return [sorted(row) for row in linked]


def check_fields(t: Topology, graph: Arcs) -> None:
    rows = contracted_by_hand(graph, t.rank)
    assert [t.up_head[a:b].tolist() for a, b in zip(t.up_start, t.up_start[1:])] == rows  # noqa: B905 - one shorter
    assert t.up_tail.tolist() == [low for low, row in enumerate(rows) for _ in row]
    for high in range(graph.node_count):
        listed = t.down_slot[t.down_start[high] : t.down_start[high + 1]]
        assert listed.tolist() == np.flatnonzero(t.up_head == high).tolist()
    for slot in range(t.slot_count):
        listed = t.slot_arc[t.slot_arc_start[slot] : t.slot_arc_start[slot + 1]]
        assert listed.tolist() == np.flatnonzero(t.arc_slot == slot).tolist()
    for arc, (tail, head) in enumerate(zip(t.rank[graph.tail], t.rank[graph.head], strict=True)):
        slot = t.arc_slot[arc]
        if tail == head:
            assert slot == -1
        else:
            low, high = t.up_tail[slot], t.up_head[slot]
            assert (tail, head) == ((low, high) if t.arc_up[arc] else (high, low))


@pytest.mark.parametrize("shape", SHAPES)
def test_fields(shape: str) -> None:
    graph = SHAPES[shape]()
    check_fields(built(graph), graph)


@given(graphs())
def test_fields_whatever_the_graph(graph: Arcs) -> None:
    check_fields(built(graph), graph)


def test_any_order_will_do() -> None:
    graph = grid(5)
    rank = np.random.default_rng(3).permutation(25)
    topology = build_topology(rank, graph.tail, graph.head)
    check_fields(topology, graph)
    assert np.array_equal(topology.rank, rank)


def test_more_slots_than_room_was_made_for() -> None:
    """The middle of a star first: all its 500 neighbours are then each other's."""
    graph = arcs(501, [(0, k) for k in range(1, 501)])
    topology = build_topology(np.arange(501), graph.tail, graph.head)
    assert topology.slot_count == 501 * 500 // 2


def test_too_many_slots_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SLOTS", 100_000)
    graph = arcs(501, [(0, k) for k in range(1, 501)])
    with pytest.raises(ValueError, match=r"more than 100000 slots.* of 501 nodes"):
        build_topology(np.arange(501), graph.tail, graph.head)


def test_every_array_is_read_only() -> None:
    assert not any(a.flags.writeable for a in built(grid(4)).arrays().values())


@pytest.mark.parametrize("rank", [[0, 0, 2], [0, 1, 3], [-1, 1, 2]])
def test_ranks_that_are_no_permutation_are_refused(rank: list[int]) -> None:
    with pytest.raises(ValueError, match="rank must be a permutation of 0 to 2"):
        build_topology(np.array(rank), np.array([0]), np.array([1]))


def test_there_and_back() -> None:
    topology = built(grid(5))
    arrays = topology.arrays()
    assert list(arrays) == [f.name for f in fields(Topology)]
    again = topology_from_arrays(arrays)
    assert all(getattr(again, name) is array for name, array in arrays.items())


def test_mapped_from_a_file(tmp_path: Path) -> None:
    topology = built(grid(6))
    mapped: dict[str, Any] = {}
    for name, array in topology.arrays().items():
        np.save(tmp_path / name, array)
        mapped[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    again = topology_from_arrays(mapped)
    assert isinstance(again.up_head, np.memmap)
    ms = weights(len(topology.arc_slot), 1)
    for one, other in zip(customize(topology, ms), customize(again, ms), strict=True):
        assert np.array_equal(one, other)


def swapped(array: np.ndarray) -> np.ndarray:
    return array[::-1].copy()


def unaligned(array: np.ndarray) -> np.ndarray:
    room = np.zeros(array.nbytes + 1, np.uint8)
    return room[1:].view(array.dtype)


@pytest.mark.parametrize(
    ("field", "spoil", "words"),
    [
        ("rank", lambda a: a.astype(np.int64), "rank is int64"),
        ("rank", lambda a: a + np.int32(1), r"rank\[\d+\] is 16; allowed: 0 to 15"),
        ("rank", lambda a: a.reshape(4, 4), r"rank is int32 \(4, 4\)"),
        ("up_start", lambda a: a[:-1].copy(), r"up_start is int32 \(16,\)"),
        ("up_start", swapped, "up_start must rise from 0"),
        ("up_head", lambda a: a - np.int32(20), r"up_head\[0\] is -\d+; allowed: 0 to 15"),
        ("up_head", unaligned, "up_head is int32 .* contiguous, aligned"),
        ("up_tail", lambda a: a[:-1].copy(), "up_tail is int32"),
        ("down_start", lambda a: a + np.int32(1), "down_start must rise from 0"),
        ("down_slot", lambda a: a + np.int32(1), "down_slot"),
        ("arc_slot", lambda a: a - np.int32(99), "arc_slot"),
        ("arc_up", lambda a: a.astype(np.int8), "arc_up is int8"),
        ("slot_arc_start", lambda a: a * np.int32(2), "slot_arc_start must rise from 0"),
        ("slot_arc", lambda a: np.repeat(a, 2)[::2] + np.int32(99), "slot_arc"),
    ],
)
def test_what_is_no_hierarchy_is_refused(field: str, spoil: Any, words: str) -> None:
    arrays = built(grid(4)).arrays()
    with pytest.raises(ValueError, match=words):
        topology_from_arrays({**arrays, field: spoil(arrays[field])})


def test_a_missing_field_is_named() -> None:
    arrays = built(grid(4)).arrays()
    del arrays["down_slot"]
    with pytest.raises(ValueError, match="no down_slot"):
        topology_from_arrays(arrays)
