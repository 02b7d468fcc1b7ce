"""kill -9 in the middle of the load: nothing acknowledged is lost, no unit is sent twice."""

import asyncio
import contextlib

import grpc
import grpc.aio
import pytest

import dispatch.state as fold
from dispatch.fleet.events import UnitReleased, UnitReserved
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from dispatch.v1 import emergency_pb2, fleet_pb2
from roadnets.store import load
from tests.dispatch.service.desks import SIDE, Caller, at, city, new_id
from tests.e2e.processes import serve

REPORTERS = 16
TYPES = ("chest_pain", "sick_person", "cardiac_arrest", "vehicle_fire", "")


class Load:
    """Callers that report, confirm and press until the service is gone."""

    def __init__(self, caller):
        self.caller = caller
        self.sent = {}
        self.acknowledged = {}

    async def run(self):
        workers = [self._report(n) for n in range(REPORTERS)] + [self._confirm(), self._press()]
        await asyncio.gather(*(self._until_gone(w) for w in workers))

    async def _until_gone(self, work):
        with contextlib.suppress(grpc.aio.AioRpcError):
            await work

    async def _report(self, number):
        for i in range(10_000):
            request = emergency_pb2.ReportIncidentRequest(
                request_id=new_id(),
                incident_type=TYPES[i % len(TYPES)],
                point=at((number * 3 + i) % SIDE, (number + i * 7) % SIDE),
            )
            self.sent[request.request_id] = request
            answer = await self.caller("ReportIncident", request)
            self.acknowledged[request.request_id] = answer
            await asyncio.sleep(0.01)

    async def _confirm(self):
        while True:
            listed = await self.caller(
                "ListIncidents", emergency_pb2.ListIncidentsRequest(needs_attention=True)
            )
            for incident in listed.incidents:
                if incident.HasField("proposal"):
                    with contextlib.suppress(grpc.aio.AioRpcError):
                        await self.caller(
                            "AssignUnits",
                            emergency_pb2.AssignUnitsRequest(
                                incident=incident.name,
                                request_id=new_id(),
                                proposal=incident.proposal.name,
                            ),
                        )
            await asyncio.sleep(0.02)

    async def _press(self):
        while True:
            for unit in ("A01", "A02", "B01", "F01"):
                await self.caller.press(unit, fleet_pb2.UNIT_STATUS_AVAILABLE)
            await asyncio.sleep(0.03)


@pytest.mark.parametrize("after_s", [0.7, 1.5, 2.2])
async def test_nothing_acknowledged_is_lost_and_no_unit_sent_twice(tmp_path, after_s):
    with serve(tmp_path) as service:
        async with Caller(service.address) as caller:
            load_ = Load(caller)
            running = asyncio.create_task(load_.run())
            await asyncio.sleep(after_s)
            service.kill()
            await running
    assert len(load_.acknowledged) > 20
    report = verify(tmp_path / "journal.sqlite3", fold=fold)
    assert report.ok, report

    with serve(tmp_path) as service:
        async with Caller(service.address) as caller:
            for request_id, answer in load_.acknowledged.items():
                found = await caller.incident(answer.name)
                assert found.first_report_time == answer.first_report_time
                again = await caller("ReportIncident", load_.sent[request_id])
                assert again.SerializeToString() == answer.SerializeToString()
            unanswered = load_.sent.keys() - load_.acknowledged.keys()
            for request_id in unanswered:
                await caller("ReportIncident", load_.sent[request_id])
            total = await _count(caller)
            assert total == len(load_.sent)
        assert service.stop() == 0
    assert_no_unit_twice(tmp_path)


async def _count(caller):
    count, token = 0, ""
    while True:
        page = await caller(
            "ListIncidents",
            emergency_pb2.ListIncidentsRequest(
                page_size=200, page_token=token, include_closed=True
            ),
        )
        count += len(page.incidents)
        token = page.next_page_token
        if not token:
            return count


def assert_no_unit_twice(folder):
    """Fold the facts: whoever gets a unit finds it free."""
    checksum = load(city(folder)["network"]).checksum
    journal = SqliteJournal.open(folder / "journal.sqlite3", network_checksum=checksum)
    orders, state = 0, fold.initial_state()
    try:
        for record in journal.read():
            recorded = fold.decode(record.body)
            fact = recorded.fact
            if isinstance(fact, UnitReserved):
                assert state.fleet.units[fact.unit].holder is None
                orders += 1
            elif isinstance(fact, UnitReleased):
                assert state.fleet.units[fact.unit].holder is not None
            state = fold.evolve(state, recorded)
    finally:
        journal.close()
    assert orders > 5
