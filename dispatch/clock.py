"""The desk's time: the only place that asks what time it is."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and waits for it."""

    def now(self) -> datetime:
        """The instant, aware, UTC."""
        ...

    async def sleep_until(self, instant: datetime) -> None:
        """Return when ``now()`` has about reached the instant; at once when it has passed."""
        ...


class ScaledClock:
    """Time that runs ``rate`` times as fast as the wall's, from ``start``.

    Rate 1 from the present is the time of day; exercises and demonstrations run faster. It follows
    the monotonic clock, so it never goes back.

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

    async def sleep_until(self, instant: datetime) -> None:
        """Wait on the event loop."""
        left_s = (instant - self.now()).total_seconds()
        if left_s > 0:
            await asyncio.sleep(left_s / self.rate)
