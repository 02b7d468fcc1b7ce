"""A fifth of a city under water: 10,000 conditions begin, are exact, and end.

And mistakes: what is said to each, and that nothing changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from dispatch.conditions.desk import SetCondition, set_condition
from dispatch.conditions.model import ConditionsState, StreetsNamed
from dispatch.errors import DispatchError
from roadnets.engine import TravelEngine
from roadnets.errors import PointError, UnknownStreetError
from roadnets.geo import LonLat, Polygon
from roadnets.live import LiveRoads
from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared
from roadnets.snapping.snap import Snapper
from roadnets.travel import Snap, TravelMode
from roadnets.weights.conditions import NO_CONDITIONS, Condition, Conditions, Flooded, edge_set
from roadnets.weights.edge_index import EdgeIndex
from roadnets.weights.live_speeds import LiveSpeeds
from roadnets.weights.selectors import StreetSelector, resolve
from roadnets.weights.speeds import all_base_weights, drivable

CONDITIONS: Final = 10_000
SHARE: Final = 0.2
TARGET_S: Final = 1.0

NOW: Final = datetime(2026, 7, 20, 8, tzinfo=UTC)

Tell = Callable[[str], None]


def measure(network: RoadNetwork, prepared: Prepared, tell: Tell) -> dict[str, Any]:
    """Flood the lowest-numbered district of a city, street by street.

    Parameters
    ----------
    network, prepared
        The streets.
    tell
        Told each step.
    """
    tell("flood: preparing the modes")
    pace = all_base_weights(network)
    live = LiveRoads(network, pace, prepared, modes=tuple(TravelMode))
    rng = np.random.default_rng(10)
    streets = np.flatnonzero(drivable(network, TravelMode.BLUE_LIGHT))
    snaps = [Snap(int(edge), 0.5, 0.0) for edge in rng.choice(streets, 20)]
    before = {mode: live.travel().matrix(mode, snaps, snaps) for mode in TravelMode}
    flood = _flood(network, streets, rng)
    tell("flood: water rises")
    began = time.perf_counter()
    live.travel(flood)
    apply_s = time.perf_counter() - began
    oracle = TravelEngine.plain(network, flood, pace)
    mismatches = sum(
        int((live.travel(flood).matrix(m, snaps, snaps) != oracle.matrix(m, snaps, snaps)).sum())
        for m in TravelMode
    )
    one_more_ms = _one_more_ms(live, flood, streets, rng)
    tell("flood: water falls")
    began = time.perf_counter()
    live.travel(NO_CONDITIONS)
    end_s = time.perf_counter() - began
    left_over = sum(
        int((live.travel().matrix(m, snaps, snaps) != before[m]).sum()) for m in TravelMode
    )
    return {
        "conditions": len(flood.by_id),
        "edges_under_water": int(sum(len(c.edges) for c in flood)),
        "edges": network.edge_count,
        "apply_s": apply_s,
        "end_s": end_s,
        "target_s": TARGET_S,
        "met": max(apply_s, end_s) <= TARGET_S and mismatches == left_over == 0,
        "mismatches": mismatches,
        "left_over_after_end": left_over,
        "one_more_closure_ms": one_more_ms,
        "bad_input": _bad_input(network, live),
    }


def _flood(network: RoadNetwork, streets: np.ndarray, rng: np.random.Generator) -> Conditions:
    """One condition a stretch of street, on the fifth of the city that lies lowest (southmost)."""
    south = streets[np.argsort(network.node_lat[network.edge_tail[streets]], kind="stable")]
    wet = south[: int(SHARE * len(south))]
    parts = np.array_split(wet, min(CONDITIONS, len(wet)))
    depths = rng.uniform(0.05, 1.5, len(parts))
    return NO_CONDITIONS.with_all(
        Condition(f"W{number}", edge_set(part), Flooded(float(depth)))
        for number, (part, depth) in enumerate(zip(parts, depths, strict=True))
    )


def _one_more_ms(
    live: LiveRoads, flood: Conditions, streets: np.ndarray, rng: np.random.Generator
) -> float:
    """Close one more street of a flooded city, over all modes; the median of several."""
    taken = []
    for number, edge in enumerate(rng.choice(streets, 15).tolist()):
        closed = flood.with_closure(f"one more {number}", [edge])
        began = time.perf_counter()
        live.travel(closed)
        taken.append((time.perf_counter() - began) * 1000)
        live.travel(flood)
    return float(np.median(taken))


def _bad_input(network: RoadNetwork, live: LiveRoads) -> dict[str, str]:
    """What is said to mistakes, none of which changes anything."""
    west, south, east, north = network.bounds
    bow = (LonLat(west, south), LonLat(east, north), LonLat(east, south), LonLat(west, north))
    index = EdgeIndex(network)
    snapper = Snapper(network)
    cases: dict[str, Callable[[], object]] = {
        "an unknown street": lambda: resolve(network, StreetSelector(name="Nowhere Street")),
        "an unknown edge": lambda: resolve(network, StreetSelector(edges=(10**9,))),
        "a polygon that crosses itself": lambda: resolve(
            network, StreetSelector(polygons=(Polygon(bow),)), index
        ),
        "an end before its start": lambda: set_condition(
            ConditionsState(),
            SetCondition(
                streets=StreetsNamed(edges=(0,)),
                edges=(0,),
                modes=(TravelMode.CIVILIAN,),
                reason="works",
                end=NOW - timedelta(hours=1),
            ),
            NOW,
        ),
        "a negative speed": lambda: LiveSpeeds.none(network.edge_count).with_measured(
            [0], [-5.0], NOW.timestamp(), NOW
        ),
        "a negative depth": lambda: Condition("x", edge_set([0]), Flooded(-1.0)),
        "a point in the sea": lambda: snapper.snap(
            LonLat(west - 1.0, south), TravelMode.BLUE_LIGHT
        ),
    }
    said = {}
    engine = live.travel()
    for name, case in cases.items():
        try:
            case()
        except (ValueError, UnknownStreetError, PointError, DispatchError) as error:
            said[name] = str(error)
        else:
            said[name] = "NOT REFUSED"
    said["the network stays as it was"] = str(live.travel() is engine)
    return said
