"""Peers: other people's kernels, each in a process and, if need be, an interpreter of its own.

A peer reads the graph's arrays from files and answers a line with a line of JSON. What it measures
is the call alone, not the way to it and back.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.graphs import Graph

NOT_INSTALLED = "not installed"


def interpreter_with(module: str, chosen: Path | None) -> Path | None:
    """The interpreter that has a module: the chosen one, or this one; None if it has not."""
    if chosen is None:
        return Path(sys.executable) if importlib.util.find_spec(module) else None
    found = subprocess.run([chosen, "-c", f"import {module}"], capture_output=True, check=False)
    return chosen if found.returncode == 0 else None


class Peer:
    """pyroutingkit on one graph; one thread, as ours has."""

    def __init__(self, python: Path, graph: Graph, folder: Path) -> None:
        self._folder = folder
        for name in ("points", "tail", "head", "ms"):
            np.save(folder / f"{name}.npy", getattr(graph, name))
        script = Path(__file__).with_name("peer_pyroutingkit.py")
        self._process = subprocess.Popen(
            [python, script, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self.ready = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def ask(self, what: str, **arrays: NDArray[Any]) -> dict[str, Any]:
        """Hand some arrays over and have the peer measure one call."""
        for name, array in arrays.items():
            np.save(self._folder / f"{name}.npy", array)
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._answer()

    def table(self) -> NDArray[np.uint32]:
        """What the last question for times gave."""
        table: NDArray[np.uint32] = np.load(self._folder / "answer.npy")
        return table

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peer ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer
