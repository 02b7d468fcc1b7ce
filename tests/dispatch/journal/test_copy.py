"""Copies: the same facts in a new file, also from beneath a writer."""

import threading
from pathlib import Path

import apsw
import pytest

from dispatch.errors import JournalError
from dispatch.journal.copy import copy
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from tests.dispatch.journal.facts import DIGEST, NETWORK, Story, closed_journal, fill


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "city.journal"


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_a_closed_journal(path, tmp_path):
    closed_journal(path)
    before = path.read_bytes()
    copy(path, tmp_path / "copy")
    assert path.read_bytes() == before
    assert names(path) == ["city.journal", "city.journal.lock", "copy"]
    original, copied = verify(path, fold=DIGEST), verify(tmp_path / "copy", fold=DIGEST)
    assert copied.ok
    assert copied.last_hash == original.last_hash
    with SqliteJournal.open(tmp_path / "copy", network_checksum=NETWORK) as journal:
        assert journal._writer.pragma("journal_mode") == "wal"
        story = Story(9)
        story.resume([record.body for record in journal.read()], [])
        journal.append(story.batch())
    assert verify(tmp_path / "copy", fold=DIGEST).ok


def test_from_beneath_a_writer(path, tmp_path):
    done = threading.Event()
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        story = fill(journal)

        def write() -> None:
            while not done.is_set():
                journal.append(story.batch())

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(5):
                at_least = journal.last_revision
                copy(path, tmp_path / str(number))
                report = verify(tmp_path / str(number), fold=DIGEST)
                assert report.ok, report
                assert report.last_revision >= at_least
        finally:
            done.set()
            writer.join()


def test_a_damaged_journal_is_not_copied(path, tmp_path):
    closed_journal(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalError, match=r"cannot copy .*the file is damaged"):
        copy(path, tmp_path / "copy")
    assert names(path) == ["city.journal", "city.journal.lock"]


def test_rescue_of_what_another_program_wrote_to(path, tmp_path):
    """A tool that opened what a crash left copies the log into pages without their checksums."""
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        fill(journal)
        left = tmp_path / "left"
        for suffix in ("", "-wal"):
            left.with_name(left.name + suffix).write_bytes(
                path.with_name(path.name + suffix).read_bytes()
            )
        expected = journal.last_hash.hex()
    tool = apsw.Connection(str(left), vfs="unix")
    tool.execute("SELECT count(*) FROM records").fetchall()
    tool.close()
    assert not verify(left, fold=DIGEST).ok
    with pytest.raises(JournalError, match="damaged"):
        copy(left, tmp_path / "copy")
    copy(left, tmp_path / "copy", checked=False)
    report = verify(tmp_path / "copy", fold=DIGEST)
    assert report.ok
    assert report.last_hash == expected


def test_what_cannot_be_copied(path, tmp_path):
    with pytest.raises(JournalError, match="is not there"):
        copy(path, tmp_path / "copy")
    closed_journal(path)
    with pytest.raises(JournalError, match="exists: give a new name"):
        copy(path, path)
    (tmp_path / "old-wal").touch()
    with pytest.raises(JournalError, match="old-wal exists"):
        copy(path, tmp_path / "old")
    with pytest.raises(JournalError, match="there is no directory"):
        copy(path, tmp_path / "no" / "copy")
    (tmp_path / "text").write_bytes(b"hello" * 1_000)
    with pytest.raises(JournalError, match="not a journal"):
        copy(tmp_path / "text", tmp_path / "copy")
    apsw.Connection(str(tmp_path / "other")).execute("CREATE TABLE t (x)")
    with pytest.raises(JournalError, match="not a journal"):
        copy(tmp_path / "other", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert not (tmp_path / "copy.new").exists()
