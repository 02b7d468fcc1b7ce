"""Overlay: what the conditions in force do to each edge, kept up to date change by change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from roadnets.network import RoadNetwork
from roadnets.travel import MODE_BIT, TravelMode
from roadnets.weights.conditions import (
    NO_CONDITIONS,
    Closed,
    Condition,
    Conditions,
    Contraflow,
    Flooded,
    Slowed,
    Weather,
)

MODE_COLUMN: Final = {mode: column for column, mode in enumerate(TravelMode)}
"""The column of each mode in ``Effects.depth_m`` and ``Effects.factor``."""

_MODES: Final = len(MODE_COLUMN)
_END: Final = np.int32(-1)


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What the conditions in force do to each of m edges.

    Attributes
    ----------
    closed, impassable, contraflow
        uint8 (m,), for whom: bits of ``MODE_BIT``. What is impassable is closed, too.
    depth_m
        float32 (m, 4), metres of water for each mode by ``MODE_COLUMN``, 0 where it is dry.
    factor
        float32 (m, 4), the slowest of Slowed times the slowest of Weather, 1 where as usual.
    """

    closed: NDArray[np.uint8]
    impassable: NDArray[np.uint8]
    contraflow: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    factor: NDArray[np.float32]

    @classmethod
    def none(cls, edges: int) -> Self:
        """Nothing on any edge."""
        closed, impassable, contraflow = (np.zeros(edges, np.uint8) for _ in range(3))
        dry, usual = np.zeros((edges, _MODES), np.float32), np.ones((edges, _MODES), np.float32)
        return cls(closed, impassable, contraflow, dry, usual)

    def columns(self) -> tuple[NDArray[np.uint8] | NDArray[np.float32], ...]:
        """Every array."""
        return self.closed, self.impassable, self.contraflow, self.depth_m, self.factor


class Overlay:
    """What the conditions in force do to each edge.

    Mutable, with one writer; whoever reads meanwhile needs the writer's lock.

    A small change costs what its own edges cost, however many conditions are in force: each edge
    has a linked list of those that are on it, all lists in two arrays. So the lists of many edges
    are walked together, one step for all of them at a time.

    Parameters
    ----------
    network
        The streets.
    conditions
        In force from the start.

    Attributes
    ----------
    conditions
        In force now.
    effects
        What they do; its arrays change in place with ``update``.
    """

    def __init__(self, network: RoadNetwork, conditions: Conditions = NO_CONDITIONS) -> None:
        self.conditions = NO_CONDITIONS
        self.effects = Effects.none(network.edge_count)
        self._edges = network.edge_count
        self._in_force: set[Condition] = set()
        self._table = _Table()
        self._lists = _Lists(network.edge_count)
        self.update(conditions)

    def update(self, conditions: Conditions) -> NDArray[np.int32]:
        """Go over to other conditions.

        Parameters
        ----------
        conditions
            In force from now on. A condition counts as the same when it is the same object.

        Returns
        -------
        NDArray[np.int32]
            (k,), ascending: every edge on which something differs from before for some mode.

        Raises
        ------
        ValueError
            A condition names an edge that the network does not have; nothing has changed then.
        """
        wanted = set(conditions.by_id.values())
        came, went = list(wanted - self._in_force), list(self._in_force - wanted)
        touched = _union([c.edges for c in (*went, *came)])
        if len(touched) and not 0 <= touched[0] <= touched[-1] < self._edges:
            raise ValueError(self._strange(came))
        gone = self._table.take_out(went)
        slots = self._table.put_in(came)
        self._lists.link([c.edges for c in came], slots)
        changed = self._renew(touched, gone)
        self._table.reuse(gone)
        if self._lists.wasteful():
            in_force = list(self._table.slot_of)
            self._lists = _Lists(self._edges)
            self._lists.link([c.edges for c in in_force], list(self._table.slot_of.values()))
        self.conditions, self._in_force = conditions, wanted
        return changed

    def _strange(self, conditions: Iterable[Condition]) -> str:
        """Say which condition is on an edge that the network does not have."""
        for condition in conditions:
            strange = condition.edges[(condition.edges < 0) | (condition.edges >= self._edges)]
            if len(strange):
                return (
                    f"condition {condition.condition_id} is on edge {strange[0]}; "
                    f"the network has edges 0 to {self._edges - 1}"
                )
        raise AssertionError("every edge is known")

    def _renew(self, edges: NDArray[np.int32], gone: list[int]) -> NDArray[np.int32]:
        """Compute some edges anew from their lists; tell which of them differ from before."""
        table, lists = self._table, self._lists
        dead = np.zeros(table.size, np.bool_)
        dead[gone] = True
        row, slot = lists.without(edges, dead)
        fresh = Effects.none(len(edges))
        if len(row):
            first = np.flatnonzero(np.diff(row, prepend=-1))
            at = row[first]
            fresh.closed[at] = np.bitwise_or.reduceat(table.closed[slot], first)
            fresh.impassable[at] = np.bitwise_or.reduceat(table.impassable[slot], first)
            fresh.contraflow[at] = np.bitwise_or.reduceat(table.contraflow[slot], first)
            fresh.depth_m[at] = np.maximum.reduceat(table.depth_m[slot], first)
            slowed = np.minimum.reduceat(table.slowed[slot], first)
            fresh.factor[at] = slowed * np.minimum.reduceat(table.weather[slot], first)
        return edges[self._store(edges, fresh)]

    def _store(self, edges: NDArray[np.int32], fresh: Effects) -> NDArray[np.bool_]:
        """Write the rows of some edges; tell which of them differ from before."""
        differs = np.zeros(len(edges), np.bool_)
        for kept, new in zip(self.effects.columns(), fresh.columns(), strict=True):
            other = kept[edges] != new
            differs |= other.any(axis=1) if other.ndim > 1 else other
            kept[edges] = new
        return differs


class _Table:
    """What each condition in force does, one row (slot) a condition; a free row does nothing."""

    def __init__(self) -> None:
        self.slot_of: dict[Condition, int] = {}
        self._free: list[int] = []
        self.size = 0
        self.closed, self.impassable, self.contraflow = np.zeros((3, 0), np.uint8)
        self.depth_m = np.zeros((0, _MODES), np.float32)
        self.slowed, self.weather = np.ones((2, 0, _MODES), np.float32)
        self._grow(16)

    def take_out(self, conditions: Sequence[Condition]) -> list[int]:
        """Let conditions do nothing from now on; tell their slots, not to be reused yet."""
        slots = [self.slot_of.pop(condition) for condition in conditions]
        self.closed[slots] = self.impassable[slots] = self.contraflow[slots] = 0
        self.depth_m[slots] = 0
        self.slowed[slots] = self.weather[slots] = 1
        return slots

    def reuse(self, slots: Iterable[int]) -> None:
        """Give slots back, once no list leads to them."""
        self._free.extend(slots)

    def put_in(self, conditions: Sequence[Condition]) -> list[int]:
        """Give each condition a slot."""
        while len(self._free) < len(conditions):
            self._grow(2 * self.size)
        slots = [self._free.pop() for _ in conditions]
        for slot, condition in zip(slots, conditions, strict=True):
            self.slot_of[condition] = slot
            bits = _bits(condition)
            match condition.effect:
                case Closed(impassable):
                    self.closed[slot] = bits
                    self.impassable[slot] = bits if impassable else 0
                case Contraflow():
                    self.contraflow[slot] = bits
                case Flooded(depth_m):
                    self.depth_m[slot] = np.where(_BITS & bits, np.float32(depth_m), _DRY)
                case Slowed(factor):
                    self.slowed[slot] = np.where(_BITS & bits, np.float32(factor), _USUAL)
                case Weather(factor):
                    self.weather[slot] = np.where(_BITS & bits, np.float32(factor), _USUAL)
        return slots

    def _grow(self, size: int) -> None:
        old, self.size = self.size, size
        bits = np.zeros((3, size), np.uint8)
        depth_m = np.zeros((size, _MODES), np.float32)
        factors = np.ones((2, size, _MODES), np.float32)
        bits[:, :old] = self.closed, self.impassable, self.contraflow
        depth_m[:old] = self.depth_m
        factors[:, :old] = self.slowed, self.weather
        self.closed, self.impassable, self.contraflow = bits
        self.depth_m = depth_m
        self.slowed, self.weather = factors
        self._free.extend(range(size - 1, old - 1, -1))


class _Lists:
    """For each edge a linked list of the slots on it.

    Attributes
    ----------
    head
        int32 (m,), the first entry of each edge, -1 for none.
    slot, following
        int32 (capacity,), the slot of each entry and the entry after it, -1 at the end.
    """

    def __init__(self, edges: int) -> None:
        self.head = np.full(edges, _END)
        self.slot = np.empty(0, np.int32)
        self.following = np.empty(0, np.int32)
        self._used = 0
        self._unlinked = 0

    def link(self, edges: Sequence[NDArray[np.int32]], slots: Sequence[int]) -> None:
        """Put each slot on its edges."""
        if not slots:
            return
        edge = np.concatenate(edges)
        slot = np.repeat(np.array(slots, np.int32), [len(part) for part in edges])
        if len(slots) > 1:
            order = np.argsort(edge, kind="stable")
            edge, slot = edge[order], slot[order]
        entry = np.arange(self._used, self._used + len(edge), dtype=np.int32)
        self._reserve(len(edge))
        last = np.append(edge[1:] != edge[:-1], True) if len(edge) else np.empty(0, np.bool_)
        first = np.append(True, last[:-1]) if len(edge) else last
        self.slot[entry] = slot
        self.following[entry] = np.where(last, self.head[edge], entry + np.int32(1))
        self.head[edge[first]] = entry[first]
        self._used += len(edge)

    def without(
        self, edges: NDArray[np.int32], dead: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Take slots out of the lists of some edges; tell what is left.

        Parameters
        ----------
        edges
            (k,), without repetition.
        dead
            Which slots to take out.

        Returns
        -------
        tuple[NDArray[np.int64], NDArray[np.int32]]
            Index of an edge, ascending, and a slot on it.
        """
        row, entry = self._walk(edges)
        alive = ~dead[self.slot[entry]]
        self._unlinked += len(entry) - int(np.count_nonzero(alive))
        row, entry = row[alive], entry[alive]
        self.head[edges] = _END
        first = np.diff(row, prepend=-1) != 0
        self.head[edges[row[first]]] = entry[first]
        self.following[entry] = np.where(np.append(first[1:], True), _END, np.roll(entry, -1))
        return row, self.slot[entry]

    def _walk(self, edges: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Every entry of some edges: index of the edge, ascending, and the entry, in list order."""
        row, entry = np.arange(len(edges)), self.head[edges]
        rows, entries = [row[:0]], [entry[:0]]
        while len(entry):
            more = entry >= 0
            row, entry = row[more], entry[more]
            rows.append(row)
            entries.append(entry)
            entry = self.following[entry]
        every = np.concatenate(rows)
        order = np.argsort(every, kind="stable")
        return every[order], np.concatenate(entries)[order]

    def wasteful(self) -> bool:
        """Whether more is unlinked than in use."""
        return self._unlinked > max(4096, self._used - self._unlinked)

    def _reserve(self, more: int) -> None:
        needed = self._used + more
        if needed > len(self.slot):
            room = np.empty(max(needed, 2 * len(self.slot)) - len(self.slot), np.int32)
            self.slot = np.concatenate((self.slot, room))
            self.following = np.concatenate((self.following, room))


_BITS: Final = np.array([MODE_BIT[mode] for mode in TravelMode], np.uint8)
_DRY: Final = np.float32(0)
_USUAL: Final = np.float32(1)


def _bits(condition: Condition) -> np.uint8:
    """For whom a condition is, as bits of ``MODE_BIT``."""
    return np.uint8(sum(MODE_BIT[mode] for mode in condition.modes))


def _union(parts: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Every edge of some ascending sets, ascending int32 (k,)."""
    if not parts:
        return np.empty(0, np.int32)
    return parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))
