"""Conditions: a value to which some are added, and from which some end."""

import numpy as np
import pytest

from roadnets.travel import TravelMode
from roadnets.weights.conditions import (
    EVERY_MODE,
    NO_CONDITIONS,
    ROAD_MODES,
    Closed,
    Condition,
    Conditions,
    Contraflow,
    Flooded,
    Slowed,
    Weather,
    edge_set,
    usual_modes,
)


def test_begin_and_end_make_new_values():
    one = NO_CONDITIONS.with_closure("fire", np.array([5, 2, 5]), {TravelMode.CIVILIAN})
    assert list(NO_CONDITIONS) == []
    (fire,) = one
    assert fire.edges.tolist() == [2, 5]
    assert fire.modes == {TravelMode.CIVILIAN}
    assert fire.effect == Closed()
    both = one.with_all([Condition("rain", edge_set([1]), Weather(0.8))])
    assert [c.condition_id for c in both] == ["fire", "rain"]
    assert list(both.without("rain", "unknown")) == [fire]
    assert both.without("fire", "rain") == Conditions()


def test_the_same_id_again_replaces_what_it_meant_and_comes_last():
    first = NO_CONDITIONS.with_closure("a", [1]).with_closure("b", [2])
    again = first.with_closure("a", [3])
    assert [(c.condition_id, c.edges.tolist()) for c in again] == [("b", [2]), ("a", [3])]
    assert [c.edges.tolist() for c in first] == [[1], [2]]


def test_edges_are_a_set_that_nobody_changes():
    edges = edge_set(iter([7, 1, 7]))
    assert edges.tolist() == [1, 7]
    assert edges.dtype == np.int32
    assert not edges.flags.writeable


def test_whom_an_effect_concerns_where_nobody_is_named():
    assert usual_modes(Closed()) == usual_modes(Slowed(0.5)) == ROAD_MODES
    assert usual_modes(Flooded(0.2)) == usual_modes(Weather(0.5)) == EVERY_MODE
    assert usual_modes(Contraflow()) == {TravelMode.BLUE_LIGHT}
    (closure,) = NO_CONDITIONS.with_closure("works", [1])
    assert TravelMode.BOAT not in closure.modes


@pytest.mark.parametrize(
    ("effect", "value", "message"),
    [
        (Slowed, 0.0, "factor is 0.0; allowed: 0.01 to 1"),
        (Slowed, 0.0099, "factor is 0.0099; allowed: 0.01 to 1"),
        (Weather, 1e-46, "factor is 1e-46; allowed: 0.01 to 1"),
        (Slowed, 1.1, "factor is 1.1"),
        (Weather, float("nan"), "factor is nan"),
        (Flooded, 0.0, "depth_m is 0.0; allowed: above 0, up to 20"),
        (Flooded, 21.0, "depth_m is 21.0"),
    ],
)
def test_effects_refuse_nonsense(effect, value, message):
    with pytest.raises(ValueError, match=message):
        effect(value)


@pytest.mark.parametrize("edge", [10**10, 10**30, -1, np.int64(1 << 31), np.nan])
def test_an_edge_of_no_network_is_refused_by_its_number(edge):
    allowed = "allowed: 0 to 2147483647"
    for edges in ([3, edge], iter([3, edge]), np.array([3, edge])):
        with pytest.raises(ValueError, match=rf"edges\[1\] is {edge}(\.0)?; {allowed}"):
            edge_set(edges)


def test_no_edges_are_a_set_too():
    assert edge_set([]).tolist() == []
    assert edge_set(np.empty(0, np.int64)).dtype == np.int32
