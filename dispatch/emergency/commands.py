"""What callers and the policy ask of the emergency desk."""

from __future__ import annotations

from datetime import datetime

from dispatch.emergency.events import DecisionMade
from dispatch.emergency.model import Candidate, Override
from dispatch.model import (
    AssignmentId,
    Frozen,
    HospitalId,
    IncidentId,
    NeedId,
    Origin,
    ProposalId,
    RawPoint,
    Remark,
    UnitId,
    UnitStatus,
)
from roadnets.geo import LonLat


class Place(Frozen, frozen=True):
    """Where an incident is said to be, and where on the streets that is (None: unresolved)."""

    raw_point: RawPoint | None
    location: LonLat | None
    street_distance_m: float | None
    flags: tuple[Remark, ...]


class ReportIncident(Frozen, frozen=True):
    """A report of an emergency. ``incident_type`` is None when no plan knows the raw type."""

    incident_type: str | None
    raw_incident_type: str
    priority: int | None
    patients: int | None
    place: Place
    address: str
    description: str
    caller_phone: str
    origin: Origin
    flags: tuple[Remark, ...] = ()


class UpdateIncident(Frozen, frozen=True):
    """A correction; None leaves a field as it is."""

    incident: IncidentId
    place: Place | None = None
    incident_type: str | None = None
    raw_incident_type: str | None = None
    priority: int | None = None
    patients: int | None = None
    address: str | None = None
    etag: int | None = None


class RecordDecision(Frozen, frozen=True):
    """What the policy chose for all open needs, to be kept as far as it still holds."""

    decision: DecisionMade


class ConfirmProposal(Frozen, frozen=True):
    """A dispatcher says yes."""

    incident: IncidentId
    proposal: ProposalId


class UnitForNeed(Frozen, frozen=True):
    """A unit, and the need it is to serve (None: the first it can).

    ``estimate``: when it would be there, worked out beforehand; None: nobody knows.
    """

    unit: UnitId
    need_id: NeedId | None = None
    estimate: Candidate | None = None


class OverrideProposal(Frozen, frozen=True):
    """A dispatcher sends units of their own choice, with a reason.

    ``proposal`` is the one that they looked at, when they did: it still has to stand.
    """

    incident: IncidentId
    units: tuple[UnitForNeed, ...]
    override: Override
    proposal: ProposalId | None = None
    hospital: HospitalId | None = None


class WithdrawProposal(Frozen, frozen=True):
    """A proposal has run out or lost its ground."""

    incident: IncidentId
    proposal: ProposalId
    reason: Remark


class RecordAssignment(Frozen, frozen=True):
    """Another system has sent a unit. ``unit`` is None when nobody here knows it."""

    incident: IncidentId
    unit: UnitId | None
    raw_unit: str
    origin: Origin


class AcknowledgeAssignment(Frozen, frozen=True):
    """The station or crew has the order."""

    assignment: AssignmentId


class CancelAssignment(Frozen, frozen=True):
    """An order is taken back."""

    assignment: AssignmentId
    reason: str


class PressStatus(Frozen, frozen=True):
    """A crew's status press."""

    unit: UnitId
    status: UnitStatus
    reason: str = ""
    expected_return: datetime | None = None


class CloseIncident(Frozen, frozen=True):
    """An incident is over."""

    incident: IncidentId
    outcome: str


EmergencyCommand = (
    ReportIncident
    | UpdateIncident
    | RecordDecision
    | ConfirmProposal
    | OverrideProposal
    | WithdrawProposal
    | RecordAssignment
    | AcknowledgeAssignment
    | CancelAssignment
    | PressStatus
    | CloseIncident
)
