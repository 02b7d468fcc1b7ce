from __future__ import annotations

from dispatch.emergency.largest_needs import largest_needs
from dispatch.emergency.plans import (
    CapabilityName,
    IncidentType,
    PlannedNeed,
    ResponsePlan,
    ResponsePlans,
)
from dispatch.model import Capability

ALS, BLS, BOAT = Capability("als"), Capability("bls"), Capability("boat")


def plan(priority: int, **needs: int) -> ResponsePlan:
    wanted = tuple(PlannedNeed(Capability(c), n) for c, n in needs.items())
    return ResponsePlan(priority, wanted, 600)


def test_the_largest_number_of_each_capability_that_a_plan_needs() -> None:
    types = [
        IncidentType("a", "a", "a", True, 1, {1: plan(1, als=1, bls=3), 2: plan(2, bls=1)}),
        IncidentType("b", "b", "b", True, 1, {1: plan(1, als=2)}),
    ]
    plans = ResponsePlans(
        capabilities={c: CapabilityName(c, c, c) for c in (BOAT, BLS, ALS)},
        types={t.code: t for t in types},
        version="",
    )
    assert largest_needs(plans) == {BLS: 3, ALS: 2}
    assert list(largest_needs(plans)) == [BLS, ALS]
