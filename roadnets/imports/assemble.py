"""From a source's streets to a RoadNetwork: judge, prune, join, count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.errors import SourceError
from roadnets.geo import haversine_m
from roadnets.imports.joining import Bools, Chains, HalfEdges, Ints, join, largest_core
from roadnets.imports.landmarks import choose_districts, choose_landmarks, choose_places
from roadnets.imports.obstacles import (
    NO_SIGNAL,
    Gates,
    blocks_of,
    gates_of,
    limits_at_points,
    signalised_junctions,
    signals_of,
    stops_at_head,
)
from roadnets.imports.streets import SIGNALS_OFF_CORE, StreetData, Tell, silence
from roadnets.imports.tags import CLASS_INDEX, WayRule, rule_of
from roadnets.imports.turns import Turns, beyond_turns, forbid_turns
from roadnets.imports.water import TOO_SHORT, WaterAdded, add_water
from roadnets.network import (
    GEOMETRY_UNITS_PER_DEGREE,
    HIGHWAY_CLASSES,
    EdgeFlag,
    ImportReport,
    NetworkArrays,
    NetworkFields,
    RoadNetwork,
    build_network,
)
from roadnets.travel import TravelMode

StreetName = tuple[str, str, str]
"""Local name, English name and number of a street."""

_CIVILIAN: Final = np.uint16(EdgeFlag.CIVILIAN)

WAYS_OFF_CORE: Final = "ways outside the largest connected core"


def assemble(data: StreetData, tell: Tell = silence) -> RoadNetwork:
    """Make a network of a source's streets.

    Parameters
    ----------
    data
        What the source gave.
    tell
        Told each step as it begins.

    Returns
    -------
    RoadNetwork
        The largest strongly connected part that a blue-light vehicle may drive.

    Raises
    ------
    SourceError
        Nothing drivable is left; says what was there instead.
    """
    tell("judging ways")
    ways = _judge(data)
    tell("finding the connected core")
    core = _core(data, ways)
    tell("joining segments into edges")
    stops = signals_of(data)[core.origin]
    chains = join(core.half, ways.blue[core.half.side], stops != NO_SIGNAL)
    driven = len(chains.twin)
    chains = chains.with_reverses()
    rank = ways.rank[core.half.side // 2]
    main = ways.main[core.half.side // 2]
    gates = gates_of(data, core.origin, core.half, chains.following, rank, main)
    arrays, names = _arrays(data, ways, core, chains, driven, stops, gates)
    tell("forbidding turns")
    turns = _turns(data, ways, arrays)
    fields = NetworkFields(
        **arrays,
        name=data.name,
        source=data.source,
        source_checksum=data.source_checksum,
        synthetic=data.synthetic,
        names=tuple(name for name, _, _ in names),
        names_en=tuple(name_en for _, name_en, _ in names),
        refs=tuple(ref for _, _, ref in names),
        places=(),
        districts=(),
        landmarks=(),
        signals=int(np.count_nonzero(arrays["node_signal"])),
        report=ImportReport(0, 0, 0.0, {}, 0),
    )
    draft = build_network(**fields)
    beyond = beyond_turns(draft, TravelMode.CIVILIAN, draft.has_flag(EdgeFlag.CIVILIAN))
    fields["edge_flags"] = np.where(beyond, draft.edge_flags & ~_CIVILIAN, draft.edge_flags)
    tell("placing hospitals, stations and districts")
    fields["places"], places_dropped = choose_places(data.places, draft)
    fields["districts"], districts_dropped = choose_districts(data.areas, draft)
    fields["landmarks"], landmarks_dropped = choose_landmarks(data.landmarks, draft)
    water = add_water(fields, draft, data.waters)
    dropped = {
        **data.dropped,
        **ways.dropped,
        WAYS_OFF_CORE: core.ways_outside,
        SIGNALS_OFF_CORE: max(data.signals - draft.signals, 0),
        **places_dropped,
        **districts_dropped,
        **landmarks_dropped,
        TOO_SHORT: water.too_short,
    }
    fields["report"] = ImportReport(
        nodes=draft.node_count,
        edges=driven,
        length_km=round(_street_metres(arrays, driven) / 1000, 3),
        dropped={reason: count for reason, count in dropped.items() if count},
        speeds_defaulted=int(np.count_nonzero(~draft.has_flag(EdgeFlag.SPEED_TAGGED)[:driven])),
        notes=(*data.notes, *_notes(arrays, core.km_outside, beyond, water)),
        turns_modelled=turns.modelled,
        turns_left_out=turns.left_out,
    )
    return build_network(**fields)


# ---- judge --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """Ways after the rules, as columns; a *side* is ``2 * way`` along it, ``+ 1`` against it.

    Attributes
    ----------
    drivable, highway, flags, layer, name, rank, main
        (w,): whether anybody drives it, class, flags of both directions, layer, index into
        ``names``, how humble the street is, whether it is of more than local importance.
    limits
        float32 (w, 3), height, width, weight.
    blue, public, speed_kph, tagged, buses
        (2 w,), by side: open to blue light, to everybody, speed, whether it is posted, whether a
        lane for buses runs beside.
    names
        Local, English and number; the empty name first.
    dropped
        Ways that nobody drives, by sentence.
    """

    drivable: Bools
    highway: Ints
    flags: NDArray[np.uint16]
    layer: NDArray[np.int8]
    limits: NDArray[np.float32]
    name: Ints
    rank: Ints
    main: Bools
    blue: Bools
    public: Bools
    speed_kph: NDArray[np.float32]
    tagged: Bools
    buses: Bools
    names: list[StreetName]
    dropped: Counter[str]


def _judge(data: StreetData) -> _Ways:
    w = len(data.way_tags)
    dropped: Counter[str] = Counter()
    names: dict[StreetName, int] = {("", "", ""): 0}
    drivable = np.zeros(w, np.bool_)
    highway, flags, layer, name = np.zeros((4, w), np.int64)
    limits = np.full((w, 3), np.inf, np.float32)
    sides = np.zeros((2 * w, 5))
    for way, tags in enumerate(data.way_tags):
        rule = rule_of(tags)
        if isinstance(rule, str):
            dropped[rule] += 1
            continue
        drivable[way] = True
        highway[way] = rule.highway
        flags[way] = _flags(rule)
        layer[way] = rule.layer
        limits[way] = rule.limits
        name[way] = names.setdefault((rule.name, rule.name_en, rule.ref), len(names))
        sides[2 * way] = rule.forward
        sides[2 * way + 1] = rule.backward
    if not drivable.any():
        found = "; ".join(f"{count} {reason}" for reason, count in dropped.most_common(3))
        raise SourceError(f"{data.source} has no drivable street: {found}")
    blue, public, speed_kph, tagged, buses = sides.T
    return _Ways(
        drivable=drivable,
        highway=highway,
        flags=flags.astype(np.uint16),
        layer=layer.astype(np.int8),
        limits=limits,
        name=name,
        rank=highway + len(HIGHWAY_CLASSES) * ~public.reshape(-1, 2).any(axis=1),
        main=highway < CLASS_INDEX["unclassified"],
        blue=blue > 0,
        public=public > 0,
        speed_kph=speed_kph.astype(np.float32),
        tagged=tagged > 0,
        buses=buses > 0,
        names=list(names),
        dropped=dropped,
    )


def _flags(rule: WayRule) -> int:
    return (
        EdgeFlag.BRIDGE * rule.bridge
        + EdgeFlag.TUNNEL * rule.tunnel
        + EdgeFlag.ROUNDABOUT * rule.roundabout
    )


# ---- the core -----------------------------------------------------------------------------------


class _Core(NamedTuple):
    """The largest strongly connected part, and how much lies outside it.

    ``origin`` is the source's node of each node, (n,): nodes cut in two by a block have one.
    """

    half: HalfEdges
    origin: Ints
    ways_outside: int
    km_outside: float


def _core(data: StreetData, ways: _Ways) -> _Core:
    kept = ways.drivable[data.segment_way] & (data.segment_tail != data.segment_head)
    if not kept.any():
        raise SourceError(f"{data.source} has no drivable street of more than one point")
    way = data.segment_way[kept].astype(np.int64)
    tail, head, origin = _cut_at_blocks(data, kept)
    lon, lat = data.node_xy[origin].T / GEOMETRY_UNITS_PER_DEGREE
    length = haversine_m(lon[tail], lat[tail], lon[head], lat[head])
    along, back = ways.blue[2 * way], ways.blue[2 * way + 1]
    core = largest_core(
        np.concatenate((tail[along], head[back])),
        np.concatenate((head[along], tail[back])),
        len(origin),
    )
    inside = core[tail] & core[head]
    if not inside.any():
        raise SourceError(
            f"{data.source} has no connected streets: from no point can one drive to another "
            "and come back"
        )
    half = HalfEdges(
        tail=_both(tail[inside], head[inside]),
        head=_both(head[inside], tail[inside]),
        side=_both(2 * way[inside], 2 * way[inside] + 1),
        length_m=np.repeat(length[inside], 2),
        node_id=data.node_id[origin],
    )
    outside = np.setdiff1d(way[~inside], way[inside])
    return _Core(half, origin, len(outside), float(length[~inside].sum()) / 1000)


def _cut_at_blocks(data: StreetData, kept: Bools) -> tuple[Ints, Ints, Ints]:
    """Give each end of a segment at a blocking barrier a node of its own.

    Returns
    -------
    tuple[Ints, Ints, Ints]
        Tail and head of each kept segment, and the source's node of each node.
    """
    blocked = blocks_of(data)
    n = len(blocked)
    origins = [np.arange(n, dtype=np.int64)]
    ends = []
    for nodes in (data.segment_tail, data.segment_head):
        end = nodes[kept].astype(np.int64)
        cut = blocked[end]
        origins.append(end[cut])
        end[cut] = np.arange(n, n + len(origins[-1]))
        n += len(origins[-1])
        ends.append(end)
    return ends[0], ends[1], np.concatenate(origins)


def _both(along: Ints, back: Ints) -> Ints:
    """Interleave what holds along each segment with what holds against it."""
    return np.column_stack((along, back)).ravel()


# ---- arrays -------------------------------------------------------------------------------------


def _arrays(
    data: StreetData,
    ways: _Ways,
    core: _Core,
    chains: Chains,
    driven: int,
    stops: NDArray[np.int8],
    gates: Gates,
) -> tuple[NetworkArrays, list[StreetName]]:
    """Lay out the network; edges from ``driven`` on run against a one-way street."""
    half, first, last = core.half, chains.first, chains.last
    tail, head = half.tail[first], half.head[last]
    used = np.unique(np.concatenate((tail, head)))
    used = used[np.argsort(half.node_id[used], kind="stable")]
    number = np.full(len(half.node_id), -1, np.int32)
    number[used] = np.arange(len(used), dtype=np.int32)
    side = half.side[first]
    way = side // 2
    name, names = _number_names(ways.name[way], ways.names)
    lon, lat = data.node_xy[core.origin[used]].T / GEOMETRY_UNITS_PER_DEGREE
    at_points = limits_at_points(data, core.origin, half)
    height_m, width_m, weight_t = (
        np.minimum(ways.limits[way, k], chains.least(at_points[:, k])) for k in range(3)
    )
    geometry_start, geometry = _geometry(data.node_xy[core.origin], half, chains)
    arrays = NetworkArrays(
        node_lon=np.ascontiguousarray(lon),
        node_lat=np.ascontiguousarray(lat),
        node_osm=half.node_id[used],
        node_signal=stops[used] != NO_SIGNAL,
        edge_tail=number[tail],
        edge_head=number[head],
        edge_twin=chains.twin.astype(np.int32),
        edge_way=data.way_id[way],
        edge_class=ways.highway[way].astype(np.uint8),
        edge_flags=ways.flags[way],
        edge_speed_kph=ways.speed_kph[side],
        # A millimetre is far below the map's error, and the same on every processor.
        edge_length_m=np.round(chains.sum(half.length_m), 3),
        edge_gate_count=chains.sum(gates.passed).clip(max=255).astype(np.uint8),
        edge_name=name,
        edge_layer=ways.layer[way],
        edge_max_height_m=height_m,
        edge_max_width_m=width_m,
        edge_max_weight_t=weight_t,
        turn_start=np.zeros(1, np.int32),
        turn_edge=np.empty(0, np.int32),
        turn_modes=np.empty(0, np.uint8),
        geometry_start=geometry_start,
        geometry=geometry,
    )
    against = np.arange(len(side)) >= driven
    _set(arrays, EdgeFlag.AGAINST_ONEWAY, against)
    _set(arrays, EdgeFlag.AGAINST_WAY, side % 2 == 1)
    _set(arrays, EdgeFlag.SPEED_TAGGED, ways.tagged[side])
    _set(arrays, EdgeFlag.BUS_LANE, ways.buses[side])
    _set(arrays, EdgeFlag.GATE, arrays["edge_gate_count"] > 0)
    # The wrong way of a street is closed by its sign; whom else it keeps out, its right way tells.
    open_to_all = ways.public[np.where(against, side ^ 1, side)]
    shut = (chains.sum(gates.shut.astype(np.int64)) > 0) | ~open_to_all
    _set(arrays, EdgeFlag.RESTRICTED, shut)
    _set(arrays, EdgeFlag.CIVILIAN, _civilian(arrays, ~(shut | against)))
    _set(arrays, EdgeFlag.SIGNAL_AT_HEAD, stops_at_head(arrays, stops[head], last % 2 == 0))
    return arrays, names


def _geometry(
    node_xy: NDArray[np.int32], half: HalfEdges, chains: Chains
) -> tuple[Ints, NDArray[np.int32]]:
    """Lay out each edge's points: the tail of its first half-edge, then the head of every one."""
    m = len(chains.twin)
    start = chains.start + np.arange(m + 1)
    points = np.empty((len(chains.order) + m, 2), np.int32)
    points[start[:-1]] = node_xy[half.tail[chains.first]]
    edge = np.repeat(np.arange(m), np.diff(chains.start))
    points[np.arange(len(edge)) + edge + 1] = node_xy[half.head[chains.order]]
    return start, points


def _number_names(
    name: Ints, names: list[StreetName]
) -> tuple[NDArray[np.int32], list[StreetName]]:
    """Keep the names in use: the empty one, then in order of their first edge."""
    used, first = np.unique(name, return_index=True)
    kept = list(dict.fromkeys([0, *used[np.argsort(first)].tolist()]))
    number = np.full(len(names), -1, np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    return number[name], [names[i] for i in kept]


def _set(arrays: NetworkArrays, flag: EdgeFlag, where: Bools) -> None:
    arrays["edge_flags"][where] |= np.uint16(flag)


def _civilian(arrays: NetworkArrays, public: Bools) -> Bools:
    """Tell whether each edge is open to all and inside the core of such edges."""
    if not public.any():
        return public
    tail, head = arrays["edge_tail"], arrays["edge_head"]
    core = largest_core(tail[public], head[public], len(arrays["node_lon"]))
    return public & core[tail] & core[head]


def _turns(data: StreetData, ways: _Ways, arrays: NetworkArrays) -> Turns:
    """Put the forbidden turns into the arrays."""
    in_source = dict(zip(data.way_id.tolist(), ways.drivable.tolist(), strict=True))

    def absent(way: int) -> str:
        if way not in in_source:
            return "is not in the source"
        return "lies outside the connected core" if in_source[way] else "cannot be driven"

    turns = forbid_turns(data.turns, arrays, absent)
    arrays["turn_start"], arrays["turn_edge"] = turns.start, turns.edge
    arrays["turn_modes"] = turns.modes
    return turns


# ---- report -------------------------------------------------------------------------------------


def _street_metres(arrays: NetworkArrays, driven: int) -> float:
    """Add up the length of all streets, those with two directions once."""
    once = np.arange(driven) < arrays["edge_twin"][:driven]
    return float(arrays["edge_length_m"][:driven][once].sum())


def _notes(arrays: NetworkArrays, km_outside: float, beyond: Bools, water: WaterAdded) -> list[str]:
    notes = []
    if km_outside >= 0.1:
        notes.append(f"{km_outside:.1f} km of drivable ways lie outside the largest connected core")
    if beyond.any():
        notes.append(
            f"edges closed to everybody but blue light: {np.count_nonzero(beyond)}, since nobody "
            "gets there and away again without a forbidden turn"
        )
    if water.parts:
        notes.append(
            f"navigable water: {water.km:.1f} km in {water.parts} connected parts, with "
            f"{water.landings} landings"
        )
    signals = np.count_nonzero(arrays["node_signal"])
    if signals:
        junctions = signalised_junctions(arrays)
        notes.append(f"signals on the core: {signals}, at junctions: {junctions}")
    return notes
