"""BucketSearch: fastest ways with no preparation to speak of, while a hierarchy is not ready.

A question costs one search of the graph for each place on its smaller side.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.bucket import Rows, bucket_shift, rows_by, search
from roadnets.searches.search import NO_WAY_MS, Path, Seeds
from roadnets.searches.search_input import check_arcs, check_pair, check_seeds
from roadnets.searches.variety import by_penalties, way_by_heads


class _Reached(NamedTuple):
    """What a search found: ``times`` and ``by_arc``, int32 (n,), as ``kernel.bucket.search``."""

    times: NDArray[np.int32]
    by_arc: NDArray[np.int32]


class BucketSearch:
    """Search of one set of weights; threads may share it, and run at once.

    Parameters
    ----------
    node_count
        n nodes.
    arc_tail, arc_head
        int32 (a,), nodes; parallel arcs and loops are allowed.
    arc_ms
        int32 (a,), milliseconds, 0 to ``NO_WAY_MS``, which closes an arc. All three are kept,
        not copied.
    rows
        The arcs by tail and by head, where they have been sorted before.

    Raises
    ------
    ValueError
        An array has another dtype or shape, or a value out of range; names it.
    """

    def __init__(
        self,
        node_count: int,
        arc_tail: NDArray[np.int32],
        arc_head: NDArray[np.int32],
        arc_ms: NDArray[np.int32],
        rows: tuple[Rows, Rows] | None = None,
    ) -> None:
        check_arcs(node_count, arc_tail, arc_head, arc_ms)
        self._nodes, self._tail, self._head, self._ms = node_count, arc_tail, arc_head, arc_ms
        self._out, self._in = rows or (
            rows_by(node_count, arc_tail, arc_head),
            rows_by(node_count, arc_head, arc_tail),
        )
        self._out_ms, self._in_ms = arc_ms[self._out.arc], arc_ms[self._in.arc]
        self._shift = bucket_shift(arc_ms)

    def with_weights(self, arc_ms: NDArray[np.int32]) -> Self:
        """Search the same arcs with other weights; sorts nothing anew.

        Raises
        ------
        ValueError
            As of the class.
        """
        rows = self._out, self._in
        return type(self)(self._nodes, self._tail, self._head, arc_ms, rows)

    def times(self, origins: Seeds, targets: Seeds) -> NDArray[np.int32]:
        """Milliseconds from each origin to each target, int32 (j, k); ``NO_WAY_MS`` for none."""
        check_seeds("origins", origins, self._nodes)
        check_seeds("targets", targets, self._nodes)
        if len(origins) <= len(targets):
            return self._from_each(self._out, self._out_ms, origins, targets)
        return np.ascontiguousarray(self._from_each(self._in, self._in_ms, targets, origins).T)

    def path(self, origin: Seeds, target: Seeds) -> Path | None:
        """Find the fastest way from one place to one other."""
        check_pair(origin, target, self._nodes)
        return self._path(self._out_ms, origin, target)

    def alternatives(self, origin: Seeds, target: Seeds, most: int) -> list[Path]:
        """Find up to ``most`` other ways, best first; none is the fastest, or nearly another."""
        fastest = self.path(origin, target)
        if fastest is None:
            return []

        def find(arc_ms: NDArray[np.int32]) -> Path | None:
            return self._path(arc_ms[self._out.arc], origin, target)

        return by_penalties(
            find, fastest, self._ms, lambda path: way_by_heads(path, self._head), most
        )

    def to_all(self, origins: Seeds) -> NDArray[np.int32]:
        """Milliseconds from the nearest origin to every node, int32 (n,)."""
        check_seeds("origins", origins, self._nodes)
        return self._reach(self._out, self._out_ms, origins.node, origins.ms, None).times

    def _reach(
        self,
        rows: Rows,
        ms: NDArray[np.int32],
        node: NDArray[np.int32],
        seed_ms: NDArray[np.int32],
        targets: NDArray[np.int32] | None,
    ) -> _Reached:
        """Search from some seeds until ``targets`` are reached, or everything."""
        wanted = np.zeros(self._nodes, np.bool_)
        count = -1
        if targets is not None:
            wanted[targets] = True
            count = int(np.count_nonzero(wanted))
        reached = _Reached(np.empty(self._nodes, np.int32), np.empty(self._nodes, np.int32))
        search(*rows, ms, self._shift, node, seed_ms, wanted, count, *reached)
        return reached

    def _from_each(
        self, rows: Rows, ms: NDArray[np.int32], seeds: Seeds, ends: Seeds
    ) -> NDArray[np.int32]:
        """Milliseconds from k places to j others, int32 (k, j)."""
        found = np.full((len(seeds), len(ends)), NO_WAY_MS, np.int32)
        filled = np.flatnonzero(np.diff(ends.start))  # reduceat has no word for an empty place
        if len(filled) == 0:
            return found
        for i in range(len(seeds)):
            own = slice(seeds.start[i], seeds.start[i + 1])
            reached = self._reach(rows, ms, seeds.node[own], seeds.ms[own], ends.node)
            fastest = np.minimum.reduceat(reached.times[ends.node] + ends.ms, ends.start[filled])
            found[i, filled] = np.minimum(fastest, NO_WAY_MS)
        return found

    def _path(self, ms: NDArray[np.int32], origin: Seeds, target: Seeds) -> Path | None:
        reached = self._reach(self._out, ms, origin.node, origin.ms, target.node)
        through = reached.times[target.node] + target.ms
        if len(through) == 0 or through.min() >= NO_WAY_MS:
            return None
        best = int(through.argmin())
        node, arcs = int(target.node[best]), []
        while (arc := int(reached.by_arc[node])) >= 0:
            arcs.append(arc)
            node = int(self._tail[arc])
        return Path(int(through[best]), node, np.array(arcs[::-1], np.int32))
