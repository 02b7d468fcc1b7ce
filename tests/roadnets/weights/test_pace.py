"""Pace: base weights, then the hour, then what was measured."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from roadnets.network import EdgeFlag
from roadnets.travel import TravelMode
from roadnets.weights.congestion import FLAT, Congestion
from roadnets.weights.live_speeds import LiveSpeeds
from roadnets.weights.pace import all_pace_ms, pace_ms
from roadnets.weights.speeds import NOT_DRIVABLE_MS, PROFILES, SpeedProfile, base_weights
from tests.roadnets.networks import Street, grid, make_network

BLUE_LIGHT, CIVILIAN, HIGH_CLEARANCE, BOAT = TravelMode
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PLAIN = SpeedProfile({}, other_factor=1.0, signal_delay_s=10.0, gate_delay_s=0.0)
PLAINLY = dict.fromkeys(TravelMode, PLAIN)
JAM = Congestion.from_mapping(
    {"blue_light_share": 0.25, "factors": {"local": {"everyday": [0.5] * 24}}}
)


def street(**more):
    """A street of 100 m at 36 km/h with a signal: 10 s and 10 s."""
    flags = more.pop("flags", EdgeFlag.CIVILIAN | EdgeFlag.SIGNAL_AT_HEAD)
    nodes = [(116.0, 39.0), (116.001, 39.0)]
    return make_network(nodes, [Street(0, 1, oneway=True, length_m=100, flags=flags, **more)])


def measured(network, kph, age_s=0.0):
    live = LiveSpeeds.none(network.edge_count, fresh_s=100, gone_s=300)
    return live.with_measured([0], [kph], NOW.timestamp() - age_s, NOW)


def test_flat_and_nothing_measured_is_the_base_bit_for_bit():
    networks = (grid(4, 4), street(), street(highway="trunk", speed_kph=47.3))
    for network in networks:
        nothing = LiveSpeeds.none(network.edge_count)
        for mode in TravelMode:
            base = base_weights(network, mode)
            assert pace_ms(network, mode).tolist() == base.tolist()
            pace = pace_ms(network, mode, FLAT, 100, nothing, NOW)
            assert pace.tolist() == base.tolist()
            assert pace.dtype == np.int32
            assert not pace.flags.writeable


def test_a_jam_slows_driving_but_not_waiting():
    network = street()
    pace = all_pace_ms(network, JAM, 8, profiles=PLAINLY)
    assert pace[CIVILIAN].tolist() == [20_000 + 10_000]
    assert pace[HIGH_CLEARANCE].tolist() == [20_000 + 10_000]
    assert pace[BLUE_LIGHT].tolist() == [round(10_000 / 0.875) + 10_000]
    beside = street(flags=EdgeFlag.CIVILIAN | EdgeFlag.BUS_LANE)
    assert pace_ms(beside, BLUE_LIGHT, JAM, 8, profiles=PLAINLY).tolist() == [10_000]
    assert pace_ms(beside, CIVILIAN, JAM, 8, profiles=PLAINLY).tolist() == [20_000]


def test_civilians_take_what_was_measured_and_it_fades():
    network = street()
    for age_s, ms in ((0, 72_000), (200, (72_000 + 20_000) // 2), (300, 20_000)):
        live = measured(network, 5, age_s)
        assert pace_ms(network, CIVILIAN, FLAT, 0, live, NOW, PLAINLY).tolist() == [ms]
    live = measured(network, 5)
    later = NOW + timedelta(seconds=200)
    assert pace_ms(network, CIVILIAN, JAM, 0, live, later, PLAINLY).tolist() == [
        (72_000 + 30_000) // 2
    ]


def test_others_are_told_by_the_ratio_to_the_usual_speed_of_civilians():
    network = street()
    live = measured(network, 9)  # 40 s where 20 s are usual: r is 1/2
    trucks = {**PLAINLY, HIGH_CLEARANCE: SpeedProfile({}, 0.5, 10.0, 0.0)}
    pace = all_pace_ms(network, JAM, 0, live, NOW, trucks)
    assert pace[HIGH_CLEARANCE].tolist() == [60_000]
    assert pace[BLUE_LIGHT].tolist() == [round(10_000 / 0.875) + 10_000]
    beside = street(flags=EdgeFlag.CIVILIAN | EdgeFlag.BUS_LANE)
    assert pace_ms(beside, BLUE_LIGHT, JAM, 0, measured(beside, 9), NOW, PLAINLY).tolist() == [
        10_000
    ]


def test_a_green_light_makes_no_ambulance_faster_than_its_profile():
    network = street()
    pace = all_pace_ms(network, FLAT, 0, measured(network, 36), NOW, PLAINLY)
    assert pace[CIVILIAN].tolist() == [10_000]
    assert pace[BLUE_LIGHT].tolist() == [20_000]


def test_boats_meet_no_traffic():
    river = street(highway="waterway", speed_kph=15.0, flags=EdgeFlag.WATER)
    assert pace_ms(river, BOAT, JAM, 8, measured(river, 3), NOW).tolist() == [24_000]
    assert pace_ms(river, CIVILIAN, JAM, 8, measured(river, 3), NOW).tolist() == [NOT_DRIVABLE_MS]


def test_the_wrong_way_has_the_pace_of_the_right_one():
    network = grid(1, 2)
    flags = network.edge_flags.copy()
    flags[0] = EdgeFlag.CIVILIAN | EdgeFlag.SIGNAL_AT_HEAD
    flags[1] = EdgeFlag.AGAINST_ONEWAY
    network = replace(network, edge_flags=flags)
    live = measured(network, 3)
    for mode in (BLUE_LIGHT, CIVILIAN, HIGH_CLEARANCE):
        for args in ((), (JAM, 8), (FLAT, 0, live, NOW)):
            pace = pace_ms(network, mode, *args)
            assert pace[1] == pace[0] < NOT_DRIVABLE_MS
            assert not pace.flags.writeable
    assert pace_ms(network, BOAT)[1] == NOT_DRIVABLE_MS
    restricted = flags.copy()
    restricted[0] |= np.uint16(EdgeFlag.RESTRICTED)
    network = replace(network, edge_flags=restricted)
    assert pace_ms(network, CIVILIAN).tolist() == [NOT_DRIVABLE_MS] * 2


def test_an_edge_without_length_has_a_pace_however_it_was_measured():
    nodes = [(116.0, 39.0), (116.001, 39.0)]
    network = make_network(nodes, [Street(0, 1, oneway=True, length_m=0.0)])
    for mode, pace in all_pace_ms(network, JAM, 8, measured(network, 0), NOW).items():
        assert 1 <= pace[0] < 10 or mode is BOAT


def test_what_is_missing_is_told():
    network = street()
    with pytest.raises(ValueError, match="now is missing"):
        pace_ms(network, CIVILIAN, live=measured(network, 9))
    with pytest.raises(ValueError, match="slot is 168"):
        pace_ms(network, CIVILIAN, JAM, 168)


def test_profiles_are_complete():
    assert set(PROFILES) == set(TravelMode)
