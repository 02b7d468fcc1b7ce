"""Water on the streets: how deep each mode goes, how fast, and the conditions that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.errors import UnknownStreetError
from roadnets.geo import Polygon
from roadnets.network import EdgeFlag
from roadnets.travel import TravelMode, Vehicle
from roadnets.weights.conditions import DEEPEST_M, EVERY_MODE, Condition, Flooded
from roadnets.weights.edge_index import EdgeIndex

WADING_M: Final[Mapping[TravelMode, float]] = MappingProxyType(
    {
        # Where the curve below meets standstill: still water of 0.3 m stops or floats a car.
        TravelMode.CIVILIAN: 0.3,
        # An ambulance is built on a van, whose air intake is hardly higher.
        TravelMode.BLUE_LIGHT: 0.3,
        # What makers of medium off-road trucks state as fording depth without preparation.
        TravelMode.HIGH_CLEARANCE: 0.8,
        # Draught of a loaded inflatable or assault boat with its outboard motor down.
        TravelMode.BOAT: 0.5,
    }
)
"""Deepest water that a vehicle drives through, metres; for boats the shallowest. Conventions."""

_CURVE_LIMIT_MM: Final = 300.0


def wading_limit_m(vehicle: Vehicle) -> np.float32:
    """Water that a vehicle just gets through (a boat: that just carries it), metres."""
    usual = WADING_M[vehicle.mode]
    return np.float32(usual if vehicle.wading_m is None else vehicle.wading_m)


def safe_speed_kph(
    depth_m: NDArray[np.floating], limit_m: float | np.floating
) -> NDArray[np.float64]:
    """Compute how fast a vehicle may go through water and keep control.

    The depth-disruption function of Pregnolato, Ford, Wilkinson and Dawson, "The impact of
    flooding on road transport: A depth-disruption function", Transportation Research Part D 55
    (2017) 67-81: v = 0.0009 w² - 0.5529 w + 86.9448 for w mm of water, fitted to cars up to
    300 mm. For a vehicle that wades deeper, w is taken in proportion to its own limit.

    Parameters
    ----------
    depth_m
        Metres, of any shape, above 0.
    limit_m
        Where the vehicle comes to a stop.

    Returns
    -------
    NDArray[np.float64]
        km/h of the same shape; what is deeper than the limit goes as at the limit, about 2 km/h.
    """
    w = np.minimum(depth_m.astype(np.float64) * (_CURVE_LIMIT_MM / float(limit_m)), _CURVE_LIMIT_MM)
    speed_kph: NDArray[np.float64] = (0.0009 * w - 0.5529) * w + 86.9448
    return speed_kph


class Depths(NamedTuple):
    """How deep some edges are under water.

    Attributes
    ----------
    edges
        int32 (k,), ascending and without repetition.
    depth_m
        float32 (k,), metres.
    """

    edges: NDArray[np.int32]
    depth_m: NDArray[np.float32]


def depths_from_polygons(
    index: EdgeIndex,
    areas: Sequence[tuple[Polygon, float]],
    *,
    bridges_spared: bool = True,
) -> Depths:
    """Find the streets under water, and how deep.

    Parameters
    ----------
    index
        Of the network.
    areas
        Areas with their depth in metres; where they overlap, the deepest counts.
    bridges_spared
        A bridge that reaches over the water stays dry.

    Returns
    -------
    Depths
        Every edge of which some part lies inside; navigable water is no street.

    Raises
    ------
    ValueError
        An area is no polygon or its depth is not allowed; says which and why.
    UnknownStreetError
        No street lies inside an area; says which.
    """
    for place, (_, depth_m) in enumerate(areas):
        if not 0 < depth_m <= DEEPEST_M:
            allowed = f"above 0, up to {DEEPEST_M:g}"
            raise ValueError(f"areas[{place}].depth_m is {depth_m}; allowed: {allowed}")
    area, edge = index.inside([polygon for polygon, _ in areas])
    dry = EdgeFlag.WATER | EdgeFlag.BRIDGE if bridges_spared else EdgeFlag.WATER
    wet = ~index.network.has_flag(dry)[edge]
    area, edge = area[wet], edge[wet]
    empty = np.setdiff1d(np.arange(len(areas)), area)
    if len(empty):
        where = index.nothing_inside(areas[empty[0]][0])
        raise UnknownStreetError(f"areas[{empty[0]}]: {where}")
    depth = np.zeros(index.network.edge_count, np.float32)
    np.maximum.at(depth, edge, np.array([m for _, m in areas], np.float32)[area])
    edges = np.unique(edge).astype(np.int32)
    return Depths(edges, depth[edges])


def flood_conditions(
    condition_id: str, depths: Depths, modes: Iterable[TravelMode] = EVERY_MODE
) -> list[Condition]:
    """Tell depths as conditions, one for each depth in whole millimetres, rounded up.

    Rounded to the nearest, water a little too deep for a car would let it through.

    Parameters
    ----------
    condition_id
        Theirs begin with it and a "/"; the millimetres follow.
    depths
        Where the water stands.
    modes
        Whom it concerns.

    Returns
    -------
    list[Condition]
        Shallowest first. What a later flood of the same id does not renew must be ended.
    """
    concerned = frozenset(modes)
    nearest_mm = np.rint(depths.depth_m.astype(np.float64) * 1000).clip(1)
    # Compared as they are kept: 0.3 m as float32 is a little more than 0.3 and is 300 mm all the
    # same.
    nearest_mm += (nearest_mm / 1000).astype(np.float32) < depths.depth_m
    depth_mm, group = np.unique(nearest_mm, return_inverse=True)
    order = np.argsort(group, kind="stable")
    begins = np.searchsorted(group[order], np.arange(len(depth_mm) + 1)).tolist()
    conditions = []
    for mm, (begin, end) in zip(depth_mm.tolist(), pairwise(begins), strict=True):
        edges = depths.edges[order[begin:end]]
        edges.setflags(write=False)
        conditions.append(
            Condition(f"{condition_id}/{mm:.0f}", edges, Flooded(mm / 1000), concerned)
        )
    return conditions
