"""Signs that forbid a turn in the made-up city."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roadnets.sources.samplecity.planar import Layout, Street


@dataclass(frozen=True, slots=True)
class TurnSign:
    """A turn restriction: streets by their place in the layout, the junction as a node.

    ``via`` is a street where ``via_is_street``.
    """

    start: int
    via: int
    end: int
    tags: dict[str, str]
    via_is_street: bool = False


def turn_signs(layout: Layout) -> list[TurnSign]:
    """Put up signs of every kind, at the heads of bridges and on a divided road."""
    return [
        *_at_bridge(layout, "红旗大桥", {"restriction": "no_left_turn"}),
        *_at_bridge(layout, "东风大桥", {"restriction": "no_left_turn", "except": "psv"}),
        *_at_bridge(layout, "镜湖大桥", {"restriction:hgv": "no_right_turn"}),
        *_at_bridge(
            layout, "望江大桥", {"restriction:conditional": "no_left_turn @ (07:00-09:00)"}
        ),
        *_onto_bridge(layout, "文昌桥", "文昌路", {"restriction": "only_straight_on"}),
        *_between_carriageways(layout, "江南大道", "镜湖路", {"restriction": "no_u_turn"}),
    ]


def _named(layout: Layout, name: str) -> list[int]:
    return [i for i, street in enumerate(layout.streets) if street.name == name]


def _ends(street: Street) -> tuple[int, int]:
    return street.nodes[0], street.nodes[-1]


def _at_bridge(layout: Layout, name: str, tags: dict[str, str]) -> Iterator[TurnSign]:
    """From a bridge into the road along the bank, at both of its heads."""
    for bridge in _named(layout, name):
        for node in _ends(layout.streets[bridge]):
            for bank in (*_named(layout, "滨江北路"), *_named(layout, "滨江南路")):
                if node in layout.streets[bank].nodes:
                    yield TurnSign(bridge, node, bank, tags)


def _onto_bridge(layout: Layout, name: str, road: str, tags: dict[str, str]) -> Iterator[TurnSign]:
    """From the road that a bridge carries onto the bridge."""
    for bridge in _named(layout, name):
        for start in _named(layout, road):
            for node in set(_ends(layout.streets[start])) & set(_ends(layout.streets[bridge])):
                yield TurnSign(start, node, bridge, tags)


def _between_carriageways(
    layout: Layout, name: str, crossing: str, tags: dict[str, str]
) -> Iterator[TurnSign]:
    """From one carriageway of a divided road over a street that crosses both into the other."""
    there, back = _named(layout, name)
    for over in _named(layout, crossing):
        nodes = set(layout.streets[over].nodes)
        if nodes & set(layout.streets[there].nodes) and nodes & set(layout.streets[back].nodes):
            yield TurnSign(there, over, back, tags, via_is_street=True)
