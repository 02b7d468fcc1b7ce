"""Whether the hierarchy answers as scipy does, on roads as they are and as they change."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.kernel.prepared import Kernel, changed
from benchmarks.kernel.questions import Questions
from benchmarks.kernel.timing import Tell
from roadnets.kernel.customize import update
from roadnets.kernel.metric import Metric
from roadnets.searches.hierarchy_search import HierarchySearch
from roadnets.searches.scipy_search import ScipySearch
from roadnets.searches.search import NO_WAY_MS, Search, Seeds

ORIGINS: Final = 200
TARGETS: Final = 500
CHANGES: Final = 50
_CHECKS: Final = 5
_PATHS: Final = 200


def mismatches(kernel: Kernel, tell: Tell, *, quick: bool) -> dict[str, Any]:
    """Compare with scipy; every count is of answers that differ, so 0 where all is well.

    Parameters
    ----------
    kernel
        The hierarchy on a graph.
    tell
        Told each step.
    quick
        After the changes, a tenth of the questions.
    """
    draw = Questions(kernel.graph, seed=4)
    tell(f"exactness: {ORIGINS} searches of scipy")
    origins, targets = (
        Seeds.at_nodes(draw.anywhere(ORIGINS)),
        Seeds.at_nodes(draw.anywhere(TARGETS)),
    )
    truth = _oracle(kernel, kernel.graph.ms).times(origins, targets)
    search = kernel.search
    single = np.concatenate([search.times(_one(origins, i), targets) for i in range(ORIGINS)])
    found = {
        "one_to_many": int((single != truth).sum()),
        "matrix": int((search.times(origins, targets) != truth).sum()),
        "many_to_one": int(
            (search.times(targets, origins)[:, :1] != _back(kernel, targets, origins)).sum()
        ),
        "paths": _wrong_paths(kernel, search, kernel.graph.ms, draw),
        **_after_changes(kernel, draw, tell, 20 if quick else ORIGINS),
    }
    return {
        "mismatches": sum(found.values()),
        "mismatches_by_kind": found,
        "compared": {"one_to_many": ORIGINS, "entries": truth.size, "changes": CHANGES},
    }


def _oracle(kernel: Kernel, ms: NDArray[np.int32]) -> ScipySearch:
    graph = kernel.graph
    return ScipySearch(graph.node_count, graph.tail, graph.head, ms)


def _back(kernel: Kernel, targets: Seeds, origins: Seeds) -> NDArray[np.int32]:
    return _oracle(kernel, kernel.graph.ms).times(targets, _one(origins, 0))


def _one(places: Seeds, place: int) -> Seeds:
    return Seeds.at_nodes(places.node[place : place + 1])


def _after_changes(kernel: Kernel, draw: Questions, tell: Tell, origins: int) -> dict[str, int]:
    """Close, slow down and open arcs, one after another; compare every so often and at the end."""
    rng = np.random.default_rng(5)
    metric = Metric(kernel.metric.up_ms.copy(), kernel.metric.down_ms.copy())
    ms, wrong, wrong_paths = kernel.graph.ms, 0, 0
    touched = np.empty(0, np.int64)
    for number in range(CHANGES):
        arcs = rng.integers(0, len(ms), int(rng.integers(1, 300)))
        if number % 3 == 2:  # what was closed or slow opens again
            arcs = rng.choice(touched, len(touched) // 2, replace=False)
            new_ms = kernel.graph.ms[arcs]
        else:
            new_ms = kernel.graph.ms[arcs] * 3 if number % 3 else np.full_like(arcs, NO_WAY_MS)
        ms = changed(ms, arcs, new_ms.astype(np.int32))
        update(kernel.topology, metric, ms, arcs)
        touched = np.union1d(touched, arcs)
        if (number + 1) % (CHANGES // _CHECKS) == 0:
            tell(f"exactness: {number + 1} changes")
            search = HierarchySearch(kernel.topology, metric, ms)
            wrong += _wrong_times(kernel, search, ms, draw, origins // _CHECKS)
            wrong_paths += _wrong_paths(kernel, search, ms, draw)
    return {"after_changes": wrong, "paths_after_changes": wrong_paths}


def _wrong_times(
    kernel: Kernel, search: Search, ms: NDArray[np.int32], draw: Questions, count: int
) -> int:
    origins, targets = Seeds.at_nodes(draw.anywhere(count)), Seeds.at_nodes(draw.anywhere(TARGETS))
    truth = _oracle(kernel, ms).times(origins, targets)
    return int((search.times(origins, targets) != truth).sum())


def _wrong_paths(kernel: Kernel, search: Search, ms: NDArray[np.int32], draw: Questions) -> int:
    """Paths whose arcs do not meet, or do not take the time that the table gives."""
    wrong = 0
    for begin, end in draw.anywhere(2 * _PATHS).reshape(-1, 2).tolist():
        origin, target = Seeds.at_nodes([begin]), Seeds.at_nodes([end])
        path, time = search.path(origin, target), int(search.times(origin, target)[0, 0])
        if path is None:
            wrong += time != NO_WAY_MS
            continue
        nodes = np.concatenate(([path.first], kernel.graph.head[path.arcs]))
        meets = np.array_equal(kernel.graph.tail[path.arcs], nodes[:-1])
        ends = nodes[0] == begin and nodes[-1] == end
        took = int(ms[path.arcs].sum(dtype=np.int64))
        wrong += not (meets and ends and took == path.ms == time)
    return wrong
