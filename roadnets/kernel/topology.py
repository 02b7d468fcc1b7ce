"""Topology: the hierarchy over a graph, whatever its weights.

Contraction without weights is symbolic Cholesky factorisation: the upper neighbours of a node are
the sorted union of its own higher neighbours and its elimination-tree children's (Dibbelt, Strasser
and Wagner, "Customizable Contraction Hierarchies", ACM Journal of Experimental Algorithmics 21,
2016). Everything here but ``arc_*`` and ``rank`` counts in *rank space*: node r is the one that is
contracted r-th, and every slot is an undirected edge from a lower to a higher rank.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """The hierarchy over a graph of n nodes and a arcs, in s slots; every array is read-only.

    Attributes
    ----------
    rank
        int32 (n,), the rank of each node of the graph.
    up_start
        int32 (n + 1,), the slots of rank r are ``up_start[r]:up_start[r + 1]``.
    up_head
        int32 (s,), the higher end of each slot, ascending within a row. The first of a row is the
        parent in the elimination tree.
    up_tail
        int32 (s,), the lower end of each slot.
    down_start
        int32 (n + 1,), the slots whose higher end is r are
        ``down_slot[down_start[r]:down_start[r + 1]]``.
    down_slot
        int32 (s,), ascending within a row, so by lower end.
    arc_slot
        int32 (a,), the slot of each arc of the graph; -1 for a loop.
    arc_up
        bool (a,), whether the arc leads from its slot's lower to its higher end.
    slot_arc_start
        int32 (s + 1,), the arcs of slot i are
        ``slot_arc[slot_arc_start[i]:slot_arc_start[i + 1]]``.
    slot_arc
        int32 (a - loops,), ascending within a slot.
    """

    rank: NDArray[np.int32]
    up_start: NDArray[np.int32]
    up_head: NDArray[np.int32]
    up_tail: NDArray[np.int32]
    down_start: NDArray[np.int32]
    down_slot: NDArray[np.int32]
    arc_slot: NDArray[np.int32]
    arc_up: NDArray[np.bool_]
    slot_arc_start: NDArray[np.int32]
    slot_arc: NDArray[np.int32]

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.rank)

    @property
    def slot_count(self) -> int:
        """Number of slots."""
        return len(self.up_head)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by its field name, for a file."""
        return {f.name: getattr(self, f.name) for f in fields(self)}
