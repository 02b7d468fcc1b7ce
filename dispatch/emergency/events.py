"""Facts about incidents, proposals and assignments."""

from __future__ import annotations

from dispatch.emergency.model import Assignment, Incident, Need, Proposal, UnmetNeed
from dispatch.model import (
    AssignmentId,
    AssignmentState,
    Frozen,
    IncidentId,
    ProposalId,
    RawPoint,
    Remark,
    UnitId,
)
from roadnets.geo import LonLat


class IncidentReported(Frozen, frozen=True, tag=True):
    """A report opened an incident; everything as given, and what it needs."""

    incident: Incident


class IncidentUpdated(Frozen, frozen=True, tag=True):
    """A correction; fields as they are after it."""

    incident: IncidentId
    incident_type: str
    raw_incident_type: str
    priority: int
    patients: int | None
    raw_point: RawPoint | None
    location: LonLat | None
    street_distance_m: float | None
    address: str
    flags: tuple[Remark, ...]
    automatic: bool
    transport: bool
    target_s: int
    needs: tuple[Need, ...]
    priority_assumed: bool = False


class UnitInput(Frozen, frozen=True):
    """A unit as the decision saw it.

    Attributes
    ----------
    edge
        Where its street was told by more than its place (heading, speed, the way it came).
    """

    unit: UnitId
    place: LonLat
    ready_s: int
    position_age_s: int
    edge: int | None = None


class DecisionInputs(Frozen, frozen=True):
    """All that a decision rested on, beside the state at its revision: enough to decide it again.

    Attributes
    ----------
    config
        sha256 of response plans, policy and settings.
    elapsed_ms
        How long it took, for the record; no input of anything.
    pace
        The hour of the week and the measured speeds by which travel times were computed, by name;
        "" where nothing was unusual. What was measured is not kept (ADR 0012).
    """

    revision: int
    conditions_revision: int
    network: str
    policy: str
    config: str
    seed: int
    units: tuple[UnitInput, ...]
    elapsed_ms: float
    pace: str = ""


class DecisionMade(Frozen, frozen=True, tag=True):
    """All open needs were decided together: proposals, and needs left unmet with their reasons."""

    inputs: DecisionInputs
    proposals: tuple[Proposal, ...]
    unmet: tuple[tuple[IncidentId, tuple[UnmetNeed, ...]], ...]


class ProposalWithdrawn(Frozen, frozen=True, tag=True):
    """A proposal no longer stands."""

    proposal: ProposalId
    incident: IncidentId
    reason: Remark


class UnitAssigned(Frozen, frozen=True, tag=True):
    """A unit was ordered to a need."""

    assignment: Assignment


class AssignmentRecorded(Frozen, frozen=True, tag=True):
    """Another system's decision, kept as it is."""

    assignment: Assignment


class AssignmentAcknowledged(Frozen, frozen=True, tag=True):
    """The station or crew has the order."""

    assignment: AssignmentId
    incident: IncidentId = IncidentId("")
    unit: UnitId | None = None


class UnitArrived(Frozen, frozen=True, tag=True):
    """The unit proved to be at its incident."""

    assignment: AssignmentId


class AssignmentEnded(Frozen, frozen=True, tag=True):
    """An order is over.

    ``reopens``: its need is open again.
    """

    assignment: AssignmentId
    state: AssignmentState
    reason: Remark
    reopens: bool
    incident: IncidentId = IncidentId("")
    unit: UnitId | None = None


class IncidentClosed(Frozen, frozen=True, tag=True):
    """An incident is over."""

    incident: IncidentId
    outcome: str


class RequestRepeated(Frozen, frozen=True, tag=True):
    """A request came again and was answered as before."""

    client: str
    request_id: str


class UnmappedValueKept(Frozen, frozen=True, tag=True):
    """A client sent a value that its mapping does not know.

    ``about``: what it said it of, in its own words: the unit that pressed an unknown status, the
    status that an unknown unit pressed.
    """

    client: str
    field: str
    value: str
    about: str = ""


EmergencyEvent = (
    IncidentReported
    | IncidentUpdated
    | DecisionMade
    | ProposalWithdrawn
    | UnitAssigned
    | AssignmentRecorded
    | AssignmentAcknowledged
    | UnitArrived
    | AssignmentEnded
    | IncidentClosed
    | RequestRepeated
    | UnmappedValueKept
)
