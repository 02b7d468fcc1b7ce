"""KnownNames: every name of a network with all that bears it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from roadnets.beside import Landmark, LandmarkKind
from roadnets.network import RoadNetwork
from roadnets.places.addresses import HouseNumbers
from roadnets.places.found import FoundKind
from roadnets.places.pinyin import rough_english
from roadnets.places.streets import NamedStreets
from roadnets.places.words import HAN, form_of

_KIND: Mapping[LandmarkKind, FoundKind] = {
    LandmarkKind.COMPOUND: FoundKind.COMPOUND,
    LandmarkKind.GATE: FoundKind.GATE,
    LandmarkKind.LOCALITY: FoundKind.LOCALITY,
    LandmarkKind.POINT: FoundKind.POINT,
}


_OF_A_CITY: Final = re.compile(f"^[{HAN}]{{2,3}}市(?=[{HAN}]{{3}})")


class Bearer(NamedTuple):
    """What bears a name.

    Attributes
    ----------
    kind
        ADDRESS stands for a street that only house numbers name.
    place
        Which of ``NamedStreets.streets``, of the network's landmarks, places or districts.
    key
        Of an ADDRESS: which of ``HouseNumbers.names``.
    """

    kind: FoundKind
    place: int
    key: str = ""


class KnownNames:
    """Names in the order of the network; immutable.

    Attributes
    ----------
    spellings
        Every way that each name may be written.
    bearers
        What each name means.
    english
        English name by local name, of what has both.
    """

    def __init__(self, network: RoadNetwork, streets: NamedStreets, numbers: HouseNumbers) -> None:
        pairs = (
            *((thing.name, thing.name_en) for thing in network.landmarks),
            *((place.name, place.name_en) for place in network.places),
        )
        self.english = {name: name_en for name, name_en in pairs if name_en}
        number: dict[tuple[str, ...], int] = {}
        self.spellings: list[tuple[str, ...]] = []
        self.bearers: list[list[Bearer]] = []
        for spellings, bearer in self._all(network, streets, numbers):
            texts = tuple(dict.fromkeys(text for text in spellings if text))
            if texts and texts not in number:
                number[texts] = len(self.spellings)
                self.spellings.append(texts)
                self.bearers.append([])
            if texts:
                self.bearers[number[texts]].append(bearer)

    def _all(
        self, network: RoadNetwork, streets: NamedStreets, numbers: HouseNumbers
    ) -> Iterator[tuple[tuple[str, ...], Bearer]]:
        for index, street in enumerate(streets.streets):
            bearer = Bearer(FoundKind.STREET, index)
            ref = network.refs[street.name]
            names = (network.names[street.name], network.names_en[street.name])
            yield (*_both(*names), f"{ref}{names[0]}" if ref else ""), bearer
            for part in ref.split(";"):
                yield (part.strip(),), bearer
        for index, thing in enumerate(network.landmarks):
            if thing.kind in _KIND:
                for spellings in self._landmark(thing):
                    yield spellings, Bearer(_KIND[thing.kind], index)
        for index, place in enumerate(network.places):
            yield _both(place.name, place.name_en), Bearer(FoundKind.PLACE, index)
        for index, district in enumerate(network.districts):
            yield _both(district.name, district.name_en), Bearer(FoundKind.DISTRICT, index)
        on_the_map = {form_of(text).text for text in (*network.names, *network.names_en)}
        for key, names in numbers.names.items():
            if key not in on_the_map:
                yield _both(*names), Bearer(FoundKind.ADDRESS, 0, key)

    def _landmark(self, thing: Landmark) -> Iterator[tuple[str, ...]]:
        if thing.kind is LandmarkKind.GATE:
            yield gate_labels(thing)
            if thing.compound and not thing.name.startswith(thing.compound):
                yield tuple(self._gate_of(thing))
        elif thing.number:  # the exit of a motorway
            n = thing.number
            yield (*_both(thing.name, thing.name_en), f"{n}出口", f"出口{n}", f"Exit {n}")
        else:
            yield _both(thing.name, thing.name_en)

    def _gate_of(self, gate: Landmark) -> Iterator[str]:
        english = self.english.get(gate.compound, gate.compound)
        yield f"{english} {gate.number}" if gate.number else ""
        station = "站" if gate.number and not gate.number.isdigit() else ""
        for label in gate_labels(gate):
            yield f"{english} {label}" if label.isascii() else f"{gate.compound}{label}"
            if station and not label.isascii():
                yield f"{gate.compound}{station}{label}"


def gate_labels(gate: Landmark) -> tuple[str, ...]:
    """What a gate is called at its compound: 北门 or North Gate, 3号门 or Gate 3, A口 or Exit A."""
    labels = [gate.name, gate.name_en]
    if gate.number.isdigit():
        labels += [f"{gate.number}号门", f"Gate {gate.number}"]
    elif gate.number:
        labels += [f"{gate.number}口", f"Exit {gate.number}", f"Entrance {gate.number}"]
        labels += [f"{gate.number}门", f"Gate {gate.number}", f"{gate.number}出入口"]
    return tuple(dict.fromkeys(label for label in labels if label))


def _both(name: str, name_en: str) -> tuple[str, ...]:
    """Both names, and the local one without its city: 澜江市第一人民医院 is 第一人民医院."""
    return name, name_en or rough_english(name), _OF_A_CITY.sub("", name)
