"""What somebody names, and what is made of it."""

from pathlib import Path

import pytest

from roadnets.errors import SourceError
from roadnets.imports.importing import ALLOWED, import_network
from roadnets.imports.streets import StreetData
from roadnets.sources import osm, osmfile
from roadnets.sources import sample as sample_source
from tests.roadnets.osmfiles import Map


def town(folder: Path, name: str = "town.osm") -> Path:
    drawn = Map()
    drawn.square()
    return drawn.write(folder, name)


def test_a_file(tmp_path: Path) -> None:
    steps: list[str] = []
    network = import_network(str(town(tmp_path)), {}, tell=steps.append)
    assert (network.name, network.source) == ("town", "town.osm")
    assert "finding the connected core" in steps


def test_the_ending_may_be_in_capitals(tmp_path: Path) -> None:
    assert import_network(str(town(tmp_path, "TOWN.OSM")), {}).name == "TOWN"


def test_a_name_of_ones_own(tmp_path: Path) -> None:
    assert import_network(str(town(tmp_path)), {}, name="小镇").name == "小镇"


def test_the_sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = town(tmp_path)
    monkeypatch.setattr(sample_source, "read_sample", lambda tell: osmfile.read(path, tell))
    assert import_network("sample", {}).source == "town.osm"


def test_a_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path, asked = town(tmp_path), []

    def read_place(place: str, servers: osm.Servers, tell: object) -> StreetData:
        asked.append((place, servers.overpass_url))
        return osmfile.read(path)

    monkeypatch.setattr(osm, "read_place", read_place)
    for place in ("Nanshan, Shenzhen, China", "Washington D.C.", "St. Gallen", "南山区"):
        import_network(place, {"DISPATCH_OVERPASS_URL": "http://here"})
        assert asked.pop() == (place, "http://here")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("town.osm", "there is no file town.osm"),
        ("town.shp", "there is no file town.shp"),
        ("maps/town", "there is no file maps/town"),
        (".", "no source is given"),
        ("", "no source is given"),
        ("  ", "no source is given"),
    ],
)
def test_what_is_no_source(source: str, words: str, tmp_path: Path) -> None:
    if source == ".":
        source, words = str(tmp_path), "is no file"
    with pytest.raises(SourceError) as refused:
        import_network(source, {})
    assert words in str(refused.value)
    assert ALLOWED in str(refused.value)


def test_an_unknown_ending_lists_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "town.shp"
    path.write_text("")
    with pytest.raises(SourceError, match=r"town\.shp.*\.osm\.bz2.*\.graphml.*sample"):
        import_network(str(path), {})
