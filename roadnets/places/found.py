"""FoundPlace: one answer to "where is that?", and why there is sometimes none or half a one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from roadnets.geo import LonLat

LONGEST_TEXT: Final = 200
"""Characters of a text that is looked up; more is no place but a story."""

MOST_PLACES: Final = 100
"""Nobody reads a longer list."""


class FoundKind(StrEnum):
    """What was found."""

    STREET = "street"
    CROSSING = "crossing"
    ADDRESS = "address"
    COMPOUND = "compound"
    LOCALITY = "locality"
    GATE = "gate"
    POINT = "point"
    KILOMETRE_POST = "kilometre_post"
    PLACE = "place"  # a hospital, station, depot or shelter of ``RoadNetwork.places``
    DISTRICT = "district"


class PlaceNote(StrEnum):
    """What is to be known of a found place before anybody is sent there."""

    BETWEEN_NUMBERS = "between_numbers"  # between the two nearest house numbers of its street
    NEAR_NUMBER = "near_number"  # at the nearest house number; ``detail`` tells which
    WHOLE_STREET = "whole_street"  # somewhere along it; the point is its middle
    STREET_ONLY = "street_only"  # the street is known, the house number is not
    NEAREST_APPROACH = "nearest_approach"  # the two streets come near each other and do not meet
    BETWEEN_POSTS = "between_posts"  # between two kilometre posts
    GATE_UNKNOWN = "gate_unknown"  # the compound is known, the gate is not
    STREETS_APART = "streets_apart"  # one of two streets that do not meet; its middle
    KILOMETRE_UNKNOWN = "kilometre_unknown"  # the road is known, the kilometre is not; its middle


class NoPlace(StrEnum):
    """Why nothing was found, or only a part of what was asked for."""

    UNKNOWN = "unknown"  # no name is like it
    APART = "apart"  # both streets are known and nowhere near each other
    NO_POSTS = "no_posts"  # the road is known, its kilometre posts do not reach so far


HALF_KNOWN: Final[Mapping[PlaceNote, NoPlace]] = MappingProxyType(
    {
        PlaceNote.STREETS_APART: NoPlace.APART,
        PlaceNote.KILOMETRE_UNKNOWN: NoPlace.NO_POSTS,
    }
)
"""What is told of streets where nothing better was found, and why nothing was."""


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place that a text may mean.

    Attributes
    ----------
    point
        Where it is, WGS84 degrees.
    name, name_en
        What the map calls it; of a crossing both streets, of an address the street and the number.
        ``name_en`` is "" where the map has none.
    detail
        What tells it from others of its name: the street beside a shop, a gate or a compound, the
        village and district of a street; the house numbers that an address was told from. "" where
        nothing does. As the map spells it.
    score
        How well the text fits, 0 to 1. 1 is the very name; below 0.7 somebody should look twice.
    approximate
        Whether the point is worked out and not on the map; ``note`` tells how.
    edge
        The edge of the network that the place is on, where the text says so (an address, a
        carriageway at a kilometre post); None where the nearest street is as good as any.
    heading
        Direction of travel there, degrees clockwise from north, 0 to 359; only for a kilometre
        post of a divided road, which is then found once for each direction.
    """

    kind: FoundKind
    point: LonLat
    name: str
    name_en: str
    detail: str
    score: float
    approximate: bool = False
    edge: int | None = None
    note: PlaceNote | None = None
    heading: int | None = None


@dataclass(frozen=True, slots=True)
class PlaceAnswer:
    """Places that a text may mean, best first.

    ``reason`` tells why there is none, or why the best is only a street that the text names as part
    of more (``HALF_KNOWN``).
    """

    places: tuple[FoundPlace, ...]
    reason: NoPlace | None = None
