"""How large an answer may be: what the line would not carry is refused in words."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import Message

from dispatch.errors import InvalidFieldError

LARGEST_ANSWER: Final = 4_000_000
"""Bytes: clients take messages of up to 4 MB unless told otherwise."""


def check_size(answer: Message, field: str, value: object, instead: str) -> None:
    """Refuse an answer that is too large.

    Parameters
    ----------
    field, value
        What of the question made it so large.
    instead
        What to ask for.

    Raises
    ------
    InvalidFieldError
        It is; says by how much.
    """
    size = answer.ByteSize()
    if size > LARGEST_ANSWER:
        allowed = f"{instead}: the answer is of {size} bytes and may be of {LARGEST_ANSWER}"
        raise InvalidFieldError(field, value, allowed)
