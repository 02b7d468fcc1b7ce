"""New York of the 9th DIMACS challenge, made directed; where it is absent, a stand-in of its size.

The challenge's graph is undirected. 15 % of its streets become one-way by seeded chance, each
direction's weight is changed by up to a fifth, and the largest strongly connected part is kept.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.graphs.graph import Graph
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE
from roadnets.sources.dimacs import UNIT_MS, read_arcs, read_points

SEED: Final = 9
_ONE_WAY: Final = 0.15
_ARCS: Final = "USA-road-t.NY.gr.gz"
_POINTS: Final = "USA-road-d.NY.co.gz"
_SIDE: Final = 501
"""Junctions on a side of the stand-in."""
_KEPT: Final = 0.69
"""Of the stand-in's streets: as many a junction as New York has."""


@cache
def newyork() -> Graph:
    """About 239,000 nodes and 630,000 arcs; ``source`` tells whether it is the real one."""
    folder = Path(os.environ.get("DISPATCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
    arcs, points = folder / "newyork" / _ARCS, folder / "newyork" / _POINTS
    return real(arcs, points) if arcs.exists() and points.exists() else generated(_SIDE)


def real(arcs_path: Path, points_path: Path) -> Graph:
    """Make the graph of the challenge's files."""
    arcs = read_arcs(arcs_path)
    points = read_points(points_path) / GEOMETRY_UNITS_PER_DEGREE
    forth = arcs.tail < arcs.head  # every arc has its reverse
    tail, head = arcs.tail[forth], arcs.head[forth]
    ms = arcs.weight[forth] * UNIT_MS
    return _directed(f"DIMACS New York ({_ARCS}), made directed", points, tail, head, ms)


def generated(side: int) -> Graph:
    """Make a square grid of streets 100 m apart, of which some are missing."""
    chance = np.random.default_rng(SEED)
    node = np.arange(side * side).reshape(side, side)
    tail = np.concatenate((node[:, :-1].ravel(), node[:-1].ravel()))
    head = np.concatenate((node[:, 1:].ravel(), node[1:].ravel()))
    kept = chance.random(len(tail)) < _KEPT
    tail, head = tail[kept].astype(np.int32), head[kept].astype(np.int32)
    points = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) * 0.001
    ms = chance.integers(4_000, 16_000, len(tail), dtype=np.int32)
    return _directed(f"generated grid of {side} x {side}", points, tail, head, ms)


def _directed(
    source: str,
    points: NDArray[np.floating],
    tail: NDArray[np.integer],
    head: NDArray[np.integer],
    ms: NDArray[np.integer],
) -> Graph:
    chance = np.random.default_rng(SEED)
    one_way = chance.random(len(tail)) < _ONE_WAY
    turned = chance.random(len(tail)) < 0.5
    forth, back = ~(one_way & turned), ~(one_way & ~turned)
    tails, heads = (
        np.concatenate((tail[forth], head[back])),
        np.concatenate((head[forth], tail[back])),
    )
    both_ms = np.concatenate((ms[forth], ms[back])) * chance.uniform(0.8, 1.2, len(tails))
    arcs = [array.astype(np.int32) for array in (tails, heads, np.maximum(np.rint(both_ms), 1))]
    return Graph(source, points.astype(np.float64), *arcs).connected()
