"""The demo against the real service: an hour of calls, and a service killed in mid-hour."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import dispatch.state as fold
from dispatch.conditions.events import ConditionEnded, ConditionSet
from dispatch.emergency.events import DecisionMade, IncidentReported, UnitAssigned
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from dispatch.state import Recorded, decode
from roadnets.store import load
from scenarios.demo_checks import double_assignments

ROOT = Path(__file__).resolve().parents[2]
DEMO = (sys.executable, "-m", "dispatch", "demo")
STAGED = {"override", "out_of_service", "closed_bridge", "duplicate_request"}

pytestmark = pytest.mark.timeout(180)


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *options], cwd=ROOT, capture_output=True, text=True, check=False, timeout=170
    )


def journal_of(state: Path) -> list[Recorded]:
    checksum = load(state / "city.net").checksum
    journal = SqliteJournal.open(state / "journal.sqlite3", network_checksum=checksum, create=False)
    try:
        return [decode(record.body) for record in journal.read(0)]
    finally:
        journal.close()


def check_summary(summary: dict[str, Any]) -> None:
    assert summary["calls"] >= 60
    assert summary["assigned"] + summary["unmet"] == summary["needs"] >= summary["calls"]
    assert sum(summary["unmet_reasons"].values()) == summary["unmet"]
    assert summary["assigned"] > 0.9 * summary["needs"]
    assert "undecided" not in summary["unmet_reasons"]
    response = summary["response_s"]
    assert 60 < response["p50"] <= response["p90"] < 3600
    assert 0.7 < summary["on_time_share"] <= 1.0
    assert 0 < summary["decision_ms"]["p50"] <= summary["decision_ms"]["p99"]
    assert summary["journal_verified"] is True
    assert len(summary["journal_head"]) == 64
    assert summary["staged"].keys() == STAGED
    for name, staged in summary["staged"].items():
        assert staged["asserted"] is True, (name, staged)
        assert staged["revisions"] == sorted(staged["revisions"])
        assert staged["revisions"]


@pytest.mark.slow
def test_an_hour_in_the_sample_city(tmp_path: Path) -> None:
    done = run("--json", str(tmp_path / "summary.json"), "--clock-rate", "150", "--seed", "1")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    check_summary(summary)
    assert summary["synthetic"] is True
    assert (summary["seed"], summary["clock_rate"]) == (1, 150.0)
    assert summary["killed_after_revision"] == []
    lines = done.stdout.splitlines()
    assert "synthetic" in done.stdout
    assert any("ETA" in line for line in lines)
    assert max(map(len, lines)) < 400
    assert not any("\x1b" in line for line in lines), "control characters without a terminal"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose service was killed while the bridge was closed."""
    state = tmp_path_factory.mktemp("killed")
    done = run(
        *("--state", str(state), "--json", str(state / "summary.json")),
        *("--clock-rate", "150", "--seed", "2", "--kill-after", "9"),
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return state


def test_after_a_kill_the_demo_goes_on(killed: Path) -> None:
    summary = json.loads((killed / "summary.json").read_text("utf-8"))
    check_summary(summary)
    assert len(summary["killed_after_revision"]) == 1
    log = (killed / "service.log").read_text("utf-8")
    assert log.count("ready on ") == 2, "the service was not started again"


def test_after_a_kill_no_acknowledged_call_is_lost(killed: Path) -> None:
    answers = json.loads((killed / "acknowledged.json").read_text("utf-8"))
    reported = [
        f"incidents/{r.fact.incident.incident_id}"
        for r in journal_of(killed)
        if isinstance(r.fact, IncidentReported)
    ]
    assert len(answers) >= 60
    assert sorted(answers.values()) == sorted(reported), "each answer is one incident, and no more"


def test_after_a_kill_nobody_is_sent_twice(killed: Path) -> None:
    facts = journal_of(killed)
    (killed_after,) = json.loads((killed / "summary.json").read_text("utf-8"))[
        "killed_after_revision"
    ]
    sent = [r.revision for r in facts if isinstance(r.fact, UnitAssigned)]
    assert min(sent) < killed_after < max(sent)
    assert double_assignments(facts) == ()


def test_after_a_kill_every_hash_is_right(killed: Path) -> None:
    report = verify(killed / "journal.sqlite3", fold=fold)
    assert report.ok, str(report)
    summary = json.loads((killed / "summary.json").read_text("utf-8"))
    assert report.last_hash == summary["journal_head"]
    assert report.last_revision == summary["journal_revision"]
    revisions = [r.revision for r in journal_of(killed)]
    assert revisions == list(range(1, len(revisions) + 1)), "a gap in the journal"


def test_after_a_kill_the_closure_is_still_in_force(killed: Path) -> None:
    facts = journal_of(killed)
    (killed_after,) = json.loads((killed / "summary.json").read_text("utf-8"))[
        "killed_after_revision"
    ]
    (closed,) = [r.revision for r in facts if isinstance(r.fact, ConditionSet)]
    (opened,) = [r.revision for r in facts if isinstance(r.fact, ConditionEnded)]
    assert closed < killed_after < opened
    rested_on = {
        r.fact.inputs.conditions_revision
        for r in facts
        if isinstance(r.fact, DecisionMade) and killed_after < r.revision < opened
    }
    assert rested_on == {closed}


def test_a_signal_ends_the_service_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    demo = subprocess.Popen(
        [*DEMO, "--state", str(state)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _until_ready(state, demo)
        demo.send_signal(signal.SIGTERM)
        _, errors = demo.communicate(timeout=60)
    finally:
        demo.kill()
        demo.wait()
    assert demo.returncode == 130
    assert errors.strip() == "demo: stopped"
    report = verify(state / "journal.sqlite3", fold=fold)
    assert report.ok, str(report)
    checksum = load(state / "city.net").checksum
    SqliteJournal.open(
        state / "journal.sqlite3", network_checksum=checksum, create=False
    ).close()  # which another writer would refuse


def _until_ready(state: Path, demo: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if (state / "ready").exists() or demo.poll() is not None:
            break
        time.sleep(0.1)
    assert demo.poll() is None


def test_what_is_wrong_is_a_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").touch()
    done = run("--state", str(tmp_path))
    assert done.returncode == 1
    assert "holds the journal of an earlier run" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_network_is_a_plain_sentence() -> None:
    done = run("--network", str(ROOT / "Makefile"))
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_summary_that_cannot_be_written_is_told_at_once() -> None:
    began = time.monotonic()
    done = run("--json", "/nowhere/summary.json")
    assert done.returncode == 1
    assert done.stderr.startswith("demo: ")
    assert len(done.stderr.splitlines()) == 1
    assert time.monotonic() - began < 20
