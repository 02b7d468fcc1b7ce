"""The desk's time: the only place that asks what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The instant, aware, UTC."""
        ...


class SystemClock:
    """The time of day, as the machine keeps it, never going back.

    It follows corrections of the machine's clock; after one backwards it stands still until the
    time of day has caught up.
    """

    def __init__(self) -> None:
        self._newest = datetime.now(UTC)

    def now(self) -> datetime:
        """The instant, UTC, to the microsecond."""
        self._newest = max(self._newest, datetime.now(UTC))
        return self._newest


class ScaledClock:
    """Time that runs ``rate`` times as fast as the wall's, from ``start``.

    For exercises and demonstrations. It follows the monotonic clock, so it never goes back.

    Raises
    ------
    ValueError
        When the rate is not positive or the start is naive.
    """

    def __init__(self, rate: float = 1.0, start: datetime | None = None) -> None:
        if rate <= 0:
            raise ValueError(f"clock rate is {rate}; allowed: more than 0")
        if start is not None and start.tzinfo is None:
            raise ValueError("clock start has no time zone")
        self.rate = rate
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._origin = time.monotonic()

    def now(self) -> datetime:
        """The instant, UTC, to the microsecond."""
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self.rate)
