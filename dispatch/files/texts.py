"""Files as bytes, as text, and as YAML nodes that know their lines."""

from __future__ import annotations

from pathlib import Path

import yaml

from dispatch.files.refusals import refuse


def read_text(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    Raises
    ------
    FileRefusedError
        There is no such file, it cannot be read, or it is not UTF-8.
    """
    name = str(path)
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refuse(
            name, line, (), f"is not UTF-8 at byte {error.start + 1}", "", "text saved as UTF-8"
        ) from error


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Raises
    ------
    FileRefusedError
        There is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        problem = "does not exist"
        raise refuse(str(path), 0, (), problem, "", "the path of a file") from error
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise refuse(str(path), 0, (), problem, "", "a readable file") from error


def compose(name: str, text: str) -> yaml.Node:
    """Parse with PyYAML's Python parser: its C parser dies of deep nesting, this one raises."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        began = error.context_mark
        since = f" ({error.context} from line {began.line + 1})" if began else ""
        problem = f"is not YAML: {error.problem}{since}"
        raise refuse(name, line, (), problem, "", "one YAML document") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"is not YAML: character #x{error.character:04x}"
        raise refuse(name, line, (), problem, "", "printable text") from error
    except RecursionError as error:
        raise refuse(name, 1, (), "is nested too deeply", "", "a few levels") from error
    if node is None:
        raise refuse(name, 1, (), "is empty", "", "one YAML document")
    return node
