"""Road: the edges of one road as a graph of its own, to measure along its carriageways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from roadnets.places.streets import NamedStreets

BESIDE_M: Final = 80.0
"""What is farther than this from a road does not stand beside it."""

_FEET: Final = 6
"""Two carriageways, and a junction on each where one edge ends and the next begins."""


class Foot(NamedTuple):
    """A place on an edge: its position in ``Road.edges`` and metres from its tail."""

    position: int
    along_m: float


class Run(NamedTuple):
    """A way along a road from one foot to another.

    Attributes
    ----------
    positions
        Of its edges in ``Road.edges``, in driving order.
    begin_m
        Where it begins on the first, metres from its tail.
    length_m
        From foot to foot.
    """

    positions: tuple[int, ...]
    begin_m: float
    length_m: float


class Road:
    """Every edge of some names, to be driven in its own direction.

    Parameters
    ----------
    streets
        All named streets.
    names
        Indices into ``RoadNetwork.names``, ascending; one or more.
    """

    def __init__(self, streets: NamedStreets, names: tuple[int, ...]) -> None:
        network = streets.network
        self.edges = streets.edges_of(names)
        self.lines = streets.lines_of(names)
        self._length = np.maximum(shapely.length(self.lines), 0.01)
        ends = np.concatenate((network.edge_tail[self.edges], network.edge_head[self.edges]))
        nodes, numbered = np.unique(ends, return_inverse=True)
        self._tail, self._head = numbered.reshape(2, -1)
        # Of parallel edges the shortest counts: a sparse array would add them up.
        order = np.lexsort((self._length, self._head, self._tail))
        _, first = np.unique(self._tail[order] * len(nodes) + self._head[order], return_index=True)
        kept = order[first]
        tails, heads = self._tail[kept], self._head[kept]
        self._between = dict(
            zip(zip(tails.tolist(), heads.tolist(), strict=True), kept.tolist(), strict=True)
        )
        self._graph = coo_array(
            (self._length[kept], (tails, heads)), shape=(len(nodes), len(nodes))
        ).tocsr()

    def feet(self, point: NDArray[np.float64]) -> list[Foot]:
        """Places on the edges beside a point (2,), nearest first."""
        at = shapely.Point(*point)
        distance = shapely.distance(self.lines, at)
        order = np.argsort(distance, kind="stable")[:_FEET]
        near = order[distance[order] <= BESIDE_M]
        along = shapely.line_locate_point(self.lines[near], at)
        return [Foot(*foot) for foot in zip(near.tolist(), along.tolist(), strict=True)]

    def runs(self, starts: list[Foot], ends: list[Foot], limit_m: float) -> Iterator[Run]:
        """The shortest run from each of some feet to each of others, none longer than a limit."""
        for start in starts:
            for end in ends:
                if start.position == end.position and start.along_m <= end.along_m:
                    yield Run((start.position,), start.along_m, end.along_m - start.along_m)
            source = int(self._head[start.position])
            distances, befores = dijkstra(
                self._graph, indices=np.array([source]), limit=limit_m, return_predecessors=True
            )
            distance, before = distances[0], befores[0]
            first_m = float(self._length[start.position]) - start.along_m
            for end in ends:
                target = int(self._tail[end.position])
                length_m = first_m + float(distance[target]) + end.along_m
                if length_m <= limit_m:
                    middle = self._unwind(before, source, target)
                    positions = (start.position, *middle, end.position)
                    yield Run(positions, start.along_m, length_m)

    def _unwind(self, before: NDArray[np.int32], source: int, target: int) -> list[int]:
        positions = []
        while target != source:
            previous = int(before[target])
            positions.append(self._between[previous, target])
            target = previous
        return positions[::-1]

    def foot_on(self, run: Run, metres: float) -> Foot:
        """The place so many metres along a run."""
        metres += run.begin_m
        for position in run.positions[:-1]:
            length_m = float(self._length[position])
            if metres <= length_m:
                return Foot(position, metres)
            metres -= length_m
        return Foot(run.positions[-1], metres)

    def heading(self, foot: Foot) -> int:
        """Direction of travel at a place, degrees clockwise from north, 0 to 359."""
        line = self.lines[foot.position]
        behind, ahead = shapely.get_coordinates(
            shapely.line_interpolate_point(line, [max(foot.along_m - 5, 0.0), foot.along_m + 5])
        )
        east, north = ahead - behind
        return round(float(np.degrees(np.arctan2(east, north)))) % 360
