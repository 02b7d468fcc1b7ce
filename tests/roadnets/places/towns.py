"""A small town made by hand, for tests of finding places."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from roadnets.beside import Landmark, LandmarkKind
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, Street, make_network


def at(x: float, y: float) -> LonLat:
    """A point so many hundred metres east and north of the town's corner."""
    step = DEGREES_PER_100_M
    return LonLat(round(ORIGIN.lon + x * step, 7), round(ORIGIN.lat + y * step, 7))


def town(
    streets: Iterable[tuple[str, str, list[tuple[float, float]]]],
    landmarks: Iterable[Landmark] = (),
    *,
    oneway: Iterable[str] = (),
    refs: dict[str, str] | None = None,
    highway: str = "residential",
) -> RoadNetwork:
    """Streets as local and English name and the places they pass; equal places are one node."""
    places: dict[tuple[float, float], int] = {}
    made = []
    for way, (name, name_en, line) in enumerate(streets, start=1):
        nodes = [places.setdefault(place, len(places)) for place in line]
        made += [
            Street(a, b, name in set(oneway), name, name_en, way, highway)
            for a, b in pairwise(nodes)
        ]
    network = make_network([at(*place) for place in places], made)
    numbers = tuple((refs or {}).get(name, "") for name in network.names)
    return replace(network, refs=numbers, landmarks=tuple(landmarks))


def address(street: str, number: str, point: LonLat) -> Landmark:
    return Landmark(LandmarkKind.ADDRESS, "node/1", point, street=street, number=number)


def post(road: str, kilometre: str, point: LonLat) -> Landmark:
    kind = LandmarkKind.KILOMETRE_POST
    return Landmark(kind, "node/2", point, street=road, number=kilometre)


def point(name: str, place: LonLat, name_en: str = "") -> Landmark:
    return Landmark(LandmarkKind.POINT, "node/3", place, name, name_en)


def locality(name: str, place: LonLat, name_en: str = "") -> Landmark:
    return Landmark(LandmarkKind.LOCALITY, "node/4", place, name, name_en)


def compound(name: str, place: LonLat, name_en: str = "") -> Landmark:
    return Landmark(LandmarkKind.COMPOUND, "way/1", place, name, name_en)


def gate(within: str, place: LonLat, name: str = "", number: str = "") -> Landmark:
    kind = LandmarkKind.GATE
    return Landmark(kind, "node/5", place, name, number=number, compound=within)
