"""Signals, gates and narrow points: which edges they delay, and whom they keep out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from roadnets.geo import LocalProjection
from roadnets.imports.joining import Bools, HalfEdges, Ints
from roadnets.imports.streets import StreetData
from roadnets.imports.tags import (
    Barrier,
    barrier_of,
    gate_open_to_public,
    limits_at_barrier,
    signal_direction,
)
from roadnets.network import NetworkArrays

SAME_JUNCTION_M: Final = 40.0
"""Signals nearer to each other than this belong to one junction."""

NO_SIGNAL: Final = 9
"""Where there is no signal; else 1 along the way, -1 against it, 0 both."""


def signals_of(data: StreetData) -> NDArray[np.int8]:
    """Tell for each node of the source which traffic its signal stops, int8 (n,)."""
    stops = np.full(len(data.node_id), NO_SIGNAL, np.int8)
    for node, tags in data.node_tags.items():
        direction = signal_direction(tags)
        if direction is not None:
            stops[node] = direction
    return stops


def blocks_of(data: StreetData) -> Bools:
    """Tell for each node of the source whether nobody drives through it, (n,)."""
    blocked = np.zeros(len(data.node_id), np.bool_)
    blocked[[v for v, tags in data.node_tags.items() if barrier_of(tags) is Barrier.BLOCK]] = True
    return blocked


@dataclass(frozen=True, slots=True)
class Gates:
    """Gates by half-edge.

    Attributes
    ----------
    passed
        How many gates each half-edge passes, int64 (h,).
    shut
        Whether one of them is shut to the public, (h,).
    """

    passed: Ints
    shut: Bools


def gates_of(
    data: StreetData, origin: Ints, half: HalfEdges, following: Ints, rank: Ints, main: Bools
) -> Gates:
    """Put each gate on the half-edges that pass it.

    Parameters
    ----------
    data
        The source.
    origin
        The source's node of each node, (n,).
    half
        The half-edges.
    following
        The half-edge that continues each within its edge, or -1, (h,).
    rank
        How humble the street of each half-edge is, (h,).
    main
        Whether it is of more than local importance, (h,).
    """
    stands, shut_on_minor, shut_on_main = np.zeros((3, len(data.node_id)), np.bool_)
    for node, tags in data.node_tags.items():
        if barrier_of(tags) is Barrier.GATE:
            stands[node] = True
            shut_on_minor[node] = not gate_open_to_public(tags, main_road=False)
            shut_on_main[node] = not gate_open_to_public(tags, main_road=True)
    gated = stands[origin[half.head]]
    within = gated & (following >= 0)
    at_head, at_tail = _gates_at_ends(half, rank, gated & ~within)
    at_head |= within
    shut = np.zeros(len(half.head), np.bool_)
    for passes, gate in ((at_head, origin[half.head]), (at_tail, origin[half.tail])):
        shut |= passes & np.where(main, shut_on_main[gate], shut_on_minor[gate])
    return Gates(at_head.astype(np.int64) + at_tail, shut)


def _gates_at_ends(half: HalfEdges, rank: Ints, gated: Bools) -> tuple[Bools, Bools]:
    """Tell which half-edges pass a gate at their head, and which one at their tail.

    A gate where unlike streets meet belongs to the humbler ones (the compound's, not the
    avenue's); where all are alike, whoever drives into the node has to open it.
    """
    at_head = np.zeros(len(half.tail), np.bool_)
    at_tail = at_head.copy()
    arms: dict[int, list[int]] = {}
    for h in np.flatnonzero(gated).tolist():
        arms.setdefault(int(half.head[h]), []).append(h)
    for incoming in arms.values():
        if len(incoming) == 1:  # the map ends at the gate
            continue
        ranks = rank[incoming]
        humbler = [h for h, r in zip(incoming, ranks, strict=True) if r > ranks.min()]
        at_head[humbler or incoming] = True
        at_tail[[h ^ 1 for h in humbler]] = True
    return at_head, at_tail


def limits_at_points(data: StreetData, origin: Ints, half: HalfEdges) -> NDArray[np.float32]:
    """Height, width and weight that may pass into the head of each half-edge, float32 (h, 3).

    A height restrictor or a narrow gate stands on the street: where streets meet at its point,
    nobody knows on which, and it limits none.
    """
    at = np.full((len(data.node_id), 3), np.inf, np.float32)
    for node, tags in data.node_tags.items():
        at[node] = limits_at_barrier(tags)
    on_one_street = np.bincount(half.head, minlength=len(origin)) == 2
    limits = at[origin[half.head]]
    limits[~on_one_street[half.head]] = np.inf
    return limits


def stops_at_head(arrays: NetworkArrays, stops: NDArray[np.int8], along_way: Bools) -> Bools:
    """Tell whether the signal at an edge's head stops who drives along the edge, (m,).

    A junction of divided roads has a signal on each of its corners, and often one more on each
    approach: one driver stops once, on the way in. So an edge that does not come nearer to the
    middle of its junction's signals has none.

    Parameters
    ----------
    arrays
        The network's.
    stops
        Which traffic the signal at each edge's head stops, (m,).
    along_way
        Whether the edge arrives there along its way, (m,).
    """
    stopped: Bools = (stops == 0) | (along_way & (stops == 1)) | (~along_way & (stops == -1))
    nodes = np.flatnonzero(arrays["node_signal"])
    if not len(nodes):
        return stopped
    metres = _metres(arrays)
    junction, middle = group_signals(metres[nodes])
    at = np.full(len(metres), -1, np.int64)
    at[nodes] = junction
    edges = np.flatnonzero(stopped)
    tail, head = arrays["edge_tail"][edges], arrays["edge_head"][edges]
    centre = middle[at[head]]
    nearer = _norm(metres[tail] - centre) > _norm(metres[head] - centre) + 1.0
    from_afar = arrays["edge_length_m"][edges] > 1.5 * SAME_JUNCTION_M
    stopped[edges] = nearer | from_afar
    return stopped


def signalised_junctions(arrays: NetworkArrays) -> int:
    """Count the junctions that the signals of a network stand at."""
    return len(group_signals(_metres(arrays)[arrays["node_signal"]])[1])


def _metres(arrays: NetworkArrays) -> NDArray[np.float64]:
    lon, lat = arrays["node_lon"], arrays["node_lat"]
    return LocalProjection.around(lon, lat).to_metres(lon, lat)


def group_signals(metres: NDArray[np.float64]) -> tuple[Ints, NDArray[np.float64]]:
    """Group points that stand together: the group of each, and the middle of each group."""
    n = len(metres)
    if n == 0:
        return np.empty(0, np.int64), np.empty((0, 2))
    pairs = cKDTree(metres).query_pairs(SAME_JUNCTION_M, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), np.int8), pairs.T), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    sizes = np.bincount(label)
    middle = np.column_stack([np.bincount(label, metres[:, k]) / sizes for k in (0, 1)])
    return label.astype(np.int64), middle


def _norm(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hypot(vectors[:, 0], vectors[:, 1])
