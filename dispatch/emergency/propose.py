"""propose: open needs, units and travel times give a decision. Slow, pure, off the event loop."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from dispatch.emergency.events import DecisionInputs, DecisionMade, UnitInput
from dispatch.emergency.model import Candidate, Proposal, ProposedUnit, UnmetNeed
from dispatch.emergency.policies import POLICIES
from dispatch.emergency.snapshot import OpenIncident, OpenNeed, Snapshot, UnitView
from dispatch.model import HospitalId, IncidentId, ProposalId, Remark, UnitId
from roadnets.geo import UNREACHABLE
from roadnets.travel import TravelMode, TravelTimes
from solvers import greedy
from solvers.assignment_problem import UNSERVED, AssignmentProblem

log = logging.getLogger(__name__)

OPTIMIZED = "optimized"
GREEDY = "greedy"


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
    """

    policy: str = "optimal"
    lifetime_s: int = 120
    alternatives: int = 4
    stale_after_s: int = 300


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
    travel_s, eta_s
        int64 (needs, units), seconds; ``UNREACHABLE`` where there is no way.
    feasible
        bool (needs, units).
    """

    rows: tuple[tuple[OpenIncident, OpenNeed], ...]
    travel_s: NDArray[np.int64]
    eta_s: NDArray[np.int64]
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
    choice, rung = _choose(table, settings.policy)
    hospitals = _hospitals(snapshot, travel)
    proposals: list[Proposal] = []
    unmet: list[tuple[OpenIncident, tuple[UnmetNeed, ...]]] = []
    for incident in snapshot.incidents:
        rows = [i for i, (owner, _) in enumerate(table.rows) if owner is incident]
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
            unmet.append((incident, missed))
    return DecisionMade(
        inputs=_inputs(snapshot, settings, seed),
        proposals=tuple(proposals),
        unmet=tuple((incident.incident_id, needs) for incident, needs in unmet),
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
                (unit.unit_id, _objection(unit, incident, need, int(table.travel_s[row, column])))
                for column, unit in enumerate(snapshot.units)
                if not table.feasible[row, column]
            ),
        )
        for row, (incident, need) in enumerate(table.rows)
    )


def _table(snapshot: Snapshot, travel: TravelTimes) -> _Table:
    rows = tuple(
        (incident, need)
        for incident in sorted(
            snapshot.incidents, key=lambda i: (i.priority, i.first_report, i.incident_id)
        )
        for need in incident.needs
    )
    per_incident = _travel_to(snapshot, travel)
    travel_s = np.array(
        [per_incident[incident.incident_id] for incident, _ in rows], dtype=np.int64
    ).reshape(len(rows), len(snapshot.units))
    ready_s = np.array([unit.ready_s for unit in snapshot.units], dtype=np.int64)
    feasible = np.array(
        [[_can_go(unit, incident, need) for unit in snapshot.units] for incident, need in rows],
        dtype=np.bool_,
    ).reshape(travel_s.shape)
    return _Table(rows, travel_s, travel_s + ready_s, feasible & (travel_s < UNREACHABLE))


def _travel_to(snapshot: Snapshot, travel: TravelTimes) -> dict[IncidentId, NDArray[np.int64]]:
    """Seconds from every unit to each incident.

    Only units that can take an order are asked about: on a bad day they are few, and the incidents
    many. The others, and units off the network, are ``UNREACHABLE``.
    """
    asked = [c for c, unit in enumerate(snapshot.units) if unit.ready and unit.snap is not None]
    origins = [unit.snap for unit in snapshot.units if unit.ready and unit.snap is not None]
    seconds = np.full((len(snapshot.incidents), len(snapshot.units)), UNREACHABLE, dtype=np.int64)
    targets = [incident.snap for incident in snapshot.incidents]
    seconds[:, asked] = travel.matrix(TravelMode.BLUE_LIGHT, origins, targets).T
    return {i.incident_id: row for i, row in zip(snapshot.incidents, seconds, strict=True)}


def _can_go(unit: UnitView, incident: OpenIncident, need: OpenNeed) -> bool:
    return (
        unit.ready
        and need.capability in unit.capabilities
        and unit.unit_id not in incident.excluded
        and (unit.promised_to is None or incident.priority < unit.promised_to)
    )


def _objection(unit: UnitView, incident: OpenIncident, need: OpenNeed, travel_s: int) -> Remark:
    """Why a unit cannot go, the most lasting reason first."""
    if need.capability not in unit.capabilities:
        return Remark("capability_missing", {"capability": need.capability})
    if not unit.ready:
        return Remark("unit_not_ready", {"status": unit.reason})
    if unit.unit_id in incident.excluded:
        return Remark("order_was_taken_back")
    if unit.promised_to is not None and incident.priority >= unit.promised_to:
        return Remark("unit_promised", {"priority": str(unit.promised_to)})
    if unit.snap is None:
        return Remark("unit_off_network")
    return Remark("unreachable" if travel_s >= UNREACHABLE else "chosen_elsewhere")


def _choose(table: _Table, policy: str) -> tuple[NDArray[np.int64], str]:
    """The policy's choice; greedy when the solver fails, and then the rung says so."""
    priorities = [incident.priority for incident, _ in table.rows]
    problem = AssignmentProblem(
        cost=table.eta_s, feasible=table.feasible, tier=np.array(priorities, dtype=np.int64)
    )
    try:
        return POLICIES[policy](problem), GREEDY if policy == "nearest" else OPTIMIZED
    except (RuntimeError, ValueError):
        log.exception("policy %s failed; deciding greedily", policy)
        return greedy.assign(problem), GREEDY


def _ranked(
    snapshot: Snapshot,
    table: _Table,
    row: int,
    settings: ProposeSettings,
    now: datetime,
    limit: int,
) -> tuple[Candidate, ...]:
    """The ``limit`` quickest feasible units for one need, ties by id."""
    columns = np.flatnonzero(table.feasible[row])
    order = columns[np.argsort(table.eta_s[row, columns], kind="stable")][:limit].tolist()
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
    hospitals: dict[IncidentId, HospitalId | None],
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
    incident, need = table.rows[row]
    return UnmetNeed(need.need_id, need.capability, _reason(snapshot, table, row, incident, need))


def _reason(
    snapshot: Snapshot, table: _Table, row: int, incident: OpenIncident, need: OpenNeed
) -> Remark:
    """Why a need stays unmet: the narrowest gate that nobody passed."""
    details = {"capability": str(need.capability)}
    capable = [(c, u) for c, u in enumerate(snapshot.units) if need.capability in u.capabilities]
    if not capable:
        return Remark("no_capable_unit", details)
    ready = [(c, u) for c, u in capable if _can_go(u, incident, need)]
    if not ready:
        return Remark("all_units_busy", {**details, "capable": str(len(capable))})
    if not any(table.feasible[row, c] for c, _ in ready):
        return Remark("unreachable", {**details, "ready": str(len(ready))})
    return Remark("units_sent_to_graver_needs", {**details, "ready": str(len(ready))})


def _hospitals(snapshot: Snapshot, travel: TravelTimes) -> dict[IncidentId, HospitalId | None]:
    """The nearest hospital by road from each incident whose patients are normally transported."""
    return {
        incident.incident_id: _nearest_hospital(snapshot, travel, incident)
        for incident in snapshot.incidents
        if incident.transport
    }


def _nearest_hospital(
    snapshot: Snapshot, travel: TravelTimes, incident: OpenIncident
) -> HospitalId | None:
    if not snapshot.hospitals:
        return None
    seconds = travel.one_to_many(
        TravelMode.BLUE_LIGHT, incident.snap, [h.snap for h in snapshot.hospitals]
    )
    best = int(np.argmin(seconds))
    return snapshot.hospitals[best].hospital_id if seconds[best] < UNREACHABLE else None


def _inputs(snapshot: Snapshot, settings: ProposeSettings, seed: int) -> DecisionInputs:
    return DecisionInputs(
        revision=snapshot.revision,
        conditions_revision=snapshot.conditions_revision,
        network=snapshot.network,
        policy=settings.policy,
        config=snapshot.config,
        seed=seed,
        units=tuple(
            UnitInput(u.unit_id, u.place, u.ready_s, u.position_age_s)
            for u in snapshot.units
            if u.ready
        ),
        elapsed_ms=0.0,
    )
