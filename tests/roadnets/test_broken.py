"""Where a file is broken."""

import struct
import zlib
from pathlib import Path

from roadnets.sources.broken import diagnose


def field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def blob(kind: bytes, content: bytes) -> bytes:
    data = field(3, zlib.compress(content))
    header = field(1, kind) + bytes([3 << 3, len(data)])
    return struct.pack(">I", len(header)) + header + data


def write(folder: Path, content: bytes, name: str = "a.osm.pbf") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_whole_pbf_leaves_the_complaint(tmp_path: Path) -> None:
    path = write(tmp_path, blob(b"OSMHeader", b"x") + blob(b"OSMData", b"y"))
    assert diagnose(path, "odd") == "cannot be read as OSM PBF: odd"


def test_a_pbf_cut_inside_a_blob(tmp_path: Path) -> None:
    first, second = blob(b"OSMHeader", b"x"), blob(b"OSMData", b"y" * 50)
    path = write(tmp_path, first + second[:-5])
    assert diagnose(path, "") == (
        f"is truncated: 5 bytes of a blob of {len(field(3, zlib.compress(b'y' * 50)))} bytes are "
        f"missing (blob 2, which begins at byte {len(first)} of {len(first) + len(second) - 5})"
    )


def test_a_pbf_cut_inside_a_length(tmp_path: Path) -> None:
    path = write(tmp_path, blob(b"OSMHeader", b"x") + b"\0\0")
    assert diagnose(path, "").startswith("is truncated: it ends inside a length (blob 2")


def test_a_pbf_with_a_spoilt_blob(tmp_path: Path) -> None:
    spoilt = bytearray(blob(b"OSMData", b"some text that is long enough" * 3))
    spoilt[-6] ^= 0xFF
    path = write(tmp_path, blob(b"OSMHeader", b"x") + bytes(spoilt))
    assert diagnose(path, "").startswith("is broken: a blob does not decompress (blob 2")


def test_a_pbf_that_goes_astray(tmp_path: Path) -> None:
    path = write(tmp_path, blob(b"OSMHeader", b"x") + b"\xff" * 40)
    assert diagnose(path, "").startswith("is broken: no blob header")


def test_a_pbf_with_an_impossible_length(tmp_path: Path) -> None:
    header = field(1, b"OSMData") + bytes([3 << 3, 0xFF, 0xFF, 0xFF, 0x7F])
    path = write(tmp_path, struct.pack(">I", len(header)) + header)
    assert diagnose(path, "").startswith("is broken: a blob longer than the format allows")


def test_xml_complaints_are_made_plain(tmp_path: Path) -> None:
    path = write(tmp_path, b"<osm/>", "a.osm")
    complaint = "XML parsing error at line 3, column 7: mismatched tag"
    assert diagnose(path, complaint) == "is not well-formed XML at line 3, column 7: mismatched tag"
    assert diagnose(path, "no more.") == "cannot be read as OSM XML: no more"


def test_xml_that_breaks_after_the_complaint(tmp_path: Path) -> None:
    path = write(tmp_path, b"<osm>\n<node id='1'/>\n<", "a.osm")
    assert diagnose(path, "no version.") == "cannot be read as OSM XML: no version"
    path = write(tmp_path, b"<osm>\n<node id='1'/>\n</nonsense>", "a.osm")
    assert diagnose(path, "no version.") == "cannot be read as OSM XML at line 3: no version"
