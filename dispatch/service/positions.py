"""Positions in batches: what is usable goes into the book, what is not is summed up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, TypeVar

from dispatch.errors import InvalidFieldError
from dispatch.model import Remark
from dispatch.service import convert, resolve
from dispatch.service.calls import Call
from dispatch.service.present import Presenter
from dispatch.service.rooms import Rooms
from dispatch.service.status import StoppingError
from dispatch.v1 import emergency_pb2

LARGEST_BATCH: Final = 1000
PROBLEMS_LISTED: Final = 100
UNKNOWN_KEPT: Final = 100
"""Unknown names that one stream may add to the journal."""

_TAKEN_AT_ONCE: Final = 100

T = TypeVar("T")


async def until(stopping: asyncio.Event, items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Items as they come, until they end or the service stops.

    Raises
    ------
    StoppingError
        The service stops.
    """
    stop = asyncio.ensure_future(stopping.wait())
    iterator, coming = aiter(items), None
    try:
        while True:
            coming = asyncio.ensure_future(anext(iterator))
            await asyncio.wait({coming, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                raise StoppingError("the service is stopping")
            try:
                item = coming.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        stop.cancel()
        if coming is not None:
            coming.cancel()  # nothing happens to one that is done


class PositionIntake:
    """One stream of positions."""

    def __init__(self, rooms: Rooms, call: Call, presenter: Presenter) -> None:
        self._rooms = rooms
        self._call = call
        self._presenter = presenter
        self._bounds = rooms.streets.network.bounds
        self._unknown: set[str] = set()
        self.summary = emergency_pb2.StreamPositionsResponse()
        """What came of the stream so far."""

    async def take(self, batch: emergency_pb2.StreamPositionsRequest) -> None:
        """Take a batch.

        Raises
        ------
        InvalidFieldError
            It is too large; the batches before it stay.
        """
        if len(batch.positions) > LARGEST_BATCH:
            size = f"{len(batch.positions)} positions"
            raise InvalidFieldError("positions", size, f"up to {LARGEST_BATCH} a message")
        for number, report in enumerate(batch.positions, 1):
            problem = self._observe(report)
            if problem is None:
                self.summary.accepted += 1
            else:
                await self._reject(report.unit, problem)
            if number % _TAKEN_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _observe(self, report: emergency_pb2.PositionReport) -> Remark | None:
        engine, mapping = self._rooms.engine, self._call.mapping
        unit = resolve.find_unit(report.unit, mapping, self._rooms.mappings, engine.state.fleet)
        if unit is None:
            return Remark("unit_unknown", {"value": report.unit[:200]})
        position = convert.position(report, mapping, self._bounds, engine.clock.now())
        if isinstance(position, Remark):
            return position
        return Remark("position_outdated") if engine.observe({unit: position}) else None

    async def _reject(self, unit: str, problem: Remark) -> None:
        self.summary.rejected += 1
        if len(self.summary.problems) < PROBLEMS_LISTED:
            self.summary.problems.add(unit=unit[:200], remark=self._presenter.remark(problem))
        new = problem.code == "unit_unknown" and unit not in self._unknown
        if new and len(self._unknown) < UNKNOWN_KEPT:
            self._unknown.add(unit)
            kept = resolve.kept(self._call.mapping, "unit", unit)
            if kept:
                await self._rooms.engine.submit(None, kept=kept)
