"""Orders: how a unit gets one, and how one ends."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from dispatch.emergency.commands import (
    AcknowledgeAssignment,
    CancelAssignment,
)
from dispatch.emergency.desk.ground import Desk, Fact, active_order
from dispatch.emergency.events import (
    AssignmentAcknowledged,
    AssignmentEnded,
    ProposalWithdrawn,
    UnitAssigned,
)
from dispatch.emergency.model import (
    Assignment,
)
from dispatch.errors import InvalidFieldError, NotAllowedNowError
from dispatch.fleet.events import (
    UnitReleased,
    UnitReserved,
    UnitStatusChanged,
)
from dispatch.model import (
    AssignmentId,
    AssignmentState,
    Holder,
    Origin,
    Remark,
    UnitStatus,
)


class OrderNumbers:
    """Assignment ids in order."""

    def __init__(self, desk: Desk) -> None:
        self._next = desk.emergency.next_assignment

    def take(self) -> AssignmentId:
        """The next one."""
        number = self._next
        self._next += 1
        return AssignmentId(f"D{number:06d}")


UNNUMBERED = AssignmentId("")

DESK = "desk"
"""Source of the orders that this desk gives itself."""


def give_order(desk: Desk, numbers: OrderNumbers, assignment: Assignment) -> Iterator[Fact]:
    """An order to a free unit: it gets its holder and mobilises."""
    if assignment.unit is None:
        raise ValueError("an order names its unit")
    owner = desk.fleet.units[assignment.unit].unit.origin
    numbered = replace(
        assignment,
        assignment_id=numbers.take(),
        origin=Origin(source=DESK, agency=owner.agency, parent_agency=owner.parent_agency),
    )
    yield UnitAssigned(numbered)
    yield UnitReserved(assignment.unit, Holder(numbered.incident, numbered.assignment_id))
    yield UnitStatusChanged(
        unit=assignment.unit,
        status=UnitStatus.MOBILISING,
        previous=desk.fleet.units[assignment.unit].status,
    )


def end_order(
    desk: Desk, order: Assignment, reason: Remark, *, served: bool, reopens: bool
) -> Iterator[Fact]:
    """An order ends. A need that is open again is decided together with those that wait."""
    waiting = desk.emergency.incidents[order.incident].proposal
    if reopens and order.need_id is not None and waiting is not None:
        yield ProposalWithdrawn(waiting.proposal_id, order.incident, reason)
    yield AssignmentEnded(
        order.assignment_id,
        AssignmentState.COMPLETED if served else AssignmentState.CANCELLED,
        reason,
        reopens,
        order.incident,
        order.unit,
    )


def release(desk: Desk, assignment: Assignment, reason: Remark, *, reopens: bool) -> Iterator[Fact]:
    """An order ends from the desk's side; its unit turns for home."""
    yield from end_order(
        desk, assignment, reason, served=assignment.arrived is not None, reopens=reopens
    )
    if assignment.unit is not None and _holds(desk, assignment):
        yield UnitReleased(assignment.unit)
        yield UnitStatusChanged(
            assignment.unit,
            UnitStatus.RETURNING,
            desk.fleet.units[assignment.unit].status,
        )


def _holds(desk: Desk, assignment: Assignment) -> bool:
    unit = desk.fleet.units.get(assignment.unit) if assignment.unit else None
    return (
        unit is not None
        and unit.holder is not None
        and unit.holder.assignment == assignment.assignment_id
    )


def refuse_patient_aboard(desk: Desk, assignment: Assignment) -> None:
    """NotAllowedNowError while the unit has, or hands over, a patient."""
    unit = desk.fleet.units.get(assignment.unit) if assignment.unit else None
    aboard = (UnitStatus.TRANSPORTING, UnitStatus.AT_HOSPITAL)
    if unit is not None and unit.status in aboard:
        raise NotAllowedNowError(
            "patient_aboard",
            f"unit {unit.unit.unit_id} is {unit.status}; close the incident after the handover",
            unit=unit.unit.unit_id,
            status=unit.status,
        )


def acknowledge(command: AcknowledgeAssignment, desk: Desk) -> Iterator[Fact]:
    """The station or crew has the order; nothing when that is known."""
    assignment = active_order(desk, command.assignment)
    if assignment.state is AssignmentState.ORDERED:
        yield AssignmentAcknowledged(assignment.assignment_id, assignment.incident, assignment.unit)


def cancel(command: CancelAssignment, desk: Desk) -> Iterator[Fact]:
    """An order is taken back; its need is open again unless the unit was there."""
    assignment = active_order(desk, command.assignment)
    if not command.reason.strip():
        raise InvalidFieldError("reason", command.reason, "why the order is taken back")
    refuse_patient_aboard(desk, assignment)
    reason = Remark("cancelled", {"reason": command.reason})
    yield from release(desk, assignment, reason, reopens=assignment.arrived is None)
