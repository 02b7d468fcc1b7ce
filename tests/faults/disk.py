# ruff: noqa: N802  (the names are SQLite's)
"""A disk whose power can be cut: what was not synced survives in part, or not.

It stands where the operating system stands, beneath SQLite and beneath its page checksums. All
files are real ones, so that reading, locks and shared memory are SQLite's own; beside them the disk
remembers what a sync has made durable, and what has been written since. When the power is cut every
512-byte sector of that may have reached the platter, or not, in any order.

It must be there before the journal first opens a file, in a process of its own: :func:`alone`.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import random
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from dispatch.journal.database import base_vfs

SECTOR = 512
T = TypeVar("T")


class PowerCutError(apsw.IOError):
    """The power is off."""


class _File:
    """What the platter holds of a file, and what it may hold."""

    def __init__(self, content: bytes | None, earlier: bytes | None = None) -> None:
        self.named = content is not None  # its name is in the directory for certain
        self.durable = bytearray(content or b"")
        self.since: list[tuple[int, bytes | None]] = []  # (offset, data), or (size, None)
        self.earlier = earlier  # what its name may still stand for
        self.deleted = False

    def sync(self) -> None:
        for offset, data in self.since:
            _apply(self.durable, offset, data)
        self.since.clear()
        self.named, self.earlier = True, None

    def survivor(self, rng: random.Random) -> bytes | None:
        """What is found when the power is back, or None when there is no such file."""
        if self.deleted:
            return rng.choice([None, bytes(self.durable)])
        if not self.named and rng.random() < 0.5:
            return self.earlier
        image = bytearray(self.durable)
        odds = rng.choice([0.0, 0.05, 0.5, 0.95, 1.0])
        for offset, data in self.since:
            if data is None:
                if rng.random() < odds:
                    _apply(image, offset, None)
                continue
            at = offset
            while at < offset + len(data):
                end = min(at // SECTOR * SECTOR + SECTOR, offset + len(data))
                if rng.random() < odds:
                    _apply(image, at, data[at - offset : end - offset])
                at = end
        return bytes(image)


def _apply(image: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del image[offset:]
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


class Disk:
    """All files under one directory.

    Attributes
    ----------
    before
        Called with each operation's name and path; what it raises fails the operation.
    """

    def __init__(self) -> None:
        self.before: Callable[[str, str], None] = lambda operation, path: None
        self._files: dict[str, _File] = {}
        self._lock = threading.RLock()
        self._until_cut = -1
        self._rng = random.Random()
        self.survivors: dict[str, bytes] | None = None

    def load(self, *paths: Path) -> None:
        """Take files as they are, durable; forget all others."""
        self.survivors = None
        self._until_cut = -1
        self._files = {str(path): _File(path.read_bytes()) for path in paths if path.exists()}

    def cut_after(self, operations: int, rng: random.Random) -> None:
        self._until_cut, self._rng = operations, rng

    @property
    def off(self) -> bool:
        return self.survivors is not None

    def durable(self, path: str) -> bytes | None:
        """What the platter holds of a file for certain; None when not even its name."""
        file = self._files[path]
        return bytes(file.durable) if file.named else None

    def do(self, operation: str, path: str, *how: Any) -> None:
        """Take an operation on a file; the power may go before it ends."""
        with self._lock:
            if self.off:
                raise PowerCutError("the power is off")
            self.before(operation, path)
            if operation in {"write", "truncate"}:
                self._files[path].since.append(how if operation == "write" else (how[0], None))
            self._until_cut -= 1
            if self._until_cut == 0:
                found = {p: file.survivor(self._rng) for p, file in self._files.items()}
                self.survivors = {p: image for p, image in found.items() if image is not None}
                raise PowerCutError("the power is off")
            if operation == "sync":
                self._files[path].sync()
            elif operation == "delete" and how[0]:
                self._files.pop(path, None)
            elif operation == "delete" and path in self._files:
                self._files[path].deleted = True

    def opened(self, path: str) -> None:
        with self._lock:
            if self.off:
                raise PowerCutError("the power is off")
            known = self._files.get(path)
            if known is None:
                self._files[path] = _File(None)
            elif known.deleted:
                self._files[path] = _File(None, earlier=bytes(known.durable))


class _DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._readonly = bool(flags[0] & apsw.SQLITE_OPEN_READONLY)
        disk.opened(self._path)
        super().__init__("unix", name, flags)

    def excepthook(self, *_: Any) -> None:
        """SQLite is told already."""

    def xLock(self, level: int) -> None:
        # The system refuses it, which SQLite expects; a layer in Python may only say "busy".
        if self._readonly and level > apsw.SQLITE_LOCK_SHARED:
            raise apsw.BusyError
        super().xLock(level)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.do("write", self._path, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.do("truncate", self._path, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.do("sync", self._path)  # nothing real is at stake: no real sync


class _DiskVFS(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        super().__init__("disk", "unix", makedefault=True)

    def excepthook(self, *_: Any) -> None:
        """SQLite is told already."""

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _DiskFile(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.disk.do("delete", filename, syncdir)
        with contextlib.suppress(FileNotFoundError):
            super().xDelete(filename, syncdir)


@functools.cache
def _layer() -> _DiskVFS:
    return _DiskVFS(Disk())


def installed() -> Disk:
    """The one disk of this process."""
    disk = _layer().disk
    assert base_vfs() == "disk", "the journal has opened files before"
    return disk


def alone(function: Callable[..., T], *args: Any) -> T:
    """Call a function in a new process, so that it can put its disk under the journal."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args).result(timeout=600)
