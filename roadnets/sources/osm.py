"""OSMnx: a place by its name, online, or a graph that OSMnx saved. Nothing else imports osmnx."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import urllib.request
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import networkx as nx
import numpy as np
import osmnx as ox
import requests
import shapely

from roadnets.errors import SourceError
from roadnets.geo import LonLat
from roadnets.network import HIGHWAY_CLASSES, Place
from roadnets.streets import AdminArea, StreetData, Tell, area_of, places_at, silence, to_units
from roadnets.tags import PLACE_TAGS, Tags, access_says, signal_direction

SUFFIXES: Final = (".graphml",)

OFFLINE_WAYS: Final = (
    "without a network, download an extract as .osm.pbf or .osm elsewhere and import that file"
)

# Everything that a rule in roadnets.tags may want to see.
_WAY_TAGS: Final = (
    *("abandoned", "access", "area", "bridge", "bridge:name", "bridge:name:en", "disused"),
    *("emergency", "highway", "impassable", "junction", "lanes", "maxspeed", "maxspeed:backward"),
    *("maxspeed:forward", "maxspeed:type", "motor_vehicle", "motorcar", "name", "name:en"),
    *("name:zh", "oneway", "oneway:emergency", "ref", "service", "smoothness", "source:maxspeed"),
    *("surface", "tracktype", "tunnel", "tunnel:name", "tunnel:name:en", "vehicle"),
    "zone:maxspeed",
)
_NODE_TAGS: Final = (
    *("access", "barrier", "direction", "emergency", "highway", "motor_vehicle", "motorcar"),
    *("traffic_signals:direction", "vehicle"),
)
_EMERGENCY: Final = "yes|designated|official|permissive|destination"
_NEVER_DRIVEN: Final = (
    "abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|footway|"
    "path|planned|platform|proposed|raceway|razed|rest_area|services|steps|via_ferrata"
)
_STREETS: Final = [
    f'["highway"]["highway"!~"^({_NEVER_DRIVEN})$"]["area"!~"yes"]',
    f'["highway"~"^(bridleway|cycleway|footway|path)$"]["emergency"~"^({_EMERGENCY})$"]',
]
_NOT_A_TAG: Final = frozenset({"osmid", "length", "geometry", "reversed", "x", "y", "street_count"})
_HUMBLEST_LAST: Final = {name: i for i, name in enumerate(HIGHWAY_CLASSES)}


# What OSMnx and the libraries under it raise for a graph that lacks what they look for.
_NOT_A_GRAPH: Final = (
    *(KeyError, ValueError, TypeError, AttributeError, RuntimeError),
    *(nx.NetworkXError, shapely.errors.GEOSException),
)

NOMINATIM_URL: Final = "https://nominatim.openstreetmap.org/"
OVERPASS_URL: Final = "https://overpass-api.de/api"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where places are looked up and streets are downloaded."""

    nominatim_url: str = NOMINATIM_URL
    overpass_url: str = OVERPASS_URL

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Servers:
        """Take DISPATCH_NOMINATIM_URL and DISPATCH_OVERPASS_URL where they are set."""
        return cls(
            environment.get("DISPATCH_NOMINATIM_URL") or NOMINATIM_URL,
            environment.get("DISPATCH_OVERPASS_URL") or OVERPASS_URL,
        )


# ---- a place by its name ------------------------------------------------------------------------


def read_place(place: str, servers: Servers, tell: Tell = silence) -> StreetData:
    """Download the streets, places and districts of a place.

    Parameters
    ----------
    place
        What one would type into a map's search box: "Nanshan, Shenzhen, China".
    servers
        Whom to ask.
    tell
        Told each step as it begins.

    Returns
    -------
    StreetData
        Its checksum is over the data, since a download has no bytes to come back to.

    Raises
    ------
    SourceError
        The place is not known or has no boundary, or a server cannot be reached or refuses.
    """
    with _complaints(place), _settings(servers):
        tell(f"looking up {place}")
        _reach(servers.nominatim_url)
        boundary = _boundary(place)
        tell("downloading streets")
        _reach(servers.overpass_url)
        graph = ox.graph_from_polygon(
            boundary, simplify=False, retain_all=True, truncate_by_edge=True, custom_filter=_STREETS
        )
        tell("downloading hospitals, stations and districts")
        places, areas = _features(boundary)
    streets = streets_of_graph(graph, place)
    data = replace(streets, places=tuple(places), areas=tuple(areas))
    return replace(data, source_checksum=_checksum_of(data))


def _boundary(place: str) -> shapely.Polygon | shapely.MultiPolygon:
    try:
        boundary: shapely.Polygon | shapely.MultiPolygon = ox.geocode_to_gdf(place).union_all()
    except TypeError as error:
        raise SourceError(
            f"{place!r} is known, but only as a point: name an area that has a boundary, "
            "such as a city or a district"
        ) from error
    return boundary


@contextlib.contextmanager
def _complaints(place: str) -> Iterator[None]:
    """Turn what OSMnx and requests raise into one sentence."""
    try:
        yield
    except (requests.ConnectionError, requests.Timeout) as error:
        url = error.request.url if error.request else None
        host = urlsplit(str(url)).hostname if url else "the map server"
        raise SourceError(f"{host} does not answer: {OFFLINE_WAYS}") from error
    except requests.RequestException as error:
        raise SourceError(f"the map server refuses {place!r}: {error}") from error
    except ValueError as error:  # every error class of OSMnx is one
        raise SourceError(f"{place!r} cannot be imported: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _reach(url: str) -> None:
    """Fail at once where there is no network, rather than after the timeout of a download."""
    if urllib.request.getproxies():
        return  # only the proxy knows
    parts = urlsplit(url)
    host = parts.hostname or url
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((host, port), timeout=10).close()
    except OSError as error:
        raise SourceError(f"{host} cannot be reached: {OFFLINE_WAYS}") from error


@contextlib.contextmanager
def _settings(servers: Servers) -> Iterator[None]:
    """Set OSMnx up for one download and leave no trace: no cache, no changed resolver."""
    changed: dict[str, Any] = {
        "nominatim_url": servers.nominatim_url,
        "overpass_url": servers.overpass_url,
        "overpass_rate_limit": servers.overpass_url == OVERPASS_URL,
        "doh_url_template": None,
        "use_cache": False,
        "all_oneway": True,  # one edge a segment, and the oneway tag as it was
        "useful_tags_way": list(_WAY_TAGS),
        "useful_tags_node": list(_NODE_TAGS),
    }
    before = {name: getattr(ox.settings, name) for name in changed}
    resolver = socket.getaddrinfo
    try:
        for name, value in changed.items():
            setattr(ox.settings, name, value)
        yield
    finally:
        socket.getaddrinfo = resolver
        for name, value in before.items():
            setattr(ox.settings, name, value)


def _features(
    boundary: shapely.Polygon | shapely.MultiPolygon,
) -> tuple[list[Place], list[AdminArea]]:
    wanted: dict[str, bool | str | list[str]] = {
        key: sorted(values) for key, values in PLACE_TAGS.items()
    }
    wanted["population"] = True
    places: list[Place] = []
    areas: list[AdminArea] = []
    try:
        frame = ox.features_from_polygon(boundary, wanted)
    except ox._errors.InsufficientResponseError:  # noqa: SLF001  # it has no public name
        return places, areas
    for (element, number), row in zip(frame.index, frame.to_dict("records"), strict=True):
        osm_id = f"{element}/{number}"
        shape = _largest_part(row.pop("geometry"))
        tags = {str(k): v for k, v in row.items() if isinstance(v, str)}
        places += places_at(osm_id, tags, LonLat(*shapely.centroid(shape).coords[0]))
        if isinstance(shape, shapely.Polygon):
            ring = [LonLat(*point[:2]) for point in shape.exterior.coords]
            area = area_of(osm_id, tags, ring)
            areas += [] if area is None else [area]
    return places, areas


def _largest_part(shape: shapely.Geometry) -> shapely.Geometry:
    """Reduce a shape to its largest polygon without holes, where it has one."""
    parts = [p for p in shapely.get_parts(shape) if isinstance(p, shapely.Polygon)]
    return shapely.Polygon(max(parts, key=lambda p: p.area).exterior) if parts else shape


def _checksum_of(data: StreetData) -> str:
    digest = hashlib.sha256()
    for array in (data.node_id, data.node_xy, data.way_id):
        digest.update(array.tobytes())
    for array in (data.segment_tail, data.segment_head, data.segment_way):
        digest.update(array.tobytes())
    texts = (data.way_tags, data.node_tags, data.places, data.areas)
    digest.update(json.dumps(texts, sort_keys=True, default=asdict).encode())
    return f"sha256:{digest.hexdigest()}"


# ---- a graph that OSMnx saved -------------------------------------------------------------------


def read_graphml(path: Path, tell: Tell = silence) -> StreetData:
    """Read a graph saved by ``osmnx.save_graphml``, simplified or not.

    Such a graph has streets, signals and whatever tags it was made with, but no hospitals.

    Raises
    ------
    SourceError
        The file is missing, broken or not a graph of OSMnx's.
    """
    tell("reading the graph")
    notes = ["a GraphML file holds no hospitals, stations, depots, shelters or districts"]
    try:
        content = path.read_bytes()
        with warnings.catch_warnings(action="ignore"):  # of keys that a broken file lacks
            graph = ox.load_graphml(path, edge_dtypes={"oneway": str, "reversed": str})
        if ox.projection.is_projected(graph.graph["crs"]):
            graph = ox.project_graph(graph, to_latlong=True)
        if graph.graph.get("simplified"):
            notes.append("the graph is simplified: signals and gates between junctions are lost")
        streets = streets_of_graph(graph, path.name[: -len(SUFFIXES[0])])
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror or error}") from error
    except ET.ParseError as error:
        line, column = error.position
        what = "is empty" if not path.stat().st_size else "is not well-formed XML"
        raise SourceError(f"{path.name} {what} (line {line}, column {column})") from error
    except _NOT_A_GRAPH as error:
        raise SourceError(
            f"{path.name} is not a graph saved by OSMnx: {_sentence(error) or 'no graph in it'}"
        ) from error
    return replace(
        streets,
        source=path.name,
        source_checksum=f"sha256:{hashlib.sha256(content).hexdigest()}",
        notes=tuple(notes),
    )


# ---- graphs to streets --------------------------------------------------------------------------


@dataclass(slots=True)
class _Collector:
    """Nodes, ways and segments as they are found."""

    node_id: list[int] = field(default_factory=list)
    lonlat: list[tuple[float, float]] = field(default_factory=list)
    segments: list[tuple[int, int, int]] = field(default_factory=list)
    way_id: list[int] = field(default_factory=list)
    way_tags: list[Tags] = field(default_factory=list)
    bends: int = 0

    def add_node(self, osm_id: int, lon: float, lat: float) -> int:
        self.node_id.append(osm_id)
        self.lonlat.append((lon, lat))
        return len(self.node_id) - 1

    def add_bend(self, lon: float, lat: float) -> int:
        """Add a point of which the graph knows no OSM id; it gets a negative one."""
        self.bends += 1
        return self.add_node(-self.bends, lon, lat)

    def add_way(self, osm_id: int, tags: Tags) -> int:
        self.way_id.append(osm_id)
        self.way_tags.append(tags)
        return len(self.way_id) - 1


def streets_of_graph(graph: nx.MultiDiGraph[int], name: str) -> StreetData:
    """Turn a graph of OSMnx's, simplified or not, back into ways and segments."""
    found = _Collector()
    index: dict[int, int] = {}
    node_tags: dict[int, Tags] = {}
    nodes: list[tuple[int, dict[str, Any]]] = sorted(graph.nodes.items())
    for node, attributes in nodes:
        index[node] = found.add_node(int(node), float(attributes["x"]), float(attributes["y"]))
        if tags := _tags(attributes):
            node_tags[index[node]] = tags
    ways: dict[tuple[int, str], int] = {}
    for street in _streets(graph):
        tags = street.tags()
        key = (street.way, json.dumps(tags, sort_keys=True))
        if key not in ways or street.line is not None:
            ways[key] = found.add_way(street.way, tags)
        bends = [] if street.line is None else street.line[1:-1]
        points = [index[street.tail], *(found.add_bend(*p) for p in bends), index[street.head]]
        found.segments += [(a, b, ways[key]) for a, b in pairwise(points)]
    tail, head, way = np.array(found.segments, np.int32).reshape(-1, 3).T
    return StreetData(
        name=name,
        source=name,
        source_checksum="",
        synthetic=False,
        node_id=np.array(found.node_id, np.int64),
        node_xy=to_units(np.array(found.lonlat, np.float64).reshape(-1, 2)),
        node_tags=node_tags,
        segment_tail=np.ascontiguousarray(tail),
        segment_head=np.ascontiguousarray(head),
        segment_way=np.ascontiguousarray(way),
        way_id=np.array(found.way_id, np.int64),
        way_tags=found.way_tags,
        signals=sum(signal_direction(tags) is not None for tags in node_tags.values()),
    )


@dataclass(slots=True)
class _Street:
    """An edge of the graph together with the edge that runs back, if there is one."""

    tail: int
    head: int
    way: int
    line: list[tuple[float, float]] | None
    attributes: Mapping[str, Any]
    two_way: bool = False

    def tags(self) -> dict[str, str]:
        """Make tags; a street's directions come from the graph, save where it kept the tag."""
        tags = _tags(self.attributes)
        if "oneway" in tags and tags["oneway"] not in {"True", "False"}:
            # The graph has one edge a segment, reversed already where the tag says -1.
            tags["oneway"] = "yes" if tags["oneway"] in {"-1", "reverse"} else tags["oneway"]
            return tags
        if "oneway" not in tags:
            return tags
        del tags["oneway"]
        if not self.two_way:
            tags["oneway"] = "yes"
        elif tags.get("highway") not in {"motorway", "motorway_link"} and "junction" not in tags:
            tags["oneway"] = "no"
        return tags


def _streets(graph: nx.MultiDiGraph[int]) -> Iterable[_Street]:
    """Pair each edge with the edge that runs back; those along their way come first."""
    edges = sorted(
        graph.edges(keys=True, data=True),
        key=lambda e: ("True" in str(e[3].get("reversed")), e[0], e[1], e[2]),
    )
    streets: dict[tuple[Any, ...], _Street] = {}
    for tail, head, key, attributes in edges:
        line = attributes.get("geometry")
        points = None if line is None else [(float(x), float(y)) for x, y in line.coords]
        ids = _ids(attributes["osmid"])
        back = streets.get((head, tail, ids, _shape(points, back=True)))
        if back is not None and not back.two_way:
            back.two_way = True
            continue
        known: tuple[Any, ...] = (tail, head, ids, _shape(points))
        if known in streets:  # the same street once more
            known = (*known, key)
        streets[known] = _Street(tail, head, min(ids), points, attributes)
    return streets.values()


def _ids(osmid: int | list[int]) -> tuple[int, ...]:
    return tuple(sorted(int(i) for i in (osmid if isinstance(osmid, list) else [osmid])))


def _shape(
    points: list[tuple[float, float]] | None, *, back: bool = False
) -> tuple[tuple[float, float], ...]:
    """Make a line comparable: to 1e-7 degrees, turned round if ``back``."""
    if points is None:
        return ()
    rounded = [(round(lon, 7), round(lat, 7)) for lon, lat in points]
    return tuple(rounded[::-1] if back else rounded)


def _tags(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Take the tags among a graph's attributes; of several values one, or all joined by ``;``."""
    tags = {}
    for key, value in attributes.items():
        if key in _NOT_A_TAG:
            continue
        if isinstance(value, list):
            tags[key] = _merge(key, sorted({str(v) for v in value}))
        elif isinstance(value, str | bool):
            tags[key] = str(value)
    return tags


def _merge(key: str, values: list[str]) -> str:
    """Choose for a street that OSMnx joined of several ways: the humblest and most closed."""
    if key == "highway":
        known = [v for v in values if v in _HUMBLEST_LAST]
        return max(known, key=_HUMBLEST_LAST.__getitem__) if known else values[0]
    if key in {"access", "motor_vehicle", "motorcar", "vehicle"}:
        closed = [v for v in values if not access_says({key: v})]
        return (closed or values)[0]
    if key in {"bridge", "tunnel"}:
        return next((v for v in values if v != "no"), "no")
    if key in {"oneway", "junction"}:
        return values[0]
    return ";".join(values)
