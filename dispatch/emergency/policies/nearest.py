"""Closest idle unit to each need in turn, the gravest and oldest incident first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers import greedy
from solvers.assignment_problem import AssignmentProblem


def nearest(problem: AssignmentProblem) -> NDArray[np.int64]:
    """Choose as a dispatcher without an optimiser would."""
    return greedy.assign(problem)
