"""The sample city, built once a run."""

from pathlib import Path

import pytest

from roadnets.imports.assemble import assemble
from roadnets.network import RoadNetwork
from roadnets.sources import osmfile
from roadnets.sources.sample import write_sample


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample city as an OSM XML file."""
    path = tmp_path_factory.mktemp("sample") / "lanjiang.osm"
    write_sample(path)
    return path


@pytest.fixture(scope="session")
def sample_network(sample_file: Path) -> RoadNetwork:
    """The sample city, imported."""
    return assemble(osmfile.read(sample_file))
