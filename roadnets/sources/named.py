"""NamedThings: which objects of OpenStreetMap a caller may name to say where something is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import shapely

from roadnets.beside import Landmark, LandmarkKind
from roadnets.geo import METRES_PER_DEGREE, LonLat
from roadnets.imports.placetags import place_kinds
from roadnets.imports.streets import ring_centroid
from roadnets.imports.tags import Tags, names

NAMING_KEYS: Final = ("name", "name:zh", "addr:housenumber", "entrance", "railway")
"""An object without any of these is no landmark, unless it is a barrier or a milestone."""

GATE_REACH_M: Final = 60.0
"""A gate that stands in no compound belongs to the nearest one within this."""

STATION_REACH_M: Final = 600.0
"""An underground station's entrances lie so far from its middle."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OTHER_NAMES: Final = ("short_name", "alt_name", "official_name", "old_name")
_GROUNDS: Final = _words(
    "residential commercial industrial retail education institutional religious military"
    " cemetery recreation_ground railway port construction"
)
_CAMPUSES: Final = _words("university college school kindergarten hospital prison")
_PARKS: Final = _words("park garden stadium sports_centre golf_course nature_reserve")
_HOMES: Final = _words("apartments residential dormitory terrace house yes")
_NO_HOMES: Final = _words("shop tourism amenity historic leisure man_made aerialway power office")
_QUARTERS: Final = _words("neighbourhood quarter city_block square")

# Of these keys only some values are places; of any other key below, every value is.
_ONLY: Final[dict[str, frozenset[str]]] = {
    "highway": _words("bus_stop rest_area services motorway_junction toll_gantry"),
    "railway": _words("station halt tram_stop subway_entrance"),
    "public_transport": _words("station platform stop_position"),
    "waterway": _words("dam waterfall lock_gate weir"),
    "barrier": _words("toll_booth border_control"),
    "natural": _words("peak saddle beach cave_entrance spring water hot_spring cape bay"),
}
_ANY: Final = (
    *("amenity", "shop", "office", "craft", "healthcare", "club", "tourism", "leisure"),
    *("historic", "place", "building", "landuse", "man_made", "aeroway", "aerialway"),
    *("emergency", "military", "power", "mountain_pass", "industrial"),
)
_TOO_LARGE: Final = _words(
    "country state region province county municipality city island archipelago ocean sea"
)
_LOCALITIES: Final = _words(
    "town village hamlet suburb quarter neighbourhood locality isolated_dwelling borough"
)

_GATES: Final = _words("gate lift_gate swing_gate sliding_gate entrance sally_port")
_NUMBER: Final = re.compile(r"(\d+)(?:\s*\+\s*(\d{1,3})|[.,](\d+))?")
_INVISIBLE: Final = " \u200b\u200e\u200f\ufeff"
_ROAD_NUMBER: Final = re.compile(r"^[A-Za-z]{1,4}[ -]?\d+[A-Za-z]?$")


@dataclass(slots=True)
class NamedThings:
    """Collects landmarks in the order of a file; ``finish`` tells gates what they lead into."""

    _nodes: list[Landmark] = field(default_factory=list)
    _areas: list[Landmark] = field(default_factory=list)
    _node_stations: list[Landmark] = field(default_factory=list)
    _rings: list[tuple[str, Sequence[LonLat]]] = field(default_factory=list)

    def take_node(self, osm_id: str, tags: Tags, point: LonLat) -> None:
        """Take a node that may be a landmark or several."""
        point = _rounded(point)
        self._nodes += _addresses(osm_id, tags, point)
        gate = _gate(osm_id, tags, point)
        post = _post(osm_id, tags, point)
        if gate is not None or post is not None:
            self._nodes += [thing for thing in (gate, post) if thing is not None]
            return
        self._nodes += _named(osm_id, tags, point, _kind(tags, closed=False))
        if tags.get("railway") in {"station", "halt"} or tags.get("station") == "subway":
            name, name_en = names(tags)
            self._node_stations.append(Landmark(LandmarkKind.POINT, osm_id, point, name, name_en))

    def take_outline(self, osm_id: str, tags: Tags, ring: Sequence[LonLat]) -> None:
        """Take a way or relation; of one that is not closed, any point may stand for it."""
        closed = ring[0] == ring[-1] and len(ring) > 3
        point = _rounded(ring_centroid(ring) if closed else ring[len(ring) // 2])
        self._areas += _addresses(osm_id, tags, point)
        gate = _gate(osm_id, tags, point)
        if gate is not None:
            self._areas.append(gate)
            return
        self._areas += _named(osm_id, tags, point, _kind(tags, closed=closed))
        if closed and names(tags)[0] and "highway" not in tags and "boundary" not in tags:
            self._rings.append((names(tags)[0], ring))

    def forget_areas(self) -> None:
        """Forget every way and relation."""
        self._areas.clear()
        self._rings.clear()

    def finish(self) -> tuple[Landmark, ...]:
        """Give every landmark in file order, an address once a street and number."""
        things = _once([*self._nodes, *self._areas])
        gates = [i for i, thing in enumerate(things) if thing.kind is LandmarkKind.GATE]
        inside = self._compounds_of([things[i].point for i in gates])
        for i, compound in zip(gates, inside, strict=True):
            station = things[i].street == _UNDERGROUND
            name = self._station_of(things[i].point) if station else compound
            things[i] = replace(things[i], street="", compound=name)
        return tuple(things)

    def _compounds_of(self, points: Sequence[LonLat]) -> list[str]:
        """Names of the smallest compounds around points, or of the nearest ones; "" for none."""
        if not points or not self._rings:
            return [""] * len(points)
        scale = np.array((np.cos(np.radians(points[0].lat)), 1.0)) * METRES_PER_DEGREE
        drawn = [shapely.Polygon(np.array(ring) * scale) for _, ring in self._rings]
        polygons = [p if p.is_valid else p.convex_hull for p in drawn]
        tree = shapely.STRtree(polygons)
        found = [""] * len(points)
        for i, at in enumerate(shapely.Point(*point) for point in np.array(points) * scale):
            near = tree.query(at, predicate="dwithin", distance=GATE_REACH_M).tolist()
            if near:
                # A gate stands on the outline, which may run a metre inside or outside of it.
                best = min(
                    near, key=lambda k: (round(polygons[k].distance(at) / 5), polygons[k].area, k)
                )
                found[i] = self._rings[best][0]
        return found

    def _station_of(self, point: LonLat) -> str:
        def metres(station: Landmark) -> float:
            east = (station.point.lon - point.lon) * np.cos(np.radians(point.lat))
            return float(np.hypot(east, station.point.lat - point.lat) * METRES_PER_DEGREE)

        nearest = min(self._node_stations, key=metres, default=None)
        return nearest.name if nearest and metres(nearest) <= STATION_REACH_M else ""


_UNDERGROUND: Final = "\0underground"
"""Stands in ``street`` of an underground station's entrance until its station is known."""


def is_named_area(tags: Tags) -> bool:
    """Whether an outline with these tags would be a landmark."""
    return bool(
        ("addr:housenumber" in tags and ("addr:street" in tags or "addr:place" in tags))
        or (names(tags)[0] and (_is_thing(tags) or place_kinds(tags)))
    )


def _rounded(point: LonLat) -> LonLat:
    return LonLat(round(point.lon, 7), round(point.lat, 7))


def _is_thing(tags: Tags) -> bool:
    if tags.get("boundary") == "administrative" or tags.get("place") in _TOO_LARGE:
        return False
    if "highway" in tags and tags.get("area") == "yes":
        return True
    return any(key in tags for key in _ANY) or any(
        tags.get(key) in values for key, values in _ONLY.items()
    )


def _kind(tags: Tags, *, closed: bool) -> LandmarkKind:
    if closed and _is_compound(tags):
        return LandmarkKind.COMPOUND
    if tags.get("place") in _LOCALITIES:
        return LandmarkKind.LOCALITY
    return LandmarkKind.POINT


def _is_compound(tags: Tags) -> bool:
    return (
        tags.get("landuse") in _GROUNDS
        or tags.get("amenity") in _CAMPUSES
        or tags.get("leisure") in _PARKS
        or tags.get("place") in _QUARTERS
        or (tags.get("building") in _HOMES and not any(key in tags for key in _NO_HOMES))
    )


def _named(osm_id: str, tags: Tags, point: LonLat, kind: LandmarkKind) -> Iterator[Landmark]:
    """Each name of a thing; hospitals and the like are places, found by their own names already."""
    name, name_en = (text.strip(_INVISIBLE) for text in names(tags))
    number = tags.get("ref", "") if tags.get("highway") == "motorway_junction" else ""
    if not _is_thing(tags) or not (name or number):
        return
    if not place_kinds(tags):
        yield Landmark(kind, osm_id, point, name, name_en, number=number)
    for key in _OTHER_NAMES:
        for other in filter(None, (part.strip() for part in tags.get(key, "").split(";"))):
            if other != name:
                yield Landmark(kind, osm_id, point, other, tags.get(f"{key}:en", ""))


def _addresses(osm_id: str, tags: Tags, point: LonLat) -> Iterator[Landmark]:
    street = tags.get("addr:street") or tags.get("addr:place", "")
    if not street:
        return
    street_en = tags.get("addr:street:en", "")
    for number in filter(None, (n.strip() for n in tags.get("addr:housenumber", "").split(";"))):
        yield Landmark(
            LandmarkKind.ADDRESS, osm_id, point, name_en=street_en, street=street, number=number
        )


def _gate(osm_id: str, tags: Tags, point: LonLat) -> Landmark | None:
    underground = tags.get("railway") == "subway_entrance"
    is_gate = tags.get("barrier") in _GATES or tags.get("entrance", "no") != "no" or underground
    if not is_gate or _is_thing(tags) > underground:
        return None
    name, name_en = names(tags)
    number = tags.get("ref", "")
    if not (name or number):
        return None
    street = _UNDERGROUND if underground else ""
    return Landmark(LandmarkKind.GATE, osm_id, point, name, name_en, street, number)


def _post(osm_id: str, tags: Tags, point: LonLat) -> Landmark | None:
    if tags.get("highway") != "milestone":
        return None
    ref = tags.get("ref", "").strip()
    road = next((tags[key] for key in ("road_ref", "ref:road", "addr:street") if key in tags), "")
    if not road and _ROAD_NUMBER.match(ref):
        road, ref = ref, ""
    for text in (tags.get("distance", ""), tags.get("pk", ""), ref, tags.get("name", "")):
        kilometre = parse_kilometre(text)
        if kilometre is not None:
            number = f"{kilometre:.3f}".rstrip("0").rstrip(".")
            kind = LandmarkKind.KILOMETRE_POST
            return Landmark(kind, osm_id, point, street=road, number=number)
    return None


def parse_kilometre(text: str) -> float | None:
    """Kilometres on a post: "12.4", "12,4 km", "K12+400"; None where there is no number."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    whole, metres, decimals = found.groups()
    return float(whole) + (int(metres) / 1000 if metres else float(f"0.{decimals or 0}"))


def _once(things: Sequence[Landmark]) -> list[Landmark]:
    """Drop addresses given before: a shop's and its building's are one."""
    seen: set[tuple[str, str, int, int]] = set()
    kept = []
    for thing in things:
        if thing.kind is LandmarkKind.ADDRESS:
            cell = (round(thing.point.lon * 1000), round(thing.point.lat * 1000))
            key = (thing.street, thing.number, *cell)
            if key in seen:
                continue
            seen.add(key)
        kept.append(thing)
    return kept
