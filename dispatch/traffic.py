"""Traffic: at what pace the streets are driven just now.

The hour of the week and measured speeds set the pace. Measurements are not facts: they come by the
thousand, fade within minutes and are not in the journal (ADR 0012); each decision names the
pace that it rested on. All of the work is done in threads of its own, aside from those that
answer and from the event loop: what is asked meanwhile is answered at the pace before.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, TypeVar

import numpy as np

from dispatch.clock import Clock
from dispatch.conditions.streets import Streets
from dispatch.preparing import prepare_apart
from roadnets.live import HIERARCHY, LiveRoads
from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared
from roadnets.weights.congestion import FLAT, Congestion, week_slot
from roadnets.weights.edge_index import EdgeIndex
from roadnets.weights.live_speeds import LiveSpeeds
from roadnets.weights.pace import all_pace_ms
from roadnets.weights.speed_feed import Measured, Segment, SpeedFeed, SpeedRecords

log = logging.getLogger(__name__)

RENEW_EVERY_S: Final = 10.0
"""A new pace is made at most so often, in real seconds."""

FADING_EVERY_S: Final = 60.0
"""Measured speeds fade: without new ones the pace is renewed so often, in real seconds."""

_LOOK_EVERY_S: Final = 0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual: how much slower the streets are at each hour of the week, in which zone."""

    congestion: Congestion = FLAT
    zone: tzinfo = UTC

    def slot(self, now: datetime) -> int:
        """The hour of the week."""
        return week_slot(now, self.zone)


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace on the roads.

    Attributes
    ----------
    slot
        The hour of the week whose usual speeds are driven; None where every hour is the same.
    measured
        Directed edges whose measured speed is heeded.
    newest
        When the newest of them was measured.
    name
        What decisions keep of it; "" where nothing is unusual.
    """

    slot: int | None = None
    measured: int = 0
    newest: datetime | None = None
    name: str = ""


class Traffic:
    """Keeps the roads at the pace of the hour and of what is measured.

    Parameters
    ----------
    index
        Of the network, for lines along streets; asked for in a thread.
    """

    def __init__(
        self,
        live: LiveRoads,
        streets: Streets,
        usual: Usual,
        clock: Clock,
        index: Callable[[], EdgeIndex],
    ) -> None:
        self._live = live
        self._streets = streets
        self._usual = usual
        self._clock = clock
        self._index = index
        self._feed: SpeedFeed | None = None
        self._speeds = LiveSpeeds.none(live.network.edge_count)
        self._driven = self._speeds
        self._fresh = asyncio.Event()
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="speeds")
        self._pacing = ThreadPoolExecutor(1, thread_name_prefix="pace")
        self._tasks: list[asyncio.Task[None]] = []
        self.pace = first_pace(usual, clock.now())
        streets.pace = self.pace.name

    async def start(self) -> None:
        """Begin to follow the hour and the measurements; prepare the hierarchy if there is none."""
        self._tasks = [asyncio.create_task(self._run(), name="traffic")]
        if self._live.engine != HIERARCHY:
            self._tasks.append(asyncio.create_task(self._prepare(), name="hierarchy"))

    async def stop(self) -> None:
        """Finish the pace in hand and stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._reading.shutdown()
        await asyncio.to_thread(self._pacing.shutdown)

    async def register(self, segments: Mapping[str, Segment]) -> tuple[int, tuple[str, ...]]:
        """Learn what segments are; gives how many are known, and those along no street.

        Raises
        ------
        ValueError
            One of them is none; nothing is learnt then.
        """

        def learn() -> tuple[int, tuple[str, ...]]:
            feed = self._speed_feed()
            astray = feed.register(segments)
            return feed.segment_count, astray

        return await self._read(learn)

    async def take(self, read: Callable[[], SpeedRecords]) -> Measured:
        """Take measurements; ``read`` makes them, in the thread that takes them."""
        now = self._clock.now()

        def learn() -> Measured:
            measured = self._speed_feed().read(read(), now)
            if len(measured.edges):
                self._speeds = self._speeds.with_measured(
                    measured.edges, measured.kph, measured.measured_s, now
                )
            return measured

        measured = await self._read(learn)
        if measured.accepted:
            self._fresh.set()
        return measured

    def _speed_feed(self) -> SpeedFeed:
        if self._feed is None:
            self._feed = SpeedFeed(self._index())
        return self._feed

    async def _read(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    async def _run(self) -> None:
        renewed = time.monotonic()
        while True:
            await self._wait()
            since_s = time.monotonic() - renewed
            now = self._clock.now()
            fading = bool(self.pace.measured) and since_s >= FADING_EVERY_S
            fresh = self._speeds is not self._driven and since_s >= RENEW_EVERY_S
            if not (fresh or fading or self._usual_slot(now) != self.pace.slot):
                continue
            renewed = time.monotonic()
            try:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._pacing, self._renew, now, self._speeds)
            except Exception:
                log.exception("the pace could not be renewed; the one before stays")

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_EVERY_S):
                await self._fresh.wait()
        except TimeoutError:
            return
        self._fresh.clear()
        await asyncio.sleep(_LOOK_EVERY_S)

    def _usual_slot(self, now: datetime) -> int | None:
        return None if self._usual.congestion is FLAT else self._usual.slot(now)

    def _renew(self, now: datetime, speeds: LiveSpeeds) -> None:
        began = time.perf_counter()
        slot = self._usual_slot(now)
        congestion = self._usual.congestion
        self._live.repace(all_pace_ms(self._live.network, congestion, slot or 0, speeds, now))
        self._driven = speeds
        self.pace = Pace(slot, speeds.known(now), _newest(speeds), _name(slot, speeds, now))
        self._streets.pace = self.pace.name
        elapsed_ms = round((time.perf_counter() - began) * 1000)
        log.info("pace renewed", extra={"pace": self.pace.name, "elapsed_ms": elapsed_ms})

    async def _prepare(self) -> None:
        try:
            prepared = await prepare_apart(self._live.network)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._pacing, self._live.prepare, prepared)
        except Exception:
            log.exception("the hierarchy could not be prepared; travel times stay slower")
        else:
            log.info("the hierarchy is ready")


def first_pace(usual: Usual, now: datetime) -> Pace:
    """The pace of an hour before anything is measured."""
    if usual.congestion is FLAT:
        return Pace()
    slot = usual.slot(now)
    return Pace(slot, name=f"slot {slot}")


def live_roads(
    network: RoadNetwork, prepared: Prepared | None, usual: Usual, now: datetime
) -> LiveRoads:
    """The roads at the pace of an hour, before anything is measured."""
    slot = 0 if usual.congestion is FLAT else usual.slot(now)
    return LiveRoads(network, all_pace_ms(network, usual.congestion, slot), prepared)


def _newest(speeds: LiveSpeeds) -> datetime | None:
    newest_s = float(speeds.measured_s.max())
    return datetime.fromtimestamp(newest_s, UTC) if np.isfinite(newest_s) else None


def _name(slot: int | None, speeds: LiveSpeeds, now: datetime) -> str:
    parts = [] if slot is None else [f"slot {slot}"]
    if speeds.known(now):
        digest = hashlib.blake2b(digest_size=8)
        digest.update(np.ascontiguousarray(speeds.kph).data)
        digest.update(np.ascontiguousarray(speeds.measured_s).data)
        parts.append(f"speeds {digest.hexdigest()} at {now.isoformat(timespec='seconds')}")
    return ", ".join(parts)
