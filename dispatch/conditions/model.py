"""Conditions in force."""

from __future__ import annotations

from datetime import datetime

from dispatch.model import ConditionId, Frozen, Origin
from roadnets.travel import TravelMode


class StreetsNamed(Frozen, frozen=True):
    """Which streets, as the reporter named them: the union of the parts."""

    street_names: tuple[str, ...] = ()
    osm_way_ids: tuple[int, ...] = ()
    edges: tuple[int, ...] = ()


class Closure(Frozen, frozen=True):
    """Streets closed to some modes.

    Attributes
    ----------
    edges
        Directed edges of the network, ascending, as resolved when it was set.
    """

    condition_id: ConditionId
    streets: StreetsNamed
    edges: tuple[int, ...]
    modes: tuple[TravelMode, ...]
    reason: str
    start: datetime
    end: datetime | None = None
    origin: Origin = Origin()


class ConditionsState(Frozen, frozen=True):
    """Every condition in force, and the revision at which the set last changed."""

    closures: dict[ConditionId, Closure] = {}
    revision: int = 0
    next_number: int = 1
