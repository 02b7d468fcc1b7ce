"""The service's time as a client knows it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from scenarios.clock import ServiceClock

START = datetime(2026, 1, 5, tzinfo=UTC)


def test_it_runs_as_fast_as_told() -> None:
    clock = ServiceClock(1000.0, START)
    time.sleep(0.05)
    assert 45 <= (clock.now() - START).total_seconds() < 1000


def test_it_jumps_forward_to_what_the_service_says_and_never_back() -> None:
    clock = ServiceClock(1.0, START)
    later = START + timedelta(hours=1)
    clock.learn(later)
    assert clock.now() >= later
    clock.learn(START)
    assert clock.now() >= later


def test_it_stands_while_the_service_is_down() -> None:
    clock = ServiceClock(1000.0, START)
    stands = clock.pause()
    time.sleep(0.01)
    clock.learn(stands + timedelta(hours=1))
    assert clock.now() == stands
    clock.resume()
    assert stands <= clock.now() < stands + timedelta(minutes=10)


async def test_sleep_is_in_the_services_time() -> None:
    clock = ServiceClock(1000.0, START)
    began = time.monotonic()
    await clock.sleep(50.0)
    assert (clock.now() - START).total_seconds() >= 50
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("seconds", [0.0, -5.0])
async def test_no_time_takes_no_time(seconds: float) -> None:
    await ServiceClock(1.0, START).sleep(seconds)
