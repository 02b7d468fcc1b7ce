"""What OpenStreetMap's tags say to a driver: pure functions from tags to rules.

The rules themselves are told in ``docs/streets.md``; the two must agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from roadnets.network import HIGHWAY_CLASSES
from roadnets.weights.speeds import DEFAULT_SPEED_KPH

Tags = Mapping[str, str]

CLASS_INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(HIGHWAY_CLASSES)}

WALKING_KPH: Final = 7.0
MPH: Final = 1.609344
KNOT: Final = 1.852
FASTEST_KPH: Final = 160.0
SLOWEST_KPH: Final = 3.0

# Who may enter. Any other value of an access tag keeps the public out.
_PUBLIC: Final = frozenset(
    {"yes", "permissive", "destination", "customers", "designated", "public", "official", "unknown"}
)
_MOTOR_KEYS: Final = ("motorcar", "motor_vehicle", "vehicle")
_ACCESS_KEYS: Final = (*_MOTOR_KEYS, "access")
_EMERGENCY_YES: Final = frozenset({"yes", "designated", "official", "permissive", "destination"})

# Built for people on foot or bicycle: driven only where the map says an emergency vehicle may.
_FOOT: Final = frozenset({"footway", "path", "cycleway", "bridleway"})
_ALWAYS_CLOSED_TO_PUBLIC: Final = frozenset({"busway", "emergency_access"})
_PUBLIC_ONLY_IF_TAGGED: Final = frozenset({"pedestrian", "track"})
_PAVED: Final = frozenset(
    {"paved", "asphalt", "concrete", "concrete:plates", "paving_stones", "sett", "compacted"}
)

_ONEWAY_FORWARD: Final = frozenset({"yes", "1", "true"})
_ONEWAY_BACKWARD: Final = frozenset({"-1", "reverse"})

# What is called a bridge or a tunnel, and lies on the ground and is flooded with it.
_AT_GROUND: Final = frozenset({"no", "building_passage", "low_water_crossing"})
_HIGHEST_LAYER: Final = 100

FOOT_M: Final = 0.3048
INCH_M: Final = 0.0254
_FEET: Final = re.compile(
    r"^(\d+(?:\.\d+)?)\s*(?:'|ft|feet)\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|''|in|inches)?)?$"
)
_QUANTITY: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*([a-z]*)$")
_METRES: Final = {"": 1.0, "m": 1.0, "cm": 0.01, "in": INCH_M}
# Short ton, long ton and pound: NIST Handbook 44, appendix C.
_TONNES: Final = {
    "": 1.0,
    "t": 1.0,
    "kg": 0.001,
    "st": 0.90718474,
    "lt": 1.0160469088,
    "lb": 0.00045359237,
    "lbs": 0.00045359237,
}

_NUMBER: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/?h|kmh|kph|mph|knots)?$")
_ZONE: Final = re.compile(r"^([a-z]{2}(?:-[a-z]+)?)?:?(?:zone:?)?([a-z_]+|\d+)$")
_ZONE_KPH: Final[dict[str, float]] = {
    "urban": 50,
    "rural": 80,
    "trunk": 100,
    "expressway": 100,
    "motorway": 120,
    "living_street": 20,
    "bicycle_road": 30,
    "school": 30,
    "walk": WALKING_KPH,
}
_COUNTRY_ZONE_KPH: Final[dict[tuple[str, str], float]] = {
    # China, Implementing Regulations of the Road Traffic Safety Law, articles 45 and 78:
    # one lane each way 50 in town and 70 outside, expressways 120.
    ("cn", "rural"): 70,
    ("cn", "motorway"): 120,
    ("cn", "expressway"): 120,
    ("gb", "urban"): 30 * MPH,
    ("gb", "nsl_single"): 60 * MPH,
    ("gb", "nsl_dual"): 70 * MPH,
    ("gb", "motorway"): 70 * MPH,
    ("fr", "motorway"): 130,
    ("de", "rural"): 100,
    ("us", "urban"): 25 * MPH,
    ("us", "rural"): 55 * MPH,
}


class Direction(NamedTuple):
    """One direction of travel along a way."""

    blue: bool
    public: bool
    speed_kph: float
    tagged: bool
    bus_lane: bool


class Limits(NamedTuple):
    """What may pass, metres and tonnes; infinite where the map sets no limit."""

    height_m: float = math.inf
    width_m: float = math.inf
    weight_t: float = math.inf


@dataclass(frozen=True, slots=True)
class WayRule:
    """How a way may be driven, along its nodes (``forward``) and against them.

    ``ref`` is the road's number, and ``layer`` how high it lies over or under others.
    """

    highway: int
    name: str
    name_en: str
    ref: str
    bridge: bool
    tunnel: bool
    roundabout: bool
    layer: int
    limits: Limits
    forward: Direction
    backward: Direction


_AFLOAT: Final = frozenset({"river", "canal", "fairway"})
_NO_BOATS: Final = frozenset(
    {
        *("stream", "ditch", "drain", "pressurised", "waterfall", "rapids", "fish_pass"),
        *("dam", "weir", "lock_gate", "sluice_gate", "spillway"),
    }
)
_BOATS_STOP: Final = frozenset({"dam", "weir", "lock_gate", "sluice_gate", "waterfall", "rapids"})
_BOATS_MAY: Final = frozenset({"yes", "designated", "permissive"})


class Barrier(Enum):
    """What a barrier on a street is to a blue-light vehicle."""

    GATE = "gate"  # has to be opened, which takes time
    BLOCK = "block"  # nobody drives through


_GATES: Final = frozenset(
    {
        "gate",
        "lift_gate",
        "swing_gate",
        "sliding_gate",
        "hampshire_gate",
        "bump_gate",
        "sliding_beam",
        "wicket_gate",
        "bollard",
        "rising_bollard",
        "chain",
        "rope",
        "barrier_board",
        "sally_port",
        "spikes",
        "yes",
    }
)
_BLOCKS: Final = frozenset(
    {
        "block",
        "jersey_barrier",
        "cycle_barrier",
        "motorcycle_barrier",
        "kissing_gate",
        "turnstile",
        "full-height_turnstile",
        "stile",
        "log",
        "rock",
        "debris",
        "fence",
        "wall",
        "hedge",
        "guard_rail",
        "ditch",
        "planter",
        "tank_trap",
        "horse_stile",
    }
)


def rule_of(tags: Tags) -> WayRule | str:
    """How a way with these tags may be driven, or a sentence that says why not.

    The sentence is a heading under which an import counts what it dropped.
    """
    highway = _class_of(tags)
    if highway not in CLASS_INDEX:
        return highway
    public = _open_to_public(highway, tags)
    if not public and tags.get("emergency") == "no":
        return "ways closed to emergency vehicles (emergency=no)"
    forward, backward = _directions(highway, tags)
    both = tags.get("oneway:emergency") == "no"
    speeds = _speeds(highway, tags)
    buses = bus_lanes(tags)
    name, name_en = street_names(tags)
    return WayRule(
        highway=CLASS_INDEX[highway],
        name=name,
        name_en=name_en,
        ref=tags.get("ref", ""),
        bridge=tags.get("bridge", "no") != "no",
        tunnel=tags.get("tunnel", "no") != "no",
        roundabout=_is_roundabout(tags),
        layer=layer_of(tags),
        limits=limits_of(tags),
        forward=Direction(forward or both, forward and public, *speeds[0], buses[0]),
        backward=Direction(backward or both, backward and public, *speeds[1], buses[1]),
    )


def _class_of(tags: Tags) -> str:
    """Return the class in HIGHWAY_CLASSES, or the sentence under which the way is dropped."""
    highway = tags.get("highway", "").split(";")[0]
    if tags.get("area") == "yes":
        return "areas (squares, parking surfaces)"
    if _ruined(tags):
        return "ways that nobody can drive (disused, abandoned or impassable)"
    if tags.get("service") == "emergency_access" or tags.get("access") == "emergency":
        if highway in CLASS_INDEX or highway in _FOOT:
            return "emergency_access"
    elif highway in _FOOT:
        if tags.get("emergency") in _EMERGENCY_YES:
            return "emergency_access"
        return "footways, paths and cycleways not open to emergency vehicles"
    elif highway == "pedestrian" and not _vehicles_enter(tags):
        return "pedestrian streets without a sign that vehicles may enter"
    elif highway == "track" and not (_vehicles_enter(tags) or _firm(tags)):
        return "tracks without a sign that an ambulance can drive them"
    if highway in CLASS_INDEX:
        return highway
    return "ways of other kinds (steps, construction, proposed …)"


def _ruined(tags: Tags) -> bool:
    return (
        tags.get("disused") == "yes"
        or tags.get("abandoned") == "yes"
        or tags.get("impassable") == "yes"
        or tags.get("smoothness") == "impassable"
    )


def _vehicles_enter(tags: Tags) -> bool:
    return tags.get("emergency") in _EMERGENCY_YES or any(
        tags.get(key, "no") != "no" for key in _MOTOR_KEYS
    )


def _firm(tags: Tags) -> bool:
    return tags.get("tracktype") in {"grade1", "grade2"} or tags.get("surface") in _PAVED


def _open_to_public(highway: str, tags: Tags) -> bool:
    if highway in _ALWAYS_CLOSED_TO_PUBLIC:
        return False
    keys = _MOTOR_KEYS if highway in _PUBLIC_ONLY_IF_TAGGED else _ACCESS_KEYS
    said = access_says(tags, keys)
    if said is not None:
        return said
    full_cars_only = tags.get("hov") in {"designated", "only"}
    return highway not in _PUBLIC_ONLY_IF_TAGGED and not full_cars_only


def access_says(tags: Tags, keys: tuple[str, ...] = _ACCESS_KEYS) -> bool | None:
    """Whether the most specific access tag lets the public in; None where there is none."""
    for key in keys:
        value = tags.get(key)
        if value is not None:
            return any(part.strip() in _PUBLIC for part in value.split(";"))
    return None


def _is_roundabout(tags: Tags) -> bool:
    return tags.get("junction") in {"roundabout", "circular"}


def _directions(highway: str, tags: Tags) -> tuple[bool, bool]:
    """Whether the way may be driven along and against its nodes."""
    oneway = tags.get("oneway")
    if highway == "emergency_access":  # its oneway speaks to bicycles
        return True, True
    if oneway in _ONEWAY_FORWARD:
        return True, False
    if oneway in _ONEWAY_BACKWARD:
        return False, True
    implied = _is_roundabout(tags) or highway in {"motorway", "motorway_link"}
    return True, not (oneway is None and implied)


def _speeds(highway: str, tags: Tags) -> tuple[tuple[float, bool], tuple[float, bool]]:
    """Speed and whether it is posted, along and against the way's nodes."""
    common = parse_speed(tags.get("maxspeed", ""))
    if common is None:
        for key in ("zone:maxspeed", "maxspeed:type", "source:maxspeed"):
            common = _parse_zone(tags.get(key, "").strip().lower())
            if common is not None:
                break
    default = DEFAULT_SPEED_KPH[highway]
    out = []
    for key in ("maxspeed:forward", "maxspeed:backward"):
        own = parse_speed(tags.get(key, "")) or common
        out.append((own or default, own is not None))
    return out[0], out[1]


def parse_speed(value: str) -> float | None:
    """Kilometres per hour of a ``maxspeed`` value, or None where it says nothing usable.

    Of several values (``50;40``) the lowest counts; ``none``, ``signals`` and ``variable`` say
    nothing that a schedule could be built on.
    """
    speeds = [_parse_one(part.strip().lower()) for part in re.split(r"[;|,]", value)]
    usable = [s for s in speeds if s is not None and s >= SLOWEST_KPH]
    return min(*usable, FASTEST_KPH) if usable else None


def _parse_one(text: str) -> float | None:
    if text == "walk":
        return WALKING_KPH
    number = _NUMBER.match(text)
    if number is None:
        return _parse_zone(text)
    value = float(number.group(1))
    unit = number.group(2)
    if unit == "mph":
        return value * MPH
    return value * KNOT if unit == "knots" else value


def _parse_zone(text: str) -> float | None:
    """Kilometres per hour of ``CN:urban``, ``DE:zone:30`` and the like."""
    zone = _ZONE.match(text) if ":" in text else None
    if zone is None:
        return None
    country, kind = zone.group(1) or "", zone.group(2)
    if kind.isdigit():
        return float(kind) * (MPH if country in {"gb", "us"} else 1.0)
    return _COUNTRY_ZONE_KPH.get((country, kind), _ZONE_KPH.get(kind))


def bus_lanes(tags: Tags) -> tuple[bool, bool]:
    """Whether a lane for buses runs beside the others, along and against the way's nodes."""
    both = tags.get("bus") == "lane" or tags.get("psv") == "lane" or _lane_for_buses(tags, "")
    both = both or "lane" in (tags.get("busway"), tags.get("busway:both"))
    along, back = (both or _lane_for_buses(tags, side) for side in (":forward", ":backward"))
    # Traffic keeps to the right in most of the world; on a one-way street both sides run along.
    right, left = (tags.get(f"busway:{side}") == "lane" for side in ("right", "left"))
    against = tags.get("busway") == "opposite_lane"
    if tags.get("oneway") in _ONEWAY_BACKWARD:
        return along or against, back or right or left
    if tags.get("oneway") in _ONEWAY_FORWARD:
        return along or right or left, back or against
    return along or right, back or left or against


def _lane_for_buses(tags: Tags, side: str) -> bool:
    """Whether ``lanes:bus``, ``bus:lanes`` or the like, with such an ending, tells of a lane."""
    for who in ("bus", "psv"):
        count = tags.get(f"lanes:{who}{side}", "0")
        if count.isdigit() and int(count) > 0:
            return True
        if "designated" in re.split(r"[|;]", tags.get(f"{who}:lanes{side}", "")):
            return True
    return False


def layer_of(tags: Tags) -> int:
    """How high a way lies over (above 0) or under the ground."""
    layer = re.match(r"^\s*([+-]?\d+)", tags.get("layer", ""))
    if layer is not None:
        return max(-_HIGHEST_LAYER, min(int(layer.group(1)), _HIGHEST_LAYER))
    if tags.get("bridge", "no") not in _AT_GROUND:
        return 1
    return -1 if tags.get("tunnel", "no") not in _AT_GROUND else 0


def limits_of(tags: Tags) -> Limits:
    """How high, wide and heavy a vehicle may be; of the sign and the structure the tighter."""
    return Limits(
        height_m=_tightest(tags, ("maxheight", "maxheight:physical"), parse_metres),
        width_m=_tightest(tags, ("maxwidth", "maxwidth:physical"), parse_metres),
        weight_t=_tightest(tags, ("maxweight", "maxweight:physical"), parse_tonnes),
    )


def limits_at_barrier(tags: Tags) -> Limits:
    """Limits of a barrier on the street; a car park's own are none of the street's."""
    return limits_of(tags) if "barrier" in tags else Limits()


def _tightest(tags: Tags, keys: tuple[str, ...], parse: Callable[[str], float | None]) -> float:
    values = (part for key in keys for part in tags.get(key, "").split(";"))
    return min((limit for value in values if (limit := parse(value)) is not None), default=math.inf)


def parse_metres(value: str) -> float | None:
    """Metres of a ``maxheight`` or ``maxwidth``, or None where it says no number.

    ``default``, ``none``, ``below_default`` and the like set no limit that could be heeded.
    """
    text = value.strip().lower().replace(",", ".")
    feet = _FEET.match(text)
    if feet is not None:
        return float(feet.group(1)) * FOOT_M + float(feet.group(2) or 0) * INCH_M or None
    return _measure(text, _METRES)


def parse_tonnes(value: str) -> float | None:
    """Tonnes of a ``maxweight``, or None where it says no number."""
    return _measure(value.strip().lower().replace(",", "."), _TONNES)


def _measure(text: str, units: Mapping[str, float]) -> float | None:
    number = _QUANTITY.match(text)
    if number is None or number.group(2) not in units:
        return None
    return float(number.group(1)) * units[number.group(2)] or None


def navigable(tags: Tags) -> bool:
    """Whether a rescue boat can go along a waterway."""
    kind = tags.get("waterway")
    buried = tags.get("tunnel", "no") != "no" or tags.get("culvert", "no") != "no"
    if kind is None or kind in _NO_BOATS or buried or _ruined(tags):
        return False
    if tags.get("boat") == "no" or tags.get("intermittent") == "yes":
        return False
    return kind in _AFLOAT or bool(_BOATS_MAY & {tags.get("boat"), tags.get("motorboat")})


def stops_boats(tags: Tags) -> bool:
    """Whether no boat passes a point with these tags, or any point of a way with them."""
    return tags.get("waterway") in _BOATS_STOP


def lands_boats(tags: Tags) -> bool:
    """Whether boats are launched and land here: a slipway, a pier or a ferry terminal."""
    return (
        tags.get("leisure") == "slipway"
        or tags.get("man_made") == "pier"
        or tags.get("amenity") == "ferry_terminal"
    )


def street_names(tags: Tags) -> tuple[str, str]:
    """Local and English name of a street; a bridge's or tunnel's own name comes first.

    People close a bridge by its name, not by the road that crosses it.
    """
    for structure in ("bridge", "tunnel"):
        own = tags.get(f"{structure}:name", "")
        if own and tags.get(structure, "no") != "no":
            return own, tags.get(f"{structure}:name:en", "")
    name, name_en = names(tags)
    return name or tags.get("ref", ""), name_en


def names(tags: Tags) -> tuple[str, str]:
    """Local and English name of anything; "" where the map has none."""
    return tags.get("name") or tags.get("name:zh", ""), tags.get("name:en", "")


def barrier_of(tags: Tags) -> Barrier | None:
    """Tell what stands on the street at such a node, None if nothing delays a vehicle."""
    kind = tags.get("barrier")
    if kind is None:
        return None
    opens = tags.get("emergency") in _EMERGENCY_YES or access_says(tags, _MOTOR_KEYS) is True
    if kind in _GATES:
        return Barrier.GATE if opens or not _stays_shut(tags) else Barrier.BLOCK
    if kind not in _BLOCKS:
        return None
    return Barrier.GATE if opens else Barrier.BLOCK


def _stays_shut(tags: Tags) -> bool:
    """Whether no crew can open a gate: a fixed bollard, or one that says so of them."""
    if tags.get("barrier") == "bollard" and tags.get("bollard") == "fixed":
        return True
    return tags.get("emergency") == "no" and access_says(tags) is False


def gate_open_to_public(tags: Tags, *, main_road: bool) -> bool:
    """Whether the public may pass a gate.

    Where no tag tells, a gate across a main road stands open (a toll plaza, a border), one on a
    minor road is a compound's and shut; a bollard keeps everybody out.
    """
    said = access_says(tags)
    if said is None:
        return main_road and tags.get("barrier") not in {"bollard", "rising_bollard"}
    return said


def signal_direction(tags: Tags) -> int | None:
    """Which traffic a signal at this node stops: 1 along the way, -1 against it, 0 both.

    None where the node is not a traffic signal.
    """
    if tags.get("highway") != "traffic_signals":
        return None
    facing = tags.get("traffic_signals:direction", tags.get("direction", ""))
    return {"forward": 1, "backward": -1}.get(facing, 0)
