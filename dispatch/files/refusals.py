"""How a refusal of a file reads: the file, the line, the field, its value and what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from dispatch.errors import FileRefusedError

Steps = tuple[str | int, ...]
"""The way from the top of a file to a value: keys and list indices."""

_LISTED_AT_MOST: Final = 20
_SHOWN_AT_MOST: Final = 60
_WORD: Final = re.compile(r"[\w-]+\Z")


class Verbatim(str):
    """Text shown without quotes: a number as it stands in the file."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def refuse(
    name: str,
    line: int,
    steps: Steps,
    problem: str,
    value: object,
    allowed: str | Iterable[str],
    nearest: Iterable[str] = (),
) -> FileRefusedError:
    """Make the one sentence that every refusal of a file is.

    Parameters
    ----------
    name
        The file as the operator named it.
    line
        Counted from 1; 0 where the file as a whole is meant.
    steps
        The way to the value; empty for the file itself.
    problem
        What is wrong with it: a phrase with a verb.
    value
        What is there.
    allowed
        A phrase, or the values to choose from: then the nearest one is suggested.
    nearest
        Where ``allowed`` is a phrase: values of which the nearest is suggested.

    Returns
    -------
    FileRefusedError
        Its details are ``file``, ``line``, ``field``, ``value`` and ``allowed``.
    """
    if not isinstance(allowed, str):
        nearest = list(allowed)
        allowed = listed(nearest)
    near = difflib.get_close_matches(str(value), nearest, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    field = show_steps(steps)
    place = f"{name}:{line}" if line else name
    return FileRefusedError(
        f"{place}: {field or 'the file'} {problem}; allowed: {allowed}{hint}",
        file=name,
        line=str(line),
        field=field,
        value=str(value),
        allowed=allowed,
    )


def listed(known: Collection[str]) -> str:
    """Join values for a sentence, the first twenty where there are many."""
    if not known:
        return "none, there are none"
    if len(known) <= _LISTED_AT_MOST:
        return ", ".join(known)
    return f"{', '.join(list(known)[:_LISTED_AT_MOST])}, … ({len(known)} in all)"


def show_steps(steps: Steps) -> str:
    """Write the way to a value: ``units[3].capabilities[0]``."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _WORD.match(step):
            text += f".{step}" if text else step
        else:
            text += f"[{step!r}]"
    return text


def show(value: object) -> str:
    """Write a value for a sentence: short, text in quotes."""
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a group of keys"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN_AT_MOST else f"{text[: _SHOWN_AT_MOST - 1]}…"
