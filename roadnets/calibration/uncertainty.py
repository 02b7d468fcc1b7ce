"""How far real trips are from the engine's time: a quantile of any travel time.

A trip that the engine gives T seconds takes a random time. Its median is
``factor * T * (T / 300) ** (exponent - 1)``: a ratio that may drift with the size of the trip. Its
coefficient of variation c falls with T towards a floor, ``c**2 = cv_floor**2 + cv_short**2 * 300 /
T``: delays that differ from street to street average out on a long way, what is common to all of it
(the driver, the weather, the traffic of the day) does not. It is log-normal, with
``sigma**2 = log(1 + c**2)``.

The median and coefficient of variation as functions of the size of the trip, and the fall of the
latter, are what Budge, Ingolfsson and Zerom found ("Empirical analysis of ambulance travel times:
the case of Calgary Emergency Medical Services", Management Science 56, 2010). They measure trips by
distance and have heavier tails (Student's t about the logarithm); here the engine's time takes the
place of distance, and a fit (``roadnets.calibration.calibrate``) is widened or narrowed so that its
90th percentile is that of the trips. Beyond it, up to the 99th, the log-normal promises too much.

For the same reason a route's 90th percentile is not the sum of its edges': it is found for the
whole route at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from roadnets.geo import UNREACHABLE
from roadnets.network import HIGHWAY_CLASSES, RoadNetwork
from roadnets.travel import TravelMode, whole_seconds
from roadnets.weights.congestion import CLASS_GROUPS, week_slot, zone_of

REFERENCE_S: Final = 300.0
"""The size of trip at which ``factor`` and ``cv_short`` are told: five minutes."""

LOWEST_QUANTILE: Final = 0.01
HIGHEST_QUANTILE: Final = 0.99
"""Up to here a longer trip never has a smaller quantile, whatever the spread (``_ALLOWED``)."""

_ALLOWED: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "factor": (0.1, 10.0),
        # The quantile z rises with T while exponent > z * x / (2 * (1 + x) * sqrt(log(1 + x))),
        # x = c**2; the fraction is at most 0.3187, so that 0.75 is enough up to z = 2.35.
        "exponent": (0.75, 1.25),
        "cv_floor": (0.0, 1.5),
        "cv_short": (0.0, 1.5),
    }
)


Kind = TypeVar("Kind", bound=StrEnum)


class TimeGroup(StrEnum):
    """Hours that are calibrated together, local time."""

    PEAK = "peak"  # workdays, 7 to 9 and 17 to 19
    DAY = "day"  # any other between 6 and 22
    NIGHT = "night"  # 22 to 6


class RoadGroup(StrEnum):
    """Which streets a way takes for more than half of its metres."""

    MAIN = "main"  # secondary and above
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Spread:
    """How the real times of trips lie about the engine's; the module tells the formulas.

    Attributes
    ----------
    factor
        Median over the engine's time, for a trip of five minutes.
    exponent
        1 where that ratio is the same for trips of every size.
    cv_floor
        Coefficient of variation of a very long trip.
    cv_short
        What is added to it (in squares) for a trip of five minutes.
    trips
        How many observed trips it was fitted to; 0 for a convention.

    Raises
    ------
    ValueError
        A number is not allowed; says which, its value and what is.
    """

    factor: float = 1.0
    exponent: float = 1.0
    cv_floor: float = 0.2
    cv_short: float = 0.25
    trips: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in _ALLOWED.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value:g}; allowed: {low:g} to {high:g}")
        if self.trips < 0:
            raise ValueError(f"trips is {self.trips}; allowed: 0 or more")

    def log_median(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of the median of trips of so many engine seconds, above 0."""
        size = np.log(seconds / REFERENCE_S)
        return math.log(self.factor * REFERENCE_S) + self.exponent * size

    def sigma(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviation of the logarithm of trips of so many engine seconds, above 0."""
        squared_cv = self.cv_floor**2 + self.cv_short**2 * REFERENCE_S / seconds
        sigma: NDArray[np.float64] = np.sqrt(np.log1p(squared_cv))
        return sigma

    def quantile(self, seconds: NDArray[np.float64], q: float) -> NDArray[np.float64]:
        """Seconds within which a share ``q`` of trips is over; 0 for a trip of 0."""
        driven = np.where(seconds > 0, seconds, REFERENCE_S)
        log_s = self.log_median(driven) + float(ndtri(q)) * self.sigma(driven)
        return np.where(seconds > 0, np.exp(log_s), 0.0)


class Cell(NamedTuple):
    """What is calibrated by itself; None stands for all."""

    mode: TravelMode
    time: TimeGroup | None = None
    road: RoadGroup | None = None

    @property
    def wider(self) -> Cell | None:
        """The next larger cell that this one is part of."""
        if self.road is not None:
            return Cell(self.mode, self.time)
        return None if self.time is None else Cell(self.mode)


CONVENTIONS: Final[Mapping[TravelMode, Spread]] = MappingProxyType(
    {
        TravelMode.BLUE_LIGHT: Spread(),
        TravelMode.CIVILIAN: Spread(cv_floor=0.25, cv_short=0.3),
        TravelMode.HIGH_CLEARANCE: Spread(cv_floor=0.25, cv_short=0.3),
        TravelMode.BOAT: Spread(cv_floor=0.35, cv_short=0.3),
    }
)
"""What is assumed of a mode that was never calibrated: a planner's convention.

The engine's time is the median; a trip of a minute under blue light has a coefficient of variation
of 0.6, one of five minutes 0.32, one of twenty 0.24: the shape of Calgary's, to be replaced by
one's own.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Spreads by mode, time of day and kind of way; immutable.

    It moves what is said of a travel time, never which way is fastest.

    Attributes
    ----------
    spreads
        By cell. A cell that is left out is told by the next wider one, and a mode by
        ``CONVENTIONS``.
    zone
        Time zone of the hours, as ``roadnets.weights.congestion.zone_of`` reads it.
    name
        For people.
    """

    spreads: Mapping[Cell, Spread] = field(default_factory=lambda: MappingProxyType({}))
    zone: str = "UTC"
    name: str = "not calibrated"
    _zone: tzinfo = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", zone_of(self.zone))

    def spread(
        self, mode: TravelMode, when: datetime | None = None, road: RoadGroup | None = None
    ) -> Spread:
        """Find the narrowest spread that is known.

        Parameters
        ----------
        mode
            Who drives.
        when
            Departure, with a time zone; None for any.
        road
            Kind of way; None where the way is not known.
        """
        time = None if when is None else time_group(when, self._zone)
        return self.of_cell(Cell(mode, time, None if time is None else road))

    def of_cell(self, cell: Cell) -> Spread:
        """Find the spread of a cell, or of the narrowest known one around it."""
        around: Cell | None = cell
        while around is not None:
            if around in self.spreads:
                return self.spreads[around]
            around = around.wider
        return CONVENTIONS[cell.mode]

    def quantiles(
        self,
        seconds: ArrayLike,
        mode: TravelMode,
        when: datetime | None,
        q: float,
        road: RoadGroup | None = None,
    ) -> NDArray[np.int64]:
        """Seconds within which a share of real trips is over.

        Parameters
        ----------
        seconds
            The engine's times of whole trips, of any shape; ``UNREACHABLE`` stays so.
        mode, when, road
            As of ``spread``.
        q
            The share, 0.01 to 0.99: 0.5 is the median, 0.9 what nine of ten keep.

        Returns
        -------
        NDArray[np.int64]
            Whole seconds, of the same shape. Never smaller for a longer trip or a greater share.

        Raises
        ------
        ValueError
            The share is not allowed, or a time is below 0.
        """
        if not LOWEST_QUANTILE <= q <= HIGHEST_QUANTILE:
            allowed = f"{LOWEST_QUANTILE} to {HIGHEST_QUANTILE}"
            raise ValueError(f"q is {q}; allowed: {allowed}")
        given = np.asarray(seconds, np.int64)
        if (given < 0).any():
            raise ValueError(f"seconds has {given.min()}; allowed: 0 or more")
        there = given < UNREACHABLE
        driven = np.where(there, given, 0).astype(np.float64)
        value = self.spread(mode, when, road).quantile(driven, q)
        value = np.minimum(value, UNREACHABLE - 1)
        return whole_seconds(np.where(there, np.round(value * 1000), np.inf))

    def to_mapping(self) -> dict[str, Any]:
        """Give what ``from_mapping`` reads, of plain values."""
        rows = [
            {
                "mode": str(cell.mode),
                "time": None if cell.time is None else str(cell.time),
                "road": None if cell.road is None else str(cell.road),
                **{name: getattr(spread, name) for name in _ALLOWED},
                "trips": spread.trips,
            }
            for cell, spread in self.spreads.items()
        ]
        return {"name": self.name, "zone": self.zone, "spreads": rows}

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Self:
        """Read what a JSON file says.

        Parameters
        ----------
        given
            ``name``, ``zone`` and ``spreads``, a list of ``mode``, ``time`` and ``road`` (both may
            be null) and the numbers of ``Spread``.

        Raises
        ------
        ValueError
            Names the field, its value and what is allowed.
        """
        _check_keys("", given, ("name", "zone", "spreads"))
        rows = given.get("spreads", [])
        if not isinstance(rows, list):
            raise ValueError(f"spreads is {rows!r}; allowed: a list")  # noqa: TRY004 - config errors are ValueErrors
        spreads: dict[Cell, Spread] = {}
        for number, row in enumerate(rows):
            cell, spread = _read_row(f"spreads[{number}]", row)
            if cell in spreads:
                raise ValueError(f"spreads[{number}] is of a cell that came before")
            spreads[cell] = spread
        return cls(
            MappingProxyType(spreads), str(given.get("zone", "UTC")), str(given.get("name", ""))
        )


UNCALIBRATED: Final = Calibration()
"""Conventions alone."""


def time_group(instant: datetime, zone: tzinfo) -> TimeGroup:
    """Find the hours that an instant belongs to.

    Raises
    ------
    ValueError
        The instant has no time zone.
    """
    day, hour = divmod(week_slot(instant, zone), 24)
    if hour < 6 or hour >= 22:
        return TimeGroup.NIGHT
    peak = day < 5 and (7 <= hour < 9 or 17 <= hour < 19)
    return TimeGroup.PEAK if peak else TimeGroup.DAY


def road_group(network: RoadNetwork, edges: ArrayLike) -> RoadGroup:
    """Tell which streets the edges of a route take for more than half of their metres."""
    way = np.asarray(edges, np.int64)
    names = CLASS_GROUPS["expressway"] | CLASS_GROUPS["main"]
    is_main = np.array([name in names for name in HIGHWAY_CLASSES])
    metres = network.edge_length_m[way]
    on_main = metres[is_main[network.edge_class[way]]].sum()
    return RoadGroup.MAIN if 2 * on_main > metres.sum() else RoadGroup.LOCAL


def _read_row(place: str, row: object) -> tuple[Cell, Spread]:
    if not isinstance(row, Mapping):
        raise ValueError(f"{place} is {row!r}; allowed: names with values")  # noqa: TRY004 - as above
    _check_keys(f"{place}.", row, ("mode", "time", "road", *_ALLOWED, "trips"))
    mode = _choice(f"{place}.mode", row.get("mode"), TravelMode)
    if mode is None:
        raise ValueError(f"{place}.mode is missing; allowed: {', '.join(TravelMode)}")
    time = _choice(f"{place}.time", row.get("time"), TimeGroup)
    road = _choice(f"{place}.road", row.get("road"), RoadGroup)
    if road is not None and time is None:
        raise ValueError(f"{place}.road is {road}; allowed: null where time is")
    numbers = {name: _number(f"{place}.{name}", row.get(name)) for name in _ALLOWED}
    try:
        spread = Spread(**numbers, trips=int(_number(f"{place}.trips", row.get("trips", 0))))
    except ValueError as error:
        raise ValueError(f"{place}.{error}") from error
    return Cell(mode, time, road), spread


def _choice(name: str, given: object, kind: type[Kind]) -> Kind | None:
    if given is None:
        return None
    try:
        return kind(str(given))
    except ValueError as error:
        raise ValueError(f"{name} is {given!r}; allowed: {', '.join(kind)}") from error


def _number(name: str, given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError(f"{name} is {given!r}; allowed: a number")  # noqa: TRY004 - as above
    return float(given)


def _check_keys(prefix: str, given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for key in given:
        if key not in allowed:
            raise ValueError(f"{prefix}{key} is unknown; allowed: {', '.join(allowed)}")
