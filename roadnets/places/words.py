"""Texts as they are compared: without accents, case, spaces, and with one spelling for each word.

"Avinguda de Tarragona", "av. tarragona" and "AVDA TARRAGONA" are one text, so are 第十二街 and
第12街.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Final

HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff〇"
"""Characters of Chinese, for a class of a regular expression."""

_LETTERS_OF_THEIR_OWN: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "·": "", "•": "", "‧": ""}
)
"""What Unicode does not take for a letter with an accent; and the point of Catalan's l·l."""

_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_NOT_A_WORD: Final = re.compile(rf"[^0-9a-z{HAN}]+")
_PIECES: Final = re.compile(rf"[{HAN}]+|[a-z]+|[0-9]+(?:st|nd|rd|th)?(?![a-z0-9])|[0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SAME_WORD: Final[dict[str, str]] = {
    spelling: word
    for word, spellings in {
        "st": "street str saint sant",
        "sta": "santa",
        "rd": "road",
        "av": "ave avenue avinguda avenida avda avd avgda",
        "c": "carrer calle cl",
        "ctra": "carretera crta ctera",
        "bd": "boulevard blvd bulevard",
        "pl": "placa plaza praca place",
        "sq": "square",
        "pg": "passeig paseo",
        "ptge": "passatge pasaje",
        "r": "rua rue",
        "tv": "travessa travesia",
        "cami": "camino cno",
        "ln": "lane",
        "al": "alley",
        "dr": "drive doctor",
        "ct": "court",
        "hwy": "highway",
        "expy": "expressway expwy exp",
        "fwy": "freeway",
        "mwy": "motorway",
        "br": "bridge",
        "n": "north",
        "s": "south",
        "e": "east",
        "w": "west",
        "ctr": "centre center",
        "bldg": "building",
        "hosp": "hospital",
        "univ": "university",
        "1st": "first",
        "2nd": "second",
        "3rd": "third",
        "4th": "fourth",
        "5th": "fifth",
    }.items()
    for spelling in spellings.split()
}
_LITTLE_WORDS: Final = _words("the of de del dels la les el els l d da do dos das des du")

_STREET_WORDS: Final = _words(
    "st rd av c ctra bd pl sq pg ptge r tv cami ln al dr ct hwy expy fwy mwy"
)
_LONG_WORDS: Final = tuple(
    spelling for spelling, word in _SAME_WORD.items() if word in _STREET_WORDS and len(spelling) > 4
)
_MISPRINT: Final = 0.8

STREET_ENDINGS: Final = (
    *("高速公路", "快速路", "大道", "大街", "高速", "公路", "胡同", "环路"),
    *("路", "街", "道", "巷", "弄", "里", "线"),
)
"""What the name of a street ends in, longest first."""

_STREET_ENDING: Final = re.compile(f"(?:{'|'.join(STREET_ENDINGS)})$")

_DIGIT: Final = dict(
    zip("零〇一二三四五六七八九两", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2), strict=True)
)
_TEN_POWER: Final = {"十": 10, "百": 100, "千": 1000}
_NUMERALS: Final = "".join((*_DIGIT, *_TEN_POWER))
# 第三街 and 十二号 are numbers; 三元桥, 四季花园 and 百花园 are names.
_NUMBER_IN_CHINESE: Final = re.compile(
    rf"(?<=第)[{_NUMERALS}]+|[{_NUMERALS}]+(?=[号路街道巷弄栋幢座层楼门期条环公千]|大道)"
)
_NUMBER: Final = re.compile(r"\d+")


def flatten(text: str) -> str:
    """Make one-width characters of full-width ones, and single spaces of all white space."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def chinese_numbers_as_digits(text: str) -> str:
    """Write the numbers of a Chinese text in digits: 第三街 as 第3街, 一百二十八号 as 128号."""
    return _NUMBER_IN_CHINESE.sub(lambda found: _as_digits(found.group()), text)


def _as_digits(numeral: str) -> str:
    if not any(character in _TEN_POWER for character in numeral):
        return "".join(str(_DIGIT[character]) for character in numeral)
    total, digit = 0, None
    for character in numeral:
        if character in _TEN_POWER:
            total += (1 if digit is None else digit) * _TEN_POWER[character]
            digit = None
        else:
            digit = _DIGIT[character]
    return str(total + (digit or 0))


def fold(text: str, *, digits: bool = True) -> str:
    """Fold a text to Chinese characters, a-z, digits and single spaces.

    Parameters
    ----------
    text
        Any.
    digits
        Whether numbers in Chinese become digits.
    """
    flat = flatten(text)
    flat = chinese_numbers_as_digits(flat) if digits else flat
    flat = flat.casefold()
    if not flat.isascii():
        decomposed = unicodedata.normalize("NFD", flat.translate(_LETTERS_OF_THEIR_OWN))
        flat = _ACCENTS.sub("", decomposed)
    return _NOT_A_WORD.sub(" ", flat).strip()


@dataclass(frozen=True)
class Form:
    """A folded text as it is compared.

    Attributes
    ----------
    words
        Its words in order: one spelling each, without little ones such as "de" or "the"; what is
        written in Chinese between others is one word.
    """

    words: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """All words without spaces."""
        return "".join(self.words)

    @cached_property
    def core(self) -> str:
        """The text without the words that only say that it is a street."""
        kept = "".join(word for word in self.words if word not in _STREET_WORDS)
        return _STREET_ENDING.sub("", kept) or self.text

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Every number in it, ascending."""
        return tuple(sorted(int(number) for number in _NUMBER.findall(self.text)))

    @cached_property
    def is_latin(self) -> bool:
        """Whether nothing of it is Chinese."""
        return self.text.isascii()


@lru_cache(maxsize=4096)
def _corrected(word: str) -> str:
    """One of the words for a kind of street, where this is a misprint of it: aveneu."""
    if len(word) < 6 or word in _SAME_WORD:
        return word
    (near,) = get_close_matches(word, _LONG_WORDS, 1, _MISPRINT) or (word,)
    return _SAME_WORD.get(near, near)


def corrected(form: Form) -> Form:
    """The text with misprints of words for a kind of street put right."""
    return Form(tuple(_corrected(word) for word in form.words))


def form_of(text: str) -> Form:
    """Make a text comparable."""
    pieces = _PIECES.findall(fold(text))
    words = [_SAME_WORD.get(piece, piece) for piece in pieces]
    return Form(tuple(w for w in words if w not in _LITTLE_WORDS) or tuple(words))
