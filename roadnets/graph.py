"""TravelGraph: the arcs that vehicles drive, with every forbidden turn made explicit.

A *node* of the graph is where a vehicle stands at a junction **and** what it must remember: the
first ``network.node_count`` nodes are the junctions with nothing to remember; each node after them
means "has just driven these edges, which begin a forbidden turn". Only junctions with a forbidden
turn have such nodes (an Aho-Corasick automaton over the forbidden sequences: Aho and Corasick,
"Efficient string matching", Communications of the ACM 18, 1975), so the graph is hardly larger than
the network. An arc drives one edge; an edge has one arc for each node that it may be entered from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from roadnets.network import EdgeFlag, RoadNetwork

Memory = tuple[int, ...]
"""Edges just driven that begin a forbidden turn, oldest first; empty at most junctions."""

_NOT_USUAL: Final = EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER

_JUNCTION_LEGS: Final = 3
"""Fewer streets out of a junction leave nothing to turn into."""


@dataclass(frozen=True, slots=True, eq=False)
class TravelGraph:
    """Nodes and arcs; every array is read-only.

    Attributes
    ----------
    node_count
        Junctions and the nodes that remember.
    arc_tail, arc_head
        int32 (a,), nodes.
    arc_edge
        int32 (a,), the edge that each arc drives, ascending.
    arc_ban
        uint8 (a,), whom the turn into the arc is forbidden: bits of ``MODE_BIT``.
    arc_from
        int32 (a,), the edge driven before, where the tail remembers it; -1 where not known.
    arc_start
        int32 (m + 1,), the arcs of edge e are ``arc_start[e]:arc_start[e + 1]``.
    edge_after
        int32 (m,), the node of whoever has driven the edge, or its last part, from a place on it.
    """

    node_count: int
    arc_tail: NDArray[np.int32]
    arc_head: NDArray[np.int32]
    arc_edge: NDArray[np.int32]
    arc_ban: NDArray[np.uint8]
    arc_from: NDArray[np.int32]
    arc_start: NDArray[np.int32]
    edge_after: NDArray[np.int32]

    @property
    def arc_count(self) -> int:
        """Number of arcs."""
        return len(self.arc_edge)

    def arc_counts(self, edges: NDArray[np.integer]) -> NDArray[np.int32]:
        """How many arcs drive each of some edges, int32 (k,)."""
        counts: NDArray[np.int32] = self.arc_start[edges + 1] - self.arc_start[edges]
        return counts

    def arcs_of(self, edges: NDArray[np.integer]) -> NDArray[np.int32]:
        """Every arc that drives one of some edges, int32 (k,), in the order of ``edges``."""
        first, count = self.arc_start[edges], self.arc_counts(edges)
        offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        arcs: NDArray[np.int32] = (np.repeat(first, count) + offset).astype(np.int32)
        return arcs

    @classmethod
    def build(cls, network: RoadNetwork, *, expand_signals: bool = True) -> Self:
        """Make the graph of a network.

        Parameters
        ----------
        network
            The streets.
        expand_signals
            Whether signalised junctions remember where a vehicle comes from, too, so that a left
            turn there can cost more than going straight on.
        """
        forbidden = _forbidden(network)
        memories = {
            sequence[:length] for sequence in forbidden for length in range(1, len(sequence))
        }
        if expand_signals:
            memories |= {(edge,) for edge in _into_signalised(network)}
        ordered = sorted(memories, key=lambda memory: (len(memory), memory))
        node_of = {memory: network.node_count + i for i, memory in enumerate(ordered)}
        m = network.edge_count
        after = network.edge_head.copy()
        alone = [memory for memory in ordered if len(memory) == 1]
        after[[memory[0] for memory in alone]] = [node_of[memory] for memory in alone]
        tail, head, edge, ban, before = _remembering_arcs(network, node_of, forbidden, after)
        arc_edge = np.concatenate((np.arange(m, dtype=np.int32), edge))
        order = np.argsort(arc_edge, kind="stable")
        columns: dict[str, NDArray[Any]] = {
            "arc_tail": np.concatenate((network.edge_tail, tail))[order],
            "arc_head": np.concatenate((after, head))[order],
            "arc_edge": arc_edge[order],
            "arc_ban": np.concatenate((np.zeros(m, np.uint8), ban))[order],
            "arc_from": np.concatenate((np.full(m, -1, np.int32), before))[order],
            "arc_start": np.searchsorted(arc_edge[order], np.arange(m + 1)).astype(np.int32),
            "edge_after": after,
        }
        columns["node_count"] = np.array([network.node_count + len(ordered)])
        return cls.from_arrays(columns)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every field as an array by its name, for a file."""
        return {f.name: np.atleast_1d(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make the graph that ``arrays`` described; the arrays are kept and set read-only."""
        columns = {f.name: arrays[f.name] for f in fields(cls) if f.name != "node_count"}
        for column in columns.values():
            column.setflags(write=False)
        return cls(node_count=int(arrays["node_count"][0]), **columns)


def _forbidden(network: RoadNetwork) -> dict[Memory, int]:
    """Every forbidden sequence of edges with the bits of the modes that it binds."""
    forbidden: dict[Memory, int] = defaultdict(int)
    for turn, modes in enumerate(network.turn_modes.tolist()):
        first, last = network.turn_start[turn : turn + 2]
        forbidden[tuple(network.turn_edge[first:last].tolist())] |= modes
    return forbidden


def _into_signalised(network: RoadNetwork) -> list[int]:
    """Edges into the signalised junctions where a driver has a choice: three streets or more."""
    usual = (network.edge_flags & np.uint16(_NOT_USUAL)) == 0
    legs = np.bincount(network.edge_tail[usual], minlength=network.node_count)
    chosen = (
        usual & network.node_signal[network.edge_head] & (legs[network.edge_head] >= _JUNCTION_LEGS)
    )
    edges: list[int] = np.flatnonzero(chosen).tolist()
    return edges


def _remembering_arcs(
    network: RoadNetwork,
    node_of: Mapping[Memory, int],
    forbidden: Mapping[Memory, int],
    after: NDArray[np.int32],
) -> tuple[
    NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8], NDArray[np.int32]
]:
    """Tail, head, edge, ban and edge before of every arc that leaves a node that remembers."""
    by_tail = np.argsort(network.edge_tail, kind="stable")
    row = np.searchsorted(network.edge_tail[by_tail], np.arange(network.node_count + 1))
    rows: list[tuple[int, int, int, int, int]] = []
    for memory, node in node_of.items():
        junction = network.edge_head[memory[-1]]
        for edge in by_tail[row[junction] : row[junction + 1]].tolist():
            driven = (*memory, edge)
            suffixes = [driven[first:] for first in range(len(driven))]
            ban = 0
            for suffix in suffixes:
                ban |= forbidden.get(suffix, 0)
            head = next((node_of[s] for s in suffixes if s in node_of), int(after[edge]))
            rows.append((node, head, edge, ban, memory[-1]))
    columns = np.ascontiguousarray(np.array(rows, np.int32).reshape(-1, 5).T)
    return columns[0], columns[1], columns[2], columns[3].astype(np.uint8), columns[4]
