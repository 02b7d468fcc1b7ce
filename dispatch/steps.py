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
    after_s
        What takes no longer is not told of.
    """

    def __init__(self, out: TextIO | None, after_s: float = TOLD_AFTER_S) -> None:
        self._out = out
        self._after_s = after_s

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
        if took_s >= self._after_s:
            self._write(f"{doing}: done after {took_s:.1f} s")

    def _tell(self, doing: str, over: threading.Event) -> None:
        if over.wait(self._after_s):
            return
        self._write(f"{doing} …")
        waited_s = self._after_s
        while not over.wait(TOLD_AGAIN_EVERY_S):
            waited_s += TOLD_AGAIN_EVERY_S
            self._write(f"{doing} … {waited_s:.0f} s so far")

    def _write(self, line: str) -> None:
        if self._out is not None:
            print(line, file=self._out, flush=True)
