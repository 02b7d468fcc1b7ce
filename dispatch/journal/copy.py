"""Copy: a journal as it is at one instant, into a new file, while a writer may go on."""

from __future__ import annotations

import os
from pathlib import Path

from dispatch.errors import JournalError
from dispatch.journal.database import (
    connect,
    journal_errors,
    log_of,
    publish,
    read_meta,
    unfinished,
)


def copy(
    source: str | os.PathLike[str], target: str | os.PathLike[str], *, checked: bool = True
) -> None:
    """Copy a journal, every page written anew with its checksum.

    A plain copy of a file that is being written is no copy. Verify the new one: its chain tells
    whether it holds the same facts.

    Parameters
    ----------
    source
        The journal. It is only read, and a writer may have it open.
    target
        A name that nothing has; it appears when the copy is whole and on the disk.
    checked
        Refuse a page whose checksum is wrong. Without it a journal can be rescued that a program
        without page checksums has written to, if verifying the copy finds all facts right.

    Raises
    ------
    JournalError
        It cannot be copied; nothing is left.
    """
    file, made = Path(source).resolve(), Path(target).resolve()
    if not file.is_file():
        raise JournalError(f"{file} is not there: give a journal's file", path=str(file))
    for taken in (made, log_of(made)):
        if taken.exists():
            raise JournalError(f"{taken} exists: give a new name", path=str(taken))
    if not made.parent.is_dir():
        raise JournalError(f"there is no directory {made.parent}; make it first", path=str(made))
    with journal_errors(file, "copy"):
        growing = unfinished(made)
        try:
            used = log_of(file).exists()
            _fill(file, growing, used=used, checked=checked)
            if not used and log_of(file).exists():  # a writer came while it was read as unused
                _fill(file, unfinished(made), used=True, checked=checked)
            publish(growing, made)
        finally:
            unfinished(made)


def _fill(file: Path, growing: Path, *, used: bool, checked: bool) -> None:
    connection = connect(file, immutable=not used)
    try:
        if not checked:
            connection.execute("PRAGMA checksum_verification=OFF")
        connection.execute("VACUUM INTO ?", (str(growing),))
    finally:
        connection.close()
    connection = connect(growing, write=True)
    try:
        read_meta(connection, file)
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
