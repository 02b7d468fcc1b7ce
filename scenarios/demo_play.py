"""Play: the calls go to the service, crews and a dispatcher answer it, a display follows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn

from dispatch.fleet.fleet_file import FleetFile
from dispatch.v1 import common_pb2, emergency_pb2, events_pb2, fleet_pb2
from roadnets.geo import CoordinateSystem
from scenarios.board import Board, instant
from scenarios.client import DeskClient, new_request_id
from scenarios.clock import ServiceClock
from scenarios.closure import Crossing
from scenarios.crews import Crews
from scenarios.demand import Call
from scenarios.demo_server import Server
from scenarios.demo_staging import SENT_TWICE, Staging
from scenarios.demo_table import Display
from scenarios.dispatcher import Dispatcher

CLIENT = "demo"
TAIL_S = 1500.0
"""Time of the service after the last call in which units may still arrive."""
GIVE_UP_S = 20.0
"""Real seconds after that in which everything has to be decided."""
_LOOK_EVERY_S = 0.1

_SYSTEMS = {
    system: common_pb2.CoordinateSystem.Value(f"COORDINATE_SYSTEM_{system.name}")
    for system in CoordinateSystem
}


class _OverError(Exception):
    """The play is over: no error, but what ends a task group."""


@dataclass(slots=True)
class Latency:
    """From a report being durable to its decision being seen, in real time.

    A report is durable when its answer has come or a watcher has seen its fact, whichever is
    first; decided when a watcher has seen units proposed for it, or needs left unmet.
    """

    durable: dict[str, float] = field(default_factory=dict)
    decided: dict[str, float] = field(default_factory=dict)

    def answered(self, incident: str) -> None:
        """Take note of the answer to a report."""
        self.durable.setdefault(incident, time.perf_counter())

    def follow(self, event: events_pb2.Event) -> None:
        """Take note of a fact."""
        match event.WhichOneof("fact"):
            case "incident_reported":
                self.answered(event.incident_reported.incident)
            case "decision_made":
                now = time.perf_counter()
                for proposal in event.decision_made.proposals:
                    self.decided.setdefault(proposal.incident, now)
                for left in event.decision_made.unmet:
                    self.decided.setdefault(left.incident, now)

    def milliseconds(self) -> list[float]:
        """Of each incident that was decided."""
        return [
            (at - self.durable[incident]) * 1000.0
            for incident, at in self.decided.items()
            if incident in self.durable
        ]


@dataclass(slots=True)
class Cast:
    """Everything that a play needs to be told.

    Attributes
    ----------
    kill_after_s
        Real seconds after which the service is killed and started again; None: never.
    """

    client: DeskClient
    clock: ServiceClock
    server: Server
    fleet: FleetFile
    calls: Sequence[Call]
    crossing: Crossing | None
    display: Display
    seed: int
    kill_after_s: float | None = None


@dataclass(slots=True)
class Played:
    """What a play leaves behind, beside the journal.

    Attributes
    ----------
    acknowledged
        The incident in each answer to a report, by request id.
    killed_after
        Revision that was seen last, each time the service was killed.
    lag_s
        Time of the service by which the most belated call came too late.
    kills
        How often the service was killed.
    """

    board: Board
    latency: Latency
    acknowledged: dict[str, str] = field(default_factory=dict)
    duplicate_id: str = ""
    duplicate_incidents: list[str] = field(default_factory=list)
    killed_after: list[int] = field(default_factory=list)
    lag_s: float = 0.0


async def play(cast: Cast) -> Played:
    """Play every call and wait until all is decided and the first units are there."""
    start = await _start(cast)
    played = Played(Board(await _units(cast.client)), Latency())
    try:
        async with asyncio.TaskGroup() as tasks:
            await _Stage(cast, played, tasks, start).run()
            _end()
    except* _OverError:
        pass
    return played


def _end() -> NoReturn:
    """End every task of the group that this is called in."""
    raise _OverError


class _Stage:
    """A play while it runs."""

    def __init__(
        self, cast: Cast, played: Played, tasks: asyncio.TaskGroup, start: datetime
    ) -> None:
        client, clock = cast.client, cast.clock
        self._cast, self._played, self._tasks, self._start = cast, played, tasks, start
        self._crews = Crews(client, clock, tasks, cast.fleet, cast.seed)
        self._staging = Staging(
            client=client,
            clock=clock,
            board=played.board,
            crews=self._crews,
            start=start,
            crossing=cast.crossing,
            tell=lambda text: cast.display.note(clock.now(), text),
        )
        self._dispatcher = Dispatcher(
            client, clock, tasks, played.board, self._staging.choose, cast.seed
        )

    async def run(self) -> None:
        cast = self._cast
        cast.display.begin(self._played.board, self._start, len(cast.calls))
        self._tasks.create_task(self._watch())
        self._tasks.create_task(self._crews.report_positions())
        if cast.kill_after_s is not None:
            self._tasks.create_task(self._kill(cast.kill_after_s))
        staging = self._tasks.create_task(self._staging.run())
        reports = []
        for index, call in enumerate(cast.calls):
            due = self._start + timedelta(seconds=call.at_s)
            await cast.clock.sleep_until(due)
            lag_s = (cast.clock.now() - due).total_seconds()
            self._played.lag_s = max(self._played.lag_s, lag_s)
            reports.append(self._tasks.create_task(self._report(index, call)))
        await asyncio.wait(reports)
        await self._until_quiet(staging)
        self._played.duplicate_id = self._staging.duplicate_id
        self._played.duplicate_incidents = self._staging.duplicate_incidents

    async def _watch(self) -> None:
        cast, played = self._cast, self._played
        async for event in cast.client.watch(0):
            cast.clock.learn(instant(event.recorded_time))
            played.latency.follow(event)
            played.board.apply(event)
            self._crews.follow(event)
            self._dispatcher.follow(event)
            cast.display.follow(event)

    async def _report(self, index: int, call: Call) -> None:
        request = emergency_pb2.ReportIncidentRequest(
            request_id=new_request_id(),
            incident_type=call.incident_type,
            priority=call.priority,
            point=common_pb2.Point(
                longitude=call.lon,
                latitude=call.lat,
                coordinate_system=_SYSTEMS[call.system],
                uncertainty_m=20.0,
            ),
            address=call.address,
            patients=call.patients,
            origin=common_pb2.Origin(agency=call.service),
        )
        answer = await self._cast.client.call(self._cast.client.desk.ReportIncident, request)
        self._played.latency.answered(answer.name)
        self._played.acknowledged[request.request_id] = answer.name
        self._played.board.answered(answer)
        if index == SENT_TWICE:
            await self._staging.send_again(request, answer)

    async def _kill(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        cast = self._cast
        now = cast.clock.pause()
        cast.display.note(now, "the service is killed (SIGKILL) and started again")
        await cast.server.kill()
        self._played.killed_after.append(self._played.board.revision)
        await cast.server.start(now)
        cast.clock.resume()
        cast.display.note(now, "the service is back, on the same journal")

    async def _until_quiet(self, staging: asyncio.Task[None]) -> None:
        board, clock = self._played.board, self._cast.clock
        tail = clock.now() + timedelta(seconds=TAIL_S)
        await _until(lambda: clock.now() > tail or (staging.done() and not board.not_reached()))
        until = time.monotonic() + GIVE_UP_S
        await _until(lambda: time.monotonic() > until or not board.undecided())


async def _until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110 - it depends on several things, time among them
        await asyncio.sleep(_LOOK_EVERY_S)


async def _start(cast: Cast) -> datetime:
    """When the first of the calls' seconds begins: as soon as the service's time is known."""
    async for event in cast.client.watch(0):
        cast.clock.learn(instant(event.recorded_time))
        break
    return cast.clock.now()


async def _units(client: DeskClient) -> list[fleet_pb2.Unit]:
    units: list[fleet_pb2.Unit] = []
    token = ""
    while True:
        request = emergency_pb2.ListUnitsRequest(page_size=1000, page_token=token)
        page = await client.call(client.desk.ListUnits, request)
        units.extend(page.units)
        token = page.next_page_token
        if not token:
            return units
