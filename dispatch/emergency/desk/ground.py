"""What every rule of the desk stands on: the state it looks at, and how it finds things there."""

from __future__ import annotations

from dispatch.emergency.events import (
    EmergencyEvent,
)
from dispatch.emergency.model import (
    Assignment,
    EmergencyState,
    Incident,
    Need,
)
from dispatch.emergency.plans import ResponsePlans
from dispatch.errors import ConflictError, NotAllowedNowError, NotFoundError
from dispatch.fleet.events import (
    FleetEvent,
)
from dispatch.fleet.model import FleetState
from dispatch.model import (
    AssignmentId,
    Frozen,
    IncidentId,
    NeedId,
)

Fact = EmergencyEvent | FleetEvent


class Desk(Frozen, frozen=True):
    """What a decision looks at.

    Attributes
    ----------
    orders
        False in shadow mode: the centre's own CAD decides, and nothing is ordered here.
    """

    emergency: EmergencyState
    fleet: FleetState
    plans: ResponsePlans
    orders: bool = True


def incident_of(desk: Desk, incident: IncidentId, field: str = "name") -> Incident:
    """An open incident; NotFoundError when there is none of that id."""
    if incident not in desk.emergency.incidents:
        raise NotFoundError(field, incident, "an open incident (ListIncidents)")
    return desk.emergency.incidents[incident]


def was_closed(desk: Desk, incident: IncidentId) -> bool:
    """Whether an incident of that id was reported and is over: ids are given out in order."""
    number = incident.removeprefix("E")
    return (
        incident not in desk.emergency.incidents
        and number.isdecimal()
        and 0 < int(number) < desk.emergency.next_incident
    )


def orders_to(desk: Desk, incident: IncidentId) -> list[Assignment]:
    """Every order to an incident, in the order of their ids."""
    return [a for a in desk.emergency.assignments.values() if a.incident == incident]


def active_order(desk: Desk, assignment: AssignmentId) -> Assignment:
    """An order that is not over; NotFoundError or ConflictError otherwise."""
    known = desk.emergency.assignments.get(assignment)
    if known is None:
        raise NotFoundError("name", assignment, "an assignment of an open incident")
    if not known.active:
        raise ConflictError(
            "assignment_ended",
            f"assignment {assignment} is {known.state}",
            assignment=assignment,
            state=known.state,
        )
    return known


def need_of(incident: Incident, need_id: NeedId) -> Need:
    """The need of that id; NotFoundError when the incident has none."""
    need = incident.need(need_id)
    if need is None:
        raise NotFoundError("need_id", need_id, ", ".join(n.need_id for n in incident.needs))
    return need


def require_orders(desk: Desk) -> None:
    """NotAllowedNowError in shadow mode."""
    if not desk.orders:
        raise NotAllowedNowError(
            "shadow_mode",
            "this desk runs in shadow mode: the CAD decides; tell it by RecordAssignment",
        )
