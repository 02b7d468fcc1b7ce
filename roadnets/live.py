"""LiveRoads: travel times that follow the roads, a closure in force a millisecond after it is told.

The hierarchy is made once for a network; what changes are the weights on it. A condition that
begins or ends changes those of its own edges (partial customization); a new pace, when the hour
turns or speeds are measured, changes all of them: aside, and swapped in when it is ready. Whoever
has asked for an engine keeps the weights that it came with.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.engine import Ground, Pace, TravelEngine, arc_weights, turns_of
from roadnets.graph import TravelGraph
from roadnets.kernel.topology import Topology
from roadnets.kernel.versions import MetricVersions
from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared
from roadnets.searches.bucket_search import BucketSearch
from roadnets.searches.hierarchy_search import HierarchySearch
from roadnets.searches.search import Search
from roadnets.travel import TravelMode, Vehicle
from roadnets.weights.conditions import NO_CONDITIONS, Conditions
from roadnets.weights.edge_weights import edge_weights
from roadnets.weights.overlay import Overlay

HIERARCHY: Final = "hierarchy"
BUCKETS: Final = "buckets (the hierarchy is not ready)"

MOST_VEHICLES: Final = 16
"""Kinds of vehicle kept up to date; beyond that the one that joined first is let go."""


@dataclass(frozen=True, slots=True, eq=False)
class _Lane:
    """The weights of one kind of vehicle at one moment; a change makes another.

    Attributes
    ----------
    pace_ms
        int32 (m,), what each edge takes as usual.
    arc_ms
        int32 (a,), what each arc takes now.
    versions
        The weights on the hierarchy, None while there is none.
    """

    vehicle: Vehicle
    pace_ms: NDArray[np.int32]
    arc_ms: NDArray[np.int32]
    versions: MetricVersions | None
    ground: Ground


class LiveRoads:
    """One network's travel times under the conditions in force; threads may share it.

    Parameters
    ----------
    network
        The streets.
    pace
        What each edge takes each mode on the roads as usual; a mode that it leaves out cannot be
        asked for.
    prepared
        The hierarchy. Without it ``prepare`` brings it later, and a slower search answers till
        then.
    modes
        Kept up to date from the start; other vehicles from when they are first asked for.
    """

    def __init__(
        self,
        network: RoadNetwork,
        pace: Pace,
        prepared: Prepared | None = None,
        modes: Iterable[TravelMode] = (TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN),
    ) -> None:
        self.network = network
        self._graph = TravelGraph.build(network) if prepared is None else prepared.graph
        self._topology = None if prepared is None else prepared.topology
        self._pace = dict(pace)
        self._turns: dict[TravelMode, NDArray[np.int32]] = {}
        self._lock = threading.Lock()  # for a moment: what is in force
        self._aside = threading.Lock()  # for long: one renewal at a time
        self._overlay = Overlay(network)
        self._changed: list[NDArray[np.int32]] = []
        self._kept = tuple(Vehicle(mode) for mode in modes)
        self._lanes = {
            vehicle: self._lane(vehicle, self._pace[vehicle.mode], self._overlay, self._topology)
            for vehicle in self._kept
        }
        self._travel = self._engine_now()

    @property
    def engine(self) -> str:
        """What computes travel times just now."""
        return BUCKETS if self._topology is None else HIERARCHY

    def travel(self, conditions: Conditions = NO_CONDITIONS) -> TravelEngine:
        """Travel times under some conditions, which are in force from now on.

        Only what differs from the conditions asked for last is computed anew.
        """
        with self._lock:
            if conditions is not self._overlay.conditions:
                edges = self._overlay.update(conditions)
                self._changed.append(edges)
                for vehicle, lane in self._lanes.items():
                    self._lanes[vehicle] = self._with_edges(lane, edges)
                self._travel = self._engine_now()
            return self._travel

    def repace(self, pace: Pace) -> None:
        """Let traffic move at another pace; questions are answered as before until it is ready.

        Parameters
        ----------
        pace
            The new pace of some modes or of all.
        """
        with self._aside:
            with self._lock:
                self._pace.update(pace)
                stale = [vehicle for vehicle in self._lanes if vehicle.mode in pace]
            self._renew(stale, self._topology)

    def prepare(self, prepared: Prepared) -> None:
        """Go over to the hierarchy; questions are answered as before until it is ready.

        Parameters
        ----------
        prepared
            Of this network; its graph is the one that the network gives.
        """
        with self._aside:
            with self._lock:
                vehicles = list(self._lanes)
            self._renew(vehicles, prepared.topology)

    def _renew(self, vehicles: list[Vehicle], topology: Topology | None) -> None:
        """Compute some lanes anew, aside; then catch up with what changed meanwhile and swap."""
        with self._lock:
            self._changed.clear()
            paces, conditions = dict(self._pace), self._overlay.conditions
        overlay = Overlay(self.network, conditions)
        lanes = {v: self._lane(v, paces[v.mode], overlay, topology) for v in vehicles}
        with self._lock:
            for edges in self._changed:
                for vehicle, lane in lanes.items():
                    lanes[vehicle] = self._with_edges(lane, edges)
            joined = [v for v in self._lanes if topology is not self._topology and v not in lanes]
            for vehicle in joined:  # while the hierarchy was made ready: asked for again, it joins
                del self._lanes[vehicle]
            self._lanes.update((v, lane) for v, lane in lanes.items() if v in self._lanes)
            self._topology = topology
            self._travel = self._engine_now()

    def _lane(
        self,
        vehicle: Vehicle,
        pace_ms: NDArray[np.int32],
        overlay: Overlay,
        topology: Topology | None,
    ) -> _Lane:
        """Compute a vehicle's lane from nothing."""
        if vehicle.mode not in self._turns:
            self._turns[vehicle.mode] = turns_of(self.network, self._graph, vehicle.mode)
        turn_ms = self._turns[vehicle.mode]
        weights = edge_weights(self.network, vehicle, pace_ms, overlay)
        arc_ms = arc_weights(weights.through_ms[self._graph.arc_edge], turn_ms)
        arc_ms.setflags(write=False)
        versions = None if topology is None else MetricVersions(topology, arc_ms)
        ground = Ground(weights.stand_ms, turn_ms, self._search(arc_ms, versions))
        return _Lane(vehicle, pace_ms, arc_ms, versions, ground)

    def _with_edges(self, lane: _Lane, edges: NDArray[np.int32]) -> _Lane:
        """Give a lane the weights that some edges have now."""
        weights = edge_weights(self.network, lane.vehicle, lane.pace_ms, self._overlay, edges)
        arcs = self._graph.arcs_of(edges)
        through_ms = np.repeat(weights.through_ms, self._graph.arc_counts(edges))
        arc_ms = arc_weights(through_ms, lane.ground.turn_ms[arcs])
        moved = arc_ms != lane.arc_ms[arcs]
        if moved.any():
            lane = self._with_arcs(lane, arcs[moved], arc_ms[moved])
        if not np.array_equal(weights.stand_ms, lane.ground.stand_ms[edges]):
            stand_ms = _patched(lane.ground.stand_ms, edges, weights.stand_ms)
            lane = replace(lane, ground=replace(lane.ground, stand_ms=stand_ms))
        return lane

    def _with_arcs(self, lane: _Lane, arcs: NDArray[np.int32], new_ms: NDArray[np.int32]) -> _Lane:
        arc_ms = _patched(lane.arc_ms, arcs, new_ms)
        if lane.versions is not None:
            lane.versions.change(arc_ms, arcs)
        ground = replace(lane.ground, search=self._search(arc_ms, lane.versions))
        return replace(lane, arc_ms=arc_ms, ground=ground)

    def _search(self, arc_ms: NDArray[np.int32], versions: MetricVersions | None) -> Search:
        if versions is None:
            graph = self._graph
            return BucketSearch(graph.node_count, graph.arc_tail, graph.arc_head, arc_ms)
        return HierarchySearch(versions.topology, versions.current(), arc_ms)

    def _engine_now(self) -> TravelEngine:
        """Make the engine of this moment; other kinds of vehicle join when they are asked for."""
        grounds = {vehicle: lane.ground for vehicle, lane in self._lanes.items()}
        conditions, paces = self._overlay.conditions, dict(self._pace)

        def ground(vehicle: Vehicle) -> Ground:
            if vehicle not in grounds:
                grounds[vehicle] = self._join(vehicle, conditions, paces)
            return grounds[vehicle]

        return TravelEngine(self.network, self._graph, ground)

    def _join(self, vehicle: Vehicle, conditions: Conditions, paces: Pace) -> Ground:
        """Compute the ground of a vehicle that an engine lacks; keep it up to date from now on.

        Where the roads have moved on since, the engine's own moment counts, and nothing is kept.
        """
        if vehicle.mode not in paces:
            raise ValueError(f"mode is {vehicle.mode}; allowed here: {', '.join(paces)}")
        pace_ms = paces[vehicle.mode]
        with self._lock:
            if self._overlay.conditions is conditions and self._pace[vehicle.mode] is pace_ms:
                if vehicle not in self._lanes:
                    self._make_room()
                    lane = self._lane(vehicle, pace_ms, self._overlay, self._topology)
                    self._lanes[vehicle] = lane
                return self._lanes[vehicle].ground
        overlay = Overlay(self.network, conditions)
        return self._lane(vehicle, pace_ms, overlay, self._topology).ground

    def _make_room(self) -> None:
        if len(self._lanes) >= MOST_VEHICLES:
            del self._lanes[next(v for v in self._lanes if v not in self._kept)]


def _patched(
    array: NDArray[np.int32], places: NDArray[np.int32], values: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Copy an array and write some values into it; read-only."""
    copy = array.copy()
    copy[places] = values
    copy.setflags(write=False)
    return copy
