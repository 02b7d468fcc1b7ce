"""Page checksums: those that SQLite keeps, found again one by one."""

import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.journal.database import base_vfs
from dispatch.journal.pages import PAGE, RawFile, checksum_weights, checksums, damaged_pages
from tests.dispatch.journal.facts import closed_journal


def summed(data: bytes) -> tuple[int, int]:
    """The sums as the file format defines them, word by word."""
    s1 = s2 = 0
    words = struct.unpack(f"<{len(data) // 4}I", data)
    for i in range(0, len(words), 2):
        s1 = (s1 + words[i] + s2) & 0xFFFFFFFF
        s2 = (s2 + words[i + 1] + s1) & 0xFFFFFFFF
    return s1, s2


@pytest.fixture
def path(tmp_path):
    closed_journal(tmp_path / "a")
    return tmp_path / "a"


def damaged(path) -> list[int]:
    with RawFile(base_vfs(), str(path)) as file:
        return damaged_pages(file)


@settings(max_examples=50)
@given(st.integers(1, 300).flatmap(lambda n: st.binary(min_size=8 * n, max_size=8 * n)))
def test_the_weights_give_the_sums(data):
    words = np.frombuffer(data, "<u4").reshape(1, -1)
    weights = checksum_weights(words.shape[1])
    assert checksums(words, weights).tolist() == [list(summed(data))]


def test_every_page_of_a_journal_carries_its_sums(path):
    data = path.read_bytes()
    assert len(data) % PAGE == 0
    for at in range(0, len(data), PAGE):
        page = data[at : at + PAGE]
        assert struct.unpack("<2I", page[-8:]) == summed(page[:-8])
    assert damaged(path) == []


def test_any_change_within_a_word_is_found(path):
    data = path.read_bytes()
    rng = random.Random(5)
    for _ in range(100):
        word = rng.randrange(len(data) // 4) * 4
        changed = bytearray(data)
        while changed == data:
            changed[word : word + 4] = rng.randbytes(4)
        path.write_bytes(changed)
        assert damaged(path) == [word // PAGE + 1]


def test_all_damaged_pages_are_named(path):
    data = bytearray(path.read_bytes())
    for page in (1, 5, 6):
        data[(page - 1) * PAGE + 77] ^= 1
    path.write_bytes(data)
    assert damaged(path) == [1, 5, 6]


def test_reading_stops_at_the_end(path):
    size = path.stat().st_size
    with RawFile(base_vfs(), str(path)) as file:
        assert file.size() == size
        assert len(file.read(100, size - 30)) == 30
        assert file.read(100, size) == b""
        assert file.read(100, size + 5) == b""
        assert sum(map(len, file.blocks(0, PAGE))) == size
        assert sum(map(len, file.blocks(1, PAGE))) == size - PAGE
