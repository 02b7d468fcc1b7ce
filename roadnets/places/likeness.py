"""How alike two texts are, 0 to 1."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

from roadnets.places.words import Form

SAME_CORE: Final = 0.94
"""Only the word for "street" differs: 解放 for 解放大道, Major for Carrer Major."""

SAME_WORDS: Final = 0.97
"""All the same words in another order."""

LEAST: Final = 0.5
"""What is less alike is told as 0: it would only fill the list."""

_MISPRINT: Final = 0.75
"""Two words at least so alike are one word with a slip of the finger."""


def likeness(asked: Form, known: Form) -> float:
    """How well a text that somebody typed fits a known name.

    Parameters
    ----------
    asked, known
        Both folded alike.

    Returns
    -------
    float
        1 only for the same text; 0 below ``LEAST``. Other numbers cost much: 3号门 is not 5号门.
    """
    if asked.text == known.text:
        return 1.0
    score = max(_by_core(asked, known), _by_parts(asked, known), _by_words(asked, known))
    if score < SAME_CORE:
        score = max(score, _by_letters(asked.text, known.text))
    score *= _numbers_agree(asked, known)
    return score if score >= LEAST else 0.0


def _by_core(asked: Form, known: Form) -> float:
    if sorted(asked.words) == sorted(known.words):
        return SAME_WORDS
    if asked.core == known.core and len(asked.core) > 1:
        # 人民路 and 人民大道 are two streets; 人民 may be either.
        return SAME_CORE if asked.text == asked.core else SAME_CORE - 0.1
    return 0.0


def _by_parts(asked: Form, known: Form) -> float:
    """One holds the other whole: somebody typed the beginning, or more than the name."""
    a, k = asked.text, known.text
    if not a or not k or (a.isascii() and min(len(a), len(k)) < 3):
        return 0.0
    if k.startswith(a):
        return 0.75 + 0.2 * len(a) / len(k)
    if a in k:
        return 0.65 + 0.25 * len(a) / len(k)
    if k in a and len(k) > 1:
        return 0.4 + 0.5 * len(k) / len(a)
    return 0.0


def _by_words(asked: Form, known: Form) -> float:
    """Most words of the one are words of the other, but for misprints."""
    if len(asked.words) < 2 or not asked.is_latin:
        return 0.0
    total = sum(len(word) for word in asked.words)
    fit = sum(len(word) * _best(word, known.words) for word in asked.words) / total
    share = min(total / max(len(known.text), 1), 1.0)
    return fit * (0.75 + 0.2 * share) if fit >= _MISPRINT else 0.0


def _best(word: str, others: tuple[str, ...]) -> float:
    if word in others:
        return 1.0
    if len(word) > 2 and any(other.startswith(word) for other in others):
        return 0.9
    near = (o for o in others if abs(len(o) - len(word)) <= 2 and len(o) > 3)
    best = max((SequenceMatcher(None, word, o, autojunk=False).ratio() for o in near), default=0.0)
    return best if best >= _MISPRINT else 0.0


def _by_letters(asked: str, known: str) -> float:
    matcher = SequenceMatcher(None, known, asked, autojunk=False)
    if matcher.real_quick_ratio() < LEAST or matcher.quick_ratio() < LEAST:
        return 0.0
    return 0.9 * matcher.ratio()


def _numbers_agree(asked: Form, known: Form) -> float:
    a, k = asked.numbers, known.numbers
    if a == k:
        return 1.0
    return 0.9 if not a or not k or set(k) < set(a) else 0.6
