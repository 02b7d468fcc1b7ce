"""Streets by name, each place where a name occurs apart."""

import numpy as np
import pytest

from roadnets.geo import distance_m
from roadnets.network import EdgeFlag
from roadnets.places.streets import NamedStreets
from tests.roadnets.networks import Street, make_network
from tests.roadnets.places.towns import at, town


def test_one_street_in_several_stretches_and_two_of_one_name() -> None:
    """A gap of 200 m is a gap; 3 km away is another street."""
    network = town(
        [
            ("甲路", "A Road", [(0, 0), (1, 0), (2, 0)]),
            ("甲路", "A Road", [(4, 0), (5, 0)]),
            ("甲路", "A Road", [(35, 0), (36, 0)]),
            ("", "", [(2, 0), (4, 0)]),
        ]
    )
    found = NamedStreets(network).streets
    assert [network.names[street.name] for street in found] == ["甲路", "甲路"]
    assert [len(street.edges) for street in found] == [6, 2]
    assert found[1].length_m == pytest.approx(2 * distance_m(at(35, 0), at(36, 0)), rel=0.01)


def test_a_long_edge_holds_a_street_together() -> None:
    network = town([("甲路", "", [(0, 0), (30, 0), (31, 0)])])
    assert len(NamedStreets(network).streets) == 1


def test_the_middle_lies_in_the_middle() -> None:
    streets = NamedStreets(town([("甲路", "", [(0, 0), (1, 0), (2, 0), (3, 0)])]))
    (street,) = streets.streets
    assert distance_m(streets.middle_of(street.edge), at(1.5, 0)) < 1


def test_rivers_and_wrong_ways_have_no_name() -> None:
    network = make_network(
        [at(0, 0), at(1, 0), at(2, 0)],
        [
            Street(0, 1, True, "甲路"),
            Street(1, 0, True, "甲路", flags=EdgeFlag.AGAINST_ONEWAY),
            Street(1, 2, False, "澜江", flags=EdgeFlag.WATER),
        ],
    )
    streets = NamedStreets(network)
    assert [street.edges.tolist() for street in streets.streets] == [[0]]


def test_edges_and_nodes_of_names() -> None:
    network = town([("甲路", "", [(0, 0), (1, 0)]), ("乙路", "", [(1, 0), (1, 1)])])
    streets = NamedStreets(network)
    a, b = network.names.index("甲路"), network.names.index("乙路")
    assert streets.edges_of([a]).tolist() == [0, 1]
    assert streets.edges_of([b, a]).tolist() == [0, 1, 2, 3]
    assert streets.edges_of([]).tolist() == []
    assert np.intersect1d(streets.nodes_of([a]), streets.nodes_of([b])).tolist() == [1]


def test_the_edge_beside_a_house_runs_on_its_side() -> None:
    network = town([("甲路", "", [(0, 0), (2, 0)])])
    streets = NamedStreets(network)
    name = (network.names.index("甲路"),)
    south, north = (streets.edge_beside(name, at(1, y), 100) for y in (-0.2, 0.2))
    assert (south, north) == (0, 1)  # edge 0 runs east, and what is right of it lies south
    assert streets.edge_beside(name, at(1, 5), 100) is None
    assert streets.edge_beside((), at(1, 0), 100) is None


def test_names_beside_points() -> None:
    network = town([("甲路", "", [(0, 0), (2, 0)]), ("乙路", "", [(0, 3), (2, 3)])])
    streets = NamedStreets(network)
    points = streets.metres([at(1, 0.5), at(1, 2.8), at(1, 30)])
    found = streets.names_beside(points, 200)
    assert [network.names[name] for name in found] == ["甲路", "乙路", ""]


def test_a_network_without_names() -> None:
    streets = NamedStreets(town([("", "", [(0, 0), (1, 0)])]))
    assert streets.streets == []
    assert streets.names_beside(streets.metres([at(0, 0)]), 200) == [0]
