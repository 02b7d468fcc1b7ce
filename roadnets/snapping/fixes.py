"""Fix: what a vehicle reports of where it is; and a track of the last few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.geo import LocalProjection, LonLat, check_points, distance_m

TRACK_KEPT: Final = 10
"""So many fixes are enough to tell where a vehicle has come from."""

TYPICAL_ACCURACY_M: Final = 10.0
"""Of a position that does not say how exact it is: what receivers on vehicles reach in a city."""

_LEAST_ACCURACY_M: Final = 5.0
"""Lanes lie so far from the line that the map draws, however exact the receiver."""

_STANDING_M: Final = 25.0
"""A vehicle whose fixes are all so near to each other stands."""

_STANDING_KPH: Final = 5.0

_FASTEST_KPH: Final = 400.0


@dataclass(frozen=True, slots=True)
class Fix:
    """One position that a vehicle reports of itself.

    Attributes
    ----------
    point
        Where.
    time_s
        When, in seconds on any clock that the fixes of one track share; None where not known.
    heading_deg
        Which way it moves, clockwise from north, 0 to 360.
    speed_kph
        How fast, 0 to 400.
    accuracy_m
        Standard deviation of its position, above 0; ``TYPICAL_ACCURACY_M`` where None.

    Raises
    ------
    ValueError
        A field is out of range; names it and what is allowed.
    """

    point: LonLat
    time_s: float | None = None
    heading_deg: float | None = None
    speed_kph: float | None = None
    accuracy_m: float | None = None

    def __post_init__(self) -> None:
        if self.time_s is not None and not math.isfinite(self.time_s):
            raise ValueError(f"time_s is {self.time_s}; allowed: any number of seconds")
        if self.heading_deg is not None and not 0 <= self.heading_deg <= 360:
            raise ValueError(f"heading_deg is {self.heading_deg}; allowed: 0 to 360")
        if self.speed_kph is not None and not 0 <= self.speed_kph <= _FASTEST_KPH:
            raise ValueError(f"speed_kph is {self.speed_kph}; allowed: 0 to {_FASTEST_KPH:.0f}")
        if self.accuracy_m is not None and not 0 < self.accuracy_m < math.inf:
            raise ValueError(f"accuracy_m is {self.accuracy_m}; allowed: above 0")

    @property
    def sigma_m(self) -> float:
        """Standard deviation of the distance to the line of its street, metres."""
        return max(self.accuracy_m or TYPICAL_ACCURACY_M, _LEAST_ACCURACY_M)


def follow(track: Sequence[Fix], fix: Fix, most: int = TRACK_KEPT) -> tuple[Fix, ...]:
    """Add a fix to the track of a vehicle, and forget what no longer tells anything.

    Of a vehicle that stands, the first and the newest fix are kept: where it came from would be
    forgotten otherwise, and how long it has been standing.

    Parameters
    ----------
    track
        Its last fixes, oldest first.
    fix
        The newest. One that is not newer than the last of the track is left out.
    most
        How many to keep, at least 2.

    Returns
    -------
    tuple of Fix
        The track to match, and to keep until the next fix.
    """
    kept = list(track)
    if kept and _out_of_order(kept[-1], fix):
        return tuple(kept)
    if len(kept) >= 2 and all(distance_m(f.point, fix.point) <= _STANDING_M for f in kept[-2:]):
        kept.pop()
    return (*kept, fix)[-most:]


def check_track(track: Sequence[Fix]) -> None:
    """Refuse a track without fixes, or whose times fall.

    Raises
    ------
    ValueError
        Says which fix.
    """
    if not track:
        raise ValueError("a track needs at least one fix")
    for index, (earlier, later) in enumerate(pairwise(track), 1):
        if later.time_s != earlier.time_s and _out_of_order(earlier, later):
            raise ValueError(
                f"time_s of fix {index} is {later.time_s}, before {earlier.time_s} of the fix "
                "before it; allowed: oldest first"
            )


def _out_of_order(earlier: Fix, later: Fix) -> bool:
    if earlier.time_s is None or later.time_s is None:
        return False
    return later.time_s <= earlier.time_s


class Motion(NamedTuple):
    """What the fixes of some tracks tell, one after the other.

    Attributes
    ----------
    metres
        float64 (j, 2), where each fix is, local metres.
    sigma_m
        float64 (j,), how exact.
    heading_deg, speed_kph
        float64 (j,), NaN where not known. A speed that was not reported is that of the way from
        the fix before; a heading at walking pace is none.
    standing_s
        float64 (j,), for how long the vehicle has been standing, 0 where it moves or nobody knows.
    """

    metres: NDArray[np.float64]
    sigma_m: NDArray[np.float64]
    heading_deg: NDArray[np.float64]
    speed_kph: NDArray[np.float64]
    standing_s: NDArray[np.float64]


def motion_of(tracks: Sequence[Sequence[Fix]], projection: LocalProjection) -> Motion:
    """Tell how vehicles moved, from their tracks one after the other.

    Raises
    ------
    PointError
        A fix is not on the earth; says which.
    """
    fixes = [fix for track in tracks for fix in track]
    lon, lat = np.array([fix.point for fix in fixes], np.float64).T
    check_points(lon, lat)
    metres = projection.to_metres(lon, lat)
    places = [(east, north) for east, north in metres.tolist()]
    speed_kph: list[float] = []
    standing_s: list[float] = []
    first = 0
    for track in tracks:
        here = places[first : first + len(track)]
        speed_kph += _speeds(track, here)
        standing_s += [_standing_s(track[: i + 1], here[: i + 1]) for i in range(len(track))]
        first += len(track)
    speed = np.array(speed_kph, np.float64)
    heading = np.array([math.nan if f.heading_deg is None else f.heading_deg for f in fixes])
    return Motion(
        metres=metres,
        sigma_m=np.array([fix.sigma_m for fix in fixes]),
        heading_deg=np.where(speed < _STANDING_KPH, np.nan, heading),
        speed_kph=speed,
        standing_s=np.array(standing_s, np.float64),
    )


Place = tuple[float, float]


def _speeds(track: Sequence[Fix], places: Sequence[Place]) -> list[float]:
    """Reported speeds, and others where the fixes before are far enough away to tell."""
    speeds = [math.nan if fix.speed_kph is None else fix.speed_kph for fix in track]
    for i in range(1, len(track)):
        if not math.isnan(speeds[i]):
            continue
        before, fix = track[i - 1], track[i]
        moved_m = math.dist(places[i - 1], places[i])
        if _out_of_order(before, fix) or moved_m < 3 * (before.sigma_m + fix.sigma_m):
            continue
        if before.time_s is not None and fix.time_s is not None:
            speeds[i] = min(moved_m / (fix.time_s - before.time_s) * 3.6, _FASTEST_KPH)
    return speeds


def _standing_s(track: Sequence[Fix], places: Sequence[Place]) -> float:
    """For how long a vehicle has been where the last of its fixes is."""
    last, here = track[-1], places[-1]
    if last.time_s is None or (last.speed_kph or 0) >= _STANDING_KPH:
        return 0.0
    since_s = last.time_s
    for fix, place in zip(track[-2::-1], places[-2::-1], strict=True):
        if fix.time_s is None or math.dist(place, here) > _STANDING_M:
            break
        since_s = fix.time_s
    return last.time_s - since_s
