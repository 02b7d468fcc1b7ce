"""SQLite journal: one file, one writer, every acknowledged batch on the disk.

How it is kept, and why: docs/journal.md.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn, Self, TypeVar

import apsw

from dispatch.errors import JournalError
from dispatch.journal.chain import HASH_BYTES, batch_hash
from dispatch.journal.checkpointer import Checkpointer
from dispatch.journal.database import (
    answer_key,
    base_vfs,
    connect,
    journal_errors,
    log_of,
    make,
    read_meta,
    select,
)
from dispatch.journal.journal import Batch, Record, StoredAnswer, StoredPosition
from dispatch.journal.lock import WriterLock
from dispatch.journal.pages import RawFile
from dispatch.journal.readers import Readers
from dispatch.journal.wal import FRAME, HEADER, scan_log

READ_CHUNK = 500
"""Facts read at once: no statement stays open while the caller looks at them."""


CHECKPOINT_FRAMES = 1_000
"""Frames in the log at which they are copied into the database, in the background."""


LOG_LIMIT_FRAMES = 8_000
"""Frames at which the writer itself copies them: only when it never pauses is it so far ahead."""


Row = TypeVar("Row")


_log = logging.getLogger(__name__)


class _End(NamedTuple):
    """Where the journal ends."""

    batch: int
    revision: int
    answer: int
    hash: bytes


class SqliteJournal:
    """A journal in one SQLite file; made and opened by :meth:`open`.

    ``append`` and ``save_positions`` take turns; ``read``, ``answer`` and ``load_positions`` may be
    called from any thread at any time. Once a write has failed it only answers and reads.
    """

    def __init__(self, path: Path, lock: WriterLock, network_checksum: str) -> None:
        self._path = path
        self._lock = lock
        self._turn = threading.Lock()
        self._stopped = ""
        self._closed = False
        self._log_frames = 0
        self._writer = connect(path, write=True)
        try:
            self._end = self._start(network_checksum)
            self._readers = Readers(path)
            self._checkpointer = Checkpointer(path, self._stop)
        except BaseException:
            self._writer.close()
            raise

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, network_checksum: str, create: bool = True
    ) -> SqliteJournal:
        """Open a journal as its one writer.

        Parameters
        ----------
        path
            The journal's file. Beside it stand ``-wal`` and ``-shm`` while it is open, which belong
            to it, and ``.lock``.
        network_checksum
            Checksum of the road network the server runs on; a journal made on another is refused.
        create
            Make the journal when there is no file.

        Returns
        -------
        SqliteJournal
            To be closed by the caller.

        Raises
        ------
        JournalError
            It cannot be opened; says why and what to do.
        """
        file = Path(path).resolve()
        _look(file, create=create)
        lock = WriterLock(file)
        try:
            with journal_errors(file, "open"):
                if not file.exists():
                    make(file, network_checksum)
                _refuse_damaged_log(file)
                return cls(file, lock, network_checksum)
        except BaseException:
            lock.release()
            raise

    @property
    def last_revision(self) -> int:
        """Revision of the newest fact, 0 when empty."""
        return self._end.revision

    @property
    def last_hash(self) -> bytes:
        """Hash of the newest batch: kept elsewhere, it shows whether the journal's end is there."""
        return self._end.hash

    def append(self, batch: Batch) -> None:
        """Store a batch durably.

        Parameters
        ----------
        batch
            Its records follow the last revision without a gap.

        Raises
        ------
        JournalError
            Nothing of it is stored, and the journal takes no further batch.
        """
        with self._turn:
            with self._transaction() as writer:
                end = self._store(writer, batch)
            self._end = end
            self._tend_log()

    def read(self, after_revision: int = 0) -> Iterator[Record]:
        """Facts in order, up to the newest when the end is reached.

        Parameters
        ----------
        after_revision
            The revision before the first one wanted.

        Yields
        ------
        Record
            Consecutive ones.

        Raises
        ------
        JournalError
            The store fails, or a fact is missing.
        """
        newest = self._end.revision
        expected = after_revision + 1
        while rows := self._select(
            "SELECT revision, body FROM records WHERE revision >= ? ORDER BY revision LIMIT ?",
            expected,
            READ_CHUNK,
            kind=tuple[int, bytes],
        ):
            for revision, body in rows:
                if revision != expected:
                    self._miss(expected)
                yield Record(revision, body)
                expected += 1
        if expected <= newest:
            self._miss(expected)

    def answer(self, client: str, request_id: str) -> StoredAnswer | None:
        """Look up what a request was answered.

        Parameters
        ----------
        client, request_id
            Together the key of the request.

        Returns
        -------
        StoredAnswer or None
            None when it was never answered.
        """
        rows = self._select(
            "SELECT fingerprint, body, revision FROM answers"
            " WHERE key = ? AND client = ? AND request_id = ?",
            answer_key(client, request_id),
            client,
            request_id,
            kind=tuple[bytes, bytes, int],
        )
        return StoredAnswer(client, request_id, *rows[0]) if rows else None

    def save_positions(self, positions: Sequence[StoredPosition]) -> None:
        """Keep the last position of each unit named, as durably as facts.

        Parameters
        ----------
        positions
            Replace those stored for the same units.

        Raises
        ------
        JournalError
            None of them is stored, and the journal takes no more.
        """
        # Synced like a batch: were it not, a power cut could tear it under a batch that follows.
        rows = [(position.unit, position.body) for position in positions]
        with self._turn:
            with self._transaction() as writer:
                writer.executemany("REPLACE INTO positions VALUES (?, ?)", rows)
            self._tend_log()

    def load_positions(self) -> Sequence[StoredPosition]:
        """Last positions, by unit.

        Returns
        -------
        sequence of StoredPosition
            In the order of the units' names.
        """
        rows = self._select(
            "SELECT unit, body FROM positions ORDER BY unit", kind=tuple[str, bytes]
        )
        return [StoredPosition(unit, body) for unit, body in rows]

    def close(self) -> None:
        """Release the store and its writer's lock; harmless when called again."""
        with self._turn:
            if self._closed:
                return
            self._closed = True
            try:
                self._checkpointer.close()
                self._readers.close()
                if self._stopped:
                    # After a failed sync the log is the one good copy: leave it to the next start.
                    self._writer.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                with journal_errors(self._path, "close"):
                    self._writer.close()
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, network_checksum: str) -> _End:
        """Recognise the journal, begin its log anew, find its end."""
        if self._writer.readonly("main"):
            _refuse_read_only(self._path)
        meta = read_meta(self._writer, self._path)
        if meta.network_checksum != network_checksum:
            raise JournalError(
                f"{self._path} was made on road network {meta.network_checksum}, but this server"
                f" runs on {network_checksum}: start it with the network the journal was made on,"
                " or give a new journal file",
                path=str(self._path),
                journal_network=meta.network_checksum,
                server_network=network_checksum,
            )
        if self._writer.pragma("journal_mode", "wal") != "wal":
            raise JournalError(
                f"{self._path} can have no write-ahead log where it is: keep it on a local disk",
                path=str(self._path),
            )
        self._writer.set_wal_hook(self._note_log)
        # What a torn commit left in the log goes: no later one may be mistaken for its end.
        with contextlib.suppress(apsw.BusyError):  # somebody verifies the journal just now
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        last = select(
            self._writer,
            "SELECT batch, last_revision, last_answer, hash FROM batches"
            " ORDER BY batch DESC LIMIT 1",
            (),
            _End,
        )
        end = last[0] if last else _End(0, 0, 0, meta.genesis)
        [(newest,)] = select(
            self._writer, "SELECT ifnull(max(revision), 0) FROM records", (), tuple[int]
        )
        if newest != end.revision:
            self._miss(end.revision)
        return end

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[apsw.Connection]:
        """All of what is written inside, on the disk, or nothing and never anything again."""
        if self._closed:
            raise JournalError(f"{self._path} is closed", path=str(self._path))
        if self._stopped:
            raise JournalError(
                f"{self._path} takes no more since it failed ({self._stopped}): restart the server"
                " when the cause is gone",
                path=str(self._path),
            )
        try:
            with journal_errors(self._path, "write"):
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
        except BaseException as error:
            self._take_back()
            self._stop(str(error) or type(error).__name__)
            raise

    def _store(self, writer: apsw.Connection, batch: Batch) -> _End:
        """Write a batch; where the journal ends once it is committed."""
        if wrong := _wrong(batch, self._end.revision + 1):
            raise JournalError(f"a batch is refused: {wrong}", path=str(self._path))
        number = self._end.batch + 1
        end = _End(
            number,
            self._end.revision + len(batch.records),
            self._end.answer + len(batch.answers),
            batch_hash(self._end.hash, number, batch),
        )
        writer.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?, ?)",
            (number, end.revision, end.answer, self._end.hash, end.hash),
        )
        writer.executemany(
            "INSERT INTO records VALUES (?, ?)",
            [(record.revision, record.body) for record in batch.records],
        )
        if batch.state_hash is not None:
            writer.execute(
                "INSERT INTO state_hashes VALUES (?, ?)", (end.revision, batch.state_hash)
            )
        before = writer.total_changes()
        writer.executemany(
            "INSERT INTO answers SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS"
            " (SELECT 1 FROM answers WHERE key = ?2 AND client = ?3 AND request_id = ?4)",
            [
                (
                    place,
                    answer_key(answer.client, answer.request_id),
                    answer.client,
                    answer.request_id,
                    answer.fingerprint,
                    answer.answer,
                    answer.revision,
                )
                for place, answer in enumerate(batch.answers, self._end.answer + 1)
            ],
        )
        if writer.total_changes() - before != len(batch.answers):
            raise JournalError(
                "a batch is refused: one of its requests has an answer already",
                path=str(self._path),
            )
        return end

    def _take_back(self) -> None:
        """Undo what failed, in the log too: where only its sync failed, it would be found whole."""
        with contextlib.suppress(apsw.Error, OSError):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            frames, _ = self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
            log = log_of(self._path)
            end = HEADER + frames * FRAME if frames else 0
            if 0 <= end < log.stat().st_size:
                os.truncate(log, end)

    def _tend_log(self) -> None:
        """Have the log copied into the database before it grows long."""
        if self._log_frames >= LOG_LIMIT_FRAMES:
            self._checkpointer.run()
        elif self._log_frames >= CHECKPOINT_FRAMES:
            self._checkpointer.wake()

    def _select(self, sql: str, *bindings: str | int, kind: type[Row]) -> list[Row]:
        with journal_errors(self._path, "read"), self._readers.borrowed() as connection:
            return select(connection, sql, bindings, kind)

    def _note_log(self, _connection: apsw.Connection, _database: str, frames: int) -> int:
        self._log_frames = frames
        return apsw.SQLITE_OK

    def _stop(self, why: str) -> None:
        self._stopped = self._stopped or why
        _log.critical("journal stopped", extra={"path": str(self._path), "why": why})

    def _miss(self, revision: int) -> NoReturn:
        raise JournalError(
            f"{self._path} lacks revision {revision}: verify it and restore a copy",
            path=str(self._path),
            revision=str(revision),
        )


def _wrong(batch: Batch, first: int) -> str:
    """Why a batch does not follow revision ``first - 1``, or empty."""
    revisions = [record.revision for record in batch.records]
    if revisions != list(range(first, first + len(revisions))):
        return f"its revisions must run from {first} without a gap, not {revisions[:9]}"
    if not revisions and not batch.answers:
        return "it holds nothing"
    if batch.state_hash is not None and (not revisions or len(batch.state_hash) != HASH_BYTES):
        return "a state hash is 32 bytes and follows a record"
    if any(len(answer.fingerprint) != HASH_BYTES for answer in batch.answers):
        return "a fingerprint is 32 bytes"
    return ""


def _look(path: Path, *, create: bool) -> None:
    """Refuse what cannot be a journal before anything is touched."""
    wrong = ""
    if path.is_dir():
        wrong = "is a directory: give a file"
    elif not path.parent.is_dir():
        wrong = f"cannot be made: there is no directory {path.parent}; make it first"
    elif not path.exists():
        if not create:
            wrong = "does not exist: give the file of an existing journal"
        elif log_of(path).exists():
            wrong = (
                f"is gone but its log {log_of(path).name} is there: put the journal back, or move"
                " the log away to begin a new one"
            )
    elif not path.is_file():
        wrong = "is not a regular file"
    elif not path.stat().st_size:
        wrong = "is empty and so not a journal: restore a copy, or move it away to begin a new one"
    elif not path.stat().st_mode & 0o222:
        _refuse_read_only(path)
    if wrong:
        raise JournalError(f"{path} {wrong}", path=str(path))


def _refuse_read_only(path: Path) -> NoReturn:
    raise JournalError(
        f"{path} is read-only: make it writable for the server, or give another file",
        path=str(path),
    )


def _refuse_damaged_log(path: Path) -> None:
    """Stop before SQLite's recovery silently forgets commits behind a damaged frame."""
    log = log_of(path)
    if not log.exists():
        return
    with RawFile(base_vfs(), str(log)) as file:
        found = scan_log(file)
    if found.damage:
        raise JournalError(
            f"{path}: {found.damage}; opening it would forget acknowledged facts. Restore a copy,"
            f" or move {log.name} away, verify, and go on without the commits in it",
            path=str(path),
        )
    if found.unfinished:
        _log.warning(
            "a commit was under way when the writer stopped; it is dropped",
            extra={"path": str(path), "suspicion": found.suspicion},
        )
