"""What is reached against travel times to many places."""

import numpy as np
import pytest

from roadnets.engine import TravelEngine
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.reach import is_reached
from roadnets.travel import MODE_BIT, Snap, TravelMode
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


def test_negative_seconds_are_refused():
    with pytest.raises(ValueError, match=r"seconds is -1; allowed: 0 or more"):
        TravelEngine.plain(grid(2, 2)).reach(BLUE_LIGHT, [Snap(0, 0.5, 0.0)], -1)
