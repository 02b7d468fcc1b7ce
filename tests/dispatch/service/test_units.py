"""Presses, positions, lists of units."""

import asyncio
import contextlib
from datetime import UTC, timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from dispatch.emergency.events import UnmappedValueKept
from dispatch.v1 import common_pb2, emergency_pb2, fleet_pb2, incident_pb2
from tests.dispatch.service.desks import at, desk_and_caller, new_id, refusal

OUT = fleet_pb2.UNIT_STATUS_OUT_OF_SERVICE


async def test_a_unit_out_of_service_is_replaced(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report()
        await caller.decided(incident.name)
        told = await refusal(caller.press("A01", OUT))
        assert told.field == "reason"
        back = Timestamp()
        back.GetCurrentTime()
        back.seconds += 3600
        unit = await caller.press("A01", OUT, reason="flat tyre", expected_return_time=back)
        assert (unit.status, unit.reason, unit.incident) == (OUT, "flat tyre", "")
        assert unit.expected_return_time.seconds == back.seconds
        after = await caller.until(
            incident.name, lambda i: i.needs[0].assignment.unit == "units/A02"
        )
        (ended,) = after.other_assignments
        assert ended.state == incident_pb2.ASSIGNMENT_STATE_CANCELLED


async def test_an_unmet_need_is_decided_when_a_unit_comes_back(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        for unit in ("A01", "A02"):
            await caller.press(unit, OUT, reason="service")
        incident = await caller.report()
        unmet = (await caller.decided(incident.name)).needs[0].unmet
        assert unmet.reason.code == "all_units_busy"
        assert "Advanced life support" in unmet.reason.text
        await caller.press("A02", fleet_pb2.UNIT_STATUS_AVAILABLE)
        await caller.until(incident.name, lambda i: i.needs[0].assignment.unit == "units/A02")


async def test_the_way_of_a_unit_through_its_statuses(tmp_path):
    async with desk_and_caller(tmp_path, client="cad", language="en") as (_, caller):
        incident = await caller.report("胸痛", point=at(4, 8))
        await caller.decided(incident.name)
        for code, status in (("3", fleet_pb2.UNIT_STATUS_EN_ROUTE), ("4", 4), ("transporting", 5)):
            request = emergency_pb2.UpdateUnitStatusRequest(
                unit="1号车", status_code=code, request_id=new_id()
            )
            unit = await caller("UpdateUnitStatus", request)
            assert unit.status == status
            assert await caller("UpdateUnitStatus", request) == unit
        assert unit.incident == incident.name
        await caller.press("A01", fleet_pb2.UNIT_STATUS_AVAILABLE)
        order = (await caller.incident(incident.name)).needs[0].assignment
        assert order.state == incident_pb2.ASSIGNMENT_STATE_COMPLETED


async def test_a_press_of_an_unknown_unit_is_refused_kept_and_counted(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(caller.press("宁A7", 1))
        assert told.status is grpc.StatusCode.NOT_FOUND
        assert (told.field, told.details["value"]) == ("unit", "宁A7")
        assert "ListUnits" in told.details["allowed"]
        assert told.parts["ResourceInfo"].resource_name == "宁A7"
        await refusal(caller.press("宁A7", 1))
        values = await caller("ListUnmappedValues", emergency_pb2.ListUnmappedValuesRequest())
        assert [(v.field, v.value, v.count) for v in values.values] == [("unit", "宁A7", 2)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"status": 0}, "status"),
        ({"status": 77}, "status"),
        ({"status": 0, "status_code": "Q7"}, "status_code"),
        ({"status": 1, "expected_return_time": Timestamp(seconds=2**60)}, "expected_return_time"),
        ({"status": 1, "reason": "x" * 5000}, "reason"),
        ({"status": 1, "request_id": "x" * 500}, "request_id"),
    ],
)
async def test_a_press_that_says_nothing_is_refused(tmp_path, fields, field):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(
            caller("UpdateUnitStatus", emergency_pb2.UpdateUnitStatusRequest(unit="A01", **fields))
        )
        assert told.status is grpc.StatusCode.INVALID_ARGUMENT
        assert told.field == field


async def test_an_unknown_status_code_is_counted(tmp_path):
    async with desk_and_caller(tmp_path, client="cad") as (desk, caller):
        request = emergency_pb2.UpdateUnitStatusRequest(unit="1号车", status_code="99")
        told = await refusal(caller("UpdateUnitStatus", request))
        assert told.details["allowed"].startswith("3, 4, available")
        values = await caller("ListUnmappedValues", emergency_pb2.ListUnmappedValuesRequest())
        assert [(v.client, v.field, v.value) for v in values.values] == [
            ("cad", "status_code", "99")
        ]
        async with contextlib.aclosing(desk.engine.watch(0)) as facts:
            kept = [r.fact async for r in _until_newest(facts, desk.engine.state.revision)]
        assert UnmappedValueKept("cad", "status_code", "99", about="1号车") in kept


async def _until_newest(facts, newest):
    async for recorded in facts:
        yield recorded
        if recorded.revision == newest:
            return


async def test_units_are_listed_in_pages(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = emergency_pb2.ListUnitsRequest(page_size=3)
        first = await caller("ListUnits", request)
        assert [u.name for u in first.units] == ["units/A01", "units/A02", "units/B01"]
        request.page_token = first.next_page_token
        second = await caller("ListUnits", request)
        assert [u.name for u in second.units] == ["units/F01"]
        assert not second.next_page_token
        await caller.press("B01", OUT, reason="x")
        gone = await caller("ListUnits", emergency_pb2.ListUnitsRequest(statuses=[OUT]))
        assert [u.name for u in gone.units] == ["units/B01"]
        for bad in (
            {"page_size": 1001},
            {"page_size": -1},
            {"page_token": "x"},
            {"statuses": [55]},
        ):
            told = await refusal(caller("ListUnits", emergency_pb2.ListUnitsRequest(**bad)))
            assert told.field == next(iter(bad)).removesuffix("es")


async def test_a_unit_is_found_by_any_of_its_names(tmp_path):
    async with desk_and_caller(tmp_path, client="cad") as (_, caller):
        for name in ("units/A01", "A01", "1号车", "NX-01"):
            assert (await caller.unit(name)).call_sign == "急救1"
        for name in ("", "units/", "units/Z", "2号车"):
            told = await refusal(caller.unit(name))
            assert told.status is grpc.StatusCode.NOT_FOUND


# Positions


def seen(unit, point, ago_s=0.0, **fields):
    stamp = Timestamp()
    stamp.GetCurrentTime()
    stamp.FromDatetime(stamp.ToDatetime(UTC) - timedelta(seconds=ago_s))
    return emergency_pb2.PositionReport(unit=unit, point=point, observed_time=stamp, **fields)


async def stream(caller, *batches):
    async def sent():
        for batch in batches:
            yield emergency_pb2.StreamPositionsRequest(positions=batch)

    return await caller.desk.StreamPositions(sent(), metadata=caller.metadata)


async def test_positions_are_taken_and_kept(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        summary = await stream(
            caller,
            [seen("A01", at(10, 8), ago_s=20), seen("units/A02", at(2, 2))],
            [seen("A01", at(12, 8), heading_deg=90, speed_kph=40)],
        )
        assert (summary.accepted, summary.rejected) == (3, 0)
        unit = await caller.unit("A01")
        assert unit.position.point.longitude == at(12, 8).longitude
        assert (unit.position.heading_deg, unit.position.speed_kph) == (90, 40)
        incident = await caller.report(point=at(12, 8))
        order = (await caller.decided(incident.name)).needs[0].assignment
        assert (order.unit, order.travel_s) == ("units/A01", 0)
    async with desk_and_caller(tmp_path) as (_, caller):
        unit = await caller.unit("A01")
        assert unit.position.point.longitude == at(12, 8).longitude


async def test_positions_that_cannot_be_used_are_summed_up(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        nan = common_pb2.Point(longitude=float("nan"), latitude=1, coordinate_system=1)
        undated = emergency_pb2.PositionReport(unit="A01", point=at(1, 1))
        summary = await stream(
            caller,
            [
                seen("A01", at(5, 5)),
                seen("A01", at(6, 6), ago_s=60),
                seen("Z99", at(1, 1)),
                seen("Z99", at(1, 1)),
                seen("A02", at(1, 1, 0)),
                seen("A02", nan),
                seen("A02", common_pb2.Point(coordinate_system=1)),
                undated,
                seen("A02", at(1, 1), ago_s=-3600),
                seen("A02", at(3, 3), ago_s=-600, heading_deg=511, speed_kph=-1),
            ],
        )
        assert (summary.accepted, summary.rejected) == (2, 8)
        assert [p.remark.code for p in summary.problems] == [
            "position_outdated",
            "unit_unknown",
            "unit_unknown",
            "point_unusable",
            "point_unusable",
            "point_unusable",
            "observed_time_missing",
            "observed_time_implausible",
        ]
        assert all(p.remark.text != p.remark.code for p in summary.problems)
        unit = await caller.unit("A02")
        assert not unit.position.HasField("heading_deg")
        values = await caller("ListUnmappedValues", emergency_pb2.ListUnmappedValuesRequest())
        assert [(v.field, v.value, v.count) for v in values.values] == [("unit", "Z99", 1)]


async def test_a_batch_too_large_is_refused_and_problems_are_capped(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(stream(caller, [seen("A01", at(1, 1))] * 1001))
        assert told.field == "positions"
        summary = await stream(caller, *([seen(f"Z{i}", at(1, 1)) for i in range(150)],) * 2)
        assert (summary.rejected, len(summary.problems)) == (300, 100)


async def test_positions_do_not_hold_up_a_report(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        batches = [[seen("A01", at(i % 14, 3)) for i in range(1000)]] * 20
        loop = asyncio.get_running_loop()
        streaming = asyncio.create_task(stream(caller, *batches))
        took = []
        while not streaming.done():
            began = loop.time()
            await caller.report("")
            took.append(loop.time() - began)
        summary = await streaming
        assert summary.accepted + summary.rejected == 20_000
        assert max(took) < 0.5
