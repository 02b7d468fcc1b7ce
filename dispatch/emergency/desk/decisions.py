"""What the policy chose, kept as far as it still holds; and a dispatcher's yes to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from dispatch.emergency.commands import (
    ConfirmProposal,
    RecordDecision,
)
from dispatch.emergency.desk.ground import (
    Desk,
    Fact,
    incident_of,
    need_of,
    orders_to,
    require_orders,
)
from dispatch.emergency.desk.orders import UNNUMBERED, OrderNumbers, give_order
from dispatch.emergency.desk.waiting import displaced, promised_units
from dispatch.emergency.events import (
    DecisionMade,
)
from dispatch.emergency.model import (
    Assignment,
    DecidedBy,
    Incident,
    Proposal,
    ProposedUnit,
    Unmet,
    UnmetNeed,
)
from dispatch.errors import ConflictError
from dispatch.fleet.state import require_free
from dispatch.model import (
    GRAVEST_PRIORITY,
    LOWEST_PRIORITY,
    AssignmentState,
    IncidentId,
    ProposalId,
    Remark,
    UnitId,
)


def record_decision(command: RecordDecision, desk: Desk, at: datetime) -> Iterator[Fact]:
    """What the policy chose, as far as its ground still holds; automatic types go at once."""
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
    yield from displaced(desk, {u.candidate.unit: elsewhere for p in proposals for u in p.units})
    yield DecisionMade(decision.inputs, proposals, unmet)
    assignments = OrderNumbers(desk)
    for proposal in proposals:
        incident = desk.emergency.incidents[proposal.incident]
        if incident.automatic and desk.orders:
            for chosen in proposal.units:
                yield from give_order(desk, assignments, by_policy(proposal, chosen, at))


def _still_good(desk: Desk, decision: DecisionMade) -> tuple[Proposal, ...]:
    """Proposals whose incident and units are as they were, numbered; none of them twice."""
    good: dict[IncidentId, Proposal] = {}
    promised = promised_units(desk)
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


def _unchanged(desk: Desk, incident: IncidentId, revision: int) -> bool:
    known = desk.emergency.incidents.get(incident)
    return known is not None and known.changed <= revision


def _news(desk: Desk, incident_id: IncidentId, unmet: tuple[UnmetNeed, ...]) -> bool:
    """Whether any need would get another fate than it has: no fact without news.

    Other figures for the same reason are none: in a storm they change with every press.
    """
    incident = desk.emergency.incidents[incident_id]
    fates = ((need_of(incident, u.need_id).fate, u.reason) for u in unmet)
    return any(not isinstance(fate, Unmet) or fate.reason.code != r.code for fate, r in fates)


def confirm(command: ConfirmProposal, desk: Desk, now: datetime) -> Iterator[Fact]:
    """A dispatcher says yes to the proposal that waits."""
    require_orders(desk)
    incident = incident_of(desk, command.incident)
    proposal = current_proposal(desk, incident, command.proposal)
    if now >= proposal.expires:
        raise ConflictError(
            "proposal_expired",
            f"proposal {proposal.proposal_id} expired at {proposal.expires.isoformat()}",
            proposal=proposal.proposal_id,
            expired=proposal.expires.isoformat(),
        )
    numbers = OrderNumbers(desk)
    for chosen in proposal.units:
        require_free(desk.fleet, chosen.candidate.unit, "proposal.units")
        yield from give_order(desk, numbers, by_policy(proposal, chosen, now, DecidedBy.DISPATCHER))


def current_proposal(desk: Desk, incident: Incident, wanted: ProposalId) -> Proposal:
    """The incident's proposal, if it is the one wanted; else says what changed."""
    if incident.proposal is None or incident.proposal.proposal_id != wanted:
        current = incident.proposal.proposal_id if incident.proposal else "none"
        sent = [a.unit for a in orders_to(desk, incident.incident_id) if a.active and a.unit]
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


def by_policy(
    proposal: Proposal,
    chosen: ProposedUnit,
    at: datetime,
    decided_by: DecidedBy = DecidedBy.POLICY,
) -> Assignment:
    """The order that a proposal offers, not numbered yet; of seconds and times as proposed."""
    candidate = chosen.candidate
    return Assignment(
        assignment_id=UNNUMBERED,
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
