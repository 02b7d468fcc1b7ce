"""What every Search refuses: arcs and seeds that point outside the graph or have no valid time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadnets.searches.search import NO_WAY_MS, Seeds


def check_arcs(
    node_count: int,
    arc_tail: NDArray[np.int32],
    arc_head: NDArray[np.int32],
    arc_ms: NDArray[np.int32],
) -> None:
    """Check the arcs of a graph.

    Raises
    ------
    ValueError
        An array is not int32 (a,), a node is outside the graph, or a time is out of range; names
        the field.
    """
    for name, values, most in (
        ("arc_tail", arc_tail, node_count - 1),
        ("arc_head", arc_head, node_count - 1),
        ("arc_ms", arc_ms, NO_WAY_MS),
    ):
        _check_array(name, values, len(arc_tail))
        _check_range(name, values, most)


def check_seeds(name: str, seeds: Seeds, node_count: int) -> None:
    """Check some places against a graph.

    Raises
    ------
    ValueError
        An array is not int32 or has the wrong length, ``start`` does not ascend, a node is outside
        the graph, or a time is out of range; names the field.
    """
    start, count = seeds.start, len(seeds.node)
    if len(start) == 0 or start[0] != 0 or start[-1] != count:
        raise ValueError(f"{name}.start has to begin with 0 and end with {count}")
    _check_array(f"{name}.start", start, len(start))
    if (start[1:] < start[:-1]).any():
        raise ValueError(f"{name}.start has to ascend")
    _check_array(f"{name}.node", seeds.node, count)
    _check_array(f"{name}.ms", seeds.ms, count)
    _check_range(f"{name}.node", seeds.node, node_count - 1)
    _check_range(f"{name}.ms", seeds.ms, NO_WAY_MS)


def check_pair(origin: Seeds, target: Seeds, node_count: int) -> None:
    """Check the two places of a path against a graph.

    Raises
    ------
    ValueError
        As of ``check_seeds``, or the seeds are of no place or of several.
    """
    for name, seeds in (("origin", origin), ("target", target)):
        check_seeds(name, seeds, node_count)
        if len(seeds) != 1:
            raise ValueError(f"{name} has {len(seeds)} places; allowed: 1")


def _check_array(name: str, values: NDArray[np.int32], length: int) -> None:
    if values.dtype != np.int32 or values.shape != (length,) or not values.flags.c_contiguous:
        kind = "" if values.flags.c_contiguous else "not contiguous "
        raise ValueError(
            f"{name} is {kind}{values.dtype} {values.shape}; allowed: int32 ({length},)"
        )


def _check_range(name: str, values: NDArray[np.int32], most: int) -> None:
    # What is negative is a huge number without its sign: one look at the array, not two.
    if len(values) and values.view(np.uint32).max() > most:
        wrong = int(values[(values < 0) | (values > most)][0])
        raise ValueError(f"{name} has {wrong}; allowed: 0 to {most}")
