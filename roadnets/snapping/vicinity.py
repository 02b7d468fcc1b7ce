"""Vicinity: short ways along the streets around a place, in metres.

For questions of a few hundred metres asked thousands of times: each search touches the streets
between two places and no others, whatever the size of the city.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from math import hypot, inf
from typing import Self

import numpy as np
from numpy.typing import NDArray

from roadnets.network import RoadNetwork

_STRAIGHT: float = 0.98
"""Straight lines in local metres may be longer than the street's own length by less than this."""

Arms = list[list[tuple[int, float]]]
"""For each node where its streets lead, and after how many metres."""


class Vicinity:
    """Ways along some edges, in their direction; immutable, and safe to share between threads.

    Parameters
    ----------
    arms
        The streets.
    metres
        float64 (n, 2), where each node lies, local metres.
    """

    def __init__(self, arms: Arms, metres: NDArray[np.float64]) -> None:
        self._arms = arms
        self._east: list[float] = metres[:, 0].tolist()
        self._north: list[float] = metres[:, 1].tolist()

    @classmethod
    def of(
        cls,
        network: RoadNetwork,
        edges: NDArray[np.integer],
        metres: NDArray[np.float64],
        *,
        both_ways: bool = False,
    ) -> Self:
        """Collect streets.

        Parameters
        ----------
        network
            The streets.
        edges
            (k,), those that count.
        metres
            float64 (n, 2), where each node lies.
        both_ways
            Whether each may be driven against its direction, too.
        """
        arms: Arms = [[] for _ in range(network.node_count)]
        tails, heads = network.edge_tail[edges].tolist(), network.edge_head[edges].tolist()
        for tail, head, m in zip(tails, heads, network.edge_length_m[edges].tolist(), strict=True):
            arms[tail].append((head, m))
            if both_ways:
                arms[head].append((tail, m))
        return cls(arms, metres)

    def ways_m(
        self, origin: int, targets: Iterable[int], limit_m: float, goal: tuple[float, float]
    ) -> dict[int, float]:
        """Find the shortest ways from one node to some that lie together.

        Parameters
        ----------
        origin
            A node.
        targets
            Nodes.
        limit_m
            Longer ways do not count.
        goal
            Local metres; ways count that need not leave ``limit_m`` on their way there.

        Returns
        -------
        dict[int, float]
            Metres to each target that is reached, and to other nodes, which may be too many.
        """
        east, north, arms = self._east, self._north, self._arms
        goal_east, goal_north = goal
        wanted = set(targets)
        best = {origin: 0.0}
        queue = [(0.0, origin)]
        while queue and wanted:
            so_far_m, node = heappop(queue)
            if so_far_m > best[node]:
                continue
            wanted.discard(node)
            for head, length_m in arms[node]:
                there_m = so_far_m + length_m
                if there_m >= best.get(head, inf):
                    continue
                ahead_m = _STRAIGHT * hypot(east[head] - goal_east, north[head] - goal_north)
                if there_m + ahead_m <= limit_m:
                    best[head] = there_m
                    heappush(queue, (there_m, head))
        return best
