"""KilometrePosts: a kilometre of a road to the point on each of its carriageways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import shapely

from roadnets.beside import LandmarkKind
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.places.roads import Road, Run
from roadnets.places.streets import NamedStreets
from roadnets.places.words import form_of

SLACK: Final = 0.15
SLACK_M: Final = 300.0
"""Two posts whose way along the road differs from their kilometres by more than this share and so
many metres are not of one run: the road was moved, or numbered anew."""

AT_A_POST_KM: Final = 0.01
"""A kilometre this near to a post's is the post's."""

ONE_ROADWAY_M: Final = 3.0
"""Carriageways nearer than this to each other are the two directions of one street."""


class KilometrePoint(NamedTuple):
    """A point on one carriageway; ``heading`` is None on a road that is not divided."""

    point: LonLat
    edge: int
    heading: int | None
    between_posts: bool


class _Post(NamedTuple):
    kilometre: float
    x: float
    y: float


class KilometrePosts:
    """Every kilometre post of a network by its road; immutable."""

    def __init__(self, network: RoadNetwork, streets: NamedStreets) -> None:
        self._streets = streets
        posts = [t for t in network.landmarks if t.kind is LandmarkKind.KILOMETRE_POST]
        by_road: dict[str, set[_Post]] = defaultdict(set)
        metres = streets.metres(post.point for post in posts).tolist()
        for post, (x, y) in zip(posts, metres, strict=True):
            by_road[form_of(post.street).text].add(_Post(float(post.number), x, y))
        texts = [_texts_of(network, name) for name in range(len(network.names) if posts else 0)]
        self._roads = [
            (names, sorted(by_road[road]))
            for road in sorted(by_road)
            if (names := _names_of(texts, road))
        ]
        self._road = lru_cache(maxsize=64)(lambda names: Road(streets, names))

    def locate(self, names: Iterable[int], kilometre: float) -> list[KilometrePoint]:
        """Find a kilometre of the road that bears any of some names.

        Parameters
        ----------
        names
            Indices into ``RoadNetwork.names``.
        kilometre
            As on the posts.

        Returns
        -------
        list[KilometrePoint]
            One for each carriageway, the one of rising kilometres first; empty where no two posts
            of one run have the kilometre between them.
        """
        wanted = set(names)
        for its_names, posts in self._roads:
            if wanted & set(its_names):
                low, high = _around(posts, kilometre)
                found = self._between(self._road(its_names), low, high, kilometre)
                if found:
                    return found
        return []

    def _between(
        self, road: Road, low: list[_Post], high: list[_Post], kilometre: float
    ) -> list[KilometrePoint]:
        """Drive from one post to the other and back, each time on its own carriageway."""
        if not low or not high:
            return []
        span_km = high[0].kilometre - low[0].kilometre
        share = (kilometre - low[0].kilometre) / span_km
        off_km = min(kilometre - low[0].kilometre, high[0].kilometre - kilometre)
        feet = [[f for p in posts for f in road.feet(np.array(p[1:]))] for posts in (low, high)]
        found = []
        for starts, ends, part in ((feet[0], feet[1], share), (feet[1], feet[0], 1 - share)):
            allowed_m = SLACK * span_km * 1000 + SLACK_M
            runs = [
                run
                for run in road.runs(starts, ends, span_km * 1000 + allowed_m)
                if run.length_m >= span_km * 1000 - allowed_m
            ]
            if runs:
                run = min(runs, key=lambda run: (abs(run.length_m - span_km * 1000), run.positions))
                found.append(self._point(road, run, part, between_posts=off_km > AT_A_POST_KM))
        return self._undivided(found)

    def _point(self, road: Road, run: Run, share: float, *, between_posts: bool) -> KilometrePoint:
        foot = road.foot_on(run, share * run.length_m)
        at = shapely.line_interpolate_point(road.lines[foot.position], foot.along_m)
        edge = int(road.edges[foot.position])
        return KilometrePoint(self._streets.point(at), edge, road.heading(foot), between_posts)

    def _undivided(self, found: list[KilometrePoint]) -> list[KilometrePoint]:
        """Tell a street with two directions once."""
        if len(found) == 2:
            one, other = self._streets.metres(point.point for point in found)
            if float(np.hypot(*(one - other))) < ONE_ROADWAY_M:
                return [found[0]._replace(heading=None)]
        return found


def _around(posts: list[_Post], kilometre: float) -> tuple[list[_Post], list[_Post]]:
    """The posts of the nearest kilometres below and above; one of the two may be the very one."""
    below = [p.kilometre for p in posts if p.kilometre <= kilometre + AT_A_POST_KM / 2]
    if not below:
        return [], []
    low = below[-1]
    above = [p.kilometre for p in posts if p.kilometre > low]
    if above:
        high = above[0]
    elif abs(low - kilometre) <= AT_A_POST_KM / 2:  # the last post: its run is the one before it
        low, high = max((k for k in below if k < low), default=low), low
    else:
        return [], []
    if low == high:
        return [], []
    return [p for p in posts if p.kilometre == low], [p for p in posts if p.kilometre == high]


def _texts_of(network: RoadNetwork, name: int) -> tuple[set[str], set[str]]:
    """Name a street by folded texts: all of them, and those that are numbers of a road."""
    numbers = {form_of(part).text for part in network.refs[name].split(";") if part}
    names = {form_of(text).text for text in (network.names[name], network.names_en[name]) if text}
    return names | numbers, numbers


def _names_of(texts: list[tuple[set[str], set[str]]], road: str) -> tuple[int, ...]:
    """Find the names of a road by the folded text on its posts, and all that share its number."""
    numbers = {number for named, numbers in texts if road in named for number in numbers}
    return tuple(i for i, (named, own) in enumerate(texts) if road in named or own & numbers)
