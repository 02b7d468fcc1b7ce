"""Where another way may lead through: the nodes that both the origin and the target climb to.

Of two places in different parts of the town, every way crosses the separators between the parts,
and these are common ancestors of both. So each is tried as the *via node* of a way that is fastest
to it and from it (Abraham, Delling, Goldberg and Werneck, "Alternative routes in road networks",
ACM Journal of Experimental Algorithmics 18, 2013, where a search has to find such nodes first).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.compiled import Index64, Ints, Nothing, OutInts, compiled
from roadnets.kernel.metric import Metric
from roadnets.kernel.paths import RankSeeds, ancestors, climb
from roadnets.kernel.topology import Topology
from roadnets.searches.search import NO_WAY_MS


class Vias(NamedTuple):
    """Common ancestors, fastest way through first, by rank where equal.

    Attributes
    ----------
    rank
        int32 (k,), ranks.
    ms
        int32 (k,), milliseconds of the fastest way over each.
    """

    rank: NDArray[np.int32]
    ms: NDArray[np.int32]


def via_nodes(
    topology: Topology, metric: Metric, origin: RankSeeds, target: RankSeeds, most_ms: int
) -> Vias:
    """List the common ancestors over which a way takes at most ``most_ms``.

    Parameters
    ----------
    topology, metric
        The hierarchy and its weights.
    origin, target
        One place each.
    most_ms
        Below ``NO_WAY_MS``.
    """
    out_nodes, out_ms = _to_ancestors(topology, metric.up_ms, metric.down_ms, origin)
    in_nodes, in_ms = _to_ancestors(topology, metric.down_ms, metric.up_ms, target)
    rank, ours, theirs = np.intersect1d(out_nodes, in_nodes, True, return_indices=True)
    ms = np.minimum(out_ms[ours] + in_ms[theirs], NO_WAY_MS)
    order = np.lexsort((rank, ms))
    order = order[ms[order] <= most_ms]
    return Vias(rank[order], ms[order])


def time_between(topology: Topology, metric: Metric, origin: int, target: int) -> int:
    """Milliseconds of the fastest way from one rank to another, ``NO_WAY_MS`` for none."""
    begin, end = RankSeeds.at(origin), RankSeeds.at(target)
    vias = via_nodes(topology, metric, begin, end, NO_WAY_MS)
    return int(vias.ms[0]) if len(vias.ms) else NO_WAY_MS


def _to_ancestors(
    topology: Topology, climb_ms: NDArray[np.int32], sweep_ms: NDArray[np.int32], seeds: RankSeeds
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Ancestors of a place, ascending, and the exact milliseconds between it and each."""
    rows = topology.up_start, topology.up_head
    members = ancestors(*rows, seeds.rank)
    dist, by_slot = np.empty_like(members), np.empty_like(members)
    climb(*rows, climb_ms, *seeds, members, dist, by_slot)
    _sweep(*rows, sweep_ms, members, dist)
    return members, dist


@compiled(Nothing(Ints, Ints, Ints, Ints, OutInts))
def _sweep(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    sweep_ms: NDArray[np.int32],
    members: NDArray[np.int32],
    dist: NDArray[np.int32],
) -> None:
    """Make the times of a climb exact, from the highest node to the lowest."""
    for place in range(len(members) - 1, -1, -1):
        node, best, there = members[place], dist[place], place
        for slot in range(Index64(up_start[node]), Index64(up_start[node + 1])):
            while members[there] != up_head[slot]:  # both ascend
                there += 1
            best = min(best, dist[there] + sweep_ms[slot])
        dist[place] = best
