"""Question: one text being looked up, in every way that it may be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import shapely

from roadnets.beside import Landmark
from roadnets.geo import LonLat
from roadnets.places.addresses import House, HouseNumbers
from roadnets.places.crossings import crossings
from roadnets.places.found import FoundKind, FoundPlace, NoPlace, PlaceNote
from roadnets.places.index import NameIndex
from roadnets.places.kilometres import KilometrePoint, KilometrePosts
from roadnets.places.known import Bearer, KnownNames, gate_labels
from roadnets.places.query import (
    Kilometre,
    read_crossing,
    read_gate,
    read_kilometre,
    read_name,
    read_number,
)
from roadnets.places.streets import NamedStreets
from roadnets.places.words import form_of

SURE: Final = 0.75
"""A street, road or compound that a text names as part of more must fit it at least so well."""

VERY_SURE: Final = 0.9
"""So well must each of two names fit where the text does not say that they cross."""

LESS_TEXT: Final = 0.99
"""What is left of a text without its city, its district or its "near" says a little less."""

STREET_ONLY: Final = 0.6
GATE_UNKNOWN: Final = 0.7
OTHER_GATE: Final = 0.95
OTHER_DIRECTION: Final = 0.5
PASSING: Final = 0.85
"""Share of the score of a street without the house, the crossing or the kilometre, a compound
without the gate, another gate of it, the other carriageway, two streets that do not touch."""

ADDRESS_EDGE_M: Final = 150.0

_STREETS: Final = frozenset((FoundKind.STREET, FoundKind.ADDRESS))
"""Bearers of a name that are streets: of the network, and of addresses alone."""

_STREETS_TRIED: Final = 4
Names = list[tuple[int, float]]
"""Numbers of names in ``KnownNames`` and how well each fits, best first."""


class Question:
    """One text being looked up; for one thread, and for one answer.

    Parameters
    ----------
    streets, numbers, posts, known, index
        What the network knows.

    Attributes
    ----------
    reason
        Why nothing was found, if nothing is but streets that the text names as part of more.
    """

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
        if kilometre:
            return kilometre
        if kilometre is not None and not self._is_a_name(text):
            self.reason = NoPlace.NO_POSTS
            return self._road_only(text)
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
        crossed, apart = self._at_crossing(text)
        if apart and not crossed and not any(p.score > VERY_SURE for p in found):
            self.reason = NoPlace.APART
            return apart
        return found + crossed

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
        fitting = (
            (name, score)
            for name, score in self._find(text)
            if score >= least and any(b.kind in _STREETS for b in self._known.bearers[name])
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

    def _at_crossing(self, text: str) -> tuple[list[FoundPlace], list[FoundPlace]]:
        """Crossings that a text may mean; and the streets of those that there are not."""
        found: list[FoundPlace] = []
        apart: list[FoundPlace] = []
        for asked in read_crossing(text):
            least = SURE if asked.sure else VERY_SURE
            ones = self._streets_like(asked.one, least)
            others = self._streets_like(asked.other, least) if ones else []
            met = [p for one in ones for other in others for p in self._crossings(one, other)]
            found += met
            best = min(max((s for _, s in part), default=0.0) for part in (ones, others))
            same = {name for name, _ in ones} & {name for name, _ in others}
            known = best >= VERY_SURE and not same and not asked.side_by_side
            if known and not met:
                apart += self._only_streets((*ones, *others), best, PlaceNote.STREETS_APART)
        return found, apart

    def _only_streets(
        self, names: Iterable[tuple[int, float]], least: float, note: PlaceNote
    ) -> Iterator[FoundPlace]:
        """Streets that a text names as part of more, by the names that fit at least so well."""
        for name, score in names:
            for bearer in self._known.bearers[name]:
                if score >= least and bearer.kind in _STREETS:
                    yield replace(self._place(bearer, least * STREET_ONLY), note=note)

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
        return found

    def _road_only(self, text: str) -> list[FoundPlace]:
        """The road of which a text names a kilometre that no posts tell."""
        asked = read_kilometre(text)
        roads = self._streets_like(asked.road, SURE) if asked else []
        best = max((score for _, score in roads), default=0.0)
        return list(self._only_streets(roads, best, PlaceNote.KILOMETRE_UNKNOWN))

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
