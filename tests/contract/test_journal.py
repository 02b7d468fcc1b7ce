"""What every journal store keeps. A new store adds its line to STORES."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dispatch.errors import JournalError
from dispatch.journal.journal import Batch, Journal, StoredPosition
from dispatch.journal.sqlite import SqliteJournal
from tests.dispatch.journal.facts import Story, answer, records


def sqlite(directory: Path) -> Journal:
    return SqliteJournal.open(directory / "city.journal", network_checksum="net-a")


STORES: dict[str, Callable[[Path], Journal]] = {"sqlite": sqlite}


class Store:
    """One journal, opened again and again."""

    def __init__(self, opening: Callable[[], Journal]) -> None:
        self._opening = opening
        self.journal = opening()

    def reopen(self) -> Journal:
        self.journal.close()
        self.journal = self._opening()
        return self.journal


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    found = Store(lambda: STORES[request.param](tmp_path))
    yield found
    found.journal.close()


@pytest.fixture
def journal(store: Store) -> Journal:
    return store.journal


def bodies(journal: Journal, after: int = 0) -> list[bytes]:
    return [record.body for record in journal.read(after)]


def test_a_new_journal_is_empty(journal):
    assert journal.last_revision == 0
    assert bodies(journal) == []
    assert journal.answer("desk-1", "request-1") is None
    assert list(journal.load_positions()) == []


def test_facts_come_out_in_order_as_they_went_in(journal):
    journal.append(Batch(records(1, b"one", b"", b"\x00\xff")))
    journal.append(Batch(records(4, b"four")))
    assert journal.last_revision == 4
    assert list(journal.read()) == records(1, b"one", b"", b"\x00\xff", b"four")
    assert list(journal.read(2)) == records(3, b"\x00\xff", b"four")
    assert list(journal.read(4)) == []


def test_everything_is_there_when_opened_again(store):
    story = Story(seed=3)
    for _ in range(40):
        store.journal.append(story.batch())
    store.journal.save_positions([StoredPosition("u1", b"here")])
    journal = store.reopen()
    assert journal.last_revision == len(story.bodies)
    assert bodies(journal) == story.bodies
    for stored in story.answers:
        assert journal.answer(stored.client, stored.request_id) == stored
    assert list(journal.load_positions()) == [StoredPosition("u1", b"here")]
    journal.append(story.batch())
    assert bodies(store.reopen()) == story.bodies


def test_many_and_large_facts(journal):
    large = b"x" * 1_000_000
    journal.append(Batch(records(1, *(str(i).encode() for i in range(2_000)), large)))
    found = list(journal.read())
    assert [record.revision for record in found] == list(range(1, 2_002))
    assert found[-1].body == large


def test_an_answer_may_come_without_facts(store):
    refused = answer("request-1", body=b"no unit is free")
    store.journal.append(Batch((), [refused]))
    assert store.journal.last_revision == 0
    assert store.journal.answer("desk-1", "request-1") == refused
    store.reopen().append(Batch(records(1, b"one"), [answer("request-2")]))
    assert store.journal.last_revision == 1
    assert store.journal.answer("desk-1", "request-1") == refused


def test_an_answer_belongs_to_client_and_request(journal):
    kept = [
        answer("1", client="甲", body=b"a"),
        answer("1", client="b", body=b"b"),
        answer("2", client="甲", body=b"c"),
        answer("\0x", client="y", body=b"d"),
        answer("x", client="y\0", body=b"e"),
    ]
    journal.append(Batch((), kept))
    assert [journal.answer(each.client, each.request_id) for each in kept] == kept
    assert journal.answer("b", "2") is None


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Batch(records(4, b"x")), id="gap before it"),
        pytest.param(Batch(records(2, b"x")), id="a revision again"),
        pytest.param(Batch([*records(3, b"x"), *records(5, b"y")]), id="gap within"),
        pytest.param(Batch([*records(3, b"x"), *records(3, b"y")]), id="twice within"),
        pytest.param(Batch(()), id="nothing"),
        pytest.param(Batch(records(3, b"x"), [answer("request-1")]), id="answered before"),
        pytest.param(Batch((), [answer("9"), answer("9")]), id="answered twice within"),
        pytest.param(Batch((), [answer("9")], b"h" * 32), id="state hash without a fact"),
        pytest.param(Batch(records(3, b"x"), (), b"short"), id="state hash too short"),
    ],
)
def test_a_batch_that_does_not_follow_is_refused_and_the_last(store, wrong):
    store.journal.append(Batch(records(1, b"one", b"two"), [answer("request-1")]))
    with pytest.raises(JournalError):
        store.journal.append(wrong)
    with pytest.raises(JournalError):
        store.journal.append(Batch(records(3, b"three")))
    for look in (lambda: store.journal, store.reopen):
        journal = look()
        assert journal.last_revision == 2
        assert bodies(journal) == [b"one", b"two"]
        assert journal.answer("desk-1", "request-1") is not None
        assert journal.answer("desk-1", "9") is None
    store.journal.append(Batch(records(3, b"three")))
    assert store.journal.last_revision == 3


def test_positions_are_the_last_of_each_unit(store):
    store.journal.save_positions([StoredPosition("u2", b"a"), StoredPosition("u1", b"b")])
    store.journal.save_positions([StoredPosition("u2", b"c"), StoredPosition("u3", b"")])
    store.journal.save_positions([])
    kept = [StoredPosition("u1", b"b"), StoredPosition("u2", b"c"), StoredPosition("u3", b"")]
    assert list(store.journal.load_positions()) == kept
    assert list(store.reopen().load_positions()) == kept


def test_a_reading_half_done_goes_on_to_what_was_appended_since(journal):
    journal.append(Batch(records(1, *[b"early"] * 3_000)))
    reading = journal.read()
    first = next(reading)
    journal.append(Batch(records(3_001, b"late")))
    rest = list(reading)
    assert [record.revision for record in (first, *rest)] == list(range(1, 3_002))


def test_readers_in_threads_see_whole_beginnings_while_batches_come(journal):
    done = threading.Event()
    seen: list[int] = []
    wrong: list[object] = []

    def look() -> None:
        while not done.is_set():
            at_least = journal.last_revision
            found = [record.revision for record in journal.read()]
            if found != list(range(1, len(found) + 1)) or len(found) < at_least:
                wrong.append(found)
            if at_least and journal.answer("desk-1", f"r{at_least}") is None:
                wrong.append(at_least)
            seen.append(len(found))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for revision in range(1, 121):
        journal.append(Batch(records(revision, b"x" * 300), [answer(f"r{revision}")]))
        journal.save_positions([StoredPosition("u1", str(revision).encode())])
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert seen


def test_a_closed_journal_says_so(journal):
    journal.append(Batch(records(1, *[b"x"] * 2_000)))
    reading = journal.read()
    next(reading)
    journal.close()
    journal.close()
    calls = [
        lambda: journal.append(Batch(records(2_001, b"x"))),
        lambda: list(journal.read()),
        lambda: list(reading),
        lambda: journal.answer("a", "b"),
        lambda: journal.save_positions([StoredPosition("u1", b"x")]),
        journal.load_positions,
    ]
    for call in calls:
        with pytest.raises(JournalError, match="closed"):
            call()


def test_closing_while_others_read_is_no_crash(store):
    store.journal.append(Batch(records(1, *[b"x" * 500] * 3_000)))
    started = threading.Barrier(4)
    ends: list[str] = []

    def look(journal: Journal) -> None:
        started.wait()
        with contextlib.suppress(JournalError):
            while True:
                list(journal.read())
        ends.append("closed")

    threads = [threading.Thread(target=look, args=(store.journal,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    started.wait()
    store.journal.close()
    for thread in threads:
        thread.join(timeout=30)
    assert ends == ["closed"] * 3
    assert store.reopen().last_revision == 3_000
