"""What roadnets refuses, and how it says so."""

from __future__ import annotations


class RoadnetsError(Exception):
    """Base of every error that roadnets raises on purpose; its text is fit for an operator."""


class SourceError(RoadnetsError):
    """A street source cannot be read: says what is wrong and where."""


class NetworkFileError(RoadnetsError):
    """A network file is missing, broken or of another format version."""


class PointError(RoadnetsError):
    """A point cannot be planned on: untagged, out of range, or too far from any street."""


class UnknownStreetError(RoadnetsError):
    """A condition names a street that the network does not have."""


class PlaceTextError(RoadnetsError):
    """A text cannot be looked up: empty, too long, or asked for in a way that makes no sense."""
