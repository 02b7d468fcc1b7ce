"""Generate the Python of proto/ into the packages, or lint it.

``python tools/proto.py`` writes, ``--check`` says whether the committed code is what the sources
give, ``--lint`` runs buf. Nothing here needs a network: google's protos come from the installed
packages, and buf reads a descriptor set that protoc has put together.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "proto"
SCRIPTS = Path(sysconfig.get_path("scripts"))
SITE = Path(sysconfig.get_path("purelib"))
INIT = '"""Generated from proto/{0} by `make proto`; never edited."""\n'


def sources() -> list[str]:
    """Give the .proto files, relative to proto/."""
    return sorted(path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.proto"))


def protoc(*options: str) -> None:
    """Run protoc over all sources, with the plugins of this environment."""
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{SOURCES}", f"-I{SITE}"]
    path = os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])
    done = subprocess.run(
        [*command, *options, *sources()], cwd=ROOT, env={**os.environ, "PATH": path}, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)


def generate(out: Path) -> list[Path]:
    """Write the code under `out`; give the written files, relative to it."""
    protoc(
        f"--python_out={out}",
        f"--mypy_out=quiet:{out}",
        f"--grpc_python_out={out}",
        f"--mypy_grpc_out=quiet:{out}",
    )
    for folder in {Path(source).parent for source in sources()}:
        (out / folder / "__init__.py").write_text(INIT.format(folder.as_posix()), encoding="utf-8")
    for written in out.rglob("*_pb2_grpc.py*"):
        source = SOURCES / source_of(written.relative_to(out))
        if not re.search(r"^service \w+", source.read_text("utf-8"), re.MULTILINE):
            written.unlink()  # a file of messages only needs no stubs
    return sorted(path.relative_to(out) for path in out.rglob("*.py*") if path.is_file())


def source_of(generated: Path) -> Path:
    """Give the .proto file, relative to proto/, that a generated file comes from."""
    return generated.with_name(generated.name.split("_pb2")[0] + ".proto")


def committed() -> list[Path]:
    """Give the generated files of the tree, relative to its root."""
    folders = {Path(source).parent for source in sources()}
    return sorted(
        path.relative_to(ROOT)
        for folder in folders
        for path in (ROOT / folder).glob("*.py*")
        if path.is_file()
    )


def write() -> None:
    """Replace the generated code of the tree."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        new = generate(out)
        for stale in set(committed()) - set(new):
            (ROOT / stale).unlink()
        for path in new:
            target = ROOT / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() or not filecmp.cmp(out / path, target, shallow=False):
                target.write_bytes((out / path).read_bytes())
                print(f"proto: wrote {path}")


def check() -> None:
    """Fail when the generated code of the tree is not what the sources give."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        new = generate(out)
        wrong = sorted(
            set(committed()).symmetric_difference(new)
            | {
                path
                for path in new
                if (ROOT / path).exists()
                and not filecmp.cmp(out / path, ROOT / path, shallow=False)
            }
        )
    if wrong:
        names = "\n  ".join(str(path) for path in wrong)
        sys.exit(f"proto: generated code is out of date, run `make proto`:\n  {names}")
    print(f"proto: {len(new)} generated files are up to date")


def lint() -> None:
    """Run buf's rules of proto/buf.yaml over our files, not over google's."""
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "image.binpb"
        protoc(f"--descriptor_set_out={image}", "--include_imports", "--include_source_info")
        ours = [option for source in sources() for option in ("--path", source)]
        done = subprocess.run(
            [SCRIPTS / "buf", "lint", image, "--config", SOURCES / "buf.yaml", *ours],
            cwd=SOURCES,
            env={**os.environ, "BUF_CACHE_DIR": scratch},
            check=False,
        )
    if done.returncode:
        sys.exit(done.returncode)
    print(f"proto: {len(sources())} files pass buf lint")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="compare, write nothing")
    action.add_argument("--lint", action="store_true", help="run buf lint")
    chosen = parser.parse_args()
    if not sources():
        sys.exit("proto: proto/ holds no .proto file")
    if chosen.check:
        check()
    elif chosen.lint:
        lint()
    else:
        write()


if __name__ == "__main__":
    main()
