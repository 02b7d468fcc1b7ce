"""Base weights: who may drive where, and how long it takes."""

import numpy as np
import pytest

from roadnets.network import HIGHWAY_CLASSES, EdgeFlag
from roadnets.travel import TravelMode
from roadnets.weights.speeds import (
    DEFAULT_SPEED_KPH,
    NOT_DRIVABLE_MS,
    PROFILES,
    SpeedProfile,
    all_base_weights,
    base_weights,
    drivable,
)
from tests.roadnets.networks import Street, grid, make_network

BLUE_LIGHT, CIVILIAN, HIGH_CLEARANCE, BOAT = TravelMode
PLAIN = SpeedProfile(class_factor={}, other_factor=1.0, signal_delay_s=0, gate_delay_s=0)


def one_street(**of_street: object):
    nodes = [(116.0, 39.0), (116.001, 39.0)]
    return make_network(nodes, [Street(0, 1, oneway=True, length_m=100.0, **of_street)])


def test_every_highway_class_has_a_default_speed():
    assert set(DEFAULT_SPEED_KPH) == set(HIGHWAY_CLASSES)
    assert min(DEFAULT_SPEED_KPH.values()) > 0


def test_weight_is_length_over_speed():
    network = one_street(speed_kph=36.0)
    assert base_weights(network, BLUE_LIGHT, PLAIN).tolist() == [10_000]
    slow = SpeedProfile({"residential": 0.5}, other_factor=1, signal_delay_s=0, gate_delay_s=0)
    assert base_weights(network, BLUE_LIGHT, slow).tolist() == [20_000]


def test_signal_and_gates_delay():
    profile = SpeedProfile({}, other_factor=1, signal_delay_s=7, gate_delay_s=20)
    network = one_street(flags=EdgeFlag.CIVILIAN | EdgeFlag.SIGNAL_AT_HEAD | EdgeFlag.GATE, gates=2)
    assert base_weights(network, CIVILIAN, profile).tolist() == [10_000 + 7_000 + 40_000]


@pytest.mark.parametrize(
    ("flags", "civilian"),
    [
        (EdgeFlag.CIVILIAN, True),
        (EdgeFlag.CIVILIAN | EdgeFlag.RESTRICTED, False),
        (EdgeFlag.RESTRICTED, False),
        (EdgeFlag(0), False),
    ],
)
def test_blue_light_drives_everywhere_and_civilians_only_where_they_may(flags, civilian):
    network = one_street(flags=flags)
    assert drivable(network, BLUE_LIGHT).all()
    assert drivable(network, CIVILIAN).tolist() == [civilian]
    assert (base_weights(network, CIVILIAN)[0] == NOT_DRIVABLE_MS) is not civilian
    assert base_weights(network, BLUE_LIGHT)[0] < NOT_DRIVABLE_MS


@pytest.mark.parametrize(
    ("flags", "modes"),
    [
        (EdgeFlag.CIVILIAN, {BLUE_LIGHT, CIVILIAN, HIGH_CLEARANCE}),
        (EdgeFlag.CIVILIAN | EdgeFlag.RESTRICTED, {BLUE_LIGHT}),
        (EdgeFlag.CIVILIAN | EdgeFlag.AGAINST_ONEWAY, set()),
        (EdgeFlag.RESTRICTED | EdgeFlag.AGAINST_ONEWAY, set()),
        (EdgeFlag.WATER, {BOAT}),
        (EdgeFlag.WATER | EdgeFlag.CIVILIAN, {BOAT}),
    ],
)
def test_each_mode_has_its_own_edges(flags, modes):
    network = one_street(flags=flags)
    weights = all_base_weights(network)
    assert {mode for mode in TravelMode if drivable(network, mode)[0]} == modes
    assert {mode for mode in TravelMode if weights[mode][0] < NOT_DRIVABLE_MS} == modes


def test_boats_make_15_kph_and_trucks_less_than_cars():
    river = one_street(highway="waterway", speed_kph=15.0, flags=EdgeFlag.WATER)
    assert base_weights(river, BOAT).tolist() == [24_000]
    weights = all_base_weights(grid(3, 3))
    assert (weights[HIGH_CLEARANCE] > weights[CIVILIAN]).all()


def test_turns_cost_civilians_and_trucks_alone():
    for mode in (BLUE_LIGHT, BOAT):
        profile = PROFILES[mode]
        assert profile.left_turn_delay_s == profile.right_turn_delay_s == 0
        assert profile.u_turn_delay_s == 0
    for mode in (CIVILIAN, HIGH_CLEARANCE):
        profile = PROFILES[mode]
        assert 0 < profile.right_turn_delay_s < profile.left_turn_delay_s < profile.u_turn_delay_s


def test_weight_stays_between_its_limits():
    nodes = [(116.0, 39.0), (116.001, 39.0)]
    lengths = [0.0, 9_999_999.0]
    network = make_network(nodes, [Street(0, 1, length_m=x, speed_kph=1) for x in lengths])
    weights = base_weights(network, BLUE_LIGHT, PLAIN)
    assert weights.tolist() == [1, 1, NOT_DRIVABLE_MS - 1, NOT_DRIVABLE_MS - 1]
    assert weights.dtype == np.int32
    assert not weights.flags.writeable


def test_blue_light_is_faster_by_about_what_was_measured():
    """Ho and Casey 1998 (urban) and Ho and Lindquist 2001 (rural): 38.5 % and 30.9 %."""
    nodes = [(116.0, 39.0), (116.003, 39.0)]
    flags = EdgeFlag.CIVILIAN | EdgeFlag.SIGNAL_AT_HEAD
    streets = [Street(0, 1, highway="secondary", speed_kph=50, flags=flags, length_m=300)]
    weights = all_base_weights(make_network(nodes, streets))
    assert 0.45 < weights[BLUE_LIGHT][0] / weights[CIVILIAN][0] < 0.75


def test_no_mode_is_faster_as_a_civilian():
    weights = all_base_weights(grid(3, 3))
    assert (weights[BLUE_LIGHT] <= weights[CIVILIAN]).all()
    assert (PROFILES[BLUE_LIGHT].factors() >= PROFILES[CIVILIAN].factors()).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_factor": {"avenue": 1.0}}, "no highway class: avenue"),
        ({"class_factor": {"primary": 0.0}}, "above 0"),
        ({"other_factor": -1.0}, "above 0"),
        ({"signal_delay_s": -1.0}, "below 0 s"),
        ({"gate_delay_s": -1.0}, "gate_delay_s is -1.0; a delay must not be below 0 s"),
        ({"left_turn_delay_s": float("nan")}, "left_turn_delay_s is nan"),
    ],
)
def test_profile_refuses_nonsense(change, message):
    fine = {"class_factor": {}, "other_factor": 1.0, "signal_delay_s": 0.0, "gate_delay_s": 0.0}
    with pytest.raises(ValueError, match=message):
        SpeedProfile(**{**fine, **change})
