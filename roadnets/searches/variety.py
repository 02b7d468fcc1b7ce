"""Variety: when another way is worth showing beside a fastest one, and how penalties find some.

A dispatcher who rejects a route wants a different road, not the same one with another exit. The
measures are those of Abraham, Delling, Goldberg and Werneck, "Alternative routes in road networks"
(ACM Journal of Experimental Algorithmics 18, 2013): little sharing, bounded stretch, no detour that
is silly by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.searches.search import NO_WAY_MS, Path

MOST_STRETCH: Final = 1.4
"""Another way, and each of its detours, takes at most so many times the fastest."""

MOST_SHARED: Final = 0.8
"""At most this part of the fastest way's time may be on roads that better ways use too."""

_PENALTY: Final = 1.25
_ROUNDS: Final = 12


class Way(NamedTuple):
    """A path with the nodes that it passes, int32 (k + 1,), in any numbering that all ways share.

    Its ``ms`` may leave out what the seeds take.
    """

    path: Path
    nodes: NDArray[np.int32]


def is_other_way(candidate: Way, better: Sequence[Way], arc_ms: NDArray[np.int32]) -> bool:
    """Whether a way is worth showing beside better ones, of which the first is the fastest.

    Parameters
    ----------
    candidate
        Any way between the same places.
    better
        At least the fastest.
    arc_ms
        int32 (a,), milliseconds of each arc of the graph.

    Returns
    -------
    bool
        True where it takes at most ``MOST_STRETCH`` times the fastest, shares at most
        ``MOST_SHARED`` of the fastest's time with the better ones and of its own with each of them,
        passes no junction twice, and where each of its detours from the fastest keeps to that
        stretch, too.
    """
    fastest = better[0]
    arcs = candidate.path.arcs
    if len(arcs) == 0 or candidate.path.ms > MOST_STRETCH * fastest.path.ms:
        return False
    if len(np.unique(candidate.nodes)) < len(candidate.nodes):
        return False
    used = np.concatenate([way.path.arcs for way in better])
    shared_ms = _total(arcs[np.isin(arcs, used)], arc_ms)
    shortest_ms = min(_total(way.path.arcs, arc_ms) for way in (candidate, fastest))
    return shared_ms <= MOST_SHARED * shortest_ms and _detours_are_sensible(
        candidate, fastest, arc_ms
    )


def by_penalties(
    find: Callable[[NDArray[np.int32]], Path | None],
    fastest: Path,
    arc_ms: NDArray[np.int32],
    way_of: Callable[[Path], Way],
    most: int,
    rounds: int = _ROUNDS,
) -> list[Path]:
    """Find other ways by making the arcs of those already found slower, round after round.

    Parameters
    ----------
    find
        Finds the fastest way between the two places where arcs take so long, int32 (a,).
    fastest
        What it finds on ``arc_ms``.
    arc_ms
        int32 (a,), milliseconds of each arc.
    way_of
        Adds the nodes to a path.
    most
        How many ways to find.
    rounds
        How often to try.

    Returns
    -------
    list[Path]
        Up to ``most`` ways, best first; their times are those of ``arc_ms``.
    """
    kept, weights, last = [way_of(fastest)], arc_ms, fastest
    for _ in range(rounds):
        if len(kept) > most or len(last.arcs) == 0:
            break
        slowed = np.minimum(np.ceil(weights[last.arcs] * _PENALTY), NO_WAY_MS)
        weights = weights.copy()
        weights[last.arcs] = slowed
        found = find(weights)
        if found is None:
            break
        true_ms = found.ms - _total(found.arcs, weights) + _total(found.arcs, arc_ms)
        last = found._replace(ms=true_ms)
        way = way_of(last)
        if is_other_way(way, kept, arc_ms):
            kept.append(way)
    return sorted((way.path for way in kept[1:]), key=lambda path: path.ms)


def way_by_heads(path: Path, arc_head: NDArray[np.int32]) -> Way:
    """Add the nodes to a path, where the head of each arc of the graph is given, int32 (a,)."""
    return Way(path, np.concatenate((np.array([path.first], np.int32), arc_head[path.arcs])))


def _total(arcs: NDArray[np.int32], arc_ms: NDArray[np.int32]) -> int:
    return int(arc_ms[arcs].sum(dtype=np.int64))


def _detours_are_sensible(candidate: Way, fastest: Way, arc_ms: NDArray[np.int32]) -> bool:
    """Check the stretch of every part between two junctions that both ways pass.

    Between these the fastest way is the fastest, too, so no search is needed. A part that comes
    back to the fastest way where that is still before the junction of leaving is refused.
    """
    when, fast_when = _running(candidate, arc_ms), _running(fastest, arc_ms)
    _, ours, theirs = np.intersect1d(
        candidate.nodes, fastest.nodes, assume_unique=True, return_indices=True
    )
    order = np.argsort(ours)
    ours, theirs = ours[order], theirs[order]
    if (np.diff(theirs) < 0).any():
        return False
    return bool((np.diff(when[ours]) <= MOST_STRETCH * np.diff(fast_when[theirs])).all())


def _running(way: Way, arc_ms: NDArray[np.int32]) -> NDArray[np.int64]:
    passed = np.cumsum(arc_ms[way.path.arcs], dtype=np.int64)
    return np.concatenate((np.zeros(1, np.int64), passed))
