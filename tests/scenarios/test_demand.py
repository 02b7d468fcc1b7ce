"""Demand: the same seed, the same calls; where people live; what the fleet can bear."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from dispatch.emergency.plans import ResponsePlans
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.model import Station, Unit
from dispatch.model import Capability, StationId, UnitId
from roadnets.beside import District
from roadnets.geo import CoordinateSystem, LonLat, distance_m, to_wgs84
from roadnets.network import RoadNetwork
from scenarios.demand import (
    SHARES,
    TRAFFIC_TYPES,
    CallPlaces,
    Load,
    Service,
    draw_calls,
    enlarged,
    load_for,
    service_of,
    with_point,
)
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, grid, make_network

STEP = DEGREES_PER_100_M
LOAD = Load(medical=45.0, fire=15.0)


@pytest.fixture(scope="module")
def plans() -> ResponsePlans:
    return read_plans(default_plans_path())


@pytest.fixture(scope="module")
def places() -> CallPlaces:
    return CallPlaces(grid(6, 6))


def rectangle(west: float, east: float) -> tuple[LonLat, ...]:
    south, north = ORIGIN.lat - 1, ORIGIN.lat + 1
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return tuple(LonLat(*corner) for corner in corners)


def two_districts(west_people: int, east_people: int) -> RoadNetwork:
    """A long street, half of it in each of two districts."""
    nodes = [(ORIGIN.lon + i * STEP, ORIGIN.lat) for i in range(21)]
    streets = [Street(i, i + 1, name="长街") for i in range(20)]
    middle = ORIGIN.lon + 10 * STEP
    return _with_districts(
        make_network(nodes, streets),
        District("r/1", "西区", "West", west_people, rectangle(ORIGIN.lon - 1, middle)),
        District("r/2", "东区", "East", east_people, rectangle(middle, ORIGIN.lon + 1)),
    )


def _with_districts(network: RoadNetwork, *districts: District) -> RoadNetwork:
    return replace(network, districts=districts)


def fleet(ambulances: int, pumps: int = 0) -> FleetFile:
    station = Station(StationId("S1"), "站", "", "post", ORIGIN)
    kinds = [("A", "als")] * ambulances + [("E", "pump")] * pumps
    units = [
        Unit(UnitId(f"{letter}{i}"), f"120-{i}", "x", StationId("S1"), (Capability(c),), 60)
        for i, (letter, c) in enumerate(kinds)
    ]
    return FleetFile((station,), (), tuple(units))


def test_the_same_seed_gives_the_same_calls(places: CallPlaces, plans: ResponsePlans) -> None:
    once, again, other = (
        draw_calls(places, plans, LOAD, np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    assert once == again
    assert once != other


def test_calls_come_in_order_within_the_hour(places: CallPlaces, plans: ResponsePlans) -> None:
    calls = draw_calls(places, plans, LOAD, np.random.default_rng(1))
    times = [call.at_s for call in calls]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= 3600


def test_there_are_as_many_as_the_load_says(places: CallPlaces, plans: ResponsePlans) -> None:
    counts = [
        len(draw_calls(places, plans, LOAD, np.random.default_rng(seed))) for seed in range(40)
    ]
    assert np.mean(counts) == pytest.approx(LOAD.total, abs=4)  # 3 standard errors of the mean
    assert len(set(counts)) > 10


def test_too_few_are_made_up(places: CallPlaces, plans: ResponsePlans) -> None:
    calls = draw_calls(places, plans, Load(1.0, 1.0), np.random.default_rng(1), at_least=60)
    assert len(calls) == 60


def test_both_services_are_called(places: CallPlaces, plans: ResponsePlans) -> None:
    calls = draw_calls(places, plans, Load(300.0, 100.0), np.random.default_rng(1))
    share = np.mean([call.service is Service.MEDICAL for call in calls])
    assert share == pytest.approx(0.75, abs=0.08)
    for call in calls:
        assert service_of(plans.types[call.incident_type]) is call.service
        assert call.priority in plans.types[call.incident_type].plans


def test_more_people_more_calls(plans: ResponsePlans) -> None:
    places = CallPlaces(two_districts(900_000, 100_000))
    calls = draw_calls(places, plans, Load(600.0, 0.0), np.random.default_rng(1))
    west = [call.point.lon < ORIGIN.lon + 10 * STEP for call in calls]
    assert np.mean(west) == pytest.approx(0.9, abs=0.05)


def test_streets_in_no_district_count_as_the_emptiest(plans: ResponsePlans) -> None:
    network = two_districts(900_000, 100_000)
    places = CallPlaces(_with_districts(network, network.districts[0]))
    calls = draw_calls(places, plans, Load(600.0, 0.0), np.random.default_rng(1))
    west = [call.point.lon < ORIGIN.lon + 10 * STEP for call in calls]
    assert np.mean(west) == pytest.approx(0.5, abs=0.07)


def test_an_address_names_district_and_street(plans: ResponsePlans) -> None:
    calls = draw_calls(
        CallPlaces(two_districts(1, 1)), plans, LOAD, np.random.default_rng(1), at_least=30
    )
    assert {call.address for call in calls} == {"西区 长街", "东区 长街"}


def test_a_chinese_maps_points_are_tagged_and_mean_the_same_place(
    places: CallPlaces, plans: ResponsePlans
) -> None:
    calls = draw_calls(places, plans, Load(300.0, 0.0), np.random.default_rng(1))
    shifted = [call for call in calls if call.system is CoordinateSystem.GCJ02]
    assert 0.05 < len(shifted) / len(calls) < 0.2
    for call in calls:
        assert distance_m(to_wgs84(call.lon, call.lat, call.system), call.point) < 0.1
    assert all(distance_m(LonLat(c.lon, c.lat), c.point) > 100 for c in shifted)


def test_calls_are_beside_a_street(places: CallPlaces) -> None:
    rng = np.random.default_rng(1)
    network = grid(6, 6)
    for edge in range(0, network.edge_count, 7):
        point = places.on_edge(edge, rng)
        line = network.edge_line(edge)
        assert min(distance_m(point, corner) for corner in line) < 120


def test_road_accidents_happen_on_main_roads(plans: ResponsePlans) -> None:
    nodes = [(ORIGIN.lon + i * STEP, ORIGIN.lat + (i % 2) * STEP) for i in range(12)]
    streets = [
        Street(i, i + 1, name="lane" if road == "residential" else "main", highway=road)
        for i, road in enumerate(["primary"] * 4 + ["residential"] * 6 + ["motorway"])
    ]
    calls = draw_calls(
        CallPlaces(make_network(nodes, streets)),
        plans,
        Load(200.0, 100.0),
        np.random.default_rng(1),
    )
    traffic = [c for c in calls if c.incident_type in TRAFFIC_TYPES]
    others = [c for c in calls if c.incident_type not in TRAFFIC_TYPES]
    assert traffic
    assert not [c for c in traffic if c.address == "lane"]
    assert {c.address for c in others} == {"main", "lane"}
    hurt = [c for c in calls if plans.types[c.incident_type].plan(c.priority).transport]
    assert {c.incident_type for c in hurt if (c.patients or 0) > 1} <= TRAFFIC_TYPES
    assert all(c.patients for c in hurt)


def test_every_share_is_of_a_type_that_the_plans_have(plans: ResponsePlans) -> None:
    assert set(SHARES) == set(plans.types)


def test_plans_of_another_centre_serve_too(places: CallPlaces, plans: ResponsePlans) -> None:
    only = plans.types["structure_fire"]
    alone = msgspec.structs.replace(plans, types={"brand": only})
    calls = draw_calls(places, alone, LOAD, np.random.default_rng(1))
    assert {call.service for call in calls} == {Service.FIRE}


def test_a_larger_fleet_bears_more(plans: ResponsePlans) -> None:
    ten, twenty = (load_for(fleet(count), plans, 240.0) for count in (10, 20))
    assert twenty.medical == pytest.approx(2 * ten.medical)
    assert ten.fire == 0 < load_for(fleet(10, 10), plans, 240.0).fire


def test_long_ways_leave_time_for_fewer_calls(plans: ResponsePlans) -> None:
    near, far = (load_for(fleet(10, 10), plans, drive_s) for drive_s in (240.0, 900.0))
    assert far.medical < near.medical
    assert far.fire < near.fire


def test_the_scarcest_units_say_how_much_can_be_borne(plans: ResponsePlans) -> None:
    mixed = fleet(10)
    basic = [msgspec.structs.replace(u, capabilities=(Capability("bls"),)) for u in mixed.units[1:]]
    poor = msgspec.structs.replace(mixed, units=(mixed.units[0], *basic))
    assert load_for(poor, plans, 240.0).medical < load_for(mixed, plans, 240.0).medical / 2


@pytest.mark.parametrize("calls", [20, 60, 61, 300])
def test_a_small_fleet_is_enlarged_where_it_stands(calls: int, plans: ResponsePlans) -> None:
    small = fleet(7, 4)
    large = enlarged(small, plans, 240.0, calls)
    assert load_for(large, plans, 240.0).total == pytest.approx(calls, abs=4)
    assert len({unit.unit_id for unit in large.units}) == len(large.units)
    assert set(small.units) <= set(large.units)
    assert {unit.station for unit in large.units} == {"S1"}


def test_a_large_fleet_stays_as_it_is(plans: ResponsePlans) -> None:
    large = fleet(200, 50)
    assert enlarged(large, plans, 240.0, 60) == large


def test_a_call_can_be_moved(places: CallPlaces, plans: ResponsePlans) -> None:
    call = draw_calls(places, plans, LOAD, np.random.default_rng(1), at_least=1)[0]
    moved = with_point(call, LonLat(116.4, 39.91), "elsewhere")
    assert moved.point == (116.4, 39.91)
    assert distance_m(to_wgs84(moved.lon, moved.lat, moved.system), moved.point) < 0.1
    assert (moved.at_s, moved.incident_type) == (call.at_s, call.incident_type)
