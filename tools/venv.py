#!/usr/bin/env python3
"""Make or refresh .venv from a lock: ``python3 tools/venv.py runtime`` (or ``dev``).

Runs on any Python 3, so that a machine with the wrong one gets a sentence and not a traceback.
pip installs, since it is everywhere and honours its user's index, proxy and certificate settings;
hashes are required; a folder ``wheels/`` beside this one (a bundle has it) replaces the network.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
WHEELS = ROOT / "wheels"
LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock"}
PYTHONS = ["3.13", "3.12", "3.11"]
if (WHEELS / "PYTHONS").exists():  # a bundle's wheels fit some of them only
    PYTHONS = (WHEELS / "PYTHONS").read_text("utf-8").split()
NEEDED = "Python " + " or ".join(PYTHONS)


def say(text: str) -> None:
    """Tell what is going on."""
    print("venv: " + text, flush=True)


def version(python: str) -> str:
    """Ask an interpreter for its version, as in "3.11"; nothing when it does not run."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        text = subprocess.check_output([python, "-c", code], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return text.decode().strip()


def interpreter() -> str:
    """Find a Python: the one that was asked for when it fits, else the first on PATH that does."""
    found = "{}.{}".format(*sys.version_info)
    if found in PYTHONS:
        return sys.executable
    for wanted in PYTHONS:
        other = shutil.which(f"python{wanted}")
        if other and version(other) == wanted:
            say(f"Python {found} does not fit; using {other}")
            return other
    return sys.exit(
        f"venv: {NEEDED} is needed, and this is {found} ({sys.executable}).\n"
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) "
        "or name one: make PYTHON=/path/to/python3.12 ..."
    )


def succeeds(python: str, code: str) -> bool:
    """Run a line of code, quietly."""
    return subprocess.call([python, "-c", code], stderr=subprocess.DEVNULL) == 0


def create() -> None:
    """Make .venv, or leave one that works as it is."""
    if not PYTHON.exists():
        python = interpreter()
        if not succeeds(python, "import ensurepip, venv"):
            sys.exit(
                f"venv: {python} has no venv module. "
                "Install it (Debian, Ubuntu: apt-get install python3-venv)."
            )
        say(f"creating .venv with {python}")
        subprocess.check_call([python, "-m", "venv", str(VENV)])
    elif version(str(PYTHON)) not in PYTHONS:
        sys.exit(f"venv: {NEEDED} is needed; .venv has another, remove it with: make clean-venv")
    elif not succeeds(str(PYTHON), "import pip"):
        subprocess.check_call([str(PYTHON), "-m", "ensurepip", "--default-pip"])


def install(lock: Path) -> None:
    """Run pip, showing how far it is; its own words only when it fails."""
    total = len(re.findall(r"^[A-Za-z0-9]", lock.read_text("utf-8"), re.MULTILINE))
    command = [str(PYTHON), "-m", "pip", "install", "-r", str(lock)]
    command += ["--require-hashes", "--no-deps", "--no-compile"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    if WHEELS.is_dir() and lock.name == LOCKS["runtime"]:
        command += ["--no-index", "--find-links", str(WHEELS)]
        say(f"installing {lock.name} from wheels/, without a network")
    else:
        say(f"installing {lock.name} (some {total} packages, 150 MB to fetch)")
    began = shown = time.monotonic()
    output, seen, live = [], 0, sys.stdout.isatty()
    pip = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    )
    for line in pip.stdout or ():
        output.append(line)
        step = re.match(r"Collecting ([\w.-]+)|Installing collected", line)
        if not step:
            continue
        seen += 1 if step.group(1) else 0
        text = f"  {seen}/{total} {step.group(1)}" if step.group(1) else "  unpacking"
        if live:
            print("\r\033[K" + text, end="", flush=True)
        elif time.monotonic() - shown > 5 or not step.group(1):
            shown = time.monotonic()
            print(text, flush=True)
    if live:
        print("\r\033[K", end="")
    if pip.wait():
        print("".join(output[-40:]))
        sys.exit(f"venv: pip could not install {lock.name}; its last lines are above")
    say(f"installed in {time.monotonic() - began:.0f} s")


def finish() -> None:
    """Let .venv's Python find the packages of the tree from any folder; compile where it pays."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.check_output([str(PYTHON), "-c", code], universal_newlines=True).strip()
    Path(site, "citydispatch-tree.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        # Where an import may not keep what it compiled, every start would compile again.
        say("compiling")
        quiet = [str(PYTHON), "-m", "compileall", "-q", "-j", "0", site]
        subprocess.call(quiet, stdout=subprocess.DEVNULL)
    warm()


def warm() -> None:
    """Turn the loops of travel times into machine code now, so that no first start waits for it."""
    say("compiling the kernel")
    command = [str(PYTHON), "-m", "roadnets", "warm"]
    done = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    if done.returncode:
        print("".join(done.stdout.splitlines(keepends=True)[-5:]))
        say("the kernel could not be compiled now; the first start will try again")
    else:
        say(done.stdout.splitlines()[-1])


def main() -> None:
    """Read the command line."""
    kind = sys.argv[1] if len(sys.argv) == 2 else ""
    if kind not in LOCKS:
        sys.exit("venv: say which: runtime or dev")
    create()
    install(ROOT / LOCKS[kind])
    finish()
    # The larger lock holds the smaller one.
    for stamp in ("runtime", "dev") if kind == "dev" else ("runtime",):
        (VENV / f".{stamp}").write_text(f"{LOCKS[stamp]}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
