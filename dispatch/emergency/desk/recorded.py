"""Orders that another system gave: a fact is flagged, never refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dispatch.emergency.commands import (
    RecordAssignment,
)
from dispatch.emergency.desk.ground import Desk, Fact, incident_of, was_closed
from dispatch.emergency.desk.orders import OrderNumbers, end_order
from dispatch.emergency.desk.waiting import displaced, taken_by, withdrawn
from dispatch.emergency.events import (
    AssignmentRecorded,
)
from dispatch.emergency.model import (
    Assignment,
    DecidedBy,
    Incident,
)
from dispatch.fleet.events import (
    UnitReleased,
    UnitReserved,
    UnitStatusChanged,
)
from dispatch.fleet.model import UnitState
from dispatch.fleet.status import ARRIVED, UNDER_WAY, is_irregular
from dispatch.model import (
    AssignmentState,
    Holder,
    IncidentId,
    NeedId,
    Remark,
    UnitStatus,
)


def record(command: RecordAssignment, desk: Desk, at: datetime) -> Iterator[Fact]:
    """Another system has sent a unit: kept, with what we would have held against it."""
    unit = desk.fleet.units.get(command.unit) if command.unit else None
    if was_closed(desk, command.incident):
        yield AssignmentRecorded(_after_the_end(command, desk, unit, at))
        return
    incident = incident_of(desk, command.incident, "incident")
    former = desk.emergency.assignments[unit.holder.assignment] if unit and unit.holder else None
    again = former if former and former.incident == command.incident else None
    need_id = again.need_id if again else _need_for(incident, unit)
    early = unit is not None and _went_before(unit, at)
    if incident.proposal is not None and again is None:
        yield withdrawn(incident.proposal, "decided_elsewhere")
    if unit is not None:
        yield from _taken_over(desk, unit, former, command.incident)
    assignment_id = OrderNumbers(desk).take()
    yield AssignmentRecorded(
        Assignment(
            assignment_id=assignment_id,
            incident=incident.incident_id,
            need_id=need_id,
            unit=unit.unit.unit_id if unit else None,
            state=AssignmentState.ORDERED,
            decided_by=DecidedBy.CAD,
            assigned=at,
            arrived=again.arrived if again else _arrival(unit) if early else None,
            flags=_recorded_flags(unit, need_id, command.raw_unit, early=early),
            raw_unit=command.raw_unit,
            origin=command.origin,
        )
    )
    if unit is None:
        return
    yield UnitReserved(unit.unit.unit_id, Holder(incident.incident_id, assignment_id))
    if again is None and not early:
        yield UnitStatusChanged(
            unit.unit.unit_id,
            UnitStatus.MOBILISING,
            unit.status,
            irregular=is_irregular(unit.status, UnitStatus.MOBILISING, held=True),
        )


def _after_the_end(
    command: RecordAssignment, desk: Desk, unit: UnitState | None, at: datetime
) -> Assignment:
    """An order to an incident that is closed here, told late: kept for the record alone."""
    flags = () if unit else (Remark("unit_unknown", {"value": command.raw_unit}),)
    return Assignment(
        assignment_id=OrderNumbers(desk).take(),
        incident=command.incident,
        need_id=None,
        unit=unit.unit.unit_id if unit else None,
        state=AssignmentState.COMPLETED,
        decided_by=DecidedBy.CAD,
        assigned=at,
        ended=at,
        flags=(*flags, Remark("incident_is_closed", {"incident": command.incident})),
        raw_unit=command.raw_unit,
        origin=command.origin,
    )


def _taken_over(
    desk: Desk, unit: UnitState, former: Assignment | None, incident: IncidentId
) -> Iterator[Fact]:
    """A unit that another system has sent leaves what it was under, or promised to, here."""
    unit_id = unit.unit.unit_id
    if former is None:
        yield from displaced(desk, {unit_id: taken_by(unit_id, incident)}, besides=incident)
        return
    yield from end_order(
        desk,
        former,
        Remark("sent_elsewhere", {"incident": incident}),
        served=former.arrived is not None,
        reopens=former.arrived is None and former.incident != incident,
    )
    yield UnitReleased(unit_id)


def _need_for(incident: Incident, unit: UnitState | None) -> NeedId | None:
    """The first open need that the unit can serve."""
    able = unit.unit.capabilities if unit else ()
    return next((n.need_id for n in incident.needs if n.open and n.capability in able), None)


def _went_before(unit: UnitState, at: datetime) -> bool:
    """Whether the crew's presses were told before the order that they belong to."""
    return unit.holder is None and unit.status in UNDER_WAY and unit.status_time >= at


def _arrival(unit: UnitState | None) -> datetime | None:
    return unit.status_time if unit and unit.status in ARRIVED else None


def _recorded_flags(
    unit: UnitState | None, need_id: NeedId | None, raw_unit: str, *, early: bool
) -> tuple[Remark, ...]:
    if unit is None:
        return (Remark("unit_unknown", {"value": raw_unit}),)
    flags: list[Remark] = []
    if unit.holder is not None:
        flags.append(Remark("unit_was_held", {"incident": unit.holder.incident}))
    elif not (unit.free or early):
        flags.append(Remark("unit_not_ready", {"status": unit.standing}))
    if need_id is None:
        flags.append(Remark("no_need_for_unit"))
    return tuple(flags)
