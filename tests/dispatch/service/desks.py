"""A small city with a real service: sockets, SQLite, travel times; and callers of it."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import Self

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from dispatch.compose import DeskServer, compose
from dispatch.config import Config
from dispatch.v1 import (
    common_pb2,
    emergency_pb2,
    emergency_pb2_grpc,
    incident_pb2,
    roads_pb2_grpc,
)
from roadnets.prepared import Prepared, prepare
from roadnets.store import save
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, grid

SIDE = 16
"""Streets each way, 100 m apart: a city of 1.5 km."""

NETWORK = grid(SIDE, SIDE)

FLEET = """
coordinate_system: WGS84
stations:
  - {{id: S01, name: 西站, kind: ambulance, lon: {west}, lat: {middle}}}
  - {{id: S02, name: 东站, kind: ambulance, lon: {east}, lat: {middle}}}
hospitals:
  - {{id: H01, name: 医院, lon: {east}, lat: {north}}}
units:
  - {{id: A01, call_sign: 急救1, kind: ambulance, station: S01, capabilities: [als, bls],
     turnout_s: 60, external_id: 'NX-01'}}
  - {{id: A02, call_sign: 急救2, kind: ambulance, station: S02, capabilities: [als, bls],
     turnout_s: 60}}
  - {{id: B01, call_sign: 急救3, kind: ambulance, station: S02, capabilities: [bls],
     turnout_s: 60}}
  - {{id: F01, call_sign: 消防1, kind: engine, station: S01, capabilities: [pump], turnout_s: 80}}
"""

MAPPING = """
clients:
  cad:
    coordinate_system: GCJ-02
    language: zh
    agency: test-120
    units: {'1号车': A01}
    statuses: {'3': en_route, '4': on_scene}
    incident_types: {'胸痛': chest_pain}
"""


@cache
def hierarchy() -> Prepared:
    """Prepared once for all tests."""
    return prepare(NETWORK)


def at(
    column: float, row: float, system: int = common_pb2.COORDINATE_SYSTEM_WGS84
) -> common_pb2.Point:
    """A point on the grid, 100 m a step."""
    return common_pb2.Point(
        longitude=ORIGIN.lon + column * DEGREES_PER_100_M,
        latitude=ORIGIN.lat + row * DEGREES_PER_100_M,
        coordinate_system=system,
    )


def city(folder: Path) -> dict[str, Path]:
    """Network, fleet and mapping files of the small city."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.file" for name in ("network", "fleet", "mapping")}
    if not files["network"].exists():
        save(NETWORK, files["network"], hierarchy())
        west, east = at(1, 0).longitude, at(SIDE - 2, 0).longitude
        middle, north = at(0, SIDE / 2).latitude, at(0, SIDE - 2).latitude
        text = FLEET.format(west=west, east=east, middle=middle, north=north)
        files["fleet"].write_text(text, "utf-8")
        files["mapping"].write_text(MAPPING, "utf-8")
    return files


def config(folder: Path, **options: object) -> Config:
    """A service of the small city on any free port."""
    given = {"listen": "127.0.0.1:0", "journal": folder / "journal.sqlite3", **city(folder)}
    return Config(**{**given, **options})


class Caller:
    """One client of a service."""

    def __init__(self, target: str, client: str = "desk-1", language: str = "en") -> None:
        self.channel = grpc.aio.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)])
        self.metadata = (("x-client-id", client), ("accept-language", language))
        self.desk = emergency_pb2_grpc.EmergencyServiceStub(self.channel)
        self.roads = roads_pb2_grpc.RoadServiceStub(self.channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()

    async def __call__(self, method: str, request, **options):
        stub = self.desk if hasattr(self.desk, method) else self.roads
        return await getattr(stub, method)(request, metadata=self.metadata, **options)

    async def report(self, incident_type: str = "chest_pain", **fields) -> incident_pb2.Incident:
        given = {"request_id": new_id(), "point": at(4, 8), **fields}
        request = emergency_pb2.ReportIncidentRequest(incident_type=incident_type, **given)
        return await self("ReportIncident", request)

    async def incident(self, name: str) -> incident_pb2.Incident:
        return await self("GetIncident", emergency_pb2.GetIncidentRequest(name=name))

    async def decided(self, name: str) -> incident_pb2.Incident:
        """The incident once no need is being decided."""
        return await self.until(
            name, lambda i: all(n.WhichOneof("fate") != "deciding" for n in i.needs)
        )

    async def until(
        self, name: str, holds: Callable[[incident_pb2.Incident], bool], within_s: float = 10.0
    ) -> incident_pb2.Incident:
        deadline = time.monotonic() + within_s
        while True:
            incident = await self.incident(name)
            if holds(incident):
                return incident
            assert time.monotonic() < deadline, incident
            await asyncio.sleep(0.02)

    async def press(self, unit: str, status: int, **fields):
        request = emergency_pb2.UpdateUnitStatusRequest(
            unit=unit, status=status, request_id=new_id(), **fields
        )
        return await self("UpdateUnitStatus", request)

    async def unit(self, name: str):
        return await self("GetUnit", emergency_pb2.GetUnitRequest(name=name))


@contextlib.asynccontextmanager
async def running(folder: Path, **options: object) -> AsyncIterator[DeskServer]:
    """A service in this process."""
    composed = await asyncio.to_thread(compose, config(folder, **options))
    async with composed as desk:
        yield desk


@contextlib.asynccontextmanager
async def desk_and_caller(
    folder: Path, client: str = "desk-1", language: str = "en", **options: object
) -> AsyncIterator[tuple[DeskServer, Caller]]:
    async with running(folder, **options) as desk, Caller(desk.address, client, language) as caller:
        yield desk, caller


def new_id() -> str:
    return str(uuid.uuid4())


class Refusal:
    """What a refused call was told."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self.status = error.code()
        status = status_pb2.Status()
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status.ParseFromString(value)
        self.message = status.message
        self.parts = {}
        for detail in status.details:
            kind = getattr(error_details_pb2, detail.type_url.rpartition(".")[2])
            part = kind()
            detail.Unpack(part)
            self.parts[kind.__name__] = part

    @property
    def reason(self) -> str:
        return self.parts["ErrorInfo"].reason

    @property
    def details(self) -> dict[str, str]:
        return dict(self.parts["ErrorInfo"].metadata)

    @property
    def field(self) -> str:
        return self.parts["BadRequest"].field_violations[0].field

    @property
    def sentence(self) -> str:
        return self.parts["LocalizedMessage"].message


async def refusal(call) -> Refusal:
    """The refusal of a call that has to be refused."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return Refusal(error)
    raise AssertionError(f"was not refused: {answer}")
