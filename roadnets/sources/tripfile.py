"""Observed trips from a CSV file; whatever cannot be read is told, line by line."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from roadnets.calibration.trips import Refused, Trip
from roadnets.errors import PointError, SourceError
from roadnets.geo import CoordinateSystem, LonLat, to_wgs84
from roadnets.travel import TravelMode

COLUMNS: Final = (
    *("origin_lon", "origin_lat", "destination_lon", "destination_lat"),
    *("departure", "duration_s", "mode"),
)
"""What every file has. ``coordinate_system`` may be a column, too; others are not looked at."""

_SYSTEM: Final = "coordinate_system"


class TripFile(NamedTuple):
    """What a file holds: trips, and the lines that are none."""

    trips: tuple[Trip, ...]
    refused: tuple[Refused, ...]


def read_trips(path: Path, system: CoordinateSystem | None = None) -> TripFile:
    """Read a ``.csv`` or ``.csv.gz`` file in UTF-8 with a head.

    Parameters
    ----------
    path
        The file.
    system
        How its points are to be read, where it has no column ``coordinate_system``.

    Raises
    ------
    SourceError
        The file cannot be read, or lacks a column.
    """
    trips: list[Trip] = []
    refused: list[Refused] = []
    try:
        with _open(path) as file:
            reader = csv.DictReader(file)
            _check_head(path, reader.fieldnames or (), system)
            for row in reader:
                try:
                    trips.append(_trip(reader.line_num, row, system))
                except (ValueError, PointError) as error:
                    refused.append(Refused(reader.line_num, str(error)))
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror or error}") from error
    except (EOFError, csv.Error) as error:
        raise SourceError(f"{path.name} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is not in UTF-8 at byte {error.start}") from error
    return TripFile(tuple(trips), tuple(refused))


def _open(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _check_head(path: Path, names: Sequence[str], system: CoordinateSystem | None) -> None:
    for column in COLUMNS:
        if column not in names:
            raise SourceError(f"{path.name} has no column {column}; needed: {', '.join(COLUMNS)}")
    if system is None and _SYSTEM not in names:
        raise SourceError(
            f"{path.name} has no column {_SYSTEM}: say which system its points are in; "
            f"allowed: {', '.join(CoordinateSystem)}"
        )


def _trip(line: int, row: Mapping[str, str | None], system: CoordinateSystem | None) -> Trip:
    own = row.get(_SYSTEM) or ""
    if own:
        try:
            system = CoordinateSystem(own)
        except ValueError as error:
            allowed = ", ".join(CoordinateSystem)
            raise ValueError(f"{_SYSTEM} is {own!r}; allowed: {allowed}") from error
    mode = row["mode"] or ""
    if mode not in set(TravelMode):
        raise ValueError(f"mode is {mode!r}; allowed: {', '.join(TravelMode)}")
    return Trip(
        line=line,
        origin=_point(row, "origin", system),
        destination=_point(row, "destination", system),
        departure=_instant(row["departure"] or ""),
        driven_s=_positive(row, "duration_s"),
        mode=TravelMode(mode),
    )


def _point(row: Mapping[str, str | None], end: str, system: CoordinateSystem | None) -> LonLat:
    try:
        return to_wgs84(_number(row, f"{end}_lon"), _number(row, f"{end}_lat"), system)
    except PointError as error:
        raise PointError(f"{end}: {error}") from error


def _instant(text: str) -> datetime:
    allowed = "a time with its offset, such as 2026-03-02T08:30:00+08:00"
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"departure is {text!r}; allowed: {allowed}") from error
    if instant.tzinfo is None:
        raise ValueError(f"departure is {text!r}; allowed: {allowed}")
    return instant


def _positive(row: Mapping[str, str | None], name: str) -> float:
    value = _number(row, name)
    if not 0 < value < math.inf:
        raise ValueError(f"{name} is {value:g}; allowed: above 0")
    return value


def _number(row: Mapping[str, str | None], name: str) -> float:
    text = row[name] or ""
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{name} is {text!r}; allowed: a number") from error
