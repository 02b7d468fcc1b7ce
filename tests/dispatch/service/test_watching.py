"""Watching: everything from a revision on, once, in order; resumed without loss."""

import asyncio

import grpc
import pytest

from dispatch import watcher as watcher_module
from dispatch.v1 import emergency_pb2, fleet_pb2
from tests.dispatch.service.desks import Caller, desk_and_caller, refusal, running

KINDS = ["fleet_declared", "incident_reported", "decision_made", "unit_assigned"]


def watch(caller, after=0):
    request = emergency_pb2.WatchEventsRequest(after_revision=after)
    return caller.desk.WatchEvents(request, metadata=caller.metadata)


async def take(call, count):
    events = []
    async with asyncio.timeout(10):
        async for event in call:
            events.append(event)
            if len(events) == count:
                break
    return events


async def test_events_from_the_beginning_then_live(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report()
        await caller.decided(incident.name)
        call = watch(caller)
        events = await take(call, 5)
        assert [e.WhichOneof("fact") for e in events] == [*KINDS, "unit_status_changed"]
        revisions = [e.revision for e in events]
        assert revisions == sorted(set(revisions))
        assert events[1].incident_reported.incident == incident.name
        assert events[2].decision_made.proposals[0].units[0].candidate.unit == "units/A01"
        assert events[3].unit_assigned.assignment.unit == "units/A01"
        press = asyncio.create_task(caller.press("B01", fleet_pb2.UNIT_STATUS_OFF_DUTY))
        (live,) = await take(call, 1)
        await press
        assert live.unit_status_changed.unit == "units/B01"
        assert live.revision > revisions[-1]


async def test_a_watch_is_resumed_after_any_event(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        for _ in range(3):
            await caller.decided((await caller.report()).name)
        state = await caller("ListUnits", emergency_pb2.ListUnitsRequest())
        everything = []
        async with asyncio.timeout(10):
            async for event in watch(caller):
                everything.append(event)
                if event.revision >= state.revision - 1:
                    break
        for cut in range(len(everything) - 1):
            rest = everything[cut + 1 :]
            assert await take(watch(caller, everything[cut].revision), len(rest)) == rest


async def test_live_ones_only(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        await caller.report("")
        call = watch(caller, -1)
        await asyncio.sleep(0.3)
        press = asyncio.create_task(caller.press("B01", fleet_pb2.UNIT_STATUS_OFF_DUTY))
        (event,) = await take(call, 1)
        await press
        assert event.WhichOneof("fact") == "unit_status_changed"


async def test_a_revision_from_the_future_is_another_journal(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(take(watch(caller, 1_000_000), 1))
        assert (told.status, told.reason) == (grpc.StatusCode.OUT_OF_RANGE, "REVISION_AHEAD")
        told = await refusal(take(watch(caller, -2), 1))
        assert told.field == "after_revision"


async def test_the_sentences_are_in_the_watchers_language(tmp_path):
    async with running(tmp_path) as desk, Caller(desk.address, language="zh-CN,en;q=0.5") as caller:
        await caller.report("")
        events = await take(watch(caller), 2)

        assert "预案" in events[1].incident_reported.flags[0].text


async def test_a_watcher_that_falls_behind_is_told_from_where_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(watcher_module, "WATCHER_QUEUE", 50)
    async with desk_and_caller(tmp_path) as (_, caller):
        call = watch(caller, -1)
        await asyncio.sleep(0.2)
        text = "很长的地址" * 300
        for _ in range(10):  # megabytes: more than the line takes without a reader
            await asyncio.gather(*(caller.report("", address=text) for _ in range(100)))
        events, told = [], None
        try:
            async for event in call:
                events.append(event)  # noqa: PERF401 - what came before the end counts
        except grpc.aio.AioRpcError as error:
            told = await refusal(_raised(error))
        assert told is not None
        assert (told.status, told.reason) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "WATCHER_BEHIND",
        )
        last = int(told.details["last_revision"])
        assert events[-1].revision == last
        (following,) = await take(watch(caller, last), 1)
        assert following.revision > last


async def test_a_stopping_service_tells_from_where_to_go_on(tmp_path):
    async with running(tmp_path) as desk:
        caller = Caller(desk.address)
        await caller.report("")
        call = watch(caller)
        await take(call, 2)
        stopping = asyncio.create_task(desk.stop())
        told = await refusal(take(call, 100))
        assert told.status is grpc.StatusCode.UNAVAILABLE
        assert int(told.details["last_revision"]) >= 2
        await stopping
        await caller.channel.close()


async def test_two_hundred_watchers(tmp_path):
    async with running(tmp_path) as desk, Caller(desk.address) as caller:
        calls = [watch(caller, -1) for _ in range(200)]
        takers = [asyncio.create_task(take(call, 20)) for call in calls]
        await asyncio.sleep(0.5)
        for _ in range(20):
            await caller.press("B01", fleet_pb2.UNIT_STATUS_AVAILABLE)
        everything = await asyncio.gather(*takers)
        assert all(e == everything[0] for e in everything)


@pytest.mark.parametrize("after", [0, -1])
async def test_a_watcher_who_leaves_is_forgotten(tmp_path, after):
    async with running(tmp_path) as desk, Caller(desk.address) as caller:
        call = watch(caller, after)
        await caller.report("")
        await take(call, 1)
        call.cancel()
        for _ in range(100):
            if not desk.engine._watchers:
                break
            await asyncio.sleep(0.02)
        assert not desk.engine._watchers


async def _raised(error):
    raise error
