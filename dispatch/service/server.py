"""The gRPC server: servicers, health, reflection, limits, and a graceful end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from dispatch.errors import DispatchError
from dispatch.service.calls import Gate, handler_of
from dispatch.service.emergency import EmergencyService
from dispatch.service.roads import RoadService
from dispatch.service.rooms import Rooms
from dispatch.service.security import TlsFiles, server_credentials
from dispatch.v1 import emergency_pb2, roads_pb2

log = logging.getLogger(__name__)

EMERGENCY: Final = emergency_pb2.DESCRIPTOR.services_by_name["EmergencyService"]
ROADS: Final = roads_pb2.DESCRIPTOR.services_by_name["RoadService"]

GRACE_S: Final = 5.0
"""Calls under way may take so long to finish when the service stops."""

_LAST_ANSWER_S: Final = 0.05
_LOOK_EVERY_S: Final = 0.2
_NEVER_SHED_BESIDES: Final = 2000
"""Reports beyond the limit of calls that gRPC itself still lets in."""

_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # a second server on the port is an error, not a partner
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),  # clients may keep alive too
)


class ListenError(DispatchError):
    """The address cannot be listened on."""

    code = "listen"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many calls at once.

    Attributes
    ----------
    calls
        With one answer; beyond it they get RESOURCE_EXHAUSTED, reports excepted.
    streams
        Watches and streams of positions.
    """

    calls: int = 1000
    streams: int = 500


class Server:
    """The desk on the wire.

    Parameters
    ----------
    listen
        ``host:port``; port 0 lets the system choose.
    tls
        None: plain text.
    """

    def __init__(self, rooms: Rooms, listen: str, limits: Limits, tls: TlsFiles | None) -> None:
        self._rooms = rooms
        self._listen = listen
        self._tls = tls
        self._gate = Gate(
            rooms.catalogue,
            rooms.mappings,
            limits.calls,
            limits.streams,
            certified=tls is not None,
        )
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._most = limits.calls + limits.streams + _NEVER_SHED_BESIDES
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen; gives the port.

        Raises
        ------
        ListenError
            The address cannot be listened on, or the TLS files do not fit.
        """
        # Beyond 1,000 calls not yet looked at gRPC cancels some by chance, reports among them.
        waiting = (
            ("grpc.server.max_pending_requests", self._most),
            ("grpc.server.max_pending_requests_hard_limit", self._most),
        )
        options = (*_OPTIONS, *waiting)
        server = grpc.aio.server(options=options, maximum_concurrent_rpcs=self._most)
        server.add_generic_rpc_handlers(
            (
                handler_of(EMERGENCY, EmergencyService(self._rooms), self._gate),
                handler_of(ROADS, RoadService(self._rooms), self._gate),
            )
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        services = (EMERGENCY.full_name, ROADS.full_name)
        reflection.enable_server_reflection(
            (*services, health.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        port = self._bind(server)
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)
        await server.start()
        self._server = server
        self._watch = asyncio.create_task(self._watch_health(), name="health")
        return port

    def _bind(self, server: grpc.aio.Server) -> int:
        try:
            if self._tls is None:
                port = server.add_insecure_port(self._listen)
            else:
                port = server.add_secure_port(self._listen, server_credentials(self._tls))
        except RuntimeError as error:
            raise ListenError(
                f"{self._listen} cannot be listened on: the port is in use, the address is not "
                "this machine's, or the certificate and its key do not fit"
            ) from error
        return port

    async def stop(self, grace_s: float = GRACE_S) -> None:
        """Stop: health first, then nothing new, then what is under way finishes."""
        if self._server is None:
            return
        if self._watch is not None:
            self._watch.cancel()
        await self._health.enter_graceful_shutdown()
        stopping = asyncio.create_task(self._server.stop(grace_s))
        await asyncio.sleep(0)
        self._rooms.stopping.set()
        self._rooms.engine.end_watches()
        idle = asyncio.create_task(self._gate.idle.wait())
        await asyncio.wait({stopping, idle}, return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        await asyncio.sleep(_LAST_ANSWER_S)
        await self._server.stop(None)  # streams of health and reflection have no end of their own
        await stopping

    async def _watch_health(self) -> None:
        while self._rooms.engine.failure is None:  # noqa: ASYNC110 - seldom and not urgent
            await asyncio.sleep(_LOOK_EVERY_S)
        log.critical("the journal has failed: health is NOT_SERVING")
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)

    async def _set_health(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for service in ("", EMERGENCY.full_name, ROADS.full_name):
            await self._health.set(service, status)
