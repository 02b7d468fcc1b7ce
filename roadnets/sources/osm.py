"""OSMnx: a place by its name, online; a graph that somebody has; a graph for whoever wants one.

Nothing else imports osmnx.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import urllib.request
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import networkx as nx
import osmnx as ox
import requests
import shapely
from numpy.typing import ArrayLike

from roadnets.beside import Place
from roadnets.errors import SourceError
from roadnets.geo import LonLat
from roadnets.imports.placetags import PLACE_TAGS
from roadnets.imports.streets import AdminArea, StreetData, Tell, area_of, places_at, silence
from roadnets.network import RoadNetwork
from roadnets.sources.osmgraph import graph_of_network, streets_of_graph

SUFFIXES: Final = (".graphml",)

OFFLINE_WAYS: Final = (
    "without a network, download an extract as .osm.pbf or .osm elsewhere and import that file"
)

# Everything that a rule in roadnets.imports.tags may want to see.
_WAY_TAGS: Final = (
    *("abandoned", "access", "area", "bridge", "bridge:name", "bridge:name:en", "bus", "bus:lanes"),
    *("bus:lanes:backward", "bus:lanes:forward", "busway", "busway:both", "busway:left"),
    *("busway:right", "disused", "emergency", "highway", "hov", "impassable", "junction", "lanes"),
    *("lanes:bus", "lanes:bus:backward", "lanes:bus:forward", "lanes:psv", "lanes:psv:backward"),
    *("lanes:psv:forward", "layer", "maxheight", "maxheight:physical", "maxspeed"),
    *("maxspeed:backward", "maxspeed:forward", "maxspeed:type", "maxweight", "maxweight:physical"),
    *("maxwidth", "maxwidth:physical", "motor_vehicle", "motorcar", "name", "name:en", "name:zh"),
    *("oneway", "oneway:emergency", "psv", "psv:lanes", "psv:lanes:backward", "psv:lanes:forward"),
    *("ref", "service", "smoothness", "source:maxspeed", "surface", "tracktype", "tunnel"),
    *("tunnel:name", "tunnel:name:en", "vehicle", "zone:maxspeed"),
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
    notes = ("a download has no turn restrictions, addresses or water: an extract has",)
    data = replace(streets, places=tuple(places), areas=tuple(areas), notes=notes)
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
    try:
        content = path.read_bytes()
        with warnings.catch_warnings(action="ignore"):  # of keys that a broken file lacks
            graph = ox.load_graphml(path, edge_dtypes={"oneway": str, "reversed": str})
        streets = _streets_in_degrees(graph, path.name[: -len(SUFFIXES[0])])
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
    )


def from_osmnx(
    graph: nx.MultiDiGraph[int], name: str = "", *, use_speeds: bool = False, tell: Tell = silence
) -> RoadNetwork:
    """Make a network of a graph that OSMnx made, simplified or not.

    Parameters
    ----------
    graph
        Of any coordinate reference system. Every edge of a simplified graph stays one edge.
    name
        What to call the city; what the graph calls itself if empty.
    use_speeds
        Whether an edge without ``maxspeed`` takes its ``speed_kph`` (``add_edge_speeds``) for a
        posted speed, rather than the default of its class.
    tell
        Told each step as it begins.

    Returns
    -------
    RoadNetwork
        The core of the graph. It has no hospitals, gates or turn restrictions, for such a graph
        has none.

    Raises
    ------
    SourceError
        It is not a graph of OSMnx's, or nothing in it can be driven.
    """
    from roadnets.imports.assemble import assemble

    title = name or str(graph.graph.get("name") or "graph")
    try:
        data = _streets_in_degrees(graph, title, use_speeds=use_speeds)
    except _NOT_A_GRAPH as error:
        raise SourceError(
            f"{title} is not a graph made by OSMnx: {_sentence(error) or 'no graph in it'}"
        ) from error
    return assemble(replace(data, source_checksum=_checksum_of(data)), tell)


def to_osmnx(
    network: RoadNetwork, travel_times_s: ArrayLike | None = None, *, every_edge: bool = False
) -> nx.MultiDiGraph[int]:
    """Make a graph of a network, for OSMnx and whatever else knows its attributes.

    Parameters
    ----------
    network
        The streets.
    travel_times_s
        Seconds along each edge, (m,), for ``travel_time``; an edge whose is infinite is left out.
        If None, length by ``speed_kph``, as OSMnx's ``add_edge_travel_times`` has it.
    every_edge
        Whether edges that nobody drives on an ordinary day, against a one-way street and on
        water, are there as well.

    Returns
    -------
    networkx.MultiDiGraph
        As of ``osmnx.simplify_graph``, in EPSG:4326: nodes by OSM id; edges with ``osmid``,
        ``highway``, ``name``, ``oneway``, ``reversed``, ``length``, ``speed_kph``, ``travel_time``
        and, where there is one, ``geometry``, ``ref``, ``maxspeed``, ``access``, ``layer`` and
        others. ``from_osmnx`` gives the same nodes, edges, lengths and names again; gates, bus
        lanes and turn restrictions, which such a graph cannot tell, are lost.

    Raises
    ------
    ValueError
        ``travel_times_s`` is not one number of 0 or more for each edge.
    """
    return graph_of_network(network, travel_times_s, every_edge=every_edge)


def _streets_in_degrees(
    graph: nx.MultiDiGraph[int], name: str, *, use_speeds: bool = False
) -> StreetData:
    """Take the streets of a graph of any coordinate reference system, with notes on what it lacks.

    Raises
    ------
    Exception
        Any of ``_NOT_A_GRAPH``.
    """
    if ox.projection.is_projected(graph.graph["crs"]):
        graph = ox.project_graph(graph, to_latlong=True)
    notes = ["a graph holds no hospitals, other places, addresses or turn restrictions"]
    if graph.graph.get("simplified"):
        notes.append("the graph is simplified: signals and gates between junctions are lost")
    return replace(streets_of_graph(graph, name, use_speeds=use_speeds), notes=tuple(notes))
