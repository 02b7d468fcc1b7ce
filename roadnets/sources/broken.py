"""Where a street file is broken: looked for only after its reader has failed."""

from __future__ import annotations

import bz2
import gzip
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast
from xml.parsers import expat

_LONGEST_HEADER: Final = 64 * 1024  # the format's own limits
_LONGEST_BLOB: Final = 32 * 1024 * 1024
_BLOB_HEADER_TYPE: Final = 1
_BLOB_HEADER_SIZE: Final = 3
_BLOB_ZLIB: Final = 3
_VARINT, _BYTES = 0, 2


def diagnose(path: Path, complaint: str) -> str:
    """Say what is wrong with a file and where, as the rest of a sentence that began with its name.

    Parameters
    ----------
    path
        The file that could not be read.
    complaint
        What its reader said.
    """
    name = path.name.lower()
    if path.stat().st_size == 0:
        return "is empty"
    if name.endswith(".pbf"):
        return _diagnose_pbf(path) or f"cannot be read as OSM PBF: {complaint}"
    if name.endswith((".bz2", ".gz")):
        trouble = _diagnose_compressed(path)
        if trouble is not None:
            return trouble
    return _diagnose_xml(path, complaint)


def _diagnose_xml(path: Path, complaint: str) -> str:
    place = re.search(r"at line (\d+), column (\d+): (.*)", complaint)
    if place is not None:
        line, column, what = place.groups()
        return f"is not well-formed XML at line {line}, column {column}: {what}"
    top = re.search(r"top-level element: (\S+)", complaint)
    if top is not None:
        return f"is XML but not an OSM file: its outermost element is <{top.group(1)}>, not <osm>"
    line = _line_of_bad_number(path)
    where = "" if line is None else f" at line {line}"
    return f"cannot be read as OSM XML{where}: {complaint.rstrip('.')}"


def _line_of_bad_number(path: Path) -> int | None:
    """Find the first line that is not XML, or has an id or coordinate that is no number."""
    bad: list[int] = []
    parser = expat.ParserCreate()

    def look(_: str, attributes: dict[str, str]) -> None:
        for key in ("id", "ref", "lat", "lon"):
            try:
                float(attributes.get(key, "0"))
            except ValueError:
                bad.append(parser.CurrentLineNumber)

    parser.StartElementHandler = look
    with path.open("rb") as raw, _text(path, raw) as text:
        try:
            while not bad and (chunk := text.read(1 << 16)):
                parser.Parse(chunk)
        except expat.ExpatError as error:
            bad.append(error.lineno)
    return bad[0] if bad else None


def _text(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """Read the bytes of a file as the text that they hold."""
    name = path.name.lower()
    if name.endswith(".bz2"):
        return bz2.BZ2File(raw)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if name.endswith(".gz") else raw


def _diagnose_compressed(path: Path) -> str | None:
    kind, magic = ("bzip2", b"BZh") if path.name.lower().endswith(".bz2") else ("gzip", b"\x1f\x8b")
    with path.open("rb") as raw:
        if not raw.read(len(magic)).startswith(magic):
            return f"is not compressed with {kind}, as its name says"
    lines = 0
    with path.open("rb") as raw, _text(path, raw) as text:
        try:
            while chunk := text.read(1 << 16):
                lines += chunk.count(b"\n")
        except EOFError:
            return (
                f"is truncated: its compressed data ends early at byte {raw.tell()}, "
                f"in line {lines + 1} of the text"
            )
        except (OSError, zlib.error) as error:
            return (
                f"is broken near byte {raw.tell()}, after line {lines} of the text: "
                f"{str(error).lower()}"
            )
    return None


def _diagnose_pbf(path: Path) -> str | None:
    size = path.stat().st_size
    with path.open("rb") as file:
        blob = 0
        while (start := file.tell()) < size:
            blob += 1
            trouble = _check_blob(file, size, first=blob == 1)
            if trouble is not None:
                return f"{trouble} (blob {blob}, which begins at byte {start} of {size})"
    return None


def _check_blob(file: IO[bytes], size: int, *, first: bool) -> str | None:
    """Read one blob of a PBF file; say what is wrong with it, None if nothing is."""
    prefix = file.read(4)
    if len(prefix) < 4:
        return "is truncated: it ends inside a length"
    (header_length,) = struct.unpack(">I", prefix)
    header = file.read(min(header_length, _LONGEST_HEADER))
    kind, length = _blob_header(header)
    if header_length > _LONGEST_HEADER or kind not in {b"OSMHeader", b"OSMData"}:
        return "is not an OSM PBF file" if first else "is broken: no blob header where one must be"
    if length > _LONGEST_BLOB:
        return "is broken: a blob longer than the format allows"
    if file.tell() + length > size:
        missing = file.tell() + length - size
        return f"is truncated: {missing} bytes of a blob of {length} bytes are missing"
    data = next((v for k, v in _fields(file.read(length)) if k == _BLOB_ZLIB), None)
    try:
        if isinstance(data, bytes):
            zlib.decompress(data)
    except zlib.error:
        return "is broken: a blob does not decompress"
    return None


def _blob_header(header: bytes) -> tuple[bytes, int]:
    kind, length = b"", 0
    for key, value in _fields(header):
        if key == _BLOB_HEADER_TYPE and isinstance(value, bytes):
            kind = value
        elif key == _BLOB_HEADER_SIZE and isinstance(value, int):
            length = value
    return kind, length


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Read the fields of a protobuf message; end quietly at anything unknown."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key & 7 == _BYTES:
            yield key >> 3, message[at : at + value]
            at += value
        elif key & 7 == _VARINT:
            yield key >> 3, value
        else:
            return


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, at
