"""What the parts of a change of streets cost: conditions, weights, pace, speeds, drawn lines.

What a whole change costs, with its hierarchies, is in ``benchmarks.travel_times``. On a network
file, or on a made-up grid of 160 by 160 streets (101,760 edges). Median milliseconds of one core;
compare rows of one table, not absolute figures.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks._options import keep, parser_of
from benchmarks.kernel.timing import took_ms
from roadnets import store
from roadnets.geo import CoordinateSystem
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.travel import TravelMode, Vehicle
from roadnets.weights.conditions import (
    NO_CONDITIONS,
    Closed,
    Condition,
    Conditions,
    Contraflow,
    Effect,
    Flooded,
    Slowed,
    Weather,
    edge_set,
    usual_modes,
)
from roadnets.weights.edge_index import EdgeIndex
from roadnets.weights.edge_weights import edge_weights
from roadnets.weights.live_speeds import LiveSpeeds
from roadnets.weights.overlay import Overlay
from roadnets.weights.pace import pace_ms
from roadnets.weights.speed_feed import FeedLine, SpeedFeed, SpeedRecords
from tests.roadnets.networks import grid

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ENGINE = Vehicle(TravelMode.BLUE_LIGHT, height_m=3.5, weight_t=16.0)
EFFECTS: tuple[Effect, ...] = (Closed(), Slowed(0.5), Weather(0.8), Flooded(0.2), Contraflow())


class Table(dict[str, float]):
    """Median milliseconds of each piece of work, printed as they come."""

    def time(self, what: str, rounds: int, work: Callable[[], object]) -> None:
        """Do some work again and again."""
        self[what] = statistics.median(took_ms(work) for _ in range(rounds))
        print(f"{what:60} {self[what]:10.2f} ms", flush=True)


def condition(number: int, first: int, edges: int) -> Condition:
    """A condition on four edges in a row."""
    effect = EFFECTS[number % len(EFFECTS)]
    row = edge_set(range(first, min(first + 4, edges)))
    return Condition(f"C{number}", row, effect, usual_modes(effect))


def conditions(table: Table, network: RoadNetwork, rounds: int, rng: np.random.Generator) -> None:
    """10,000 conditions at once, one more, all ended; then weights."""
    m = network.edge_count
    many = Conditions().with_all(
        condition(i, int(first), m) for i, first in enumerate(rng.integers(m, size=10_000))
    )
    overlay = Overlay(network)
    table.time("10,000 conditions begin at once", 1, lambda: overlay.update(many))
    states = [many.with_closure("one more", [edge]) for edge in rng.integers(m, size=2 * rounds)]
    waiting = iter(states)
    table.time("one more among them", rounds, lambda: overlay.update(next(waiting)))
    pace = pace_ms(network, TravelMode.BLUE_LIGHT)
    some = np.sort(rng.choice(m, 1000, replace=False)).astype(np.int32)
    for what, edges in (
        ("weights of 1,000 edges, one vehicle", some),
        ("weights of every edge, one vehicle", None),
    ):
        weigh = partial(edge_weights, network, ENGINE, pace, overlay, edges)
        table.time(what, rounds, weigh)
    table.time("all end at once", 1, lambda: overlay.update(NO_CONDITIONS))


def speeds(table: Table, network: RoadNetwork, rounds: int, rng: np.random.Generator) -> None:
    """Lines matched to edges, then 100,000 records a minute."""
    index = EdgeIndex(network)
    driven = np.flatnonzero(~network.has_flag(EdgeFlag.WATER | EdgeFlag.AGAINST_ONEWAY))
    lines = {}
    for edge in rng.choice(driven, 10_000, replace=False).tolist():
        points = network.edge_line(edge)
        if len(set(points)) > 1:
            lon, lat = zip(*points, strict=True)
            lines[str(edge)] = FeedLine(lon, lat, CoordinateSystem.WGS84)
    feed = SpeedFeed(index)
    table.time(f"{len(lines):,} lines matched to edges", 1, lambda: feed.register(lines))
    where = rng.choice(list(lines), 100_000).tolist()
    kph, at_s = rng.uniform(5, 60, len(where)), np.full(len(where), NOW.timestamp())
    live = LiveSpeeds.none(network.edge_count)

    def minute() -> None:
        measured = feed.read(SpeedRecords(where, kph, at_s), NOW)
        live.with_measured(measured.edges, measured.kph, measured.measured_s, NOW)

    table.time("100,000 records of those segments", rounds, minute)
    measured = feed.read(SpeedRecords(where, kph, at_s), NOW)
    live = live.with_measured(measured.edges, measured.kph, measured.measured_s, NOW)
    pace = partial(pace_ms, network, TravelMode.BLUE_LIGHT, live=live, now=NOW)
    table.time("pace of one mode from them", rounds, pace)


def main() -> None:
    """Measure and print; ``--json FILE`` keeps the figures."""
    parser = parser_of(__doc__, quick="fewer rounds")
    parser.add_argument("network", nargs="?", type=Path, help="a network file; none: the grid")
    options = parser.parse_args()
    network = store.load(options.network) if options.network else grid(160, 160)
    print(f"{network.name}: {network.edge_count:,} edges")
    table, rounds = Table(), 3 if options.quick else 21
    conditions(table, network, rounds, np.random.default_rng(1))
    speeds(table, network, rounds, np.random.default_rng(2))
    keep({"network": network.name, "edges": network.edge_count, "ms": table}, options.json)


if __name__ == "__main__":
    main()
