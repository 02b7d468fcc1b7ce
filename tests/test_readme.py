"""The README says what is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DEMO = (ROOT / "docs" / "demo.md").read_text("utf-8")


def test_demo_and_tests_are_on_the_first_screen() -> None:
    first = README.splitlines()[:20]
    assert any(line.startswith("make demo") for line in first)
    assert any(line.startswith("make test") for line in first)


@pytest.mark.parametrize("text", [README, DEMO], ids=["README", "demo"])
def test_every_make_target_named_exists(text: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert named
    assert named <= targets


def options_of(*command: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-m", *command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(re.findall(r"--[a-z-]+", told))


def test_every_option_of_the_demo_is_told_of() -> None:
    assert options_of("dispatch", "demo") - {"--help"} == set(re.findall(r"`(--[a-z-]+)", DEMO))


def test_every_option_of_serve_that_is_named_exists() -> None:
    block = README.partition("dispatch serve --network")[2].partition("\n    ")
    named = {"--network", *re.findall(r"--[a-z-]+", block[0] + block[2].splitlines()[0]), "--mode"}
    assert named <= options_of("dispatch", "serve")


def test_every_document_has_a_place_in_the_map() -> None:
    for document in (ROOT / "docs").glob("*.md"):
        assert f"](docs/{document.name})" in README, document.name
