from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.location import greedy_median


def line(*at: float) -> np.ndarray:
    places = np.array(at, np.float64)
    return np.abs(places[:, None] - places)


def total(cost: np.ndarray, weight: np.ndarray, chosen: list[int]) -> float:
    return float(weight @ cost[:, chosen].min(axis=1))


def test_the_first_site_is_the_weighted_median() -> None:
    cost = line(0, 1, 2, 10)
    assert greedy_median(cost, np.ones(4), 1).tolist() == [1]
    assert greedy_median(cost, np.array([1.0, 1, 1, 9]), 1).tolist() == [3]


def test_later_sites_serve_what_is_still_far() -> None:
    cost = line(0, 1, 2, 10, 11)
    assert greedy_median(cost, np.ones(5), 2).tolist() == [2, 3]


def test_taken_sites_serve_and_are_not_chosen_again() -> None:
    cost = line(0, 1, 2, 10, 11)
    assert greedy_median(cost, np.ones(5), 1, taken=[3]).tolist() == [1]
    assert sorted(greedy_median(cost, np.ones(5), 3, taken=[0, 4]).tolist()) == [1, 2, 3]


def test_the_lowest_index_wins_among_equals() -> None:
    assert greedy_median(np.zeros((3, 4)), np.ones(3), 3).tolist() == [0, 1, 2]
    assert greedy_median(np.empty((0, 2)), np.empty(0), 2).tolist() == [0, 1]


def test_nothing_to_choose() -> None:
    assert greedy_median(line(0, 1), np.ones(2), 0).tolist() == []


@given(
    places=st.lists(st.integers(0, 1000), min_size=2, max_size=9),
    data=st.data(),
)
def test_saves_what_its_theorem_promises(places: list[int], data: st.DataObject) -> None:
    cost = line(*places)
    size = st.lists(st.integers(0, 50), min_size=len(places), max_size=len(places))
    weight = np.array(data.draw(size), np.float64)
    count = data.draw(st.integers(1, len(places) - 1))
    # The theorem counts what is saved from some start: here that of a site that is there.
    taken = [0]
    chosen = greedy_median(cost, weight, count, taken).tolist()
    assert len({*chosen, *taken}) == count + 1
    others = range(1, len(places))
    best = min(total(cost, weight, [0, *c]) for c in combinations(others, count))
    start, mine = total(cost, weight, taken), total(cost, weight, [*taken, *chosen])
    assert start - mine >= (1 - 1 / np.e) * (start - best) - 1e-6


@pytest.mark.parametrize(
    ("cost", "weight", "count", "taken", "problem"),
    [
        (line(0, 1), np.ones(3), 1, (), r"weight has shape \(3,\), expected \(2,\)"),
        (-line(0, 1), np.ones(2), 1, (), "cost has a value that is negative"),
        (line(0, np.nan), np.ones(2), 1, (), "cost has a value that is negative or not finite"),
        (line(0, 1), -np.ones(2), 1, (), "weight has a value that is negative"),
        (line(0, 1), np.ones(2), 3, (), "count is 3; allowed: 0 to 2"),
        (line(0, 1), np.ones(2), 2, (1,), "count is 2; allowed: 0 to 1"),
        (line(0, 1), np.ones(2), -1, (), "count is -1"),
    ],
)
def test_refuses_what_is_no_problem(
    cost: np.ndarray, weight: np.ndarray, count: int, taken: tuple[int, ...], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        greedy_median(cost, weight, count, taken)
