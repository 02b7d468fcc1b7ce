"""``python -m dispatch`` as a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.dispatch.service.desks import city

ROOT = Path(__file__).parents[2]


@dataclass
class Service:
    """A running service and what it has written."""

    process: subprocess.Popen
    address: str
    folder: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text("utf-8")

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text("utf-8")


def options(folder: Path) -> list[str]:
    files = city(folder)
    named = [text for name, path in files.items() for text in (f"--{name}", str(path))]
    return [*named, "--journal", str(folder / "journal.sqlite3")]


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """A command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "dispatch", *map(str, arguments)],
        cwd=ROOT,
        check=False,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@contextlib.contextmanager
def serve(folder: Path, *arguments: str, listen: str = "127.0.0.1:0") -> Iterator[Service]:
    """A service on the small city, killed at the end if it still runs."""
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "dispatch", "serve", *options(folder), "--listen", listen]
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready), *arguments], cwd=ROOT, stdout=out, stderr=err
        )
    try:
        yield Service(process, _address(process, ready, folder), folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _address(process: subprocess.Popen, ready: Path, folder: Path) -> str:
    for _ in range(1200):
        if ready.exists():
            return ready.read_text("utf-8").strip()
        if process.poll() is not None:
            break
        time.sleep(0.025)
    raise AssertionError((folder / "err").read_text("utf-8"))
