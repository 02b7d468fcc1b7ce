"""Signals and gates on hand-written streets."""

from pathlib import Path

import numpy as np
import pytest

from roadnets.network import EdgeFlag, RoadNetwork
from tests.roadnets.osmfiles import Map, edge, edges, nodes


def stops(network: RoadNetwork) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    signal = network.has_flag(EdgeFlag.SIGNAL_AT_HEAD)
    ways = set(network.edge_way.tolist())
    return {pair for way in ways for pair in edges(network, way) if signal[edge(network, *pair)]}


def crossroads() -> Map:
    town = Map()
    for arm in ((5, 0), (0, 5), (-5, 0), (0, -5)):
        town.street((0, 0), arm)
    return town


def test_a_signal_delays_who_drives_into_it(tmp_path: Path) -> None:
    town = crossroads()
    town.node(0, 0, highway="traffic_signals")
    network = town.network(tmp_path)
    assert stops(network) == {(arm, (0, 0)) for arm in ((5, 0), (0, 5), (-5, 0), (0, -5))}
    assert network.signals == 1


def test_a_signal_in_the_middle_of_a_street_is_a_node(tmp_path: Path) -> None:
    town = crossroads()
    street = town.street((5, 0), (6, 0), (7, 0))
    town.node(6, 0, highway="traffic_signals")
    network = town.network(tmp_path)
    assert (6, 0) in nodes(network)
    assert len(network.edges_of_way(street)) == 4
    assert stops(network) == {((5, 0), (6, 0)), ((7, 0), (6, 0))}


def test_a_signal_that_faces_one_way(tmp_path: Path) -> None:
    for facing, expected in (("forward", (5, 0)), ("backward", (7, 0))):
        town = crossroads()
        town.street((5, 0), (6, 0), (7, 0))
        town.node(6, 0, highway="traffic_signals", traffic_signals__direction=facing)
        assert stops(town.network(tmp_path)) == {(expected, (6, 0))}


def test_a_divided_junction_stops_a_driver_once(tmp_path: Path) -> None:
    """Four corners, four signals: no edge between the corners has one."""
    town = Map()
    town.street((-5, 0), (0, 0), (0.2, 0), (5, 0), oneway="yes")
    town.street((5, 0.2), (0.2, 0.2), (0, 0.2), (-5, 0.2), oneway="yes")
    town.street((0, 5), (0, 0.2), (0, 0), (0, -5), oneway="yes")
    town.street((0.2, -5), (0.2, 0), (0.2, 0.2), (0.2, 5), oneway="yes")
    for out, back in (((5, 0), (5, 0.2)), ((-5, 0.2), (-5, 0)), ((0, -5), (0.2, -5))):
        town.street(out, back)
    town.street((0.2, 5), (0, 5))
    for corner in ((0, 0), (0.2, 0), (0.2, 0.2), (0, 0.2)):
        town.node(*corner, highway="traffic_signals")
    network = town.network(tmp_path)
    assert stops(network) == {
        ((-5, 0), (0, 0)),
        ((5, 0.2), (0.2, 0.2)),
        ((0, 5), (0, 0.2)),
        ((0.2, -5), (0.2, 0)),
    }
    assert "signals on the core: 4, at junctions: 1" in network.report.notes


def test_signals_on_the_approaches_do_not_stop_who_leaves(tmp_path: Path) -> None:
    town = Map()
    for arm, line in (((5, 0), (0.15, 0)), ((0, 5), (0, 0.15)), ((-5, 0), (-0.15, 0))):
        town.street((0, 0), line, arm)
        town.node(*line, highway="traffic_signals")
    town.street((0, 0), (0, -5))
    network = town.network(tmp_path)
    assert stops(network) == {
        ((5, 0), (0.15, 0)),
        ((0, 5), (0, 0.15)),
        ((-5, 0), (-0.15, 0)),
    }


def test_a_height_restrictor_limits_the_street_that_it_stands_on(tmp_path: Path) -> None:
    town = Map()
    town.square()
    low = town.street((0, 0), (1, 1), (2, 2), (3, 3), maxheight="4")
    other = town.street((0, 3), (1, 2), (3, 0))
    town.node(1, 1, barrier="height_restrictor", maxheight="2.2")
    town.node(2, 2, barrier="chain", access="yes", maxwidth="2")
    town.node(1, 2, amenity="parking", maxheight="1.8")
    town.node(0, 3, barrier="height_restrictor", maxheight="2")  # which of three streets?
    network = town.network(tmp_path)
    edges_low = network.edges_of_way(low)
    assert network.edge_max_height_m[edges_low] == pytest.approx([2.2, 2.2])
    assert network.edge_max_width_m[edges_low] == pytest.approx([2, 2])
    assert np.isinf(network.edge_max_height_m[network.edges_of_way(other)]).all()


def test_a_height_restrictor_between_two_ways_limits_both_directions(tmp_path: Path) -> None:
    town = Map()
    town.square()
    first, second = town.street((0, 0), (1, 1)), town.street((1, 1), (3, 3))
    town.node(1, 1, barrier="height_restrictor", maxheight="2.2")
    network = town.network(tmp_path)
    for way in (first, second):  # whoever drives towards it has to pass it
        heights = network.edge_max_height_m[network.edges_of_way(way)]
        assert sorted(heights.tolist()) == pytest.approx([2.2, np.inf])


def test_a_gate_inside_an_edge_is_counted_and_shuts_the_public_out(tmp_path: Path) -> None:
    town = Map()
    town.square()
    way = town.street((0, 0), (1, 1), (2, 2), (3, 3))
    town.node(1, 1, barrier="lift_gate")
    town.node(2, 2, barrier="bollard")
    network = town.network(tmp_path)
    assert edges(network, way) == [((0, 0), (3, 3)), ((3, 3), (0, 0))]
    for e in network.edges_of_way(way):
        assert network.edge_gate_count[e] == 2
        flags = EdgeFlag(int(network.edge_flags[e])) & ~EdgeFlag.AGAINST_WAY
        assert flags == EdgeFlag.GATE | EdgeFlag.RESTRICTED


def test_an_open_gate_is_counted_but_lets_the_public_through(tmp_path: Path) -> None:
    for highway, gate in (("residential", {"access": "yes"}), ("primary", {})):
        town = Map()
        town.square()
        way = town.way((0, 0), (1, 1), (3, 3), highway=highway)
        town.node(1, 1, barrier="lift_gate", **gate)
        network = town.network(tmp_path)
        assert network.edge_flags[network.edges_of_way(way)[0]] == EdgeFlag.GATE | EdgeFlag.CIVILIAN


def test_a_gate_at_a_junction_belongs_to_the_humbler_street(tmp_path: Path) -> None:
    town = Map()
    town.square()
    inside = town.way((0, 0), (1, 1), highway="service", access="private")
    town.node(0, 0, barrier="gate")
    network = town.network(tmp_path)
    assert network.edge_gate_count[network.edges_of_way(inside)].tolist() == [1, 1]
    assert network.edge_gate_count.sum() == 2


def test_a_gate_between_streets_alike_is_opened_once(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.street((0, 0), (-1, 0))
    town.street((-1, 0), (-2, 0))
    town.node(-1, 0, barrier="gate")
    network = town.network(tmp_path)
    gates = {
        pair: int(network.edge_gate_count[edge(network, *pair)])
        for pair in (
            ((0, 0), (-1, 0)),
            ((-1, 0), (0, 0)),
            ((-2, 0), (-1, 0)),
            ((-1, 0), (-2, 0)),
        )
    }
    assert list(gates.values()) == [1, 0, 1, 0]


def test_a_gate_where_the_map_ends_delays_nobody(tmp_path: Path) -> None:
    town = Map()
    town.square()
    town.street((0, 0), (-1, 0))
    town.node(-1, 0, barrier="gate")
    assert not town.network(tmp_path).edge_gate_count.any()


def test_nobody_drives_through_a_block(tmp_path: Path) -> None:
    town = Map()
    town.square()
    way = town.street((0, 0), (1, 1), (3, 3))
    town.node(1, 1, barrier="jersey_barrier")
    network = town.network(tmp_path)
    assert edges(network, way) == [
        ((0, 0), (1, 1)),
        ((1, 1), (0, 0)),
        ((1, 1), (3, 3)),
        ((3, 3), (1, 1)),
    ]
    at_block = np.flatnonzero(np.bincount(network.edge_tail) == 1)
    assert len(at_block) == 2  # two dead ends at one place


def test_a_block_that_opens_to_emergency_vehicles_is_a_gate(tmp_path: Path) -> None:
    town = Map()
    town.square()
    way = town.street((0, 0), (1, 1), (3, 3))
    town.node(1, 1, barrier="block", emergency="yes")
    network = town.network(tmp_path)
    assert network.edge_gate_count[network.edges_of_way(way)].tolist() == [1, 1]
