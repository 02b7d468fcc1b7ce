from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from dispatch.errors import FileRefusedError, InvalidFieldError, NotFoundError
from dispatch.files.day import check_day, columns_of, read_day
from dispatch.files.mapping import read_mappings
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.files.refusals import Steps
from dispatch.intake.check import Row
from dispatch.intake.mapping import LogColumns, Moment

ROOT = Path(__file__).parents[3]
PLANS = read_plans(default_plans_path())
TEXT = '车辆,类型,时间\nA01,胸痛,2024-05-01 08:30:00\n\nA02,"多\n行",2024-05-01 08:31:00\nA03\n'
COLUMNS: dict[Steps, str] = {("log", "unit"): "车辆", ("log", "incident_type"): "类型"}
ROWS = [
    Row(2, {"车辆": "A01", "类型": "胸痛"}),
    Row(4, {"车辆": "A02", "类型": "多\n行"}),
    Row(6, {"车辆": "A03", "类型": ""}),
]


def write(tmp_path: Path, data: bytes, name: str = "day.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("gbk"),
        TEXT.encode("utf-16"),
        TEXT.replace("\n", "\r\n").replace("多\r\n行", "多\n行").encode("gb18030"),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode("gbk"),
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT.encode("gbk")),
    ],
)
def test_reads_what_offices_save(tmp_path: Path, data: bytes) -> None:
    assert read_day(write(tmp_path, data), COLUMNS) == ROWS


def test_columns_are_those_that_the_mapping_names() -> None:
    log = LogColumns(unit="u", point="p", times={Moment.ON_SCENE: "t"})
    assert columns_of(log) == {
        ("log", "unit"): "u",
        ("log", "point"): "p",
        ("log", "times", Moment.ON_SCENE): "t",
    }


def test_a_missing_column_names_those_there_are(tmp_path: Path) -> None:
    columns: dict[Steps, str] = {("log", "times", Moment.ON_SCENE): "到场时间"}
    with pytest.raises(FileRefusedError) as caught:
        read_day(write(tmp_path, "车辆,到达时间,类型\n".encode()), columns)
    assert str(caught.value) == (
        f"{tmp_path / 'day.csv'}:1: log.times.on_scene is '到场时间', which no column is; "
        "allowed: 车辆, 到达时间, 类型 (did you mean '到达时间'?)"
    )
    assert caught.value.details["value"] == "到场时间"
    with pytest.raises(FileRefusedError, match="which more than one column is; allowed: a, a"):
        read_day(write(tmp_path, b"a,a\n"), {("log", "unit"): "a"})


@pytest.mark.parametrize(
    ("data", "line", "problem"),
    [
        (b"", "1", "the file is empty; allowed: a first line with the names of columns"),
        (b"\n\n", "1", "the file is empty"),
        (gzip.compress(TEXT.encode())[:-9], "0", "the file is broken: .*; allowed: a whole gzip"),
        (b"a,b\n1,2\n\xff\xff,3\n", "3", r"the file is neither UTF-8 nor GB 18030 \(GBK\)"),
        (b'a\n1\n"' + b"x" * 200_000 + b'"\n', "3", "the file is not CSV: field larger"),
    ],
)
def test_refuses_what_is_no_log(tmp_path: Path, data: bytes, line: str, problem: str) -> None:
    with pytest.raises(FileRefusedError, match=problem) as caught:
        read_day(write(tmp_path, data), {("log", "unit"): "a"})
    assert caught.value.details["line"] == line


def test_refuses_a_client_that_it_cannot_check(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("clients: {cad-120: {}}", encoding="utf-8")
    mappings = read_mappings(path, PLANS, None)
    log = write(tmp_path, TEXT.encode())
    with pytest.raises(NotFoundError, match="client 'cad-119' is unknown; allowed: cad-120"):
        check_day(log, "cad-119", mappings)
    with pytest.raises(InvalidFieldError, match=r"clients.cad-120.log is ''; allowed: the columns"):
        check_day(log, "cad-120", mappings)


def test_a_week_of_san_francisco() -> None:
    data = Path(os.environ.get("DISPATCH_DATA", ROOT.parent / "shared" / "data"))
    log = data / "sanfrancisco" / "fire_ems_units_week.csv.gz"
    if not log.exists():
        pytest.skip(f"no {log}; set DISPATCH_DATA to the folder of real data")
    mappings = read_mappings(ROOT / "examples" / "mapping_sanfrancisco.yaml", PLANS, None)
    report = check_day(log, "sf-cad", mappings)
    assert report.rows == 7704
    counts = {f.field: (f.given, f.good) for f in report.fields}
    assert counts["incident_type"] == (7704, 7704 - 123)
    assert counts["point"] == (7704, 7704)
    assert counts["on_scene"] == (6150, 6150)
    assert not report.times
    assert not report.points
    types = [(u.value, u.count) for u in report.unmapped if u.field == "incident_type"]
    assert types == [("Other", 123)]
    units = [u for u in report.unmapped if u.field == "unit"]
    assert len(units) == 178
    assert (units[0].value, units[0].count) == ("E03", 292)
    assert sum(u.count for u in units) == 7704
