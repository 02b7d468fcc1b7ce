"""Dispatcher: a simulated one, who confirms what waits for a person and closes what is over."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc
import grpc.aio
import numpy as np

from dispatch.v1 import emergency_pb2, events_pb2, incident_pb2
from scenarios.board import Board
from scenarios.client import DeskClient, new_request_id
from scenarios.clock import ServiceClock

LOOKS_FOR_S = (8.0, 25.0)
"""From a proposal to the dispatcher's word."""

Choose = Callable[[incident_pb2.Proposal], Awaitable[emergency_pb2.AssignUnitsRequest | None]]

_MOVED_ON = (
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
)


@dataclass(slots=True)
class Dispatcher:
    """Follows the facts and acts on them as a person at a desk would.

    Parameters
    ----------
    choose
        Asked first about each proposal that waits: an answer of one's own, or None to confirm.
    seed
        Of how long the dispatcher looks.
    """

    client: DeskClient
    clock: ServiceClock
    tasks: asyncio.TaskGroup
    board: Board
    choose: Choose
    seed: int
    refused: int = 0

    def follow(self, event: events_pb2.Event) -> None:
        """Do what a fact asks of the dispatcher."""
        match event.WhichOneof("fact"):
            case "decision_made":
                for proposal in event.decision_made.proposals:
                    self.tasks.create_task(self._decide(proposal))
            case "assignment_ended":
                incident = self.board.incidents.get(event.assignment_ended.incident)
                if incident is not None and self.board.over(incident):
                    self.tasks.create_task(self._close(incident.name))

    async def _decide(self, proposal: incident_pb2.Proposal) -> None:
        rng = np.random.default_rng([self.seed, zlib.crc32(proposal.incident.encode())])
        await self.clock.sleep(float(rng.uniform(*LOOKS_FOR_S)))
        if await self._automatic(proposal.incident):
            return
        try:
            request = await self.choose(proposal) or emergency_pb2.AssignUnitsRequest(
                incident=proposal.incident, proposal=proposal.name
            )
            request.request_id = new_request_id()
            await self.client.call(self.client.desk.AssignUnits, request)
        except grpc.aio.AioRpcError as error:
            if error.code() not in _MOVED_ON:
                raise
            self.refused += 1

    async def _automatic(self, incident: str) -> bool:
        """Whether units go by themselves; asked for when the answer to the report has not come."""
        line = self.board.incidents[incident]
        if line.automatic is None:
            request = emergency_pb2.GetIncidentRequest(name=incident)
            self.board.answered(await self.client.call(self.client.desk.GetIncident, request))
        return bool(line.automatic)

    async def _close(self, incident: str) -> None:
        request = emergency_pb2.CloseIncidentRequest(
            name=incident, request_id=new_request_id(), outcome="resolved"
        )
        try:
            await self.client.call(self.client.desk.CloseIncident, request)
        except grpc.aio.AioRpcError as error:
            if error.code() not in _MOVED_ON:
                raise
