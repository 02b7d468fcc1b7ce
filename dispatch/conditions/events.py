"""Facts about conditions."""

from __future__ import annotations

from dispatch.conditions.model import Closure
from dispatch.model import ConditionId, Frozen


class ConditionSet(Frozen, frozen=True, tag=True):
    """Streets were closed."""

    closure: Closure


class ConditionEnded(Frozen, frozen=True, tag=True):
    """A condition is over: ``by`` names the client, or "end_time"."""

    condition: ConditionId
    by: str


ConditionEvent = ConditionSet | ConditionEnded
