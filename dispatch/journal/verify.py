"""Verify: every byte, every batch, every state hash of a journal, without changing it.

It may run beside the server, on what a crash left, or on a copy. What it cannot see is that whole
batches are missing at the end: note down the last hash elsewhere, and compare.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, NoReturn, Protocol, TypeVar

import apsw
import msgspec

from dispatch.errors import JournalError
from dispatch.journal.chain import batch_hash
from dispatch.journal.database import (
    Meta,
    answer_key,
    base_vfs,
    connect,
    journal_errors,
    log_of,
    read_meta,
    select,
)
from dispatch.journal.journal import Batch, Record, StoredAnswer
from dispatch.journal.pages import PAGE, RawFile, damaged_pages
from dispatch.journal.wal import LogScan, scan_log

State = TypeVar("State")
Fact = TypeVar("Fact")
Row = TypeVar("Row")

_CHUNK = 500
_LOG_READS = 5  # a writer may be in the midst of a commit; damage stays
_LOG_PAUSE_S = 0.05


class Fold(Protocol[State, Fact]):
    """What turns facts into states; the module :mod:`dispatch.state` is one."""

    def initial_state(self) -> State:
        """State before the first fact."""
        ...

    def decode(self, body: bytes, /) -> Fact:
        """Fact that a record holds."""
        ...

    def evolve(self, state: State, recorded: Fact, /) -> State:
        """State after a fact."""
        ...

    def state_hash(self, state: State, /) -> bytes:
        """The sha256 of a state."""
        ...


class Problem(msgspec.Struct, frozen=True):
    """The first thing found wrong.

    Attributes
    ----------
    what
        What is wrong, in a sentence.
    revision
        The first fact it touches; None when it touches none.
    """

    what: str
    revision: int | None = None


class VerifyReport(msgspec.Struct, frozen=True):
    """What was checked, and the first problem.

    Attributes
    ----------
    path
        The journal's file.
    network_checksum, created
        What the journal says of itself; empty when it cannot be read.
    pages
        Pages of the file.
    batches, records, answers, state_hashes
        How many of each were found right, up to the problem if there is one.
    last_revision, last_hash
        Where the right part ends; the hash of its last batch, in hexadecimal. Kept elsewhere, the
        two show whether batches are missing at the end.
    notes
        What a reader should know although it is no problem.
    problem
        None when all is right.
    """

    path: str
    network_checksum: str = ""
    created: str = ""
    pages: int = 0
    batches: int = 0
    records: int = 0
    answers: int = 0
    state_hashes: int = 0
    last_revision: int = 0
    last_hash: str = ""
    notes: tuple[str, ...] = ()
    problem: Problem | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None

    def __str__(self) -> str:
        lines = [
            f"journal         {self.path}",
            f"made            {self.created or '?'} on network {self.network_checksum or '?'}",
            f"pages           {self.pages}",
            f"batches         {self.batches}",
            f"records         {self.records}",
            f"answers         {self.answers}",
            f"state hashes    {self.state_hashes}",
            f"last revision   {self.last_revision}",
            f"last hash       {self.last_hash or '?'}",
            *(f"note            {note}" for note in self.notes),
        ]
        if self.problem is None:
            return "\n".join([*lines, "ok"])
        at = "" if self.problem.revision is None else f", revision {self.problem.revision}"
        return "\n".join([*lines, f"NOT OK{at}: {self.problem.what}"])


def verify(path: str | os.PathLike[str], *, fold: Fold[State, Fact]) -> VerifyReport:
    """Check a journal: its bytes, its chain, and its state hashes by folding all facts.

    Parameters
    ----------
    path
        The journal's file. It is only read, and a writer may have it open.
    fold
        What turns its facts into states.

    Returns
    -------
    VerifyReport
        Never ``ok`` when anything is wrong.

    Raises
    ------
    JournalError
        There is no such file or it may not be read.
    """
    file = Path(path).resolve()
    if not file.is_file():
        what = "is a directory" if file.is_dir() else "does not exist"
        raise JournalError(f"{file} {what}: give a journal's file", path=str(file))
    with journal_errors(file, "read"):
        base_vfs()
        os.close(os.open(file, os.O_RDONLY))
        used = log_of(file).exists()
        report = _verify(file, fold, used=used)
        if not used and log_of(file).exists():  # a writer came while it was read as unused
            report = _verify(file, fold, used=True)
    return report


def _verify(file: Path, fold: Fold[State, Fact], *, used: bool) -> VerifyReport:
    connection = connect(file, immutable=not used)
    try:
        pages, notes, wrong = _check_bytes(connection, file, used=used)
        walk = _Walk(connection, file, fold)
        problem = walk.run()
    finally:
        connection.close()
    if wrong:
        problem = Problem(wrong, problem.revision if problem else None)
    return VerifyReport(
        path=str(file),
        network_checksum=walk.meta.network_checksum,
        created=walk.meta.created,
        pages=pages,
        batches=walk.batches,
        records=walk.revision,
        answers=walk.answers,
        state_hashes=walk.state_hashes,
        last_revision=walk.revision,
        last_hash=walk.hash.hex(),
        notes=notes,
        problem=problem,
    )


def _check_bytes(
    connection: apsw.Connection, file: Path, *, used: bool
) -> tuple[int, tuple[str, ...], str]:
    """Pages of the file, notes, and what is wrong below the facts, or empty."""
    wrong = ""
    try:
        with journal_errors(file, "verify"):
            # A snapshot: no copy from the log goes beyond it, and the log is not begun anew.
            connection.execute("BEGIN; SELECT count(*) FROM sqlite_schema").fetchall()
            count = int(connection.pragma("page_count"))
            rows = connection.execute("PRAGMA integrity_check(1)").fetchall()
            if rows != [("ok",)]:
                wrong = f"SQLite's integrity check: {rows[0][0]}"
    except JournalError as error:
        count, wrong = 0, str(error)
    with RawFile(base_vfs(), str(file)) as raw:
        size = raw.size()
        count = count or int.from_bytes(raw.read(4, 28), "big")
        bad = damaged_pages(raw)
    log = _read_log(file) if used else LogScan()
    with contextlib.suppress(apsw.Error):  # what is wrong has been found
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    # What the log holds is taken from there, and copied again: a power cut may tear such a copy.
    torn = [page for page in bad if page not in log.pages]
    short = any(page not in log.pages for page in range(size // PAGE + 1, count + 1))
    if torn:
        more = f" and {len(torn) - 1} more" if torn[1:] else ""
        wrong = f"the checksum of page {torn[0]}{more} is wrong"
    elif count and (short or size > count * PAGE):
        wrong = f"the file has {size} bytes, not the {count * PAGE} it says"
    notes: list[str] = []
    if log.damage:
        wrong = log.damage
    elif log.unfinished:
        notes.append("a commit was under way; it is dropped unless its writer finishes it")
        if log.suspicion:
            notes.append(f"{log.suspicion}: torn when the power went, or damaged since")
    return size // PAGE, tuple(notes), wrong


def _read_log(file: Path) -> LogScan:
    """Read the log, again while what is wrong may be a commit half seen."""
    found = LogScan()
    for _ in range(_LOG_READS):
        if not log_of(file).exists():  # the writer has just closed
            return LogScan()
        with RawFile(base_vfs(), str(log_of(file))) as log:
            found = scan_log(log)
        if not (found.damage or found.suspicion):
            break
        time.sleep(_LOG_PAUSE_S)
    return found


class _WrongError(Exception):
    """Ends a walk."""

    def __init__(self, what: str, revision: int | None = None) -> None:
        super().__init__(what)
        self.problem = Problem(what, revision)


class _Walk(Generic[State, Fact]):
    """One pass over all batches in order; what it has found right so far."""

    def __init__(self, connection: apsw.Connection, file: Path, fold: Fold[State, Fact]) -> None:
        self._connection = connection
        self._file = file
        self._fold = fold
        self._state = fold.initial_state()
        self.meta = Meta(network_checksum="", created="")
        self.hash = b""
        self.batches = 0
        self.revision = 0
        self.answers = 0
        self.state_hashes = 0

    def run(self) -> Problem | None:
        """Walk to the end or to the first problem."""
        try:
            with journal_errors(self._file, "read"):
                self.meta = read_meta(self._connection, self._file)
                self.hash = self.meta.genesis
                for row in self._batches():
                    self._check_batch(*row)
                self._check_nothing_else()
        except _WrongError as error:
            return error.problem
        except JournalError as error:
            return Problem(str(error), self.revision + 1)
        return None

    def _batches(self) -> Iterator[tuple[int, int, int, bytes, bytes]]:
        [(newest,)] = self._rows("SELECT ifnull(max(batch), 0) FROM batches", kind=tuple[int])
        while rows := self._rows(
            "SELECT batch, last_revision, last_answer, previous_hash, hash FROM batches"
            " WHERE batch > ? AND batch <= ? ORDER BY batch LIMIT ?",
            self.batches,
            newest,
            _CHUNK,
            kind=tuple[int, int, int, bytes, bytes],
        ):
            yield from rows

    def _check_batch(
        self, number: int, last_revision: int, last_answer: int, previous: bytes, hashed: bytes
    ) -> None:
        first = self.revision + 1
        if number != self.batches + 1:
            self._wrong(f"batch {self.batches + 1} is missing", first)
        if previous != self.hash:
            self._wrong(f"batch {number} does not follow the batch before it", first)
        batch = Batch(
            self._records(last_revision),
            self._answers(last_answer),
            self._state_hash(last_revision) if last_revision >= first else None,
        )
        if batch_hash(self.hash, number, batch) != hashed:
            self._wrong(f"the hash of batch {number} is wrong", first)
        for record in batch.records:
            self._evolve(record)
        if batch.state_hash is not None:
            if self._fold.state_hash(self._state) != batch.state_hash:
                self._wrong("the facts lead to another state than they did", last_revision)
            self.state_hashes += 1
        self.batches, self.hash = number, hashed
        self.revision, self.answers = last_revision, last_answer

    def _records(self, last: int) -> list[Record]:
        rows = self._rows(
            "SELECT revision, body FROM records WHERE revision > ? AND revision <= ?"
            " ORDER BY revision",
            self.revision,
            last,
            kind=tuple[int, bytes],
        )
        records = [Record(*row) for row in rows]
        for expected, record in enumerate(records, self.revision + 1):
            if record.revision != expected:
                self._wrong("a fact is missing", expected)
        if self.revision + len(records) != last:
            self._wrong("a fact is missing", self.revision + len(records) + 1)
        return records

    def _answers(self, last: int) -> list[StoredAnswer]:
        rows = self._rows(
            "SELECT answer, key, client, request_id, fingerprint, body, revision FROM answers"
            " WHERE answer > ? AND answer <= ? ORDER BY answer",
            self.answers,
            last,
            kind=tuple[int, int, str, str, bytes, bytes, int],
        )
        if [row[0] for row in rows] != list(range(self.answers + 1, last + 1)):
            self._wrong("an answer is missing", self.revision + 1)
        answers: list[StoredAnswer] = []
        for _, key, client, request_id, fingerprint, body, revision in rows:
            answer = StoredAnswer(client, request_id, fingerprint, body, revision)
            if key != answer_key(answer.client, answer.request_id):
                self._wrong("an answer cannot be found by its request", answer.revision)
            answers.append(answer)
        return answers

    def _state_hash(self, revision: int) -> bytes | None:
        rows = self._rows(
            "SELECT hash FROM state_hashes WHERE revision = ?", revision, kind=tuple[bytes]
        )
        return rows[0][0] if rows else None

    def _evolve(self, record: Record) -> None:
        try:
            self._state = self._fold.evolve(self._state, self._fold.decode(record.body))
        except Exception as error:  # noqa: BLE001 - whatever a fold cannot bear is a finding
            self._wrong(
                f"the fact cannot be folded ({type(error).__name__}: {error})", record.revision
            )

    def _check_nothing_else(self) -> None:
        """No fact, answer or state hash stands outside the chain."""
        [(in_batches, stored, answers_in_batches, answers_stored, state_hashes)] = self._rows(
            "SELECT ifnull((SELECT max(last_revision) FROM batches), 0),"
            " ifnull((SELECT max(revision) FROM records), 0),"
            " ifnull((SELECT max(last_answer) FROM batches), 0),"
            " ifnull((SELECT max(answer) FROM answers), 0),"
            " (SELECT count(*) FROM state_hashes WHERE revision <= ?)",
            self.revision,
            kind=tuple[int, int, int, int, int],
        )
        if stored != in_batches:
            self._wrong("a fact stands outside every batch", in_batches + 1)
        if answers_stored != answers_in_batches or state_hashes != self.state_hashes:
            self._wrong("an answer or a state hash stands outside every batch", None)

    def _rows(self, sql: str, *bindings: int, kind: type[Row]) -> list[Row]:
        return select(self._connection, sql, bindings, kind)

    def _wrong(self, what: str, revision: int | None) -> NoReturn:
        raise _WrongError(what, revision)
