"""Which plan a priority gets."""

import pytest

from dispatch.emergency.plans import IncidentType, ResponsePlan


def type_with(*priorities: int) -> IncidentType:
    plans = {p: ResponsePlan(p, (), target_s=60 * p) for p in priorities}
    return IncidentType("fire", "火灾", "Fire", automatic=False, default_priority=2, plans=plans)


@pytest.mark.parametrize(("priority", "planned"), [(1, 1), (2, 1), (3, 3), (4, 3)])
def test_the_next_graver_plan_serves_a_priority_without_one(priority: int, planned: int) -> None:
    assert type_with(1, 3).plan(priority).priority == planned


@pytest.mark.parametrize("priority", [1, 2])
def test_where_no_plan_is_as_grave_the_gravest_serves(priority: int) -> None:
    assert type_with(4, 3).plan(priority).priority == 3
