"""A calibration as a JSON file, which people may read and correct."""

from __future__ import annotations

import json
from pathlib import Path

from roadnets.calibration.uncertainty import Calibration
from roadnets.errors import SourceError
from roadnets.tensorfile import write_atomically


def read_calibration(path: Path) -> Calibration:
    """Read what ``write_calibration`` wrote.

    Raises
    ------
    SourceError
        The file cannot be read, or is no calibration; names the field and what is allowed.
    """
    try:
        given = json.loads(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise SourceError(f"{path.name} is not a calibration: names with values are needed")
    try:
        return Calibration.from_mapping(given)
    except ValueError as error:
        raise SourceError(f"{path.name}: {error}") from error


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration; the same one gives the same bytes.

    Raises
    ------
    SourceError
        The file cannot be written.
    """
    text = json.dumps(calibration.to_mapping(), ensure_ascii=False, indent=2) + "\n"
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise SourceError(f"{path.name} cannot be written: {error.strerror}") from error
