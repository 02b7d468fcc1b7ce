"""How long each edge takes each travel mode when the roads are as they should be.

Every figure here is a planner's convention: a first guess for a city that has not been
calibrated against its own runs. They are data, not code: hand ``base_weights`` other profiles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadnets.network import HIGHWAY_CLASSES, EdgeFlag, RoadNetwork
from roadnets.travel import TravelMode

NOT_DRIVABLE_MS: Final = np.iinfo(np.int32).max
"""The weight of an edge that a mode may not drive."""

MS_PER_M_AT_1_KPH: Final = 3600.0
"""Milliseconds that a metre takes at 1 km/h."""

DEFAULT_SPEED_KPH: Final[Mapping[str, float]] = MappingProxyType(
    {
        "motorway": 100.0,
        "motorway_link": 50.0,
        "trunk": 80.0,
        "trunk_link": 40.0,
        "primary": 60.0,
        "primary_link": 40.0,
        "secondary": 50.0,
        "secondary_link": 40.0,
        "tertiary": 50.0,
        "tertiary_link": 40.0,
        "unclassified": 40.0,
        "residential": 30.0,
        "living_street": 15.0,
        "service": 20.0,
        "road": 30.0,
        "busway": 50.0,
        "pedestrian": 10.0,
        "track": 20.0,
        "emergency_access": 20.0,
        "waterway": 15.0,
        "landing": 5.0,
    }
)
"""Speed limit to assume where no ``maxspeed`` is posted, km/h by highway class.

After the Regulation on the Implementation of the Road Traffic Safety Law of China, article 45:
30 km/h on a city street without a centre line, 50 with one lane each way; the usual urban
postings above that. A rescue boat with an outboard motor is taken to make 15 km/h between
moorings and drifting debris, about 8 knots, and 5 km/h where it lands: a planner's convention.
"""

BOAT_KPH: Final = DEFAULT_SPEED_KPH["waterway"]
"""How fast a boat goes on a street under water, too."""

_URBAN_FRICTION: Final[Mapping[str, float]] = MappingProxyType(
    {
        "motorway": 0.90,
        "motorway_link": 0.85,
        "trunk": 0.85,
        "trunk_link": 0.80,
        "primary": 0.75,
        "primary_link": 0.75,
        "secondary": 0.70,
        "secondary_link": 0.70,
        "tertiary": 0.70,
        "tertiary_link": 0.70,
    }
)

_LADEN: Final[Mapping[str, float]] = MappingProxyType(
    {
        "motorway": 0.75,  # a truck keeps to 90 where 120 is posted
        "motorway_link": 0.75,
        "trunk": 0.75,
        "trunk_link": 0.70,
        "primary": 0.65,
        "primary_link": 0.65,
        "secondary": 0.65,
        "secondary_link": 0.60,
        "tertiary": 0.60,
        "tertiary_link": 0.60,
    }
)

_SIREN: Final[Mapping[str, float]] = MappingProxyType(
    {
        "motorway": 1.10,
        "motorway_link": 1.00,
        "trunk": 1.10,
        "trunk_link": 1.00,
        "primary": 1.05,
        "primary_link": 1.00,
        "secondary": 1.00,
        "secondary_link": 1.00,
        "tertiary": 0.95,
        "tertiary_link": 0.95,
    }
)


_DELAYS: Final = (
    "signal_delay_s",
    "gate_delay_s",
    "left_turn_delay_s",
    "right_turn_delay_s",
    "u_turn_delay_s",
)


@dataclass(frozen=True, slots=True)
class SpeedProfile:
    """How one travel mode drives.

    Attributes
    ----------
    class_factor
        Driven speed over posted speed by highway class.
    other_factor
        The same for every class that ``class_factor`` does not name.
    signal_delay_s
        Mean loss at a traffic signal, on every edge with SIGNAL_AT_HEAD.
    gate_delay_s
        Mean loss at each gate, bollard or barrier.
    left_turn_delay_s, right_turn_delay_s, u_turn_delay_s
        Mean loss of a turn beyond that of going straight on, where traffic keeps right. Only the
        junctions at which a travel graph remembers where a vehicle came from know its turns.
    """

    class_factor: Mapping[str, float]
    other_factor: float
    signal_delay_s: float
    gate_delay_s: float
    left_turn_delay_s: float = 0.0
    right_turn_delay_s: float = 0.0
    u_turn_delay_s: float = 0.0

    def __post_init__(self) -> None:
        unknown = set(self.class_factor) - set(HIGHWAY_CLASSES)
        if unknown:
            raise ValueError(f"class_factor names no highway class: {', '.join(sorted(unknown))}")
        if min((self.other_factor, *self.class_factor.values())) <= 0:
            raise ValueError("every speed factor must be above 0")
        for name in _DELAYS:
            delay_s = getattr(self, name)
            if not 0 <= delay_s < math.inf:
                raise ValueError(f"{name} is {delay_s}; a delay must not be below 0 s")

    def factors(self) -> NDArray[np.float64]:
        """Driven over posted speed, float64 (len(HIGHWAY_CLASSES),)."""
        return np.array([self.class_factor.get(c, self.other_factor) for c in HIGHWAY_CLASSES])


PROFILES: Final[Mapping[TravelMode, SpeedProfile]] = MappingProxyType(
    {
        # Signals: 20 s a vehicle is the middle of level of service C (15 to 25 s) in the Highway
        # Capacity Manual, Special Report 209, Transportation Research Board 1994. Turns: a
        # convention; a left turn waits for a gap in the oncoming traffic, a right one does not.
        TravelMode.CIVILIAN: SpeedProfile(
            class_factor=_URBAN_FRICTION,
            other_factor=0.75,
            signal_delay_s=20.0,
            gate_delay_s=20.0,
            left_turn_delay_s=5.0,
            right_turn_delay_s=2.0,
            u_turn_delay_s=15.0,
        ),
        # Lights and siren took 38.5 % off the urban runs of Ho and Casey, Annals of Emergency
        # Medicine 32 (1998) 585-588, and 106 s in Brown et al., Prehospital Emergency Care 4
        # (2000) 70-74; most of it at junctions and in queues, so the signal delay falls furthest.
        TravelMode.BLUE_LIGHT: SpeedProfile(
            class_factor=_SIREN, other_factor=0.90, signal_delay_s=5.0, gate_delay_s=20.0
        ),
        # A laden truck: a tenth to a sixth slower than the cars around it, turns slowly.
        TravelMode.HIGH_CLEARANCE: SpeedProfile(
            class_factor=_LADEN,
            other_factor=0.65,
            signal_delay_s=20.0,
            gate_delay_s=20.0,
            left_turn_delay_s=8.0,
            right_turn_delay_s=4.0,
            u_turn_delay_s=30.0,
        ),
        TravelMode.BOAT: SpeedProfile(
            class_factor={}, other_factor=1.0, signal_delay_s=0.0, gate_delay_s=0.0
        ),
    }
)
"""The profile of each mode where a city has none of its own."""


def drivable(network: RoadNetwork, mode: TravelMode) -> NDArray[np.bool_]:
    """Whether ``mode`` may drive each edge on an ordinary day.

    Parameters
    ----------
    network
        The streets.
    mode
        Who drives. Blue light goes everywhere but on water and against a one-way street; civilians
        and high-clearance trucks where CIVILIAN is set and RESTRICTED is not; boats on water.

    Returns
    -------
    NDArray[np.bool_]
        (m,). What conditions change, contraflow and flooded streets, is
        ``roadnets.weights.edge_weights``.
    """
    flags = EdgeFlag
    if mode is TravelMode.BOAT:
        return network.has_flag(flags.WATER)
    if mode is TravelMode.BLUE_LIGHT:
        return ~network.has_flag(flags.AGAINST_ONEWAY | flags.WATER)
    closed = flags.RESTRICTED | flags.AGAINST_ONEWAY | flags.WATER
    return network.has_flag(flags.CIVILIAN) & ~network.has_flag(closed)


def travel_ms(
    network: RoadNetwork, profile: SpeedProfile, speed_scale: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Compute the time of each edge as if everybody might drive it.

    Parameters
    ----------
    network
        The streets.
    profile
        How they drive.
    speed_scale
        Driven speed over that of the profile, above 0, float64 (m,); None for 1 everywhere.
        Delays at signals and gates are not scaled.

    Returns
    -------
    NDArray[np.float64]
        (m,), milliseconds, not rounded.
    """
    speed_kph = network.edge_speed_kph * profile.factors()[network.edge_class]
    if speed_scale is not None:
        speed_kph *= speed_scale
    seconds = network.edge_length_m / (speed_kph / 3.6)
    seconds += profile.signal_delay_s * network.has_flag(EdgeFlag.SIGNAL_AT_HEAD)
    seconds += profile.gate_delay_s * network.edge_gate_count
    milliseconds: NDArray[np.float64] = seconds * 1000
    return milliseconds


def base_weights(
    network: RoadNetwork, mode: TravelMode, profile: SpeedProfile | None = None
) -> NDArray[np.int32]:
    """Driving time of each edge on open roads.

    Signal and gate delays are part of their edge and spread evenly along it, so that a stretch
    of an edge takes its share of the whole.

    Parameters
    ----------
    network
        The streets.
    mode
        Who drives.
    profile
        How they drive; ``PROFILES[mode]`` where None.

    Returns
    -------
    NDArray[np.int32]
        (m,), milliseconds, at least 1, read-only; ``NOT_DRIVABLE_MS`` where the mode may not go.
    """
    milliseconds = travel_ms(network, PROFILES[mode] if profile is None else profile)
    return whole_ms(milliseconds, drivable(network, mode))


def whole_ms(milliseconds: NDArray[np.float64], may_drive: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Round weights half up to at least 1 ms, int32 read-only; who may not drive never arrives."""
    rounded = np.floor(milliseconds + 0.5).clip(1, NOT_DRIVABLE_MS - 1)
    rounded[~may_drive] = NOT_DRIVABLE_MS
    weights = rounded.astype(np.int32)
    weights.setflags(write=False)
    return weights


def all_base_weights(network: RoadNetwork) -> dict[TravelMode, NDArray[np.int32]]:
    """Compute ``base_weights`` of every mode with its own profile."""
    return {mode: base_weights(network, mode) for mode in TravelMode}
