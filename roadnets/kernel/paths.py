"""Fastest paths on a hierarchy, unpacked to arcs of the graph.

A slot's weight came from an arc of its own or from a *lower triangle*: down to a lower node and up
again. Which of them is not stored but found again by its weight (Dibbelt, Strasser and Wagner 2016,
section 8.2), so a change of weights leaves nothing else to bring up to date.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.compiled import Flag, Flags, Index64, Int, Ints, Nothing, OutInts, compiled
from roadnets.kernel.metric import Metric
from roadnets.kernel.topology import Topology
from roadnets.searches.search import NO_WAY_MS, Path, Seeds

_NO_SLOT: Final = -1


class RankSeeds(NamedTuple):
    """One place as ranks, int32 (s,), and milliseconds, int32 (s,)."""

    rank: NDArray[np.int32]
    ms: NDArray[np.int32]

    @classmethod
    def at(cls, rank: int) -> Self:
        """The place that is one node."""
        return cls(np.array([rank], np.int32), np.zeros(1, np.int32))


class RankPath(NamedTuple):
    """A way in rank space.

    Attributes
    ----------
    ms
        Milliseconds from place to place.
    seed
        Which of the origin's seeds it begins with.
    arcs
        int32 (k,), arcs of the graph in driving order.
    """

    ms: int
    seed: int
    arcs: NDArray[np.int32]


def fastest_path(
    topology: Topology,
    metric: Metric,
    arc_ms: NDArray[np.int32],
    origin: Seeds,
    target: Seeds,
) -> Path | None:
    """Find the fastest way from one place to one other.

    Parameters
    ----------
    topology
        The hierarchy.
    metric, arc_ms
        Its weights, and those of the arcs, int32 (a,), that they were made of.
    origin, target
        Seeds of one place each, at nodes of the graph; they are not checked.

    Returns
    -------
    Path or None
        Its arcs take, with the seeds, exactly its time, and no node is passed twice. None where
        there is no way.

    Raises
    ------
    ValueError
        The metric is not one of ``arc_ms``.
    """
    begin, end = rank_seeds(topology, origin), rank_seeds(topology, target)
    found = path_between(topology, metric, arc_ms, begin, end)
    return None if found is None else Path(found.ms, int(origin.node[found.seed]), found.arcs)


def rank_seeds(topology: Topology, seeds: Seeds) -> RankSeeds:
    """Bring one place into rank space."""
    return RankSeeds(topology.rank[seeds.node], seeds.ms)


def path_between(
    topology: Topology,
    metric: Metric,
    arc_ms: NDArray[np.int32],
    origin: RankSeeds,
    target: RankSeeds,
) -> RankPath | None:
    """Find the fastest way in rank space; otherwise as ``fastest_path``."""
    t = topology
    ends = np.empty(2, np.int32)
    moves = _moves(
        t.up_start, t.up_head, t.up_tail, metric.up_ms, metric.down_ms, *origin, *target, ends
    )
    ms, seed = ends.tolist()
    if ms == NO_WAY_MS:
        return None
    arcs = _unpacked(
        t.up_start, t.up_head, t.up_tail, t.down_start, t.down_slot, t.arc_up,
        t.slot_arc_start, t.slot_arc, metric.up_ms, metric.down_ms, arc_ms, moves,
    )  # fmt: skip
    if len(arcs) and arcs[-1] < 0:
        raise ValueError("metric is not of arc_ms: a slot's weight is neither an arc's nor a sum")
    if len(arcs) and not arc_ms[arcs].all():  # only arcs that take no time can make a loop
        arcs = _without_loops(topology, int(origin.rank[seed]), arcs)
    return RankPath(ms, seed, arcs)


def arc_heads(topology: Topology, arcs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Ranks of the heads of some arcs that are no loops, int32 (k,)."""
    slot = topology.arc_slot[arcs]
    heads: NDArray[np.int32] = np.where(
        topology.arc_up[arcs], topology.up_head[slot], topology.up_tail[slot]
    )
    return heads


def _without_loops(topology: Topology, first: int, arcs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Leave out every part of a way that comes back to a node, as it then takes no time."""
    kept: list[int] = []
    where = {first: 0}
    for arc, head in zip(arcs.tolist(), arc_heads(topology, arcs).tolist(), strict=True):
        kept.append(arc)
        if head in where:
            kept = kept[: where[head]]
            where = {node: place for node, place in where.items() if place <= len(kept)}
        else:
            where[head] = len(kept)
    return np.array(kept, np.int32)


@compiled(OutInts(OutInts))
def _longer(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Copy into an array of twice the length."""
    longer = np.empty(2 * len(values), np.int32)
    longer[: len(values)] = values
    return longer


@compiled(OutInts(Ints, Ints, Ints))
def ancestors(
    up_start: NDArray[np.int32], up_head: NDArray[np.int32], rank: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Some nodes and all their ancestors, ascending and each once."""
    members, count = np.empty(256, np.int32), 0
    for seed in rank:
        node = seed
        while node >= 0:
            if count == len(members):
                members = _longer(members)
            members[count] = node
            count += 1
            first = up_start[node]
            node = up_head[first] if first < up_start[node + 1] else -1
    members = members[:count].copy()
    if len(rank) > 1:
        members.sort()
        count = 0
        for node in members:
            if count == 0 or members[count - 1] != node:
                members[count] = node
                count += 1
    return members[:count].copy()


@compiled(Nothing(Ints, Ints, Ints, Ints, Ints, Ints, OutInts, OutInts))
def climb(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    climb_ms: NDArray[np.int32],
    rank: NDArray[np.int32],
    ms: NDArray[np.int32],
    members: NDArray[np.int32],
    dist: NDArray[np.int32],
    by_slot: NDArray[np.int32],
) -> None:
    """Climb from some seeds to all of ``members``, their ancestors.

    Writes when each is reached, and by which slot, -1 where the climb begins. Nothing has the
    length of the whole graph: a path is found faster than so much memory is had.
    """
    dist[:] = NO_WAY_MS
    by_slot[:] = _NO_SLOT
    for seed in range(len(rank)):
        place = np.searchsorted(members, rank[seed])
        dist[place] = min(dist[place], ms[seed])
    for place in range(len(members)):
        node, here, there = members[place], dist[place], place
        if here == NO_WAY_MS:
            continue
        for slot in range(Index64(up_start[node]), Index64(up_start[node + 1])):
            while members[there] != up_head[slot]:  # both ascend
                there += 1
            if here + climb_ms[slot] < dist[there]:
                dist[there], by_slot[there] = here + climb_ms[slot], slot


@compiled(Int(Ints, Flags, Ints, Ints, Int, Flag, Int))
def _arc_of(
    slot_arc_start: NDArray[np.int32],
    arc_up: NDArray[np.bool_],
    slot_arc: NDArray[np.int32],
    arc_ms: NDArray[np.int32],
    slot: int,
    up: bool,
    ms: int,
) -> int:
    """Find the arc that gave a slot its weight, or -1."""
    for i in range(slot_arc_start[slot], slot_arc_start[slot + 1]):
        arc = slot_arc[i]
        if arc_up[arc] == up and arc_ms[arc] == ms:
            return int(arc)
    return -1


@compiled(Flag(Ints, Ints, Ints, Ints, Ints, Ints, Ints, Int, Flag, Int, OutInts))
def _find_triangle(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    up_tail: NDArray[np.int32],
    down_start: NDArray[np.int32],
    down_slot: NDArray[np.int32],
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
    slot: int,
    up: bool,
    ms: int,
    sides: NDArray[np.int32],
) -> bool:
    """Find the lower triangle that gave a slot its weight; tells whether there is one.

    Writes to ``sides`` the slots from the lowest of its nodes to the middle and to the highest.
    """
    low, high = up_tail[slot], up_head[slot]
    # The lowest is the highest passed on the way, so more often one of the higher neighbours.
    for i in range(down_start[low + 1] - 1, down_start[low] - 1, -1):
        below = Index64(down_slot[Index64(i)])
        part = down_ms[below] if up else up_ms[below]
        if part > ms:
            continue
        last = Index64(up_start[Index64(up_tail[below]) + Index64(1)])
        beside = below + Index64(1)
        while beside < last and up_head[beside] < high:
            beside += Index64(1)
        if beside < last and up_head[beside] == high:
            rest = up_ms[beside] if up else down_ms[beside]
            if part + rest == ms:
                sides[0], sides[1] = below, beside
                return True
    return False


@compiled(Nothing(Ints, Ints, Ints, Ints, OutInts))
def _meet(
    out_nodes: NDArray[np.int32],
    out_ms: NDArray[np.int32],
    in_nodes: NDArray[np.int32],
    in_ms: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Find where two climbs meet best: milliseconds, and the place in the one and the other."""
    found[0], found[1], found[2] = NO_WAY_MS, 0, 0
    out_place, in_place = 0, 0
    while out_place < len(out_nodes) and in_place < len(in_nodes):
        if out_nodes[out_place] < in_nodes[in_place]:
            out_place += 1
        elif out_nodes[out_place] > in_nodes[in_place]:
            in_place += 1
        else:
            ms = out_ms[out_place] + in_ms[in_place]
            if ms < found[0]:
                found[0], found[1], found[2] = ms, out_place, in_place
            out_place += 1
            in_place += 1


@compiled(OutInts(Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, OutInts))
def _moves(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    up_tail: NDArray[np.int32],
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
    origin_rank: NDArray[np.int32],
    origin_ms: NDArray[np.int32],
    target_rank: NDArray[np.int32],
    target_ms: NDArray[np.int32],
    ends: NDArray[np.int32],
) -> NDArray[np.int32]:
    """List the slots of the fastest way, the last to be driven first.

    Each is twice the slot, and one more where it is driven upwards. Writes to ``ends`` the way's
    milliseconds and the seed of the origin where it begins.
    """
    out_nodes = ancestors(up_start, up_head, origin_rank)
    in_nodes = ancestors(up_start, up_head, target_rank)
    out_ms, out_by = np.empty_like(out_nodes), np.empty_like(out_nodes)
    in_ms, in_by = np.empty_like(in_nodes), np.empty_like(in_nodes)
    climb(up_start, up_head, up_ms, origin_rank, origin_ms, out_nodes, out_ms, out_by)
    climb(up_start, up_head, down_ms, target_rank, target_ms, in_nodes, in_ms, in_by)
    found = np.empty(3, np.int32)
    _meet(out_nodes, out_ms, in_nodes, in_ms, found)
    ends[0], ends[1] = found[0], -1
    moves, count = np.empty(len(in_nodes) + len(out_nodes), np.int32), 0
    if found[0] == NO_WAY_MS:
        return moves[:0].copy()
    place = found[2]
    while in_by[place] >= 0:
        moves[count] = 2 * in_by[place]
        count += 1
        place = np.searchsorted(in_nodes, up_tail[in_by[place]])
    moves[:count] = moves[:count][::-1].copy()
    place = found[1]
    while out_by[place] >= 0:
        moves[count] = 2 * out_by[place] + 1
        count += 1
        place = np.searchsorted(out_nodes, up_tail[out_by[place]])
    for seed in range(len(origin_rank)):
        if origin_rank[seed] == out_nodes[place] and origin_ms[seed] == out_ms[place]:
            ends[1] = seed
            break
    return moves[:count].copy()


@compiled(OutInts(Ints, Ints, Ints, Ints, Ints, Flags, Ints, Ints, Ints, Ints, Ints, Ints))
def _unpacked(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    up_tail: NDArray[np.int32],
    down_start: NDArray[np.int32],
    down_slot: NDArray[np.int32],
    arc_up: NDArray[np.bool_],
    slot_arc_start: NDArray[np.int32],
    slot_arc: NDArray[np.int32],
    up_ms: NDArray[np.int32],
    down_ms: NDArray[np.int32],
    arc_ms: NDArray[np.int32],
    packed: NDArray[np.int32],
) -> NDArray[np.int32]:
    """List the arcs of some moves in driving order; one of -1 ends them where that cannot be."""
    arcs, count = np.empty(256, np.int32), 0
    moves, waiting = packed.copy(), len(packed)
    sides = np.empty(2, np.int32)
    while waiting > 0:
        waiting -= 1
        slot, up = moves[waiting] >> 1, (moves[waiting] & 1) == 1
        ms = up_ms[slot] if up else down_ms[slot]
        arc = _arc_of(slot_arc_start, arc_up, slot_arc, arc_ms, slot, up, ms)
        if arc < 0 and _find_triangle(
            up_start, up_head, up_tail, down_start, down_slot, up_ms, down_ms, slot, up, ms, sides
        ):
            if waiting + 2 > len(moves):
                moves = _longer(moves)
            first, then = (0, 1) if up else (1, 0)
            moves[waiting] = 2 * sides[then] + 1  # up again, after
            moves[waiting + 1] = 2 * sides[first]  # down to the lowest node
            waiting += 2
            continue
        if count == len(arcs):
            arcs = _longer(arcs)
        arcs[count] = arc
        count += 1
        if arc < 0:
            break
    return arcs[:count].copy()
