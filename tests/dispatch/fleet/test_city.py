from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dispatch.fleet.city import MOST_CELLS, City
from roadnets.beside import District, Place, PlaceKind
from roadnets.geo import LonLat, distance_m
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, grid, make_network


def test_measures_streets_area_and_people() -> None:
    network = grid(11, 11)  # 1 km by 1 km (0.77 km, so far north)
    city = City.survey(network)
    assert city.street_km == pytest.approx(network.edge_length_m.sum() / 2000)
    assert city.weight.sum() / 1000 == pytest.approx(city.street_km)
    assert city.area_km2 == 4
    assert city.people == 0
    ring = (ORIGIN, ORIGIN, ORIGIN, ORIGIN)
    districts = (District("r/1", "东", "East", 500, ring), District("r/2", "西", "West", 700, ring))
    assert City.survey(replace(network, districts=districts)).people == 1200


def test_oneway_streets_count_in_full_and_motorways_not_at_all() -> None:
    nodes = [(0.0, 0.0), (0.001, 0.0), (0.002, 0.0)]
    street = Street(0, 1, oneway=True, length_m=400)
    network = make_network(nodes, [street, Street(1, 2, highway="motorway", length_m=900)])
    city = City.survey(network)
    assert city.street_km == pytest.approx(0.4)


def test_a_network_of_motorways_alone_is_spread_over_its_junctions() -> None:
    network = make_network([(0.0, 0.0), (0.1, 0.0)], [Street(0, 1, highway="motorway")])
    assert len(City.survey(network).invent(5, ())) == 2


def test_cells_grow_until_they_are_few() -> None:
    network = grid(60, 60, step=DEGREES_PER_100_M * 4)
    assert 100 < len(City.survey(network).weight) <= MOST_CELLS


def test_invented_points_are_junctions_far_from_each_other_and_from_what_is_there() -> None:
    network = grid(21, 21)
    city = City.survey(network)
    there = LonLat(float(network.node_lon[0]), float(network.node_lat[0]))
    points = city.invent(4, [there])
    junctions = set(zip(network.node_lon.tolist(), network.node_lat.tolist(), strict=True))
    assert set(points) <= junctions
    all_points = [there, *points]
    apart = [distance_m(a, b) for i, a in enumerate(all_points) for b in all_points[:i]]
    assert min(apart) > 500
    assert city.invent(4, [there]) == points


def test_chooses_among_given_sites() -> None:
    city = City.survey(grid(21, 21))
    middle = LonLat(ORIGIN.lon + 10 * DEGREES_PER_100_M, ORIGIN.lat + 10 * DEGREES_PER_100_M)
    assert city.spread(1, [], [ORIGIN, middle]) == [1]
    assert sorted(city.spread(9, [], [ORIGIN, middle])) == [0, 1]
    assert city.spread(-1, [], [ORIGIN]) == []
    assert city.spread(3, [ORIGIN], []) == []


def test_tagged_places_that_no_street_reaches_do_not_count() -> None:
    near = Place(PlaceKind.HOSPITAL, "node/1", ORIGIN, "近", "", on_core=True)
    far = replace(near, osm_id="node/2", on_core=False)
    city = City.survey(replace(grid(3, 3), places=(near, far)))
    assert city.tagged(PlaceKind.HOSPITAL) == [near]
    assert np.isfinite(city.xy).all()
