"""Where boats land on the river of the made-up city."""

from __future__ import annotations

from typing import Final, NamedTuple

from roadnets.sources.samplecity.geometry import Point, between, distance
from roadnets.sources.samplecity.names import Name
from roadnets.sources.samplecity.plan import Plan

_TO_THE_BANK: Final = 0.28
"""Share of the way from the road on the bank to the middle of the river."""


class Landing(NamedTuple):
    """A slipway, pier or ferry terminal."""

    at: Point
    tags: dict[str, str]


_ROWS: Final = (
    (-4300.0, "滨江北路", Name("西津码头", "Xijin Wharf"), {"leisure": "slipway"}),
    (-3000.0, "滨江南路", Name("花园码头", "Huayuan Wharf"), {"leisure": "slipway"}),
    (-600.0, "滨江北路", Name("文昌码头", "Wenchang Wharf"), {"man_made": "pier"}),
    (700.0, "滨江南路", Name("江南轮渡", "Jiangnan Ferry"), {"amenity": "ferry_terminal"}),
    (2600.0, "滨江北路", Name("东门码头", "Dongmen Wharf"), {"leisure": "slipway"}),
    (4900.0, "滨江南路", Name("临港码头", "Lingang Wharf"), {"leisure": "slipway"}),
)


def waterside(plan: Plan) -> list[Landing]:
    """Draw each landing at the bank below a junction of the road along the river."""
    return [
        Landing(_below(plan, x, road), {**tags, "name": name.local, "name:en": name.english})
        for x, road, name, tags in _ROWS
    ]


def _below(plan: Plan, x: float, road: str) -> Point:
    arms = plan.layout.arms()
    junctions = [
        plan.layout.points[node]
        for street in plan.layout.streets
        if street.name == road
        for node in street.nodes
        if len(arms[node]) > 2
    ]
    junction = min(junctions, key=lambda at: abs(at.x - x))
    middle = min(plan.skeleton.river, key=lambda at: distance(at, junction))
    return between(junction, middle, _TO_THE_BANK)
