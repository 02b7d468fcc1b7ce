"""The simple values that several files share, with what is allowed for each."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Id = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}\Z",
        description="1 to 64 of the characters A-Z a-z 0-9 _ -",
    ),
]
"""What a centre calls a unit, a station or a hospital: part of a resource name."""

Code = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{0,63}\Z",
        description="a small letter, then up to 63 of a-z 0-9 _",
    ),
]
"""A word of the centre's own: an incident type, a capability, a kind."""

Text = Annotated[
    str,
    Meta(pattern=r"^\S(.*\S)?\Z", max_length=200, description="text of 1 to 200 characters"),
]
"""A name for people to read, on one line and without blanks around it."""

Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
