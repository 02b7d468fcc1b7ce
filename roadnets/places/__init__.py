"""A text to a point: streets, crossings, house numbers, compounds, gates, kilometre posts.

``PlaceFinder(network).find(text, limit, near)`` is all that a caller needs.
"""

from roadnets.places.finder import PlaceFinder
from roadnets.places.found import (
    LONGEST_TEXT,
    MOST_PLACES,
    FoundKind,
    FoundPlace,
    NoPlace,
    PlaceAnswer,
    PlaceNote,
)

__all__ = (
    "LONGEST_TEXT",
    "MOST_PLACES",
    "FoundKind",
    "FoundPlace",
    "NoPlace",
    "PlaceAnswer",
    "PlaceFinder",
    "PlaceNote",
)
