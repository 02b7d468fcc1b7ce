"""Facts about conditions."""

from __future__ import annotations

import msgspec

from dispatch.conditions.model import Condition
from dispatch.model import ConditionId, Frozen


class ConditionSet(Frozen, frozen=True, tag=True):
    """Something is different about some streets; ``planned``: from its start on."""

    # As it is called in journals that knew closures alone.
    condition: Condition = msgspec.field(name="closure")
    planned: bool = False


class ConditionsSet(Frozen, frozen=True, tag=True):
    """Many at once; one command may have several such facts."""

    conditions: tuple[Condition, ...]
    planned: bool = False


class ConditionsStarted(Frozen, frozen=True, tag=True):
    """The start of planned conditions has come."""

    conditions: tuple[ConditionId, ...]


class ConditionEnded(Frozen, frozen=True, tag=True):
    """A condition is over: ``by`` names the client, or "end_time"."""

    condition: ConditionId
    by: str


class ConditionsEnded(Frozen, frozen=True, tag=True):
    """Many at once."""

    conditions: tuple[ConditionId, ...]
    by: str


ConditionEvent = ConditionSet | ConditionsSet | ConditionsStarted | ConditionEnded | ConditionsEnded
