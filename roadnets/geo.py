"""Points on the earth, their coordinate systems, and the units of travel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Final, NamedTuple, NewType, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadnets.errors import PointError

Seconds = NewType("Seconds", int)

UNREACHABLE = Seconds(1 << 30)
"""No way there. Safe to add a turnout to; compare with ``>=``."""

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of WGS84 as the International Union of Geodesy and Geophysics defines it."""

METRES_PER_DEGREE: Final = math.radians(EARTH_RADIUS_M)
"""Along a meridian of a sphere of that radius."""


class LonLat(NamedTuple):
    """A point in WGS84 degrees, longitude first."""

    lon: float
    lat: float

    def __str__(self) -> str:
        return f"{self.lon:.6f}, {self.lat:.6f}"


class Polygon(NamedTuple):
    """An area, WGS84: its outline without the holes; rings may repeat their first point."""

    outer: tuple[LonLat, ...]
    holes: tuple[tuple[LonLat, ...], ...] = ()


class CoordinateSystem(StrEnum):
    """How the two numbers of a point are to be read.

    ``GCJ02`` is what Amap, Tencent and other maps of China show, ``BD09`` what Baidu shows;
    ``CGCS2000`` differs from WGS84 by centimetres and is read as the same.
    """

    WGS84 = "WGS84"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"
    CGCS2000 = "CGCS2000"


def to_wgs84(lon: float, lat: float, system: CoordinateSystem | None) -> LonLat:
    """Read a point of any coordinate system.

    Parameters
    ----------
    lon, lat
        Degrees in ``system``.
    system
        None where the point came without one; such a point is never planned on.

    Returns
    -------
    LonLat
        WGS84. Within a kilometre of the rectangle that bounds the GCJ-02 shift (open sea, or
        other countries) a point may have two readings; the unshifted one is then given.

    Raises
    ------
    PointError
        The point is untagged, not a number, or off the earth; names the field, its value and
        what is allowed.
    """
    if system is None:
        allowed = ", ".join(CoordinateSystem)
        raise PointError(f"coordinate_system is missing; allowed: {allowed}")
    _check_degrees(lon, lat)
    match system:
        case CoordinateSystem.GCJ02:
            lon, lat = _gcj02_to_wgs84(lon, lat)
        case CoordinateSystem.BD09:
            lon, lat = _gcj02_to_wgs84(*_invert(_gcj02_to_bd09, lon, lat))
        case CoordinateSystem.WGS84 | CoordinateSystem.CGCS2000:
            pass
    _check_degrees(lon, lat)
    return LonLat(lon, lat)


def to_wgs84_many(
    lon: NDArray[np.float64], lat: NDArray[np.float64], system: CoordinateSystem
) -> NDArray[np.float64]:
    """Read many points of one coordinate system, to less than 1 mm of what ``to_wgs84`` gives.

    Parameters
    ----------
    lon, lat
        float64 (k,), degrees in ``system``.
    system
        Theirs.

    Returns
    -------
    NDArray[np.float64]
        (k, 2), longitude and latitude, WGS84.

    Raises
    ------
    PointError
        A point is not a number, or off the earth; names its index.
    """
    check_points(lon, lat)
    if system is CoordinateSystem.BD09:
        lon, lat = _invert(lambda x, y: _gcj02_to_bd09(x, y, np), lon, lat)
    if system in (CoordinateSystem.BD09, CoordinateSystem.GCJ02):
        shifted = _is_shifted(lon, lat)
        back = _invert(lambda x, y: _shift(x, y, np), lon, lat)
        lon, lat = np.where(shifted, back[0], lon), np.where(shifted, back[1], lat)
    return np.column_stack((lon, lat))


def from_wgs84(point: LonLat, system: CoordinateSystem) -> tuple[float, float]:
    """Express a point in any coordinate system.

    Parameters
    ----------
    point
        WGS84.
    system
        The system wanted.

    Returns
    -------
    tuple[float, float]
        Longitude and latitude, degrees in ``system``.

    Raises
    ------
    PointError
        The point is not a number, or off the earth.
    """
    _check_degrees(*point)
    match system:
        case CoordinateSystem.GCJ02:
            return _wgs84_to_gcj02(*point)
        case CoordinateSystem.BD09:
            return _gcj02_to_bd09(*_wgs84_to_gcj02(*point))
        case CoordinateSystem.WGS84 | CoordinateSystem.CGCS2000:
            return point.lon, point.lat


def check_points(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> None:
    """Refuse points, float64 (k,) each, that are not on the earth.

    Raises
    ------
    PointError
        A point is not a number, or off the earth; names its index.
    """
    for name, values, limit in (("longitude", lon, 180), ("latitude", lat, 90)):
        wrong = np.flatnonzero(~(np.abs(values) <= limit))  # also true of NaN
        if len(wrong):
            at = int(wrong[0])
            allowed = f"-{limit} to {limit} degrees"
            raise PointError(f"{name} of point {at} is {values[at]}; allowed: {allowed}")


def _check_degrees(lon: float, lat: float) -> None:
    for name, value, limit in (("longitude", lon, 180), ("latitude", lat, 90)):
        if not -limit <= value <= limit:  # also true of NaN
            raise PointError(f"{name} is {value}; allowed: -{limit} to {limit} degrees")


# GCJ-02 has no published definition. These are the formula and constants that every public
# implementation shares (for one, github.com/googollee/eviltransform), on the Krasovsky 1940
# ellipsoid; they agree with the converters of Amap and Baidu to centimetres and metres.
_KRASOVSKY_A_M: Final = 6_378_245.0
_KRASOVSKY_E2: Final = 0.006_693_421_622_965_943


def _wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    return _shift(lon, lat) if _is_shifted(lon, lat) else (lon, lat)


def _gcj02_to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    return _invert(_shift, lon, lat) if _is_shifted(lon, lat) else (lon, lat)


Number = TypeVar("Number", float, NDArray[np.float64])


def _is_shifted(lon: Number, lat: Number) -> bool | NDArray[np.bool_]:
    """Tell whether GCJ-02 moves the point: a rectangle around China and its neighbours."""
    inside: bool | NDArray[np.bool_] = (
        (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    )
    return inside


# ``maths`` is the module ``math`` for a point and ``numpy`` for arrays of them: their functions
# are called alike, and the formula stands here once.


def _shift(lon: Number, lat: Number, maths: ModuleType = math) -> tuple[Number, Number]:
    """Move a WGS84 point to its GCJ-02 place, wherever it is."""
    east_m, north_m = _shift_m(lon - 105.0, lat - 35.0, maths)
    sine, cosine = maths.sin(maths.radians(lat)), maths.cos(maths.radians(lat))
    curvature = 1.0 - _KRASOVSKY_E2 * sine * sine
    prime_vertical_m = _KRASOVSKY_A_M / maths.sqrt(curvature)
    meridian_m = prime_vertical_m * (1.0 - _KRASOVSKY_E2) / curvature
    return (
        lon + maths.degrees(east_m / (prime_vertical_m * cosine)),
        lat + maths.degrees(north_m / meridian_m),
    )


def _shift_m(x: Number, y: Number, maths: ModuleType) -> tuple[Number, Number]:
    """Offset in metres east and north; ``x`` and ``y`` are degrees from 105° E, 35° N."""

    def waves(degrees: Number, *amplitudes_and_rates: tuple[float, float]) -> Number:
        sines = (a * maths.sin(rate * math.pi * degrees) for a, rate in amplitudes_and_rates)
        total: Number = sum(sines) * 2 / 3
        return total

    common = 0.1 * x * y + waves(x, (20.0, 6.0), (20.0, 2.0))
    root = maths.sqrt(abs(x))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * root + common
    east += waves(x, (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.2 * root + common
    north += waves(y, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
    return east, north


def _gcj02_to_bd09(lon: Number, lat: Number, maths: ModuleType = math) -> tuple[Number, Number]:
    """Baidu's second shift: polar coordinates about 0° E, 0° N, bent a little and moved."""
    rate = math.pi * 3000.0 / 180.0
    radius = maths.hypot(lon, lat) + 0.000_02 * maths.sin(lat * rate)
    angle = maths.atan2(lat, lon) + 0.000_003 * maths.cos(lon * rate)
    return radius * maths.cos(angle) + 0.0065, radius * maths.sin(angle) + 0.006


def _invert(
    forward: Callable[[Number, Number], tuple[Number, Number]], lon: Number, lat: Number
) -> tuple[Number, Number]:
    """Find the point that ``forward`` moves to the one given, to far less than 1 mm.

    Both shifts change by less than 3 % of a step, so each round of the fixed-point iteration
    gains more than an order of magnitude, from some 1,000 m.
    """
    x, y = lon, lat
    for _ in range(8):
        there_lon, there_lat = forward(x, y)
        x, y = x + lon - there_lon, y + lat - there_lat
    return x, y


def haversine_m(
    lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance between points, broadcast as numpy does.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        Degrees WGS84.

    Returns
    -------
    NDArray[np.float64]
        Metres, of the broadcast shape. Within 0.6 % of the ellipsoid.
    """
    west, south, east, north = (
        np.radians(np.asarray(a, np.float64)) for a in (lon1, lat1, lon2, lat2)
    )
    chord = (
        np.sin((north - south) / 2) ** 2
        + np.cos(south) * np.cos(north) * np.sin((east - west) / 2) ** 2
    )
    distance: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(chord.clip(0, 1)))
    return distance


def distance_m(a: LonLat, b: LonLat) -> float:
    """Great-circle distance between two points, metres."""
    return float(haversine_m(a.lon, a.lat, b.lon, b.lat))


@dataclass(frozen=True, slots=True)
class LocalProjection:
    """Equirectangular metres east and north of ``origin``.

    East-west lengths are true on the origin's parallel only: at 40° latitude they are 1.5 % off
    a degree of latitude away. Good for what is near within one city, not across a country.
    """

    origin: LonLat

    @classmethod
    def around(cls, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Self:
        """Centre on the box around some points, degrees (k,)."""
        return cls(LonLat(float(lon.min() + lon.max()) / 2, float(lat.min() + lat.max()) / 2))

    def to_metres(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project degrees (k,) to metres east and north, float64 (k, 2)."""
        return (np.column_stack((lon, lat)) - self.origin) * self._metres_per_degree()

    def to_degrees(self, metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn metres east and north (k, 2) back into degrees, lon and lat, float64 (k, 2)."""
        return metres / self._metres_per_degree() + self.origin

    def _metres_per_degree(self) -> NDArray[np.float64]:
        return METRES_PER_DEGREE * np.array((math.cos(math.radians(self.origin.lat)), 1.0))
