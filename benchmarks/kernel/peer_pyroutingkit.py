"""The other side of ``peer.Peer``: a script for an interpreter that has numpy and pyroutingkit."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyroutingkit  # type: ignore[import-not-found] # it is in the peer's own interpreter


def main() -> None:
    """Build, then answer line by line until the input ends."""
    folder = Path(sys.argv[1])

    def load(name: str, dtype: type = np.uint32) -> Any:  # noqa: ANN401 - an array of any shape
        return np.load(folder / f"{name}.npy").astype(dtype)

    points, tail, head, ms = load("points", np.float32), load("tail"), load("head"), load("ms")
    lat, lon = np.ascontiguousarray(points[:, 1]), np.ascontiguousarray(points[:, 0])
    topology = pyroutingkit.CCHTopology()
    _, prepare_ms = timed(topology.build, tail, head, lat, lon, len(points))
    metric = pyroutingkit.CCHMetric(topology)
    _, customize_ms = timed(metric.customize, ms, 1)
    say({"prepare_s": prepare_ms / 1000, "customize_ms": customize_ms})
    for line in sys.stdin:
        what = line.strip()
        if what == "customize":
            _, taken = timed(metric.customize, ms, 1)
        elif what == "update":
            _, taken = timed(metric.update_weights, load("arcs"), load("arcs_ms"))
        elif what == "path":
            pairs = load("pairs").tolist()
            taken = sum(timed(metric.query, *pair)[1] for pair in pairs) / len(pairs)
        else:
            places = load("sources"), load("targets")
            answer, taken = timed(metric.distances_many_to_many, *places)
            np.save(folder / "answer.npy", answer)
        say({"ms": taken})


def timed(call: Callable[..., Any], *arguments: object) -> tuple[Any, float]:
    """What one call gives, and how many milliseconds it takes."""
    began = time.perf_counter()
    answer = call(*arguments)
    return answer, (time.perf_counter() - began) * 1000


def say(answer: dict[str, float]) -> None:
    """Answer with one line."""
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
