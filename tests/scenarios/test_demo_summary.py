"""The figures of a run, from its facts."""

from __future__ import annotations

import pytest

from dispatch.emergency.commands import CloseIncident, PressStatus
from dispatch.model import UnitId, UnitStatus
from scenarios.demo_summary import UNDECIDED, distribution, figures, final_incidents, minutes
from tests.scenarios.story import Story


@pytest.fixture
def story() -> Story:
    return Story()


def press(story: Story, unit: str, status: UnitStatus, at_s: float) -> None:
    story.do(PressStatus(UnitId(unit), status), at_s)


def test_nothing_happened() -> None:
    told = figures([])
    assert (told.calls, told.needs, told.assigned, told.on_time_share) == (0, 0, 0, 1.0)


def test_a_call_that_is_reached_in_time(story: Story) -> None:
    incident = story.report("chest_pain", 10)
    story.propose(incident, 12, als_1="A1")
    press(story, "A1", UnitStatus.EN_ROUTE, 70)
    press(story, "A1", UnitStatus.ON_SCENE, 410)
    told = figures(story.facts)
    assert (told.calls, told.needs, told.assigned) == (1, 1, 1)
    assert told.response_s == (400.0,)
    assert told.on_time_share == 1.0


def test_only_the_first_unit_on_scene_counts(story: Story) -> None:
    incident = story.report("cardiac_arrest", 0)
    story.propose(incident, 1, als_1="A1", bls_1="A2")
    press(story, "A2", UnitStatus.ON_SCENE, 200)
    press(story, "A1", UnitStatus.ON_SCENE, 900)
    assert figures(story.facts).response_s == (200.0,)


def test_late_is_what_comes_after_the_target(story: Story) -> None:
    first = story.report("chest_pain", 0)
    story.propose(first, 1, als_1="A1")
    press(story, "A1", UnitStatus.ON_SCENE, 601)
    told = figures(story.facts)
    assert (told.late, told.timed, told.on_time_share) == (1, 1, 0.0)


def test_a_call_that_nobody_has_reached_counts_once_its_target_has_passed(story: Story) -> None:
    story.report("chest_pain", 0)
    story.report("chest_pain", 500)
    story.report("chest_pain", 700)
    told = figures(story.facts)
    assert (told.late, told.timed) == (1, 1)
    assert told.response_s == ()


def test_needs_that_nobody_serves_say_why(story: Story) -> None:
    incident = story.report("cardiac_arrest", 0)
    story.propose(incident, 1, als_1="A1")
    story.leave(incident, "bls-1", "all_units_busy", 2)
    story.report("fall", 3)
    told = figures(story.facts)
    assert (told.needs, told.assigned) == (3, 1)
    assert told.unmet_reasons == {"all_units_busy": 1, UNDECIDED: 1}
    assert [need.need_id for need in told.unmet] == ["bls-1", "bls-1"]


def test_closed_incidents_count_as_they_were_closed(story: Story) -> None:
    incident = story.report("cardiac_arrest", 0)
    story.propose(incident, 1, als_1="A1")
    story.leave(incident, "bls-1", "all_units_busy", 2)
    press(story, "A1", UnitStatus.ON_SCENE, 100)
    press(story, "A1", UnitStatus.AVAILABLE, 1000)
    story.do(CloseIncident(incident, "resolved"), 1100)
    assert [i.incident_id for i in final_incidents(story.facts)] == [incident]
    told = figures(story.facts)
    assert (told.calls, told.needs, told.assigned) == (1, 2, 1)
    assert told.response_s == (100.0,)


def test_an_order_taken_back_leaves_its_need_open(story: Story) -> None:
    incident = story.report("chest_pain", 0)
    story.propose(incident, 1, als_1="A1")
    story.do(PressStatus(UnitId("A1"), UnitStatus.OUT_OF_SERVICE, reason="engine"), 90)
    assert figures(story.facts).unmet_reasons == {UNDECIDED: 1}


def test_a_distribution_is_rounded_and_may_be_empty() -> None:
    assert distribution([1, 2, 3, 10], 50) == {"mean": 4.0, "p50": 2.5}
    assert distribution([], 50, 90) == {"mean": None, "p50": None, "p90": None}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (65, "1:05"), (59.6, "1:00"), (3601, "60:01"), (None, "?")]
)
def test_minutes_are_written_as_clocks_do(seconds: float | None, text: str) -> None:
    assert minutes(seconds) == text
