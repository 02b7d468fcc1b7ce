"""What is inside a block: gated compounds, yards, alleys, car parks, parks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple

from roadnets.sources.samplecity.fill import Grid, Noise, grid_lines, heading, shortened
from roadnets.sources.samplecity.geometry import (
    Line,
    Point,
    along,
    between,
    centre,
    crossing,
    length,
)
from roadnets.sources.samplecity.names import ALLEY, Namer
from roadnets.sources.samplecity.planar import Street
from roadnets.sources.samplecity.zones import Zone


class Mark(NamedTuple):
    """Tags of a point on a street."""

    point: Point
    tags: dict[str, str]


class _Job(NamedTuple):
    """All that a filling needs."""

    ring: Line
    namer: Namer
    noise: Noise
    rng: Random
    marks: list[Mark]


_Filling = Callable[[_Job], Iterator[Street]]


def fill_block(
    ring: Line, zone: Zone, namer: Namer, noise: Noise, rng: Random, marks: list[Mark]
) -> Iterator[Street]:
    """Fill one block in the manner of its zone."""
    choice = rng.random()
    for share, filling in _FILLINGS[zone]:
        if choice < share:
            yield from filling(_Job(ring, namer, noise, rng, marks))
            return
        choice -= share


def _nothing(_: _Job) -> Iterator[Street]:
    return iter(())


def _compound(job: _Job) -> Iterator[Street]:
    """Draw a housing estate: private roads behind one or two gates."""
    yield from _gated(job, 160.0, "lift_gate", {"access": "private"})


def _campus(job: _Job) -> Iterator[Street]:
    """Draw a campus: as a compound, but wider and with swing gates."""
    yield from _gated(job, 170.0, "swing_gate", {"access": "private"})


def _yard(job: _Job) -> Iterator[Street]:
    """Draw a factory yard behind a gate."""
    yield from _gated(job, 190.0, "gate", {"access": "private"})


def _gated(job: _Job, spacing: float, barrier: str, tags: dict[str, str]) -> Iterator[Street]:
    grid = Grid(heading(job.ring), spacing, spacing * 1.1, 260.0, 9.0)
    pieces = [line for _, line in grid_lines(job.ring, grid, job.noise, job.rng)]
    roads = _inset(pieces, job.rng)
    if not roads:
        return
    entrances = {(0, 0)}
    if len(roads) > 2 and job.rng.random() < 0.7:
        entrances.add((len(roads) - 1, 1))
    for index, (whole, line) in enumerate(roads):
        for end in (0, 1):
            if (index, end) in entrances:
                line = _with_gate(_opened(line, whole, end), end, barrier, job)  # noqa: PLW2901 - the same line, changed
        yield Street(line, "service", tags=dict(tags))


def _inset(pieces: list[Line], rng: Random) -> list[tuple[Line, Line]]:
    """Draw roads back from the street; keep those that hang together with the first."""
    roads = []
    for whole in pieces:
        line = shortened(whole, 30.0 + 14.0 * rng.random(), 30.0 + 14.0 * rng.random())
        if line is not None:
            roads.append((whole, line))
    joined, rest = roads[:1], roads[1:]
    while True:
        near = [road for road in rest if any(_cross(road[1], other) for _, other in joined)]
        if not near:
            return joined
        joined += near
        rest = [road for road in rest if road not in near]


def _cross(one: Line, other: Line) -> bool:
    for a, b in pairwise(one):
        for c, d in pairwise(other):
            shares = crossing(a, b, c, d)
            if shares is not None and 0 < shares[0] < 1 and 0 < shares[1] < 1:
                return True
    return False


def _opened(line: Line, whole: Line, end: int) -> Line:
    """Lead one end of a road out to the street again."""
    return [whole[0], *line] if end == 0 else [*line, whole[-1]]


def _with_gate(line: Line, end: int, barrier: str, job: _Job) -> Line:
    """Put a gate some metres inside one end of a line."""
    if length(line) < 40:
        return line
    inward = line if end == 0 else line[::-1]
    gate = along(inward, 17.0)
    job.marks.append(Mark(gate, {"barrier": barrier}))
    rest = [p for p in inward[1:] if _beyond(inward[0], gate, p)]
    inward = [inward[0], gate, *rest]
    return inward if end == 0 else inward[::-1]


def _beyond(start: Point, gate: Point, point: Point) -> bool:
    return (point.x - gate.x) * (gate.x - start.x) + (point.y - gate.y) * (gate.y - start.y) > 25


def _lanes(job: _Job) -> Iterator[Street]:
    """Draw dead-end lanes of an old town; each has its name."""
    for mouth, end in _stubs(job, 0.55, 0.2):
        line = [mouth, end]
        if job.rng.random() < 0.15:
            line.insert(1, between(mouth, end, 0.3))
            job.marks.append(Mark(line[1], {"barrier": "bollard"}))
        yield Street(line, "living_street", *job.namer.name("lanes", ALLEY))


def _alleys(job: _Job) -> Iterator[Street]:
    """Draw service alleys behind shops."""
    for line in _stubs(job, 0.4, 0.2):
        yield Street(line, "service", tags={"service": "alley"})


def _stubs(job: _Job, least: float, more: float) -> Iterator[Line]:
    """Dead ends from a block's longer sides towards its middle, by share of the way there."""
    middle = centre(job.ring)
    for a, b in sorted(pairwise(job.ring), key=lambda side: -length(side))[:2]:
        if length([a, b]) < 55:
            continue
        mouth = between(a, b, 0.35 + 0.3 * job.rng.random())
        end = between(mouth, middle, least + more * job.rng.random())
        if length([mouth, end]) > 22:
            yield [mouth, end]


def _car_park(job: _Job) -> Iterator[Street]:
    """Draw the aisles of a car park."""
    grid = Grid(heading(job.ring), 42.0, 400.0)
    aisles = [line for _, line in grid_lines(job.ring, grid, job.noise, job.rng)][:4]
    tags = {"service": "parking_aisle"}
    for line in aisles:
        yield Street(line, "service", tags=dict(tags))


def _park(job: _Job) -> Iterator[Street]:
    """Draw paths through a park; one of them bears a fire engine."""
    grid = Grid(heading(job.ring, 38.0), 130.0, 150.0, 200.0, 30.0)
    for count, (_, line) in enumerate(grid_lines(job.ring, grid, job.noise, job.rng)):
        tags = {"emergency": "yes"} if count == 0 else {}
        yield Street(line, "footway", tags=tags)


def _closes(job: _Job) -> Iterator[Street]:
    """Draw short residential closes off a block's sides."""
    middle = centre(job.ring)
    sides = sorted(pairwise(job.ring), key=lambda side: -length(side))[:3]
    for a, b in sides:
        if length([a, b]) < 60:
            continue
        mouth = between(a, b, 0.3 + 0.4 * job.rng.random())
        bend = between(mouth, middle, 0.45)
        end = Point(bend.x + 26 * (job.rng.random() - 0.5), bend.y + 26 * (job.rng.random() - 0.5))
        end = between(end, middle, 0.3)
        if length([mouth, bend, end]) > 30:
            yield Street([mouth, bend, end], "residential", tags={"noname": "yes"})


_FILLINGS: Final[dict[Zone, tuple[tuple[float, _Filling], ...]]] = {
    Zone.OLD_TOWN: ((0.22, _lanes), (0.03, _park), (0.75, _nothing)),
    Zone.CENTRE: ((0.22, _alleys), (0.12, _car_park), (0.06, _park), (0.6, _nothing)),
    Zone.HOMES: (
        (0.7, _compound),
        (0.1, _closes),
        (0.05, _park),
        (0.08, _alleys),
        (0.07, _nothing),
    ),
    Zone.UNIVERSITY: ((0.55, _campus), (0.2, _compound), (0.08, _park), (0.17, _nothing)),
    Zone.WORKS: ((0.62, _yard), (0.06, _car_park), (0.32, _nothing)),
    Zone.GARDEN: ((0.5, _closes), (0.22, _compound), (0.06, _park), (0.22, _nothing)),
}
