"""HierarchySearch: fastest ways on a customizable contraction hierarchy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel import paths, query
from roadnets.kernel.metric import Metric
from roadnets.kernel.topology import Topology
from roadnets.search import Path, Seeds
from roadnets.search_input import check_one, check_seeds


class HierarchySearch:
    """Search of one set of weights; threads may share it, and run at once.

    Parameters
    ----------
    topology
        The hierarchy over the graph.
    metric
        Its weights: a customization of ``arc_ms``.
    arc_ms
        int32 (a,), milliseconds of each arc. Nothing is copied, so none of the arrays may change.

    Raises
    ------
    ValueError
        An array has another dtype or shape than the hierarchy wants; names it.
    """

    def __init__(self, topology: Topology, metric: Metric, arc_ms: NDArray[np.int32]) -> None:
        for name, values, length in (
            ("metric.up_ms", metric.up_ms, topology.slot_count),
            ("metric.down_ms", metric.down_ms, topology.slot_count),
            ("arc_ms", arc_ms, len(topology.arc_slot)),
        ):
            if values.dtype != np.int32 or values.shape != (length,):
                raise ValueError(
                    f"{name} is {values.dtype} {values.shape}; allowed: int32 ({length},)"
                )
        self._topology, self._metric, self._ms = topology, metric, arc_ms

    def times(self, origins: Seeds, targets: Seeds) -> NDArray[np.int32]:
        """Milliseconds from each origin to each target, int32 (j, k); ``NO_WAY_MS`` for none."""
        check_seeds("origins", origins, self._topology.node_count)
        check_seeds("targets", targets, self._topology.node_count)
        return query.times(self._topology, self._metric, origins, targets)

    def path(self, origin: Seeds, target: Seeds) -> Path | None:
        """Find the fastest way from one place to one other."""
        check_seeds("origin", origin, self._topology.node_count)
        check_seeds("target", target, self._topology.node_count)
        check_one("origin", origin)
        check_one("target", target)
        return paths.fastest_path(self._topology, self._metric, self._ms, origin, target)

    def to_all(self, origins: Seeds) -> NDArray[np.int32]:
        """Milliseconds from the nearest origin to every node, int32 (n,)."""
        check_seeds("origins", origins, self._topology.node_count)
        return query.to_all(self._topology, self._metric, origins)
