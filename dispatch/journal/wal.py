"""Write-ahead log: what it holds, and whether its end was torn or has been damaged.

SQLite's recovery stops at the first frame that is not sound, in silence. That is right for a commit
that a power cut tore, which was never acknowledged. It is wrong for a frame that was damaged later:
every commit behind it would be forgotten. The two can be told apart, since a commit is synced
before the next one is begun. The format: https://sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dispatch.journal.pages import PAGE, RawFile, Words, checksum_weights, checksums

HEADER = 32
"""Bytes of the log's header."""
FRAME = 24 + PAGE
"""Bytes of a frame: its header and a page."""

_SECTOR = 512  # what a disk writes as a whole, at the least
_MAGIC = np.uint32(0x377F0682)
_HEADER_WEIGHTS = checksum_weights(6)
_WEIGHTS = checksum_weights(2 + PAGE // 4)


class LogScan(msgspec.Struct, frozen=True):
    """What a write-ahead log holds.

    Attributes
    ----------
    pages
        Numbers of the pages in whole commits.
    page_count
        Pages in the database after the last whole commit; 0 when there is none.
    unfinished
        A commit was begun after the last whole one: torn, or being written.
    suspicion
        That only one byte of it is wrong, or empty. A bit may have flipped in an acknowledged
        commit; but a power cut that tears a sector with only this byte in it leaves the same.
    damage
        What is wrong before it, or empty. No power cut leaves this: acknowledged commits are lost.
    """

    pages: frozenset[int] = frozenset()
    page_count: int = 0
    unfinished: bool = False
    suspicion: str = ""
    damage: str = ""


class _Frames(NamedTuple):
    """The frames of a log, a row each."""

    page: Words
    """Page number."""
    commit: Words
    """Pages in the database after this commit; 0 in the midst of one."""
    salts: NDArray[np.uint8]
    """Eight bytes: the header's, unless the frame is left from before the log was begun anew."""
    missing: Words
    """What the sums lack to be those stored, after the frame before as stored; 0, 0 when sound."""


def scan_log(log: RawFile) -> LogScan:
    """Read a write-ahead log as SQLite's recovery would.

    Parameters
    ----------
    log
        The write-ahead log, empty or not.

    Returns
    -------
    LogScan
        What it holds, and what is wrong with it.
    """
    header = log.read(HEADER, 0)
    if log.size() < HEADER + FRAME:  # not even its header need have reached the disk
        return LogScan()
    order = ">u4" if header[3] & 1 else "<u4"
    fields = _words(header, ">u4", HEADER)[0]
    sums = checksums(_words(header[:24], order, 24), _HEADER_WEIGHTS)[0]
    if fields[0] & 0xFFFFFFFE != _MAGIC or fields[2] != PAGE or (sums != fields[6:8]).any():
        return LogScan(damage="the header of the write-ahead log is damaged: its commits are lost")
    frames = _read_frames(log, order, sums)
    ours = (frames.salts == np.frombuffer(header[16:24], np.uint8)).all(axis=1)
    sound = ours & (frames.missing == 0).all(axis=1) & (frames.page > 0)
    bad = len(sound) if sound.all() else int(np.argmin(sound))
    commits = np.flatnonzero(frames.commit[:bad])
    whole = int(commits[-1]) + 1 if len(commits) else 0
    damage = suspicion = ""
    if bad < len(sound):
        right = _with_one_byte_right(log, order, frames, bad, header[16:24])
        end = _end_of_commit(frames, ours, sound, bad, right)
        if sound[end + 1 :].any():
            damage = f"frame {bad + 1} of the write-ahead log is damaged and commits follow it"
        elif right is not None:
            suspicion = f"one byte of frame {bad + 1} of the write-ahead log is wrong"
    return LogScan(
        pages=frozenset(frames.page[:whole].tolist()),
        page_count=int(frames.commit[whole - 1]) if whole else 0,
        unfinished=bool(suspicion) or (whole < len(sound) and bool(ours[whole])),
        suspicion=suspicion,
        damage=damage,
    )


def _words(block: bytes, order: str, size: int) -> Words:
    return np.frombuffer(block, order).reshape(-1, size // 4).astype(np.uint32)


def _summed(block: bytes, order: str) -> Words:
    """The words of frames that are summed: page number, commit, page."""
    return np.delete(_words(block, order, FRAME), slice(2, 6), axis=1)


def _read_frames(log: RawFile, order: str, sums: Words) -> _Frames:
    """All whole frames of a log whose header has these sums."""
    parts: list[_Frames] = []
    for block in log.blocks(HEADER, FRAME):
        fields = _words(block, ">u4", FRAME)[:, :6]
        words = _summed(block, order)
        before = np.vstack([sums, fields[:-1, 4:6]])
        # Sums s1, s2 so far act as s1 + s2 more in the first word and s2 more in the second.
        words[:, 0] += before[:, 0] + before[:, 1]
        words[:, 1] += before[:, 1]
        missing = fields[:, 4:6] - checksums(words, _WEIGHTS)
        salts = np.frombuffer(block, np.uint8).reshape(-1, FRAME)[:, 8:16]
        parts.append(_Frames(fields[:, 0], fields[:, 1], salts, missing))
        sums = fields[-1, 4:6]
    return _Frames(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _end_of_commit(
    frames: _Frames,
    ours: NDArray[np.bool_],
    sound: NDArray[np.bool_],
    bad: int,
    right: int | None,
) -> int:
    """Last frame of the commit that the unsound frame ``bad`` belongs to, as far as can be known.

    A commit field is believed in a sound frame, and in the unsound one when it was put ``right`` or
    when its header, in one sector, reached the disk: else it may be that of an earlier log.
    """
    start = HEADER + bad * FRAME
    in_one_sector = start // _SECTOR == (start + 23) // _SECTOR
    if right or (in_one_sector and ours[bad] and frames.commit[bad]):
        return bad
    later = np.flatnonzero(sound[bad + 1 :] & (frames.commit[bad + 1 :] > 0))
    return bad + 1 + int(later[0]) if later.size else len(sound)


def _with_one_byte_right(
    log: RawFile, order: str, frames: _Frames, row: int, salts: bytes
) -> int | None:
    """The commit field of a frame that one byte, put right, makes sound; None when none does.

    By chance one does in 1 of 2**44 torn frames.
    """
    others = sum(a != b for a, b in zip(frames.salts[row].tolist(), salts, strict=True))
    missing = frames.missing[row]
    commit = int(frames.commit[row])
    if others or not missing.any():
        return commit if others == 1 and not missing.any() else None
    frame = log.read(FRAME, HEADER + row * FRAME)
    stored = _words(frame, ">u4", FRAME)[0, 4:6]
    if _bytes_changed(stored ^ (stored - missing)).sum() == 1:
        return commit
    # A word more by d adds d times its weights to the sums. One weight is odd, which gives d.
    words = _summed(frame, order)[0]
    more = np.where(
        _WEIGHTS[0] & 1,
        missing[0] * _inverses(_WEIGHTS[0]),
        missing[1] * _inverses(_WEIGHTS[1]),
    )
    fits = (more * _WEIGHTS == missing[:, None]).all(axis=0)
    found = np.flatnonzero(fits & (_bytes_changed(words ^ (words + more)) == 1))
    if not found.size:
        return None
    return int((words + more)[1]) if found[0] == 1 else commit


def _bytes_changed(differences: Words) -> NDArray[np.int64]:
    """How many bytes of each word differ."""
    changed: NDArray[np.int64] = (differences.view(np.uint8).reshape(-1, 4) > 0).sum(axis=1)
    return changed


def _inverses(odd: Words) -> Words:
    """Inverses modulo 2**32; where a number is even, nothing of meaning."""
    inverses = odd.copy()
    for _ in range(4):  # Newton's iteration doubles the bits that are right: 3, 6, 12, 24, 48
        inverses *= np.uint32(2) - odd * inverses
    return inverses
