"""Scenes: the streets that a fix may be on, and how well each explains what was observed.

The likelihoods are those of Newson and Krumm, "Hidden Markov map matching through noise and
sparseness", ACM SIGSPATIAL GIS 2009 (distance: a normal distribution), with heading and speed
added. Between *stacked* roads distance counts for nothing, each is given the likelihood of the
nearest: those that lie above each other, and an expressway and the road beside it, where no way
leads from one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.geo import LonLat
from roadnets.lines import turn_deg
from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, RoadNetwork
from roadnets.snapping.fixes import Motion
from roadnets.snapping.snap import Feet, Snapper
from roadnets.snapping.vicinity import Vicinity
from roadnets.travel import Snap, TravelMode

_RADIUS_PER_SIGMA: Final = 4.0
_LEAST_RADIUS_M: Final = 40.0
_MOST_RADIUS_M: Final = 150.0
"""Streets within four standard deviations may be meant, but no nearer and no farther than this."""

_STACK_GAP_M: Final = 40.0
"""Roads farther apart than this are not stacked: an expressway and its frontage road are nearer."""

_FRONTAGE_GAP_M: Final = 25.0
"""One-way roads side by side, the same way, are two carriageways of one street up to here."""

_PARALLEL_DEG: Final = 30.0

_HEADING_KAPPA: Final = 6.0
"""Of the von Mises distribution of headings around a street's bearing: some 24 degrees."""

_HEADING_WRONG: Final = 0.01
"""How often a heading tells nothing: turning, backing, a compass gone wrong."""

_FREE_SPEEDING: Final = 1.3
_SPEEDING_SPREAD: Final = 0.4
_MOST_SPEEDING: Final = -8.0
"""Crews under lights drive up to 1.3 times the limit as a matter of course, twice it rarely."""

_HOPELESS: Final = 8.5
"""A street so many times e less likely than another, as 4 standard deviations of distance are."""

_STANDING_SPREAD_S: Final = 100.0
_MOST_STANDING: Final = -3.0
"""With each 100 s of standing an expressway is e times less likely; but crews do stand there."""

_EXPRESSWAY: Final = np.array(
    [name.removesuffix("_link") in ("motorway", "trunk") for name in HIGHWAY_CLASSES]
)


class Scene(NamedTuple):
    """The k candidates of one fix.

    Attributes
    ----------
    edge, fraction, distance_m, on_right, place
        As in ``roadnets.snapping.snap.Feet``, (k,) each.
    street
        int32 (k,), the lower-numbered edge of the street that each belongs to.
    ground
        bool (k,), whether that street lies on the ground and is no expressway.
    distance, heading, speed
        float64 (k,), log-likelihoods of what was observed.
    stacked
        bool (k, k), which of them lie above each other, or beside an expressway; None where none
        do.
    beside
        bool (k, k), which others are one-way roads side by side in one direction; None where none
        are.
    """

    edge: NDArray[np.int32]
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    on_right: NDArray[np.bool_]
    place: NDArray[np.float64]
    street: NDArray[np.int32]
    ground: NDArray[np.bool_]
    distance: NDArray[np.float64]
    heading: NDArray[np.float64]
    speed: NDArray[np.float64]
    stacked: NDArray[np.bool_] | None
    beside: NDArray[np.bool_] | None

    @property
    def observed(self) -> NDArray[np.float64]:
        """Log-likelihood of what was observed besides the speed, (k,)."""
        return self.distance + self.heading

    def likely(self) -> Scene:
        """The scene without the streets that explain the fix so badly that no track mends it."""
        total = self.observed + self.speed
        kept = total >= total.max() - _HOPELESS
        if kept.all():
            return self
        one, pairs = self[:-2], self[-2:]
        return Scene._make(
            [column[kept] for column in one]
            + [None if matrix is None else matrix[kept][:, kept] for matrix in pairs]
        )

    def snap(self, index: int) -> Snap:
        """One candidate as a snap."""
        return Snap(
            int(self.edge[index]), float(self.fraction[index]), float(self.distance_m[index])
        )


def scenes_of(
    network: RoadNetwork,
    snapper: Snapper,
    mode: TravelMode,
    points: Sequence[LonLat],
    motion: Motion,
    joined: Vicinity,
) -> list[Scene | None]:
    """Find the candidates of some fixes.

    Parameters
    ----------
    network, snapper
        The streets.
    mode
        Who drives.
    points, motion
        Of j fixes.
    joined
        Ways along the streets that the mode may drive, in either direction.

    Returns
    -------
    list
        (j,), None for each fix that is beyond the snapper's limit.
    """
    feet = _feet_near(snapper, mode, points, motion.sigma_m)
    kind = _Kind.of(network, feet)
    twin = network.edge_twin[feet.edge]
    columns = Scene(
        edge=feet.edge,
        fraction=feet.fraction,
        distance_m=feet.distance_m,
        on_right=feet.on_right,
        place=feet.place,
        street=np.where(twin >= 0, np.minimum(twin, feet.edge), feet.edge),
        ground=(kind.layer == 0) & ~kind.express,
        distance=-0.5 * (feet.distance_m / motion.sigma_m[feet.point]) ** 2,
        heading=_heading(feet.bearing_deg, motion.heading_deg[feet.point]),
        speed=_speeding(network.edge_speed_kph[feet.edge], motion.speed_kph[feet.point])
        + _standing(kind.express, motion.standing_s[feet.point]),
        stacked=None,
        beside=None,
    )
    bounds = np.searchsorted(feet.point, np.arange(len(points) + 1)).tolist()
    scenes: list[Scene | None] = []
    for first, end in pairwise(bounds):
        if first == end:
            scenes.append(None)
            continue
        rows = slice(first, end)
        scene = Scene._make(None if c is None else c[rows] for c in columns)
        kinds = _Kind._make(column[rows] for column in kind)
        if kinds.differ():
            scene = _stack(network, scene, kinds, joined)
        scenes.append(scene.likely())
    return scenes


def _feet_near(
    snapper: Snapper, mode: TravelMode, points: Sequence[LonLat], sigma_m: NDArray[np.float64]
) -> Feet:
    """Find the streets within the radius of each fix, else all that are hardly farther than one."""
    radius_m = (_RADIUS_PER_SIGMA * sigma_m).clip(_LEAST_RADIUS_M, _MOST_RADIUS_M)
    feet = snapper.feet(points, mode, radius_m)
    found = np.zeros(len(points), np.bool_)
    found[feet.point] = True
    bare: list[int] = np.flatnonzero(~found).tolist()
    snaps = snapper.snap_many([points[i] for i in bare], mode)
    near = [(i, s.distance_m) for i, s in zip(bare, snaps, strict=True) if s is not None]
    if not near:
        return feet
    index = np.array([i for i, _ in near], np.int64)
    wide_m = radius_m[index] + [distance_m for _, distance_m in near]
    wider = snapper.feet([points[i] for i, _ in near], mode, wide_m)
    return Feet.united(feet, wider._replace(point=index[wider.point]))


def _heading(
    bearing_deg: NDArray[np.float64], heading_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-likelihood of a heading on a street; 0 where there is none."""
    off = np.radians(turn_deg(bearing_deg, np.where(np.isnan(heading_deg), 0.0, heading_deg)))
    meant = np.exp(_HEADING_KAPPA * (np.cos(off) - 1))
    likely: NDArray[np.float64] = np.log((1 - _HEADING_WRONG) * meant + _HEADING_WRONG)
    return np.where(np.isnan(heading_deg), 0.0, likely)


def _speeding(
    limit_kph: NDArray[np.float32], speed_kph: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-likelihood of a speed on a street with a speed limit; 0 where it is not known."""
    excess = np.where(np.isnan(speed_kph), 0.0, speed_kph) / limit_kph - _FREE_SPEEDING
    likely: NDArray[np.float64] = -0.5 * (excess.clip(0) / _SPEEDING_SPREAD) ** 2
    return likely.clip(_MOST_SPEEDING)


def _standing(express: NDArray[np.bool_], standing_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood of standing so long where nobody stops of his own will."""
    likely: NDArray[np.float64] = (-standing_s / _STANDING_SPREAD_S).clip(_MOST_STANDING)
    return np.where(express, likely, 0.0)


class _Kind(NamedTuple):
    """What tells k candidates' roads from each other.

    Attributes
    ----------
    layer
        int8 (k,).
    highway
        uint8 (k,), indices of ``HIGHWAY_CLASSES``.
    express, oneway
        bool (k,).
    bearing_deg
        float64 (k,).
    """

    layer: NDArray[np.int8]
    highway: NDArray[np.uint8]
    express: NDArray[np.bool_]
    oneway: NDArray[np.bool_]
    bearing_deg: NDArray[np.float64]

    @classmethod
    def of(cls, network: RoadNetwork, feet: Feet) -> _Kind:
        """Look it up."""
        highway, twin = network.edge_class[feet.edge], network.edge_twin[feet.edge]
        two_way = (twin >= 0) & ~network.has_flag(EdgeFlag.AGAINST_ONEWAY)[twin]
        return cls(
            network.edge_layer[feet.edge],
            highway,
            _EXPRESSWAY[highway],
            ~two_way,
            feet.bearing_deg,
        )

    def differ(self) -> bool:
        """Whether any two may be stacked."""
        return bool((self.highway != self.highway[0]).any() or (self.layer != self.layer[0]).any())

    def stacked(self, gap_m: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of them are stacked, and which side by side, if no way leads from one to the other.

        Both bool (k, k).
        """
        turn = np.radians(self.bearing_deg[:, None] - self.bearing_deg)
        parallel = np.abs(np.sin(turn)) <= np.sin(np.radians(_PARALLEL_DEG))
        above = self.layer[:, None] != self.layer
        beside_expressway = (self.express[:, None] != self.express) & parallel
        stacked: NDArray[np.bool_] = (above | beside_expressway) & (gap_m <= _STACK_GAP_M)
        same_way = self.oneway[:, None] & self.oneway & parallel & (np.cos(turn) > 0)
        beside: NDArray[np.bool_] = same_way & (self.highway[:, None] != self.highway)
        return stacked, beside & ~stacked & (gap_m <= _FRONTAGE_GAP_M)


def _stack(network: RoadNetwork, scene: Scene, kind: _Kind, joined: Vicinity) -> Scene:
    """Find what is stacked among the candidates, and take nearness out of it."""
    east, north = scene.place.T
    gap_m = np.hypot(east[:, None] - east, north[:, None] - north)
    stacked, beside = kind.stacked(gap_m)
    ends = _ends(network, scene)
    street: list[int] = scene.street.tolist()
    known: dict[tuple[int, int], bool] = {}
    for i, j in np.argwhere(np.triu(stacked | beside)).tolist():
        pair = street[i], street[j]
        if pair not in known:
            goal = (float(east[j]), float(north[j]))
            known[pair] = _leads_on(ends[i], ends[j], float(gap_m[i, j]), goal, joined)
        if known[pair]:
            stacked[i, j] = stacked[j, i] = beside[i, j] = beside[j, i] = False
    # What hides one of two stacked roads from the receiver hides both, and the map may draw either
    # off its place: the nearer is no likelier.
    nearest = np.where(stacked, scene.distance, -np.inf).max(axis=1)
    return scene._replace(
        distance=np.maximum(scene.distance, nearest),
        stacked=stacked if stacked.any() else None,
        beside=beside if beside.any() else None,
    )


_Ends = tuple[tuple[int, float], tuple[int, float]]
"""Both ends of a candidate's street, with the metres there."""


def _leads_on(
    one: _Ends, other: _Ends, gap_m: float, goal: tuple[float, float], joined: Vicinity
) -> bool:
    """Tell whether one candidate continues the other, as a street does where its bridge begins."""
    limit_m = 2 * gap_m + 20
    nearest_m = min(in_m for _, in_m in other)
    for node, out_m in one:
        if out_m + nearest_m > limit_m:
            continue
        ways = joined.ways_m(node, [n for n, _ in other], limit_m - out_m, goal)
        if any(out_m + ways.get(n, np.inf) + in_m <= limit_m for n, in_m in other):
            return True
    return False


def _ends(network: RoadNetwork, scene: Scene) -> list[_Ends]:
    """Both ends of every candidate's street."""
    length_m = network.edge_length_m[scene.edge]
    columns = (
        network.edge_tail[scene.edge],
        length_m * scene.fraction,
        network.edge_head[scene.edge],
        length_m * (1 - scene.fraction),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [((tail, from_m), (head, to_m)) for tail, from_m, head, to_m in rows]
