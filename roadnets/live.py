"""LiveRoads: travel times that follow the roads, a closure in force a millisecond after it is told.

The hierarchy is made once for a network; what changes are the weights on it. A condition that
begins or ends changes those of its own edges (partial customization); a new pace, when the hour
turns or speeds are measured, changes all of them: aside, and swapped in when it is ready. Whoever
has asked for an engine keeps the weights that it came with.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.engine import Pace, TravelEngine
from roadnets.graph import TravelGraph
from roadnets.ground import Ground, turns_of
from roadnets.kernel.topology import Topology
from roadnets.lane import Lane
from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared
from roadnets.travel import TravelMode, Vehicle
from roadnets.weights.conditions import NO_CONDITIONS, Conditions
from roadnets.weights.overlay import Overlay

HIERARCHY: Final = "hierarchy"
BUCKETS: Final = "buckets (the hierarchy is not ready)"

MOST_VEHICLES: Final = 16
"""Kinds of vehicle remembered; beyond that the one asked for longest ago is let go."""

_log: Final = logging.getLogger(__name__)


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
        Kept up to date; other vehicles catch up when they are asked for.

    Raises
    ------
    ValueError
        ``pace`` or ``prepared`` is not of this network.
    """

    def __init__(
        self,
        network: RoadNetwork,
        pace: Pace,
        prepared: Prepared | None = None,
        modes: Iterable[TravelMode] = (TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN),
    ) -> None:
        self.network = network
        _check_pace(network, pace)
        if prepared is not None:
            _check_prepared(network, prepared)
        self._graph = TravelGraph.build(network) if prepared is None else prepared.graph
        self._topology = None if prepared is None else prepared.topology
        self._limits = _Limits(network)
        self._turns: dict[TravelMode, NDArray[np.int32]] = {}
        self._lock = threading.Lock()  # for a moment: what is in force
        self._aside = threading.Lock()  # for long: one renewal at a time
        self._pace = dict(pace)
        self._kept = tuple(Vehicle(mode) for mode in modes)
        self._changed: list[NDArray[np.int32]] | None = None
        self._guests: dict[Vehicle, _Guest] = {}
        self._in_force: Conditions | None = NO_CONDITIONS
        self._overlay, self._lanes = self._anew(NO_CONDITIONS)
        self._travel = self._engine_now(NO_CONDITIONS)

    @property
    def engine(self) -> str:
        """What computes travel times just now."""
        return BUCKETS if self._topology is None else HIERARCHY

    def travel(self, conditions: Conditions = NO_CONDITIONS) -> TravelEngine:
        """Travel times under some conditions, which are in force from now on.

        Only what differs from the conditions asked for last is computed anew.
        """
        with self._lock:
            if conditions is not self._in_force:
                self._change(conditions)
            return self._travel

    def repace(self, pace: Pace) -> None:
        """Let traffic move at another pace; questions are answered as before until it is ready.

        Parameters
        ----------
        pace
            The new pace of some modes or of all.

        Raises
        ------
        ValueError
            It is not one of this network; nothing has changed.
        """
        _check_pace(self.network, pace)
        with self._aside:
            with self._lock:
                self._pace.update(pace)
                stale = [vehicle for vehicle in self._kept if vehicle.mode in pace]
            self._renew(stale, self._topology)

    def prepare(self, prepared: Prepared) -> None:
        """Go over to the hierarchy; questions are answered as before until it is ready.

        Raises
        ------
        ValueError
            It is not of this network.
        """
        _check_prepared(self.network, prepared)
        with self._aside:
            self._renew(list(self._kept), prepared.topology)

    def _change(self, conditions: Conditions) -> None:
        """Bring other conditions into force, on every lane or by starting over."""
        half_done = self._in_force is None  # a change before this one failed, and nothing helped
        self._in_force = None
        if half_done or not self._changed_lanes(conditions):
            self._guests.clear()
            self._overlay, self._lanes = self._anew(conditions)
            if self._changed is not None:
                self._changed.append(np.arange(self.network.edge_count, dtype=np.int32))
        self._in_force = conditions
        self._travel = self._engine_now(conditions)

    def _changed_lanes(self, conditions: Conditions) -> bool:
        """Bring other conditions onto every lane; whether that succeeded."""
        try:
            edges = self._overlay.update(conditions)
            if self._changed is not None:
                self._changed.append(edges)
            for vehicle, lane in self._lanes.items():
                self._lanes[vehicle] = lane.with_edges(self._overlay, edges)
            for guest in self._guests.values():
                guest.miss(edges)
        except Exception:  # noqa: BLE001 - whatever it was: no condition may be lost to it
            _log.exception("a change of conditions failed; the roads are computed anew")
            return False
        return True

    def _anew(self, conditions: Conditions) -> tuple[Overlay, dict[Vehicle, Lane]]:
        """Compute everything under some conditions from nothing."""
        overlay = Overlay(self.network, conditions)
        lanes = {v: self._lane(v, self._pace, overlay, self._topology) for v in self._kept}
        return overlay, lanes

    def _renew(self, vehicles: list[Vehicle], topology: Topology | None) -> None:
        """Compute some lanes anew, aside; then catch up with what changed meanwhile and swap."""
        with self._lock:
            changed: list[NDArray[np.int32]] = []
            self._changed = changed
            paces, conditions = dict(self._pace), self._overlay.conditions
        try:
            overlay = Overlay(self.network, conditions)
            lanes = {v: self._lane(v, paces, overlay, topology) for v in vehicles}
            with self._lock:
                for edges in changed:
                    for vehicle, lane in lanes.items():
                        lanes[vehicle] = lane.with_edges(self._overlay, edges)
                self._swap(lanes, topology)
        finally:
            self._changed = None

    def _swap(self, lanes: dict[Vehicle, Lane], topology: Topology | None) -> None:
        self._lanes |= lanes
        self._topology = topology
        self._guests.clear()  # they are of another pace, or of no hierarchy
        if self._in_force is not None:
            self._travel = self._engine_now(self._in_force)

    def _lane(
        self, vehicle: Vehicle, pace: Pace, overlay: Overlay, topology: Topology | None
    ) -> Lane:
        if vehicle.mode not in self._turns:
            self._turns[vehicle.mode] = turns_of(self.network, self._graph, vehicle.mode)
        pace_ms, turn_ms = pace[vehicle.mode], self._turns[vehicle.mode]
        return Lane.build(self.network, self._graph, vehicle, pace_ms, turn_ms, overlay, topology)

    def _engine_now(self, conditions: Conditions) -> TravelEngine:
        """Make the engine of this moment; other kinds of vehicle join when they are asked for."""
        grounds = {vehicle: lane.ground for vehicle, lane in self._lanes.items()}
        pace = dict(self._pace)
        lock = threading.Lock()

        def ground(vehicle: Vehicle) -> Ground:
            vehicle = self._limits.alike(vehicle)
            with lock:
                known = grounds.get(vehicle)
            if known is None:
                known = self._join(vehicle, conditions, pace)
                with lock:
                    if len(grounds) >= MOST_VEHICLES:
                        del grounds[next(v for v in grounds if v not in self._kept)]
                    grounds[vehicle] = known
            return known

        return TravelEngine(self.network, self._graph, ground)

    def _join(self, vehicle: Vehicle, conditions: Conditions, pace: Pace) -> Ground:
        """Compute the ground of a vehicle that an engine lacks, from when it was last asked for.

        Where the roads have moved on since, the engine's own moment counts, and nothing is kept.
        """
        if vehicle.mode not in pace:
            raise ValueError(f"mode is {vehicle.mode}; allowed here: {', '.join(pace)}")
        with self._lock:
            current = self._in_force is conditions
            guest = self._guests.pop(vehicle, None) if current else None
            if guest is not None and guest.lane.pace_ms is pace[vehicle.mode]:
                guest = self._guests[vehicle] = guest.caught_up(self._overlay)
                return guest.lane.ground
            topology = self._topology
        lane = self._lane(vehicle, pace, Overlay(self.network, conditions), topology)
        with self._lock:
            same_pace = self._pace[vehicle.mode] is pace[vehicle.mode]
            if self._in_force is conditions and self._topology is topology and same_pace:
                self._guests[vehicle] = _Guest(lane, [])
                if len(self._guests) > MOST_VEHICLES:
                    del self._guests[next(iter(self._guests))]
        return lane.ground


class _Guest(NamedTuple):
    """A vehicle that is not kept up to date, and the edges that changed since it was."""

    lane: Lane
    missed: list[NDArray[np.int32]]

    def miss(self, edges: NDArray[np.int32]) -> None:
        """Note that some edges have changed."""
        self.missed.append(edges)
        if sum(map(len, self.missed)) > self.lane.network.edge_count:
            self.missed[:] = [np.unique(np.concatenate(self.missed))]

    def caught_up(self, overlay: Overlay) -> _Guest:
        """Give what was missed the weights that it has now."""
        if not self.missed:
            return self
        return _Guest(self.lane.with_edges(overlay, np.unique(np.concatenate(self.missed))), [])


class _Limits:
    """The limits of height, width and weight that a network posts.

    Vehicles on the same side of every one of them are alike, and share their weights.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self._posted = {
            name: np.unique(limits[np.isfinite(limits)])
            for name, limits in (
                ("height_m", network.edge_max_height_m),
                ("width_m", network.edge_max_width_m),
                ("weight_t", network.edge_max_weight_t),
            )
        }

    def alike(self, vehicle: Vehicle) -> Vehicle:
        """The largest vehicle that may pass wherever this one may."""
        return replace(
            vehicle,
            height_m=self._rounded("height_m", vehicle.height_m),
            width_m=self._rounded("width_m", vehicle.width_m),
            weight_t=self._rounded("weight_t", vehicle.weight_t),
        )

    def _rounded(self, name: str, size: float | None) -> float | None:
        posted = self._posted[name]
        if size is None or not len(posted):
            return None
        above = int(np.searchsorted(posted, np.float32(size)))  # limits below the size: too low
        if above == 0:
            return None
        return float(posted[above]) if above < len(posted) else float(posted[-1]) + 1.0


def _check_pace(network: RoadNetwork, pace: Pace) -> None:
    for mode, pace_ms in pace.items():
        if pace_ms.dtype != np.int32 or pace_ms.shape != (network.edge_count,):
            allowed = f"int32 ({network.edge_count},)"
            raise ValueError(
                f"pace of {mode} is {pace_ms.dtype} {pace_ms.shape}; allowed: {allowed}"
            )
        if pace_ms.min() < 1:
            edge = int(pace_ms.argmin())
            raise ValueError(
                f"pace of {mode} is {pace_ms[edge]} ms on edge {edge}; allowed: from 1"
            )


def _check_prepared(network: RoadNetwork, prepared: Prepared) -> None:
    if not prepared.is_of(network):
        raise ValueError(f"the hierarchy is not one of {network.name}: prepare it anew")
