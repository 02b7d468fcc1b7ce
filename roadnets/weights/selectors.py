"""StreetSelector: which streets somebody means, and the edges that they are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from roadnets.errors import UnknownStreetError
from roadnets.geo import LocalProjection, LonLat, Polygon
from roadnets.lines import project_edges
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE, Bounds, EdgeFlag, RoadNetwork
from roadnets.weights.edge_index import DrawnLine, EdgeIndex

LINE_TOLERANCE_M: Final = 25.0
"""A line drawn by hand lies so near to the middle of its street."""

WIDEST_TOLERANCE_M: Final = 200.0

_SUGGESTED: Final = 3
"""Names told to whoever named no street: as many as one reads at a glance."""

_LONGEST_SHOWN: Final = 100
"""Characters of a name that are told again to whoever gave it."""


@dataclass(frozen=True, slots=True)
class StreetSelector:
    """Which edges a condition is about, as a person would say it.

    ``edges``, ``ways``, ``name``, ``lines`` and ``polygons`` add up; where none is given, every
    edge is meant. ``near`` and ``bridges_only`` then narrow the choice.

    Attributes
    ----------
    edges
        Edge indices of the network.
    ways
        OSM way ids.
    name
        Local or English street name, in any case.
    lines
        Streets along drawn lines.
    line_tolerance_m
        How far a line may be drawn from its street, metres.
    polygons
        Edges of which some part lies inside.
    bridges_spared
        Leave out the bridges that ``polygons`` find: of a flood, they rise above it.
    near, radius_m
        Keep edges of which some part lies within so many metres of a point.
    bridges_only
        Keep bridges.
    """

    edges: tuple[int, ...] = ()
    ways: tuple[int, ...] = ()
    name: str | None = None
    lines: tuple[DrawnLine, ...] = ()
    line_tolerance_m: float = LINE_TOLERANCE_M
    polygons: tuple[Polygon, ...] = ()
    bridges_spared: bool = False
    near: LonLat | None = None
    radius_m: float | None = None
    bridges_only: bool = False

    def __post_init__(self) -> None:
        if (self.near is None) != (self.radius_m is None):
            raise ValueError("near and radius_m go together")
        if self.radius_m is not None and not self.radius_m > 0:
            raise ValueError(f"radius_m is {self.radius_m}; allowed: above 0")
        if not 0 < self.line_tolerance_m <= WIDEST_TOLERANCE_M:
            allowed = f"above 0, up to {WIDEST_TOLERANCE_M:g}"
            raise ValueError(f"line_tolerance_m is {self.line_tolerance_m}; allowed: {allowed}")
        if not (self.names_streets or self.near or self.bridges_only):
            raise ValueError("a selector of every edge of the network is not meant")

    @property
    def names_streets(self) -> bool:
        """Whether edges, ways, a name, lines or polygons are given."""
        named = self.edges or self.ways or self.lines or self.polygons
        return bool(named) or self.name is not None


def resolve(
    network: RoadNetwork, selector: StreetSelector, index: EdgeIndex | None = None
) -> NDArray[np.int32]:
    """Find the edges that a selector means.

    Parameters
    ----------
    network
        The streets.
    selector
        Which of them.
    index
        Of the network; made anew where it is None and the selector draws lines or polygons, which
        takes seconds for a large city.

    Returns
    -------
    NDArray[np.int32]
        (k,) with k at least 1, ascending and without repetition, read-only.

    Raises
    ------
    UnknownStreetError
        The network has no such edge, way or name, nothing lies along a line or inside a polygon,
        or nothing is left after narrowing; says which, and the nearest known names.
    ValueError
        A polygon crosses itself, or a line or polygon has too few points; says where.
    """
    edges = _selected(network, selector, index)
    if selector.bridges_only:
        edges = edges[network.has_flag(EdgeFlag.BRIDGE)[edges]]
    if selector.near is not None and selector.radius_m is not None:
        edges = _within(network, edges, selector.near, selector.radius_m)
    if not len(edges):
        raise UnknownStreetError(_nothing_left(network, selector))
    edges.setflags(write=False)
    return edges


def _selected(
    network: RoadNetwork, selector: StreetSelector, index: EdgeIndex | None
) -> NDArray[np.int32]:
    """Every edge that the selector names, ascending int32 (k,), before narrowing."""
    if not selector.names_streets:
        return np.arange(network.edge_count, dtype=np.int32)
    parts = [_known_edge(network, edge) for edge in selector.edges]
    parts += [_known_way(network, way) for way in selector.ways]
    if selector.name is not None:
        parts.append(_known_name(network, selector.name))
    if selector.lines or selector.polygons:
        index = EdgeIndex(network) if index is None else index
        parts += [_along(index, line, selector.line_tolerance_m) for line in selector.lines]
        parts += _inside(index, selector.polygons, spared=selector.bridges_spared)
    return np.unique(np.concatenate(parts))


def _known_edge(network: RoadNetwork, edge: int) -> NDArray[np.int32]:
    if not 0 <= edge < network.edge_count:
        last = network.edge_count - 1
        raise UnknownStreetError(f"edge {edge} is not in {network.name}; it has edges 0 to {last}")
    return np.array([edge], np.int32)


def _known_way(network: RoadNetwork, way: int) -> NDArray[np.int32]:
    edges = network.edges_of_way(way)
    if not len(edges):
        raise UnknownStreetError(f"OSM way {way} is not in {network.name}")
    return edges


def _known_name(network: RoadNetwork, name: str) -> NDArray[np.int32]:
    edges = network.edges_named(name)
    if not len(edges):
        nearest = nearest_names(network, name)
        hint = f"; the nearest names are {', '.join(nearest)}" if nearest else ""
        shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
        raise UnknownStreetError(f"no street of {network.name} is named {shown!r}{hint}")
    return edges


def _along(index: EdgeIndex, line: DrawnLine, tolerance_m: float) -> NDArray[np.int32]:
    """Edges along a drawn line; its way back, too, unless only the direction drawn is meant."""
    _, edges = index.along([line.points], tolerance_m)
    if not line.as_drawn:
        _, back = index.along([line.points[::-1]], tolerance_m)
        edges = np.concatenate((edges, back))
    if not len(edges):
        raise UnknownStreetError(index.nothing_along(line.points, tolerance_m))
    return edges.astype(np.int32)


def _inside(
    index: EdgeIndex, polygons: Sequence[Polygon], *, spared: bool
) -> list[NDArray[np.int32]]:
    """Edges of which some part lies inside each of some polygons."""
    place, edge = index.inside(polygons)
    left_out = EdgeFlag.WATER | EdgeFlag.BRIDGE if spared else EdgeFlag.WATER
    kept = ~index.network.has_flag(left_out)[edge]
    place, edge = place[kept], edge[kept]
    for at, polygon in enumerate(polygons):
        if at not in place:
            raise UnknownStreetError(f"polygons[{at}]: {index.nothing_inside(polygon)}")
    return [edge.astype(np.int32)]


def nearest_names(network: RoadNetwork, text: str) -> list[str]:
    """Suggest up to three street names for a text that is none, best first.

    Names that contain the text come before names that are merely spelled alike.
    """
    wanted = text.strip().casefold()
    spelled = {n.casefold(): n for n in (*network.names, *network.names_en) if n}
    containing = [folded for folded in spelled if wanted in folded]
    alike = difflib.get_close_matches(wanted, spelled, n=_SUGGESTED, cutoff=0.5)
    return [spelled[folded] for folded in dict.fromkeys((*containing, *alike))][:_SUGGESTED]


def _within(
    network: RoadNetwork, edges: NDArray[np.int32], centre: LonLat, radius_m: float
) -> NDArray[np.int32]:
    """Keep the edges of which some part lies within ``radius_m`` of ``centre``."""
    projection = LocalProjection(centre)
    corners = projection.to_degrees(np.array([(-radius_m, -radius_m), (radius_m, radius_m)]))
    edges = edges[_overlapping(network, Bounds(*corners.ravel().tolist()))[edges]]
    lines = project_edges(network, edges, projection)
    return edges[shapely.dwithin(lines, shapely.Point(0, 0), radius_m)]


def _overlapping(network: RoadNetwork, box: Bounds) -> NDArray[np.bool_]:
    """Whether the box around each edge meets another, bool (m,): a quick first sieve."""
    west, south, east, north = (degrees * GEOMETRY_UNITS_PER_DEGREE for degrees in box)
    lon, lat = network.geometry.T
    first = network.geometry_start[:-1]
    meets: NDArray[np.bool_] = (
        (np.minimum.reduceat(lon, first) <= east)
        & (np.maximum.reduceat(lon, first) >= west)
        & (np.minimum.reduceat(lat, first) <= north)
        & (np.maximum.reduceat(lat, first) >= south)
    )
    return meets


def _nothing_left(network: RoadNetwork, selector: StreetSelector) -> str:
    kind = "bridge" if selector.bridges_only else "street"
    which = "of those selected" if selector.names_streets else f"of {network.name}"
    if selector.near is None:
        return f"none {which} is a {kind}"
    return f"no {kind} {which} lies within {selector.radius_m:g} m of {selector.near}"
