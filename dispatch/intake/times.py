"""The times of a client's log: read by its patterns, in its time zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from dispatch.intake.mapping import ISO


class TimeTrouble(StrEnum):
    """Why a time of a log cannot be used."""

    UNREADABLE = "time_unreadable"
    NO_ZONE = "time_without_zone"


def read_time(text: str, formats: Sequence[str], zone: ZoneInfo | None) -> datetime | TimeTrouble:
    """Read one time.

    Parameters
    ----------
    text
        Not blank.
    formats
        Patterns of ``strptime``, or ``iso``; the first that fits counts.
    zone
        Of times without an offset; None: such a time cannot be placed.

    Returns
    -------
    datetime | TimeTrouble
        UTC. An hour that the clocks repeat is read as the first one.
    """
    for pattern in formats:
        try:
            time = _parse(text.strip(), pattern)
            if time.tzinfo is None and zone is None:
                return TimeTrouble.NO_ZONE
            return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return TimeTrouble.UNREADABLE


def _parse(text: str, pattern: str) -> datetime:
    if pattern != ISO:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is the client's
    if ":" not in text and "T" not in text:
        raise ValueError("a date without a time")
    return datetime.fromisoformat(text)
