from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dispatch.intake.times import TimeTrouble, read_time

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("2024-05-01 08:30:00", ("iso",)),
        (" 2024-05-01T08:30:00 ", ("iso",)),
        ("2024-05-01T00:30:00Z", ("iso",)),
        ("2024-05-01T03:30:00+03:00", ("iso",)),
        ("2024/5/1 8:30", ("iso", "%Y/%m/%d %H:%M")),
        ("05/01/2024 08:30:00 AM", ("%m/%d/%Y %I:%M:%S %p",)),
        ("2024-05-01 00:30 +0000", ("%Y-%m-%d %H:%M %z",)),
    ],
)
def test_reads(text: str, formats: tuple[str, ...]) -> None:
    assert read_time(text, formats, SHANGHAI) == datetime(2024, 5, 1, 0, 30, tzinfo=UTC)


def test_the_first_format_that_fits_counts() -> None:
    both = ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")
    time = read_time("02/03/2024 00:00", both, ZoneInfo("UTC"))
    assert time == datetime(2024, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2024-13-01 00:00", "2024-05-01", "0001-01-01T00:00"])
def test_unreadable(text: str) -> None:
    assert read_time(text, ("iso",), SHANGHAI) is TimeTrouble.UNREADABLE


def test_without_a_zone() -> None:
    assert read_time("2024-05-01 08:30", ("iso",), None) is TimeTrouble.NO_ZONE
    assert read_time("2024-05-01 08:30Z", ("iso",), None) == datetime(2024, 5, 1, 8, 30, tzinfo=UTC)


def test_an_hour_that_clocks_repeat_is_the_first() -> None:
    time = read_time("2016-11-06 01:30:00", ("iso",), ZoneInfo("America/Los_Angeles"))
    assert time == datetime(2016, 11, 6, 8, 30, tzinfo=UTC)
