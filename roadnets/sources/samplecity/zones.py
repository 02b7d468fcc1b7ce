"""Which part of the city a place lies in, and how that part is built."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from roadnets.sources.samplecity.geometry import Point, curve, inside
from roadnets.sources.samplecity.names import LANE, STREET, Name
from roadnets.sources.samplecity.skeleton import INNER_RING


class Zone(Enum):
    """A kind of neighbourhood."""

    OLD_TOWN = "old town"
    CENTRE = "centre"
    HOMES = "homes"
    UNIVERSITY = "university"
    WORKS = "works"
    GARDEN = "garden suburb"


@dataclass(frozen=True, slots=True)
class Quarter:
    """How main roads cut a zone into neighbourhoods: spacing, turn and bend of the lines."""

    spacing: float
    turn: float
    bend: float
    names: str


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """How streets cut a neighbourhood into blocks.

    ``turn`` is the widest turn against the main roads in degrees, ``skip`` the share of lines left
    out, ``gap`` the share of their stretches left out.
    """

    spacing: float
    turn: float
    bend: float
    wavelength: float
    names: str
    kind: Name
    highway: str
    skip: float
    gap: float


QUARTERS: Final[dict[Zone, Quarter]] = {
    Zone.OLD_TOWN: Quarter(430, 9, 70, "stems"),
    Zone.CENTRE: Quarter(430, 0, 0, "stems"),
    Zone.HOMES: Quarter(660, 0, 120, "stems"),
    Zone.UNIVERSITY: Quarter(720, 5, 130, "stems"),
    Zone.WORKS: Quarter(740, 4, 40, "works"),
    Zone.GARDEN: Quarter(640, 10, 190, "stems"),
}

NEIGHBOURHOODS: Final[dict[Zone, Neighbourhood]] = {
    Zone.OLD_TOWN: Neighbourhood(142, 34, 32, 180, "lanes", LANE, "residential", 0.06, 0.2),
    Zone.CENTRE: Neighbourhood(152, 0, 0, 900, "stems", STREET, "residential", 0.04, 0.05),
    Zone.HOMES: Neighbourhood(360, 16, 22, 500, "stems", STREET, "residential", 0.06, 0.08),
    Zone.UNIVERSITY: Neighbourhood(360, 24, 30, 500, "stems", STREET, "residential", 0.06, 0.1),
    Zone.WORKS: Neighbourhood(380, 6, 0, 900, "works", STREET, "unclassified", 0.08, 0.08),
    Zone.GARDEN: Neighbourhood(250, 44, 52, 420, "stems", STREET, "residential", 0.1, 0.14),
}

_INNER: Final = curve(INNER_RING, closed=True)


def zone_at(at: Point) -> Zone:
    """Tell what kind of neighbourhood a point lies in."""
    north = at.y > 0.08 * at.x - 150
    if inside(at, _INNER):
        return Zone.OLD_TOWN if north else Zone.CENTRE
    if at.x > 5150:
        return Zone.WORKS
    if north:
        if at.x > 2300:
            return Zone.WORKS if at.y < 1500 else Zone.UNIVERSITY
        return Zone.HOMES
    if at.x > 1900:
        return Zone.WORKS
    return Zone.HOMES if at.x > -1500 else Zone.GARDEN
