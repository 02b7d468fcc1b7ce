"""The proposer: whenever something has changed, decides all open needs and hands the result in.

Solving happens in a thread of its own, so that a call is answered while units are being chosen.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from msgspec.structs import replace

import dispatch.conditions.desk as conditions
from dispatch.conditions.desk import EndConditions, StartConditions
from dispatch.conditions.streets import Streets
from dispatch.emergency.commands import RecordDecision, WithdrawProposal
from dispatch.emergency.events import DecisionMade
from dispatch.emergency.model import Candidate
from dispatch.emergency.propose import (
    NeedRanking,
    ProposeSettings,
    estimate,
    nearest_hospital,
    propose,
    rank,
)
from dispatch.emergency.snapshot import OpenIncident, Snapshot
from dispatch.emergency.survey import (
    Scene,
    outgrown,
    placed_incident,
    take_snapshot,
    to_be_decided,
)
from dispatch.engine import Command, Engine
from dispatch.errors import JournalError, NotFoundError
from dispatch.model import HospitalId, IncidentId, Remark, UnitId
from dispatch.state import State

log = logging.getLogger(__name__)

TICK_S = 0.25
"""How often, in real seconds, expiries are looked at; changes are seen at once."""

AGAIN_S = 5.0
"""After so many real seconds open needs are decided again though no fact has come: units have
moved, positions have become old, or the last attempt failed."""

ADVISERS = 2
"""Recommendations at once: few, so that they cannot crowd out the decisions."""


class Proposer:
    """Keeps every open need decided.

    Parameters
    ----------
    config
        sha256 of response plans and settings, kept with each decision.
    """

    def __init__(
        self, engine: Engine, streets: Streets, settings: ProposeSettings, config: str
    ) -> None:
        self._engine = engine
        self._streets = streets
        self._settings = settings
        self._config = config
        self._solver = ThreadPoolExecutor(1, thread_name_prefix="proposer")
        self._advisers = ThreadPoolExecutor(ADVISERS, thread_name_prefix="adviser")
        self._task: asyncio.Task[None] | None = None
        self._outdated = False

    async def start(self) -> None:
        """Begin to decide."""
        self._task = asyncio.create_task(self._run(), name="proposer")

    async def stop(self) -> None:
        """Finish the decision in hand and stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._solver.shutdown()
        self._advisers.shutdown()

    async def recommend(
        self, state: State, incident: OpenIncident, limit: int
    ) -> tuple[DecisionMade, tuple[NeedRanking, ...]]:
        """What would be decided for one incident alone, and everyone who could go.

        Changes nothing; units promised elsewhere stay so.
        """
        now = self._engine.clock.now()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._advisers, self._recommend, state, incident, limit, now
        )

    def _recommend(
        self, state: State, incident: OpenIncident, limit: int, now: datetime
    ) -> tuple[DecisionMade, tuple[NeedRanking, ...]]:
        snapshot = self._snapshot(self._scene(state), [incident], now)
        travel = self._streets.travel(state.conditions)
        return (
            propose(snapshot, travel, self._settings, now),
            rank(snapshot, travel, self._settings, now, limit),
        )

    async def estimate(
        self, state: State, incident: IncidentId
    ) -> tuple[dict[UnitId, Candidate], HospitalId | None]:
        """When each unit would be at an open incident, and its hospital; nothing when unplaced."""
        now = self._engine.clock.now()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._advisers, self._estimate, state, incident, now)

    def _estimate(
        self, state: State, incident_id: IncidentId, now: datetime
    ) -> tuple[dict[UnitId, Candidate], HospitalId | None]:
        scene = self._scene(state)
        incident = state.emergency.incidents.get(incident_id)
        placed = placed_incident(scene, incident, (), self._streets) if incident else None
        if placed is None:
            return {}, None
        snapshot = self._snapshot(scene, [placed], now)
        travel = self._streets.travel(state.conditions)
        return (
            estimate(snapshot, travel, self._settings, now),
            nearest_hospital(snapshot, travel),
        )

    async def _run(self) -> None:
        changed, due = True, 0.0
        while True:
            try:
                await self._expire()
                if changed or time.monotonic() >= due:
                    due = time.monotonic() + AGAIN_S
                    await self._decide()
            except JournalError:
                log.critical("the journal has failed: nothing more is proposed")
                return
            except Exception:
                log.exception("open needs could not be decided; it is tried again")
            changed = await self._wait_for_change()

    async def _wait_for_change(self) -> bool:
        """Whether facts have come since the last time; False after ``TICK_S`` without any."""
        try:
            async with asyncio.timeout(TICK_S):
                await self._engine.changed.wait()
        except TimeoutError:
            return False
        self._engine.changed.clear()
        return True

    async def _expire(self) -> None:
        """Withdraw proposals that ran out or could be more; begin and end conditions."""
        state, now = self._engine.state, self._engine.clock.now()
        due: list[Command] = []
        if over := conditions.due_to_end(state.conditions, now):
            due.append(EndConditions(over, by="end_time"))
        if begun := conditions.due_to_start(state.conditions, now):
            due.append(StartConditions(begun))
        due += [
            WithdrawProposal(incident.incident_id, incident.proposal.proposal_id, Remark("expired"))
            for incident in state.emergency.incidents.values()
            if incident.proposal is not None and incident.proposal.expires <= now
        ]
        due += [
            WithdrawProposal(i.incident_id, i.proposal.proposal_id, Remark("more_can_go"))
            for i in outgrown(self._scene(state))
            if i.proposal is not None and i.proposal.expires > now
        ]
        outcomes = await asyncio.gather(*map(self._engine.submit, due), return_exceptions=True)
        for outcome in outcomes:
            # A client may have ended a condition meanwhile; the others are tried again.
            if isinstance(outcome, BaseException) and not isinstance(outcome, NotFoundError):
                raise outcome

    async def _decide(self) -> None:
        loop = asyncio.get_running_loop()
        state, now = self._engine.state, self._engine.clock.now()
        decision = await loop.run_in_executor(self._solver, self._solve, state, now)
        if decision is None:
            return
        changed = self._engine.state.conditions.revision != state.conditions.revision
        if changed and not self._outdated:
            # The fact that changed the streets asks for another decision. Only once in a row: while
            # streets keep changing, units go by what was true a moment ago.
            self._outdated = True
            return
        self._outdated = False
        await self._engine.submit(RecordDecision(decision))

    def _solve(self, state: State, now: datetime) -> DecisionMade | None:
        began = time.perf_counter()
        scene = self._scene(state)
        incidents = to_be_decided(scene, self._streets)
        if not incidents:
            return None
        snapshot = self._snapshot(scene, incidents, now)
        travel = self._streets.travel(state.conditions)
        decision = propose(snapshot, travel, self._settings, now)
        elapsed_ms = round((time.perf_counter() - began) * 1000, 3)
        return replace(decision, inputs=replace(decision.inputs, elapsed_ms=elapsed_ms))

    def _scene(self, state: State) -> Scene:
        return Scene(
            revision=state.revision,
            emergency=state.emergency,
            fleet=state.fleet,
            conditions=state.conditions,
            places=self._engine.positions.snapshot(),
            tracks=self._engine.positions.tracks(),
        )

    def _snapshot(self, scene: Scene, incidents: Sequence[OpenIncident], now: datetime) -> Snapshot:
        return take_snapshot(
            scene, incidents, self._streets, self._config, now, self._settings.stale_after_s
        )
