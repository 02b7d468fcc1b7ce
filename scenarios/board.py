"""Board: incidents, their needs and the units, as a watcher of the service's facts sees them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from google.protobuf.timestamp_pb2 import Timestamp

from dispatch.v1 import common_pb2, events_pb2, fleet_pb2, incident_pb2


class Fate(StrEnum):
    """How far a need has come."""

    DECIDING = "deciding"
    PROPOSED = "to confirm"
    ORDERED = "ordered"
    ARRIVED = "on scene"
    DONE = "done"
    UNMET = "unmet"


OPEN = frozenset({Fate.DECIDING, Fate.PROPOSED})
"""Fates that somebody still has to decide."""
SENT = frozenset({Fate.ORDERED, Fate.ARRIVED, Fate.DONE})
"""Fates in which a unit was sent."""


@dataclass(slots=True)
class NeedLine:
    """One need of an incident.

    Attributes
    ----------
    changed
        Revision of the last change.
    unmet_since
        Revision at which it was left without a unit, 0 when it is not.
    """

    need_id: str
    capability: str
    fate: Fate = Fate.DECIDING
    unit: str = ""
    assignment: str = ""
    eta_s: int | None = None
    why: str = ""
    changed: int = 0
    unmet_since: int = 0


@dataclass(slots=True)
class IncidentLine:
    """One incident.

    Attributes
    ----------
    automatic
        None until the answer to its report has told.
    """

    name: str
    incident_type: str
    priority: int
    address: str
    reported: datetime
    longitude: float | None
    latitude: float | None
    automatic: bool | None = None
    target_s: int = 0
    first_arrival: datetime | None = None
    closed: bool = False
    needs: dict[str, NeedLine] = field(default_factory=dict)

    def need(self, need_id: str, capability: str = "") -> NeedLine:
        """The need of that id, made when it is new."""
        if need_id not in self.needs:
            self.needs[need_id] = NeedLine(need_id, capability or capability_of(need_id))
        return self.needs[need_id]


@dataclass(slots=True)
class UnitLine:
    """One unit."""

    name: str
    call_sign: str
    kind: str
    capabilities: frozenset[str]
    status: fleet_pb2.UnitStatus.ValueType
    assignment: str = ""

    @property
    def free(self) -> bool:
        """Whether it can take an order."""
        return not self.assignment and self.status in (
            fleet_pb2.UNIT_STATUS_AVAILABLE,
            fleet_pb2.UNIT_STATUS_RETURNING,
        )


class Board:
    """What is going on, kept up to date by ``apply``."""

    def __init__(self, units: Iterable[fleet_pb2.Unit] = ()) -> None:
        self.incidents: dict[str, IncidentLine] = {}
        self.units = {
            unit.name: UnitLine(
                unit.name, unit.call_sign, unit.kind, frozenset(unit.capabilities), unit.status
            )
            for unit in units
        }
        self.revision = 0
        self._needs: dict[str, NeedLine] = {}

    def answered(self, incident: incident_pb2.Incident) -> None:
        """Take note of what the answer to a report tells beyond the fact."""
        line = self.incidents.get(incident.name)
        if line is None:
            line = self._add(
                incident.name,
                incident.incident_type or incident.raw_incident_type,
                incident.priority,
                incident.address,
                instant(incident.first_report_time),
                incident.location if incident.HasField("location") else None,
            )
        line.automatic = incident.assigned_automatically
        line.target_s = incident.target_s
        for need in incident.needs:
            line.need(need.need_id, need.capability)

    def apply(self, event: events_pb2.Event) -> None:
        """Take note of a fact."""
        self.revision = event.revision
        match event.WhichOneof("fact"):
            case "incident_reported":
                self._reported(event)
            case "decision_made":
                self._decided(event)
            case "proposal_withdrawn":
                self._withdrawn(event)
            case "unit_assigned" | "assignment_recorded":
                self._assigned(event)
            case "assignment_ended":
                self._ended(event)
            case "unit_status_changed":
                self._status(event)
            case "incident_closed":
                self.incidents[event.incident_closed.incident].closed = True

    def label(self, unit: str) -> str:
        """The call sign of a unit."""
        line = self.units.get(unit)
        return line.call_sign if line and line.call_sign else unit.removeprefix("units/")

    def undecided(self) -> list[IncidentLine]:
        """Open incidents with a need that is neither assigned nor unmet."""
        return [
            incident
            for incident in self.incidents.values()
            if not incident.closed and any(n.fate in OPEN for n in incident.needs.values())
        ]

    def not_reached(self) -> list[IncidentLine]:
        """Open incidents that a unit is on its way to, and none has reached."""
        return [
            incident
            for incident in self.incidents.values()
            if not incident.closed
            and incident.first_arrival is None
            and any(n.fate is Fate.ORDERED for n in incident.needs.values())
        ]

    def over(self, incident: IncidentLine) -> bool:
        """Whether every unit sent is done and nobody else is to come."""
        fates = [n.fate for n in incident.needs.values()]
        return (
            not incident.closed
            and Fate.DONE in fates
            and all(fate in (Fate.DONE, Fate.UNMET) for fate in fates)
        )

    def _add(
        self,
        name: str,
        incident_type: str,
        priority: int,
        address: str,
        reported: datetime,
        location: common_pb2.Wgs84Point | None,
    ) -> IncidentLine:
        line = IncidentLine(
            name=name,
            incident_type=incident_type,
            priority=priority,
            address=address,
            reported=reported,
            longitude=location.longitude if location is not None else None,
            latitude=location.latitude if location is not None else None,
        )
        self.incidents[name] = line
        return line

    def _reported(self, event: events_pb2.Event) -> None:
        fact = event.incident_reported
        if fact.incident in self.incidents:
            return
        self._add(
            fact.incident,
            fact.incident_type or fact.raw_incident_type,
            fact.priority,
            fact.address,
            instant(event.occurred_time),
            fact.location if fact.HasField("location") else None,
        )

    def _decided(self, event: events_pb2.Event) -> None:
        for proposal in event.decision_made.proposals:
            incident = self.incidents[proposal.incident]
            for unit in proposal.units:
                need = incident.need(unit.need_id, unit.capability)
                need.fate, need.unit = Fate.PROPOSED, unit.candidate.unit
                need.eta_s, need.why = unit.candidate.eta_s, sentence(unit.candidate.why)
                need.changed = event.revision
        for left in event.decision_made.unmet:
            unmet = left.unmet
            need = self.incidents[left.incident].need(unmet.need_id, unmet.capability)
            if need.fate is not Fate.UNMET:
                need.unmet_since = event.revision
            need.fate, need.unit, need.eta_s = Fate.UNMET, "", None
            need.why, need.changed = sentence([unmet.reason]), event.revision

    def _withdrawn(self, event: events_pb2.Event) -> None:
        for need in self.incidents[event.proposal_withdrawn.incident].needs.values():
            if need.fate is Fate.PROPOSED:
                self._reopen(need, event, event.proposal_withdrawn.reason)

    def _assigned(self, event: events_pb2.Event) -> None:
        fact = (
            event.unit_assigned.assignment
            if event.HasField("unit_assigned")
            else event.assignment_recorded.assignment
        )
        need = self.incidents[fact.incident].need(fact.need_id)
        need.fate, need.unit, need.assignment = Fate.ORDERED, fact.unit, fact.name
        need.eta_s, need.why, need.changed = fact.eta_s, _why(fact), event.revision
        self._needs[fact.name] = need
        if fact.unit in self.units:
            self.units[fact.unit].assignment = fact.name

    def _ended(self, event: events_pb2.Event) -> None:
        fact = event.assignment_ended
        unit = self.units.get(fact.unit)
        if unit is not None and unit.assignment == fact.assignment:
            unit.assignment = ""
        need = self._needs.pop(fact.assignment, None)
        if need is None or need.assignment != fact.assignment:
            return
        if fact.state == incident_pb2.ASSIGNMENT_STATE_COMPLETED:
            need.fate, need.changed = Fate.DONE, event.revision
        else:
            self._reopen(need, event, fact.reason)

    def _reopen(self, need: NeedLine, event: events_pb2.Event, reason: common_pb2.Remark) -> None:
        need.fate, need.unit, need.eta_s = Fate.DECIDING, "", None
        need.why, need.changed = sentence([reason]), event.revision

    def _status(self, event: events_pb2.Event) -> None:
        fact = event.unit_status_changed
        unit = self.units.get(fact.unit)
        if unit is None:
            return
        unit.status = fact.status
        need = self._needs.get(unit.assignment)
        if need is not None and fact.status in _PROVES_ARRIVAL and need.fate is Fate.ORDERED:
            need.fate, need.changed = Fate.ARRIVED, event.revision
            for incident in self.incidents.values():
                if incident.needs.get(need.need_id) is need and incident.first_arrival is None:
                    incident.first_arrival = instant(event.occurred_time)


_PROVES_ARRIVAL = (
    fleet_pb2.UNIT_STATUS_ON_SCENE,
    fleet_pb2.UNIT_STATUS_TRANSPORTING,
    fleet_pb2.UNIT_STATUS_AT_HOSPITAL,
)


def instant(stamp: Timestamp) -> datetime:
    """An instant of the wire, aware, UTC."""
    return stamp.ToDatetime(tzinfo=UTC)


def capability_of(need_id: str) -> str:
    """The capability in a need's id, e.g. als of als-1."""
    return need_id.rpartition("-")[0]


def sentence(remarks: Iterable[common_pb2.Remark]) -> str:
    """Remarks in one line; Chinese ones come without a full stop."""
    texts = [remark.text or remark.code for remark in remarks]
    return "".join(
        text if last else f"{text} " if text.isascii() else f"{text}；"
        for last, text in ((i == len(texts) - 1, text) for i, text in enumerate(texts))
    )


def _why(assignment: incident_pb2.Assignment) -> str:
    if assignment.HasField("override_reason"):
        reason = assignment.override_reason
        return f"{reason.code}: {reason.text}" if reason.text else reason.code
    return sentence([*assignment.why, *assignment.flags])
