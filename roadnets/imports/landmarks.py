"""Places, districts and landmarks: which of those that a source found belong to a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import shapely

from roadnets.beside import District, Landmark, LandmarkKind, Place, PlaceKind
from roadnets.geo import distance_m
from roadnets.imports.streets import AdminArea
from roadnets.lines import project_edges, projection_of
from roadnets.network import RoadNetwork
from roadnets.snapping.snap import Snapper
from roadnets.travel import TravelMode

SAME_PLACE_M: Final = 300.0
"""A node nearer than this to an area of its own kind and name is the same place."""

LANDMARK_REACH_M: Final = 1000.0
"""Whoever is farther than this from every street is not reached by naming the landmark."""

POST_REACH_M: Final = 60.0
"""A kilometre post stands beside its road."""

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


def choose_landmarks(
    found: Sequence[Landmark], network: RoadNetwork
) -> tuple[tuple[Landmark, ...], dict[str, int]]:
    """Drop what is far from every street, and tell kilometre posts which road they stand on.

    Returns
    -------
    tuple[tuple[Landmark, ...], dict[str, int]]
        Landmarks in the order found; what was dropped.
    """
    if not found:
        return (), {}
    projection = projection_of(network)
    edges = np.arange(network.edge_count)
    tree = shapely.STRtree(project_edges(network, edges, projection))
    lon, lat = np.array([thing.point for thing in found], np.float64).T
    places = np.asarray(shapely.points(projection.to_metres(lon, lat)), np.object_)
    near = np.unique(
        tree.query_nearest(places, max_distance=LANDMARK_REACH_M, all_matches=False)[0]
    )
    kept = []
    for i in near.tolist():
        thing = found[i]
        if thing.kind is LandmarkKind.KILOMETRE_POST and not thing.street:
            beside = tree.query(places[i], predicate="dwithin", distance=POST_REACH_M)
            thing = replace(thing, street=_greatest_road(network, beside))
        if thing.kind is not LandmarkKind.KILOMETRE_POST or thing.street:
            kept.append(thing)
    return tuple(kept), {
        "landmarks far from every street": len(found) - len(near),
        "kilometre posts beside no road": len(near) - len(kept),
    }


def _greatest_road(network: RoadNetwork, edges: np.ndarray) -> str:
    """Number or name of the road of the highest class among some edges; "" where none has one."""
    ranked = sorted(edges.tolist(), key=lambda edge: (int(network.edge_class[edge]), edge))
    names = (int(network.edge_name[edge]) for edge in ranked)
    return next((network.refs[name] or network.names[name] for name in names if name), "")


def _has_street(area: AdminArea, network: RoadNetwork) -> bool:
    polygon = shapely.Polygon(area.district.ring)
    shapely.prepare(polygon)
    return bool(shapely.contains_xy(polygon, network.node_lon, network.node_lat).any())


def _place_order(place: Place) -> tuple[int, str, int]:
    return (list(PlaceKind).index(place.kind), *_by_id(place.osm_id))


def _by_id(osm_id: str) -> tuple[str, int]:
    kind, number = osm_id.split("/")
    return kind, int(number)
