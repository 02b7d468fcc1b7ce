"""A network told in words, for the people who imported it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from roadnets.beside import Landmark, LandmarkKind, Place, PlaceKind
from roadnets.imports.streets import SIGNALS_OFF_CORE
from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, RoadNetwork
from roadnets.prepared import Prepared

_KINDS = {
    PlaceKind.HOSPITAL: "hospitals",
    PlaceKind.AMBULANCE_STATION: "ambulance stations",
    PlaceKind.FIRE_STATION: "fire stations",
    PlaceKind.DEPOT: "depots",
    PlaceKind.SHELTER: "shelters",
}


_LANDMARKS = {
    LandmarkKind.ADDRESS: "addresses",
    LandmarkKind.COMPOUND: "compounds",
    LandmarkKind.GATE: "gates",
    LandmarkKind.LOCALITY: "villages and quarters",
    LandmarkKind.POINT: "other names",
    LandmarkKind.KILOMETRE_POST: "kilometre posts",
}


def summary(network: RoadNetwork, prepared: Prepared | None = None) -> str:
    """Describe a network, and what was prepared for it, in plain lines."""
    return "\n".join(_lines(network, prepared))


def turns_left_out(network: RoadNetwork) -> str:
    """List every turn restriction that routes do not obey, a line each, and why not."""
    left_out = network.report.turns_left_out
    head = f"{_turns(network)}{':' if left_out else ''}"
    return "\n".join((head, *(f"  {sentence}" for sentence in left_out)))


def _lines(network: RoadNetwork, prepared: Prepared | None) -> Iterator[str]:
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
    hint = "; to list these: info --turns" if report.turns_left_out else ""
    yield f"  turns     {_turns(network)}{hint}"
    yield f"  limits    {_limits(network)}"
    yield f"  layers    {_layers(network)}"
    yield f"  besides   {_besides(network)}"
    yield f"  callers   {_landmarks(network.landmarks)}"
    yield f"  hierarchy {_hierarchy(prepared)}"
    for kind, plural in _KINDS.items():
        yield from _places(plural, network.places_of(kind))
    yield from _districts(network)
    yield "dropped" if report.dropped else "dropped: nothing"
    for reason, count in sorted(report.dropped.items(), key=lambda item: -item[1]):
        yield f"  {count:>8,}  {reason}"
    for note in report.notes:
        yield f"note: {note}"


def _ordinary(network: RoadNetwork) -> NDArray[np.bool_]:
    """Whether each edge may be driven on an ordinary day, bool (m,)."""
    return ~network.has_flag(EdgeFlag.AGAINST_ONEWAY | EdgeFlag.WATER)


def _access(network: RoadNetwork) -> str:
    ordinary = _ordinary(network)
    civilian, restricted, gated = (
        np.count_nonzero(network.has_flag(flag) & ordinary)
        for flag in (EdgeFlag.CIVILIAN, EdgeFlag.RESTRICTED, EdgeFlag.GATE)
    )
    return (
        f"{civilian:,} edges open to everybody, {restricted:,} to blue light alone, "
        f"{gated:,} with a gate"
    )


def _speeds(network: RoadNetwork) -> str:
    ordinary = _ordinary(network)
    posted = np.count_nonzero(network.has_flag(EdgeFlag.SPEED_TAGGED) & ordinary)
    classes = np.bincount(network.edge_class[ordinary], minlength=len(HIGHWAY_CLASSES))
    top = ", ".join(
        f"{HIGHWAY_CLASSES[i]} {classes[i]:,}" for i in np.argsort(-classes, kind="stable")[:4]
    )
    return (
        f"{posted:,} edges posted, {np.count_nonzero(ordinary) - posted:,} by the default of their "
        f"class; most are {top}"
    )


def _named(network: RoadNetwork) -> str:
    english, numbered = (sum(map(bool, texts)) for texts in (network.names_en, network.refs))
    return (
        f"{len(network.names) - 1:,} names, {english:,} of them in English too, "
        f"{numbered:,} with a road number"
    )


def _turns(network: RoadNetwork) -> str:
    report = network.report
    return (
        f"{report.turns_modelled:,} turn restrictions obeyed, "
        f"{len(report.turns_left_out):,} left out"
    )


def _limits(network: RoadNetwork) -> str:
    height, width, weight = (
        np.count_nonzero(np.isfinite(limit))
        for limit in (
            network.edge_max_height_m,
            network.edge_max_width_m,
            network.edge_max_weight_t,
        )
    )
    return f"{height:,} edges with a limit of height, {width:,} of width, {weight:,} of weight"


def _layers(network: RoadNetwork) -> str:
    lowest, highest = network.edge_layer.min(), network.edge_layer.max()
    off_ground = np.count_nonzero(network.edge_layer)
    return f"{lowest} to {highest}, {off_ground:,} edges above or below the ground"


def _besides(network: RoadNetwork) -> str:
    against, water = (
        np.count_nonzero(network.has_flag(flag))
        for flag in (EdgeFlag.AGAINST_ONEWAY, EdgeFlag.WATER)
    )
    return f"{against:,} edges against a one-way street, for contraflow; {water:,} for boats"


def _landmarks(landmarks: tuple[Landmark, ...]) -> str:
    count = Counter(landmark.kind for landmark in landmarks)
    told = (f"{count[kind]:,} {plural}" for kind, plural in _LANDMARKS.items() if count[kind])
    return ", ".join(told) or "no addresses or other names"


def _hierarchy(prepared: Prepared | None) -> str:
    if prepared is None:
        return "none that this program reads; to add it: python -m roadnets prepare"
    nodes, arcs = prepared.graph.node_count, prepared.graph.arc_count
    return f"{prepared.topology.slot_count:,} slots over {nodes:,} nodes and {arcs:,} arcs"


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
