"""RoadNetwork: the streets of one city as immutable arrays.

A *node* is a junction or dead end; an *edge* is one direction of travel along a street between two
nodes. A two-way street is two edges, each the other's ``twin``. Bends live in the geometry.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import IntFlag
from functools import cached_property
from typing import Any, Final, NamedTuple, NotRequired, TypedDict, Unpack, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from roadnets.beside import District, Landmark, Place, PlaceKind
from roadnets.geo import LonLat

HIGHWAY_CLASSES: tuple[str, ...] = (
    "motorway",
    "motorway_link",
    "trunk",
    "trunk_link",
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "tertiary",
    "tertiary_link",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "road",
    "busway",
    "pedestrian",
    "track",
    "emergency_access",
    "waterway",
    "landing",
)
"""Classes of edges that some mode may drive; ``edge_class`` indexes into this tuple.

OSM's highway classes, then two that only boats know: ``waterway``, along navigable water, and
``landing``, between the water and the street beside it.
"""

GEOMETRY_UNITS_PER_DEGREE: Final = 10_000_000
"""``RoadNetwork.geometry`` counts in 1e-7 degrees, as OSM itself does: about 1 cm."""


_LINE_END_TOLERANCE: Final = 10
"""Units of ``geometry`` by which a line's end may miss its node: 1e-6 degrees, about 0.1 m."""


class EdgeFlag(IntFlag):
    """Bits of ``RoadNetwork.edge_flags``."""

    CIVILIAN = 1  # open to everybody and inside the civilian strongly connected core
    BRIDGE = 2
    TUNNEL = 4
    SIGNAL_AT_HEAD = 8  # a traffic signal governs the end of this edge
    GATE = 16  # a gate, bollard or barrier stands on this edge
    RESTRICTED = 32  # private, gated, service-only or emergency-only: blue light alone
    SPEED_TAGGED = 64  # ``edge_speed_kph`` is the posted maxspeed, not a default of its class
    ROUNDABOUT = 128
    AGAINST_ONEWAY = 256  # the wrong way of a one-way street: nobody's, until contraflow opens it
    WATER = 512  # of class waterway or landing: boats alone
    BUS_LANE = 1024  # a lane for buses runs beside: blue light passes the queue on it
    AGAINST_WAY = 2048  # runs against the direction in which its OSM way is drawn


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What the import kept and what it dropped, for people to read.

    Attributes
    ----------
    nodes, edges, length_km
        What may be driven on an ordinary day: edges against a one-way street and on water are not
        counted.
    dropped
        A sentence in English ("edges outside the largest connected core") to a count.
    speeds_defaulted
        Edges without a posted speed.
    turns_modelled
        Turn restrictions (relations of the source) that routes obey.
    turns_left_out
        One sentence for each turn restriction that routes do not obey: which, and why not.
    """

    nodes: int
    edges: int
    length_km: float
    dropped: dict[str, int]
    speeds_defaulted: int
    notes: tuple[str, ...] = ()
    turns_modelled: int = 0
    turns_left_out: tuple[str, ...] = ()


class Bounds(NamedTuple):
    """The smallest box around some points, WGS84 degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, eq=False, repr=False)  # without slots: some answers are kept
class RoadNetwork:
    """Streets of one city; every array is read-only. Made by ``build_network`` alone.

    Attributes
    ----------
    name
        The city's name, as the source or the user gave it.
    source
        What it was read from (file name or place name), never a path.
    source_checksum
        ``sha256:…`` of the source's bytes.
    synthetic
        True for the generated sample city.
    checksum
        ``sha256:…`` over the arrays and texts: the identity that journals remember.
    node_lon, node_lat
        float64 (n,), degrees WGS84.
    node_osm
        int64 (n,), OSM node ids.
    node_signal
        bool (n,), a signalised junction (clustered: each physical junction counted once
        in ``signals``).
    edge_tail, edge_head
        int32 (m,), node indices.
    edge_twin
        int32 (m,), the edge of the same street in the other direction, or -1.
    edge_way
        int64 (m,), OSM way ids.
    edge_class
        uint8 (m,), index into HIGHWAY_CLASSES.
    edge_flags
        uint16 (m,), bits of EdgeFlag.
    edge_speed_kph
        float32 (m,), posted speed, or the default of its class.
    edge_length_m
        float64 (m,), metres along the geometry.
    edge_gate_count
        uint8 (m,), gates to be opened on the way along the edge.
    edge_name
        int32 (m,), index into ``names`` and ``names_en`` (0 is the empty name).
    edge_layer
        int8 (m,), OSM's ``layer``, else 1 on a bridge, -1 in a tunnel, 0 elsewhere.
    edge_max_height_m, edge_max_width_m, edge_max_weight_t
        float32 (m,), what may pass; infinite where the map sets no limit.
    turn_start
        int32 (t + 1,), forbidden turn i is
        ``turn_edge[turn_start[i]:turn_start[i + 1]]``.
    turn_edge
        int32 (q,), edges in driving order, two or more a turn, each beginning where the one before
        ends: whoever has driven all but the last must not drive the last.
    turn_modes
        uint8 (t,), whom each forbids: bits of ``roadnets.travel.MODE_BIT``.
    geometry_start
        int64 (m + 1,), edge e's points are ``geometry[geometry_start[e]:geometry_start[e + 1]]``,
        tail and head included.
    geometry
        int32 (g, 2), lon and lat in 1e-7 degrees.
    names, names_en
        Local and English street names; ``names_en[i]`` is "" where OSM has none.
    refs
        For each of ``names``, the road's number ("G4", "S203") or "".
    landmarks
        What callers may name besides streets and ``places``, in file order.
    signals
        Number of signal nodes (OSM ``highway=traffic_signals``) on the core.
    """

    name: str
    source: str
    source_checksum: str
    synthetic: bool
    checksum: str
    node_lon: NDArray[np.float64]
    node_lat: NDArray[np.float64]
    node_osm: NDArray[np.int64]
    node_signal: NDArray[np.bool_]
    edge_tail: NDArray[np.int32]
    edge_head: NDArray[np.int32]
    edge_twin: NDArray[np.int32]
    edge_way: NDArray[np.int64]
    edge_class: NDArray[np.uint8]
    edge_flags: NDArray[np.uint16]
    edge_speed_kph: NDArray[np.float32]
    edge_length_m: NDArray[np.float64]
    edge_gate_count: NDArray[np.uint8]
    edge_name: NDArray[np.int32]
    edge_layer: NDArray[np.int8]
    edge_max_height_m: NDArray[np.float32]
    edge_max_width_m: NDArray[np.float32]
    edge_max_weight_t: NDArray[np.float32]
    turn_start: NDArray[np.int32]
    turn_edge: NDArray[np.int32]
    turn_modes: NDArray[np.uint8]
    geometry_start: NDArray[np.int64]
    geometry: NDArray[np.int32]
    names: tuple[str, ...]
    names_en: tuple[str, ...]
    refs: tuple[str, ...]
    landmarks: tuple[Landmark, ...]
    places: tuple[Place, ...]
    districts: tuple[District, ...]
    signals: int
    report: ImportReport

    def __repr__(self) -> str:
        size = f"{self.node_count:,} nodes, {self.edge_count:,} edges"
        return f"<RoadNetwork {self.name}: {size}, {self.checksum}>"

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_lon)

    @property
    def edge_count(self) -> int:
        """Number of directed edges."""
        return len(self.edge_tail)

    @cached_property
    def bounds(self) -> Bounds:
        """The smallest box around every street; kept, since a city has millions of points."""
        west, south = self.geometry.min(axis=0) / GEOMETRY_UNITS_PER_DEGREE
        east, north = self.geometry.max(axis=0) / GEOMETRY_UNITS_PER_DEGREE
        return Bounds(float(west), float(south), float(east), float(north))

    def places_of(self, kind: PlaceKind) -> tuple[Place, ...]:
        """Every place of one kind, in file order."""
        return tuple(p for p in self.places if p.kind is kind)

    def has_flag(self, flag: EdgeFlag) -> NDArray[np.bool_]:
        """Whether each edge has any bit of ``flag``, bool (m,)."""
        flagged: NDArray[np.bool_] = (self.edge_flags & np.uint16(flag)) != 0
        return flagged

    def edge_line(self, edge: int) -> list[LonLat]:
        """Every point of one edge from its tail to its head."""
        units = self.geometry[self.geometry_start[edge] : self.geometry_start[edge + 1]]
        degrees: list[list[float]] = (units / GEOMETRY_UNITS_PER_DEGREE).tolist()
        return [LonLat(lon, lat) for lon, lat in degrees]

    def edge_names(self, edge: int) -> tuple[str, str]:
        """Tell the local and the English name of one edge's street; "" where it has none."""
        index = self.edge_name[edge]
        return self.names[index], self.names_en[index]

    def edges_named(self, text: str) -> NDArray[np.int32]:
        """Edges whose local or English name is ``text`` in any case, ascending int32 (k,)."""
        wanted = text.strip().casefold()
        if not wanted:
            return np.empty(0, np.int32)
        both = zip(self.names, self.names_en, strict=True)
        indices = [i for i, pair in enumerate(both) if wanted in (n.casefold() for n in pair)]
        return np.flatnonzero(np.isin(self.edge_name, indices)).astype(np.int32)

    def edges_of_way(self, way: int) -> NDArray[np.int32]:
        """Edges cut from one OSM way, in both directions, ascending int32 (k,)."""
        return np.flatnonzero(self.edge_way == way).astype(np.int32)


ARRAY_LAYOUT: Final[dict[str, tuple[type[np.generic], str]]] = {
    "node_lon": (np.float64, "(n,)"),
    "node_lat": (np.float64, "(n,)"),
    "node_osm": (np.int64, "(n,)"),
    "node_signal": (np.bool_, "(n,)"),
    "edge_tail": (np.int32, "(m,)"),
    "edge_head": (np.int32, "(m,)"),
    "edge_twin": (np.int32, "(m,)"),
    "edge_way": (np.int64, "(m,)"),
    "edge_class": (np.uint8, "(m,)"),
    "edge_flags": (np.uint16, "(m,)"),
    "edge_speed_kph": (np.float32, "(m,)"),
    "edge_length_m": (np.float64, "(m,)"),
    "edge_gate_count": (np.uint8, "(m,)"),
    "edge_name": (np.int32, "(m,)"),
    "edge_layer": (np.int8, "(m,)"),
    "edge_max_height_m": (np.float32, "(m,)"),
    "edge_max_width_m": (np.float32, "(m,)"),
    "edge_max_weight_t": (np.float32, "(m,)"),
    "turn_start": (np.int32, "(t + 1,)"),
    "turn_edge": (np.int32, "(q,)"),
    "turn_modes": (np.uint8, "(t,)"),
    "geometry_start": (np.int64, "(m + 1,)"),
    "geometry": (np.int32, "(g, 2)"),
}
"""Every array field of RoadNetwork with its dtype and shape.

n nodes, m edges, t forbidden turns, g points.
"""


class NetworkArrays(TypedDict):
    """The arrays of a RoadNetwork, by field name; ``build_network`` fills in what is left out."""

    node_lon: NDArray[np.float64]
    node_lat: NDArray[np.float64]
    node_osm: NDArray[np.int64]
    node_signal: NDArray[np.bool_]
    edge_tail: NDArray[np.int32]
    edge_head: NDArray[np.int32]
    edge_twin: NDArray[np.int32]
    edge_way: NDArray[np.int64]
    edge_class: NDArray[np.uint8]
    edge_flags: NDArray[np.uint16]
    edge_speed_kph: NDArray[np.float32]
    edge_length_m: NDArray[np.float64]
    edge_gate_count: NDArray[np.uint8]
    edge_name: NDArray[np.int32]
    edge_layer: NotRequired[NDArray[np.int8]]
    edge_max_height_m: NotRequired[NDArray[np.float32]]
    edge_max_width_m: NotRequired[NDArray[np.float32]]
    edge_max_weight_t: NotRequired[NDArray[np.float32]]
    turn_start: NotRequired[NDArray[np.int32]]
    turn_edge: NotRequired[NDArray[np.int32]]
    turn_modes: NotRequired[NDArray[np.uint8]]
    geometry_start: NDArray[np.int64]
    geometry: NDArray[np.int32]


class NetworkTexts(TypedDict):
    """What a RoadNetwork says in words and single numbers, by field name."""

    name: str
    source: str
    source_checksum: str
    synthetic: bool
    names: tuple[str, ...]
    names_en: tuple[str, ...]
    refs: NotRequired[tuple[str, ...]]
    landmarks: NotRequired[tuple[Landmark, ...]]
    places: tuple[Place, ...]
    districts: tuple[District, ...]
    signals: int
    report: ImportReport


class NetworkFields(NetworkArrays, NetworkTexts):
    """Everything ``build_network`` takes."""


def build_network(**fields: Unpack[NetworkFields]) -> RoadNetwork:
    """Make a network: check its fields, freeze its arrays, compute its checksum.

    Parameters
    ----------
    **fields
        Every field of RoadNetwork but ``checksum``, with exactly the dtypes and shapes that its
        docstring gives. The arrays are kept, not copied, and set read-only. Layers, limits, turns,
        refs and landmarks may be left out: all streets then lie on the ground, without limits.

    Returns
    -------
    RoadNetwork
        Immutable and consistent; safe to share between threads.

    Raises
    ------
    ValueError
        A field has another dtype or shape, or points outside the network; names the field.
    """
    plain = _plain_fields(len(fields["edge_tail"]), len(fields["names"]))
    everything = cast("dict[str, Any]", {**plain, **fields})
    draft = RoadNetwork(**everything, checksum="")
    _check_arrays(draft)
    _check_indices(draft)
    _check_values(draft)
    _check_geometry(draft)
    for array in network_arrays(draft).values():
        array.setflags(write=False)
    return replace(draft, checksum=compute_checksum(draft))


def _plain_fields(edges: int, names: int) -> dict[str, Any]:
    """Fields of streets on the ground, without limits, forbidden turns, numbers or landmarks."""
    no_limit = np.full(edges, np.inf, np.float32)
    return {
        "edge_layer": np.zeros(edges, np.int8),
        "edge_max_height_m": no_limit,
        "edge_max_width_m": no_limit.copy(),
        "edge_max_weight_t": no_limit.copy(),
        "turn_start": np.zeros(1, np.int32),
        "turn_edge": np.empty(0, np.int32),
        "turn_modes": np.empty(0, np.uint8),
        "refs": ("",) * names,
        "landmarks": (),
    }


def network_arrays(network: RoadNetwork) -> dict[str, NDArray[Any]]:
    """Every array of ``network`` by field name, in the order of ``ARRAY_LAYOUT``."""
    return {name: getattr(network, name) for name in ARRAY_LAYOUT}


def encode_texts(network: RoadNetwork) -> bytes:
    """Encode all but the arrays as UTF-8 JSON; equal texts give equal bytes."""
    texts = {name: getattr(network, name) for name in NetworkTexts.__annotations__}
    return msgspec.json.encode(texts, order="deterministic")


def decode_texts(data: bytes | memoryview) -> NetworkTexts:
    """Read what ``encode_texts`` wrote.

    Raises
    ------
    ValueError
        The bytes are not such a text.
    """
    return msgspec.json.decode(data, type=NetworkTexts)


def compute_checksum(network: RoadNetwork) -> str:
    """Compute ``sha256:…`` over every array (its name, dtype, shape, bytes) and every text."""
    digest = hashlib.sha256()
    for name, array in network_arrays(network).items():
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    digest.update(encode_texts(network))
    return f"sha256:{digest.hexdigest()}"


def _check_arrays(network: RoadNetwork) -> None:
    n, m, g = network.node_count, network.edge_count, len(network.geometry)
    t, q = len(network.turn_modes), len(network.turn_edge)
    if not (n and m):
        raise ValueError(f"a network needs nodes and edges; this one has {n} and {m}")
    shapes: dict[str, tuple[int, ...]] = {
        "(n,)": (n,),
        "(m,)": (m,),
        "(m + 1,)": (m + 1,),
        "(t,)": (t,),
        "(t + 1,)": (t + 1,),
        "(q,)": (q,),
        "(g, 2)": (g, 2),
    }
    for name, array in network_arrays(network).items():
        dtype, letters = ARRAY_LAYOUT[name]
        if array.dtype != dtype or array.shape != shapes[letters] or not array.flags.c_contiguous:
            raise ValueError(
                f"{name} is {array.dtype} {array.shape}; it must be contiguous "
                f"{np.dtype(dtype)} {letters} = {shapes[letters]}"
            )


def _check_indices(network: RoadNetwork) -> None:
    n, m = network.node_count, network.edge_count
    lengths = {len(network.names), len(network.names_en), len(network.refs)}
    if len(lengths) != 1 or network.names[:1] != ("",):
        raise ValueError("names, names_en and refs must be of one length; the first name is empty")
    _check_range("edge_tail", network.edge_tail, 0, n - 1)
    _check_range("edge_head", network.edge_head, 0, n - 1)
    _check_range("edge_twin", network.edge_twin, -1, m - 1)
    _check_range("edge_class", network.edge_class, 0, len(HIGHWAY_CLASSES) - 1)
    _check_range("edge_name", network.edge_name, 0, len(network.names) - 1)
    _check_range("turn_edge", network.turn_edge, 0, m - 1)
    _check_turns(network)
    edges = np.flatnonzero(network.edge_twin >= 0)
    twins = network.edge_twin[edges]
    mutual = (network.edge_twin[twins] == edges) & (twins != edges)
    mutual &= network.edge_tail[edges] == network.edge_head[twins]
    mutual &= network.edge_head[edges] == network.edge_tail[twins]
    if not mutual.all():
        edge = edges[~mutual][0]
        raise ValueError(f"edge_twin of edge {edge} is {network.edge_twin[edge]}, not its reverse")


def _check_turns(network: RoadNetwork) -> None:
    start, edge = network.turn_start, network.turn_edge
    if start[0] != 0 or start[-1] != len(edge) or (np.diff(start) < 2).any():
        raise ValueError("turn_start must rise from 0 to q by at least 2 edges a turn")
    follows = np.ones(len(edge), np.bool_)
    follows[start[:-1]] = False
    at = np.flatnonzero(follows)
    broken = at[network.edge_head[edge[at - 1]] != network.edge_tail[edge[at]]]
    if len(broken):
        turn = int(np.searchsorted(start, broken[0], side="right")) - 1
        raise ValueError(
            f"turn_edge of turn {turn}: edge {edge[broken[0]]} does not begin where edge "
            f"{edge[broken[0] - 1]} ends"
        )


def _check_values(network: RoadNetwork) -> None:
    _check_range("node_lon", network.node_lon, -180, 180)
    _check_range("node_lat", network.node_lat, -90, 90)
    _check_range("edge_length_m", network.edge_length_m, 0, 1e7)
    _check_range("edge_speed_kph", network.edge_speed_kph, 1, 400)
    _check_range("edge_max_height_m", network.edge_max_height_m, 0, np.inf)
    _check_range("edge_max_width_m", network.edge_max_width_m, 0, np.inf)
    _check_range("edge_max_weight_t", network.edge_max_weight_t, 0, np.inf)


def _check_geometry(network: RoadNetwork) -> None:
    start, line_ends = network.geometry_start, network.geometry_start[1:] - 1
    if start[0] != 0 or start[-1] != len(network.geometry) or (np.diff(start) < 2).any():
        raise ValueError("geometry_start must rise from 0 to g by at least 2 points an edge")
    nodes = np.column_stack((network.node_lon, network.node_lat)) * GEOMETRY_UNITS_PER_DEGREE
    for name, points, ends in (
        ("edge_tail", start[:-1], network.edge_tail),
        ("edge_head", line_ends, network.edge_head),
    ):
        off = np.abs(network.geometry[points] - nodes[ends]) > _LINE_END_TOLERANCE
        if off.any():
            edge = int(np.flatnonzero(off.any(axis=1))[0])
            raise ValueError(f"the line of edge {edge} does not meet its {name}, node {ends[edge]}")


def _check_range(name: str, array: NDArray[Any], low: float, high: float) -> None:
    fine = (array >= low) & (array <= high)
    if not fine.all():
        index = int(np.flatnonzero(~fine)[0])
        raise ValueError(f"{name}[{index}] is {array[index]}; allowed: {low} to {high}")
