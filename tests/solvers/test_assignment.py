"""The optimal assignment against scipy's, against every choice there is, and against its twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from solvers import greedy
from solvers.assignment import CHEAPEST, assign
from solvers.assignment_problem import UNSERVED, AssignmentProblem, total_cost, unserved_penalty
from tests.solvers.problems import (
    best_merit,
    check_choice,
    make_problem,
    merit,
    problems,
    random_problem,
)

SEEDS = st.integers(0, 2**32 - 1)
SHARES = st.floats(0, 1)


def oracle_cost(problem: AssignmentProblem) -> int:
    """scipy's optimum, with a column of its own for each row to stay unserved in."""
    penalty = unserved_penalty(problem)
    never = int(penalty.sum()) + 1
    cost = np.where(problem.feasible, problem.cost, never)
    hold = np.full((problem.rows, problem.rows), never, np.int64)
    np.fill_diagonal(hold, penalty)
    padded = np.hstack([cost, hold])
    rows, columns = linear_sum_assignment(padded)
    return int(padded[rows, columns].sum())


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (5, 200), (60, 40), (80, 300), (150, 20)])
def test_scipy_finds_nothing_better(rows: int, columns: int, share: float) -> None:
    problem = random_problem(rows * columns, rows, columns, share)
    choice = assign(problem)
    check_choice(problem, choice)
    assert total_cost(problem, choice) == oracle_cost(problem)


def test_scipy_finds_nothing_better_where_all_want_the_same_columns() -> None:
    """Far more than ``CHEAPEST`` rows round one place: columns are added over several rounds."""
    distance = np.arange(4 * CHEAPEST, dtype=np.int64)[None, :]
    problem = make_problem(np.repeat(distance, 3 * CHEAPEST, axis=0))
    choice = assign(problem)
    check_choice(problem, choice)
    assert sorted(choice) == list(range(3 * CHEAPEST))
    assert total_cost(problem, choice) == oracle_cost(problem)


@given(problems())
def test_no_other_choice_is_better(problem: AssignmentProblem) -> None:
    choice = assign(problem)
    check_choice(problem, choice)
    assert merit(problem, choice) == best_merit(problem)


@given(st.builds(random_problem, SEEDS, st.integers(1, 40), st.integers(1, 60), SHARES))
def test_greedy_is_never_better(problem: AssignmentProblem) -> None:
    ours, theirs = assign(problem), greedy.assign(problem)
    assert merit(problem, ours) <= merit(problem, theirs)
    assert total_cost(problem, ours) <= total_cost(problem, theirs)


@given(problems(rows=8, columns=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_change_the_cost(
    problem: AssignmentProblem, random: np.random.Generator
) -> None:
    rows, columns = list(range(problem.rows)), list(range(problem.columns))
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = AssignmentProblem(
        problem.cost[np.ix_(rows, columns)],
        problem.feasible[np.ix_(rows, columns)],
        problem.tier[rows],
        problem.urgency[rows],
    )
    assert merit(shuffled, assign(shuffled)) == merit(problem, assign(problem))


@pytest.mark.parametrize("seed", range(5))
def test_the_same_problem_gives_the_same_choice(seed: int) -> None:
    """Ties by the dozen: costs are rounded to hundreds."""
    problem = random_problem(seed, 50, 70, 0.5)
    coarse = make_problem(problem.cost // 100, problem.feasible, problem.tier)
    assert assign(coarse).tolist() == assign(coarse).tolist()


def test_of_rows_that_cost_the_same_the_more_urgent_is_served() -> None:
    problem = make_problem([[7]] * 4, urgency=[3, 9, 5, 8])
    assert assign(problem).tolist() == [UNSERVED, 0, UNSERVED, UNSERVED]


def test_urgency_is_weighed_against_cost_but_never_leaves_a_row_out() -> None:
    assert assign(make_problem([[10], [14]], urgency=[0, 3])).tolist() == [0, UNSERVED]
    assert assign(make_problem([[10], [14]], urgency=[0, 5])).tolist() == [UNSERVED, 0]
    assert sorted(assign(make_problem([[10, 900], [14, 900]])).tolist()) == [0, 1]


def test_one_row_of_a_weighty_tier_outweighs_many_others() -> None:
    """The one column serves the far row of tier 1, not any of fifty near ones of tier 2."""
    problem = make_problem([[1]] * 50 + [[1000]], tier=[2] * 50 + [1])
    assert assign(problem).tolist() == [UNSERVED] * 50 + [0]


def test_within_a_tier_more_rows_come_before_less_time() -> None:
    problem = make_problem([[1, 2], [1, 9]], [[True, True], [True, False]])
    assert assign(problem).tolist() == [1, 0]


def test_a_cheap_column_is_left_to_who_needs_it_more() -> None:
    """Where greedy goes wrong: 10 + 100 instead of 11 + 20."""
    problem = make_problem([[10, 11], [20, 100]])
    assert greedy.assign(problem).tolist() == [0, 1]
    assert assign(problem).tolist() == [1, 0]


def test_a_row_that_nobody_can_serve_stays_unserved() -> None:
    problem = make_problem([[1, 2], [3, 4]], [[False, False], [True, True]])
    assert assign(problem).tolist() == [UNSERVED, 0]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_problems(shape: tuple[int, int]) -> None:
    choice = assign(make_problem(np.empty(shape, np.int64)))
    assert choice.dtype == np.int64
    assert choice.tolist() == [UNSERVED] * shape[0]


def test_costs_of_nothing_are_served_all_the_same() -> None:
    assert UNSERVED not in assign(make_problem([[0, 0], [0, 0]]))


def test_overflow_is_refused() -> None:
    with pytest.raises(ValueError, match="63 bits"):
        assign(make_problem([[1 << 60]] * 4, tier=[1, 2, 3, 4]))


def test_what_the_flow_solver_cannot_hold_is_refused() -> None:
    with pytest.raises(RuntimeError, match="BAD_COST_RANGE"):
        assign(make_problem([[10**17, 2 * 10**17], [10**17, 3 * 10**17]], tier=[1, 2]))


def test_read_only_arrays_are_left_as_they_are() -> None:
    problem = random_problem(7, 30, 50, 0.5)
    for array in (problem.cost, problem.feasible, problem.tier):
        array.setflags(write=False)
    check_choice(problem, assign(problem))
