"""The examples run as their first lines say, on the sample city."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import osmnx as ox
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.timeout(120)


@contextlib.contextmanager
def serve(folder: Path, *options: str) -> Iterator[str]:
    """``python -m dispatch serve`` on the sample city; gives its address."""
    ready, log = folder / "ready", folder / "log"
    command = [sys.executable, "-m", "dispatch", "serve", "--listen", "127.0.0.1:0"]
    files = ["--ready-file", str(ready), "--journal", str(folder / "journal.sqlite3")]
    with log.open("wb") as out:
        process = subprocess.Popen([*command, *files, *options], cwd=ROOT, stdout=out, stderr=out)
    try:
        for _ in range(1000):
            if ready.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        assert process.poll() is None, log.read_text("utf-8")
        yield ready.read_text("utf-8").strip()
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("live")) as address:
        yield address


def example(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, f"examples/{name}", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_report_is_followed_to_its_units(live: str) -> None:
    done = example("report_and_follow.py", "--target", live)
    assert done.returncode == 0, done.stderr
    assert re.search(r"als-1: units/\w+ goes, \d+ min \d+ s", done.stdout)
    assert re.search(r"bls-1: units/\w+ goes, \d+ min \d+ s", done.stdout)
    assert "confirmed" not in done.stdout


def test_a_type_that_waits_is_confirmed(live: str) -> None:
    done = example("report_and_follow.py", "--target", live, "--type", "sick_person")
    assert done.returncode == 0, done.stderr
    assert re.search(r"units/\w+ is proposed \(others: units/", done.stdout)
    assert done.stdout.index("confirmed") < done.stdout.index("goes")


def test_a_type_that_nobody_knows_is_kept_for_a_human(live: str) -> None:
    done = example("report_and_follow.py", "--target", live, "--type", "nonsense")
    assert done.returncode == 0, done.stderr
    assert "for a human to look at" in done.stdout


def test_nobody_there_is_a_plain_sentence() -> None:
    done = example("report_and_follow.py", "--target", "127.0.0.1:1")
    assert done.returncode == 1
    assert "UNAVAILABLE" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_street_is_closed_and_driven_around(live: str) -> None:
    done = example("close_and_route.py", "--target", live)
    assert done.returncode == 0, done.stderr
    usual, closed, opened = re.findall(
        r"^(?:as usual|closed|open again): (.*)", done.stdout, re.MULTILINE
    )
    assert usual == opened != closed
    assert "Dongfeng Bridge" in usual
    assert "Dongfeng Bridge" not in closed
    assert "Wenchang Bridge" in closed


def test_a_street_that_is_none_is_a_plain_sentence(live: str) -> None:
    done = example("close_and_route.py", "--target", live, "--close", "东风大乔")
    assert done.returncode == 1
    assert "the nearest names are 东风大桥" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_shell_of_the_guide_says_what_it_gives(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "service.md").read_text("utf-8")
    (script,) = re.findall(r"^```sh\n(.*dispatch serve &.*?)^```", guide, re.MULTILINE | re.DOTALL)
    _, _, calls = script.partition("\n")
    buf = Path(sys.executable).with_name("buf")
    with serve(tmp_path) as address:
        calls = calls.replace(".venv/bin/buf", str(buf)).replace("127.0.0.1:50051", address)
        done = subprocess.run(
            ["bash", "-ec", calls], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stderr
    set_, route, ended = re.split(r"^}\n", done.stdout, flags=re.MULTILINE)[:3]
    assert '"name": "conditions/C000001"' in set_
    assert '"durationS": 291' in route
    assert "文昌桥" in route
    assert "CONDITION_STATE_ENDED" in ended


def test_a_cad_is_shadowed(tmp_path: Path) -> None:
    options = ("--mode", "shadow", "--mapping", str(EXAMPLES / "mapping_cad.yaml"))
    with serve(tmp_path, *options) as address:
        done = example("shadow_cad.py", "--target", address)
    assert done.returncode == 0, done.stderr
    assert re.search(r"als-1: units/\w+ \d+ s > ", done.stdout)
    assert "CAD: 1201 → units/A01" in done.stdout
    assert "中暑" in done.stdout.split("not in the mapping yet:")[1]
    assert "'1299'" in done.stdout


def test_a_graph_from_a_notebook_is_asked_about() -> None:
    done = example("notebook_graph.py")
    assert done.returncode == 0, done.stderr
    assert re.search(r"graph: (4,\d+ nodes, 1\d,\d+ edges)\nnetwork: \1\n", done.stdout)
    assert re.search(r"5,000 travel times in \d+ ms", done.stdout)
    assert re.search(r"OSMnx: \d+ nodes from \d+ to \d+, \d+\.\d min", done.stdout)


def test_a_graph_that_cannot_be_driven_is_a_plain_sentence(tmp_path: Path) -> None:
    path = tmp_path / "path.graphml"
    graph = nx.MultiDiGraph(crs="epsg:4326")
    graph.add_node(1, x=112.0, y=30.0)
    graph.add_node(2, x=112.1, y=30.0)
    graph.add_edge(1, 2, osmid=7, highway="footway", oneway=False, length=1.0)
    ox.save_graphml(graph, path)
    done = example("notebook_graph.py", str(path))
    assert done.returncode == 2
    assert "refused: graph has no drivable street: 1 footways" in done.stderr


def test_every_example_is_told_of() -> None:
    told = (EXAMPLES / "README.md").read_text("utf-8")
    for file in EXAMPLES.iterdir():
        if file.is_file() and file.name != "README.md":
            assert f"]({file.name})" in told
