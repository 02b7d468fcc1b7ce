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

from roadnets import store, tensorfile
from roadnets.beside import District, Place, PlaceKind
from roadnets.errors import NetworkFileError
from roadnets.geo import LonLat
from roadnets.network import ARRAY_LAYOUT, RoadNetwork, build_network, network_arrays
from roadnets.prepared import HIERARCHY_VERSION, Prepared, prepare
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


@pytest.fixture
def ready(path: Path) -> Path:
    """The file with its hierarchy."""
    store.save(furnished(), path, prepare(furnished()))
    return path


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
def test_refuses_a_flipped_bit_anywhere(ready, data):
    content = bytearray(ready.read_bytes())
    head = 8 + int.from_bytes(content[:8], "little")
    where = st.integers(0, head) | st.integers(head, len(content) - 1)
    content[data.draw(where)] ^= 1 << data.draw(st.integers(0, 7))
    flipped = ready.with_name("flipped.net")
    flipped.write_bytes(content)
    with pytest.raises(NetworkFileError, match=r"^flipped\.net (is|has) "):
        store.load_stored(flipped)


def test_names_both_checksums_where_the_content_was_changed(path):
    content = bytearray(path.read_bytes())
    name = content.index("东城区".encode())
    content[name : name + 9] = "西城区".encode()
    path.write_bytes(content)
    with pytest.raises(NetworkFileError, match=r"its checksum is sha256:\w+, it states sha256:"):
        store.load(path)


def test_refuses_a_text_that_decoding_would_pass_over(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"turns_modelled")] ^= 1
    path.write_bytes(content)
    with pytest.raises(NetworkFileError, match="its texts are not as they were written"):
        store.load(path)


@pytest.mark.parametrize("load", [store.load, store.load_stored, store.load_ready])
def test_refuses_another_format_version(load, path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(store, "FORMAT_VERSION", 1)
        store.save(furnished(), path)
    expected = (
        r"^city.net has format version 1; this program reads version 2: import the network again$"
    )
    with pytest.raises(NetworkFileError, match=expected):
        load(path)


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


# ---- the hierarchy beside the network ------------------------------------------------------------


def test_a_hierarchy_comes_back_as_it_was(ready):
    network, prepared = store.load_stored(ready)
    assert network.checksum == furnished().checksum
    assert prepared is not None
    before, after = prepare(furnished()).arrays(), prepared.arrays()
    assert before.keys() == after.keys()
    for name, array in before.items():
        assert after[name].dtype == array.dtype, name
        np.testing.assert_array_equal(after[name], array)


def test_the_network_is_the_same_with_and_without_it(ready):
    assert store.load(ready).checksum == furnished().checksum
    tensors = safetensors.numpy.load_file(ready)
    assert {"graph_arc_edge", "hierarchy_rank"} < tensors.keys()


def test_all_of_it_is_views_of_one_memory_map(ready):
    network, prepared = store.load_stored(ready)
    assert prepared is not None
    everything = {**network_arrays(network), **prepared.arrays()}
    del everything["graph_node_count"]  # one number
    assert len({id(array.base) for array in everything.values() if array.size}) == 1
    for name, array in everything.items():
        assert not array.flags.owndata, name
        assert array.flags.aligned, name
        with pytest.raises(ValueError, match="cannot set WRITEABLE"):
            array.setflags(write=True)


def test_processes_share_what_they_read(tmp_path):
    """The pages of the file are counted once for two processes that hold it."""
    network = grid(60, 60)
    path = tmp_path / "big.net"
    store.save(network, path, prepare(network))
    script = (
        "import sys; from pathlib import Path; from roadnets import store;"
        "kept = store.load_stored(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    readers = [subprocess.Popen(command, cwd=Path(__file__).parents[2], **pipes) for _ in range(2)]
    try:
        for reader in readers:
            assert reader.stdout.readline() == b"ready\n"
        for reader in readers:
            pages = _pages(reader.pid, path)
            assert pages["Private_Dirty"] == 0
            assert pages["Shared_Clean"] >= 0.9 * path.stat().st_size
    finally:
        for reader in readers:
            reader.communicate()


def _pages(process: int, path: Path) -> dict[str, int]:
    """Bytes of a mapped file that one process holds, by kind."""
    smaps = Path(f"/proc/{process}/smaps")
    if not smaps.exists():
        pytest.skip("no /proc/…/smaps on this system")
    held: dict[str, int] = {}
    ours = False
    for line in smaps.read_text().splitlines():
        name, _, size = line.partition(":")
        if size.endswith(" kB"):
            held[name] = held.get(name, 0) + 1024 * int(size[:-3]) * ours
        elif name != "VmFlags":
            ours = line.endswith(str(path))
    return held


def test_a_file_without_a_hierarchy_is_prepared_when_it_is_read(path):
    assert store.load_stored(path).prepared is None
    told = []
    ready = store.load_ready(path, told.append)
    assert ready.prepared.graph.arc_count >= ready.network.edge_count
    assert told[0] == (
        "city.net has no hierarchy of this version: preparing one. To keep it: "
        "python -m roadnets prepare city.net"
    )
    assert "building the hierarchy" in told


def test_a_hierarchy_of_another_version_is_prepared_anew(path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(store, "HIERARCHY_VERSION", HIERARCHY_VERSION - 1)
        store.save(furnished(), path, prepare(furnished()))
    assert store.load_stored(path).prepared is None
    assert isinstance(store.load_ready(path).prepared, Prepared)


def test_what_is_prepared_is_not_prepared_again(ready, monkeypatch):
    monkeypatch.setattr(store, "prepare", lambda *_: pytest.fail("prepared again"))
    told = []
    assert isinstance(store.load_ready(ready, told.append).prepared, Prepared)
    assert told == []


def test_a_spoilt_hierarchy_is_refused_and_its_network_still_read(ready):
    rank = safetensors.numpy.load_file(ready)["hierarchy_rank"].tobytes()
    content = bytearray(ready.read_bytes())
    content[content.index(rank)] ^= 1
    ready.write_bytes(content)
    expected = (
        r"^city.net is damaged: the checksum of its hierarchy is sha256:\w+, it states sha256:"
    )
    with pytest.raises(NetworkFileError, match=expected):
        store.load_stored(ready)
    assert store.load(ready).checksum == furnished().checksum


def test_a_hierarchy_of_another_network_is_refused(path):
    before = path.read_bytes()
    for other in (grid(2, 2), grid(4, 3)):
        with pytest.raises(ValueError, match="the hierarchy is not one of Grid"):
            store.save(furnished(), path, prepare(other))
    assert path.read_bytes() == before


def test_a_hierarchy_that_nobody_states_is_refused(path):
    file = tensorfile.read(path)
    arrays = {name: file.view(name) for name in file.names}
    tensorfile.write(path, {**arrays, "graph_arc_edge": np.zeros(3, np.int32)}, file.about)
    with pytest.raises(NetworkFileError, match="states no hierarchy, yet has graph_arc_edge"):
        store.load_stored(path)


def test_the_same_hierarchy_gives_the_same_bytes(ready, tmp_path):
    store.save(furnished(), tmp_path / "again.net", prepare(furnished()))
    assert (tmp_path / "again.net").read_bytes() == ready.read_bytes()
    stored = store.load_stored(ready)
    store.save(stored.network, tmp_path / "copy.net", stored.prepared)
    assert (tmp_path / "copy.net").read_bytes() == ready.read_bytes()
