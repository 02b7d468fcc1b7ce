"""NameIndex: names that a text may mean, found by the pieces that they share with it.

SQLite's full-text index FTS5, through ``apsw``, which the journal uses anyway. Its own trigram
tokenizer needs three characters, and 北门 has two; so the pieces are cut here (characters and pairs
of Chinese, triples of Latin letters) and FTS5 does what it is good at: keep the lists of pieces and
rank by BM25 (Robertson and Zaragoza 2009, *The Probabilistic Relevance Framework*). The few best
are then compared letter by letter (``roadnets.places.likeness``).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import apsw

from roadnets.places.likeness import Likeness
from roadnets.places.pinyin import initials, readings, typed_sound
from roadnets.places.words import HAN, Form, corrected, form_of

TYPED_SOUND: Final = 0.98
"""A name found by its pinyin is as good as found, but the name itself comes first."""

HOMOPHONE: Final = 0.92
"""Other characters of the same sound: 解放大到 for 解放大道."""

SAME_INITIALS: Final = 0.85
"""jfdd may be 解放大道 and much else."""

_COMPARED: Final = 50
_SAME_TEXT_ROWS: Final = 200
_PIECES_ASKED: Final = 12
_ROWS_READ: Final = 10_000
"""A piece that so many names have (路) finds nothing that rarer ones do not; it only costs time."""

_RUN: Final = re.compile(f"[{HAN}]+|[a-z0-9]+")
_NAME, _SOUND, _INITIALS = range(3)


class NameIndex:
    """Finds names; safe to share between threads.

    Parameters
    ----------
    names
        For each name all its spellings: Chinese or Latin, local or English.
    """

    def __init__(self, names: Sequence[Iterable[str]]) -> None:
        self._lock = threading.Lock()
        self._connection = apsw.Connection(":memory:")
        self._count: Counter[str] = Counter()
        with self._connection:
            self._fill(names)

    def _fill(self, names: Sequence[Iterable[str]]) -> None:
        execute = self._connection.execute
        execute("CREATE TABLE spelling (id INTEGER PRIMARY KEY, name INT, kind INT, words TEXT)")
        execute("CREATE VIRTUAL TABLE piece USING fts5 (pieces, content='', tokenize='ascii')")
        rows = [row for number, texts in enumerate(names) for row in _spellings(number, texts)]
        self._connection.executemany(
            "INSERT INTO spelling (id, name, kind, words) VALUES (?, ?, ?, ?)",
            (
                (row, name, kind, " ".join(form.words))
                for row, (name, kind, form) in enumerate(rows)
            ),
        )
        self._connection.executemany(
            "INSERT INTO piece (rowid, pieces) VALUES (?, ?)", self._pieces_of_rows(rows)
        )
        execute("CREATE INDEX by_text ON spelling (replace(words, ' ', ''))")

    def _pieces_of_rows(self, rows: Sequence[tuple[int, int, Form]]) -> Iterator[tuple[int, str]]:
        for row, (_, kind, form) in enumerate(rows):
            if kind != _INITIALS:  # these are looked up as a whole
                pieces = _pieces(form)
                self._count.update(pieces)
                yield row, " ".join(pieces)

    def find(self, text: str) -> list[tuple[int, float]]:
        """Find the names that are like a text.

        Returns
        -------
        list[tuple[int, float]]
            Number and score of each, best first, then by number.
        """
        name = form_of(text)
        sounds, part = (
            (typed_sound(text), TYPED_SOUND) if name.is_latin else (readings(text), HOMOPHONE)
        )
        names = dict.fromkeys((name, corrected(name)))
        by_name = [Likeness(form) for form in names]
        by_sound = [Likeness(sound, by_words=False) for sound in sounds]
        best: dict[int, float] = {}
        for number, kind, words in self._rows(name, (*names, *sounds)):
            known = Form(tuple(words.split(" ")))
            if kind == _NAME:
                score = max(form.to(known) for form in by_name)
            elif kind == _SOUND:
                score = part * max(sound.to(known) for sound in by_sound)
            else:
                score = SAME_INITIALS * len(name.text) / len(known.text)
            if score > best.get(number, 0.0):
                best[number] = score
        return sorted(best.items(), key=lambda found: (-found[1], found[0]))

    def _rows(self, name: Form, forms: Iterable[Form]) -> list[tuple[int, int, str]]:
        rows: dict[int, tuple[int, int, str]] = {}
        with self._lock:
            for form in dict.fromkeys(forms):
                rows.update((row[0], row[1:]) for row in self._same_text(form))
                rows.update((row[0], row[1:]) for row in self._sharing_pieces(form))
            if name.is_latin and 2 <= len(name.text) <= 12 and len(name.words) == 1:
                rows.update((row[0], row[1:]) for row in self._beginning(name.text))
        return list(rows.values())

    def _same_text(self, form: Form) -> Iterator[tuple[int, int, int, str]]:
        yield from self._connection.execute(
            "SELECT id, name, kind, words FROM spelling"
            " WHERE replace(words, ' ', '') = ? AND kind < 2 LIMIT ?",
            (form.text, _SAME_TEXT_ROWS),
        )

    def _beginning(self, letters: str) -> Iterator[tuple[int, int, int, str]]:
        yield from self._connection.execute(
            "SELECT id, name, kind, words FROM spelling"
            " WHERE replace(words, ' ', '') BETWEEN ? AND ? AND kind = 2"
            " ORDER BY length(words), id LIMIT ?",
            (letters, letters + "~", _COMPARED),
        )

    def _sharing_pieces(self, form: Form) -> Iterator[tuple[int, int, int, str]]:
        asked = self._rarest(_pieces(form))
        if not asked:
            return
        yield from self._connection.execute(
            "SELECT id, name, kind, words FROM spelling WHERE id IN"
            " (SELECT rowid FROM piece WHERE pieces MATCH ? ORDER BY rank LIMIT ?)",
            (" OR ".join(f'"{piece}"' for piece in asked), _COMPARED),
        )

    def _rarest(self, pieces: list[str]) -> list[str]:
        known = sorted({p for p in pieces if p in self._count}, key=lambda p: (self._count[p], p))
        chosen, rows = known[:1], 0
        for piece in known[1:_PIECES_ASKED]:
            rows += self._count[piece]
            if rows > _ROWS_READ:
                break
            chosen.append(piece)
        return chosen


def _spellings(number: int, texts: Iterable[str]) -> Iterator[tuple[int, int, Form]]:
    names = dict.fromkeys(form_of(text) for text in texts)
    sounds = dict.fromkeys(reading for text in texts for reading in readings(text))
    for form in names:
        if form.text:
            yield number, _NAME, form
    for form in sounds:
        yield number, _SOUND, form
    for short in dict.fromkeys(initials(form) for form in sounds):
        yield number, _INITIALS, Form((short,))


def _pieces(form: Form) -> list[str]:
    pieces: list[str] = []
    for run in _RUN.findall(form.text):
        if not run.isascii():
            pieces += [*run, *(a + b for a, b in pairwise(run))]
        elif len(run) < 3:
            pieces.append(run)
        else:
            pieces += [run[i : i + 3] for i in range(len(run) - 2)]
    return pieces
