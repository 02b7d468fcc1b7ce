"""Connections that read a journal beside its writer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw

from dispatch.errors import JournalError
from dispatch.journal.database import (
    connect,
)


class Readers:
    """Connections that read, each lent to one thread for one statement."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._idle: list[apsw.Connection] = []
        self._closed = False

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[apsw.Connection]:
        """Lend a connection; as many are open as threads have read at once."""
        with self._turn:
            if self._closed:
                raise JournalError(f"{self._path} is closed", path=str(self._path))
            connection = self._idle.pop() if self._idle else None
        connection = connection or connect(self._path)
        try:
            yield connection
        finally:
            self._take_back(connection)

    def _take_back(self, connection: apsw.Connection) -> None:
        with self._turn:
            self._idle.append(connection)
            if self._closed:
                self._close_idle()

    def close(self) -> None:
        """Close what is idle; what is lent closes when it comes back."""
        with self._turn:
            self._closed = True
            self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()
