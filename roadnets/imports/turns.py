"""Turn restrictions: from the relations of a map to sequences of edges that nobody may drive.

A relation says ``from`` which way, over which ``via`` node or ways, ``to`` which way one must not
turn (``no_left_turn``) or must turn (``only_straight_on``). The rules are told in
``docs/streets.md``; a relation that cannot be told in edges is left out, with a sentence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.graph import TravelGraph
from roadnets.imports.joining import Bools, largest_core
from roadnets.imports.tags import Tags
from roadnets.lines import bearing_deg, turn_deg
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE, EdgeFlag, NetworkArrays, RoadNetwork
from roadnets.travel import MODE_BIT, TravelMode

CAR: Final = MODE_BIT[TravelMode.CIVILIAN]
TRUCK: Final = MODE_BIT[TravelMode.HIGH_CLEARANCE]

BOUND: Final = CAR | TRUCK
"""Whom a turn restriction binds unless its tags say otherwise.

Not blue light: on an emergency call a driver turns where the way is clear (in China: Road Traffic
Safety Law, article 53). Not boats: their streets are under water.
"""

_BOUND_BY: Final = {
    "": BOUND,
    "vehicle": BOUND,
    "motor_vehicle": BOUND,
    "motorcar": CAR,
    "hgv": TRUCK,
    "goods": TRUCK,
}
"""Whom ``restriction:<vehicle>`` binds, and ``except=<vehicle>`` frees; nobody where not named."""

_KINDS: Final = frozenset(
    {
        *("no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit"),
        *("only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"),
    }
)
_AT_TIMES: Final = ("day_on", "day_off", "hour_on", "hour_off")
_TARGET_DEG: Final = {"left": -90.0, "right": 90.0, "straight": 0.0, "u": 180.0}
_FIT_DEG: Final = 60.0
_CLEAR_DEG: Final = 30.0
_MOST_VIA_EDGES: Final = 40
_MOST_STEPS: Final = 5_000
"""Ways that branch again and again could otherwise be gone along for ever."""

TurnEdges = tuple[int, ...]
"""Edges in driving order; the last must not follow the others."""


class Member(NamedTuple):
    """A member of a relation; ``kind`` is "n", "w" or "r"."""

    kind: str
    ref: int
    role: str


@dataclass(frozen=True, slots=True)
class TurnRelation:
    """A turn restriction as the source gives it."""

    osm_id: int
    tags: Tags
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """Forbidden turns as a RoadNetwork keeps them, and what the import says of them.

    Attributes
    ----------
    start, edge, modes
        ``turn_start``, ``turn_edge`` and ``turn_modes`` of the network.
    modelled
        Relations that routes obey.
    left_out
        A sentence for each other one.
    """

    start: NDArray[np.int32]
    edge: NDArray[np.int32]
    modes: NDArray[np.uint8]
    modelled: int
    left_out: tuple[str, ...]


class LeftOutError(Exception):
    """Why a relation cannot be obeyed; never leaves this module."""


def forbid_turns(
    relations: Sequence[TurnRelation], arrays: NetworkArrays, absent: Callable[[int], str]
) -> Turns:
    """Tell turn restrictions in edges.

    Parameters
    ----------
    relations
        Every restriction of the source.
    arrays
        The network's edges.
    absent
        Says of a way without edges why it has none, as the rest of a sentence that names it.

    Returns
    -------
    Turns
        Sequences in ascending order; every relation is modelled or left out.
    """
    streets = _Streets.of(relations, arrays, absent)
    forbidden: dict[TurnEdges, int] = defaultdict(int)
    left_out = []
    for relation in relations:
        try:
            for sequence, modes in _told_in_edges(relation, streets):
                forbidden[sequence] |= modes
        except LeftOutError as reason:
            kind = _kind_said(relation.tags)
            left_out.append(f"relation {relation.osm_id} ({kind}): {reason}")
    turns = sorted(forbidden.items())
    return Turns(
        start=np.cumsum([0, *(len(sequence) for sequence, _ in turns)], dtype=np.int32),
        edge=np.array([edge for sequence, _ in turns for edge in sequence], np.int32),
        modes=np.array([modes for _, modes in turns], np.uint8),
        modelled=len(relations) - len(left_out),
        left_out=tuple(left_out),
    )


def beyond_turns(network: RoadNetwork, mode: TravelMode, driven: Bools) -> Bools:
    """Tell which edges a mode can no longer reach, or no longer leave, without a forbidden turn.

    Parameters
    ----------
    network
        The streets with their forbidden turns.
    mode
        Who drives.
    driven
        Which edges it may drive, bool (m,); without the turns each leads to every other.

    Returns
    -------
    Bools
        (m,), of the edges driven those outside the largest part in which that is still so.
    """
    graph = TravelGraph.build(network, expand_signals=False)
    lawful = driven[graph.arc_edge] & (graph.arc_ban & MODE_BIT[mode] == 0)
    tail, head = graph.arc_tail[lawful], graph.arc_head[lawful]
    core = largest_core(tail, head, graph.node_count)
    inside = np.zeros(network.edge_count, np.bool_)
    inside[graph.arc_edge[lawful][core[tail] & core[head]]] = True
    beyond: Bools = driven & ~inside
    return beyond


# ---- what a relation's tags say -----------------------------------------------------------------


class _Rule(NamedTuple):
    """``no_left_turn`` for some modes."""

    kind: str
    modes: int

    @property
    def only(self) -> bool:
        return self.kind.startswith("only_")

    @property
    def target_deg(self) -> float | None:
        """The angle of the turn, to the right above 0; None where the kind does not tell."""
        return next((a for word, a in _TARGET_DEG.items() if f"_{word}_" in self.kind), None)


def _kind_said(tags: Tags) -> str:
    keys = (key for key in tags if key.startswith("restriction"))
    return next((tags[key] for key in sorted(keys)), "no kind")


def _rules(tags: Tags) -> list[_Rule]:
    """Every rule that a relation makes.

    Raises
    ------
    LeftOutError
        It makes none that could be planned with.
    """
    at_times = [tags[key] for key in tags if key.startswith("restriction") and ":cond" in key]
    at_times += [f"{key} {tags[key]}" for key in _AT_TIMES if key in tags]
    if at_times:
        raise LeftOutError(f"it applies only at times: {'; '.join(at_times)}")
    free = 0
    for who in tags.get("except", "").split(";"):
        free |= _BOUND_BY.get(who.strip(), 0) if who.strip() else 0
    rules, others = [], []
    for key in sorted(key for key in tags if key.startswith("restriction")):
        who = key.partition(":")[2]
        modes = _BOUND_BY.get(who, 0) & ~free
        rules += [_Rule(kind.strip(), modes) for kind in tags[key].split(";") if modes]
        others += [] if modes else [f"except {tags['except']}" if free else f"for {who} alone"]
    if any(rule.kind not in _KINDS for rule in rules):
        raise LeftOutError("its kind is none that is known")
    if not rules:
        raise LeftOutError(f"it binds no mode of travel: {', '.join(others) or 'no restriction'}")
    return rules


# ---- what its members are -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Members:
    origins: tuple[int, ...]
    via_nodes: tuple[int, ...]
    via_ways: tuple[int, ...]
    ends: tuple[int, ...]


def _members(relation: TurnRelation) -> _Members:
    def of(role: str, kind: str) -> tuple[int, ...]:
        refs = (m.ref for m in relation.members if m.role == role and m.kind == kind)
        return tuple(dict.fromkeys(refs))

    found = _Members(of("from", "w"), of("via", "n"), of("via", "w"), of("to", "w"))
    for role, some in (
        ("from", found.origins),
        ("via", found.via_nodes + found.via_ways),
        ("to", found.ends),
    ):
        if not some:
            raise LeftOutError(f"it has no {role} member")
    if len(found.via_nodes) > 1 or (found.via_nodes and found.via_ways):
        raise LeftOutError("it has several via members that are not ways")
    return found


# ---- the streets that it speaks of --------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Streets:
    """Driven edges by way, and those that leave a node."""

    arrays: NetworkArrays
    of_way: dict[int, list[int]]
    nodes: dict[int, list[int]]
    by_tail: NDArray[np.int64]
    tails: NDArray[np.int32]
    absent: Callable[[int], str]

    @classmethod
    def of(
        cls,
        relations: Sequence[TurnRelation],
        arrays: NetworkArrays,
        absent: Callable[[int], str],
    ) -> _Streets:
        unlawful = EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER
        driven = np.flatnonzero((arrays["edge_flags"] & np.uint16(unlawful)) == 0)
        members = [member for relation in relations for member in relation.members]
        ways = np.array([m.ref for m in members if m.kind == "w"], np.int64)
        of_way: dict[int, list[int]] = defaultdict(list)
        for edge in driven[np.isin(arrays["edge_way"][driven], ways)].tolist():
            of_way[int(arrays["edge_way"][edge])].append(edge)
        vias = np.array([m.ref for m in members if m.kind == "n"], np.int64)
        nodes: dict[int, list[int]] = defaultdict(list)
        for node in np.flatnonzero(np.isin(arrays["node_osm"], vias)).tolist():
            nodes[int(arrays["node_osm"][node])].append(node)
        by_tail = driven[np.argsort(arrays["edge_tail"][driven], kind="stable")]
        return cls(arrays, of_way, nodes, by_tail, arrays["edge_tail"][by_tail], absent)

    def tail(self, edge: int) -> int:
        return int(self.arrays["edge_tail"][edge])

    def head(self, edge: int) -> int:
        return int(self.arrays["edge_head"][edge])

    def twin(self, edge: int) -> int:
        return int(self.arrays["edge_twin"][edge])

    def leaving(self, node: int) -> list[int]:
        first, last = np.searchsorted(self.tails, (node, node + 1))
        leaving: list[int] = self.by_tail[first:last].tolist()
        return leaving

    def edges(self, way: int, role: str) -> list[int]:
        """Driven edges of a way that is a member."""
        if way not in self.of_way:
            raise LeftOutError(f"its {role} way {way} {self.absent(way)}")
        return self.of_way[way]

    def turn_deg(self, before: int, after: int) -> float:
        """``lines.turn_deg`` between the end of one edge and the begin of the next."""
        start, points = self.arrays["geometry_start"], self.arrays["geometry"]
        at = np.array([int(start[before + 1]) - 2, int(start[after])])
        step = points[at + 1] - points[at].astype(np.float64)
        step[:, 0] *= np.cos(np.radians(points[at, 1] / GEOMETRY_UNITS_PER_DEGREE))
        came_deg, goes_deg = bearing_deg(step)
        return float(turn_deg(came_deg, goes_deg))


# ---- one relation -------------------------------------------------------------------------------


def _told_in_edges(relation: TurnRelation, streets: _Streets) -> Iterator[tuple[TurnEdges, int]]:
    rules = _rules(relation.tags)
    members = _members(relation)
    for rule in rules:
        allowed = _turns(rule, members, streets)
        if not rule.only:
            yield from ((sequence, rule.modes) for sequence in allowed)
            continue
        for approach in dict.fromkeys(sequence[:-1] for sequence in allowed):
            for edge in streets.leaving(streets.head(approach[-1])):
                if (*approach, edge) not in allowed:
                    yield (*approach, edge), rule.modes


def _turns(rule: _Rule, members: _Members, streets: _Streets) -> list[TurnEdges]:
    """Every turn that the relation speaks of, from edge to edge."""
    found: dict[TurnEdges, None] = {}
    trouble = []
    for origin, end in product(members.origins, members.ends):
        try:
            found |= dict.fromkeys(_between(rule, members, origin, end, streets))
        except LeftOutError as error:
            trouble.append(error)
    if not found:
        raise trouble[0]
    return list(found)


def _between(
    rule: _Rule, members: _Members, origin: int, end: int, streets: _Streets
) -> list[TurnEdges]:
    into, out = streets.edges(origin, "from"), streets.edges(end, "to")
    if members.via_ways:
        turns = _over_ways(into, members.via_ways, out, streets)
    else:
        turns = _over_node(into, members.via_nodes[0], out, streets)
    if rule.target_deg == 180.0 and origin == end and not members.via_ways:
        turns = [turn for turn in turns if streets.twin(turn[0]) == turn[1]]
        if not turns:
            raise LeftOutError(f"nobody can turn round in way {origin}: it runs one way")
        return turns  # in both directions where the way goes on
    return turns if len(turns) == 1 else [_one_of(turns, rule, streets)]


def _over_node(into: list[int], via: int, out: list[int], streets: _Streets) -> list[TurnEdges]:
    nodes = streets.nodes.get(via)
    if nodes is None:
        raise LeftOutError(f"its via node {via} is no junction of the network")
    arriving = [edge for edge in into if streets.head(edge) in nodes]
    leaving = [edge for edge in out if streets.tail(edge) in nodes]
    for role, some, verb in (("from", arriving, "into"), ("to", leaving, "out of")):
        if not some:
            raise LeftOutError(f"nobody drives {verb} its via node {via} on its {role} way")
    turns: list[TurnEdges] = [
        (edge, after)
        for edge in arriving
        for after in leaving
        if streets.head(edge) == streets.tail(after)
    ]
    if not turns:
        raise LeftOutError(f"its ways do not meet at its via node {via}: a barrier is between them")
    return turns


def _over_ways(
    into: list[int], via_ways: tuple[int, ...], out: list[int], streets: _Streets
) -> list[TurnEdges]:
    following: dict[int, list[int]] = defaultdict(list)
    for way in via_ways:
        for edge in streets.edges(way, "via"):
            following[streets.tail(edge)].append(edge)
    ends: dict[int, list[int]] = defaultdict(list)
    for edge in out:
        ends[streets.tail(edge)].append(edge)
    turns = [
        (*path, end)
        for origin in into
        for path in _paths(origin, following, len(via_ways), streets)
        for end in ends.get(streets.head(path[-1]), [])
    ]
    if not turns:
        raise LeftOutError("nobody drives from its from way over its via ways to its to way")
    return turns


def _paths(
    origin: int, following: dict[int, list[int]], ways: int, streets: _Streets
) -> Iterator[TurnEdges]:
    """Ways on from an edge over all via ways, without coming to a node twice."""
    way_of = streets.arrays["edge_way"]
    stack: list[tuple[TurnEdges, tuple[int, ...]]] = [((origin,), (streets.head(origin),))]
    for _ in range(_MOST_STEPS):
        if not stack:
            return
        path, seen = stack.pop()
        if len(path) > 1 and len({int(way_of[edge]) for edge in path[1:]}) == ways:
            yield path
        if len(path) > _MOST_VIA_EDGES:
            continue
        for edge in following.get(seen[-1], []):
            node = streets.head(edge)
            if node not in seen:
                stack.append(((*path, edge), (*seen, node)))
    raise LeftOutError("its via ways branch too often")


def _one_of(turns: list[TurnEdges], rule: _Rule, streets: _Streets) -> TurnEdges:
    """Choose, where a way goes on through the junction, the turn that has the angle of its kind."""
    if rule.target_deg is not None:
        off = sorted(
            (abs((streets.turn_deg(turn[0], turn[-1]) - rule.target_deg + 180) % 360 - 180), turn)
            for turn in turns
        )
        if off[0][0] <= _FIT_DEG and off[1][0] >= off[0][0] + _CLEAR_DEG:
            return off[0][1]
    raise LeftOutError(f"it may mean any of {len(turns)} turns: a way goes on through the junction")
