"""A calibration fitted to observed trips, and how well it tells of trips it has not seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from roadnets.calibration.trips import Samples
from roadnets.calibration.uncertainty import (
    CONVENTIONS,
    REFERENCE_S,
    UNCALIBRATED,
    Calibration,
    Cell,
    RoadGroup,
    Spread,
    TimeGroup,
)
from roadnets.travel import TravelMode

FEWEST_TRIPS: Final = 30
"""A cell with fewer is told by the next wider one."""

PULL_TRIPS: Final = 50
"""A cell of n trips keeps n / (n + 50) of its own numbers; the rest are the next wider one's."""

FOLDS: Final = 5

_NUMBERS: Final = ("factor", "exponent", "cv_floor", "cv_short")
# Narrower than what a Spread allows: a fit that ends at a bound tells of bad data, not of roads.
_SCALES: Final = (0.5, 1.25)
_Z90: Final = float(ndtri(0.9))
_BOUNDS: Final = ((math.log(0.2), math.log(5)), (0.75, 1.25), (0.01, 1.2), (0.01, 1.2))


class Score(NamedTuple):
    """How well quantiles tell of some trips.

    Attributes
    ----------
    trips
        How many.
    bias_s
        Median of the real time less the median told, seconds: above 0 where trips take longer.
    mae_s
        Mean distance of the real time from the median told, seconds.
    below_p50, below_p90
        Share of trips that were over by then; 0.5 and 0.9 where the quantiles are right.
    pinball_s
        Mean pinball loss of the 90th percentile, seconds: the less, the sharper and truer
        (Koenker and Bassett, "Regression quantiles", Econometrica 46, 1978).
    """

    trips: int
    bias_s: float
    mae_s: float
    below_p50: float
    below_p90: float
    pinball_s: float


class HeldOut(NamedTuple):
    """Scores on trips that the fit had not seen, without a calibration and with it."""

    mode: TravelMode
    before: Score
    after: Score


def fit(samples: Samples, zone: str, name: str = "") -> Calibration:
    """Fit a calibration by maximum likelihood, cell by cell from the widest to the narrowest.

    Real times have heavier tails than a log-normal has, which widens its likeliest spread. So the
    spreads of each mode are then scaled to what they are for: nine of ten of its trips are over by
    the 90th percentile.

    Parameters
    ----------
    samples
        Observed trips with the engine's times.
    zone
        Of the hours by which their cells were found.
    name
        For people.

    Returns
    -------
    Calibration
        A mode with fewer than 30 trips keeps its convention, a narrower cell the wider one's
        numbers. Narrow cells are drawn towards wider ones, the more the fewer their trips
        (Gelman and Hill, "Data Analysis Using Regression and Multilevel/Hierarchical Models",
        2007, call it partial pooling).
    """
    spreads: dict[Cell, Spread] = {}
    for cell in _cells():
        wider = cell.wider
        if wider is not None and wider not in spreads:
            continue
        own = samples.chosen(samples.inside(cell))
        if len(own) < FEWEST_TRIPS:
            continue
        around = CONVENTIONS[cell.mode] if wider is None else spreads[wider]
        spread = fit_spread(own.engine_s, own.driven_s, around)
        spreads[cell] = spread if wider is None else _drawn_towards(spread, around)
    calibration = Calibration(MappingProxyType(spreads), zone, name)
    scale = {
        cell.mode: _scale_to_p90(calibration, samples.chosen(samples.inside(cell)))
        for cell in spreads
        if cell.wider is None
    }
    scaled = {cell: _scaled(spread, scale[cell.mode]) for cell, spread in spreads.items()}
    return replace(calibration, spreads=MappingProxyType(scaled))


def fit_spread(
    engine_s: NDArray[np.float64], driven_s: NDArray[np.float64], start: Spread
) -> Spread:
    """Find the spread under which some trips, both (k,), are likeliest, from a first guess."""
    guess = [math.log(start.factor), start.exponent, start.cv_floor, start.cv_short]
    trips = (np.log(engine_s / REFERENCE_S), np.log(driven_s / REFERENCE_S))
    found = minimize(_unlikeliness, guess, args=trips, jac=True, method="TNC", bounds=_BOUNDS)
    log_factor, exponent, floor, short = (float(number) for number in found.x)
    return Spread(math.exp(log_factor), exponent, floor, short, len(driven_s))


def _unlikeliness(
    numbers: NDArray[np.float64], size: NDArray[np.float64], driven: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Mean negative log-likelihood of trips under a spread, without a constant, and its gradient.

    ``numbers`` are the logarithm of the factor and the others of ``Spread``; ``size`` and
    ``driven`` (k,) are logarithms of times over the reference.
    """
    log_factor, exponent, floor, short = numbers
    of_size = np.exp(-size)
    squared_cv = floor**2 + short**2 * of_size
    variance = np.log1p(squared_cv)
    off = driven - log_factor - exponent * size
    pull = off / variance
    by_squared_cv = (1 - off * pull) / (2 * variance * (1 + squared_cv))
    gradient = np.array(
        [
            -pull.mean(),
            -(pull * size).mean(),
            2 * floor * by_squared_cv.mean(),
            2 * short * (by_squared_cv * of_size).mean(),
        ]
    )
    return float((np.log(variance) + off * pull).mean() / 2), gradient


def held_out(samples: Samples, zone: str, seed: int = 0, folds: int = FOLDS) -> tuple[HeldOut, ...]:
    """Score a calibration on trips that it has not seen: each part by a fit to the others.

    Parameters
    ----------
    samples, zone
        As of ``fit``.
    seed
        Deals the trips out to the parts.
    folds
        How many parts.

    Returns
    -------
    tuple[HeldOut, ...]
        One for each mode with trips, in the order of ``TravelMode``.
    """
    part = np.random.default_rng(seed).permutation(len(samples)) % folds
    told = np.empty((2, len(samples)))
    for fold in range(folds):
        out = part == fold
        told[:, out] = _told(fit(samples.chosen(~out), zone), samples.chosen(out))
    before = _told(UNCALIBRATED, samples)
    found = []
    for mode in TravelMode:
        own = samples.inside(Cell(mode))
        if own.any():
            driven = samples.driven_s[own]
            found.append(
                HeldOut(mode, _score(driven, before[:, own]), _score(driven, told[:, own]))
            )
    return tuple(found)


def draw(samples: Samples, truth: Calibration, rng: np.random.Generator) -> Samples:
    """Replace what trips took by what they would take under a calibration that is known."""
    driven = np.empty(len(samples))
    for cell, rows in _by_cell(samples):
        spread, engine_s = truth.of_cell(cell), samples.engine_s[rows]
        noise = rng.standard_normal(len(rows))
        driven[rows] = np.exp(spread.log_median(engine_s) + spread.sigma(engine_s) * noise)
    return replace(samples, driven_s=driven)


def scores_table(scores: Sequence[HeldOut]) -> str:
    """Show scores on trips held out, a line for each mode before and after."""
    head = f"{'held out':<16}{'':<16}{'trips':>7}{'p50 bias':>10}{'MAE':>9}"
    lines = [f"{head}{'below p50':>11}{'below p90':>11}{'p90 loss':>10}"]
    for row in scores:
        for label, score in (("not calibrated", row.before), ("calibrated", row.after)):
            lines.append(
                f"{row.mode:<16}{label:<16}{score.trips:>7,}{score.bias_s:>8.1f} s"
                f"{score.mae_s:>7.1f} s{score.below_p50:>11.3f}{score.below_p90:>11.3f}"
                f"{score.pinball_s:>8.1f} s"
            )
    return "\n".join(lines)


def spreads_table(calibration: Calibration, truth: Calibration | None = None) -> str:
    """Show what was fitted, a line for each cell, perhaps beside what is true."""
    head = f"{'mode':<16}{'time':<7}{'road':<7}{'trips':>7}{'factor':>9}{'exponent':>10}"
    head += f"{'5 min: p50':>12}{'p90':>6}{'20 min: p50':>13}{'p90':>6}"
    lines = [head]
    for cell, spread in calibration.spreads.items():
        lines.append(_spread_line(cell, spread, f"{spread.trips:,}"))
        if truth is not None and cell in truth.spreads:
            lines.append(_spread_line(cell, truth.spreads[cell], "true"))
    return "\n".join(lines)


def _spread_line(cell: Cell, spread: Spread, trips: str) -> str:
    size = np.array([300.0, 1200.0])
    (p50, long_p50), (p90, long_p90) = (spread.quantile(size, q) / 60 for q in (0.5, 0.9))
    return (
        f"{cell.mode:<16}{cell.time or 'all':<7}{cell.road or 'all':<7}{trips:>7}"
        f"{spread.factor:>9.3f}{spread.exponent:>10.3f}{p50:>12.1f}{p90:>6.1f}{long_p50:>13.1f}"
        f"{long_p90:>6.1f}"
    )


def _cells() -> Iterator[Cell]:
    """Every cell, after those that are wider."""
    for mode in TravelMode:
        yield Cell(mode)
        for time in TimeGroup:
            yield Cell(mode, time)
            for road in RoadGroup:
                yield Cell(mode, time, road)


def _drawn_towards(spread: Spread, around: Spread) -> Spread:
    share = spread.trips / (spread.trips + PULL_TRIPS)
    mixed = {
        name: share * getattr(spread, name) + (1 - share) * getattr(around, name)
        for name in _NUMBERS
    }
    return Spread(**mixed, trips=spread.trips)


def _scale_to_p90(calibration: Calibration, samples: Samples) -> float:
    """Find by what to multiply coefficients of variation so that p90 is that of the trips."""
    needed = np.empty(len(samples))
    for cell, rows in _by_cell(samples):
        spread, engine_s = calibration.of_cell(cell), samples.engine_s[rows]
        off = np.log(samples.driven_s[rows]) - spread.log_median(engine_s)
        sigma = np.maximum(off, 0) / _Z90  # with which this very trip would be its p90
        needed[rows] = np.sqrt(np.expm1(sigma**2) / np.expm1(spread.sigma(engine_s) ** 2))
    return float(np.clip(np.quantile(needed, 0.9), *_SCALES))


def _scaled(spread: Spread, scale: float) -> Spread:
    """Scale coefficients of variation; four decimals are plenty, and the same on any machine."""
    return Spread(
        factor=round(spread.factor, 4),
        exponent=round(spread.exponent, 4),
        cv_floor=round(spread.cv_floor * scale, 4),
        cv_short=round(spread.cv_short * scale, 4),
        trips=spread.trips,
    )


def _by_cell(samples: Samples) -> Iterator[tuple[Cell, NDArray[np.intp]]]:
    """Give the rows of each cell."""
    for i, cell in enumerate(samples.cells):
        yield cell, np.flatnonzero(samples.cell == i)


def _told(calibration: Calibration, samples: Samples) -> NDArray[np.float64]:
    """Tell the median and the 90th percentile of each trip, (2, k)."""
    told = np.empty((2, len(samples)))
    for cell, rows in _by_cell(samples):
        spread = calibration.of_cell(cell)
        for row, q in enumerate((0.5, 0.9)):
            told[row, rows] = spread.quantile(samples.engine_s[rows], q)
    return told


def _score(driven_s: NDArray[np.float64], told: NDArray[np.float64]) -> Score:
    p50, p90 = told
    over = driven_s - p90
    return Score(
        trips=len(driven_s),
        bias_s=float(np.median(driven_s - p50)),
        mae_s=float(np.abs(driven_s - p50).mean()),
        below_p50=float((driven_s <= p50).mean()),
        below_p90=float((driven_s <= p90).mean()),
        pinball_s=float(np.maximum(0.9 * over, -0.1 * over).mean()),
    )
