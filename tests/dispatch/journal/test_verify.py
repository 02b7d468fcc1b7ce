"""Verify: never ok when anything has changed."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

import dispatch.journal.verify as module
from dispatch.errors import JournalError
from dispatch.journal.chain import batch_hash
from dispatch.journal.database import connect, log_of
from dispatch.journal.journal import Batch, StoredPosition
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import VerifyReport, verify
from tests.dispatch.journal.facts import DIGEST, NETWORK, Story, answer, fill, records


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "city.journal"


@pytest.fixture
def story(path) -> Story:
    """A journal with free pages, overflow pages, answers and positions, closed."""
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        story = fill(journal)
        journal.save_positions([StoredPosition(f"u{i}", b"x" * 3_000) for i in range(9)])
        journal.save_positions([StoredPosition(f"u{i}", b"y") for i in range(9)])
        return story


def check(path: Path) -> VerifyReport:
    return verify(path, fold=DIGEST)


def test_a_journal_as_it_was_written(path, story):
    before, names = path.read_bytes(), sorted(path.parent.iterdir())
    report = check(path)
    assert report.ok
    assert report.records == report.last_revision == len(story.bodies)
    assert report.answers == len(story.answers)
    assert report.batches == 30
    assert report.state_hashes > 3
    assert report.pages == len(before) / 4096
    assert report.network_checksum == NETWORK
    assert report.notes == ()
    text = str(report)
    assert text.endswith("\nok")
    assert f"last revision   {len(story.bodies)}" in text
    assert report.last_hash in text
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == names


def test_an_empty_journal(path):
    SqliteJournal.open(path, network_checksum=NETWORK).close()
    report = check(path)
    assert report.ok
    assert (report.batches, report.last_revision) == (0, 0)
    assert len(report.last_hash) == 64


def flips(path: Path, story: Story, places: list[int], rng: random.Random) -> None:
    good = path.read_bytes()
    for at in places:
        changed = bytearray(good)
        changed[at] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        report = check(path)
        assert not report.ok, at
        assert "NOT OK" in str(report)
        assert report.last_revision <= len(story.bodies)
    path.write_bytes(good)
    assert check(path).ok


def test_one_flipped_bit_anywhere(path, story):
    rng = random.Random(20)
    size = path.stat().st_size
    starts = range(0, size, 4096)
    places = list(range(100))
    places += [start + rng.randrange(12) for start in starts]  # headers of pages
    places += [start + 4096 - 1 - rng.randrange(8) for start in starts]  # their checksums
    places += [rng.randrange(size) for _ in range(400)]
    free = _free_pages(path)
    assert free, "the story leaves free space"
    places += [(page - 1) * 4096 + rng.randrange(4096) for page in free for _ in range(5)]
    flips(path, story, places, rng)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_byte_flipped_in_turn(path):
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        story = fill(journal, batches=3)
    flips(path, story, list(range(path.stat().st_size)), random.Random(21))


def _free_pages(path: Path) -> set[int]:
    connection = connect(path, immutable=True)
    used = {
        row[0] for row in connection.execute("SELECT pageno FROM dbstat WHERE aggregate = FALSE")
    }
    count = connection.pragma("page_count")
    connection.close()
    return set(range(1, count + 1)) - used


def test_a_larger_change(path, story):
    rng = random.Random(22)
    good = path.read_bytes()
    for _ in range(60):
        at, length = rng.randrange(len(good)), rng.choice([2, 100, 512, 4096, 9000])
        new = rng.choice([bytes(length), rng.randbytes(length)])
        changed = (good[:at] + new + good[at + length :])[: len(good)]
        if changed == good:
            continue
        path.write_bytes(changed)
        assert not check(path).ok, (at, length)


def test_a_page_put_elsewhere(path, story):
    """Each page is sound in itself; the tree and the chain are not."""
    data = path.read_bytes()
    pages = [data[i : i + 4096] for i in range(0, len(data), 4096)]
    free = _free_pages(path)
    swapped = 0
    for i in range(2, len(pages) - 1):
        if {i + 1, i + 2} & free or pages[i] == pages[i + 1]:
            continue
        mixed = [*pages[:i], pages[i + 1], pages[i], *pages[i + 2 :]]
        path.write_bytes(b"".join(mixed))
        assert not check(path).ok, i
        swapped += 1
    assert swapped > 10


def test_a_shorter_or_longer_file(path, story):
    good = path.read_bytes()
    for size in (1, 15, 16, 99, 100, 4095, 4096, 8192, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:size])
        report = check(path)
        assert report.problem is not None
        if size > 32:
            assert f"has {size} bytes, not the {len(good)} it says" in report.problem.what
    for page in range(1, len(good) // 4096):
        path.write_bytes(good[: page * 4096])
        assert not check(path).ok
    for more in (b"\0", bytes(4096), good[:4096]):
        path.write_bytes(good + more)
        assert not check(path).ok
    path.write_bytes(b"")
    assert not check(path).ok


def edit(path: Path, sql: str) -> None:
    """Change a journal as somebody who keeps its pages sound."""
    connection = connect(path, write=True)
    connection.execute(sql)
    assert connection.changes()
    connection.close()


@pytest.mark.parametrize(
    ("sql", "what", "revision"),
    [
        ("UPDATE records SET body = x'00' WHERE revision = 9", "the hash of batch", range(6, 10)),
        ("DELETE FROM records WHERE revision = 9", "a fact is missing", [9]),
        ("DELETE FROM records WHERE revision > 20", "a fact is missing", [21]),
        ("INSERT INTO records VALUES (1000, x'00')", "a fact stands outside", None),
        ("UPDATE answers SET body = x'00' WHERE answer = 4", "the hash of batch", None),
        ("UPDATE answers SET client = 'x' WHERE answer = 4", "cannot be found", None),
        ("UPDATE answers SET key = 1 WHERE answer = 4", "cannot be found", None),
        ("DELETE FROM answers WHERE answer = 4", "an answer is missing", None),
        (
            "INSERT INTO answers SELECT 999, key, 'a', 'b', x'', x'', 0 FROM answers LIMIT 1",
            "an answer or a state hash stands outside",
            None,
        ),
        ("UPDATE state_hashes SET hash = zeroblob(32)", "the hash of batch", None),
        ("DELETE FROM state_hashes", "the hash of batch", None),
        ("DELETE FROM batches WHERE batch = 7", "batch 7 is missing", None),
        ("UPDATE batches SET hash = zeroblob(32) WHERE batch = 7", "the hash of batch 7", None),
        ("UPDATE batches SET previous_hash = x'' WHERE batch = 7", "does not follow", None),
        ("DELETE FROM batches WHERE batch > 9", "a fact stands outside", None),
        ("UPDATE meta SET value = 'net-b' WHERE name = 'network_checksum'", "batch 1", [1]),
        ("DELETE FROM meta WHERE name = 'created'", "its meta table lacks 'created'", [1]),
    ],
)
def test_a_fact_changed_with_sound_pages(path, story, sql, what, revision):
    edit(path, sql)
    problem = check(path).problem
    assert problem is not None
    assert what in problem.what
    if revision is not None:
        assert problem.revision in revision


def test_facts_that_lead_elsewhere(path):
    """The chain is right, but this program folds the facts to another state than the one kept."""
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        journal.append(Batch(records(1, b"one"), (), b"h" * 32))
    problem = check(path).problem
    assert problem is not None
    assert (problem.what, problem.revision) == ("the facts lead to another state than they did", 1)


def test_facts_that_cannot_be_folded(path):
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        journal.append(Batch(records(1, b"one", b"unreadable", b"three")))
    report = check(path)
    assert report.problem is not None
    assert report.problem.revision == 2
    assert "cannot be folded (ValueError: not a fact)" in report.problem.what


def test_a_damaged_page_names_the_first_fact_it_touches(path):
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        for revision in range(1, 101):
            journal.append(Batch(records(revision, b"fact %d " % revision * 200)))
    data = bytearray(path.read_bytes())
    data[data.index(b"fact 60 fact 60") + 40] ^= 1
    path.write_bytes(data)
    report = check(path)
    assert report.problem is not None
    assert report.problem.what.startswith("the checksum of page")
    assert report.problem.revision in range(57, 61)
    assert report.last_revision == report.problem.revision - 1


def test_a_removed_end_shows_only_in_the_last_hash(path, story, tmp_path):
    shutil.copy(path, tmp_path / "earlier")
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        journal.append(Batch(records(journal.last_revision + 1, b"more")))
    now, earlier = check(path), check(tmp_path / "earlier")
    assert earlier.ok
    assert (earlier.last_revision, earlier.last_hash) != (now.last_revision, now.last_hash)


def test_a_rewritten_end_shows_in_the_last_hash(path, story):
    """Whoever can write the file can write a chain; a hash noted elsewhere tells."""
    before = check(path)
    connection = connect(path, write=True)
    batch, previous = connection.execute(
        "SELECT batch, previous_hash FROM batches ORDER BY batch DESC LIMIT 1"
    ).fetchone()
    connection.close()
    forged = batch_hash(previous, batch, Batch((), [answer("forged")]))
    assert forged.hex() != before.last_hash


def test_beside_a_writer(path):
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        story = Story(5)
        for turn in range(60):
            journal.append(story.batch())
            if turn % 6 == 0:
                journal._checkpointer.wake()
                report = check(path)
                assert report.ok, report
                assert report.last_revision == len(story.bodies)
        journal.append(story.batch())
    assert check(path).ok


def test_beside_a_writer_that_never_pauses(path):
    import threading

    done = threading.Event()
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:

        def write() -> None:
            story = Story(6, largest=3_000)
            while not done.is_set():
                journal.append(story.batch())
                journal._checkpointer.wake()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(15):
                at_least = journal.last_revision
                report = check(path)
                assert report.ok, report
                assert report.last_revision >= at_least
        finally:
            done.set()
            writer.join()


def test_what_a_crash_leaves_is_verified_and_not_touched(path, tmp_path):
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        story = fill(journal)
        (tmp_path / "left").mkdir()
        left = tmp_path / "left" / path.name
        for file in (path, log_of(path)):
            shutil.copy(file, left.parent)
    before = left.read_bytes(), log_of(left).read_bytes()
    for _ in range(2):
        report = check(left)
        assert report.ok
        assert report.last_revision == len(story.bodies)
    assert (left.read_bytes(), log_of(left).read_bytes()) == before


def test_a_writer_that_starts_meanwhile(path, story, monkeypatch):
    started: list[SqliteJournal] = []
    real = module._verify

    def and_then(*args: object, **kwargs: object) -> VerifyReport:
        report = real(*args, **kwargs)
        if not started:
            started.append(SqliteJournal.open(path, network_checksum=NETWORK))
            started[0].append(Batch(records(len(story.bodies) + 1, b"new")))
        return report

    monkeypatch.setattr(module, "_verify", and_then)
    report = check(path)
    started[0].close()
    assert report.ok
    assert report.last_revision == len(story.bodies) + 1


def test_what_is_no_file(tmp_path):
    with pytest.raises(JournalError, match="does not exist"):
        check(tmp_path / "typo")
    with pytest.raises(JournalError, match="is a directory"):
        check(tmp_path)


def test_what_is_no_journal(tmp_path):
    makers: list[Callable[[Path], object]] = [
        lambda path: path.write_bytes(b"hello" * 1_000),
        lambda path: apsw.Connection(str(path)).execute("CREATE TABLE t (x)"),
    ]
    for number, make in enumerate(makers):
        make(tmp_path / str(number))
        report = check(tmp_path / str(number))
        assert report.problem is not None
        assert "not a journal" in str(report) or "checksum" in str(report)
