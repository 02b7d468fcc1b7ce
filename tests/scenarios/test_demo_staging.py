"""Two calls are turned into what is staged; the others stay as they were drawn."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from dispatch.emergency.plans import ResponsePlans
from dispatch.files.plans import default_plans_path, read_plans
from roadnets.geo import LonLat
from scenarios.closure import Detour
from scenarios.demand import Call, CallPlaces, Load, draw_calls
from scenarios.demo_staging import CLOSED_FROM_S, OVERRIDE_FROM_S, SENT_TWICE, with_staged
from tests.roadnets.networks import grid

NEAR = Detour(LonLat(116.392, 39.902), "桥头", "rescue_height", 2, "ladder", 60, 300)


@pytest.fixture(scope="module")
def plans() -> ResponsePlans:
    return read_plans(default_plans_path())


@pytest.fixture(scope="module")
def calls(plans: ResponsePlans) -> tuple[Call, ...]:
    rng = np.random.default_rng(1)
    return draw_calls(CallPlaces(grid(4, 4)), plans, Load(45.0, 15.0), rng, at_least=60)


def changed(before: tuple[Call, ...], after: tuple[Call, ...]) -> list[Call]:
    return [b for a, b in zip(before, after, strict=True) if a != b]


def test_one_call_waits_for_a_person(calls: tuple[Call, ...], plans: ResponsePlans) -> None:
    (turned,) = changed(calls, with_staged(calls, None, plans))
    assert turned.at_s > OVERRIDE_FROM_S
    assert not plans.types[turned.incident_type].automatic


def test_one_call_comes_from_near_the_bridge(calls: tuple[Call, ...], plans: ResponsePlans) -> None:
    staged = with_staged(calls, NEAR, plans)
    turned = changed(calls, staged)[-1]
    assert turned.at_s > CLOSED_FROM_S
    assert (turned.point, turned.address) == (NEAR.point, NEAR.address)
    assert (turned.incident_type, turned.priority) == (NEAR.incident_type, NEAR.priority)
    assert turned.service == "119"
    assert staged[: SENT_TWICE + 1] == calls[: SENT_TWICE + 1]
    assert [call.at_s for call in staged] == [call.at_s for call in calls]


def test_plans_in_which_nothing_waits_are_left_alone(
    calls: tuple[Call, ...], plans: ResponsePlans
) -> None:
    types = {c: msgspec.structs.replace(k, automatic=True) for c, k in plans.types.items()}
    assert with_staged(calls, None, msgspec.structs.replace(plans, types=types)) == calls


def test_no_calls_stay_no_calls(plans: ResponsePlans) -> None:
    assert with_staged((), NEAR, plans) == ()
