"""Prepared: what a network needs besides itself before travel times are fast.

The travel graph and the hierarchy over it follow from the network alone, so they are made once, at
the import, and kept in the network's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from roadnets.graph import TravelGraph
from roadnets.imports.streets import Tell, silence
from roadnets.kernel.topology import Topology
from roadnets.network import RoadNetwork

HIERARCHY_VERSION: Final = 1
"""Raised whenever the same network gives another graph or hierarchy, or other arrays."""

GRAPH_PREFIX: Final = "graph_"
HIERARCHY_PREFIX: Final = "hierarchy_"


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The graph of a network and the hierarchy over it; every array is read-only.

    Raises
    ------
    ValueError
        The hierarchy is not one of that graph.
    """

    graph: TravelGraph
    topology: Topology

    def __post_init__(self) -> None:
        for name, ours, theirs in (
            ("node", self.topology.node_count, self.graph.node_count),
            ("arc", len(self.topology.arc_slot), self.graph.arc_count),
        ):
            if ours != theirs:
                raise ValueError(f"the hierarchy is over {ours} {name}s; the graph has {theirs}")

    def is_of(self, network: RoadNetwork) -> bool:
        """Whether the graph is of that network: each edge's arcs begin where it begins."""
        graph = self.graph
        if len(graph.arc_start) != network.edge_count + 1:
            return False
        plain = graph.arc_from < 0
        tail = network.edge_tail[graph.arc_edge[plain]]
        return np.array_equal(graph.arc_tail[plain], tail)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by its name in a network file: ``graph_…`` and ``hierarchy_…``."""
        graph = {GRAPH_PREFIX + name: array for name, array in self.graph.arrays().items()}
        hierarchy = self.topology.arrays()
        return graph | {HIERARCHY_PREFIX + name: array for name, array in hierarchy.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make what ``arrays`` described; the arrays are kept, not copied, and set read-only.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or they do not fit each other.
        """
        from roadnets.kernel.build import topology_from_arrays

        graph = TravelGraph.from_arrays(
            {f.name: arrays[GRAPH_PREFIX + f.name] for f in fields(TravelGraph)}
        )
        hierarchy = {f.name: arrays[HIERARCHY_PREFIX + f.name] for f in fields(Topology)}
        return cls(graph, topology_from_arrays(hierarchy))


def prepare(network: RoadNetwork, tell: Tell = silence) -> Prepared:
    """Make the travel graph of a network and the hierarchy over it.

    Parameters
    ----------
    network
        The streets.
    tell
        Told each step as it begins.

    Returns
    -------
    Prepared
        The same for the same network, bit for bit.
    """
    # Machine code is loaded, or compiled, with them: not where only a network is read.
    from roadnets.kernel.build import build_topology
    from roadnets.kernel.order import nested_dissection

    tell("making the travel graph")
    graph = TravelGraph.build(network)
    tell("ordering the hierarchy")
    rank = nested_dissection(graph.node_count, graph.arc_tail, graph.arc_head)
    tell("building the hierarchy")
    topology = build_topology(rank, graph.arc_tail, graph.arc_head)
    return Prepared(graph, topology)
