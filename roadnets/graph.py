"""TravelGraph: the arcs that vehicles drive, with every forbidden turn made explicit.

A *node* of the graph is where a vehicle stands at a junction **and** what it must remember: the
first ``network.node_count`` nodes are the junctions with nothing to remember; each node after them
means "has just driven these edges, which begin a forbidden turn". Only junctions with a forbidden
turn have such nodes (an Aho-Corasick automaton over the forbidden sequences: Aho and Corasick,
"Efficient string matching", Communications of the ACM 18, 1975), so the graph is hardly larger than the network.
An arc drives one edge; an edge has one arc for each node that it may be entered from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from roadnets.network import RoadNetwork

Memory = tuple[int, ...]
"""Edges just driven that begin a forbidden turn, oldest first; empty at most junctions."""


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

    def arcs_of(self, edges: NDArray[np.integer]) -> NDArray[np.int32]:
        """Every arc that drives one of some edges, int32 (k,), in the order of ``edges``."""
        first, count = self.arc_start[edges], np.diff(self.arc_start)[edges]
        offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        arcs: NDArray[np.int32] = (np.repeat(first, count) + offset).astype(np.int32)
        return arcs
