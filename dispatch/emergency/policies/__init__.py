"""Dispatch policies: which unit for which need. One file each, one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.emergency.policies.nearest import nearest
from dispatch.emergency.policies.optimal import optimal
from solvers.assignment_problem import AssignmentProblem


class Policy(Protocol):
    """Chooses a column (unit) for each row (need), or ``UNSERVED``; int64 (rows,)."""

    def __call__(self, problem: AssignmentProblem) -> NDArray[np.int64]:
        """Choose."""
        ...


POLICIES: Mapping[str, Policy] = {"nearest": nearest, "optimal": optimal}
