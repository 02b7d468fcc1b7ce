"""Watchers: facts wait for each of them, as many as it may leave waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from dispatch.state import Recorded

WATCHER_QUEUE = 10_000


class WatcherTooSlowError(Exception):
    """A watcher fell behind; ``revision`` is the last fact it was given."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"the watcher fell behind after revision {revision}")
        self.revision = revision


class Watcher:
    """Facts waiting for one watcher."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Recorded | None] = asyncio.Queue()
        self._lost = False

    def offer(self, facts: Sequence[Recorded]) -> None:
        """Facts that were published; too many at once end the watch."""
        if self._lost:
            return
        if self._queue.qsize() + len(facts) > WATCHER_QUEUE:
            self._lost = True
            self.end()
            return
        for recorded in facts:
            self._queue.put_nowait(recorded)

    def end(self) -> None:
        """The last fact has been offered."""
        self._queue.put_nowait(None)

    async def facts(self, after: int) -> AsyncIterator[Recorded]:
        """Facts after a revision, as they come, until the end.

        Raises
        ------
        WatcherTooSlowError
            When some could not be kept for the watcher.
        """
        while (recorded := await self._queue.get()) is not None:
            if recorded.revision > after:
                after = recorded.revision
                yield recorded
        if self._lost:
            raise WatcherTooSlowError(after)
