"""Streets: the network with the conditions in force, ready to be asked for travel times."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import roadnets.weights.conditions as roads
from dispatch.conditions.effects import on_roads
from dispatch.conditions.model import Closed, Condition, ConditionsState
from dispatch.model import ConditionId
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.snapping.fixes import Fix
from roadnets.snapping.layers import edges_near_other_layers
from roadnets.snapping.matching import Matcher
from roadnets.snapping.snap import Snapper
from roadnets.travel import Snap, TravelMode, TravelTimes

_SNAPS_KEPT = 100_000
_MATCHES_KEPT = 10_000

_STACKED_WITHIN_M = 25.0
"""A receiver in a city is wrong by so much: what lies nearer may be the street."""


class Roads(Protocol):
    """What computes travel times: ``roadnets.live.LiveRoads``."""

    @property
    def engine(self) -> str:
        """What it does it with just now."""
        ...

    def travel(self, conditions: roads.Conditions) -> TravelTimes:
        """Travel times under some conditions; a condition is told from another by identity."""
        ...


Build = Callable[[RoadNetwork, roads.Conditions], TravelTimes]


class BuiltAnew:
    """Roads whose travel times are built anew for each set of conditions: slow and simple."""

    engine = "plain"

    def __init__(self, network: RoadNetwork, build: Build) -> None:
        self._network = network
        self._build = build
        self._last: tuple[roads.Conditions, TravelTimes] | None = None

    def travel(self, conditions: roads.Conditions) -> TravelTimes:
        """Travel times under some conditions."""
        last = self._last
        if last is None or last[0] is not conditions:
            last = self._last = (conditions, self._build(self._network, conditions))
        return last[1]


class Streets:
    """One network, its snapper, and travel times under the newest conditions.

    Safe to share among threads. A query in flight keeps the times it began with.
    """

    def __init__(self, network: RoadNetwork, snapper: Snapper, live: Roads | Build) -> None:
        self.network = network
        self.snapper = snapper
        self.live: Roads = BuiltAnew(network, live) if callable(live) else live
        self.pace = ""
        """The hour and the measured speeds that the roads go by, by name."""
        self._lock = threading.Lock()
        self._in_force: dict[ConditionId, Condition] = {}
        self._known: dict[ConditionId, tuple[roads.Condition, ...]] = {}
        self._conditions = roads.NO_CONDITIONS
        self._closed: tuple[ConditionsState, TravelMode, Mapping[int, ConditionId]] | None = None
        self._snaps: dict[tuple[LonLat, TravelMode], Snap | None] = {}
        self.matcher = Matcher(network, snapper)
        self._matches: dict[tuple[Fix, ...], Snap | None] = {}

    def travel(self, conditions: ConditionsState) -> TravelTimes:
        """Travel times under the conditions in force."""
        with self._lock:
            if conditions.in_force is not self._in_force:
                self._translate(conditions.in_force)
            return self.live.travel(self._conditions)

    def _translate(self, in_force: dict[ConditionId, Condition]) -> None:
        """Put what is in force on the roads; what was so before stays the very same object."""
        if in_force != self._in_force:
            known: dict[ConditionId, tuple[roads.Condition, ...]] = {}
            for condition_id, condition in in_force.items():
                if self._in_force.get(condition_id) == condition:
                    known[condition_id] = self._known[condition_id]
                else:
                    known[condition_id] = on_roads(condition, self.network.edge_count)
            by_id = {part.condition_id: part for parts in known.values() for part in parts}
            self._known, self._conditions = known, roads.Conditions(MappingProxyType(by_id))
        self._in_force = in_force

    def closed_edges(
        self, conditions: ConditionsState, mode: TravelMode
    ) -> Mapping[int, ConditionId]:
        """Directed edges closed to a mode, each with the oldest condition that closes it."""
        known = self._closed  # another thread may exchange it
        if known is None or known[0] is not conditions or known[1] is not mode:
            known = self._closed = (conditions, mode, closed_edges(conditions, mode))
        return known[2]

    def snap(self, point: LonLat, mode: TravelMode = TravelMode.BLUE_LIGHT) -> Snap | None:
        """The point on its street, or None when no street of the mode is near."""
        return self.snap_many([point], mode)[0]

    def snap_many(
        self, points: list[LonLat], mode: TravelMode = TravelMode.BLUE_LIGHT
    ) -> list[Snap | None]:
        """Each point on its street; remembered, since units mostly stand still."""
        snaps = self._snaps  # the same dict to the end: another thread may begin a new one
        fresh = list(dict.fromkeys(p for p in points if (p, mode) not in snaps))
        if len(snaps) + len(fresh) > _SNAPS_KEPT:
            snaps = self._snaps = {}
            fresh = list(dict.fromkeys(points))
        if fresh:
            found = self.snapper.snap_many(fresh, mode)
            snaps.update({(p, mode): s for p, s in zip(fresh, found, strict=True)})
        return [snaps[p, mode] for p in points]

    @cached_property
    def _stacked_edges(self) -> NDArray[np.bool_]:
        """Edges beside which a point may have streets of two layers; most vehicles are not."""
        return edges_near_other_layers(self.network, 2 * _STACKED_WITHIN_M)

    def make_ready(self) -> None:
        """Collect what telling stacked streets apart needs: seconds for a large city."""
        if self._stacked_edges.any():
            somewhere = self.network.edge_line(0)[0]
            self.matcher.match((Fix(somewhere),), TravelMode.BLUE_LIGHT)

    def snap_vehicle(self, track: Sequence[Fix]) -> Snap | None:
        """Where a vehicle under blue light is by its last positions, oldest first.

        That is the snap of the last one; where streets lie above each other there, it is told by
        heading, speed and where the vehicle came from, and remembered.
        """
        mode = TravelMode.BLUE_LIGHT
        plain = self.snap(track[-1].point, mode)
        if plain is None or not self._stacked_edges[plain.edge]:
            return plain
        key, matches = tuple(track), self._matches  # another thread may begin a new one
        if key not in matches:
            if len(matches) >= _MATCHES_KEPT:
                matches = self._matches = {}
            near = self.snapper.candidates(key[-1].point, mode, _STACKED_WITHIN_M)
            match = self.matcher.match(key, mode) if near.stacked else None
            matches[key] = plain if match is None else match.snap
        return matches[key]


def closed_edges(conditions: ConditionsState, mode: TravelMode) -> dict[int, ConditionId]:
    """Directed edges closed to a mode, each with the oldest condition that closes it."""
    closed: dict[int, ConditionId] = {}
    for condition_id, condition in sorted(conditions.in_force.items()):
        if isinstance(condition.effect, Closed) and mode in condition.modes:
            for edge in condition.edges:
                closed.setdefault(edge, condition_id)
    return closed
