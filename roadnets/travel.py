"""TravelTimes: how long from here to there, on the roads as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roadnets.geo import LonLat, Seconds


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
    """A way from one snap to another; ``edges`` in driving order, ``line`` its geometry."""

    duration_s: Seconds
    length_m: int
    edges: tuple[int, ...]
    line: tuple[LonLat, ...]
    legs: tuple[Leg, ...]


class TravelTimes(Protocol):
    """Travel times for one set of conditions; an engine is immutable and safe to share.

    All durations are whole seconds, rounded half up once from exact milliseconds;
    ``UNREACHABLE`` where there is no way.
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
        """The fastest way with its geometry, or None where there is none."""
        ...
