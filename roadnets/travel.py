"""TravelTimes: how long from here to there, on the roads as they are now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from roadnets.geo import UNREACHABLE, LonLat, Seconds


class TravelMode(StrEnum):
    """Who drives."""

    BLUE_LIGHT = "blue_light"
    CIVILIAN = "civilian"
    HIGH_CLEARANCE = "high_clearance"  # a truck that wades deeper, on the streets of civilians
    BOAT = "boat"  # on navigable water and on streets deep enough under water


MODE_BIT: Final[Mapping[TravelMode, int]] = MappingProxyType(
    {mode: 1 << place for place, mode in enumerate(TravelMode)}
)
"""One bit for each mode, for arrays that say whom something concerns."""

SMALLEST_SIZE: Final = 0.01
"""Metres or tonnes: less is no vehicle, and in the end no number, since limits are float32."""

SIZES: Final = ("height_m", "width_m", "weight_t", "wading_m")
"""Fields of a ``Vehicle`` that limits of the road are compared with."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Who drives, and what limits of the road concern it.

    Attributes
    ----------
    mode
        How it drives.
    height_m, width_m, weight_t
        Its size, metres and tonnes; None where no limit of height, width or weight is to be heeded.
    wading_m
        How deep water it can drive through, metres, or the draught of a boat; None for what is
        usual in its mode (``roadnets.weights.flood``).

    Raises
    ------
    ValueError
        A size is below ``SMALLEST_SIZE`` or infinite; names it and what is allowed.
    """

    mode: TravelMode
    height_m: float | None = None
    width_m: float | None = None
    weight_t: float | None = None
    wading_m: float | None = None

    def __post_init__(self) -> None:
        for name in SIZES:
            size = getattr(self, name)
            if size is not None and not SMALLEST_SIZE <= size < math.inf:
                raise ValueError(f"{name} is {size}; allowed: {SMALLEST_SIZE:g} or more")


Traveller = TravelMode | Vehicle
"""A mode by itself is a vehicle of that mode without limits."""


def vehicle_of(traveller: Traveller) -> Vehicle:
    """Give the vehicle that a traveller is."""
    return traveller if isinstance(traveller, Vehicle) else Vehicle(traveller)


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
    ``edge_end_s`` is when each edge, or what is driven of it, is behind.
    """

    duration_s: Seconds
    length_m: int
    edges: tuple[int, ...]
    edge_end_s: tuple[Seconds, ...]
    line: tuple[LonLat, ...]
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """What lies within so many seconds of some places: parts of edges, in driving direction.

    An edge is reached in part where its tail is reached late, or where a place on it is the origin;
    it then may have two parts, one from its tail and one from the origin.

    Attributes
    ----------
    edge
        int32 (k,), ascending: every edge of which some part is reached, once for each part.
    begin, end
        float64 (k,), the part that is reached, as fractions of the edge, ``begin < end``; the
        parts of one edge ascend and do not touch.
    seconds
        int64 (k,), when the part is first entered.
    """

    edge: NDArray[np.int32]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    seconds: NDArray[np.int64]


class TravelTimes(Protocol):
    """Travel times on the roads as they are at one moment; immutable and safe to share.

    All durations are whole seconds, rounded half up once from exact milliseconds;
    ``UNREACHABLE`` where there is no way. A snap may leave and be reached in either direction of
    its street that the vehicle may drive. A closed street is closed to those who drive through; a
    place on it is reached, and left, along it. One that cannot be driven at all (impassable, under
    too deep water) is not: a place on it is unreachable, even from itself.
    """

    def one_to_many(
        self, traveller: Traveller, origin: Snap, targets: Sequence[Snap]
    ) -> NDArray[np.int64]:
        """Seconds from ``origin`` to each target, int64 (len(targets),)."""
        ...

    def many_to_one(
        self, traveller: Traveller, origins: Sequence[Snap], target: Snap
    ) -> NDArray[np.int64]:
        """Seconds from each origin to ``target``, int64 (len(origins),)."""
        ...

    def matrix(
        self, traveller: Traveller, origins: Sequence[Snap], targets: Sequence[Snap]
    ) -> NDArray[np.int64]:
        """Seconds from each origin to each target, int64 (len(origins), len(targets))."""
        ...

    def route(self, traveller: Traveller, origin: Snap, target: Snap) -> Route | None:
        """Find the fastest way with its geometry, or None where there is none."""
        ...

    def alternatives(
        self, traveller: Traveller, origin: Snap, target: Snap, most: int = 2
    ) -> tuple[Route, ...]:
        """Find up to ``most`` meaningfully different ways besides the fastest, best first."""
        ...

    def reach(self, traveller: Traveller, origins: Sequence[Snap], seconds: int) -> Reach:
        """Find what can be reached from any of some places in so many seconds."""
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
