"""Lane: the weights of one kind of vehicle, kept up to date change by change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from roadnets.approach import Approach
from roadnets.graph import TravelGraph
from roadnets.ground import Ground, arc_weights, closed_edges
from roadnets.kernel.topology import Topology
from roadnets.kernel.versions import MetricVersions
from roadnets.network import RoadNetwork
from roadnets.searches.bucket_search import BucketSearch
from roadnets.searches.hierarchy_search import HierarchySearch
from roadnets.travel import Vehicle
from roadnets.weights.edge_weights import edge_weights
from roadnets.weights.overlay import Overlay


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """The weights of one kind of vehicle at one moment; a change makes another.

    Attributes
    ----------
    pace_ms
        int32 (m,), what each edge takes as usual.
    arc_ms
        int32 (a,), what each arc takes now.
    versions
        The weights on the hierarchy, None while there is none. All lanes of a vehicle share them:
        a lane is not to be changed twice.
    """

    network: RoadNetwork
    graph: TravelGraph
    vehicle: Vehicle
    pace_ms: NDArray[np.int32]
    arc_ms: NDArray[np.int32]
    versions: MetricVersions | None
    ground: Ground

    @classmethod
    def build(
        cls,
        network: RoadNetwork,
        graph: TravelGraph,
        vehicle: Vehicle,
        pace_ms: NDArray[np.int32],
        turn_ms: NDArray[np.int32],
        overlay: Overlay,
        topology: Topology | None,
    ) -> Self:
        """Compute a lane from nothing.

        Parameters
        ----------
        network, graph
            The streets, and the graph made of them.
        vehicle
            Who drives.
        pace_ms, turn_ms
            int32 (m,) and (a,), what edges and turns take it as usual.
        overlay
            The conditions in force.
        topology
            The hierarchy; None while there is none, and buckets search.
        """
        weights = edge_weights(network, vehicle, pace_ms, overlay)
        arc_ms = arc_weights(weights.through_ms[graph.arc_edge], turn_ms)
        arc_ms.setflags(write=False)
        approach = Approach(graph, closed_edges(weights), weights.stand_ms, turn_ms)
        versions = None if topology is None else MetricVersions(topology, arc_ms)
        search = (
            BucketSearch(graph.node_count, graph.arc_tail, graph.arc_head, arc_ms)
            if versions is None
            else HierarchySearch(versions.topology, versions.current(), arc_ms)
        )
        ground = Ground(weights.stand_ms, turn_ms, search, approach)
        return cls(network, graph, vehicle, pace_ms, arc_ms, versions, ground)

    def with_edges(self, overlay: Overlay, edges: NDArray[np.int32]) -> Lane:
        """Give some edges, int32 (k,) ascending, the weights that they have now."""
        graph, ground = self.graph, self.ground
        weights = edge_weights(self.network, self.vehicle, self.pace_ms, overlay, edges)
        arcs = graph.arcs_of(edges)
        through_ms = np.repeat(weights.through_ms, graph.arc_counts(edges))
        arc_ms = arc_weights(through_ms, ground.turn_ms[arcs])
        moved = arc_ms != self.arc_ms[arcs]
        closed = closed_edges(weights)
        stands = np.array_equal(weights.stand_ms, ground.stand_ms[edges])
        if stands and np.array_equal(closed, ground.approach.closed[edges]):
            return self._with_arcs(arcs[moved], arc_ms[moved])
        stand_ms = _patched(ground.stand_ms, edges, weights.stand_ms)
        now_closed = _patched(ground.approach.closed, edges, closed)
        approach = Approach(graph, now_closed, stand_ms, ground.turn_ms)
        lane = self._with_arcs(arcs[moved], arc_ms[moved])
        return replace(lane, ground=replace(lane.ground, stand_ms=stand_ms, approach=approach))

    def _with_arcs(self, arcs: NDArray[np.int32], new_ms: NDArray[np.int32]) -> Lane:
        if not len(arcs):
            return self
        arc_ms = _patched(self.arc_ms, arcs, new_ms)
        search = self.ground.search
        if self.versions is not None:
            metric = self.versions.change(arc_ms, arcs)
            search = HierarchySearch(self.versions.topology, metric, arc_ms)
        elif isinstance(search, BucketSearch):
            search = search.with_weights(arc_ms)
        return replace(self, arc_ms=arc_ms, ground=replace(self.ground, search=search))


T = TypeVar("T", bound=np.generic)


def _patched(array: NDArray[T], places: NDArray[np.int32], values: NDArray[T]) -> NDArray[T]:
    """Copy an array and write some values into it; read-only."""
    copy = array.copy()
    copy[places] = values
    copy.setflags(write=False)
    return copy
