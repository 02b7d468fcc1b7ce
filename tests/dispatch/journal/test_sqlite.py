"""The SQLite journal: what it refuses to open, and how it writes. The rest: tests/contract."""

import os
import stat
import threading
import time
from pathlib import Path

import apsw
import pytest

import dispatch.journal.sqlite as module
from dispatch.errors import JournalError
from dispatch.journal.database import connect, log_of
from dispatch.journal.journal import Batch, StoredPosition
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from tests.dispatch.journal.facts import DIGEST, NETWORK, answer, closed_journal, fill, records


def opened(path: Path, **options: object) -> SqliteJournal:
    return SqliteJournal.open(path, **{"network_checksum": NETWORK, **options})


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "city.journal"


def test_a_journal_of_another_network_is_refused_by_name(path):
    closed_journal(path)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="start it with the network the journal was made") as e:
        opened(path, network_checksum="net-b")
    assert "network net-a, but this server runs on net-b" in str(e.value)
    assert e.value.details["journal_network"] == "net-a"
    assert e.value.details["server_network"] == "net-b"
    assert path.read_bytes() == before
    opened(path).close()


def test_what_is_not_a_journal_is_refused(tmp_path):
    files = {
        "text": b"hello\n" * 2_000,
        "short": b"SQLite format 3\0",
        "zeros": bytes(8_192),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(JournalError, match=r"not a journal|damaged"):
            opened(tmp_path / name)
        assert (tmp_path / name).read_bytes() == content
    other = apsw.Connection(str(tmp_path / "other"))
    other.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    other.close()
    with pytest.raises(JournalError, match="a SQLite database but not a journal"):
        opened(tmp_path / "other")


def test_an_empty_file_is_refused_rather_than_begun_anew(path):
    path.touch()
    with pytest.raises(JournalError, match="is empty and so not a journal"):
        opened(path)
    assert path.stat().st_size == 0


def test_another_format_is_refused(path):
    closed_journal(path)
    connection = connect(path, write=True)
    connection.execute("PRAGMA user_version=2")
    connection.close()
    with pytest.raises(JournalError, match="of format 2; this program reads format 1"):
        opened(path)


def test_a_journal_rewritten_without_checksums_is_refused(path, tmp_path):
    closed_journal(path)
    plain = tmp_path / "plain"
    connection = apsw.Connection(str(plain))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE meta (name, value)")
    connection.execute("PRAGMA application_id=0x43444A4C; PRAGMA user_version=1")
    connection.close()
    with pytest.raises(JournalError, match="without page checksums"):
        opened(plain)


def test_paths_that_cannot_be(tmp_path):
    with pytest.raises(JournalError, match="is a directory: give a file"):
        opened(tmp_path)
    with pytest.raises(JournalError, match=r"there is no directory .*no/where; make it first"):
        opened(tmp_path / "no" / "where" / "city.journal")
    with pytest.raises(JournalError, match="does not exist"):
        opened(tmp_path / "typo", create=False)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(JournalError, match="not a regular file"):
        opened(tmp_path / "pipe")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pipe"]


def test_a_log_without_its_journal_is_not_written_over(path):
    log_of(path).write_bytes(b"what a lost journal leaves")
    with pytest.raises(JournalError, match=r"is gone but its log city\.journal-wal is there"):
        opened(path)
    assert log_of(path).read_bytes() == b"what a lost journal leaves"


def test_a_read_only_file_is_refused_even_to_root(path):
    closed_journal(path)
    path.chmod(0o444)
    with pytest.raises(JournalError, match="is read-only: make it writable"):
        opened(path)


def test_a_file_that_the_system_opens_for_reading_only_is_refused(path, monkeypatch):
    """As SQLite does without a word when the file belongs to somebody else."""
    closed_journal(path)
    monkeypatch.setattr(module, "connect", lambda path, write=False: connect(path))
    with pytest.raises(JournalError, match="is read-only"):
        opened(path)


def test_a_second_writer_is_refused_by_whatever_name(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    with opened(path), pytest.raises(JournalError, match=f"process {os.getpid()}"):
        opened(tmp_path / "link")
    opened(tmp_path / "link").close()


def test_a_failed_opening_lets_go_of_everything(path):
    closed_journal(path)
    for _ in range(3):
        with pytest.raises(JournalError, match="net-b"):
            opened(path, network_checksum="net-b")
    opened(path).close()


def test_an_interrupted_making_leaves_no_journal(path, monkeypatch):
    def cut(self: Path, target: object) -> None:
        raise OSError(5, "power")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", cut)
        with pytest.raises(JournalError, match="cannot open"):
            opened(path)
    assert not path.exists()
    with opened(path) as journal:
        fill(journal)
    assert sorted(p.name for p in path.parent.iterdir()) == ["city.journal", "city.journal.lock"]


def test_a_record_that_is_missing_is_noticed(path):
    story = closed_journal(path)
    connection = connect(path, write=True)
    connection.execute("DELETE FROM records WHERE revision = 5")
    connection.close()
    with opened(path) as journal, pytest.raises(JournalError, match="lacks revision 5"):
        list(journal.read())
    connection = connect(path, write=True)
    connection.execute("DELETE FROM records WHERE revision = ?", (len(story.bodies),))
    connection.close()
    with pytest.raises(JournalError, match=f"lacks revision {len(story.bodies)}"):
        opened(path)


def test_a_damaged_page_is_noticed_by_whoever_reads_it(path):
    with opened(path) as journal:
        journal.append(Batch(records(1, *(b"fact %d " % number * 60 for number in range(200)))))
    data = bytearray(path.read_bytes())
    data[data.index(b"fact 99 fact 99") + 4] ^= 1
    path.write_bytes(data)
    with opened(path) as journal, pytest.raises(JournalError, match="the file is damaged"):
        list(journal.read())


def test_a_full_disk_stops_it_and_stores_nothing(path):
    with opened(path) as journal:
        journal.append(Batch(records(1, b"one"), [answer("r1")]))
        pages = journal._writer.pragma("page_count")
        journal._writer.pragma("max_page_count", pages)
        with pytest.raises(JournalError, match=r"cannot write .*: the disk is full"):
            journal.append(Batch(records(2, b"x" * 100_000), [answer("r2")]))
        journal._writer.pragma("max_page_count", 1_000_000)
        with pytest.raises(JournalError, match=r"takes no more since it failed.*disk is full"):
            journal.append(Batch(records(2, b"two")))
        with pytest.raises(JournalError, match="takes no more"):
            journal.save_positions([StoredPosition("u1", b"x")])
        assert [record.body for record in journal.read()] == [b"one"]
        assert journal.answer("desk-1", "r1") is not None
        assert journal.answer("desk-1", "r2") is None
    with opened(path) as journal:
        assert journal.last_revision == 1
        journal.append(Batch(records(2, b"two")))
    assert verify(path, fold=DIGEST).ok


def test_every_commit_is_synced(path):
    with opened(path) as journal:
        for connection in (journal._writer, journal._checkpointer._connection):
            assert connection.pragma("synchronous") == 2
            assert connection.pragma("journal_mode") == "wal"
            assert connection.pragma("checksum_verification") == "1"


def test_the_log_is_copied_in_the_background_and_stays_short(path, monkeypatch):
    monkeypatch.setattr(module, "CHECKPOINT_FRAMES", 50)
    monkeypatch.setattr(module, "LOG_LIMIT_FRAMES", 100_000)
    with opened(path) as journal:
        for revision in range(1, 400):
            journal.append(Batch(records(revision, b"x" * 2_000)))
            time.sleep(0.0005)
        assert path.stat().st_size > 300_000
        assert log_of(path).stat().st_size < 4_000_000
    assert not log_of(path).exists()


def test_the_writer_copies_the_log_itself_when_it_never_pauses(path, monkeypatch):
    monkeypatch.setattr(module, "LOG_LIMIT_FRAMES", 40)
    monkeypatch.setattr(module.Checkpointer, "wake", lambda self: None)
    with opened(path) as journal:
        for revision in range(1, 200):
            journal.append(Batch(records(revision, b"x" * 2_000)))
        assert log_of(path).stat().st_size < 60 * 4_200


def test_a_failing_copy_stops_it(path, monkeypatch):
    with opened(path) as journal:
        journal._checkpointer._connection.close()  # so that it fails
        journal.append(Batch(records(1, b"one")))
        journal._checkpointer.run()
        with pytest.raises(JournalError, match="takes no more since it failed"):
            journal.append(Batch(records(2, b"two")))
    assert log_of(path).stat().st_size, "the one good copy is kept"
    with opened(path) as journal:
        assert journal.last_revision == 1


def test_as_many_connections_as_threads_that_read_at_once(path):
    with opened(path) as journal:
        fill(journal)
        for _ in range(20):
            list(journal.read())
            journal.answer("a", "b")
        assert len(journal._readers._idle) == 1
        together = threading.Barrier(3)

        def look() -> None:
            with journal._readers.borrowed():
                together.wait()

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(journal._readers._idle) == 3


def test_an_answer_is_found_by_an_index(path):
    with opened(path) as journal, journal._readers.borrowed() as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT body FROM answers WHERE key = 1 AND client = 'a'"
        ).fetchall()
        assert "answers_by_key" in str(plan)


def test_the_last_hash_is_the_one_that_verify_prints(path):
    with opened(path) as journal:
        empty = journal.last_hash
        fill(journal)
        assert journal.last_hash != empty
        last = journal.last_hash
    assert verify(path, fold=DIGEST).last_hash == last.hex()
    with opened(path) as journal:
        assert journal.last_hash == last


def test_files_are_not_for_others_to_write(path):
    os.umask(os.umask(0o022))
    closed_journal(path)
    assert not path.stat().st_mode & stat.S_IWOTH
