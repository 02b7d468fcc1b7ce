"""A dispatcher sends units of their own choice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dispatch.emergency.commands import (
    OverrideProposal,
    UnitForNeed,
)
from dispatch.emergency.desk.decisions import current_proposal
from dispatch.emergency.desk.ground import Desk, Fact, incident_of, need_of, require_orders
from dispatch.emergency.desk.orders import UNNUMBERED, OrderNumbers, give_order
from dispatch.emergency.desk.waiting import displaced, taken_by, withdrawn
from dispatch.emergency.model import (
    OVERRIDE_CODES,
    Assignment,
    DecidedBy,
    Incident,
    Need,
)
from dispatch.errors import InvalidFieldError
from dispatch.fleet.model import UnitState
from dispatch.fleet.state import require_free
from dispatch.model import (
    AssignmentState,
    NeedId,
    Remark,
)


def override(command: OverrideProposal, desk: Desk, now: datetime) -> Iterator[Fact]:
    """A dispatcher's own choice, with its reason."""
    require_orders(desk)
    incident = incident_of(desk, command.incident)
    if not command.units:
        raise InvalidFieldError("units", "[]", "at least one unit, or a proposal to confirm")
    if command.override.code not in OVERRIDE_CODES:
        raise InvalidFieldError(
            "override_reason.code", command.override.code, ", ".join(OVERRIDE_CODES)
        )
    if command.proposal is not None:
        current_proposal(desk, incident, command.proposal)
    pairs = _match(desk, incident, command.units)
    if incident.proposal is not None:
        yield withdrawn(incident.proposal, "overridden")
    taken = {w.unit: taken_by(w.unit, command.incident) for w in command.units}
    yield from displaced(desk, taken, besides=command.incident)
    numbers = OrderNumbers(desk)
    for unit, need_id in pairs:
        chosen = _by_dispatcher(command, incident, unit, need_id, now)
        yield from give_order(desk, numbers, chosen)


def _match(
    desk: Desk, incident: Incident, units: tuple[UnitForNeed, ...]
) -> tuple[tuple[UnitState, NeedId | None], ...]:
    """Each unit with the open need it is to serve; None sends it beyond the plan."""
    named = {wanted.need_id for wanted in units}
    left = [n for n in incident.needs if n.open]
    pairs: list[tuple[UnitState, NeedId | None]] = []
    for index, wanted in enumerate(units):
        field = f"units[{index}].unit"
        unit = require_free(desk.fleet, wanted.unit, field)
        if any(unit is other for other, _ in pairs):
            raise InvalidFieldError(field, wanted.unit, "each unit once")
        mine = left if wanted.need_id else [n for n in left if n.need_id not in named]
        need = _wanted_need(incident, mine, unit, wanted.need_id, f"units[{index}].need_id")
        if need is not None:
            left.remove(need)
        pairs.append((unit, need.need_id if need else None))
    return tuple(pairs)


def _wanted_need(
    incident: Incident, left: list[Need], unit: UnitState, need_id: NeedId | None, field: str
) -> Need | None:
    if need_id is None:
        return next((n for n in left if n.capability in unit.unit.capabilities), None)
    need = next((n for n in left if n.need_id == need_id), None)
    if need is None:
        raise InvalidFieldError(
            field,
            need_id,
            f"an open need of {incident.incident_id}: "
            + (", ".join(n.need_id for n in left) or "there is none left"),
        )
    return need


def _by_dispatcher(
    command: OverrideProposal,
    incident: Incident,
    unit: UnitState,
    need_id: NeedId | None,
    at: datetime,
) -> Assignment:
    unit_id = unit.unit.unit_id
    estimate = next((w.estimate for w in command.units if w.unit == unit_id), None)
    return Assignment(
        assignment_id=UNNUMBERED,
        incident=incident.incident_id,
        need_id=need_id,
        unit=unit_id,
        state=AssignmentState.ORDERED,
        decided_by=DecidedBy.DISPATCHER,
        assigned=at,
        eta_s=estimate.eta_s if estimate else None,
        turnout_s=estimate.turnout_s if estimate else None,
        travel_s=estimate.travel_s if estimate else None,
        hospital=command.hospital,
        override=command.override,
        why=estimate.why if estimate else (),
        flags=_objections(incident, unit, need_id),
    )


def _objections(incident: Incident, unit: UnitState, need_id: NeedId | None) -> tuple[Remark, ...]:
    """What speaks against a choice that is not ours; it stands all the same."""
    if need_id is None:
        return (Remark("beyond_plan"),)
    need = need_of(incident, need_id)
    if need.capability not in unit.unit.capabilities:
        return (Remark("capability_missing", {"capability": need.capability}),)
    return ()
