"""Where a point lies that another system sent: on our streets, or flagged for a human."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from dispatch.model import RawPoint, Remark
from roadnets.errors import PointError
from roadnets.geo import CoordinateSystem, LonLat, to_wgs84
from roadnets.snapping.snap import Snapper
from roadnets.travel import TravelMode

UNRESOLVED: Final = "location_unresolved"
"""The one flag; its ``reason`` is missing, untagged, out_of_range or too_far."""

MISSING: Final = "missing"
UNTAGGED: Final = "untagged"
OUT_OF_RANGE: Final = "out_of_range"
TOO_FAR: Final = "too_far"

_TOLD_DISTANCE: Final = re.compile(r" is (\d+) m from the nearest street")


@dataclass(frozen=True, slots=True)
class Located:
    """A point as far as it can be planned on.

    Attributes
    ----------
    location
        WGS84; None while unresolved, and ``flags`` then says why.
    street_distance_m
        To the nearest street that blue light may drive; None where that was not found.
    flags
        Empty, or one ``location_unresolved`` with its ``reason`` and what goes with it.
    """

    location: LonLat | None
    street_distance_m: float | None = None
    flags: tuple[Remark, ...] = ()


def read_point(raw: RawPoint | None, client_system: CoordinateSystem | None) -> LonLat | Remark:
    """Read a point in its own system, else in the client's; a flag where it cannot be read."""
    if raw is None:
        return _unresolved(MISSING)
    given = {"longitude": f"{raw.lon:.10g}", "latitude": f"{raw.lat:.10g}"}
    if not (math.isfinite(raw.lon) and math.isfinite(raw.lat)):
        return _unresolved(OUT_OF_RANGE, **given)
    system = raw.coordinate_system or client_system
    if system is None:
        return _unresolved(UNTAGGED, **given)
    try:
        return to_wgs84(raw.lon, raw.lat, system)
    except PointError:
        return _unresolved(OUT_OF_RANGE, **given, coordinate_system=system)


def locate(
    raw: RawPoint | None, client_system: CoordinateSystem | None, snapper: Snapper
) -> Located:
    """Find where a reported point lies; a bad one is flagged, never refused.

    Parameters
    ----------
    raw
        As sent, or None where nothing was.
    client_system
        How the client's untagged points are to be read; None: they are flagged.
    snapper
        Its limit is how far from a street a point may be.

    Returns
    -------
    Located
        A location to plan on, or the flag ``location_unresolved``.
    """
    point = read_point(raw, client_system)
    if isinstance(point, Remark):
        return Located(None, flags=(point,))
    try:
        snap = snapper.snap(point, TravelMode.BLUE_LIGHT)
    except PointError as error:
        told = _TOLD_DISTANCE.search(str(error))
        place = {"longitude": f"{point.lon:.10g}", "latitude": f"{point.lat:.10g}"}
        if told is None:
            return Located(None, flags=(_unresolved(TOO_FAR, **place),))
        flag = _unresolved(TOO_FAR, **place, distance_m=told[1])
        return Located(None, float(told[1]), (flag,))
    return Located(point, snap.distance_m)


def _unresolved(reason: str, **details: str) -> Remark:
    return Remark(UNRESOLVED, {"reason": reason, **details})
