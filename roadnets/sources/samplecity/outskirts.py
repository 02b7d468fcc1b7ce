"""Beyond the rings: a suburb on the hill, villages, fields, an island."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from roadnets.sources.samplecity.geometry import Line, Point, cos_sin, distance
from roadnets.sources.samplecity.names import ROAD, STREET, Namer
from roadnets.sources.samplecity.planar import Street
from roadnets.sources.samplecity.skeleton import Skeleton, foot_on

_APART_M: Final = 52.0


def draw_outskirts(skeleton: Skeleton, namer: Namer, rng: Random) -> Iterator[Street]:
    """Draw everything outside the outer ring that is not a main road."""
    taken = [p for street in skeleton.streets for p in street.line]
    roads = {street.name: street.line for street in skeleton.streets}
    hill = _Growth(namer, rng, taken, "hills")
    yield from hill.grow(Point(-5200, 3650), 142.0, 1500, "unclassified", branches=2)
    on_slope = foot_on(roads["北山路"], Point(-4620, 3250))
    yield from hill.grow(on_slope, 60.0, 900, "residential", branches=2)
    village = _Growth(namer, rng, taken, "stems")
    for road, near, degrees in _VILLAGES:
        start = foot_on(roads[road], near)
        yield from village.grow(start, degrees, 620, "unclassified", branches=1)
    yield from _fields(roads["人民大道"])
    yield from _island(skeleton)


_VILLAGES: Final = (
    ("解放大道", Point(100, 5000), 20.0),
    ("解放大道", Point(100, 5250), 165.0),
    ("人民大道", Point(-6100, 1740), 95.0),
    ("江南大道西", Point(-6500, -2170), -80.0),
    ("解放大道", Point(340, -4900), -10.0),
    ("花园路", Point(-3560, -4180), 190.0),
)


class _Growth:
    """Winding roads that branch and end: no two come near each other."""

    def __init__(self, namer: Namer, rng: Random, taken: list[Point], names: str) -> None:
        self._namer = namer
        self._rng = rng
        self._taken = taken
        self._names = names

    def grow(
        self, start: Point, degrees: float, reach: float, highway: str, *, branches: int
    ) -> Iterator[Street]:
        """Grow a road and its side streets from a point."""
        line, turns = self._wind(start, degrees, reach)
        if len(line) < 3:
            return
        self._taken += line
        name = self._namer.name(self._names, ROAD if branches else STREET)
        yield Street(line, highway, *name)
        if not branches:
            return
        for i in range(1, len(line) - 1):
            if self._rng.random() < 0.62:
                side = 90.0 if self._rng.random() < 0.5 else -90.0
                turn = turns[i] + side + 40.0 * (self._rng.random() - 0.5)
                length = reach * (0.25 + 0.25 * self._rng.random())
                yield from self.grow(line[i], turn, length, "residential", branches=branches - 1)

    def _wind(self, start: Point, degrees: float, reach: float) -> tuple[Line, list[float]]:
        line, turns, gone = [start], [degrees], 0.0
        while gone < reach:
            degrees += 46.0 * (self._rng.random() - 0.5)
            step = 70.0 + 50.0 * self._rng.random()
            cosine, sine = cos_sin(degrees)
            here = Point(line[-1].x + step * cosine, line[-1].y + step * sine)
            if self._is_taken(here, start):
                break
            line.append(here)
            turns.append(degrees)
            gone += step
        return line, turns

    def _is_taken(self, here: Point, start: Point) -> bool:
        return any(
            abs(p.x - here.x) < _APART_M
            and abs(p.y - here.y) < _APART_M
            and distance(p, here) < _APART_M
            and distance(p, start) > 1
            for p in self._taken
        )


def _fields(road: Line) -> Iterator[Street]:
    """Draw farm tracks: one that bears an ambulance, one that does not; a road being built."""
    yield Street(
        [foot_on(road, Point(-6750, 1880)), Point(-6800, 2300), Point(-7000, 2600)],
        "track",
        tags={"tracktype": "grade2"},
    )
    yield Street(
        [foot_on(road, Point(-7000, 1910)), Point(-7150, 2250)],
        "track",
        tags={"tracktype": "grade4"},
    )
    yield Street(
        [Point(3900, 4700), Point(4600, 5600)],
        "construction",
        "长青路",
        "Changqing Road",
        {"construction": "primary"},
    )


def _island(skeleton: Skeleton) -> Iterator[Street]:
    """Draw the roads of an islet that only a ferry reaches."""
    middle = min(skeleton.river, key=lambda p: abs(p.x - 1500))
    corners = [(-150, -25), (-60, -55), (80, -45), (170, 15), (60, 50), (-70, 30), (-150, -25)]
    ring = [Point(middle.x + x, middle.y + y) for x, y in corners]
    yield Street(ring, "service", "柳洲环路", "Liuzhou Island Road")
