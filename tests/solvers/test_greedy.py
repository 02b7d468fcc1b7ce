"""The greedy twin: by tier, in order, each the cheapest column still free."""

import numpy as np
import pytest
from hypothesis import given

from solvers.assignment_problem import UNSERVED, AssignmentProblem
from solvers.greedy import assign
from tests.solvers.problems import check_choice, make_problem, problems


def test_each_takes_its_cheapest_free_column_in_turn() -> None:
    problem = make_problem([[3, 1, 2], [3, 1, 2], [3, 1, 2]])
    assert assign(problem).tolist() == [1, 2, 0]


def test_the_weightier_tier_chooses_first() -> None:
    problem = make_problem([[1, 5], [2, 9]], tier=[2, 1])
    assert assign(problem).tolist() == [1, 0]


def test_ties_go_to_the_first_column() -> None:
    assert assign(make_problem([[4, 4, 4]])).tolist() == [0]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_problems(shape: tuple[int, int]) -> None:
    assert assign(make_problem(np.empty(shape, np.int64))).tolist() == [UNSERVED] * shape[0]


@given(problems(rows=12, columns=12))
def test_no_row_is_left_beside_a_free_column_that_it_could_have(problem: AssignmentProblem) -> None:
    choice = assign(problem)
    check_choice(problem, choice)
    free = np.ones(problem.columns, np.bool_)
    free[choice[choice != UNSERVED]] = False
    assert not (problem.feasible[choice == UNSERVED] & free).any()
