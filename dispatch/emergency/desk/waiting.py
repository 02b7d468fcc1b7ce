"""Proposals that wait for a dispatcher: whom they promise, and when they lose their ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dispatch.emergency.commands import (
    WithdrawProposal,
)
from dispatch.emergency.desk.ground import Desk, Fact
from dispatch.emergency.events import (
    ProposalWithdrawn,
)
from dispatch.emergency.model import (
    Proposal,
)
from dispatch.fleet.events import (
    FleetDeclared,
)
from dispatch.model import (
    IncidentId,
    Remark,
    UnitId,
)


def withdrawn(proposal: Proposal, code: str) -> ProposalWithdrawn:
    """The fact that a proposal no longer stands, and the code of why."""
    return ProposalWithdrawn(proposal.proposal_id, proposal.incident, Remark(code))


def displaced(
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


def promised_units(desk: Desk) -> dict[UnitId, int]:
    """Units in waiting proposals, with the priority of the incident; only a graver takes them."""
    return {
        chosen.candidate.unit: incident.priority
        for incident in desk.emergency.incidents.values()
        if incident.proposal is not None
        for chosen in incident.proposal.units
    }


def taken_by(unit: UnitId, incident: IncidentId) -> Remark:
    """Why a proposal is lost whose unit was sent to another incident."""
    return Remark("unit_taken", {"unit": unit, "incident": incident})


def withdraw(command: WithdrawProposal, desk: Desk) -> Iterator[Fact]:
    """A proposal no longer stands; nothing when it is gone already."""
    incident = desk.emergency.incidents.get(command.incident)
    if (
        incident is not None
        and incident.proposal is not None
        and incident.proposal.proposal_id == command.proposal
    ):
        yield ProposalWithdrawn(command.proposal, command.incident, command.reason)


def declare_fleet(command: FleetDeclared, desk: Desk) -> Iterator[Fact]:
    """The fleet as its file has it; proposals that rest on what is gone lose their ground."""
    declared = {unit.unit_id: unit for unit in command.units}
    lost: dict[UnitId, Remark] = {}
    for incident in desk.emergency.incidents.values():
        for chosen in incident.proposal.units if incident.proposal else ():
            unit_id, capability = chosen.candidate.unit, chosen.capability
            if unit_id not in declared:
                lost[unit_id] = Remark("unit_unknown", {"value": unit_id})
            elif capability not in declared[unit_id].capabilities:
                lost[unit_id] = Remark("capability_missing", {"capability": capability})
    yield from displaced(desk, lost)
    yield command
