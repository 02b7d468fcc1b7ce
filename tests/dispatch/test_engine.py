"""The writing engine, on a real SQLite journal."""

import asyncio
import hashlib
import logging
import math
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

import dispatch.engine as module
from dispatch.conditions.desk import EndCondition, SetCondition
from dispatch.conditions.model import StreetsNamed
from dispatch.emergency.commands import CloseIncident, ConfirmProposal, PressStatus, RecordDecision
from dispatch.emergency.events import IncidentReported, RequestRepeated, UnmappedValueKept
from dispatch.engine import STATE_HASH_EVERY, Done, Engine, Request
from dispatch.errors import ConflictError, JournalError, NotFoundError, RequestReusedError
from dispatch.fleet.positions import Position
from dispatch.journal.journal import Batch, Record, StoredPosition
from dispatch.journal.verify import verify
from dispatch.model import ConditionId, IncidentId, RawPoint, UnitId, UnitStatus
from dispatch.state import Recorded, encode, state_hash
from roadnets.travel import TravelMode
from tests.dispatch.builders import (
    FLEET,
    NOW,
    PLANS,
    SCENE,
    SetClock,
    after,
    at,
    decision,
    place,
    proposal,
    report,
)
from tests.dispatch.engines import (
    Running,
    collect,
    disk_full,
    journal_in,
    report_many,
    revisions,
    running,
    until,
)

UNMAPPED = UnmappedValueKept("cad", "unit", "沪A")


def request(request_id: str, body: bytes = b"body", client: str = "cad") -> Request:
    """A request that is answered with the incident it opened."""

    def answer(done: Done) -> bytes:
        opened = [r.fact for r in done.facts if isinstance(r.fact, IncidentReported)]
        return b",".join(f.incident.incident_id.encode() for f in opened)

    return Request(client, request_id, hashlib.sha256(body).digest(), answer)


async def stored(run: Running) -> list[Recorded]:
    """Every fact there is."""
    facts: list[Recorded] = []
    last = run.engine.state.revision
    async for recorded in run.engine.watch(0):
        facts.append(recorded)
        if recorded.revision == last:
            break
    return facts


class TestSubmit:
    async def test_facts_are_durable_when_the_caller_is_told(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            done = await run.engine.submit(report("fall"), occurred=after(-30))
            (recorded,) = done.facts
            assert (recorded.revision, recorded.occurred, recorded.recorded) == (1, after(-30), NOW)
            assert run.disk.last_revision == 1
            assert (done.before.revision, done.state.revision) == (0, 1)
            assert run.engine.state is done.state

    async def test_what_can_be_read_is_durable(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            with run.disk.held():
                pending = asyncio.create_task(run.engine.submit(report("fall")))
                await until(run.disk.waiting.is_set)
                await asyncio.sleep(0.02)
                assert run.engine.state.revision == 0
                assert not pending.done()
            await pending
            assert run.engine.state.revision == 1

    async def test_commands_that_wait_together_are_committed_together(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            with run.disk.held():
                first = asyncio.create_task(run.engine.submit(report("fall")))
                await until(run.disk.waiting.is_set)
                others = asyncio.create_task(report_many(run, 300))
                await asyncio.sleep(0.05)
            await asyncio.gather(first, others)
            assert [len(batch.records) for batch in run.disk.batches] == [1, 300]
            ids = [d.facts[0].fact.incident.incident_id for d in others.result()]
            assert len(set(ids)) == 300

    async def test_a_group_has_its_limit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "GROUP_LIMIT", 10)
        async with running(tmp_path) as run:
            await report_many(run, 35)
            assert max(len(batch.records) for batch in run.disk.batches) == 10
            assert len(run.disk.batches) == 4

    async def test_each_command_of_a_group_sees_the_ones_before(self, tmp_path: Path) -> None:
        """Two dispatchers press at the same instant: one wins, one is told."""
        async with running(tmp_path) as run:
            await run.engine.submit(FLEET)
            await run.engine.submit(report("crash", SCENE))
            offered = proposal("E000001", {"als-1": "A1"})
            await run.engine.submit(RecordDecision(decision(2, [offered])))
            confirm = ConfirmProposal(
                IncidentId("E000001"),
                run.engine.state.emergency.incidents["E000001"].proposal.proposal_id,
            )
            before = len(run.disk.batches)
            one, other = await asyncio.gather(
                run.engine.submit(confirm), run.engine.submit(confirm), return_exceptions=True
            )
            assert isinstance(one, Done)
            assert isinstance(other, ConflictError)
            assert other.code == "proposal_superseded"
            assert len(run.disk.batches) == before + 1

    async def test_refusals_reach_their_caller_only(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            bad = CloseIncident(IncidentId("E9"), "resolved")
            outcomes = await asyncio.gather(
                *(run.engine.submit(c) for c in (report("fall"), bad, report("fall"))),
                return_exceptions=True,
            )
            assert [type(outcome) for outcome in outcomes] == [Done, NotFoundError, Done]
            assert run.engine.state.revision == 2

    async def test_a_command_that_nobody_can_decide_hurts_no_other(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with running(tmp_path) as run:
            with caplog.at_level(logging.CRITICAL, "dispatch.engine"):
                outcomes = await asyncio.gather(
                    *(run.engine.submit(c) for c in (report("fall"), object(), report("fall"))),
                    return_exceptions=True,
                )
            assert [type(outcome) for outcome in outcomes] == [Done, TypeError, Done]
            assert run.engine.failure is None

    @pytest.mark.parametrize("number", [math.nan, math.inf])
    async def test_what_the_journal_could_not_give_back_is_not_written(
        self, tmp_path: Path, number: float
    ) -> None:
        """JSON has no such numbers: the desk would not start again."""
        bad = replace(report("fall"), place=replace(place(SCENE), raw_point=RawPoint(number, 39.9)))
        async with running(tmp_path) as run:
            outcomes = await asyncio.gather(
                *(run.engine.submit(c) for c in (report("fall"), bad, report("fall"))),
                return_exceptions=True,
            )
            assert isinstance(outcomes[1], msgspec.ValidationError)
            assert revisions(await stored(run)) == [1, 2]
        async with running(tmp_path) as run:
            assert run.engine.state.emergency.next_incident == 3

    async def test_nothing_changes_without_facts(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            await run.engine.submit(FLEET)
            run.engine.changed.clear()
            done = await run.engine.submit(RecordDecision(decision(1)))
            assert (done.facts, done.before) == ((), done.state)
            assert not run.engine.changed.is_set()
            assert len(run.disk.batches) == 1

    async def test_a_caller_who_left_hurts_nobody(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            with run.disk.held():
                gone = asyncio.create_task(run.engine.submit(report("fall")))
                await until(run.disk.waiting.is_set)
                stays = asyncio.create_task(run.engine.submit(report("fall")))
                also_gone = asyncio.create_task(run.engine.submit(report("fall")))
                await asyncio.sleep(0.01)
                gone.cancel()
                also_gone.cancel()
                await asyncio.sleep(0.01)
            await stays
            await run.engine.submit(report("fall"))
            assert run.engine.state.revision == 4

    async def test_conditions_are_commands_too(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            closing = SetCondition(StreetsNamed(edges=(3,)), (3,), tuple(TravelMode), "flood")
            await run.engine.submit(closing)
            assert run.engine.state.conditions.revision == 1
            await run.engine.submit(EndCondition(ConditionId("C000001"), "cad"))
            assert run.engine.state.conditions.in_force == {}

    async def test_the_desk_gives_no_orders_in_shadow_mode(self, tmp_path: Path) -> None:
        async with running(tmp_path, orders=False) as run:
            await run.engine.submit(FLEET)
            await run.engine.submit(report("cardiac", SCENE))
            offered = proposal("E000001", {"als-1": "A1"})
            await run.engine.submit(RecordDecision(decision(2, [offered])))
            assert run.engine.state.emergency.assignments == {}


class TestOccurred:
    async def test_a_clock_that_runs_ahead_is_not_believed(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            done = await run.engine.submit(report("fall"), occurred=after(90))
            assert done.facts[0].occurred == NOW
            assert done.facts[0].fact.incident.first_report == NOW

    async def test_no_time_told_is_now(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            run.clock.advance(5)
            done = await run.engine.submit(report("fall"))
            assert done.facts[0].occurred == after(5)


class TestKept:
    async def test_kept_whatever_becomes_of_the_command(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            bad = CloseIncident(IncidentId("E9"), "resolved")
            with pytest.raises(NotFoundError):
                await run.engine.submit(bad, kept=(UNMAPPED,))
            done = await run.engine.submit(report("fall"), kept=(UNMAPPED,))
            assert revisions(done.facts) == [3]
            assert done.before.revision == 2
            assert [value.count for value in run.engine.unmapped.all()] == [2]

    async def test_kept_alone(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            done = await run.engine.submit(None, kept=(UNMAPPED,))
            assert done.facts == ()
            assert run.engine.state.revision == 1

    async def test_kept_though_the_command_breaks(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            with pytest.raises(TypeError):
                await run.engine.submit(object(), kept=(UNMAPPED,))
            assert [r.fact for r in await stored(run)] == [UNMAPPED]


class TestRepeatedRequests:
    async def test_the_same_request_is_answered_the_same(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            first = await run.engine.submit(report("fall"), request=request("1"))
            again = await run.engine.submit(report("fall"), request=request("1"))
            assert (first.answer, first.repeated) == (b"E000001", False)
            assert (again.answer, again.repeated, again.facts) == (b"E000001", True, ())
            assert list(run.engine.state.emergency.incidents) == ["E000001"]
            assert (await stored(run))[-1].fact == RequestRepeated("cad", "1")

    async def test_also_within_one_group(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            dones = await asyncio.gather(
                *(run.engine.submit(report("fall"), request=request("1")) for _ in range(20))
            )
            assert len(run.disk.batches) == 1
            assert {done.answer for done in dones} == {b"E000001"}
            assert [done.repeated for done in dones] == [False] + [True] * 19

    async def test_also_while_the_first_is_on_its_way_to_the_disk(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            with run.disk.held():
                first = asyncio.create_task(run.engine.submit(report("fall"), request=request("1")))
                await until(run.disk.waiting.is_set)
                again = asyncio.create_task(run.engine.submit(report("fall"), request=request("1")))
                await asyncio.sleep(0.02)
            assert (await again).answer == (await first).answer
            assert again.result().repeated

    async def test_also_after_a_restart(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            first = await run.engine.submit(report("fall"), request=request("1"))
        async with running(tmp_path) as run:
            again = await run.engine.submit(report("fall"), request=request("1"))
            assert (again.answer, again.repeated) == (first.answer, True)

    async def test_each_client_has_its_own(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            dones = [
                await run.engine.submit(report("fall"), request=request("1", client=client))
                for client in ("cad", "app")
            ]
            assert [done.answer for done in dones] == [b"E000001", b"E000002"]

    @pytest.mark.parametrize("together", [True, False])
    async def test_an_id_used_for_another_request_is_refused(
        self, tmp_path: Path, together: bool
    ) -> None:
        async with running(tmp_path) as run:
            calls = [
                run.engine.submit(report("fall"), request=request("1", body))
                for body in (b"one", b"another")
            ]
            if together:
                _, error = await asyncio.gather(*calls, return_exceptions=True)
            else:
                await calls[0]
                (error,) = await asyncio.gather(calls[1], return_exceptions=True)
            assert isinstance(error, RequestReusedError)
            assert error.details == {"request_id": "1"}
            assert run.engine.state.revision == 1

    async def test_a_refused_request_may_be_tried_again(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            command = PressStatus(UnitId("A1"), UnitStatus.EN_ROUTE)
            with pytest.raises(NotFoundError):
                await run.engine.submit(command, request=request("1"))
            await run.engine.submit(FLEET)
            done = await run.engine.submit(command, request=request("1"))
            assert (len(done.facts), done.repeated) == (1, False)

    async def test_a_request_that_changes_nothing_is_remembered_too(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            nothing = RecordDecision(decision(0))
            await run.engine.submit(nothing, request=request("1"))
            assert run.engine.state.revision == 0
            assert (await run.engine.submit(nothing, request=request("1"))).repeated

    async def test_an_answer_that_cannot_be_made_undoes_its_command(self, tmp_path: Path) -> None:
        def no_answer(done: Done) -> bytes:
            raise NotFoundError("name", "E9", "another")

        async with running(tmp_path) as run:
            bad = replace_answer(request("1"), no_answer)
            outcomes = await asyncio.gather(
                run.engine.submit(report("fall")),
                run.engine.submit(report("cardiac"), request=bad, kept=(UNMAPPED,)),
                run.engine.submit(report("fall"), request=request("2")),
                return_exceptions=True,
            )
            assert isinstance(outcomes[1], NotFoundError)
            assert outcomes[2].answer == b"E000002"
            assert [type(r.fact) for r in await stored(run)] == [
                IncidentReported,
                UnmappedValueKept,
                IncidentReported,
            ]


def replace_answer(known: Request, answer: object) -> Request:
    return Request(known.client, known.request_id, known.fingerprint, answer)


class TestFailure:
    @pytest.fixture(autouse=True)
    def quiet(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL + 1, "dispatch.engine")

    @pytest.mark.parametrize("error", [disk_full(), OSError("gone"), ValueError("odd")])
    async def test_after_a_failed_commit_nothing_is_taken_or_published(
        self, tmp_path: Path, error: Exception
    ) -> None:
        async with running(tmp_path) as run:
            await run.engine.submit(report("fall"))
            watched: list[Recorded] = []
            watcher = asyncio.create_task(collect(run.engine, 0, watched))
            await until(lambda: watched)
            before = run.engine.state
            run.disk.broken = error
            outcomes = await asyncio.gather(
                *(run.engine.submit(report("fall")) for _ in range(5)), return_exceptions=True
            )
            assert {type(outcome) for outcome in outcomes} == {JournalError}
            assert run.engine.state is before
            run.disk.broken = None
            with pytest.raises(JournalError):
                await run.engine.submit(report("fall"))
            assert run.disk.last_revision == 1
            assert revisions(watched) == [1]
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)

    async def test_commands_behind_the_failed_ones_are_told(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            run.disk.broken = disk_full()
            with run.disk.held():
                first = asyncio.create_task(run.engine.submit(report("fall")))
                await until(run.disk.waiting.is_set)
                behind = asyncio.create_task(run.engine.submit(report("fall")))
                await asyncio.sleep(0.01)
            outcomes = await asyncio.gather(first, behind, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [JournalError, JournalError]

    async def test_a_caller_who_left_does_not_keep_others_from_being_told(
        self, tmp_path: Path
    ) -> None:
        async with running(tmp_path) as run:
            run.disk.broken = disk_full()
            with run.disk.held():
                tasks = [asyncio.create_task(run.engine.submit(report("fall"))) for _ in range(3)]
                await until(run.disk.waiting.is_set)
                tasks[0].cancel()
                await asyncio.sleep(0.01)
            outcomes = await asyncio.gather(*tasks[1:], return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [JournalError, JournalError]

    async def test_answers_that_cannot_be_looked_up_are_a_failure_too(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            run.disk.answers_broken = disk_full()
            with pytest.raises(JournalError):
                await run.engine.submit(report("fall"), request=request("1"))
            with pytest.raises(JournalError):
                await run.engine.submit(report("fall"))

    async def test_what_was_committed_before_is_there_after_a_restart(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            await report_many(run, 3)
            run.disk.broken = disk_full()
            with pytest.raises(JournalError):
                await run.engine.submit(report("fall"))
        async with running(tmp_path) as run:
            assert run.engine.state.revision == 3
            assert (await run.engine.submit(report("fall"))).facts[0].revision == 4

    async def test_after_the_stop_nothing_is_taken(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            pass
        with pytest.raises(JournalError, match="the desk has stopped"):
            await run.engine.submit(report("fall"))

    async def test_the_stop_finishes_what_was_taken(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            pending = [asyncio.create_task(run.engine.submit(report("fall"))) for _ in range(50)]
            await asyncio.sleep(0)
        assert [(await p).facts[0].revision for p in pending] == list(range(1, 51))


async def a_day(run: Running) -> None:
    """Enough facts for a state hash or two, of several kinds, with answers."""
    engine = run.engine
    await engine.submit(FLEET)
    for i in range(70):
        run.clock.advance(10)
        done = await engine.submit(report("cardiac", at(i % 9, 3)), request=request(str(i)))
        incident = done.facts[0].fact.incident.incident_id
        offered = proposal(incident, {"als-1": f"A{i % 2 + 1}"}, created=run.clock.now())
        await engine.submit(RecordDecision(decision(done.state.revision, [offered])))
        await engine.submit(PressStatus(UnitId(f"A{i % 2 + 1}"), UnitStatus.ON_SCENE))
        await engine.submit(PressStatus(UnitId(f"A{i % 2 + 1}"), UnitStatus.AVAILABLE))
        if i % 3:
            await engine.submit(CloseIncident(incident, "resolved"), kept=(UNMAPPED,))


class TestRefold:
    async def test_a_restart_gives_the_same_desk(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            await a_day(run)
            state, history = run.engine.state, run.engine.history.all()
            unmapped = run.engine.unmapped.all()
        async with running(tmp_path) as run:
            assert run.engine.state == state
            assert state_hash(run.engine.state) == state_hash(state)
            assert run.engine.history.all() == history
            assert run.engine.unmapped.all() == unmapped

    async def test_state_hashes_are_due_every_so_often_and_verify(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            await a_day(run)
            last = run.engine.state.revision
            due = [b.records[-1].revision for b in run.disk.batches if b.state_hash is not None]
        assert last > 2 * STATE_HASH_EVERY
        hashes = list(range(1, last // STATE_HASH_EVERY + 1))
        assert [revision // STATE_HASH_EVERY for revision in due] == hashes
        report_of = verify(tmp_path / "city.journal", fold=module_fold())
        assert report_of.ok, str(report_of)

    async def test_a_whole_number_where_a_fraction_is_meant_has_the_same_hash(
        self, tmp_path: Path
    ) -> None:
        """In JSON 116 is not 116.0: what is folded is what the journal will give back."""
        whole = replace(place(SCENE), raw_point=RawPoint(116, 39), street_distance_m=4)
        async with running(tmp_path) as run:
            await run.engine.submit(replace(report("fall"), place=whole))
            live = state_hash(run.engine.state)
        async with running(tmp_path) as run:
            assert state_hash(run.engine.state) == live

    @pytest.mark.parametrize("body", [b"{}", b"not JSON", b'{"revision":1}'])
    def test_a_fact_that_cannot_be_read_is_named(self, tmp_path: Path, body: bytes) -> None:
        journal = journal_in(tmp_path)
        journal.append(Batch([Record(1, body)]))
        with pytest.raises(JournalError, match="fact 1 of the journal cannot be read"):
            Engine(journal, PLANS, SetClock(), orders=True)
        journal.close()

    def test_facts_under_a_wrong_number_are_refused(self, tmp_path: Path) -> None:
        journal = journal_in(tmp_path)
        journal.append(Batch([Record(1, encode(Recorded(2, NOW, NOW, UNMAPPED)))]))
        with pytest.raises(JournalError, match="has fact 2 where 1 is due"):
            Engine(journal, PLANS, SetClock(), orders=True)
        journal.close()


def module_fold() -> object:
    import dispatch.state

    return dispatch.state


class TestPositions:
    A1, A2 = UnitId("A1"), UnitId("A2")

    async def test_last_positions_survive_a_restart(self, tmp_path: Path) -> None:
        seen = {self.A1: Position(at(1, 1), after(-5), 90.0), self.A2: Position(at(2, 2), NOW)}
        async with running(tmp_path) as run:
            assert run.engine.observe(seen) == []
        async with running(tmp_path) as run:
            assert run.engine.positions.snapshot() == seen

    async def test_they_are_saved_now_and_then(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "POSITIONS_SAVED_EVERY_S", 0.01)
        async with running(tmp_path) as run:
            run.engine.observe({self.A1: Position(at(1, 1), NOW)})
            await until(lambda: [p.unit for p in run.disk.load_positions()] == ["A1"])
            assert run.engine.state.revision == 0

    async def test_older_ones_are_named(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            run.engine.observe({self.A1: Position(at(1, 1), NOW)})
            older = {self.A1: Position(at(9, 9), after(-1)), self.A2: Position(at(2, 2), NOW)}
            assert run.engine.observe(older) == [self.A1]
            assert run.engine.positions.last(self.A1) == Position(at(1, 1), NOW)

    async def test_a_clock_that_runs_ahead_does_not_shut_out_what_follows(
        self, tmp_path: Path
    ) -> None:
        async with running(tmp_path) as run:
            run.engine.observe({self.A1: Position(at(1, 1), after(3600))})
            assert run.engine.positions.last(self.A1).observed == NOW
            run.clock.advance(10)
            assert run.engine.observe({self.A1: Position(at(2, 2), after(10))}) == []

    async def test_one_that_cannot_be_read_is_left_out(self, tmp_path: Path) -> None:
        journal = journal_in(tmp_path)
        good = msgspec.json.encode(Position(at(1, 1), NOW))
        journal.save_positions([StoredPosition("A1", b"{}"), StoredPosition("A2", good)])
        journal.close()
        async with running(tmp_path) as run:
            assert set(run.engine.positions.snapshot()) == {self.A2}

    async def test_a_store_that_fails_to_save_them_does_not_stop_the_desk(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(module, "POSITIONS_SAVED_EVERY_S", 0.01)
        async with running(tmp_path) as run:
            run.disk.positions_broken = disk_full()
            run.engine.observe({self.A1: Position(at(1, 1), NOW)})
            await until(lambda: "could not be saved" in caplog.text)
            await run.engine.submit(report("fall"))
            run.disk.positions_broken = None
            run.engine.observe({self.A2: Position(at(1, 1), NOW)})
            await until(lambda: "A2" in {p.unit for p in run.disk.load_positions()})
