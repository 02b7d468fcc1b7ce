"""From a network and observed trips to a calibration, with an account of what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.calibration.calibrate import FEWEST_TRIPS, HeldOut, draw, fit, held_out
from roadnets.calibration.synthetic_trips import known_calibration, synthetic_trips
from roadnets.calibration.trips import Refused, Samples, Trip, measure
from roadnets.calibration.uncertainty import Calibration
from roadnets.errors import SourceError
from roadnets.imports.streets import Tell, silence
from roadnets.live import LiveRoads
from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared
from roadnets.sources.tripfile import TripFile
from roadnets.travel import TravelMode, TravelTimes
from roadnets.weights.congestion import FLAT, Congestion, zone_of
from roadnets.weights.pace import pace_ms


class Calibrated(NamedTuple):
    """What came of it.

    Attributes
    ----------
    calibration
        The fit to every trip that can be used.
    scores
        Of fits to a part of them, on the others.
    used
        How many trips can be used.
    refused
        Every other, by its line.
    truth
        What made-up trips follow; None for real ones.
    """

    calibration: Calibration
    scores: tuple[HeldOut, ...]
    used: int
    refused: tuple[Refused, ...]
    truth: Calibration | None = None


def calibrate_to(
    network: RoadNetwork,
    prepared: Prepared,
    file: TripFile,
    zone: str,
    congestion: Congestion = FLAT,
    tell: Tell = silence,
) -> Calibrated:
    """Fit a calibration to observed trips.

    Parameters
    ----------
    network, prepared
        The streets and their hierarchy.
    file
        What was observed.
    zone
        Of the hours.
    congestion
        That of the engine whose times are to be calibrated.
    tell
        Told each step as it begins.

    Raises
    ------
    SourceError
        Fewer than 30 trips can be used.
    ValueError
        ``zone`` is none.
    """
    hours = zone_of(zone)
    tell(f"asking the engine for {len(file.trips):,} trips")
    travel_at = _travel_at(network, prepared, _modes(file.trips), congestion)
    measured = measure(network, file.trips, travel_at, hours)
    refused = tuple(sorted((*file.refused, *measured.refused)))
    return _fitted(measured.samples, zone, "trips", refused, tell)


def calibrate_to_synthetic(
    network: RoadNetwork,
    prepared: Prepared,
    count: int,
    seed: int,
    zone: str,
    congestion: Congestion = FLAT,
    tell: Tell = silence,
) -> Calibrated:
    """Fit a calibration to made-up trips that follow a known one; others as of ``calibrate_to``.

    Parameters
    ----------
    count, seed
        How many trips, and which.

    Raises
    ------
    SourceError
        Fewer than 30 trips can be used.
    ValueError
        ``zone`` is none, or ``count`` or ``seed`` is below 0.
    """
    hours = zone_of(zone)
    for what, number in (("count", count), ("seed", seed)):
        if number < 0:
            raise ValueError(f"{what} is {number}; allowed: 0 or more")
    tell(f"making {count:,} trips up")
    trips = synthetic_trips(network, count, seed, hours)
    travel_at = _travel_at(network, prepared, _modes(trips), congestion)
    measured = measure(network, trips, travel_at, hours, most_times=float("inf"))
    truth = known_calibration(zone)
    samples = draw(measured.samples, truth, np.random.default_rng(seed + 1))
    found = _fitted(samples, zone, "made-up trips", measured.refused, tell)
    return found._replace(truth=truth)


def refused_lines(refused: Sequence[Refused], trips: int) -> str:
    """Count the trips that cannot be used, and tell of each its line and the reason."""
    head = f"{len(refused):,} of {trips:,} trips refused" + (":" if refused else "")
    lines = [f"  line {row.line}: {row.reason}" for row in refused]
    return "\n".join([head, *lines])


def _fitted(
    samples: Samples, zone: str, what: str, refused: tuple[Refused, ...], tell: Tell
) -> Calibrated:
    if len(samples) < FEWEST_TRIPS:
        reasons = "; ".join(f"line {r.line}: {r.reason}" for r in refused[:3])
        raise SourceError(
            f"{len(samples)} trips can be used; needed: {FEWEST_TRIPS} or more"
            + (f". Refused: {len(refused)} ({reasons} …)" if refused else "")
        )
    tell("fitting")
    calibration = fit(samples, zone, f"{len(samples):,} {what}")
    tell("fitting to parts, to try the fit on the rest")
    return Calibrated(calibration, held_out(samples, zone), len(samples), refused)


def _modes(trips: Sequence[Trip]) -> Collection[TravelMode]:
    counted = Counter(trip.mode for trip in trips)
    return [mode for mode in TravelMode if counted[mode]]


def _travel_at(
    network: RoadNetwork,
    prepared: Prepared,
    modes: Collection[TravelMode],
    congestion: Congestion,
) -> Callable[[int], TravelTimes]:
    """Give the engine of each slot of the week; one set of weights is kept at a time."""

    def pace(slot: int) -> dict[TravelMode, NDArray[np.int32]]:
        return {mode: pace_ms(network, mode, congestion, slot) for mode in modes}

    roads = LiveRoads(network, pace(0), prepared, modes)
    in_force = 0

    def travel_at(slot: int) -> TravelTimes:
        nonlocal in_force
        if not all(congestion.is_flat(hour) for hour in (in_force, slot)):
            roads.repace(pace(slot))
        in_force = slot
        return roads.travel()

    return travel_at
