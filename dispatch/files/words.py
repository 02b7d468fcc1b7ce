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

_BREAKS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"

Text = Annotated[
    str,
    Meta(
        pattern=rf"^(?=\S)[^{_BREAKS}]{{1,200}}(?<=\S)\Z",
        description="text of 1 to 200 characters on one line",
    ),
]
"""A name for people to read, without blanks around it."""

OptionalText = Annotated[
    str,
    Meta(pattern=rf"^[^{_BREAKS}]{{0,200}}\Z", description="text of up to 200 characters"),
]
"""A name, or a foreign system's id; it may be empty."""

Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
