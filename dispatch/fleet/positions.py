"""Where units were last seen: a book of its own, outside the hashed facts.

Positions come by the thousand a minute; a decision journals the ones that it rested on.
"""

from __future__ import annotations

from datetime import datetime

from dispatch.model import Frozen, UnitId
from roadnets.geo import LonLat


class Position(Frozen, frozen=True):
    """A unit seen at a point (WGS84) at an instant."""

    point: LonLat
    observed: datetime
    heading_deg: float | None = None
    speed_kph: float | None = None


class PositionBook:
    """The last position of each unit."""

    def __init__(self, last: dict[UnitId, Position] | None = None) -> None:
        self._last = dict(last or {})
        self._unsaved: set[UnitId] = set()

    def observe(self, unit: UnitId, position: Position) -> bool:
        """Keep a position; False when a newer one is known already."""
        known = self._last.get(unit)
        if known is not None and known.observed > position.observed:
            return False
        self._last[unit] = position
        self._unsaved.add(unit)
        return True

    def last(self, unit: UnitId) -> Position | None:
        """Where the unit was last seen, or None."""
        return self._last.get(unit)

    def snapshot(self) -> dict[UnitId, Position]:
        """Every last position, as it is now."""
        return dict(self._last)

    def take_unsaved(self) -> dict[UnitId, Position]:
        """Positions that changed since the last call."""
        unsaved = {unit: self._last[unit] for unit in sorted(self._unsaved)}
        self._unsaved.clear()
        return unsaved
