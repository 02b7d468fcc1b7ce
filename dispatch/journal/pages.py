"""Pages: every byte of a SQLite file, checked below SQLite.

SQLite looks at the pages a query needs. Free space, and pages nobody asks for, may rot unseen; here
each one is read. Its last 8 bytes are its checksum, kept by SQLite's cksumvfs extension.

The checksum is that of SQLite's own log, over 32-bit words: ``s1 += x[i] + s2; s2 += x[i+1] + s1``
(https://sqlite.org/fileformat2.html#checksum_algorithm). It is linear modulo 2**32 and so computed
for many pages at once, as a product with weights. They are neighbouring Fibonacci numbers, of which
one is odd: a change within a single word is found for certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import apsw
import numpy as np
from numpy.typing import NDArray

PAGE = 4096
"""Bytes in a page of a journal; part of its format."""

_BLOCK = 256  # units read at once: about 1 MiB

Words = NDArray[np.uint32]


class RawFile:
    """A file read below SQLite, yet through its file layer.

    Closing a plain descriptor of a database would drop the locks that SQLite holds on it in this
    process (https://sqlite.org/howtocorrupt.html, 2.2); SQLite's own layer takes care of that.

    Parameters
    ----------
    vfs
        Name of the file layer that stands on the operating system.
    path
        The database or its write-ahead log.
    """

    def __init__(self, vfs: str, path: str) -> None:
        flags = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0]
        self._file = apsw.VFSFile(vfs, path, flags)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.xClose()

    def size(self) -> int:
        """Bytes in the file."""
        return self._file.xFileSize()

    def read(self, amount: int, offset: int) -> bytes:
        """Bytes from an offset on; fewer than asked for at the end of the file."""
        amount = min(amount, self.size() - offset)
        return self._file.xRead(amount, offset) if amount > 0 else b""

    def blocks(self, start: int, size: int) -> Iterator[bytes]:
        """Whole units of ``size`` bytes from ``start`` on, many at a time."""
        while block := self.read(size * _BLOCK, start):
            whole = len(block) // size * size
            if not whole:
                return
            yield block[:whole]
            start += whole


def checksum_weights(words: int) -> Words:
    """How often each word is added to the two sums.

    Parameters
    ----------
    words
        How many words are summed; even.

    Returns
    -------
    Words
        Shape (2, words).
    """
    weights = np.empty((2, words), np.uint32)
    first, second = (1, 1), (0, 1)
    for i in range(words - 2, -1, -2):
        weights[:, i], weights[:, i + 1] = first, second
        first, second = _step(first), _step(second)
    return weights


def checksums(words: Words, weights: Words) -> Words:
    """The sums of many runs of words.

    Parameters
    ----------
    words
        Shape (runs, words).
    weights
        What :func:`checksum_weights` gives for as many words.

    Returns
    -------
    Words
        Shape (runs, 2): s1 and s2 of each.
    """
    sums: Words = np.einsum("ij,kj->ik", words, weights)  # of integers: faster than @
    return sums


def _step(sums: tuple[int, int]) -> tuple[int, int]:
    s1, s2 = sums
    return (s1 + s2) & 0xFFFFFFFF, (s1 + 2 * s2) & 0xFFFFFFFF


_WEIGHTS = checksum_weights((PAGE - 8) // 4)


def damaged_pages(file: RawFile) -> list[int]:
    """Pages of a database whose checksum is wrong, free ones included.

    Parameters
    ----------
    file
        The database.

    Returns
    -------
    list of int
        Page numbers, from 1.
    """
    bad: list[int] = []
    first = 1
    for block in file.blocks(0, PAGE):
        words = np.frombuffer(block, "<u4").reshape(-1, PAGE // 4)
        wrong = (checksums(words[:, :-2], _WEIGHTS) != words[:, -2:]).any(axis=1)
        bad += (np.flatnonzero(wrong) + first).tolist()
        first += len(words)
    return bad
