"""Survey: from the state to the snapshot that a decision sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.conditions.model import ConditionsState
from dispatch.conditions.streets import Streets
from dispatch.emergency.model import EmergencyState, Incident, Unmet
from dispatch.emergency.snapshot import (
    HospitalView,
    OpenIncident,
    OpenNeed,
    Snapshot,
    UnitView,
)
from dispatch.fleet.model import FleetState, UnitState
from dispatch.fleet.positions import Position, Track
from dispatch.model import AssignmentState, ConditionId, IncidentId, UnitId, UnitStatus
from roadnets.geo import LonLat
from roadnets.travel import Snap, TravelMode


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to survey, all at one revision."""

    revision: int
    emergency: EmergencyState
    fleet: FleetState
    conditions: ConditionsState
    places: Mapping[UnitId, Position]
    tracks: Mapping[UnitId, Track] = field(default_factory=dict)


def take_snapshot(
    scene: Scene,
    incidents: Iterable[OpenIncident],
    streets: Streets,
    config: str,
    now: datetime,
    stale_after_s: int,
) -> Snapshot:
    """The snapshot of the units and of the incidents given, ordered by id."""
    return Snapshot(
        revision=scene.revision,
        conditions_revision=scene.conditions.revision,
        network=streets.network.checksum,
        config=config,
        incidents=tuple(sorted(incidents, key=lambda i: i.incident_id)),
        units=_units(scene, streets, now, stale_after_s),
        hospitals=_hospitals(scene.fleet, streets),
        pace=streets.pace,
    )


def to_be_decided(scene: Scene, streets: Streets) -> list[OpenIncident]:
    """Open incidents with a place, no waiting proposal and a need that nobody goes to."""
    taken_back = _taken_back(scene.emergency)
    closed = streets.closed_edges(scene.conditions, TravelMode.BLUE_LIGHT)
    found = (
        _open(incident, taken_back, closed, streets)
        for incident in scene.emergency.incidents.values()
        if incident.proposal is None
    )
    return [incident for incident in found if incident is not None]


def outgrown(scene: Scene) -> list[Incident]:
    """Incidents whose waiting proposal leaves needs unmet that could be met by now.

    A unit has become free, or a road has opened: all their needs are to be decided together anew.
    """
    promised = _promised(scene.emergency)
    taken_back = _taken_back(scene.emergency)
    free = [u for u, s in scene.fleet.units.items() if s.free and u not in promised]
    found: list[Incident] = []
    for incident in scene.emergency.incidents.values():
        proposal = incident.proposal
        if proposal is None:
            continue
        could_go = [u for u in free if u not in taken_back.get(incident.incident_id, ())]
        capable = {c for u in could_go for c in scene.fleet.units[u].unit.capabilities}
        codes = {
            n.fate.reason.code
            for n in incident.needs
            if isinstance(n.fate, Unmet) and n.capability in capable
        }
        roads_changed = scene.conditions.revision > proposal.revision
        if codes & _FOR_LACK_OF_UNITS or (roads_changed and "unreachable" in codes):
            found.append(incident)
    return found


_FOR_LACK_OF_UNITS = frozenset(
    {
        "no_capable_unit",
        "all_units_busy",
        "unit_promised",
        "order_was_taken_back",
        "units_sent_to_graver_needs",
    }
)


def placed_incident(
    scene: Scene, incident: Incident, needs: tuple[OpenNeed, ...], streets: Streets
) -> OpenIncident | None:
    """An incident with needs of the caller's choice; None when it has no place or no type."""
    closed = streets.closed_edges(scene.conditions, TravelMode.BLUE_LIGHT)
    return _placed(incident, needs, _taken_back(scene.emergency), closed, streets)


def _open(
    incident: Incident,
    taken_back: Mapping[IncidentId, set[UnitId]],
    closed: Mapping[int, ConditionId],
    streets: Streets,
) -> OpenIncident | None:
    needs = tuple(OpenNeed(n.need_id, n.capability) for n in incident.needs if n.open)
    return _placed(incident, needs, taken_back, closed, streets) if needs else None


def _placed(
    incident: Incident,
    needs: tuple[OpenNeed, ...],
    taken_back: Mapping[IncidentId, set[UnitId]],
    closed: Mapping[int, ConditionId],
    streets: Streets,
) -> OpenIncident | None:
    if incident.location is None or not incident.incident_type:
        return None
    snap = streets.snap(incident.location)
    return OpenIncident(
        incident_id=incident.incident_id,
        priority=incident.priority,
        snap=snap,
        first_report=incident.first_report,
        target_s=incident.target_s,
        transport=incident.transport,
        needs=needs,
        excluded=frozenset(taken_back.get(incident.incident_id, ())),
        closed_by=closed.get(snap.edge) if snap is not None else None,
    )


def _taken_back(emergency: EmergencyState) -> dict[IncidentId, set[UnitId]]:
    """Units whose order was taken back, by incident."""
    units: dict[IncidentId, set[UnitId]] = {}
    for assignment in emergency.assignments.values():
        if assignment.state is AssignmentState.CANCELLED and assignment.unit is not None:
            units.setdefault(assignment.incident, set()).add(assignment.unit)
    return units


def _units(
    scene: Scene, streets: Streets, now: datetime, stale_after_s: int
) -> tuple[UnitView, ...]:
    promised = _promised(scene.emergency)
    states = [scene.fleet.units[unit_id] for unit_id in sorted(scene.fleet.units)]
    placed = [_place(scene, state, now, stale_after_s) for state in states]
    plain = streets.snap_many([point for point, _ in placed])
    snaps = [
        _where(scene, state, point, snap, streets)
        for state, (point, _), snap in zip(states, placed, plain, strict=True)
    ]
    return tuple(
        UnitView(
            unit_id=state.unit.unit_id,
            capabilities=frozenset(state.unit.capabilities),
            ready=state.free,
            reason=state.standing,
            promised_to=promised.get(state.unit.unit_id),
            place=point,
            snap=snap,
            ready_s=state.unit.turnout_s if state.status is UnitStatus.AVAILABLE else 0,
            position_age_s=age_s,
            told_edge=snap.edge if snap is not None and snap != near else None,
        )
        for state, (point, age_s), near, snap in zip(states, placed, plain, snaps, strict=True)
    )


def _where(
    scene: Scene, state: UnitState, point: LonLat, plain: Snap | None, streets: Streets
) -> Snap | None:
    """The street that a unit is on: told by its last positions where it was seen at the point."""
    track = scene.tracks.get(state.unit.unit_id)
    if not track or track[-1].point != point:
        return plain
    return streets.snap_vehicle(track)


def _promised(emergency: EmergencyState) -> dict[UnitId, int]:
    """Units named in waiting proposals, with the priority of the incident."""
    return {
        unit.candidate.unit: incident.priority
        for incident in emergency.incidents.values()
        if incident.proposal is not None
        for unit in incident.proposal.units
    }


def _place(scene: Scene, state: UnitState, now: datetime, stale_after_s: int) -> tuple[LonLat, int]:
    """Where a unit is taken to be, and how old that knowledge is in seconds.

    One that is available and has not been seen for a while is taken to stand at its station.
    """
    seen = scene.places.get(state.unit.unit_id)
    age_s = max(0, int((now - seen.observed).total_seconds())) if seen else 0
    home = scene.fleet.stations[state.unit.station].point
    if seen is None or (state.status is UnitStatus.AVAILABLE and age_s > stale_after_s):
        return home, 0
    return seen.point, age_s


def _hospitals(fleet: FleetState, streets: Streets) -> tuple[HospitalView, ...]:
    hospitals = [fleet.hospitals[h] for h in sorted(fleet.hospitals)]
    snaps = streets.snap_many([h.point for h in hospitals])
    return tuple(
        HospitalView(h.hospital_id, snap)
        for h, snap in zip(hospitals, snaps, strict=True)
        if snap is not None
    )
