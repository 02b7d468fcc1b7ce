"""The log of a journal copied into its database, in the background."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import apsw

from dispatch.errors import JournalError
from dispatch.journal.database import (
    connect,
    journal_errors,
)


class Checkpointer:
    """Copies the log into the database beside the writer, who need not wait for it.

    Parameters
    ----------
    path
        The journal's file.
    failed
        Told when a copy fails: the log is then the one good copy, and must not be begun anew.
    """

    def __init__(self, path: Path, failed: Callable[[str], None]) -> None:
        self._path = path
        self._failed = failed
        self._connection = connect(path, write=True)
        self._turn = threading.Lock()
        self._wanted = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="journal-checkpoint", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Copy in the background."""
        self._wanted.set()

    def run(self) -> None:
        """Copy now, after the copy under way if there is one."""
        try:
            with (
                self._turn,
                journal_errors(self._path, "checkpoint"),
                contextlib.suppress(apsw.BusyError),  # another program copies just now
            ):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except JournalError as error:
            self._failed(str(error))

    def close(self) -> None:
        """Finish the copy under way."""
        self._closing = True
        self._wanted.set()
        self._thread.join()
        self._connection.close()

    def _loop(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._closing:
                return
            self.run()
