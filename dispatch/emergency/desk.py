"""decide: a command and the state as it is now give the facts that follow, or a refusal.

Takes microseconds; no clock, chance, network or disk. ``at`` is when the thing happened, as told;
``now`` is the desk's own time, by which proposals expire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import singledispatch

from msgspec.structs import replace

from dispatch.emergency.commands import (
    AcknowledgeAssignment,
    CancelAssignment,
    CloseIncident,
    ConfirmProposal,
    EmergencyCommand,
    OverrideProposal,
    PressStatus,
    RecordAssignment,
    RecordDecision,
    ReportIncident,
    UnitForNeed,
    UpdateIncident,
    WithdrawProposal,
)
from dispatch.emergency.events import (
    AssignmentAcknowledged,
    AssignmentEnded,
    AssignmentRecorded,
    DecisionMade,
    EmergencyEvent,
    IncidentClosed,
    IncidentReported,
    IncidentUpdated,
    ProposalWithdrawn,
    UnitArrived,
    UnitAssigned,
)
from dispatch.emergency.model import (
    OVERRIDE_CODES,
    Assignment,
    DecidedBy,
    EmergencyState,
    Incident,
    Need,
    Override,
    Proposal,
    ProposedUnit,
    Unmet,
    UnmetNeed,
)
from dispatch.emergency.needs import needs_of
from dispatch.emergency.plans import IncidentType, ResponsePlans
from dispatch.errors import ConflictError, InvalidFieldError, NotAllowedNowError, NotFoundError
from dispatch.fleet.events import (
    FleetDeclared,
    FleetEvent,
    UnitReleased,
    UnitReserved,
    UnitStatusChanged,
)
from dispatch.fleet.model import READY, FleetState, UnitState
from dispatch.fleet.state import require_free, unit_of
from dispatch.fleet.status import ARRIVED, UNDER_WAY, is_irregular, is_late
from dispatch.model import (
    GRAVEST_PRIORITY,
    LOWEST_PRIORITY,
    AssignmentId,
    AssignmentState,
    Frozen,
    Holder,
    IncidentId,
    NeedId,
    Origin,
    ProposalId,
    Remark,
    UnitId,
    UnitStatus,
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


def decide(
    desk: Desk, command: EmergencyCommand | FleetDeclared, at: datetime, now: datetime
) -> tuple[Fact, ...]:
    """Facts that follow from a command; empty when nothing changes.

    Raises
    ------
    NotFoundError, InvalidFieldError, ConflictError, NotAllowedNowError
        When the command cannot be carried out; nothing changes then.
    """
    return tuple(_facts(command, desk, at, now))


@singledispatch
def _facts(command: object, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    raise TypeError(f"no such command: {type(command).__name__}")


# Incidents


@_facts.register
def _report(command: ReportIncident, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
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


@_facts.register
def _update(command: UpdateIncident, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    incident = _incident(desk, command.incident)
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
        yield _withdrawn(incident.proposal, "incident_changed")
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
        flags=_flags_after(incident, command),
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


_PLACE_FLAGS = frozenset({"location_unresolved"})
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


@_facts.register
def _close(command: CloseIncident, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    incident = _incident(desk, command.incident)
    if not command.outcome.strip():
        raise InvalidFieldError("outcome", command.outcome, "how it ended, e.g. resolved")
    active = [a for a in _assignments(desk, incident.incident_id) if a.active]
    for assignment in active:
        _refuse_patient_aboard(desk, assignment)
    if incident.proposal is not None:
        yield _withdrawn(incident.proposal, "incident_closed")
    for assignment in active:
        yield from _release(desk, assignment, Remark("incident_closed"), reopens=False)
    yield IncidentClosed(incident.incident_id, command.outcome)


def _refuse_patient_aboard(desk: Desk, assignment: Assignment) -> None:
    unit = desk.fleet.units.get(assignment.unit) if assignment.unit else None
    aboard = (UnitStatus.TRANSPORTING, UnitStatus.AT_HOSPITAL)
    if unit is not None and unit.status in aboard:
        raise NotAllowedNowError(
            "patient_aboard",
            f"unit {unit.unit.unit_id} is {unit.status}; close the incident after the handover",
            unit=unit.unit.unit_id,
            status=unit.status,
        )


# Proposals


@_facts.register
def _record_decision(
    command: RecordDecision, desk: Desk, at: datetime, now: datetime
) -> Iterator[Fact]:
    decision = command.decision
    proposals = _still_good(desk, decision)
    unmet = tuple(
        (incident, needs)
        for incident, needs in decision.unmet
        if _unchanged(desk, incident, decision.inputs.revision) and _news(desk, incident, needs)
    )
    if not proposals and not unmet:
        return
    elsewhere = Remark("unit_needed_elsewhere")
    yield from _displaced(desk, {u.candidate.unit: elsewhere for p in proposals for u in p.units})
    yield DecisionMade(decision.inputs, proposals, unmet)
    assignments = _Numbers(desk)
    for proposal in proposals:
        incident = desk.emergency.incidents[proposal.incident]
        if incident.automatic and desk.orders:
            for chosen in proposal.units:
                yield from _order(desk, assignments, _by_policy(proposal, chosen, at))


def _still_good(desk: Desk, decision: DecisionMade) -> tuple[Proposal, ...]:
    """Proposals whose incident and units are as they were, numbered; none of them twice."""
    good: dict[IncidentId, Proposal] = {}
    promised = _promised(desk)
    for proposal in decision.proposals:
        if proposal.incident not in good and _stands(desk, decision, proposal, promised):
            number = desk.emergency.next_proposal + len(good)
            numbered = replace(proposal, proposal_id=ProposalId(f"P{number:06d}"))
            good[proposal.incident] = numbered
            promised |= {chosen.candidate.unit: GRAVEST_PRIORITY for chosen in proposal.units}
    return tuple(good.values())


def _stands(
    desk: Desk, decision: DecisionMade, proposal: Proposal, promised: Mapping[UnitId, int]
) -> bool:
    """Whether a proposal still has all its ground."""
    if not _unchanged(desk, proposal.incident, decision.inputs.revision):
        return False
    incident = desk.emergency.incidents[proposal.incident]
    open_needs = {need.need_id for need in incident.needs if need.open}
    units = [chosen.candidate.unit for chosen in proposal.units]
    return (
        incident.proposal is None
        and open_needs.issuperset(chosen.need_id for chosen in proposal.units)
        and len(set(units)) == len(units)
        and all(_available(desk, unit) for unit in units)
        and all(incident.priority < promised.get(unit, LOWEST_PRIORITY + 1) for unit in units)
    )


def _available(desk: Desk, unit: UnitId) -> bool:
    known = desk.fleet.units.get(unit)
    return known is not None and known.free


def _promised(desk: Desk) -> dict[UnitId, int]:
    """Units in waiting proposals, with the priority of the incident; only a graver takes them."""
    return {
        chosen.candidate.unit: incident.priority
        for incident in desk.emergency.incidents.values()
        if incident.proposal is not None
        for chosen in incident.proposal.units
    }


def _unchanged(desk: Desk, incident: IncidentId, revision: int) -> bool:
    known = desk.emergency.incidents.get(incident)
    return known is not None and known.changed <= revision


def _news(desk: Desk, incident_id: IncidentId, unmet: tuple[UnmetNeed, ...]) -> bool:
    """Whether any need would get another fate than it has: no fact without news.

    Other figures for the same reason are none: in a storm they change with every press.
    """
    incident = desk.emergency.incidents[incident_id]
    fates = ((_need(incident, u.need_id).fate, u.reason) for u in unmet)
    return any(not isinstance(fate, Unmet) or fate.reason.code != r.code for fate, r in fates)


def _displaced(
    desk: Desk, lost: Mapping[UnitId, Remark], besides: IncidentId | None = None
) -> Iterator[Fact]:
    """Proposals that lose their ground, since they name units that are lost to them, and why."""
    for incident in desk.emergency.incidents.values():
        waiting = incident.proposal
        if waiting is None or incident.incident_id == besides:
            continue
        named = (chosen.candidate.unit for chosen in waiting.units)
        reason = next((lost[unit] for unit in named if unit in lost), None)
        if reason is not None:
            yield ProposalWithdrawn(waiting.proposal_id, incident.incident_id, reason)


@_facts.register
def _declare(command: FleetDeclared, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    declared = {unit.unit_id: unit for unit in command.units}
    lost: dict[UnitId, Remark] = {}
    for incident in desk.emergency.incidents.values():
        for chosen in incident.proposal.units if incident.proposal else ():
            unit_id, capability = chosen.candidate.unit, chosen.capability
            if unit_id not in declared:
                lost[unit_id] = Remark("unit_unknown", {"value": unit_id})
            elif capability not in declared[unit_id].capabilities:
                lost[unit_id] = Remark("capability_missing", {"capability": capability})
    yield from _displaced(desk, lost)
    yield command


def _taken(unit: UnitId, incident: IncidentId) -> Remark:
    return Remark("unit_taken", {"unit": unit, "incident": incident})


@_facts.register
def _confirm(command: ConfirmProposal, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    _require_orders(desk)
    incident = _incident(desk, command.incident)
    proposal = _current_proposal(desk, incident, command.proposal)
    if now >= proposal.expires:
        raise ConflictError(
            "proposal_expired",
            f"proposal {proposal.proposal_id} expired at {proposal.expires.isoformat()}",
            proposal=proposal.proposal_id,
            expired=proposal.expires.isoformat(),
        )
    numbers = _Numbers(desk)
    for chosen in proposal.units:
        require_free(desk.fleet, chosen.candidate.unit, "proposal.units")
        yield from _order(desk, numbers, _by_policy(proposal, chosen, now, DecidedBy.DISPATCHER))


def _current_proposal(desk: Desk, incident: Incident, wanted: ProposalId) -> Proposal:
    """The incident's proposal, if it is the one wanted; else says what changed."""
    if incident.proposal is None or incident.proposal.proposal_id != wanted:
        current = incident.proposal.proposal_id if incident.proposal else "none"
        sent = [a.unit for a in _assignments(desk, incident.incident_id) if a.active and a.unit]
        raise ConflictError(
            "proposal_superseded",
            f"proposal {wanted} no longer stands; the current one is {current}"
            + (f"; {', '.join(sent)} was sent" if sent else ""),
            proposal=wanted,
            current=current,
            incident=incident.incident_id,
            **({"assigned": ", ".join(sent)} if sent else {}),
        )
    return incident.proposal


@_facts.register
def _override(command: OverrideProposal, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    _require_orders(desk)
    incident = _incident(desk, command.incident)
    if not command.units:
        raise InvalidFieldError("units", "[]", "at least one unit, or a proposal to confirm")
    if command.override.code not in OVERRIDE_CODES:
        raise InvalidFieldError(
            "override_reason.code", command.override.code, ", ".join(OVERRIDE_CODES)
        )
    if command.proposal is not None:
        _current_proposal(desk, incident, command.proposal)
    pairs = _match(desk, incident, command.units)
    if incident.proposal is not None:
        yield _withdrawn(incident.proposal, "overridden")
    taken = {w.unit: _taken(w.unit, command.incident) for w in command.units}
    yield from _displaced(desk, taken, besides=command.incident)
    numbers = _Numbers(desk)
    for unit, need_id in pairs:
        yield from _order(
            desk, numbers, _by_dispatcher(desk, incident, unit, need_id, command.override, now)
        )


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


@_facts.register
def _withdraw(command: WithdrawProposal, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    incident = desk.emergency.incidents.get(command.incident)
    if (
        incident is not None
        and incident.proposal is not None
        and incident.proposal.proposal_id == command.proposal
    ):
        yield ProposalWithdrawn(command.proposal, command.incident, command.reason)


# Assignments


class _Numbers:
    """Assignment ids in order."""

    def __init__(self, desk: Desk) -> None:
        self._next = desk.emergency.next_assignment

    def take(self) -> AssignmentId:
        number = self._next
        self._next += 1
        return AssignmentId(f"D{number:06d}")


_UNNUMBERED = AssignmentId("")


def _by_policy(
    proposal: Proposal,
    chosen: ProposedUnit,
    at: datetime,
    decided_by: DecidedBy = DecidedBy.POLICY,
) -> Assignment:
    candidate = chosen.candidate
    return Assignment(
        assignment_id=_UNNUMBERED,
        incident=proposal.incident,
        need_id=chosen.need_id,
        unit=candidate.unit,
        state=AssignmentState.ORDERED,
        decided_by=decided_by,
        assigned=at,
        eta_s=candidate.eta_s,
        turnout_s=candidate.turnout_s,
        travel_s=candidate.travel_s,
        hospital=chosen.hospital,
        policy=proposal.policy,
        why=candidate.why,
    )


def _by_dispatcher(
    desk: Desk,
    incident: Incident,
    unit: UnitState,
    need_id: NeedId | None,
    override: Override,
    at: datetime,
) -> Assignment:
    known = _known_candidate(incident, need_id, unit.unit.unit_id)
    return Assignment(
        assignment_id=_UNNUMBERED,
        incident=incident.incident_id,
        need_id=need_id,
        unit=unit.unit.unit_id,
        state=AssignmentState.ORDERED,
        decided_by=DecidedBy.DISPATCHER,
        assigned=at,
        eta_s=known.candidate.eta_s if known else None,
        turnout_s=known.candidate.turnout_s if known else None,
        travel_s=known.candidate.travel_s if known else None,
        hospital=known.hospital if known else None,
        override=override,
        flags=_objections(incident, unit, need_id),
    )


def _known_candidate(
    incident: Incident, need_id: NeedId | None, unit: UnitId
) -> ProposedUnit | None:
    """The unit as the overridden proposal ranked it, when it did."""
    for proposed in incident.proposal.units if incident.proposal else ():
        for candidate in (proposed.candidate, *proposed.alternatives):
            if proposed.need_id == need_id and candidate.unit == unit:
                return ProposedUnit(
                    need_id=proposed.need_id,
                    capability=proposed.capability,
                    candidate=candidate,
                    hospital=proposed.hospital,
                )
    return None


def _objections(incident: Incident, unit: UnitState, need_id: NeedId | None) -> tuple[Remark, ...]:
    """What speaks against a choice that is not ours; it stands all the same."""
    if need_id is None:
        return (Remark("beyond_plan"),)
    need = _need(incident, need_id)
    if need.capability not in unit.unit.capabilities:
        return (Remark("capability_missing", {"capability": need.capability}),)
    return ()


def _order(desk: Desk, numbers: _Numbers, assignment: Assignment) -> Iterator[Fact]:
    """An order to a free unit: it gets its holder and mobilises."""
    if assignment.unit is None:
        raise ValueError("an order names its unit")
    numbered = replace(assignment, assignment_id=numbers.take())
    yield UnitAssigned(numbered)
    yield UnitReserved(assignment.unit, Holder(numbered.incident, numbered.assignment_id))
    yield UnitStatusChanged(
        unit=assignment.unit,
        status=UnitStatus.MOBILISING,
        previous=desk.fleet.units[assignment.unit].status,
    )


@_facts.register
def _record(command: RecordAssignment, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    incident = _incident(desk, command.incident, "incident")
    unit = desk.fleet.units.get(command.unit) if command.unit else None
    former = desk.emergency.assignments[unit.holder.assignment] if unit and unit.holder else None
    again = former if former and former.incident == command.incident else None
    need_id = again.need_id if again else _need_for(incident, unit)
    early = unit is not None and _went_before(unit, at)
    if incident.proposal is not None and again is None:
        yield _withdrawn(incident.proposal, "decided_elsewhere")
    if unit is not None:
        yield from _taken_over(desk, unit, former, command.incident)
    assignment_id = _Numbers(desk).take()
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


def _taken_over(
    desk: Desk, unit: UnitState, former: Assignment | None, incident: IncidentId
) -> Iterator[Fact]:
    """A unit that another system has sent leaves what it was under, or promised to, here."""
    unit_id = unit.unit.unit_id
    if former is None:
        yield from _displaced(desk, {unit_id: _taken(unit_id, incident)}, besides=incident)
        return
    yield from _end(
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


@_facts.register
def _acknowledge(
    command: AcknowledgeAssignment, desk: Desk, at: datetime, now: datetime
) -> Iterator[Fact]:
    assignment = _active(desk, command.assignment)
    if assignment.state is AssignmentState.ORDERED:
        yield AssignmentAcknowledged(assignment.assignment_id, assignment.incident, assignment.unit)


@_facts.register
def _cancel(command: CancelAssignment, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
    assignment = _active(desk, command.assignment)
    if not command.reason.strip():
        raise InvalidFieldError("reason", command.reason, "why the order is taken back")
    _refuse_patient_aboard(desk, assignment)
    reason = Remark("cancelled", {"reason": command.reason})
    yield from _release(desk, assignment, reason, reopens=assignment.arrived is None)


def _release(
    desk: Desk, assignment: Assignment, reason: Remark, *, reopens: bool
) -> Iterator[Fact]:
    """An order ends from the desk's side; its unit turns for home."""
    yield from _end(
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


# Units


@_facts.register
def _press(command: PressStatus, desk: Desk, at: datetime, now: datetime) -> Iterator[Fact]:
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
            yield from _displaced(desk, {command.unit: Remark("unit_not_ready", details)})
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
    yield from _end(desk, order, Remark(code), served=served, reopens=not served)
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


def _end(
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


# Looking things up


def _incident(desk: Desk, incident: IncidentId, field: str = "name") -> Incident:
    if incident not in desk.emergency.incidents:
        raise NotFoundError(field, incident, "an open incident (ListIncidents)")
    return desk.emergency.incidents[incident]


def _assignments(desk: Desk, incident: IncidentId) -> list[Assignment]:
    return [a for a in desk.emergency.assignments.values() if a.incident == incident]


def _active(desk: Desk, assignment: AssignmentId) -> Assignment:
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


def _need(incident: Incident, need_id: NeedId) -> Need:
    need = incident.need(need_id)
    if need is None:
        raise NotFoundError("need_id", need_id, ", ".join(n.need_id for n in incident.needs))
    return need


def _withdrawn(proposal: Proposal, code: str) -> ProposalWithdrawn:
    return ProposalWithdrawn(proposal.proposal_id, proposal.incident, Remark(code))


def _check_priority(priority: int | None) -> None:
    if priority is not None and not GRAVEST_PRIORITY <= priority <= LOWEST_PRIORITY:
        raise InvalidFieldError("priority", priority, f"{GRAVEST_PRIORITY} to {LOWEST_PRIORITY}")


def _require_orders(desk: Desk) -> None:
    if not desk.orders:
        raise NotAllowedNowError(
            "shadow_mode",
            "this desk runs in shadow mode: the CAD decides; tell it by RecordAssignment",
        )
