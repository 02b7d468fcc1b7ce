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

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
WHEELS = os.path.join(ROOT, "wheels")
LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock"}
OLDEST, NEWEST = (3, 11), (3, 13)


def say(text):
    print("venv: " + text, flush=True)


def fail(text):
    sys.exit("venv: " + text)


def version(python):
    """(major, minor) of an interpreter, None when it does not run."""
    try:
        text = subprocess.check_output(
            [python, "-c", "import sys; print('%d %d' % sys.version_info[:2])"],
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(int(part) for part in text.split())


def fits(found):
    return found is not None and OLDEST <= found <= NEWEST


def interpreter():
    """The Python that was asked for when it fits, else the newest one on PATH that does."""
    if fits(sys.version_info[:2]):
        return sys.executable
    found = "%d.%d" % sys.version_info[:2]
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which("python3.%d" % minor)
        if other and fits(version(other)):
            say("Python %s is not supported; using %s" % (found, other))
            return other
    return fail(
        "Python 3.11, 3.12 or 3.13 is needed, and this is %s (%s).\n"
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv)"
        " or name one: make PYTHON=/path/to/python3.12 ..." % (found, sys.executable)
    )


def create():
    if os.path.exists(PYTHON):
        found = version(PYTHON)
        if not fits(found):
            fail("%s runs no Python 3.11 to 3.13; remove it with: make clean-venv" % VENV)
        has_pip = [PYTHON, "-c", "import pip"]
        if subprocess.call(has_pip, stderr=subprocess.DEVNULL) == 0:
            return
    python = PYTHON if os.path.exists(PYTHON) else interpreter()
    if subprocess.call([python, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL):
        fail(
            "%s has no venv module. Install it (Debian, Ubuntu: apt-get install python3-venv)."
            % python
        )
    if python == PYTHON:
        subprocess.check_call([python, "-m", "ensurepip", "--default-pip"])
        return
    say("creating .venv with %s" % python)
    subprocess.check_call([python, "-m", "venv", VENV])


def install(lock):
    """Run pip, showing how far it is; its whole output only when it fails."""
    with open(os.path.join(ROOT, lock), encoding="utf-8") as lines:
        total = sum(1 for line in lines if re.match(r"[A-Za-z0-9]", line))
    command = [PYTHON, "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-compile"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    if os.path.isdir(WHEELS):
        command += ["--no-index", "--find-links", WHEELS]
        say("installing %s from wheels/ (no network)" % lock)
    else:
        say("installing %s (about %d packages, 200 MB)" % (lock, total))
    command += ["-r", os.path.join(ROOT, lock)]
    output, seen, live = [], 0, sys.stdout.isatty()
    shown = began = time.monotonic()
    pip = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    )
    for line in pip.stdout:
        output.append(line)
        match = re.match(r"Collecting ([\w.-]+)|(Installing collected)", line)
        if not match:
            continue
        seen += 1
        text = match.group(1) or "unpacking"
        if live:
            print("\r\033[K  %3d/%d %s" % (seen, total, text), end="", flush=True)
        elif time.monotonic() - shown > 5 or match.group(2):
            shown = time.monotonic()
            print("  %3d/%d %s" % (seen, total, text), flush=True)
    if live:
        print("\r\033[K", end="")
    if pip.wait():
        print("".join(output[-40:]))
        fail("pip could not install %s (its last lines are above)" % lock)
    say("installed in %.0f s" % (time.monotonic() - began))


def site_packages():
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return subprocess.check_output([PYTHON, "-c", code], universal_newlines=True).strip()


def main():
    kind = sys.argv[1] if len(sys.argv) == 2 else ""
    if kind not in LOCKS:
        fail("say which: runtime or dev")
    create()
    install(LOCKS[kind])
    site = site_packages()
    # The packages run from the tree; this lets .venv/bin/python find them from any folder.
    with open(os.path.join(site, "citydispatch-tree.pth"), "w", encoding="utf-8") as path:
        path.write(ROOT + "\n")
    if sys.dont_write_bytecode or os.environ.get("PYTHONDONTWRITEBYTECODE"):
        # Where an import may not keep what it compiled, every start would compile again.
        say("compiling")
        subprocess.call([PYTHON, "-m", "compileall", "-q", "-j", "0", site])
    for stamp in ("runtime", "dev") if kind == "dev" else ("runtime",):
        with open(os.path.join(VENV, "." + stamp), "w", encoding="utf-8") as stamped:
            stamped.write(LOCKS[stamp] + "\n")


if __name__ == "__main__":
    main()
