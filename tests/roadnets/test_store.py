"""The network file: what goes in comes out, and anything else is refused by name."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadnets import store
from roadnets.errors import NetworkFileError
from roadnets.geo import LonLat
from roadnets.network import (
    ARRAY_LAYOUT,
    District,
    Place,
    PlaceKind,
    RoadNetwork,
    build_network,
    network_arrays,
)
from tests.roadnets.networks import grid


def furnished(rows: int = 3, columns: int = 4) -> RoadNetwork:
    """A grid with one of everything that is written as text."""
    network = grid(rows, columns)
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}
    del fields["checksum"]
    point = LonLat(116.39, 39.9)
    place = Place(PlaceKind.HOSPITAL, "way/1", point, "协和医院", "Union", True, {"beds": "9"})
    district = District("relation/2", "东城区", "Dongcheng", 708_829, (point, (1.5, 2.5), point))
    report = dataclasses.replace(network.report, dropped={"ferries": 2}, notes=("a note",))
    return build_network(
        **{**fields, "places": (place,), "districts": (district,), "report": report}
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store.save(furnished(), tmp_path / "city.net")
    return tmp_path / "city.net"


def test_round_trip_keeps_every_field(path):
    saved, loaded = furnished(), store.load(path)
    for field in dataclasses.fields(RoadNetwork):
        before, after = getattr(saved, field.name), getattr(loaded, field.name)
        if field.name in ARRAY_LAYOUT:
            assert before.dtype == after.dtype
            np.testing.assert_array_equal(before, after)
        else:
            assert before == after
    assert isinstance(loaded.places[0].point, LonLat)
    assert loaded.places[0].kind is PlaceKind.HOSPITAL


def test_arrays_are_read_only_views_of_the_file(path):
    for array in network_arrays(store.load(path)).values():
        assert not array.flags.writeable
        assert not array.flags.owndata
        with pytest.raises(ValueError, match="cannot set WRITEABLE"):
            array.setflags(write=True)


def test_the_same_network_gives_the_same_bytes_in_any_process(path, tmp_path):
    script = (
        "import sys; from pathlib import Path; from roadnets import store;"
        "store.save(store.load(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    for seed in ("1", "2", "3"):
        again = tmp_path / f"again{seed}.net"
        subprocess.run(
            [sys.executable, "-c", script, path, again],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            check=True,
        )
        assert again.read_bytes() == path.read_bytes()


def test_other_tools_can_read_it(path):
    tensors = safetensors.numpy.load_file(path)
    assert tensors.keys() == {*ARRAY_LAYOUT, "texts"}
    assert json.loads(tensors["texts"].tobytes())["name"] == "Grid"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True))
def test_refuses_a_truncated_file(path, share):
    data = path.read_bytes()
    size = int(len(data) * share)
    short = path.with_name("short.net")
    short.write_bytes(data[:size])
    with pytest.raises(
        NetworkFileError, match=r"^short.net is (truncated|not a network file)"
    ) as e:
        store.load(short)
    if size > 8:
        assert f"truncated at byte {size} of" in str(e.value)


def test_says_where_a_truncated_file_should_end(path):
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    expected = f"city.net is truncated at byte {len(data) - 1} of {len(data)}"
    with pytest.raises(NetworkFileError, match=expected):
        store.load(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_refuses_a_flipped_bit_anywhere(path, data):
    content = bytearray(path.read_bytes())
    head = 8 + int.from_bytes(content[:8], "little")
    where = st.integers(0, head) | st.integers(head, len(content) - 1)
    content[data.draw(where)] ^= 1 << data.draw(st.integers(0, 7))
    flipped = path.with_name("flipped.net")
    flipped.write_bytes(content)
    with pytest.raises(NetworkFileError, match=r"^flipped\.net (is|has) "):
        store.load(flipped)


def test_names_both_checksums_where_the_content_was_changed(path):
    content = bytearray(path.read_bytes())
    name = content.index("东城区".encode())
    content[name : name + 9] = "西城区".encode()
    path.write_bytes(content)
    with pytest.raises(NetworkFileError, match=r"its checksum is sha256:\w+, it states sha256:"):
        store.load(path)


def test_refuses_another_format_version(path, monkeypatch):
    monkeypatch.setattr(store, "FORMAT_VERSION", 2)
    with pytest.raises(NetworkFileError, match=r"city.net has format version 1; .* version 2"):
        store.load(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"<osm version='0.6'>" * 99, bytes(100)])
def test_refuses_what_is_no_network_file(tmp_path, content):
    path = tmp_path / "other.net"
    path.write_bytes(content)
    with pytest.raises(NetworkFileError, match=r"^other.net is not a network file$"):
        store.load(path)


def test_refuses_another_safetensors_file(tmp_path):
    path = tmp_path / "model.net"
    safetensors.numpy.save_file({"w": np.zeros(3)}, path)
    with pytest.raises(NetworkFileError, match=r"^model.net is not a network file$"):
        store.load(path)


def test_refuses_bytes_after_the_end(path):
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(NetworkFileError, match="1 bytes follow its end"):
        store.load(path)


def test_says_that_there_is_no_such_file(tmp_path):
    with pytest.raises(NetworkFileError, match=r"^gone.net cannot be read: No such file"):
        store.load(tmp_path / "gone.net")
    with pytest.raises(NetworkFileError, match=r"^city.net cannot be written: No such file"):
        store.save(furnished(), tmp_path / "gone" / "city.net")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NetworkFileError, match="cannot be written: No space left"):
        store.save(grid(2, 2), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_loaded_network_outlives_the_replacement_of_its_file(path):
    loaded = store.load(path)
    store.save(grid(2, 2), path)
    np.testing.assert_array_equal(loaded.geometry, furnished().geometry)
    assert store.load(path).edge_count == 8


def test_loads_a_city_in_well_under_a_second(tmp_path):
    network = grid(160, 160)
    assert network.edge_count > 100_000
    store.save(network, tmp_path / "city.net")
    began = time.process_time()
    store.load(tmp_path / "city.net")
    assert time.process_time() - began < 0.3
