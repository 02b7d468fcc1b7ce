"""Made-up trips: the same for a seed, on streets that their mode may drive."""

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

from roadnets.calibration.synthetic_trips import known_calibration, synthetic_trips
from roadnets.calibration.uncertainty import Cell, RoadGroup, TimeGroup
from roadnets.network import RoadNetwork
from roadnets.snapping.snap import Snapper
from roadnets.travel import TravelMode
from tests.roadnets.networks import grid

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_the_same_seed_gives_the_same_trips() -> None:
    network = grid(5, 5)
    one, two, other = (synthetic_trips(network, 50, seed, SHANGHAI) for seed in (1, 1, 2))
    assert one == two != other


def test_they_are_spread_over_modes_and_weeks(sample_network: RoadNetwork) -> None:
    trips = synthetic_trips(sample_network, 1000, 3, SHANGHAI)
    modes = Counter(trip.mode for trip in trips)
    assert set(modes) == {TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN}
    assert 600 < modes[TravelMode.BLUE_LIGHT] < 800
    times = [trip.departure for trip in trips]
    assert max(times) - min(times) > timedelta(days=27)
    assert Counter(t.weekday() for t in times).keys() == set(range(7))
    civilian = [t.origin for t in trips if t.mode is TravelMode.CIVILIAN]
    snaps = Snapper(sample_network).snap_many(civilian, TravelMode.CIVILIAN)
    assert max(snap.distance_m for snap in snaps if snap) < 0.1
    assert None not in snaps


def test_what_they_follow_differs_by_mode_time_and_road() -> None:
    known = known_calibration("UTC")
    assert len(known.spreads) == 2 * len(TimeGroup) * len(RoadGroup)
    assert len({spread.factor for spread in known.spreads.values()}) == len(known.spreads)
    peak = known.spreads[Cell(TravelMode.CIVILIAN, TimeGroup.PEAK, RoadGroup.LOCAL)]
    night = known.spreads[Cell(TravelMode.CIVILIAN, TimeGroup.NIGHT, RoadGroup.LOCAL)]
    assert peak.factor > night.factor
