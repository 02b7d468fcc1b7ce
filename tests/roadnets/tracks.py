"""Drives along random routes, and the fixes that a receiver would have made of them."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from roadnets.geo import LonLat
from roadnets.lines import project_edges, projection_of
from roadnets.network import RoadNetwork
from roadnets.snapping.fixes import Fix
from roadnets.snapping.snap import may_be_on
from roadnets.travel import TravelMode


def random_routes(
    network: RoadNetwork, count: int, rng: np.random.Generator
) -> Iterator[list[int]]:
    """Fastest ways between random junctions, as edges."""
    usable = np.flatnonzero(may_be_on(network, TravelMode.BLUE_LIGHT))
    tail, head = network.edge_tail[usable], network.edge_head[usable]
    seconds = network.edge_length_m[usable] / network.edge_speed_kph[usable] * 3.6 + 0.001
    order = np.lexsort((seconds, head, tail))
    pairs = {}
    for i in order[::-1].tolist():
        pairs[int(tail[i]), int(head[i])] = int(usable[i])
    ends, edges = np.array(list(pairs)), np.array(list(pairs.values()))
    cost = network.edge_length_m[edges] / network.edge_speed_kph[edges] * 3.6 + 0.001
    graph = csr_array((cost, (ends[:, 0], ends[:, 1])), shape=(network.node_count,) * 2)
    while count:
        origin, target = rng.integers(network.node_count, size=2).tolist()
        seconds_to, before = dijkstra(graph, indices=origin, return_predecessors=True)
        if not 60 < seconds_to[target] < math.inf:
            continue
        nodes = [target]
        while nodes[-1] != origin:
            nodes.append(int(before[nodes[-1]]))
        nodes.reverse()
        yield [pairs[pair] for pair in pairwise(nodes)]
        count -= 1


def drive(
    network: RoadNetwork,
    route: list[int],
    rng: np.random.Generator,
    *,
    every_s: float = 5.0,
    noise_m: float = 0.0,
) -> tuple[list[Fix], list[int]]:
    """Drive a route at its speed limits: the fixes, and the edge that each was made on."""
    projection = projection_of(network)
    lines = project_edges(network, np.array(route), projection)
    speed_mps = network.edge_speed_kph[route] / 3.6
    seconds = network.edge_length_m[route] / speed_mps
    end_s = np.cumsum(seconds)
    fixes, edges = [], []
    for time_s in np.arange(0.5, end_s[-1], every_s).tolist():
        at = int(np.searchsorted(end_s, time_s, side="right"))
        along_m = (1 - (end_s[at] - time_s) / seconds[at]) * lines[at].length
        place, behind, ahead = (
            np.array(lines[at].interpolate(max(m, 0)).coords[0])
            for m in (along_m, along_m - 0.5, along_m + 0.5)
        )
        heading = math.degrees(math.atan2(*(ahead - behind)))
        if noise_m:
            place, heading = place + rng.normal(0, noise_m, 2), heading + rng.normal(0, 10)
        point = LonLat(*projection.to_degrees(place[None])[0].tolist())
        fixes.append(Fix(point, time_s, heading % 360, float(speed_mps[at] * 3.6), noise_m or None))
        edges.append(route[at])
    return fixes, edges
