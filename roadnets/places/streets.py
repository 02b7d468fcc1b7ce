"""NamedStreets: the streets of a network by name, each place where a name occurs apart."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from roadnets.geo import LocalProjection, LonLat
from roadnets.lines import project_edges, projection_of
from roadnets.network import EdgeFlag, RoadNetwork

APART_M: Final = 400.0
"""Stretches of one name nearer than this are one street; farther apart, two streets of one name."""


class NamedStreet(NamedTuple):
    """One street: a stretch or several of one name near each other.

    Attributes
    ----------
    name
        Index into ``RoadNetwork.names``.
    edges
        int32 (k,), ascending.
    edge
        The one that lies in its middle.
    length_m
        Both directions together, metres.
    """

    name: int
    edges: NDArray[np.int32]
    edge: int
    length_m: float


class NamedStreets:
    """Every named street of a network; immutable.

    Attributes
    ----------
    streets
        By name, then by lowest edge.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self.projection: LocalProjection = projection_of(network)
        unnamed = network.edge_name == 0
        # Nobody lives on a river, and a name is on the street's own direction already.
        extra = network.has_flag(EdgeFlag.WATER | EdgeFlag.AGAINST_ONEWAY)
        edges = np.flatnonzero(~(unnamed | extra)).astype(np.int32)
        self._edges = edges[np.argsort(network.edge_name[edges], kind="stable")]
        self._starts = np.searchsorted(
            network.edge_name[self._edges], np.arange(len(network.names) + 1)
        )
        self._tree = shapely.STRtree(project_edges(network, self._edges, self.projection))
        self.streets = self._separate()
        self.lines_of = lru_cache(maxsize=512)(self._lines_of)
        self.middle_of = lru_cache(maxsize=4096)(self._middle_of)

    def edges_of(self, names: Iterable[int]) -> NDArray[np.int32]:
        """Edges that bear any of some names, ascending."""
        parts = [self._edges[self._starts[name] : self._starts[name + 1]] for name in names]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int32)

    def _lines_of(self, names: tuple[int, ...]) -> NDArray[np.object_]:
        """Lines of ``edges_of(names)`` in metres of ``projection``, from tail to head."""
        return project_edges(self.network, self.edges_of(names), self.projection)

    def nodes_of(self, names: Iterable[int]) -> NDArray[np.int32]:
        """Nodes at which any of some names begins, ends or passes, ascending."""
        edges = self.edges_of(names)
        ends = (self.network.edge_tail[edges], self.network.edge_head[edges])
        return np.unique(np.concatenate(ends)).astype(np.int32)

    def names_beside(self, metres: NDArray[np.float64], limit_m: float) -> list[int]:
        """Index into the names of the street nearest to each point (k, 2), 0 beyond the limit."""
        found = np.zeros(len(metres), np.int64)
        at = shapely.points(metres)
        near, place = self._tree.query_nearest(at, max_distance=limit_m, all_matches=False)
        found[near] = self.network.edge_name[self._edges[place]]
        return [int(name) for name in found]

    def metres(self, points: Iterable[LonLat]) -> NDArray[np.float64]:
        """Points in metres of ``projection``, float64 (k, 2)."""
        lon, lat = np.array([*points], np.float64).reshape(-1, 2).T
        return self.projection.to_metres(lon, lat)

    def _middle_of(self, edge: int) -> LonLat:
        """The point half way along an edge."""
        (line,) = project_edges(self.network, np.array([edge]), self.projection)
        return self.point(shapely.line_interpolate_point(line, 0.5, normalized=True))

    def point(self, metres: shapely.Point) -> LonLat:
        """A point of ``projection`` in degrees, to 1e-7 of them."""
        ((lon, lat),) = self.projection.to_degrees(np.array([[metres.x, metres.y]]))
        return LonLat(round(float(lon), 7), round(float(lat), 7))

    def edge_beside(self, names: tuple[int, ...], point: LonLat, limit_m: float) -> int | None:
        """The nearest edge of some names, of two directions the one whose right-hand side it is."""
        edges = self.edges_of(names)
        if not len(edges):
            return None
        at = shapely.Point(*self.metres([point])[0])
        lines = self.lines_of(names)
        distance = shapely.distance(lines, at)
        nearest = np.flatnonzero(distance <= min(float(distance.min()) + 0.01, limit_m))
        if not len(nearest):
            return None
        right = [i for i in nearest.tolist() if _on_the_right(lines[i], at)]
        return int(edges[(right or nearest.tolist())[0]])

    def _separate(self) -> list[NamedStreet]:
        """Tell the streets of one name apart by a grid of cells ``APART_M`` wide.

        Cells that touch belong together, so do those that an edge leads to.
        """
        edges = self._edges
        if not len(edges):
            return []
        cells = self._cells(edges)
        label = _joined(cells)[: len(edges)]
        order = np.lexsort((edges, label))
        parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
        middles = self._middles(edges)
        found = [self._street(edges[part], middles[part]) for part in parts]
        return sorted(found, key=lambda street: (street.name, int(street.edges[0])))

    def _middles(self, edges: NDArray[np.int32]) -> NDArray[np.float64]:
        """Half way between the ends of edges, in metres, (k, 2)."""
        network = self.network
        nodes = (network.edge_tail[edges], network.edge_head[edges])
        lon, lat = (
            (at[nodes[0]] + at[nodes[1]]) / 2 for at in (network.node_lon, network.node_lat)
        )
        return self.projection.to_metres(lon, lat)

    def _cells(self, edges: NDArray[np.int32]) -> NDArray[np.int64]:
        """Name, column and row of the tails and then the heads of edges, (2 k, 3)."""
        network = self.network
        nodes = np.concatenate((network.edge_tail[edges], network.edge_head[edges]))
        metres = self.projection.to_metres(network.node_lon[nodes], network.node_lat[nodes])
        name = np.tile(network.edge_name[edges], 2)
        return np.column_stack((name, np.floor(metres / APART_M))).astype(np.int64)

    def _street(self, edges: NDArray[np.int32], middles: NDArray[np.float64]) -> NamedStreet:
        length = self.network.edge_length_m[edges]
        off = middles - length @ middles / max(float(length.sum()), 1e-9)
        edge = int(edges[np.argmin((off * off).sum(axis=1))])
        name = int(self.network.edge_name[edge])
        return NamedStreet(name, edges, edge, float(length.sum()))


def _joined(cells: NDArray[np.int64]) -> NDArray[np.int32]:
    """Label the cells of each name that hang together; the first half leads to the second."""
    unique, cell = np.unique(cells, axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    half = len(cells) // 2
    pairs = [np.column_stack((cell[:half], cell[half:]))]
    number = {key: i for i, key in enumerate(map(tuple, unique.tolist()))}
    for column, row in ((0, 1), (1, -1), (1, 0), (1, 1)):
        beside = [
            (i, number[name, x + column, y + row])
            for (name, x, y), i in number.items()
            if (name, x + column, y + row) in number
        ]
        pairs.append(np.array(beside, np.int64).reshape(-1, 2))
    one, other = np.concatenate(pairs).T
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(unique),) * 2)
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels[cell]


def _on_the_right(line: shapely.LineString, at: shapely.Point) -> bool:
    along = shapely.line_locate_point(line, at)
    before, after = (line.interpolate(max(along + step, 0.0)) for step in (-0.5, 0.5))
    east, north = after.x - before.x, after.y - before.y
    return bool(east * (at.y - before.y) - north * (at.x - before.x) < 0)
