"""Edge weights: what each condition and each limit of the road does to whom."""

from dataclasses import replace

import numpy as np
import pytest

from roadnets.network import EdgeFlag
from roadnets.searches.search import NO_WAY_MS
from roadnets.travel import TravelMode, Vehicle
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
    usual_modes,
)
from roadnets.weights.edge_weights import edge_weights
from roadnets.weights.overlay import Overlay
from roadnets.weights.pace import pace_ms
from roadnets.weights.speeds import NOT_DRIVABLE_MS, base_weights
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, grid, make_network

BLUE_LIGHT, CIVILIAN, HIGH_CLEARANCE, BOAT = TravelMode
NEVER = NOT_DRIVABLE_MS
BRIDGE, TUNNEL = EdgeFlag.CIVILIAN | EdgeFlag.BRIDGE, EdgeFlag.CIVILIAN | EdgeFlag.TUNNEL
AGAINST = EdgeFlag.AGAINST_ONEWAY

# Edge 0 street, 1 bridge, 2 tunnel, 3 water, 4 one-way street and 5 its wrong way.
STREET, OVER, UNDER, RIVER, ONEWAY, WRONG_WAY = range(6)


@pytest.fixture(scope="module")
def city():
    nodes = [(ORIGIN.lon + i * DEGREES_PER_100_M, ORIGIN.lat) for i in range(6)]
    streets = [
        Street(0, 1, oneway=True, length_m=100),
        Street(1, 2, oneway=True, length_m=100, flags=BRIDGE),
        Street(2, 3, oneway=True, length_m=100, flags=TUNNEL),
        Street(3, 4, oneway=True, length_m=100, flags=EdgeFlag.WATER, highway="waterway"),
        Street(4, 5, length_m=100),
    ]
    network = make_network(nodes, streets)
    flags = network.edge_flags.copy()
    flags[WRONG_WAY] = AGAINST
    limits = {
        "edge_max_height_m": np.array([np.inf, 3.0, 2.5, np.inf, np.inf, np.inf], np.float32),
        "edge_max_width_m": np.array([2.2, *[np.inf] * 5], np.float32),
        "edge_max_weight_t": np.array([np.inf, 10.0, *[np.inf] * 4], np.float32),
    }
    return replace(network, edge_flags=flags, **limits)


def told(effect, *edges, modes=None):
    modes = usual_modes(effect) if modes is None else frozenset(modes)
    return Condition(f"{effect} {edges}", edge_set(edges), effect, modes)


def weights_of(network, vehicle, *conditions):
    vehicle = vehicle if isinstance(vehicle, Vehicle) else Vehicle(vehicle)
    overlay = Overlay(network, NO_CONDITIONS.with_all(conditions))
    return edge_weights(network, vehicle, pace_ms(network, vehicle.mode), overlay)


def test_without_conditions_they_are_the_pace():
    network = grid(4, 4)
    for mode in TravelMode:
        weights = weights_of(network, mode)
        base = base_weights(network, mode)
        assert weights.through_ms.tolist() == base.tolist()
        assert weights.stand_ms.tolist() == base.tolist()
        assert weights.through_ms.dtype == weights.stand_ms.dtype == np.int32
        assert not weights.through_ms.flags.writeable
        assert not weights.stand_ms.flags.writeable


def test_a_closed_street_is_reached_but_not_driven_through(city):
    open_ms = weights_of(city, CIVILIAN).stand_ms
    through, stand = weights_of(city, CIVILIAN, told(Closed(), STREET))
    assert through[STREET] == NEVER
    assert stand.tolist() == open_ms.tolist()
    through, stand = weights_of(city, CIVILIAN, told(Closed(impassable=True), STREET))
    assert through[STREET] == stand[STREET] == NEVER
    assert (through[1:] == open_ms[1:]).all()
    through, stand = weights_of(city, BLUE_LIGHT, told(Closed(), STREET, modes={CIVILIAN}))
    assert through[STREET] == stand[STREET] < NEVER


def test_a_closed_slowed_street_is_reached_slowly(city):
    usual = weights_of(city, CIVILIAN).stand_ms[STREET]
    slow = told(Slowed(0.5), STREET)
    through, stand = weights_of(city, CIVILIAN, told(Closed(), STREET), slow)
    assert (through[STREET], stand[STREET]) == (NEVER, 2 * usual)
    rain = told(Weather(0.8), STREET)
    _, stand = weights_of(city, CIVILIAN, slow, rain)
    assert stand[STREET] == pytest.approx(usual / 0.4, abs=1)


@pytest.mark.parametrize(
    ("vehicle", "passable_m", "too_deep_m"),
    [
        (Vehicle(CIVILIAN), 0.3, 0.31),
        (Vehicle(BLUE_LIGHT), 0.3, 0.31),
        (Vehicle(HIGH_CLEARANCE), 0.8, 0.81),
        (Vehicle(HIGH_CLEARANCE, wading_m=1.2), 1.2, 1.25),
        (Vehicle(CIVILIAN, wading_m=0.1), 0.1, 0.11),
    ],
)
def test_water_slows_down_and_then_stops_even_those_who_stand_there(
    city, vehicle, passable_m, too_deep_m
):
    dry = weights_of(city, vehicle)
    shallow = weights_of(city, vehicle, told(Flooded(passable_m / 3), STREET))
    deep = weights_of(city, vehicle, told(Flooded(passable_m), STREET))
    assert dry.through_ms[STREET] <= shallow.through_ms[STREET] < deep.through_ms[STREET] < NEVER
    # 2.07 km/h at the limit, by the curve
    assert deep.through_ms[STREET] == pytest.approx(100 * 3600 / 2.0748, rel=1e-3)
    drowned = weights_of(city, vehicle, told(Flooded(too_deep_m), STREET))
    assert drowned.through_ms[STREET] == drowned.stand_ms[STREET] == NEVER


def test_a_little_water_does_not_slow_whom_it_need_not(city):
    dry = weights_of(city, CIVILIAN)
    damp = weights_of(city, CIVILIAN, told(Flooded(0.01), STREET))
    assert damp.through_ms[STREET] == dry.through_ms[STREET]


def test_limits_concern_the_vehicles_that_they_are_for(city):
    def shut(**size):
        through, stand = weights_of(city, Vehicle(BLUE_LIGHT, **size))
        assert ((through == NEVER) == (stand == NEVER)).all()
        return set(np.flatnonzero(through == NEVER).tolist()) - {RIVER, WRONG_WAY}

    assert shut() == set()
    assert shut(height_m=2.5) == set()
    assert shut(height_m=2.8) == {UNDER}
    assert shut(height_m=3.5) == {UNDER, OVER}
    assert shut(width_m=2.3) == {STREET}
    assert shut(weight_t=12.0) == {OVER}
    assert shut(height_m=2.8, width_m=2.3, weight_t=12.0) == {STREET, OVER, UNDER}


def test_contraflow_opens_the_wrong_way_at_the_pace_of_the_right_one(city):
    through, stand = weights_of(city, BLUE_LIGHT)
    assert through[WRONG_WAY] == stand[WRONG_WAY] == NEVER
    open_ = told(Contraflow(), ONEWAY, WRONG_WAY)
    through, stand = weights_of(city, BLUE_LIGHT, open_)
    assert through[WRONG_WAY] == stand[WRONG_WAY] == through[ONEWAY] < NEVER
    assert weights_of(city, CIVILIAN, open_).through_ms[WRONG_WAY] == NEVER
    for_all = told(Contraflow(), WRONG_WAY, modes={CIVILIAN})
    assert weights_of(city, CIVILIAN, for_all).through_ms[WRONG_WAY] < NEVER
    assert weights_of(city, BLUE_LIGHT, for_all).through_ms[WRONG_WAY] == NEVER
    through, stand = weights_of(city, BLUE_LIGHT, open_, told(Closed(), WRONG_WAY))
    assert through[WRONG_WAY] == NEVER
    assert stand[WRONG_WAY] < NEVER


def test_boats_go_on_water_and_on_streets_deep_enough_but_not_on_bridges(city):
    assert (weights_of(city, BOAT).through_ms < NEVER).tolist() == [
        edge == RIVER for edge in range(6)
    ]
    flood = told(Flooded(0.6), *range(6))
    through, stand = weights_of(city, BOAT, flood)
    afloat = {STREET, RIVER, ONEWAY, WRONG_WAY}
    assert set(np.flatnonzero(through < NEVER).tolist()) == afloat
    assert through[STREET] == stand[STREET] == 24_000  # 100 m at 15 km/h
    shallow = weights_of(city, BOAT, told(Flooded(0.4), *range(6)))
    assert (shallow.through_ms < NEVER).tolist() == [edge == RIVER for edge in range(6)]
    punt = weights_of(city, Vehicle(BOAT, wading_m=0.2), told(Flooded(0.4), STREET))
    assert punt.through_ms[STREET] < NEVER


def test_boats_heed_a_closure_only_where_it_names_them(city):
    flood = told(Flooded(0.6), STREET)
    assert weights_of(city, BOAT, flood, told(Closed(), STREET, RIVER)).through_ms[STREET] < NEVER
    named = told(Closed(), STREET, RIVER, modes={BOAT})
    through, stand = weights_of(city, BOAT, flood, named)
    assert through[STREET] == through[RIVER] == NEVER
    assert stand[STREET] == 24_000


def test_low_bridges_concern_boats_but_weak_ones_do_not(city):
    low = replace(city, edge_max_height_m=np.full(6, 2.0, np.float32))
    assert weights_of(low, Vehicle(BOAT, height_m=2.5)).through_ms[RIVER] == NEVER
    weak = replace(city, edge_max_weight_t=np.full(6, 1.0, np.float32))
    assert weights_of(weak, Vehicle(BOAT, weight_t=2.5)).through_ms[RIVER] < NEVER


def test_weights_stay_between_their_limits():
    nodes = [(116.0, 39.0), (116.001, 39.0)]
    streets = [Street(0, 1, length_m=m, speed_kph=1) for m in (0.0, 9_999_999.0)]
    network = make_network(nodes, streets)
    weights = weights_of(network, CIVILIAN, told(Slowed(0.01), 1, 2, 3))
    assert weights.through_ms.tolist() == [1, 100, NO_WAY_MS - 1, NO_WAY_MS - 1]


@pytest.mark.parametrize("seed", range(5))
def test_some_edges_are_bit_equal_to_all(city, seed):
    rng = np.random.default_rng(seed)
    effects = [Closed(), Closed(impassable=True), Contraflow(), Slowed(0.37), Weather(0.83)]
    effects += [Flooded(d) for d in (0.05, 0.17, 0.3, 0.7, 1.1)]
    network = city if seed % 2 else grid(6, 6)
    chosen = [
        told(effects[i], *rng.choice(network.edge_count, 3)) for i in rng.choice(len(effects), 6)
    ]
    overlay = Overlay(network, Conditions().with_all(chosen))
    edges = np.flatnonzero(rng.random(network.edge_count) < 0.5).astype(np.int32)
    for mode in TravelMode:
        for vehicle in (Vehicle(mode), Vehicle(mode, 2.8, 2.1, 12.0, 0.55)):
            pace = pace_ms(network, mode)
            every = edge_weights(network, vehicle, pace, overlay)
            some = edge_weights(network, vehicle, pace, overlay, edges)
            assert some.through_ms.tolist() == every.through_ms[edges].tolist()
            assert some.stand_ms.tolist() == every.stand_ms[edges].tolist()
            none = edge_weights(network, vehicle, pace, overlay, edges[:0])
            assert len(none.through_ms) == len(none.stand_ms) == 0
