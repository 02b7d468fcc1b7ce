"""Search: what an engine has to find on the arcs of a travel graph, in whole milliseconds.

``Travel`` turns snaps into seeds and answers into seconds and routes; a Search knows neither
streets nor snaps. There are three: ``HierarchySearch`` (fast), ``BucketSearch`` (needs no
preparation) and ``ScipySearch`` (the oracle).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

NO_WAY_MS: Final = (1 << 30) - 1
"""Longer than any way, about 12 days; the sum of two of them is still an int32."""


@dataclass(frozen=True, slots=True, eq=False)
class Seeds:
    """k places, each as the nodes by which it enters or leaves the graph.

    Attributes
    ----------
    start
        int32 (k + 1,), the seeds of place i are ``start[i]:start[i + 1]``; there may be none.
    node
        int32 (s,), nodes of the graph; a place may have one node twice.
    ms
        int32 (s,), milliseconds between the place and the node, 0 to ``NO_WAY_MS``; a seed of
        ``NO_WAY_MS`` leads nowhere.
    """

    start: NDArray[np.int32]
    node: NDArray[np.int32]
    ms: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.start) - 1

    @classmethod
    def at_nodes(cls, nodes: Sequence[int] | NDArray[np.integer]) -> Self:
        """Places that are nodes of the graph."""
        node = np.ascontiguousarray(nodes, np.int32)
        return cls(np.arange(len(node) + 1, dtype=np.int32), node, np.zeros(len(node), np.int32))


class Path(NamedTuple):
    """A fastest way through the graph.

    Attributes
    ----------
    ms
        Milliseconds from place to place, the seeds' own included.
    first
        Node where it begins.
    arcs
        int32 (k,), arcs in driving order; none where it ends where it begins.
    """

    ms: int
    first: int
    arcs: NDArray[np.int32]


class Search(Protocol):
    """Fastest ways on one set of weights; immutable, and safe to share between threads."""

    def times(self, origins: Seeds, targets: Seeds) -> NDArray[np.int32]:
        """Milliseconds from each origin to each target, int32 (j, k); ``NO_WAY_MS`` for none."""
        ...

    def path(self, origin: Seeds, target: Seeds) -> Path | None:
        """Find the fastest way from one place to one other."""
        ...

    def alternatives(self, origin: Seeds, target: Seeds, most: int) -> list[Path]:
        """Find up to ``most`` other ways, best first; none is the fastest, or nearly another."""
        ...

    def to_all(self, origins: Seeds) -> NDArray[np.int32]:
        """Milliseconds from the nearest origin to every node, int32 (n,)."""
        ...
