"""Quantiles of travel times: ordered, monotone, and told by the narrowest cell that is known."""

import json
import math
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadnets.calibration.uncertainty import (
    CONVENTIONS,
    UNCALIBRATED,
    Calibration,
    Cell,
    RoadGroup,
    Spread,
    TimeGroup,
    road_group,
    time_group,
)
from roadnets.geo import UNREACHABLE
from roadnets.network import HIGHWAY_CLASSES
from roadnets.travel import TravelMode
from tests.roadnets.networks import Street, make_network

BLUE = TravelMode.BLUE_LIGHT
SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY_8 = datetime(2026, 3, 2, 8, tzinfo=SHANGHAI)

spreads = st.builds(
    Spread,
    factor=st.floats(0.1, 10),
    exponent=st.floats(0.75, 1.25),
    cv_floor=st.floats(0, 1.5),
    cv_short=st.floats(0, 1.5),
)


def calibration(spread: Spread) -> Calibration:
    return Calibration(MappingProxyType({Cell(BLUE): spread}))


def test_the_median_of_a_convention_is_the_time_of_the_engine() -> None:
    seconds = np.array([[0, 1, 60], [300, 1200, 7200]])
    assert UNCALIBRATED.quantiles(seconds, BLUE, None, 0.5).tolist() == seconds.tolist()


def test_a_quantile_by_hand() -> None:
    spread = Spread(factor=1.2, exponent=0.9, cv_floor=0.2, cv_short=0.3)
    median = 1.2 * 600 * 2**-0.1
    sigma = math.sqrt(math.log(1 + 0.2**2 + 0.3**2 / 2))
    expected = median * math.exp(1.2815515655446004 * sigma)
    assert calibration(spread).quantiles([600], BLUE, None, 0.9)[0] == round(expected)
    assert calibration(spread).quantiles([600], BLUE, None, 0.5)[0] == round(median)


def test_drawn_times_lie_below_their_quantiles_as_often_as_they_should() -> None:
    spread = Spread(factor=1.1, cv_floor=0.25, cv_short=0.3)
    rng = np.random.default_rng(3)
    trip = np.full(100_000, 480.0)
    drawn = np.exp(spread.log_median(trip) + spread.sigma(trip) * rng.standard_normal(len(trip)))
    for q in (0.1, 0.5, 0.9, 0.99):
        assert (drawn <= spread.quantile(trip, q)).mean() == pytest.approx(q, abs=0.005)
    assert drawn.std() / drawn.mean() == pytest.approx(math.sqrt(0.25**2 + 0.3**2 / 1.6), rel=0.02)


@given(spread=spreads, low=st.floats(0.01, 0.99), high=st.floats(0.01, 0.99))
def test_never_less_for_a_longer_trip_or_a_greater_share(
    spread: Spread, low: float, high: float
) -> None:
    seconds = np.concatenate((np.arange(0, 400), np.geomspace(400, 2e5, 200).astype(np.int64)))
    model = calibration(spread)
    lower, higher = (model.quantiles(seconds, BLUE, None, q) for q in sorted((low, high)))
    assert (lower <= higher).all()
    assert (np.diff(lower) >= 0).all()
    assert (np.diff(higher) >= 0).all()


def test_a_longer_trip_is_surer_for_its_length() -> None:
    p50, p90 = (UNCALIBRATED.quantiles([60, 300, 1200], BLUE, None, q) for q in (0.5, 0.9))
    ratio = p90 / p50
    assert (np.diff(ratio) < 0).all()
    halves = UNCALIBRATED.quantiles([600, 300], BLUE, None, 0.9)
    assert halves[0] < 2 * halves[1], "not the sum of its parts"


def test_unreachable_stays_unreachable_and_nothing_else_becomes_it() -> None:
    times = calibration(Spread(factor=10)).quantiles(
        [UNREACHABLE, UNREACHABLE - 1], BLUE, None, 0.9
    )
    assert times.tolist() == [UNREACHABLE, UNREACHABLE - 1]
    assert UNCALIBRATED.quantiles([], BLUE, None, 0.9).tolist() == []


@pytest.mark.parametrize("q", [0, 0.009, 0.995, 1, math.nan])
def test_shares_that_are_not_allowed(q: float) -> None:
    with pytest.raises(ValueError, match=r"q is .*; allowed: 0.01 to 0.99"):
        UNCALIBRATED.quantiles([60], BLUE, None, q)


def test_no_time_is_below_0() -> None:
    with pytest.raises(ValueError, match="seconds has -1; allowed: 0 or more"):
        UNCALIBRATED.quantiles([-1], BLUE, None, 0.9)


@pytest.mark.parametrize(
    ("field", "value"),
    [("factor", 0.0), ("exponent", 0.7), ("cv_floor", -0.1), ("cv_short", math.nan), ("trips", -1)],
)
def test_spreads_that_are_not_allowed(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field} is .*; allowed: "):
        Spread(**{field: value})


# ---- cells ---------------------------------------------------------------------------------------


def test_the_narrowest_known_cell_tells() -> None:
    by_cell = {
        Cell(BLUE): Spread(factor=2),
        Cell(BLUE, TimeGroup.PEAK): Spread(factor=3),
        Cell(BLUE, TimeGroup.PEAK, RoadGroup.LOCAL): Spread(factor=4),
    }
    model = Calibration(MappingProxyType(by_cell), "Asia/Shanghai")
    night = MONDAY_8.replace(hour=3)
    assert model.spread(BLUE, MONDAY_8, RoadGroup.LOCAL).factor == 4
    assert model.spread(BLUE, MONDAY_8, RoadGroup.MAIN).factor == 3
    assert model.spread(BLUE, MONDAY_8).factor == 3
    assert model.spread(BLUE, night, RoadGroup.LOCAL).factor == 2
    assert model.spread(BLUE, None, RoadGroup.LOCAL).factor == 2
    assert model.spread(TravelMode.BOAT, MONDAY_8) is CONVENTIONS[TravelMode.BOAT]


def test_every_mode_has_a_convention() -> None:
    assert set(CONVENTIONS) == set(TravelMode)


@pytest.mark.parametrize(
    ("day", "hour", "group"),
    [
        (2, 6, TimeGroup.DAY),
        (2, 7, TimeGroup.PEAK),
        (2, 9, TimeGroup.DAY),
        (6, 18, TimeGroup.PEAK),
        (7, 18, TimeGroup.DAY),  # a Saturday
        (7, 22, TimeGroup.NIGHT),
        (2, 5, TimeGroup.NIGHT),
    ],
)
def test_hours(day: int, hour: int, group: TimeGroup) -> None:
    assert time_group(datetime(2026, 3, day, hour, 30, tzinfo=SHANGHAI), SHANGHAI) is group


def test_hours_are_local() -> None:
    assert time_group(datetime(2026, 3, 2, 0, 30, tzinfo=UTC), SHANGHAI) is TimeGroup.PEAK
    with pytest.raises(ValueError, match="with a time zone"):
        time_group(MONDAY_8.replace(tzinfo=None), SHANGHAI)


def test_roads_by_most_of_their_metres() -> None:
    nodes = [(116.39, 39.9), (116.40, 39.9), (116.404, 39.9), (116.41, 39.9)]
    streets = [
        Street(0, 1, highway="primary", oneway=True),
        Street(1, 2, oneway=True),
        Street(2, 3, oneway=True, highway="tertiary"),
    ]
    network = make_network(nodes, streets)
    assert "primary" in HIGHWAY_CLASSES
    assert road_group(network, [0, 1]) is RoadGroup.MAIN
    assert road_group(network, [0, 1, 2]) is RoadGroup.LOCAL
    assert road_group(network, []) is RoadGroup.LOCAL


# ---- files ---------------------------------------------------------------------------------------


def test_there_and_back() -> None:
    by_cell = {
        Cell(BLUE): Spread(1.1, 0.95, 0.2, 0.31, 1234),
        Cell(BLUE, TimeGroup.NIGHT, RoadGroup.MAIN): Spread(trips=80),
    }
    model = Calibration(MappingProxyType(by_cell), "+08:00", "March")
    again = Calibration.from_mapping(json.loads(json.dumps(model.to_mapping())))
    assert dict(again.spreads) == by_cell
    assert (again.zone, again.name) == ("+08:00", "March")


ROW = {"mode": "blue_light", "factor": 1, "exponent": 1, "cv_floor": 0.2, "cv_short": 0.2}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"zones": "UTC"}, "zones is unknown; allowed: name, zone, spreads"),
        ({"zone": "Mars"}, "zone is 'Mars'; allowed: an offset"),
        ({"spreads": {}}, r"spreads is \{\}; allowed: a list"),
        ({"spreads": [3]}, r"spreads\[0\] is 3; allowed: names with values"),
        ({"spreads": [{}]}, r"spreads\[0\].mode is missing; allowed: blue_light, "),
        ({"spreads": [{**ROW, "mode": "car"}]}, r"spreads\[0\].mode is 'car'; allowed: blue_light"),
        ({"spreads": [{**ROW, "time": "noon"}]}, "time is 'noon'; allowed: peak, day, night"),
        ({"spreads": [{**ROW, "road": "main"}]}, r"road is main; allowed: null where time is"),
        ({"spreads": [ROW, {**ROW, "factor": "1"}]}, r"spreads\[1\].factor is '1'; allowed: a num"),
        ({"spreads": [{**ROW, "exponent": 2}]}, r"spreads\[0\].exponent is 2; allowed: 0.75 to"),
        ({"spreads": [{**ROW, "cv": 2}]}, r"spreads\[0\].cv is unknown; allowed: mode, time"),
        ({"spreads": [ROW, ROW]}, r"spreads\[1\] is of a cell that came before"),
    ],
)
def test_what_is_not_a_calibration_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Calibration.from_mapping(given)
