"""Which tags make a place or a district, and what is kept of them; ``docs/streets.md`` agrees."""

from __future__ import annotations

import re
from typing import Final

from roadnets.beside import PlaceKind
from roadnets.imports.tags import Tags

PLACE_TAGS: Final[dict[str, frozenset[str]]] = {
    "amenity": frozenset({"hospital", "fire_station"}),
    "healthcare": frozenset({"hospital"}),
    "emergency": frozenset(
        {"ambulance_station", "fire_station", "assembly_point", "disaster_response"}
    ),
    "social_facility": frozenset({"shelter"}),
    "emergency:social_facility": frozenset({"shelter"}),
    "landuse": frozenset({"depot"}),
    "industrial": frozenset({"depot", "warehouse"}),
}
"""Tags that make a place; sources select by them."""

_KINDS: Final[tuple[tuple[PlaceKind, tuple[tuple[str, str], ...]], ...]] = (
    (PlaceKind.HOSPITAL, (("amenity", "hospital"), ("healthcare", "hospital"))),
    (PlaceKind.AMBULANCE_STATION, (("emergency", "ambulance_station"),)),
    (PlaceKind.FIRE_STATION, (("amenity", "fire_station"), ("emergency", "fire_station"))),
    (
        PlaceKind.DEPOT,
        (
            ("emergency", "disaster_response"),
            ("landuse", "depot"),
            ("industrial", "depot"),
            ("industrial", "warehouse"),
        ),
    ),
    (
        PlaceKind.SHELTER,
        (
            ("emergency", "assembly_point"),
            ("social_facility", "shelter"),
            ("emergency:social_facility", "shelter"),
        ),
    ),
)

_KEPT_PLACE_TAGS: Final = (
    "addr:full",
    "addr:housenumber",
    "addr:street",
    "assembly_point:earthquake",
    "assembly_point:fire",
    "assembly_point:flood",
    "beds",
    "capacity",
    "capacity:beds",
    "capacity:persons",
    "ele",
    "emergency",
    "healthcare:speciality",
    "operator",
    "operator:type",
    "social_facility:for",
)


def place_kinds(tags: Tags) -> tuple[PlaceKind, ...]:
    """Every kind of place that these tags make; a fire station may keep ambulances too."""
    return tuple(
        kind
        for kind, pairs in _KINDS
        if any(value in tags.get(key, "").split(";") for key, value in pairs)
    )


def place_tags(tags: Tags) -> dict[str, str]:
    """Keep the tags of a place that may matter later, in a fixed order."""
    return {key: tags[key] for key in _KEPT_PLACE_TAGS if key in tags}


def population(tags: Tags) -> int | None:
    """Inhabitants, or None where the tag is missing or no number."""
    text = re.sub(r"[\s,'’_]", "", tags.get("population", ""))
    number = re.match(r"^[~≈]?(\d+)(?:\D|$)", text)
    return int(number.group(1)) if number else None


def admin_level(tags: Tags) -> int:
    """Read the administrative level, 0 where there is none."""
    text = tags.get("admin_level", "").split(";")[0]
    return int(text) if text.isdigit() else 0
