"""The optimal assignment, as a minimum-cost flow by OR-Tools.

Ahuja, Magnanti, Orlin: Network Flows, 1993, ch. 12. Each row sends one unit of flow through a
column of its own, or through "hold", where it pays its penalty. The flow sees the cheapest columns
of each row only; the prices of its optimum tell which others could improve on it, and those are
added until none can (column generation: Barnhart et al., Operations Research 46, 1998). So the
answer is the optimum over all columns, at a tenth of the time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from solvers.assignment_problem import UNSERVED, AssignmentProblem, unserved_penalty

CHEAPEST = 16
"""Columns of each row that the flow sees at first; twice as many are added in each next round."""

_NEVER = np.iinfo(np.int64).max


def assign(problem: AssignmentProblem) -> NDArray[np.int64]:
    """The optimal choice: a column for each row, or ``UNSERVED``; int64 (rows,).

    Raises
    ------
    ValueError
        When tiers and costs do not fit into 63 bits.
    RuntimeError
        When the flow solver fails: penalties near 63 bits are beyond it.
    """
    if problem.rows == 0 or not problem.feasible.any():
        return np.full(problem.rows, UNSERVED, dtype=np.int64)
    penalty = unserved_penalty(problem)
    count = CHEAPEST
    arcs = _cheapest(problem.cost, problem.feasible, count)
    while True:
        choice = _flow(problem.cost, arcs, penalty)
        added_cost = _added_cost(problem.cost, arcs, penalty, choice)
        improving = problem.feasible & ~arcs & (added_cost < 0)
        if not improving.any():
            return choice
        count *= 2
        arcs = arcs | _cheapest(added_cost, improving, count)


def _cheapest(cost: NDArray[np.int64], allowed: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """The ``count`` cheapest allowed columns of each row; bool (rows, columns)."""
    if cost.shape[1] <= count:
        return allowed
    masked = np.where(allowed, cost, _NEVER)
    columns = np.argpartition(masked, count - 1, axis=1)[:, :count]
    chosen = np.zeros_like(allowed)
    np.put_along_axis(chosen, columns, np.take_along_axis(allowed, columns, axis=1), axis=1)
    return chosen


def _flow(
    cost: NDArray[np.int64], arcs: NDArray[np.bool_], penalty: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The optimal choice over some arcs, bool (rows, columns)."""
    rows, columns = cost.shape
    flow = min_cost_flow.SimpleMinCostFlow()
    tail, head = np.nonzero(arcs)
    served = np.arange(len(tail))
    row_nodes, column_nodes = np.arange(rows), rows + np.arange(columns)
    source, hold = rows + columns, rows + columns + 1
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([tail, row_nodes, column_nodes]),
        np.concatenate([rows + head, np.full(rows, hold), np.full(columns, source)]),
        np.ones(len(tail) + rows + columns, dtype=np.int64),
        np.concatenate([cost[tail, head], penalty, np.zeros(columns, dtype=np.int64)]),
    )
    flow.add_arc_with_capacity_and_unit_cost(hold, source, rows, 0)
    flow.set_nodes_supplies(row_nodes, np.ones(rows, dtype=np.int64))
    flow.set_node_supply(source, -rows)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"min-cost flow ended with status {status}")
    used = flow.flows(served) > 0
    choice = np.full(rows, UNSERVED, dtype=np.int64)
    choice[tail[used]] = head[used]
    return choice


def _added_cost(
    cost: NDArray[np.int64],
    arcs: NDArray[np.bool_],
    penalty: NDArray[np.int64],
    choice: NDArray[np.int64],
) -> NDArray[np.int64]:
    """What giving each row each column would add to an optimal choice, int64 (rows, columns).

    The reduced cost: the cost, with the price of the column for the price of being served now. A
    column is worth what the row that has it would pay otherwise; that is found by Bellman and
    Ford's rounds over the residual graph, downwards from what it would pay to be left unserved.
    """
    served = np.flatnonzero(choice != UNSERVED)
    taken = choice[served]
    own_cost = cost[served, taken]
    row_of, column_of = np.nonzero(arcs[served])
    arc_cost = cost[served[row_of], column_of]
    first_arc = np.searchsorted(row_of, np.arange(len(served)))
    price = np.zeros(cost.shape[1], dtype=np.int64)
    price[taken] = penalty[served] - own_cost
    for _ in served:
        otherwise = np.minimum.reduceat(arc_cost + price[column_of], first_arc)
        lower = np.minimum(penalty[served], otherwise) - own_cost
        if np.array_equal(lower, price[taken]):
            break
        price[taken] = lower
    pays = penalty.copy()
    pays[served] = own_cost + price[taken]
    return cost + price[None, :] - pays[:, None]
