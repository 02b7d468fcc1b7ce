from __future__ import annotations

import pytest
from msgspec.structs import replace

from dispatch.intake.check import Example, FieldCount, MappingReport, Trouble, Unmapped
from dispatch.intake.mapping import Language, Moment
from dispatch.intake.render import _EN, _ZH, render
from dispatch.intake.times import TimeTrouble

REPORT = MappingReport(
    file="day.csv",
    client="cad-120",
    rows=1200,
    fields=(
        FieldCount("unit", "Unit ID", 1200, 1100),
        FieldCount("received", "t", 1200, 1199),
        FieldCount("point", "p", 1200, 1198),
    ),
    unmapped=(Unmapped("unit", "E03", 100, 7),),
    times=(Trouble("t", "time_unreadable", 1, (Example(9, "so\x1b[2Jon" + "x" * 99),)),),
    points=(Trouble("p", "location_unresolved:missing", 2, (Example(3, ", "),)),),
    with_fleet=False,
    on_streets=False,
)


def test_english() -> None:
    assert render(REPORT, Language.EN) == [
        "day.csv, client cad-120: 1,200 rows",
        "unit (Unit ID): 1,200 given, 1,100 mapped",
        "received (t): 1,200 given, 1,199 read",
        "point (p): 1,200 given, 1,198 usable",
        "",
        "unit, values that do not map: 1",
        "    100 × E03   first on line 7",
        "",
        "t: 1 times fit none of the time_formats",
        "        line 9: so�[2Jon" + "x" * 51 + "…",
        "",
        "p: 2 rows have no point",
        "        line 3: (blank)",
        "",
        "No fleet was given: units and hospitals map by the mapping file alone.",
        "",
        "No network was given: points were read, but not looked up on streets.",
        "",
        "What does not map is kept, counted and shown to a human; a call is never lost.",
    ]


def test_chinese() -> None:
    lines = render(REPORT, Language.ZH)
    assert lines[0] == "day.csv，客户端 cad-120：1,200 行"
    assert "    100 × E03   首见于第 7 行" in lines
    assert len(lines) == len(render(REPORT, Language.EN))


@pytest.mark.parametrize(
    ("language", "end"), [("en", "Everything maps."), ("zh", "全部可以对照。")]
)
def test_nothing_to_say(language: str, end: str) -> None:
    whole = replace(REPORT, unmapped=(), times=(), points=(), with_fleet=True, on_streets=True)
    assert render(whole, Language(language))[-2:] == ["", end]
    assert len(render(whole, Language(language))) == 6


def test_every_word_has_both_languages() -> None:
    assert _EN.keys() == _ZH.keys()
    reasons = ("missing", "untagged", "out_of_range", "too_far")
    expected = {*Moment, *TimeTrouble, *(f"location_unresolved:{r}" for r in reasons)}
    assert {str(word) for word in expected} <= _EN.keys()
