"""The write-ahead log: what was torn is let go, what was damaged is named."""

import random
import shutil
from pathlib import Path

import pytest

import dispatch.journal.verify as verify_module
from dispatch.errors import JournalError
from dispatch.journal.database import base_vfs, log_of
from dispatch.journal.journal import Batch
from dispatch.journal.pages import RawFile
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from dispatch.journal.wal import FRAME, HEADER, LogScan, scan_log
from tests.dispatch.journal.facts import DIGEST, NETWORK, Story, fill, records


class Left:
    """A journal as kill -9 leaves it, with its log."""

    def __init__(self, directory: Path, batches: int = 12) -> None:
        (directory / "open").mkdir()
        with SqliteJournal.open(directory / "open" / "a", network_checksum=NETWORK) as journal:
            self.story: Story = fill(journal, batches=batches)
            frames = journal._log_frames
            journal.append(Batch(records(journal.last_revision + 1, b"x" * 9_000)))
            self.last_commit = frames  # index of the first frame of the last commit
            self.frames = journal._log_frames
            self.last_revision = journal.last_revision
            shutil.copytree(directory / "open", directory / "left")
        self.path = directory / "left" / "a"
        self.log = log_of(self.path)
        self.whole = self.log.read_bytes()[: HEADER + self.frames * FRAME]
        self._database = self.path.read_bytes()

    def put(self, log: bytes) -> Path:
        self.path.write_bytes(self._database)
        self.path.with_name("a-shm").unlink(missing_ok=True)
        self.log.write_bytes(log)
        return self.path

    def scan(self, log: bytes) -> LogScan:
        self.log.write_bytes(log)
        with RawFile(base_vfs(), str(self.log)) as file:
            return scan_log(file)


@pytest.fixture
def left(tmp_path) -> Left:
    return Left(tmp_path)


def flip(data: bytes, at: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def test_a_whole_log(left):
    found = left.scan(left.whole)
    assert 1 in found.pages
    assert found.page_count == max(found.pages)
    assert (found.damage, found.suspicion, found.unfinished) == ("", "", False)
    assert verify(left.put(left.whole), fold=DIGEST).last_revision == left.last_revision


def test_no_log(left):
    for empty in (b"", left.whole[:HEADER], left.whole[:20], bytes(HEADER + 9)):
        assert left.scan(empty) == LogScan()


def test_one_flipped_bit_anywhere_is_found(left, monkeypatch):
    monkeypatch.setattr(verify_module, "_LOG_PAUSE_S", 0)
    rng = random.Random(9)
    end = len(left.whole)
    last = HEADER + left.last_commit * FRAME
    places = [*range(HEADER + 24), *range(last, last + 24), *range(end - FRAME, end - FRAME + 24)]
    places += [rng.randrange(end) for _ in range(400)] + [
        rng.randrange(last, end) for _ in "x" * 200
    ]
    for at in places:
        changed = flip(left.whole, at, rng.randrange(8))
        found = left.scan(changed)
        assert found.damage or found.suspicion, at
        if at < last - 15 * FRAME:
            assert found.damage, at
    for at in places[::40]:
        report = verify(left.put(flip(left.whole, at)), fold=DIGEST)
        assert not report.ok or (at >= last and "one byte of frame" in report.notes[-1])


def test_a_journal_with_a_damaged_log_does_not_open(left):
    for at in (9, HEADER + 40, HEADER + 3 * FRAME + 500):
        left.put(flip(left.whole, at))
        with pytest.raises(JournalError, match=r"log is damaged.*would forget acknowledged facts"):
            SqliteJournal.open(left.path, network_checksum=NETWORK)
    left.put(left.whole)
    with SqliteJournal.open(left.path, network_checksum=NETWORK) as journal:
        assert journal.last_revision == left.last_revision


def test_a_torn_last_commit_is_let_go(left):
    """Whatever sectors of an unsynced commit reach the disk, it is no damage."""
    rng = random.Random(11)
    start = (HEADER + left.last_commit * FRAME) // 512 * 512
    earlier = bytearray(rng.randbytes(len(left.whole)))  # a log begun before, frame upon frame
    for at in range(HEADER, len(earlier), FRAME):
        earlier[at : at + 8] = left.whole[at : at + 4] + rng.randbytes(4)
    for round_ in range(400):
        log = bytearray(left.whole)
        for at in range(start, len(log), 512):
            if rng.random() < rng.choice([0.05, 0.4, 0.9]):
                kept = max(at, HEADER + left.last_commit * FRAME)
                end = min(at + 512, len(log))
                log[kept:end] = rng.choice([earlier[kept:end], bytes(end - kept)])
        found = left.scan(bytes(log[: rng.choice([len(log), rng.randrange(kept, len(log))])]))
        assert not found.damage, round_
        assert found.page_count
        if round_ % 40 == 0:
            report = verify(left.put(left.log.read_bytes()), fold=DIGEST)
            assert report.ok
            assert report.last_revision >= left.last_revision - 1


def test_commits_behind_any_damage_are_not_forgotten(left):
    """Sectors that rotted in the last commit but one, or before it, are no torn commit."""
    rng = random.Random(12)
    end = HEADER + left.last_commit * FRAME
    for _ in range(150):
        log = bytearray(left.whole)
        at = rng.randrange(HEADER + 24, end) // 512 * 512
        frame = (at - HEADER) // FRAME * FRAME + HEADER
        if at < frame + 24 or at + 512 > end:
            continue  # a header that rotted as well may pass for one that never was written
        log[at : at + 512] = rng.choice([bytes(512), rng.randbytes(512)])
        if log == left.whole:
            continue
        whole_header = frame // 512 == (frame + 23) // 512
        assert left.scan(bytes(log)).damage or not whole_header


def test_a_suspicious_last_commit_is_dropped_when_opened(left, caplog):
    """More likely a power cut tore it than that a bit flipped since: the server starts."""
    changed = flip(left.whole, len(left.whole) - 100)
    assert left.scan(changed).suspicion
    left.put(changed)
    with SqliteJournal.open(left.path, network_checksum=NETWORK) as journal:
        assert journal.last_revision == left.last_revision - 1
    assert "dropped" in caplog.text
    assert verify(left.path, fold=DIGEST).ok


def test_what_a_torn_commit_left_is_cleared_at_the_start(left):
    """Written over in part, its whole frames would stand behind a later torn commit as damage."""
    at = HEADER + left.last_commit * FRAME + 100
    left.put(left.whole[:at] + bytes(512) + left.whole[at + 512 :])
    with SqliteJournal.open(left.path, network_checksum=NETWORK) as journal:
        assert left.log.stat().st_size == 0
        journal.append(Batch(records(left.last_revision, b"x")))
        with RawFile(base_vfs(), str(left.log)) as file:
            assert file.size() == HEADER + journal._log_frames * FRAME
    assert verify(left.path, fold=DIGEST).ok


def test_frames_of_an_earlier_log_are_no_part_of_this_one(tmp_path):
    """After it is begun anew, old frames stand behind the new ones."""
    with SqliteJournal.open(tmp_path / "a", network_checksum=NETWORK) as journal:
        fill(journal, batches=20)
        long = journal._log_frames
        journal._checkpointer.run()
        journal.append(Batch(records(journal.last_revision + 1, b"x")))
        assert journal._log_frames < long
        with RawFile(base_vfs(), str(log_of(tmp_path / "a"))) as file:
            assert file.size() > HEADER + journal._log_frames * FRAME
            found = scan_log(file)
        assert (found.damage, found.suspicion, found.unfinished) == ("", "", False)
        assert len(found.pages) <= journal._log_frames
