"""From the edges of a fastest way to the Route that people read."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.access import part_ms
from roadnets.geo import LonLat, Seconds
from roadnets.lines import cut_line, line_points
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE, RoadNetwork
from roadnets.travel import Leg, Route, whole_seconds

_POINT: Final = partial(tuple.__new__, LonLat)
"""Makes a LonLat of a pair, without a call of Python's for each of a route's many points."""


class Stretches(NamedTuple):
    """The parts of k edges that a route drives, each beginning where the one before ends.

    Attributes
    ----------
    edge
        int32 (k,), in driving order.
    begin, end
        float64 (k,), fractions of each edge; only the first may begin, and only the last may end,
        between 0 and 1.
    turn_ms
        int32 (k,), lost in turning into each edge.
    """

    edge: NDArray[np.int32]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    turn_ms: NDArray[np.int32]


def describe_route(network: RoadNetwork, weights: NDArray[np.int32], stretches: Stretches) -> Route:
    """Put a route into words, numbers and a line.

    Parameters
    ----------
    network
        The streets.
    weights
        int32 (m,), milliseconds to drive each edge.
    stretches
        One or more. Those that take nothing are left out, if any other is left.

    Returns
    -------
    Route
        One leg for each run of edges with the same street name.
    """
    driven = (stretches.end > stretches.begin) | (stretches.turn_ms > 0)
    driven[0] |= not driven.any()
    edge, begin, end = stretches.edge[driven], stretches.begin[driven], stretches.end[driven]
    whole_ms = weights[edge].astype(np.float64)
    edge_ms = part_ms(whole_ms, end) - part_ms(whole_ms, begin) + stretches.turn_ms[driven]
    at_ms = np.cumsum(edge_ms)
    at_m = np.cumsum(network.edge_length_m[edge] * (end - begin))

    # Rounding the running totals, not each leg, is what makes the legs add up.
    last_of_leg = _ends_of_legs(network, edge)
    seconds = np.diff(whole_seconds(at_ms[last_of_leg]), prepend=0).tolist()
    metres = np.diff(np.floor(at_m[last_of_leg] + 0.5), prepend=0).astype(int).tolist()
    legs = tuple(
        Leg(*network.edge_names(edge), length_m=length_m, duration_s=Seconds(duration_s))
        for edge, length_m, duration_s in zip(edge[last_of_leg], metres, seconds, strict=True)
    )
    return Route(
        duration_s=Seconds(sum(seconds)),
        length_m=sum(metres),
        edges=tuple(edge.tolist()),
        edge_end_s=tuple(whole_seconds(at_ms).tolist()),
        line=_line(network, edge, float(begin[0]), float(end[-1])),
        legs=legs,
    )


def _ends_of_legs(network: RoadNetwork, edge: NDArray[np.int32]) -> NDArray[np.int64]:
    """Where the street's name changes: a road's number may change without it."""
    number = network.edge_name[edge]
    names, names_en = network.names, network.names_en
    changes = [
        place
        for place in np.flatnonzero(np.diff(number)).tolist()
        if (names[number[place]], names_en[number[place]])
        != (names[number[place + 1]], names_en[number[place + 1]])
    ]
    return np.array([*changes, len(edge) - 1])


def _line(
    network: RoadNetwork, edge: NDArray[np.int32], begin: float, end: float
) -> tuple[LonLat, ...]:
    """Make one line of many, cut at both ends, with a point that two share given once."""
    first, last = network.edge_line(int(edge[0])), network.edge_line(int(edge[-1]))
    if len(edge) == 1:
        return tuple(_once(cut_line(first, begin, end)))
    points, _ = line_points(network, edge[1:-1])
    both = points.view(np.int64).ravel()  # longitude and latitude compared in one
    new = np.ones(len(both), np.bool_)
    np.not_equal(both[1:], both[:-1], out=new[1:])
    inner = list(map(_POINT, (points[new] / GEOMETRY_UNITS_PER_DEGREE).tolist()))
    head, tail = _once(cut_line(first, begin, 1.0)), _once(cut_line(last, 0.0, end))
    return tuple(_joined(_joined(head, inner), tail))


def _once(points: list[LonLat]) -> list[LonLat]:
    return [point for point, _ in groupby(points)]


def _joined(line: list[LonLat], further: list[LonLat]) -> list[LonLat]:
    """Go on with another line, with the point that the two share given once."""
    return line + further[further[:1] == line[-1:] :]
