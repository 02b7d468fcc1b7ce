"""Our own types as messages, with sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from dispatch.emergency.model import (
    Assigned,
    Assignment,
    Candidate,
    DecidedBy,
    Incident,
    Need,
    Proposal,
    Proposed,
    ProposedUnit,
    Unmet,
    UnmetNeed,
)
from dispatch.fleet.model import UnitState
from dispatch.fleet.positions import Position
from dispatch.intake.mapping import Language
from dispatch.model import AssignmentId, AssignmentState, Origin, RawPoint, Remark, UnitStatus
from dispatch.service import names
from dispatch.service.convert import COORDINATE_SYSTEMS, TRAVEL_MODES
from dispatch.service.texts import Catalogue
from dispatch.v1 import common_pb2, fleet_pb2, incident_pb2, roads_pb2
from roadnets.geo import CoordinateSystem, LonLat
from roadnets.travel import TravelMode

_SYSTEM_NUMBER: Final = {system: number for number, system in COORDINATE_SYSTEMS.items()}
_MODE_NUMBER: Final = {mode: number for number, mode in TRAVEL_MODES.items()}
_STATUS_NUMBER: Final = {s: fleet_pb2.UnitStatus.Value(f"UNIT_STATUS_{s.name}") for s in UnitStatus}
_STATE_NUMBER: Final = {
    s: incident_pb2.AssignmentState.Value(f"ASSIGNMENT_STATE_{s.name}") for s in AssignmentState
}

_UNTAGGED: Final = common_pb2.COORDINATE_SYSTEM_UNSPECIFIED
_OPEN: Final = incident_pb2.INCIDENT_STATE_OPEN
_CLOSED: Final = incident_pb2.INCIDENT_STATE_CLOSED


def timestamp(at: datetime | None) -> Timestamp | None:
    """The message of an instant; None, an absent field, for none."""
    if at is None:
        return None
    message = Timestamp()
    message.FromDatetime(at)
    return message


def known_point(at: LonLat) -> common_pb2.Wgs84Point:
    """The message of a point."""
    return common_pb2.Wgs84Point(longitude=at.lon, latitude=at.lat)


def point(at: LonLat | None) -> common_pb2.Wgs84Point | None:
    """The message of a point; None, an absent field, for none."""
    return known_point(at) if at else None


def raw_point(raw: RawPoint | None) -> common_pb2.Point | None:
    """The message of a point as it was given."""
    if raw is None:
        return None
    system = raw.coordinate_system
    return common_pb2.Point(
        longitude=raw.lon,
        latitude=raw.lat,
        coordinate_system=_SYSTEM_NUMBER[system] if system else _UNTAGGED,
        uncertainty_m=raw.uncertainty_m,
    )


def origin(of: Origin) -> common_pb2.Origin:
    """The message of an origin."""
    return common_pb2.Origin(
        external_id=of.external_id,
        source=of.source,
        agency=of.agency,
        parent_agency=of.parent_agency,
    )


def unit_status(status: UnitStatus) -> fleet_pb2.UnitStatus.ValueType:
    """The number of a status."""
    return _STATUS_NUMBER[status]


def assignment_state(state: AssignmentState) -> incident_pb2.AssignmentState.ValueType:
    """The number of a state."""
    return _STATE_NUMBER[state]


def travel_mode(mode: TravelMode) -> roads_pb2.TravelMode.ValueType:
    """The number of a mode."""
    return _MODE_NUMBER[mode]


def coordinate_system(system: CoordinateSystem) -> common_pb2.CoordinateSystem.ValueType:
    """The number of a coordinate system."""
    return _SYSTEM_NUMBER[system]


def unit(state: UnitState, seen: Position | None) -> fleet_pb2.Unit:
    """The message of a unit and where it was last seen."""
    what, holder = state.unit, state.holder
    return fleet_pb2.Unit(
        name=names.name_of(names.UNITS, what.unit_id),
        call_sign=what.call_sign,
        kind=what.kind,
        station=names.name_of(names.STATIONS, what.station),
        capabilities=what.capabilities,
        status=_STATUS_NUMBER[state.status],
        status_time=timestamp(state.status_time),
        position=_unit_position(seen) if seen else None,
        incident=names.name_of(names.INCIDENTS, holder.incident) if holder else "",
        assignment=names.name_of(names.ASSIGNMENTS, holder.assignment) if holder else "",
        reason=state.reason,
        expected_return_time=timestamp(state.expected_return),
        origin=origin(what.origin),
        turnout_s=what.turnout_s,
    )


def _unit_position(seen: Position) -> fleet_pb2.UnitPosition:
    return fleet_pb2.UnitPosition(
        point=point(seen.point),
        observed_time=timestamp(seen.observed),
        heading_deg=seen.heading_deg,
        speed_kph=seen.speed_kph,
    )


@dataclass(frozen=True, slots=True)
class Presenter:
    """Messages that hold sentences."""

    catalogue: Catalogue
    language: Language

    def remark(self, remark: Remark) -> common_pb2.Remark:
        """A remark with its sentence."""
        return common_pb2.Remark(
            code=remark.code,
            text=self.catalogue.of(remark, self.language),
            details=remark.details,
        )

    def remarks(self, remarks: Iterable[Remark]) -> list[common_pb2.Remark]:
        """Remarks with their sentences."""
        return [self.remark(remark) for remark in remarks]

    def incident(
        self, incident: Incident, assignments: Sequence[Assignment]
    ) -> incident_pb2.Incident:
        """An incident with its needs, and every assignment to it."""
        closed = incident.closed is not None
        by_id = {a.assignment_id: a for a in assignments}
        serving = {n.fate.assignment for n in incident.needs if isinstance(n.fate, Assigned)}
        return incident_pb2.Incident(
            name=names.name_of(names.INCIDENTS, incident.incident_id),
            state=_CLOSED if closed else _OPEN,
            incident_type=incident.incident_type,
            raw_incident_type=incident.raw_incident_type,
            priority=incident.priority,
            patients=incident.patients,
            raw_point=raw_point(incident.raw_point),
            location=point(incident.location),
            street_distance_m=incident.street_distance_m or 0.0,
            address=incident.address,
            description=incident.description,
            needs=[self._need(incident, need, by_id) for need in incident.needs],
            proposal=self.proposal(incident.proposal) if incident.proposal else None,
            flags=self.remarks(incident.flags),
            target_s=incident.target_s,
            first_report_time=timestamp(incident.first_report),
            recorded_time=timestamp(incident.recorded),
            closed_time=timestamp(incident.closed),
            outcome=incident.outcome,
            etag=str(incident.changed),
            origin=origin(incident.origin),
            assigned_automatically=incident.automatic,
            other_assignments=[
                self.assignment(a) for a in assignments if a.assignment_id not in serving
            ],
        )

    def _need(
        self, incident: Incident, need: Need, assignments: Mapping[AssignmentId, Assignment]
    ) -> incident_pb2.Need:
        message = incident_pb2.Need(need_id=need.need_id, capability=need.capability)
        match need.fate:
            case Assigned(assignment_id):
                message.assignment.CopyFrom(self.assignment(assignments[assignment_id]))
            case Unmet(reason):
                unmet = UnmetNeed(need.need_id, need.capability, reason)
                message.unmet.CopyFrom(self.unmet(unmet))
            case Proposed():
                chosen = _chosen(incident.proposal, need)
                if chosen is None:
                    message.deciding.SetInParent()
                else:
                    message.proposed.CopyFrom(self.proposed_unit(chosen))
            case _:
                message.deciding.SetInParent()
        return message

    def assignment(self, assignment: Assignment) -> incident_pb2.Assignment:
        """An assignment with what spoke for it, or is held against it."""
        by_policy = assignment.decided_by is DecidedBy.POLICY
        override = assignment.override
        return incident_pb2.Assignment(
            name=names.name_of(names.ASSIGNMENTS, assignment.assignment_id),
            incident=names.name_of(names.INCIDENTS, assignment.incident),
            need_id=assignment.need_id or "",
            unit=names.name_of(names.UNITS, assignment.unit),
            state=_STATE_NUMBER[assignment.state],
            eta_s=assignment.eta_s or 0,
            turnout_s=assignment.turnout_s or 0,
            travel_s=assignment.travel_s or 0,
            assigned_time=timestamp(assignment.assigned),
            acknowledged_time=timestamp(assignment.acknowledged),
            ended_time=timestamp(assignment.ended),
            hospital=names.name_of(names.HOSPITALS, assignment.hospital),
            decided_by=f"policy:{assignment.policy}" if by_policy else assignment.decided_by,
            override_reason=(
                incident_pb2.OverrideReason(code=override.code, text=override.text)
                if override
                else None
            ),
            flags=self.remarks(assignment.flags),
            why=self.remarks(assignment.why),
            origin=origin(assignment.origin),
            raw_unit=assignment.raw_unit,
        )

    def proposal(self, proposal: Proposal) -> incident_pb2.Proposal:
        """A proposal with its alternatives."""
        return incident_pb2.Proposal(
            name=names.name_of(names.PROPOSALS, proposal.proposal_id),
            incident=names.name_of(names.INCIDENTS, proposal.incident),
            units=[self.proposed_unit(u) for u in proposal.units],
            unmet=self.unmets(proposal.unmet),
            create_time=timestamp(proposal.created),
            expire_time=timestamp(proposal.expires),
            policy=proposal.policy,
            rung=proposal.rung,
            revision=proposal.revision,
        )

    def proposed_unit(self, proposed: ProposedUnit) -> incident_pb2.ProposedUnit:
        """The unit chosen for a need, and the next best."""
        return incident_pb2.ProposedUnit(
            need_id=proposed.need_id,
            capability=proposed.capability,
            candidate=self.candidate(proposed.candidate),
            alternatives=[self.candidate(c) for c in proposed.alternatives],
            hospital=names.name_of(names.HOSPITALS, proposed.hospital),
        )

    def candidate(self, candidate: Candidate) -> incident_pb2.Candidate:
        """A unit that could go."""
        return incident_pb2.Candidate(
            unit=names.name_of(names.UNITS, candidate.unit),
            eta_s=candidate.eta_s,
            turnout_s=candidate.turnout_s,
            travel_s=candidate.travel_s,
            slower_by_s=candidate.slower_by_s,
            position_age_s=candidate.position_age_s,
            why=self.remarks(candidate.why),
            on_time=any(remark.code == "on_time" for remark in candidate.why),
        )

    def unmets(self, unmet: Sequence[UnmetNeed]) -> list[incident_pb2.Unmet]:
        """Needs that nobody goes to."""
        return [self.unmet(need) for need in unmet]

    def unmet(self, unmet: UnmetNeed) -> incident_pb2.Unmet:
        """A need that nobody goes to, and why."""
        return incident_pb2.Unmet(
            need_id=unmet.need_id,
            capability=unmet.capability,
            reason=self.remark(unmet.reason),
        )


def _chosen(proposal: Proposal | None, need: Need) -> ProposedUnit | None:
    units = proposal.units if proposal else ()
    return next((u for u in units if u.need_id == need.need_id), None)
