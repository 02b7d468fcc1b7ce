"""DeskClient: a caller that repeats what a missing server did not answer, and resumes its watch."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Self, TypeVar

import grpc
import grpc.aio

from dispatch.v1 import common_pb2, emergency_pb2, emergency_pb2_grpc, events_pb2, roads_pb2_grpc
from roadnets.geo import LonLat

PATIENCE_S = 60.0
"""Real seconds for which a call is repeated while nobody answers."""
RETRY_EVERY_S = 0.2

_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.enable_http_proxy", 0),
]

BROKEN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
"""How a call ends when the connection does; asked again, it is answered as before."""

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")


def new_request_id() -> str:
    """A UUID for a request; sent again, the request is answered as before."""
    return str(uuid.uuid4())


def wgs84(point: LonLat) -> common_pb2.Point:
    """A point as the API takes it."""
    return common_pb2.Point(
        longitude=point.lon,
        latitude=point.lat,
        coordinate_system=common_pb2.COORDINATE_SYSTEM_WGS84,
    )


class DeskClient:
    """A connection to one service.

    Parameters
    ----------
    target
        ``host:port``.
    client_id
        Who is calling, for ``x-client-id``.
    language
        "zh" or "en": what remarks are written in.
    """

    def __init__(self, target: str, client_id: str, language: str = "en") -> None:
        self._channel = grpc.aio.insecure_channel(target, options=_OPTIONS)
        self.metadata = (("x-client-id", client_id), ("accept-language", language))
        self.desk = emergency_pb2_grpc.EmergencyServiceStub(self._channel)
        self.roads = roads_pb2_grpc.RoadServiceStub(self._channel)
        self.reconnected = 0
        """How often the watch had to be resumed."""

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self._channel.close()

    async def call(
        self, method: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT], request: RequestT
    ) -> ResponseT:
        """Call until there is an answer; a request id makes that safe.

        Raises
        ------
        grpc.aio.AioRpcError
            The service refuses, or nobody answered for ``PATIENCE_S``.
        """
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await method(request, metadata=self.metadata)
            except grpc.aio.AioRpcError as error:
                if error.code() not in BROKEN or time.monotonic() > until:
                    raise
            await asyncio.sleep(RETRY_EVERY_S)

    async def watch(self, after_revision: int) -> AsyncIterator[events_pb2.Event]:
        """Every fact after a revision, without end: a watch that breaks off is resumed.

        Raises
        ------
        grpc.aio.AioRpcError
            The service refuses, or nobody answered for ``PATIENCE_S``.
        """
        last, until = after_revision, time.monotonic() + PATIENCE_S
        broken = BROKEN | {grpc.StatusCode.RESOURCE_EXHAUSTED}
        while True:
            try:
                request = emergency_pb2.WatchEventsRequest(after_revision=last)
                async for event in self.desk.WatchEvents(request, metadata=self.metadata):
                    last, until = event.revision, time.monotonic() + PATIENCE_S
                    yield event
            except grpc.aio.AioRpcError as error:
                if error.code() not in broken or time.monotonic() > until:
                    raise
            self.reconnected += 1
            await asyncio.sleep(RETRY_EVERY_S)
