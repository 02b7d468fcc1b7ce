"""Snapping against brute force, the side of the street, and refusals."""

import logging
import math
import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadnets.engine import TravelEngine
from roadnets.errors import PointError
from roadnets.geo import METRES_PER_DEGREE, UNREACHABLE, LonLat
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.snapping.snap import Candidates, Snapper, may_be_on
from roadnets.travel import Snap, TravelMode
from roadnets.weights.conditions import NO_CONDITIONS, Condition, Flooded, edge_set
from tests.roadnets.networks import (
    DEGREES_PER_100_M,
    ORIGIN,
    Street,
    grid,
    make_network,
    with_turns,
)

BLUE_LIGHT, CIVILIAN, HIGH_CLEARANCE, BOAT = TravelMode


def at(east_m: float, north_m: float) -> LonLat:
    """A point so many metres from ORIGIN."""
    lon = ORIGIN.lon + east_m / METRES_PER_DEGREE / math.cos(math.radians(ORIGIN.lat))
    return LonLat(lon, ORIGIN.lat + north_m / METRES_PER_DEGREE)


def metres(point: LonLat) -> tuple[float, float]:
    east = (point.lon - ORIGIN.lon) * METRES_PER_DEGREE * math.cos(math.radians(ORIGIN.lat))
    return east, (point.lat - ORIGIN.lat) * METRES_PER_DEGREE


def brute_force(network: RoadNetwork, edge: int, point: LonLat) -> tuple[float, float, float]:
    """Distance to the edge, metres along it, and how far to the left of it, segment by segment."""
    x, y = metres(point)
    best, along = (math.inf, 0.0, 0.0), 0.0
    corners = [metres(p) for p in network.edge_line(edge)]
    for (ax, ay), (bx, by) in pairwise(corners):
        length = math.hypot(bx - ax, by - ay)
        dot = (x - ax) * (bx - ax) + (y - ay) * (by - ay)
        t = min(max(dot / length**2, 0), 1)
        distance = math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay))
        left = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length
        best = min(best, (distance, along + t * length, left))
        along += length
    return best[0], best[1] / along, best[2]


@st.composite
def crooked_networks(draw: st.DrawFn) -> RoadNetwork:
    east_north = st.tuples(st.integers(-400, 400), st.integers(-400, 400))
    nodes = draw(st.lists(east_north, min_size=2, max_size=6, unique=True))
    streets = []
    for _ in range(draw(st.integers(1, 6))):
        tail, head = draw(st.permutations(range(len(nodes))))[:2]
        bends = draw(st.lists(east_north, max_size=2))
        flags = draw(st.sampled_from([EdgeFlag.CIVILIAN, EdgeFlag.RESTRICTED]))
        line = (nodes[tail], *bends, nodes[head])
        if all(a != b for a, b in pairwise(line)):
            points = tuple(at(*bend) for bend in bends)
            streets.append(Street(tail, head, draw(st.booleans()), flags=flags, bends=points))
    return make_network([at(*n) for n in nodes], streets or [Street(0, 1)])


@settings(max_examples=150, deadline=None)
@given(
    crooked_networks(),
    st.lists(st.builds(at, st.floats(-500, 500), st.floats(-500, 500)), min_size=1, max_size=5),
    st.sampled_from(TravelMode),
)
def test_agrees_with_brute_force(network, points, mode):
    restricted = network.has_flag(EdgeFlag.RESTRICTED)
    allowed = [
        e for e in range(network.edge_count) if mode in (BLUE_LIGHT, BOAT) or not restricted[e]
    ]
    for point, snap in zip(points, Snapper(network, 100).snap_many(points, mode), strict=True):
        truth = {edge: brute_force(network, edge, point) for edge in allowed}
        nearest_m = min((t[0] for t in truth.values()), default=math.inf)
        if snap is None:
            assert nearest_m > 99
            continue
        distance_m, fraction, left_m = truth[snap.edge]
        assert snap.distance_m == pytest.approx(nearest_m, rel=1e-3, abs=0.02)
        assert distance_m == pytest.approx(nearest_m, rel=1e-3, abs=0.02)
        assert 0 <= snap.fraction <= 1
        if sum(t[0] < nearest_m * 1.01 + 0.1 for t in truth.values()) <= 2:
            twin = network.edge_twin[snap.edge]
            if twin in allowed and abs(left_m) == pytest.approx(distance_m) and distance_m > 1:
                assert left_m < 0
            if twin not in allowed or twin > snap.edge or distance_m > 1:
                assert snap.fraction == pytest.approx(fraction, abs=0.02)


@pytest.fixture(scope="module")
def avenue() -> RoadNetwork:
    """Edge 0 runs 100 m east, edge 1 back; edge 2 leads 100 m north, one-way; 3 is private."""
    return make_network(
        [at(0, 0), at(100, 0), at(100, 100), at(0, 100)],
        [
            Street(0, 1),
            Street(1, 2, oneway=True),
            Street(2, 3, oneway=True, flags=EdgeFlag.RESTRICTED),
        ],
    )


@pytest.mark.parametrize(
    ("point", "edge", "fraction"),
    [
        (at(25, -10), 0, 0.25),  # south of an eastbound edge: on its right
        (at(25, 10), 1, 0.75),  # north: on the right of the westbound twin
        (at(25, 0), 0, 0.25),  # on the line itself: the lower index
        (at(-30, 0), 0, 0.0),  # straight behind the end: on neither side
        (at(110, 40), 2, 0.4),  # a one-way street has one direction, whatever the side
        (at(90, 40), 2, 0.4),
    ],
)
def test_side_of_the_street(avenue, point, edge, fraction):
    snap = Snapper(avenue).snap(point, CIVILIAN)
    assert snap.edge == edge
    assert snap.fraction == pytest.approx(fraction, abs=0.001)


def test_distance_is_in_metres(avenue):
    assert Snapper(avenue).snap(at(50, -7), CIVILIAN).distance_m == pytest.approx(7, abs=0.02)


def test_a_mode_snaps_only_to_what_it_may_drive(avenue):
    snapper, beside_the_private_road = Snapper(avenue), at(40, 95)
    assert snapper.snap(beside_the_private_road, BLUE_LIGHT).edge == 3
    assert snapper.snap(beside_the_private_road, CIVILIAN).edge == 2


def test_equally_near_streets_give_the_lowest_edge(avenue):
    assert Snapper(avenue).snap(at(100, 0), BLUE_LIGHT).edge == 0
    assert Snapper(avenue).snap(at(130, -30), BLUE_LIGHT).edge == 0


def test_beyond_the_limit_is_refused_with_both_distances(avenue):
    snapper, far = Snapper(avenue, limit_m=50), at(0, -80)
    message = f"{far.lon:.6f}, {far.lat:.6f} is 80 m from the nearest street for civilian; "
    with pytest.raises(PointError, match=re.escape(message + "the limit is 50 m")):
        snapper.snap(far, CIVILIAN)
    assert snapper.snap_many([far, at(0, -40)], CIVILIAN)[0] is None
    assert snapper.snap_many([far, at(0, -40)], CIVILIAN)[1] is not None


@pytest.mark.parametrize(
    ("off_earth", "message"),
    [
        (LonLat(math.nan, 30), "longitude of point {} is nan; allowed: -180 to 180 degrees"),
        (LonLat(112, math.inf), "latitude of point {} is inf; allowed: -90 to 90 degrees"),
        (LonLat(181.5, 30), "longitude of point {} is 181.5; allowed: -180 to 180 degrees"),
        (LonLat(30, 112), "latitude of point {} is 112.0; allowed: -90 to 90 degrees"),
    ],
)
def test_a_point_off_the_earth_is_refused(avenue, off_earth, message):
    snapper = Snapper(avenue)
    with pytest.raises(PointError, match=message.format(0)):
        snapper.snap(off_earth, CIVILIAN)
    with pytest.raises(PointError, match=message.format(1)):
        snapper.snap_many([at(0, 0), off_earth], CIVILIAN)
    with pytest.raises(PointError, match=message.format(0)):
        snapper.candidates(off_earth, CIVILIAN, 20)


def layered(*layers: int) -> RoadNetwork:
    """One-way streets 20 m apart, from south to north, each on its layer."""
    ends = [(at(0, 20 * i), at(100, 20 * i)) for i in range(len(layers))]
    streets = [Street(2 * i, 2 * i + 1, oneway=True) for i in range(len(layers))]
    flat = make_network([point for pair in ends for point in pair], streets)
    return with_turns(flat, [], edge_layer=np.array(layers, np.int8))


@pytest.mark.parametrize(
    ("layers", "north_m", "edge"),
    [
        ((1, 0), 3.0, 1),  # 17 m, where the deck is 3 m away: 14 m more
        ((-1, 0), 3.0, 1),
        ((1, 0), 2.0, 0),  # 18 m and 2 m: too far to lie below it
        ((1, 2), 3.0, 0),  # neither is on the ground
        ((0, 1), 11.0, 0),
        ((0, 1), 9.0, 0),  # the nearest is on the ground
        ((0, 0), 3.0, 0),  # both are: the nearest
        ((0, 1, 0), 20.0, 1),  # 20 m each
        ((0, 1, 0), 26.0, 2),  # the nearer of two on the ground
    ],
)
def test_of_streets_above_each_other_the_one_on_the_ground(layers, north_m, edge):
    snap = Snapper(layered(*layers)).snap(at(50, north_m), CIVILIAN)
    assert snap.edge == edge
    assert snap.distance_m == pytest.approx(abs(20 * edge - north_m), abs=0.02)


def test_a_street_on_the_ground_beyond_the_limit_is_none():
    assert Snapper(layered(1, 0), limit_m=15).snap(at(50, 4), CIVILIAN).edge == 0
    assert Snapper(layered(1, 0), limit_m=17).snap(at(50, 4), CIVILIAN).edge == 1


def test_a_network_without_streets_for_a_mode():
    private = [Street(0, 1, flags=EdgeFlag.RESTRICTED)]
    snapper = Snapper(make_network([at(0, 0), at(100, 0)], private))
    assert snapper.snap_many([at(0, 0)], CIVILIAN) == [None]
    with pytest.raises(PointError, match="Testcity has no street for civilian"):
        snapper.snap(at(0, 0), CIVILIAN)


@pytest.fixture(scope="module")
def riverside() -> RoadNetwork:
    """From south to north: a street, a bridge, a tunnel, a one-way street, the river."""
    ends = [at(x, 10 * row) for row in range(5) for x in (0, 200)]
    flags = [EdgeFlag.CIVILIAN, EdgeFlag.BRIDGE | EdgeFlag.CIVILIAN]
    flags += [EdgeFlag.TUNNEL | EdgeFlag.CIVILIAN, EdgeFlag.CIVILIAN, EdgeFlag.WATER]
    return make_network(
        ends, [Street(2 * i, 2 * i + 1, oneway=i == 3, flags=flag) for i, flag in enumerate(flags)]
    )


@pytest.mark.parametrize(
    ("mode", "edges", "distances_m"),
    [
        (BLUE_LIGHT, [0, 2, 4, 6, 6], [0.5, 0.5, 0.5, 0.5, 9.5]),
        (CIVILIAN, [0, 2, 4, 6, 6], [0.5, 0.5, 0.5, 0.5, 9.5]),
        (HIGH_CLEARANCE, [0, 2, 4, 6, 6], [0.5, 0.5, 0.5, 0.5, 9.5]),
        (BOAT, [0, 1, 6, 6, 7], [0.5, 9.5, 10.5, 0.5, 0.5]),  # no flood covers bridge and tunnel
    ],
)
def test_each_mode_snaps_to_what_it_could_be_on(riverside, mode, edges, distances_m):
    snaps = [Snapper(riverside).snap(at(50, 10 * row - 0.5), mode) for row in range(5)]
    assert [s.edge for s in snaps] == edges
    assert [s.distance_m for s in snaps] == pytest.approx(distances_m, abs=0.02)


def test_a_one_way_street_is_named_by_its_legal_direction():
    """Its reverse twin is there for contraflow only; the point lies on that one's right."""
    two_ways = make_network([at(0, 0), at(100, 0)], [Street(0, 1)])
    flags = np.array([EdgeFlag.CIVILIAN, EdgeFlag.AGAINST_ONEWAY], np.uint16)
    network = with_turns(two_ways, [], edge_flags=flags)
    snapper = Snapper(network)
    for mode in TravelMode:
        snap = snapper.snap(at(30, 8), mode)
        assert (snap.edge, snap.fraction) == (0, pytest.approx(0.3, abs=0.001))
        assert [s.edge for s in snapper.candidates(at(30, 8), mode, 20).snaps] == [0]
        assert may_be_on(network, mode).tolist() == [True, False]


def test_what_is_told_of_a_snap_has_its_distance(avenue, caplog):
    with caplog.at_level(logging.DEBUG, logger="roadnets.snapping.snap"):
        Snapper(avenue).snap_many([at(50, -7), at(50, -900)], CIVILIAN)
    assert "is 7.0 m from edge 0 for civilian" in caplog.text
    assert "no street for civilian is near" in caplog.text


def test_candidates_are_every_direction_of_every_street_near(avenue):
    found = Snapper(avenue).candidates(at(90, 8), BLUE_LIGHT, 15)
    assert found == Candidates(
        snaps=(
            Snap(1, pytest.approx(0.1, abs=0.001), pytest.approx(8, abs=0.02)),
            Snap(0, pytest.approx(0.9, abs=0.001), pytest.approx(8, abs=0.02)),
            Snap(2, pytest.approx(0.08, abs=0.001), pytest.approx(10, abs=0.02)),
        ),
        stacked=False,
    )
    assert Snapper(avenue).candidates(at(90, 8), BLUE_LIGHT, 15, limit=1).snaps == found.snaps[:1]
    assert Snapper(avenue).candidates(at(90, 8), BLUE_LIGHT, 5) == Candidates((), stacked=False)


def test_the_nearest_candidate_is_the_snap():
    network = grid(5, 5)
    snapper, rng = Snapper(network), np.random.default_rng(4)
    for lon, lat in (rng.random((100, 2)) * 4 * DEGREES_PER_100_M + ORIGIN).tolist():
        snap = snapper.snap(LonLat(lon, lat), CIVILIAN)
        assert snapper.candidates(LonLat(lon, lat), CIVILIAN, 60).snaps[0] == snap


@pytest.mark.parametrize("layers", [(0, 1), (0, -1), (1, 2), (0, 0)])
def test_candidates_on_different_layers_are_stacked(layers):
    flat = make_network(
        [at(0, 0), at(100, 0), at(0, 9), at(100, 9)],
        [Street(0, 1, oneway=True), Street(2, 3, oneway=True)],
    )
    network = with_turns(flat, [], edge_layer=np.array(layers, np.int8))
    found = Snapper(network).candidates(at(50, 1), BLUE_LIGHT, 10)
    assert [s.edge for s in found.snaps] == [0, 1]
    assert found.stacked == (layers[0] != layers[1])


@pytest.mark.parametrize("radius_m", [0, -1, math.nan, math.inf])
def test_a_radius_that_makes_no_sense_is_refused(avenue, radius_m):
    with pytest.raises(ValueError, match="radius_m is .*; allowed: above 0"):
        Snapper(avenue).candidates(at(0, 0), CIVILIAN, radius_m)


def test_a_limit_that_makes_no_sense_is_refused(avenue):
    with pytest.raises(ValueError, match="limit is 0; allowed: 1 or more"):
        Snapper(avenue).candidates(at(0, 0), CIVILIAN, 10, limit=0)


def test_no_points():
    assert Snapper(grid(2, 2)).snap_many([], BLUE_LIGHT) == []


def test_an_edge_of_no_length():
    network = make_network([at(0, 0), at(0, 0)], [Street(0, 1)])
    assert Snapper(network).snap(at(3, 0), BLUE_LIGHT) == Snap(0, 0.0, pytest.approx(3, abs=0.02))


def test_threads_share_a_snapper_from_its_first_use():
    network = grid(20, 20)
    rng = np.random.default_rng(1)
    spread = 20 * DEGREES_PER_100_M
    points = [LonLat(*p) for p in (rng.random((200, 2)) * spread + ORIGIN).tolist()]
    snapper = Snapper(network)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda mode: snapper.snap_many(points, mode), [*TravelMode] * 4))
    assert all(answer == Snapper(network).snap_many(points, CIVILIAN) for answer in answers)


def test_a_closure_moves_no_snap_and_its_street_is_still_reached_along_it():
    network = grid(4, 4)
    snapper, rng = Snapper(network), np.random.default_rng(2)
    points = [LonLat(*p) for p in (rng.random((60, 2)) * 3 * DEGREES_PER_100_M + ORIGIN).tolist()]
    before = snapper.snap_many(points, BLUE_LIGHT)
    closed = sorted({s.edge for s in before[:10]})
    conditions = NO_CONDITIONS.with_closure("works", closed).with_all(
        [Condition("rain", edge_set(range(20, 24)), Flooded(0.2))]
    )
    engine = TravelEngine.plain(network, conditions)
    times_s = engine.many_to_one(BLUE_LIGHT, before[10:], before[0])
    assert snapper.snap_many(points, BLUE_LIGHT) == before
    assert (times_s < UNREACHABLE).all()


@pytest.mark.parametrize("layer", [0, 1])
def test_ten_thousand_points_take_well_under_a_second(layer):
    flat = grid(60, 60)
    layers = np.zeros(flat.edge_count, np.int8)
    layers[::4] = layer
    network = with_turns(flat, [], edge_layer=layers)
    rng = np.random.default_rng(1)
    points = [LonLat(*p) for p in (rng.random((10_000, 2)) * 0.05 + ORIGIN).tolist()]
    snapper = Snapper(network)
    snapper.snap(points[0], BLUE_LIGHT)
    began = time.process_time()
    snaps = snapper.snap_many(points, BLUE_LIGHT)
    assert time.process_time() - began < 0.7
    assert None not in snaps
