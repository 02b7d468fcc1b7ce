"""The chain: every byte and every boundary is in the hash."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.journal.chain import batch_hash, genesis
from dispatch.journal.journal import Batch, Record, StoredAnswer

GENESIS = genesis("net-a", "2026-01-02T03:04:05.000006+00:00")


def test_the_hashes_are_those_of_format_1():
    """A change here is a new format: journals made before no longer verify."""
    assert GENESIS.hex() == "328f32f5a9c6939a8a7827b2409ef93613f3bb9ca4a39e48aeb11f660ae796dc"
    answer = StoredAnswer("desk-1", "r1", b"f" * 32, b"done", 2)
    batch = Batch([Record(1, b"one"), Record(2, b"two")], [answer], b"s" * 32)
    assert batch_hash(GENESIS, 1, batch).hex() == (
        "9bc3f766ea6655949a0079ce07f57329fbc18bb24596810c029a15195408e072"
    )


def test_the_encoding_is_lengths_before_bytes():
    batch = Batch([Record(7, b"one")])
    encoded = b"".join(
        [
            GENESIS,
            (3).to_bytes(8, "big"),  # batch
            (1).to_bytes(8, "big"),  # records
            (7).to_bytes(8, "big"),
            (3).to_bytes(8, "big"),
            b"one",
            (0).to_bytes(8, "big"),  # answers
            (0).to_bytes(8, "big"),  # bytes of a state hash
        ]
    )
    assert batch_hash(GENESIS, 3, batch) == hashlib.sha256(encoded).digest()


def test_what_stands_in_another_field_has_another_hash():
    def one(*answers: StoredAnswer, bodies: tuple[bytes, ...] = (), state: bytes | None = None):
        return batch_hash(
            GENESIS, 1, Batch([Record(i, b) for i, b in enumerate(bodies, 1)], answers, state)
        )

    answer = StoredAnswer("ab", "c", b"f" * 32, b"x", 1)
    hashes = [
        one(bodies=(b"ab", b"c")),
        one(bodies=(b"a", b"bc")),
        one(bodies=(b"abc",)),
        one(bodies=(b"abc", b"")),
        one(answer),
        one(StoredAnswer("a", "bc", b"f" * 32, b"x", 1)),
        one(StoredAnswer("ab", "c", b"f" * 31, b"fx", 1)),
        one(StoredAnswer("ab", "c", b"f" * 32, b"x", 2)),
        one(answer, answer),
        one(bodies=(b"abc",), state=b"s" * 32),
        batch_hash(GENESIS, 2, Batch([Record(1, b"abc")])),
        batch_hash(bytes(32), 1, Batch([Record(1, b"abc")])),
        batch_hash(GENESIS, 1, Batch([Record(2, b"abc")])),
        GENESIS,
        genesis("net-a2026", "-01-02T03:04:05.000006+00:00"),
    ]
    for left, right in itertools.combinations(hashes, 2):
        assert left != right


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.data())
def test_one_flipped_bit_changes_the_hash(bodies, data):
    batch = Batch([Record(i, body) for i, body in enumerate(bodies, 1)])
    which = data.draw(st.integers(0, len(bodies) - 1))
    if not bodies[which]:
        return
    bit = data.draw(st.integers(0, 8 * len(bodies[which]) - 1))
    flipped = bytearray(bodies[which])
    flipped[bit // 8] ^= 1 << bit % 8
    changed = [*bodies[:which], bytes(flipped), *bodies[which + 1 :]]
    other = Batch([Record(i, body) for i, body in enumerate(changed, 1)])
    assert batch_hash(GENESIS, 1, batch) != batch_hash(GENESIS, 1, other)


def test_text_that_is_no_text_is_refused():
    with pytest.raises(UnicodeEncodeError):
        batch_hash(GENESIS, 1, Batch((), [StoredAnswer("\ud800", "r", b"f" * 32, b"", 0)]))
