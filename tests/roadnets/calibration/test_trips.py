"""Observed trips meet the engine: what it says of each, or why it cannot be used."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from roadnets.calibration.trips import Samples, Trip, measure
from roadnets.calibration.uncertainty import Cell, RoadGroup, TimeGroup
from roadnets.engine import TravelEngine
from roadnets.geo import LonLat
from roadnets.network import EdgeFlag
from roadnets.travel import TravelMode
from tests.roadnets.networks import Street, make_network

BLUE, CIVILIAN = TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN
SHANGHAI = ZoneInfo("Asia/Shanghai")
EIGHT = datetime(2026, 3, 2, 8, tzinfo=SHANGHAI)
WEST, MIDDLE, EAST = LonLat(116.39, 39.9), LonLat(116.42, 39.9), LonLat(116.45, 39.9)
FAR = LonLat(116.42, 40.5)

# A main road, then a lane for blue light alone.
NETWORK = make_network(
    [WEST, MIDDLE, EAST],
    [
        Street(0, 1, highway="primary"),
        Street(1, 2, flags=EdgeFlag.RESTRICTED),
    ],
)


def trip(line: int = 2, **changes: object) -> Trip:
    plain = {
        "line": line,
        "origin": WEST,
        "destination": MIDDLE,
        "departure": EIGHT,
        "driven_s": 300.0,
        "mode": BLUE,
    }
    return Trip(**{**plain, **changes})


def asked(*trips: Trip, slots: list[int] | None = None):
    engine = TravelEngine.plain(NETWORK)

    def travel_at(slot: int) -> TravelEngine:
        if slots is not None:
            slots.append(slot)
        return engine

    return measure(NETWORK, trips, travel_at, SHANGHAI)


def test_trips_are_measured_in_their_order() -> None:
    night = EIGHT.replace(hour=3)
    slots: list[int] = []
    samples, refused = asked(
        trip(driven_s=400.0),
        trip(origin=MIDDLE, destination=EAST, departure=night),
        trip(mode=CIVILIAN),
        slots=slots,
    )
    assert refused == ()
    assert slots == [3, 8]
    assert samples.driven_s.tolist() == [400, 300, 300]
    assert (
        samples.engine_s[0]
        == TravelEngine.plain(NETWORK).route(BLUE, *_snaps(trip(), BLUE)).duration_s
    )
    assert [samples.cells[i] for i in samples.cell] == [
        Cell(BLUE, TimeGroup.PEAK, RoadGroup.MAIN),
        Cell(BLUE, TimeGroup.NIGHT, RoadGroup.LOCAL),
        Cell(CIVILIAN, TimeGroup.PEAK, RoadGroup.MAIN),
    ]


def _snaps(one: Trip, mode: TravelMode):
    from roadnets.snapping.snap import Snapper

    return Snapper(NETWORK).snap_many([one.origin, one.destination], mode)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"origin": FAR}, "its origin, 116.420000, 40.500000, is too far from every street"),
        ({"destination": FAR}, "its destination, 116.420000, 40.500000, is too far from every"),
        ({"destination": EAST, "mode": CIVILIAN}, "its destination, .* is too far"),
        ({"mode": TravelMode.BOAT}, "there is no way for boat"),
        ({"destination": WEST}, "the engine gives it 0 s; allowed: 10 or more"),
        ({"driven_s": 9e4}, "duration_s is 90000 and the engine gives it .* at most 10 times"),
        ({"driven_s": 9.0}, "duration_s is 9 and the engine gives it .* at most 10 times"),
    ],
)
def test_what_cannot_be_used_says_why(changes: dict[str, object], words: str) -> None:
    samples, refused = asked(trip(7, **changes), trip(8))
    assert len(samples) == 1
    ((line, reason),) = refused
    assert line == 7
    with pytest.raises(ValueError, match=words):
        raise ValueError(reason)


def test_no_trips() -> None:
    samples, refused = asked()
    assert (len(samples), refused) == (0, ())


def test_samples_of_a_cell() -> None:
    cells = (
        Cell(BLUE, TimeGroup.PEAK, RoadGroup.MAIN),
        Cell(BLUE, TimeGroup.DAY, RoadGroup.MAIN),
        Cell(CIVILIAN, TimeGroup.DAY, RoadGroup.LOCAL),
    )
    samples = Samples.of(np.array([1.0, 2, 3]), np.array([4.0, 5, 6]), cells)
    assert samples.inside(Cell(BLUE)).tolist() == [True, True, False]
    assert samples.inside(Cell(BLUE, TimeGroup.DAY)).tolist() == [False, True, False]
    assert samples.inside(cells[2]).tolist() == [False, False, True]
    assert not samples.inside(Cell(TravelMode.BOAT)).any()
    chosen = samples.chosen(samples.inside(Cell(BLUE)))
    assert (len(chosen), chosen.driven_s.tolist(), chosen.cell.tolist()) == (2, [4, 5], [0, 1])
