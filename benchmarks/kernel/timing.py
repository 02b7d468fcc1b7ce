"""Milliseconds, megabytes and heartbeats."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

Tell = Callable[[str], None]


def took_ms(call: Callable[..., object], *arguments: object) -> float:
    """Milliseconds that one call takes."""
    began = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - began) * 1000


@dataclass
class Rounds:
    """Milliseconds by name; rivals are called in turns, so that a busy machine hits them all."""

    taken: dict[str, list[float]] = field(default_factory=dict)

    def time(self, name: str, call: Callable[..., object], *arguments: object) -> None:
        """Call and note how long it took."""
        self.note(name, took_ms(call, *arguments))

    def note(self, name: str, ms: float) -> None:
        self.taken.setdefault(name, []).append(ms)

    def medians(self) -> dict[str, float]:
        return {name: statistics.median(values) for name, values in self.taken.items()}


@contextmanager
def heartbeat() -> Iterator[list[float]]:
    """Have another thread sleep 1 ms over and over; gives by how many ms it woke up late."""
    late: list[float] = []
    stop = threading.Event()

    def beat() -> None:
        while not stop.is_set():
            late.append(took_ms(time.sleep, 0.001) - 1)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield late
    finally:
        stop.set()
        thread.join()


def quantile(values: list[float], part: float) -> float:
    """The value that ``part`` of all are below."""
    return float(np.quantile(values, part))
