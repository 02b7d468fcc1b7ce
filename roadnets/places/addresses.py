"""HouseNumbers: a number on a street to its house, or to where it must be."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from roadnets.beside import LandmarkKind
from roadnets.geo import LonLat, distance_m
from roadnets.network import RoadNetwork
from roadnets.places.found import PlaceNote
from roadnets.places.streets import APART_M, NamedStreets
from roadnets.places.words import fold, form_of

NEAR_NUMBER: Final = 20
"""A house is still near another of its street when their numbers differ by no more than this."""

ONE_STRETCH_M: Final = 1500.0
"""Houses of one street farther apart do not tell what lies between them."""

IN_A_RANGE: Final = 0.97
BETWEEN: Final = 0.85
OTHER_SIDE: Final = 0.8
NEAR: Final = 0.75
"""How well a place answers for a number: of a house 8-12, between two houses of its side, between
two of both sides, at the nearest number."""

_PARTS: Final = re.compile(r"\d+[a-z]?")
_FIRST: Final = re.compile(r"\d+")


class House(NamedTuple):
    """Where a number is; ``share`` tells how well, ``number`` which house it was told from."""

    point: LonLat
    share: float
    note: PlaceNote | None
    number: str


class _Known(NamedTuple):
    number: str
    first: int
    last: int
    point: LonLat


class HouseNumbers:
    """Every house number of a network by the street that it names; immutable."""

    def __init__(self, network: RoadNetwork, streets: NamedStreets) -> None:
        self._streets = streets
        self._known: dict[str, list[_Known]] = defaultdict(list)
        self.names: dict[str, tuple[str, str]] = {}
        for thing in network.landmarks:
            if thing.kind is LandmarkKind.ADDRESS and _FIRST.search(thing.number):
                key = form_of(thing.street).text
                self._known[key].append(_known(thing.number, thing.point))
                self.names.setdefault(key, (thing.street, thing.name_en))

    def houses(self, street: Iterable[str], number: str) -> list[House]:
        """Find a number on a street.

        Parameters
        ----------
        street
            Every name of the street.
        number
            As somebody says it: "128", "128-1", "12A".

        Returns
        -------
        list[House]
            Best first; streets of one name in several places have one each. Empty where no house
            of the street tells anything about the number.
        """
        keys = dict.fromkeys(form_of(name).text for name in street if name)
        known = [house for key in keys for house in self._known.get(key, ())]
        if not known:
            return []
        asked = _known(number, known[0].point)
        found = [house for part in self._apart(known) for house in _answers(part, asked)]
        return sorted(found, key=lambda house: (-house.share, house.point))

    def middle(self, key: str) -> LonLat:
        """The house in the middle of a street that the network does not name."""
        points = [house.point for house in self._known[key]]
        lon, lat = np.median(np.array(points), axis=0)
        return min(points, key=lambda p: (abs(p.lon - lon) + abs(p.lat - lat), p))

    def _apart(self, known: list[_Known]) -> list[list[_Known]]:
        """Tell streets of one name apart, as ``NamedStreets`` does: by gaps."""
        metres = self._streets.metres(house.point for house in known)
        label = _labels(metres)
        return [[known[i] for i in np.flatnonzero(label == k)] for k in range(int(label.max()) + 1)]


def _labels(metres: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number the groups of points (k, 2) that no gap of 2 ``APART_M`` divides, from 0."""
    blobs = shapely.union_all(shapely.buffer(shapely.points(metres), APART_M, quad_segs=4))
    parts = shapely.get_parts(blobs)
    label = np.zeros(len(metres), np.int64)
    for number, part in enumerate(parts):
        label[shapely.contains_xy(part, metres[:, 0], metres[:, 1])] = number
    return label


def _known(number: str, point: LonLat) -> _Known:
    """Read a house number: 8-12 is every house from 8 to 12; 13-1 is the first part of 13."""
    folded = fold(number).replace("号", "")
    parts = [int(_FIRST.findall(part)[0]) for part in _PARTS.findall(folded)]
    first, last = parts[0], parts[-1]
    return _Known("-".join(_PARTS.findall(folded)), first, max(first, last), point)


def _answers(known: list[_Known], asked: _Known) -> list[House]:
    exact = [House(k.point, 1.0, None, k.number) for k in known if k.number == asked.number]
    if exact:
        return exact
    ranges = [
        House(k.point, IN_A_RANGE, None, k.number)
        for k in known
        if k.first <= asked.first <= k.last and (asked.first - k.first) % 2 == 0
    ]
    if ranges:
        return ranges[:1]
    for houses, share in (
        ([k for k in known if k.first % 2 == asked.first % 2], BETWEEN),
        (known, OTHER_SIDE),
    ):
        between = _between(houses, asked, share)
        if between is not None:
            return [between]
    nearest = min(known, key=lambda k: (_off(k, asked), k))
    if _off(nearest, asked) <= NEAR_NUMBER:
        return [House(nearest.point, NEAR, PlaceNote.NEAR_NUMBER, nearest.number)]
    return []


def _off(house: _Known, asked: _Known) -> int:
    """By how many numbers a house misses another; 0 across the street from it."""
    return max(house.first - asked.first, asked.first - house.last, 0)


def _between(known: list[_Known], asked: _Known, share: float) -> House | None:
    """Divide the way between the two nearest numbers in proportion."""
    low = max((k for k in known if k.last < asked.first), key=lambda k: k.last, default=None)
    high = min((k for k in known if k.first > asked.first), key=lambda k: k.first, default=None)
    if low is None or high is None or distance_m(low.point, high.point) > ONE_STRETCH_M:
        return None
    part = (asked.first - low.last) / (high.first - low.last)
    lon, lat = (a + (b - a) * part for a, b in zip(low.point, high.point, strict=True))
    point = LonLat(round(lon, 7), round(lat, 7))
    return House(point, share, PlaceNote.BETWEEN_NUMBERS, f"{low.number}–{high.number}")
