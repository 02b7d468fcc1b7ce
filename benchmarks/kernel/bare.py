"""How fast the kernel is on one bare graph, with peers in the same rounds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np

from benchmarks.graphs import near_arcs
from benchmarks.kernel.peer import Peer
from benchmarks.kernel.prepared import Kernel, changed
from benchmarks.kernel.questions import Question, Questions
from benchmarks.kernel.timing import Rounds, heartbeat, quantile, took_ms
from roadnets.kernel.customize import customize, update
from roadnets.kernel.metric import Metric
from roadnets.searches.hierarchy_search import HierarchySearch
from roadnets.searches.scipy_search import ScipySearch
from roadnets.searches.search import Seeds

SOURCES: Final = 1000
_SCIPY_ROWS: Final = 10
_PAIRS: Final = 100
_HASHED_BYTES: Final = 100_000_000


def many_to_one(
    kernel: Kernel, peer: Peer | None, rounds: int, *, with_scipy: bool
) -> dict[str, float]:
    """1000 units to one incident, another in each round; medians, milliseconds."""
    graph, search, draw, taken = kernel.graph, kernel.search, Questions(kernel.graph, 6), Rounds()
    scipy = ScipySearch(graph.node_count, graph.tail, graph.head, graph.ms) if with_scipy else None
    for _ in range(rounds):
        for suffix, question in (
            ("", draw.uniform(SOURCES)),
            ("_clustered", draw.clustered(SOURCES)),
        ):
            sources, target = Seeds.at_nodes(question.sources), Seeds.at_nodes(question.target)
            taken.time("many_to_one_1000" + suffix, search.times, sources, target)
            if scipy is not None:
                taken.time("scipy" + suffix, scipy.times, sources, target)
            if peer is not None:
                taken.note("pyroutingkit" + suffix, _asked(peer, question))
    return {f"{name}_ms": ms for name, ms in taken.medians().items()}


def _asked(peer: Peer, question: Question) -> float:
    answer = peer.ask("times", sources=question.sources, targets=question.target)
    return float(answer["ms"])


def matrices(
    kernel: Kernel, peer: Peer | None, rounds: int, *, with_scipy: bool
) -> dict[str, float]:
    """Tables of 200 x 2000 and 1000 x 1000; medians, milliseconds."""
    graph, search, draw, taken = kernel.graph, kernel.search, Questions(kernel.graph, 7), Rounds()
    figures: dict[str, float] = {}
    for name, few, many in (("matrix_200x2000", 200, 2000), ("matrix_1000", 1000, 1000)):
        for _ in range(rounds):
            question = Question(draw.anywhere(few), draw.anywhere(many))
            sources, targets = Seeds.at_nodes(question.sources), Seeds.at_nodes(question.target)
            taken.time(name, search.times, sources, targets)
            if peer is not None:
                taken.note(f"{name}_pyroutingkit", _asked(peer, question))
                differ = peer.table() != search.times(sources, targets)
                figures[f"{name}_pyroutingkit_differs"] = int(differ.sum())
        if with_scipy:
            scipy = ScipySearch(graph.node_count, graph.tail, graph.head, graph.ms)
            rows = Seeds.at_nodes(draw.anywhere(_SCIPY_ROWS))
            targets = Seeds.at_nodes(draw.anywhere(many))
            ten_ms = took_ms(scipy.times, rows, targets)
            figures[f"{name}_scipy_by_{_SCIPY_ROWS}_rows_ms"] = ten_ms * few / _SCIPY_ROWS
    return {f"{name}_ms": ms for name, ms in taken.medians().items()} | figures


def weights(kernel: Kernel, peer: Peer | None, rounds: int) -> dict[str, float]:
    """New weights for all arcs, and for 1000 near each other; medians, milliseconds."""
    graph, topology, draw, taken = (
        kernel.graph,
        kernel.topology,
        Questions(kernel.graph, 8),
        Rounds(),
    )
    metric = Metric(kernel.metric.up_ms.copy(), kernel.metric.down_ms.copy())
    for _ in range(rounds):
        taken.time("customize", customize, topology, graph.ms)
        arcs = near_arcs(graph, int(draw.anywhere(1)[0]), SOURCES)
        slow = changed(graph.ms, arcs, graph.ms[arcs] * 3)
        taken.time("partial_1000", update, topology, metric, slow, arcs)
        taken.time("partial_1000", update, topology, metric, graph.ms, arcs)
        if peer is not None:
            taken.note("customize_pyroutingkit", float(peer.ask("customize")["ms"]))
            for ms in (slow, graph.ms):
                answer = peer.ask("update", arcs=arcs, arcs_ms=ms[arcs])
                taken.note("partial_1000_pyroutingkit", float(answer["ms"]))
    return {f"{name}_ms": ms for name, ms in taken.medians().items()}


def paths(kernel: Kernel, peer: Peer | None, rounds: int) -> dict[str, float]:
    """One path, to its arcs, and other ways besides; medians, milliseconds."""
    search, draw, taken = kernel.search, Questions(kernel.graph, 9), Rounds()
    for _ in range(rounds):
        pairs = draw.anywhere(2 * _PAIRS).reshape(-1, 2)
        places = [(Seeds.at_nodes([a]), Seeds.at_nodes([b])) for a, b in pairs.tolist()]
        for ends in places:
            taken.time("path", search.path, *ends)
        for ends in places[:5]:
            taken.time("alternatives", search.alternatives, *ends, 2)
        if peer is not None:
            taken.note("path_pyroutingkit", float(peer.ask("path", pairs=pairs)["ms"]))
    return {f"{name}_ms": ms for name, ms in taken.medians().items()}


def threads(kernel: Kernel, rounds: int) -> dict[str, float]:
    """Two threads that ask for tables at once, against one that asks twice; and a heartbeat.

    A machine that is busy with other work has no two processors to give. So hashing, which holds no
    lock of Python's either, is the yardstick of what could be gained at that time.
    """
    search, draw = kernel.search, Questions(kernel.graph, 10)
    ends = Seeds.at_nodes(draw.anywhere(1000)), Seeds.at_nodes(draw.anywhere(1000))
    block = bytes(_HASHED_BYTES)
    gains: dict[str, list[float]] = {"ours": [], "hashing": []}
    with ThreadPoolExecutor(2) as pool:
        for _ in range(rounds):
            gains["hashing"].append(_gain(pool, hashlib.sha256, block))
            gains["ours"].append(_gain(pool, search.times, *ends))
    speedup, yardstick = (float(np.median(gains[name])) for name in ("ours", "hashing"))
    one, far = Seeds.at_nodes(draw.anywhere(1)), ends[0]
    with heartbeat() as late:
        for _ in range(4 * rounds):
            search.times(*ends)
            search.times(far, one)
            search.path(one, Seeds.at_nodes(draw.anywhere(1)))
    return {
        "threads_2_speedup": speedup,
        "threads_2_speedup_of_hashing": yardstick,
        "threads_2_to_hashing": speedup / yardstick,
        "heartbeat_p999_ms": quantile(late, 0.999),
    }


def _gain(pool: ThreadPoolExecutor, call: Callable[..., object], *arguments: object) -> float:
    """How many times faster two threads are done than one."""
    alone = took_ms(lambda: [call(*arguments) for _ in range(2)])
    both = took_ms(lambda: list(pool.map(lambda _: call(*arguments), range(2))))
    return alone / both


def size(kernel: Kernel) -> dict[str, Any]:
    """What it is, and what it takes."""
    graph = kernel.graph
    return {
        "source": graph.source,
        "nodes": graph.node_count,
        "arcs": graph.arc_count,
        "slots": kernel.topology.slot_count,
        "prepare_s": kernel.prepare_s,
        "kernel_mb": kernel.megabytes,
    }


def warm(kernel: Kernel) -> HierarchySearch:
    """Ask everything once, so that memory has been touched before anything is timed."""
    search, draw = kernel.search, Questions(kernel.graph, 11)
    places = Seeds.at_nodes(draw.anywhere(20))
    search.times(places, places)
    search.to_all(places)
    search.path(Seeds.at_nodes(draw.anywhere(1)), Seeds.at_nodes(draw.anywhere(1)))
    return search
