"""A day's log as a CSV file: read as it comes from a Chinese or any other office, and checked."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dispatch.errors import InvalidFieldError, NotFoundError
from dispatch.files.refusals import Steps, listed, refuse
from dispatch.files.texts import read_bytes
from dispatch.intake.check import MappingReport, Row, check_rows
from dispatch.intake.mapping import LogColumns, Mappings
from roadnets.snapping.snap import Snapper

_GZIP: Final = b"\x1f\x8b"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_day(
    path: Path, client: str, mappings: Mappings, snapper: Snapper | None = None
) -> MappingReport:
    """Try a client's mapping on a day of its log.

    Parameters
    ----------
    path
        A .csv or .csv.gz (see ``read_day``).
    client
        One of the mapping file's, with a ``log`` that names the columns.
    mappings
        What ``read_mappings`` gave.
    snapper
        Puts points on streets; None: only whether they can be read is checked.

    Raises
    ------
    NotFoundError
        The mapping file has no such client.
    InvalidFieldError
        The client's mapping does not name the columns of a log.
    FileRefusedError
        The log cannot be read, or lacks a column.
    """
    if client not in mappings.clients:
        raise NotFoundError("client", client, listed(mappings.clients))
    mapping = mappings.clients[client]
    if mapping.log is None:
        allowed = "the columns of its day's log (docs/files.md)"
        raise InvalidFieldError(f"clients.{client}.log", "", allowed)
    rows = read_day(path, columns_of(mapping.log))
    return check_rows(str(path), rows, mapping, mappings, snapper)


def columns_of(log: LogColumns) -> dict[Steps, str]:
    """Every column that a mapping names, by the steps to the key that names it."""
    names = ("unit", "status", "incident_type", "hospital", "longitude", "latitude", "point")
    single: dict[Steps, str] = {("log", name): getattr(log, name) for name in names}
    times: dict[Steps, str] = {("log", "times", m): column for m, column in log.times.items()}
    return {steps: column for steps, column in (single | times).items() if column}


def read_day(path: Path, columns: Mapping[Steps, str]) -> list[Row]:
    """Read some columns of a log.

    Parameters
    ----------
    path
        Text as UTF-8, UTF-16 with its mark, or GB 18030 (which includes GBK); compressed by gzip
        or not; with commas, semicolons or tabs, whichever the first line has most of.
    columns
        Those wanted, by the steps to the key that names them.

    Returns
    -------
    list[Row]
        Blank lines left out. A row that is too short has blank cells at its end.

    Raises
    ------
    FileRefusedError
        The file cannot be read, or lacks a column; names the columns there are.
    """
    name = str(path)
    text = _decode(name, _unpack(name, read_bytes(path)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    begins = 1
    try:
        header = [cell.strip() for cell in next(reader, [])]
        place = _find(name, header, columns)
        rows: list[Row] = []
        begins = reader.line_num + 1
        for cells in reader:
            if any(cells):
                rows.append(Row(begins, _pick(cells, place)))
            begins = reader.line_num + 1
    except csv.Error as error:
        problem = f"is not CSV: {error}"
        raise refuse(name, begins, (), problem, "", "rows of cells") from error
    return rows


def _unpack(name: str, data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise refuse(name, 0, (), f"is broken: {error}", "", "a whole gzip file") from error


def _decode(name: str, data: bytes) -> str:
    if data.startswith(_UTF_16):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as not_utf_8:
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, min(not_utf_8.start, error.start)) + 1
            problem = "is neither UTF-8 nor GB 18030 (GBK)"
            raise refuse(name, line, (), problem, "", "one of these") from error


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.partition("\n")[0].count)


def _find(name: str, header: Sequence[str], columns: Mapping[Steps, str]) -> dict[str, int]:
    if not any(header):
        raise refuse(name, 1, (), "is empty", "", "a first line with the names of columns")
    for steps, column in columns.items():
        found = header.count(column)
        if found != 1:
            problem = f"is {column!r}, which {'no' if not found else 'more than one'} column is"
            there = ", ".join(header)
            raise refuse(name, 1, steps, problem, column, there, () if found else header)
    return {column: header.index(column) for column in columns.values()}


def _pick(cells: Sequence[str], place: Mapping[str, int]) -> dict[str, str]:
    return {column: cells[i] if i < len(cells) else "" for column, i in place.items()}
