"""StreetFinder: which edges a request means by names, ways, lines and areas."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.conditions.desk import check_depth
from dispatch.conditions.model import (
    AreaDrawn,
    Contraflow,
    Effect,
    Flooded,
    FloodedAreas,
    PointsGiven,
    Slowed,
    StreetsNamed,
    Weather,
)
from dispatch.errors import InvalidFieldError
from roadnets.errors import PointError, UnknownStreetError
from roadnets.geo import LonLat, Polygon, to_wgs84_many
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.places import PlaceFinder
from roadnets.weights.edge_index import DrawnLine, EdgeIndex
from roadnets.weights.flood import depths_from_polygons
from roadnets.weights.selectors import StreetSelector, resolve

MOST_NAMED: Final = 1000
"""Names, ways, edges, lines and areas in one condition."""

MOST_EDGES: Final = 2_000_000
"""Directed edges found in one call, each as often as it is named: a flood of a city is a tenth, and
more would hold everybody up for seconds."""

_LOOKED_UP_AT_ONCE: Final = 250_000
"""Edges that areas looked up together may be expected to hold, by their share of the map: so little
is found too much before it is noticed."""

NO_WAY: Final = 0
"""Instead of the OSM way of an edge that is of none, such as a boat's landing."""

Edges = NDArray[np.int64]
Areas = Mapping[int, Edges]
"""Edges inside areas by the identity of the area."""

NONE_LOOKED_UP: Final[Areas] = {}


class Found(NamedTuple):
    """Edges of one condition, ascending, and its effect with what depends on them."""

    edges: tuple[int, ...]
    effect: Effect


class Allowance:
    """How many edges one call may still find.

    Parameters
    ----------
    most
        As many in all.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = MOST_EDGES if most is None else most
        self._found = 0

    def take(self, field: str, count: int) -> None:
        """Count edges that were found.

        Raises
        ------
        InvalidFieldError
            They are too many in all.
        """
        self._found += count
        if self._found > self._most:
            given = f"{self._found} edges so far"
            raise InvalidFieldError(field, given, f"up to {self._most} edges in one call")


class StreetFinder:
    """Looks streets of one network up; safe to share among threads."""

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self._indexing, self._naming = threading.Lock(), threading.Lock()

    def index(self) -> EdgeIndex:
        """What drawn lines and areas are looked up in, made at the first use."""
        with self._indexing:
            return self._index

    def places(self) -> PlaceFinder:
        """What callers' words are looked up in, made at the first use."""
        with self._naming:
            return self._places

    @cached_property
    def _index(self) -> EdgeIndex:
        return EdgeIndex(self.network)

    @cached_property
    def _places(self) -> PlaceFinder:
        return PlaceFinder(self.network)

    def look_up_areas(self, named: Sequence[StreetsNamed]) -> Areas:
        """Look the areas of many conditions up at once: a tenth of the time of one by one.

        It stops where they hold more edges than a call may find, or where one is none: ``find``
        says which, and why.
        """
        areas = [area for streets in named for area in streets.polygons]
        found: dict[int, Edges] = {}
        if len(areas) < 2:
            return found
        count = 0
        try:
            polygons = [_polygon(area, "polygon") for area in areas]
            for part in self._parts(polygons):
                place, edges = self.index().inside(polygons[part])
                cuts = np.searchsorted(place, np.arange(1, part.stop - part.start))
                keys = (id(area) for area in areas[part])
                found.update(zip(keys, np.split(edges, cuts), strict=True))
                count += len(edges)
                if count > MOST_EDGES:
                    break
        except (InvalidFieldError, ValueError):
            return found  # looked up one by one, each says what is wrong with it
        return found

    def _parts(self, polygons: Sequence[Polygon]) -> Iterator[slice]:
        """Split areas into runs that hold few enough edges to be looked up together."""
        bounds = self.network.bounds
        width, height = bounds.east - bounds.west, bounds.north - bounds.south
        expected, start = 0.0, 0
        for place, polygon in enumerate(polygons):
            lon, lat = np.array(polygon.outer).T
            across = min(lon.max(), bounds.east) - max(lon.min(), bounds.west)
            along = min(lat.max(), bounds.north) - max(lat.min(), bounds.south)
            share = max(across, 0.0) * max(along, 0.0) / (width * height or 1.0)
            edges = share * self.network.edge_count
            if expected + edges > _LOOKED_UP_AT_ONCE and place > start:
                yield slice(start, place)
                expected, start = 0.0, place
            expected += edges
        yield slice(start, len(polygons))

    def find(
        self,
        streets: StreetsNamed,
        effect: Effect,
        areas: Areas = NONE_LOOKED_UP,
        allowance: Allowance | None = None,
    ) -> Found:
        """Find the edges of one condition.

        Parameters
        ----------
        areas
            What ``look_up_areas`` found, if it was asked; the streets are among those it saw.
        allowance
            Of the call that the condition is part of; None: it has one to itself.

        Raises
        ------
        InvalidFieldError
            A street is not known, an area is none or has no street in it, the effect cannot be on
            such streets, or they are too many; says which, and the nearest names.
        """
        allowance = Allowance() if allowance is None else allowance
        if isinstance(effect, FloodedAreas):
            return self._flooded(streets, effect, allowance)
        if streets.whole_network:
            return self._everywhere(streets, effect)
        count = sum(len(part) for part in _parts(streets))
        if not 1 <= count <= MOST_NAMED:
            allowed = f"1 to {MOST_NAMED} street names, ways, edges, lines or areas"
            raise InvalidFieldError("streets", count, allowed)
        wet = isinstance(effect, Flooded)
        parts = []
        for found in (
            self._named(streets),
            self._along(streets),
            self._inside(streets, areas, wet),
        ):
            for part in found:
                allowance.take("streets", len(part))
                parts.append(part)
        edges = parts[0] if count == 1 else np.unique(np.concatenate(parts))
        if isinstance(effect, Contraflow):
            edges = self._against_oneway(edges)
        return Found(tuple(edges.tolist()), effect)

    def _everywhere(self, streets: StreetsNamed, effect: Effect) -> Found:
        if any(_parts(streets)):
            raise InvalidFieldError("streets.whole_network", True, "no other streets beside it")
        if not isinstance(effect, Slowed | Weather):
            raise InvalidFieldError("streets.whole_network", True, "slowed or weather alone")
        return Found((), effect)

    def _named(self, streets: StreetsNamed) -> Iterator[Edges]:
        """Edges by names, ways and indices; the index of names is quick, the selector explains."""
        for place, name in enumerate(streets.street_names):
            known = self._by_name.get(name.strip().casefold())
            if known is None:
                selector = StreetSelector(name=name)
                known = self._resolve(f"streets.street_names[{place}]", name, "a street", selector)
            yield known
        for place, way in enumerate(streets.osm_way_ids):
            field = f"streets.osm_way_ids[{place}]"
            if way == NO_WAY:
                raise InvalidFieldError(field, way, "the id of an OSM way, 0 is none")
            known = self._of_way(way)
            if not len(known):
                selector = StreetSelector(ways=(way,))
                known = self._resolve(field, way, "a street", selector)
            yield known
        for place, edge in enumerate(streets.edges):
            if not 0 <= edge < self.network.edge_count:
                selector = StreetSelector(edges=(edge,))
                self._resolve(f"streets.edges[{place}]", edge, "a street", selector)
            yield np.array([edge])

    def _along(self, streets: StreetsNamed) -> Iterator[Edges]:
        for place, line in enumerate(streets.lines):
            field = f"streets.lines[{place}]"
            drawn = DrawnLine(wgs84(line.points, f"{field}.points"), line.as_drawn)
            selector = StreetSelector(lines=(drawn,))
            yield self._resolve(field, _shown(drawn.points), "a line along a street", selector)

    def _inside(self, streets: StreetsNamed, areas: Areas, wet: bool) -> Iterator[Edges]:
        left_out = self._water_and_bridges if wet else self._water
        for place, area in enumerate(streets.polygons):
            if id(area) in areas:
                edges = areas[id(area)]
                edges = edges[~left_out[edges]]
                if len(edges):
                    yield edges
                    continue
            field = f"streets.polygons[{place}]"
            polygon = _polygon(area, field)
            selector = StreetSelector(polygons=(polygon,), bridges_spared=wet)
            yield self._resolve(field, _shown(polygon.outer), "an area with streets", selector)

    def _resolve(self, field: str, value: object, kind: str, selector: StreetSelector) -> Edges:
        index = self.index() if selector.lines or selector.polygons else None
        try:
            return resolve(self.network, selector, index).astype(np.int64)
        except (UnknownStreetError, ValueError) as error:
            raise self._refusal(field, value, kind, error) from error

    def _refusal(self, field: str, value: object, kind: str, error: Exception) -> InvalidFieldError:
        told = str(error).removeprefix("polygons[0]: ").removeprefix("areas[0]: ")
        return InvalidFieldError(field, value, f"{kind} of the network ({told})")

    def _flooded(self, streets: StreetsNamed, effect: FloodedAreas, allowance: Allowance) -> Found:
        _check_none_named(streets)
        if not 1 <= len(effect.areas) <= MOST_NAMED:
            allowed = f"1 to {MOST_NAMED} areas"
            raise InvalidFieldError("effect.flooded_areas.areas", len(effect.areas), allowed)
        field = "effect.flooded_areas.areas"
        areas = [
            (_polygon(a.area, f"{field}[{i}].polygon"), a.depth_m)
            for i, a in enumerate(effect.areas)
        ]
        for place, (_, drawn_m) in enumerate(areas):
            check_depth(f"{field}[{place}].depth_m", drawn_m)
        depth_m = np.full(self.network.edge_count, -1, np.float32)
        for part in self._parts([polygon for polygon, _ in areas]):
            try:
                depths = depths_from_polygons(self.index(), areas[part])
            except (UnknownStreetError, ValueError):
                for place in range(part.start, part.stop):  # whose fault it is
                    self._check_area(f"{field}[{place}].polygon", areas[place])
                raise
            allowance.take(field, len(depths.edges))
            depth_m[depths.edges] = np.maximum(depth_m[depths.edges], depths.depth_m)
        edges = np.flatnonzero(depth_m >= 0)
        depths_m = tuple(round(depth, 3) for depth in depth_m[edges].tolist())
        return Found(tuple(edges.tolist()), FloodedAreas(effect.areas, depths_m))

    def _check_area(self, field: str, area: tuple[Polygon, float]) -> None:
        try:
            depths_from_polygons(self.index(), [area])
        except (UnknownStreetError, ValueError) as error:
            raise self._refusal(
                field, _shown(area[0].outer), "an area with streets", error
            ) from error

    def _against_oneway(self, edges: Edges) -> Edges:
        twins = self.network.edge_twin[edges]
        both = np.union1d(edges, twins[twins >= 0])
        against = both[self.network.has_flag(EdgeFlag.AGAINST_ONEWAY)[both]]
        if not len(against):
            allowed = "streets of which some part is one-way, for contraflow"
            raise InvalidFieldError("streets", f"{len(edges)} edges", allowed)
        return against

    @cached_property
    def _water(self) -> NDArray[np.bool_]:
        return self.network.has_flag(EdgeFlag.WATER)

    @cached_property
    def _water_and_bridges(self) -> NDArray[np.bool_]:
        return self.network.has_flag(EdgeFlag.WATER | EdgeFlag.BRIDGE)

    @cached_property
    def _by_name(self) -> dict[str, Edges]:
        """Edges of each name, local or English, in lower case."""
        order, starts = _groups(self.network.edge_name, len(self.network.names))
        found: dict[str, list[Edges]] = {}
        both = zip(self.network.names, self.network.names_en, strict=True)
        for number, spellings in enumerate(both):
            edges = order[starts[number] : starts[number + 1]]
            for name in {spelling.casefold() for spelling in spellings if spelling}:
                found.setdefault(name, []).append(edges)
        return {name: np.sort(np.concatenate(parts)) for name, parts in found.items()}

    @cached_property
    def _ways(self) -> tuple[NDArray[np.int64], Edges]:
        order = np.argsort(self.network.edge_way, kind="stable")
        return self.network.edge_way[order], order

    def _of_way(self, way: int) -> Edges:
        ways, order = self._ways
        return order[np.searchsorted(ways, way, "left") : np.searchsorted(ways, way, "right")]


def _groups(values: NDArray[np.int32], count: int) -> tuple[Edges, Edges]:
    """Indices by value, and where the indices of each value begin."""
    order = np.argsort(values, kind="stable")
    return order, np.searchsorted(values[order], np.arange(count + 1))


def _parts(streets: StreetsNamed) -> tuple[Sequence[object], ...]:
    return (
        streets.street_names,
        streets.osm_way_ids,
        streets.edges,
        streets.lines,
        streets.polygons,
    )


def _check_none_named(streets: StreetsNamed) -> None:
    """Flooded areas say themselves which streets are meant."""
    allowed = "none: the flooded areas say which"
    if streets.whole_network:
        raise InvalidFieldError("streets.whole_network", True, allowed)
    kinds = ("street_names", "osm_way_ids", "edges", "lines", "polygons")
    for kind, part in zip(kinds, _parts(streets), strict=True):
        if part:
            raise InvalidFieldError(f"streets.{kind}", len(part), allowed)


def _shown(points: Sequence[LonLat]) -> str:
    return f"{points[0]}, …"


def _polygon(area: AreaDrawn, field: str) -> Polygon:
    holes = (wgs84(hole, f"{field}.holes[{place}]") for place, hole in enumerate(area.holes))
    return Polygon(wgs84(area.outer, f"{field}.outer"), tuple(holes))


def wgs84(points: PointsGiven, field: str) -> tuple[LonLat, ...]:
    """Points in WGS84.

    Raises
    ------
    InvalidFieldError
        One is off the earth.
    """
    lon, lat = np.array(points.longitudes), np.array(points.latitudes)
    try:
        found = to_wgs84_many(lon, lat, points.coordinate_system)
    except PointError as error:
        allowed = f"points that can be read ({error})"
        raise InvalidFieldError(field, len(lon), allowed) from error
    return tuple(LonLat(*pair) for pair in found.tolist())
