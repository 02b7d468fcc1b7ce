"""What a request names, found in the state: units by any client's words, incidents by any id."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.emergency.events import UnmappedValueKept
from dispatch.emergency.model import Assignment, Incident
from dispatch.engine import Engine
from dispatch.errors import InvalidFieldError, NotFoundError
from dispatch.fleet.model import FleetState
from dispatch.intake.mapping import ClientMapping, Mappings
from dispatch.model import AssignmentId, IncidentId, UnitId
from dispatch.service import names
from dispatch.state import State


@dataclass(frozen=True, slots=True)
class Found:
    """An incident, open or closed, with every assignment to it in order."""

    incident: Incident
    assignments: tuple[Assignment, ...]


def find_unit(
    value: str, mapping: ClientMapping, mappings: Mappings, fleet: FleetState
) -> UnitId | None:
    """The unit that a client means; None when nobody here is called that."""
    given = names.id_of(names.UNITS, value)
    for unit in (mappings.translate_unit(mapping.client, given), UnitId(given)):
        if unit is not None and unit in fleet.units:
            return unit
    return None


def unknown_unit(field: str, value: str, fleet: FleetState) -> NotFoundError:
    """The refusal of a name that no unit has."""
    return NotFoundError(field, value, f"one of the fleet's {len(fleet.units)} units (ListUnits)")


def kept(
    mapping: ClientMapping, field: str, value: str, about: str = ""
) -> tuple[UnmappedValueKept, ...]:
    """The fact that a client sent an unknown value, of whom; none when it sent nothing."""
    value, about = value.strip()[:200], about.strip()[:200]
    return (UnmappedValueKept(mapping.client, field, value, about),) if value else ()


def find_incident(value: str, source: str, engine: Engine) -> IncidentId:
    """The id of an incident by its name, or by the id that a neighbouring system knows it by.

    Where several open incidents carry that id, the newest of the same source is meant; where none
    does, the one closed last. What is found nowhere is given back as an id, for the desk to refuse.
    """
    state = engine.state
    given = names.id_of(names.INCIDENTS, value)
    if not given or given in state.emergency.incidents:
        return IncidentId(given)
    alike = [i for i in state.emergency.incidents.values() if i.origin.external_id == value.strip()]
    best = max(
        alike, key=lambda i: (i.origin.source == source, names.order(i.incident_id)), default=None
    )
    if best is not None:
        return best.incident_id
    return engine.history.of_ticket(value.strip()) or IncidentId(given)


def look_up_incident(value: str, source: str, engine: Engine, field: str = "name") -> Found:
    """An incident, open or closed, with its assignments.

    Raises
    ------
    InvalidFieldError
        No name is given.
    NotFoundError
        Nobody reported it.
    """
    if not value.strip():
        raise InvalidFieldError(field, value, "an incident's name, e.g. incidents/E000001")
    state = engine.state
    incident_id = find_incident(value, source, engine)
    incident = state.emergency.incidents.get(incident_id)
    if incident is not None:
        return found_open(state, incident)
    closed = engine.history.get(incident_id)
    if closed is None:
        raise NotFoundError(field, value, "an incident that was reported (ListIncidents)")
    return Found(closed.incident, closed.assignments)


def found_open(state: State, incident: Incident) -> Found:
    """An open incident with its assignments."""
    mine = [a for a in state.emergency.assignments.values() if a.incident == incident.incident_id]
    return Found(incident, tuple(sorted(mine, key=lambda a: names.order(a.assignment_id))))


def required_id(collection: str, value: str, field: str) -> str:
    """The id in a name that has to be there.

    Raises
    ------
    InvalidFieldError
        It is empty.
    """
    found = names.id_of(collection, value)
    if not found:
        raise InvalidFieldError(field, value, f"a name, e.g. {collection}/…")
    return found


def assignment_id(value: str) -> AssignmentId:
    """The id of an assignment.

    Raises
    ------
    InvalidFieldError
        No name is given.
    """
    return AssignmentId(required_id(names.ASSIGNMENTS, value, "name"))
