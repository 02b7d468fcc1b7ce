"""Congestion: the hour of the week, and who feels how much of it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import yaml

import roadnets
from roadnets.network import HIGHWAY_CLASSES, EdgeFlag
from roadnets.travel import TravelMode
from roadnets.weights.congestion import CLASS_GROUPS, FLAT, HOURS, Congestion, week_slot, zone_of
from tests.roadnets.networks import Street, make_network

BLUE_LIGHT, CIVILIAN, HIGH_CLEARANCE, BOAT = TravelMode
DAY = [1.0] * 24
RUSH = [1.0] * 8 + [0.4] + [1.0] * 15


@pytest.mark.parametrize(
    ("instant", "zone", "slot"),
    [
        ("2026-11-23T00:00:00+08:00", "+08:00", 0),
        ("2026-11-23T00:59:59+08:00", "Asia/Shanghai", 0),
        ("2026-11-22T16:00:00+00:00", "Asia/Shanghai", 0),
        ("2026-11-22T15:59:59+00:00", "Asia/Shanghai", 167),
        ("2026-11-24T08:30:00+08:00", "+08:00", 32),
        ("2026-11-24T08:30:00+08:00", "-05:30", 19),
        ("2026-07-01T12:00:00+00:00", "Europe/Lisbon", 61),
    ],
)
def test_slot_is_the_local_hour_of_the_week(instant, zone, slot):
    assert week_slot(datetime.fromisoformat(instant), zone_of(zone)) == slot


def test_slot_needs_a_zone():
    with pytest.raises(ValueError, match="2026-11-24T08:30:00; allowed: with a time zone"):
        week_slot(datetime(2026, 11, 24, 8, 30), UTC)  # noqa: DTZ001 -- it is refused


@pytest.mark.parametrize("text", ["", "8", "+15:00", "+08:60", "Asia/Nowhere", "../etc", "/etc"])
def test_zone_refuses_what_is_none(text):
    with pytest.raises(ValueError, match=re.escape(f"zone is '{text}'; allowed: an offset")):
        zone_of(text)
    assert zone_of("-05:30").utcoffset(None) == -timedelta(hours=5, minutes=30)


def test_groups_do_not_overlap_and_water_does_not_jam():
    members = [name for group in CLASS_GROUPS.values() for name in group]
    assert len(members) == len(set(members))
    rest = set(HIGHWAY_CLASSES) - set(members)
    assert rest == {"busway", "emergency_access", "waterway", "landing"}


def test_narrower_days_override_wider_ones():
    week = Congestion.from_mapping(
        {
            "factors": {
                "main": {
                    "tuesday": [0.3] * 24,
                    "everyday": [0.9] * 24,
                    "workday": RUSH,
                    "sunday": DAY,
                }
            }
        }
    ).factors["main"]
    assert week.shape == (HOURS,)
    assert week[8] == 0.4  # Monday at 8
    assert (week[24:48] == 0.3).all()
    assert (week[120:144] == 0.9).all()  # Saturday
    assert (week[144:] == 1).all()
    assert not week.flags.writeable


@pytest.fixture(scope="module")
def city():
    flags = EdgeFlag.CIVILIAN
    streets = [
        Street(0, 1, oneway=True, highway="motorway", flags=flags),
        Street(0, 1, oneway=True, highway="secondary", flags=flags),
        Street(0, 1, oneway=True, highway="secondary", flags=flags | EdgeFlag.BUS_LANE),
        Street(0, 1, oneway=True, highway="residential", flags=flags),
        Street(0, 1, oneway=True, highway="waterway", flags=EdgeFlag.WATER),
    ]
    return make_network([(116.0, 39.0), (116.001, 39.0)], streets)


def test_each_group_has_its_own_factor_and_blue_light_feels_a_share(city):
    congestion = Congestion.from_mapping(
        {
            "blue_light_share": 0.5,
            "factors": {"main": {"everyday": RUSH}, "expressway": {"everyday": [0.8] * 24}},
        }
    )
    traffic = congestion.traffic_scale(city, 8)
    assert traffic.tolist() == [0.8, 0.4, 0.4, 1, 1]
    assert congestion.felt(city, CIVILIAN, traffic).tolist() == traffic.tolist()
    assert congestion.felt(city, HIGH_CLEARANCE, traffic).tolist() == traffic.tolist()
    assert congestion.felt(city, BLUE_LIGHT, traffic).tolist() == pytest.approx([0.9, 0.7, 1, 1, 1])
    assert congestion.felt(city, BOAT, traffic).tolist() == [1] * 5
    assert congestion.traffic_scale(city, 9).tolist() == [0.8, 1, 1, 1, 1]
    assert not congestion.is_flat(9)


def test_flat_is_flat(city):
    assert all(FLAT.is_flat(slot) for slot in range(HOURS))
    assert FLAT.traffic_scale(city, 8).tolist() == [1] * 5
    assert Congestion.from_mapping({}).is_flat(0)


@pytest.mark.parametrize("slot", [-1, 168])
def test_slot_outside_the_week_is_refused(city, slot):
    for ask in (lambda: FLAT.is_flat(slot), lambda: FLAT.traffic_scale(city, slot)):
        with pytest.raises(ValueError, match=f"slot is {slot}; allowed: 0 to 167"):
            ask()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"factor": {}}, "factor is unknown; allowed: name, zone, blue_light_share, factors"),
        ({"blue_light_share": 1.5}, "blue_light_share is 1.5; allowed: 0 to 1"),
        ({"blue_light_share": "half"}, "blue_light_share is 'half'; allowed: a number"),
        ({"blue_light_share": True}, "blue_light_share is True; allowed: a number"),
        ({"factors": [1]}, r"factors is \[1\]; allowed: names with values"),
        ({"factors": {"alley": {}}}, "factors.alley is unknown; allowed: expressway, main, local"),
        ({"factors": {"main": 3}}, "factors.main is 3; allowed: names with values"),
        (
            {"factors": {"main": {"maandag": DAY}}},
            "factors.main.maandag is unknown; allowed: every",
        ),
        ({"factors": {"main": {"monday": DAY[1:]}}}, "factors.main.monday is .*; allowed: 24"),
        ({"factors": {"main": {"monday": "8-9"}}}, "factors.main.monday is '8-9'; allowed: 24"),
        (
            {"factors": {"main": {"monday": [*DAY[:5], 0.0, *DAY[6:]]}}},
            r"factors.main.monday\[5\] is 0; allowed: 0.05 to 2",
        ),
        (
            {"factors": {"main": {"monday": [*DAY[:5], None, *DAY[6:]]}}},
            r"factors.main.monday\[5\] is None; allowed: a number",
        ),
        (
            {"factors": {"main": {"monday": [*DAY[:5], float("nan"), *DAY[6:]]}}},
            r"factors.main.monday\[5\] is nan; allowed: 0.05 to 2",
        ),
    ],
)
def test_reading_names_the_field_the_value_and_what_is_allowed(given, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Congestion.from_mapping(given)


def test_arrays_are_checked_too():
    with pytest.raises(ValueError, match=r"factors.main has shape \(24,\); it must be \(168,\)"):
        Congestion(MappingProxyType({"main": np.ones(24)}))
    with pytest.raises(ValueError, match=r"factors.main\[167\] is 3; allowed: 0.05 to 2"):
        Congestion(MappingProxyType({"main": np.array([1.0] * 167 + [3.0])}))
    with pytest.raises(ValueError, match="factors.lane; allowed: expressway, main, local"):
        Congestion(MappingProxyType({"lane": np.ones(168)}))


def test_the_example_can_be_read_and_is_slowest_in_the_peaks():
    path = Path(roadnets.__file__).parent / "data" / "congestion-example.yaml"
    congestion = Congestion.from_mapping(yaml.safe_load(path.read_text("utf-8")))
    main = congestion.factors["main"].reshape(7, 24)
    assert set(main[:5].argmin(axis=1).tolist()) <= {8, 17, 18}
    assert main[:5].min() < main[5:].min()
    assert (main[:, 2:5] >= 1).all()
