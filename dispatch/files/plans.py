"""plans.yaml: what an incident of a type and priority needs, and how soon."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from dispatch.emergency.plans import (
    CapabilityName,
    IncidentType,
    PlannedNeed,
    ResponsePlan,
    ResponsePlans,
)
from dispatch.files.document import Document, read_document
from dispatch.files.words import Code, Text
from dispatch.model import GRAVEST_PRIORITY, LOWEST_PRIORITY, Capability

MOST_UNITS_A_NEED: Final = 50
LONGEST_TARGET_S: Final = 24 * 3600

_Priority = Annotated[int, Meta(ge=GRAVEST_PRIORITY, le=LOWEST_PRIORITY)]
_Count = Annotated[int, Meta(ge=1, le=MOST_UNITS_A_NEED)]


class _Names(msgspec.Struct, forbid_unknown_fields=True):
    name: Text
    name_en: Text


class _Plan(msgspec.Struct, forbid_unknown_fields=True):
    target_s: Annotated[int, Meta(ge=1, le=LONGEST_TARGET_S)]
    needs: Annotated[dict[Code, _Count], Meta(min_length=1)]
    transport: bool = False


class _Type(msgspec.Struct, forbid_unknown_fields=True):
    name: Text
    name_en: Text
    automatic: bool
    default_priority: _Priority
    priorities: Annotated[dict[_Priority, _Plan], Meta(min_length=1)]


class _PlansFile(msgspec.Struct, forbid_unknown_fields=True):
    capabilities: Annotated[dict[Code, _Names], Meta(min_length=1)]
    incident_types: Annotated[dict[Code, _Type], Meta(min_length=1)]


def default_plans_path() -> Path:
    """The response plans that the product ships: a beginning, to be copied and changed."""
    return Path(str(resources.files("dispatch") / "defaults" / "plans.yaml"))


def read_plans(path: Path) -> ResponsePlans:
    """Read the response plans of a centre.

    Parameters
    ----------
    path
        A plans.yaml (see ``docs/files.md``).

    Returns
    -------
    ResponsePlans
        Checked: every capability that a plan needs is declared. Its version is ``sha256:…`` of
        what it says, whatever the comments and the order of keys within the file's lines.

    Raises
    ------
    FileRefusedError
        The file is refused; says the line, the field, its value and what is allowed.
    """
    document = read_document(path, _PlansFile)
    file = document.value
    _check(document)
    plans = ResponsePlans(
        capabilities={
            Capability(code): CapabilityName(Capability(code), names.name, names.name_en)
            for code, names in file.capabilities.items()
        },
        types={code: _incident_type(code, kind) for code, kind in file.incident_types.items()},
        version="",
    )
    return msgspec.structs.replace(plans, version=_version(plans))


def _check(document: Document[_PlansFile]) -> None:
    file = document.value
    for code, kind in file.incident_types.items():
        steps = ("incident_types", code)
        if kind.default_priority not in kind.priorities:
            planned = [str(p) for p in sorted(kind.priorities)]
            inner = (*steps, "default_priority")
            raise document.refusal(inner, kind.default_priority, planned)
        for priority, plan in kind.priorities.items():
            for capability in plan.needs:
                if capability not in file.capabilities:
                    need = (*steps, "priorities", str(priority), "needs", capability)
                    raise document.refusal(need, capability, file.capabilities)


def _incident_type(code: str, kind: _Type) -> IncidentType:
    return IncidentType(
        code=code,
        name=kind.name,
        name_en=kind.name_en,
        automatic=kind.automatic,
        default_priority=kind.default_priority,
        plans={
            priority: ResponsePlan(
                priority=priority,
                needs=tuple(PlannedNeed(Capability(c), n) for c, n in plan.needs.items()),
                target_s=plan.target_s,
                transport=plan.transport,
            )
            for priority, plan in sorted(kind.priorities.items())
        },
    )


def _version(plans: ResponsePlans) -> str:
    plain = msgspec.to_builtins(plans, str_keys=True)
    canonical = msgspec.json.encode(plain, order="sorted")
    return f"sha256:{hashlib.sha256(canonical).hexdigest()}"
