"""The optimal assignment, as a minimum-cost flow by OR-Tools.

Ahuja, Magnanti, Orlin: Network Flows, 1993, ch. 12. Each row sends one unit of flow through a
column of its own, or through "hold", where it pays its penalty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from solvers.assignment_problem import UNSERVED, AssignmentProblem, unserved_penalty


def assign(problem: AssignmentProblem) -> NDArray[np.int64]:
    """The optimal choice: a column for each row, or ``UNSERVED``; int64 (rows,).

    Raises
    ------
    RuntimeError
        When the flow solver fails, which a well-formed problem gives it no reason to.
    """
    if problem.rows == 0:
        return np.empty(0, dtype=np.int64)
    flow = min_cost_flow.SimpleMinCostFlow()
    rows, columns = np.nonzero(problem.feasible)
    source, hold = problem.rows + problem.columns, problem.rows + problem.columns + 1
    row_ids = np.arange(problem.rows)
    column_ids = np.arange(problem.columns)
    tail = np.concatenate([rows, row_ids, problem.rows + column_ids])
    head = np.concatenate(
        [problem.rows + columns, np.full(problem.rows, hold), np.full(problem.columns, source)]
    )
    capacity = np.ones(len(tail), dtype=np.int64)
    cost = np.concatenate(
        [
            problem.cost[rows, columns],
            unserved_penalty(problem),
            np.zeros(problem.columns, dtype=np.int64),
        ]
    )
    flow.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    flow.add_arc_with_capacity_and_unit_cost(hold, source, problem.rows, 0)
    supplies = np.concatenate([np.ones(problem.rows, dtype=np.int64), [0] * problem.columns])
    flow.set_nodes_supplies(np.arange(problem.rows + problem.columns), supplies)
    flow.set_node_supply(source, -problem.rows)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"min-cost flow ended with status {status}")
    used = flow.flows(np.arange(len(rows))) > 0
    choice = np.full(problem.rows, UNSERVED, dtype=np.int64)
    choice[rows[used]] = columns[used]
    return choice
