"""Travel times at city scale: exact, beside peers in the same run, and as a city grows.

New York of the 9th DIMACS challenge where the folder of real data has it, a generated town of its
size where not. Peers are called in turns with ours, so that a busy machine hits both; figures are
medians. Progress goes to stderr, the table to stdout, everything to ``--json``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks._options import keep, parser_of
from benchmarks.city import flood, porto
from benchmarks.graphs import Graph, cut, newyork, tiled
from benchmarks.kernel import bare, exact, streets
from benchmarks.kernel.peer import NOT_INSTALLED, Peer, interpreter_with
from benchmarks.kernel.prepared import Kernel, prepare, reload_s

DATA: Final = Path(
    os.environ.get("DISPATCH_DATA", Path(__file__).parents[1].parent / "shared" / "data")
)
SMALL: Final = 14_000
PEER: Final = "pyroutingkit"


@dataclass(frozen=True)
class Target:
    """What a figure has to be at most, or at least.

    ``anywhere`` holds on any graph; the others are of New York, whose rivers make it easier to part
    than the stand-in.
    """

    figure: str
    most: float | None = None
    least: float | None = None
    anywhere: bool = False

    def judge(self, figures: dict[str, Any]) -> dict[str, Any] | None:
        """The figure beside its target; None where it was not measured."""
        value = figures.get(self.figure)
        if not isinstance(value, int | float):
            return None
        met = (self.most is None or value <= self.most) and (
            self.least is None or value >= self.least
        )
        bound = f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}"
        return {"value": value, "target": bound, "met": met}


TARGETS: Final = (
    Target("mismatches", most=0, anywhere=True),
    Target("many_to_one_times_faster_than_scipy", least=10, anywhere=True),
    Target("many_to_one_times_faster_than_pyroutingkit", least=3, anywhere=True),
    Target("matrix_1000_times_faster_than_pyroutingkit", least=3, anywhere=True),
    Target("matrix_200x2000_times_faster_than_pyroutingkit", least=5, anywhere=True),
    Target("prepare_s", most=4),
    Target("reload_s", most=0.5, anywhere=True),
    Target("customize_ms", most=120),
    Target("partial_1000_ms", most=2),
    Target("route_ms", most=1),
    Target("kernel_mb", most=150),
    Target("closure_all_modes_ms", most=10),
    Target("threads_2_speedup", least=1.6, anywhere=True),
    Target("heartbeat_p999_ms", most=20, anywhere=True),
)
"""For New York. Two threads are to be judged on an idle machine with two cores; beside them,
``threads_2_speedup_of_hashing`` tells what the machine gave to any two threads in that run."""


COLUMNS: Final = (
    ("prepare s", "prepare_s"),
    ("customize ms", "customize_ms"),
    ("1000 to 1 ms", "many_to_one_1000_ms"),
    ("200 x 2000 ms", "matrix_200x2000_ms"),
    ("1000 x 1000 ms", "matrix_1000_ms"),
    ("MB", "kernel_mb"),
)
"""What the table tells of each size."""


def tell(step: str) -> None:
    """Progress, for whoever waits."""
    print(step, file=sys.stderr, flush=True)


def measured(kernel: Kernel, peer: Peer | None, *, quick: bool) -> dict[str, Any]:
    """The figures that every size has."""
    bare.warm(kernel)
    rounds = 7 if quick else 31
    tell(f"{kernel.graph.node_count} nodes: many to one")
    figures = bare.size(kernel) | bare.many_to_one(kernel, peer, rounds, with_scipy=True)
    tell(f"{kernel.graph.node_count} nodes: matrices")
    figures |= bare.matrices(kernel, peer, 3 if quick else 9, with_scipy=True)
    tell(f"{kernel.graph.node_count} nodes: weights and paths")
    figures |= bare.weights(kernel, peer, 3 if quick else 9)
    figures |= bare.paths(kernel, peer, 1 if quick else 5)
    return figures | ratios(figures)


def ratios(figures: dict[str, Any]) -> dict[str, float]:
    """How many times faster ours is, where a peer was measured."""
    pairs = {
        "many_to_one_times_faster_than_scipy": ("scipy_ms", "many_to_one_1000_ms"),
        f"many_to_one_times_faster_than_{PEER}": (f"{PEER}_ms", "many_to_one_1000_ms"),
        f"matrix_1000_times_faster_than_{PEER}": (f"matrix_1000_{PEER}_ms", "matrix_1000_ms"),
        f"matrix_200x2000_times_faster_than_{PEER}": (
            f"matrix_200x2000_{PEER}_ms",
            "matrix_200x2000_ms",
        ),
    }
    return {
        name: figures[theirs] / figures[ours]
        for name, (theirs, ours) in pairs.items()
        if theirs in figures
    }


def new_york(kernel: Kernel, python: Path | None, *, quick: bool) -> dict[str, Any]:
    """Everything on the one graph of a city's size."""
    with ExitStack() as stack:
        peer = None
        if python is not None:
            tell(f"New York: {PEER} prepares")
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            peer = stack.enter_context(Peer(python, kernel.graph, folder))
        figures = measured(kernel, peer, quick=quick)
        figures[PEER] = NOT_INSTALLED if peer is None else peer.ready
    figures |= exact.mismatches(kernel, tell, quick=quick)
    tell("New York: threads, reload")
    figures |= bare.threads(kernel, 3 if quick else 9) | {"reload_s": reload_s(kernel)}
    return figures


def growth(graph: Graph, whole: dict[str, Any], *, quick: bool) -> dict[str, Any]:
    """A piece of the city, the city, and four of it."""
    small = measured(prepare(cut(graph, SMALL)), None, quick=quick)
    large: dict[str, Any] | str = "left out by --quick"
    if not quick:
        tell("four cities: preparing")
        large = measured(prepare(tiled(graph, 2)), None, quick=True)
    keys = [key for key in small if key in whole]
    return {"small": small, "city": {key: whole[key] for key in keys}, "four_cities": large}


def measure(python: Path | None, *, quick: bool) -> dict[str, Any]:
    """All figures, each part under its own name."""
    tell("New York: reading and preparing")
    graph = newyork()
    kernel = prepare(graph)
    figures = new_york(kernel, python, quick=quick)
    tell("streets: making a network")
    network, prepared = streets.network_of(graph, tell)
    figures |= streets.measure(network, prepared, tell, 100 if quick else 500)
    figures["load_average"] = os.getloadavg()
    found: dict[str, Any] = {"newyork": figures, "growth": growth(graph, figures, quick=quick)}
    pbf = DATA / "porto" / "porto.osm.pbf"
    found["porto"] = porto.measure(pbf, tell, quick=quick) if pbf.exists() else f"no {pbf.name}"
    found["flood"] = "left out by --quick" if quick else flood.measure(network, prepared, tell)
    targets = [target for target in TARGETS if target.anywhere or graph.source.startswith("DIMACS")]
    judged = {target.figure: target.judge(figures) for target in targets}
    found["targets"] = {name: verdict for name, verdict in judged.items() if verdict is not None}
    return found


def report(found: dict[str, Any]) -> None:
    """The table on stdout."""
    print(f"{found['newyork']['source']}: {found['newyork']['nodes']:,} nodes")
    for name, verdict in found["targets"].items():
        mark = "met" if verdict["met"] else "NOT MET"
        print(f"{name:48} {verdict['value']:12.3f}   {verdict['target']:>8}   {mark}")
    for name, row in found["growth"].items():
        if isinstance(row, str):
            print(f"{name}: {row}")
            continue
        columns = ", ".join(f"{label} {row[key]:.4g}" for label, key in COLUMNS)
        print(f"{name}: {row['nodes']:,} nodes, {columns}")
    for name in ("porto", "flood"):
        part = found[name]
        print(f"{name}: {part if isinstance(part, str) else 'met' if part['met'] else 'NOT MET'}")


def main() -> None:
    """Measure and print; ``--json FILE`` keeps the figures."""
    parser = parser_of(__doc__, quick="fewer rounds, no large graph")
    parser.add_argument(
        "--peer-python", type=Path, metavar="PYTHON", help=f"interpreter that has {PEER}"
    )
    options = parser.parse_args()
    found = measure(interpreter_with(PEER, options.peer_python), quick=options.quick)
    report(found)
    keep(found, options.json)


if __name__ == "__main__":
    main()
