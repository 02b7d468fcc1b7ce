"""The unit status machine: which press is due after which."""

from __future__ import annotations

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


def is_irregular(previous: S, status: S, *, held: bool) -> bool:
    """Whether a press is not the one that was due; it is kept all the same."""
    return status not in _DUE[previous] or (status in UNDER_WAY and not held)
