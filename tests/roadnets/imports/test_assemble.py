"""From hand-written streets to a network: what is kept, dropped, split and joined."""

from pathlib import Path

import numpy as np
import pytest

from roadnets.errors import SourceError
from roadnets.imports.assemble import WAYS_OFF_CORE
from roadnets.imports.streets import SIGNALS_OFF_CORE
from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, RoadNetwork
from tests.roadnets.osmfiles import LAT, LON, STEP, Map, edge, edges, nodes


def flags(network: RoadNetwork, way: int) -> set[EdgeFlag]:
    found = {EdgeFlag(int(network.edge_flags[e])) for e in network.edges_of_way(way)}
    driven = {each for each in found if EdgeFlag.AGAINST_ONEWAY not in each}
    return {each & ~EdgeFlag.AGAINST_WAY for each in driven}


def test_a_two_way_street_is_two_edges_each_the_others_twin(tmp_path: Path) -> None:
    town = Map()
    town.square()
    across = town.street((0, 0), (3, 3))
    network = town.network(tmp_path)
    there, back = edge(network, (0, 0), (3, 3)), edge(network, (3, 3), (0, 0))
    assert edges(network, across) == [((0, 0), (3, 3)), ((3, 3), (0, 0))]
    assert (network.edge_twin[there], network.edge_twin[back]) == (back, there)


def test_only_junctions_dead_ends_and_ends_of_ways_are_nodes(tmp_path: Path) -> None:
    town = Map()
    town.square()
    bent = town.street((0, 0), (1, 1), (2, 1), (3, 3))
    blind = town.street((2, 1), (2, 2))
    network = town.network(tmp_path)
    assert nodes(network) == {(0, 0), (3, 0), (3, 3), (0, 3), (2, 1), (2, 2)}
    assert edges(network, blind) == [((2, 1), (2, 2)), ((2, 2), (2, 1))]
    line = network.edge_line(edge(network, (0, 0), (2, 1)))
    assert [round((p.lat - LAT) / STEP) for p in line] == [0, 1, 1]
    assert len(network.edges_of_way(bent)) == 4


def test_length_follows_the_bends(tmp_path: Path) -> None:
    town = Map()
    town.square()
    way = town.street((0, 0), (0, -2), (3, 0))
    network = town.network(tmp_path)
    (bent,) = {network.edge_length_m[e] for e in network.edges_of_way(way)}
    assert bent > 222 + 340
    assert network.report.length_km == pytest.approx(network.edge_length_m.sum() / 2000, abs=0.01)


def test_ways_that_meet_end_to_end_stay_apart(tmp_path: Path) -> None:
    """A closure may name a way: each edge is of one way alone."""
    town = Map()
    town.square()
    first = town.street((0, 0), (1, 1), name="A")
    second = town.street((1, 1), (3, 3), name="A")
    network = town.network(tmp_path)
    assert edges(network, first) == [((0, 0), (1, 1)), ((1, 1), (0, 0))]
    assert edges(network, second) == [((1, 1), (3, 3)), ((3, 3), (1, 1))]


def test_one_way_streets(tmp_path: Path) -> None:
    town = Map()
    town.square()
    with_it = town.street((0, 0), (3, 3), oneway="yes")
    against = town.street((0, 3), (3, 0), oneway="-1")
    network = town.network(tmp_path)
    assert edges(network, with_it) == [((0, 0), (3, 3))]
    assert edges(network, against) == [((3, 0), (0, 3))]
    assert edges(network, with_it, against=True) == [((3, 3), (0, 0))]
    drawn_back = np.flatnonzero(network.has_flag(EdgeFlag.AGAINST_WAY)).tolist()
    assert edge(network, (3, 0), (0, 3)) in drawn_back
    assert edge(network, (0, 3), (3, 0)) not in drawn_back
    assert (network.report.edges, network.edge_count) == (10, 12)


def test_the_wrong_way_of_a_one_way_street_comes_last_and_is_the_twin(tmp_path: Path) -> None:
    town = Map()
    town.square()
    tags = {"maxspeed": "60", "maxspeed:backward": "40", "bridge": "yes", "name": "A", "ref": "S1"}
    town.way((0, 0), (1, 1.5), (3, 3), highway="primary", oneway="yes", **tags)
    town.node(0, 0, highway="traffic_signals")
    town.node(3, 3, highway="traffic_signals", traffic_signals__direction="forward")
    network = town.network(tmp_path)
    there, back = edge(network, (0, 0), (3, 3)), edge(network, (3, 3), (0, 0))
    assert back == network.edge_count - 1 == network.report.edges
    assert (network.edge_twin[there], network.edge_twin[back]) == (back, there)
    street = EdgeFlag.BRIDGE | EdgeFlag.SPEED_TAGGED | EdgeFlag.SIGNAL_AT_HEAD
    assert network.edge_flags[there] == street | EdgeFlag.CIVILIAN
    assert network.edge_flags[back] == (street | EdgeFlag.AGAINST_ONEWAY | EdgeFlag.AGAINST_WAY)
    assert network.edge_line(back) == network.edge_line(there)[::-1]
    assert network.edge_length_m[there] == network.edge_length_m[back]
    assert network.edge_speed_kph[[there, back]].tolist() == [60, 40]
    assert network.edge_name[there] == network.edge_name[back]
    assert network.report.length_km == pytest.approx(
        network.edge_length_m[: network.report.edges].sum() / 2000
        + network.edge_length_m[there] / 2000,
        abs=0.001,
    )


def test_a_private_one_way_street_is_private_the_wrong_way_too(tmp_path: Path) -> None:
    town = Map()
    town.square()
    private = town.street((0, 0), (3, 3), oneway="yes", access="private")
    public = town.street((0, 3), (3, 0), oneway="yes")
    network = town.network(tmp_path)
    restricted = network.has_flag(EdgeFlag.RESTRICTED)
    assert restricted[network.edges_of_way(private)].all()
    assert not restricted[network.edges_of_way(public)].any()


def test_gates_stand_on_the_wrong_way_too(tmp_path: Path) -> None:
    town = Map()
    town.square()
    gated = town.street((0, 0), (1, 1), (3, 3), oneway="yes")
    town.node(1, 1, barrier="gate")
    network = town.network(tmp_path)
    assert network.edge_gate_count[network.edges_of_way(gated)].tolist() == [1, 1]


def test_layers_limits_bus_lanes_and_numbers(tmp_path: Path) -> None:
    town = Map()
    town.square()
    low = town.street((0, 0), (3, 3), layer="-1", maxheight="3.5", maxwidth="2.5", maxweight="7.5")
    plain = town.street((0, 3), (3, 0), lanes__bus__forward="1", ref="S203", name="A")
    other = town.street((0, 3), (1, 1), (3, 0), name="A")
    network = town.network(tmp_path)
    edges_low, edges_plain = network.edges_of_way(low), network.edges_of_way(plain)
    assert network.edge_layer[edges_low].tolist() == [-1, -1]
    assert network.edge_max_height_m[edges_low].tolist() == [3.5, 3.5]
    assert network.edge_max_width_m[edges_low].tolist() == [2.5, 2.5]
    assert network.edge_max_weight_t[edges_low].tolist() == [7.5, 7.5]
    assert np.isinf(network.edge_max_height_m[edges_plain]).all()
    (with_buses,) = np.flatnonzero(network.has_flag(EdgeFlag.BUS_LANE))
    assert with_buses in edges_plain
    assert network.node_lon[network.edge_tail[with_buses]] == pytest.approx(LON)
    numbers = {network.refs[network.edge_name[e]] for e in edges_plain}
    assert numbers == {"S203"}
    assert {network.refs[network.edge_name[e]] for e in network.edges_of_way(other)} == {""}
    assert len(network.edges_named("A")) == 4
    assert network.names == ("", "A", "A")


def test_a_roundabout_runs_one_way(tmp_path: Path) -> None:
    town = Map()
    town.street((-3, 1), (0, 1))
    town.street((3, 1), (1, 1))
    ring = town.street((0, 1), (0.5, 0), (1, 1), (0.5, 2), (0, 1), junction="roundabout")
    network = town.network(tmp_path)
    assert edges(network, ring) == [((0, 1), (1, 1)), ((1, 1), (0, 1))]
    assert flags(network, ring) == {EdgeFlag.CIVILIAN | EdgeFlag.ROUNDABOUT}
    there, back = (int(e) for e in network.edges_of_way(ring)[:2])
    assert network.edge_twin[there] != back  # no reverse of each other
    assert network.edge_twin[[there, back]].tolist() == [network.report.edges + k for k in (0, 1)]


def test_motorway_runs_one_way_and_keeps_its_flags(tmp_path: Path) -> None:
    town = Map()
    town.square()
    fast = town.way((0, 0), (3, 3), highway="motorway", maxspeed="100", bridge="yes")
    network = town.network(tmp_path)
    only, _ = network.edges_of_way(fast)
    expected = EdgeFlag.CIVILIAN | EdgeFlag.SPEED_TAGGED | EdgeFlag.BRIDGE
    assert network.edge_flags[only] == expected
    assert network.edge_speed_kph[only] == 100
    assert HIGHWAY_CLASSES[network.edge_class[only]] == "motorway"


def test_contraflow_for_emergency_vehicles_alone(tmp_path: Path) -> None:
    town = Map()
    town.square()
    way = town.street((0, 0), (3, 3), oneway="yes", oneway__emergency="no")
    network = town.network(tmp_path)
    assert network.edge_flags[edge(network, (0, 0), (3, 3))] == EdgeFlag.CIVILIAN
    assert network.edge_flags[edge(network, (3, 3), (0, 0))] == (
        EdgeFlag.RESTRICTED | EdgeFlag.AGAINST_WAY
    )
    assert len(network.edges_of_way(way)) == 2


def test_private_streets_are_for_blue_light(tmp_path: Path) -> None:
    town = Map()
    town.square()
    private = town.way((0, 0), (1, 1), highway="service", access="private")
    path = town.way((1, 1), (3, 3), highway="footway", emergency="yes")
    network = town.network(tmp_path)
    assert flags(network, private) == {EdgeFlag.RESTRICTED}
    assert flags(network, path) == {EdgeFlag.RESTRICTED}
    assert HIGHWAY_CLASSES[network.edge_class[network.edges_of_way(path)[0]]] == "emergency_access"


def test_the_civilian_core_leaves_out_what_lies_behind_private_streets(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.way((0, 0), (-1, 0), highway="service", access="private")
    behind = town.street((-1, 0), (-2, 0))
    network = town.network(tmp_path)
    assert flags(network, behind) == {EdgeFlag(0)}  # open to all, but nobody gets there


def test_islands_and_traps_are_dropped_and_counted(tmp_path: Path) -> None:
    town = Map()
    town.square()
    island = town.street((10, 10), (11, 10))
    trap = town.street((0, 0), (-1, 0), oneway="yes")
    town.way((0, 0), (1, 1), highway="footway")
    network = town.network(tmp_path)
    assert not len(network.edges_of_way(island))
    assert not len(network.edges_of_way(trap))
    assert network.report.dropped == {
        "footways, paths and cycleways not open to emergency vehicles": 1,
        WAYS_OFF_CORE: 2,
    }
    assert "0.2 km of drivable ways lie outside the largest connected core" in network.report.notes


def test_no_junction_is_left_where_a_dropped_street_met(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.street((0, 0), (1, 1), (3, 3))
    town.street((1, 1), (1, 2), oneway="yes")
    assert (1, 1) not in nodes(town.network(tmp_path))


def test_loops_are_cut_so_that_no_edge_ends_where_it_begins(tmp_path: Path) -> None:
    town = Map()
    town.square()
    loop = town.street((0, 0), (-1, 0), (-2, 1), (-1, 1), (0, 0))
    network = town.network(tmp_path)
    assert (network.edge_tail != network.edge_head).all()
    assert len(network.edges_of_way(loop)) == 4


def test_a_ring_without_a_junction_is_a_city_too(tmp_path: Path) -> None:
    town = Map()
    town.ring()
    network = town.network(tmp_path)
    assert (network.node_count, network.edge_count) == (2, 4)
    town = Map()
    town.ring(oneway="yes")
    network = town.network(tmp_path)
    assert (network.node_count, network.report.edges) == (2, 2)


def test_two_streets_between_the_same_junctions(tmp_path: Path) -> None:
    town = Map()
    town.street((0, 0), (1, 0), (2, 0))
    town.street((0, 0), (1, 1), (2, 0))
    town.street((0, 0), (-1, 0))
    town.street((2, 0), (3, 0))
    network = town.network(tmp_path)
    assert network.edge_count == 8
    for there, back in enumerate(network.edge_twin.tolist()):
        assert np.array_equal(network.edge_line(there), network.edge_line(back)[::-1])


def test_speeds_are_posted_or_counted_as_defaults(tmp_path: Path) -> None:
    town = Map()
    town.square()
    posted = town.street((0, 0), (3, 3), maxspeed="20 mph")
    network = town.network(tmp_path)
    assert network.edge_speed_kph[network.edges_of_way(posted)[0]] == pytest.approx(
        32.187, abs=1e-3
    )
    assert network.report.speeds_defaulted == network.edge_count - 2


def test_a_change_of_speed_limit_by_direction(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.street((3, 3), (0, 0), maxspeed__forward="50", maxspeed__backward="30")
    network = town.network(tmp_path)
    assert network.edge_speed_kph[edge(network, (3, 3), (0, 0))] == 50
    assert network.edge_speed_kph[edge(network, (0, 0), (3, 3))] == 30


def test_names_local_and_english(tmp_path: Path) -> None:
    town = Map()
    town.square()
    way = town.street((0, 0), (3, 3), name="东风大桥", name__en="Dongfeng Bridge", bridge="yes")
    network = town.network(tmp_path)
    assert network.names == ("", "东风大桥")
    assert network.edge_names(int(network.edges_of_way(way)[0])) == ("东风大桥", "Dongfeng Bridge")
    assert len(network.edges_named("dongfeng bridge")) == 2


def test_signals_off_the_core_are_counted(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.street((10, 10), (11, 10))
    town.node(0, 0, highway="traffic_signals")
    town.node(10, 10, highway="traffic_signals")
    town.node(20, 20, highway="traffic_signals")
    network = town.network(tmp_path)
    assert network.signals == 1
    assert network.report.dropped[SIGNALS_OFF_CORE] == 2


def test_edges_come_in_order_of_their_ends(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.street((3, 3), (0, 0))
    town.street((0, 3), (1.5, 1.5), (3, 0))
    network = town.network(tmp_path)
    ends = network.node_osm[np.column_stack((network.edge_tail, network.edge_head))].tolist()
    assert ends == sorted(ends)
    assert (np.diff(network.node_osm) > 0).all()


def test_the_same_source_gives_the_same_network(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.street((0, 0), (1, 1), (3, 3), name="A", oneway="-1")
    town.node(1, 1, barrier="gate")
    assert town.network(tmp_path).checksum == town.network(tmp_path).checksum


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"highway": "footway"}, "no drivable street: 1 footways"),
        ({"highway": "residential", "oneway": "yes"}, "no connected streets"),
    ],
)
def test_sources_without_drivable_streets_are_refused(
    tags: dict[str, str], word: str, tmp_path: Path
) -> None:
    town = Map()
    town.way((0, 0), (1, 0), **tags)
    with pytest.raises(SourceError, match=word):
        town.network(tmp_path)


def test_a_way_of_one_repeated_point_is_no_street(tmp_path: Path) -> None:
    town = Map()
    town.street((0, 0), (0, 0))
    with pytest.raises(SourceError, match="more than one point"):
        town.network(tmp_path)
