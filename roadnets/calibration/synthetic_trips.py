"""Made-up trips whose uncertainty is known, to show that a calibration finds it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.calibration.trips import Trip
from roadnets.calibration.uncertainty import Calibration, Cell, RoadGroup, Spread, TimeGroup
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.travel import TravelMode
from roadnets.weights.speeds import drivable

_FIRST_DAY: Final = datetime(2026, 3, 2)  # noqa: DTZ001 - a Monday in whatever zone is asked for
_DAYS: Final = 28
_BLUE_SHARE: Final = 0.7

_BASE: Final = Spread(1.12, 0.94, 0.18, 0.28)
_OF_MODE: Final = MappingProxyType({TravelMode.BLUE_LIGHT: 1.0, TravelMode.CIVILIAN: 1.25})
_OF_TIME: Final = MappingProxyType({TimeGroup.PEAK: 1.2, TimeGroup.DAY: 1.0, TimeGroup.NIGHT: 0.88})
_OF_ROAD: Final = MappingProxyType({RoadGroup.MAIN: 0.97, RoadGroup.LOCAL: 1.06})


def known_calibration(zone: str) -> Calibration:
    """Give the calibration that made-up trips follow."""
    spreads: Mapping[Cell, Spread] = {
        Cell(mode, time, road): Spread(
            _BASE.factor * by_mode * by_time * by_road,
            _BASE.exponent,
            _BASE.cv_floor * by_mode,
            _BASE.cv_short * by_time,
        )
        for mode, by_mode in _OF_MODE.items()
        for time, by_time in _OF_TIME.items()
        for road, by_road in _OF_ROAD.items()
    }
    return Calibration(MappingProxyType(dict(spreads)), zone, "made up")


def synthetic_trips(network: RoadNetwork, count: int, seed: int, zone: tzinfo) -> list[Trip]:
    """Make trips between junctions up; what they took is a second each, to be drawn later.

    Parameters
    ----------
    network
        The streets.
    count
        How many.
    seed
        The same seed gives the same trips.
    zone
        Departures are spread over four weeks there.
    """
    rng = np.random.default_rng(seed)
    modes = np.where(rng.random(count) < _BLUE_SHARE, TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN)
    seconds = rng.integers(0, _DAYS * 86_400, count)
    ends = {mode: _junctions(network, mode) for mode in _OF_MODE}
    trips = []
    for line, (mode, second) in enumerate(zip(modes.tolist(), seconds.tolist(), strict=True), 1):
        origin, destination = rng.choice(ends[TravelMode(mode)], 2)
        trips.append(
            Trip(
                line=line,
                origin=_point(network, origin),
                destination=_point(network, destination),
                departure=_FIRST_DAY.replace(tzinfo=zone) + timedelta(seconds=second),
                driven_s=1.0,
                mode=TravelMode(mode),
            )
        )
    return trips


def _junctions(network: RoadNetwork, mode: TravelMode) -> NDArray[np.int32]:
    """Nodes from which a mode may drive on, ascending."""
    nodes: NDArray[np.int32] = np.unique(network.edge_tail[drivable(network, mode)])
    return nodes


def _point(network: RoadNetwork, node: int) -> LonLat:
    return LonLat(float(network.node_lon[node]), float(network.node_lat[node]))
