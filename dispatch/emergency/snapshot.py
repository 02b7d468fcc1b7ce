"""What a decision sees: open needs and units, with their places put on the streets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.model import Capability, ConditionId, HospitalId, IncidentId, NeedId, UnitId
from roadnets.geo import LonLat
from roadnets.travel import Snap


@dataclass(frozen=True, slots=True)
class OpenNeed:
    """A need to be decided."""

    need_id: NeedId
    capability: Capability


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident with needs to be decided.

    Attributes
    ----------
    snap
        Its place on the streets; None when it is off the network, and then nobody can go.
    excluded
        Units whose order to it was taken back: not sent again by themselves.
    closed_by
        The condition that closes the very street it is on; help drives in along it.
    """

    incident_id: IncidentId
    priority: int
    snap: Snap | None
    first_report: datetime
    target_s: int
    transport: bool
    needs: tuple[OpenNeed, ...]
    excluded: frozenset[UnitId] = frozenset()
    closed_by: ConditionId | None = None


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit as a decision sees it.

    Attributes
    ----------
    ready
        Whether it can take an order now; why not is in ``reason`` otherwise.
    promised_to
        Priority of the incident whose waiting proposal names it; only a graver one may take it.
    snap
        Its place on the streets; None when it is off the network.
    ready_s
        Turnout still to come.
    position_age_s
        Age of the position; 0 for a unit at its station.
    told_edge
        The edge of ``snap`` where more than the place told it: heading, speed, the way it came.
    """

    unit_id: UnitId
    capabilities: frozenset[Capability]
    ready: bool
    reason: str
    promised_to: int | None
    place: LonLat
    snap: Snap | None
    ready_s: int
    position_age_s: int
    told_edge: int | None = None


@dataclass(frozen=True, slots=True)
class HospitalView:
    """A hospital on the streets."""

    hospital_id: HospitalId
    snap: Snap


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a decision rests on, beside travel times, policy and the time.

    Units and incidents are ordered by id; a decision does not depend on how they came in.
    """

    revision: int
    conditions_revision: int
    network: str
    config: str
    incidents: tuple[OpenIncident, ...]
    units: tuple[UnitView, ...]
    hospitals: tuple[HospitalView, ...]
    pace: str = ""
