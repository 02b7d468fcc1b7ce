"""congestion.yaml, and how it is refused."""

from importlib import resources
from pathlib import Path

import pytest

from dispatch.errors import FileRefusedError
from dispatch.files.congestion import read_congestion
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
