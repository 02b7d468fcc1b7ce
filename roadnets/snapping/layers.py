"""Where streets of different layers lie so near each other that a point may be on either."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from roadnets.lines import project_edges, projection_of
from roadnets.network import RoadNetwork


def edges_near_other_layers(network: RoadNetwork, within_m: float) -> NDArray[np.bool_]:
    """Tell which edges have one of another layer within so many metres, bool (m,), read-only."""
    near = np.zeros(network.edge_count, np.bool_)
    usual = np.bincount(network.edge_layer.astype(np.int64) + 128).argmax() - 128
    odd = np.flatnonzero(network.edge_layer != usual)  # of two layers one is not the usual one
    if len(odd):
        lines = project_edges(network, np.arange(network.edge_count), projection_of(network))
        tree = shapely.STRtree(lines)
        one, other = tree.query(lines[odd], predicate="dwithin", distance=within_m)
        apart = network.edge_layer[odd[one]] != network.edge_layer[other]
        near[odd[one[apart]]] = near[other[apart]] = True
    near.setflags(write=False)
    return near
