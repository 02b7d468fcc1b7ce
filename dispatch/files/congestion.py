"""congestion.yaml: how much slower the streets are at each hour of the week."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from dispatch.files.document import read_document
from dispatch.files.words import OptionalText, Text
from dispatch.traffic import Usual
from roadnets.weights.congestion import FASTEST, SLOWEST, Congestion, zone_of

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
