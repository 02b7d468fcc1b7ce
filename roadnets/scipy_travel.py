"""ScipyTravelTimes: exact travel times by Dijkstra's algorithm, with nothing to prepare.

The oracle of every faster engine, and the fallback until one is ready. A question costs one
search of the whole network for each place on its smaller side (many_to_one: one search, of the
reversed network), however many places are on the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from roadnets.access import Access, access_of, direct_ms
from roadnets.conditions import NO_CONDITIONS, Conditions
from roadnets.network import RoadNetwork
from roadnets.routes import Stretch, describe_route
from roadnets.speeds import NOT_DRIVABLE_MS, all_base_weights
from roadnets.travel import Route, Snap, TravelMode, whole_seconds

_BLOCK: Final = 2
"""Searches in one call of scipy, which holds the interpreter's lock meanwhile: others wait."""


@dataclass(frozen=True, slots=True, eq=False)
class _Arcs:
    """The drivable arcs in rows by the node that they leave, the fastest of each pair of nodes.

    Attributes
    ----------
    start
        int32 (n + 1,), row v is ``start[v]:start[v + 1]``.
    head
        int32 (a,), ascending in each row.
    cost_ms
        float64 (a,), whole milliseconds, at least 1.
    edge
        int32 (a,), the edge that each arc drives.
    """

    start: NDArray[np.int32]
    head: NDArray[np.int32]
    cost_ms: NDArray[np.float64]
    edge: NDArray[np.int32]

    @classmethod
    def collect(
        cls,
        nodes: int,
        tail: NDArray[np.int32],
        head: NDArray[np.int32],
        weights: NDArray[np.int32],
    ) -> Self:
        """Sort edges into rows; of parallel ones keep the fastest, the lower index among equals.

        Left to itself, scipy adds parallel arcs up.
        """
        order = np.lexsort((weights, head, tail))
        order = order[weights[order] < NOT_DRIVABLE_MS]
        first = np.ones(len(order), np.bool_)
        first[1:] = np.diff(tail[order]).astype(np.bool_) | np.diff(head[order]).astype(np.bool_)
        edge = order[first].astype(np.int32)
        start = np.searchsorted(tail[edge], np.arange(nodes + 1)).astype(np.int32)
        return cls(start, head[edge], weights[edge].astype(np.float64), edge)

    def edge_between(self, tail: int, head: int) -> int:
        """Find the edge of the arc from one node to the next."""
        row = slice(self.start[tail], self.start[tail + 1])
        return int(self.edge[row][np.searchsorted(self.head[row], head)])

    def with_seeds(
        self, node: NDArray[np.int32], cost_ms: NDArray[np.float64]
    ) -> csr_array[np.float64, tuple[int, int]]:
        """Add nodes n, n + 1 … that reach ``node[i]`` after ``cost_ms[i]``.

        Parameters
        ----------
        node
            int32 (k, 2), where each new node leads.
        cost_ms
            float64 (k, 2), infinite for an arc that is not to be.

        Returns
        -------
        csr_array
            (n + k, n + k), milliseconds.
        """
        keep = np.isfinite(cost_ms)
        same = node[:, 0] == node[:, 1]  # a loop: two arcs to one node, of which the faster stays
        keep[np.flatnonzero(same), cost_ms[same].argmax(axis=1)] = False
        ends = self.start[-1] + np.cumsum(keep.sum(axis=1), dtype=np.int32)
        size = len(self.start) - 1 + len(node)
        return csr_array(
            (
                np.concatenate((self.cost_ms, cost_ms[keep])),
                np.concatenate((self.head, node[keep])),
                np.concatenate((self.start, ends)),
            ),
            shape=(size, size),
        )

    def search(
        self,
        seed: NDArray[np.int32],
        seed_ms: NDArray[np.float64],
        end: NDArray[np.int32],
        end_ms: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Find the fastest ways from k places to j others.

        Parameters
        ----------
        seed, seed_ms
            (k, 2), the nodes where each place enters the network, and after how long.
        end, end_ms
            (j, 2), the nodes where the network is left for each other place, and how long from
            there.

        Returns
        -------
        NDArray[np.float64]
            (k, j), whole milliseconds, infinite where there is no way.
        """
        times = np.empty((len(seed), len(end)))
        for block in (slice(i, i + _BLOCK) for i in range(0, len(seed), _BLOCK)):
            graph = self.with_seeds(seed[block], seed_ms[block])
            from_seeds = dijkstra(graph, indices=range(len(self.start) - 1, graph.shape[0]))
            times[block] = (from_seeds[:, end] + end_ms).min(axis=2)
        return times

    def path(
        self, seed: NDArray[np.int32], seed_ms: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Search from one place, (2,) and (2,): milliseconds to and node before each node."""
        graph = self.with_seeds(seed[None], seed_ms[None])
        times, before = dijkstra(graph, indices=[len(self.start) - 1], return_predecessors=True)
        return times[0], before[0]


@dataclass(frozen=True, slots=True, eq=False)
class ScipyTravelTimes:
    """TravelTimes of one network under one set of conditions; threads may share it.

    Attributes
    ----------
    network
        The streets.
    base
        int32 (m,) for each mode, milliseconds on open roads. A closed street is closed to those who
        drive through; a place on it is reached, and left, along it.
    """

    network: RoadNetwork
    base: Mapping[TravelMode, NDArray[np.int32]]
    _forward: Mapping[TravelMode, _Arcs]
    _backward: Mapping[TravelMode, _Arcs]

    @classmethod
    def build(
        cls,
        network: RoadNetwork,
        conditions: Conditions = NO_CONDITIONS,
        base: Mapping[TravelMode, NDArray[np.int32]] | None = None,
    ) -> Self:
        """Prepare an engine.

        Parameters
        ----------
        network
            The streets.
        conditions
            What is closed.
        base
            int32 (m,) for each mode, milliseconds on open roads; ``all_base_weights(network)``
            where None.

        Returns
        -------
        ScipyTravelTimes
            For the modes of ``base``.
        """
        base = all_base_weights(network) if base is None else base
        weights = {mode: conditions.weights(mode, base[mode]) for mode in base}
        n, tail, head = network.node_count, network.edge_tail, network.edge_head
        return cls(
            network,
            base,
            {mode: _Arcs.collect(n, tail, head, weights[mode]) for mode in weights},
            {mode: _Arcs.collect(n, head, tail, weights[mode]) for mode in weights},
        )

    def one_to_many(
        self, mode: TravelMode, origin: Snap, targets: Sequence[Snap]
    ) -> NDArray[np.int64]:
        """Seconds from ``origin`` to each target, int64 (len(targets),)."""
        return self.matrix(mode, (origin,), targets).reshape(-1)

    def many_to_one(
        self, mode: TravelMode, origins: Sequence[Snap], target: Snap
    ) -> NDArray[np.int64]:
        """Seconds from each origin to ``target``, int64 (len(origins),)."""
        return self.matrix(mode, origins, (target,)).reshape(-1)

    def matrix(
        self, mode: TravelMode, origins: Sequence[Snap], targets: Sequence[Snap]
    ) -> NDArray[np.int64]:
        """Seconds from each origin to each target, int64 (len(origins), len(targets))."""
        leaving, arriving = self._access(mode, origins), self._access(mode, targets)
        way_out = (leaving.node_after, leaving.after_ms)
        way_in = (arriving.node_before, arriving.before_ms)
        if len(origins) <= len(targets):
            through = self._forward[mode].search(*way_out, *way_in)
        else:
            through = self._backward[mode].search(*way_in, *way_out).T
        return whole_seconds(np.minimum(through, direct_ms(leaving, arriving)))

    def route(self, mode: TravelMode, origin: Snap, target: Snap) -> Route | None:
        """Find the fastest way with its geometry, or None where there is none."""
        leaving, arriving = self._access(mode, (origin,)), self._access(mode, (target,))
        stretches = self._fastest(mode, leaving, arriving)
        if stretches is None:
            return None
        return describe_route(self.network, self.base[mode], stretches)

    def _access(self, mode: TravelMode, snaps: Sequence[Snap]) -> Access:
        return access_of(self.network, self.base[mode], snaps)

    def _fastest(self, mode: TravelMode, leaving: Access, arriving: Access) -> list[Stretch] | None:
        """Find the stretches between two snaps, straight along their edge or through nodes."""
        arcs = self._forward[mode]
        times, before = arcs.path(leaving.node_after[0], leaving.after_ms[0])
        through_ms = times[arriving.node_before[0]] + arriving.before_ms[0]
        straight_ms = direct_ms(leaving, arriving)[0, 0]
        if straight_ms <= through_ms.min():
            return _straight(leaving, arriving) if np.isfinite(straight_ms) else None
        into = int(through_ms.argmin())
        nodes = _walk_back(before, int(arriving.node_before[0, into]))
        out_ms = np.where(leaving.node_after[0] == nodes[0], leaving.after_ms[0], np.inf)
        out = int(out_ms.argmin())
        return [
            Stretch(int(leaving.edge[0, out]), begin=float(leaving.fraction[0, out])),
            *(Stretch(arcs.edge_between(*pair)) for pair in pairwise(nodes)),
            Stretch(int(arriving.edge[0, into]), end=float(arriving.fraction[0, into])),
        ]


def _straight(leaving: Access, arriving: Access) -> list[Stretch]:
    """Drive along the one edge that both snaps are on, the faster of its two directions."""
    with np.errstate(invalid="ignore"):
        ahead = arriving.before_ms[0] - leaving.before_ms[0]
    column = int(np.where(ahead >= 0, ahead, np.inf).argmin())
    begin, end = float(leaving.fraction[0, column]), float(arriving.fraction[0, column])
    return [Stretch(int(leaving.edge[0, column]), begin, max(begin, end))]


def _walk_back(before: NDArray[np.int32], node: int) -> list[int]:
    """List the nodes of the way to ``node``, from the one that the search entered by."""
    nodes = [node]
    while before[node] < len(before) - 1:
        node = int(before[node])
        nodes.append(node)
    return nodes[::-1]
