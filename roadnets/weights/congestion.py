"""Congestion: how much slower the streets are at each hour of the week."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import Any, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, RoadNetwork
from roadnets.travel import TravelMode

HOURS: Final = 168
"""Slots of a week: slot 0 is Monday from 00:00 to 01:00 local time."""

CLASS_GROUPS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "expressway": frozenset(("motorway", "motorway_link", "trunk", "trunk_link")),
        "main": frozenset(("primary", "primary_link", "secondary", "secondary_link")),
        "local": frozenset(
            (
                "tertiary",
                "tertiary_link",
                "unclassified",
                "residential",
                "living_street",
                "service",
                "road",
                "pedestrian",
                "track",
            )
        ),
    }
)
"""Which highway classes jam alike. Busways, emergency accesses and water do not jam."""

SLOWEST: Final = 0.05
FASTEST: Final = 2.0

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_SETS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        # From the widest to the narrowest: a narrower one overrides.
        "everyday": _DAYS,
        "workday": _DAYS[:5],
        "weekend": _DAYS[5:],
        **{day: (day,) for day in _DAYS},
    }
)
_KEYS: Final = ("name", "zone", "blue_light_share", "factors")


@dataclass(frozen=True, slots=True, eq=False)
class Congestion:
    """How much slower the streets are at each hour of the week.

    Attributes
    ----------
    factors
        Driven speed over that of the profile by group of ``CLASS_GROUPS``, float64 (168,); a group
        that is left out always drives as usual.
    blue_light_share
        How much of a slowdown those under blue light feel, 0 to 1: where traffic makes 0.4 of its
        speed, they make 1 - share * 0.6 of theirs, and all of theirs where a bus lane runs beside.
        That 0.3 is usual is a planner's convention.
    name
        For people.

    Raises
    ------
    ValueError
        A factor or the share is not allowed; says which, its value and what is.
    """

    factors: Mapping[str, NDArray[np.float64]] = field(default_factory=lambda: MappingProxyType({}))
    blue_light_share: float = 0.3
    name: str = "no congestion"

    def __post_init__(self) -> None:
        if not 0 <= self.blue_light_share <= 1:
            raise ValueError(f"blue_light_share is {self.blue_light_share}; allowed: 0 to 1")
        for group, week in self.factors.items():
            if group not in CLASS_GROUPS:
                raise ValueError(f"factors.{group}; allowed: {', '.join(CLASS_GROUPS)}")
            if week.shape != (HOURS,):
                raise ValueError(f"factors.{group} has shape {week.shape}; it must be ({HOURS},)")
            off = np.flatnonzero(~((week >= SLOWEST) & (week <= FASTEST)))
            if len(off):
                raise ValueError(_not_allowed(f"factors.{group}[{off[0]}]", week[off[0]]))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Self:
        """Read what a YAML or JSON file says.

        Parameters
        ----------
        given
            ``factors``: by group of ``CLASS_GROUPS`` and by ``everyday``, ``workday``,
            ``weekend`` or a day's English name (a narrower one overrides, a day without any is
            as usual), 24 numbers from 00:00; perhaps ``blue_light_share`` and ``name``. A
            ``zone`` may be in it for whoever asks ``week_slot``.

        Raises
        ------
        ValueError
            Names the field, its value and what is allowed.
        """
        _check_keys("", given, _KEYS)
        factors = {}
        groups = _mapping("factors", given.get("factors", {}))
        _check_keys("factors.", groups, tuple(CLASS_GROUPS))
        for group, days in groups.items():
            factors[group] = _read_week(f"factors.{group}", _mapping(f"factors.{group}", days))
        share = _number("blue_light_share", given.get("blue_light_share", 0.3))
        return cls(MappingProxyType(factors), share, str(given.get("name", "")))

    def is_flat(self, slot: int) -> bool:
        """Whether everything drives as usual in a slot."""
        check_slot(slot)
        return all(week[slot] == 1 for week in self.factors.values())

    def traffic_scale(self, network: RoadNetwork, slot: int) -> NDArray[np.float64]:
        """Speed of traffic over that of the profile on each edge, float64 (m,)."""
        check_slot(slot)
        by_class = np.ones(len(HIGHWAY_CLASSES))
        for group, week in self.factors.items():
            members = [HIGHWAY_CLASSES.index(name) for name in CLASS_GROUPS[group]]
            by_class[members] = week[slot]
        scale: NDArray[np.float64] = by_class[network.edge_class]
        return scale

    def felt(
        self, network: RoadNetwork, mode: TravelMode, traffic_scale: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Tell how much of the traffic's slowdown one mode feels.

        Parameters
        ----------
        network
            The streets.
        mode
            Whose speed is asked.
        traffic_scale
            Speed of traffic over that of its profile, float64 (m,).

        Returns
        -------
        NDArray[np.float64]
            (m,), speed of the mode over that of its own profile. High-clearance trucks are
            traffic; boats never meet any.
        """
        if mode is TravelMode.BOAT:
            return np.ones_like(traffic_scale)
        if mode is not TravelMode.BLUE_LIGHT:
            return traffic_scale
        scale = 1 - self.blue_light_share * (1 - traffic_scale)
        return np.where(network.has_flag(EdgeFlag.BUS_LANE), np.maximum(scale, 1.0), scale)


FLAT: Final = Congestion()
"""Streets that are the same at every hour."""


def week_slot(instant: datetime, zone: tzinfo) -> int:
    """Find the slot of the week of an instant, 0 to 167, in local time.

    Raises
    ------
    ValueError
        The instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"instant is {instant.isoformat()}; allowed: with a time zone")
    local = instant.astimezone(zone)
    return local.weekday() * 24 + local.hour


def zone_of(text: str) -> tzinfo:
    """Read a time zone: a fixed offset such as "+08:00", or a name such as "Asia/Shanghai".

    Raises
    ------
    ValueError
        It is neither.
    """
    offset = re.fullmatch(r"([+-])(0\d|1[0-4]):([0-5]\d)", text)
    if offset is not None:
        sign = -1 if offset[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(offset[2]), minutes=int(offset[3])))
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        allowed = 'an offset such as "+08:00" or a name such as "Asia/Shanghai"'
        raise ValueError(f"zone is {text!r}; allowed: {allowed}") from error


def check_slot(slot: int) -> int:
    """Give a slot of the week back.

    Raises
    ------
    ValueError
        It is none.
    """
    if not 0 <= slot < HOURS:
        raise ValueError(f"slot is {slot}; allowed: 0 to {HOURS - 1}")
    return slot


def _read_week(name: str, given: Mapping[str, Any]) -> NDArray[np.float64]:
    _check_keys(f"{name}.", given, tuple(_DAY_SETS))
    week = np.ones((7, 24))
    for key, days in _DAY_SETS.items():
        if key in given:
            week[[_DAYS.index(day) for day in days]] = _read_day(f"{name}.{key}", given[key])
    flat = week.ravel()
    flat.setflags(write=False)
    return flat


def _read_day(name: str, given: object) -> list[float]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 24:
        raise ValueError(f"{name} is {given!r}; allowed: 24 numbers, one for each hour")
    hours = [_number(f"{name}[{hour}]", value) for hour, value in enumerate(given)]
    for hour, value in enumerate(hours):
        if not SLOWEST <= value <= FASTEST:
            raise ValueError(_not_allowed(f"{name}[{hour}]", value))
    return hours


def _not_allowed(name: str, value: float) -> str:
    return f"{name} is {value:g}; allowed: {SLOWEST:g} to {FASTEST:g}"


def _number(name: str, given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError(f"{name} is {given!r}; allowed: a number")  # noqa: TRY004 -- config errors are ValueErrors
    return float(given)


def _mapping(name: str, given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} is {given!r}; allowed: names with values")  # noqa: TRY004 -- as above
    return given


def _check_keys(prefix: str, given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for key in given:
        if key not in allowed:
            raise ValueError(f"{prefix}{key} is unknown; allowed: {', '.join(allowed)}")
