"""Surroundings: what tells a place from others of its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from scipy.spatial import KDTree

from roadnets.beside import LandmarkKind
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.places.found import FoundKind, FoundPlace
from roadnets.places.streets import NamedStreets
from roadnets.places.words import form_of

LOCALITY_REACH_M: Final = 2500.0
"""A village tells where something is as far as this."""

STREET_REACH_M: Final = 200.0
"""What is farther than this from a street is not on it."""

_ON_A_STREET: Final = frozenset(
    {FoundKind.POINT, FoundKind.COMPOUND, FoundKind.GATE, FoundKind.PLACE}
)


class Surroundings:
    """Districts, villages and streets around places; immutable."""

    def __init__(self, network: RoadNetwork, streets: NamedStreets) -> None:
        self._network = network
        self._streets = streets
        rings = [shapely.Polygon(district.ring) for district in network.districts]
        self._districts = shapely.STRtree(rings)
        self._localities = [t for t in network.landmarks if t.kind is LandmarkKind.LOCALITY]
        self._near = KDTree(streets.metres(t.point for t in self._localities))
        self._points: dict[str, list[LonLat]] = defaultdict(list)
        for thing in self._localities:
            self._remember((thing.name, thing.name_en), thing.point)
        for district, ring in zip(network.districts, rings, strict=True):
            middle = ring.representative_point()
            self._remember((district.name, district.name_en), LonLat(middle.x, middle.y))

    def _remember(self, names: Sequence[str], point: LonLat) -> None:
        for text in dict.fromkeys(form_of(name).text for name in names if name):
            self._points[text].append(point)

    def locality(self, text: str) -> LonLat | None:
        """A village, quarter or district of exactly this name; None where there is not one."""
        points = self._points.get(form_of(text).text, [])
        return points[0] if len(points) == 1 else None

    def details(self, places: Sequence[FoundPlace]) -> list[str]:
        """One text for each place, "" where nothing is known.

        The street beside a shop; the village and district of anything else.
        """
        if not places:
            return []
        metres = self._streets.metres(place.point for place in places)
        streets = self._streets.names_beside(metres, STREET_REACH_M)
        found = []
        for place, at, street in zip(places, metres, streets, strict=True):
            if place.detail:
                found.append(place.detail)
            elif place.kind in _ON_A_STREET and street:
                found.append(self._network.names[street])
            else:
                found.append(self._area(place, at))
        return found

    def _area(self, place: FoundPlace, at: np.ndarray) -> str:
        parts: dict[str, None] = {}
        if self._localities:
            away, nearest = self._near.query(at)
            if away <= LOCALITY_REACH_M:
                parts[self._localities[int(nearest)].name] = None
        if len(self._network.districts) > 1:
            around = self._districts.query(shapely.Point(*place.point), predicate="intersects")
            for district in sorted(around.tolist()):
                parts[self._network.districts[district].name] = None
        return ", ".join(name for name in parts if name != place.name)
