"""One writer a journal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch.errors import JournalError
from dispatch.journal.lock import WriterLock

HOLD = """
import sys
from pathlib import Path
from dispatch.journal.lock import WriterLock
WriterLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_in_this_process_is_refused_until_the_first_lets_go(tmp_path):
    lock = WriterLock(tmp_path / "a")
    with pytest.raises(JournalError, match=f"has a writer already: process {os.getpid()}, since"):
        WriterLock(tmp_path / "a")
    WriterLock(tmp_path / "b").release()
    lock.release()
    lock.release()
    WriterLock(tmp_path / "a").release()


def test_a_killed_process_holds_nothing(tmp_path):
    with holder(tmp_path / "a") as process:
        with pytest.raises(JournalError, match=f"process {process.pid}") as caught:
            WriterLock(tmp_path / "a")
        assert str(process.pid) in caught.value.details["holder"]
        process.kill()
        process.wait()
    WriterLock(tmp_path / "a").release()


def test_a_program_that_was_started_does_not_inherit_it(tmp_path):
    lock = WriterLock(tmp_path / "a")
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        lock.release()
        WriterLock(tmp_path / "a").release()
    finally:
        child.kill()
        child.wait()


def test_where_no_lock_can_be_made_it_says_so(tmp_path):
    (tmp_path / "a.lock").mkdir()
    with pytest.raises(JournalError, match=r"cannot make .*a\.lock: Is a directory"):
        WriterLock(tmp_path / "a")
