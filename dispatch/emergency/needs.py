"""What an incident needs: from its type, its place and the response plans."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from dispatch.emergency.model import UNCLASSIFIED, Assigned, Deciding, Fate, Need, Unmet
from dispatch.emergency.plans import ResponsePlan
from dispatch.model import Capability, NeedId, Remark
from roadnets.geo import LonLat


def needs_of(
    plan: ResponsePlan | None, location: LonLat | None, kept: tuple[Need, ...] = ()
) -> tuple[Need, ...]:
    """The needs of an incident: those that units are assigned to, then the plan's others in order.

    Parameters
    ----------
    plan
        None while the type is unknown: then there is one need that no unit can serve.
    location
        None while unresolved: then every need is unmet for that reason.
    kept
        The needs until now. Those that units are assigned to stay and count towards the plan;
        those beyond it are surplus.
    """
    fate = open_fate(location, typed=plan is not None)
    wanted = (
        Counter({UNCLASSIFIED: 1})
        if plan is None
        else Counter({need.capability: need.count for need in plan.needs})
    )
    assigned = _assigned(kept, wanted)
    missing = wanted - Counter(need.capability for need in assigned)
    return (*assigned, *_new(missing, {need.need_id for need in assigned}, fate))


def _assigned(kept: tuple[Need, ...], wanted: Counter[Capability]) -> tuple[Need, ...]:
    left = wanted.copy()
    assigned: list[Need] = []
    for need in kept:
        if isinstance(need.fate, Assigned):
            assigned.append(replace(need, surplus=left[need.capability] <= 0))
            left[need.capability] -= 1
    return tuple(assigned)


def open_fate(location: LonLat | None, *, typed: bool) -> Fate:
    """What becomes of a need that nobody goes to: it is decided, or it says why it cannot be."""
    if not typed:
        return Unmet(Remark("type_unmapped"))
    if location is None:
        return Unmet(Remark("location_unresolved"))
    return Deciding()


def _new(missing: Counter[Capability], taken: set[NeedId], fate: Fate) -> tuple[Need, ...]:
    fresh: list[Need] = []
    for capability, count in missing.items():
        number = 0
        for _ in range(count):
            number += 1
            while f"{capability}-{number}" in taken:
                number += 1
            fresh.append(Need(NeedId(f"{capability}-{number}"), capability, fate))
    return tuple(fresh)
