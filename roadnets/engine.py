"""TravelEngine: TravelTimes by any Search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roadnets.access import Access, access_of, arriving_seeds, direct_ms, leaving_seeds
from roadnets.approach import Approach
from roadnets.graph import TravelGraph
from roadnets.ground import Ground, arc_weights, closed_edges, turns_of
from roadnets.network import RoadNetwork
from roadnets.reach import reach_edges
from roadnets.routes import Stretches, describe_route
from roadnets.searches.scipy_search import ScipySearch
from roadnets.searches.search import NO_WAY_MS, Path, Search
from roadnets.travel import (
    Reach,
    Route,
    Snap,
    Traveller,
    TravelMode,
    Vehicle,
    vehicle_of,
    whole_seconds,
)
from roadnets.weights.conditions import NO_CONDITIONS, Conditions
from roadnets.weights.edge_weights import edge_weights
from roadnets.weights.overlay import Overlay
from roadnets.weights.pace import all_pace_ms
from roadnets.weights.speeds import NOT_DRIVABLE_MS

Pace = Mapping[TravelMode, NDArray[np.int32]]
"""What each edge takes each mode on the roads as usual, int32 (m,) milliseconds."""


class MakeSearch(Protocol):
    """Makes a Search over the arcs of a graph."""

    def __call__(
        self,
        node_count: int,
        arc_tail: NDArray[np.int32],
        arc_head: NDArray[np.int32],
        arc_ms: NDArray[np.int32],
    ) -> Search:
        """Make it."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class TravelEngine:
    """TravelTimes of one network at one moment; threads may share it.

    Attributes
    ----------
    network, graph
        The streets, and the graph made of them.
    ground
        Gives the ground of any vehicle.
    """

    network: RoadNetwork
    graph: TravelGraph
    ground: Callable[[Vehicle], Ground]

    @classmethod
    def plain(
        cls,
        network: RoadNetwork,
        conditions: Conditions = NO_CONDITIONS,
        pace: Pace | None = None,
        *,
        graph: TravelGraph | None = None,
        make_search: MakeSearch = ScipySearch,
    ) -> TravelEngine:
        """Make an engine for one set of conditions, without a hierarchy.

        Parameters
        ----------
        network
            The streets.
        conditions
            What is different about them.
        pace
            What each edge takes as usual; ``all_pace_ms(network)`` where None.
        graph
            ``TravelGraph.build(network)`` where None.
        make_search
            ``ScipySearch`` is the oracle of every other.
        """
        roads = TravelGraph.build(network) if graph is None else graph
        usual = all_pace_ms(network) if pace is None else pace
        overlay = Overlay(network, conditions)
        made: dict[Vehicle, Ground] = {}

        def ground(vehicle: Vehicle) -> Ground:
            if vehicle not in made:
                weights = edge_weights(network, vehicle, usual[vehicle.mode], overlay)
                turn_ms = turns_of(network, roads, vehicle.mode)
                arc_ms = arc_weights(weights.through_ms[roads.arc_edge], turn_ms)
                arc_ms.setflags(write=False)
                search = make_search(roads.node_count, roads.arc_tail, roads.arc_head, arc_ms)
                closed = closed_edges(weights)
                approach = Approach(roads, closed, weights.stand_ms, turn_ms)
                made[vehicle] = Ground(weights.stand_ms, turn_ms, search, approach)
            return made[vehicle]

        return cls(network, roads, ground)

    def one_to_many(
        self, traveller: Traveller, origin: Snap, targets: Sequence[Snap]
    ) -> NDArray[np.int64]:
        """Seconds from ``origin`` to each target, int64 (len(targets),)."""
        return self.matrix(traveller, (origin,), targets).reshape(-1)

    def many_to_one(
        self, traveller: Traveller, origins: Sequence[Snap], target: Snap
    ) -> NDArray[np.int64]:
        """Seconds from each origin to ``target``, int64 (len(origins),)."""
        return self.matrix(traveller, origins, (target,)).reshape(-1)

    def matrix(
        self, traveller: Traveller, origins: Sequence[Snap], targets: Sequence[Snap]
    ) -> NDArray[np.int64]:
        """Seconds from each origin to each target, int64 (len(origins), len(targets))."""
        ground = self.ground(vehicle_of(traveller))
        leaving, arriving = self._access(ground, origins), self._access(ground, targets)
        out, _ = leaving_seeds(leaving, self.graph, ground.approach)
        into, _ = arriving_seeds(arriving, self.graph, ground.turn_ms, ground.approach)
        through = ground.search.times(out, into)
        through_ms = np.where(through < NO_WAY_MS, through, np.inf)
        return whole_seconds(np.minimum(through_ms, direct_ms(leaving, arriving)))

    def route(self, traveller: Traveller, origin: Snap, target: Snap) -> Route | None:
        """Find the fastest way with its geometry, or None where there is none."""
        trip = _Trip(self, self.ground(vehicle_of(traveller)), origin, target)
        path = trip.fastest()
        straight_ms = trip.straight_ms
        if straight_ms <= (NO_WAY_MS if path is None else path.ms):
            return trip.straight() if np.isfinite(straight_ms) else None
        return None if path is None else trip.route(path)

    def alternatives(
        self, traveller: Traveller, origin: Snap, target: Snap, most: int = 2
    ) -> tuple[Route, ...]:
        """Find up to ``most`` meaningfully different ways besides the fastest, best first."""
        trip = _Trip(self, self.ground(vehicle_of(traveller)), origin, target)
        if np.isfinite(trip.straight_ms):  # nobody leaves a street to reach a place ahead on it
            return ()
        return tuple(trip.route(path) for path in trip.others(most))

    def reach(self, traveller: Traveller, origins: Sequence[Snap], seconds: int) -> Reach:
        """Find what can be reached from any of some places in so many seconds."""
        ground = self.ground(vehicle_of(traveller))
        leaving = self._access(ground, origins)
        out, _ = leaving_seeds(leaving, self.graph, ground.approach)
        node_ms = ground.search.to_all(out)
        return reach_edges(self.graph, ground, leaving, node_ms, seconds)

    def _access(self, ground: Ground, snaps: Sequence[Snap]) -> Access:
        return access_of(self.network, ground.stand_ms, snaps)


class _Trip:
    """One question for a way between two places."""

    def __init__(self, engine: TravelEngine, ground: Ground, origin: Snap, target: Snap) -> None:
        self._engine, self._ground = engine, ground
        both = access_of(engine.network, ground.stand_ms, (origin, target))
        self._leaving, self._arriving = both.of(0), both.of(1)
        self._out, self._out_edges = leaving_seeds(self._leaving, engine.graph, ground.approach)
        self._into, self._into_arcs = arriving_seeds(
            self._arriving, engine.graph, ground.turn_ms, ground.approach
        )
        self.straight_ms = float(direct_ms(self._leaving, self._arriving)[0, 0])
        """Along the one edge that both places are on, infinite where they are not."""

    def fastest(self) -> Path | None:
        """Find the fastest way through the graph."""
        return self._ground.search.path(self._out, self._into)

    def others(self, most: int) -> list[Path]:
        """Find ways that are meaningfully different from the fastest."""
        return self._ground.search.alternatives(self._out, self._into, most)

    def straight(self) -> Route:
        """Drive along the one edge that both places are on, the faster of its two directions."""
        leaving, arriving = self._leaving, self._arriving
        with np.errstate(invalid="ignore"):  # infinity less infinity: not drivable
            ahead = arriving.before_ms[0] - leaving.before_ms[0]
        column = int(np.where(ahead >= 0, ahead, np.inf).argmin())
        begin, end = float(leaving.fraction[0, column]), float(arriving.fraction[0, column])
        return self._describe(
            Stretches(
                leaving.edge[0, column : column + 1],
                np.array([begin]),
                np.array([max(begin, end)]),
                np.zeros(1, np.int32),
            )
        )

    def route(self, path: Path) -> Route:
        """Describe a way through the graph."""
        graph, approach = self._engine.graph, self._ground.approach
        last = int(graph.arc_head[path.arcs[-1]]) if len(path.arcs) else path.first
        out_edge = self._out_edges[_best(self._out.node, self._out.ms, path.first)]
        into_arc = self._into_arcs[_best(self._into.node, self._into.ms, last)]
        arcs = np.concatenate(
            (
                approach.way(int(graph.edge_after[out_edge]), path.first),
                path.arcs,
                approach.way(last, int(graph.arc_tail[into_arc])),
                [into_arc],
            )
        )
        edge = np.concatenate(([out_edge], graph.arc_edge[arcs]))
        begin, end = np.zeros(len(edge)), np.ones(len(edge))
        begin[0] = _fraction(self._leaving, edge[0])
        end[-1] = _fraction(self._arriving, edge[-1])
        turn_ms = np.concatenate((np.zeros(1, np.int32), self._ground.turn_ms[arcs]))
        return self._describe(Stretches(edge, begin, end, turn_ms))

    def _describe(self, stretches: Stretches) -> Route:
        return describe_route(self._engine.network, self._ground.stand_ms, stretches)


def _best(nodes: NDArray[np.int32], ms: NDArray[np.int32], node: int) -> int:
    """Find the cheapest seed at a node."""
    return int(np.where(nodes == node, ms, NOT_DRIVABLE_MS).argmin())


def _fraction(access: Access, edge: np.int32) -> float:
    """Tell how far along an edge the one place of ``access`` lies."""
    return float(access.fraction[0, int(access.edge[0, 1] == edge)])
