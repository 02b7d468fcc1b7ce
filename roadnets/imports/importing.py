"""A city in: from what somebody names — a file, a place, the sample — to its RoadNetwork."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from roadnets.errors import SourceError
from roadnets.imports.streets import StreetData, Tell, silence
from roadnets.network import RoadNetwork

SAMPLE: Final = "sample"

_OSM_SUFFIXES: Final = (".osm", ".osm.bz2", ".osm.gz", ".osm.pbf", ".pbf")
_GRAPH_SUFFIX: Final = ".graphml"
_DIMACS_SUFFIXES: Final = (".gr", ".gr.gz")
_LOOKS_LIKE_FILE: Final = re.compile(r"[/\\]|\.[A-Za-z][A-Za-z0-9]{1,7}$")

ALLOWED: Final = (
    "a file ending in .osm, .osm.bz2, .osm.gz, .osm.pbf or .graphml; one in .gr or .gr.gz with its "
    ".co beside it; the name of a place (online); or the word sample"
)


def import_network(
    source: str, environment: Mapping[str, str], *, name: str = "", tell: Tell = silence
) -> RoadNetwork:
    """Read a source and make its network.

    Parameters
    ----------
    source
        A file's path, a place's name, or ``sample``.
    environment
        DISPATCH_NOMINATIM_URL and DISPATCH_OVERPASS_URL name other servers for places.
    name
        What to call the city; what the source calls it if empty.
    tell
        Told each step as it begins.

    Raises
    ------
    SourceError
        The source cannot be read or has no streets; one sentence says what is wrong and where.
    """
    # The libraries of an import are large, and most commands do without them.
    if source.lower().endswith(_DIMACS_SUFFIXES) and Path(source).is_file():
        from roadnets.sources import dimacs

        arcs = Path(source)
        return dimacs.read_network(arcs, dimacs.points_beside(arcs), name=name, tell=tell)[0]
    from roadnets.imports.assemble import assemble

    data = read_source(source, environment, tell)
    return assemble(replace(data, name=name or data.name), tell)


def read_source(source: str, environment: Mapping[str, str], tell: Tell = silence) -> StreetData:
    """Read the streets of a source; parameters and errors as of ``import_network``."""
    if source == SAMPLE:
        from roadnets.sources.sample import read_sample

        return read_sample(tell)
    path = Path(source)
    lower = path.name.lower()
    if path.is_file() or _LOOKS_LIKE_FILE.search(source):
        if not path.exists():
            raise SourceError(f"there is no file {source}. A source is {ALLOWED}.")
        if not path.is_file():
            raise SourceError(f"{source} is no file. A source is {ALLOWED}.")
        if lower.endswith(_OSM_SUFFIXES):
            from roadnets.sources import osmfile

            return osmfile.read(path, tell)
        if lower.endswith(_GRAPH_SUFFIX):
            from roadnets.sources import osm

            return osm.read_graphml(path, tell)
        raise SourceError(f"{path.name} has an ending that is not known. A source is {ALLOWED}.")
    if not source.strip():
        raise SourceError(f"no source is given. A source is {ALLOWED}.")
    from roadnets.sources import osm

    return osm.read_place(source, osm.Servers.from_environment(environment), tell)
