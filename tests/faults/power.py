"""Lives of a journal whose power is cut: what was acknowledged, and what was found afterwards."""

from __future__ import annotations

import contextlib
import logging
import random
import tempfile
from pathlib import Path
from typing import NamedTuple

import apsw

import dispatch.journal.database as database
import dispatch.journal.sqlite as module
from dispatch.errors import JournalError
from dispatch.journal.database import log_of
from dispatch.journal.journal import StoredPosition
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from tests.dispatch.journal.facts import DIGEST, NETWORK, Story
from tests.faults.disk import Disk, installed

_background = module.Checkpointer.wake


class Toll(NamedTuple):
    """What cuts cost."""

    cuts: int = 0
    acknowledged: int = 0
    """Batches acknowledged before a cut."""
    lost: int = 0
    """Acknowledged batches that were gone after it."""
    broken: tuple[str, ...] = ()
    """What was wrong with journals that did not verify, or did not open, after it."""

    def plus(self, other: Toll) -> Toll:
        return Toll(*(a + b for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]  # all are numbers


def lives(first_seed: int, count: int, cuts: int, synchronous: str) -> Toll:
    """Cut the power on many journals, a few times each, in a process of its own."""
    logging.disable(logging.CRITICAL)
    database.SYNCHRONOUS = synchronous
    toll = Toll()
    for seed in range(first_seed, first_seed + count):
        with tempfile.TemporaryDirectory() as directory:
            toll = toll.plus(_Life(installed(), Path(directory), seed).run(cuts))
    return toll


class _Life:
    """One journal, from cut to cut."""

    def __init__(self, disk: Disk, directory: Path, seed: int) -> None:
        self._disk = disk
        self._directory = directory
        self._seed = seed
        self._rng = random.Random(seed)
        self._story = Story(seed, largest=6_000)
        self._ends: list[tuple[int, int]] = [(0, 0)]  # facts and answers after each batch
        # Every second life copies the log in the background as it is meant, the others exactly
        # the same way each time.
        module.Checkpointer.wake = _background if seed % 2 else module.Checkpointer.run

    def run(self, cuts: int) -> Toll:
        path = self._directory / "0" / "a"
        path.parent.mkdir()
        SqliteJournal.open(path, network_checksum=NETWORK).close()
        toll = Toll()
        for number in range(1, cuts + 1):
            before = len(self._ends)
            self._live_until_the_cut(path)
            acknowledged = len(self._ends) - before
            assert self._disk.survivors is not None
            # Looked at in a copy: life goes on from what the cut left, torn commits and all.
            path, copy = (self._directory / f"{number}{kind}" / "a" for kind in ("", "-copy"))
            for file in (path, copy):
                file.parent.mkdir()
                for name, image in self._disk.survivors.items():
                    file.with_name(Path(name).name).write_bytes(image)
            try:
                lost = self._look(copy)
            except (JournalError, AssertionError) as error:
                what = f"seed {self._seed}, cut {number}: {error}"
                return toll.plus(Toll(1, acknowledged, 0, (what,)))
            toll = toll.plus(Toll(1, acknowledged, lost))
        return toll

    def _live_until_the_cut(self, path: Path) -> None:
        rng = self._rng
        module.CHECKPOINT_FRAMES = rng.choice([5, 30, 200])
        module.LOG_LIMIT_FRAMES = module.CHECKPOINT_FRAMES * rng.choice([1, 2, 10])
        self._disk.load(path, log_of(path))
        self._disk.cut_after(rng.randrange(1, rng.choice([20, 100, 1_000])), rng)
        while not self._disk.off:
            with (
                contextlib.suppress(JournalError, apsw.Error),
                SqliteJournal.open(path, network_checksum=NETWORK) as journal,
            ):
                for _ in range(rng.randrange(1, 120)):
                    journal.append(self._story.batch())
                    self._ends.append((len(self._story.bodies), len(self._story.answers)))
                    if rng.random() < 0.1:
                        journal.save_positions([StoredPosition("u1", rng.randbytes(2_000))])

    def _look(self, path: Path) -> int:
        """Verify what is found and go on from there; how many acknowledged batches are gone."""
        self._disk.load(path, log_of(path))
        report = verify(path, fold=DIGEST)
        assert report.ok, report
        story = self._story
        with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
            found = [record.body for record in journal.read()]
            assert found == story.bodies[: len(found)], "other facts than were appended"
            answers = 0
            for answer in story.answers:
                if journal.answer(answer.client, answer.request_id) != answer:
                    break
                answers += 1
            list(journal.load_positions())
        report = verify(path, fold=DIGEST)
        assert report.ok, report
        assert report.answers == answers
        end = (len(found), answers)
        unacknowledged = (len(story.bodies), len(story.answers))
        assert end in {*self._ends, unacknowledged}, "a part of a batch"
        lost = sum(each > end for each in self._ends)
        self._ends = [each for each in self._ends if each <= end]
        if end != self._ends[-1]:
            self._ends.append(end)
        story.resume(found, story.answers[:answers])
        return lost
