"""What counts as another way, on a street that parts and meets again."""

import numpy as np
import pytest

from roadnets.searches.scipy_search import ScipySearch
from roadnets.searches.search import Path, Seeds
from roadnets.searches.variety import Way, by_penalties, is_other_way, way_by_heads

# 0 -> 1 -> 2 -> 3 is fastest; 1 -> 4 -> 2 goes around its middle, 0 -> 5 -> 3 around all of it.
TAIL = np.array([0, 1, 2, 1, 4, 0, 5, 2], np.int32)
HEAD = np.array([1, 2, 3, 4, 2, 5, 3, 1], np.int32)
MS = np.array([10, 40, 10, 25, 25, 40, 40, 5], np.int32)


def way(*arcs: int, ms: np.ndarray = MS) -> Way:
    total = int(ms[list(arcs)].sum())
    return way_by_heads(Path(total, int(TAIL[arcs[0]]), np.array(arcs, np.int32)), HEAD)


FASTEST = way(0, 1, 2)


def test_a_way_around_the_middle_and_one_around_everything_are_others():
    assert is_other_way(way(0, 3, 4, 2), [FASTEST], MS)
    assert is_other_way(way(5, 6), [FASTEST], MS)


def test_the_fastest_is_no_other_way():
    assert not is_other_way(FASTEST, [FASTEST], MS)


def test_too_long_a_way_is_refused():
    slow = MS.copy()
    slow[5] = 45  # 85 > 1.4 x 60
    assert not is_other_way(way(5, 6, ms=slow), [FASTEST], slow)


def test_a_small_detour_is_too_much_of_the_same():
    ms = np.array([100, 40, 100, 25, 25, 40, 40, 5], np.int32)
    assert not is_other_way(way(0, 3, 4, 2, ms=ms), [way(0, 1, 2, ms=ms)], ms)


def test_a_detour_that_is_silly_by_itself_is_refused_though_the_whole_is_not():
    ms = np.array([10, 40, 40, 30, 30, 40, 40, 5], np.int32)  # 60 instead of 40, of 90
    fastest, around = way(0, 1, 2, ms=ms), way(0, 3, 4, 2, ms=ms)
    assert around.path.ms <= 1.4 * fastest.path.ms
    assert not is_other_way(around, [fastest], ms)


def test_a_way_that_passes_a_junction_twice_is_refused():
    ms = np.array([10, 40, 90, 25, 25, 40, 40, 5], np.int32)
    loop = way(0, 1, 7, 3, 4, 2, ms=ms)
    assert not is_other_way(loop, [way(0, 1, 2, ms=ms)], ms)


def test_what_better_ways_share_counts_together():
    others = [FASTEST, way(0, 3, 4, 2)]
    assert not is_other_way(way(0, 3, 4, 2), others, MS)
    assert is_other_way(way(5, 6), others, MS)


@pytest.mark.parametrize("most", [0, 1, 2, 5])
def test_penalties_find_both_ways_around(most):
    ends = Seeds.at_nodes([0]), Seeds.at_nodes([3])
    found = by_penalties(
        lambda ms: ScipySearch(6, TAIL, HEAD, ms).path(*ends),
        FASTEST.path,
        MS,
        lambda path: way_by_heads(path, HEAD),
        most,
    )
    both = [[0, 3, 4, 2], [5, 6]]
    assert len(found) == min(most, 2)
    assert all(path.arcs.tolist() in both for path in found)
    assert [path.ms for path in found] == sorted({int(MS[path.arcs].sum()) for path in found})
