"""EdgeWeights: what each edge costs one vehicle now, from its usual pace and the overlay."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.searches.search import NO_WAY_MS
from roadnets.travel import MODE_BIT, TravelMode, Vehicle
from roadnets.weights.flood import safe_speed_kph, wading_limit_m
from roadnets.weights.overlay import MODE_COLUMN, Overlay
from roadnets.weights.speeds import BOAT_KPH, MS_PER_M_AT_1_KPH, NOT_DRIVABLE_MS

_NEVER_UNDER_A_BOAT: Final = np.uint16(EdgeFlag.BRIDGE | EdgeFlag.TUNNEL)
"""A bridge rises out of the flood, and nobody goes by boat through what is full of water."""


class EdgeWeights(NamedTuple):
    """What edges cost one vehicle, whole milliseconds.

    Attributes
    ----------
    through_ms
        int32 (m,) or (k,), to drive each from end to end; ``NOT_DRIVABLE_MS`` where that cannot be.
    stand_ms
        int32 (m,) or (k,), the same for a place on it: a closed street is reached and left along
        it (docs/decisions/0010), one that cannot be driven at all is not.
    """

    through_ms: NDArray[np.int32]
    stand_ms: NDArray[np.int32]


def edge_weights(
    network: RoadNetwork,
    vehicle: Vehicle,
    pace_ms: NDArray[np.int32],
    overlay: Overlay,
    edges: NDArray[np.int32] | None = None,
) -> EdgeWeights:
    """Compute what edges cost a vehicle under the conditions in force.

    Parameters
    ----------
    network
        The streets.
    vehicle
        Who drives.
    pace_ms
        int32 (m,), what each edge takes its mode as usual, ``NOT_DRIVABLE_MS`` where it never may;
        of edges against a one-way street, what they would take if they were open
        (``roadnets.weights.pace``).
    overlay
        What is different now.
    edges
        Only these, int32 (k,) ascending; None for all.

    Returns
    -------
    EdgeWeights
        Read-only, of all m edges or of the k asked for; the latter equal the former bit for bit.
        What can be driven takes at least 1 ms and less than ``NO_WAY_MS``.
    """
    at = slice(None) if edges is None else edges
    effects, mode = overlay.effects, vehicle.mode
    bit, column = np.uint8(MODE_BIT[mode]), MODE_COLUMN[mode]
    flags, depth_m = network.edge_flags[at], effects.depth_m[at, column]
    milliseconds = pace_ms[at].astype(np.float64)
    shut = pace_ms[at] == NOT_DRIVABLE_MS
    if mode is TravelMode.BOAT:
        afloat = (depth_m >= wading_limit_m(vehicle)) & ((flags & _NEVER_UNDER_A_BOAT) == 0) & shut
        milliseconds[afloat] = network.edge_length_m[at][afloat] * (MS_PER_M_AT_1_KPH / BOAT_KPH)
        shut &= ~afloat
    else:
        against = (flags & np.uint16(EdgeFlag.AGAINST_ONEWAY)) != 0
        shut |= against & ((effects.contraflow[at] & bit) == 0)
    shut |= (effects.impassable[at] & bit) != 0
    shut |= _too_tight(network, vehicle, at)
    milliseconds /= effects.factor[at, column]
    if mode is not TravelMode.BOAT:
        shut |= _wade(network, vehicle, depth_m, at, milliseconds)
    stand_ms = _whole_ms(milliseconds)
    stand_ms[shut] = NOT_DRIVABLE_MS
    through_ms = stand_ms.copy()
    through_ms[(effects.closed[at] & bit) != 0] = NOT_DRIVABLE_MS
    for weights in (through_ms, stand_ms):
        weights.setflags(write=False)
    return EdgeWeights(through_ms, stand_ms)


def _wade(
    network: RoadNetwork,
    vehicle: Vehicle,
    depth_m: NDArray[np.float32],
    at: NDArray[np.int32] | slice,
    milliseconds: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Slow a vehicle down in water, in place; tell where it is too deep, bool (k,)."""
    wet = np.flatnonzero(depth_m > 0)
    limit_m = wading_limit_m(vehicle)
    if len(wet):
        speed_kph = safe_speed_kph(depth_m[wet], limit_m)
        wading_ms = network.edge_length_m[at][wet] * MS_PER_M_AT_1_KPH / speed_kph
        milliseconds[wet] = np.maximum(milliseconds[wet], wading_ms)
    too_deep: NDArray[np.bool_] = depth_m > limit_m
    return too_deep


def _too_tight(
    network: RoadNetwork, vehicle: Vehicle, at: NDArray[np.int32] | slice
) -> NDArray[np.bool_] | np.bool_:
    """Where the vehicle is too high, too wide or too heavy, bool (k,); a boat weighs on nothing."""
    weight_t = None if vehicle.mode is TravelMode.BOAT else vehicle.weight_t
    shut: NDArray[np.bool_] | np.bool_ = np.False_
    for size, limit in (
        (vehicle.height_m, network.edge_max_height_m),
        (vehicle.width_m, network.edge_max_width_m),
        (weight_t, network.edge_max_weight_t),
    ):
        if size is not None:
            shut = shut | (limit[at] < np.float32(size))
    return shut


def _whole_ms(milliseconds: NDArray[np.float64]) -> NDArray[np.int32]:
    """Round half up, to at least 1 and less than ``NO_WAY_MS``."""
    return np.floor(milliseconds + 0.5).clip(1, NO_WAY_MS - 1).astype(np.int32)
