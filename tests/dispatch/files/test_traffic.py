"""congestion.yaml and calibration files, and how they are refused."""

from importlib import resources
from pathlib import Path

import pytest

from dispatch.errors import FileRefusedError
from dispatch.files.traffic import read_calibration, read_congestion
from roadnets.travel import TravelMode
from roadnets.uncertainty import CONVENTIONS
from tests.dispatch.builders import NOW

DAY = "[1, 1, 1, 1, 1, 1, 0.9, 0.5, 0.5, 0.8, 1, 1, 1, 1, 1, 1, 1, 0.6, 0.6, 0.8, 1, 1, 1, 1]"

CONGESTION = f"""
name: 北京 2026
zone: Asia/Shanghai
blue_light_share: 0.25
factors:
  main:
    workday: {DAY}
    sunday: {DAY}
  expressway:
    everyday: {DAY}
"""

CALIBRATION = """
{"name": "120, July", "zone": "+08:00", "spreads": [
  {"mode": "blue_light", "time": null, "road": null,
   "factor": 1.25, "exponent": 0.9, "cv_floor": 0.2, "cv_short": 0.3, "trips": 812},
  {"mode": "blue_light", "time": "peak", "road": "main",
   "factor": 1.4, "exponent": 0.95, "cv_floor": 0.2, "cv_short": 0.3, "trips": 90}
]}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, "utf-8")
    return path


def test_congestion(tmp_path: Path) -> None:
    usual = read_congestion(written(tmp_path, CONGESTION))
    # NOW is a Monday, 16:00 in Beijing.
    assert usual.slot(NOW) == 16
    assert usual.congestion.name == "北京 2026"
    assert usual.congestion.blue_light_share == 0.25
    assert usual.congestion.factors["main"][17] == 0.6
    assert usual.congestion.factors["main"][5 * 24 + 17] == 1  # Saturdays are not said


def test_the_example_of_the_product_is_read() -> None:
    example = resources.files("roadnets") / "data" / "congestion-example.yaml"
    usual = read_congestion(Path(str(example)))
    assert usual.congestion.factors.keys() == {"expressway", "main", "local"}


@pytest.mark.parametrize(
    ("before", "wrong", "line", "told"),
    [
        ("Asia/Shanghai", "Peking", 3, "Asia/Shanghai"),
        ("zone: Asia/Shanghai\n", "", 2, "zone"),
        ("workday: [1,", "workday: [1, 1,", 7, "24 numbers"),
        ("0.9, 0.5", "0.9, 2.5", 7, "a number from 0.05 to 2"),
        ("  main:", "  minor:", 6, "main"),
        ("sunday", "someday", 8, "sunday"),
        ("0.25", "1.25", 4, "a number from 0 to 1"),
        ("name:", "nome:", 2, "nome"),
    ],
)
def test_a_congestion_file_is_refused(
    tmp_path: Path, before: str, wrong: str, line: int, told: str
) -> None:
    assert before in CONGESTION
    path = written(tmp_path, CONGESTION.replace(before, wrong, 1))
    with pytest.raises(FileRefusedError) as refusal:
        read_congestion(path)
    assert f"file.yaml:{line}: " in str(refusal.value)
    assert told in str(refusal.value)


def test_calibration(tmp_path: Path) -> None:
    calibration = read_calibration(written(tmp_path, CALIBRATION))
    assert calibration.name == "120, July"
    assert calibration.spread(TravelMode.BLUE_LIGHT).factor == 1.25
    assert calibration.spread(TravelMode.BOAT) == CONVENTIONS[TravelMode.BOAT]


@pytest.mark.parametrize(
    ("before", "wrong", "line", "told"),
    [
        ("1.25", "125", 3, "spreads[0].factor is 125; allowed: 0.1 to 10"),
        ('"time": "peak"', '"time": null', 5, "spreads[1].road"),
        ('"peak"', '"noon"', 5, "peak, day, night"),
        ("+08:00", "Peking", 1, "zone"),
        ('"trips": 812', '"trips": -1', 4, "0 or more"),
    ],
)
def test_a_calibration_file_is_refused(
    tmp_path: Path, before: str, wrong: str, line: int, told: str
) -> None:
    assert before in CALIBRATION
    path = written(tmp_path, CALIBRATION.replace(before, wrong, 1))
    with pytest.raises(FileRefusedError) as refusal:
        read_calibration(path)
    assert "file.yaml" in str(refusal.value)
    assert told in str(refusal.value)
    assert line
