"""What is prepared for a network: the same each time, and for that network alone."""

import dataclasses
import hashlib

import numpy as np
import pytest

from roadnets.graph import TravelGraph
from roadnets.kernel.build import build_topology
from roadnets.network import RoadNetwork, build_network
from roadnets.prepared import HIERARCHY_VERSION, Prepared, prepare
from roadnets.travel import MODE_BIT, TravelMode
from tests.roadnets.networks import grid


def with_turn(network: RoadNetwork, signal: int = -1) -> RoadNetwork:
    """One turn forbidden: out of edge 0 into whatever goes on from there, but not back."""
    onward = np.flatnonzero(network.edge_tail == network.edge_head[0])
    onward = onward[onward != network.edge_twin[0]]
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}
    del fields["checksum"]
    turn = {
        "turn_start": np.array([0, 2], np.int32),
        "turn_edge": np.array([0, onward[0]], np.int32),
        "turn_modes": np.array([MODE_BIT[TravelMode.CIVILIAN]], np.uint8),
        "node_signal": np.arange(network.node_count) == signal,
    }
    return build_network(**{**fields, **turn})


def test_the_hierarchy_is_over_the_graph():
    network = with_turn(grid(4, 5))
    prepared = prepare(network)
    assert prepared.graph.node_count == network.node_count + 1
    assert prepared.topology.node_count == prepared.graph.node_count
    assert len(prepared.topology.arc_slot) == prepared.graph.arc_count
    assert sorted(prepared.topology.rank.tolist()) == list(range(prepared.graph.node_count))
    assert prepared.is_of(network)


def test_the_same_network_gives_the_same_arrays():
    once, again = prepare(grid(9, 8)).arrays(), prepare(grid(9, 8)).arrays()
    assert once.keys() == again.keys()
    for name, array in once.items():
        np.testing.assert_array_equal(array, again[name])


def test_arrays_there_and_back():
    before = prepare(with_turn(grid(4, 5)))
    arrays = before.arrays()
    after = Prepared.from_arrays(arrays)
    assert after.graph.node_count == before.graph.node_count
    for name, array in after.arrays().items():
        np.testing.assert_array_equal(array, arrays[name])
        assert name == "graph_node_count" or not array.flags.writeable


def test_a_missing_array_is_named():
    arrays = prepare(grid(3, 3)).arrays()
    del arrays["hierarchy_up_head"]
    with pytest.raises(KeyError, match="hierarchy_up_head"):
        Prepared.from_arrays(arrays)


@pytest.mark.parametrize(
    ("other", "words"), [(grid(3, 4), "over 12 nodes; the graph has 9"), (grid(9, 1), "16 arcs")]
)
def test_graph_and_hierarchy_must_fit(other, words):
    with pytest.raises(ValueError, match=words):
        Prepared(prepare(grid(3, 3)).graph, prepare(other).topology)


def test_steps_are_told():
    told = []
    prepare(grid(3, 3), told.append)
    assert told == ["making the travel graph", "ordering the hierarchy", "building the hierarchy"]


def test_of_which_network_it_is():
    prepared = prepare(grid(3, 4))
    assert prepared.is_of(grid(3, 4))
    assert not prepared.is_of(grid(4, 3))  # of the same size
    assert not prepared.is_of(grid(2, 2))


def test_a_change_of_what_is_kept_raises_the_version():
    """Files keep the graph and the hierarchy: whoever changes either raises HIERARCHY_VERSION.

    The order of the nodes is METIS's, and not looked at: it makes no answer another.
    """
    network = with_turn(grid(4, 5), signal=7)
    graph = TravelGraph.build(network)
    backwards = np.arange(graph.node_count)[::-1]
    kept = Prepared(graph, build_topology(backwards, graph.arc_tail, graph.arc_head))
    digest = hashlib.sha256()
    for name, array in sorted(kept.arrays().items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    assert HIERARCHY_VERSION == 1
    assert digest.hexdigest()[:16] == "18311fa43df823fc"
