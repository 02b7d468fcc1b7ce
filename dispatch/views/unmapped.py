"""Values that clients sent and their mappings do not know: kept, counted."""

from __future__ import annotations

from datetime import datetime

from dispatch.emergency.events import UnmappedValueKept
from dispatch.model import Frozen
from dispatch.state import Recorded


class UnmappedValue(Frozen, frozen=True):
    """One unknown value of one client, and how often it came."""

    client: str
    field: str
    value: str
    count: int
    first: datetime
    last: datetime


class UnmappedValues:
    """Every unknown value, by client, field and value."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str], UnmappedValue] = {}

    def observe(self, recorded: Recorded) -> None:
        """Take note of a fact."""
        fact = recorded.fact
        if not isinstance(fact, UnmappedValueKept):
            return
        key = (fact.client, fact.field, fact.value)
        known = self._values.get(key)
        self._values[key] = UnmappedValue(
            client=fact.client,
            field=fact.field,
            value=fact.value,
            count=known.count + 1 if known else 1,
            first=known.first if known else recorded.occurred,
            last=recorded.occurred,
        )

    def all(self) -> list[UnmappedValue]:
        """Every unknown value, in order of client, field and value."""
        return [self._values[key] for key in sorted(self._values)]
