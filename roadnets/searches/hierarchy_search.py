"""HierarchySearch: fastest ways on a customizable contraction hierarchy."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel import paths, query
from roadnets.kernel.alternatives import time_between, via_nodes
from roadnets.kernel.customize import update
from roadnets.kernel.metric import Metric
from roadnets.kernel.topology import Topology
from roadnets.searches.search import NO_WAY_MS, Path, Seeds
from roadnets.searches.search_input import check_pair, check_seeds
from roadnets.searches.variety import MOST_STRETCH, Way, by_penalties, is_other_way

_MOST_TRIED: Final = 40
"""Ways through via nodes that are looked at; each takes about as long as two paths."""

_PENALTY_ROUNDS: Final = 6
"""Each customizes a copy of the weights in part."""

_LOCAL: Final = 0.1
"""Another way is a fastest way wherever one looks at twice this part of the fastest's time.

The paper takes 0.25 across a continent; in a town that leaves half of all places without one.
"""


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
        check_pair(origin, target, self._topology.node_count)
        return paths.fastest_path(self._topology, self._metric, self._ms, origin, target)

    def alternatives(self, origin: Seeds, target: Seeds, most: int) -> list[Path]:
        """Find up to ``most`` other ways, best first; none is the fastest, or nearly another.

        Through nodes that both places climb to; where none of these makes another way, as between
        neighbours, by penalties.
        """
        fastest = self.path(origin, target)
        if fastest is None or len(fastest.arcs) == 0 or most < 1:
            return []
        found = self._through_vias(fastest, origin, target, most)
        return found or self._by_penalties(fastest, origin, target, most)

    def _through_vias(self, fastest: Path, origin: Seeds, target: Seeds, most: int) -> list[Path]:
        t, m = self._topology, self._metric
        begin, end = paths.rank_seeds(t, origin), paths.rank_seeds(t, target)
        most_ms = min(int(MOST_STRETCH * fastest.ms), NO_WAY_MS - 1)
        kept = [self._way(fastest)]
        seen = dict.fromkeys(kept[0].nodes.tolist(), fastest.ms)
        tried = 0
        for via, ms in zip(*via_nodes(t, m, begin, end, most_ms), strict=True):
            if len(kept) > most or tried == _MOST_TRIED:
                break
            if seen.get(int(via)) == ms:  # most likely the same way, by another of its nodes
                continue
            tried += 1
            way = self._way_through(int(via), int(ms), origin, begin, end)
            for node in way.nodes.tolist():
                seen.setdefault(node, way.path.ms)
            if is_other_way(way, kept, self._ms) and self._bends_well(way, int(via), fastest.ms):
                kept.append(way)
        return [way.path for way in kept[1:]]

    def _way_through(
        self, via: int, ms: int, origin: Seeds, begin: paths.RankSeeds, end: paths.RankSeeds
    ) -> Way:
        """The fastest way to one rank, and then from it."""
        there = paths.RankSeeds.at(via)
        into = paths.path_between(self._topology, self._metric, self._ms, begin, there)
        on = paths.path_between(self._topology, self._metric, self._ms, there, end)
        assert into is not None
        assert on is not None
        first = int(origin.node[into.seed])
        return self._way(Path(ms, first, np.concatenate((into.arcs, on.arcs))))

    def _bends_well(self, way: Way, via: int, fastest_ms: int) -> bool:
        """The T-test: the part around the via node, so long each side, is a fastest way itself.

        Elsewhere the two halves are.
        """
        when = np.concatenate(([0], np.cumsum(self._ms[way.path.arcs], dtype=np.int64)))
        bend = int(np.flatnonzero(way.nodes == via)[0])
        around = _LOCAL * fastest_ms
        begin = max(int(np.searchsorted(when, when[bend] - around, "right")) - 1, 0)
        end = min(int(np.searchsorted(when, when[bend] + around, "left")), len(when) - 1)
        direct_ms = time_between(
            self._topology, self._metric, int(way.nodes[begin]), int(way.nodes[end])
        )
        return direct_ms == int(when[end] - when[begin])

    def _by_penalties(self, fastest: Path, origin: Seeds, target: Seeds, most: int) -> list[Path]:
        t = self._topology
        metric = Metric(self._metric.up_ms.copy(), self._metric.down_ms.copy())
        before = self._ms

        def find(arc_ms: NDArray[np.int32]) -> Path | None:
            nonlocal before
            update(t, metric, arc_ms, np.flatnonzero(arc_ms != before))
            before = arc_ms
            return paths.fastest_path(t, metric, arc_ms, origin, target)

        return by_penalties(find, fastest, self._ms, self._way, most, _PENALTY_ROUNDS)

    def _way(self, path: Path) -> Way:
        first = self._topology.rank[path.first]
        heads = paths.arc_heads(self._topology, path.arcs)
        return Way(path, np.concatenate((np.array([first], np.int32), heads)))

    def to_all(self, origins: Seeds) -> NDArray[np.int32]:
        """Milliseconds from the nearest origin to every node, int32 (n,)."""
        check_seeds("origins", origins, self._topology.node_count)
        return query.to_all(self._topology, self._metric, origins)
