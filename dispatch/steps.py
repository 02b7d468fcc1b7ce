"""Steps of a start: whoever waits for more than two seconds is told for what."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TextIO

TOLD_AFTER_S = 2.0
TOLD_AGAIN_EVERY_S = 10.0


class Steps:
    """Tells of steps that take long.

    Parameters
    ----------
    out
        Where to; None: nowhere.
    """

    def __init__(self, out: TextIO | None) -> None:
        self._out = out

    @contextlib.contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """One step, e.g. ``reading the road network``."""
        began, over = time.monotonic(), threading.Event()
        teller = threading.Thread(target=self._tell, args=(doing, over), daemon=True)
        if self._out is not None:
            teller.start()
        try:
            yield
        finally:
            over.set()
            if self._out is not None:
                teller.join()
        took_s = time.monotonic() - began
        if took_s >= TOLD_AFTER_S:
            self._write(f"{doing}: done after {took_s:.1f} s")

    def _tell(self, doing: str, over: threading.Event) -> None:
        if over.wait(TOLD_AFTER_S):
            return
        self._write(f"{doing} …")
        waited_s = TOLD_AFTER_S
        while not over.wait(TOLD_AGAIN_EVERY_S):
            waited_s += TOLD_AGAIN_EVERY_S
            self._write(f"{doing} … {waited_s:.0f} s so far")

    def _write(self, line: str) -> None:
        if self._out is not None:
            print(line, file=self._out, flush=True)
