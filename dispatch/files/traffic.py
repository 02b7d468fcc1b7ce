"""congestion.yaml and calibration files: how slow the streets usually are, and how sure that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from dispatch.errors import FileRefusedError
from dispatch.files.document import Document, read_document
from dispatch.files.words import OptionalText, Text
from dispatch.traffic import Usual
from roadnets.congestion import FASTEST, SLOWEST, Congestion, zone_of
from roadnets.travel import TravelMode
from roadnets.uncertainty import Calibration, RoadGroup, TimeGroup

HOURS_A_DAY: Final = 24

_Group = Literal["expressway", "main", "local"]
_Days = Literal[
    "everyday",
    "workday",
    "weekend",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
]
_Factor = Annotated[float, Meta(ge=SLOWEST, le=FASTEST)]


class _CongestionFile(msgspec.Struct, forbid_unknown_fields=True):
    zone: Text
    factors: dict[_Group, dict[_Days, tuple[_Factor, ...]]]
    name: OptionalText = ""
    blue_light_share: Annotated[float, Meta(ge=0, le=1)] = 0.3


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    mode: TravelMode
    factor: float
    exponent: float
    cv_floor: float
    cv_short: float
    time: TimeGroup | None = None
    road: RoadGroup | None = None
    trips: Annotated[int, Meta(ge=0)] = 0


class _CalibrationFile(msgspec.Struct, forbid_unknown_fields=True):
    spreads: list[_Row]
    zone: Text = "UTC"
    name: OptionalText = ""


def read_congestion(path: Path) -> Usual:
    """Read how much slower the streets are at each hour of the week.

    Raises
    ------
    FileRefusedError
        The file is refused; says the line, the field, its value and what is allowed.
    """
    document = read_document(path, _CongestionFile)
    given = document.value
    try:
        zone = zone_of(given.zone)
    except ValueError as error:
        allowed = 'an offset such as "+08:00" or a name such as Asia/Shanghai'
        raise document.refusal(("zone",), given.zone, allowed) from error
    for group, days in given.factors.items():
        for day, hours in days.items():
            if len(hours) != HOURS_A_DAY:
                allowed = f"{HOURS_A_DAY} numbers, one for each hour from 00:00"
                raise document.refusal(("factors", group, day), len(hours), allowed)
    return Usual(Congestion.from_mapping(msgspec.to_builtins(given)), zone)


def read_calibration(path: Path) -> Calibration:
    """Read how far real trips are from the computed times.

    Raises
    ------
    FileRefusedError
        The file is refused; says the line, the field, its value and what is allowed.
    """
    document = read_document(path, _CalibrationFile)
    try:
        return Calibration.from_mapping(msgspec.to_builtins(document.value))
    except ValueError as error:
        raise _refused(document, str(error)) from error


def _refused(document: Document[_CalibrationFile], told: str) -> FileRefusedError:
    """A refusal with the line of the row that an error names."""
    for number in range(len(document.value.spreads)):
        if told.startswith(f"spreads[{number}]"):
            line = document.lines.get(("spreads", number), 1)
            return FileRefusedError(f"{document.name}:{line}: {told}", file=document.name)
    return FileRefusedError(f"{document.name}: {told}", file=document.name)
