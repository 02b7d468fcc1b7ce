"""Facts as events of a watch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import singledispatch
from typing import Final

from dispatch.conditions.events import (
    ConditionEnded,
    ConditionsEnded,
    ConditionSet,
    ConditionsSet,
    ConditionsStarted,
)
from dispatch.conditions.model import Condition
from dispatch.emergency.events import (
    AssignmentAcknowledged,
    AssignmentEnded,
    AssignmentRecorded,
    DecisionMade,
    IncidentClosed,
    IncidentReported,
    IncidentUpdated,
    ProposalWithdrawn,
    RequestRepeated,
    UnitAssigned,
    UnmappedValueKept,
)
from dispatch.fleet.events import FleetDeclared, UnitStatusChanged
from dispatch.intake.mapping import Language
from dispatch.model import ConditionId
from dispatch.service import conditions, names, present
from dispatch.service.present import Presenter
from dispatch.service.texts import Catalogue
from dispatch.state import Recorded
from dispatch.v1 import events_pb2, roads_pb2

_REMEMBERED: Final = 4096


class EventBytes:
    """Events ready to be sent: made once, however many watch."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._made: OrderedDict[tuple[int, Language], bytes] = OrderedDict()

    def of(self, recorded: Recorded, language: Language) -> bytes:
        """The event of a fact; empty for one that is not sent."""
        key = (recorded.revision, language)
        made = self._made.get(key)
        if made is None:
            event = event_of(recorded, Presenter(self._catalogue, language))
            made = self._made[key] = event.SerializeToString() if event else b""
            if len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        return made


def event_of(recorded: Recorded, presenter: Presenter) -> events_pb2.Event | None:
    """The event of a fact; None for one that follows from another and is not sent."""
    event = events_pb2.Event(
        revision=recorded.revision,
        occurred_time=present.timestamp(recorded.occurred),
        recorded_time=present.timestamp(recorded.recorded),
    )
    return event if _fill(recorded.fact, event, presenter) else None


@singledispatch
def _fill(_fact: object, _event: events_pb2.Event, _: Presenter) -> bool:
    """Write the fact into its event; False when it has none there."""
    return False


@_fill.register
def _incident_reported(
    fact: IncidentReported, event: events_pb2.Event, presenter: Presenter
) -> bool:
    incident = fact.incident
    event.incident_reported.CopyFrom(
        events_pb2.IncidentReported(
            incident=names.name_of(names.INCIDENTS, incident.incident_id),
            incident_type=incident.incident_type,
            raw_incident_type=incident.raw_incident_type,
            priority=incident.priority,
            patients=incident.patients,
            raw_point=present.raw_point(incident.raw_point),
            location=present.point(incident.location),
            address=incident.address,
            flags=presenter.remarks(incident.flags),
            origin=present.origin(incident.origin),
        )
    )
    return True


@_fill.register
def _incident_updated(fact: IncidentUpdated, event: events_pb2.Event, presenter: Presenter) -> bool:
    event.incident_updated.CopyFrom(
        events_pb2.IncidentUpdated(
            incident=names.name_of(names.INCIDENTS, fact.incident),
            incident_type=fact.incident_type,
            priority=fact.priority,
            patients=fact.patients,
            raw_point=present.raw_point(fact.raw_point),
            location=present.point(fact.location),
            address=fact.address,
            flags=presenter.remarks(fact.flags),
        )
    )
    return True


@_fill.register
def _decision_made(fact: DecisionMade, event: events_pb2.Event, presenter: Presenter) -> bool:
    decision = event.decision_made
    decision.SetInParent()
    decision.proposals.extend(presenter.proposal(proposal) for proposal in fact.proposals)
    decision.unmet.extend(
        events_pb2.NeedLeftUnmet(
            incident=names.name_of(names.INCIDENTS, incident), unmet=presenter.unmet(need)
        )
        for incident, needs in fact.unmet
        for need in needs
    )
    return True


@_fill.register
def _proposal_withdrawn(
    fact: ProposalWithdrawn, event: events_pb2.Event, presenter: Presenter
) -> bool:
    event.proposal_withdrawn.CopyFrom(
        events_pb2.ProposalWithdrawn(
            proposal=names.name_of(names.PROPOSALS, fact.proposal),
            incident=names.name_of(names.INCIDENTS, fact.incident),
            reason=presenter.remark(fact.reason),
        )
    )
    return True


@_fill.register
def _unit_assigned(fact: UnitAssigned, event: events_pb2.Event, presenter: Presenter) -> bool:
    event.unit_assigned.assignment.CopyFrom(presenter.assignment(fact.assignment))
    return True


@_fill.register
def _assignment_recorded(
    fact: AssignmentRecorded, event: events_pb2.Event, presenter: Presenter
) -> bool:
    event.assignment_recorded.assignment.CopyFrom(presenter.assignment(fact.assignment))
    return True


@_fill.register
def _assignment_acknowledged(
    fact: AssignmentAcknowledged, event: events_pb2.Event, _: Presenter
) -> bool:
    event.assignment_acknowledged.CopyFrom(
        events_pb2.AssignmentAcknowledged(
            assignment=names.name_of(names.ASSIGNMENTS, fact.assignment),
            incident=names.name_of(names.INCIDENTS, fact.incident),
            unit=names.name_of(names.UNITS, fact.unit),
        )
    )
    return True


@_fill.register
def _assignment_ended(fact: AssignmentEnded, event: events_pb2.Event, presenter: Presenter) -> bool:
    event.assignment_ended.CopyFrom(
        events_pb2.AssignmentEnded(
            assignment=names.name_of(names.ASSIGNMENTS, fact.assignment),
            incident=names.name_of(names.INCIDENTS, fact.incident),
            unit=names.name_of(names.UNITS, fact.unit),
            state=present.assignment_state(fact.state),
            reason=presenter.remark(fact.reason),
        )
    )
    return True


@_fill.register
def _incident_closed(fact: IncidentClosed, event: events_pb2.Event, _: Presenter) -> bool:
    event.incident_closed.CopyFrom(
        events_pb2.IncidentClosed(
            incident=names.name_of(names.INCIDENTS, fact.incident), outcome=fact.outcome
        )
    )
    return True


@_fill.register
def _unit_status_changed(fact: UnitStatusChanged, event: events_pb2.Event, _: Presenter) -> bool:
    event.unit_status_changed.CopyFrom(
        events_pb2.UnitStatusChanged(
            unit=names.name_of(names.UNITS, fact.unit),
            status=present.unit_status(fact.status),
            previous_status=present.unit_status(fact.previous),
            reason=fact.reason,
            expected_return_time=present.timestamp(fact.expected_return),
            irregular=fact.irregular,
        )
    )
    return True


@_fill.register
def _condition_set(fact: ConditionSet, event: events_pb2.Event, _: Presenter) -> bool:
    event.condition_set.condition.CopyFrom(_condition(fact.condition, planned=fact.planned))
    return True


@_fill.register
def _conditions_set(fact: ConditionsSet, event: events_pb2.Event, _: Presenter) -> bool:
    event.conditions_set.conditions.extend(
        _condition(condition, planned=fact.planned) for condition in fact.conditions
    )
    return True


@_fill.register
def _conditions_started(fact: ConditionsStarted, event: events_pb2.Event, _: Presenter) -> bool:
    event.conditions_started.conditions.extend(_condition_names(fact.conditions))
    return True


@_fill.register
def _condition_ended(fact: ConditionEnded, event: events_pb2.Event, _: Presenter) -> bool:
    event.condition_ended.CopyFrom(
        events_pb2.ConditionEnded(
            condition=names.name_of(names.CONDITIONS, fact.condition), ended_by=fact.by
        )
    )
    return True


@_fill.register
def _conditions_ended(fact: ConditionsEnded, event: events_pb2.Event, _: Presenter) -> bool:
    event.conditions_ended.CopyFrom(
        events_pb2.ConditionsEnded(conditions=_condition_names(fact.conditions), ended_by=fact.by)
    )
    return True


def _condition(condition: Condition, *, planned: bool) -> roads_pb2.Condition:
    state = conditions.PLANNED if planned else conditions.IN_FORCE
    return conditions.condition(condition, state)


def _condition_names(of: Iterable[ConditionId]) -> list[str]:
    return [names.name_of(names.CONDITIONS, condition_id) for condition_id in of]


@_fill.register
def _unmapped_value_kept(fact: UnmappedValueKept, event: events_pb2.Event, _: Presenter) -> bool:
    event.unmapped_value_kept.CopyFrom(
        events_pb2.UnmappedValueKept(
            client=fact.client, field=fact.field, value=fact.value, about=fact.about
        )
    )
    return True


@_fill.register
def _fleet_declared(fact: FleetDeclared, event: events_pb2.Event, _: Presenter) -> bool:
    event.fleet_declared.CopyFrom(
        events_pb2.FleetDeclared(
            units=len(fact.units), stations=len(fact.stations), hospitals=len(fact.hospitals)
        )
    )
    return True


@_fill.register
def _request_repeated(fact: RequestRepeated, event: events_pb2.Event, _: Presenter) -> bool:
    event.request_repeated.CopyFrom(
        events_pb2.RequestRepeated(client=fact.client, request_id=fact.request_id)
    )
    return True
