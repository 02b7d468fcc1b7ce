"""What a text may ask for, told from the text alone: every way to read it, likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from roadnets.places.words import HAN, STREET_ENDINGS, chinese_numbers_as_digits, flatten


@dataclass(frozen=True, slots=True)
class Crossed:
    """Where one street meets another.

    Attributes
    ----------
    sure
        The text says that it is a crossing.
    side_by_side
        Nothing stands between the two: it may as well be one name.
    """

    one: str
    other: str
    sure: bool
    side_by_side: bool = False


@dataclass(frozen=True, slots=True)
class Numbered:
    """A house number on a street."""

    street: str
    number: str


@dataclass(frozen=True, slots=True)
class Kilometre:
    """A kilometre of a road, and the side where the text names one.

    ``heading`` is a direction of travel in degrees clockwise from north.
    """

    road: str
    kilometre: float
    heading: int | None


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate of a compound."""

    compound: str
    gate: str


# ---- plain names ---------------------------------------------------------------------------------

_AROUND: Final = re.compile(
    "(?:的)?(?:附近|旁边|旁|对面|斜对面|门口|楼下|楼上|边上|里面|这里|那里|路口|处)$"
)
_PROVINCE_AND_CITY: Final = re.compile(
    f"^(?:中国)?(?:[{HAN}]{{2,7}}?(?:省|自治区))?[{HAN}]{{2,5}}?市"
)
_DISTRICT: Final = re.compile(f"^[{HAN}]{{2,4}}?[区县]")
_ASKED: Final = re.compile(
    r"^(?:near|nearby|opposite|in front of|behind|at|beside|next to)\s+|^(?:我在|在|去|到)",
    re.IGNORECASE,
)


def read_name(text: str) -> list[str]:
    """Every name that a text may be, with less and less of it: the whole first."""
    flat = flatten(text)
    found = [flat]
    for pattern in (_ASKED, _AROUND, _PROVINCE_AND_CITY, _DISTRICT):
        # What begins like a district may be the name itself: 高新区医院. So both stay.
        shorter = pattern.sub("", found[-1]).strip(" ,，")
        if len(shorter) > 1 and shorter != found[-1]:
            found.append(shorter)
    return found


def read_locality(text: str) -> list[tuple[str, str, bool]]:
    """Every way to read a text as something in a village or district.

    "Carrer Major, Encamp" and "Carrer Major Encamp" end in it, 江南区解放大道 begins with it.

    Returns
    -------
    list[tuple[str, str, bool]]
        The rest, the village or district, and whether a comma or the order makes it sure.
    """
    flat = flatten(text)
    words = re.split(r"(?:\s*[,，]\s*|\s+)", flat)
    found = []
    for count in range(min(len(words) - 1, 4), 0, -1):
        last = " ".join(words[-count:])
        rest = flat[: -len(last)].rstrip()
        if flat.endswith(last):
            found.append((rest.rstrip(",，"), last, rest.endswith((",", "，"))))
    if flat and not flat[0].isascii():
        city = _PROVINCE_AND_CITY.match(flat)
        start = city.end() if city else 0
        ends = range(min(len(flat) - 1, start + 8), start + 1, -1)
        found += [(flat[end:], flat[start:end], True) for end in ends]
    return [reading for reading in found if len(reading[0]) > 1]


# ---- crossings -----------------------------------------------------------------------------------

_CROSSING_END: Final = re.compile(
    "(?:的)?(?:交叉路口|交叉口|十字路口|丁字路口|三岔路口|交汇处|交界处|相交处|交汇|相交|交口|路口|口)$"
)
_CROSSING_START: Final = re.compile(
    r"^(?:the )?(?:corner|intersection|junction|crossing|cantonada|encreuament|cruce|esquina)"
    r"(?: (?:of|de|del|between|entre))?\s+",
    re.IGNORECASE,
)
_MOST_CUTS: Final = 12
_HAN_AND: Final = re.compile("[与和跟同交及、]")
_SIGN_AND: Final = re.compile(r"\s*[/&@;×+]\s*")
_WORD_AND: Final = re.compile(
    r"\s+(?:and|at|with|by|x|amb|con|cross|y|i|e|he|yu)\s+", re.IGNORECASE
)
_ENDING: Final = re.compile("|".join(STREET_ENDINGS))


def read_crossing(text: str) -> list[Crossed]:
    """Every pair of streets that a text may name: of two 和 in 和平路和人民路 one is an and."""
    flat = chinese_numbers_as_digits(flatten(text))
    whole = _CROSSING_START.sub("", flat)
    sure = whole != flat
    # 路口 ends a street's name as well as the word for a crossing: 人民路路口, 人民路口.
    bodies = [body for body in (_CROSSING_END.sub("", whole),) if body != whole]
    sure = sure or bool(bodies)
    if whole.endswith("路口") and not whole.endswith("路路口"):
        bodies.append(whole[:-1])
    found: dict[tuple[str, str], Crossed] = {}
    for body in bodies or [whole]:
        for one, other, said, between in _cut(body):
            if len(one) > 1 and len(other) > 1:
                found.setdefault((one, other), Crossed(one, other, sure or said, not between))
    return list(found.values())[:_MOST_CUTS]


def _cut(text: str) -> Iterator[tuple[str, str, bool, bool]]:
    """Two parts, whether what is between them says "crossing", whether anything is."""
    for pattern, said in ((_SIGN_AND, True), (_WORD_AND, True), (_HAN_AND, False)):
        for cut in pattern.finditer(text):
            yield text[: cut.start()].strip(), text[cut.end() :].strip(), said, True
    for ending in _ENDING.finditer(text):
        yield text[: ending.end()].strip(), text[ending.end() :].strip(), False, False


# ---- house numbers -------------------------------------------------------------------------------

_NUMBER: Final = r"\d+[A-Za-z]?(?:\s?[-/之]\s?\d+[A-Za-z]?)*"
_NUMBER_LAST: Final = re.compile(
    rf"^(?P<street>.+?)[\s,，]*(?<![0-9a-z.-])(?:no\.?|num\.?|number|núm\.?|nº|n°|#)?\s*(?P<number>{_NUMBER})"
    r"(?:\s*hao)?(?:\s*,.*)?$",
    re.IGNORECASE,
)
_NUMBER_FIRST: Final = re.compile(
    rf"^(?:no\.?\s*|#)?(?P<number>{_NUMBER})[\s,，]+(?P<street>\D.*)$", re.IGNORECASE
)
_HAN_NUMBER: Final = re.compile(r"(?P<number>\d+[A-Za-z]?(?:[-之/]\d+)*)\s*[号號弄](?![线門门])")


def read_number(text: str) -> list[Numbered]:
    """Every street and house number that a text may name."""
    flat = chinese_numbers_as_digits(flatten(text))
    found = [
        Numbered(flat[: number.start()].strip(" ,，"), number["number"])
        for number in _HAN_NUMBER.finditer(flat)
    ]
    for pattern in (_NUMBER_LAST, _NUMBER_FIRST):
        whole = pattern.match(flat)
        if whole is not None:
            found.append(Numbered(whole["street"].strip(" ,，"), whole["number"]))
    return [one for one in dict.fromkeys(found) if len(one.street) > 1]


# ---- kilometre posts -----------------------------------------------------------------------------

_KM: Final = r"(?P<km>\d+(?:[.,]\d+)?)"
_PLUS: Final = r"(?:K|桩号|桩)?\s?(?P<km>\d+)\s?\+\s?(?P<m>\d{1,3})(?:\s?(?:m|米))?"
_METRES: Final = r"(?:(?P<m>\d{1,3})\s?(?:m|米))?"
_OF: Final = r"(?:(?:of|de|on) )?(?:the )?"
_KILOMETRES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?P<road>.+?)[\s,，]*{_PLUS}\s*处?$",
        rf"^{_PLUS}\s*处?[\s,，]+(?P<road>.+)$",
        rf"^(?P<road>.+?)[\s,，]+(?:at )?(?:km|pk|p\.k\.|kilomet(?:er|re)|quilòmetre)\.?\s?{_KM}$",
        rf"^(?:km|pk|p\.k\.|kilomet(?:er|re))\.?\s?{_KM}[\s,，]+{_OF}(?P<road>.+)$",
        rf"^(?P<road>.+?)[\s,，]*K{_KM}\s*(?:处|桩|公里)?$",
        rf"^(?P<road>.+?)[\s,，]*(?<!\d){_KM}\s?(?:公里|千米|km)\s?{_METRES}\s?(?:处|桩|里程碑)?$",
    )
)
_HEADINGS: Final = {
    "北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315,
    "north": 0, "east": 90, "south": 180, "west": 270,
}  # fmt: skip
_TOWARDS: Final = re.compile(
    r"[\s,，(（]*(?:(?:往|向|去)?(?P<han>东北|东南|西北|西南|[东南西北])(?:行|向|方向|侧)"
    r"|\b(?P<latin>north|south|east|west)\s?-?bound)[)）]?",
    re.IGNORECASE,
)


def read_kilometre(text: str) -> Kilometre | None:
    """Read the road and its kilometre, None where the text names none."""
    flat = flatten(text)
    towards = _TOWARDS.search(flat)
    heading = None
    if towards is not None:
        heading = _HEADINGS[(towards["han"] or towards["latin"]).lower()]
        flat = (flat[: towards.start()] + " " + flat[towards.end() :]).strip()
    for pattern in _KILOMETRES:
        found = pattern.match(flat)
        if found is not None:
            metres = found.groupdict().get("m")
            kilometre = float(found["km"].replace(",", ".")) + int(metres or 0) / 1000
            return Kilometre(found["road"].strip(" ,，的第"), kilometre, heading)
    return None


# ---- gates ---------------------------------------------------------------------------------------

_SIDE_GATE: Final = "(?:north|south|east|west|main|back|side) gate"
_A_GATE: Final = rf"(?:gate|exit|entrance) (?:no\.? ?)?[0-9A-Z]{{1,4}}|{_SIDE_GATE}"
_GATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?P<compound>.{2,}?)的?(?P<gate>(?:[0-9A-Z]+号?|[东南西北正大侧后前中]{1,2})[门門口])$",
        rf"^(?P<compound>.{{3,}}?)[\s,，]+(?P<gate>{_A_GATE})$",
        rf"^(?P<gate>{_A_GATE})(?:,? of (?:the )?|[\s,，]+)(?P<compound>.{{3,}})$",
    )
)


def read_gate(text: str) -> Gate | None:
    """Read the compound and its gate, None where the text names none."""
    flat = chinese_numbers_as_digits(flatten(text))
    for pattern in _GATES:
        found = pattern.match(flat)
        if found is not None:
            return Gate(found["compound"].strip(), found["gate"].strip())
    return None
