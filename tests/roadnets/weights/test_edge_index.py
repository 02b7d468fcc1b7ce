"""EdgeIndex: lines drawn along streets, as people and feeds draw them."""

from dataclasses import replace

import numpy as np
import pytest

from roadnets.geo import LonLat, Polygon
from roadnets.network import EdgeFlag
from roadnets.weights.edge_index import EdgeIndex
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, grid, make_network

METRE = DEGREES_PER_100_M / 100


def at(east_m, north_m):
    """Metres from the origin; of those east some 77 to the 100."""
    return LonLat(ORIGIN.lon + east_m * METRE, ORIGIN.lat + north_m * METRE)


def found(index, *lines, tolerance_m=15.0, among=None):
    line, edge = index.along(lines, tolerance_m, among)
    assert (np.lexsort((edge, line)) == np.arange(len(line))).all()
    return [edge[line == i].tolist() for i in range(len(lines))]


@pytest.fixture(scope="module")
def block():
    """Rows 0-1 of three junctions: edges 0-7 along the rows, 8-13 along the columns."""
    return EdgeIndex(grid(2, 3))


def test_a_line_has_a_direction_and_leaves_what_it_crosses(block):
    east = (at(2, 3), at(110, -4), at(196, 2))
    assert found(block, east, east[::-1]) == [[0, 2], [1, 3]]
    north = (at(103, 5), at(98, 95))
    assert found(block, north, north[::-1]) == [[10], [11]]


def test_a_line_turns_with_its_streets(block):
    assert found(block, (at(0, 0), at(100, 0), at(100, 100), at(200, 100))) == [[0, 6, 10]]


def test_a_stretch_of_an_edge_means_the_edge(block):
    assert found(block, (at(20, 0), at(45, 3))) == [[0]]
    assert found(block, (at(60, 0), at(160, 0))) == [[2]]  # 0 is covered to less than a half


def test_a_long_line_means_a_long_street_of_which_it_covers_a_part():
    nodes = [at(0, 0), at(2000, 0), at(2000, 2000)]
    index = EdgeIndex(make_network(nodes, [Street(0, 1), Street(1, 2)]))
    assert found(index, (at(1400, 0), at(2000, 0), at(2000, 400))) == [[0, 2]]


def test_far_lines_mean_nothing(block):
    assert found(block, (at(0, 40), at(200, 40)), (at(9999, 0), at(9999, 100))) == [[], []]
    assert found(block, (at(0, 40), at(200, 40)), tolerance_m=45.0) == [[0, 2]]
    assert found(block) == []


def test_of_parallel_carriageways_the_nearer_is_meant():
    """Main carriageway, and a service road 14 m beside it in the same direction."""
    nodes = [at(0, 0), at(300, 0), at(0, -14), at(300, -14)]
    index = EdgeIndex(make_network(nodes, [Street(0, 1, oneway=True), Street(2, 3, oneway=True)]))
    assert found(index, (at(0, -2), at(300, -2)), (at(0, -12), at(300, -12))) == [[0], [1]]
    assert found(index, (at(0, -7), at(300, -7))) == [[0, 1]]
    assert found(index, (at(300, -2), at(0, -2))) == [[]]


def test_who_may_be_meant_can_be_said():
    network = grid(1, 3)
    flags = network.edge_flags.copy()
    flags[1], flags[2] = EdgeFlag.AGAINST_ONEWAY, EdgeFlag.WATER
    index = EdgeIndex(replace(network, edge_flags=flags))
    east, west = (at(0, 0), at(200, 0)), (at(200, 0), at(0, 0))
    assert found(index, east, west) == [[0], [1, 3]]
    driven = ~index.network.has_flag(EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER)
    assert found(index, east, west, among=driven) == [[0], [3]]


def test_many_lines_are_as_each_alone():
    network = grid(8, 8)
    index = EdgeIndex(network)
    rng = np.random.default_rng(3)
    lines = [
        tuple(at(*p) for p in np.cumsum(rng.integers(-150, 300, (rng.integers(2, 5), 2)), axis=0))
        for _ in range(60)
    ]
    together = found(index, *lines)
    assert together == [found(index, line)[0] for line in lines]
    assert sum(map(len, together)) > 20


def test_every_edge_is_found_by_its_own_line(sample_network):
    index = EdgeIndex(sample_network)
    among = ~sample_network.has_flag(EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER)
    edges = np.flatnonzero(among)[::23]
    lines = [sample_network.edge_line(int(edge)) for edge in edges]
    line, edge = index.along(lines, 20.0, among)
    own = edge == edges[line]
    length_m = sample_network.edge_length_m
    assert length_m[edge[own]].sum() > 0.995 * length_m[edges].sum()
    assert length_m[edge[~own]].sum() < 0.02 * length_m[edges].sum()


def test_inside_tells_area_and_edge(block):
    west = Polygon((at(-10, -10), at(50, -10), at(50, 10), at(-10, 10), at(-10, -10)))
    tiny = Polygon((at(99, 49), at(101, 49), at(101, 51)))
    area, edge = block.inside([west, tiny])
    assert list(zip(area.tolist(), edge.tolist(), strict=True)) == [
        (0, 0), (0, 1), (0, 8), (0, 9), (1, 10), (1, 11),
    ]  # fmt: skip
    area, edge = block.inside([])
    assert len(area) == len(edge) == 0


def box(west, south, east, north, *, closed=False):
    ring = (at(west, south), at(east, south), at(east, north), at(west, north))
    return Polygon(ring + ring[:1] if closed else ring)


def test_many_areas_are_as_each_alone(block):
    areas = [
        box(-10, -10, 30, 10),
        box(90, 20, 110, 60, closed=True),
        Polygon((at(-5, -5), at(250, -5), at(-5, 130))),
        Polygon(box(-10, -10, 210, 110).outer, (box(40, 40, 60, 60).outer,)),
        box(500, 500, 600, 600),
    ]
    plain = [area for area in areas if not area.holes and len(area.outer) > 3]
    for some in (areas, plain):
        place, edge = block.inside(some)
        each = [block.inside([area])[1].tolist() for area in some]
        assert [edge[place == i].tolist() for i in range(len(some))] == each


def test_one_area_among_many_may_be_wrong(block):
    bow_tie = Polygon((at(0, 0), at(50, 50), at(50, 0), at(0, 50)))
    with pytest.raises(ValueError, match="crosses itself"):
        block.inside([box(0, 0, 10, 10), bow_tie])


def test_points_off_the_earth_are_told(block):
    with pytest.raises(ValueError, match=r"line\[1\] is 116.39, 99.0; allowed: -180 to 180"):
        block.along([(ORIGIN, LonLat(ORIGIN.lon, 99.0))], 15.0)
    with pytest.raises(ValueError, match=r"line\[0\] is nan"):
        block.along([(LonLat(float("nan"), 0.0), ORIGIN)], 15.0)


def test_an_area_across_the_180th_meridian_is_refused(block):
    ring = [(179.0, 20.0), (-179.0, 20.0), (-179.0, 40.0), (179.0, 40.0)]
    wide = Polygon(tuple(LonLat(*point) for point in ring))
    triangle = Polygon(wide.outer[:3])
    for polygons in ([wide], [triangle], [wide, triangle]):
        with pytest.raises(ValueError, match="longitudes go from -179 to 179; allowed: up to 180"):
            block.inside(polygons)
    half = Polygon(tuple(LonLat(min(max(lon, 0), 179), lat) for lon, lat in ring))
    assert set(block.inside([half])[1].tolist()) == set(range(block.network.edge_count))
