"""The plan of Lanjiang, a made-up city on a river."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Final

from roadnets.sources.samplecity.blocks import Mark, fill_block
from roadnets.sources.samplecity.fill import Grid, Noise, grid_lines, heading
from roadnets.sources.samplecity.geometry import Line, Point, area, centre, inside, length
from roadnets.sources.samplecity.names import ROAD, Namer
from roadnets.sources.samplecity.outskirts import draw_outskirts
from roadnets.sources.samplecity.planar import Layout, Street, lay_out
from roadnets.sources.samplecity.roundabouts import cut_roundabout
from roadnets.sources.samplecity.skeleton import GARDEN_CIRCLE, PLAZA, Skeleton, draw_skeleton
from roadnets.sources.samplecity.zones import NEIGHBOURHOODS, QUARTERS, Zone, zone_at

SEED: Final = 20260

_SMALLEST_BLOCK_M2: Final = 9_000.0
_NARROWEST_BLOCK_M: Final = 30.0
_JUTTING_M: Final = 150.0
_OLD_BRIDGES: Final = {"文昌桥": {"maxweight": "20"}}
_MAIN: Final = frozenset({"trunk", "primary", "secondary"})


@dataclass(frozen=True, slots=True)
class Plan:
    """The city: streets over nodes, and what stands beside and on them.

    Attributes
    ----------
    layout
        All streets.
    skeleton
        River and bridges.
    node_tags
        Tags of nodes: signals, gates, barriers.
    """

    layout: Layout
    skeleton: Skeleton
    node_tags: dict[int, dict[str, str]]


def draw_plan() -> Plan:
    """Draw the whole city; the same each time."""
    rng = Random(SEED)  # noqa: S311  # a seed is the point of it
    noise, namer, marks = Noise(rng), Namer(), list[Mark]()
    skeleton = draw_skeleton()
    streets = _trimmed(skeleton.streets)
    for ring in _blocks(streets, skeleton):
        streets += _quarter(ring, namer, noise, rng)
    for ring in _blocks(streets, skeleton):
        streets += _neighbourhood(ring, namer, noise, rng)
    streets = _with_gaps(streets, rng)
    for ring in _blocks(streets, skeleton):
        streets += fill_block(ring, zone_at(centre(ring)), namer, noise, rng, marks)
    streets += draw_outskirts(skeleton, namer, rng)
    layout = lay_out(streets)
    cut_roundabout(layout, PLAZA, 34.0, "钟楼环岛", "Bell Tower Circle")
    cut_roundabout(layout, GARDEN_CIRCLE, 26.0, "花园环岛", "Garden Circle")
    layout.streets = [
        part for street in layout.streets for part in _bridged(street, layout, skeleton)
    ]
    return Plan(layout, skeleton, {**_signals(layout), **_marked(layout, marks)})


def _blocks(streets: Sequence[Street], skeleton: Skeleton) -> Iterator[Line]:
    """Rings to be filled: not the river, not the strips between carriageways."""
    for ring in lay_out([s for s in streets if s.level == 0]).faces():
        size = area(ring)
        if size < _SMALLEST_BLOCK_M2 or 2 * size / length(ring) < _NARROWEST_BLOCK_M:
            continue
        if not inside(centre(ring), skeleton.corridor):
            yield ring


def _trimmed(streets: Sequence[Street]) -> list[Street]:
    """Cut off what juts out over the last junction of a main road by a few metres."""
    layout = lay_out(streets)
    degree = {node: len(arms) for node, arms in layout.arms().items()}
    trimmed = []
    for street in layout.streets:
        nodes = street.nodes
        for _ in (0, 1):
            nodes = nodes[::-1]
            at = next((i for i, node in enumerate(nodes) if degree[node] > 2), 0)
            if length([layout.points[node] for node in nodes[: at + 1]]) < _JUTTING_M:
                nodes = nodes[at:]
        trimmed.append(replace(street, line=[layout.points[node] for node in nodes]))
    return trimmed


def _quarter(ring: Line, namer: Namer, noise: Noise, rng: Random) -> Iterator[Street]:
    """Cut the land between main roads into neighbourhoods."""
    plan = QUARTERS[zone_at(centre(ring))]
    grid = Grid(heading(ring, plan.turn), plan.spacing, plan.spacing * 1.15, 1300.0, plan.bend)
    for _, line in grid_lines(ring, grid, noise, rng):
        yield Street(line, "tertiary", *namer.name(plan.names, ROAD))


def _neighbourhood(ring: Line, namer: Namer, noise: Noise, rng: Random) -> Iterator[Street]:
    """Cut a neighbourhood into blocks."""
    zone = zone_at(centre(ring))
    plan = NEIGHBOURHOODS[zone]
    towards = heading(ring, (rng.random() - 0.5) * plan.turn)
    grid = Grid(towards, plan.spacing, plan.spacing * 1.2, plan.wavelength, plan.bend)
    for count, (_, line) in enumerate(grid_lines(ring, grid, noise, rng)):
        if rng.random() < plan.skip:
            continue
        street = Street(line, plan.highway, *namer.name(plan.names, plan.kind))
        if zone is Zone.CENTRE and count == 3 and rng.random() < 0.2:
            street.highway, street.tags["emergency"] = "pedestrian", "yes"
        elif zone is Zone.CENTRE:
            _make_one_way(street, count)
        yield street


def _make_one_way(street: Street, count: int) -> None:
    """Let every other street of a pair run the other way; some were mapped backwards."""
    if count % 2:
        street.line.reverse()
    street.tags["oneway"] = "yes"
    if count % 5 == 3:
        street.line.reverse()
        street.tags["oneway"] = "-1"
    if count % 7 == 2:
        street.tags["oneway:emergency"] = "no"


def _with_gaps(streets: Sequence[Street], rng: Random) -> list[Street]:
    """Leave out some stretches of small streets, so that blocks differ."""
    layout = lay_out(streets)
    degree = {node: len(arms) for node, arms in layout.arms().items()}
    kept: list[Street] = []
    for street in layout.streets:
        line = [layout.points[node] for node in street.nodes]
        if street.highway not in {"residential", "unclassified"}:
            kept.append(replace(street, line=line))
            continue
        gap = NEIGHBOURHOODS[zone_at(line[len(line) // 2])].gap
        kept += [
            replace(street, line=[layout.points[n] for n in span], tags=dict(street.tags))
            for span in _spans(street.nodes, degree, gap, rng)
        ]
    return kept


def _spans(
    nodes: list[int], degree: dict[int, int], gap: float, rng: Random
) -> Iterator[list[int]]:
    """Stretches of a street that stay when some between junctions are left out."""
    span = [nodes[0]]
    keep = rng.random() >= gap
    for node in nodes[1:]:
        span.append(node)
        if degree[node] > 2 and node != nodes[-1]:
            keep_next = rng.random() >= gap
            if keep_next != keep:
                if keep:
                    yield span
                span = [node]
            keep = keep_next
    if keep and len(span) > 1:
        yield span


def _bridged(street: Street, layout: Layout, skeleton: Skeleton) -> Iterator[Street]:
    """Cut a street where it takes to a bridge, and name the bridge."""
    if street.name not in {name for name, _ in skeleton.bridges}:
        yield street
        return
    over = [inside(_middle(layout, a, b), skeleton.corridor) for a, b in pairwise(street.nodes)]
    start = 0
    for i in range(1, len(over) + 1):
        if i < len(over) and over[i] == over[start]:
            continue
        part = replace(street, nodes=street.nodes[start : i + 1], tags=dict(street.tags))
        if over[start]:
            east = layout.points[part.nodes[0]].x > 0
            part.name, part.name_en = skeleton.bridges[street.name, east]
            part.tags.update({"bridge": "yes", "layer": "1", **_OLD_BRIDGES.get(part.name, {})})
        yield part
        start = i


def _middle(layout: Layout, a: int, b: int) -> Point:
    p, q = layout.points[a], layout.points[b]
    return Point((p.x + q.x) / 2, (p.y + q.y) / 2)


def _signals(layout: Layout) -> dict[int, dict[str, str]]:
    """Signals where main roads cross each other, or a street of the second rank."""
    meeting: dict[int, set[tuple[str, str]]] = {}
    for street in layout.streets:
        if street.level == 0 and "junction" not in street.tags:
            for node in street.nodes:
                meeting.setdefault(node, set()).add((street.highway, street.name))
    arms = layout.arms()
    signals = {}
    for node, streets in meeting.items():
        main = {name for highway, name in streets if highway in _MAIN}
        big = {name for highway, name in streets if highway in {"trunk", "primary"}}
        second = {name for highway, name in streets if highway == "tertiary"}
        if len(arms[node]) > 2 and (len(main) > 1 or (big and second)):
            signals[node] = {"highway": "traffic_signals"}
    return signals


def _marked(layout: Layout, marks: Sequence[Mark]) -> dict[int, dict[str, str]]:
    place = {(round(p.x), round(p.y)): node for node, p in enumerate(layout.points)}
    tags = {}
    for mark in marks:
        node = place.get((round(mark.point.x), round(mark.point.y)))
        if node is not None:
            tags[node] = mark.tags
    return tags
