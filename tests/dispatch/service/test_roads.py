"""Closures: in force at once, in the journal, felt by the next decision; routes."""

import asyncio
from datetime import UTC, timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from dispatch.v1 import common_pb2, emergency_pb2, roads_pb2
from tests.dispatch.service.desks import SIDE, Caller, at, desk_and_caller, new_id, refusal, running


def closure(*names, **fields):
    given = {"request_id": new_id(), "reason": "flood", **fields}
    return roads_pb2.SetConditionRequest(
        streets=roads_pb2.StreetSelector(street_names=names), **given
    )


async def test_a_closure_changes_the_way_and_is_in_force_after_a_restart(tmp_path):
    route = roads_pb2.RouteRequest(origin=at(1.5, 8.1), destination=at(9.5, 8.1))
    async with desk_and_caller(tmp_path) as (_, caller):
        before = await caller("Route", route)
        assert before.reachable
        assert {leg.street_name for leg in before.legs} == {"第8街"}
        assert before.legs[0].street_name_en == "Row 8"
        request = closure("第8街", modes=[1])
        condition = await caller("SetCondition", request)
        assert condition.name == "conditions/C000001"
        assert condition.edge_count == 2 * (SIDE - 1)
        assert condition.modes == [roads_pb2.TRAVEL_MODE_BLUE_LIGHT]
        assert await caller("SetCondition", request) == condition
        detour = await caller(
            "Route", roads_pb2.RouteRequest(origin=at(1, 7.6), destination=at(9.6, 9))
        )
        assert "第8街" not in {leg.street_name for leg in detour.legs}
        civil = await caller(
            "Route", roads_pb2.RouteRequest(origin=at(1, 8), destination=at(10, 8), mode=2)
        )
        assert civil.reachable
    async with desk_and_caller(tmp_path) as (_, caller):
        listed = await caller("ListConditions", roads_pb2.ListConditionsRequest())
        assert list(listed.conditions) == [condition]
        ended = await caller(
            "EndCondition", roads_pb2.EndConditionRequest(name=condition.name, request_id=new_id())
        )
        assert ended.HasField("ended_time")
        again = await caller("Route", route)
        assert again == before
        told = await refusal(
            caller("EndCondition", roads_pb2.EndConditionRequest(name=condition.name))
        )
        assert told.status is grpc.StatusCode.NOT_FOUND


async def test_a_closure_changes_the_eta_and_who_goes(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        first = await caller.report(point=at(4, 8.4))
        order = (await caller.decided(first.name)).needs[0].assignment
        assert order.unit == "units/A01"
        await caller(
            "CloseIncident", emergency_pb2.CloseIncidentRequest(name=first.name, outcome="x")
        )
        await caller.press("A01", 1)
        broken = closure("Column 2", "Column 3", "column 1", "Row 8")
        broken.effect.closed.impassable = True  # else help drives up along them
        await caller("SetCondition", broken)
        second = await caller.report(point=at(4, 8.4))
        later = (await caller.decided(second.name)).needs[0].assignment
        assert (later.unit, later.travel_s) != (order.unit, order.travel_s)


async def test_an_island_is_reached_by_nobody_until_the_street_opens(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        around = closure(*(f"Row {r}" for r in range(SIDE)), *(f"Column {c}" for c in range(SIDE)))
        around.effect.closed.impassable = True
        condition = await caller("SetCondition", around)
        incident = await caller.report()
        unmet = (await caller.decided(incident.name)).needs[0].unmet
        assert unmet.reason.code == "unreachable"
        route = await caller("Route", roads_pb2.RouteRequest(origin=at(1, 8), destination=at(9, 8)))
        assert not route.reachable
        assert not route.line
        await caller("EndCondition", roads_pb2.EndConditionRequest(name=condition.name))
        await caller.until(incident.name, lambda i: bool(i.needs[0].assignment.unit))


async def test_a_condition_ends_by_itself(tmp_path):
    async with desk_and_caller(tmp_path, clock_rate=60.0) as (desk, caller):
        until = Timestamp()
        until.FromDatetime(desk.clock.now() + timedelta(seconds=60))
        condition = await caller("SetCondition", closure("Row 3", end_time=until))
        assert condition.end_time == until
        for _ in range(200):
            if not desk.engine.state.conditions.in_force:
                break
            await asyncio.sleep(0.02)
        listed = await caller("ListConditions", roads_pb2.ListConditionsRequest())
        assert not listed.conditions


@pytest.mark.parametrize(
    ("streets", "field", "hint"),
    [
        ({"street_names": ["Row 3", "Row 33"]}, "streets.street_names[1]", "Row 3"),
        ({"street_names": ["第三街"]}, "streets.street_names[0]", "Grid"),
        ({"osm_way_ids": [987654321]}, "streets.osm_way_ids[0]", "Grid"),
        ({"edges": [10_000]}, "streets.edges[0]", "edges 0 to"),
        ({"edges": [-1]}, "streets.edges[0]", "edges 0 to"),
        ({}, "streets", "1 to 1000"),
    ],
)
async def test_an_unknown_street_is_refused_with_the_nearest(tmp_path, streets, field, hint):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = closure(reason="flood")
        request.streets.CopyFrom(roads_pb2.StreetSelector(**streets))
        told = await refusal(caller("SetCondition", request))
        assert told.status is grpc.StatusCode.INVALID_ARGUMENT
        assert told.field == field
        assert hint in told.details["allowed"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"end_time": Timestamp(seconds=1)}, "end_time"),
        ({"end_time": Timestamp(seconds=2**61)}, "end_time"),
        ({"modes": [9]}, "modes"),
        ({"request_id": "r" * 300}, "request_id"),
    ],
)
async def test_a_bad_condition_is_refused(tmp_path, fields, field):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(caller("SetCondition", closure("Row 3", **fields)))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"origin": None}, "origin"),
        ({"destination": None}, "destination"),
        ({"destination": at(1, 1, 0)}, "destination"),
        ({"origin": common_pb2.Point(longitude=500, coordinate_system=1)}, "origin"),
        ({"origin": common_pb2.Point(coordinate_system=1)}, "origin"),
        ({"mode": 12}, "mode"),
    ],
)
async def test_a_route_between_nowhere_is_refused(tmp_path, fields, field):
    async with desk_and_caller(tmp_path) as (_, caller):
        given = {"origin": at(1, 1), "destination": at(2, 2), **fields}
        told = await refusal(caller("Route", roads_pb2.RouteRequest(**given)))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)


async def test_the_network_says_what_it_is(tmp_path):
    async with running(tmp_path) as desk, Caller(desk.address) as caller:
        info = await caller("GetNetworkInfo", roads_pb2.GetNetworkInfoRequest())
        assert (info.display_name, info.node_count) == ("Grid", SIDE * SIDE)
        assert info.checksum.startswith("sha256:")
        assert info.synthetic
        assert info.south_west.latitude < info.north_east.latitude


async def test_conditions_are_told_to_watchers(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        condition = await caller("SetCondition", closure("Row 3"))
        request = emergency_pb2.WatchEventsRequest(after_revision=1)
        async for event in caller.desk.WatchEvents(request, metadata=caller.metadata):
            assert event.condition_set.condition == condition
            assert event.recorded_time.ToDatetime(UTC) >= event.occurred_time.ToDatetime(UTC)
            break
