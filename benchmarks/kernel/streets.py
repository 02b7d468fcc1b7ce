"""Travel times on streets of New York's size: routes with geometry, a closure over all modes."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.graphs import Graph
from benchmarks.kernel.timing import Rounds, Tell
from roadnets.live import LiveRoads
from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared, prepare
from roadnets.sources.dimacs import read_network
from roadnets.travel import Snap, TravelMode
from roadnets.weights.conditions import NO_CONDITIONS
from roadnets.weights.speeds import all_base_weights

_CLOSURES: Final = 15
_DEGREE: Final = 1_000_000


def network_of(graph: Graph, tell: Tell) -> tuple[RoadNetwork, Prepared]:
    """Make a road network of a graph, by the door that DIMACS files come in."""
    with tempfile.TemporaryDirectory() as name:
        arcs, points = Path(name) / "graph.gr", Path(name) / "graph.co"
        rows = np.column_stack((graph.tail + 1, graph.head + 1, graph.ms)).tolist()
        places = np.rint(graph.points * _DEGREE).astype(np.int64).tolist()
        lines = [f"p sp {graph.node_count} {graph.arc_count}"]
        arcs.write_text("\n".join([*lines, *(f"a {a} {b} {ms}" for a, b, ms in rows), ""]))
        lines = [f"p aux sp co {graph.node_count}"]
        lines += [f"v {node + 1} {lon} {lat}" for node, (lon, lat) in enumerate(places)]
        points.write_text("\n".join([*lines, ""]))
        network, _ = read_network(arcs, points, name=graph.source, unit_ms=1, tell=tell)
    return network, prepare(network, tell)


def measure(network: RoadNetwork, prepared: Prepared, tell: Tell, routes: int) -> dict[str, Any]:
    """Routes from street to street, and closures; medians, milliseconds."""
    tell("streets: all modes")
    began = time.perf_counter()
    live = LiveRoads(network, all_base_weights(network), prepared, modes=tuple(TravelMode))
    ready_s = time.perf_counter() - began
    taken, rng = Rounds(), np.random.default_rng(12)
    travel = live.travel()
    snaps = [Snap(int(e), 0.5, 0.0) for e in rng.integers(0, network.edge_count, 2 * routes)]
    tell(f"streets: {routes} routes")
    for origin, target in zip(snaps[::2], snaps[1::2], strict=True):
        taken.time("route", travel.route, TravelMode.BLUE_LIGHT, origin, target)
    tell("streets: closures")
    conditions = NO_CONDITIONS
    for number, edge in enumerate(rng.integers(0, network.edge_count, _CLOSURES).tolist()):
        conditions = conditions.with_closure(f"closure {number}", [edge])
        taken.time("closure_all_modes", live.travel, conditions)
    medians = {f"{name}_ms": ms for name, ms in taken.medians().items()}
    return {**medians, "all_modes_ready_s": ready_s}
