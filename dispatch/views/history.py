"""Closed incidents, for those who ask after the state has let them go."""

from __future__ import annotations

from collections import OrderedDict

from dispatch.emergency.events import IncidentClosed
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

    def observe(self, recorded: Recorded, before: State) -> None:
        """Take note of a fact, given the state it changed."""
        fact = recorded.fact
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
        if len(self._closed) > self._keep:
            self._closed.popitem(last=False)

    def get(self, incident: IncidentId) -> ClosedIncident | None:
        """A closed incident, or None."""
        return self._closed.get(incident)

    def all(self) -> list[ClosedIncident]:
        """Closed incidents, oldest id first."""
        return [self._closed[i] for i in sorted(self._closed, key=_by_number)]


def _by_number(numbered: str) -> tuple[int, str]:
    """Order of ids: E1000000 comes after E999999."""
    return len(numbered), numbered
