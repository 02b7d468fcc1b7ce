"""Journal: facts in, once, durable; the same facts out, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec


class Record(msgspec.Struct, frozen=True):
    """One fact as it is stored.

    Attributes
    ----------
    revision
        Place in the one sequence, from 1, without gaps.
    body
        Canonical JSON of a :class:`dispatch.state.Recorded`.
    """

    revision: int
    body: bytes


class StoredAnswer(msgspec.Struct, frozen=True):
    """What a request was answered, for when it comes again.

    Attributes
    ----------
    client, request_id
        Together the key of the request.
    fingerprint
        sha256 of the request's body, 32 bytes.
    answer
        The response as it was sent, opaque here.
    revision
        The revision at which it was decided.
    """

    client: str
    request_id: str
    fingerprint: bytes
    answer: bytes
    revision: int


class Batch(msgspec.Struct, frozen=True):
    """What is committed in one transaction: all of it or nothing.

    Attributes
    ----------
    records
        Consecutive; the first follows the journal's last revision. May be empty only
        when ``answers`` is not.
    answers
        Answers of the requests decided in this batch.
    state_hash
        sha256 of the state after the last record, when one is due (every N records), else None.
    """

    records: Sequence[Record]
    answers: Sequence[StoredAnswer] = ()
    state_hash: bytes | None = None


class StoredPosition(msgspec.Struct, frozen=True):
    """A unit's last known place, kept outside the hashed facts.

    ``body`` is opaque here.
    """

    unit: str
    body: bytes


class Journal(Protocol):
    """A store of facts with one writer.

    Every method raises :class:`dispatch.errors.JournalError` when the store fails; after a failed
    ``append`` nothing of the batch is stored, and the journal takes no further batch.
    """

    @property
    def last_revision(self) -> int:
        """Revision of the newest fact, 0 when empty."""
        ...

    def append(self, batch: Batch) -> None:
        """Store a batch durably (fsync before return)."""
        ...

    def read(self, after_revision: int = 0) -> Iterator[Record]:
        """Facts in order; safe to call from any thread while batches are appended."""
        ...

    def answer(self, client: str, request_id: str) -> StoredAnswer | None:
        """The answer stored for a request, or None."""
        ...

    def save_positions(self, positions: Sequence[StoredPosition]) -> None:
        """Keep the last position of each unit named; need not be durable at once."""
        ...

    def load_positions(self) -> Sequence[StoredPosition]:
        """Last positions, by unit."""
        ...

    def close(self) -> None:
        """Release the store and its writer's lock."""
        ...
