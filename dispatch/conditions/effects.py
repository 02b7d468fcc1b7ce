"""Conditions as the road network understands them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

import numpy as np

import roadnets.weights.conditions as roads
from dispatch.conditions.model import (
    Closed,
    Condition,
    Contraflow,
    Effect,
    Flooded,
    FloodedAreas,
    Slowed,
    Weather,
)
from roadnets.travel import TravelMode
from roadnets.weights.flood import Depths, flood_conditions


def on_roads(condition: Condition, edge_count: int) -> tuple[roads.Condition, ...]:
    """What one condition changes: one for each depth of water, else one.

    Parameters
    ----------
    edge_count
        Of the network: a condition of all of it names no edges.
    """
    modes = frozenset(condition.modes)
    if condition.streets.whole_network:
        edges = roads.edge_set(np.arange(edge_count))
    else:
        edges = roads.edge_set(condition.edges)
    if not isinstance(condition.effect, FloodedAreas):
        effect = _effect(condition.effect)
        return (roads.Condition(condition.condition_id, edges, effect, modes),)
    depths = Depths(edges, np.array(condition.effect.depths_m, np.float32))
    return tuple(flood_conditions(condition.condition_id, depths, modes))


_OF_ITS_KIND: Final[Mapping[type[Effect], roads.Effect]] = {
    Closed: roads.Closed(),
    Slowed: roads.Slowed(1.0),
    Weather: roads.Weather(1.0),
    Flooded: roads.Flooded(1.0),
    FloodedAreas: roads.Flooded(1.0),
    Contraflow: roads.Contraflow(),
}


def usual_modes(effect: Effect) -> tuple[TravelMode, ...]:
    """Whom an effect concerns where nobody is named, in their own order."""
    usual = roads.usual_modes(_OF_ITS_KIND[type(effect)])
    return tuple(mode for mode in TravelMode if mode in usual)


def _effect(effect: Closed | Slowed | Weather | Flooded | Contraflow) -> roads.Effect:
    match effect:
        case Closed(impassable):
            return roads.Closed(impassable)
        case Slowed(factor):
            return roads.Slowed(factor)
        case Weather(factor):
            return roads.Weather(factor)
        case Flooded(depth_m):
            return roads.Flooded(depth_m)
        case Contraflow():
            return roads.Contraflow()
        case _:
            assert_never(effect)
