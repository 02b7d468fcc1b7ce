"""The area around what is reached: exact to a cell, valid, with its holes."""

import math
import time

import numpy as np
import pytest
import shapely
from shapely.ops import substring

from roadnets.areas import CELLS_A_MARGIN, reach_polygons
from roadnets.engine import TravelEngine
from roadnets.geo import LonLat, Polygon
from roadnets.lines import project_edges, projection_of
from roadnets.network import RoadNetwork
from roadnets.reach import is_reached
from roadnets.snapping.snap import Snapper
from roadnets.travel import Reach, Snap, TravelMode
from tests.roadnets.networks import ORIGIN, Street, grid, make_network

BLUE_LIGHT = TravelMode.BLUE_LIGHT


def whole(edges: list[int]) -> Reach:
    k = len(edges)
    return Reach(np.array(edges, np.int32), np.zeros(k), np.ones(k), np.zeros(k, np.int64))


def shapes(polygons: tuple[Polygon, ...]) -> list[shapely.Polygon]:
    return [shapely.Polygon(p.outer, p.holes) for p in polygons]


def in_metres(network: RoadNetwork, polygons: tuple[Polygon, ...]) -> shapely.MultiPolygon:
    projection = projection_of(network)
    drawn = shapely.MultiPolygon(shapes(polygons))
    return shapely.transform(drawn, lambda points: projection.to_metres(*points.T))


def reached_line(network: RoadNetwork, reach: Reach) -> shapely.Geometry:
    """All that is reached, in metres, cut by shapely."""
    lines = project_edges(network, reach.edge, projection_of(network))
    return shapely.union_all(
        [
            substring(line, begin, end, normalized=True)
            for line, begin, end in zip(lines, reach.begin, reach.end, strict=True)
        ]
    )


def random_streets(rng: np.random.Generator) -> RoadNetwork:
    """Streets with bends that cross and touch anywhere within 800 m."""
    n = int(rng.integers(3, 12))
    nodes = [(ORIGIN.lon + x, ORIGIN.lat + y) for x, y in rng.random((n, 2)) * 0.008]
    streets = []
    for _ in range(int(rng.integers(2, 2 * n))):
        tail, head = rng.choice(n, size=2, replace=False).tolist()
        bends = rng.random((int(rng.integers(0, 4)), 2)) * 0.008
        line = tuple(LonLat(ORIGIN.lon + x, ORIGIN.lat + y) for x, y in bends.tolist())
        streets.append(Street(tail, head, oneway=bool(rng.random() < 0.5), bends=line))
    return make_network(nodes, streets)


def random_reach(rng: np.random.Generator, network: RoadNetwork) -> Reach:
    edge = np.flatnonzero(rng.random(network.edge_count) < 0.7).astype(np.int32)
    begin = np.where(rng.random(len(edge)) < 0.6, 0.0, 0.9 * rng.random(len(edge)))
    end = np.where(rng.random(len(edge)) < 0.6, 1.0, begin + 0.05)
    return Reach(edge, begin, end, np.zeros(len(edge), np.int64))


@pytest.mark.parametrize("seed", range(40))
def test_the_area_is_exact_to_the_diagonal_of_a_cell_and_valid(seed):
    rng = np.random.default_rng(seed)
    network = random_streets(rng)
    reach = random_reach(rng, network)
    margin_m = float(rng.choice([15.0, 60.0, 150.0]))
    polygons = reach_polygons(network, reach, margin_m)
    if not len(reach.edge):
        assert polygons == ()
        return
    area, line = in_metres(network, polygons), reached_line(network, reach)
    assert area.is_valid  # also of polygons that overlap
    diagonal_m = math.sqrt(2) * margin_m / CELLS_A_MARGIN
    # Corners rounded in steps of 90/16 degrees lie within 1.2 per mille of the circle.
    surely = line.buffer(0.998 * (margin_m - diagonal_m), quad_segs=16)
    at_most = line.buffer(1.002 * (margin_m + diagonal_m), quad_segs=16)
    assert area.covers(surely)
    assert at_most.covers(area)
    for polygon in polygons:
        assert all(ring[0] == ring[-1] for ring in (polygon.outer, *polygon.holes))
        assert shapely.LinearRing(polygon.outer).is_ccw
        assert not any(shapely.LinearRing(hole).is_ccw for hole in polygon.holes)
    areas = [shape.area for shape in shapes(polygons)]
    assert areas == sorted(areas, reverse=True)
    assert polygons == reach_polygons(network, reach, margin_m)


def test_in_the_middle_the_outline_lies_at_the_margin():
    """A square block with sides of 100 m: a hole where the margin leaves one."""
    network = grid(2, 2)
    reach = TravelEngine.plain(network).reach(BLUE_LIGHT, [Snap(0, 0.5, 0.0)], 600)
    (wide,) = reach_polygons(network, reach, margin_m=60)
    assert wide.holes == ()
    polygons = reach_polygons(network, reach, margin_m=20)
    assert [len(p.holes) for p in polygons] == [1]
    line = reached_line(network, reach)
    assert in_metres(network, polygons).area == pytest.approx(line.buffer(20).area, rel=0.05)


def test_where_two_streets_come_near_by_a_corner_only_no_ring_touches_itself():
    """Dead ends in a row that leads north-east: their margins meet crosswise at some distance."""
    for gap in np.linspace(0.0005, 0.0012, 60).tolist():
        west, east = ORIGIN.lon, ORIGIN.lon + gap
        nodes = [(west - 0.001, ORIGIN.lat), (west, ORIGIN.lat)]
        nodes += [(east, ORIGIN.lat + gap), (east + 0.001, ORIGIN.lat + gap)]
        network = make_network(nodes, [Street(0, 1), Street(2, 3)])
        assert in_metres(network, reach_polygons(network, whole([0, 1, 2, 3]), 40)).is_valid


def test_apart_are_two_polygons_the_larger_first():
    ends = [at_100_m(0), at_100_m(1), at_100_m(40), at_100_m(45)]
    network = make_network(ends, [Street(0, 1), Street(2, 3)])
    origins = [Snap(0, 0.5, 0.0), Snap(2, 0.5, 0.0)]
    reach = TravelEngine.plain(network).reach(BLUE_LIGHT, origins, 1000)
    first, second = shapes(reach_polygons(network, reach))
    assert first.area > 2 * second.area
    assert first.disjoint(second)


def at_100_m(east: float) -> tuple[float, float]:
    return (ORIGIN.lon + 0.0012 * east, ORIGIN.lat)


@pytest.mark.parametrize("margin_m", [0, -5, math.nan, math.inf])
def test_a_margin_that_makes_no_sense_is_refused(margin_m):
    nothing = Reach(*np.zeros((4, 0)))
    with pytest.raises(ValueError, match="margin_m is .*; allowed: above 0"):
        reach_polygons(grid(2, 2), nothing, margin_m)


def test_the_area_of_the_sample_holds_what_is_reached_and_little_else(sample_network):
    engine = TravelEngine.plain(sample_network)
    snapper = Snapper(sample_network)
    hospital = next(p for p in sample_network.places if p.on_core)
    origin = snapper.snap(hospital.point, BLUE_LIGHT)
    reach = engine.reach(BLUE_LIGHT, [origin], 300)
    began = time.process_time()
    polygons = reach_polygons(sample_network, reach)
    assert time.process_time() - began < 1.0
    area = shapely.union_all(shapes(polygons))
    shapely.prepare(area)
    rng = np.random.default_rng(1)
    points = area.bounds[:2] + rng.random((3000, 2)) * (np.array(area.bounds[2:]) - area.bounds[:2])
    snaps = snapper.snap_many([LonLat(*p) for p in points.tolist()], BLUE_LIGHT)
    near = [(p, s) for p, s in zip(points.tolist(), snaps, strict=True) if s is not None]
    inside = shapely.contains_xy(area, *np.array([p for p, _ in near]).T)
    reached = is_reached(sample_network, reach, [s for _, s in near])
    distance_m = np.array([s.distance_m for _, s in near])
    diagonal_m = math.sqrt(2) * 60 / CELLS_A_MARGIN
    assert inside[reached & (distance_m < 60 - diagonal_m)].all()
    assert reached[inside & (distance_m < 5)].mean() > 0.8
    assert not inside[~reached & (distance_m < 5)].all()


def test_one_direction_of_a_street_reached_whole_is_drawn_once():
    network = grid(1, 3)
    assert reach_polygons(network, whole([0, 1, 2, 3])) == reach_polygons(network, whole([0, 2]))


def test_time_follows_what_is_reached_and_not_the_box_around_it():
    """Two streets of 120 m, 1,100 km apart, with cells of 1 m: rows of the box have 10**6 cells."""
    ends = [at_100_m(0), at_100_m(1), at_100_m(9000), at_100_m(9001)]
    network = make_network(ends, [Street(0, 1), Street(2, 3)])
    began = time.process_time()
    assert len(reach_polygons(network, whole([0, 1, 2, 3]), 3.0)) == 2
    assert time.process_time() - began < 0.5


def test_a_street_of_no_length_has_its_margin():
    network = make_network([at_100_m(0), at_100_m(0)], [Street(0, 1, length_m=1.0)])
    (area,) = in_metres(network, reach_polygons(network, whole([0]), 30)).geoms
    assert area.area == pytest.approx(math.pi * 30**2, rel=0.15)


def test_the_very_end_of_a_street_has_its_margin_however_many_streets_come_before():
    east = np.cumsum(1 + np.random.default_rng(1).random(300))
    streets = [Street(i, i + 1, oneway=True) for i in range(299)]
    network = make_network([at_100_m(x) for x in east.tolist()], streets)
    ends = np.ones(network.edge_count)
    edges = np.arange(len(ends), dtype=np.int32)
    reach = Reach(edges, ends - 1e-15, ends, np.zeros(len(ends), np.int64))
    area = in_metres(network, reach_polygons(network, reach, 20))
    heads = projection_of(network).to_metres(network.node_lon[1:], network.node_lat[1:])
    assert shapely.contains_xy(area, *heads.T).all()
