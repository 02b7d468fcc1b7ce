"""How alike a text and a name are, 0 to 1."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

from roadnets.places.words import Form

SAME_WORDS: Final = 0.97
"""All the same words in another order."""

SAME_CORE: Final = 0.94
"""Only the word for "street" is missing: 解放 for 解放大道, Major for Carrer Major."""

OTHER_KIND: Final = 0.84
"""Only the word for "street" differs: 人民路 and 人民大道 may well be two streets."""

LEAST: Final = 0.5
"""What is less alike is told as 0: it would only fill the list."""

_MISPRINT: Final = 0.75
"""Two words at least so alike are one word with a slip of the finger."""

_LETTERS: Final = 0.9
"""Most that a text is worth whose letters are not all the name's."""


class Likeness:
    """Compares one text with many names; for one thread.

    Parameters
    ----------
    asked
        What somebody typed.
    by_words
        Whether words may come in any order. Syllables may not: they are too few.
    """

    def __init__(self, asked: Form, *, by_words: bool = True) -> None:
        self._asked = asked
        self._free_order = by_words and asked.is_latin and len(asked.words) > 1
        self._numbers = asked.numbers
        self._sorted = sorted(asked.words)
        self._length = max(len(asked.text), 1)
        # difflib prepares its second text once for any number of first ones.
        self._letters = SequenceMatcher(None, "", asked.text, autojunk=False)
        words = asked.words if self._free_order else ()
        self._words = [(w, SequenceMatcher(None, "", w, autojunk=False)) for w in words]

    def to(self, known: Form) -> float:
        """How well the text fits a known name.

        Returns
        -------
        float
            1 only for the same text; 0 below ``LEAST``. Other numbers cost much: 3号门 is not
            5号门.
        """
        if self._asked.text == known.text:
            return 1.0
        score = max(self._by_core(known), self._by_parts(known.text))
        if score < OTHER_KIND:
            score = max(score, self._by_words(known), self._by_letters(known.text))
        if self._numbers != known.numbers:
            score *= self._numbers_agree(known.numbers)
        return score if score >= LEAST else 0.0

    def _by_core(self, known: Form) -> float:
        asked = self._asked
        same_count = self._free_order and len(asked.words) == len(known.words)
        if same_count and self._sorted == sorted(known.words):
            return SAME_WORDS
        if asked.core == known.core and len(asked.core) > 1:
            return SAME_CORE if asked.text == asked.core else OTHER_KIND
        return 0.0

    def _by_parts(self, known: str) -> float:
        """One holds the other whole: somebody typed the beginning, or more than the name."""
        asked = self._asked.text
        shorter = min(len(asked), len(known))
        if shorter < (3 if asked.isascii() else 1):
            return 0.0
        if known.startswith(asked):
            return 0.75 + 0.2 * len(asked) / len(known)
        if known.endswith(asked):
            return 0.7 + 0.22 * len(asked) / len(known)
        if asked in known:
            return 0.65 + 0.25 * len(asked) / len(known)
        if known in asked and len(known) > 1:
            return 0.4 + 0.5 * len(known) / len(asked)
        return 0.0

    def _by_words(self, known: Form) -> float:
        """Most words of the one are words of the other, but for misprints."""
        if not self._words:
            return 0.0
        fit = sum(len(word) * _best(word, matcher, known.words) for word, matcher in self._words)
        fit /= self._length
        share = min(self._length / max(len(known.text), 1), 1.0)
        return fit * (0.75 + 0.2 * share) if fit >= _MISPRINT else 0.0

    def _by_letters(self, known: str) -> float:
        # Twice the shorter over both is all that a ratio can be.
        if 2 * min(self._length, len(known)) < LEAST * (self._length + len(known)):
            return 0.0
        self._letters.set_seq1(known)
        if self._letters.quick_ratio() * _LETTERS < LEAST:
            return 0.0
        return _LETTERS * self._letters.ratio()

    def _numbers_agree(self, known: tuple[int, ...]) -> float:
        asked = self._numbers
        return 0.9 if not asked or not known or set(known) < set(asked) else 0.6


def _best(word: str, matcher: SequenceMatcher[str], others: tuple[str, ...]) -> float:
    if word in others:
        return 1.0
    best = 0.0
    for other in others:
        if len(word) > 2 and other.startswith(word):
            best = max(best, 0.9)
        elif len(other) > 3 and abs(len(other) - len(word)) <= 2:
            matcher.set_seq1(other)
            if matcher.quick_ratio() >= _MISPRINT:
                best = max(best, matcher.ratio())
    return best if best >= _MISPRINT else 0.0
