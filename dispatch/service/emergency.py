"""EmergencyService: reports, decisions, orders and units."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from google.protobuf.message import Message
from msgspec.structs import replace

from dispatch.emergency.commands import (
    AcknowledgeAssignment,
    CancelAssignment,
    CloseIncident,
    ConfirmProposal,
    OverrideProposal,
    Place,
    PressStatus,
    RecordAssignment,
    UnitForNeed,
    UpdateIncident,
)
from dispatch.emergency.events import (
    AssignmentRecorded,
    IncidentReported,
    IncidentUpdated,
    UnitAssigned,
)
from dispatch.emergency.model import Candidate, Incident, Override, Proposal
from dispatch.engine import Done, Request
from dispatch.errors import DispatchError, InvalidFieldError, NotFoundError, RequestReusedError
from dispatch.model import HospitalId, IncidentId, NeedId, ProposalId, Remark, UnitId, UnitStatus
from dispatch.service import convert, names, present, resolve
from dispatch.service.calls import Call
from dispatch.service.events import EventBytes
from dispatch.service.orders import Order, carry_out
from dispatch.service.pages import LARGEST_PAGE_BYTES, page_after, page_size, token_after
from dispatch.service.positions import PositionIntake, until
from dispatch.service.present import Presenter
from dispatch.service.recommend import recommend
from dispatch.service.resolve import Found
from dispatch.service.rooms import Rooms
from dispatch.service.status import RevisionAheadError, StoppingError, WatcherBehindError
from dispatch.state import State, evolve
from dispatch.v1 import emergency_pb2, fleet_pb2, incident_pb2
from dispatch.views.history import History
from dispatch.watcher import WatcherTooSlowError
from roadnets.travel import TravelMode

log = logging.getLogger(__name__)

_SHOWN_AT_ONCE: Final = 25
"""Objects of a list turned into messages before others get a turn on the loop."""


ESTIMATE_WITHIN_S: Final = 2.0


class EmergencyService:
    """Every method of ``dispatch.v1.EmergencyService``."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._engine = rooms.engine
        self._events = EventBytes(rooms.catalogue)

    # Incidents

    async def report_incident(
        self, request: emergency_pb2.ReportIncidentRequest, call: Call
    ) -> bytes:
        """Keep a report, whatever is the matter with it."""
        report = self._report(request, call)
        try:
            return await self._keep(report, request, call)
        except DispatchError:
            raise
        except Exception:
            log.exception("a report could not be decided; it is kept as it came")
            return await self._keep(convert.bare_report(request, call.mapping), request, call)

    async def _keep(
        self, report: convert.Report, request: emergency_pb2.ReportIncidentRequest, call: Call
    ) -> bytes:
        command, body = report.command, convert.fingerprint(request)

        def answer(done: Done) -> bytes:
            incident = _opened(done)
            try:
                return self._shown(call, Found(incident, ())).SerializeToString()
            except Exception:
                log.exception("an incident cannot be shown; its name alone is answered")
                name = names.name_of(names.INCIDENTS, incident.incident_id)
                return incident_pb2.Incident(name=name).SerializeToString()

        def repeatable(request_id: str) -> Request | None:
            return Request(call.client, request_id, body, answer) if request_id else None

        request_id = request.request_id[: convert.LONGEST_REQUEST_ID]
        try:
            done = await self._engine.submit(
                command,
                occurred=report.occurred,
                request=repeatable(request_id),
                kept=report.kept,
            )
        except RequestReusedError:
            # Another report under a known id is no repetition: it is kept under an id of its own.
            flag = Remark("request_id_reused", {"request_id": request_id})
            done = await self._engine.submit(
                replace(command, flags=(*command.flags, flag)),
                occurred=report.occurred,
                request=repeatable(f"{request_id} {body.hex()}"),
                kept=report.kept,
            )
        return done.answer or answer(done)

    async def get_incident(
        self, request: emergency_pb2.GetIncidentRequest, call: Call
    ) -> incident_pb2.Incident:
        """An incident, open or closed."""
        found = resolve.look_up_incident(request.name, call.client, self._engine)
        return self._shown(call, found)

    async def list_incidents(
        self, request: emergency_pb2.ListIncidentsRequest, call: Call
    ) -> emergency_pb2.ListIncidentsResponse:
        """Incidents in order of their ids."""
        state, history = self._engine.state, self._engine.history
        opened = state.emergency.incidents
        wanted = [i for i, x in opened.items() if x.needs_attention or not request.needs_attention]
        if request.include_closed and not request.needs_attention:
            wanted += [c.incident.incident_id for c in history.all()]
        ids, token = page_after(wanted, page_size(request.page_size), request.page_token)
        response = emergency_pb2.ListIncidentsResponse(
            next_page_token=token, revision=state.revision
        )
        held = 0
        for number, incident_id in enumerate(map(IncidentId, ids)):
            await _breathe(number)
            found = self._found(state, incident_id)
            if found is None:
                continue
            if held > LARGEST_PAGE_BYTES:
                response.next_page_token = token_after(ids[number - 1])
                break
            shown = self._shown(call, found)
            held += shown.ByteSize()
            response.incidents.append(shown)
        return response

    def _found(self, state: State, incident_id: IncidentId) -> Found | None:
        """An incident of a list; None when it has gone from memory meanwhile."""
        opened = state.emergency.incidents.get(incident_id)
        if opened is not None:
            return resolve.found_open(state, opened)
        closed = self._engine.history.get(incident_id)
        return Found(closed.incident, closed.assignments) if closed else None

    async def update_incident(
        self, request: emergency_pb2.UpdateIncidentRequest, call: Call
    ) -> bytes:
        """Correct an incident."""

        def build() -> Order:
            code, given = None, ""
            if request.HasField("incident_type"):
                given = request.incident_type.strip()
                code = self._rooms.mappings.translate_type(call.client, given)
                if code is None:
                    allowed = ", ".join(sorted(self._engine.plans.types))
                    refusal = InvalidFieldError("incident_type", given, allowed)
                    kept = resolve.kept(call.mapping, "incident_type", given)
                    return Order(None, kept, refusal)
            command = UpdateIncident(
                incident=self._incident_id(request.name, call),
                place=self._corrected_place(request, call),
                incident_type=code,
                raw_incident_type=given or None,
                priority=convert.priority(request),
                patients=request.patients if request.HasField("patients") else None,
                address=(
                    convert.limited(request.address, "address")
                    if request.HasField("address")
                    else None
                ),
                etag=_etag(request.etag),
            )
            return Order(command)

        def answer(done: Done) -> incident_pb2.Incident:
            updated = next(r.fact for r in done.facts if isinstance(r.fact, IncidentUpdated))
            return self._after(call, done.state, updated.incident)

        return await self._carry_out(request, call, build, answer)

    async def close_incident(
        self, request: emergency_pb2.CloseIncidentRequest, call: Call
    ) -> bytes:
        """End an incident."""

        def build() -> Order:
            outcome = convert.words(request.outcome, "outcome", "how it ended, e.g. resolved")
            return Order(CloseIncident(self._incident_id(request.name, call), outcome))

        return await self._carry_out(
            request, call, build, lambda done: self._shown(call, _closed_by(done))
        )

    # Decisions and orders

    async def recommend_units(
        self, request: emergency_pb2.RecommendUnitsRequest, call: Call
    ) -> emergency_pb2.RecommendUnitsResponse:
        """Ranked alternatives; changes nothing."""
        return await recommend(self._rooms, request, call, self._presenter(call))

    async def assign_units(self, request: emergency_pb2.AssignUnitsRequest, call: Call) -> bytes:
        """Confirm a proposal, or override it."""
        estimates, hospital = await self._estimates(request, call)

        def build() -> Order:
            incident_id = self._incident_id(request.incident, call, "incident")
            proposal = ProposalId(names.id_of(names.PROPOSALS, request.proposal))
            if not request.units:
                if not proposal:
                    raise InvalidFieldError(
                        "units", "[]", "at least one unit, or a proposal to confirm"
                    )
                return Order(ConfirmProposal(incident_id, proposal))
            units: list[UnitForNeed] = []
            for index, wanted in enumerate(request.units):
                field = f"units[{index}].unit"
                unit = self._find_unit(wanted.unit, call)
                if unit is None:
                    return self._unknown_unit(field, wanted.unit, call)
                need_id = NeedId(wanted.need_id) if wanted.need_id else None
                units.append(UnitForNeed(unit, need_id, estimates.get(unit)))
            incident = self._engine.state.emergency.incidents.get(incident_id)
            standing = incident.proposal if incident else None
            if standing is not None and _as_proposed(standing, proposal, units):
                return Order(ConfirmProposal(incident_id, standing.proposal_id))
            override = Override(
                request.override_reason.code,
                convert.limited(request.override_reason.text, "override_reason.text"),
            )
            return Order(
                OverrideProposal(
                    incident_id,
                    tuple(units),
                    override,
                    proposal=proposal or None,
                    hospital=hospital,
                )
            )

        def answer(done: Done) -> emergency_pb2.AssignUnitsResponse:
            sent = [r.fact.assignment for r in done.facts if isinstance(r.fact, UnitAssigned)]
            return emergency_pb2.AssignUnitsResponse(
                incident=self._after(call, done.state, sent[0].incident),
                assignments=[self._presenter(call).assignment(a) for a in sent],
            )

        return await self._carry_out(request, call, build, answer)

    async def _estimates(
        self, request: emergency_pb2.AssignUnitsRequest, call: Call
    ) -> tuple[dict[UnitId, Candidate], HospitalId | None]:
        """When the units that a dispatcher chose would be there; a choice never waits for it."""
        if not request.units:
            return {}, None
        incident = resolve.find_incident(request.incident, call.client, self._engine)
        try:
            async with asyncio.timeout(ESTIMATE_WITHIN_S):
                return await self._rooms.proposer.estimate(self._engine.state, incident)
        except Exception:
            log.exception("no estimate for a dispatcher's choice; the order goes out without")
            return {}, None

    async def record_assignment(
        self, request: emergency_pb2.RecordAssignmentRequest, call: Call
    ) -> bytes:
        """Store what another system decided."""

        def build() -> Order:
            raw = convert.words(request.unit, "unit", "a unit's name, or the client's own id")
            incident_id = self._incident_id(request.incident, call, "incident")
            known = incident_id in self._engine.state.emergency.incidents
            if not known and self._engine.history.get(incident_id) is None:
                allowed = "an incident that was reported, by its name or its external id"
                return Order(
                    None,
                    resolve.kept(call.mapping, "incident", request.incident),
                    NotFoundError("incident", incident_id, allowed),
                )
            unit = self._find_unit(raw, call)
            kept = () if unit else resolve.kept(call.mapping, "unit", raw)
            origin = convert.origin(request.origin, call.mapping)
            return Order(RecordAssignment(incident_id, unit, raw, origin), kept)

        def answer(done: Done) -> incident_pb2.Assignment:
            recorded = next(
                r.fact.assignment for r in done.facts if isinstance(r.fact, AssignmentRecorded)
            )
            return self._presenter(call).assignment(recorded)

        return await self._carry_out(request, call, build, answer)

    async def acknowledge_assignment(
        self, request: emergency_pb2.AcknowledgeAssignmentRequest, call: Call
    ) -> bytes:
        """The station or crew has the order."""
        return await self._carry_out(
            request,
            call,
            lambda: Order(AcknowledgeAssignment(resolve.assignment_id(request.name))),
            lambda done: self._assignment(call, done, request.name),
        )

    async def cancel_assignment(
        self, request: emergency_pb2.CancelAssignmentRequest, call: Call
    ) -> bytes:
        """Take an order back."""

        def build() -> Order:
            reason = convert.words(request.reason, "reason", "why the order is taken back")
            return Order(CancelAssignment(resolve.assignment_id(request.name), reason))

        return await self._carry_out(
            request, call, build, lambda done: self._assignment(call, done, request.name)
        )

    # Units

    async def update_unit_status(
        self, request: emergency_pb2.UpdateUnitStatusRequest, call: Call
    ) -> bytes:
        """Keep a crew's press."""

        def build() -> Order:
            unit = self._find_unit(request.unit, call)
            if unit is None:
                pressed = request.status_code or fleet_pb2.UnitStatus.Name(request.status)
                return self._unknown_unit("unit", request.unit, call, pressed)
            status = self._status(request, call)
            if status is None:
                return self._unknown_status(request, call)
            return Order(
                PressStatus(
                    unit,
                    status,
                    convert.limited(request.reason, "reason"),
                    convert.future(request, "expected_return_time"),
                )
            )

        def answer(done: Done) -> fleet_pb2.Unit:
            unit = self._find_unit(request.unit, call)
            if unit is None:
                raise LookupError("the unit that was pressed for has gone")
            return present.unit(done.state.fleet.units[unit], self._engine.positions.last(unit))

        return await self._carry_out(request, call, build, answer)

    async def stream_positions(
        self, requests: AsyncIterator[emergency_pb2.StreamPositionsRequest], call: Call
    ) -> emergency_pb2.StreamPositionsResponse:
        """Take positions in batches until the stream ends."""
        intake = PositionIntake(self._rooms, call, self._presenter(call))
        async for batch in until(self._rooms.stopping, requests):
            await intake.take(batch)
        return intake.summary

    async def get_unit(self, request: emergency_pb2.GetUnitRequest, call: Call) -> fleet_pb2.Unit:
        """A unit and where it was last seen."""
        fleet = self._engine.state.fleet
        unit = self._find_unit(request.name, call)
        if unit is None:
            raise resolve.unknown_unit("name", request.name, fleet)
        return present.unit(fleet.units[unit], self._engine.positions.last(unit))

    async def list_units(
        self, request: emergency_pb2.ListUnitsRequest, _call: Call
    ) -> emergency_pb2.ListUnitsResponse:
        """Units in order of their ids."""
        state = self._engine.state
        wanted = {_known_status(number) for number in request.statuses}
        units = {u: s for u, s in state.fleet.units.items() if not wanted or s.status in wanted}
        ids, token = page_after(units, page_size(request.page_size), request.page_token)
        response = emergency_pb2.ListUnitsResponse(next_page_token=token, revision=state.revision)
        for number, unit in enumerate(map(UnitId, ids)):
            await _breathe(number)
            response.units.append(present.unit(units[unit], self._engine.positions.last(unit)))
        return response

    # Watching

    async def watch_events(
        self, request: emergency_pb2.WatchEventsRequest, call: Call
    ) -> AsyncIterator[bytes]:
        """Every event after a revision, then live ones."""
        last, newest = request.after_revision, self._engine.state.revision
        if last < -1:
            raise InvalidFieldError("after_revision", last, "a revision, 0, or -1 for live ones")
        if last > newest:
            raise RevisionAheadError(
                f"revision {last} is ahead of {newest}, the newest",
                after_revision=str(last),
                revision=str(newest),
            )
        last = newest if last < 0 else last
        try:
            async for recorded in self._engine.watch(last):
                last = recorded.revision
                event = self._events.of(recorded, call.language)
                if event:
                    yield event
        except WatcherTooSlowError as error:
            raise WatcherBehindError(str(error), last_revision=str(last)) from error
        raise StoppingError("the service is stopping", last_revision=str(last))

    async def list_unmapped_values(
        self, _request: emergency_pb2.ListUnmappedValuesRequest, _call: Call
    ) -> emergency_pb2.ListUnmappedValuesResponse:
        """Values that clients sent and their mappings do not know."""
        return emergency_pb2.ListUnmappedValuesResponse(
            values=[
                emergency_pb2.UnmappedValue(
                    client=v.client,
                    field=v.field,
                    value=v.value,
                    count=v.count,
                    first_time=present.timestamp(v.first),
                    last_time=present.timestamp(v.last),
                )
                for v in self._engine.unmapped.all()
            ]
        )

    # Shared

    def _report(self, request: emergency_pb2.ReportIncidentRequest, call: Call) -> convert.Report:
        try:
            return convert.report(
                request,
                call.mapping,
                self._rooms.mappings,
                self._rooms.streets.snapper,
                self._engine.clock.now(),
            )
        except Exception:
            # Whatever is wrong with us must not lose a call.
            log.exception("a report could not be understood; it is kept as it came")
            return convert.bare_report(request, call.mapping)

    async def _carry_out(
        self,
        request: Any,  # noqa: ANN401 - any message with request_id and occurred_time
        call: Call,
        build: Callable[[], Order],
        answer: Callable[[Done], Message],
    ) -> bytes:
        at = convert.occurred(request, self._engine.clock.now())
        return await carry_out(self._engine, request, call, build, answer, at)

    def _presenter(self, call: Call) -> Presenter:
        return Presenter(self._rooms.catalogue, call.language)

    def _shown(self, call: Call, found: Found) -> incident_pb2.Incident:
        return self._presenter(call).incident(found.incident, found.assignments)

    def _after(self, call: Call, state: State, incident: IncidentId) -> incident_pb2.Incident:
        found = resolve.found_open(state, state.emergency.incidents[incident])
        return self._shown(call, found)

    def _assignment(self, call: Call, done: Done, name: str) -> incident_pb2.Assignment:
        assignment = done.state.emergency.assignments[resolve.assignment_id(name)]
        return self._presenter(call).assignment(assignment)

    def _incident_id(self, value: str, call: Call, field: str = "name") -> IncidentId:
        found = resolve.find_incident(value, call.client, self._engine)
        if not found:
            raise InvalidFieldError(field, value, "an incident's name, e.g. incidents/E000001")
        return found

    def _find_unit(self, value: str, call: Call) -> UnitId | None:
        fleet = self._engine.state.fleet
        return resolve.find_unit(value, call.mapping, self._rooms.mappings, fleet)

    def _unknown_unit(self, field: str, value: str, call: Call, about: str = "") -> Order:
        """The refusal of an unknown unit; what it was called is kept and counted."""
        refusal = resolve.unknown_unit(field, value, self._engine.state.fleet)
        return Order(None, resolve.kept(call.mapping, "unit", value, about), refusal)

    def _status(
        self, request: emergency_pb2.UpdateUnitStatusRequest, call: Call
    ) -> UnitStatus | None:
        if request.status != fleet_pb2.UNIT_STATUS_UNSPECIFIED:
            return _known_status(request.status)
        return self._rooms.mappings.translate_status(call.client, request.status_code)

    def _unknown_status(self, request: emergency_pb2.UpdateUnitStatusRequest, call: Call) -> Order:
        code = request.status_code.strip()
        allowed = ", ".join((*call.mapping.statuses, *UnitStatus))
        refusal = InvalidFieldError("status_code" if code else "status", code, allowed)
        return Order(None, resolve.kept(call.mapping, "status_code", code, request.unit), refusal)

    def _corrected_place(
        self, request: emergency_pb2.UpdateIncidentRequest, call: Call
    ) -> Place | None:
        """The place of a correction: one that cannot be planned on is no correction."""
        if not request.HasField("point"):
            return None
        point = convert.known_point(request.point, "point", call.mapping)
        snap = convert.on_street(point, "point", self._rooms.streets.snapper, TravelMode.BLUE_LIGHT)
        return Place(convert.raw_point(request.point), point, snap.distance_m, ())


async def _breathe(number: int) -> None:
    """Give others a turn between parts of a long list."""
    if number and number % _SHOWN_AT_ONCE == 0:
        await asyncio.sleep(0)


def _known_status(number: fleet_pb2.UnitStatus.ValueType) -> UnitStatus:
    status = convert.UNIT_STATUSES.get(number)
    if status is None:
        raise InvalidFieldError("status", number, ", ".join(fleet_pb2.UnitStatus.keys()[1:]))
    return status


def _etag(value: str) -> int | None:
    if not value:
        return None
    if not value.isdecimal():
        raise InvalidFieldError("etag", value, "the etag of the incident as you saw it")
    return int(value)


def _as_proposed(standing: Proposal, named: ProposalId, units: Sequence[UnitForNeed]) -> bool:
    """Whether the units chosen are those of the proposal."""
    if named and named != standing.proposal_id:
        return False
    proposed = {u.candidate.unit: u.need_id for u in standing.units}
    return (
        len(units) == len(proposed)
        and {u.unit for u in units} == proposed.keys()
        and all(u.need_id in (None, proposed[u.unit]) for u in units)
    )


def _opened(done: Done) -> Incident:
    """The incident that a report opened, as it is in the state."""
    reported = next(r.fact for r in done.facts if isinstance(r.fact, IncidentReported))
    return done.state.emergency.incidents[reported.incident.incident_id]


def _closed_by(done: Done) -> Found:
    """The incident that a command closed, as it will be remembered."""
    history, state = History(), done.before
    for recorded in done.facts:
        history.observe(recorded, state)
        state = evolve(state, recorded)
    closed = history.all()[0]
    return Found(closed.incident, closed.assignments)
