"""The assignment problem with optional rows: which column serves which row.

As many rows as can be, the weightier first, at least cost. Solved optimally by
:func:`solvers.assignment.assign` (OR-Tools) and by its twin :func:`solvers.greedy.assign`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNSERVED = -1
"""In a choice: no column serves this row."""


@dataclass(frozen=True, slots=True, eq=False)
class AssignmentProblem:
    """Rows that want one column each.

    Attributes
    ----------
    cost
        int64 (rows, columns), 0 or more.
    feasible
        bool (rows, columns).
    tier
        int64 (rows,), from 0. Serving one row of a tier outweighs serving all rows of the tiers
        above it.
    urgency
        int64 (rows,), 0 or more, in units of cost: among choices that serve as many rows of each
        tier, leaving this row unserved costs so much.

    Raises
    ------
    ValueError
        When shapes differ, or a feasible cost, a tier or an urgency is negative.
    """

    cost: NDArray[np.int64]
    feasible: NDArray[np.bool_]
    tier: NDArray[np.int64]
    urgency: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.cost.ndim != 2 or self.cost.shape != self.feasible.shape:
            raise ValueError(f"cost {self.cost.shape} and feasible {self.feasible.shape} differ")
        if self.tier.shape != (self.rows,):
            raise ValueError(f"tier has shape {self.tier.shape}, expected ({self.rows},)")
        if self.feasible.any() and self.cost[self.feasible].min() < 0:
            raise ValueError("a feasible cost is negative")
        if self.rows and self.tier.min() < 0:
            raise ValueError("a tier is negative")
        if self.urgency.shape != (self.rows,):
            raise ValueError(f"urgency has shape {self.urgency.shape}, expected ({self.rows},)")
        if self.rows and self.urgency.min() < 0:
            raise ValueError("an urgency is negative")

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.cost.shape[0])

    @property
    def columns(self) -> int:
        """Number of columns."""
        return int(self.cost.shape[1])


def unserved_penalty(problem: AssignmentProblem) -> NDArray[np.int64]:
    """What leaving each row unserved costs, int64 (rows,).

    A tier's penalty exceeds everything that all costs, urgencies and penalties of less weighty
    tiers could add up to, so that the flow is lexicographic.

    Raises
    ------
    ValueError
        When the sum would not fit into 63 bits.
    """
    dearest = max(
        int(problem.cost[problem.feasible].max(initial=0)), int(problem.urgency.max(initial=0))
    )
    below = problem.rows * dearest
    penalty: dict[int, int] = {}
    for tier in sorted(set(problem.tier.tolist()), reverse=True):
        penalty[tier] = below + 1
        rows = problem.tier == tier
        below += int(np.count_nonzero(rows)) * penalty[tier] + int(problem.urgency[rows].sum())
    if below >= 1 << 62:
        raise ValueError(
            "tiers and costs do not fit into 63 bits: use fewer tiers or smaller costs"
        )
    return np.array([penalty[t] for t in problem.tier.tolist()], dtype=np.int64) + problem.urgency


def total_cost(problem: AssignmentProblem, choice: NDArray[np.int64]) -> int:
    """Cost of a choice, unserved rows at their penalty."""
    penalty = unserved_penalty(problem)
    return sum(
        int(penalty[row]) if column == UNSERVED else int(problem.cost[row, column])
        for row, column in enumerate(choice.tolist())
    )
