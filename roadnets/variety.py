"""Variety: when another way is worth showing beside a fastest one, and how penalties find some.

A dispatcher who rejects a route wants a different road, not the same one with another exit. The
measures are those of Abraham, Delling, Goldberg and Werneck, "Alternative routes in road networks"
(ACM Journal of Experimental Algorithmics 18, 2013): little sharing, bounded stretch, no detour that
is silly by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.search import NO_WAY_MS, Path

MOST_STRETCH: Final = 1.4
"""Another way, and each of its detours, takes at most so many times the fastest."""

MOST_SHARED: Final = 0.8
"""At most this part of the fastest way's time may be on roads that better ways use too."""

_PENALTY: Final = 1.25
_ROUNDS: Final = 12


def is_other_way(
    candidate: Path,
    better: Sequence[Path],
    arc_ms: NDArray[np.int32],
    arc_head: NDArray[np.int32],
) -> bool:
    """Whether a way is worth showing beside better ones, of which the first is the fastest.

    Parameters
    ----------
    candidate
        Any way between the same places.
    better
        At least the fastest.
    arc_ms, arc_head
        int32 (a,), milliseconds and head node of each arc of the graph.

    Returns
    -------
    bool
        True where it takes at most ``MOST_STRETCH`` times the fastest, shares at most
        ``MOST_SHARED`` with the better ones, passes no junction twice, and where each of its
        detours from the fastest keeps to that stretch, too.
    """
    fastest = better[0]
    if len(candidate.arcs) == 0 or candidate.ms > MOST_STRETCH * fastest.ms:
        return False
    used = np.concatenate([path.arcs for path in better])
    both = candidate.arcs[np.isin(candidate.arcs, used)]
    if _total(both, arc_ms) > MOST_SHARED * _total(fastest.arcs, arc_ms):
        return False
    nodes = nodes_of(candidate, arc_head)
    if len(np.unique(nodes)) < len(nodes):
        return False
    return _detours_are_sensible(candidate, fastest, arc_ms, arc_head)


def by_penalties(
    find: Callable[[NDArray[np.int32]], Path | None],
    fastest: Path,
    arc_ms: NDArray[np.int32],
    arc_head: NDArray[np.int32],
    most: int,
) -> list[Path]:
    """Find other ways by making the arcs of those already found slower, round after round.

    Parameters
    ----------
    find
        Finds the fastest way between the two places where arcs take so long, int32 (a,).
    fastest
        What it finds on ``arc_ms``.
    arc_ms, arc_head
        int32 (a,), milliseconds and head node of each arc.
    most
        How many ways to find.

    Returns
    -------
    list[Path]
        Up to ``most`` ways, best first; their times are those of ``arc_ms``.
    """
    kept, slowed = [fastest], arc_ms.astype(np.float64)
    last = fastest
    for _ in range(_ROUNDS):
        if len(kept) > most or len(last.arcs) == 0:
            break
        slowed[last.arcs] *= _PENALTY
        weights = np.minimum(np.ceil(slowed), NO_WAY_MS).astype(np.int32)
        found = find(weights)
        if found is None:
            break
        last = _at_true_times(found, weights, arc_ms)
        if is_other_way(last, kept, arc_ms, arc_head):
            kept.append(last)
    return sorted(kept[1:], key=lambda path: path.ms)


def nodes_of(path: Path, arc_head: NDArray[np.int32]) -> NDArray[np.int32]:
    """List the nodes that a way passes, int32 (k + 1,)."""
    return np.concatenate((np.array([path.first], np.int32), arc_head[path.arcs]))


def _total(arcs: NDArray[np.int32], arc_ms: NDArray[np.int32]) -> int:
    return int(arc_ms[arcs].sum(dtype=np.int64))


def _at_true_times(path: Path, weights: NDArray[np.int32], arc_ms: NDArray[np.int32]) -> Path:
    true_ms = path.ms - _total(path.arcs, weights) + _total(path.arcs, arc_ms)
    return path._replace(ms=true_ms)


def _detours_are_sensible(
    candidate: Path, fastest: Path, arc_ms: NDArray[np.int32], arc_head: NDArray[np.int32]
) -> bool:
    """Check the stretch of every part between two junctions that both ways pass.

    Between these the fastest way is the fastest, too, so no search is needed. A part that comes
    back to the fastest way where that is still before the junction of leaving is refused.
    """
    nodes, fast_nodes = nodes_of(candidate, arc_head), nodes_of(fastest, arc_head)
    when = _running(candidate.arcs, arc_ms)
    fast_when = _running(fastest.arcs, arc_ms)
    _, ours, theirs = np.intersect1d(nodes, fast_nodes, assume_unique=True, return_indices=True)
    order = np.argsort(ours)
    ours, theirs = ours[order], theirs[order]
    if (np.diff(theirs) < 0).any():
        return False
    return bool((np.diff(when[ours]) <= MOST_STRETCH * np.diff(fast_when[theirs])).all())


def _running(arcs: NDArray[np.int32], arc_ms: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(arc_ms[arcs], dtype=np.int64)))
