"""TravelTimes: how long from here to there, on the roads as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roadnets.geo import UNREACHABLE, LonLat, Seconds


class TravelMode(StrEnum):
    """Who drives."""

    BLUE_LIGHT = "blue_light"
    CIVILIAN = "civilian"


@dataclass(frozen=True, slots=True)
class Snap:
    """A point put on its street.

    Attributes
    ----------
    edge
        The edge whose line is nearest.
    fraction
        How far along that edge, 0 at the tail, 1 at the head.
    distance_m
        From the point to the street, metres.
    """

    edge: int
    fraction: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of a route on one street name."""

    name: str
    name_en: str
    length_m: int
    duration_s: Seconds


@dataclass(frozen=True, slots=True)
class Route:
    """A way from one snap to another; ``edges`` in driving order, ``line`` its geometry.

    The first and last edge may be driven in part; ``line`` is cut at the snaps, and is a single
    point where nothing is driven. Lengths and durations of the legs add up to those of the route.
    """

    duration_s: Seconds
    length_m: int
    edges: tuple[int, ...]
    line: tuple[LonLat, ...]
    legs: tuple[Leg, ...]


class TravelTimes(Protocol):
    """Travel times for one set of conditions; an engine is immutable and safe to share.

    All durations are whole seconds, rounded half up once from exact milliseconds;
    ``UNREACHABLE`` where there is no way. A snap may leave and be reached in either direction of
    its street that the mode may drive; nothing leaves or arrives along a closed edge, so a snap
    on a street closed both ways is unreachable, even from itself.
    """

    def one_to_many(
        self, mode: TravelMode, origin: Snap, targets: Sequence[Snap]
    ) -> NDArray[np.int64]:
        """Seconds from ``origin`` to each target, int64 (len(targets),)."""
        ...

    def many_to_one(
        self, mode: TravelMode, origins: Sequence[Snap], target: Snap
    ) -> NDArray[np.int64]:
        """Seconds from each origin to ``target``, int64 (len(origins),)."""
        ...

    def matrix(
        self, mode: TravelMode, origins: Sequence[Snap], targets: Sequence[Snap]
    ) -> NDArray[np.int64]:
        """Seconds from each origin to each target, int64 (len(origins), len(targets))."""
        ...

    def route(self, mode: TravelMode, origin: Snap, target: Snap) -> Route | None:
        """Find the fastest way with its geometry, or None where there is none."""
        ...


def whole_seconds(milliseconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round durations half up, the one place where durations are rounded.

    Parameters
    ----------
    milliseconds
        Whole milliseconds as float64 of any shape, infinite where there is no way.

    Returns
    -------
    NDArray[np.int64]
        Seconds of the same shape; ``UNREACHABLE`` where there is no way.
    """
    reachable = np.isfinite(milliseconds)
    seconds = np.floor((np.where(reachable, milliseconds, 0) + 500) / 1000)
    return np.where(reachable, seconds, UNREACHABLE).astype(np.int64)
