"""The repository keeps the promises it makes about itself."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
PYTHONS = ("3.11", "3.12", "3.13")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked(lock: str) -> list[Requirement]:
    """Each `name==version ; marker` of a lock."""
    text = (ROOT / lock).read_text("utf-8")
    lines = re.findall(r"^[A-Za-z0-9].*", text, re.MULTILINE)
    return [Requirement(line.removesuffix("\\").strip()) for line in lines]


def versions(lock: str, python: str) -> dict[str, str]:
    """Name to version of what a lock installs on Linux with that Python."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_python_implementation": "CPython",
    }
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in locked(lock)
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }


def declared() -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for, by lock."""
    runtime = [Requirement(text) for text in project()["dependencies"]]
    dev = [Requirement(text) for text in project()["optional-dependencies"]["dev"]]
    return {"requirements.lock": runtime, "requirements-dev.lock": runtime + dev}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links|--trusted-host", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_a_hash_for_each_version(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert "==" in entry
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_what_the_project_declares(lock: str, python: str) -> None:
    found = versions(lock, python)
    for requirement in declared()[lock]:
        name = canonicalize_name(requirement.name)
        assert name in found, f"{name} is missing: run make lock"
        assert requirement.specifier.contains(found[name]), f"{requirement}: run make lock"


@pytest.mark.parametrize("python", PYTHONS)
def test_development_has_the_versions_of_the_runtime(python: str) -> None:
    runtime, dev = versions(LOCKS[0], python), versions(LOCKS[1], python)
    assert runtime.items() <= dev.items()


def test_packages_say_that_they_are_typed() -> None:
    for package in ("dispatch", "solvers", "roadnets", "scenarios"):
        assert (ROOT / package / "py.typed").is_file()


def test_every_dependency_is_explained() -> None:
    text = (ROOT / "docs/dependencies.md").read_text("utf-8")
    cells = [row.split("|")[1] for row in text.splitlines() if row.startswith("| ")]
    explained = {canonicalize_name(name.strip()) for cell in cells for name in cell.split(",")}
    wanted = {canonicalize_name(item.name) for item in declared()["requirements-dev.lock"]}
    assert wanted - explained == set()
    assert explained - wanted - {"package"} == set(), "a row for something we do not depend on"


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    folder = ROOT / "docs/decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name[:4] for name in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    index = (folder / "README.md").read_text("utf-8")
    for name in records:
        assert f"({name})" in index, f"{name} is not listed in docs/decisions/README.md"
        text = (folder / name).read_text("utf-8")
        assert text.startswith(f"# {name[:4]} ")
        for heading in ("## Context", "## Decision", "## Consequences"):
            assert heading in text, f"{name} has no {heading}"


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
        if not re.match(r"[a-z]+:", target) and not (document.parent / target).exists()
    ]
    assert broken == []


def test_every_listed_command_exists_once() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)
    assert len(targets) == len(set(targets))
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert set(re.findall(r"make ([a-z-]+)", listed)) == set(targets)
