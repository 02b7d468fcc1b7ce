"""Database: how the file of a SQLite journal is made, opened and recognised.

SQLite is used through apsw alone, which brings a version without the log-reset bug of 3.7.0 to
3.51.2. Opening one file through apsw and ``sqlite3`` in the same process breaks its locks: never do
that.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import apsw
import apsw.sqlite_extra
import msgspec

from dispatch.errors import JournalError
from dispatch.journal.chain import genesis
from dispatch.journal.pages import PAGE

Row = TypeVar("Row")

FORMAT = 1
"""Version of the tables and of the chain; a journal of another one is refused."""

SYNCHRONOUS = "FULL"
"""Sync at every commit: what an acknowledged fact stands on."""

CHECKSUMS = "cksmvfs"
"""SQLite's file layer that keeps a checksum in the last bytes of every page."""

_APPLICATION_ID = 0x43444A4C  # "CDJL": what `file` and SQLite's own tools can tell it by
_RESERVED = 8  # bytes of a page that hold its checksum; the layer wants exactly these
_BUSY_MS = 1_000

# `key` is the first 8 bytes of a hash of client and request: random keys are spread over the whole
# index, and an index of small ones touches fewer pages a commit.
_TABLES = """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE batches (
        batch INTEGER PRIMARY KEY,
        last_revision INTEGER NOT NULL,
        last_answer INTEGER NOT NULL,
        previous_hash BLOB NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE records (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE state_hashes (revision INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
    CREATE TABLE answers (
        answer INTEGER PRIMARY KEY,
        key INTEGER NOT NULL,
        client TEXT NOT NULL,
        request_id TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        body BLOB NOT NULL,
        revision INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX answers_by_key ON answers (key);
    CREATE TABLE positions (unit TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""


class Meta(msgspec.Struct, frozen=True):
    """What a journal says of itself.

    Attributes
    ----------
    network_checksum
        The road network it was made on.
    created
        When it was made, an ISO instant in UTC.
    """

    network_checksum: str
    created: str

    @property
    def genesis(self) -> bytes:
        """Hash that the first batch follows."""
        return genesis(self.network_checksum, self.created)


def log_of(path: Path) -> Path:
    """Where SQLite keeps a database's write-ahead log.

    Parameters
    ----------
    path
        The database.

    Returns
    -------
    Path
        Beside it.
    """
    return path.with_name(path.name + "-wal")


def answer_key(client: str, request_id: str) -> int:
    """First 8 bytes of a hash of a request's key, as SQLite's signed integer.

    Parameters
    ----------
    client, request_id
        Together the key of the request.

    Returns
    -------
    int
        Two requests may have the same one.
    """
    digest = hashlib.sha256(f"{client}\0{request_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


@contextlib.contextmanager
def journal_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn the errors of SQLite and the file system into a JournalError that names the file.

    Parameters
    ----------
    path
        The journal's file.
    doing
        What was being done, as in "cannot <doing>".
    """
    try:
        yield
    except apsw.NotADBError as error:
        raise JournalError(
            f"{path} is not a journal, or its first page is damaged ({error})", path=str(path)
        ) from error
    except (apsw.CorruptError, apsw.IOError) as error:
        wrong = isinstance(error, apsw.CorruptError) or (
            getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA
        )
        what = "the file is damaged, restore a copy" if wrong else "the disk fails"
        raise JournalError(f"cannot {doing} {path}: {what} ({error})", path=str(path)) from error
    except msgspec.ValidationError as error:
        raise JournalError(
            f"cannot {doing} {path}: the file is damaged, restore a copy ({error})", path=str(path)
        ) from error
    except apsw.FullError as error:
        raise JournalError(
            f"cannot {doing} {path}: the disk is full ({error})", path=str(path)
        ) from error
    except (apsw.Error, OSError) as error:
        raise JournalError(f"cannot {doing} {path}: {error}", path=str(path)) from error


@functools.cache
def base_vfs() -> str:
    """Register SQLite's page checksums; return the name of the file layer beneath them.

    Returns
    -------
    str
        The file layer that stands on the operating system.

    Raises
    ------
    JournalError
        This build of apsw brings no page checksums.
    """
    base = next(name for name in apsw.vfs_names() if name != CHECKSUMS)
    connection = apsw.Connection(":memory:")
    try:
        apsw.sqlite_extra.load(connection, "cksumvfs")
    except (apsw.sqlite_extra.NotAvailable, apsw.Error) as error:
        raise JournalError(
            "this build of apsw has no page checksums (cksumvfs in apsw.sqlite_extra): install the"
            " wheel of apsw from PyPI"
        ) from error
    finally:
        connection.close()
    apsw.set_default_vfs(base)  # registering made the checksums everybody's default
    return base


def connect(path: Path, *, write: bool = False, immutable: bool = False) -> apsw.Connection:
    """Open an existing journal with its checksums watched.

    Parameters
    ----------
    path
        The journal's file.
    write
        To write as well as to read.
    immutable
        Nobody has it open and nobody will: read it with neither log nor locks.

    Returns
    -------
    apsw.Connection
        To be used by one thread at a time.
    """
    base_vfs()
    flags = apsw.SQLITE_OPEN_READWRITE if write else apsw.SQLITE_OPEN_READONLY
    if immutable:
        name = f"file:{quote(str(path))}?immutable=1"
        connection = apsw.Connection(name, flags | apsw.SQLITE_OPEN_URI, CHECKSUMS)
    else:
        connection = apsw.Connection(str(path), flags, CHECKSUMS)
    try:
        connection.set_busy_timeout(_BUSY_MS)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA mmap_size=0")  # mapped pages would pass by their checksums
        if write:
            connection.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
            connection.execute("PRAGMA wal_autocheckpoint=0")
    except BaseException:
        connection.close()
        raise
    return connection


def make(path: Path, network_checksum: str) -> None:
    """Make a journal: whole, or not at all.

    Parameters
    ----------
    path
        Where no file is yet.
    network_checksum
        The road network it is made on.
    """
    base_vfs()
    made = unfinished(path)
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(str(made), flags, CHECKSUMS)
    try:
        connection.execute(f"PRAGMA page_size={PAGE}")
        reserved = ctypes.c_int(_RESERVED)
        connection.file_control("main", apsw.SQLITE_FCNTL_RESERVE_BYTES, ctypes.addressof(reserved))
        connection.execute("PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA")
        with connection:
            connection.execute(_TABLES)
            created = datetime.now(UTC).isoformat(timespec="microseconds")
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [("network_checksum", network_checksum), ("created", created)],
            )
            connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={FORMAT}")
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
    publish(made, path)


def unfinished(path: Path) -> Path:
    """Where a journal is made until it is whole; what an earlier attempt left there is removed.

    Parameters
    ----------
    path
        What it will be called.

    Returns
    -------
    Path
        Beside it.
    """
    made = path.with_name(path.name + ".new")
    for suffix in ("", "-wal", "-shm", "-journal"):
        made.with_name(made.name + suffix).unlink(missing_ok=True)
    return made


def publish(made: Path, path: Path) -> None:
    """Give a whole journal its name, durably.

    Parameters
    ----------
    made
        The journal, closed.
    path
        Its name, which nothing has.
    """
    _sync(made)
    made.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def select(
    connection: apsw.Connection, sql: str, bindings: tuple[str | int, ...], kind: type[Row]
) -> list[Row]:
    """Read rows at once, and see that they are what they should be.

    Parameters
    ----------
    connection
        An open journal.
    sql
        The query.
    bindings
        Its values.
    kind
        The type of a row: a page that was written in another's place has sound checksums.

    Returns
    -------
    list
        All rows; nothing stays open.
    """
    return msgspec.convert(connection.execute(sql, bindings).fetchall(), list[kind])  # type: ignore[valid-type]  # a type at run time


def read_meta(connection: apsw.Connection, path: Path) -> Meta:
    """Recognise a journal.

    Parameters
    ----------
    connection
        An open database.
    path
        Its file, for messages.

    Returns
    -------
    Meta
        What it says of itself.

    Raises
    ------
    JournalError
        It is something else, or a journal in another format.
    """
    if connection.pragma("application_id") != _APPLICATION_ID:
        raise JournalError(
            f"{path} is a SQLite database but not a journal: give the journal's own file",
            path=str(path),
        )
    version = connection.pragma("user_version")
    if version != FORMAT:
        raise JournalError(
            f"{path} is a journal of format {version}; this program reads format {FORMAT}: use the"
            " program it was written with, or give a new journal file",
            path=str(path),
            format=str(version),
        )
    watched = connection.pragma("checksum_verification") == "1"
    if connection.pragma("page_size") != PAGE or not watched:
        raise JournalError(
            f"{path} is a journal without page checksums: it was rewritten by another program;"
            " restore the original",
            path=str(path),
        )
    rows = dict(select(connection, "SELECT name, value FROM meta", (), tuple[str, str]))
    try:
        return Meta(network_checksum=rows["network_checksum"], created=rows["created"])
    except KeyError as error:
        raise JournalError(f"{path}: its meta table lacks {error}", path=str(path)) from error
