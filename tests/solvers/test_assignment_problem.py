"""AssignmentProblem: what is refused at construction, and penalties that keep tiers apart."""

import numpy as np
import pytest
from hypothesis import given

from solvers.assignment_problem import AssignmentProblem, total_cost, unserved_penalty
from tests.solvers.problems import make_problem, problems


def test_costs_and_feasibility_have_one_shape() -> None:
    with pytest.raises(ValueError, match=r"cost \(1, 2\) and feasible \(2, 1\) differ"):
        make_problem([[1, 2]], [[True], [True]])


def test_every_row_has_a_tier() -> None:
    with pytest.raises(ValueError, match=r"tier has shape \(1,\), expected \(2,\)"):
        make_problem([[1], [2]], tier=[1])


def test_negative_feasible_costs_are_refused() -> None:
    with pytest.raises(ValueError, match="a feasible cost is negative"):
        make_problem([[-1, 2]])


def test_infeasible_costs_do_not_matter() -> None:
    problem = make_problem([[-1, 2]], [[False, True]])
    assert unserved_penalty(problem).tolist() == [3]


def test_negative_tiers_are_refused() -> None:
    with pytest.raises(ValueError, match="a tier is negative"):
        make_problem([[1]], tier=[-1])


def test_size() -> None:
    problem = make_problem([[1, 2, 3], [4, 5, 6]])
    assert (problem.rows, problem.columns) == (2, 3)


def test_overflow_is_refused() -> None:
    problem = make_problem([[1 << 60]] * 4, tier=[1, 2, 3, 4])
    with pytest.raises(ValueError, match="do not fit into 63 bits"):
        unserved_penalty(problem)


def test_a_day_beyond_all_days_fits() -> None:
    """2,000 open needs in four tiers, each two hours away."""
    problem = make_problem(np.full((2000, 1), 7200), tier=np.arange(2000) % 4)
    assert unserved_penalty(problem).max() < 1 << 51


@given(problems())
def test_a_row_outweighs_all_costs_and_all_rows_of_less_weighty_tiers(
    problem: AssignmentProblem,
) -> None:
    penalty = unserved_penalty(problem)
    dearest = int(problem.cost[problem.feasible].max(initial=0))
    for row in range(problem.rows):
        below = int(penalty[problem.tier > problem.tier[row]].sum())
        assert penalty[row] > below + problem.rows * dearest


def test_total_cost_counts_unserved_rows_at_their_penalty() -> None:
    problem = make_problem([[5, 7], [6, 9]], tier=[2, 1])
    low, high = unserved_penalty(problem).tolist()
    assert total_cost(problem, np.array([1, 0])) == 13
    assert total_cost(problem, np.array([-1, 0])) == low + 6
    assert total_cost(problem, np.array([-1, -1])) == low + high
