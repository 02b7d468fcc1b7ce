"""Edges near edges of another layer, against every pair of them."""

import numpy as np
import shapely

from roadnets.lines import project_edges, projection_of
from roadnets.network import RoadNetwork
from roadnets.snapping.layers import edges_near_other_layers
from tests.roadnets.networks import grid, with_turns


def test_every_pair_of_another_layer_and_no_other():
    rng = np.random.default_rng(6)
    layers = rng.choice([-1, 0, 0, 0, 0, 1], grid(4, 5).edge_count).astype(np.int8)
    network = with_turns(grid(4, 5), [], edge_layer=layers)
    lines = project_edges(network, np.arange(network.edge_count), projection_of(network))
    for within_m in (0.5, 60.0, 120.0):
        close = shapely.distance(lines[:, None], lines[None]) <= within_m
        expected = (close & (layers[:, None] != layers[None])).any(axis=1)
        np.testing.assert_array_equal(edges_near_other_layers(network, within_m), expected)


def test_on_one_layer_nothing_is_near_another(sample_network: RoadNetwork):
    assert not edges_near_other_layers(grid(3, 3), 50.0).any()
    share = edges_near_other_layers(sample_network, 50.0).mean()
    assert 0 < share < 0.5
