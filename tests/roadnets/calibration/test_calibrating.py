"""From a network and trips to a calibration."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from roadnets.calibration.calibrating import calibrate_to, calibrate_to_synthetic, refused_lines
from roadnets.calibration.trips import Refused, Trip
from roadnets.calibration.uncertainty import Cell, RoadGroup, TimeGroup
from roadnets.errors import SourceError
from roadnets.geo import LonLat
from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared, prepare
from roadnets.sources.tripfile import TripFile
from roadnets.travel import TravelMode
from roadnets.weights.congestion import Congestion
from tests.roadnets.networks import grid

BLUE = TravelMode.BLUE_LIGHT
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def city() -> tuple[RoadNetwork, Prepared]:
    network = grid(30, 30, step=0.002)
    return network, prepare(network)


def test_made_up_trips_are_found_again(city: tuple[RoadNetwork, Prepared]) -> None:
    """On streets as on paper: p50 within 6 %, p90 within 10 % where there are 300 trips."""
    done = calibrate_to_synthetic(*city, count=3000, seed=4, zone="Asia/Shanghai")
    assert done.truth is not None
    assert done.used + len(done.refused) == 3000
    cells = [cell for cell in done.truth.spreads if done.calibration.of_cell(cell).trips > 300]
    cells = [cell for cell in cells if cell in done.calibration.spreads]
    assert len(cells) >= 2
    for cell in cells:
        told, true = done.calibration.of_cell(cell), done.truth.spreads[cell]
        for q, within in ((0.5, 0.06), (0.9, 0.1)):
            size = np.array([600.0])
            assert told.quantile(size, q) == pytest.approx(true.quantile(size, q), rel=within)
    for row in done.scores:
        assert row.after.below_p90 == pytest.approx(0.9, abs=0.03)
        assert row.after.pinball_s < row.before.pinball_s


def test_the_same_seed_gives_the_same_calibration(city: tuple[RoadNetwork, Prepared]) -> None:
    one, two, other = (
        calibrate_to_synthetic(*city, count=60, seed=seed, zone="UTC").calibration.to_mapping()
        for seed in (1, 1, 2)
    )
    assert one == two != other


@pytest.mark.parametrize("name", ["count", "seed"])
def test_a_number_below_0_is_refused_by_its_name(
    city: tuple[RoadNetwork, Prepared], name: str
) -> None:
    numbers = {"count": 60, "seed": 1} | {name: -1}
    with pytest.raises(ValueError, match=f"{name} is -1; allowed: 0 or more"):
        calibrate_to_synthetic(*city, **numbers, zone="UTC")


def observed(network: RoadNetwork, count: int, times: float, hour: int = 12) -> TripFile:
    """Trips across the grid that each took so many times 600 s, the first of them at an hour."""
    west, east = (
        LonLat(float(network.node_lon[node]), float(network.node_lat[node])) for node in (0, 899)
    )
    start = datetime(2026, 3, 2, hour, tzinfo=SHANGHAI)
    trips = (
        Trip(i + 2, west, east, start + timedelta(minutes=i), 600.0 * times, BLUE)
        for i in range(count)
    )
    return TripFile(tuple(trips), (Refused(99, "mode is ''"),))


def test_observed_trips(city: tuple[RoadNetwork, Prepared]) -> None:
    told: list[str] = []
    done = calibrate_to(*city, observed(city[0], 40, 1.0), "Asia/Shanghai", tell=told.append)
    assert (done.used, done.truth) == (40, None)
    assert done.refused == (Refused(99, "mode is ''"),)
    cell = Cell(BLUE, TimeGroup.DAY, RoadGroup.LOCAL)
    assert done.calibration.spreads[cell].trips == 40
    assert done.calibration.name == "40 trips"
    assert told[0] == "asking the engine for 40 trips"


def test_the_engine_knows_the_congestion(city: tuple[RoadNetwork, Prepared]) -> None:
    """Where the engine's streets are half as fast, the same trips are half as slow to it."""
    jam = {"factors": {"local": {"everyday": [0.5] * 24}}, "blue_light_share": 1}
    flat, jammed = (
        calibrate_to(*city, observed(city[0], 40, 1.0), "UTC", congestion).calibration
        for congestion in (Congestion(), Congestion.from_mapping(jam))
    )
    size = np.array([600.0])
    ratio = jammed.of_cell(Cell(BLUE)).quantile(size, 0.5) / flat.of_cell(Cell(BLUE)).quantile(
        size, 0.5
    )
    assert ratio[0] < 0.8


def test_hours_after_a_jam_are_as_fast_as_without_one(city: tuple[RoadNetwork, Prepared]) -> None:
    week = [1.0] * 24
    week[8] = 0.4
    jam = {"factors": {"local": {"everyday": week}}, "blue_light_share": 1}
    jammed, later = (observed(city[0], count, 1.0, hour) for count, hour in ((1, 8), (40, 22)))
    both = TripFile(jammed.trips + later.trips, ())
    flat, after = (
        calibrate_to(*city, both, "Asia/Shanghai", congestion).scores[0].before
        for congestion in (Congestion(), Congestion.from_mapping(jam))
    )
    assert after.bias_s == flat.bias_s  # a median: of 41 trips one was in the jam


def test_too_few_trips_are_refused(city: tuple[RoadNetwork, Prepared]) -> None:
    with pytest.raises(SourceError, match=r"5 trips can be used; needed: 30 .* \(line 99: mode is"):
        calibrate_to(*city, observed(city[0], 5, 1.0), "UTC")
    with pytest.raises(SourceError, match="^9 trips can be used|^10 trips can be used"):
        calibrate_to_synthetic(*city, count=10, seed=1, zone="UTC")
    with pytest.raises(ValueError, match="zone is 'Mars'"):
        calibrate_to(*city, observed(city[0], 5, 1.0), "Mars")
    with pytest.raises(ValueError, match="count is -1"):
        calibrate_to_synthetic(*city, count=-1, seed=1, zone="UTC")


def test_every_refused_line_is_told() -> None:
    refused = [Refused(i, f"reason {i}") for i in range(2, 60)]
    lines = refused_lines(refused, 1000).splitlines()
    assert lines[0] == "58 of 1,000 trips refused:"
    assert lines[-1] == "  line 59: reason 59"
    assert len(lines) == 59
    assert refused_lines([], 7) == "0 of 7 trips refused"
