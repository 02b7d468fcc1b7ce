"""How well and how fast vehicles are put on streets: simulated drives, and points by the thousand.

Drives follow fastest routes at the speed limit, a fix every 5 s with heading and speed; each fix is
matched as a live service does it, by the few before it. On the sample city, or on network files
(``python -m roadnets import``). Milliseconds of one core.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._options import keep, parser_of
from roadnets import store
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.snapping.fixes import TRACK_KEPT, Fix, follow
from roadnets.snapping.matching import Match, Matcher
from roadnets.snapping.snap import Snapper
from roadnets.sources.sample import sample_network
from roadnets.travel import TravelMode
from tests.roadnets.tracks import drive, random_routes

BLUE_LIGHT = TravelMode.BLUE_LIGHT
POINTS = 10_000
FLEET = 1_000
NOISES_M = (0.0, 10.0, 20.0)
SEED = 1


@dataclass
class Tally:
    """What became of the fixes of some drives."""

    fixes: int = 0
    on_edge: int = 0
    on_street: int = 0
    ambiguous: int = 0
    wrong_and_sure: int = 0
    seconds: float = 0.0

    def count(self, network: RoadNetwork, match: Match | None, edge: int) -> None:
        """Count one fix that was made on an edge."""
        found = match is not None and same_street(network, match.snap.edge, edge)
        ambiguous = match is not None and match.ambiguous
        self.fixes += 1
        self.on_edge += match is not None and match.snap.edge == edge
        self.on_street += found
        self.ambiguous += ambiguous
        self.wrong_and_sure += not found and not ambiguous

    def __str__(self) -> str:
        shares = (self.on_edge, self.on_street, self.ambiguous, self.wrong_and_sure)
        percents = "".join(f"{100 * share / self.fixes:>10.1f} %" for share in shares)
        return f"{self.fixes:>7,}{percents}{1000 * self.seconds / self.fixes:>9.2f}"


def same_street(network: RoadNetwork, one: int, other: int) -> bool:
    """Whether two edges are of one way or have one name."""
    named = network.edge_name[one] == network.edge_name[other] != 0
    return bool(named or network.edge_way[one] == network.edge_way[other])


def matched(network: RoadNetwork, routes: list[list[int]], noise_m: float, seed: int) -> Tally:
    """Drive some routes and match every fix."""
    matcher, rng, tally = Matcher(network), np.random.default_rng(seed), Tally()
    for route in routes:
        fixes, edges = drive(network, route, rng, noise_m=noise_m)
        matcher.match(fixes[:1], BLUE_LIGHT)  # the first call collects the streets of the mode
        track: tuple[Fix, ...] = ()
        for fix, edge in zip(fixes, edges, strict=True):
            track = follow(track, fix)
            began = time.process_time()
            match = matcher.match(track, BLUE_LIGHT)
            tally.seconds += time.process_time() - began
            tally.count(network, match, edge)
    return tally


def speeds(network: RoadNetwork, routes: list[list[int]], seed: int) -> dict[str, float]:
    """Milliseconds that it takes to snap many points, and to match a fleet."""
    rng = np.random.default_rng(seed)
    drives = [drive(network, route, rng, noise_m=10.0)[0] for route in routes]
    fixes = [fix for track in drives for fix in track]
    spread = rng.normal(0, 0.0005, (POINTS, 2))
    points = [
        LonLat(fixes[i % len(fixes)].point.lon + east, fixes[i % len(fixes)].point.lat + north)
        for i, (east, north) in enumerate(spread.tolist())
    ]
    tracks = [t[i : i + TRACK_KEPT] for t in drives for i in range(max(len(t) - TRACK_KEPT, 1))]
    snapper = Snapper(network)
    matcher = Matcher(network, snapper)
    snapper.snap(points[0], BLUE_LIGHT)
    matcher.match(tracks[0], BLUE_LIGHT)
    fleet = [tracks[i % len(tracks)] for i in range(FLEET)]
    found = {}
    for what, work in (
        (f"{POINTS:,} points snapped", lambda: snapper.snap_many(points, BLUE_LIGHT)),
        (
            f"{FLEET:,} units matched, a fix each",
            lambda: matcher.match_many([track[-1:] for track in fleet], BLUE_LIGHT),
        ),
        (
            f"{FLEET:,} units matched, {TRACK_KEPT} fixes each",
            lambda: matcher.match_many(fleet, BLUE_LIGHT),
        ),
    ):
        began = time.process_time()
        work()
        found[what] = 1000 * (time.process_time() - began)
        print(f"{what:<40}{found[what]:>9,.0f} ms")
    return found


def measure(network: RoadNetwork, drives: int) -> dict[str, Any]:
    """All figures of one network."""
    routes = list(random_routes(network, drives, np.random.default_rng(SEED)))
    print(f"{network.name}, {network.edge_count:,} edges, {drives} drives")
    print("noise m  fixes     on edge   on street   ambiguous  wrong, sure   ms/fix")
    tallies = {}
    for noise_m in NOISES_M:
        tally = matched(network, routes, noise_m, SEED)
        print(f"{noise_m:>7.0f}{tally}")
        tallies[f"noise_{noise_m:.0f}_m"] = asdict(tally)
    return {**tallies, "ms": speeds(network, routes, SEED)}


def main() -> None:
    """Measure and print; ``--json FILE`` keeps the figures."""
    parser = parser_of(__doc__, quick="fewer drives")
    parser.add_argument("networks", nargs="*", type=Path, help="network files")
    options = parser.parse_args()
    networks = map(store.load, options.networks) if options.networks else [sample_network()]
    found = {n.name: measure(n, 3 if options.quick else 12) for n in networks}
    keep(found, options.json)


if __name__ == "__main__":
    main()
