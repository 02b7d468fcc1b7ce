"""Which bridge to close: the one that most ways to emergencies lead over, with a way round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.conditions.streets import Streets
from roadnets.conditions import Conditions
from roadnets.geo import UNREACHABLE, LonLat, distance_m
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.scipy_travel import ScipyTravelTimes
from roadnets.travel import Route, Snap, TravelMode, TravelTimes
from scenarios.demand import CallPlaces

MODE = TravelMode.BLUE_LIGHT
NEAR_M = 1500.0
"""A call within this of the closed street is near it."""
TRIES = 8
"""Streets tried, busiest first, before giving up on finding one that has a way round."""
PLACES_TRIED = 60


@dataclass(frozen=True, slots=True)
class Crossing:
    """A street to close.

    Attributes
    ----------
    edges
        Its directed edges, ascending.
    bridge
        False: no named bridge would do, so this is a street.
    uses
        Ways that lead over it, out of ``ways``.
    """

    name: str
    edges: tuple[int, ...]
    bridge: bool
    uses: int
    ways: int
    middle: LonLat


@dataclass(frozen=True, slots=True)
class Detour:
    """A place near a closed street, and what the closure costs its quickest unit."""

    point: LonLat
    address: str
    open_s: int
    closed_s: int


def busiest(
    streets: Streets, stations: Sequence[LonLat], targets: Sequence[LonLat]
) -> Crossing | None:
    """The busiest named bridge, else street, whose closing leaves every target within reach.

    Parameters
    ----------
    streets
        With nothing closed.
    stations, targets
        The ways counted lead from the quickest station to each target.

    Returns
    -------
    Crossing or None
        None when closing any of the ``TRIES`` busiest cuts somebody off.
    """
    network = streets.network
    travel = ScipyTravelTimes.build(network, Conditions())
    origins = [snap for snap in streets.snap_many(list(stations)) if snap is not None]
    ends = [snap for snap in streets.snap_many(list(targets)) if snap is not None]
    ways = [way for end in ends if (way := _way(travel, origins, end)) is not None]
    on_bridge = network.has_flag(EdgeFlag.BRIDGE)
    for bridge in (True, False):
        wanted = on_bridge if bridge else ~on_bridge
        uses = Counter(name for route in ways for name in _names(network, route, wanted))
        for name, count in uses.most_common(TRIES):
            edges = np.flatnonzero((network.edge_name == name) & wanted)
            if _has_way_round(network, edges, origins, ends):
                return Crossing(
                    name=network.names[name] or network.names_en[name],
                    edges=tuple(edges.tolist()),
                    bridge=bridge,
                    uses=count,
                    ways=len(ways),
                    middle=_middle(network, edges),
                )
    return None


def detour(
    streets: Streets,
    stations: Sequence[LonLat],
    crossing: Crossing,
    places: CallPlaces,
    rng: np.random.Generator,
) -> Detour | None:
    """A place near the crossing whose quickest station loses most when it is closed."""
    network = streets.network
    open_roads = ScipyTravelTimes.build(network, Conditions())
    closed_roads = ScipyTravelTimes.build(
        network, Conditions().with_closure("staged", crossing.edges)
    )
    origins = [snap for snap in streets.snap_many(list(stations)) if snap is not None]
    best: Detour | None = None
    for edge in _edges_near(network, crossing, places, rng):
        point = places.on_edge(edge, rng)
        snap = streets.snap(point)
        if snap is None or snap.edge in crossing.edges:
            continue
        open_s = int(open_roads.many_to_one(MODE, origins, snap).min())
        closed_s = int(closed_roads.many_to_one(MODE, origins, snap).min())
        if closed_s >= UNREACHABLE:
            continue
        if best is None or closed_s - open_s > best.closed_s - best.open_s:
            best = Detour(point, places.address(edge), open_s, closed_s)
    return best


def distance_to(network: RoadNetwork, edges: Sequence[int], point: LonLat) -> float:
    """Metres from a point to the nearest corner of some edges."""
    return min(distance_m(point, corner) for edge in edges for corner in network.edge_line(edge))


def _way(travel: TravelTimes, origins: Sequence[Snap], end: Snap) -> Route | None:
    """The way from the quickest of the origins."""
    quickest = int(np.argmin(travel.many_to_one(MODE, origins, end)))
    return travel.route(MODE, origins[quickest], end)


def _names(network: RoadNetwork, route: Route, wanted: NDArray[np.bool_]) -> set[int]:
    """Index of each street name on a way, of the edges wanted; unnamed ones left out."""
    edges = np.array(route.edges)
    return {int(name) for name in network.edge_name[edges[wanted[edges]]] if name != 0}


def _has_way_round(
    network: RoadNetwork,
    edges: NDArray[np.int64],
    origins: Sequence[Snap],
    ends: Sequence[Snap],
) -> bool:
    """Whether every end that is not on the edges stays within reach of every origin."""
    closed = set(edges.tolist())
    travel = ScipyTravelTimes.build(network, Conditions().with_closure("staged", edges))
    free_origins = [snap for snap in origins if snap.edge not in closed]
    free_ends = [snap for snap in ends if snap.edge not in closed]
    if not free_origins or not free_ends:
        return False
    return bool((travel.matrix(MODE, free_origins[:4], free_ends) < UNREACHABLE).all())


def _middle(network: RoadNetwork, edges: NDArray[np.int64]) -> LonLat:
    line = network.edge_line(int(edges[len(edges) // 2]))
    return line[len(line) // 2]


def _edges_near(
    network: RoadNetwork, crossing: Crossing, places: CallPlaces, rng: np.random.Generator
) -> list[int]:
    """Edges with addresses near the crossing, some of them when there are many."""
    middle = network.node_lon[network.edge_head], network.node_lat[network.edge_head]
    lon, lat = np.abs(middle[0] - crossing.middle.lon), np.abs(middle[1] - crossing.middle.lat)
    box = NEAR_M / 2 / 111_000
    near = (lat < box) & (lon < box / np.cos(np.radians(crossing.middle.lat)))
    edges = np.flatnonzero(near & places.homes)
    edges = edges[~np.isin(edges, crossing.edges)]
    if len(edges) > PLACES_TRIED:
        edges = np.sort(rng.choice(edges, PLACES_TRIED, replace=False))
    return [int(edge) for edge in edges]
