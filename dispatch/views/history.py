"""Closed incidents, for those who ask after the state has let them go."""

from __future__ import annotations

from collections import OrderedDict

from dispatch.emergency.events import AssignmentRecorded, IncidentClosed
from dispatch.emergency.model import Assignment, Incident
from dispatch.emergency.state import close
from dispatch.model import Frozen, IncidentId
from dispatch.state import Recorded, State


class ClosedIncident(Frozen, frozen=True):
    """An incident as it ended, with its assignments in order."""

    incident: Incident
    assignments: tuple[Assignment, ...]


class History:
    """The last ``keep`` closed incidents; older ones are in the journal alone."""

    def __init__(self, keep: int = 50_000) -> None:
        self._keep = keep
        self._closed: OrderedDict[IncidentId, ClosedIncident] = OrderedDict()
        self._by_ticket: dict[str, IncidentId] = {}

    def observe(self, recorded: Recorded, before: State) -> None:
        """Take note of a fact, given the state it changed."""
        fact = recorded.fact
        if isinstance(fact, AssignmentRecorded):
            self._told_late(fact.assignment)
        if not isinstance(fact, IncidentClosed):
            return
        incident = before.emergency.incidents[fact.incident]
        self._closed[fact.incident] = ClosedIncident(
            close(incident, fact, recorded.occurred, recorded.revision),
            tuple(
                before.emergency.assignments[a]
                for a in sorted(before.emergency.assignments, key=_by_number)
                if before.emergency.assignments[a].incident == fact.incident
            ),
        )
        ticket = incident.origin.external_id
        if ticket:
            self._by_ticket[ticket] = fact.incident
        if len(self._closed) > self._keep:
            oldest, forgotten = self._closed.popitem(last=False)
            if self._by_ticket.get(forgotten.incident.origin.external_id) == oldest:
                del self._by_ticket[forgotten.incident.origin.external_id]

    def _told_late(self, assignment: Assignment) -> None:
        closed = self._closed.get(assignment.incident)
        if closed is not None:
            orders = (*closed.assignments, assignment)
            self._closed[assignment.incident] = ClosedIncident(closed.incident, orders)

    def get(self, incident: IncidentId) -> ClosedIncident | None:
        """A closed incident, or None."""
        return self._closed.get(incident)

    def of_ticket(self, external_id: str) -> IncidentId | None:
        """The incident closed last of those that a neighbouring system knows by this id."""
        return self._by_ticket.get(external_id)

    def all(self) -> list[ClosedIncident]:
        """Closed incidents, oldest id first."""
        return [self._closed[i] for i in sorted(self._closed, key=_by_number)]


def _by_number(numbered: str) -> tuple[int, str]:
    """Order of ids: E1000000 comes after E999999."""
    return len(numbered), numbered
