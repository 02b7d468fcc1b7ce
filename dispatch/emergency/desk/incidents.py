"""Incidents: reported, corrected, closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dispatch.emergency.commands import (
    CloseIncident,
    ReportIncident,
    UpdateIncident,
)
from dispatch.emergency.desk.ground import Desk, Fact, incident_of, orders_to
from dispatch.emergency.desk.orders import refuse_patient_aboard, release
from dispatch.emergency.desk.waiting import withdrawn
from dispatch.emergency.events import (
    IncidentClosed,
    IncidentReported,
    IncidentUpdated,
)
from dispatch.emergency.model import (
    Incident,
)
from dispatch.emergency.needs import needs_of
from dispatch.emergency.plans import IncidentType
from dispatch.errors import ConflictError, InvalidFieldError
from dispatch.model import (
    GRAVEST_PRIORITY,
    LOWEST_PRIORITY,
    IncidentId,
    Origin,
    Remark,
)


def report(command: ReportIncident, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    """A report opens an incident, whatever it says."""
    kind = desk.plans.types.get(command.incident_type or "")
    priority = command.priority or (kind.default_priority if kind else GRAVEST_PRIORITY)
    plan = kind.plan(priority) if kind else None
    flags = (*command.flags, *command.place.flags)
    if kind is None:
        flags = (*flags, Remark("type_unmapped", {"value": command.raw_incident_type}))
    flags = (*flags, *_perhaps_repeated(desk, command.origin))
    yield IncidentReported(
        Incident(
            incident_id=IncidentId(f"E{desk.emergency.next_incident:06d}"),
            incident_type=kind.code if kind else "",
            raw_incident_type=command.raw_incident_type,
            priority=priority,
            priority_assumed=command.priority is None,
            patients=command.patients,
            raw_point=command.place.raw_point,
            location=command.place.location,
            street_distance_m=command.place.street_distance_m,
            address=command.address,
            description=command.description,
            caller_phone=command.caller_phone,
            flags=flags,
            automatic=kind.automatic if kind else False,
            transport=plan.transport if plan else False,
            target_s=plan.target_s if plan else 0,
            needs=needs_of(plan, command.place.location),
            first_report=at,
            recorded=now,
            origin=command.origin,
        )
    )


def _perhaps_repeated(desk: Desk, origin: Origin) -> tuple[Remark, ...]:
    """Whether the same system has told of the same ticket before; a human judges."""
    if not origin.external_id:
        return ()
    return tuple(
        Remark("perhaps_repeated", {"incident": incident.incident_id})
        for incident in desk.emergency.incidents.values()
        if incident.origin.external_id == origin.external_id
        and incident.origin.source == origin.source
    )[:1]


def update(command: UpdateIncident, desk: Desk) -> Iterator[Fact]:
    """A correction; what it changes of the plan is decided anew."""
    incident = incident_of(desk, command.incident)
    if command.etag is not None and command.etag != incident.changed:
        raise ConflictError(
            "etag_mismatch",
            f"incident {incident.incident_id} has changed since etag {command.etag}",
            incident=incident.incident_id,
            etag=str(incident.changed),
        )
    _check_priority(command.priority)
    if command.patients is not None and command.patients < 0:
        raise InvalidFieldError("patients", command.patients, "0 or more")
    code = incident.incident_type if command.incident_type is None else command.incident_type
    kind = desk.plans.types.get(code)
    if kind is None and command.incident_type is not None:
        raise InvalidFieldError(
            "incident_type", command.incident_type, ", ".join(sorted(desk.plans.types))
        )
    priority = _priority(incident, command, kind)
    plan = kind.plan(priority) if kind else None
    place = command.place
    location = place.location if place else incident.location
    redecided = _plan_changed(incident, code, priority, command)
    if redecided and incident.proposal is not None:
        yield withdrawn(incident.proposal, "incident_changed")
    yield IncidentUpdated(
        incident=incident.incident_id,
        incident_type=code,
        raw_incident_type=command.raw_incident_type or incident.raw_incident_type,
        priority=priority,
        priority_assumed=incident.priority_assumed and command.priority is None,
        patients=incident.patients if command.patients is None else command.patients,
        raw_point=place.raw_point if place else incident.raw_point,
        location=location,
        street_distance_m=place.street_distance_m if place else incident.street_distance_m,
        address=incident.address if command.address is None else command.address,
        flags=(*_flags_after(incident, command), *_still_heading_there(desk, command)),
        automatic=kind.automatic if kind else incident.automatic,
        transport=plan.transport if plan else incident.transport,
        target_s=plan.target_s if plan else incident.target_s,
        needs=needs_of(plan, location, incident.needs) if redecided else incident.needs,
    )


def _priority(incident: Incident, command: UpdateIncident, kind: IncidentType | None) -> int:
    """As named now or before; as long as nobody named one, the type's own."""
    if command.priority is not None:
        return command.priority
    retyped = kind is not None and kind.code != incident.incident_type
    return (
        kind.default_priority
        if kind and retyped and incident.priority_assumed
        else incident.priority
    )


def _plan_changed(incident: Incident, code: str, priority: int, command: UpdateIncident) -> bool:
    return (
        command.place is not None or code != incident.incident_type or priority != incident.priority
    )


def _still_heading_there(desk: Desk, command: UpdateIncident) -> tuple[Remark, ...]:
    """Units under way when the place moves: their crews, and their ETAs, know the old one."""
    if command.place is None:
        return ()
    orders = orders_to(desk, command.incident)
    units = [a.unit for a in orders if a.active and a.unit and a.arrived is None]
    return (Remark("place_moved_under_way", {"units": ", ".join(units)}),) if units else ()


_PLACE_FLAGS = frozenset({"location_unresolved", "place_moved_under_way"})


_FIELD_FLAGS = {"incident_type": "type_unmapped", "patients": "patients_invalid"}


def _flags_after(incident: Incident, command: UpdateIncident) -> tuple[Remark, ...]:
    """Flags that the correction leaves: what it settles goes, what its place brings comes."""
    settled = {flag for field, flag in _FIELD_FLAGS.items() if getattr(command, field) is not None}
    if command.priority is not None:
        settled.add("priority_invalid")
    new: tuple[Remark, ...] = ()
    if command.place is not None:
        settled |= _PLACE_FLAGS
        new = command.place.flags
    return (*(f for f in incident.flags if f.code not in settled), *new)


def close(command: CloseIncident, desk: Desk) -> Iterator[Fact]:
    """An incident is over: its proposal and its orders end."""
    incident = incident_of(desk, command.incident)
    if not command.outcome.strip():
        raise InvalidFieldError("outcome", command.outcome, "how it ended, e.g. resolved")
    active = [a for a in orders_to(desk, incident.incident_id) if a.active]
    for assignment in active:
        refuse_patient_aboard(desk, assignment)
    if incident.proposal is not None:
        yield withdrawn(incident.proposal, "incident_closed")
    for assignment in active:
        yield from release(desk, assignment, Remark("incident_closed"), reopens=False)
    yield IncidentClosed(incident.incident_id, command.outcome)


def _check_priority(priority: int | None) -> None:
    if priority is not None and not GRAVEST_PRIORITY <= priority <= LOWEST_PRIORITY:
        raise InvalidFieldError("priority", priority, f"{GRAVEST_PRIORITY} to {LOWEST_PRIORITY}")
