"""Response plans: what an incident of a type and priority needs, and how soon."""

from __future__ import annotations

from dispatch.model import Capability, Frozen


class CapabilityName(Frozen, frozen=True):
    """A capability that fleet and plans may name."""

    capability: Capability
    name: str
    name_en: str


class PlannedNeed(Frozen, frozen=True):
    """``count`` units with one capability."""

    capability: Capability
    count: int


class ResponsePlan(Frozen, frozen=True):
    """What one priority of one type gets.

    Attributes
    ----------
    target_s
        The first unit is due on scene this many seconds after the first report.
    transport
        Whether a patient is normally brought to a hospital.
    """

    priority: int
    needs: tuple[PlannedNeed, ...]
    target_s: int
    transport: bool = False


class IncidentType(Frozen, frozen=True):
    """A kind of emergency.

    Attributes
    ----------
    automatic
        True: units go as soon as they are chosen. False: a dispatcher confirms.
    default_priority
        When the report names none.
    """

    code: str
    name: str
    name_en: str
    automatic: bool
    default_priority: int
    plans: dict[int, ResponsePlan]

    def plan(self, priority: int) -> ResponsePlan:
        """The plan of a priority; the next graver one planned, else the gravest there is."""
        graver = [p for p in self.plans if p <= priority]
        return self.plans[max(graver) if graver else min(self.plans)]


class ResponsePlans(Frozen, frozen=True):
    """All capabilities and incident types of a centre, by code."""

    capabilities: dict[Capability, CapabilityName]
    types: dict[str, IncidentType]
    version: str
