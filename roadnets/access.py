"""Ways between a snap and the ends of its street, in exact whole milliseconds.

Every search starts and ends here, so that two of them agree to the millisecond: the place of a snap
splits the weight of its edge into two whole numbers that add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadnets.approach import Approach, Further
from roadnets.graph import TravelGraph
from roadnets.network import RoadNetwork
from roadnets.searches.search import NO_WAY_MS, Seeds
from roadnets.travel import Snap
from roadnets.weights.speeds import NOT_DRIVABLE_MS


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """The two directions of the street of each of k snaps.

    Column 0 is the lower-numbered edge of the street, column 1 its twin: the same place on a
    street is one place, whichever of its two edges a snap names.

    Attributes
    ----------
    edge
        int32 (k, 2), -1 where the street is one-way.
    fraction
        float64 (k, 2), how far along that edge.
    before_ms, after_ms
        float64 (k, 2), whole milliseconds from the tail to the snap and from the snap to the
        head; infinite where the edge may not be driven.
    """

    edge: NDArray[np.int32]
    fraction: NDArray[np.float64]
    before_ms: NDArray[np.float64]
    after_ms: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.edge)

    def of(self, snap: int) -> Access:
        """Those of one snap alone."""
        one = slice(snap, snap + 1)
        return Access(self.edge[one], self.fraction[one], self.before_ms[one], self.after_ms[one])


def access_of(network: RoadNetwork, weights: NDArray[np.int32], snaps: Sequence[Snap]) -> Access:
    """Find the ways in and out of some snaps.

    Parameters
    ----------
    network
        The streets that the snaps are on.
    weights
        int32 (m,), milliseconds to drive each edge to or from a place on it, ``NOT_DRIVABLE_MS``
        where the vehicle may not stand or drive.
    snaps
        k places.

    Returns
    -------
    Access
        In the order of ``snaps``.
    """
    edge = np.array([snap.edge for snap in snaps], np.int32)
    fraction = np.array([snap.fraction for snap in snaps], np.float64)
    twin = network.edge_twin[edge]
    swapped = (twin >= 0) & (twin < edge)
    edge, twin = np.where(swapped, twin, edge), np.where(swapped, edge, twin)
    fraction = np.where(swapped, 1 - fraction, fraction)

    edges = np.column_stack((edge, twin))
    fractions = np.column_stack((fraction, 1 - fraction))
    some_edge = np.maximum(edges, 0)
    whole_ms = weights[some_edge].astype(np.float64)
    closed = (edges < 0) | (whole_ms >= NOT_DRIVABLE_MS)
    before_ms = part_ms(whole_ms, fractions)
    return Access(
        edge=edges,
        fraction=fractions,
        before_ms=np.where(closed, np.inf, before_ms),
        after_ms=np.where(closed, np.inf, whole_ms - before_ms),
    )


def leaving_seeds(
    access: Access, graph: TravelGraph, approach: Approach
) -> tuple[Seeds, NDArray[np.int32]]:
    """Find the nodes by which some places enter the graph.

    Parameters
    ----------
    access
        Of k places.
    graph
        The arcs.
    approach
        The closed streets, along which a place on them is left.

    Returns
    -------
    tuple[Seeds, NDArray[np.int32]]
        The seeds, and for each the edge on which the place is left, int32 (s,).
    """
    open_ = np.isfinite(access.after_ms)
    edge = access.edge[open_]
    node, ms = graph.edge_after[edge], access.after_ms[open_].astype(np.int32)
    further = approach.onwards(edge, node, ms)
    return _seeds_by_place(len(access), np.nonzero(open_)[0], node, ms, further, edge)


def arriving_seeds(
    access: Access, graph: TravelGraph, arc_extra_ms: NDArray[np.int32], approach: Approach
) -> tuple[Seeds, NDArray[np.int32]]:
    """Find the nodes by which some places are reached.

    Parameters
    ----------
    access
        Of k places.
    graph
        The arcs.
    arc_extra_ms
        int32 (a,), delay of the turn into each arc; ``NO_WAY_MS`` where it is forbidden.
    approach
        The closed streets, along which a place on them is reached.

    Returns
    -------
    tuple[Seeds, NDArray[np.int32]]
        The seeds, and for each the arc on which the place is reached, int32 (s,).
    """
    open_ = np.isfinite(access.before_ms)
    edge = access.edge[open_]
    arcs = graph.arcs_of(edge)
    count = graph.arc_counts(edge)
    place = np.repeat(np.nonzero(open_)[0], count)
    extra_ms = arc_extra_ms[arcs]
    allowed = extra_ms < NO_WAY_MS
    ms = (np.repeat(access.before_ms[open_].astype(np.int32), count) + extra_ms)[allowed]
    arcs, place = arcs[allowed], place[allowed]
    node = graph.arc_tail[arcs]
    further = approach.up_to(graph.arc_edge[arcs], node, ms)
    return _seeds_by_place(len(access), place, node, ms, further, arcs)


def _seeds_by_place(
    places: int,
    place: NDArray[np.int64],
    node: NDArray[np.int32],
    ms: NDArray[np.int32],
    further: Further,
    along: NDArray[np.int32],
) -> tuple[Seeds, NDArray[np.int32]]:
    """Put seeds and those further on in order of their places; ``along`` follows them."""
    if len(further.seed):
        place = np.concatenate((place, place[further.seed]))
        order = np.argsort(place, kind="stable")
        place = place[order]
        node = np.concatenate((node, further.node))[order]
        ms = np.concatenate((ms, further.ms))[order]
        along = np.concatenate((along, along[further.seed]))[order]
    start = np.zeros(places + 1, np.int32)
    np.cumsum(np.bincount(place, minlength=places), out=start[1:])
    return Seeds(start, node, ms), along


def part_ms(whole_ms: NDArray[np.float64], fraction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Milliseconds from the tail to a fraction of an edge, rounded half up to whole ones."""
    rounded: NDArray[np.float64] = np.floor(whole_ms * fraction + 0.5)
    return rounded


def direct_ms(origins: Access, targets: Access) -> NDArray[np.float64]:
    """Drive from origins to targets that lie ahead on the same edge.

    Parameters
    ----------
    origins, targets
        Of j and of k snaps.

    Returns
    -------
    NDArray[np.float64]
        (j, k), whole milliseconds; infinite where the target is not ahead on a drivable edge.
    """
    times = np.full((len(origins), len(targets)), np.inf)
    rows, columns = np.nonzero(origins.edge[:, :1] == targets.edge[:, 0])
    with np.errstate(invalid="ignore"):  # infinity less infinity: not drivable
        ahead = targets.before_ms[columns] - origins.before_ms[rows]
    times[rows, columns] = np.where(ahead >= 0, ahead, np.inf).min(axis=1)
    return times
