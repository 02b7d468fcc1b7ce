"""Words and ids that every room of the desk shares."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import msgspec

from roadnets.geo import CoordinateSystem

UnitId = NewType("UnitId", str)
StationId = NewType("StationId", str)
HospitalId = NewType("HospitalId", str)
IncidentId = NewType("IncidentId", str)
NeedId = NewType("NeedId", str)
AssignmentId = NewType("AssignmentId", str)
ProposalId = NewType("ProposalId", str)
ConditionId = NewType("ConditionId", str)
Capability = NewType("Capability", str)

GRAVEST_PRIORITY = 1
LOWEST_PRIORITY = 4


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of facts and state: immutable, compared by value, canonical as JSON."""


class Remark(Frozen, frozen=True):
    """A code with what it is about; its sentence is found at the edge, in the reader's language."""

    code: str
    details: dict[str, str] = {}


class Origin(Frozen, frozen=True):
    """Where an object comes from and whose it is (see ``dispatch.v1.Origin``)."""

    external_id: str = ""
    source: str = ""
    agency: str = ""
    parent_agency: str = ""


class RawPoint(Frozen, frozen=True):
    """A point as given: degrees, and the coordinate system when one was named."""

    lon: float
    lat: float
    coordinate_system: CoordinateSystem | None = None
    uncertainty_m: float = 0.0


class UnitStatus(StrEnum):
    """What a unit is doing."""

    AVAILABLE = "available"
    MOBILISING = "mobilising"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_HOSPITAL = "at_hospital"
    RETURNING = "returning"
    OUT_OF_SERVICE = "out_of_service"
    OFF_DUTY = "off_duty"


class AssignmentState(StrEnum):
    """How far an order has come."""

    ORDERED = "ordered"
    ACKNOWLEDGED = "acknowledged"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class Holder(Frozen, frozen=True):
    """Who holds a unit: one incident, through one assignment."""

    incident: IncidentId
    assignment: AssignmentId
