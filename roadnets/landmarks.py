"""Places and districts: which of those that a source found belong to a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import shapely

from roadnets.geo import distance_m
from roadnets.network import District, Place, PlaceKind, RoadNetwork
from roadnets.snap import Snapper
from roadnets.streets import AdminArea
from roadnets.travel import TravelMode

SAME_PLACE_M: Final = 300.0
"""A node nearer than this to an area of its own kind and name is the same place."""

ENOUGH_PEOPLE: Final = 0.8
"""Share of the most populous administrative level that a finer one must hold to be chosen."""


def choose_places(
    found: Sequence[Place], network: RoadNetwork
) -> tuple[tuple[Place, ...], dict[str, int]]:
    """Drop places mapped twice and tell of the rest whether a street of the core is near.

    Returns
    -------
    tuple[tuple[Place, ...], dict[str, int]]
        Places by kind, then OSM id; what was dropped.
    """
    once = sorted((p for p in found if not _is_shadow(p, found)), key=_place_order)
    snaps = Snapper(network).snap_many([p.point for p in once], TravelMode.BLUE_LIGHT)
    placed = (replace(p, on_core=s is not None) for p, s in zip(once, snaps, strict=True))
    return tuple(placed), {"places mapped twice": len(found) - len(once)}


def _is_shadow(place: Place, found: Sequence[Place]) -> bool:
    """Tell whether a node only repeats the building or ground around it."""
    return place.osm_id.startswith("node/") and any(
        not other.osm_id.startswith("node/")
        and other.kind is place.kind
        and other.name == place.name != ""
        and distance_m(other.point, place.point) < SAME_PLACE_M
        for other in found
    )


def choose_districts(
    areas: Sequence[AdminArea], network: RoadNetwork
) -> tuple[tuple[District, ...], dict[str, int]]:
    """Choose districts of one administrative level, so that nobody is counted twice.

    It is the finest level whose areas hold at least ``ENOUGH_PEOPLE`` of the people that the
    most populous level holds; areas without a street of the core do not count.

    Returns
    -------
    tuple[tuple[District, ...], dict[str, int]]
        Districts by OSM id; what was dropped.
    """
    here = [area for area in areas if _has_street(area, network)]
    people: Counter[int] = Counter()
    for area in here:
        people[area.level] += area.district.population
    most = max(people.values(), default=0)
    level = max((n for n, p in people.items() if p >= ENOUGH_PEOPLE * most), default=0)
    chosen = sorted((a.district for a in here if a.level == level), key=lambda d: _by_id(d.osm_id))
    return tuple(chosen), {
        "districts without a street of the core": len(areas) - len(here),
        "districts of other administrative levels": len(here) - len(chosen),
    }


def _has_street(area: AdminArea, network: RoadNetwork) -> bool:
    polygon = shapely.Polygon(area.district.ring)
    shapely.prepare(polygon)
    return bool(shapely.contains_xy(polygon, network.node_lon, network.node_lat).any())


def _place_order(place: Place) -> tuple[int, str, int]:
    return (list(PlaceKind).index(place.kind), *_by_id(place.osm_id))


def _by_id(osm_id: str) -> tuple[str, int]:
    kind, number = osm_id.split("/")
    return kind, int(number)
