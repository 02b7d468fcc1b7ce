"""Graphs as OSMnx makes them, to streets and back: its model and its attributes, without its code.

A graph is a ``networkx.MultiDiGraph``: nodes by OSM id with ``x`` and ``y``, an edge a direction of
travel with its way's tags, ``osmid``, ``length`` and, where it bends, ``geometry`` (Boeing,
"Modeling and Analyzing Urban Networks and Amenities with OSMnx", Geographical Analysis, 2025).
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import networkx as nx
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from roadnets.imports.streets import StreetData, to_units
from roadnets.imports.tags import Tags, access_says, rule_of, signal_direction
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE, HIGHWAY_CLASSES, EdgeFlag, RoadNetwork

_NOT_A_TAG: Final = frozenset({"osmid", "length", "geometry", "reversed", "x", "y", "street_count"})
_HUMBLEST_LAST: Final = {name: i for i, name in enumerate(HIGHWAY_CLASSES)}


_OSMNX_BOOLS: Final = frozenset({"True", "False"})
_WHO_ENTERS: Final = ("access", "emergency", "motor_vehicle", "motorcar", "vehicle")
_FIRST_TOO_LARGE: Final = 1 << 63
_OURS: Final = "citydispatch"
"""Graphs that we made say of every edge whether it runs one way."""


@dataclass(slots=True)
class _Collector:
    """Nodes, ways and segments as they are found.

    Attributes
    ----------
    lowest_id
        No node has a lower id.
    """

    lowest_id: int = 0
    node_id: list[int] = field(default_factory=list)
    lonlat: list[tuple[float, float]] = field(default_factory=list)
    segments: list[tuple[int, int, int]] = field(default_factory=list)
    way_id: list[int] = field(default_factory=list)
    way_tags: list[Tags] = field(default_factory=list)

    def add_node(self, osm_id: int, lon: float, lat: float) -> int:
        _check_id("node", osm_id)
        _check_degrees(f"node {osm_id}", lon, lat)
        self.node_id.append(osm_id)
        self.lonlat.append((lon, lat))
        return len(self.node_id) - 1

    def add_bend(self, of: str, lon: float, lat: float) -> int:
        """Add a point of which the graph knows no OSM id; it gets a negative one of its own."""
        _check_degrees(of, lon, lat)
        self.lowest_id -= 1
        return self.add_node(self.lowest_id, lon, lat)

    def add_way(self, osm_id: int, tags: Tags) -> int:
        _check_id("way", osm_id)
        self.way_id.append(osm_id)
        self.way_tags.append(tags)
        return len(self.way_id) - 1


def _check_id(what: str, osm_id: int) -> None:
    if not -_FIRST_TOO_LARGE <= osm_id < _FIRST_TOO_LARGE:
        raise ValueError(f"the id of {what} {osm_id} is too large; allowed: 64 bits")


def _check_degrees(what: str, lon: float, lat: float) -> None:
    for name, value, limit in (("x", lon, 180), ("y", lat, 90)):
        if not -limit <= value <= limit:  # also true of NaN
            raise ValueError(f"{name} of {what} is {value}; allowed: -{limit} to {limit} degrees")


def streets_of_graph(
    graph: nx.MultiDiGraph[int], name: str, *, use_speeds: bool = False
) -> StreetData:
    """Turn a graph, simplified or not, back into ways and segments.

    Parameters
    ----------
    graph
        In degrees WGS84. Every edge of a simplified one stays an edge of its own.
    name
        What to call the streets.
    use_speeds
        Whether an edge without ``maxspeed`` takes its ``speed_kph`` for a posted speed.

    Raises
    ------
    ValueError
        A coordinate or an id is out of range; says whose.
    """
    found = _Collector(lowest_id=min(0, *map(int, graph.nodes)) if len(graph) else 0)
    index: dict[int, int] = {}
    node_tags: dict[int, Tags] = {}
    nodes: list[tuple[int, dict[str, Any]]] = sorted(graph.nodes.items())
    for node, attributes in nodes:
        index[node] = found.add_node(int(node), float(attributes["x"]), float(attributes["y"]))
        if tags := _tags(attributes):
            node_tags[index[node]] = tags
    ways: dict[tuple[int, str], int] = {}
    simplified = bool(graph.graph.get("simplified"))
    ours = str(graph.graph.get("created_with", "")).startswith(_OURS)
    for street in _streets(graph):
        tags = street.tags(use_speeds=use_speeds, trusted=ours)
        key = (street.way, json.dumps(tags, sort_keys=True))
        if simplified or key not in ways or street.line is not None:
            ways[key] = found.add_way(street.way, tags)
        bends = [] if street.line is None else street.line[1:-1]
        line = f"the line of way {street.way}"
        points = [
            index[street.tail],
            *(found.add_bend(line, *bend) for bend in bends),
            index[street.head],
        ]
        if street.runs_against_way:
            points.reverse()
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
    """An edge of the graph and the attributes of the edge that runs back, if there is one."""

    tail: int
    head: int
    way: int
    line: list[tuple[float, float]] | None
    attributes: Mapping[str, Any]
    back: Mapping[str, Any] | None = None

    @property
    def runs_against_way(self) -> bool:
        """Whether it is a one-way street that OSM draws the other way round (``oneway=-1``)."""
        ours = str(self.attributes.get("oneway")) in _OSMNX_BOOLS
        return self.back is None and ours and str(self.attributes.get("reversed")) == "True"

    def tags(self, *, use_speeds: bool, trusted: bool) -> dict[str, str]:
        """Make tags; a street's directions come from the graph, save where it kept the tag."""
        tags = _tags(self.attributes, use_speeds=use_speeds)
        oneway = tags.get("oneway")
        if oneway is None or oneway not in _OSMNX_BOOLS:
            if oneway in {"-1", "reverse"}:  # the graph has one edge a segment, reversed already
                tags["oneway"] = "yes"
            return tags
        del tags["oneway"]
        if self.back is None:
            tags["oneway"] = "-1" if self.runs_against_way else "yes"
            return tags
        implied = tags.get("highway") in {"motorway", "motorway_link"} or "junction" in tags
        if trusted or not implied:
            tags["oneway"] = "no"
        _tell_directions_apart(tags, _tags(self.back, use_speeds=use_speeds))
        return tags


def _tell_directions_apart(tags: dict[str, str], back: Mapping[str, str]) -> None:
    """Put into a street's tags what differs on the way back: its speed, and whom it is open to."""
    if tags.get("maxspeed") != back.get("maxspeed"):
        speeds = {"forward": tags.pop("maxspeed", ""), "backward": back.get("maxspeed", "")}
        tags.update({f"maxspeed:{side}": speed for side, speed in speeds.items() if speed})
    if all(tags.get(key) == back.get(key) for key in _WHO_ENTERS):
        return
    along, against = _is_public(tags), _is_public(back)
    if along == against:
        return
    if against:
        for key in _WHO_ENTERS:
            tags.pop(key, None)
        tags.update({key: back[key] for key in _WHO_ENTERS if key in back})
    tags["oneway"] = "yes" if along else "-1"
    tags["oneway:emergency"] = "no"


def _is_public(tags: Mapping[str, str]) -> bool:
    rule = rule_of({**tags, "oneway": "no"})
    return not isinstance(rule, str) and rule.forward.public


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
        forth = streets.get((head, tail, ids, _shape(points, back=True)))
        if forth is not None and forth.back is None:
            forth.back = attributes
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


def _tags(attributes: Mapping[str, Any], *, use_speeds: bool = False) -> dict[str, str]:
    """Take the tags among a graph's attributes; of several values one, or all joined by ``;``."""
    tags = {}
    for key, value in attributes.items():
        if key in _NOT_A_TAG:
            continue
        if isinstance(value, list):
            tags[key] = _merge(key, sorted({str(v) for v in value}))
        elif isinstance(value, str | bool):
            tags[key] = str(value)
    if use_speeds and "maxspeed" not in tags and "speed_kph" in attributes:
        tags["maxspeed"] = f"{float(attributes['speed_kph']):.6f}"
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


# ---- streets to a graph --------------------------------------------------------------------------

_NOT_USUAL: Final = EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER
_TAGS_OF_FLAG: Final = {
    EdgeFlag.BRIDGE: {"bridge": "yes"},
    EdgeFlag.TUNNEL: {"tunnel": "yes"},
    EdgeFlag.ROUNDABOUT: {"junction": "roundabout"},
}
_LIMITS: Final = ("maxheight", "maxwidth", "maxweight")
_WHAT_AN_EDGE_IS: Final = (
    *("edge_class", "edge_flags", "edge_name", "edge_speed_kph", "edge_layer"),
    *("edge_max_height_m", "edge_max_width_m", "edge_max_weight_t"),
)


def graph_of_network(
    network: RoadNetwork, travel_times_s: ArrayLike | None = None, *, every_edge: bool = False
) -> nx.MultiDiGraph[int]:
    """Make a graph of a network; parameters and result as of ``roadnets.sources.osm.to_osmnx``."""
    seconds = _seconds(network, travel_times_s)
    usual = np.ones(network.edge_count, np.bool_)
    if not every_edge:
        usual = ~network.has_flag(_NOT_USUAL)
    kept = np.flatnonzero(usual & np.isfinite(seconds))
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(
        created_with=f"{_OURS} of {network.source}",
        crs="epsg:4326",
        name=network.name,
        simplified=True,
    )
    ids = _node_ids(network.node_osm)
    graph.add_nodes_from(_nodes(network, ids, kept))
    tail, head = (ids[ends[kept]].tolist() for ends in (network.edge_tail, network.edge_head))
    attributes = _edge_attributes(network, kept, seconds[kept])
    graph.add_edges_from(zip(tail, head, attributes, strict=True))
    return graph


def _seconds(network: RoadNetwork, given: ArrayLike | None) -> NDArray[np.float64]:
    if given is None:
        return network.edge_length_m / (network.edge_speed_kph.astype(np.float64) / 3.6)
    seconds = np.asarray(given, np.float64)
    if seconds.shape != (network.edge_count,):
        allowed = f"({network.edge_count},)"
        raise ValueError(f"travel_times_s has shape {seconds.shape}; allowed: {allowed}")
    wrong = np.flatnonzero(~(seconds >= 0))  # also of NaN
    if len(wrong):
        edge = wrong[0]
        raise ValueError(f"travel_times_s[{edge}] is {seconds[edge]}; allowed: 0 or more")
    return seconds


def _node_ids(osm: NDArray[np.int64]) -> NDArray[np.int64]:
    """Take the OSM ids; of several nodes with one id (at a wall) all but the first get others."""
    _, first = np.unique(osm, return_index=True)
    ids = osm.copy()
    again = np.setdiff1d(np.arange(len(osm)), first)
    ids[again] = min(0, int(osm.min())) - 1 - np.arange(len(again))
    return ids


def _nodes(
    network: RoadNetwork, ids: NDArray[np.int64], kept: NDArray[np.intp]
) -> Iterable[tuple[int, dict[str, Any]]]:
    """Nodes of the edges that are kept, with their attributes."""
    twin = network.edge_twin[kept]
    streets = kept[(twin < kept) | ~np.isin(twin, kept)]
    ends = np.concatenate((network.edge_tail[streets], network.edge_head[streets]))
    counts = np.bincount(ends, minlength=network.node_count)
    used = np.flatnonzero(counts)
    columns = (ids, network.node_lon, network.node_lat, counts, network.node_signal)
    for node, lon, lat, count, signal in zip(*(c[used].tolist() for c in columns), strict=True):
        tags = {"highway": "traffic_signals"} if signal else {}
        yield node, {"x": lon, "y": lat, "street_count": count, **tags}


def _edge_attributes(
    network: RoadNetwork, kept: NDArray[np.intp], seconds: NDArray[np.float64]
) -> Iterable[dict[str, Any]]:
    """Attributes of each edge that is kept, in OSMnx's words."""
    columns = {
        "osmid": network.edge_way[kept].tolist(),
        "oneway": (~np.isin(network.edge_twin[kept], kept)).tolist(),
        "reversed": network.has_flag(EdgeFlag.AGAINST_WAY)[kept].tolist(),
        "length": network.edge_length_m[kept].tolist(),
        "speed_kph": network.edge_speed_kph[kept].astype(np.float64).tolist(),
        "travel_time": seconds.tolist(),
    }
    what = (getattr(network, name)[kept].tolist() for name in _WHAT_AN_EDGE_IS)
    tags_of = functools.cache(functools.partial(_tags_of_edge, network))
    rows = zip(*columns.values(), strict=True)
    for row, kind, line in zip(rows, zip(*what, strict=True), _lines(network, kept), strict=True):
        attributes = dict(zip(columns, row, strict=True)) | tags_of(*kind)
        if line is not None:
            attributes["geometry"] = line
        yield attributes


def _lines(network: RoadNetwork, kept: NDArray[np.intp]) -> list[shapely.LineString | None]:
    """Lines of the edges that bend; None for the others."""
    count = np.diff(network.geometry_start)[kept]
    bent = np.flatnonzero(count > 2)
    owner = np.repeat(np.arange(len(bent)), count[bent])
    within = np.arange(len(owner)) - np.searchsorted(owner, owner)
    points = network.geometry[network.geometry_start[kept[bent]][owner] + within]
    lines = np.full(len(kept), None)
    lines[bent] = shapely.linestrings(points / GEOMETRY_UNITS_PER_DEGREE, indices=owner)
    found: list[shapely.LineString | None] = lines.tolist()
    return found


def _tags_of_edge(
    network: RoadNetwork,
    highway: int,
    flags: int,
    name: int,
    speed_kph: float,
    layer: int,
    *limits: float,
) -> dict[str, str]:
    """Tags by which an import gives the same edge again."""
    tags = _class_tags(HIGHWAY_CLASSES[highway], bool(flags & EdgeFlag.RESTRICTED))
    texts = {
        "name": network.names[name],
        "name:en": network.names_en[name],
        "ref": network.refs[name],
    }
    tags |= {key: text for key, text in texts.items() if text}
    for flag, also in _TAGS_OF_FLAG.items():
        if flags & flag:
            tags |= also
    if flags & EdgeFlag.SPEED_TAGGED:
        tags["maxspeed"] = f"{speed_kph:.8g}"
    if layer or flags & (EdgeFlag.BRIDGE | EdgeFlag.TUNNEL):
        tags["layer"] = str(layer)
    bounded = zip(_LIMITS, limits, strict=True)
    return tags | {key: f"{limit:.8g}" for key, limit in bounded if math.isfinite(limit)}


def _class_tags(highway: str, restricted: bool) -> dict[str, str]:
    """Tags that give a class of streets, open to the public or not."""
    if highway == "emergency_access":
        return {"highway": "service", "service": "emergency_access"}
    if highway in {"pedestrian", "track"}:
        return {"highway": highway, ("emergency" if restricted else "motor_vehicle"): "yes"}
    return {"highway": highway} | ({"access": "private"} if restricted else {})
