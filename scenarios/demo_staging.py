"""What the demo stages on top of its calls: four things that a desk has to cope with.

A call that is sent twice, a closed bridge with a call near it, a unit that falls out on its way,
and a dispatcher who sends another unit than proposed. Whether all went well is read from the
journal afterwards (``demo_checks``); here it is only made to happen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatch.emergency.plans import IncidentType, ResponsePlans
from dispatch.v1 import emergency_pb2, fleet_pb2, incident_pb2, roads_pb2
from roadnets.geo import LonLat
from scenarios.board import Board, Fate
from scenarios.client import DeskClient, new_request_id
from scenarios.clock import ServiceClock
from scenarios.closure import Crossing, Detour
from scenarios.crews import Crew, Crews
from scenarios.demand import SHARES, Call, Service, service_of, with_point

SENT_TWICE = 2
"""Index of the call that is sent twice."""
CLOSED_FROM_S, CLOSED_UNTIL_S = 600.0, 2700.0
"""The street is closed and opened so long after the start."""
OUT_OF_SERVICE_FROM_S = 1200.0
OVERRIDE_FROM_S = 420.0
STILL_TO_DRIVE_S = 45.0
"""A unit with less to go than this is not taken from its order."""
REPAIRED_IN_S = 1500.0
OVERRIDE_TEXT = "this crew knows the house"
LOOK_EVERY_S = 10.0

Tell = Callable[[str], None]


def with_staged(
    calls: Sequence[Call], near: Detour | None, plans: ResponsePlans
) -> tuple[Call, ...]:
    """The calls, with two of them turned into what is staged.

    The first one after the closure comes from near the closed street; the first one that a
    dispatcher may override is of a type that waits for a person, where the plans have such a one.
    """
    turned = list(calls)
    waits = _waiting_kind(plans)
    index = _first_after(turned, OVERRIDE_FROM_S)
    if waits is not None and index is not None:
        turned[index] = _of_kind(turned[index], waits, waits.default_priority)
    index = _first_after(turned, CLOSED_FROM_S + 60.0)
    if near is not None and index is not None:
        there = with_point(turned[index], near.point, near.address)
        turned[index] = _of_kind(there, plans.types[near.incident_type], near.priority)
    return tuple(turned)


def _first_after(calls: Sequence[Call], seconds: float) -> int | None:
    found = (i for i, call in enumerate(calls) if call.at_s > seconds and i > SENT_TWICE)
    return next(found, None)


def _waiting_kind(plans: ResponsePlans) -> IncidentType | None:
    """A usual type that waits for a dispatcher and needs one unit; a medical one if any is."""
    kinds = [
        kind
        for _, kind in sorted(plans.types.items())
        if not kind.automatic
        and sum(need.count for need in kind.plan(kind.default_priority).needs) == 1
    ]
    return max(kinds, key=_how_usual, default=None)


def _how_usual(kind: IncidentType) -> tuple[bool, float]:
    return service_of(kind) is Service.MEDICAL, SHARES.get(kind.code, 1.0)


def _of_kind(call: Call, kind: IncidentType, priority: int) -> Call:
    return replace(
        call,
        service=service_of(kind),
        incident_type=kind.code,
        priority=priority,
        patients=1 if kind.plan(priority).transport else None,
    )


@dataclass(slots=True)
class Staging:
    """Makes it happen.

    Attributes
    ----------
    duplicate_id
        Request id of the call that was sent twice.
    duplicate_incidents
        The incident in each of its answers.
    """

    client: DeskClient
    clock: ServiceClock
    board: Board
    crews: Crews
    start: datetime
    crossing: Crossing | None
    tell: Tell
    duplicate_id: str = ""
    duplicate_incidents: list[str] = field(default_factory=list)
    overridden: str = ""

    async def run(self) -> None:
        """Close and open the street, and let a unit fall out."""
        async with asyncio.TaskGroup() as tasks:
            if self.crossing is not None:
                tasks.create_task(self._close(self.crossing))
            tasks.create_task(self._fall_out())

    async def send_again(
        self, request: emergency_pb2.ReportIncidentRequest, first: incident_pb2.Incident
    ) -> None:
        """Send a call a second time, as a client does that missed the answer."""
        again = await self.client.call(self.client.desk.ReportIncident, request)
        self.duplicate_id = request.request_id
        self.duplicate_incidents = [first.name, again.name]
        self.tell(f"the call of {_id(first.name)} is sent again: {_id(again.name)}, no second one")

    async def choose(
        self, proposal: incident_pb2.Proposal
    ) -> emergency_pb2.AssignUnitsRequest | None:
        """The dispatcher's own choice for the first proposal that leaves one; else None."""
        early = self.clock.now() < self.start + timedelta(seconds=OVERRIDE_FROM_S)
        if self.overridden or early or len(proposal.units) != 1:
            return None
        self.overridden = proposal.incident
        proposed = proposal.units[0]
        unit = await self._another(proposal.incident, proposed)
        if not unit:
            self.overridden = ""
            return None
        self.tell(
            f"the dispatcher sends {self.board.label(unit)} to {_id(proposal.incident)}, not "
            f"{self.board.label(proposed.candidate.unit)} as proposed: {OVERRIDE_TEXT}"
        )
        return emergency_pb2.AssignUnitsRequest(
            incident=proposal.incident,
            units=[emergency_pb2.UnitForNeed(unit=unit, need_id=proposed.need_id)],
            override_reason=incident_pb2.OverrideReason(code="local_knowledge", text=OVERRIDE_TEXT),
        )

    async def _another(self, incident: str, proposed: incident_pb2.ProposedUnit) -> str:
        """The next best unit from another station, or "" while there is none."""
        request = emergency_pb2.RecommendUnitsRequest(incident=incident, max_candidates=50)
        answer = await self.client.call(self.client.desk.RecommendUnits, request)
        home = self._home(proposed.candidate.unit)
        for need in answer.needs:
            for candidate in need.candidates:
                elsewhere = self._home(candidate.unit) != home
                if need.need_id == proposed.need_id and elsewhere and self._is_free(candidate.unit):
                    return candidate.unit
        return ""

    def _home(self, unit: str) -> LonLat | None:
        crew = self.crews.crews.get(unit)
        return crew.home if crew is not None else None

    def _is_free(self, unit: str) -> bool:
        line = self.board.units.get(unit)
        return line is not None and line.free

    async def _close(self, crossing: Crossing) -> None:
        await self._at(CLOSED_FROM_S)
        request = roads_pb2.SetConditionRequest(
            request_id=new_request_id(),
            streets=roads_pb2.StreetSelector(edges=crossing.edges),
            reason="damaged by a lorry",
        )
        condition = await self.client.call(self.client.roads.SetCondition, request)
        self.tell(f"{crossing.name} is closed ({condition.edge_count} directions of travel)")
        await self._at(CLOSED_UNTIL_S)
        end = roads_pb2.EndConditionRequest(name=condition.name, request_id=new_request_id())
        await self.client.call(self.client.roads.EndCondition, end)
        self.tell(f"{crossing.name} is open again")

    async def _fall_out(self) -> None:
        await self._at(OUT_OF_SERVICE_FROM_S)
        while (crew := self._on_its_way()) is None:
            await self.clock.sleep(LOOK_EVERY_S)
        line = self.board.units[crew.unit]
        incident = next(
            i.name
            for i in self.board.incidents.values()
            if any(n.assignment == line.assignment for n in i.needs.values())
        )
        self.tell(f"{self.board.label(crew.unit)} breaks down on its way to {_id(incident)}")
        await self.crews.break_down(crew, "engine failure", REPAIRED_IN_S)

    def _on_its_way(self) -> Crew | None:
        """A crew with a good way to go, whose place another free unit can take."""
        now = self.clock.now()
        for incident in self.board.incidents.values():
            if incident.name == self.overridden:
                continue  # one thing at a time
            for need in incident.needs.values():
                crew = self.crews.crews.get(need.unit)
                if (
                    need.fate is Fate.ORDERED
                    and crew is not None
                    and crew.status == fleet_pb2.UNIT_STATUS_EN_ROUTE
                    and crew.drives_until is not None
                    and (crew.drives_until - now).total_seconds() > STILL_TO_DRIVE_S
                    and self._spare(need.capability) > 1
                ):
                    return crew
        return None

    def _spare(self, capability: str) -> int:
        return sum(u.free and capability in u.capabilities for u in self.board.units.values())

    async def _at(self, seconds: float) -> None:
        await self.clock.sleep_until(self.start + timedelta(seconds=seconds))


def _id(name: str) -> str:
    return name.rpartition("/")[2]
