"""Observed trips beside what the engine says of them: what a calibration is fitted to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from roadnets.calibration.uncertainty import Cell, road_group, time_group
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.snapping.snap import Snapper
from roadnets.travel import Route, Snap, TravelMode, TravelTimes
from roadnets.weights.congestion import week_slot

SHORTEST_S: Final = 10
"""A trip that the engine gives less than this tells of clocks rather than of streets."""

MOST_TIMES: Final = 10.0
"""A trip that took more or less than the engine's time by such a factor was not driven as told."""


@dataclass(frozen=True, slots=True)
class Trip:
    """One vehicle driven from one place to another, as somebody recorded it.

    Attributes
    ----------
    line
        Where it was recorded, for people.
    origin, destination
        WGS84.
    departure
        When the wheels began to roll, with a time zone.
    driven_s
        Seconds until they stood at the destination.
    """

    line: int
    origin: LonLat
    destination: LonLat
    departure: datetime
    driven_s: float
    mode: TravelMode


class Refused(NamedTuple):
    """A trip that cannot be used, by the line that recorded it, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """k trips as a fit sees them.

    Attributes
    ----------
    engine_s
        float64 (k,), the engine's time, above 0.
    driven_s
        float64 (k,), how long it really took, above 0.
    cells
        The narrowest cells that they are of, each once.
    cell
        int64 (k,), the one of ``cells`` that each is of.
    """

    engine_s: NDArray[np.float64]
    driven_s: NDArray[np.float64]
    cells: tuple[Cell, ...]
    cell: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.cell)

    @classmethod
    def of(
        cls, engine_s: NDArray[np.float64], driven_s: NDArray[np.float64], cells: Sequence[Cell]
    ) -> Self:
        """Samples of times (k,) and k cells, which may be there again and again."""
        number = {cell: i for i, cell in enumerate(dict.fromkeys(cells))}
        cell = np.fromiter((number[own] for own in cells), np.int64, len(cells))
        return cls(engine_s, driven_s, tuple(number), cell)

    def chosen(self, which: NDArray[np.bool_]) -> Self:
        """Some of them, by a bool for each (k,)."""
        return replace(
            self,
            engine_s=self.engine_s[which],
            driven_s=self.driven_s[which],
            cell=self.cell[which],
        )

    def inside(self, cell: Cell) -> NDArray[np.bool_]:
        """Whether each is of a cell, be it as wide as it may, bool (k,)."""
        parts = [
            own.mode is cell.mode
            and cell.time in (None, own.time)
            and cell.road in (None, own.road)
            for own in self.cells
        ]
        return np.array(parts, np.bool_)[self.cell]


class Measured(NamedTuple):
    """Trips that can be used, those that cannot, and the lines of the former."""

    samples: Samples
    refused: tuple[Refused, ...]


def measure(
    network: RoadNetwork,
    trips: Sequence[Trip],
    travel_at: Callable[[int], TravelTimes],
    zone: tzinfo,
    most_times: float = MOST_TIMES,
) -> Measured:
    """Ask the engine for every trip.

    Parameters
    ----------
    network
        The streets.
    trips
        What was observed.
    travel_at
        Gives the engine of a slot of the week (``roadnets.weights.congestion``); asked once a slot,
        in ascending order. It should be the engine whose times are to be calibrated.
    zone
        Of the hours.
    most_times
        A trip that took more times the engine's time, or less by that factor, is refused.

    Returns
    -------
    Measured
        In the order of the trips. Refused is a trip with an end too far from every street, without
        a way, or of less than 10 s.
    """
    ends = _snapped(network, trips)
    slots = [week_slot(trip.departure, zone) for trip in trips]
    found: dict[int, tuple[float, Cell]] = {}
    refused: dict[int, str] = {}
    for slot in sorted(set(slots)):
        travel = travel_at(slot)
        for i in (i for i, own in enumerate(slots) if own == slot):
            trip, (origin, destination) = trips[i], ends[i]
            route = None
            if origin is not None and destination is not None:
                route = travel.route(trip.mode, origin, destination)
            why = _why_not(trip, origin, destination, route, most_times)
            if route is None or why:
                refused[i] = why
                continue
            road = road_group(network, route.edges)
            cell = Cell(trip.mode, time_group(trip.departure, zone), road)
            found[i] = (float(route.duration_s), cell)
    used = sorted(found)
    samples = Samples.of(
        np.array([found[i][0] for i in used], np.float64),
        np.array([trips[i].driven_s for i in used], np.float64),
        [found[i][1] for i in used],
    )
    return Measured(samples, tuple(Refused(trips[i].line, refused[i]) for i in sorted(refused)))


def _snapped(network: RoadNetwork, trips: Sequence[Trip]) -> list[tuple[Snap | None, Snap | None]]:
    snapper = Snapper(network)
    ends: list[tuple[Snap | None, Snap | None]] = [(None, None)] * len(trips)
    for mode in TravelMode:
        own = [i for i, trip in enumerate(trips) if trip.mode is mode]
        origins = snapper.snap_many([trips[i].origin for i in own], mode)
        destinations = snapper.snap_many([trips[i].destination for i in own], mode)
        for i, pair in zip(own, zip(origins, destinations, strict=True), strict=True):
            ends[i] = pair
    return ends


def _why_not(
    trip: Trip,
    origin: Snap | None,
    destination: Snap | None,
    route: Route | None,
    most_times: float,
) -> str:
    """Say why a trip cannot be used; "" where it can."""
    if origin is None:
        return f"its origin, {trip.origin}, is too far from every street"
    if destination is None:
        return f"its destination, {trip.destination}, is too far from every street"
    if route is None:
        return f"there is no way for {trip.mode}"
    engine_s = route.duration_s
    if engine_s < SHORTEST_S:
        return f"the engine gives it {engine_s} s; allowed: {SHORTEST_S} or more"
    if not 1 / most_times <= trip.driven_s / engine_s <= most_times:
        return (
            f"duration_s is {trip.driven_s:g} and the engine gives it {engine_s}; allowed: at most "
            f"{most_times:g} times more or less"
        )
    return ""
