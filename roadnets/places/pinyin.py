"""How Chinese names sound: the only file that imports pypinyin.

A homophone is the commonest slip of whoever types Chinese, and a traditional character sounds like
its simplified form: both are found by their sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice, product
from typing import Final, cast

from roadnets.places.words import HAN, Form, fold

MOST_READINGS: Final = 6
"""A name with several characters of several sounds is not looked up by every combination."""

_HAN: Final = re.compile(f"[{HAN}]")
_RUN: Final = re.compile(f"[{HAN}]+|[^{HAN}]+")
_PIECES: Final = re.compile("[a-z]+|[0-9]+")
_TONE: Final = re.compile(r"(?<=[a-zü])[1-5](?![0-9])")
_U_WITH_DOTS: Final = re.compile("(?<=[ln])v")

# pypinyin knows every sound of a character; these are the second ones that names do have.
_OTHER_SOUND: Final = {
    "长": ("chang", "zhang"),
    "重": ("chong", "zhong"),
    "乐": ("le", "yue"),
    "行": ("xing", "hang"),
    "都": ("du", "dou"),
    "厦": ("sha", "xia"),
    "会": ("hui", "kuai"),
    "朝": ("chao", "zhao"),
    "曾": ("zeng", "ceng"),
    "单": ("dan", "shan"),
    "六": ("liu", "lu"),
    "泊": ("bo", "po"),
    "圩": ("wei", "xu"),
    "埔": ("pu", "bu"),
    "堡": ("bao", "pu"),
    "传": ("chuan", "zhuan"),
    "调": ("diao", "tiao"),
    "藏": ("cang", "zang"),
    "石": ("shi", "dan"),
}


def readings(name: str) -> tuple[Form, ...]:
    """How a name sounds, a word a syllable, without tones; the likeliest first.

    Returns
    -------
    tuple[Form, ...]
        None for a name without Chinese characters; at most twice ``MOST_READINGS``.
    """
    found: dict[Form, None] = {}
    for folded in dict.fromkeys((fold(name), fold(name, digits=False))):  # 一 is 1 and yi
        if _HAN.search(folded):
            sounds = [_both(*pair) for pair in _syllables(folded.replace(" ", ""))]
            words = islice(product(*sounds), MOST_READINGS)
            found.update(dict.fromkeys(Form(reading) for reading in words))
    return tuple(found)


def _both(character: str, syllable: str) -> tuple[str, ...]:
    others = (sound for sound in _OTHER_SOUND.get(character, ()) if sound != syllable)
    return (syllable, *others)


@lru_cache(maxsize=256)
def _syllables(name: str) -> tuple[tuple[str, str], ...]:
    """Each Chinese character, or stretch of other ones, with its sound in this name."""
    found = []
    for run in _RUN.findall(name):
        if run.isascii():
            found += [("", piece) for piece in _PIECES.findall(run)]
        else:
            found += [sound for word in _words_of(run) for sound in _sounds(word)]
    return tuple(found)


def _words_of(run: str) -> Iterable[str]:
    """Cut Chinese text into words that pypinyin knows the sound of, and single characters."""
    from pypinyin.seg.mmseg import seg  # 0.2 s, which a city without Chinese names does not wait

    return cast("Iterable[str]", seg.cut(run))


@lru_cache(maxsize=65536)
def _sounds(word: str) -> tuple[tuple[str, str], ...]:
    """Each character of a word with its sound; the names of a city are made of few words."""
    from pypinyin import Style, pinyin

    sounds = (syllable for (syllable,) in pinyin([word], style=Style.NORMAL))
    return tuple((c, _U_WITH_DOTS.sub("u", s)) for c, s in zip(word, sounds, strict=True))


def initials(reading: Form) -> str:
    """Shorten a reading to the first letter of each syllable; numbers stay: jfdd, ygyhy3hm."""
    return "".join(word if word.isdigit() else word[0] for word in reading.words)


def typed_sound(text: str) -> tuple[Form, ...]:
    """Read a Latin text as pinyin: with or without tones, as marks or as digits; v for ü.

    Returns
    -------
    tuple[Form, ...]
        Two where a digit may be a tone or a number: dong1jie is 东街 or 东1街.
    """
    folded = _U_WITH_DOTS.sub("u", fold(text))
    readings_of_digits = dict.fromkeys((folded, _TONE.sub("", folded)))
    return tuple(Form(tuple(_PIECES.findall(reading))) for reading in readings_of_digits)


_ENGLISH: Final = {
    "高速公路": "Expressway",
    "快速路": "Expressway",
    "大道": "Avenue",
    "大街": "Street",
    "高速": "Expressway",
    "公路": "Road",
    "胡同": "Hutong",
    "大桥": "Bridge",
    "花园": "Garden",
    "公园": "Park",
    "广场": "Square",
    "医院": "Hospital",
    "大学": "University",
    "中学": "Middle School",
    "小学": "Primary School",
    "大厦": "Building",
    "酒店": "Hotel",
    "小区": "Community",
    "路": "Road",
    "街": "Street",
    "道": "Road",
    "巷": "Lane",
    "弄": "Alley",
    "桥": "Bridge",
    "村": "Village",
    "站": "Station",
}
_SIDE: Final = {"东": "East", "西": "West", "南": "South", "北": "North", "中": "Middle"}


def rough_english(name: str) -> str:
    """Write a Chinese name as signs do, pinyin and an English ending; "" where it has none."""
    ending = next((e for e in _ENGLISH if name.endswith(e) and len(name) > len(e) + 1), "")
    if not ending:
        return ""
    stem = name.removesuffix(ending)
    side = _SIDE.get(stem[-1:], "") if len(stem) > 2 else ""
    sounds = [sound for _, sound in _syllables(fold(name).replace(" ", ""))]
    # Numbers have become digits, so the stem is counted from the end.
    kept = sounds[: len(sounds) - len(ending) - bool(side)]
    return " ".join(filter(None, ("".join(kept).title(), side, _ENGLISH[ending])))
