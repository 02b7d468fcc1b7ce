"""Two dispatchers, one unit; proposals that run out; overrides; orders taken back."""

import asyncio
from datetime import UTC

import grpc
import pytest

from dispatch.v1 import common_pb2, emergency_pb2, fleet_pb2, incident_pb2
from tests.dispatch.service.desks import Caller, at, desk_and_caller, new_id, refusal, running

MANUAL = "sick_person"  # a dispatcher confirms; priority 3 needs one bls


def assign(incident, proposal="", units=(), reason="", **fields):
    return emergency_pb2.AssignUnitsRequest(
        incident=incident.name,
        request_id=fields.pop("request_id", new_id()),
        proposal=proposal,
        units=[emergency_pb2.UnitForNeed(unit=u) for u in units],
        override_reason=incident_pb2.OverrideReason(code=reason) if reason else None,
        **fields,
    )


async def proposed(caller, **fields):
    incident = await caller.report(MANUAL, **fields)
    return await caller.until(incident.name, lambda i: i.HasField("proposal"))


async def test_a_proposal_is_confirmed(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await proposed(caller)
        assert incident.needs[0].WhichOneof("fate") == "proposed"
        chosen = incident.proposal.units[0]
        assert chosen.candidate.unit == "units/A01"
        # As quick as A02 from the same station, and able to do less: so it goes first.
        assert [c.unit for c in chosen.alternatives] == ["units/B01", "units/A02"]
        assert chosen.alternatives[0].slower_by_s > 0
        answer = await caller("AssignUnits", assign(incident, incident.proposal.name))
        (assignment,) = answer.assignments
        assert assignment.unit == "units/A01"
        assert assignment.decided_by == "dispatcher"
        assert answer.incident.needs[0].assignment == assignment
        unit = await caller.unit("units/A01")
        assert unit.status == fleet_pb2.UNIT_STATUS_MOBILISING
        assert unit.incident == incident.name


async def test_two_dispatchers_accept_at_once_and_one_wins(tmp_path):
    async with (
        running(tmp_path) as desk,
        Caller(desk.address, "desk-1") as one,
        Caller(desk.address, "desk-2") as two,
    ):
        incident = await proposed(one)
        outcomes = await asyncio.gather(
            *(
                caller("AssignUnits", assign(incident, incident.proposal.name))
                for caller in (one, two)
            ),
            return_exceptions=True,
        )
        won = [o for o in outcomes if not isinstance(o, Exception)]
        (lost,) = [o for o in outcomes if isinstance(o, Exception)]
        assert len(won) == 1
        told = await refusal(_raised(lost))
        assert told.status is grpc.StatusCode.ABORTED
        assert told.reason == "PROPOSAL_SUPERSEDED"
        assert told.details["assigned"] == "A01"
        assert "A01" in told.sentence


async def test_two_dispatchers_send_one_unit_to_two_incidents(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        first = await caller.report("", point=at(4, 8))
        second = await caller.report("", point=at(5, 8))
        outcomes = await asyncio.gather(
            *(
                caller("AssignUnits", assign(i, units=["A01"], reason="local_knowledge"))
                for i in (first, second)
            ),
            return_exceptions=True,
        )
        (lost,) = [o for o in outcomes if isinstance(o, Exception)]
        told = await refusal(_raised(lost))
        assert (told.status, told.reason) == (grpc.StatusCode.ABORTED, "UNIT_TAKEN")


async def test_confirming_twice_with_one_id_is_answered_the_same(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await proposed(caller)
        request = assign(incident, incident.proposal.name)
        first = await caller("AssignUnits", request)
        await caller("CloseIncident", close(incident))
        assert await caller("AssignUnits", request) == first


async def test_a_used_id_with_another_body_is_refused(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await proposed(caller)
        request = assign(incident, incident.proposal.name)
        await caller("AssignUnits", request)
        request.proposal = "P000099"
        told = await refusal(caller("AssignUnits", request))
        assert (told.status, told.reason) == (
            grpc.StatusCode.ALREADY_EXISTS,
            "REQUEST_ID_REUSED",
        )


async def test_an_expired_proposal_is_withdrawn_and_made_anew(tmp_path):
    async with desk_and_caller(tmp_path, clock_rate=120.0) as (_, caller):
        incident = await proposed(caller)
        stale = incident.proposal.name
        fresh = await caller.until(
            incident.name, lambda i: i.HasField("proposal") and i.proposal.name != stale
        )
        told = await refusal(caller("AssignUnits", assign(incident, stale)))
        assert told.status is grpc.StatusCode.ABORTED
        assert told.reason in ("PROPOSAL_EXPIRED", "PROPOSAL_SUPERSEDED")
        assert fresh.proposal.create_time.ToDatetime(
            UTC
        ) > incident.proposal.create_time.ToDatetime(UTC)


async def test_the_units_proposed_are_a_confirmation(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await proposed(caller)
        answer = await caller("AssignUnits", assign(incident, incident.proposal.name, ["A01"]))
        assert not answer.assignments[0].HasField("override_reason")


async def test_an_override_needs_a_reason_and_keeps_it(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await proposed(caller)
        told = await refusal(
            caller("AssignUnits", assign(incident, incident.proposal.name, ["units/B01"]))
        )
        assert told.status is grpc.StatusCode.INVALID_ARGUMENT
        assert told.field == "override_reason.code"
        assert "crew_request" in told.details["allowed"]
        answer = await caller(
            "AssignUnits",
            assign(incident, incident.proposal.name, ["units/B01"], "road_blocked"),
        )
        (assignment,) = answer.assignments
        assert assignment.unit == "units/B01"
        assert assignment.override_reason.code == "road_blocked"
        assert assignment.eta_s > 0
        assert not answer.incident.HasField("proposal")


async def test_an_override_of_a_proposal_that_no_longer_stands_is_refused(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await proposed(caller)
        await caller("AssignUnits", assign(incident, incident.proposal.name))
        told = await refusal(
            caller("AssignUnits", assign(incident, incident.proposal.name, ["B01"], "crew_request"))
        )
        assert (told.status, told.reason) == (grpc.StatusCode.ABORTED, "PROPOSAL_SUPERSEDED")


async def test_more_than_the_plan_asks_for_is_shown(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await proposed(caller)
        await caller("AssignUnits", assign(incident, incident.proposal.name))
        answer = await caller("AssignUnits", assign(incident, units=["F01"], reason="other"))
        (extra,) = answer.incident.other_assignments
        assert extra.unit == "units/F01"
        assert extra.eta_s == extra.turnout_s + extra.travel_s > 0
        assert [f.code for f in extra.flags] == ["beyond_plan"]


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"units": ["Z99"], "reason": "other"}, grpc.StatusCode.NOT_FOUND, "units[0].unit"),
        ({"units": ["A01", "A01"], "reason": "other"}, None, "units[1].unit"),
        ({}, None, "units"),
        ({"units": ["A01"], "reason": "whim"}, None, "override_reason.code"),
    ],
)
async def test_what_cannot_be_ordered_is_refused(tmp_path, fields, status, field):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report("")
        told = await refusal(caller("AssignUnits", assign(incident, **fields)))
        assert told.status is (status or grpc.StatusCode.INVALID_ARGUMENT)
        assert told.field == field


async def test_an_order_is_acknowledged_then_taken_back_and_decided_anew(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report()
        order = (await caller.decided(incident.name)).needs[0].assignment
        acknowledged = await caller(
            "AcknowledgeAssignment",
            emergency_pb2.AcknowledgeAssignmentRequest(name=order.name, request_id=new_id()),
        )
        assert acknowledged.state == incident_pb2.ASSIGNMENT_STATE_ACKNOWLEDGED
        told = await refusal(
            caller("CancelAssignment", emergency_pb2.CancelAssignmentRequest(name=order.name))
        )
        assert told.field == "reason"
        cancelled = await caller(
            "CancelAssignment",
            emergency_pb2.CancelAssignmentRequest(name=order.name, reason="wrong way"),
        )
        assert cancelled.state == incident_pb2.ASSIGNMENT_STATE_CANCELLED
        again = await caller.until(
            incident.name, lambda i: i.needs[0].assignment.name not in ("", order.name)
        )
        assert again.needs[0].assignment.unit == "units/A02"  # not the one taken back
        assert [a.name for a in again.other_assignments] == [order.name]
        told = await refusal(
            caller(
                "CancelAssignment",
                emergency_pb2.CancelAssignmentRequest(name=order.name, reason="again"),
            )
        )
        assert (told.status, told.reason) == (grpc.StatusCode.ABORTED, "ASSIGNMENT_ENDED")


async def test_shadow_mode_proposes_and_records_but_never_orders(tmp_path):
    from dispatch.config import Mode

    async with desk_and_caller(tmp_path, mode=Mode.SHADOW, client="cad") as (_, caller):
        incident = await caller.report("chest_pain")  # automatic in live mode
        decided = await caller.until(incident.name, lambda i: i.HasField("proposal"))
        told = await refusal(caller("AssignUnits", assign(incident, decided.proposal.name)))
        assert (told.status, told.reason) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "SHADOW_MODE",
        )
        recorded = await caller(
            "RecordAssignment",
            emergency_pb2.RecordAssignmentRequest(
                request_id=new_id(), incident=incident.name, unit="1号车"
            ),
        )
        assert recorded.unit == "units/A01"
        assert recorded.decided_by == "cad"
        after = await caller.incident(incident.name)
        assert after.needs[0].assignment == recorded
        assert not after.HasField("proposal")


async def test_a_recorded_unit_that_nobody_knows_is_kept(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report(origin={"external_id": "120-7"})
        await caller.decided(incident.name)
        recorded = await caller(
            "RecordAssignment",
            emergency_pb2.RecordAssignmentRequest(
                request_id=new_id(), incident="120-7", unit="宁A0001"
            ),
        )
        assert (recorded.unit, recorded.raw_unit) == ("", "宁A0001")
        assert recorded.flags[0].code == "unit_unknown"
        values = await caller("ListUnmappedValues", emergency_pb2.ListUnmappedValuesRequest())
        assert [(v.field, v.value) for v in values.values] == [("unit", "宁A0001")]
        told = await refusal(
            caller(
                "RecordAssignment",
                emergency_pb2.RecordAssignmentRequest(incident="120-8", unit="A01"),
            )
        )
        assert told.status is grpc.StatusCode.NOT_FOUND
        values = await caller("ListUnmappedValues", emergency_pb2.ListUnmappedValuesRequest())
        assert ("incident", "120-8") in [(v.field, v.value) for v in values.values]


async def test_what_a_cad_did_is_kept_though_it_is_told_after_the_end(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report(origin=common_pb2.Origin(external_id="T-1"))
        await caller.decided(incident.name)
        await caller("CloseIncident", close(incident))
        told = emergency_pb2.RecordAssignmentRequest(incident="T-1", unit="A02")
        kept = await caller("RecordAssignment", told)
        assert kept.incident == incident.name
        assert kept.unit == "units/A02"
        assert [flag.code for flag in kept.flags] == ["incident_is_closed"]
        assert (await caller.unit("A02")).incident == ""
        shown = await caller("GetIncident", emergency_pb2.GetIncidentRequest(name="T-1"))
        assert kept in shown.other_assignments
    async with desk_and_caller(tmp_path) as (_, caller):
        assert await caller.incident(incident.name) == shown
        nobody = emergency_pb2.RecordAssignmentRequest(incident="T-2", unit="A02")
        refused = await refusal(caller("RecordAssignment", nobody))
        assert refused.status is grpc.StatusCode.NOT_FOUND


async def test_closing_ends_orders_and_is_remembered(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report()
        await caller.decided(incident.name)
        told = await refusal(caller("CloseIncident", close(incident, outcome=" ")))
        assert told.field == "outcome"
        request = close(incident)
        closed = await caller("CloseIncident", request)
        assert closed.state == incident_pb2.INCIDENT_STATE_CLOSED
        assert closed.outcome == "resolved"
        assert closed.needs[0].assignment.HasField("ended_time")
        assert await caller.incident(incident.name) == closed
        assert await caller("CloseIncident", request) == closed
        for method, late in (
            ("CloseIncident", close(incident)),
            ("UpdateIncident", emergency_pb2.UpdateIncidentRequest(name=incident.name)),
            ("AssignUnits", assign(incident, "P000001")),
        ):
            told = await refusal(caller(method, late))
            assert told.status is grpc.StatusCode.ABORTED, method
            assert told.reason == "INCIDENT_IS_CLOSED"
    async with desk_and_caller(tmp_path) as (_, caller):
        assert await caller.incident(incident.name) == closed


def close(incident, outcome="resolved"):
    return emergency_pb2.CloseIncidentRequest(
        name=incident.name, request_id=new_id(), outcome=outcome
    )


async def _raised(error):
    raise error
