"""decide: a command and the state as it is now give the facts that follow, or a refusal.

Takes microseconds; no clock, chance, network or disk. ``at`` is when the thing happened, as told;
``now`` is the desk's own time, by which proposals expire.
"""

from __future__ import annotations

from datetime import datetime

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
    UpdateIncident,
    WithdrawProposal,
)
from dispatch.emergency.desk import (
    decisions,
    incidents,
    orders,
    overrides,
    presses,
    recorded,
    waiting,
)
from dispatch.emergency.desk.ground import Desk, Fact
from dispatch.emergency.desk.waiting import declare_fleet

__all__ = ["Desk", "Fact", "decide", "declare_fleet"]


def decide(desk: Desk, command: EmergencyCommand, at: datetime, now: datetime) -> tuple[Fact, ...]:
    """Facts that follow from a command; empty when nothing changes.

    Raises
    ------
    NotFoundError, InvalidFieldError, ConflictError, NotAllowedNowError
        When the command cannot be carried out; nothing changes then.
    """
    match command:
        case ReportIncident():
            return tuple(incidents.report(command, desk, at, now))
        case UpdateIncident():
            return tuple(incidents.update(command, desk))
        case CloseIncident():
            return tuple(incidents.close(command, desk))
        case RecordDecision():
            return tuple(decisions.record_decision(command, desk, at))
        case ConfirmProposal():
            return tuple(decisions.confirm(command, desk, now))
        case OverrideProposal():
            return tuple(overrides.override(command, desk, now))
        case WithdrawProposal():
            return tuple(waiting.withdraw(command, desk))
        case RecordAssignment():
            return tuple(recorded.record(command, desk, at))
        case AcknowledgeAssignment():
            return tuple(orders.acknowledge(command, desk))
        case CancelAssignment():
            return tuple(orders.cancel(command, desk))
        case PressStatus():
            return tuple(presses.press(command, desk, at))
    raise TypeError(f"no such command: {type(command).__name__}")
