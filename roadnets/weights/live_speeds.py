"""LiveSpeeds: how fast traffic was measured to move on each edge, and how much it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

FASTEST_KPH: Final = 200.0
"""Nobody measures more in a city; a feed that says so has its units wrong."""

CRAWL_KPH: Final = 1.0
"""A standstill counts as this, so that a way through it still has a time."""

FRESH_S: Final = 180.0
GONE_S: Final = 900.0

EARLY_S: Final = 60.0
"""Clocks of clients may be so far ahead of ours."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveSpeeds:
    """The newest measured speed of traffic on each edge; immutable.

    A measurement counts fully until it is ``fresh_s`` old and fades linearly into the profile
    until it is ``gone_s`` old.

    Attributes
    ----------
    kph
        float32 (m,), speed of traffic along the edge from end to end, waiting included; NaN where
        none was measured.
    measured_s
        float64 (m,), when: seconds since 1970 UTC, -inf where never.
    fresh_s, gone_s
        Seconds, ``0 <= fresh_s < gone_s``.
    """

    kph: NDArray[np.float32]
    measured_s: NDArray[np.float64]
    fresh_s: float = FRESH_S
    gone_s: float = GONE_S

    def __post_init__(self) -> None:
        if not 0 <= self.fresh_s < self.gone_s < float("inf"):
            allowed = "0 <= fresh_s < gone_s"
            raise ValueError(
                f"fresh_s is {self.fresh_s} and gone_s {self.gone_s}; allowed: {allowed}"
            )
        for array in (self.kph, self.measured_s):
            array.setflags(write=False)

    @classmethod
    def none(cls, edges: int, *, fresh_s: float = FRESH_S, gone_s: float = GONE_S) -> Self:
        """Nothing measured yet."""
        kph, measured_s = np.full(edges, np.nan, np.float32), np.full(edges, -np.inf)
        return cls(kph, measured_s, fresh_s, gone_s)

    def with_measured(
        self, edges: ArrayLike, kph: ArrayLike, measured_s: ArrayLike, now: datetime
    ) -> Self:
        """Take some measurements in; all of them or, where one is refused, none.

        The newest of an edge counts; several of one moment (segments that share an edge) as if
        each covered an equal part of it.

        Parameters
        ----------
        edges
            Integers (k,), in any order, with repetition.
        kph
            (k,), 0 to 200.
        measured_s
            (k,) or one for all, seconds since 1970 UTC.
        now
            To tell times that lie ahead.

        Raises
        ------
        ValueError
            The first record with an unknown edge, a speed that cannot be, or a time ahead of now;
            names its index, its value and what is allowed.
        """
        edge, speed = np.asarray(edges, np.int64), np.asarray(kph, np.float64)
        at_s = np.broadcast_to(np.asarray(measured_s, np.float64), edge.shape)
        if speed.shape != edge.shape:
            raise ValueError(f"edges has shape {edge.shape}, kph {speed.shape}; both must be (k,)")
        _check("edge", edge, 0, len(self.kph) - 1)
        _check("speed_kph", speed, 0, FASTEST_KPH)
        _check("measured_s", at_s, 0, now.timestamp() + EARLY_S)
        newest = self.measured_s.copy()
        np.maximum.at(newest, edge, at_s)
        counts = at_s == newest[edge]
        edge, speed = edge[counts], speed[counts]
        pace = np.bincount(edge, 1 / speed.clip(CRAWL_KPH), minlength=len(newest))
        number = np.bincount(edge, minlength=len(newest))
        measured = np.flatnonzero(number)
        new_kph = self.kph.copy()
        new_kph[measured] = number[measured] / pace[measured]
        return replace(self, kph=new_kph, measured_s=newest)

    def weight(self, now: datetime) -> NDArray[np.float64]:
        """How much each edge's measurement counts, float64 (m,): 1 fresh, 0 gone or none."""
        age_s = now.timestamp() - self.measured_s
        return ((self.gone_s - age_s) / (self.gone_s - self.fresh_s)).clip(0, 1)

    def known(self, now: datetime) -> int:
        """Count the edges on which a measurement still counts."""
        return int(np.count_nonzero(self.weight(now)))


def _check(
    name: str, values: NDArray[np.float64] | NDArray[np.int64], low: float, high: float
) -> None:
    off = np.flatnonzero(~((values >= low) & (values <= high)))  # also true of NaN
    if len(off):
        at = off[0]
        raise ValueError(f"records[{at}].{name} is {values[at]}; allowed: {low:g} to {high:.16g}")
