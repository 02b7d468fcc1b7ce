"""ServiceClock: the service's time as a client knows it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta

_LOOK_EVERY_S = 0.5


class ServiceClock:
    """Follows a service whose time runs ``rate`` times as fast as the wall's.

    The start is a guess; every fact that arrives says what time it was when it was recorded, which
    can only have passed since. While the service is down its time stands still, and so does this.
    """

    def __init__(self, rate: float, start: datetime) -> None:
        self.rate = rate
        self._start = start
        self._origin = time.monotonic()
        self._paused: datetime | None = None

    def now(self) -> datetime:
        """The service's time, to within the delay of its messages."""
        if self._paused is not None:
            return self._paused
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self.rate)

    def learn(self, recorded: datetime) -> None:
        """Take note that the service's time has come to this instant."""
        if self._paused is None and recorded > self.now():
            self._start = recorded
            self._origin = time.monotonic()

    def pause(self) -> datetime:
        """Stop, until ``resume``; gives the time at which it stands."""
        self._paused = self.now()
        return self._paused

    def resume(self) -> None:
        """Go on from where it was stopped."""
        if self._paused is not None:
            self._start, self._paused = self._paused, None
            self._origin = time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of the service's time."""
        await self.sleep_until(self.now() + timedelta(seconds=seconds))

    async def sleep_until(self, instant: datetime) -> None:
        """Wait for the service's time to reach the instant."""
        while (left_s := (instant - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time passes
            await asyncio.sleep(min(left_s / self.rate, _LOOK_EVERY_S))
