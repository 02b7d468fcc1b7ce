"""Build one archive that installs and runs without a network.

``python tools/bundle.py [3.11 3.12 ...]`` (default: the running Python) puts together the tracked
files, the wheels of requirements.lock and the sample city, under ``dist/``. Unpacked, ``make demo``
finds ``wheels/`` and asks no index.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
SAMPLE = "sample.net"
GLIBC = 28  # the wheels' manylinux_2_28 is Debian 10, RHEL 8 and newer
README = """\
citydispatch {version} without a network, for Linux {machine} and Python {pythons}
Linux {machine}、Python {pythons} 离线安装包

    make demo      installs from wheels/ into .venv, then runs the sample city
                   从 wheels/ 安装到 .venv，然后运行示例城市

sha256sum -c SHA256SUMS tells whether the files arrived as they were packed.
See README.md and docs/ for everything else; `make test` and `make check` need a network.
"""


def say(text: str) -> None:
    """Tell what is going on."""
    print(f"bundle: {text}", flush=True)


def tracked() -> list[str]:
    """Give the files of the tree that git knows."""
    try:
        names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    except (OSError, subprocess.CalledProcessError):
        sys.exit("bundle: a bundle is built in a git checkout, not in an unpacked bundle")
    if subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True):
        say("note: the tree has uncommitted changes; tracked files go in as they are now")
    return [name for name in names.split("\0") if name and (ROOT / name).is_file()]


def pinned(python: str) -> str:
    """Give the lock's entries for that Python on Linux, without markers.

    pip evaluates markers for the Python it runs on, even when told to download for another.
    """
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_machine": platform.machine(),
        "platform_python_implementation": "CPython",
    }
    kept = []
    for entry in re.split(r"^(?=[A-Za-z0-9])", LOCK.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, rest = entry.partition("\\\n")
        requirement = Requirement(head.strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            kept.append(f"{requirement.name}{requirement.specifier} \\\n{rest}")
    return "".join(kept)


def download(python: str, wheels: Path, scratch: Path) -> None:
    """Fetch the wheels for that Python, checked against the lock's hashes."""
    lock = scratch / f"requirements-{python}.txt"
    lock.write_text(pinned(python), encoding="utf-8")
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 4, -1)]
    tags += [f"manylinux2014_{machine}", f"linux_{machine}"]
    command = [sys.executable, "-m", "pip", "download", "-qq", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command += ["--python-version", python, "--implementation", "cp"]
    command += [option for tag in tags for option in ("--platform", tag)]
    subprocess.check_call([*command, "-r", str(lock), "-d", str(wheels)])


def checksums(folder: Path) -> str:
    """Give what ``sha256sum -c`` reads."""
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    return "".join(lines)


def pack(folder: Path, archive: Path) -> None:
    """Write the archive so that the same content gives the same bytes."""
    moment = int(os.environ.get("SOURCE_DATE_EPOCH") or last_commit())

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = moment
        return entry

    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=moment) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in sorted(folder.rglob("*")):
            tar.add(
                path, f"{folder.name}/{path.relative_to(folder)}", recursive=False, filter=plain
            )


def last_commit() -> str:
    """Give the time of the last commit, in seconds since 1970."""
    return subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True)


def main() -> None:
    """Read the command line."""
    began = time.monotonic()
    pythons = sys.argv[1:] or [f"{sys.version_info.major}.{sys.version_info.minor}"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    tags = ".".join("py" + python.replace(".", "") for python in pythons)
    name = f"citydispatch-bundle-{version}-linux_{platform.machine()}-{tags}"

    folder = ROOT / "build" / "bundle" / name
    shutil.rmtree(folder.parent, ignore_errors=True)
    (folder / "wheels").mkdir(parents=True)
    for file in tracked():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, folder / file)
    for python in pythons:
        say(f"fetching wheels for Python {python} (some 150 MB)")
        download(python, folder / "wheels", folder.parent)
    (folder / "wheels" / "PYTHONS").write_text("\n".join(pythons) + "\n", encoding="utf-8")
    say("making the sample city")
    sample = [sys.executable, "-m", "roadnets", "import", "sample", "-o", str(folder / SAMPLE)]
    subprocess.check_call(sample, cwd=ROOT, stdout=subprocess.DEVNULL)
    words = {"version": version, "machine": platform.machine(), "pythons": ", ".join(pythons)}
    (folder / "BUNDLE.txt").write_text(README.format(**words), encoding="utf-8")
    (folder / "SHA256SUMS").write_text(checksums(folder), encoding="utf-8")

    say("packing")
    archive = ROOT / "dist" / f"{name}.tar.gz"
    archive.parent.mkdir(exist_ok=True)
    pack(folder, archive)
    size = archive.stat().st_size / 1e6
    say(f"{archive.relative_to(ROOT)}, {size:.0f} MB, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
