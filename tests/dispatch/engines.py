"""Engines on real SQLite journals, whose disk can be held up, watched and broken."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from dispatch.engine import Done, Engine
from dispatch.errors import JournalError
from dispatch.journal.journal import Batch, Journal, Record, StoredAnswer, StoredPosition
from dispatch.journal.sqlite import SqliteJournal
from dispatch.state import Recorded
from tests.dispatch.builders import PLANS, SetClock, report


def journal_in(directory: Path) -> SqliteJournal:
    """The journal of a directory."""
    return SqliteJournal.open(directory / "city.journal", network_checksum="sha256:0")


class Disk:
    """A journal that passes everything on, and on which the test may lay a hand.

    Attributes
    ----------
    batches
        What was appended.
    broken
        What the next append or look-up raises.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._free = threading.Event()
        self._free.set()
        self.batches: list[Batch] = []
        self.waiting = threading.Event()
        self.broken: Exception | None = None
        self.answers_broken: Exception | None = None
        self.positions_broken: Exception | None = None

    def hold(self) -> None:
        """Appends wait from now on."""
        self.waiting.clear()
        self._free.clear()

    def release(self) -> None:
        """They go on."""
        self._free.set()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Appends wait meanwhile."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    @property
    def last_revision(self) -> int:
        return self._journal.last_revision

    def append(self, batch: Batch) -> None:
        self.waiting.set()
        assert self._free.wait(20)
        if self.broken is not None:
            raise self.broken
        self._journal.append(batch)
        self.batches.append(batch)

    def read(self, after_revision: int = 0) -> Iterator[Record]:
        return self._journal.read(after_revision)

    def answer(self, client: str, request_id: str) -> StoredAnswer | None:
        if self.answers_broken is not None:
            raise self.answers_broken
        return self._journal.answer(client, request_id)

    def save_positions(self, positions: Sequence[StoredPosition]) -> None:
        if self.positions_broken is not None:
            raise self.positions_broken
        self._journal.save_positions(positions)

    def load_positions(self) -> Sequence[StoredPosition]:
        return self._journal.load_positions()

    def close(self) -> None:
        self._journal.close()


class Running:
    """An engine with its disk and its clock."""

    def __init__(self, journal: Journal, *, orders: bool = True) -> None:
        self.disk = Disk(journal)
        self.clock = SetClock()
        self.engine = Engine(self.disk, PLANS, self.clock, orders=orders)


@contextlib.asynccontextmanager
async def running(directory: Path, *, orders: bool = True) -> AsyncIterator[Running]:
    """An engine at work; stopped, and its journal closed, at the end."""
    run = Running(journal_in(directory), orders=orders)
    await run.engine.start()
    try:
        yield run
    finally:
        run.disk.release()
        await run.engine.stop()
        run.disk.close()


async def until(holds: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait for something to be so."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.002)


def disk_full() -> JournalError:
    """What a failing store says."""
    return JournalError("the disk is full")


def revisions(facts: Sequence[Recorded]) -> list[int]:
    return [recorded.revision for recorded in facts]


async def report_many(run: Running, count: int) -> list[Done]:
    return await asyncio.gather(*(run.engine.submit(report("fall")) for _ in range(count)))


async def collect(
    engine: Engine, after_revision: int, into: list[Recorded], pause_s: float = 0
) -> None:
    async with contextlib.aclosing(engine.watch(after_revision)) as watch:
        async for recorded in watch:
            into.append(recorded)
            if pause_s:
                await asyncio.sleep(pause_s)
