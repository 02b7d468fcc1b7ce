"""Assignment problems for tests: made by hand, by chance and by hypothesis."""

from itertools import permutations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from solvers.assignment_problem import UNSERVED, AssignmentProblem


def make_problem(
    cost: list[list[int]] | NDArray[np.int64],
    feasible: list[list[bool]] | NDArray[np.bool_] | None = None,
    tier: list[int] | NDArray[np.int64] | None = None,
    urgency: list[int] | NDArray[np.int64] | None = None,
) -> AssignmentProblem:
    """Everything feasible, and all of one tier and urgency, unless said otherwise."""
    costs = np.array(cost, dtype=np.int64)
    return AssignmentProblem(
        costs,
        np.ones(costs.shape, np.bool_) if feasible is None else np.array(feasible, np.bool_),
        np.ones(len(costs), np.int64) if tier is None else np.array(tier, np.int64),
        np.zeros(len(costs), np.int64) if urgency is None else np.array(urgency, np.int64),
    )


@st.composite
def problems(draw: st.DrawFn, rows: int = 4, columns: int = 4, dearest: int = 20):
    r, c = draw(st.integers(0, rows)), draw(st.integers(0, columns))
    cells = st.lists(st.integers(0, dearest), min_size=r * c, max_size=r * c)
    may = st.lists(st.booleans(), min_size=r * c, max_size=r * c)
    tiers = st.lists(st.integers(0, 3), min_size=r, max_size=r)
    return AssignmentProblem(
        np.array(draw(cells), np.int64).reshape(r, c),
        np.array(draw(may), np.bool_).reshape(r, c),
        np.array(draw(tiers), np.int64),
        np.array(draw(st.lists(st.integers(0, dearest), min_size=r, max_size=r)), np.int64),
    )


def random_problem(seed: int, rows: int, columns: int, share: float) -> AssignmentProblem:
    """Rows and columns are points on a square; a share of the pairs is feasible."""
    rng = np.random.default_rng(seed)
    here, there = rng.random((rows, 1, 2)), rng.random((1, columns, 2))
    cost = np.hypot(*np.moveaxis(here - there, -1, 0)) * 1800
    return AssignmentProblem(
        cost.astype(np.int64),
        rng.random((rows, columns)) < share,
        rng.integers(1, 5, rows),
        rng.integers(0, 1800, rows),
    )


def check_choice(problem: AssignmentProblem, choice: NDArray[np.int64]) -> None:
    """A column each or none, all feasible, no column twice."""
    assert choice.shape == (problem.rows,)
    assert choice.dtype == np.int64
    served = np.flatnonzero(choice != UNSERVED)
    assert all(problem.feasible[row, choice[row]] for row in served)
    assert len(set(choice[served].tolist())) == len(served)


def merit(problem: AssignmentProblem, choice: NDArray[np.int64]) -> tuple[int, ...]:
    """What is wanted, in its order, said without penalties: unserved rows by tier, then cost."""
    unserved = [
        int(np.count_nonzero((choice == UNSERVED) & (problem.tier == tier)))
        for tier in np.unique(problem.tier)
    ]
    served = np.flatnonzero(choice != UNSERVED)
    left = int(problem.urgency[choice == UNSERVED].sum())
    return (*unserved, left + int(problem.cost[served, choice[served]].sum()))


def best_merit(problem: AssignmentProblem) -> tuple[int, ...]:
    """The best of every choice there is."""
    places = [*range(problem.columns), *[UNSERVED] * problem.rows]
    choices = (np.array(c, np.int64) for c in set(permutations(places, problem.rows)))
    return min(merit(problem, c) for c in choices if _allowed(problem, c))


def _allowed(problem: AssignmentProblem, choice: NDArray[np.int64]) -> bool:
    served = np.flatnonzero(choice != UNSERVED)
    return bool(problem.feasible[served, choice[served]].all())
