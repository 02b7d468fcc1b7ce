"""The only writer: commands in, facts committed in groups, state evolved, watchers told.

While one group is being made durable the next gathers; so a commit costs one fsync however many
callers wait for it. What callers read (``engine.state``) is always durable.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

import msgspec

import dispatch.conditions.desk as conditions
import dispatch.emergency.desk as emergency
from dispatch.clock import Clock
from dispatch.conditions.desk import ConditionCommand
from dispatch.emergency.commands import EmergencyCommand
from dispatch.emergency.events import RequestRepeated, UnmappedValueKept
from dispatch.emergency.plans import ResponsePlans
from dispatch.errors import DispatchError, JournalError, RequestReusedError
from dispatch.fleet.events import FleetDeclared
from dispatch.fleet.positions import Position, PositionBook
from dispatch.journal.journal import Batch, Journal, Record, StoredAnswer, StoredPosition
from dispatch.model import UnitId
from dispatch.state import Fact, Recorded, State, decode, encode, evolve, initial_state, state_hash
from dispatch.views.history import History
from dispatch.views.unmapped import UnmappedValues
from dispatch.watcher import Watcher

log = logging.getLogger(__name__)


Command = EmergencyCommand | ConditionCommand | FleetDeclared


GROUP_LIMIT = 512


STATE_HASH_EVERY = 256


POSITIONS_SAVED_EVERY_S = 1.0


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What makes a command repeatable: the same request is answered the same.

    Attributes
    ----------
    fingerprint
        sha256 of the request's body.
    answer
        Builds the stored answer from what came of the command.
    """

    client: str
    request_id: str
    fingerprint: bytes
    answer: Callable[[Done], bytes]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command, durable, and the answer when it was a request.

    Attributes
    ----------
    before, state
        Just before and just after it.
    facts
        What follows from the command, without what was kept beside it; empty when nothing changed.
    repeated
        The request came before; ``answer`` is what it was answered then.
    """

    before: State
    state: State
    facts: tuple[Recorded, ...] = ()
    answer: bytes = b""
    repeated: bool = False


@dataclass(slots=True)
class _Waiting:
    """A command on its way."""

    command: Command | None
    occurred: datetime | None
    request: Request | None
    kept: tuple[Fact, ...]
    done: asyncio.Future[Done]


@dataclass(slots=True)
class _Group:
    """Commands decided together, to be committed together.

    Attributes
    ----------
    records
        Each fact with its encoding and the state just before it.
    """

    state: State
    records: list[tuple[Recorded, bytes, State]] = field(default_factory=list)
    answers: dict[tuple[str, str], StoredAnswer] = field(default_factory=dict)
    outcomes: list[tuple[_Waiting, Done | Exception]] = field(default_factory=list)


class Engine:
    """The writing engine of one desk.

    Parameters
    ----------
    journal
        Where facts are kept; read once at the start.
    plans
        Response plans in force.
    orders
        False in shadow mode.
    """

    def __init__(
        self, journal: Journal, plans: ResponsePlans, clock: Clock, *, orders: bool
    ) -> None:
        self.plans = plans
        self.orders = orders
        self.clock = clock
        self.history = History()
        self.unmapped = UnmappedValues()
        self.failure: JournalError | None = None
        self._journal = journal
        self._state = self._refold(journal)
        self.positions = PositionBook(_load_positions(journal))
        self._incoming: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._watchers: set[Watcher] = set()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False
        self.changed = asyncio.Event()
        """Set whenever facts were published; cleared by who waits for it."""

    @property
    def state(self) -> State:
        """The newest durable state."""
        return self._state

    async def start(self) -> None:
        """Begin to take commands."""
        self._tasks = [
            asyncio.create_task(self._write(), name="engine-writer"),
            asyncio.create_task(self._save_positions(), name="engine-positions"),
        ]

    async def stop(self) -> None:
        """Finish what was taken, save positions, end every watch."""
        self._stopped = True
        await self._incoming.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.failure is None:
            await self._flush_positions()
        self.end_watches()
        self._disk.shutdown()

    def end_watches(self) -> None:
        """Let every watch end after what it has been given."""
        for watcher in self._watchers:
            watcher.end()

    async def submit(
        self,
        command: Command | None,
        *,
        occurred: datetime | None = None,
        request: Request | None = None,
        kept: tuple[Fact, ...] = (),
    ) -> Done:
        """Decide a command on the newest state and make its facts durable.

        Parameters
        ----------
        command
            None records ``kept`` alone.
        occurred
            When it happened, as told; None: now.
        kept
            Facts recorded whatever becomes of the command.

        Raises
        ------
        DispatchError
            The command is refused; only ``kept`` is recorded.
        JournalError
            The facts could not be made durable, or the engine has stopped; it takes no more
            commands.
        """
        if self.failure is not None:
            raise self.failure
        if self._stopped:
            raise JournalError("the desk has stopped")
        done: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        await self._incoming.put(_Waiting(command, occurred, request, kept, done))
        return await done

    def observe(self, positions: Mapping[UnitId, Position]) -> list[UnitId]:
        """Take positions of known units; gives those that were older than what is known."""
        now = self.clock.now()
        return [
            unit
            for unit, seen in positions.items()
            if not self.positions.observe(
                unit, msgspec.structs.replace(seen, observed=_plausible(seen.observed, now))
            )
        ]

    async def watch(self, after_revision: int) -> AsyncIterator[Recorded]:
        """Every fact after a revision, then live ones (-1: live ones only).

        Raises
        ------
        WatcherTooSlowError
            When more facts wait than a watcher may leave waiting.
        """
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            live_from = self._state.revision
            last = live_from if after_revision < 0 else after_revision
            async for recorded in self._stored(last, live_from):
                last = recorded.revision
                yield recorded
            async for recorded in watcher.facts(last):
                yield recorded
        finally:
            self._watchers.discard(watcher)

    async def _stored(self, after: int, until: int) -> AsyncIterator[Recorded]:
        """Facts from the journal, read a page at a time off the event loop."""
        records = self._journal.read(after)
        while after < until:
            page = await asyncio.to_thread(_page, records, 256)
            if not page:
                return
            for record in page:
                if record.revision > until:
                    return
                after = record.revision
                yield decode(record.body)

    # Writing

    async def _write(self) -> None:
        while True:
            waiting = [await self._incoming.get()]
            while len(waiting) < GROUP_LIMIT and not self._incoming.empty():
                waiting.append(self._incoming.get_nowait())
            try:
                await self._commit(waiting)
            finally:
                for one in waiting:
                    self._incoming.task_done()
                    if not one.done.done():
                        one.done.cancel()

    async def _commit(self, waiting: list[_Waiting]) -> None:
        if self.failure is None:
            try:
                outcomes = await self._commit_group(waiting)
            except JournalError as error:
                log.critical("the journal failed; no further command is taken: %s", error)
                self.failure = error
            except Exception:
                log.critical("a group could not be committed; no further command is taken")
                log.exception("the writer failed")
                self.failure = JournalError("the writer failed; no further command is taken")
            else:
                for one, outcome in outcomes:
                    _settle(one.done, outcome)
                return
        for one in waiting:
            _settle(one.done, self.failure)

    async def _commit_group(
        self, waiting: list[_Waiting]
    ) -> list[tuple[_Waiting, Done | Exception]]:
        group = await self._decide_group(waiting)
        if group.records or group.answers:
            await self._on_disk(self._journal.append, self._batch(group))
            self._publish(group)
        return group.outcomes

    async def _decide_group(self, waiting: list[_Waiting]) -> _Group:
        requests = [one.request for one in waiting if one.request is not None]
        stored = await self._on_disk(self._stored_answers, requests) if requests else {}
        now = self.clock.now()
        group = _Group(self._state)
        for one in waiting:
            group.outcomes.append((one, self._outcome(group, one, stored, now)))
        return group

    def _stored_answers(self, requests: list[Request]) -> dict[tuple[str, str], StoredAnswer]:
        answers = (self._journal.answer(r.client, r.request_id) for r in requests)
        return {(a.client, a.request_id): a for a in answers if a is not None}

    def _outcome(
        self,
        group: _Group,
        one: _Waiting,
        stored: Mapping[tuple[str, str], StoredAnswer],
        now: datetime,
    ) -> Done | Exception:
        """What comes of one command; whatever happens to it, the others go on."""
        key = (one.request.client, one.request.request_id) if one.request else None
        try:
            answer = group.answers.get(key) or stored.get(key) if key else None
            return self._decide(group, one, answer, now)
        except DispatchError as error:
            return error
        except Exception as error:
            log.exception("a command could not be decided: %s", type(one.command).__name__)
            return error

    def _decide(
        self, group: _Group, one: _Waiting, stored: StoredAnswer | None, now: datetime
    ) -> Done:
        at = _plausible(one.occurred, now)
        if stored is not None and one.request is not None:
            return self._answer_again(group, one.request, stored, now)
        _record_all(group, one.kept, at, now)
        before = group.state
        if one.command is None:
            return Done(before, before)
        mark = len(group.records)
        try:
            facts = _record_all(group, self._facts(before, one.command, at, now), at, now)
            return self._answered(group, one.request, Done(before, group.state, facts))
        except Exception:
            group.state = before
            del group.records[mark:]
            raise

    def _answered(self, group: _Group, request: Request | None, done: Done) -> Done:
        if request is None:
            return done
        answer = StoredAnswer(
            client=request.client,
            request_id=request.request_id,
            fingerprint=request.fingerprint,
            answer=request.answer(done),
            revision=group.state.revision,
        )
        group.answers[answer.client, answer.request_id] = answer
        return replace(done, answer=answer.answer)

    def _answer_again(
        self, group: _Group, request: Request, stored: StoredAnswer, now: datetime
    ) -> Done:
        if stored.fingerprint != request.fingerprint:
            raise RequestReusedError(
                f"request_id {request.request_id} was used for another request; use a new UUID",
                request_id=request.request_id,
            )
        _record_all(group, (RequestRepeated(request.client, request.request_id),), now, now)
        return Done(group.state, group.state, answer=stored.answer, repeated=True)

    def _facts(
        self, state: State, command: Command, at: datetime, now: datetime
    ) -> tuple[Fact, ...]:
        if isinstance(command, ConditionCommand):
            return conditions.decide(state.conditions, command, now)
        if isinstance(command, FleetDeclared):
            return tuple(emergency.declare_fleet(command, self._desk(state)))
        return emergency.decide(self._desk(state), command, at, now)

    def _desk(self, state: State) -> emergency.Desk:
        return emergency.Desk(
            emergency=state.emergency, fleet=state.fleet, plans=self.plans, orders=self.orders
        )

    def _batch(self, group: _Group) -> Batch:
        before, after = self._state.revision, group.state.revision
        due = before // STATE_HASH_EVERY != after // STATE_HASH_EVERY
        return Batch(
            records=[Record(r.revision, body) for r, body, _ in group.records],
            answers=list(group.answers.values()),
            state_hash=state_hash(group.state) if due else None,
        )

    def _publish(self, group: _Group) -> None:
        for recorded, _, before in group.records:
            self._observe(recorded, before)
        self._state = group.state
        facts = [recorded for recorded, _, _ in group.records]
        for watcher in self._watchers:
            watcher.offer(facts)
        if not all(isinstance(r.fact, RequestRepeated | UnmappedValueKept) for r in facts):
            self.changed.set()

    async def _on_disk(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, call, *args)

    # Reading back

    def _refold(self, journal: Journal) -> State:
        state = initial_state()
        for record in journal.read(0):
            recorded = _read_back(record, state.revision + 1)
            self._observe(recorded, state)
            state = evolve(state, recorded)
        return state

    def _observe(self, recorded: Recorded, before: State) -> None:
        self.history.observe(recorded, before)
        self.unmapped.observe(recorded)

    # Positions

    async def _save_positions(self) -> None:
        while self.failure is None:
            await asyncio.sleep(POSITIONS_SAVED_EVERY_S)
            await self._flush_positions()

    async def _flush_positions(self) -> None:
        unsaved = self.positions.take_unsaved()
        stored = [StoredPosition(u, msgspec.json.encode(p)) for u, p in unsaved.items()]
        if not stored:
            return
        try:
            await self._on_disk(self._journal.save_positions, stored)
        except JournalError as error:
            log.error("last positions could not be saved: %s", error)  # noqa: TRY400 - no trace


def _record_all(
    group: _Group, facts: Iterable[Fact], at: datetime, now: datetime
) -> tuple[Recorded, ...]:
    """Fold facts as the journal will give them back.

    So a fact that could not be read again is refused before it is written, and the state of
    today is to the last bit that of a refold.
    """
    recorded: list[Recorded] = []
    for fact in facts:
        before = group.state
        body = encode(Recorded(before.revision + 1, at, now, fact))
        recorded.append(decode(body))
        group.state = evolve(before, recorded[-1])
        group.records.append((recorded[-1], body, before))
    return tuple(recorded)


def _settle(done: asyncio.Future[Done], outcome: Done | Exception) -> None:
    """Tell a caller what came of its command, unless it has gone."""
    if done.done():
        return
    if isinstance(outcome, Done):
        done.set_result(outcome)
    else:
        done.set_exception(outcome)


def _plausible(occurred: datetime | None, now: datetime) -> datetime:
    """When it happened, never later than now: clocks of callers run ahead."""
    return now if occurred is None or occurred > now else occurred


def _read_back(record: Record, revision: int) -> Recorded:
    """The fact of a record that is due at a revision."""
    try:
        recorded = decode(record.body)
    except msgspec.DecodeError as error:
        raise JournalError(
            f"fact {record.revision} of the journal cannot be read: {error}"
        ) from error
    if not revision == record.revision == recorded.revision:
        raise JournalError(f"the journal has fact {recorded.revision} where {revision} is due")
    return recorded


def _page(records: Iterator[Record], size: int) -> list[Record]:
    return list(islice(records, size))


def _load_positions(journal: Journal) -> dict[UnitId, Position]:
    positions: dict[UnitId, Position] = {}
    for stored in journal.load_positions():
        try:
            positions[UnitId(stored.unit)] = msgspec.json.decode(stored.body, type=Position)
        except msgspec.DecodeError as error:
            log.warning("the last position of %s cannot be read: %s", stored.unit, error)
    return positions
