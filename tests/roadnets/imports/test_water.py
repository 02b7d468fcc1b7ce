"""Navigable water on hand-written maps: what boats can use, and where they come to the streets."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from roadnets.imports.assemble import assemble
from roadnets.imports.water import BETWEEN_LANDINGS_M, TOO_SHORT
from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, RoadNetwork
from roadnets.sources import osmfile
from roadnets.travel import TravelMode
from roadnets.weights.speeds import DEFAULT_SPEED_KPH, drivable
from tests.data import data
from tests.roadnets.osmfiles import LAT, LON, STEP, Map

RIVER = [(0, 5), (5, 5), (10, 5), (20, 5)]


def town(*, river: bool = True) -> Map:
    """Streets round a wide field, and a river through it that no street is near."""
    drawn = Map()
    corners = [(0, 0), (20, 0), (20, 10), (0, 10), (0, 0)]
    for a, b in pairwise(corners):
        drawn.street(a, b)
    if river:
        drawn.way(*RIVER, waterway="river", name="澜江", name__en="Lan River")
    return drawn


def water(network: RoadNetwork, kind: str = "waterway") -> list[int]:
    """Edges of one of the two classes of water."""
    return np.flatnonzero(network.edge_class == HIGHWAY_CLASSES.index(kind)).tolist()


def place(network: RoadNetwork, node: int) -> tuple[float, float]:
    x, y = (network.node_lon[node] - LON) / STEP, (network.node_lat[node] - LAT) / STEP
    return round(float(x), 2), round(float(y), 2)


def ends(network: RoadNetwork, edges: list[int]) -> set[tuple[tuple[float, float], ...]]:
    """Where edges begin and end, those of one direction."""
    pairs = np.column_stack((network.edge_tail, network.edge_head))[edges].tolist()
    return {tuple(sorted(place(network, node) for node in pair)) for pair in pairs}


def test_a_river_comes_after_the_streets_and_is_the_boats_alone(tmp_path: Path) -> None:
    network, dry = town().network(tmp_path), town(river=False).network(tmp_path)
    m, n = dry.edge_count, dry.node_count
    assert (network.report.edges, network.report.nodes) == (m, n) == (8, 4)
    assert network.report.length_km == dry.report.length_km
    for name in ("edge_tail", "edge_head", "edge_twin", "edge_flags", "edge_length_m", "edge_name"):
        assert np.array_equal(getattr(network, name)[:m], getattr(dry, name)), name
    assert np.array_equal(network.geometry[: len(dry.geometry)], dry.geometry)
    assert np.array_equal(network.node_osm[:n], dry.node_osm)
    assert network.bounds == dry.bounds
    there, back = range(m, m + 2)
    assert network.edge_twin[[there, back]].tolist() == [back, there]
    assert network.edge_flags[there] == EdgeFlag.WATER
    assert network.edge_flags[back] == EdgeFlag.WATER | EdgeFlag.AGAINST_WAY
    assert network.edge_names(there) == network.edge_names(back) == ("澜江", "Lan River")
    assert network.edge_speed_kph[there] == DEFAULT_SPEED_KPH["waterway"]
    assert network.edge_length_m[there] == pytest.approx(20 * 96.3, rel=0.01)
    assert len(network.edge_line(there)) == len(RIVER)
    assert not drivable(network, TravelMode.BLUE_LIGHT)[m:].any()
    assert not drivable(network, TravelMode.CIVILIAN)[m:].any()
    assert drivable(network, TravelMode.BOAT).tolist() == [False] * m + [True] * 2
    assert "navigable water: 1.9 km in 1 connected parts, with 0 landings" in network.report.notes


@pytest.mark.parametrize(
    ("tags", "afloat"),
    [
        ({"waterway": "canal"}, True),
        ({"waterway": "fairway"}, True),
        ({"waterway": "tidal_channel", "boat": "yes"}, True),
        ({"waterway": "tidal_channel", "motorboat": "designated"}, True),
        ({"waterway": "tidal_channel"}, False),
        ({"waterway": "stream"}, False),
        ({"waterway": "stream", "boat": "yes"}, False),
        ({"waterway": "ditch"}, False),
        ({"waterway": "drain"}, False),
        ({"waterway": "river", "boat": "no"}, False),
        ({"waterway": "river", "tunnel": "culvert"}, False),
        ({"waterway": "river", "intermittent": "yes"}, False),
        ({"natural": "water"}, False),
    ],
)
def test_what_is_navigable(tags: dict[str, str], afloat: bool, tmp_path: Path) -> None:
    drawn = town(river=False)
    drawn.way(*RIVER, **tags)
    assert bool(water(drawn.network(tmp_path))) is afloat


@pytest.mark.parametrize("kind", ["dam", "weir", "lock_gate"])
def test_boats_pass_no_dam(kind: str, tmp_path: Path) -> None:
    drawn = town()
    drawn.node(10, 5, waterway=kind)
    network = drawn.network(tmp_path)
    assert ends(network, water(network)) == {((0, 5), (10, 5)), ((10, 5), (20, 5))}
    both_sides = [i for i in range(network.node_count) if place(network, i) == (10, 5)]
    assert len(both_sides) == 2
    assert len(set(network.node_osm[both_sides].tolist())) == 1
    assert "in 2 connected parts" in network.report.notes[0]


def test_boats_pass_no_dam_that_is_a_way(tmp_path: Path) -> None:
    drawn = town()
    drawn.way((10, 4), (10, 5), (10, 6), waterway="dam")
    assert "in 2 connected parts" in drawn.network(tmp_path).report.notes[0]


def test_waterways_that_share_a_point_meet_there(tmp_path: Path) -> None:
    drawn = town()
    drawn.way((5, 5), (5, 2), waterway="canal")
    network = drawn.network(tmp_path)
    assert ends(network, water(network)) == {
        ((0, 5), (5, 5)),
        ((5, 5), (20, 5)),
        ((5, 2), (5, 5)),
    }
    assert "in 1 connected parts" in network.report.notes[0]


def test_a_ring_of_water_is_cut_so_that_no_edge_ends_where_it_begins(tmp_path: Path) -> None:
    drawn = town(river=False)
    drawn.way((5, 3), (15, 3), (15, 7), (5, 7), (5, 3), waterway="canal")
    network = drawn.network(tmp_path)
    assert len(water(network)) == 4
    assert (network.edge_tail != network.edge_head).all()


def test_a_pond_is_no_way_anywhere(tmp_path: Path) -> None:
    drawn = town()
    drawn.way((2, 2), (6, 2), waterway="canal")
    network = drawn.network(tmp_path)
    assert ends(network, water(network)) == {((0, 5), (20, 5))}
    assert network.report.dropped == {TOO_SHORT: 1}


def test_water_beyond_the_streets_is_left_out(tmp_path: Path) -> None:
    drawn = town(river=False)
    drawn.way((-9, 5), (-1, 5), (1, 5), (19, 5), (30, 5), (40, 5), waterway="river")
    network = drawn.network(tmp_path)
    assert ends(network, water(network)) == {((1, 5), (19, 5))}
    assert network.bounds == town(river=False).network(tmp_path).bounds


@pytest.mark.parametrize(
    "tags", [{"leisure": "slipway"}, {"man_made": "pier"}, {"amenity": "ferry_terminal"}]
)
def test_boats_are_launched_where_the_map_says_so(tags: dict[str, str], tmp_path: Path) -> None:
    drawn = town()
    drawn.street((0, 0), (7, 3))
    drawn.node(7, 4, **tags)
    network = drawn.network(tmp_path)
    landings = water(network, "landing")
    assert ends(network, landings) == {((7, 3), (7, 5))}
    assert ends(network, water(network)) == {((0, 5), (7, 5)), ((7, 5), (20, 5))}
    assert network.edge_twin[landings].tolist() == landings[::-1]
    assert network.has_flag(EdgeFlag.WATER)[landings].all()
    assert network.edge_speed_kph[landings[0]] == DEFAULT_SPEED_KPH["landing"]
    assert not network.names[network.edge_name[landings[0]]]
    assert "with 1 landings" in network.report.notes[0]


def test_a_pier_is_a_line_or_an_area(tmp_path: Path) -> None:
    drawn = town()
    drawn.street((0, 0), (7, 3))
    drawn.way((7, 3.1), (7.3, 4.9), man_made="pier")
    network = drawn.network(tmp_path)
    assert ends(network, water(network, "landing")) == {((7, 3), (7.3, 5))}


def test_a_slipway_far_from_streets_or_water_is_none(tmp_path: Path) -> None:
    drawn = town()
    drawn.node(10, 4.5, leisure="slipway")
    drawn.node(19.5, 0.5, leisure="slipway")
    assert not water(drawn.network(tmp_path), "landing")


def test_streets_at_the_water_s_edge_are_landings_now_and_then(tmp_path: Path) -> None:
    drawn = town()
    for x in range(1, 20):
        drawn.street((0, 0), (x, 4.7))
    network = drawn.network(tmp_path)
    landings = water(network, "landing")
    at = sorted(x for pair in ends(network, landings) for x, y in pair if y == 5)
    assert at == [1, 5, 9, 13, 17]
    assert 3 * 96 < BETWEEN_LANDINGS_M < 4 * 96
    assert np.count_nonzero(network.node_osm == 0) == 4  # the river has a point at 5 already


@pytest.mark.parametrize(
    ("tags", "lands"),
    [({}, True), ({"bridge": "yes"}, False), ({"highway": "motorway", "oneway": "no"}, False)],
)
def test_nobody_lands_on_a_bridge_or_a_motorway(
    tags: dict[str, str], lands: bool, tmp_path: Path
) -> None:
    drawn = town()
    drawn.street((0, 0), (7, 5.1), **tags)
    drawn.street((7, 5.1), (20, 10), **tags)
    assert bool(water(drawn.network(tmp_path), "landing")) is lands


def test_where_no_street_is_near_nobody_lands(tmp_path: Path) -> None:
    assert not water(town().network(tmp_path), "landing")


def test_the_same_water_each_time(tmp_path: Path) -> None:
    drawn = town()
    drawn.street((0, 0), (7, 4.8))
    assert drawn.network(tmp_path).checksum == drawn.network(tmp_path).checksum


def test_boats_find_water_in_andorra() -> None:
    streets = osmfile.read(data("andorra/andorra.osm.pbf"))
    network = assemble(streets)
    afloat = network.has_flag(EdgeFlag.WATER)
    first = int(np.flatnonzero(afloat)[0])
    assert afloat[first:].all()
    assert not afloat[:first].any()
    assert len(streets.waters.ways) < 60
    assert not drivable(network, TravelMode.BLUE_LIGHT)[first:].any()
