"""Put a graph from a notebook on the kernel, and its answers back into the notebook.

    python examples/notebook_graph.py                 # a graph of the sample city
    python examples/notebook_graph.py town.graphml    # one that osmnx.save_graphml wrote

No service is needed. The same lines work in a notebook on any graph that OSMnx made.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import networkx as nx
import numpy as np
import osmnx as ox

from roadnets.calibration.uncertainty import UNCALIBRATED
from roadnets.errors import RoadnetsError
from roadnets.geo import LonLat
from roadnets.live import LiveRoads
from roadnets.network import RoadNetwork
from roadnets.prepared import prepare
from roadnets.snapping.snap import Snapper
from roadnets.sources.osm import from_osmnx, to_osmnx
from roadnets.sources.sample import sample_network
from roadnets.travel import TravelMode
from roadnets.weights.pace import all_pace_ms
from roadnets.weights.speeds import NOT_DRIVABLE_MS

MODE = TravelMode.CIVILIAN
HOSPITALS, HOMES = 5, 1000


def open_graph(path: Path | None) -> nx.MultiDiGraph[int]:
    """The graph of somebody's notebook."""
    return to_osmnx(sample_network()) if path is None else ox.load_graphml(path)


def ask(network: RoadNetwork, rng: np.random.Generator) -> None:
    """Drive from every hospital to every home: in a notebook, one shortest path at a time."""
    began = time.perf_counter()
    roads = LiveRoads(network, all_pace_ms(network), prepare(network), modes=(MODE,))
    print(f"hierarchy ready after {time.perf_counter() - began:.1f} s")
    nodes = rng.choice(network.node_count, HOSPITALS + HOMES)
    places = [LonLat(float(network.node_lon[n]), float(network.node_lat[n])) for n in nodes]
    snaps = [snap for snap in Snapper(network).snap_many(places, MODE) if snap is not None]
    hospitals, homes = snaps[:HOSPITALS], snaps[HOSPITALS:]
    travel = roads.travel()
    began = time.perf_counter()
    seconds = travel.matrix(MODE, hospitals, homes)
    took_ms = 1000 * (time.perf_counter() - began)
    print(f"{seconds.size:,} travel times in {took_ms:.0f} ms")
    nearest = seconds.min(axis=0)
    p90 = UNCALIBRATED.quantiles(nearest, MODE, None, 0.9)
    print(
        f"from its nearest hospital to a home: {np.median(nearest) / 60:.1f} min at the median, "
        f"and nine of ten drives take less than {np.median(p90) / 60:.1f}"
    )


def take_back(network: RoadNetwork) -> nx.MultiDiGraph[int]:
    """The graph with the kernel's travel time on every edge, for OSMnx to draw or search."""
    ms = all_pace_ms(network)[MODE].astype(float)
    ms[ms >= NOT_DRIVABLE_MS] = np.inf  # left out: this mode does not drive there
    graph = to_osmnx(network, ms / 1000)
    component = ox.truncate.largest_component(graph, strongly=True)
    origin, *_, destination = sorted(component.nodes)
    route = ox.shortest_path(component, origin, destination, weight="travel_time")
    edges = ox.routing.route_to_gdf(component, route, weight="travel_time")
    minutes = edges["travel_time"].sum() / 60
    print(f"OSMnx: {len(route)} nodes from {origin} to {destination}, {minutes:.1f} min")
    return graph


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("graph", nargs="?", type=Path, metavar="town.graphml")
    options = parser.parse_args()
    graph = open_graph(options.graph)
    print(f"graph: {len(graph):,} nodes, {len(graph.edges):,} edges")
    try:
        network = from_osmnx(graph)
    except RoadnetsError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    print(f"network: {network.report.nodes:,} nodes, {network.report.edges:,} edges")
    ask(network, np.random.default_rng(0))
    take_back(network)
    return 0


if __name__ == "__main__":
    sys.exit(main())
