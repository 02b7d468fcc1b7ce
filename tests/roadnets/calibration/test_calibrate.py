"""Fits find again what trips were drawn from, and are scored on trips they have not seen."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from roadnets.calibration.calibrate import (
    FEWEST_TRIPS,
    _unlikeliness,
    draw,
    fit,
    fit_spread,
    held_out,
    scores_table,
    spreads_table,
)
from roadnets.calibration.synthetic_trips import known_calibration
from roadnets.calibration.trips import Samples
from roadnets.calibration.uncertainty import (
    CONVENTIONS,
    UNCALIBRATED,
    Calibration,
    Cell,
    RoadGroup,
    Spread,
    TimeGroup,
)
from roadnets.travel import TravelMode

BLUE, CIVILIAN = TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN
TRUTH = known_calibration("UTC")


def undriven(count: int, cells: list[Cell], seed: int = 1) -> Samples:
    """Trips of one to thirty minutes, spread over some cells."""
    rng = np.random.default_rng(seed)
    engine_s = np.exp(rng.uniform(np.log(60), np.log(1800), count))
    return Samples.of(engine_s, engine_s, [cells[i % len(cells)] for i in range(count)])


@pytest.fixture(scope="module")
def samples() -> Samples:
    """12,000 trips in the twelve cells of a calibration that is known."""
    return draw(undriven(12_000, list(TRUTH.spreads)), TRUTH, np.random.default_rng(2))


def test_one_spread_is_found_again() -> None:
    truth = Spread(1.3, 0.9, 0.15, 0.35)
    cell = Cell(BLUE, TimeGroup.DAY, RoadGroup.MAIN)
    known = Calibration(MappingProxyType({cell: truth}))
    drawn = draw(undriven(20_000, [cell]), known, np.random.default_rng(5))
    found = fit_spread(drawn.engine_s, drawn.driven_s, Spread())
    assert found.trips == 20_000
    assert found.factor == pytest.approx(truth.factor, rel=0.01)
    assert found.exponent == pytest.approx(truth.exponent, abs=0.01)
    assert found.cv_floor == pytest.approx(truth.cv_floor, abs=0.02)
    assert found.cv_short == pytest.approx(truth.cv_short, abs=0.02)


def test_the_gradient_is_the_slope() -> None:
    rng = np.random.default_rng(1)
    trips = (rng.normal(size=50), rng.normal(size=50))
    at = np.array([0.1, 0.9, 0.3, 0.2])
    slope = approx_fprime(at, lambda numbers: _unlikeliness(numbers, *trips)[0])
    assert _unlikeliness(at, *trips)[1] == pytest.approx(slope, rel=1e-4)


def test_every_cell_is_found_again_within_tolerance(samples: Samples) -> None:
    """1,000 trips a cell: medians within 4 %, 90th percentiles within 6 %, 5 and 20 minutes."""
    found = fit(samples, "UTC")
    size = np.array([300.0, 1200.0])
    for cell, truth in TRUTH.spreads.items():
        assert found.spreads[cell].trips == 1000
        for q, within in ((0.5, 0.04), (0.9, 0.06)):
            expected = truth.quantile(size, q)
            assert found.spreads[cell].quantile(size, q) == pytest.approx(expected, rel=within)


def test_held_out_trips_are_told_better_and_nine_of_ten_are_over_by_the_p90(
    samples: Samples,
) -> None:
    for row in held_out(samples, "UTC", seed=3):
        assert row.before.trips == row.after.trips == 6000
        assert row.after.below_p90 == pytest.approx(0.9, abs=0.012)
        assert row.after.below_p50 == pytest.approx(0.5, abs=0.02)
        assert abs(row.after.bias_s) < 5 < row.before.bias_s
        assert row.after.mae_s < row.before.mae_s
        assert row.after.pinball_s < 0.9 * row.before.pinball_s


@pytest.mark.parametrize("freedom", [3, 8])
def test_nine_of_ten_are_over_by_the_p90_though_tails_are_heavy(freedom: int) -> None:
    """Student's t about the logarithm, as in Calgary; the likeliest log-normal has 92 % below."""
    rng = np.random.default_rng(1)
    plain = undriven(8000, list(TRUTH.spreads))
    drawn = np.empty(len(plain))
    for i, cell in enumerate(plain.cells):
        rows = plain.cell == i
        spread, engine_s = TRUTH.of_cell(cell), plain.engine_s[rows]
        noise = 0.8 * rng.standard_t(freedom, len(engine_s))
        drawn[rows] = np.exp(spread.log_median(engine_s) + spread.sigma(engine_s) * noise)
    near = (drawn < 10 * plain.engine_s) & (drawn > 0.1 * plain.engine_s)
    for row in held_out(replace(plain, driven_s=drawn).chosen(near), "UTC"):
        assert row.after.below_p90 == pytest.approx(0.9, abs=0.012)
        assert row.after.below_p50 == pytest.approx(0.5, abs=0.02)


def test_a_fit_sees_nothing_of_what_it_is_scored_on() -> None:
    """Were it to, one wild trip in each part would be told well."""
    cell = Cell(BLUE, TimeGroup.DAY, RoadGroup.MAIN)
    few = draw(undriven(60, [cell]), UNCALIBRATED, np.random.default_rng(1))
    (whole,) = held_out(few, "UTC", folds=60)
    fitted = fit(few, "UTC").of_cell(cell)
    inside = np.abs(few.driven_s - fitted.quantile(few.engine_s, 0.5)).mean()
    assert whole.after.mae_s > inside


def test_cells_with_few_trips_are_told_by_the_wider_one() -> None:
    cells = [Cell(BLUE, TimeGroup.DAY, RoadGroup.MAIN)] * 9
    cells.append(Cell(BLUE, TimeGroup.NIGHT, RoadGroup.LOCAL))
    found = fit(undriven(200, cells), "UTC")
    assert set(found.spreads) == {
        Cell(BLUE),
        Cell(BLUE, TimeGroup.DAY),
        Cell(BLUE, TimeGroup.DAY, RoadGroup.MAIN),
    }
    assert found.of_cell(cells[-1]) == found.spreads[Cell(BLUE)]
    assert found.of_cell(Cell(CIVILIAN, TimeGroup.DAY)) is CONVENTIONS[CIVILIAN]
    assert not fit(undriven(FEWEST_TRIPS - 1, cells), "UTC").spreads


def test_narrow_cells_are_drawn_towards_wider_ones() -> None:
    slow, fast = (Cell(BLUE, time, RoadGroup.MAIN) for time in (TimeGroup.PEAK, TimeGroup.NIGHT))
    by_cell = {slow: Spread(2.0), fast: Spread(0.5)}
    known = Calibration(MappingProxyType(by_cell))
    few = draw(undriven(100, [slow, fast]), known, np.random.default_rng(1))
    many = draw(undriven(4000, [slow, fast]), known, np.random.default_rng(1))
    by_few, by_many = (fit(s, "UTC").of_cell(slow).factor for s in (few, many))
    assert 1.0 < by_few < by_many
    assert by_many == pytest.approx(2.0, rel=0.03)


def test_the_same_trips_give_the_same_calibration(samples: Samples) -> None:
    assert fit(samples, "UTC", "a").to_mapping() == fit(samples, "UTC", "a").to_mapping()
    few = samples.chosen(np.arange(len(samples)) < 500)
    assert held_out(few, "UTC", seed=9) == held_out(few, "UTC", seed=9)
    assert held_out(few, "UTC", seed=9) != held_out(few, "UTC", seed=8)


def test_scores_by_hand() -> None:
    cell = Cell(BLUE, TimeGroup.DAY, RoadGroup.MAIN)
    few = Samples.of(np.full(4, 300.0), np.array([100.0, 200, 400, 1000]), [cell] * 4)
    ((mode, before, _),) = held_out(few, "UTC", folds=2)
    p90 = float(CONVENTIONS[BLUE].quantile(np.array([300.0]), 0.9)[0])
    assert (mode, before.trips) == (BLUE, 4)
    assert before.bias_s == pytest.approx(0)
    assert before.mae_s == pytest.approx((200 + 100 + 100 + 700) / 4)
    assert (before.below_p50, before.below_p90) == (0.5, 0.75)
    losses = [0.1 * (p90 - 100), 0.1 * (p90 - 200), 0.1 * (p90 - 400), 0.9 * (1000 - p90)]
    assert before.pinball_s == pytest.approx(sum(losses) / 4)


def test_tables(samples: Samples) -> None:
    found = fit(samples, "UTC")
    lines = spreads_table(found, TRUTH).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len(lines) == 1 + len(found.spreads) + len(TRUTH.spreads)
    assert sum(" true" in line for line in lines) == 12
    few = samples.chosen(np.arange(len(samples)) < 500)
    scores = scores_table(held_out(few, "UTC")).splitlines()
    assert len({len(line) for line in scores}) == 1
    assert [line.split()[1] for line in scores[1:]] == ["not", "calibrated", "not", "calibrated"]
