"""LiveRoads against an engine that is built anew for every change."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import roadnets.lane
from roadnets.engine import TravelEngine
from roadnets.live import BUCKETS, HIERARCHY, MOST_VEHICLES, LiveRoads
from roadnets.network import RoadNetwork
from roadnets.prepared import prepare
from roadnets.searches.bucket_search import BucketSearch
from roadnets.searches.hierarchy_search import HierarchySearch
from roadnets.searches.scipy_search import ScipySearch
from roadnets.travel import Snap, TravelMode, Vehicle
from roadnets.weights.conditions import (
    NO_CONDITIONS,
    Closed,
    Condition,
    Conditions,
    Contraflow,
    Flooded,
    Slowed,
    Weather,
    edge_set,
)
from roadnets.weights.pace import all_pace_ms
from roadnets.weights.speeds import drivable
from tests.roadnets.networks import grid

BLUE_LIGHT, CIVILIAN = TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN
TRUCK = Vehicle(TravelMode.HIGH_CLEARANCE, height_m=4.2, weight_t=20.0, wading_m=0.9)
EVERYBODY = (*TravelMode, TRUCK)


@pytest.fixture(scope="module")
def prepared(sample_network: RoadNetwork):
    return prepare(sample_network)


def places(network: RoadNetwork, seed: int, count: int = 12) -> list[Snap]:
    rng = np.random.default_rng(seed)
    streets = np.flatnonzero(drivable(network, BLUE_LIGHT))
    return [
        Snap(int(e), float(f), 0.0)
        for e, f in zip(rng.choice(streets, count), rng.random(count), strict=True)
    ]


def some_condition(network: RoadNetwork, rng: np.random.Generator, number: int) -> Condition:
    first = int(rng.integers(network.edge_count - 40))
    edges = edge_set(range(first, first + int(rng.integers(1, 40))))
    effects = (
        Closed(),
        Closed(impassable=True),
        Slowed(float(rng.uniform(0.2, 1))),
        Weather(float(rng.uniform(0.5, 1))),
        Flooded(float(rng.uniform(0.05, 1.2))),
        Contraflow(),
    )
    modes = [m for m in TravelMode if rng.random() < 0.7] or [BLUE_LIGHT]
    return Condition(f"C{number}", edges, effects[int(rng.integers(6))], frozenset(modes))


def check(live: LiveRoads, conditions: Conditions, snaps: list[Snap], pace=None) -> None:
    # Places on the streets in question, too: they are reached along what is closed.
    there = [edge for condition in conditions for edge in condition.edges[::9].tolist()]
    snaps = [*snaps, *(Snap(edge, 0.4, 0.0) for edge in there[-12:])]
    engine = live.travel(conditions)
    oracle = TravelEngine.plain(live.network, conditions, pace, make_search=ScipySearch)
    for traveller in EVERYBODY:
        np.testing.assert_array_equal(
            engine.matrix(traveller, snaps, snaps), oracle.matrix(traveller, snaps, snaps)
        )


def test_times_are_exact_through_a_day_of_conditions(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network), prepared)
    rng, conditions = np.random.default_rng(3), NO_CONDITIONS
    assert live.engine == HIERARCHY
    for number in range(40):
        if conditions.by_id and rng.random() < 0.4:
            conditions = conditions.without(str(rng.choice(sorted(conditions.by_id))))
        else:
            conditions = conditions.with_all([some_condition(sample_network, rng, number)])
        live.travel(conditions)
        if number % 8 == 0:
            check(live, conditions, places(sample_network, number))
    check(live, conditions, places(sample_network, 99))
    check(live, NO_CONDITIONS, places(sample_network, 100))


def test_an_engine_keeps_the_weights_that_it_came_with(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network), prepared)
    snaps = places(sample_network, 1)
    before = live.travel()
    told = before.matrix(BLUE_LIGHT, snaps, snaps)
    rng = np.random.default_rng(8)
    stop = threading.Event()

    def ask() -> int:
        asked = 0
        while not stop.is_set() or asked == 0:
            np.testing.assert_array_equal(before.matrix(BLUE_LIGHT, snaps, snaps), told)
            asked += 1
        return asked

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        conditions = NO_CONDITIONS
        try:
            for number in range(30):
                conditions = conditions.with_all([some_condition(sample_network, rng, number)])
                live.travel(conditions)
        finally:
            stop.set()
        assert all(future.result() for future in asking)
    check(live, conditions, snaps)


def test_buckets_answer_until_the_hierarchy_is_ready(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network))
    snaps = places(sample_network, 2, 6)
    conditions = NO_CONDITIONS.with_closure("crash", range(100, 160))
    assert live.engine == BUCKETS
    check(live, conditions, snaps)
    live.prepare(prepared)
    assert live.engine == HIERARCHY
    check(live, conditions, snaps)
    check(live, NO_CONDITIONS, snaps)


def test_another_pace_is_laid_under_the_conditions_in_force(sample_network, prepared):
    pace = all_pace_ms(sample_network)
    live = LiveRoads(sample_network, pace, prepared)
    conditions = NO_CONDITIONS.with_closure("crash", range(500, 540))
    live.travel(conditions)
    slower = {mode: np.where(ms < 2**30, ms * 2, ms).astype(np.int32) for mode, ms in pace.items()}
    live.repace({CIVILIAN: slower[CIVILIAN]})
    snaps = places(sample_network, 4, 8)
    check(live, conditions, snaps, pace | {CIVILIAN: slower[CIVILIAN]})
    check(live, NO_CONDITIONS, snaps, pace | {CIVILIAN: slower[CIVILIAN]})


def test_conditions_that_come_while_the_pace_changes_are_not_lost(sample_network, prepared):
    pace = all_pace_ms(sample_network)
    live = LiveRoads(sample_network, pace, prepared)
    rng, conditions = np.random.default_rng(12), NO_CONDITIONS
    with ThreadPoolExecutor(1) as pool:
        pacing = pool.submit(lambda: [live.repace(pace) for _ in range(10)])
        for number in range(60):
            conditions = conditions.with_all([some_condition(sample_network, rng, number)])
            live.travel(conditions)
        pacing.result()
    check(live, conditions, places(sample_network, 5))


@pytest.mark.parametrize("what", ["another pace", "the hierarchy"])
def test_what_changes_while_the_roads_are_renewed_is_caught_up_with(
    sample_network, prepared, monkeypatch, what
):
    pace = all_pace_ms(sample_network)
    live = LiveRoads(sample_network, pace, None if what == "the hierarchy" else prepared)
    conditions = NO_CONDITIONS.with_closure("crash", range(700, 760))
    compute, told = LiveRoads._lane, []

    def slowly(self, vehicle, *others):
        lane = compute(self, vehicle, *others)
        if not told:  # once, after the first lane was made of the streets as they were
            told.append(vehicle)
            self.travel(conditions)
        return lane

    monkeypatch.setattr(LiveRoads, "_lane", slowly)
    if what == "the hierarchy":
        live.prepare(prepared)
    else:
        live.repace(pace)
    assert told
    check(live, conditions, places(sample_network, 11, 6))


def test_odd_vehicles_go_over_to_the_hierarchy_too(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network))
    assert isinstance(live.travel().ground(TRUCK).search, BucketSearch)
    live.prepare(prepared)
    assert isinstance(live.travel().ground(TRUCK).search, HierarchySearch)


def test_a_vehicle_asked_for_late_sees_the_moment_of_its_engine(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network), prepared)
    conditions = NO_CONDITIONS.with_closure("crash", range(200, 260))
    early = live.travel(conditions)
    live.travel(NO_CONDITIONS)
    snaps = places(sample_network, 6, 6)
    oracle = TravelEngine.plain(sample_network, conditions)
    np.testing.assert_array_equal(
        early.matrix(TRUCK, snaps, snaps), oracle.matrix(TRUCK, snaps, snaps)
    )


def test_only_so_many_kinds_of_vehicle_are_kept_up_to_date(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network), prepared)
    snaps = places(sample_network, 7, 2)
    oracle = TravelEngine.plain(sample_network)
    for number in range(MOST_VEHICLES + 4):
        vehicle = Vehicle(CIVILIAN, wading_m=0.3 + number / 100)
        np.testing.assert_array_equal(
            live.travel().matrix(vehicle, snaps, snaps), oracle.matrix(vehicle, snaps, snaps)
        )
        live.travel(NO_CONDITIONS.with_closure(str(number), [number]))
        live.travel()
    assert len(live._guests) == MOST_VEHICLES
    assert live._lanes.keys() == {Vehicle(BLUE_LIGHT), Vehicle(CIVILIAN)}


def test_one_engine_holds_only_so_many_kinds_of_vehicle(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network), prepared)
    engine, snaps = live.travel(), places(sample_network, 8, 2)
    told = engine.matrix(BLUE_LIGHT, snaps, snaps)
    for number in range(MOST_VEHICLES + 4):
        engine.matrix(Vehicle(CIVILIAN, wading_m=0.3 + number / 100), snaps, snaps)
    assert len(live._guests) == MOST_VEHICLES
    np.testing.assert_array_equal(engine.matrix(BLUE_LIGHT, snaps, snaps), told)


def test_vehicles_on_the_same_side_of_every_limit_are_alike(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network), prepared)
    limits = np.unique(sample_network.edge_max_height_m)
    lowest = float(limits[0])
    assert np.isfinite(lowest)
    travel, oracle = live.travel(), TravelEngine.plain(sample_network)
    low = np.flatnonzero(sample_network.edge_max_height_m == limits[0])[:4]
    snaps = [*places(sample_network, 9, 4), *(Snap(int(edge), 0.5, 0.0) for edge in low)]
    for height_m in (1.5, lowest - 0.1, lowest, lowest + 0.1, lowest + 0.2, 30.0, 40.0):
        vehicle = Vehicle(BLUE_LIGHT, height_m=height_m)
        np.testing.assert_array_equal(
            travel.matrix(vehicle, snaps, snaps), oracle.matrix(vehicle, snaps, snaps)
        )
    tall = len([v for v in live._guests if v.height_m is not None])
    assert tall == len(limits[np.isfinite(limits)])


def test_a_change_that_fails_on_one_vehicle_is_not_lost(
    sample_network, prepared, monkeypatch, caplog
):
    live = LiveRoads(sample_network, all_pace_ms(sample_network), prepared)
    snaps = places(sample_network, 10, 6)
    compute = roadnets.lane.edge_weights

    def broken(network, vehicle, *others):
        if vehicle.mode is CIVILIAN and len(others) == 3:
            raise FloatingPointError("no number")
        return compute(network, vehicle, *others)

    live.travel(NO_CONDITIONS.with_closure("fire", range(30, 60)))
    conditions = NO_CONDITIONS.with_closure("crash", range(300, 380))
    monkeypatch.setattr(roadnets.lane, "edge_weights", broken)
    check(live, conditions, snaps)
    assert "the roads are computed anew" in caplog.text
    monkeypatch.undo()
    check(live, conditions.with_closure("works", range(900, 930)), snaps)
    check(live, NO_CONDITIONS, snaps)


def test_changes_are_remembered_only_while_the_roads_are_renewed(sample_network, prepared):
    live = LiveRoads(sample_network, all_pace_ms(sample_network), prepared)
    live.repace(all_pace_ms(sample_network))
    for number in range(20):
        live.travel(NO_CONDITIONS.with_closure(str(number), [number]))
    assert live._changed is None


def test_what_is_of_another_network_is_refused(sample_network, prepared):
    pace, other = all_pace_ms(sample_network), grid(3, 3)
    with pytest.raises(ValueError, match="the hierarchy is not one of Grid"):
        LiveRoads(other, all_pace_ms(other), prepared)
    with pytest.raises(ValueError, match=r"pace of blue_light is int32 .*; allowed: int32 \(24,\)"):
        LiveRoads(other, pace)
    live = LiveRoads(sample_network, pace)
    with pytest.raises(ValueError, match="the hierarchy is not one of"):
        live.prepare(prepare(other))
    wrong = pace[CIVILIAN].copy()
    wrong[7] = -3
    with pytest.raises(ValueError, match="pace of civilian is -3 ms on edge 7"):
        live.repace({CIVILIAN: wrong})


def test_a_mode_without_a_pace_cannot_be_asked_for(sample_network, prepared):
    pace = {BLUE_LIGHT: all_pace_ms(sample_network)[BLUE_LIGHT]}
    live = LiveRoads(sample_network, pace, prepared, modes=(BLUE_LIGHT,))
    snap = places(sample_network, 1, 1)
    with pytest.raises(ValueError, match="mode is boat; allowed here: blue_light"):
        live.travel().matrix(TravelMode.BOAT, snap, snap)
