"""What changing streets cost: conditions, weights, pace, measured speeds and drawn lines.

On a network file, or on a made-up grid of 160 by 160 streets (101,760 edges). Medians of
``--rounds``, milliseconds of one core; compare rows of one table, not absolute figures.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

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


def milliseconds(rounds: int, work: Callable[[], object]) -> float:
    """Median time of some work."""
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)


def condition(number: int, first: int, edges: int) -> Condition:
    """A condition on four edges in a row."""
    effect = EFFECTS[number % len(EFFECTS)]
    row = edge_set(range(first, min(first + 4, edges)))
    return Condition(f"C{number}", row, effect, usual_modes(effect))


def told(what: str, value_ms: float) -> None:
    """One row of the table."""
    print(f"{what:60} {value_ms:10.2f} ms", flush=True)


def conditions(network: RoadNetwork, rounds: int, rng: np.random.Generator) -> None:
    """10,000 conditions at once, one more, all ended; then weights."""
    m = network.edge_count
    many = Conditions().with_all(
        condition(i, int(first), m) for i, first in enumerate(rng.integers(m, size=10_000))
    )
    overlay = Overlay(network)
    told("10,000 conditions begin at once", milliseconds(1, lambda: overlay.update(many)))
    states = [many.with_closure("one more", [edge]) for edge in rng.integers(m, size=2 * rounds)]
    waiting = iter(states)
    told("one more among them", milliseconds(rounds, lambda: overlay.update(next(waiting))))
    pace = pace_ms(network, TravelMode.BLUE_LIGHT)
    some = np.sort(rng.choice(m, 1000, replace=False)).astype(np.int32)
    for what, edges in (("weights of 1,000 edges, one vehicle", some), ("of every edge", None)):
        work = lambda edges=edges: edge_weights(network, ENGINE, pace, overlay, edges)  # noqa: E731 -- timed as it is
        told(what, milliseconds(rounds, work))
    told("all end at once", milliseconds(1, lambda: overlay.update(NO_CONDITIONS)))


def speeds(network: RoadNetwork, rounds: int, rng: np.random.Generator) -> None:
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
    told(f"{len(lines):,} lines matched to edges", milliseconds(1, lambda: feed.register(lines)))
    where = rng.choice(list(lines), 100_000).tolist()
    kph, at_s = rng.uniform(5, 60, len(where)), np.full(len(where), NOW.timestamp())
    live = LiveSpeeds.none(network.edge_count)

    def minute() -> None:
        measured = feed.read(SpeedRecords(where, kph, at_s), NOW)
        live.with_measured(measured.edges, measured.kph, measured.measured_s, NOW)

    told("100,000 records of those segments", milliseconds(rounds, minute))
    measured = feed.read(SpeedRecords(where, kph, at_s), NOW)
    live = live.with_measured(measured.edges, measured.kph, measured.measured_s, NOW)
    work = lambda: pace_ms(network, TravelMode.BLUE_LIGHT, live=live, now=NOW)  # noqa: E731 -- timed as it is
    told("pace of one mode from them", milliseconds(rounds, work))


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", nargs="?", type=Path, help="a network file; none: the grid")
    parser.add_argument("--rounds", type=int, default=21)
    arguments = parser.parse_args()
    network = store.load(arguments.network) if arguments.network else grid(160, 160)
    print(f"{network.name}: {network.edge_count:,} edges")
    conditions(network, arguments.rounds, np.random.default_rng(1))
    speeds(network, arguments.rounds, np.random.default_rng(2))


if __name__ == "__main__":
    main()
