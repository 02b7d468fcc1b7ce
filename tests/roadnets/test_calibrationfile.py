"""A calibration as a file: there and back, and refused by name."""

from pathlib import Path
from types import MappingProxyType

import pytest

from roadnets.calibration.uncertainty import Calibration, Cell, Spread, TimeGroup
from roadnets.errors import SourceError
from roadnets.sources.calibrationfile import read_calibration, write_calibration
from roadnets.travel import TravelMode

MODEL = Calibration(
    MappingProxyType({Cell(TravelMode.BOAT, TimeGroup.DAY): Spread(1.1, 0.9, 0.3, 0.1, 77)}),
    "Asia/Shanghai",
    "南山三月",
)


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(MODEL, path)
    again = read_calibration(path)
    assert (dict(again.spreads), again.zone) == (dict(MODEL.spreads), MODEL.zone)
    assert "南山三月" in path.read_text(encoding="utf-8")
    write_calibration(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "c.json is not JSON: "),
        ("[]", "c.json is not a calibration"),
        ('{"spreads": [{"mode": "car"}]}', r"c.json: spreads\[0\].mode is 'car'; allowed: "),
    ],
)
def test_other_files_are_refused(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(content)
    with pytest.raises(SourceError, match=words):
        read_calibration(path)


def test_files_that_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="gone.json cannot be read: No such file"):
        read_calibration(tmp_path / "gone.json")
    with pytest.raises(SourceError, match="c.json cannot be written: No such file"):
        write_calibration(MODEL, tmp_path / "gone" / "c.json")
