"""Pages of a list: so many at a time, and a token for where to go on."""

from __future__ import annotations

import base64
import binascii
import heapq
from collections.abc import Iterable
from typing import Final

from dispatch.errors import InvalidFieldError
from dispatch.service.names import order

DEFAULT_SIZE: Final = 100
LARGEST_SIZE: Final = 1000
LARGEST_PAGE_BYTES: Final = 2_000_000
"""A page ends early there: clients take messages of up to 4 MB unless told otherwise."""


def page_size(value: int) -> int:
    """How many to give.

    Raises
    ------
    InvalidFieldError
        It is below 0 or above 1000.
    """
    if not 0 <= value <= LARGEST_SIZE:
        raise InvalidFieldError("page_size", value, f"1 to {LARGEST_SIZE}, or 0 for {DEFAULT_SIZE}")
    return value or DEFAULT_SIZE


def page_after(ids: Iterable[str], size: int, token: str) -> tuple[list[str], str]:
    """The next ids in order and the token of the page after; "" when there is none.

    What comes or goes meanwhile moves nothing: a token says after which id to go on.

    Raises
    ------
    InvalidFieldError
        The token is none of ours.
    """
    after = order(_last(token)) if token else (0, "")
    found = heapq.nsmallest(size + 1, (i for i in ids if order(i) > after), key=order)
    return found[:size], token_after(found[size - 1]) if len(found) > size else ""


def token_after(last: str) -> str:
    """The token of the page that begins after an id."""
    return base64.urlsafe_b64encode(f"after {last}".encode()).decode()


def _last(token: str) -> str:
    try:
        text = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    if not text.startswith("after "):
        raise InvalidFieldError("page_token", token, "the next_page_token of the page before")
    return text.removeprefix("after ")
