"""Where to stand: a few sites from which weighted points are near on average (the p-median)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def greedy_median(
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    count: int,
    taken: Sequence[int] = (),
) -> NDArray[np.int64]:
    """Choose sites one by one, each the one that lowers the total cost most.

    The "add" heuristic of Kuehn and Hamburger (Management Science 9, 1963); it saves at least
    1 - 1/e of what the best choice would (Cornuéjols, Fisher, Nemhauser, Management Science 23,
    1977). The total is that of every point to its nearest site, by weight.

    Parameters
    ----------
    cost
        float64 (points, sites), 0 or more, finite.
    weight
        float64 (points,), 0 or more.
    count
        How many sites to choose.
    taken
        Sites that are there already: they serve, and are not chosen again.

    Returns
    -------
    NDArray[np.int64]
        The sites in the order of their choice, (count,); the lowest index among equals.

    Raises
    ------
    ValueError
        The shapes differ, a number is negative or not finite, or there are too few sites.
    """
    points, sites = cost.shape
    if weight.shape != (points,):
        raise ValueError(f"weight has shape {weight.shape}, expected ({points},)")
    for name, array in (("cost", cost), ("weight", weight)):
        if not (np.isfinite(array) & (array >= 0)).all():
            raise ValueError(f"{name} has a value that is negative or not finite")
    left = sites - len(set(taken))
    if not 0 <= count <= left:
        raise ValueError(f"count is {count}; allowed: 0 to {left}, the sites not taken")
    closed = np.zeros(sites, np.bool_)
    closed[list(taken)] = True
    nearest = cost[:, closed].min(axis=1, initial=np.inf)
    chosen = np.empty(count, np.int64)
    for i in range(count):
        total = weight @ np.minimum(cost, nearest[:, np.newaxis])
        total[closed] = np.inf
        chosen[i] = total.argmin()
        closed[chosen[i]] = True
        nearest = np.minimum(nearest, cost[:, chosen[i]])
    return chosen
