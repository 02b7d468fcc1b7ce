"""From the edges of a fastest way to the Route that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadnets.access import part_ms
from roadnets.geo import LonLat, Seconds
from roadnets.lines import cut_line
from roadnets.network import RoadNetwork
from roadnets.travel import Leg, Route, whole_seconds


class Stretch(NamedTuple):
    """The part of an edge that a route drives, between two fractions of it.

    ``turn_ms`` is lost in turning into the edge.
    """

    edge: int
    begin: float = 0.0
    end: float = 1.0
    turn_ms: int = 0


def describe_route(
    network: RoadNetwork, weights: NDArray[np.int32], stretches: Sequence[Stretch]
) -> Route:
    """Put a route into words, numbers and a line.

    Parameters
    ----------
    network
        The streets.
    weights
        int32 (m,), milliseconds to drive each edge.
    stretches
        One or more, each beginning where the one before ends. Those that take nothing are left
        out, if any other is left.

    Returns
    -------
    Route
        One leg for each run of edges with the same street name.
    """
    driven = [s for s in stretches if s.end > s.begin or s.turn_ms] or list(stretches[:1])
    edges, begin, end, turn_ms = (np.array(column) for column in zip(*driven, strict=True))
    whole_ms = weights[edges].astype(np.float64)
    at_ms = np.cumsum(part_ms(whole_ms, end) - part_ms(whole_ms, begin) + turn_ms)
    at_m = np.cumsum(network.edge_length_m[edges] * (end - begin))

    # Rounding the running totals, not each leg, is what makes the legs add up.
    names = [network.edge_names(edge) for edge in edges]
    changes = [i for i, (here, next_) in enumerate(pairwise(names)) if here != next_]
    last_of_leg = np.array([*changes, len(names) - 1])
    seconds = np.diff(whole_seconds(at_ms[last_of_leg]), prepend=0).tolist()
    metres = np.diff(np.floor(at_m[last_of_leg] + 0.5), prepend=0).astype(int).tolist()
    legs = tuple(
        Leg(*network.edge_names(edge), length_m=length_m, duration_s=Seconds(duration_s))
        for edge, length_m, duration_s in zip(edges[last_of_leg], metres, seconds, strict=True)
    )
    return Route(
        duration_s=Seconds(sum(seconds)),
        length_m=sum(metres),
        edges=tuple(edges.tolist()),
        edge_end_s=tuple(whole_seconds(at_ms).tolist()),
        line=_join(_line(network, stretch) for stretch in driven),
        legs=legs,
    )


def _line(network: RoadNetwork, stretch: Stretch) -> list[LonLat]:
    line = network.edge_line(stretch.edge)
    if (stretch.begin, stretch.end) == (0, 1):
        return line
    return cut_line(line, stretch.begin, stretch.end)


def _join(lines: Iterable[list[LonLat]]) -> tuple[LonLat, ...]:
    """Make one line of many, with a point that two share given once."""
    return tuple(point for point, _ in groupby(chain.from_iterable(lines)))
