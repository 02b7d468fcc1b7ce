"""Traffic: the hour and measured speeds set the pace, aside from those who answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta, timezone
from types import MappingProxyType

import numpy as np
import pytest

from dispatch import traffic as module
from dispatch.conditions.model import ConditionsState
from dispatch.conditions.streets import Streets
from dispatch.traffic import Traffic, Usual, first_pace, live_roads
from roadnets.live import BUCKETS, HIERARCHY
from roadnets.prepared import Prepared, prepare
from roadnets.snapping.snap import Snapper
from roadnets.travel import TravelMode
from roadnets.weights.congestion import Congestion
from roadnets.weights.edge_index import EdgeIndex
from roadnets.weights.speed_feed import SegmentEdges, SpeedRecords
from tests.dispatch.builders import NOW, SetClock, at
from tests.roadnets.networks import grid

CITY = grid(6, 6)
BEIJING = timezone(timedelta(hours=8))
CIVILIAN = TravelMode.CIVILIAN


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(CITY)


def jammed_at(*hours: int) -> Usual:
    """Half the speed in some hours of each day."""
    day = np.ones(24)
    day[list(hours)] = 0.5
    week = {group: np.tile(day, 7) for group in ("expressway", "main", "local")}
    return Usual(Congestion(MappingProxyType(week), name="jams"), BEIJING)


class Roads:
    """Traffic on a small city."""

    def __init__(self, usual: Usual, prepared: Prepared | None) -> None:
        self.clock = SetClock()
        self.live = live_roads(CITY, prepared, usual, self.clock.now())
        self.streets = Streets(CITY, Snapper(CITY), self.live)
        self.traffic = Traffic(self.live, self.streets, usual, self.clock, lambda: EdgeIndex(CITY))

    def drive_s(self, mode: TravelMode = CIVILIAN) -> int:
        snaps = self.streets.snap_many([at(0, 2.5), at(5, 2.5)], mode)
        travel = self.streets.travel(ConditionsState())
        return int(travel.many_to_one(mode, snaps[:1], snaps[1])[0])

    async def until_drive(self, *, changed_from: int) -> int:
        async with asyncio.timeout(10):
            while self.drive_s() == changed_from:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        return self.drive_s()


@asynccontextmanager
async def roads(usual: Usual, prepared: Prepared | None) -> AsyncIterator[Roads]:
    made = Roads(usual, prepared)
    await made.traffic.start()
    try:
        yield made
    finally:
        await made.traffic.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENEW_EVERY_S", 0.0)
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.01)


def everywhere(kph: float, seconds_ago: float = 0.0) -> SpeedRecords:
    count = CITY.edge_count
    return SpeedRecords(
        list(range(count)), np.full(count, kph), np.full(count, NOW.timestamp() - seconds_ago)
    )


async def test_the_pace_turns_with_the_hour(prepared: Prepared) -> None:
    # 2026-07-20 08:00 UTC is a Monday, 16:00 in Beijing.
    usual = jammed_at(17)
    async with roads(usual, prepared) as city:
        free_s = city.drive_s()
        assert (city.traffic.pace.slot, city.streets.pace) == (16, "slot 16")
        city.clock.advance(3600)
        jammed_s = await city.until_drive(changed_from=free_s)
        assert jammed_s > free_s
        assert city.traffic.pace.slot == 17
        city.clock.advance(3600)
        assert await city.until_drive(changed_from=jammed_s) == free_s


async def test_measured_speeds_set_the_pace_and_fade(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with roads(Usual(), prepared) as city:
        usual_s = city.drive_s()
        assert city.streets.pace == ""
        measured = await city.traffic.take(lambda: everywhere(5.0))
        assert measured.accepted == CITY.edge_count
        slow_s = await city.until_drive(changed_from=usual_s)
        assert slow_s > 2 * usual_s
        pace = city.traffic.pace
        assert (pace.measured, pace.newest) == (CITY.edge_count, NOW)
        assert pace.name.startswith("speeds ")
        assert city.streets.pace == pace.name
        monkeypatch.setattr(module, "FADING_EVERY_S", 0.0)
        city.clock.advance(3600)
        assert await city.until_drive(changed_from=slow_s) == usual_s
        assert (city.traffic.pace.measured, city.streets.pace) == (0, "")


async def test_what_is_asked_meanwhile_is_answered_at_the_pace_before(prepared: Prepared) -> None:
    async with roads(Usual(), prepared) as city:
        snaps = city.streets.snap_many([at(0, 2.5), at(5, 2.5)], CIVILIAN)
        travel = city.streets.travel(ConditionsState())
        before = travel.many_to_one(CIVILIAN, snaps[:1], snaps[1])
        await city.traffic.take(lambda: everywhere(5.0))
        await city.until_drive(changed_from=int(before[0]))
        assert travel.many_to_one(CIVILIAN, snaps[:1], snaps[1]) == before


async def test_equal_speeds_have_equal_names(prepared: Prepared) -> None:
    names = []
    for kph in (20.0, 20.0, 21.0):
        async with roads(Usual(), prepared) as city:
            await city.traffic.take(lambda kph=kph: everywhere(kph))
            await city.until_drive(changed_from=city.drive_s())
            names.append(city.traffic.pace.name)
    assert names[0] == names[1] != names[2]


async def test_segments_are_known_by_their_id(prepared: Prepared) -> None:
    async with roads(Usual(), prepared) as city:
        count, astray = await city.traffic.register({"s1": SegmentEdges((0, 1))})
        assert (count, astray) == (1, ())
        records = SpeedRecords(["s1", "s2"], np.array([9.0, 9.0]), np.full(2, NOW.timestamp()))
        measured = await city.traffic.take(lambda: records)
        assert measured.edges.tolist() == [0, 1]
        assert [p.record for p in measured.problems] == [1]
        with pytest.raises(ValueError, match="edge 999999 is unknown"):
            await city.traffic.register({"s3": SegmentEdges((999_999,))})


async def test_a_pace_that_fails_leaves_the_one_before(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with roads(Usual(), prepared) as city:
        usual_s = city.drive_s()
        compute = module.all_pace_ms
        tried = asyncio.Event()
        loop = asyncio.get_running_loop()

        def broken(*_: object) -> None:
            loop.call_soon_threadsafe(tried.set)
            raise RuntimeError("out of memory")

        monkeypatch.setattr(module, "all_pace_ms", broken)
        await city.traffic.take(lambda: everywhere(5.0))
        await asyncio.wait_for(tried.wait(), 10)
        assert city.drive_s() == usual_s
        monkeypatch.setattr(module, "all_pace_ms", compute)
        assert await city.until_drive(changed_from=usual_s) > usual_s
    assert "the pace could not be renewed" in caplog.text


async def test_the_hierarchy_is_made_while_others_answer() -> None:
    made = Roads(Usual(), None)
    assert made.live.engine == BUCKETS
    slower_s = made.drive_s()
    await made.traffic.start()
    async with asyncio.timeout(60):
        while made.live.engine != HIERARCHY:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    assert made.drive_s() == slower_s
    await made.traffic.stop()


async def test_a_hierarchy_that_is_not_wanted_any_more_is_given_up() -> None:
    made = Roads(Usual(), None)
    await made.traffic.start()
    await asyncio.sleep(0.2)
    async with asyncio.timeout(10):
        await made.traffic.stop()
    assert made.live.engine == BUCKETS


def test_the_first_pace() -> None:
    assert first_pace(Usual(), NOW).name == ""
    assert first_pace(jammed_at(8), NOW).slot == 16
