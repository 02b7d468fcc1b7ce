"""Live speeds: the newest counts, fades, and nonsense is refused whole."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from roadnets.weights.live_speeds import CRAWL_KPH, LiveSpeeds

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
NOW_S = NOW.timestamp()


def test_measurements_fade_into_the_profile():
    live = LiveSpeeds.none(5, fresh_s=100, gone_s=300)
    ages = np.array([0.0, 100.0, 200.0, 300.0])
    live = live.with_measured([0, 1, 2, 3], [30] * 4, NOW_S - ages, NOW)
    assert live.weight(NOW).tolist() == [1, 1, 0.5, 0, 0]
    assert live.known(NOW) == 3
    later = NOW + timedelta(seconds=150)
    assert live.weight(later).tolist() == [0.75, 0.25, 0, 0, 0]
    assert live.weight(later + timedelta(days=1)).tolist() == [0] * 5
    assert LiveSpeeds.none(5).known(NOW) == 0


def test_the_newest_counts_whatever_the_order():
    first = LiveSpeeds.none(3).with_measured(
        [0, 1, 1], [10, 20, 30], NOW_S - np.array([60, 50, 70]), NOW
    )
    assert first.kph[:2].tolist() == [10, 20]
    second = first.with_measured([0, 1], [40, 50], NOW_S - np.array([90, 10]), NOW)
    assert second.kph[:2].tolist() == [10, 50]
    assert second.measured_s[:2].tolist() == [NOW_S - 60, NOW_S - 10]
    assert first.kph[1] == 20
    assert np.isnan(second.kph[2])
    assert not second.kph.flags.writeable
    assert not second.measured_s.flags.writeable


def test_segments_of_one_moment_share_the_edge():
    """Half of it at 20 and half at 60 km/h takes as long as all of it at 30."""
    live = LiveSpeeds.none(1).with_measured([0, 0], [20, 60], NOW_S, NOW)
    assert live.kph[0] == pytest.approx(30)
    again = live.with_measured([0], [50], NOW_S, NOW)
    assert again.kph[0] == 50


def test_a_standstill_crawls():
    assert LiveSpeeds.none(1).with_measured([0], [0], NOW_S, NOW).kph[0] == CRAWL_KPH


@pytest.mark.parametrize(
    ("edges", "kph", "ages_s", "message"),
    [
        ([0, 3], [10, 10], [0, 0], r"records\[1\].edge is 3; allowed: 0 to 2"),
        ([-1, 0], [10, 10], [0, 0], r"records\[0\].edge is -1"),
        ([0, 1], [10, -1], [0, 0], r"records\[1\].speed_kph is -1.0; allowed: 0 to 200"),
        ([0, 1], [10, 201], [0, 0], r"records\[1\].speed_kph is 201.0"),
        ([0, 1], [10, np.nan], [0, 0], r"records\[1\].speed_kph is nan"),
        ([0, 1], [10, np.inf], [0, 0], r"records\[1\].speed_kph is inf"),
        ([0, 1], [10, 10], [0, -61], r"records\[1\].measured_s is .*; allowed: 0 to 1795507260"),
        ([0, 1], [10, 10], [np.nan, 0], r"records\[0\].measured_s is nan"),
        ([0, 1], [10], [0, 0], r"edges has shape \(2,\), kph \(1,\)"),
    ],
)
def test_nonsense_is_refused_and_nothing_taken(edges, kph, ages_s, message):
    live = LiveSpeeds.none(3).with_measured([0], [33], NOW_S, NOW)
    with pytest.raises(ValueError, match=message):
        live.with_measured(edges, kph, NOW_S - np.array(ages_s, float), NOW)
    assert live.kph[0] == 33
    assert live.known(NOW) == 1


@pytest.mark.parametrize("times", [(-1, 10), (10, 10), (10, 5), (0, float("inf"))])
def test_fading_needs_sense(times):
    fresh_s, gone_s = times
    with pytest.raises(ValueError, match=f"fresh_s is {fresh_s} and gone_s {gone_s}; allowed"):
        LiveSpeeds.none(3, fresh_s=fresh_s, gone_s=gone_s)
