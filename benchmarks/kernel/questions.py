"""Questions of a control room on a graph: units and an incident, drawn by seeded chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from benchmarks.graphs import Graph

NEAR_M: Final = 5_000
_METRES_PER_DEGREE: Final = 111_195


@dataclass(frozen=True)
class Question:
    """Many places and one, nodes of a graph."""

    sources: NDArray[np.int32]
    target: NDArray[np.int32]


class Questions:
    """Draws places on one graph."""

    def __init__(self, graph: Graph, seed: int) -> None:
        self._nodes = graph.node_count
        self._rng = np.random.default_rng(seed)
        narrow = np.cos(np.deg2rad(np.median(graph.points[:, 1])))
        self._metres = graph.points * (_METRES_PER_DEGREE * np.array([narrow, 1]))
        self._tree = cKDTree(self._metres)

    def anywhere(self, count: int) -> NDArray[np.int32]:
        """Nodes wherever there are any."""
        return self._rng.integers(0, self._nodes, count).astype(np.int32)

    def near(self, node: int, count: int) -> NDArray[np.int32]:
        """Nodes within ``NEAR_M`` of one."""
        around = np.sort(self._tree.query_ball_point(self._metres[node], NEAR_M))
        return self._rng.choice(around, count).astype(np.int32)

    def uniform(self, count: int) -> Question:
        """Sources anywhere."""
        return Question(self.anywhere(count), self.anywhere(1))

    def clustered(self, count: int) -> Question:
        """Half of the sources anywhere, half near the target."""
        target = self.anywhere(1)
        near = self.near(int(target[0]), count // 2)
        return Question(np.concatenate((self.anywhere(count - len(near)), near)), target)
