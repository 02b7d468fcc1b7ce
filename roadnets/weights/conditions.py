"""Conditions: what is different about the streets just now, as an immutable value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from roadnets.travel import TravelMode

EVERY_MODE: Final = frozenset(TravelMode)
ROAD_MODES: Final = EVERY_MODE - {TravelMode.BOAT}
"""Everybody on wheels: whom a street concerns that is closed or jammed."""

DEEPEST_M: Final = 20.0
"""Water deeper than this on a street is a typing error."""

_LAST_EDGE: Final = (1 << 31) - 1
"""No network has more edges: they are int32."""

SLOWEST: Final = 0.01
"""A hundredth of the usual speed, slower than walking: what is slower is closed, not slowed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody drives through.

    Attributes
    ----------
    impassable
        Nor can anybody drive on it at all, not even to a place on it (a broken bridge).
    """

    impassable: bool = False


@dataclass(frozen=True, slots=True)
class Slowed:
    """Traffic moves at so many times its usual speed, ``SLOWEST`` to 1.

    Of several on one street the slowest counts.
    """

    factor: float

    def __post_init__(self) -> None:
        _check_factor(self.factor)


@dataclass(frozen=True, slots=True)
class Weather:
    """As ``Slowed``, and on top of it: rain slows a jam, too."""

    factor: float

    def __post_init__(self) -> None:
        _check_factor(self.factor)


@dataclass(frozen=True, slots=True)
class Flooded:
    """Water stands on the street, metres deep; of several depths the greatest counts."""

    depth_m: float

    def __post_init__(self) -> None:
        if not 0 < self.depth_m <= DEEPEST_M:
            raise ValueError(f"depth_m is {self.depth_m}; allowed: above 0, up to {DEEPEST_M:g}")


@dataclass(frozen=True, slots=True)
class Contraflow:
    """One-way streets may be driven the wrong way (edges flagged ``AGAINST_ONEWAY``)."""


Effect = Closed | Slowed | Weather | Flooded | Contraflow


def usual_modes(effect: Effect) -> frozenset[TravelMode]:
    """Tell whom an effect concerns where nobody is named.

    Water and weather concern everybody. A street is closed or jammed for those on wheels: boats
    are on it because it is under water. The wrong way of a one-way street is for blue light.
    """
    match effect:
        case Flooded() | Weather():
            return EVERY_MODE
        case Closed() | Slowed():
            return ROAD_MODES
        case Contraflow():
            return frozenset((TravelMode.BLUE_LIGHT,))


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What one report changes on some edges for some modes; equal only to itself.

    Attributes
    ----------
    edges
        int32 (k,), ascending and without repetition, read-only.
    """

    condition_id: str
    edges: NDArray[np.int32]
    effect: Effect
    modes: frozenset[TravelMode] = EVERY_MODE


@dataclass(frozen=True, slots=True)
class Conditions:
    """Every condition in force by its id, in the order in which they came.

    A street that two conditions close opens when both have ended.
    """

    by_id: Mapping[str, Condition] = field(default_factory=lambda: MappingProxyType({}))

    def __iter__(self) -> Iterator[Condition]:
        return iter(self.by_id.values())

    def with_all(self, conditions: Iterable[Condition]) -> Self:
        """Begin some conditions; each replaces what its id meant before."""
        by_id = dict(self.by_id)
        for condition in conditions:
            by_id.pop(condition.condition_id, None)
            by_id[condition.condition_id] = condition
        return type(self)(MappingProxyType(by_id))

    def with_closure(
        self,
        condition_id: str,
        edges: Iterable[int] | NDArray[np.integer],
        modes: Iterable[TravelMode] = ROAD_MODES,
    ) -> Self:
        """Close edges to through traffic of some modes."""
        return self.with_all([Condition(condition_id, edge_set(edges), Closed(), frozenset(modes))])

    def without(self, *condition_ids: str) -> Self:
        """End some conditions; nothing changes where one is not in force."""
        gone = frozenset(condition_ids)
        kept = {id_: c for id_, c in self.by_id.items() if id_ not in gone}
        return type(self)(MappingProxyType(kept))


NO_CONDITIONS: Final = Conditions()


def edge_set(edges: Iterable[int] | NDArray[np.integer]) -> NDArray[np.int32]:
    """Edges ascending and without repetition, int32 (k,), read-only.

    Raises
    ------
    ValueError
        One is no edge of any network; names it.
    """
    given = np.asarray(edges if isinstance(edges, np.ndarray) else list(edges))
    strange = np.flatnonzero(~((given >= 0) & (given <= _LAST_EDGE)))
    if len(strange):
        edge = given[strange[0]]
        raise ValueError(f"edges[{strange[0]}] is {edge}; allowed: 0 to {_LAST_EDGE}")
    kept = np.unique(given).astype(np.int32)
    kept.setflags(write=False)
    return kept


def _check_factor(factor: float) -> None:
    if not SLOWEST <= factor <= 1:
        raise ValueError(f"factor is {factor}; allowed: {SLOWEST:g} to 1")
