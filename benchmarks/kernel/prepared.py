"""The kernel on one graph, made with a stopwatch."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.graphs import Graph
from roadnets import tensorfile
from roadnets.kernel.build import build_topology, topology_from_arrays
from roadnets.kernel.customize import customize
from roadnets.kernel.metric import Metric
from roadnets.kernel.order import nested_dissection
from roadnets.kernel.topology import Topology
from roadnets.searches.hierarchy_search import HierarchySearch


@dataclass(frozen=True, eq=False)
class Kernel:
    """A graph with its hierarchy and weights."""

    graph: Graph
    topology: Topology
    metric: Metric
    prepare_s: float

    @property
    def search(self) -> HierarchySearch:
        return HierarchySearch(self.topology, self.metric, self.graph.ms)

    @property
    def megabytes(self) -> float:
        """What the hierarchy and one set of weights take."""
        arrays = [*self.topology.arrays().values(), *self.metric, self.graph.ms]
        return sum(array.nbytes for array in arrays) / 1e6


def prepare(graph: Graph) -> Kernel:
    """Order and contract a graph, and bring its weights on."""
    began = time.perf_counter()
    rank = nested_dissection(graph.node_count, graph.tail, graph.head)
    topology = build_topology(rank, graph.tail, graph.head)
    prepare_s = time.perf_counter() - began
    return Kernel(graph, topology, customize(topology, graph.ms), prepare_s)


def reload_s(kernel: Kernel) -> float:
    """Seconds to read the hierarchy from one file, check it, and bring weights on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hierarchy"
        tensorfile.write(path, kernel.topology.arrays(), "benchmark")
        began = time.perf_counter()
        file = tensorfile.read(path)
        arrays = {name: file.view(name) for name in file.names}
        customize(topology_from_arrays(arrays), kernel.graph.ms)
        return time.perf_counter() - began


def changed(
    ms: NDArray[np.int32], arcs: NDArray[np.integer], new_ms: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The weights with those of some arcs replaced."""
    copy = ms.copy()
    copy[arcs] = new_ms
    return copy
