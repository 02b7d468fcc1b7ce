"""What is reached against travel times to many places; and the area around it."""

import math
import time

import numpy as np
import pytest
import shapely

from roadnets.engine import TravelEngine
from roadnets.geo import METRES_PER_DEGREE, LonLat
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.reach import is_reached, reach_polygons
from roadnets.snapping.snap import Snapper
from roadnets.travel import MODE_BIT, Reach, Snap, TravelMode
from roadnets.weights.conditions import NO_CONDITIONS, Closed, Condition, edge_set
from tests.roadnets.networks import ORIGIN, Street, grid, make_network, with_turns

BLUE_LIGHT = TravelMode.BLUE_LIGHT


def random_town(rng: np.random.Generator) -> TravelEngine:
    """Crossing one-way and two-way streets, loops and parallels, forbidden turns, closures."""
    n = int(rng.integers(2, 9))
    nodes = [(ORIGIN.lon + 0.001 * (i % 3), ORIGIN.lat + 0.001 * (i // 3)) for i in range(n)]
    streets = []
    for _ in range(int(rng.integers(1, 2 * n))):
        tail, head = rng.integers(n, size=2).tolist()
        bends = (LonLat(ORIGIN.lon + 0.0005, ORIGIN.lat + 0.0005),) if tail == head else ()
        streets.append(
            Street(
                tail,
                head,
                oneway=bool(rng.random() < 0.4),
                speed_kph=float(rng.choice([8, 30, 72])),
                bends=bends,
            )
        )
    network = make_network(nodes, streets)
    ways = [
        (a, b)
        for a in range(network.edge_count)
        for b in range(network.edge_count)
        if network.edge_head[a] == network.edge_tail[b] and a != b
    ]
    banned = [ways[i] for i in np.flatnonzero(rng.random(len(ways)) < 0.2)]
    network = with_turns(network, [(turn, MODE_BIT[BLUE_LIGHT]) for turn in banned])
    shut, broken = (
        np.flatnonzero(rng.random(network.edge_count) < share).astype(np.int32)
        for share in (0.15, 0.05)
    )
    conditions = NO_CONDITIONS.with_closure("works", shut).with_all(
        [Condition("collapse", edge_set(broken), Closed(impassable=True))]
    )
    return TravelEngine.plain(network, conditions)


def random_snaps(rng: np.random.Generator, network: RoadNetwork, count: int) -> list[Snap]:
    fractions = np.where(rng.random(count) < 0.2, rng.integers(0, 2, count), rng.random(count))
    edges = rng.integers(network.edge_count, size=count)
    return [Snap(int(e), float(f), 0.0) for e, f in zip(edges, fractions, strict=True)]


@pytest.mark.parametrize("seed", range(60))
def test_a_place_is_reached_when_and_only_when_its_travel_time_says_so(seed):
    rng = np.random.default_rng(seed)
    engine = random_town(rng)
    origins = random_snaps(rng, engine.network, int(rng.integers(1, 4)))
    places = random_snaps(rng, engine.network, 150) + origins
    nearest_s = engine.matrix(BLUE_LIGHT, origins, places).min(axis=0)
    for seconds in (0, 1, 7, 20, 60, 100_000):
        reach = engine.reach(BLUE_LIGHT, origins, seconds)
        reached = is_reached(engine.network, reach, places)
        np.testing.assert_array_equal(reached, nearest_s <= seconds)


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_of_an_edge_ascend_and_do_not_touch(seed):
    rng = np.random.default_rng(seed)
    engine = random_town(rng)
    origins = random_snaps(rng, engine.network, 6)
    for seconds in (1, 10, 40):
        reach = engine.reach(BLUE_LIGHT, origins, seconds)
        assert (reach.begin >= 0).all()
        assert (reach.begin < reach.end).all()
        assert (reach.end <= 1).all()
        assert ((reach.seconds >= 0) & (reach.seconds <= seconds)).all()
        same = reach.edge[1:] == reach.edge[:-1]
        assert (np.diff(reach.edge) >= 0).all()
        assert (reach.begin[1:][same] > reach.end[:-1][same]).all()


def test_one_edge_reached_from_its_tail_and_from_an_origin_on_it_has_two_parts():
    """A 1000 m street at 10 m/s driven at 0.9 of it; origins before it and in its middle."""
    street = [Street(0, 1, oneway=True), Street(1, 2, oneway=True, length_m=1000.0)]
    network = make_network([(116, 39.9), (116.001, 39.9), (116.0127, 39.9)], street)
    engine = TravelEngine.plain(network)
    reach = engine.reach(BLUE_LIGHT, [Snap(0, 1.0, 0.0), Snap(1, 0.5, 0.0)], 10)
    on_it = reach.edge == 1
    np.testing.assert_allclose(reach.begin[on_it], [0, 0.5], atol=0.001)
    np.testing.assert_allclose(reach.end[on_it], [0.0945, 0.5945], atol=0.001)
    assert reach.seconds[on_it].tolist() == [0, 0]


def test_parts_end_at_the_millisecond_where_rounding_tips_over():
    """1,495 ms to the second street, which takes 10 ms: after one second 4 of them are left."""
    streets = [Street(0, 1, oneway=True), Street(1, 2, oneway=True)]
    network = make_network([(116, 39.9), (116.001, 39.9), (116.002, 39.9)], streets)
    engine = TravelEngine.plain(network, pace={BLUE_LIGHT: np.array([1495, 10], np.int32)})
    origin = Snap(0, 0.0, 0.0)
    places = [Snap(1, g, 0.0) for g in (0.0, 0.39, 0.41, 0.449, 0.451, 0.5, 1.0)]
    times_s = engine.one_to_many(BLUE_LIGHT, origin, places)
    assert times_s.tolist() == [1, 1, 1, 1, 2, 2, 2]
    reach = engine.reach(BLUE_LIGHT, [origin], 1)
    assert is_reached(network, reach, places).tolist() == [True] * 4 + [False] * 3
    assert reach.end[reach.edge == 1].tolist() == [0.45]


@pytest.mark.parametrize("seed", range(20))
def test_a_part_is_entered_at_once_where_an_origin_lies_on_it(seed):
    rng = np.random.default_rng(seed)
    engine = random_town(rng)
    network = engine.network
    origins = random_snaps(rng, network, 3)
    reach = engine.reach(BLUE_LIGHT, origins, 30)
    for origin in origins:
        twin = int(network.edge_twin[origin.edge])
        for edge, at in ((origin.edge, origin.fraction), (twin, 1 - origin.fraction)):
            on_it = (reach.edge == edge) & (reach.begin <= at) & (at <= reach.end)
            assert (reach.seconds[on_it] == 0).all()


def test_nothing_is_reached_from_nowhere():
    engine = TravelEngine.plain(grid(2, 2))
    closed = NO_CONDITIONS.with_all(
        [Condition("flood", edge_set(range(8)), Closed(impassable=True))]
    )
    reach = TravelEngine.plain(grid(2, 2), closed).reach(BLUE_LIGHT, [Snap(0, 0.5, 0.0)], 60)
    assert not len(reach.edge)
    assert not is_reached(engine.network, reach, [Snap(0, 0.5, 0.0)]).any()
    assert reach_polygons(engine.network, reach) == ()


def test_negative_seconds_are_refused():
    with pytest.raises(ValueError, match=r"seconds is -1; allowed: 0 or more"):
        TravelEngine.plain(grid(2, 2)).reach(BLUE_LIGHT, [Snap(0, 0.5, 0.0)], -1)


def shapes(polygons) -> list[shapely.Polygon]:
    return [shapely.Polygon(p.outer, p.holes) for p in polygons]


def test_the_area_is_the_streets_with_their_margin():
    """A square block with sides of 100 m: a hole where the margin leaves one."""
    network = grid(2, 2)
    reach = TravelEngine.plain(network).reach(BLUE_LIGHT, [Snap(0, 0.5, 0.0)], 600)
    (wide,) = reach_polygons(network, reach, margin_m=60)
    assert wide.holes == ()
    (narrow,) = reach_polygons(network, reach, margin_m=20)
    assert len(narrow.holes) == 1
    assert narrow.outer[0] == narrow.outer[-1]
    assert shapely.LinearRing(narrow.outer).is_ccw
    assert not shapely.LinearRing(narrow.holes[0]).is_ccw

    (shape,) = shapes([narrow])
    north_m, east_m = 0.0009 * METRES_PER_DEGREE, 0.0009 * METRES_PER_DEGREE
    east_m *= math.cos(math.radians(ORIGIN.lat))
    square_m = METRES_PER_DEGREE**2 * math.cos(math.radians(ORIGIN.lat))
    expected = (north_m + 40) * (east_m + 40) - (north_m - 40) * (east_m - 40)
    assert shape.area * square_m == pytest.approx(expected, rel=0.04)


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
    assert inside[reached & (distance_m < 0.85 * 60)].all()
    assert reached[inside & (distance_m < 5)].mean() > 0.8
    assert not inside[~reached & (distance_m < 5)].all()


def test_one_direction_of_a_street_reached_whole_is_drawn_once():
    network = grid(1, 3)
    both = Reach(np.arange(4, dtype=np.int32), np.zeros(4), np.ones(4), np.zeros(4, np.int64))
    one = Reach(*(a[[0, 2]] for a in (both.edge, both.begin, both.end, both.seconds)))
    assert reach_polygons(network, both) == reach_polygons(network, one)
    assert network.has_flag(EdgeFlag.CIVILIAN).all()
