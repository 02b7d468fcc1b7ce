"""What of a real day would not map: unknown values, unreadable times, points off the streets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from dispatch.intake.location import UNRESOLVED, locate, read_point
from dispatch.intake.mapping import ClientMapping, LogColumns, Mappings
from dispatch.intake.times import read_time
from dispatch.model import Frozen, RawPoint, Remark
from roadnets.snapping.snap import Snapper

EXAMPLES_KEPT: Final = 5

_NUMBER: Final = r"[-+]?\d+(?:\.\d*)?"
_ONE: Final = re.compile(rf"\s*({_NUMBER})\s*\Z")
_TWO: Final = re.compile(rf"[^\d+-]*({_NUMBER})[^\d.+-]+({_NUMBER})\D*\Z")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a log by column name, and the line on which it begins, counted from 1."""

    line: int
    cells: Mapping[str, str]


class Unmapped(Frozen, frozen=True):
    """A value that nothing of ours answers to."""

    field: str
    value: str
    count: int
    first_line: int


class Example(Frozen, frozen=True):
    """Where one trouble was seen."""

    line: int
    value: str


class Trouble(Frozen, frozen=True):
    """Times or points of some columns that cannot be used, and for what reason."""

    columns: str
    reason: str
    count: int
    examples: tuple[Example, ...]


class FieldCount(Frozen, frozen=True):
    """How many values a field had, and how many of them mapped, were read, or were found."""

    field: str
    columns: str
    given: int
    good: int


class MappingReport(Frozen, frozen=True):
    """What a mapping makes of a day.

    Attributes
    ----------
    fields
        In the order unit, status_code, incident_type, hospital, each time, point.
    unmapped
        By field, then the most frequent first.
    with_fleet, on_streets
        Whether a fleet was given, and whether points were looked up on a network.
    """

    file: str
    client: str
    rows: int
    fields: tuple[FieldCount, ...]
    unmapped: tuple[Unmapped, ...]
    times: tuple[Trouble, ...]
    points: tuple[Trouble, ...]
    with_fleet: bool
    on_streets: bool

    @property
    def points_looked_at(self) -> bool:
        """Whether the log has a column of points."""
        return any(f.field == "point" for f in self.fields)

    @property
    def complete(self) -> bool:
        """Whether everything mapped, was read and was found."""
        return not (self.unmapped or self.times or self.points)


def check_rows(
    file: str,
    rows: Sequence[Row],
    client: ClientMapping,
    mappings: Mappings,
    snapper: Snapper | None,
) -> MappingReport:
    """Try a client's mapping on a day of its log.

    Parameters
    ----------
    file
        What to call the log.
    rows
        Each with all the columns that ``client.log`` names. A blank cell is not counted, but a
        row without a point is: such a report could not be planned.
    client
        The mapping to try; without ``log`` nothing is looked at.
    mappings
        What is ours.
    snapper
        Puts points on streets; None: only whether they can be read is checked.
    """
    log = client.log or LogColumns()
    words = list(_words(rows, log, client, mappings))
    times = [_times(rows, moment, column, client) for moment, column in log.times.items()]
    points = [_points(rows, log, client, snapper)] if _point_columns(log) else []
    tallies = (*words, *times, *points)
    return MappingReport(
        file=file,
        client=client.client,
        rows=len(rows),
        fields=tuple(FieldCount(t.name, t.columns, t.given, t.good) for t in tallies),
        unmapped=tuple(u for t in words for u in t.unmapped()),
        times=tuple(trouble for t in times for trouble in t.troubles()),
        points=tuple(trouble for t in points for trouble in t.troubles()),
        with_fleet=bool(mappings.own_units),
        on_streets=snapper is not None,
    )


@dataclass(slots=True)
class _Tally:
    """What one field came to: bad values by what is wrong with them, with lines."""

    name: str
    columns: str
    given: int = 0
    good: int = 0
    bad: dict[str, list[Example]] = field(default_factory=dict)

    def add(self, line: int, value: str, problem: str | None) -> None:
        self.given += 1
        if problem is None:
            self.good += 1
        else:
            self.bad.setdefault(problem, []).append(Example(line, value))

    def unmapped(self) -> list[Unmapped]:
        found = [
            Unmapped(self.name, value, len(seen), seen[0].line) for value, seen in self.bad.items()
        ]
        return sorted(found, key=lambda u: (-u.count, u.first_line))

    def troubles(self) -> list[Trouble]:
        return [
            Trouble(self.columns, reason, len(seen), tuple(seen[:EXAMPLES_KEPT]))
            for reason, seen in self.bad.items()
        ]


def _words(
    rows: Sequence[Row], log: LogColumns, client: ClientMapping, mappings: Mappings
) -> Iterator[_Tally]:
    """The fields of which every value is looked up in the mapping."""
    lookups: dict[str, tuple[str, Callable[[str, str], str | None]]] = {
        "unit": (log.unit, mappings.translate_unit),
        "status_code": (log.status, mappings.translate_status),
        "incident_type": (log.incident_type, mappings.translate_type),
        "hospital": (log.hospital, mappings.translate_hospital),
    }
    for name, (column, translate) in lookups.items():
        if not column:
            continue
        tally = _Tally(name, column)
        for row in rows:
            value = row.cells[column].strip()
            if value:
                known = translate(client.client, value)
                tally.add(row.line, value, value if known is None else None)
        yield tally


def _times(rows: Sequence[Row], moment: str, column: str, client: ClientMapping) -> _Tally:
    log = client.log or LogColumns()
    zone = ZoneInfo(client.time_zone) if client.time_zone else None
    tally = _Tally(str(moment), column)
    for row in rows:
        value = row.cells[column].strip()
        if value:
            time = read_time(value, log.time_formats, zone)
            tally.add(row.line, value, None if isinstance(time, datetime) else time)
    return tally


def _point_columns(log: LogColumns) -> tuple[str, ...]:
    return (log.point,) if log.point else tuple(c for c in (log.longitude, log.latitude) if c)


def _points(
    rows: Sequence[Row], log: LogColumns, client: ClientMapping, snapper: Snapper | None
) -> _Tally:
    columns = _point_columns(log)
    tally = _Tally("point", ", ".join(columns))
    judge = partial(_judge, client=client, snapper=snapper)
    known: dict[tuple[str, ...], str | None] = {}
    for row in rows:
        cells = tuple(row.cells[c].strip() for c in columns)
        if cells not in known:
            known[cells] = judge(cells)
        tally.add(row.line, ", ".join(cells), known[cells])
    return tally


def _judge(cells: tuple[str, ...], client: ClientMapping, snapper: Snapper | None) -> str | None:
    """Why a point cannot be planned on, or None."""
    raw = _raw_point(cells, client.log or LogColumns())
    if raw is None and any(cells):
        return "point_unreadable"
    if snapper is None:
        point = read_point(raw, client.coordinate_system)
        return _reason(point) if isinstance(point, Remark) else None
    flags = locate(raw, client.coordinate_system, snapper).flags
    return _reason(flags[0]) if flags else None


def _raw_point(cells: tuple[str, ...], log: LogColumns) -> RawPoint | None:
    if len(cells) == 1:
        both = _TWO.match(cells[0])
        if both is None:
            return None
        first, second = float(both[1]), float(both[2])
        swapped = log.point_order == "latitude_first"
        return RawPoint(second, first) if swapped else RawPoint(first, second)
    lon, lat = (_ONE.match(cell) for cell in cells)
    return RawPoint(float(lon[1]), float(lat[1])) if lon and lat else None


def _reason(flag: Remark) -> str:
    return f"{UNRESOLVED}:{flag.details['reason']}"
