"""What befalls a journal on a disk that fails; each to be called in a process of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from dispatch.errors import JournalError
from dispatch.journal.database import log_of
from dispatch.journal.journal import Batch, StoredPosition
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from tests.dispatch.journal.facts import DIGEST, NETWORK, fill, records
from tests.faults.disk import Disk, installed


def _opened(path: Path) -> SqliteJournal:
    return SqliteJournal.open(path, network_checksum=NETWORK)


def _fails(
    disk: Disk, operation: str, suffix: str, error: type[apsw.Error], after: int = 0
) -> None:
    """From the ``after``-th on, an operation on files so named fails."""
    left = [after]

    def before(found: str, path: str) -> None:
        if found == operation and path.endswith(suffix):
            left[0] -= 1
            if left[0] < 0:
                raise error("as told")

    disk.before = before


def _heals(disk: Disk) -> None:
    disk.before = lambda operation, path: None


def a_failed_append_stores_nothing(
    path: Path, operation: str, error_name: str, after: int, says: str
) -> None:
    """Nothing of the batch is there: not for readers, not for the next start."""
    logging.disable(logging.CRITICAL)
    disk = installed()
    disk.load()
    with _opened(path) as journal:
        fill(journal, batches=10)
        kept = [record.body for record in journal.read()]
        first = journal.last_revision + 1
        _fails(disk, operation, "-wal", getattr(apsw, error_name), after)
        with pytest.raises(JournalError, match=says):
            journal.append(Batch(records(first, b"a" * 9_000, b"b" * 9_000)))
        _heals(disk)
        with pytest.raises(JournalError, match="takes no more since it failed"):
            journal.append(Batch(records(first, b"c")))
        assert [record.body for record in journal.read()] == kept
        assert verify(path, fold=DIGEST).ok
    with _opened(path) as journal:
        assert [record.body for record in journal.read()] == kept
        journal.append(Batch(records(first, b"c")))
    report = verify(path, fold=DIGEST)
    assert report.ok, report
    assert report.last_revision == first


def a_failed_copy_of_the_log_keeps_the_log(path: Path) -> None:
    """After a failed sync of the database its pages may be lost: the log must not be."""
    logging.disable(logging.CRITICAL)
    disk = installed()
    disk.load()
    journal = _opened(path)
    story = fill(journal, batches=10)
    disk.load(path, log_of(path))
    _fails(disk, "sync", path.name, apsw.IOError)
    journal._checkpointer.run()
    _heals(disk)
    with pytest.raises(JournalError, match="takes no more since it failed"):
        journal.append(story.batch())
    journal.close()
    assert log_of(path).stat().st_size > 10 * 4_096
    log, bodies = log_of(path).read_bytes(), len(story.bodies)
    with _opened(path) as journal:
        assert journal.last_revision <= bodies
    assert log


def positions_that_fail_stop_it(path: Path) -> None:
    logging.disable(logging.CRITICAL)
    disk = installed()
    disk.load()
    with _opened(path) as journal:
        fill(journal, batches=3)
        _fails(disk, "sync", "-wal", apsw.IOError)
        with pytest.raises(JournalError, match="the disk fails"):
            journal.save_positions([StoredPosition("u1", b"x")])
        _heals(disk)
        with pytest.raises(JournalError, match="takes no more"):
            journal.append(Batch(records(journal.last_revision + 1, b"c")))
        assert list(journal.load_positions()) == []
    with _opened(path) as journal:
        assert list(journal.load_positions()) == []


def making_is_durable_before_the_name(path: Path) -> None:
    """When a journal gets its name, all of it is on the disk."""
    disk = installed()
    disk.load()
    rename: Callable[[Path, Path], Path] = Path.rename
    named: list[Path] = []

    def watched(self: Path, target: Path) -> Path:
        assert disk.durable(str(self)) == self.read_bytes()
        named.append(target)
        return rename(self, target)

    Path.rename = watched  # type: ignore[assignment,method-assign]  # to watch it
    _opened(path).close()
    assert named == [path]
