"""The twin of each solver: no OR-Tools, always answers; the baseline in tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.assignment_problem import UNSERVED, AssignmentProblem


def assign(problem: AssignmentProblem) -> NDArray[np.int64]:
    """Row after row, by tier and then as given, takes its cheapest column still free.

    This is how a dispatcher works: the gravest call first, to each the closest idle unit.

    Returns
    -------
    int64 (rows,), a column each or ``UNSERVED``.
    """
    free = np.ones(problem.columns, dtype=np.bool_)
    choice = np.full(problem.rows, UNSERVED, dtype=np.int64)
    for row in np.argsort(problem.tier, kind="stable").tolist():
        candidates = np.flatnonzero(problem.feasible[row] & free)
        if len(candidates):
            best = candidates[np.argmin(problem.cost[row, candidates])]
            choice[row] = best
            free[best] = False
    return choice
