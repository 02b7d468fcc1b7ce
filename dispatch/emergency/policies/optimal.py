"""All open needs at once: as many met as can be, the gravest first, at the least time in sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers import assignment
from solvers.assignment_problem import AssignmentProblem


def optimal(problem: AssignmentProblem) -> NDArray[np.int64]:
    """Choose by minimum-cost flow."""
    return assignment.assign(problem)
