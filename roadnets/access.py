"""Ways between a snap and the ends of its street, in exact whole milliseconds.

Every engine of TravelTimes starts and ends here, so that two engines agree to the millisecond:
the place of a snap splits the weight of its edge into two whole numbers that add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadnets.network import RoadNetwork
from roadnets.speeds import NOT_DRIVABLE_MS
from roadnets.travel import Snap


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
    node_before, node_after
        int32 (k, 2), the edge's tail and head; 0 where there is no edge.
    before_ms, after_ms
        float64 (k, 2), whole milliseconds from the tail to the snap and from the snap to the
        head; infinite where the edge may not be driven.
    """

    edge: NDArray[np.int32]
    fraction: NDArray[np.float64]
    node_before: NDArray[np.int32]
    node_after: NDArray[np.int32]
    before_ms: NDArray[np.float64]
    after_ms: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.edge)


def access_of(network: RoadNetwork, weights: NDArray[np.int32], snaps: Sequence[Snap]) -> Access:
    """Find the ways in and out of some snaps.

    Parameters
    ----------
    network
        The streets that the snaps are on.
    weights
        int32 (m,), milliseconds to drive each edge, ``NOT_DRIVABLE_MS`` where nobody of the mode
        may stand or drive.
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
        node_before=network.edge_tail[some_edge],
        node_after=network.edge_head[some_edge],
        before_ms=np.where(closed, np.inf, before_ms),
        after_ms=np.where(closed, np.inf, whole_ms - before_ms),
    )


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
