"""The command line, end to end."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from roadnets import store
from roadnets.__main__ import main
from roadnets.calibration.uncertainty import Cell
from roadnets.sources.calibrationfile import read_calibration
from roadnets.travel import TravelMode
from tests.data import ROOT, data
from tests.roadnets.osmfiles import Map
from tests.roadnets.record import PLACE, recording


def town(folder: Path) -> Path:
    drawn = Map()
    drawn.square()
    drawn.node(1, 1, amenity="hospital", name="医院", name__en="Hospital")
    return drawn.write(folder)


def run(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-m", "roadnets", *map(str, arguments)],
        cwd=cwd,
        env={**plain, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_import_then_info(tmp_path: Path) -> None:
    imported = run("import", town(tmp_path), "-o", "city.net", "--name", "小镇", cwd=tmp_path)
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.splitlines()[0] == "小镇"
    assert "finding the connected core" in imported.stderr
    assert "building the hierarchy" in imported.stderr
    assert "writing city.net" in imported.stderr
    told = run("info", "city.net", cwd=tmp_path)
    assert told.returncode == 0
    assert told.stdout == imported.stdout
    assert "医院 / Hospital  node/5" in told.stdout
    assert re.search(r"hierarchy \d+ slots over 4 nodes and 8 arcs", told.stdout)
    assert not told.stderr


def test_prepare_adds_the_hierarchy_to_a_file_that_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = tmp_path / "city.net", tmp_path / "imported.net"
    source = str(town(tmp_path))
    assert main(["import", source, "-o", str(other)]) == 0
    store.save(store.load(other), path)
    capsys.readouterr()
    assert main(["info", str(path)]) == 0
    assert "hierarchy none that this program reads" in capsys.readouterr().out
    assert main(["prepare", str(path)]) == 0
    assert re.search(r"^city.net has its hierarchy now: \d+ slots$", capsys.readouterr().out)
    assert path.read_bytes() == other.read_bytes()
    assert main(["prepare", str(path)]) == 0
    assert capsys.readouterr().out == "city.net has its hierarchy already\n"
    assert path.read_bytes() == other.read_bytes()


def test_turns_that_are_left_out_can_be_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "city.net"
    assert main(["import", str(town(tmp_path)), "-o", str(output)]) == 0
    capsys.readouterr()
    assert main(["info", "--turns", str(output)]) == 0
    assert capsys.readouterr().out == "0 turn restrictions obeyed, 0 left out\n"


def test_warm_tells_what_is_ready(tmp_path: Path) -> None:
    done = run("warm", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+ functions of the kernel are ready after \d+\.\d s\n", done.stdout)
    assert "roadnets.kernel.build" in done.stderr


def test_a_place_online(tmp_path: Path) -> None:
    with recording() as tape:
        done = run("import", PLACE, "-o", "city.net", cwd=tmp_path, **tape.environment)
    assert done.returncode == 0, done.stderr
    assert "downloading streets" in done.stderr
    assert "澜江市第一人民医院 / Lanjiang First People's Hospital" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["city.net"]


def test_a_place_without_a_network(tmp_path: Path) -> None:
    closed = {"DISPATCH_NOMINATIM_URL": "http://127.0.0.1:9/"}
    done = run("import", PLACE, "-o", "city.net", cwd=tmp_path, **closed)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "refused: 127.0.0.1 cannot be reached: without a network, download an extract as .osm.pbf "
        "or .osm elsewhere and import that file"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    source = str(town(tmp_path))
    outputs = [tmp_path / "a.net", tmp_path / "b.net"]
    for output in outputs:
        assert main(["import", source, "-o", str(output)]) == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_a_broken_source_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    source = town(tmp_path)
    source.write_text(source.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    output = tmp_path / "out" / "city.net"
    output.parent.mkdir()
    output.write_bytes(b"what was there before")
    refused = run("import", source, "-o", output, cwd=tmp_path)
    assert refused.returncode == 2
    last = refused.stderr.splitlines()[-1]
    assert last.startswith("refused: town.osm is not well-formed XML at line ")
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""
    assert output.read_bytes() == b"what was there before"
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "nowhere.osm", "-o", "x.net"], "there is no file nowhere.osm"),
        (["import", "town.osm", "-o", "missing/x.net"], "x.net cannot be written"),
        (["import", "town.osm", "-o", "town.osm"], "is the source itself"),
        (["info", "nowhere.net"], "nowhere.net"),
        (["prepare", "nowhere.net"], "nowhere.net cannot be read"),
        (["prepare", "town.osm"], "town.osm is not a network file"),
        (["info", "town.osm"], "town.osm"),
    ],
)
def test_refusals(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    town(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["town.osm"]


def test_usage_is_refused_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["import"])
    assert exit_.value.code == 2
    assert "city.net" in capsys.readouterr().err


def test_a_reader_that_had_enough_is_no_error(tmp_path: Path) -> None:
    main(["import", str(town(tmp_path)), "-o", str(tmp_path / "city.net")])
    code = (
        f"{sys.executable} -m roadnets info {tmp_path / 'city.net'} | true; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr == ""


def lattice(folder: Path) -> Path:
    """Streets some 3 km across, imported."""
    drawn = Map()
    for i in range(0, 31, 3):
        drawn.street(*((x, i) for x in range(0, 31, 3)))
        drawn.street(*((i, y) for y in range(0, 31, 3)))
    output = folder / "lattice.net"
    assert main(["import", str(drawn.write(folder)), "-o", str(output)]) == 0
    return output


def test_calibrate_finds_made_up_trips_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network, output = lattice(tmp_path), tmp_path / "calibration.json"
    capsys.readouterr()
    options = ["--synthetic", "400", "--seed", "3", "-o", str(output)]
    assert main(["calibrate", str(network), *options]) == 0
    told = capsys.readouterr()
    assert re.match(r"\d+ of 400 trips refused", told.out)
    assert re.search(r"blue_light +day +local +\d+ +1\.\d\d\d", told.out)
    assert re.search(r"blue_light +day +local +true", told.out)
    assert re.search(r"blue_light +calibrated +\d+ ", told.out)
    assert "fitting" in told.err
    calibration = read_calibration(output)
    assert calibration.zone == "Asia/Shanghai"
    assert calibration.of_cell(Cell(TravelMode.BLUE_LIGHT)).trips > 200


def test_calibrate_to_trips_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network, output = lattice(tmp_path), tmp_path / "calibration.json"
    trips, congestion = tmp_path / "trips.csv", tmp_path / "congestion.yaml"
    lines = [
        f"112.0,30.0,112.03,30.03,2026-03-02T{hour:02}:30:00+08:00,{600 + 9 * hour},civilian"
        for hour in range(24)
    ]
    head = "origin_lon,origin_lat,destination_lon,destination_lat,departure,duration_s,mode"
    trips.write_text("\n".join([head, *lines, *lines, "1,2,3", ""]))
    congestion.write_text("factors: {local: {workday: [0.8" + ", 0.8" * 23 + "]}}")
    capsys.readouterr()
    arguments = ["calibrate", str(network), str(trips), "-o", str(output)]
    assert main([*arguments, "--coordinates", "WGS84", "--congestion", str(congestion)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("1 of 49 trips refused:\n  line 50: mode is ''")
    assert re.search(r"civilian +calibrated +48 ", told)
    assert main(arguments) == 2
    assert "has no column coordinate_system" in capsys.readouterr().err
    congestion.write_text("factors: {local: {workday: [3]}}")
    assert main([*arguments, "--coordinates", "WGS84", "--congestion", str(congestion)]) == 2
    assert "congestion.yaml: factors.local.workday is [3]" in capsys.readouterr().err
    assert main([*arguments, "--coordinates", "WGS84", "--tz", "Mars"]) == 2
    assert "zone is 'Mars'" in capsys.readouterr().err


def test_andorra(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "a.net"
    assert main(["import", str(data("andorra/andorra.osm.pbf")), "-o", str(output)]) == 0
    network = store.load(output)
    assert network.source == "andorra.osm.pbf"
    capsys.readouterr()
    assert main(["info", str(output)]) == 0
    told = capsys.readouterr().out
    assert "64 in the source, 64 on the core" in told
    assert "hospitals: 11, 7 on the core" in told
    assert "Hospital de Nostra Senyora de Meritxell" in told
    assert "fire stations: 4, 4 on the core" in told


@pytest.mark.slow
def test_porto_in_seconds_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    """A whole region, its hierarchy included; the kernel is compiled before."""
    source = data("porto/porto.osm.pbf")
    assert run("warm", cwd=tmp_path).returncode == 0
    before = os.times()
    assert run("import", source, "-o", "a.net", cwd=tmp_path).returncode == 0
    after = os.times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    assert cpu_s < 12
    assert run("import", source, "-o", "b.net", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a.net").read_bytes() == (tmp_path / "b.net").read_bytes()


@pytest.mark.parametrize("option", ["--seed", "--synthetic"])
def test_calibrate_names_the_option_that_is_below_0(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"--synthetic": "60", "--seed": "1", option: "-1"}
    words = [word for pair in options.items() for word in pair]
    with pytest.raises(SystemExit):
        main(["calibrate", "city.net", *words, "-o", "calibration.json"])
    told = capsys.readouterr().err
    assert f"argument {option}: it is -1; allowed: whole numbers, 0 or more" in told
