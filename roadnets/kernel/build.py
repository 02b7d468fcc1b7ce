"""From a graph and an order to its Topology: contraction without weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.compiled import Ints, Long, Nothing, OutInts, compiled
from roadnets.kernel.order import check_ends
from roadnets.kernel.topology import Topology

_DTYPE: Final[dict[str, type[np.generic]]] = {
    f.name: np.bool_ if f.name == "arc_up" else np.int32 for f in fields(Topology)
}

_MOST_SLOTS: Final = 2**31 - 1
"""As many as an int32 can tell apart."""


def build_topology(
    rank: NDArray[np.integer], tail: NDArray[np.integer], head: NDArray[np.integer]
) -> Topology:
    """Contract a graph's nodes in the order of their ranks.

    Parameters
    ----------
    rank
        Integer (n,), the rank of each node: a permutation of 0 to n - 1.
    tail, head
        Integer (a,), the nodes of each arc. Parallel and opposite arcs share a slot; a loop has
        none.

    Raises
    ------
    ValueError
        ``rank`` is no permutation, an arc leads from or to no node, or there would be more slots
        than an int32 can count.
    """
    n = len(rank)
    check_ends(n, tail, head)
    _check_permutation(rank)
    rank = np.array(rank, np.int32)
    from_rank, to_rank = rank[tail], rank[head]
    low, high = np.minimum(from_rank, to_rank), np.maximum(from_rank, to_rank)
    own_start, own_head = _sorted_pairs(n, low, high)
    up_start, up_head = _contracted(n, own_start, own_head)
    slots = len(up_head)
    up_tail = np.repeat(np.arange(n, dtype=np.int32), np.diff(up_start))
    down_start, down_slot = _grouped(n, up_head)
    arc_slot = np.empty(len(low), np.int32)
    _find_slots(up_start, up_head, low, high, arc_slot)
    slot_arc_start, slot_arc = _grouped(slots, arc_slot)
    return topology_from_arrays(
        {
            "rank": rank,
            "up_start": up_start,
            "up_head": up_head,
            "up_tail": up_tail,
            "down_start": down_start,
            "down_slot": down_slot,
            "arc_slot": arc_slot,
            "arc_up": from_rank < to_rank,
            "slot_arc_start": slot_arc_start,
            "slot_arc": slot_arc,
        }
    )


def topology_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Topology:
    """Make a Topology of arrays that ``Topology.arrays`` gave, such as those mapped from a file.

    Parameters
    ----------
    arrays
        One array a field. They are kept, not copied, and set read-only.

    Raises
    ------
    ValueError
        A field is missing, has another dtype or shape, or points outside the hierarchy; names the
        field. That the arrays are those of one graph is not checked: a checksum's work.
    """
    missing = [name for name in _DTYPE if name not in arrays]
    if missing:
        raise ValueError(f"the hierarchy has no {missing[0]}")
    topology = Topology(**{name: arrays[name] for name in _DTYPE})
    n, s, a = (len(arrays[name]) for name in ("rank", "up_head", "arc_slot"))
    lengths = {
        "up_start": n + 1,
        "up_tail": s,
        "down_start": n + 1,
        "down_slot": s,
        "arc_up": a,
        "slot_arc_start": s + 1,
    }
    for name, dtype in _DTYPE.items():
        _check_array(name, arrays[name], dtype, lengths.get(name))
    _check_starts("up_start", topology.up_start, s)
    _check_starts("down_start", topology.down_start, s)
    _check_starts("slot_arc_start", topology.slot_arc_start, len(topology.slot_arc))
    for name, low, high in (
        ("rank", 0, n),
        ("up_head", 0, n),
        ("up_tail", 0, n),
        ("down_slot", 0, s),
        ("arc_slot", -1, s),
        ("slot_arc", 0, a),
    ):
        _check_range(name, arrays[name], low, high)
    for array in topology.arrays().values():
        array.setflags(write=False)
    return topology


def _check_permutation(rank: NDArray[np.integer]) -> None:
    seen = np.zeros(len(rank), np.bool_)
    inside = (rank >= 0) & (rank < len(rank))
    seen[rank[inside]] = True
    if rank.ndim != 1 or not seen.all():
        raise ValueError(f"rank must be a permutation of 0 to {len(rank) - 1}")


def _check_array(
    name: str, array: NDArray[Any], dtype: type[np.generic], length: int | None
) -> None:
    shape = "(n,)" if length is None else f"({length},)"
    fine = array.ndim == 1 and array.dtype == dtype and length in (None, len(array))
    if not (fine and array.flags.c_contiguous and array.flags.aligned):
        raise ValueError(
            f"{name} is {array.dtype} {array.shape}; it must be contiguous, aligned "
            f"{np.dtype(dtype)} {shape}"
        )


def _check_starts(name: str, start: NDArray[np.int32], end: int) -> None:
    if start[0] != 0 or start[-1] != end or (start[1:] < start[:-1]).any():
        raise ValueError(f"{name} must rise from 0 to {end}")


def _check_range(name: str, array: NDArray[np.int32], low: int, end: int) -> None:
    if len(array) and not (low <= array.min() and array.max() < end):
        index = int(np.flatnonzero((array < low) | (array >= end))[0])
        raise ValueError(f"{name}[{index}] is {array[index]}; allowed: {low} to {end - 1}")


def _sorted_pairs(
    n: int, low: NDArray[np.int32], high: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The different pairs low < high, as rows of ascending ``high``."""
    apart = low != high
    pair = np.unique(low[apart].astype(np.int64) * n + high[apart])
    start = np.zeros(n + 1, np.int32)
    np.cumsum(np.bincount(pair // max(n, 1), minlength=n), out=start[1:])
    return start, (pair % max(n, 1)).astype(np.int32)


def _contracted(
    n: int, own_start: NDArray[np.int32], own_head: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Rows of ascending upper neighbours after contraction."""
    start = np.zeros(n + 1, np.int32)
    # A guess; planar graphs of streets need about three times their own pairs.
    room = 4 * len(own_head) + 1024
    while True:
        heads = np.empty(room, np.int32)
        needed = _contract(own_start, own_head, start, heads)
        if needed <= room:
            return start, heads[:needed].copy()
        if needed > _MOST_SLOTS:
            raise ValueError(
                f"the hierarchy needs more than {_MOST_SLOTS} slots; a graph of streets has three "
                f"to five a node, this one of {n} nodes is none, or its order is bad"
            )
        room = needed


def _grouped(groups: int, group: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Members of each group in ascending order, as (start, members); group -1 is nobody's."""
    start = np.zeros(groups + 1, np.int32)
    members = np.empty(int((group >= 0).sum()), np.int32)
    _group(group, start, members)
    return start, members


@compiled(Long(Ints, Ints, OutInts, OutInts))
def _contract(
    own_start: NDArray[np.int32],
    own_head: NDArray[np.int32],
    start: NDArray[np.int32],
    heads: NDArray[np.int32],
) -> int:
    """Write the rows of upper neighbours; returns the room they need, which ``heads`` may lack.

    The row of v is the sorted union of its own higher neighbours and the rows of its children in
    the elimination tree, without v: symbolic Cholesky factorisation.
    """
    n = len(start) - 1
    seen = np.full(n, -1, np.int32)
    first_child = np.full(n, -1, np.int32)
    next_child = np.full(n, -1, np.int32)
    row = np.empty(n, np.int32)
    total = 0
    for v in range(n):
        start[v] = total
        size = 0
        seen[v] = v
        for i in range(own_start[v], own_start[v + 1]):
            seen[own_head[i]] = v
            row[size] = own_head[i]
            size += 1
        child = first_child[v]
        while child >= 0:
            for i in range(start[child] + 1, start[child + 1]):
                w = heads[i]
                if seen[w] != v:
                    seen[w] = v
                    row[size] = w
                    size += 1
            child = next_child[child]
        if size:
            row[:size].sort()
            if total + size > len(heads):
                return total + 2 * size + (n - v) * 8 + len(heads)
            heads[total : total + size] = row[:size]
            parent = row[0]
            next_child[v] = first_child[parent]
            first_child[parent] = v
        total += size
    start[n] = total
    return total


@compiled(Nothing(Ints, Ints, Ints, Ints, OutInts))
def _find_slots(
    up_start: NDArray[np.int32],
    up_head: NDArray[np.int32],
    low: NDArray[np.int32],
    high: NDArray[np.int32],
    slot: NDArray[np.int32],
) -> None:
    """Write the slot of each pair; -1 where both are one."""
    for i in range(len(low)):
        if low[i] == high[i]:
            slot[i] = -1
            continue
        first, last = up_start[low[i]], up_start[low[i] + 1]
        slot[i] = first + np.searchsorted(up_head[first:last], high[i])


@compiled(Nothing(Ints, OutInts, OutInts))
def _group(group: NDArray[np.int32], start: NDArray[np.int32], members: NDArray[np.int32]) -> None:
    """Sort by counting; ``start`` holds zeros when called."""
    for g in group:
        if g >= 0:
            start[g + 1] += 1
    for g in range(1, len(start)):
        start[g] += start[g - 1]
    place = start.copy()
    for i in range(len(group)):
        g = group[i]
        if g >= 0:
            members[place[g]] = i
            place[g] += 1
