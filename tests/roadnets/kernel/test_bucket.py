"""Buckets: their rows, their width, and times behind the end of their window."""

import numpy as np
import pytest

from roadnets.kernel.bucket import bucket_shift, rows_by, search
from roadnets.searches.search import NO_WAY_MS


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def times_from(tail, head, ms, nodes, shift, seeds, wanted=()):
    rows = rows_by(nodes, tail, head)
    times, by_arc = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    want = np.zeros(nodes, np.bool_)
    want[list(wanted)] = True
    count = len(wanted) or -1
    node, seed_ms = (ints(*values) for values in zip(*seeds, strict=True))
    search(*rows, ms[rows.arc], shift, node, seed_ms, want, count, times, by_arc)
    return times.tolist(), by_arc.tolist()


def test_rows_keep_the_order_of_the_graph():
    rows = rows_by(3, ints(2, 0, 2, 0), ints(1, 1, 0, 2))
    assert rows.start.tolist() == [0, 2, 2, 4]
    assert rows.arc.tolist() == [1, 3, 0, 2]
    assert rows.head.tolist() == [1, 2, 1, 0]


def test_buckets_are_about_half_a_usual_arc_wide():
    assert bucket_shift(ints(4000, 4200, NO_WAY_MS)) == 11
    assert bucket_shift(ints(1)) == bucket_shift(ints(0)) == bucket_shift(ints()) == 0


@pytest.mark.parametrize("shift", [0, 3, 20, 29])
def test_any_width_gives_the_same_times(shift):
    # From 1 it is far to 2: behind the window, however narrow; by way of 3 a little nearer.
    tail, head = ints(0, 1, 1, 3, 2), ints(1, 2, 3, 2, 4)
    ms = ints(5, 900_000_000, 20_000, 800_000_000, 1)
    times, by_arc = times_from(tail, head, ms, 6, shift, [(0, 7)])
    assert times == [7, 12, 800_020_012, 20_012, 800_020_013, NO_WAY_MS]
    assert by_arc == [-1, 0, 3, 2, 4, -1]


def test_of_two_seeds_at_one_node_the_nearer_counts():
    times, _ = times_from(ints(0), ints(1), ints(3), 2, 0, [(0, 9), (0, 4), (1, NO_WAY_MS)])
    assert times == [4, 7]


def test_a_way_too_long_to_tell_is_none():
    times, _ = times_from(ints(0), ints(1), ints(NO_WAY_MS - 1), 2, 18, [(0, 1)])
    assert times == [1, NO_WAY_MS]


def test_the_search_ends_where_all_that_is_wanted_is_known():
    n = 50
    tail, head = np.arange(n - 1, dtype=np.int32), np.arange(1, n, dtype=np.int32)
    times, _ = times_from(tail, head, np.full(n - 1, 10, np.int32), n, 2, [(0, 0)], wanted=[3])
    assert times[3] == 30
    assert times[10] == NO_WAY_MS
