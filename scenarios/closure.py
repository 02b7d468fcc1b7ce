"""Which bridge to close: the one that most ways lead over, if there is a way round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.conditions.streets import Streets
from dispatch.emergency.plans import IncidentType, ResponsePlans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.model import Capability
from roadnets.engine import TravelEngine
from roadnets.geo import METRES_PER_DEGREE, UNREACHABLE, LonLat, distance_m
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.travel import Route, Snap, TravelMode, TravelTimes
from roadnets.weights.conditions import Conditions
from roadnets.weights.speeds import drivable
from scenarios.demand import CallPlaces

MODE = TravelMode.BLUE_LIGHT
NEAR_M = 1500.0
"""A call within this of the closed street is near it."""
TRIES = 8
"""Streets tried, busiest first, before giving up on finding one that has a way round."""
PLACES_TRIED = 60
STRETCH_M = 250.0
"""Where a street is closed, it is closed so far to either side of its busiest edge."""


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
    """A call near a closed street, and what the closure costs the quickest unit for it.

    Attributes
    ----------
    capability
        What the unit can do that the call needs.
    open_s, closed_s
        Its drive from its station, without and with the closure.
    """

    point: LonLat
    address: str
    incident_type: str
    priority: int
    capability: str
    open_s: int
    closed_s: int


def busiest(
    streets: Streets, stations: Sequence[LonLat], targets: Sequence[LonLat]
) -> Crossing | None:
    """The busiest named bridge, else stretch of a street, whose closing cuts nobody off.

    Parameters
    ----------
    streets
        With nothing closed.
    stations, targets
        The ways counted lead to each target from the quickest station, one in the middle and the
        last, since crews also drive to hospitals and help each other out.

    Returns
    -------
    Crossing or None
        None when closing any of the ``TRIES`` busiest cuts somebody off.
    """
    network = streets.network
    travel = TravelEngine.plain(network, Conditions())
    origins = [snap for snap in streets.snap_many(list(stations)) if snap is not None]
    ends = [snap for snap in streets.snap_many(list(targets)) if snap is not None]
    if not origins:
        return None
    ways = [way for end in ends for way in _ways(travel, origins, end)]
    for bridge, found in ((True, _bridges(network, ways)), (False, _stretches(network, ways))):
        for uses, edges in found:
            if _has_way_round(network, edges, origins, ends):
                return Crossing(
                    name=_name(network, edges, bridge=bridge),
                    edges=tuple(edges.tolist()),
                    bridge=bridge,
                    uses=uses,
                    ways=len(ways),
                    middle=_middle(network, edges),
                )
    return None


def detour(
    streets: Streets,
    fleet: FleetFile,
    plans: ResponsePlans,
    crossing: Crossing,
    places: CallPlaces,
    rng: np.random.Generator,
) -> Detour | None:
    """The call near the crossing that loses most when it is closed, and is reached all the same.

    Where both banks have what it takes, a closed bridge costs nobody anything; what few stations
    have is what has to go round.
    """
    network = streets.network
    stations = {s.station_id: snap for s in fleet.stations if (snap := streets.snap(s.point))}
    row = {station: index for index, station in enumerate(stations)}
    edges = _edges_near(network, crossing, places, rng)
    points = [places.on_edge(edge, rng) for edge in edges]
    snaps = streets.snap_many(points)
    usable = [i for i, s in enumerate(snaps) if s is not None and s.edge not in crossing.edges]
    ends = [snap for i, snap in enumerate(snaps) if i in set(usable) and snap is not None]
    if not ends or not stations:
        return None
    conditions = Conditions()
    opened, closed = (
        TravelEngine.plain(network, c).matrix(MODE, list(stations.values()), ends)
        for c in (conditions, conditions.with_closure("staged", crossing.edges))
    )
    best: Detour | None = None
    for capability, kind in _smallest_kinds(plans).items():
        rows = [row[u.station] for u in fleet.units if capability in u.capabilities]
        if not rows:
            continue
        open_s, closed_s = opened[rows].min(axis=0), closed[rows].min(axis=0)
        loss = np.where(closed_s < UNREACHABLE, closed_s - open_s, -1)
        place = int(np.argmax(loss))
        if loss[place] >= 0 and (best is None or loss[place] > best.closed_s - best.open_s):
            best = Detour(
                point=points[usable[place]],
                address=places.address(edges[usable[place]]),
                incident_type=kind.code,
                priority=kind.default_priority,
                capability=capability,
                open_s=int(open_s[place]),
                closed_s=int(closed_s[place]),
            )
    return best


def _smallest_kinds(plans: ResponsePlans) -> dict[Capability, IncidentType]:
    """For each capability the type that needs the least beside it, of those sent by themselves."""
    smallest: dict[Capability, tuple[int, IncidentType]] = {}
    for _, kind in sorted(plans.types.items()):
        if not kind.automatic:
            continue
        needs = kind.plan(kind.default_priority).needs
        size = sum(need.count for need in needs)
        for need in needs:
            if need.capability not in smallest or size < smallest[need.capability][0]:
                smallest[need.capability] = (size, kind)
    return {capability: kind for capability, (_, kind) in smallest.items()}


def usual_drive_s(
    streets: Streets, stations: Sequence[LonLat], targets: Sequence[LonLat]
) -> float | None:
    """Mean seconds from the nearest station to the targets that can be reached; None: no way."""
    origins = [snap for snap in streets.snap_many(list(stations)) if snap is not None]
    ends = [snap for snap in streets.snap_many(list(targets)) if snap is not None]
    if not origins or not ends:
        return None
    travel = TravelEngine.plain(streets.network, Conditions())
    nearest = travel.matrix(MODE, origins, ends).min(axis=0)
    reached = nearest[nearest < UNREACHABLE]
    return float(reached.mean()) if len(reached) else None


def distance_to(network: RoadNetwork, edges: Sequence[int], point: LonLat) -> float:
    """Metres from a point to the nearest corner of some edges."""
    return min(distance_m(point, corner) for edge in edges for corner in network.edge_line(edge))


def _ways(travel: TravelTimes, origins: Sequence[Snap], end: Snap) -> Iterator[Route]:
    """The ways from the quickest, the middle and the last of the origins."""
    seconds = travel.many_to_one(MODE, origins, end)
    order = np.argsort(seconds, kind="stable").tolist()
    for index in dict.fromkeys((order[0], order[len(order) // 2], order[-1])):
        route = travel.route(MODE, origins[index], end)
        if route is not None:
            yield route


def _bridges(
    network: RoadNetwork, ways: Sequence[Route]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Named bridges that ways lead over, the busiest first: how many, and the edges."""
    on_bridge = network.has_flag(EdgeFlag.BRIDGE) & drivable(network, MODE)
    uses: Counter[int] = Counter()
    for route in ways:
        edges = np.array(route.edges)
        uses.update({int(n) for n in network.edge_name[edges[on_bridge[edges]]] if n != 0})
    for name, count in uses.most_common(TRIES):
        yield count, np.flatnonzero((network.edge_name == name) & on_bridge)


def _stretches(
    network: RoadNetwork, ways: Sequence[Route]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Stretches of named streets, around the edges that most ways lead over."""
    uses = Counter(edge for route in ways for edge in set(route.edges))
    named = [(edge, count) for edge, count in uses.most_common() if network.edge_name[edge] != 0]
    for edge, count in named[:TRIES]:
        line = network.edge_line(edge)
        near = _near(network, line[len(line) // 2], STRETCH_M)
        same = (network.edge_name == network.edge_name[edge]) & drivable(network, MODE)
        yield count, np.flatnonzero(near & same)


def _has_way_round(
    network: RoadNetwork,
    edges: NDArray[np.int64],
    origins: Sequence[Snap],
    ends: Sequence[Snap],
) -> bool:
    """Whether every end that is not on the edges stays within reach of every origin."""
    closed = set(edges.tolist())
    travel = TravelEngine.plain(network, Conditions().with_closure("staged", edges))
    free_origins = [snap for snap in origins if snap.edge not in closed]
    free_ends = [snap for snap in ends if snap.edge not in closed]
    if not free_origins or not free_ends:
        return False
    return bool((travel.matrix(MODE, free_origins[:4], free_ends) < UNREACHABLE).all())


def _name(network: RoadNetwork, edges: NDArray[np.int64], *, bridge: bool) -> str:
    """What people call it; a street that is more than its bridges is told apart from them."""
    edge = int(edges[0])
    name = " ".join(dict.fromkeys(filter(None, network.edge_names(edge))))
    same = (network.edge_name == network.edge_name[edge]) & drivable(network, MODE)
    whole = np.count_nonzero(same)
    if len(edges) == whole:
        return name
    return f"{name} (its bridges)" if bridge else f"{name} (a stretch)"


def _middle(network: RoadNetwork, edges: NDArray[np.int64]) -> LonLat:
    line = network.edge_line(int(edges[len(edges) // 2]))
    return line[len(line) // 2]


def _edges_near(
    network: RoadNetwork, crossing: Crossing, places: CallPlaces, rng: np.random.Generator
) -> list[int]:
    """Edges with addresses near the crossing, some of them when there are many."""
    near = _near(network, crossing.middle, NEAR_M / 2)
    edges = np.flatnonzero(near & places.homes)
    edges = edges[~np.isin(edges, crossing.edges)]
    if len(edges) > PLACES_TRIED:
        edges = np.sort(rng.choice(edges, PLACES_TRIED, replace=False))
    return [int(edge) for edge in edges]


def _near(network: RoadNetwork, point: LonLat, distance_m: float) -> NDArray[np.bool_]:
    """Edges whose end lies in a box around a point, bool (m,)."""
    lon, lat = network.node_lon[network.edge_head], network.node_lat[network.edge_head]
    box = distance_m / METRES_PER_DEGREE
    wide = box / np.cos(np.radians(point.lat))
    near: NDArray[np.bool_] = (np.abs(lat - point.lat) < box) & (np.abs(lon - point.lon) < wide)
    return near
