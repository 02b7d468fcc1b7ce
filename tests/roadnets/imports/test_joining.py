"""Half-edges joined into edges, against what a walk along them would find."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from roadnets.imports.joining import Chains, HalfEdges, join, largest_core


def halves(segments: list[tuple[int, int, int]], n: int) -> HalfEdges:
    """Half-edges of segments given as tail, head, way."""
    tail, head, way = np.array(segments, np.int64).reshape(-1, 3).T
    return HalfEdges(
        tail=np.column_stack((tail, head)).ravel(),
        head=np.column_stack((head, tail)).ravel(),
        side=np.column_stack((2 * way, 2 * way + 1)).ravel(),
        length_m=np.ones(2 * len(tail)),
        node_id=np.arange(n, dtype=np.int64) + 100,
    )


def paths(half: HalfEdges, chains: Chains) -> list[list[int]]:
    """The nodes along each edge."""
    found = []
    for a, b in pairwise(chains.start.tolist()):
        order = chains.order[a:b]
        found.append([int(half.tail[order[0]]), *half.head[order].tolist()])
    return found


def join_all(half: HalfEdges, keep: tuple[int, ...] = ()) -> Chains:
    kept = np.zeros(len(half.node_id), np.bool_)
    kept[list(keep)] = True
    return join(half, np.ones(len(half.tail), np.bool_), kept)


def test_a_street_with_bends_is_one_edge_each_way() -> None:
    half = halves([(0, 1, 0), (1, 2, 0), (2, 3, 0)], 4)
    chains = join_all(half)
    assert paths(half, chains) == [[0, 1, 2, 3], [3, 2, 1, 0]]
    assert chains.twin.tolist() == [1, 0]
    assert chains.sum(half.length_m).tolist() == [3, 3]


def test_a_node_to_keep_ends_an_edge() -> None:
    half = halves([(0, 1, 0), (1, 2, 0)], 3)
    assert paths(half, join_all(half, keep=(1,))) == [[0, 1], [1, 0], [1, 2], [2, 1]]


def test_ways_are_not_joined() -> None:
    half = halves([(0, 1, 0), (1, 2, 1)], 3)
    assert len(join_all(half).twin) == 4


def test_segments_of_a_way_may_come_in_any_order() -> None:
    half = halves([(2, 3, 0), (0, 1, 0), (1, 2, 0)], 4)
    assert paths(half, join_all(half)) == [[0, 1, 2, 3], [3, 2, 1, 0]]


def test_what_cannot_be_driven_makes_no_edge() -> None:
    half = halves([(0, 1, 0), (1, 2, 0)], 3)
    chains = join(half, half.side % 2 == 0, np.zeros(3, np.bool_))
    assert paths(half, chains) == [[0, 1, 2]]
    assert chains.twin.tolist() == [-1]


def test_loops_are_cut_in_their_middle() -> None:
    half = halves([(0, 1, 0), (1, 2, 0), (2, 3, 0), (3, 0, 0), (0, 4, 1)], 5)
    found = paths(half, join_all(half))
    assert sorted(found) == [[0, 1, 2], [0, 3, 2], [0, 4], [2, 1, 0], [2, 3, 0], [4, 0]]


def test_a_loop_of_two_segments() -> None:
    half = halves([(0, 1, 0), (1, 0, 0), (0, 2, 1)], 3)
    found = paths(half, join_all(half))
    assert sorted(found) == [[0, 1], [0, 1], [0, 2], [1, 0], [1, 0], [2, 0]]


def test_a_ring_alone_is_cut_in_two() -> None:
    half = halves([(0, 1, 0), (1, 2, 0), (2, 3, 0), (3, 0, 0)], 4)
    assert sorted(paths(half, join_all(half))) == [[0, 1, 2], [0, 3, 2], [2, 1, 0], [2, 3, 0]]


def test_largest_core() -> None:
    tail, head = np.array([0, 1, 2, 3, 4]), np.array([1, 0, 3, 4, 2])
    assert largest_core(tail, head, 6).tolist() == [False, False, True, True, True, False]
    assert largest_core(np.array([0, 1, 2, 3]), np.array([1, 0, 3, 2]), 4).tolist() == [
        *(True, True),
        *(False, False),
    ]


segments = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 2)).filter(
        lambda s: s[0] != s[1]
    ),
    min_size=1,
    max_size=30,
)


@given(segments, st.sets(st.integers(0, 9)))
def test_edges_cover_every_segment_once_each_way(
    streets: list[tuple[int, int, int]], kept: set[int]
) -> None:
    half = halves(streets, 10)
    keep = np.zeros(10, np.bool_)
    keep[list(kept)] = True
    parts = _parts(streets)
    for part in parts:  # a core is always one connected part
        mine = halves(part, 10)
        chains = join(mine, np.ones(len(mine.tail), np.bool_), keep)
        assert sorted(chains.order.tolist()) == list(range(len(mine.tail)))
        first, last = chains.first, chains.last
        assert (mine.tail[first] != mine.head[last]).all()
        inner = np.setdiff1d(np.arange(len(mine.tail)), last)
        degree = np.bincount(mine.head, minlength=10)
        assert (degree[mine.head[inner]] == 2).all()
        assert not keep[mine.head[inner]].any()
        for edge, nodes in enumerate(paths(mine, chains)):
            back = paths(mine, chains)[chains.twin[edge]]
            assert nodes == back[::-1]
    assert half is not None


@given(segments, st.sets(st.integers(0, 2)))
def test_with_their_reverses_every_edge_has_a_twin(
    streets: list[tuple[int, int, int]], one_way: set[int]
) -> None:
    for part in _parts(streets):
        half = halves(part, 10)
        driven = (half.side % 2 == 0) | ~np.isin(half.side // 2, list(one_way))
        chains = join(half, driven, np.zeros(10, np.bool_))
        m = len(chains.twin)
        both = chains.with_reverses()
        found = paths(half, both)
        assert found[:m] == paths(half, chains)
        assert len(both.twin) == m + np.count_nonzero(chains.twin < 0)
        assert both.twin[both.twin].tolist() == list(range(len(both.twin)))
        assert all(found[edge] == found[back][::-1] for edge, back in enumerate(both.twin.tolist()))
        assert both.twin[m:].tolist() == sorted(both.twin[m:].tolist())
        ones = np.ones(len(half.tail))
        assert both.least(half.length_m).tolist() == [1.0] * len(found)
        assert both.sum(ones).tolist() == [len(nodes) - 1 for nodes in found]


def _parts(streets: list[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """Split segments into connected parts."""
    parts: list[tuple[set[int], list[tuple[int, int, int]]]] = []
    for street in streets:
        touching = [p for p in parts if p[0] & set(street[:2])]
        merged = (set(street[:2]), [street])
        for part in touching:
            merged = (merged[0] | part[0], part[1] + merged[1])
            parts.remove(part)
        parts.append(merged)
    return [part for _, part in parts]
