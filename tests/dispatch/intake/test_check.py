from __future__ import annotations

import pytest
from msgspec.structs import replace

from dispatch.emergency.plans import IncidentType, ResponsePlans
from dispatch.intake.check import Example, FieldCount, Row, Trouble, Unmapped, check_rows
from dispatch.intake.mapping import ClientMapping, LogColumns, Moment, make_mappings
from dispatch.model import HospitalId, UnitId, UnitStatus
from roadnets.geo import CoordinateSystem
from roadnets.snapping.snap import Snapper
from tests.roadnets.networks import ORIGIN, grid

PLANS = ResponsePlans({}, {"fall": IncidentType("fall", "", "", True, 1, {})}, "")
CLIENT = ClientMapping(
    client="cad",
    coordinate_system=CoordinateSystem.WGS84,
    time_zone="Asia/Shanghai",
    units={"1": UnitId("A01")},
    statuses={"3": UnitStatus.EN_ROUTE},
    hospitals={"x": HospitalId("H01")},
    log=LogColumns(
        unit="u",
        status="s",
        incident_type="k",
        hospital="h",
        longitude="lon",
        latitude="lat",
        times={Moment.RECEIVED: "t"},
        time_formats=("%Y-%m-%d %H:%M",),
    ),
)
MAPPINGS = make_mappings([CLIENT], PLANS, None)
SNAPPER = Snapper(grid(3, 3))

GOOD = {
    "u": "1",
    "s": "3",
    "k": "fall",
    "h": "x",
    "t": "2024-05-01 08:30",
    "lon": str(ORIGIN.lon),
    "lat": str(ORIGIN.lat),
}


def rows(*changes: dict[str, str]) -> list[Row]:
    return [Row(2 + i, {**GOOD, **change}) for i, change in enumerate(changes)]


def test_a_day_that_maps() -> None:
    report = check_rows("day.csv", rows({}, {}), CLIENT, MAPPINGS, SNAPPER)
    assert report.complete
    assert (report.file, report.client, report.rows) == ("day.csv", "cad", 2)
    assert report.fields == (
        FieldCount("unit", "u", 2, 2),
        FieldCount("status_code", "s", 2, 2),
        FieldCount("incident_type", "k", 2, 2),
        FieldCount("hospital", "h", 2, 2),
        FieldCount("received", "t", 2, 2),
        FieldCount("point", "lon, lat", 2, 2),
    )
    assert report.on_streets
    assert not report.with_fleet


def test_unmapped_values_are_counted_with_their_first_line() -> None:
    day = rows({"u": "9"}, {"u": "8", "k": "flood"}, {"u": " 8 "}, {"s": "7"}, {"h": "y"})
    report = check_rows("day.csv", day, CLIENT, MAPPINGS, None)
    assert report.unmapped == (
        Unmapped("unit", "8", 2, 3),
        Unmapped("unit", "9", 1, 2),
        Unmapped("status_code", "7", 1, 5),
        Unmapped("incident_type", "flood", 1, 3),
        Unmapped("hospital", "y", 1, 6),
    )
    assert report.fields[0] == FieldCount("unit", "u", 5, 2)
    assert not report.complete


def test_blank_words_and_times_are_not_counted() -> None:
    day = rows({"u": "", "s": " ", "h": "", "t": ""})
    report = check_rows("day.csv", day, CLIENT, MAPPINGS, None)
    assert report.complete
    assert [f.given for f in report.fields] == [0, 0, 1, 0, 0, 1]


def test_unreadable_times_with_their_lines() -> None:
    day = rows(*[{"t": f"08:{m}"} for m in range(10, 17)])
    report = check_rows("day.csv", day, CLIENT, MAPPINGS, None)
    (trouble,) = report.times
    assert (trouble.columns, trouble.reason, trouble.count) == ("t", "time_unreadable", 7)
    assert trouble.examples == tuple(Example(2 + i, f"08:{10 + i}") for i in range(5))


def test_times_without_a_zone() -> None:
    client = replace(CLIENT, time_zone="")
    report = check_rows("day.csv", rows({}), client, MAPPINGS, None)
    assert report.times == (
        Trouble("t", "time_without_zone", 1, (Example(2, "2024-05-01 08:30"),)),
    )


POINTS = [
    ({"lon": "", "lat": ""}, "location_unresolved:missing"),
    ({"lon": "116.39", "lat": ""}, "point_unreadable"),
    ({"lon": "east", "lat": "39.9"}, "point_unreadable"),
    ({"lon": "39.9", "lat": "116.39"}, "location_unresolved:out_of_range"),
]


@pytest.mark.parametrize("snapper", [None, SNAPPER])
@pytest.mark.parametrize(("change", "reason"), POINTS)
def test_points_that_cannot_be_read(
    change: dict[str, str], reason: str, snapper: Snapper | None
) -> None:
    report = check_rows("day.csv", rows({}, change, change), CLIENT, MAPPINGS, snapper)
    (trouble,) = report.points
    assert (trouble.reason, trouble.count, trouble.examples[0].line) == (reason, 2, 3)
    assert report.fields[-1] == FieldCount("point", "lon, lat", 3, 1)


def test_points_off_the_network_need_a_network() -> None:
    far = rows({"lat": "40.9"})
    report = check_rows("day.csv", far, CLIENT, MAPPINGS, SNAPPER)
    assert report.points[0].reason == "location_unresolved:too_far"
    assert check_rows("day.csv", far, CLIENT, MAPPINGS, None).complete


def test_untagged_points() -> None:
    client = replace(CLIENT, coordinate_system=None)
    report = check_rows("day.csv", rows({}), client, MAPPINGS, SNAPPER)
    assert report.points[0].reason == "location_unresolved:untagged"


@pytest.mark.parametrize(
    ("cell", "order", "good"),
    [
        (f"({ORIGIN.lat}, {ORIGIN.lon})", "latitude_first", True),
        (f"POINT ({ORIGIN.lon} {ORIGIN.lat})", "longitude_first", True),
        (f"{ORIGIN.lon};{ORIGIN.lat}", "longitude_first", True),
        (f"{ORIGIN.lat},{ORIGIN.lon}", "longitude_first", False),
        ("-1.5,-2.5", "longitude_first", False),
        ("116.39", "longitude_first", False),
        ("116.39, 39.9, 12", "longitude_first", False),
    ],
)
def test_both_numbers_in_one_column(cell: str, order: str, good: bool) -> None:
    log = LogColumns(point="p", point_order=order)
    report = check_rows(
        "day.csv", [Row(2, {"p": cell})], replace(CLIENT, log=log), MAPPINGS, SNAPPER
    )
    assert report.complete is good


def test_a_log_without_columns_has_nothing_to_check() -> None:
    report = check_rows("day.csv", rows({}), replace(CLIENT, log=None), MAPPINGS, SNAPPER)
    assert report.complete
    assert not report.points_looked_at
