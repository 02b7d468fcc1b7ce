"""Trips from CSV: each line is a trip, or is told with the reason why it is none."""

import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from roadnets.errors import SourceError
from roadnets.geo import CoordinateSystem, LonLat, to_wgs84
from roadnets.sources.tripfile import COLUMNS, read_trips
from roadnets.travel import TravelMode

HEAD = ",".join(COLUMNS)
LINE = "116.39,39.9,116.4,39.91,2026-03-02T08:30:00+08:00,412.5,blue_light"
WGS84 = CoordinateSystem.WGS84


def written(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "trips.csv"
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return path


def test_a_trip(tmp_path: Path) -> None:
    (trip,), refused = read_trips(written(tmp_path, LINE), WGS84)
    assert refused == ()
    assert (trip.line, trip.mode, trip.driven_s) == (2, TravelMode.BLUE_LIGHT, 412.5)
    assert (trip.origin, trip.destination) == (LonLat(116.39, 39.9), LonLat(116.4, 39.91))
    assert trip.departure.utcoffset() == timedelta(hours=8)


def test_points_are_read_in_their_own_system(tmp_path: Path) -> None:
    head = f"note,{HEAD},coordinate_system"
    path = written(tmp_path, f"x,{LINE},GCJ-02", f"y,{LINE},", head=head)
    first, second = read_trips(path, WGS84).trips
    assert first.origin == to_wgs84(116.39, 39.9, CoordinateSystem.GCJ02)
    assert second.origin == (116.39, 39.9)


def test_packed_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "trips.csv.gz"
    path.write_bytes(gzip.compress(f"\ufeff{HEAD}\r\n{LINE}\r\n".encode()))
    assert len(read_trips(path, WGS84).trips) == 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("116.39", "far", "origin_lon is 'far'; allowed: a number"),
        ("39.91", "", "destination_lat is ''; allowed: a number"),
        ("39.91", "91", "destination: latitude is 91.0; allowed: -90 to 90 degrees"),
        ("116.39", "nan", "origin: longitude is nan; allowed: -180 to 180 degrees"),
        ("412.5", "0", "duration_s is 0; allowed: above 0"),
        ("412.5", "inf", "duration_s is inf; allowed: above 0"),
        ("blue_light", "car", "mode is 'car'; allowed: blue_light, civilian, high_clearance, boat"),
        ("+08:00", "", "departure is '2026-03-02T08:30:00'; allowed: a time with its offset"),
        ("2026-03", "soon", "departure is 'soon-02T08:30:00+08:00'; allowed: a time with"),
        (LINE, "1,2", "mode is ''; allowed: blue_light"),
    ],
)
def test_a_line_that_is_no_trip_is_told(old: str, new: str, reason: str, tmp_path: Path) -> None:
    trips, refused = read_trips(written(tmp_path, LINE, LINE.replace(old, new), LINE), WGS84)
    assert [trip.line for trip in trips] == [2, 4]
    assert refused[0].line == 3
    assert refused[0].reason.startswith(reason)


def test_an_untagged_point_is_no_trip(tmp_path: Path) -> None:
    path = written(tmp_path, f"{LINE},", f"{LINE},Mars", head=f"{HEAD},coordinate_system")
    _, (untagged, unknown) = read_trips(path)
    assert "coordinate_system is missing; allowed: WGS84" in untagged.reason
    assert unknown.reason.startswith("coordinate_system is 'Mars'; allowed: WGS84, GCJ-02")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "trips.csv has no column origin_lon; needed: origin_lon, origin_lat"),
        (b"origin_lon,origin_lat\n", "has no column destination_lon"),
        (f"{HEAD}\n".encode(), "has no column coordinate_system: say which system"),
        (b"\xff\xfe", "trips.csv is not in UTF-8 at byte 0"),
    ],
)
def test_files_that_are_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "trips.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        read_trips(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone.csv cannot be read: No such file or directory$"):
        read_trips(tmp_path / "gone.csv", WGS84)
    packed = tmp_path / "cut.csv.gz"
    packed.write_bytes(gzip.compress(f"{HEAD}\n{LINE}\n".encode())[:-9])
    with pytest.raises(SourceError, match="cut.csv.gz cannot be read"):
        read_trips(packed, WGS84)
