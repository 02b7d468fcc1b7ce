"""Conditions in force and planned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from dispatch.model import ConditionId, Frozen, Origin
from roadnets.geo import CoordinateSystem
from roadnets.travel import TravelMode


class PointsGiven(Frozen, frozen=True):
    """Points in order as they were given: degrees of one coordinate system."""

    coordinate_system: CoordinateSystem
    longitudes: tuple[float, ...]
    latitudes: tuple[float, ...]


class LineDrawn(Frozen, frozen=True):
    """A line drawn along streets; ``as_drawn``: only in the direction in which it is drawn."""

    points: PointsGiven
    as_drawn: bool = False


class AreaDrawn(Frozen, frozen=True):
    """A ring, without the holes in it."""

    outer: PointsGiven
    holes: tuple[PointsGiven, ...] = ()


class StreetsNamed(Frozen, frozen=True):
    """Which streets, as the reporter named them: the union of the parts."""

    street_names: tuple[str, ...] = ()
    osm_way_ids: tuple[int, ...] = ()
    edges: tuple[int, ...] = ()
    lines: tuple[LineDrawn, ...] = ()
    polygons: tuple[AreaDrawn, ...] = ()
    whole_network: bool = False


class Closed(Frozen, frozen=True, tag="closed"):
    """Nobody drives through; where impassable, nobody drives on it at all."""

    impassable: bool = False


class Slowed(Frozen, frozen=True, tag="slowed"):
    """Traffic moves at so many times its usual speed; above 0, at most 1."""

    factor: float


class Weather(Frozen, frozen=True, tag="weather"):
    """As ``Slowed``, and on top of it."""

    factor: float


class Flooded(Frozen, frozen=True, tag="flooded"):
    """Water of one depth, metres."""

    depth_m: float


class AreaFlooded(Frozen, frozen=True):
    """An area under water, as it was drawn."""

    area: AreaDrawn
    depth_m: float


class FloodedAreas(Frozen, frozen=True, tag="flooded_areas"):
    """Water of various depths.

    Attributes
    ----------
    depths_m
        Of each of the condition's edges, in their order: of the deepest area that it touches.
    """

    areas: tuple[AreaFlooded, ...]
    depths_m: tuple[float, ...]


class Contraflow(Frozen, frozen=True, tag="contraflow"):
    """One-way streets may be driven the wrong way."""


Effect = Closed | Slowed | Weather | Flooded | FloodedAreas | Contraflow

CLOSED: Final = Closed()


class Condition(Frozen, frozen=True):
    """What is different about some streets for some modes.

    Attributes
    ----------
    edges
        Directed edges of the network, ascending, as resolved when it was set; none where
        ``streets`` are the whole network.
    start
        When it came into force, or is to.
    """

    condition_id: ConditionId
    streets: StreetsNamed
    edges: tuple[int, ...]
    modes: tuple[TravelMode, ...]
    reason: str
    start: datetime
    end: datetime | None = None
    origin: Origin = Origin()
    effect: Effect = CLOSED


class ConditionsState(Frozen, frozen=True):
    """Every condition in force, every planned one, and when the former last changed.

    Attributes
    ----------
    in_force, planned
        By id, in the order in which they came into force or were set.
    revision
        The revision at which ``in_force`` last changed.
    """

    # As it is called in the hashes of journals that knew closures alone.
    in_force: dict[ConditionId, Condition] = msgspec.field(default_factory=dict, name="closures")
    revision: int = 0
    next_number: int = 1
    planned: dict[ConditionId, Condition] = {}

    def __iter__(self) -> Iterator[Condition]:
        yield from self.in_force.values()
        yield from self.planned.values()

    def find(self, condition_id: ConditionId) -> Condition | None:
        """A condition that is in force or planned."""
        return self.in_force.get(condition_id) or self.planned.get(condition_id)
