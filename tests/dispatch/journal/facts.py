"""Facts of no meaning, and a fold that notices every byte of them."""

import hashlib
import random
from pathlib import Path

from dispatch.journal.journal import Batch, Record, StoredAnswer
from dispatch.journal.sqlite import SqliteJournal

NETWORK = "net-a"


class Digest:
    """A fold whose state is a hash of all facts so far."""

    def initial_state(self) -> bytes:
        return b""

    def decode(self, body: bytes) -> bytes:
        if body == b"unreadable":
            raise ValueError("not a fact")
        return body

    def evolve(self, state: bytes, recorded: bytes) -> bytes:
        return hashlib.sha256(state + recorded).digest()

    def state_hash(self, state: bytes) -> bytes:
        return hashlib.sha256(b"state" + state).digest()


DIGEST = Digest()


def records(first: int, *bodies: bytes) -> list[Record]:
    return [Record(revision, body) for revision, body in enumerate(bodies, first)]


def answer(request_id: str, client: str = "desk-1", body: bytes = b"done") -> StoredAnswer:
    return StoredAnswer(client, request_id, hashlib.sha256(body).digest(), body, 0)


class Story:
    """Random batches that follow each other, the same ones for the same seed."""

    def __init__(self, seed: int, largest: int = 9_000) -> None:
        self._seed = seed
        self._rng = random.Random(seed)
        self._largest = largest
        self._state = DIGEST.initial_state()
        self._requests = 0
        self.bodies: list[bytes] = []
        self.answers: list[StoredAnswer] = []

    def resume(self, bodies: list[bytes], answers: list[StoredAnswer]) -> None:
        """Go on from what a journal holds; other requests follow than were told before."""
        self.bodies, self.answers = bodies, answers
        self._state = DIGEST.initial_state()
        for body in bodies:
            self._state = DIGEST.evolve(self._state, body)

    def batch(self) -> Batch:
        rng = self._rng
        bodies = [
            rng.randbytes(rng.choice([0, 40, 900, rng.randrange(self._largest)]))
            for _ in range(rng.choice([0, 1, 1, 2, 5]))
        ]
        found = records(len(self.bodies) + 1, *bodies)
        for body in bodies:
            self._state = DIGEST.evolve(self._state, body)
        self.bodies += bodies
        answers = []
        for _ in range(rng.randrange(3) if bodies else 1):
            self._requests += 1
            answers.append(answer(f"request-{self._seed}-{self._requests}", body=rng.randbytes(30)))
        self.answers += answers
        due = bool(bodies) and rng.random() < 0.3
        return Batch(found, answers, DIGEST.state_hash(self._state) if due else None)


def fill(journal: SqliteJournal, seed: int = 1, batches: int = 30) -> Story:
    story = Story(seed)
    for _ in range(batches):
        journal.append(story.batch())
    return story


def closed_journal(path: Path, seed: int = 1, batches: int = 30) -> Story:
    with SqliteJournal.open(path, network_checksum=NETWORK) as journal:
        return fill(journal, seed, batches)
