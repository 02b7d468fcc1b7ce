"""How large a city is and where its streets are, as far as a first fleet needs to know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.beside import Place, PlaceKind
from roadnets.geo import LocalProjection, LonLat
from roadnets.network import HIGHWAY_CLASSES, RoadNetwork
from roadnets.travel import TravelMode
from roadnets.weights.speeds import drivable
from solvers.location import greedy_median

MOST_CELLS: Final = 1500
SMALLEST_CELL_M: Final = 250.0

_NOBODY_LIVES_ON: Final = ("motorway", "motorway_link", "trunk", "trunk_link")


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """A city in square cells of street.

    Attributes
    ----------
    people
        Whom the map's districts count; 0 where it counts nobody.
    street_km
        Without motorways and trunk roads; a two-way street counts once.
    area_km2
        Squares of 1 km with any such street.
    xy
        float64 (cells, 2), metres: the weighted middle of each cell's streets.
    weight
        float64 (cells,), metres of street.
    junction
        int64 (cells,), the junction nearest to that middle.
    """

    network: RoadNetwork
    projection: LocalProjection
    people: int
    street_km: float
    area_km2: float
    xy: NDArray[np.float64]
    weight: NDArray[np.float64]
    junction: NDArray[np.int64]

    @classmethod
    def survey(cls, network: RoadNetwork) -> City:
        """Measure a network; the cells grow until there are no more than ``MOST_CELLS``."""
        projection = LocalProjection.around(network.node_lon, network.node_lat)
        place = projection.to_metres(network.node_lon, network.node_lat)
        metres = _street_metres(network)
        driven = drivable(network, TravelMode.BLUE_LIGHT)
        on_street = np.union1d(network.edge_tail[driven], network.edge_head[driven])
        size_m = SMALLEST_CELL_M
        while len(np.unique(np.floor(place[on_street] / size_m), axis=0)) > MOST_CELLS:
            size_m *= 2
        xy, weight, junction = _cells(place, metres, size_m)
        return cls(
            network=network,
            projection=projection,
            people=sum(d.population for d in network.districts),
            street_km=float(metres.sum()) / 1000,
            area_km2=float(len(np.unique(np.floor(place[metres > 0] / 1000), axis=0))),
            xy=xy,
            weight=weight,
            junction=junction,
        )

    def tagged(self, kind: PlaceKind) -> list[Place]:
        """Every place of one kind that a street of the core reaches."""
        return [p for p in self.network.places_of(kind) if p.on_core]

    def _metres(self, points: Iterable[LonLat]) -> NDArray[np.float64]:
        lon_lat = np.array([*points], np.float64).reshape(-1, 2)
        return self.projection.to_metres(lon_lat[:, 0], lon_lat[:, 1])

    def spread(
        self, count: int, taken: Sequence[LonLat], among: Sequence[LonLat] | None = None
    ) -> list[int]:
        """Indices of the sites chosen: ``among`` those given, or among the cells' junctions.

        In whole metres, whose sums are exact: every machine chooses the same.
        """
        sites = self._junctions() if among is None else among
        xy = self._metres([*taken, *sites])
        cost = np.rint(np.hypot(*np.moveaxis(self.xy[:, np.newaxis] - xy, -1, 0)))
        count = min(max(count, 0), len(sites))
        chosen = greedy_median(cost, np.rint(self.weight), count, range(len(taken)))
        return [int(site) - len(taken) for site in chosen]

    def _junctions(self) -> list[LonLat]:
        lon, lat = self.network.node_lon[self.junction], self.network.node_lat[self.junction]
        return [LonLat(*pair) for pair in zip(lon.tolist(), lat.tolist(), strict=True)]

    def invent(self, count: int, taken: Sequence[LonLat]) -> list[LonLat]:
        """Junctions spread over the streets, away from what is there."""
        junctions = self._junctions()
        return [junctions[site] for site in self.spread(count, taken)]


def _street_metres(network: RoadNetwork) -> NDArray[np.float64]:
    """Metres of street at each node, float64 (n,): half of each, a two-way street once."""
    lived_on = [name not in _NOBODY_LIVES_ON for name in HIGHWAY_CLASSES]
    driven = drivable(network, TravelMode.BLUE_LIGHT)
    both = (network.edge_twin >= 0) & driven[network.edge_twin]
    share = np.where(both, 0.25, 0.5) * driven * np.array(lived_on)[network.edge_class]
    metres = np.zeros(network.node_count, np.float64)
    for ends in (network.edge_tail, network.edge_head):
        metres += np.bincount(ends, network.edge_length_m * share, network.node_count)
    return metres if metres.any() else np.ones(network.node_count)


def _cells(
    place: NDArray[np.float64], metres: NDArray[np.float64], size_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Gather nodes (n, 2) in square cells: their middle, their metres, the node nearest to it."""
    nodes = np.flatnonzero(metres > 0)
    _, cell = np.unique(np.floor(place[nodes] / size_m), axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    weight = np.bincount(cell, weights=metres[nodes]).astype(np.float64)
    middle = [np.bincount(cell, metres[nodes] * place[nodes, axis]) / weight for axis in (0, 1)]
    xy = np.stack(middle, axis=-1)
    off = np.hypot(*(place[nodes] - xy[cell]).T)
    order = np.lexsort((nodes, off, cell))
    first = np.unique(cell[order], return_index=True)[1]
    return xy, weight, nodes[order[first]].astype(np.int64)
