"""What a run of the demo came to, read from the facts in its journal and from nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from dispatch.emergency.events import IncidentClosed, UnitArrived, UnitAssigned
from dispatch.emergency.model import Assigned, Incident, Need, Unmet
from dispatch.model import AssignmentId, IncidentId
from dispatch.state import Recorded, State, evolve, initial_state

UNDECIDED = "undecided"
"""Stands for the reason of a need that nobody decided: there should be none."""


@dataclass(frozen=True, slots=True)
class UnmetNeed:
    """A need that ended without a unit."""

    incident: IncidentId
    incident_type: str
    need_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a run.

    Attributes
    ----------
    response_s
        From the first report to the first unit on scene, of each incident that was reached,
        in order of incident.
    late
        Incidents that nobody reached within their target, though it had passed at the end.
    timed
        Incidents that were reached, or whose target had passed at the end.
    """

    calls: int
    needs: int
    unmet: tuple[UnmetNeed, ...]
    response_s: tuple[float, ...]
    late: int
    timed: int

    @property
    def assigned(self) -> int:
        """Needs that a unit was sent to."""
        return self.needs - len(self.unmet)

    @property
    def unmet_reasons(self) -> dict[str, int]:
        """How many needs were left for each reason, the most frequent first."""
        return dict(Counter(need.reason for need in self.unmet).most_common())

    @property
    def on_time_share(self) -> float:
        """Part of the incidents timed that were reached within their target."""
        return 1.0 - self.late / self.timed if self.timed else 1.0


def figures(facts: Sequence[Recorded]) -> Figures:
    """Count calls, needs and response times."""
    incidents = final_incidents(facts)
    arrivals = _first_arrivals(facts)
    end = facts[-1].recorded if facts else None
    unmet = tuple(
        UnmetNeed(incident.incident_id, incident.incident_type, need.need_id, _reason(need))
        for incident in incidents
        for need in incident.needs
        if not isinstance(need.fate, Assigned)
    )
    response_s: list[float] = []
    late = timed = 0
    for incident in incidents:
        arrival = arrivals.get(incident.incident_id)
        until = arrival or end or incident.first_report
        took_s = (until - incident.first_report).total_seconds()
        if arrival is not None:
            response_s.append(took_s)
        if arrival is not None or took_s > incident.target_s:
            timed += 1
            late += took_s > incident.target_s
    return Figures(
        calls=len(incidents),
        needs=sum(len(incident.needs) for incident in incidents),
        unmet=unmet,
        response_s=tuple(response_s),
        late=late,
        timed=timed,
    )


def distribution(values: ArrayLike, *percentiles: int) -> dict[str, float | None]:
    """Mean and percentiles (``p50`` …), to one decimal; None where there are no values."""
    numbers = np.asarray(values, np.float64)
    if not numbers.size:
        return dict.fromkeys(("mean", *(f"p{p}" for p in percentiles)))
    figures: dict[str, float | None] = {"mean": round(float(numbers.mean()), 1)}
    for p in percentiles:
        figures[f"p{p}"] = round(float(np.percentile(numbers, p)), 1)
    return figures


def final_incidents(facts: Sequence[Recorded]) -> list[Incident]:
    """Every incident as it was closed, or as it is at the end; in order of id."""
    closed: dict[IncidentId, Incident] = {}
    state = initial_state()
    for before, recorded, after in folded(facts):
        if isinstance(recorded.fact, IncidentClosed):
            incident = recorded.fact.incident
            closed[incident] = before.emergency.incidents[incident]
        state = after
    every = closed | state.emergency.incidents
    return [every[incident] for incident in sorted(every)]


def folded(facts: Sequence[Recorded]) -> Iterator[tuple[State, Recorded, State]]:
    """Each fact with the state before and after it."""
    before = initial_state()
    for recorded in facts:
        after = evolve(before, recorded)
        yield before, recorded, after
        before = after


def minutes(seconds: float | None) -> str:
    """Minutes and seconds, e.g. 7:05."""
    if seconds is None:
        return "?"
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _reason(need: Need) -> str:
    return need.fate.reason.code if isinstance(need.fate, Unmet) else UNDECIDED


def _first_arrivals(facts: Sequence[Recorded]) -> dict[IncidentId, datetime]:
    incident_of: dict[AssignmentId, IncidentId] = {}
    arrivals: dict[IncidentId, datetime] = {}
    for recorded in facts:
        match recorded.fact:
            case UnitAssigned(assignment):
                incident_of[assignment.assignment_id] = assignment.incident
            case UnitArrived(assignment_id) if assignment_id in incident_of:
                arrivals.setdefault(incident_of[assignment_id], recorded.occurred)
    return arrivals
