"""Lock: one writer a journal, across processes, released by the kernel even on ``kill -9``.

It is held on a file of its own, ``<journal>.lock``: any descriptor of the database itself that this
process closed would drop SQLite's own locks on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

from dispatch.errors import JournalError


class WriterLock:
    """The writer's lock on one journal, held until released.

    Parameters
    ----------
    path
        The journal's file; the lock's own file stands beside it and stays there.

    Raises
    ------
    JournalError
        Another writer holds it, or the lock's file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".lock")
        try:
            # The descriptor is not inherited by programs this one starts (PEP 446).
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise JournalError(
                f"cannot make {self.path}: {error.strerror}; the journal's directory must be"
                " writable by the server",
                path=str(path),
            ) from error
        try:
            # flock, not lockf: a second writer inside this process is refused as well.
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._read()
            os.close(self._fd)
            raise JournalError(
                f"{path} has a writer already: {holder or 'another process'}; a journal has one"
                " writer: stop that one first, or give this one a journal of its own",
                path=str(path),
                holder=holder,
            ) from error
        self._write(f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")

    def release(self) -> None:
        """Let the next writer in; harmless when called again."""
        if self._fd >= 0:
            self._write("")
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> str:
        with contextlib.suppress(OSError):
            return os.pread(self._fd, 200, 0).decode(errors="replace").strip()
        return ""

    def _write(self, text: str) -> None:
        # Who holds it is a courtesy to the next reader: a full disk must not refuse the lock.
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, text.encode(), 0)
