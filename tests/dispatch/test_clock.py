from datetime import UTC, datetime, timedelta

import pytest

import dispatch.clock as clock_module
from dispatch.clock import ScaledClock, SystemClock

NOON = datetime(2026, 7, 20, 12, tzinfo=UTC)


class Told:
    """Stands for ``datetime`` in the clock: tells the times it is given."""

    def __init__(self, *times: datetime) -> None:
        self._times = iter(times)

    def now(self, zone: object) -> datetime:
        assert zone is UTC
        return next(self._times)


def test_the_system_clock_is_the_time_of_day():
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)


def test_the_system_clock_stands_still_when_the_machine_s_goes_back(monkeypatch):
    second = timedelta(seconds=1)
    told = Told(NOON, NOON + 5 * second, NOON + second, NOON + 6 * second)
    monkeypatch.setattr(clock_module, "datetime", told)
    clock = SystemClock()
    assert [clock.now() for _ in range(3)] == [
        NOON + 5 * second,
        NOON + 5 * second,
        NOON + 6 * second,
    ]


def test_a_scaled_clock_runs_faster(monkeypatch):
    instants = iter([100.0, 101.0, 103.5])
    monkeypatch.setattr(clock_module.time, "monotonic", lambda: next(instants))
    clock = ScaledClock(60.0, NOON)
    assert clock.now() == NOON + timedelta(minutes=1)
    assert clock.now() == NOON + timedelta(minutes=3, seconds=30)


def test_what_a_scaled_clock_does_not_take():
    with pytest.raises(ValueError, match="more than 0"):
        ScaledClock(0.0, NOON)
    with pytest.raises(ValueError, match="no time zone"):
        ScaledClock(1.0, datetime(2026, 7, 20))  # noqa: DTZ001 - that is what is refused
