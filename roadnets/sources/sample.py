"""Lanjiang, a made-up city: written as OpenStreetMap data and read like any other city."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import roadnets
from roadnets import store
from roadnets.errors import NetworkFileError
from roadnets.imports.assemble import assemble
from roadnets.imports.streets import StreetData, Tell, silence
from roadnets.network import RoadNetwork
from roadnets.prepared import HIERARCHY_VERSION, prepare
from roadnets.sources import osmfile
from roadnets.sources.samplecity.osmxml import osm_xml
from roadnets.sources.samplecity.plan import draw_plan
from roadnets.store import Ready

GENERATOR_VERSION: Final = 2
"""Raised whenever the city is drawn differently."""

SAMPLE_NAME: Final = "澜江市 Lanjiang (synthetic)"


def write_sample(path: Path) -> None:
    """Write the city as an OSM XML file; the same bytes each time, on every platform."""
    text = "".join(osm_xml(draw_plan(), osmfile.SYNTHETIC_GENERATOR))
    path.write_bytes(text.encode())


def read_sample(tell: Tell = silence) -> StreetData:
    """Draw the city and read it as a file is read."""
    tell("drawing the sample city")
    with tempfile.TemporaryDirectory(prefix="citydispatch-") as folder:
        path = Path(folder) / "sample.osm"
        write_sample(path)
        return replace(osmfile.read(path, tell), name=SAMPLE_NAME, source="sample")


def sample_network(cache_dir: Path | None = None, tell: Tell = silence) -> RoadNetwork:
    """Build the city's network, or take the one that was built before.

    Parameters
    ----------
    cache_dir
        Where networks are kept; ``citydispatch`` in the user's cache folder if None. Several
        processes may build at once; one that cannot write there builds each time.
    tell
        Told each step as it begins.
    """
    with contextlib.suppress(NetworkFileError):
        return store.load(_kept(cache_dir))
    return sample_ready(cache_dir, tell).network


def sample_ready(cache_dir: Path | None = None, tell: Tell = silence) -> Ready:
    """Build the city's network with its hierarchy; parameters as of ``sample_network``."""
    path = _kept(cache_dir)
    with contextlib.suppress(NetworkFileError):
        network, prepared = store.load_stored(path)
        if prepared is not None:
            return Ready(network, prepared)
    network = assemble(read_sample(tell), tell)
    prepared = prepare(network, tell)
    with contextlib.suppress(OSError, NetworkFileError):
        path.parent.mkdir(parents=True, exist_ok=True)
        store.save(network, path, prepared)
    return Ready(network, prepared)


def _kept(cache_dir: Path | None) -> Path:
    """Find the file that is kept; another version of anything has another name."""
    folder = cache_folder(os.environ) if cache_dir is None else cache_dir
    versions = (GENERATOR_VERSION, store.FORMAT_VERSION, HIERARCHY_VERSION, _code())
    return folder / f"sample-{'-'.join(map(str, versions))}.net"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Find the user's cache folder for this project."""
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "citydispatch"


def _code() -> str:
    """Digest this package's code, so that a changed rule never meets a network of before."""
    digest = hashlib.sha256()
    for file in sorted(Path(roadnets.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
