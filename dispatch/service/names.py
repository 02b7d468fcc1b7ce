"""Resource names: ``incidents/E000001`` on the wire, ``E000001`` inside."""

from __future__ import annotations

from typing import Final

INCIDENTS: Final = "incidents"
UNITS: Final = "units"
ASSIGNMENTS: Final = "assignments"
PROPOSALS: Final = "proposals"
CONDITIONS: Final = "conditions"
HOSPITALS: Final = "hospitals"
STATIONS: Final = "stations"

_KIND_OF_LETTER: Final = {"E": INCIDENTS, "D": ASSIGNMENTS, "P": PROPOSALS, "C": CONDITIONS}
_KIND_OF_FIELD: Final = {"incident": INCIDENTS, "unit": UNITS, "proposal": PROPOSALS}


def name_of(collection: str, resource_id: str | None) -> str:
    """The resource name of an id; empty for none."""
    return f"{collection}/{resource_id}" if resource_id else ""


def id_of(collection: str, name: str) -> str:
    """The id in a resource name; a name without its collection is taken as the id itself."""
    return name.strip().removeprefix(f"{collection}/")


def collection_of(field: str, value: str) -> str:
    """Which kind of resource a field's value names, as far as can be told; "" otherwise."""
    last = field.rpartition(".")[2].partition("[")[0]
    if last in _KIND_OF_FIELD:
        return _KIND_OF_FIELD[last]
    bare = value.rpartition("/")[2]
    if bare[:1] in _KIND_OF_LETTER and bare[1:].isdigit():
        return _KIND_OF_LETTER[bare[0]]
    return value.partition("/")[0] if "/" in value else ""


def order(resource_id: str) -> tuple[int, str]:
    """Sort key of ids that count up: E999999 before E1000000."""
    return len(resource_id), resource_id


def snake(name: str) -> str:
    """``ReportIncident`` as ``report_incident``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
