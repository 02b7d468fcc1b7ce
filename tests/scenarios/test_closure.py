"""Which bridge is closed: the busiest that leaves a way round."""

from __future__ import annotations

import numpy as np
import pytest

from dispatch.conditions.streets import Streets
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.model import Station, Unit
from dispatch.model import Capability, StationId, UnitId
from roadnets.engine import TravelEngine
from roadnets.geo import LonLat
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.snapping.snap import Snapper
from scenarios.closure import busiest, detour, distance_to
from scenarios.demand import CallPlaces
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, make_network

STEP = DEGREES_PER_100_M
BRIDGE = EdgeFlag.CIVILIAN | EdgeFlag.BRIDGE
COLUMNS = 6


def node(row: int, column: int) -> int:
    return row * COLUMNS + column


def point(row: float, column: float) -> LonLat:
    return LonLat(ORIGIN.lon + column * STEP, ORIGIN.lat + row * STEP)


def river_city(*bridges: tuple[int, str, EdgeFlag]) -> RoadNetwork:
    """Two streets along a river, joined where the bridges are."""
    nodes = [point(row, column) for row in range(2) for column in range(COLUMNS)]
    streets = [
        Street(node(row, c), node(row, c + 1), name=("北岸街", "南岸街")[row])
        for row in range(2)
        for c in range(COLUMNS - 1)
    ]
    streets += [Street(node(0, c), node(1, c), name=name, flags=flag) for c, name, flag in bridges]
    return make_network(nodes, streets)


def streets_of(network: RoadNetwork) -> Streets:
    return Streets(network, Snapper(network), TravelEngine.plain)


NORTH = [point(0, 2.4), point(0, 1.6)]
SOUTH = [point(1, c + 0.5) for c in range(5)]


def test_the_busiest_bridge_is_chosen() -> None:
    network = river_city((2, "中桥", BRIDGE), (5, "远桥", BRIDGE))
    crossing = busiest(streets_of(network), NORTH, SOUTH)
    assert crossing is not None
    assert (crossing.name, crossing.bridge) == ("中桥", True)
    assert crossing.uses > crossing.ways / 2
    assert set(crossing.edges) == set(network.edges_named("中桥").tolist())


def test_a_bridge_without_a_way_round_is_passed_over() -> None:
    network = river_city((2, "独桥", BRIDGE))
    crossing = busiest(streets_of(network), NORTH, SOUTH)
    assert crossing is None or not crossing.bridge


def test_a_street_serves_where_no_bridge_has_a_name() -> None:
    network = river_city((2, "", BRIDGE), (3, "中路", EdgeFlag.CIVILIAN), (5, "", BRIDGE))
    crossing = busiest(streets_of(network), NORTH, SOUTH)
    assert crossing is not None
    assert not crossing.bridge


def test_only_the_bridge_of_a_longer_street_is_closed() -> None:
    nodes = [point(row, column) for row in range(2) for column in range(COLUMNS)]
    streets = [
        Street(node(row, c), node(row, c + 1), name="人民路" if row == 0 else "南岸街")
        for row in range(2)
        for c in range(COLUMNS - 1)
    ]
    streets += [
        Street(node(0, 2), node(1, 2), name="人民路", flags=BRIDGE),
        Street(node(0, 5), node(1, 5), name="远桥", flags=BRIDGE),
    ]
    network = make_network(nodes, streets)
    crossing = busiest(streets_of(network), NORTH, SOUTH)
    assert crossing is not None
    assert crossing.name == "人民路 (its bridges)"
    assert len(crossing.edges) == 2


def fleet(*homes: tuple[LonLat, str]) -> FleetFile:
    stations = tuple(
        Station(StationId(f"S{i}"), "站", "", "post", home) for i, (home, _) in enumerate(homes)
    )
    units = tuple(
        Unit(UnitId(f"U{i}"), "", "x", StationId(f"S{i}"), (Capability(c),), 60)
        for i, (_, c) in enumerate(homes)
    )
    return FleetFile(stations, (), units)


def test_the_call_near_it_needs_what_has_to_go_round() -> None:
    """Ambulances stand on both banks, the one ladder on the north bank: its call is chosen."""
    network = river_city((2, "中桥", BRIDGE), (5, "远桥", BRIDGE))
    streets = streets_of(network)
    crossing = busiest(streets, NORTH, SOUTH)
    assert crossing is not None
    plans = read_plans(default_plans_path())
    units = fleet((NORTH[0], "bls"), (SOUTH[2], "bls"), (NORTH[1], "ladder"))
    found = detour(streets, units, plans, crossing, CallPlaces(network), np.random.default_rng(1))
    assert found is not None
    assert found.capability == "ladder"
    assert found.closed_s > found.open_s
    needs = plans.types[found.incident_type].plan(found.priority).needs
    assert "ladder" in {need.capability for need in needs}
    assert plans.types[found.incident_type].automatic
    assert distance_to(network, crossing.edges, found.point) < 1500


def test_without_stations_there_is_no_call_near_it() -> None:
    network = river_city((2, "中桥", BRIDGE), (5, "远桥", BRIDGE))
    streets = streets_of(network)
    crossing = busiest(streets, NORTH, SOUTH)
    assert crossing is not None
    plans = read_plans(default_plans_path())
    places = CallPlaces(network)
    rng = np.random.default_rng(1)
    assert detour(streets, fleet(), plans, crossing, places, rng) is None


@pytest.mark.parametrize("targets", [[], [LonLat(0.0, 0.0)]])
def test_nothing_is_closed_where_nothing_is_driven(targets: list[LonLat]) -> None:
    assert busiest(streets_of(river_city((2, "桥", BRIDGE))), NORTH, targets) is None
