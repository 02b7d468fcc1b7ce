"""Status presses of crews, and what they mean for the order that the crew is under."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dispatch.emergency.commands import (
    PressStatus,
)
from dispatch.emergency.desk.ground import Desk, Fact
from dispatch.emergency.desk.orders import end_order
from dispatch.emergency.desk.waiting import displaced
from dispatch.emergency.events import (
    UnitArrived,
)
from dispatch.emergency.model import (
    Assignment,
)
from dispatch.errors import InvalidFieldError
from dispatch.fleet.events import (
    UnitReleased,
    UnitStatusChanged,
)
from dispatch.fleet.model import READY, UnitState
from dispatch.fleet.state import unit_of
from dispatch.fleet.status import ARRIVED, UNDER_WAY, is_irregular, is_late
from dispatch.model import (
    Remark,
    UnitStatus,
)


def press(command: PressStatus, desk: Desk, at: datetime) -> Iterator[Fact]:
    """A crew's press is kept, whatever came before it."""
    unit = unit_of(desk.fleet, command.unit)
    if command.status is UnitStatus.OUT_OF_SERVICE and not command.reason.strip():
        raise InvalidFieldError("reason", command.reason, "why the unit is out of service")
    order = desk.emergency.assignments[unit.holder.assignment] if unit.holder else None
    ordered = order.assigned if order else None
    if is_late(command.status, at, unit.status, unit.known_since, ordered):
        yield UnitStatusChanged(
            unit=command.unit,
            status=unit.status,
            previous=unit.status,
            reason=unit.reason,
            expected_return=unit.expected_return,
            irregular=True,
            late_press=command.status,
        )
    else:
        yield UnitStatusChanged(
            unit=command.unit,
            status=command.status,
            previous=unit.status,
            reason=command.reason,
            expected_return=command.expected_return,
            irregular=is_irregular(unit.status, command.status, held=order is not None),
        )
        if command.status not in READY:
            details = {"unit": command.unit, "status": command.status}
            yield from displaced(desk, {command.unit: Remark("unit_not_ready", details)})
        if order is not None:
            yield from _follow(desk, order, command, unit, at)
    if order is not None and command.status in ARRIVED and _is_first_proof(order, at):
        yield UnitArrived(order.assignment_id)


def _is_first_proof(order: Assignment, at: datetime) -> bool:
    """Whether a press on arrival is the earliest; it may be told after a later one."""
    return at >= order.assigned and (order.arrived is None or at < order.arrived)


def _follow(
    desk: Desk, order: Assignment, command: PressStatus, unit: UnitState, at: datetime
) -> Iterator[Fact]:
    """The end of the order that a unit is under, when its press means that."""
    if command.status is UnitStatus.OUT_OF_SERVICE:
        code, served = "unit_out_of_service", unit.status is UnitStatus.AT_HOSPITAL
    elif command.status in UNDER_WAY:
        return
    elif order.arrived is not None:
        code, served = "unit_finished", True
    elif _must_have_arrived(desk, order, at):
        code, served = "arrival_press_missed", True
    else:
        code, served = "unit_left_before_arrival", False
    yield from end_order(desk, order, Remark(code), served=served, reopens=not served)
    yield UnitReleased(command.unit)


def _must_have_arrived(desk: Desk, order: Assignment, at: datetime) -> bool:
    """Whether its time to arrive has passed: then the press on arrival was missed.

    Sending a second unit to everybody whose crew forgot a button is how the London service of 1992
    drowned; a unit that turns back early, though, has not served anybody. Where nobody worked out
    when it would arrive, the incident's target stands for that.
    """
    due_s = order.eta_s
    if due_s is None:
        due_s = desk.emergency.incidents[order.incident].target_s or None
    return due_s is not None and (at - order.assigned).total_seconds() >= due_s
