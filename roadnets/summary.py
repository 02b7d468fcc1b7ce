"""A network told in words, for the people who imported it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, Place, PlaceKind, RoadNetwork
from roadnets.streets import SIGNALS_OFF_CORE

_KINDS = {
    PlaceKind.HOSPITAL: "hospitals",
    PlaceKind.AMBULANCE_STATION: "ambulance stations",
    PlaceKind.FIRE_STATION: "fire stations",
    PlaceKind.DEPOT: "depots",
    PlaceKind.SHELTER: "shelters",
}


def summary(network: RoadNetwork) -> str:
    """Describe a network in plain lines."""
    return "\n".join(_lines(network))


def _lines(network: RoadNetwork) -> Iterator[str]:
    report = network.report
    yield network.name
    if network.synthetic:
        yield "  SYNTHETIC: a made-up city, no real place"
    yield f"  source    {network.source}  {network.source_checksum}"
    yield f"  network   {network.checksum}"
    box = network.bounds
    yield f"  box       {box.west:.5f} {box.south:.5f} to {box.east:.5f} {box.north:.5f} (WGS84)"
    yield (
        f"  core      {report.nodes:,} nodes, {report.edges:,} edges, "
        f"{report.length_km:,.1f} km of streets"
    )
    in_source = network.signals + report.dropped.get(SIGNALS_OFF_CORE, 0)
    yield f"  signals   {in_source} in the source, {network.signals} on the core"
    yield f"  access    {_access(network)}"
    yield f"  speeds    {_speeds(network)}"
    yield f"  streets   {_named(network)}"
    for kind, plural in _KINDS.items():
        yield from _places(plural, network.places_of(kind))
    yield from _districts(network)
    yield "dropped" if report.dropped else "dropped: nothing"
    for reason, count in sorted(report.dropped.items(), key=lambda item: -item[1]):
        yield f"  {count:>8,}  {reason}"
    for note in report.notes:
        yield f"note: {note}"


def _access(network: RoadNetwork) -> str:
    civilian = np.count_nonzero(network.has_flag(EdgeFlag.CIVILIAN))
    restricted = np.count_nonzero(network.has_flag(EdgeFlag.RESTRICTED))
    gated = np.count_nonzero(network.has_flag(EdgeFlag.GATE))
    return (
        f"{civilian:,} edges open to everybody, {restricted:,} to blue light alone, "
        f"{gated:,} with a gate"
    )


def _speeds(network: RoadNetwork) -> str:
    posted = network.edge_count - network.report.speeds_defaulted
    classes = np.bincount(network.edge_class, minlength=len(HIGHWAY_CLASSES))
    top = ", ".join(
        f"{HIGHWAY_CLASSES[i]} {classes[i]:,}" for i in np.argsort(-classes, kind="stable")[:4]
    )
    return (
        f"{posted:,} edges posted, {network.report.speeds_defaulted:,} by the default of their "
        f"class; most are {top}"
    )


def _named(network: RoadNetwork) -> str:
    english = sum(1 for name in network.names_en if name)
    return f"{len(network.names) - 1:,} names, {english:,} of them in English too"


def _places(plural: str, places: tuple[Place, ...]) -> Iterator[str]:
    on_core = sum(place.on_core for place in places)
    yield f"{plural}: {len(places)}" + (f", {on_core} on the core" if places else "")
    for place in places:
        off = "" if place.on_core else "  (off the core)"
        yield f"  {_title(place.name, place.name_en) or '(no name)'}  {place.osm_id}{off}"


def _districts(network: RoadNetwork) -> Iterator[str]:
    people = sum(district.population for district in network.districts)
    yield f"districts: {len(network.districts)}" + (f", {people:,} people" if people else "")
    for district in network.districts:
        yield f"  {_title(district.name, district.name_en)}  {district.population:,}"


def _title(name: str, name_en: str) -> str:
    return " / ".join(dict.fromkeys(part for part in (name, name_en) if part))
