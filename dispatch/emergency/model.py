"""Incidents, needs, proposals and assignments."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from dispatch.model import (
    AssignmentId,
    AssignmentState,
    Capability,
    Frozen,
    HospitalId,
    IncidentId,
    NeedId,
    Origin,
    ProposalId,
    RawPoint,
    Remark,
    UnitId,
)
from roadnets.geo import LonLat

UNCLASSIFIED = Capability("unclassified")
"""Capability of the one need of an incident whose type is unknown; no unit has it."""


class Deciding(Frozen, frozen=True, tag=True):
    """A need about to be decided."""


class Unmet(Frozen, frozen=True, tag=True):
    """A need that nobody goes to, and why."""

    reason: Remark


class Proposed(Frozen, frozen=True, tag=True):
    """A need whose unit waits for a dispatcher's word."""

    proposal: ProposalId


class Assigned(Frozen, frozen=True, tag=True):
    """A need that a unit goes to, or has served."""

    assignment: AssignmentId


Fate = Deciding | Unmet | Proposed | Assigned


class Need(Frozen, frozen=True):
    """One unit's worth of what the plan asks for, e.g. ``als-1``.

    Attributes
    ----------
    surplus
        A unit goes to it, but since a correction the plan has no use for it: it is gone when the
        order is taken back.
    """

    need_id: NeedId
    capability: Capability
    fate: Fate = Deciding()
    surplus: bool = False

    @property
    def open(self) -> bool:
        """Whether no unit is ordered to it."""
        return not isinstance(self.fate, Assigned)


class Candidate(Frozen, frozen=True):
    """A unit that could go, and how soon it would be there.

    Attributes
    ----------
    eta_s
        Seconds from the decision to arrival: ``turnout_s + travel_s``.
    slower_by_s
        Later than the quickest candidate for the same need.
    position_age_s
        Age of the position the estimate rests on; 0 for a unit at its station.
    """

    unit: UnitId
    eta_s: int
    turnout_s: int
    travel_s: int
    slower_by_s: int = 0
    position_age_s: int = 0
    why: tuple[Remark, ...] = ()


class ProposedUnit(Frozen, frozen=True):
    """The unit chosen for one need, with the next best."""

    need_id: NeedId
    capability: Capability
    candidate: Candidate
    alternatives: tuple[Candidate, ...] = ()
    hospital: HospitalId | None = None


class UnmetNeed(Frozen, frozen=True):
    """A need that the decision could not meet."""

    need_id: NeedId
    capability: Capability
    reason: Remark


class Proposal(Frozen, frozen=True):
    """A decision for one incident, offered and not yet taken."""

    proposal_id: ProposalId
    incident: IncidentId
    units: tuple[ProposedUnit, ...]
    unmet: tuple[UnmetNeed, ...]
    created: datetime
    expires: datetime
    policy: str
    rung: str
    revision: int


class Override(Frozen, frozen=True):
    """Why a dispatcher sends others than proposed."""

    code: str
    text: str = ""


OVERRIDE_CODES = (
    "local_knowledge",
    "crew_request",
    "road_blocked",
    "wrong_capability",
    "other",
)


class DecidedBy(StrEnum):
    """Whose word an assignment rests on."""

    POLICY = "policy"
    DISPATCHER = "dispatcher"
    CAD = "cad"


class Assignment(Frozen, frozen=True):
    """One unit sent to one need.

    Attributes
    ----------
    unit
        None when a recorded fact names a unit that is unknown here (``raw_unit`` has it).
    arrived
        When the unit first proved to be there.
    flags
        On a recorded fact: what we would have held against it.
    """

    assignment_id: AssignmentId
    incident: IncidentId
    need_id: NeedId | None
    unit: UnitId | None
    state: AssignmentState
    decided_by: DecidedBy
    assigned: datetime
    eta_s: int | None = None
    turnout_s: int | None = None
    travel_s: int | None = None
    acknowledged: datetime | None = None
    arrived: datetime | None = None
    ended: datetime | None = None
    hospital: HospitalId | None = None
    policy: str = ""
    override: Override | None = None
    why: tuple[Remark, ...] = ()
    flags: tuple[Remark, ...] = ()
    raw_unit: str = ""
    origin: Origin = Origin()

    @property
    def active(self) -> bool:
        """Whether the unit is still under this order."""
        return self.state in (AssignmentState.ORDERED, AssignmentState.ACKNOWLEDGED)


class Incident(Frozen, frozen=True):
    """One emergency.

    Attributes
    ----------
    incident_type
        A code of the response plans, or "" while unknown.
    priority_assumed
        Nobody has named a priority: it is the type's own, the gravest while that is unknown.
    location
        Where it is planned, WGS84; None while unresolved.
    target_s
        First unit due on scene, seconds after the first report; 0 while the type is unknown.
    changed
        Revision of its last change; its etag.
    """

    incident_id: IncidentId
    incident_type: str
    raw_incident_type: str
    priority: int
    patients: int | None
    raw_point: RawPoint | None
    location: LonLat | None
    street_distance_m: float | None
    address: str
    description: str
    caller_phone: str
    flags: tuple[Remark, ...]
    automatic: bool
    transport: bool
    target_s: int
    needs: tuple[Need, ...]
    first_report: datetime
    recorded: datetime
    origin: Origin = Origin()
    proposal: Proposal | None = None
    closed: datetime | None = None
    outcome: str = ""
    changed: int = 0
    priority_assumed: bool = False

    def need(self, need_id: NeedId) -> Need | None:
        """The need of that id, or None."""
        return next((n for n in self.needs if n.need_id == need_id), None)

    @property
    def needs_attention(self) -> bool:
        """Flagged, unmet, or waiting for a dispatcher."""
        return (
            bool(self.flags)
            or self.proposal is not None
            or any(isinstance(n.fate, Unmet) for n in self.needs)
        )


class EmergencyState(Frozen, frozen=True):
    """Open incidents with their assignments; closed ones live in the journal and in views."""

    incidents: dict[IncidentId, Incident] = {}
    assignments: dict[AssignmentId, Assignment] = {}
    next_incident: int = 1
    next_assignment: int = 1
    next_proposal: int = 1
