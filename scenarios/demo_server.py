"""The service as a process of its own, on loopback, with a journal in the demo's folder."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

READY_WITHIN_S = 60.0
STOPS_WITHIN_S = 15.0
_LOOK_EVERY_S = 0.05
_LOG_LINES = 12


class DemoError(Exception):
    """The demo cannot go on; the message is a plain sentence for whoever started it."""


@dataclass(slots=True)
class Server:
    """``python -m dispatch serve`` in a folder.

    Parameters
    ----------
    folder
        Holds its journal, log and ready file.
    arguments
        Of the ``serve`` command, beside those that are set here.
    """

    folder: Path
    arguments: Sequence[str]
    rate: float
    address: str = ""
    process: asyncio.subprocess.Process | None = field(default=None)

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / "journal.sqlite3"

    @property
    def log(self) -> Path:
        """What the service writes while it runs."""
        return self.folder / "service.log"

    async def start(self, clock_start: datetime) -> None:
        """Start it, at the same address as before when it was started before.

        Raises
        ------
        DemoError
            When it does not get ready.
        """
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "dispatch", "serve"),
                *("--listen", self.address or "127.0.0.1:0"),
                *("--journal", str(self.journal)),
                *("--ready-file", str(ready)),
                *("--clock-rate", str(self.rate)),
                *("--clock-start", clock_start.isoformat()),
                *self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C ends the demo, which then ends the service
            )
        self.address = await self._ready(ready)

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> None:
        """Let it finish, and end it when it takes too long."""
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOPS_WITHIN_S)
        except TimeoutError:
            await self.kill()

    @contextlib.asynccontextmanager
    async def running(self, clock_start: datetime) -> AsyncIterator[None]:
        """Run it for as long as the block takes."""
        try:
            await self.start(clock_start)
            yield
        finally:
            await self.stop()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return "\n".join(f"    {line}" for line in lines[-_LOG_LINES:])

    async def _ready(self, ready: Path) -> str:
        for _ in range(round(READY_WITHIN_S / _LOOK_EVERY_S)):
            if address := _read(ready):
                return address
            if self.process is not None and self.process.returncode is not None:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        raise DemoError(f"the service did not get ready; the end of its log:\n{self.last_words()}")


def _read(ready: Path) -> str:
    return ready.read_text("utf-8").strip() if ready.exists() else ""
