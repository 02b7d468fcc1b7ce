"""Porto from its OpenStreetMap extract: the import, its turn restrictions, and legal routes.

Legality is judged from the file's own relations, by code that shares nothing with the import but
the reading library: a relation whose ``from`` and ``to`` ways both end at its ``via`` node says of
a route, which names ways and nodes, whether it may turn so.
"""

from __future__ import annotations

import contextlib
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import osmium
from osmium.osm import RELATION, WAY, Relation, Way

from roadnets import store
from roadnets.live import LiveRoads
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.travel import Route, Snap, TravelMode
from roadnets.weights.speeds import all_base_weights, drivable

IMPORT_TARGET_S: Final = 12.0
_CONDITIONAL: Final = ("restriction:conditional", "except", "day_on", "hour_on")

_FOOT: Final = frozenset(
    {None, "footway", "path", "steps", "cycleway", "pedestrian", "bridleway", "construction"}
)

Tell = Callable[[str], None]
Turn = tuple[int, int, int]
"""From way, via node, to way."""


def measure(pbf: Path, tell: Tell, *, quick: bool) -> dict[str, Any]:
    """Import in a process of its own, as an operator does; then drive.

    Parameters
    ----------
    pbf
        Porto's extract.
    tell
        Told each step.
    quick
        One import and fewer routes.
    """
    with tempfile.TemporaryDirectory() as folder:
        net = Path(folder) / "porto.net"
        cpu_s = []
        for number in range(1 if quick else 3):
            tell(f"porto: import {number + 1}")
            cpu_s.append(_import_cpu_s(pbf, net))
        size_mb = net.stat().st_size / 1e6
        began = time.perf_counter()
        network, prepared = store.load_ready(net)
        reload_s = time.perf_counter() - began
        live = LiveRoads(network, all_base_weights(network), prepared)
    tell("porto: driving")
    routes = _routes(live, TravelMode.CIVILIAN, 300 if quick else 3000)
    exempt = _routes(live, TravelMode.BLUE_LIGHT, 300 if quick else 3000)
    forbidden, mandatory = _relations(pbf)
    report = network.report
    peer = {} if quick else {"osmnx_s": osmnx_cpu_s(pbf, tell)}
    return peer | {
        "import_s": float(np.median(cpu_s)),
        "import_target_s": IMPORT_TARGET_S,
        "met": float(np.median(cpu_s)) <= IMPORT_TARGET_S,
        "reload_s": reload_s,
        "file_mb": size_mb,
        "turn_restrictions": {
            "in_file": _restrictions_in(pbf),
            "modelled": report.turns_modelled,
            "left_out": len(report.turns_left_out),
            "left_out_why": _reasons(report.turns_left_out),
        },
        "routes": {
            "driven": len(routes),
            "judged_turns": sum(len(route.edges) - 1 for route in routes),
            "relations_judged_by": len(forbidden) + len(mandatory),
            "forbidden_turns_taken": sum(
                _broken(network, route, forbidden, mandatory) for route in routes
            ),
            "forbidden_turns_taken_by_blue_light": sum(
                _broken(network, route, forbidden, mandatory) for route in exempt
            ),
            "edges_closed_to_civilians_driven": sum(_trespasses(network, r) for r in routes),
        },
    }


def _import_cpu_s(pbf: Path, net: Path) -> float:
    """CPU seconds, user and system, of importing and preparing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "roadnets", "import", str(pbf), "-o", str(net)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def osmnx_cpu_s(pbf: Path, tell: Tell) -> float:
    """CPU seconds of the same with OSMnx alone: from XML to a core with speeds and times."""
    import osmnx

    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "porto.osm"
        tell("porto: writing XML for OSMnx")
        with osmium.SimpleWriter(str(xml)) as writer:
            for thing in osmium.FileProcessor(str(pbf)):
                writer.add(thing)
        tell("porto: OSMnx's own import")
        began = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            graph = osmnx.graph_from_xml(xml, simplify=False, retain_all=True)
            ways = graph.edges(keys=True, data=True)
            foot = [(u, v, k) for u, v, k, tags in ways if tags.get("highway") in _FOOT]
            graph.remove_edges_from(foot)
            graph = osmnx.simplify_graph(graph)
            graph = osmnx.truncate.largest_component(graph, strongly=True)
            osmnx.add_edge_travel_times(osmnx.add_edge_speeds(graph, fallback=40))
        return time.process_time() - began


def _routes(live: LiveRoads, mode: TravelMode, count: int) -> list[Route]:
    network, travel = live.network, live.travel()
    rng = np.random.default_rng(357)
    streets = np.flatnonzero(drivable(network, TravelMode.CIVILIAN))
    routes = []
    for a, b in rng.choice(streets, (count, 2)).tolist():
        route = travel.route(mode, Snap(a, 0.5, 0.0), Snap(b, 0.5, 0.0))
        if route is not None:
            routes.append(route)
    return routes


def _trespasses(network: RoadNetwork, route: Route) -> int:
    flags = network.edge_flags[list(route.edges)]
    shut = EdgeFlag.RESTRICTED | EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER
    return int(np.count_nonzero((flags & np.uint16(shut)) | ~flags & np.uint16(EdgeFlag.CIVILIAN)))


def _broken(
    network: RoadNetwork, route: Route, forbidden: set[Turn], mandatory: dict[tuple[int, int], int]
) -> int:
    """Count turns of a route that a relation forbids."""
    broken = 0
    for before, after in pairwise(route.edges):
        via = int(network.node_osm[network.edge_head[before]])
        turn = (int(network.edge_way[before]), via, int(network.edge_way[after]))
        broken += turn in forbidden or mandatory.get(turn[:2], turn[2]) != turn[2]
    return broken


def _restrictions_in(pbf: Path) -> int:
    relations = cast("Iterator[Relation]", osmium.FileProcessor(str(pbf), RELATION))
    return sum(relation.tags.get("type") == "restriction" for relation in relations)


def _relations(pbf: Path) -> tuple[set[Turn], dict[tuple[int, int], int]]:
    """Turns that are forbidden, and the only way on from a way and node: simple relations alone."""
    found: list[tuple[str, Turn]] = []
    for relation in cast("Iterator[Relation]", osmium.FileProcessor(str(pbf), RELATION)):
        kind = relation.tags.get("restriction") or ""
        roles = {m.role: (m.type, m.ref) for m in relation.members}
        simple = len(relation.members) == len(roles) == 3 and roles.keys() == {"from", "via", "to"}
        if simple and roles["via"][0] == "n" and not any(k in relation.tags for k in _CONDITIONAL):
            found.append((kind, (roles["from"][1], roles["via"][1], roles["to"][1])))
    wanted = {way for _, (first, _, last) in found for way in (first, last)}
    ends: dict[int, tuple[int, int]] = {}
    for way in cast("Iterator[Way]", osmium.FileProcessor(str(pbf), WAY)):
        if way.id in wanted and len(way.nodes) > 1:
            ends[way.id] = (way.nodes[0].ref, way.nodes[-1].ref)
    plain = [
        (kind, turn)
        for kind, turn in found
        if turn[1] in ends.get(turn[0], ()) and turn[1] in ends.get(turn[2], ())
    ]
    forbidden = {turn for kind, turn in plain if kind.startswith("no_")}
    only: dict[tuple[int, int], int] = {}
    for kind, turn in plain:
        if kind.startswith("only_") and turn[0] != turn[2]:
            only[turn[:2]] = turn[2]
    return forbidden, only


def _reasons(sentences: tuple[str, ...]) -> dict[str, int]:
    """How many were left out for each reason: what follows the relation's number and kind."""
    counts: dict[str, int] = {}
    for sentence in sentences:
        reason = sentence.partition(": ")[2] or sentence
        counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
