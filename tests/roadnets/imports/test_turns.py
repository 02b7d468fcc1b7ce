"""Turn restrictions on hand-written maps: every kind becomes edges, or a sentence why not."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadnets.engine import TravelEngine
from roadnets.imports.assemble import assemble
from roadnets.imports.turns import BOUND, CAR, TRUCK
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.sources import osmfile
from roadnets.travel import Snap, TravelMode
from tests.data import data
from tests.roadnets.osmfiles import LAT, LON, STEP, Map, edge

Place = tuple[float, float]
WEST, MIDDLE, EAST, SOUTH, NORTH = (0, 1), (1, 1), (2, 1), (1, 0), (1, 2)


def crossing() -> tuple[Map, dict[str, int]]:
    """A cross of four streets with a ring around it; the middle is the junction."""
    town = Map()
    ways = {
        name: town.street(end, MIDDLE)
        for name, end in (("west", WEST), ("east", EAST), ("south", SOUTH), ("north", NORTH))
    }
    town.street(WEST, SOUTH)
    town.street(SOUTH, EAST)
    town.street(EAST, NORTH)
    town.street(NORTH, WEST)
    return town, ways


def restrict(
    town: Map, start: int | Sequence[int], via: object, end: int | Sequence[int], **tags: str
) -> int:
    """Add a restriction; ``via`` is a place or way ids."""
    members = [("way", w, "from") for w in ([start] if isinstance(start, int) else start)]
    if isinstance(via, tuple):
        members.append(("node", town.node(*via), "via"))
    else:
        members += [("way", w, "via") for w in via]  # type: ignore[attr-defined]  # a list of ways
    members += [("way", w, "to") for w in ([end] if isinstance(end, int) else end)]
    return town.relation(members, **({"type": "restriction"} | tags))


def forbidden(network: RoadNetwork) -> dict[tuple[Place, ...], int]:
    """Forbidden turns as the places driven through, with whom each forbids."""
    turns = {}
    for i, modes in enumerate(network.turn_modes.tolist()):
        edges = network.turn_edge[network.turn_start[i] : network.turn_start[i + 1]]
        nodes = [network.edge_tail[edges[0]], *network.edge_head[edges]]
        turns[tuple(_place(network, int(node)) for node in nodes)] = modes
    return turns


def _place(network: RoadNetwork, node: int) -> Place:
    x, y = (network.node_lon[node] - LON) / STEP, (network.node_lat[node] - LAT) / STEP
    return round(float(x), 3), round(float(y), 3)


@pytest.mark.parametrize("kind", ["no_left_turn", "no_straight_on", "no_entry", "no_exit"])
def test_what_no_driver_may_do_is_one_sequence(kind: str, tmp_path: Path) -> None:
    town, ways = crossing()
    restrict(town, ways["south"], MIDDLE, ways["west"], restriction=kind)
    network = town.network(tmp_path)
    assert forbidden(network) == {(SOUTH, MIDDLE, WEST): BOUND}
    assert (network.report.turns_modelled, network.report.turns_left_out) == (1, ())


def test_blue_light_and_boats_turn_where_the_way_is_clear() -> None:
    assert BOUND == CAR | TRUCK == 2 | 4


def test_who_must_turn_may_do_nothing_else_and_not_turn_round(tmp_path: Path) -> None:
    town, ways = crossing()
    restrict(town, ways["south"], MIDDLE, ways["north"], restriction="only_straight_on")
    assert forbidden(town.network(tmp_path)) == {
        (SOUTH, MIDDLE, WEST): BOUND,
        (SOUTH, MIDDLE, EAST): BOUND,
        (SOUTH, MIDDLE, SOUTH): BOUND,
    }


def test_nobody_is_forbidden_what_nobody_does(tmp_path: Path) -> None:
    """The wrong way of a one-way street needs no sign of its own."""
    town, ways = crossing()
    town.ways[3] = (ways["north"], *town.ways[3][1:2], {"highway": "residential", "oneway": "yes"})
    restrict(town, ways["south"], MIDDLE, ways["west"], restriction="only_left_turn")
    network = town.network(tmp_path)
    assert set(forbidden(network)) == {(SOUTH, MIDDLE, EAST), (SOUTH, MIDDLE, SOUTH)}
    assert not network.has_flag(EdgeFlag.AGAINST_ONEWAY)[network.turn_edge].any()


def test_u_turns(tmp_path: Path) -> None:
    town, ways = crossing()
    restrict(town, ways["south"], MIDDLE, ways["south"], restriction="no_u_turn")
    assert forbidden(town.network(tmp_path)) == {(SOUTH, MIDDLE, SOUTH): BOUND}


def test_a_u_turn_where_the_way_goes_on_is_forbidden_in_both_directions(tmp_path: Path) -> None:
    town, _ = crossing()
    through = town.street((1, 1.5), MIDDLE, (1.5, 1.5))
    restrict(town, through, MIDDLE, through, restriction="no_u_turn")
    turns = forbidden(town.network(tmp_path))
    assert set(turns) == {
        ((1, 1.5), MIDDLE, (1, 1.5)),
        ((1.5, 1.5), MIDDLE, (1.5, 1.5)),
    }


def test_several_streets_in_or_out(tmp_path: Path) -> None:
    town, ways = crossing()
    restrict(town, [ways["south"], ways["north"]], MIDDLE, ways["west"], restriction="no_entry")
    restrict(town, ways["east"], MIDDLE, [ways["south"], ways["north"]], restriction="no_exit")
    network = town.network(tmp_path)
    assert set(forbidden(network)) == {
        (SOUTH, MIDDLE, WEST),
        (NORTH, MIDDLE, WEST),
        (EAST, MIDDLE, SOUTH),
        (EAST, MIDDLE, NORTH),
    }
    assert network.report.turns_modelled == 2


def test_a_way_that_goes_on_through_the_junction_is_told_by_the_angle(tmp_path: Path) -> None:
    town = Map()
    through = town.street(SOUTH, MIDDLE, NORTH)
    side = town.street(MIDDLE, EAST)
    town.street(SOUTH, EAST)
    town.street(NORTH, EAST)
    restrict(town, through, MIDDLE, side, restriction="no_right_turn")
    restrict(town, side, MIDDLE, through, restriction="no_right_turn")
    network = town.network(tmp_path)
    assert set(forbidden(network)) == {(SOUTH, MIDDLE, EAST), (EAST, MIDDLE, NORTH)}


def divided() -> tuple[Map, dict[str, int]]:
    """Two carriageways joined by a short cut across the middle, cut in two by a signal."""
    town = Map()
    ways = {
        "up": town.street((2, 0), (2, 2), oneway="yes"),
        "up2": town.street((2, 2), (2, 4), oneway="yes"),
        "across": town.street((2, 2), (1.5, 2), (1, 2)),
        "down": town.street((1, 2), (1, 0), oneway="yes"),
        "down2": town.street((1, 4), (1, 2), oneway="yes"),
        "side": town.street((1, 2), (0, 2)),
    }
    town.node(1.5, 2, highway="traffic_signals")
    for a, b in (((1, 0), (2, 0)), ((2, 4), (1, 4)), ((0, 2), (1, 0)), ((0, 2), (1, 4))):
        town.street(a, b)
    return town, ways


def test_a_turn_over_a_way_is_one_longer_sequence(tmp_path: Path) -> None:
    town, ways = divided()
    restrict(town, ways["up"], [ways["across"]], ways["down"], restriction="no_u_turn")
    assert forbidden(town.network(tmp_path)) == {((2, 0), (2, 2), (1.5, 2), (1, 2), (1, 0)): BOUND}


def test_who_must_turn_over_a_way_is_bound_at_its_end_alone(tmp_path: Path) -> None:
    town, ways = divided()
    restrict(town, ways["up"], [ways["across"]], ways["side"], restriction="only_left_turn")
    came = ((2, 0), (2, 2), (1.5, 2), (1, 2))
    assert set(forbidden(town.network(tmp_path))) == {(*came, (1, 0)), (*came, (1.5, 2))}


def test_a_turn_over_two_ways(tmp_path: Path) -> None:
    town, ways = divided()
    number, refs, tags = town.ways[2]
    town.ways[2] = (number, refs[:2], tags)
    rest = town.street((1.5, 2), (1, 2))
    restrict(town, ways["up"], [rest, ways["across"]], ways["down"], restriction="no_u_turn")
    assert set(forbidden(town.network(tmp_path))) == {((2, 0), (2, 2), (1.5, 2), (1, 2), (1, 0))}


@pytest.mark.parametrize(
    ("tags", "modes"),
    [
        ({"restriction": "no_left_turn", "except": "psv;bicycle"}, BOUND),
        ({"restriction": "no_left_turn", "except": "emergency"}, BOUND),
        ({"restriction": "no_left_turn", "except": "hgv"}, CAR),
        ({"restriction": "no_left_turn", "except": "motorcar; psv"}, TRUCK),
        ({"restriction:hgv": "no_left_turn"}, TRUCK),
        ({"restriction:motorcar": "no_left_turn"}, CAR),
        ({"restriction:motor_vehicle": "no_left_turn"}, BOUND),
        ({"restriction": "no_left_turn", "restriction:bicycle": "no_right_turn"}, BOUND),
    ],
)
def test_whom_it_binds(tags: dict[str, str], modes: int, tmp_path: Path) -> None:
    town, ways = crossing()
    restrict(town, ways["south"], MIDDLE, ways["west"], **tags)
    assert forbidden(town.network(tmp_path)) == {(SOUTH, MIDDLE, WEST): modes}


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (
            {"restriction:conditional": "no_left_turn @ (07:00-19:00)"},
            "only at times: no_left_turn",
        ),
        ({"restriction": "no_left_turn", "hour_on": "07:00"}, "only at times: hour_on 07:00"),
        ({"restriction": "no_left_turn", "except": "motor_vehicle"}, "except motor_vehicle"),
        ({"restriction:bus": "no_left_turn"}, "binds no mode of travel: for bus alone"),
        ({"restriction": "no_right_turn_on_red"}, "kind is none that is known"),
        ({}, "binds no mode of travel: no restriction"),
    ],
)
def test_tags_that_cannot_be_planned_with(tags: dict[str, str], why: str, tmp_path: Path) -> None:
    town, ways = crossing()
    number = restrict(town, ways["south"], MIDDLE, ways["west"], **tags)
    network = town.network(tmp_path)
    assert not len(network.turn_modes)
    (sentence,) = network.report.turns_left_out
    assert sentence.startswith(f"relation {number} (")
    assert why in sentence


def test_members_that_cannot_be_driven_say_which(tmp_path: Path) -> None:
    town, ways = crossing()
    path = town.way(MIDDLE, (5, 5), highway="footway")
    trap = town.street(MIDDLE, (6, 6), oneway="yes")
    south, north = ways["south"], ways["north"]
    town.node(1.5, 0.5)
    bent = town.street(SOUTH, (1.5, 0.5), EAST)
    kind = {"restriction": "no_left_turn"}
    restrict(town, south, MIDDLE, path, **kind)
    restrict(town, south, MIDDLE, trap, **kind)
    restrict(town, 999, MIDDLE, north, **kind)
    restrict(town, bent, (1.5, 0.5), bent, **kind)
    restrict(town, south, EAST, north, **kind)
    restrict(town, [], MIDDLE, north, **kind)
    restrict(town, south, [], north, **kind)
    restrict(town, south, MIDDLE, [], **kind)
    restrict(town, south, [ways["east"]], north, **kind)
    network = town.network(tmp_path)
    reasons = [sentence.partition(": ")[2] for sentence in network.report.turns_left_out]
    assert reasons == [
        f"its to way {path} cannot be driven",
        f"its to way {trap} lies outside the connected core",
        "its from way 999 is not in the source",
        f"its via node {town.node(1.5, 0.5)} is no junction of the network",
        f"nobody drives into its via node {town.node(*EAST)} on its from way",
        "it has no from member",
        "it has no via member",
        "it has no to member",
        "nobody drives from its from way over its via ways to its to way",
    ]
    assert network.report.turns_modelled == 0


def test_via_ways_that_branch_again_and_again_are_not_searched_for_ever(tmp_path: Path) -> None:
    town = Map()
    n = 8
    via = [town.street((x, y), (x + 1, y)) for x in range(n - 1) for y in range(n)]
    via += [town.street((x, y), (x, y + 1)) for x in range(n) for y in range(n - 1)]
    start, end = town.street((-1, 0), (0, 0)), town.street((n - 1, n - 1), (n, n))
    restrict(town, start, via, end, restriction="no_straight_on")
    (sentence,) = town.network(tmp_path).report.turns_left_out
    assert sentence.endswith("its via ways branch too often")


def test_streets_parted_by_a_barrier_do_not_meet(tmp_path: Path) -> None:
    town, ways = crossing()
    town.node(*MIDDLE, barrier="jersey_barrier")
    restrict(town, ways["south"], MIDDLE, ways["north"], restriction="no_straight_on")
    (sentence,) = town.network(tmp_path).report.turns_left_out
    assert "a barrier is between them" in sentence


def test_a_turn_of_two_meanings_is_left_out(tmp_path: Path) -> None:
    town, ways = crossing()
    through = town.street((0.5, 0.5), MIDDLE, (1.5, 1.5))
    town.street((0.5, 0.5), WEST)
    town.street((1.5, 1.5), NORTH)
    restrict(town, through, MIDDLE, ways["north"], restriction="no_entry")
    (sentence,) = town.network(tmp_path).report.turns_left_out
    assert "may mean any of 2 turns" in sentence


def test_two_relations_of_one_turn_bind_everybody_that_either_binds(tmp_path: Path) -> None:
    town, ways = crossing()
    for who in ("hgv", "motorcar"):
        restrict(
            town, ways["south"], MIDDLE, ways["west"], **{f"restriction:{who}": "no_left_turn"}
        )
    network = town.network(tmp_path)
    assert forbidden(network) == {(SOUTH, MIDDLE, WEST): BOUND}
    assert network.report.turns_modelled == 2


def test_turns_come_in_ascending_order(tmp_path: Path) -> None:
    town, ways = crossing()
    for start, end in (("west", "south"), ("east", "north"), ("south", "west")):
        restrict(town, ways[start], MIDDLE, ways[end], restriction="no_right_turn")
    network = town.network(tmp_path)
    sequences = np.split(network.turn_edge, network.turn_start[1:-1])
    assert [s.tolist() for s in sequences] == sorted(s.tolist() for s in sequences)


def test_where_turns_let_nobody_in_is_no_street_of_the_public(tmp_path: Path) -> None:
    town, ways = crossing()
    blind = town.street(MIDDLE, (1.5, 1.5))
    for name in ("west", "east", "south", "north"):
        restrict(town, ways[name], MIDDLE, blind, restriction="no_entry")
    network = town.network(tmp_path)
    public = network.has_flag(EdgeFlag.CIVILIAN)
    assert not public[network.edges_of_way(blind)].any()
    assert public.sum() == network.edge_count - 2
    (note,) = network.report.notes
    assert note.startswith("edges closed to everybody but blue light: 2")


def test_civilians_go_round_what_blue_light_turns_into(tmp_path: Path) -> None:
    town, ways = crossing()
    restrict(town, ways["south"], MIDDLE, ways["west"], restriction="no_left_turn")
    network = town.network(tmp_path)
    travel = TravelEngine.plain(network)
    origin = Snap(edge(network, SOUTH, MIDDLE), 0.9, 0.0)
    target = Snap(edge(network, MIDDLE, WEST), 0.5, 0.0)
    ways_driven = {}
    for mode in (TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN, TravelMode.HIGH_CLEARANCE):
        route = travel.route(mode, origin, target)
        assert route is not None
        ways_driven[mode] = len(route.edges)
        driven = tuple(_place(network, int(node)) for node in network.edge_head[list(route.edges)])
        assert mode is TravelMode.BLUE_LIGHT or (MIDDLE, WEST) not in pairwise(driven[:2])
    assert ways_driven[TravelMode.BLUE_LIGHT] == 2
    assert min(ways_driven.values()) < max(ways_driven.values())


def test_nobody_drives_against_a_one_way_street_or_on_water(tmp_path: Path) -> None:
    town, _ = crossing()
    short_cut = town.street(SOUTH, (1.5, 0.9), NORTH, oneway="yes")
    town.way((0, 0.5), (2, 0.5), waterway="river")
    network = town.network(tmp_path)
    travel = TravelEngine.plain(network)
    origin = Snap(edge(network, MIDDLE, NORTH), 1.0, 0.0)
    target = Snap(edge(network, MIDDLE, SOUTH), 1.0, 0.0)
    for mode in (TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN):
        route = travel.route(mode, origin, target)
        assert route is not None
        used = set(network.edge_way[list(route.edges)].tolist())
        assert short_cut not in used
        wrong = EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER
        assert not network.has_flag(wrong)[list(route.edges)].any()


CORNERS = [(x, y) for x in range(4) for y in range(3)]
SIDES = [(a, b) for a in CORNERS for b in CORNERS if (b[0] - a[0], b[1] - a[1]) in {(0, 1), (1, 0)}]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    one_way=st.sets(st.integers(0, len(SIDES) - 1), max_size=4),
    signs=st.lists(
        st.tuples(
            st.integers(0, len(SIDES) - 1),
            st.sampled_from(CORNERS),
            st.integers(0, len(SIDES) - 1),
            st.sampled_from(["no_left_turn", "no_u_turn", "only_straight_on", "only_right_turn"]),
        ),
        max_size=6,
    ),
)
def test_what_is_forbidden_is_what_the_ways_and_nodes_say(
    one_way: set[int], signs: list[tuple[int, Place, int, str]], tmp_path: Path
) -> None:
    """Against the tags themselves, on a lattice whose every side is a way of its own."""
    town = Map()
    ways = [
        town.street(*side, **({"oneway": "yes"} if i in one_way else {}))
        for i, side in enumerate(SIDES)
    ]
    for start, via, end, kind in signs:
        restrict(town, ways[start], via, ways[end], restriction=kind)
    network = town.network(tmp_path)
    driven = [
        (_place(network, int(tail)), _place(network, int(head)), int(way))
        for tail, head, way, flags in zip(
            network.edge_tail, network.edge_head, network.edge_way, network.edge_flags, strict=True
        )
        if not flags & EdgeFlag.AGAINST_ONEWAY
    ]
    expected, obeyed = set(), 0
    for start, via, end, kind in signs:
        into = [edge for edge in driven if edge[1] == via and edge[2] == ways[start]]
        out = [edge for edge in driven if edge[0] == via and edge[2] == ways[end]]
        if into and out:
            obeyed += 1
            others = [edge for edge in driven if edge[0] == via and edge[2] != ways[end]]
            wrong = others if kind.startswith("only_") else out
            expected |= {(edge[0], via, other[1]) for edge in into for other in wrong}
    assert set(forbidden(network)) == expected
    assert network.report.turns_modelled == obeyed
    assert len(network.report.turns_left_out) == len(signs) - obeyed


def test_every_restriction_of_porto_is_obeyed_or_says_why_not() -> None:
    streets = osmfile.read(data("porto/porto.osm.pbf"))
    report = assemble(streets).report
    assert len(streets.turns) == 357 == report.turns_modelled + len(report.turns_left_out)
    assert report.turns_modelled >= 335
    assert len(set(report.turns_left_out)) == len(report.turns_left_out)
    assert not any("restriction" in note for note in report.notes)
