"""What stands beside the streets: places, districts, and landmarks that a caller may name."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from roadnets.geo import LonLat


class PlaceKind(StrEnum):
    """What a tagged place is to a control room."""

    HOSPITAL = "hospital"
    AMBULANCE_STATION = "ambulance_station"
    FIRE_STATION = "fire_station"
    DEPOT = "depot"
    SHELTER = "shelter"


@dataclass(frozen=True, slots=True)
class Place:
    """A hospital, station, depot or shelter found by its tags.

    Attributes
    ----------
    osm_id
        ``node/123``, ``way/123`` or ``relation/123``.
    on_core
        Whether a street of the core lies within the snapping limit of the place.
    tags
        The remaining OSM tags that may matter (``emergency``, ``beds``, ``capacity`` …).
    """

    kind: PlaceKind
    osm_id: str
    point: LonLat
    name: str
    name_en: str
    on_core: bool
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class District:
    """An administrative area with its population; ``ring`` is its closed outer boundary."""

    osm_id: str
    name: str
    name_en: str
    population: int
    ring: tuple[LonLat, ...]


class LandmarkKind(StrEnum):
    """What a caller may name to say where something is."""

    ADDRESS = "address"  # a house number on a street
    COMPOUND = "compound"  # a residential quarter, campus, works, park or other named area
    GATE = "gate"  # a named or numbered entrance
    LOCALITY = "locality"  # a village, hamlet or quarter
    POINT = "point"  # any other named thing: a shop, school, station, peak
    KILOMETRE_POST = "kilometre_post"


@dataclass(frozen=True, slots=True)
class Landmark:
    """Something that a caller may name, for ``roadnets.places``.

    Attributes
    ----------
    name, name_en
        "" where it has none; an address has a number instead.
    street
        The street of an address or the road of a kilometre post, as the map spells it.
    number
        House number, number of a gate or motorway exit, or kilometre ("12.4").
    compound
        What a gate leads into, as the map spells it; "" where it is not known.
    """

    kind: LandmarkKind
    osm_id: str
    point: LonLat
    name: str = ""
    name_en: str = ""
    street: str = ""
    number: str = ""
    compound: str = ""
