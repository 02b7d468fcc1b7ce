"""The status machine: what is due, what is irregular, what comes too late."""

from itertools import pairwise

import pytest

from dispatch.fleet.status import ARRIVED, BACK, CROSSING, OUT, UNDER_WAY, is_irregular, is_late
from dispatch.model import UnitStatus as S
from tests.dispatch.builders import after

A_JOB = (
    S.AVAILABLE,
    S.MOBILISING,
    S.EN_ROUTE,
    S.ON_SCENE,
    S.TRANSPORTING,
    S.AT_HOSPITAL,
    S.RETURNING,
    S.AVAILABLE,
)


def test_every_press_of_a_whole_job_is_regular() -> None:
    for previous, status in pairwise(A_JOB):
        assert not is_irregular(previous, status, held=status in UNDER_WAY)


@pytest.mark.parametrize("status", S)
def test_a_repeated_press_is_irregular(status: S) -> None:
    assert is_irregular(status, status, held=True)


@pytest.mark.parametrize(
    ("previous", "status"),
    [
        (S.MOBILISING, S.ON_SCENE),
        (S.EN_ROUTE, S.TRANSPORTING),
        (S.EN_ROUTE, S.AVAILABLE),
        (S.ON_SCENE, S.EN_ROUTE),
        (S.OFF_DUTY, S.MOBILISING),
    ],
)
def test_a_step_left_out_or_taken_back_is_irregular(previous: S, status: S) -> None:
    assert is_irregular(previous, status, held=True)


@pytest.mark.parametrize("status", sorted(UNDER_WAY))
def test_under_way_without_an_order_is_irregular(status: S) -> None:
    previous = A_JOB[A_JOB.index(status) - 1]
    assert not is_irregular(previous, status, held=True)
    assert is_irregular(previous, status, held=False)


@pytest.mark.parametrize(
    "previous", [s for s in S if s is not S.OUT_OF_SERVICE and s != "off_duty"]
)
def test_a_unit_may_break_down_at_any_time(previous: S) -> None:
    assert not is_irregular(previous, S.OUT_OF_SERVICE, held=False)


def test_a_step_behind_the_known_one_is_late_when_it_happened_before_it() -> None:
    assert is_late(S.EN_ROUTE, after(60), S.ON_SCENE, after(300), ordered=after(0))
    assert is_late(S.ON_SCENE, after(300), S.TRANSPORTING, after(900), ordered=after(0))


def test_a_step_back_that_happened_later_is_not_late() -> None:
    assert not is_late(S.EN_ROUTE, after(400), S.ON_SCENE, after(300), ordered=after(0))


def test_a_slow_clock_does_not_make_the_next_step_late() -> None:
    """The crew's clock is two minutes behind the desk's, by which the order went out."""
    assert not is_late(S.EN_ROUTE, after(-70), S.MOBILISING, after(0), ordered=after(0))


@pytest.mark.parametrize("status", sorted(BACK | ARRIVED))
def test_what_happened_before_the_order_tells_of_the_last_job(status: S) -> None:
    assert is_late(status, after(-1), S.MOBILISING, after(0), ordered=after(0))
    later = after(CROSSING.total_seconds())
    assert not is_late(status, later, S.MOBILISING, after(0), ordered=after(0))


@pytest.mark.parametrize("status", sorted(BACK))
def test_who_says_back_just_after_the_order_has_not_heard_of_it(status: S) -> None:
    assert is_late(status, after(3), S.MOBILISING, after(0), ordered=after(0))
    assert not is_late(status, after(3), S.EN_ROUTE, after(2), ordered=after(0))


@pytest.mark.parametrize("status", sorted(ARRIVED))
def test_who_is_there_just_after_the_order_is_believed(status: S) -> None:
    assert not is_late(status, after(3), S.MOBILISING, after(0), ordered=after(0))


@pytest.mark.parametrize("status", [S.OUT_OF_SERVICE, S.OFF_DUTY])
def test_who_could_not_take_the_order_is_believed_though_told_late(status: S) -> None:
    assert not is_late(status, after(-600), S.MOBILISING, after(0), ordered=after(0))


@pytest.mark.parametrize("status", sorted(OUT))
def test_who_cannot_go_is_believed_with_a_slow_clock_but_not_hours_later(status: S) -> None:
    assert not is_late(status, after(-5), S.RETURNING, after(0), ordered=None)
    assert is_late(status, after(-7200), S.AVAILABLE, after(0), ordered=None)


@pytest.mark.parametrize("status", sorted(set(S) - OUT))
def test_without_an_order_the_newest_press_counts(status: S) -> None:
    assert is_late(status, after(9), S.RETURNING, after(10), ordered=None)
    assert not is_late(status, after(10), S.RETURNING, after(10), ordered=None)
    assert not is_late(status, after(-999), S.AVAILABLE, None, ordered=None)
