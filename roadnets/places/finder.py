"""PlaceFinder: a text that somebody typed or dictated to the places that it may mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import shapely

from roadnets.errors import PlaceTextError
from roadnets.geo import LonLat, distance_m, haversine_m
from roadnets.network import Bounds, Landmark, RoadNetwork
from roadnets.places.addresses import House, HouseNumbers
from roadnets.places.crossings import crossings
from roadnets.places.found import (
    LONGEST_TEXT,
    MOST_PLACES,
    FoundKind,
    FoundPlace,
    NoPlace,
    PlaceAnswer,
    PlaceNote,
)
from roadnets.places.index import NameIndex
from roadnets.places.kilometres import KilometrePoint, KilometrePosts
from roadnets.places.known import Bearer, KnownNames, gate_labels
from roadnets.places.query import (
    Kilometre,
    read_crossing,
    read_gate,
    read_kilometre,
    read_locality,
    read_name,
    read_number,
)
from roadnets.places.streets import NamedStreets
from roadnets.places.surroundings import LOCALITY_REACH_M, Surroundings
from roadnets.places.words import flatten, form_of

SURE: Final = 0.75
"""A street, road or compound that a text names as part of more must fit it at least so well."""

VERY_SURE: Final = 0.9
"""So well must each of two names fit where the text does not say that they cross."""

LESS_TEXT: Final = 0.99
"""What is left of a text without its city, its district or its "near" says a little less."""

PERHAPS_LESS_TEXT: Final = 0.87
ELSEWHERE: Final = 0.8
"""Shares for a place in a village that the text seems to end in, and for one elsewhere."""

STREET_ONLY: Final = 0.6
GATE_UNKNOWN: Final = 0.7
OTHER_GATE: Final = 0.95
OTHER_DIRECTION: Final = 0.5
PASSING: Final = 0.85
"""Share of the score of a street without the house, a compound without the gate, another gate of
it, the other carriageway, two streets that do not touch."""

SAME_PLACE_M: Final = 150.0
"""Two things of one kind and name nearer than this to each other are one."""

ADDRESS_EDGE_M: Final = 150.0

LEAST: Final = 0.45
"""What fits worse only fills the list."""

_STREETS_TRIED: Final = 4
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

Names = list[tuple[int, float]]
"""Numbers of names in ``KnownNames`` and how well each fits, best first."""


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

    Building it reads the whole network once: 0.3 s for 6,000 names.

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
        """Find places as ``find`` does, and tell why there is none."""
        _check(text, limit, near)
        question = _Question(self._streets, self._numbers, self._posts, self._known, self._index)
        flat = flatten(text)
        found = question.ask(flat)
        if not any(place.score > VERY_SURE for place in found):
            found += self._in_localities(question, flat)
        chosen = _best(found, near, bounds)[:limit]
        if not chosen:
            return PlaceAnswer((), question.reason)
        details = self._surroundings.details(chosen)
        return PlaceAnswer(
            tuple(replace(place, detail=d) for place, d in zip(chosen, details, strict=True))
        )

    def _in_localities(self, question: _Question, text: str) -> Iterator[FoundPlace]:
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
    if not form_of(text).text:
        raise PlaceTextError(f"text is {text[:20]!r}; allowed: a name, in letters or characters")
    if len(text) > LONGEST_TEXT:
        raise PlaceTextError(f"text has {len(text)} characters; allowed: 1 to {LONGEST_TEXT}")
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


class _Question:
    """One text being looked up: what it may ask for, and what was found for each."""

    def __init__(
        self,
        streets: NamedStreets,
        numbers: HouseNumbers,
        posts: KilometrePosts,
        known: KnownNames,
        index: NameIndex,
    ) -> None:
        self.reason = NoPlace.UNKNOWN
        self._streets = streets
        self._network = streets.network
        self._numbers = numbers
        self._posts = posts
        self._known = known
        self._index = index
        self._names: dict[str, Names] = {}

    def ask(self, text: str) -> list[FoundPlace]:
        """Everything that a text may mean, in no order."""
        kilometre = self._at_kilometre(text)
        if kilometre or (kilometre is not None and not self._is_a_name(text)):
            return kilometre
        found: list[FoundPlace] = []
        share = 1.0
        for part in read_name(text):
            found += self._by_name(part, share)
            found += self._by_number(part, share)
            found = [
                *_without_other_gates(found, unknown := [*self._at_gate(part, share)]),
                *unknown,
            ]
            if any(place.score > VERY_SURE for place in found):
                break
            share *= LESS_TEXT
        crossed = self._at_crossing(text)
        if crossed is None and not any(p.score > VERY_SURE for p in found):
            self.reason = NoPlace.APART
            return []
        return found + (crossed or [])

    def _is_a_name(self, text: str) -> bool:
        """Tell whether a name has it all: a roundabout may be called Km. 0."""
        return any(score > VERY_SURE for _, score in self._find(text)[:1])

    # ---- names ----

    def _find(self, text: str) -> Names:
        if text not in self._names:
            self._names[text] = self._index.find(text)
        return self._names[text]

    def _streets_like(self, text: str, least: float) -> list[tuple[int, float]]:
        """Names of streets that fit a text, the best few."""
        kinds = {FoundKind.STREET, FoundKind.ADDRESS}
        fitting = (
            (name, score)
            for name, score in self._find(text)
            if score >= least and any(b.kind in kinds for b in self._known.bearers[name])
        )
        return [found for found, _ in zip(fitting, range(_STREETS_TRIED), strict=False)]

    def _by_name(self, text: str, share: float) -> Iterator[FoundPlace]:
        for name, score in self._find(text):
            for bearer in self._known.bearers[name]:
                yield self._place(bearer, share * score)

    def _place(self, bearer: Bearer, score: float) -> FoundPlace:
        match bearer.kind:
            case FoundKind.STREET:
                return self._street(bearer.place, score, PlaceNote.WHOLE_STREET)
            case FoundKind.ADDRESS:
                name, name_en = self._numbers.names[bearer.key]
                point = self._numbers.middle(bearer.key)
                return FoundPlace(
                    *(FoundKind.STREET, point, name, name_en, "", score),
                    approximate=True,
                    note=PlaceNote.WHOLE_STREET,
                )
            case FoundKind.PLACE:
                place = self._network.places[bearer.place]
                return FoundPlace(bearer.kind, place.point, place.name, place.name_en, "", score)
            case FoundKind.DISTRICT:
                return self._district(bearer.place, score)
            case _:
                return self._landmark(bearer, score)

    def _street(self, index: int, score: float, note: PlaceNote) -> FoundPlace:
        street = self._streets.streets[index]
        return FoundPlace(
            kind=FoundKind.STREET,
            point=self._streets.middle_of(street.edge),
            name=self._network.names[street.name],
            name_en=self._network.names_en[street.name],
            detail="",
            score=score,
            approximate=True,
            edge=street.edge,
            note=note,
        )

    def _district(self, index: int, score: float) -> FoundPlace:
        district = self._network.districts[index]
        middle = shapely.Polygon(district.ring).representative_point()
        point = LonLat(round(middle.x, 7), round(middle.y, 7))
        name, name_en = district.name, district.name_en
        return FoundPlace(FoundKind.DISTRICT, point, name, name_en, "", score, approximate=True)

    def _landmark(self, bearer: Bearer, score: float) -> FoundPlace:
        thing = self._network.landmarks[bearer.place]
        name, name_en = thing.name, thing.name_en
        if bearer.kind is FoundKind.GATE:
            name, name_en = self._gate_names(thing)
        elif thing.number and not name:
            name, name_en = f"{thing.number}出口", f"Exit {thing.number}"
        return FoundPlace(bearer.kind, thing.point, name, name_en, "", score)

    def _gate_names(self, gate: Landmark) -> tuple[str, str]:
        """Name a gate with its compound: 阳光花园3号门, Sunshine Garden Gate 3; El Tarter II."""
        labels = gate_labels(gate)
        label_en = next((label for label in labels if label.isascii()), "")
        if gate.name.startswith(gate.compound):
            return gate.name or labels[0], label_en
        english = self._known.english.get(gate.compound, "")
        both_en = f"{english} {label_en}" if english and label_en else ""
        if _is_han(gate.compound):
            return f"{gate.compound}{labels[0]}", both_en
        return f"{gate.compound} {gate.name or gate.number}", both_en

    # ---- house numbers ----

    def _by_number(self, text: str, share: float) -> Iterator[FoundPlace]:
        for asked in read_number(text):
            for name, score in self._streets_like(asked.street, SURE):
                spellings = self._known.spellings[name]
                bearers = self._known.bearers[name]
                houses = self._numbers.houses(spellings, asked.number)
                for house in houses:
                    yield self._house(bearers, house, asked.number, share * score)
                if not houses:
                    for bearer in bearers:
                        if bearer.kind is FoundKind.STREET:
                            fit = share * score * STREET_ONLY
                            yield self._street(bearer.place, fit, PlaceNote.STREET_ONLY)

    def _house(self, bearers: list[Bearer], house: House, number: str, score: float) -> FoundPlace:
        names = self._street_names(bearers)
        street, street_en = next(
            ((self._network.names[i], self._network.names_en[i]) for i in names),
            next((self._numbers.names[b.key] for b in bearers if b.key), ("", "")),
        )
        edge = self._streets.edge_beside(names, house.point, ADDRESS_EDGE_M) if names else None
        shown = house.number if house.note is None else number
        name = f"{street}{shown}号" if _is_han(street) else f"{street} {shown}"
        return FoundPlace(
            kind=FoundKind.ADDRESS,
            point=house.point,
            name=name,
            name_en=f"{shown} {street_en}" if street_en else "",
            detail=house.number if house.note else "",
            score=score * house.share,
            approximate=house.note is not None,
            edge=edge,
            note=house.note,
        )

    def _street_names(self, bearers: Iterable[Bearer]) -> tuple[int, ...]:
        """Indices into the network's names of all streets among some bearers, ascending."""
        streets = (b.place for b in bearers if b.kind is FoundKind.STREET)
        return tuple(sorted({self._streets.streets[index].name for index in streets}))

    # ---- crossings ----

    def _at_crossing(self, text: str) -> list[FoundPlace] | None:
        """Crossings that a text may mean; None where it names two streets that do not meet."""
        found: list[FoundPlace] = []
        apart = False
        for asked in read_crossing(text):
            least = SURE if asked.sure else VERY_SURE
            ones = self._streets_like(asked.one, least)
            others = self._streets_like(asked.other, least) if ones else []
            met = [p for one in ones for other in others for p in self._crossings(one, other)]
            found += met
            best = min(max((s for _, s in part), default=0.0) for part in (ones, others))
            same = {name for name, _ in ones} & {name for name, _ in others}
            known = best >= VERY_SURE and not same and not asked.side_by_side
            apart = apart or (known and not met)
        return None if apart and not found else found

    def _crossings(self, one: tuple[int, float], other: tuple[int, float]) -> Iterator[FoundPlace]:
        names = [self._street_names(self._known.bearers[name]) for name, _ in (one, other)]
        if not all(names):
            return
        texts = [(self._network.names[part[0]], self._network.names_en[part[0]]) for part in names]
        for crossing in crossings(self._streets, *names):
            score = min(one[1], other[1]) * (1.0 if crossing.touching else PASSING)
            yield FoundPlace(
                kind=FoundKind.CROSSING,
                point=crossing.point,
                name=" / ".join(name for name, _ in texts),
                name_en=" / ".join(en for _, en in texts) if all(en for _, en in texts) else "",
                detail="",
                score=score,
                approximate=not crossing.touching,
                note=None if crossing.touching else PlaceNote.NEAREST_APPROACH,
            )

    # ---- gates ----

    def _at_gate(self, text: str, share: float) -> Iterator[FoundPlace]:
        """The compound, for a gate of it that the map does not have; those it has have names."""
        asked = read_gate(text)
        if asked is None:
            return
        kinds = {FoundKind.COMPOUND, FoundKind.PLACE, FoundKind.POINT}
        for name, score in self._find(asked.compound):
            for bearer in self._known.bearers[name]:
                if score >= SURE and bearer.kind in kinds:
                    place = self._place(bearer, share * score * GATE_UNKNOWN)
                    yield replace(place, approximate=True, note=PlaceNote.GATE_UNKNOWN)

    # ---- kilometre posts ----

    def _at_kilometre(self, text: str) -> list[FoundPlace] | None:
        """Points of a road at a kilometre; None where the text asks for none."""
        asked = read_kilometre(text)
        if asked is None:
            return None
        roads = self._streets_like(asked.road, SURE)
        if not roads:
            return None
        found = []
        for name, score in roads:
            if score < roads[0][1]:
                break
            names = self._street_names(self._known.bearers[name])
            found += [
                self._post(names, at, asked, score)
                for at in self._posts.locate(names, asked.kilometre)
            ]
        if not found:
            self.reason = NoPlace.NO_POSTS
        return found

    def _post(
        self, names: tuple[int, ...], at: KilometrePoint, asked: Kilometre, score: float
    ) -> FoundPlace:
        # The road goes on under other names, over a bridge for one: the longest is its own.
        index = max(names, key=lambda name: (len(self._streets.edges_of((name,))), -name))
        whole, metres = divmod(round(asked.kilometre * 1000), 1000)
        label = f"K{whole}+{metres:03d}"
        name_en = self._network.names_en[index]
        return FoundPlace(
            kind=FoundKind.KILOMETRE_POST,
            point=at.point,
            name=f"{self._network.names[index]} {label}",
            name_en=f"{name_en} {label}" if name_en else "",
            detail=self._network.refs[index],
            score=score * (OTHER_DIRECTION if _opposed(asked.heading, at.heading) else 1.0),
            approximate=at.between_posts,
            edge=at.edge,
            note=PlaceNote.BETWEEN_POSTS if at.between_posts else None,
            heading=at.heading,
        )


def _opposed(asked: int | None, heading: int | None) -> bool:
    if asked is None or heading is None:
        return False
    return abs((heading - asked + 180) % 360 - 180) > 90


def _is_han(text: str) -> bool:
    return not form_of(text).is_latin


def _without_other_gates(found: list[FoundPlace], unknown: list[FoundPlace]) -> list[FoundPlace]:
    """Let the compound come before its other gates, where it has not the one asked for."""
    least = max((place.score for place in unknown), default=0.0)
    if any(place.kind is FoundKind.GATE and place.score > VERY_SURE for place in found):
        return found
    return [
        replace(place, score=min(place.score, least * OTHER_GATE))
        if unknown and place.kind is FoundKind.GATE
        else place
        for place in found
    ]
