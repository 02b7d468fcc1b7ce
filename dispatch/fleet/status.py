"""The unit status machine: which press is due after which."""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.model import UnitStatus as S

_DUE: dict[S, frozenset[S]] = {
    S.AVAILABLE: frozenset({S.MOBILISING, S.OUT_OF_SERVICE, S.OFF_DUTY}),
    S.MOBILISING: frozenset({S.EN_ROUTE, S.OUT_OF_SERVICE}),
    S.EN_ROUTE: frozenset({S.ON_SCENE, S.OUT_OF_SERVICE}),
    S.ON_SCENE: frozenset({S.TRANSPORTING, S.RETURNING, S.AVAILABLE, S.OUT_OF_SERVICE}),
    S.TRANSPORTING: frozenset({S.AT_HOSPITAL, S.OUT_OF_SERVICE}),
    S.AT_HOSPITAL: frozenset({S.RETURNING, S.AVAILABLE, S.OUT_OF_SERVICE}),
    S.RETURNING: frozenset({S.AVAILABLE, S.MOBILISING, S.OUT_OF_SERVICE, S.OFF_DUTY}),
    S.OUT_OF_SERVICE: frozenset({S.AVAILABLE, S.RETURNING, S.OFF_DUTY}),
    S.OFF_DUTY: frozenset({S.AVAILABLE, S.OUT_OF_SERVICE}),
}

UNDER_WAY = frozenset({S.MOBILISING, S.EN_ROUTE, S.ON_SCENE, S.TRANSPORTING, S.AT_HOSPITAL})
"""Statuses that make sense only under an order."""

ARRIVED = frozenset({S.ON_SCENE, S.TRANSPORTING, S.AT_HOSPITAL})
"""Statuses that prove the unit reached its incident, even if the press on arrival was missed."""

BACK = frozenset({S.AVAILABLE, S.RETURNING})
"""Statuses that say a crew has nothing to do any more."""

OUT = frozenset({S.OUT_OF_SERVICE, S.OFF_DUTY})
"""Statuses that say a crew cannot be sent."""

SLOW_CLOCK = timedelta(minutes=5)
"""So far behind may a crew's clock be and it is still believed that it cannot go."""

CROSSING = timedelta(seconds=20)
"""A crew that says it is back so soon after an order has not heard of the order yet."""

_PROGRESS = (S.MOBILISING, S.EN_ROUTE, S.ON_SCENE, S.TRANSPORTING, S.AT_HOSPITAL)


def is_irregular(previous: S, status: S, *, held: bool) -> bool:
    """Whether a press is not the one that was due; it is kept all the same."""
    return status not in _DUE[previous] or (status in UNDER_WAY and not held)


def is_late(
    status: S,
    at: datetime,
    known: S,
    known_since: datetime | None,
    ordered: datetime | None,
) -> bool:
    """Whether a press tells of something that later news has overtaken.

    A terminal that was out of reach sends its presses afterwards. Under an order an earlier time
    alone proves little, since clocks of crews and desk differ; but a crew that was back, or on
    some scene, before the order went out or could reach it tells of its last job, and a step
    behind the one that it is known to have reached tells of this one, too late. A crew that says
    it cannot go is believed when its clock may just be slow: sending it would be worse.

    Parameters
    ----------
    status, at
        What was pressed, and when.
    known, known_since
        The status as known, and since when; None where nobody has told it.
    ordered
        When the order that the unit is under went out; None when it is under none.
    """
    older = known_since is not None and at < known_since
    if ordered is None:
        slow_clock = status in OUT and known_since is not None and at >= known_since - SLOW_CLOCK
        return older and not slow_clock
    crossed = status in BACK and known is S.MOBILISING and at < ordered + CROSSING
    of_the_last_job = crossed or (status in BACK | ARRIVED and at < ordered)
    overtaken = (
        older
        and {status, known}.issubset(_PROGRESS)
        and _PROGRESS.index(status) < _PROGRESS.index(known)
    )
    return of_the_last_job or overtaken
