"""propose: open needs, units and travel times give a decision. Slow, pure, off the event loop."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from dispatch.emergency.events import DecisionInputs, DecisionMade, UnitInput
from dispatch.emergency.model import Candidate, Proposal, ProposedUnit, UnmetNeed
from dispatch.emergency.policies import POLICIES
from dispatch.emergency.snapshot import OpenIncident, OpenNeed, Snapshot, UnitView
from dispatch.model import (
    Capability,
    HospitalId,
    IncidentId,
    ProposalId,
    Remark,
    UnitId,
)
from roadnets.geo import UNREACHABLE
from roadnets.travel import TravelMode, TravelTimes
from solvers import greedy
from solvers.assignment_problem import UNSERVED, AssignmentProblem

log = logging.getLogger(__name__)

OPTIMIZED = "optimized"
GREEDY = "greedy"

LONGEST_WAIT_S = 7200
"""Beyond this a wait weighs no more; costs have to fit into 63 bits."""

MOST_SPARE = 7
"""Further capabilities of a unit that break a tie; costs have to fit into 63 bits."""


@dataclass(frozen=True, slots=True)
class ProposeSettings:
    """How decisions are made.

    Attributes
    ----------
    policy
        A name in ``POLICIES``.
    lifetime_s
        A proposal expires after this many seconds.
    alternatives
        How many of the next best are named with each choice.
    stale_after_s
        A position older than this is pointed out.

    Raises
    ------
    ValueError
        When there is no such policy.
    """

    policy: str = "optimal"
    lifetime_s: int = 120
    alternatives: int = 4
    stale_after_s: int = 300

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise ValueError(f"policy is {self.policy!r}; allowed: {', '.join(sorted(POLICIES))}")


@dataclass(frozen=True, slots=True)
class NeedRanking:
    """One need with everyone who could go, quickest first, and why the others cannot."""

    incident: OpenIncident
    need: OpenNeed
    candidates: tuple[Candidate, ...]
    ruled_out: tuple[tuple[UnitId, Remark], ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """Needs × units.

    Attributes
    ----------
    capable
        bool (needs, units): the unit has the capability.
    willing
        bool (needs, units): and is ready, not excluded, and not promised to somebody as grave.
    travel_s, eta_s
        int64 (needs, units), seconds; ``UNREACHABLE`` or more where there is no way, and where
        nobody asked since the unit cannot go anyway.
    cost
        int64 (needs, units): the ETA, and at the same second the fewer further capabilities, so
        that a crew that can do more is kept for those who need it.
    feasible
        bool (needs, units): and there is a way.
    """

    rows: tuple[tuple[OpenIncident, OpenNeed], ...]
    capable: NDArray[np.bool_]
    willing: NDArray[np.bool_]
    travel_s: NDArray[np.int64]
    eta_s: NDArray[np.int64]
    cost: NDArray[np.int64]
    feasible: NDArray[np.bool_]


def propose(
    snapshot: Snapshot,
    travel: TravelTimes,
    settings: ProposeSettings,
    now: datetime,
    seed: int = 0,
) -> DecisionMade:
    """Decide all open needs together.

    Parameters
    ----------
    snapshot
        What is open and who there is.
    travel
        Travel times under the conditions of ``snapshot.conditions_revision``.
    now
        The desk's time; proposals expire ``settings.lifetime_s`` later.
    seed
        For policies that draw; kept with the decision.

    Returns
    -------
    The decision, with ``elapsed_ms`` 0 and proposals not numbered yet.
    """
    table = _table(snapshot, travel)
    choice, rung = _choose(table, settings.policy, now)
    hospitals = _hospitals(snapshot, travel, _served(table, choice))
    proposals: list[Proposal] = []
    unmet: list[tuple[IncidentId, tuple[UnmetNeed, ...]]] = []
    rows_of = _rows_by_incident(table)
    for incident in snapshot.incidents:
        rows = rows_of.get(incident.incident_id, [])
        chosen = tuple(
            _proposed(snapshot, table, row, int(choice[row]), settings, now, hospitals)
            for row in rows
            if choice[row] != UNSERVED
        )
        missed = tuple(_unmet(snapshot, table, row) for row in rows if choice[row] == UNSERVED)
        if chosen:
            proposals.append(
                Proposal(
                    proposal_id=ProposalId(""),
                    incident=incident.incident_id,
                    units=chosen,
                    unmet=missed,
                    created=now,
                    expires=now + timedelta(seconds=settings.lifetime_s),
                    policy=settings.policy,
                    rung=rung,
                    revision=snapshot.revision,
                )
            )
        if missed:
            unmet.append((incident.incident_id, missed))
    return DecisionMade(
        inputs=_inputs(snapshot, table, settings, seed),
        proposals=tuple(proposals),
        unmet=tuple(unmet),
    )


def rank(
    snapshot: Snapshot, travel: TravelTimes, settings: ProposeSettings, now: datetime, limit: int
) -> tuple[NeedRanking, ...]:
    """Everyone who could serve each open need, quickest first. Decides nothing."""
    table = _table(snapshot, travel)
    return tuple(
        NeedRanking(
            incident,
            need,
            _ranked(snapshot, table, row, settings, now, limit),
            tuple(
                (unit.unit_id, _objection(unit, incident, need))
                for column, unit in enumerate(snapshot.units)
                if not table.feasible[row, column]
            ),
        )
        for row, (incident, need) in enumerate(table.rows)
    )


def _rows_by_incident(table: _Table) -> dict[IncidentId, list[int]]:
    rows: dict[IncidentId, list[int]] = {}
    for row, (incident, _) in enumerate(table.rows):
        rows.setdefault(incident.incident_id, []).append(row)
    return rows


def estimate(
    snapshot: Snapshot, travel: TravelTimes, settings: ProposeSettings, now: datetime
) -> dict[UnitId, Candidate]:
    """When each unit would be at the one incident of a snapshot, whatever it can do or is doing.

    For choices that are not ours. Units that no road brings there are left out.
    """
    (incident,) = snapshot.incidents
    everyone = range(len(snapshot.units))
    travel_s = _travel_to(snapshot, travel, [incident], everyone)[0].tolist()
    there = [(u, s, s + u.ready_s) for u, s in zip(snapshot.units, travel_s, strict=True)]
    there = [(unit, s, eta_s) for unit, s, eta_s in there if s < UNREACHABLE]
    quickest = min((eta_s for unit, _, eta_s in there if unit.ready), default=0)
    return {
        unit.unit_id: Candidate(
            unit=unit.unit_id,
            eta_s=eta_s,
            turnout_s=unit.ready_s,
            travel_s=s,
            slower_by_s=max(0, eta_s - quickest),
            position_age_s=unit.position_age_s,
            why=_why(unit, incident, eta_s, quickest, settings, now),
        )
        for unit, s, eta_s in there
    }


def nearest_hospital(snapshot: Snapshot, travel: TravelTimes) -> HospitalId | None:
    """The hospital of the one incident of a snapshot, if its patients are normally transported."""
    (incident,) = snapshot.incidents
    return _hospitals(snapshot, travel, [incident]).get(incident.incident_id)


def _table(snapshot: Snapshot, travel: TravelTimes) -> _Table:
    incidents = sorted(
        snapshot.incidents, key=lambda i: (i.priority, i.first_report, i.incident_id)
    )
    rows = tuple((incident, need) for incident in incidents for need in incident.needs)
    shape = (len(rows), len(snapshot.units))
    of_row = np.array([i for i, x in enumerate(incidents) for _ in x.needs], np.int64)
    has = _having(snapshot, {need.capability for _, need in rows})
    capable = np.array([has[need.capability] for _, need in rows], np.bool_).reshape(shape)
    willing = capable & _open_to(snapshot, incidents)[of_row]
    travel_s = _travel_to(snapshot, travel, incidents, _could_go(willing))[of_row]
    ready_s = np.array([unit.ready_s for unit in snapshot.units], dtype=np.int64)
    return _Table(
        rows=rows,
        capable=capable,
        willing=willing,
        travel_s=travel_s,
        eta_s=travel_s + ready_s,
        cost=(travel_s + ready_s) * (MOST_SPARE + 1) + _spare(snapshot),
        feasible=willing & (travel_s < UNREACHABLE),
    )


def _spare(snapshot: Snapshot) -> NDArray[np.int64]:
    """Capabilities of each unit beside the one it is sent for, at most ``MOST_SPARE``."""
    return np.array([min(len(u.capabilities) - 1, MOST_SPARE) for u in snapshot.units], np.int64)


def _could_go(willing: NDArray[np.bool_]) -> list[int]:
    """Columns of the units that are willing to go anywhere."""
    return [int(column) for column in np.unique(np.nonzero(willing)[1])]


def _having(
    snapshot: Snapshot, capabilities: Iterable[Capability]
) -> dict[Capability, NDArray[np.bool_]]:
    """Which units have a capability, bool (units,) each."""
    return {
        capability: np.array([capability in u.capabilities for u in snapshot.units], np.bool_)
        for capability in capabilities
    }


def _open_to(snapshot: Snapshot, incidents: Sequence[OpenIncident]) -> NDArray[np.bool_]:
    """Which units could take an order to each incident, bool (incidents, units)."""
    units = snapshot.units
    ready = np.array([unit.ready for unit in units], np.bool_)
    nobody = np.iinfo(np.int64).max
    promised = np.array([u.promised_to or nobody for u in units], np.int64)
    priority = np.array([incident.priority for incident in incidents], np.int64)
    open_to: NDArray[np.bool_] = ready & (priority[:, None] < promised)
    for row, incident in enumerate(incidents):
        if incident.excluded:
            open_to[row, [unit.unit_id in incident.excluded for unit in units]] = False
    return open_to


def _travel_to(
    snapshot: Snapshot,
    travel: TravelTimes,
    incidents: Sequence[OpenIncident],
    asked: Sequence[int],
) -> NDArray[np.int64]:
    """Seconds from each unit asked to each incident, int64 (incidents, units).

    Those off the network never arrive. One question for all: the engine searches from whichever
    side has fewer places, which in a storm are the units that are left.
    """
    seconds = np.full((len(incidents), len(snapshot.units)), UNREACHABLE, dtype=np.int64)
    origins = {c: s for c in asked if (s := snapshot.units[c].snap) is not None}
    targets = {r: s for r, i in enumerate(incidents) if (s := i.snap) is not None}
    if origins and targets:
        mode = TravelMode.BLUE_LIGHT
        found = travel.matrix(mode, [*origins.values()], [*targets.values()])
        seconds[np.ix_([*targets], [*origins])] = found.T
    return seconds


def _objection(unit: UnitView, incident: OpenIncident, need: OpenNeed) -> Remark:
    """Why a unit cannot go, the most lasting reason first."""
    if need.capability not in unit.capabilities:
        return Remark("capability_missing", {"capability": need.capability})
    if not unit.ready:
        return Remark("unit_not_ready", {"status": unit.reason})
    if unit.unit_id in incident.excluded:
        return Remark("order_was_taken_back")
    if unit.promised_to is not None and incident.priority >= unit.promised_to:
        return Remark("unit_promised", {"priority": str(unit.promised_to)})
    return Remark("unit_off_network" if unit.snap is None else "unreachable")


def _choose(table: _Table, policy: str, now: datetime) -> tuple[NDArray[np.int64], str]:
    """The policy's choice; greedy when the solver fails, and then the rung says so."""
    priorities = [incident.priority for incident, _ in table.rows]
    waited_s = [_waited_s(incident, now) for incident, _ in table.rows]
    problem = AssignmentProblem(
        cost=table.cost,
        feasible=table.feasible,
        tier=np.array(priorities, dtype=np.int64),
        urgency=np.array(waited_s, dtype=np.int64) * (MOST_SPARE + 1),
    )
    try:
        return POLICIES[policy](problem), GREEDY if policy == "nearest" else OPTIMIZED
    except Exception:
        log.exception("policy %s failed; deciding greedily", policy)
        return greedy.assign(problem), GREEDY


def _waited_s(incident: OpenIncident, now: datetime) -> int:
    """Seconds since the first report, as far as they count: a call is not served for its age alone.

    Where not all can be served, one second waited weighs as much as one second of the way.
    """
    waited_s = int((now - incident.first_report).total_seconds())
    return min(max(waited_s, 0), LONGEST_WAIT_S)


def _ranked(
    snapshot: Snapshot,
    table: _Table,
    row: int,
    settings: ProposeSettings,
    now: datetime,
    limit: int,
) -> tuple[Candidate, ...]:
    """The ``limit`` quickest feasible units for one need; ties: the least spare, then by id."""
    columns = np.flatnonzero(table.feasible[row])
    order = columns[np.argsort(table.cost[row, columns], kind="stable")][:limit].tolist()
    quickest = int(table.eta_s[row, order[0]]) if order else 0
    return tuple(_candidate(snapshot, table, row, c, quickest, settings, now) for c in order)


def _candidate(
    snapshot: Snapshot,
    table: _Table,
    row: int,
    column: int,
    quickest: int,
    settings: ProposeSettings,
    now: datetime,
) -> Candidate:
    unit = snapshot.units[column]
    incident = table.rows[row][0]
    eta_s = int(table.eta_s[row, column])
    return Candidate(
        unit=unit.unit_id,
        eta_s=eta_s,
        turnout_s=unit.ready_s,
        travel_s=int(table.travel_s[row, column]),
        slower_by_s=eta_s - quickest,
        position_age_s=unit.position_age_s,
        why=_why(unit, incident, eta_s, quickest, settings, now),
    )


def _why(
    unit: UnitView,
    incident: OpenIncident,
    eta_s: int,
    quickest: int,
    settings: ProposeSettings,
    now: datetime,
) -> tuple[Remark, ...]:
    """What speaks for and against a candidate."""
    waited_s = int((now - incident.first_report).total_seconds())
    late_s = waited_s + eta_s - incident.target_s
    remarks = [
        Remark("quickest")
        if eta_s == quickest
        else Remark("slower_than_quickest", {"seconds": str(eta_s - quickest)}),
        Remark("on_time", {"spare_s": str(-late_s)})
        if late_s <= 0
        else Remark("late", {"seconds": str(late_s)}),
    ]
    if incident.closed_by is not None:
        remarks.append(Remark("street_closed", {"condition": incident.closed_by}))
    if unit.position_age_s > settings.stale_after_s:
        remarks.append(Remark("position_stale", {"age_s": str(unit.position_age_s)}))
    if unit.promised_to is not None:
        remarks.append(Remark("taken_from_lower_priority", {"priority": str(unit.promised_to)}))
    return tuple(remarks)


def _proposed(
    snapshot: Snapshot,
    table: _Table,
    row: int,
    column: int,
    settings: ProposeSettings,
    now: datetime,
    hospitals: dict[IncidentId, HospitalId],
) -> ProposedUnit:
    incident, need = table.rows[row]
    ranked = _ranked(snapshot, table, row, settings, now, settings.alternatives + 1)
    unit_id = snapshot.units[column].unit_id
    quickest = ranked[0].eta_s
    chosen = _candidate(snapshot, table, row, column, quickest, settings, now)
    others = [c for c in ranked if c.unit != unit_id][: settings.alternatives]
    return ProposedUnit(
        need_id=need.need_id,
        capability=need.capability,
        candidate=chosen,
        alternatives=tuple(others),
        hospital=hospitals.get(incident.incident_id),
    )


def _unmet(snapshot: Snapshot, table: _Table, row: int) -> UnmetNeed:
    _, need = table.rows[row]
    return UnmetNeed(need.need_id, need.capability, _reason(snapshot, table, row))


def _reason(snapshot: Snapshot, table: _Table, row: int) -> Remark:
    """Why a need stays unmet: the narrowest gate that nobody passed."""
    incident, need = table.rows[row]
    details = {"capability": str(need.capability)}
    if incident.snap is None:
        return Remark("location_unresolved", {"reason": "too_far"})
    capable = np.flatnonzero(table.capable[row]).tolist()
    if not capable:
        return Remark("no_capable_unit", details)
    ready = [unit for unit in (snapshot.units[c] for c in capable) if unit.ready]
    if not ready:
        return Remark("all_units_busy", {**details, "capable": str(len(capable))})
    willing = int(np.count_nonzero(table.willing[row]))
    if not willing:
        return _unwilling(incident, ready, details)
    if not table.feasible[row].any():
        return Remark("unreachable", {**details, "ready": str(willing)})
    # Some could go and none is left: they serve needs that are as grave, or graver.
    return Remark("units_sent_to_graver_needs", {**details, "ready": str(willing)})


def _unwilling(incident: OpenIncident, ready: list[UnitView], details: dict[str, str]) -> Remark:
    """Why none of the ready units is to be had for an incident."""
    promised = [u.promised_to for u in ready if u.promised_to is not None]
    if all(unit.unit_id in incident.excluded for unit in ready) or not promised:
        return Remark("order_was_taken_back", details)
    return Remark("unit_promised", {**details, "priority": str(min(promised))})


def _served(table: _Table, choice: NDArray[np.int64]) -> list[OpenIncident]:
    """The incidents that somebody was chosen for, each once."""
    served = np.flatnonzero(choice != UNSERVED).tolist()
    return list({i.incident_id: i for i in (table.rows[row][0] for row in served)}.values())


def _hospitals(
    snapshot: Snapshot, travel: TravelTimes, incidents: Sequence[OpenIncident]
) -> dict[IncidentId, HospitalId]:
    """The nearest hospital by road from each incident whose patients are normally transported."""
    leaving = [(i, i.snap) for i in incidents if i.transport and i.snap is not None]
    if not leaving or not snapshot.hospitals:
        return {}
    seconds = travel.matrix(
        TravelMode.BLUE_LIGHT,
        [snap for _, snap in leaving],
        [hospital.snap for hospital in snapshot.hospitals],
    )
    nearest = seconds.argmin(axis=1).tolist()
    return {
        incident.incident_id: snapshot.hospitals[best].hospital_id
        for row, ((incident, _), best) in enumerate(zip(leaving, nearest, strict=True))
        if seconds[row, best] < UNREACHABLE
    }


def _inputs(
    snapshot: Snapshot, table: _Table, settings: ProposeSettings, seed: int
) -> DecisionInputs:
    """What the decision rested on; of the units, those that could have gone to any need."""
    could_go = [snapshot.units[column] for column in _could_go(table.willing)]
    return DecisionInputs(
        revision=snapshot.revision,
        conditions_revision=snapshot.conditions_revision,
        network=snapshot.network,
        policy=settings.policy,
        config=snapshot.config,
        seed=seed,
        units=tuple(
            UnitInput(u.unit_id, u.place, u.ready_s, u.position_age_s, u.told_edge)
            for u in could_go
        ),
        elapsed_ms=0.0,
        pace=snapshot.pace,
    )
