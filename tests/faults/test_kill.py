"""kill -9 of a writer, over and over: what it acknowledged is there, and verifies."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from tests.dispatch.journal.facts import DIGEST, NETWORK

ROOT = Path(__file__).parents[2]


def kill_a_writer(path: Path, seed: int, after_s: float) -> tuple[int, str]:
    """Last revision and hash that a writer acknowledged before it was killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.writer", str(path), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.kill()
        lines = process.stdout.read().splitlines()
    whole = [line.split() for line in lines if len(line.split()) == 2 and len(line) > 64]
    return (int(whole[-1][0]), whole[-1][1]) if whole else (0, "")


def rounds(path: Path, count: int) -> None:
    rng = random.Random(count)
    acknowledged = 0
    for seed in range(count):
        revision, _ = kill_a_writer(path, seed, rng.random() * 0.4)
        acknowledged = max(acknowledged, revision)
        left = verify(path, fold=DIGEST)
        assert left.ok, left
        assert left.last_revision >= acknowledged
        if seed % 2:  # else the next writer recovers it
            with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
                assert journal.last_revision == left.last_revision
                assert journal.last_hash.hex() == left.last_hash
            assert verify(path, fold=DIGEST).last_hash == left.last_hash
    assert acknowledged > 20 * count


def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path):
    rounds(tmp_path / "a", 5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_writer_killed_many_times(tmp_path):
    rounds(tmp_path / "a", 100)
