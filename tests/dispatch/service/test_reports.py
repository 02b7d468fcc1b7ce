"""A report is never refused; what is the matter with it is kept and flagged."""

import asyncio
import math
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from dispatch.v1 import common_pb2, emergency_pb2, incident_pb2
from tests.dispatch.service.desks import at, desk_and_caller, new_id


def flags(incident):
    return {f.code: dict(f.details) for f in incident.flags}


async def test_a_report_is_kept_then_a_unit_goes(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report(address="3 Row", description="pain", caller_phone="138")
        assert incident.name == "incidents/E000001"
        assert incident.state == incident_pb2.INCIDENT_STATE_OPEN
        assert incident.priority == 1
        assert incident.target_s == 600
        assert not incident.flags
        decided = await caller.decided(incident.name)
        assignment = decided.needs[0].assignment
        assert assignment.unit == "units/A01"
        assert assignment.decided_by == "policy:optimal"
        assert assignment.hospital == "hospitals/H01"
        assert assignment.eta_s == assignment.turnout_s + assignment.travel_s
        assert 60 < assignment.eta_s < 180
        assert int(decided.etag) > int(incident.etag)


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (None, "missing"),
        (at(4, 8, common_pb2.COORDINATE_SYSTEM_UNSPECIFIED), "untagged"),
        (common_pb2.Point(longitude=1, latitude=2, coordinate_system=99), "untagged"),
        (common_pb2.Point(longitude=116.39, latitude=91, coordinate_system=1), "out_of_range"),
        (common_pb2.Point(longitude=math.nan, latitude=39.9, coordinate_system=1), "out_of_range"),
        (common_pb2.Point(longitude=math.inf, latitude=39.9, coordinate_system=1), "out_of_range"),
        (common_pb2.Point(longitude=0, latitude=0, coordinate_system=1), "too_far"),
        (
            common_pb2.Point(
                longitude=116, latitude=39.9, coordinate_system=1, uncertainty_m=math.nan
            ),
            "too_far",
        ),
    ],
)
async def test_a_bad_place_is_flagged(tmp_path, point, reason):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report(point=point)
        assert flags(incident)["location_unresolved"]["reason"] == reason
        assert not incident.HasField("location")
        assert incident.needs[0].unmet.reason.code == "location_unresolved"
        listed = await caller(
            "ListIncidents", emergency_pb2.ListIncidentsRequest(needs_attention=True)
        )
        assert [i.name for i in listed.incidents] == [incident.name]
    async with desk_and_caller(tmp_path) as (_, caller):
        assert await caller.incident(incident.name) == incident


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"incident_type": "离奇"}, "type_unmapped"),
        ({"incident_type": ""}, "type_unmapped"),
        ({"patients": -1}, "patients_invalid"),
        ({"priority": 9}, "priority_invalid"),
        ({"priority": 0}, "priority_invalid"),
        ({"priority": -(2**31)}, "priority_invalid"),
        ({"occurred_time": Timestamp(seconds=-62_135_596_800)}, "occurred_time_implausible"),
        ({"occurred_time": Timestamp(seconds=2**62)}, "occurred_time_implausible"),
        ({"occurred_time": Timestamp(nanos=-1)}, "occurred_time_implausible"),
        ({"description": "很长" * 50_000}, "text_shortened"),
        ({"address": "a" * 5000}, "text_shortened"),
    ],
)
async def test_bad_fields_are_flagged(tmp_path, fields, flag):
    async with desk_and_caller(tmp_path) as (desk, caller):
        incident = await caller.report(**fields)
        assert flag in flags(incident)
        assert all(f.text and f.text != f.code for f in incident.flags)
        now = desk.clock.now()
        assert abs(incident.first_report_time.ToDatetime(UTC) - now) < timedelta(seconds=5)


async def test_what_is_wrong_does_not_keep_a_unit_from_going(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report(priority=9, patients=-4, request_id="")
        decided = await caller.decided(incident.name)
        assert decided.needs[0].assignment.unit
        assert decided.priority == 1
        assert not decided.HasField("patients")


async def test_an_unknown_type_is_counted(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        for _ in range(3):
            await caller.report("离奇")
        await caller.report("")
        listed = await caller("ListUnmappedValues", emergency_pb2.ListUnmappedValuesRequest())
        (value,) = listed.values
        assert (value.client, value.field, value.value, value.count) == (
            "desk-1",
            "incident_type",
            "离奇",
            3,
        )


async def test_the_clients_words_and_coordinates_are_translated(tmp_path):
    async with desk_and_caller(tmp_path, client="cad", language="") as (_, caller):
        untagged = at(4, 8, common_pb2.COORDINATE_SYSTEM_UNSPECIFIED)
        incident = await caller.report("胸痛", point=untagged)
        assert incident.incident_type == "chest_pain"
        assert incident.raw_incident_type == "胸痛"
        assert incident.origin.agency == "test-120"
        # The numbers are GCJ-02: the place is some 500 m from where they point in WGS84.
        assert (
            not incident.HasField("location") or incident.location.longitude != untagged.longitude
        )
        assert incident.raw_point.longitude == untagged.longitude


async def test_a_repeated_report_is_answered_the_same_to_the_byte(tmp_path):
    request = emergency_pb2.ReportIncidentRequest(
        request_id=new_id(), incident_type="chest_pain", point=at(4, 8)
    )
    async with desk_and_caller(tmp_path) as (_, caller):
        first = await caller("ReportIncident", request)
        await caller.decided(first.name)
        again = await asyncio.gather(*(caller("ReportIncident", request) for _ in range(10)))
        assert {a.SerializeToString() for a in again} == {first.SerializeToString()}
    async with desk_and_caller(tmp_path) as (desk, caller):
        assert await caller("ReportIncident", request) == first
        assert len(desk.engine.state.emergency.incidents) == 1


async def test_many_at_once_with_one_id_are_one_incident(tmp_path):
    request = emergency_pb2.ReportIncidentRequest(
        request_id=new_id(), incident_type="chest_pain", point=at(4, 8)
    )
    async with desk_and_caller(tmp_path) as (desk, caller):
        answers = await asyncio.gather(*(caller("ReportIncident", request) for _ in range(50)))
        assert len({a.SerializeToString() for a in answers}) == 1
        assert len(desk.engine.state.emergency.incidents) == 1


async def test_another_report_under_a_used_id_is_kept_and_repeatable_itself(tmp_path):
    request_id = new_id()
    async with desk_and_caller(tmp_path) as (_, caller):
        first = await caller.report(request_id=request_id, address="here")
        other = await caller.report(request_id=request_id, address="there")
        assert other.name != first.name
        assert flags(other)["request_id_reused"] == {"request_id": request_id}
        assert await caller.report(request_id=request_id, address="there") == other
        assert await caller.report(request_id=request_id, address="here") == first
        third = await caller.report(request_id=request_id, address="elsewhere")
        assert third.name not in (first.name, other.name)


async def test_ids_of_different_clients_do_not_meet(tmp_path):
    request_id = new_id()
    async with desk_and_caller(tmp_path) as (desk, caller):
        from tests.dispatch.service.desks import Caller

        async with Caller(desk.address, "desk-2") as other:
            first = await caller.report(request_id=request_id)
            second = await other.report(request_id=request_id)
            assert first.name != second.name
            assert not second.flags


async def test_an_absurdly_long_request_id_is_taken(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        first = await caller.report(request_id="x" * 5000)
        assert (await caller.report(request_id="x" * 5000)).name == first.name


async def test_the_time_of_the_call_counts(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        called = desk.clock.now() - timedelta(minutes=2)
        stamp = Timestamp()
        stamp.FromDatetime(called)
        incident = await caller.report(occurred_time=stamp)
        assert incident.first_report_time.ToDatetime(UTC) == called
        assert incident.recorded_time.ToDatetime(UTC) > called


async def test_an_hour_ago_in_the_year_of_an_exercise(tmp_path):
    start = datetime(2021, 7, 20, 8, 0, tzinfo=UTC)
    async with desk_and_caller(tmp_path, clock_start=start, clock_rate=10) as (_, caller):
        incident = await caller.report()
        assert incident.recorded_time.ToDatetime(UTC).date() == start.date()


@pytest.mark.parametrize(
    "place",
    ["dispatch.service.present.Presenter.incident", "dispatch.emergency.plans.IncidentType.plan"],
)
async def test_a_fault_in_showing_or_deciding_does_not_lose_a_call(tmp_path, monkeypatch, place):
    def broken(*_):
        raise RuntimeError("a fault of ours")

    async with desk_and_caller(tmp_path) as (desk, caller):
        monkeypatch.setattr(place, broken)
        incident = await caller.report(description="help")
        monkeypatch.undo()
        (kept,) = desk.engine.state.emergency.incidents.values()
        assert incident.name == f"incidents/{kept.incident_id}"
        assert kept.description == "help"


async def test_a_ticket_sent_again_without_its_request_id_is_pointed_out(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        ticket = common_pb2.Origin(external_id="T-1", source="cad")
        first = await caller.report(origin=ticket)
        again = await caller.report(origin=ticket)
        other = await caller.report(origin=common_pb2.Origin(external_id="T-1", source="12345"))
        assert "perhaps_repeated" not in flags(first)
        assert list(flags(again)) == ["perhaps_repeated"]
        assert first.name.removeprefix("incidents/") in again.flags[0].text
        assert not flags(other)
        assert again.name != first.name


async def test_a_burst_beyond_every_limit_loses_no_report(tmp_path):
    """More at once than gRPC lets wait unless it is told to: 1,000."""
    async with desk_and_caller(tmp_path) as (desk, caller):
        answers = await asyncio.gather(*(caller.report() for _ in range(2500)))
        assert len({answer.name for answer in answers}) == 2500
        assert len(desk.engine.state.emergency.incidents) == 2500


async def test_a_fault_of_ours_does_not_lose_a_call(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("a fault of ours")

    async with desk_and_caller(tmp_path) as (_, caller):
        monkeypatch.setattr("dispatch.service.convert.locate", broken)
        request_id = new_id()
        incident = await caller.report(request_id=request_id, description="help")
        assert set(flags(incident)) >= {"report_not_understood", "location_unresolved"}
        assert incident.raw_incident_type == "chest_pain"
        assert incident.description == "help"
        assert await caller.report(request_id=request_id, description="help") == incident
        monkeypatch.undo()
        placed = await caller(
            "UpdateIncident",
            emergency_pb2.UpdateIncidentRequest(
                name=incident.name, incident_type="chest_pain", point=at(4, 8)
            ),
        )
        assert placed.location.longitude
        assert (await caller.decided(incident.name)).needs[0].assignment.unit
