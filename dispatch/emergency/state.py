"""How facts change the open incidents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import asdict, replace

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
    RequestRepeated,
    UnitArrived,
    UnitAssigned,
    UnmappedValueKept,
)
from dispatch.emergency.model import (
    Assigned,
    Assignment,
    EmergencyState,
    Fate,
    Incident,
    Proposal,
    Proposed,
    Unmet,
    UnmetNeed,
)
from dispatch.emergency.needs import open_fate
from dispatch.model import AssignmentId, AssignmentState, IncidentId, NeedId


def evolve(
    state: EmergencyState, event: EmergencyEvent, at: datetime, revision: int
) -> EmergencyState:
    """The open incidents after a fact that happened ``at`` and was recorded as ``revision``."""
    match event:
        case IncidentReported():
            state = replace(state, next_incident=state.next_incident + 1)
            return _put(state, event.incident, revision)
        case IncidentUpdated():
            return _updated(state, event, revision)
        case DecisionMade():
            return _decided(state, event, revision)
        case ProposalWithdrawn():
            return _withdrawn(state, event, revision)
        case UnitAssigned() | AssignmentRecorded():
            return _assigned(state, event.assignment, revision)
        case AssignmentAcknowledged():
            return _change(
                state,
                event.assignment,
                revision,
                state=AssignmentState.ACKNOWLEDGED,
                acknowledged=at,
            )
        case UnitArrived():
            return _change(state, event.assignment, revision, arrived=at)
        case AssignmentEnded():
            return _ended(state, event, at, revision)
        case IncidentClosed():
            return _closed(state, event.incident)
        case RequestRepeated() | UnmappedValueKept():
            return state


def close(incident: Incident, event: IncidentClosed, at: datetime, revision: int) -> Incident:
    """The incident as it is remembered after it is over."""
    return replace(incident, closed=at, outcome=event.outcome, proposal=None, changed=revision)


def _put(state: EmergencyState, incident: Incident, revision: int) -> EmergencyState:
    incidents = dict(state.incidents)
    incidents[incident.incident_id] = replace(incident, changed=revision)
    return replace(state, incidents=incidents)


def _with_fates(incident: Incident, fates: Iterable[tuple[NeedId, Fate]]) -> Incident:
    new = dict(fates)
    return replace(
        incident,
        needs=tuple(replace(n, fate=new.get(n.need_id, n.fate)) for n in incident.needs),
    )


def _updated(state: EmergencyState, event: IncidentUpdated, revision: int) -> EmergencyState:
    incident = state.incidents[event.incident]
    fields = asdict(event)
    del fields["incident"]
    return _put(state, replace(incident, **fields), revision)


def _decided(state: EmergencyState, event: DecisionMade, revision: int) -> EmergencyState:
    for proposal in event.proposals:
        incident = state.incidents[proposal.incident]
        fates = [(u.need_id, Proposed(proposal.proposal_id)) for u in proposal.units]
        incident = _with_fates(replace(incident, proposal=proposal), fates)
        state = _put(state, incident, revision)
    for incident_id, unmet in event.unmet:
        state = _put(state, _with_unmet(state.incidents[incident_id], unmet), revision)
    return replace(state, next_proposal=state.next_proposal + len(event.proposals))


def _with_unmet(incident: Incident, unmet: tuple[UnmetNeed, ...]) -> Incident:
    return _with_fates(incident, [(u.need_id, Unmet(u.reason)) for u in unmet])


def _withdrawn(state: EmergencyState, event: ProposalWithdrawn, revision: int) -> EmergencyState:
    incident = state.incidents[event.incident]
    return _put(state, without_proposal(incident), revision)


def without_proposal(incident: Incident) -> Incident:
    """The incident with the needs of its proposal to be decided again."""
    fate = _open_fate(incident)
    freed = [(n.need_id, fate) for n in incident.needs if isinstance(n.fate, Proposed)]
    return _with_fates(replace(incident, proposal=None), freed)


def _assigned(state: EmergencyState, assignment: Assignment, revision: int) -> EmergencyState:
    incident = state.incidents.get(assignment.incident)
    if incident is None:  # closed before it was told: the view of closed incidents has it
        return replace(state, next_assignment=state.next_assignment + 1)
    if assignment.need_id is not None:
        fate = Assigned(assignment.assignment_id)
        incident = _with_fates(incident, [(assignment.need_id, fate)])
        incident = replace(incident, proposal=_still_open(incident))
    assignments = dict(state.assignments)
    assignments[assignment.assignment_id] = assignment
    state = replace(state, assignments=assignments, next_assignment=state.next_assignment + 1)
    return _put(state, incident, revision)


def _still_open(incident: Incident) -> Proposal | None:
    """The incident's proposal while any need still waits for it."""
    waits = any(isinstance(n.fate, Proposed) for n in incident.needs)
    return incident.proposal if waits else None


def _change(
    state: EmergencyState, assignment: AssignmentId, revision: int, /, **changes: object
) -> EmergencyState:
    assignments = dict(state.assignments)
    assignments[assignment] = replace(assignments[assignment], **changes)
    state = replace(state, assignments=assignments)
    return _put(state, state.incidents[assignments[assignment].incident], revision)


def _ended(
    state: EmergencyState, event: AssignmentEnded, at: datetime, revision: int
) -> EmergencyState:
    state = _change(state, event.assignment, revision, state=event.state, ended=at)
    ended = state.assignments[event.assignment]
    if event.reopens and ended.need_id is not None:
        incident = _reopened(state.incidents[ended.incident], ended.need_id)
        state = _put(state, incident, revision)
    return state


def _reopened(incident: Incident, need_id: NeedId) -> Incident:
    """The incident with a need to be decided again, or without it when it is surplus."""
    needs = tuple(n for n in incident.needs if not (n.surplus and n.need_id == need_id))
    return _with_fates(replace(incident, needs=needs), [(need_id, _open_fate(incident))])


def _open_fate(incident: Incident) -> Fate:
    return open_fate(incident.location, typed=bool(incident.incident_type))


def _closed(state: EmergencyState, incident: IncidentId) -> EmergencyState:
    incidents = {k: v for k, v in state.incidents.items() if k != incident}
    assignments = {k: v for k, v in state.assignments.items() if v.incident != incident}
    return replace(state, incidents=incidents, assignments=assignments)
