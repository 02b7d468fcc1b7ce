"""PlaceFinder: a text that somebody typed or dictated to the places that it may mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from roadnets.errors import PlaceTextError
from roadnets.geo import LonLat, distance_m, haversine_m
from roadnets.network import Bounds, RoadNetwork
from roadnets.places.addresses import HouseNumbers
from roadnets.places.found import (
    HALF_KNOWN,
    LONGEST_TEXT,
    MOST_PLACES,
    FoundKind,
    FoundPlace,
    PlaceAnswer,
)
from roadnets.places.index import NameIndex
from roadnets.places.kilometres import KilometrePosts
from roadnets.places.known import KnownNames
from roadnets.places.query import read_locality
from roadnets.places.question import LESS_TEXT, VERY_SURE, Question
from roadnets.places.streets import NamedStreets
from roadnets.places.surroundings import LOCALITY_REACH_M, Surroundings
from roadnets.places.words import flatten, form_of

PERHAPS_LESS_TEXT: Final = 0.87
ELSEWHERE: Final = 0.8
"""Shares for a place in a village that the text seems to end in, and for one elsewhere."""

SAME_PLACE_M: Final = 150.0
"""Two things of one kind and name nearer than this to each other are one."""

LEAST: Final = 0.45
"""What fits worse only fills the list."""

_ORDER: Final = {
    kind: place
    for place, kind in enumerate(
        (
            *(FoundKind.KILOMETRE_POST, FoundKind.CROSSING, FoundKind.ADDRESS, FoundKind.GATE),
            *(FoundKind.PLACE, FoundKind.STREET, FoundKind.COMPOUND, FoundKind.LOCALITY),
            *(FoundKind.POINT, FoundKind.DISTRICT),
        )
    )
}
"""Of two equally good places that comes first which callers mean more often."""


class PlaceFinder:
    """Finds places by what people call them, without any service; safe to share between threads.

    It knows the streets of a network by name and number, its places, districts and landmarks. A
    text may be Chinese, pinyin (with or without tones or spaces, or initials alone) or Latin
    (accents and abbreviations do not matter), and may name

    - a street, place, compound, shop, village …: 解放大道, jiefang dadao, jfdd, Av. Carlemany;
    - a crossing: 解放大道与人民大道, Jiefang Ave & Renmin Ave, corner of A and B;
    - a house number: 解放大道128号, 12 Carrer Major, Carrer Major 12;
    - a gate of a compound: 阳光花园3号门, 北门, Sunshine Garden Gate 3;
    - a kilometre of a road with posts: S87 K12+400, 澜绕高速12公里, CG-1 km 12.4.

    Building it reads the whole network once: 0.4 CPU seconds for 3,000 names.

    Parameters
    ----------
    network
        The streets, with their names, places, districts and landmarks.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self._network = network
        self._streets = NamedStreets(network)
        self._numbers = HouseNumbers(network, self._streets)
        self._posts = KilometrePosts(network, self._streets)
        self._known = KnownNames(network, self._streets, self._numbers)
        self._index = NameIndex(self._known.spellings)
        self._surroundings = Surroundings(network, self._streets)

    def find(
        self,
        text: str,
        limit: int = 10,
        near: LonLat | None = None,
        bounds: Bounds | None = None,
    ) -> list[FoundPlace]:
        """Find the places that a text may mean, best first; as ``answer`` without its reason.

        Parameters
        ----------
        text
            What somebody typed: 1 to ``LONGEST_TEXT`` characters.
        limit
            Most places to tell, 1 to ``MOST_PLACES``.
        near
            Where the caller probably is: of equally good places the nearer ones come first.
        bounds
            Only places within.

        Returns
        -------
        list[FoundPlace]
            Empty where nothing fits. Always the same for the same network and question.

        Raises
        ------
        PlaceTextError
            The text is empty or too long, or ``limit`` or ``near`` makes no sense.
        """
        return list(self.answer(text, limit, near, bounds).places)

    def answer(
        self,
        text: str,
        limit: int = 10,
        near: LonLat | None = None,
        bounds: Bounds | None = None,
    ) -> PlaceAnswer:
        """Find places as ``find`` does, and tell why there is none, or only half of it."""
        _check(text, limit, near)
        question = Question(self._streets, self._numbers, self._posts, self._known, self._index)
        flat = flatten(text)
        found = question.ask(flat)
        if not any(place.score > VERY_SURE for place in found):
            found += self._in_localities(question, flat)
        chosen = _best(found, near, bounds)[:limit]
        if not chosen:
            return PlaceAnswer((), question.reason)
        details = self._surroundings.details(chosen)
        return PlaceAnswer(
            tuple(replace(place, detail=d) for place, d in zip(chosen, details, strict=True)),
            HALF_KNOWN.get(chosen[0].note) if chosen[0].note else None,
        )

    def _in_localities(self, question: Question, text: str) -> Iterator[FoundPlace]:
        """Places of a text that names a village or district besides: Carrer Major, Encamp."""
        for rest, locality, sure in read_locality(text):
            middle = self._surroundings.locality(locality)
            if middle is None:
                continue
            for place in question.ask(rest):
                away = distance_m(place.point, middle) / LOCALITY_REACH_M
                # Of two that are near enough the nearer is meant.
                share = (LESS_TEXT if sure else PERHAPS_LESS_TEXT) - 0.05 * away
                share = share if away <= 1 else ELSEWHERE
                yield replace(place, score=place.score * share)
            return


def _check(text: str, limit: int, near: LonLat | None) -> None:
    if len(text) > LONGEST_TEXT:
        raise PlaceTextError(f"text has {len(text)} characters; allowed: 1 to {LONGEST_TEXT}")
    if not form_of(text).text:
        raise PlaceTextError(f"text is {text[:20]!r}; allowed: a name, in letters or characters")
    if not 1 <= limit <= MOST_PLACES:
        raise PlaceTextError(f"limit is {limit}; allowed: 1 to {MOST_PLACES}")
    if near is not None and not (-180 <= near.lon <= 180 and -90 <= near.lat <= 90):
        raise PlaceTextError(f"near is {near}; allowed: degrees of longitude and latitude, WGS84")


def _best(
    found: Iterable[FoundPlace], near: LonLat | None, bounds: Bounds | None
) -> list[FoundPlace]:
    """Tell each place once, by its best score; in an order that depends on nothing else."""
    once: dict[tuple[FoundKind, LonLat, int | None], FoundPlace] = {}
    for place in found:
        key = (place.kind, place.point, place.heading)
        known = once[key].score if key in once else LEAST
        if place.score > known:
            once[key] = place
    places = [place for place in once.values() if bounds is None or _inside(place.point, bounds)]
    away = [0.0] * len(places)
    if near is not None and places:
        lon, lat = np.array([place.point for place in places]).T
        away = np.round(haversine_m(lon, lat, near.lon, near.lat), 1).tolist()

    def order(pair: tuple[FoundPlace, float]) -> tuple[object, ...]:
        place, metres = pair
        rank = (-round(place.score, 2), metres, -place.score, _ORDER[place.kind])
        return (*rank, place.name, place.point, place.heading or 0)

    return _once([place for place, _ in sorted(zip(places, away, strict=True), key=order)])


def _once(places: list[FoundPlace]) -> list[FoundPlace]:
    """Leave out what is the same as a better place: a bus stop has one name and two sides."""
    kept: dict[tuple[FoundKind, str, int | None], list[LonLat]] = {}
    once = []
    for place in places:
        others = kept.setdefault((place.kind, place.name, place.heading), [])
        if all(distance_m(place.point, other) > SAME_PLACE_M for other in others):
            once.append(place)
            others.append(place.point)
    return once


def _inside(point: LonLat, bounds: Bounds) -> bool:
    return bounds.west <= point.lon <= bounds.east and bounds.south <= point.lat <= bounds.north
