"""Where units were last seen: a book of its own, outside the hashed facts.

Positions come by the thousand a minute; a decision journals the ones that it rested on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from dispatch.model import Frozen, UnitId
from roadnets.geo import LonLat
from roadnets.snapping.fixes import Fix, follow

FIXES_KEPT: Final = 3
"""Of each unit: they tell a street from the expressway above it."""

_FASTEST_KPH: Final = 400.0

Track = tuple[Fix, ...]
"""The last positions of a unit, oldest first."""


class Position(Frozen, frozen=True):
    """A unit seen at a point (WGS84) at an instant."""

    point: LonLat
    observed: datetime
    heading_deg: float | None = None
    speed_kph: float | None = None


def fix_of(position: Position) -> Fix:
    """A position as those who match it to a street read it."""
    speed = position.speed_kph
    return Fix(
        point=position.point,
        time_s=position.observed.timestamp(),
        heading_deg=position.heading_deg,
        speed_kph=speed if speed is not None and speed <= _FASTEST_KPH else None,
    )


class PositionBook:
    """The last position of each unit, and how it came there."""

    def __init__(self, last: dict[UnitId, Position] | None = None) -> None:
        self._last = dict(last or {})
        self._tracks: dict[UnitId, Track] = {u: (fix_of(p),) for u, p in self._last.items()}
        self._unsaved: set[UnitId] = set()

    def observe(self, unit: UnitId, position: Position) -> bool:
        """Keep a position; False when a newer one is known already."""
        known = self._last.get(unit)
        if known is not None and known.observed > position.observed:
            return False
        self._last[unit] = position
        self._tracks[unit] = follow(self._tracks.get(unit, ()), fix_of(position), FIXES_KEPT)
        self._unsaved.add(unit)
        return True

    def last(self, unit: UnitId) -> Position | None:
        """Where the unit was last seen, or None."""
        return self._last.get(unit)

    def snapshot(self) -> dict[UnitId, Position]:
        """Every last position, as it is now."""
        return dict(self._last)

    def tracks(self) -> dict[UnitId, Track]:
        """The last positions of each unit, as they are now."""
        return dict(self._tracks)

    def take_unsaved(self) -> dict[UnitId, Position]:
        """Positions that changed since the last call."""
        unsaved = {unit: self._last[unit] for unit in sorted(self._unsaved)}
        self._unsaved.clear()
        return unsaved
