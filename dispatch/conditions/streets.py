"""Streets: the network with the conditions in force, ready to be asked for travel times."""

from __future__ import annotations

import threading
from collections.abc import Callable

from dispatch.conditions.model import ConditionsState
from dispatch.model import ConditionId
from roadnets.conditions import Conditions
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.snap import Snapper
from roadnets.travel import Snap, TravelMode, TravelTimes

Build = Callable[[RoadNetwork, Conditions], TravelTimes]

_SNAPS_KEPT = 100_000


class Streets:
    """One network, its snapper, and a travel-time engine for the newest conditions.

    Safe to share among threads. A query in flight keeps the engine it began with.
    """

    def __init__(self, network: RoadNetwork, snapper: Snapper, build: Build) -> None:
        self.network = network
        self.snapper = snapper
        self._build = build
        self._lock = threading.Lock()
        self._conditions: ConditionsState | None = None
        self._travel: TravelTimes | None = None
        self._snaps: dict[tuple[LonLat, TravelMode], Snap | None] = {}

    def travel(self, conditions: ConditionsState) -> TravelTimes:
        """Travel times under the conditions, built when they have changed."""
        with self._lock:
            if self._travel is None or self._conditions != conditions:
                self._travel = self._build(self.network, overlay(conditions))
                self._conditions = conditions
            return self._travel

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


def closed_edges(conditions: ConditionsState, mode: TravelMode) -> dict[int, ConditionId]:
    """Directed edges closed to a mode, each with the oldest condition that closes it."""
    closed: dict[int, ConditionId] = {}
    for condition_id, closure in sorted(conditions.closures.items()):
        if mode in closure.modes:
            for edge in closure.edges:
                closed.setdefault(edge, condition_id)
    return closed


def overlay(conditions: ConditionsState) -> Conditions:
    """The closures in force, as the road network understands them."""
    streets = Conditions()
    for condition_id, closure in sorted(conditions.closures.items()):
        streets = streets.with_closure(condition_id, closure.edges, closure.modes)
    return streets
