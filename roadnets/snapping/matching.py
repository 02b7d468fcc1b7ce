"""Matcher: which street a vehicle is on, where its position alone does not tell.

An expressway on pillars, the street under it and the tunnel below have one and the same place on a
map, and positions are 10 to 40 m off among tall buildings. What tells such roads apart is which
way the vehicle is heading, how fast it is, and where it has come from: nobody gets from one
to the other but by a ramp. This is the hidden Markov model of Newson and Krumm, "Hidden Markov map
matching through noise and sparseness", ACM SIGSPATIAL GIS 2009; ``roadnets.snapping.observing``
tells how well a street explains a fix, this file how well the ways between streets explain a track.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.geo import distance_m
from roadnets.lines import projection_of
from roadnets.network import RoadNetwork
from roadnets.snapping.fixes import Fix, check_track, motion_of
from roadnets.snapping.observing import Scene, scenes_of
from roadnets.snapping.snap import Snapper, may_be_on
from roadnets.snapping.vicinity import Vicinity
from roadnets.travel import Snap, TravelMode

DECISIVE: Final = 9.0
"""Stacked roads are told apart when one is so many times as likely as the other."""

_DETOUR_M: Final = 10.0
"""Each so many metres by which a way is longer than the step make it e times less likely."""

_JUMP: Final = -12.0
"""Log-likelihood of a step that no way explains: the map or the receiver is wrong there."""

_LONGEST_STEP_M: Final = 1500.0
"""Two fixes farther apart tell nothing of the way between them."""

_FASTEST_MPS: Final = 55.0
"""No way counts that would have to be driven faster than this."""

_U_TURN_M: Final = 60.0
"""Turning round in the street is as unlikely as a detour of this length."""

_LEAST_WEIGHT: Final = 1e-4
"""Places less likely than this are no candidates."""


class Evidence(StrEnum):
    """What told the street of a vehicle from the next likely one."""

    ONLY = "only"  # no other street is near
    POSITION = "position"  # it is nearer, and not stacked with the other
    HEADING = "heading"
    SPEED = "speed"  # too fast for the other, or standing there for too long
    TRACK = "track"  # how it came here
    GROUND = "ground"  # nothing did: of stacked roads the one on the ground is assumed


class Candidate(NamedTuple):
    """A place where a vehicle may be, and how likely that is: 0 to 1."""

    snap: Snap
    weight: float


@dataclass(frozen=True, slots=True)
class Match:
    """Which street a vehicle is on.

    Attributes
    ----------
    snap
        Where it is taken to be.
    candidates
        Every place where it may be, most likely first; their weights add up to nearly 1. Both
        directions of a two-way street are candidates of their own.
    ambiguous
        Whether stacked roads, or one-way roads side by side, could not be told apart. Of stacked
        ones ``snap`` is then on the one on the ground: addresses, stations, hospitals and those
        whom crews stop for are there, and so are most crews. Whoever must be sure asks the travel
        times of every candidate.
    why
        What told the street.
    """

    snap: Snap
    candidates: tuple[Candidate, ...]
    ambiguous: bool
    why: Evidence


class _Belief(NamedTuple):
    """What is thought of the k candidates of a fix.

    Attributes
    ----------
    scene
        The candidates.
    step
        float64 (i, k), log-likelihoods of getting there from each candidate of the fix before;
        None where that tells nothing.
    seen
        float64 (k,), log-likelihood of what this fix shows and the step does not tell already.
    track
        float64 (k,), log-likelihood of all other fixes, up to a constant.
    """

    scene: Scene
    step: NDArray[np.float64] | None
    seen: NDArray[np.float64]
    track: NDArray[np.float64]

    @property
    def score(self) -> NDArray[np.float64]:
        """Log-likelihood of all fixes, float64 (k,), the greatest 0."""
        score: NDArray[np.float64] = self.seen + self.track
        best: float = score.max()
        return score - best


class _Ways(NamedTuple):
    """What one mode may drive, in its direction; and either way."""

    driven: Vicinity
    joined: Vicinity


class Matcher:
    """Puts vehicles on streets by what they report; safe to share between threads.

    It keeps nothing of one call for the next: whoever asks keeps the last fixes of each vehicle
    (``roadnets.snapping.fixes.follow``). Forbidden turns are not heeded: drivers sometimes do not.

    Parameters
    ----------
    network
        The streets.
    snapper
        Of the same network; None for one of its own.
    """

    def __init__(self, network: RoadNetwork, snapper: Snapper | None = None) -> None:
        self._network = network
        self._snapper = Snapper(network) if snapper is None else snapper
        self._projection = projection_of(network)
        self._ways: dict[TravelMode, _Ways] = {}
        self._lock = threading.Lock()

    def match(self, track: Sequence[Fix], mode: TravelMode) -> Match | None:
        """Tell the street of the last fix of a track.

        Parameters
        ----------
        track
            One or more fixes of one vehicle, oldest first.
        mode
            How it drives.

        Returns
        -------
        Match or None
            None where no street is within the snapper's limit of the last fix.

        Raises
        ------
        ValueError
            The track has no fix, or its times fall.
        PointError
            A fix is not on the earth.
        """
        return self.match_many([track], mode)[0]

    def match_many(self, tracks: Sequence[Sequence[Fix]], mode: TravelMode) -> list[Match | None]:
        """Tell the street of the last fix of each of some tracks, as ``match`` does."""
        matches = []
        for track, scenes in zip(tracks, self._scenes(tracks, mode), strict=True):
            belief = self._filter(track, scenes, mode)[-1]
            matches.append(None if belief is None else _decide(belief))
        return matches

    def match_track(self, track: Sequence[Fix], mode: TravelMode) -> list[Match | None]:
        """Tell the street of every fix of a track of the past, by all that came before and after.

        Forward and backward, as Rabiner, "A tutorial on hidden Markov models", Proceedings of the
        IEEE 77 (1989), section III.
        """
        (scenes,) = self._scenes([track], mode)
        beliefs = self._filter(track, scenes, mode)
        after: NDArray[np.float64] | None = None
        for index in range(len(track) - 1, -1, -1):
            belief = beliefs[index]
            ahead, after = after, None
            if belief is None:
                continue
            if ahead is not None:
                beliefs[index] = belief._replace(track=belief.track + ahead)
            if belief.step is not None:
                seen = belief.seen if ahead is None else belief.seen + ahead
                after = _log_sum(belief.step + seen, axis=1)
        return [None if belief is None else _decide(belief) for belief in beliefs]

    def _scenes(
        self, tracks: Sequence[Sequence[Fix]], mode: TravelMode
    ) -> list[list[Scene | None]]:
        for track in tracks:
            check_track(track)
        if not tracks:
            return []
        points = [fix.point for track in tracks for fix in track]
        scenes = iter(
            scenes_of(
                self._network,
                self._snapper,
                mode,
                points,
                motion_of(tracks, self._projection),
                self._ways_of(mode).joined,
            )
        )
        return [[next(scenes) for _ in track] for track in tracks]

    def _filter(
        self, track: Sequence[Fix], scenes: Sequence[Scene | None], mode: TravelMode
    ) -> list[_Belief | None]:
        """Judge each fix by itself and by all before it."""
        beliefs: list[_Belief | None] = []
        for index, scene in enumerate(scenes):
            if scene is None:
                beliefs.append(None)
                continue
            belief = _Belief(scene, None, scene.observed + scene.speed, np.zeros(len(scene.edge)))
            before = beliefs[-1] if beliefs else None
            if before is not None:
                step = self._step(before.scene, scene, track[index - 1], track[index], mode)
                belief = belief if step is None else _follow_up(before, scene, step)
            beliefs.append(belief)
        return beliefs

    def _step(
        self, before: Scene, scene: Scene, earlier: Fix, later: Fix, mode: TravelMode
    ) -> NDArray[np.float64] | None:
        """Log-likelihoods of a step between the candidates of two fixes, (i, k)."""
        straight_m = distance_m(earlier.point, later.point)
        limit_m = straight_m - _JUMP * _DETOUR_M
        if earlier.time_s is not None and later.time_s is not None:
            slack_m = 4 * (earlier.sigma_m + later.sigma_m)
            limit_m = min(limit_m, _FASTEST_MPS * (later.time_s - earlier.time_s) + slack_m)
        if straight_m > min(limit_m, _LONGEST_STEP_M):
            return None
        astray_m = self._astray_m(before, scene, straight_m, limit_m, mode)
        likely: NDArray[np.float64] = -np.array(astray_m) / _DETOUR_M
        return likely.clip(_JUMP)

    def _astray_m(
        self, before: Scene, scene: Scene, straight_m: float, limit_m: float, mode: TravelMode
    ) -> list[list[float]]:
        """By how much the way between each two candidates differs from the straight step, metres.

        Infinite where the way is longer than the limit.
        """
        driven = self._ways_of(mode).driven
        starts, ends = _spots(self._network, before), _spots(self._network, scene)
        east, north = scene.place.mean(axis=0).tolist()
        limit_m += float(np.hypot(scene.place[:, 0] - east, scene.place[:, 1] - north).max())
        tails = {spot.tail for spot in ends}
        found: dict[int, dict[int, float]] = {}
        for head in {spot.head for spot in starts}:
            found[head] = driven.ways_m(head, tails, limit_m, (east, north))
        return [[_astray(i, j, straight_m, found[i.head]) for j in ends] for i in starts]

    def _ways_of(self, mode: TravelMode) -> _Ways:
        with self._lock:
            if mode not in self._ways:
                edges = np.flatnonzero(may_be_on(self._network, mode))
                lon, lat = self._network.node_lon, self._network.node_lat
                metres = self._projection.to_metres(lon, lat)
                self._ways[mode] = _Ways(
                    Vicinity.of(self._network, edges, metres),
                    Vicinity.of(self._network, edges, metres, both_ways=True),
                )
            return self._ways[mode]


class _Spot(NamedTuple):
    """A candidate, and the ends of its edge with the metres from the tail and to the head."""

    edge: int
    twin: int
    tail: int
    head: int
    from_tail_m: float
    to_head_m: float


def _spots(network: RoadNetwork, scene: Scene) -> list[_Spot]:
    edge = scene.edge
    length_m = network.edge_length_m[edge]
    columns = (
        edge,
        network.edge_twin[edge],
        network.edge_tail[edge],
        network.edge_head[edge],
        length_m * scene.fraction,
        length_m * (1 - scene.fraction),
    )
    return [_Spot(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]


def _astray(start: _Spot, end: _Spot, straight_m: float, found: dict[int, float]) -> float:
    """By how many metres the likeliest way differs from the straight step.

    A vehicle that stands seems to go back and forth by the receiver's noise, so that a step back
    counts as a way of negative length: for a short one that is no great matter.
    """
    way_m = start.to_head_m + found.get(end.tail, np.inf) + end.from_tail_m
    astray_m = abs(way_m - straight_m)
    if end.edge == start.edge:
        astray_m = min(astray_m, abs(end.from_tail_m - start.from_tail_m - straight_m))
    elif end.edge == start.twin:
        turned_m = abs(abs(end.to_head_m - start.from_tail_m) - straight_m)
        astray_m = min(astray_m, turned_m) + _U_TURN_M
    return astray_m


def _follow_up(before: _Belief, scene: Scene, step: NDArray[np.float64]) -> _Belief:
    """Judge a fix by the one before."""
    # Who is too fast for a street, or stands where nobody does, was so a moment ago: only what is
    # more of it than at the fix before is news.
    step = step + np.minimum(scene.speed - before.scene.speed[:, None], 0)
    track = _log_sum(before.score[:, None] + step, axis=0)
    return _Belief(scene, step, scene.observed, track)


def _log_sum(likely: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.logaddexp.reduce(likely, axis=axis)
    return total


def _decide(belief: _Belief) -> Match:
    """Choose the likeliest street, or the one on the ground of those not told apart."""
    scene, score = belief.scene, belief.score
    weights = np.exp(score)
    weight: list[float] = (weights / weights.sum()).tolist()
    # Scenes are small: plain lists are several times as fast as arrays.
    street, edge = scene.street.tolist(), scene.edge.tolist()
    ground, on_right = scene.ground.tolist(), scene.on_right.tolist()
    share: dict[int, float] = {}
    for s, w in zip(street, weight, strict=True):
        share[s] = share.get(s, 0.0) + w
    on_ground = dict(zip(street, ground, strict=True))
    likeliest = min(share, key=lambda s: (-share[s], s))
    rivals = [s for s in share if share[s] * DECISIVE > share[likeliest]]
    tied = _paired(scene.stacked, street, likeliest, rivals)
    chosen = min([likeliest, *tied], key=lambda s: (not on_ground[s], -share[s], s))
    # Of the two directions, where nothing else tells, the one on whose right-hand side it lies.
    order = sorted(
        range(len(edge)), key=lambda i: (-weight[i], not ground[i], not on_right[i], edge[i])
    )
    best = next(i for i in order if street[i] == chosen)
    return Match(
        snap=scene.snap(best),
        candidates=tuple(
            Candidate(scene.snap(i), weight[i]) for i in order if weight[i] > _LEAST_WEIGHT
        ),
        ambiguous=bool(tied or _paired(scene.beside, street, chosen, rivals)),
        why=Evidence.GROUND if tied else _why(belief, order, best),
    )


def _paired(
    pairs: NDArray[np.bool_] | None, street: list[int], one: int, rivals: list[int]
) -> list[int]:
    """List the rivals that are paired with a street."""
    if pairs is None:
        return []
    mine = [i for i, s in enumerate(street) if s == one]
    paired = {street[j] for j in np.flatnonzero(pairs[mine].any(axis=0)).tolist()}
    return [rival for rival in rivals if rival in paired]


def _why(belief: _Belief, order: list[int], best: int) -> Evidence:
    """Name what speaks most for a candidate against the likeliest one of another street."""
    scene = belief.scene
    rival = next((i for i in order if scene.street[i] != scene.street[best]), None)
    if rival is None:
        return Evidence.ONLY
    speed = float(scene.speed[best] - scene.speed[rival])
    track = float(belief.track[best] - belief.track[rival])
    told = {
        Evidence.POSITION: float(scene.distance[best] - scene.distance[rival]),
        Evidence.HEADING: float(scene.heading[best] - scene.heading[rival]),
        Evidence.SPEED: speed,
        Evidence.TRACK: track if belief.step is None else track - speed,
    }
    return max(told, key=lambda evidence: told[evidence])
