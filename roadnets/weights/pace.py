"""Pace: what each edge takes each mode on the roads as usual, at this hour and as measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.travel import TravelMode
from roadnets.weights.congestion import FLAT, Congestion
from roadnets.weights.live_speeds import LiveSpeeds
from roadnets.weights.speeds import (
    MS_PER_M_AT_1_KPH,
    PROFILES,
    SpeedProfile,
    drivable,
    travel_ms,
    whole_ms,
)


def pace_ms(
    network: RoadNetwork,
    mode: TravelMode,
    congestion: Congestion = FLAT,
    slot: int = 0,
    live: LiveSpeeds | None = None,
    now: datetime | None = None,
    profiles: Mapping[TravelMode, SpeedProfile] = PROFILES,
) -> NDArray[np.int32]:
    """Compute what each edge takes a mode as usual: before conditions, after traffic.

    What is measured is how long traffic takes from end to end, waiting included. So that is what
    civilians take. The others are told by the ratio r of that speed to the usual one of
    civilians at an empty hour: high-clearance trucks take their usual time over r; blue light
    drives at 1 - share * (1 - r) of its own speed between its own delays, as in any jam
    (``Congestion.felt``), and no faster than usual where traffic flows better than it should (r > 1
    on a short edge is a green light rather than a faster street). Old measurements fade: the time
    is w * measured + (1 - w) * usual with w from ``LiveSpeeds.weight``.

    Parameters
    ----------
    network
        The streets.
    mode
        Who drives.
    congestion, slot
        What is usual at which hour of the week; delays at signals and gates are as ever.
    live, now
        What was measured, and the present; None where nothing was.
    profiles
        How each mode drives.

    Returns
    -------
    NDArray[np.int32]
        (m,), milliseconds, read-only. ``base_weights`` bit for bit where nothing is jammed or
        measured, but on edges against a one-way street: those have the pace of their street in
        its own direction, and only contraflow opens them.

    Raises
    ------
    ValueError
        The slot is none, or ``live`` comes without ``now``.
    """
    scale = None
    if not congestion.is_flat(slot):
        scale = congestion.felt(network, mode, congestion.traffic_scale(network, slot))
    milliseconds = travel_ms(network, profiles[mode], scale)
    if live is not None and mode is not TravelMode.BOAT:
        if now is None:
            raise ValueError("now is missing; live speeds fade with time")
        weight = live.weight(now)
        at = np.flatnonzero(weight)
        if len(at):
            measured_ms = _measured_ms(network, mode, congestion, live, at, profiles)
            milliseconds[at] += weight[at] * (measured_ms - milliseconds[at])
    usual = whole_ms(milliseconds, drivable(network, mode))
    against = np.flatnonzero(network.has_flag(EdgeFlag.AGAINST_ONEWAY))
    against = against[network.edge_twin[against] >= 0]
    if not len(against):
        return usual
    pace = usual.copy()
    pace[against] = usual[network.edge_twin[against]]
    pace.setflags(write=False)
    return pace


def _measured_ms(
    network: RoadNetwork,
    mode: TravelMode,
    congestion: Congestion,
    live: LiveSpeeds,
    at: NDArray[np.int64],
    profiles: Mapping[TravelMode, SpeedProfile],
) -> NDArray[np.float64]:
    """Compute what some measured edges take a mode in the traffic measured, float64 (k,)."""
    length_m = np.maximum(network.edge_length_m[at], 0.001)
    traffic_ms: NDArray[np.float64] = length_m * MS_PER_M_AT_1_KPH / live.kph[at]
    if mode is TravelMode.CIVILIAN:
        return traffic_ms
    usual_ms = np.maximum(travel_ms(network, profiles[TravelMode.CIVILIAN])[at], 1.0)
    ratio = usual_ms / traffic_ms
    if mode is not TravelMode.BLUE_LIGHT:
        slower_ms: NDArray[np.float64] = travel_ms(network, profiles[mode])[at] / ratio
        return slower_ms
    jam = np.ones(network.edge_count)
    jam[at] = np.minimum(ratio, 1)
    felt = congestion.felt(network, mode, jam)
    return travel_ms(network, profiles[mode], felt)[at]


def all_pace_ms(
    network: RoadNetwork,
    congestion: Congestion = FLAT,
    slot: int = 0,
    live: LiveSpeeds | None = None,
    now: datetime | None = None,
    profiles: Mapping[TravelMode, SpeedProfile] = PROFILES,
) -> dict[TravelMode, NDArray[np.int32]]:
    """Compute ``pace_ms`` of every mode."""
    return {
        mode: pace_ms(network, mode, congestion, slot, live, now, profiles) for mode in TravelMode
    }
