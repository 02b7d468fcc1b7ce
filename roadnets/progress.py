"""Long steps told to whoever waits: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from roadnets.imports.streets import Tell


@contextmanager
def progress(console: Console) -> Iterator[Tell]:
    """Show steps on a console as they begin, with the time that each took."""
    if not console.is_terminal:
        yield from _plain(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as live:
        current: TaskID | None = None

        def tell(step: str) -> None:
            nonlocal current
            if current is not None:
                live.update(current, total=1, completed=1)
                live.stop_task(current)
            current = live.add_task(step, total=None)

        yield tell
        if current is not None:
            live.update(current, total=1, completed=1)


def _plain(console: Console) -> Iterator[Tell]:
    began = time.monotonic()

    def tell(step: str) -> None:
        console.print(f"[{time.monotonic() - began:5.1f} s] {step}", markup=False, highlight=False)

    yield tell
