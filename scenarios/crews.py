"""Crews: simulated crews that take orders from the service and answer them through its API.

What a crew does is drawn from a generator of its own for each order, so that it does not depend on
what others do. Its truth differs from the plan: drives take longer or shorter than estimated.
"""

from __future__ import annotations

import asyncio
import math
import zlib
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, count, pairwise
from typing import Self

import grpc
import grpc.aio
import numpy as np

from dispatch.fleet.fleet_file import FleetFile
from dispatch.v1 import emergency_pb2, events_pb2, fleet_pb2, incident_pb2, roads_pb2
from roadnets.geo import LonLat, distance_m
from scenarios.client import BROKEN, DeskClient, new_request_id, wgs84
from scenarios.clock import ServiceClock
from scenarios.demand import MEDICAL_CAPABILITIES

ACKNOWLEDGED_IN_S = (4.0, 15.0)
"""From the order to the crew's word that it has it."""
TURNOUT_SPREAD = 0.2
"""Standard deviation of the logarithm of a turnout over its plan."""
DRIVE_SPREAD = 0.15
"""Standard deviation of the logarithm of a drive over its estimate."""
CARE_S, CARE_SPREAD = 660.0, 0.35
"""With the patient on scene: median, and standard deviation of its logarithm."""
HANDOVER_S, HANDOVER_SPREAD = 600.0, 0.35
STAYS_SHARE = 0.15
"""Patients who need no hospital after all."""
WORK_S: Mapping[str, float] = {
    "structure_fire": 2100.0,
    "high_rise_fire": 2700.0,
    "alarm": 600.0,
    "trapped_in_lift": 900.0,
    "public_assistance": 900.0,
}
"""Fire and rescue work on scene by type, median; other types ``OTHER_WORK_S``."""
OTHER_WORK_S, WORK_SPREAD = 1200.0, 0.3
PARKED_IN_S = (20.0, 60.0)
"""From being home to pressing that they are."""
POSITION_EVERY_S = 15.0
"""Time of the service between two positions of a unit that moves."""
STANDING_STILL_SENDS = 4
"""A unit that stands sends one position for so many of one that moves."""


@dataclass(slots=True, eq=False)
class Crew:
    """One unit's crew.

    Attributes
    ----------
    assignment
        The order that it is under, or "".
    drives_until
        When it will be where it goes, while it drives.
    """

    unit: str
    medical: bool
    home: LonLat
    place: LonLat
    assignment: str = ""
    status: fleet_pb2.UnitStatus.ValueType = fleet_pb2.UNIT_STATUS_AVAILABLE
    drives_until: datetime | None = None
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A line to drive along, at an even pace.

    Attributes
    ----------
    at_m
        Metres from the beginning to each point of the line.
    """

    line: Sequence[LonLat]
    at_m: Sequence[float]
    duration_s: float

    @classmethod
    def along(cls, line: Sequence[LonLat], duration_s: float) -> Self:
        """The way along a line of one or more points."""
        steps = (distance_m(a, b) for a, b in pairwise(line))
        return cls(line, list(accumulate(steps, initial=0.0)), duration_s)

    def after(self, share: float) -> LonLat:
        """The point at a share of the length, 0 to 1."""
        wanted_m = min(max(share, 0.0), 1.0) * self.at_m[-1]
        last = bisect_right(self.at_m, wanted_m)
        if last >= len(self.line):
            return self.line[-1]
        first_m, last_m = self.at_m[last - 1], self.at_m[last]
        part = (wanted_m - first_m) / (last_m - first_m)
        (lon, lat), (to_lon, to_lat) = self.line[last - 1], self.line[last]
        return LonLat(lon + part * (to_lon - lon), lat + part * (to_lat - lat))


@dataclass(slots=True)
class _Scene:
    """What crews know of an incident."""

    point: LonLat | None
    incident_type: str
    patients: int
    aboard: int = 0


@dataclass(slots=True)
class Crews:
    """The crews of a fleet.

    Parameters
    ----------
    tasks
        Where the crews' work runs; an error of one ends all.
    seed
        Of everything that is drawn.
    """

    client: DeskClient
    clock: ServiceClock
    tasks: asyncio.TaskGroup
    fleet: FleetFile
    seed: int
    crews: dict[str, Crew] = field(default_factory=dict)
    _scenes: dict[str, _Scene] = field(default_factory=dict)
    _hospitals: dict[str, LonLat] = field(default_factory=dict)
    _moved: dict[str, tuple[LonLat, datetime]] = field(default_factory=dict)
    _closures: int = 0

    def __post_init__(self) -> None:
        stations = {station.station_id: station.point for station in self.fleet.stations}
        for unit in self.fleet.units:
            home = stations[unit.station]
            name = f"units/{unit.unit_id}"
            self.crews[name] = Crew(
                unit=name,
                medical=bool(MEDICAL_CAPABILITIES & set(unit.capabilities)),
                home=home,
                place=home,
            )
        self._hospitals = {f"hospitals/{h.hospital_id}": h.point for h in self.fleet.hospitals}

    def follow(self, event: events_pb2.Event) -> None:
        """Do what a fact asks of the crews."""
        match event.WhichOneof("fact"):
            case "incident_reported":
                fact = event.incident_reported
                self._scenes[fact.incident] = _Scene(
                    point=LonLat(fact.location.longitude, fact.location.latitude)
                    if fact.HasField("location")
                    else None,
                    incident_type=fact.incident_type,
                    patients=fact.patients if fact.HasField("patients") else 0,
                )
            case "unit_assigned":
                self._ordered(event.unit_assigned.assignment)
            case "assignment_ended":
                self._ended(event.assignment_ended)
            case (
                "condition_set"
                | "conditions_set"
                | "conditions_started"
                | "condition_ended"
                | "conditions_ended"
            ):
                self._closures += 1

    async def break_down(self, crew: Crew, reason: str, back_in_s: float) -> None:
        """A unit falls out where it stands, and comes back when it is repaired."""
        await _stopped(crew)
        request = emergency_pb2.UpdateUnitStatusRequest(
            unit=crew.unit,
            request_id=new_request_id(),
            status=fleet_pb2.UNIT_STATUS_OUT_OF_SERVICE,
            reason=reason,
        )
        crew.assignment, crew.status = "", fleet_pb2.UNIT_STATUS_OUT_OF_SERVICE
        await self.client.call(self.client.desk.UpdateUnitStatus, request)
        crew.task = self.tasks.create_task(self._repaired(crew, back_in_s))

    async def report_positions(self) -> None:
        """Send where units are, in batches, until cancelled; begin again when the stream breaks."""
        while True:
            try:
                await self.client.desk.StreamPositions(
                    self._batches(), metadata=self.client.metadata
                )
            except grpc.aio.AioRpcError as error:
                if error.code() not in BROKEN:
                    raise
                await asyncio.sleep(0.2)

    async def _batches(self) -> AsyncIterator[emergency_pb2.StreamPositionsRequest]:
        for number in count():
            await asyncio.sleep(POSITION_EVERY_S / self.clock.rate)
            moved, self._moved = self._moved, {}
            if number % STANDING_STILL_SENDS == 0:
                now = self.clock.now()
                moved = {crew.unit: (crew.place, now) for crew in self.crews.values()} | moved
            if not moved:
                continue
            batch = emergency_pb2.StreamPositionsRequest()
            for unit, (place, seen) in moved.items():
                report = batch.positions.add(unit=unit, point=wgs84(place))
                report.observed_time.FromDatetime(seen)
            yield batch

    # Orders

    def _ordered(self, assignment: incident_pb2.Assignment) -> None:
        crew = self.crews.get(assignment.unit)
        if crew is None or crew.assignment == assignment.name:
            return
        if crew.task is not None:
            crew.task.cancel()
        crew.assignment = assignment.name
        crew.status = fleet_pb2.UNIT_STATUS_MOBILISING
        crew.task = self.tasks.create_task(self._mission(crew, assignment))

    def _ended(self, fact: events_pb2.AssignmentEnded) -> None:
        crew = self.crews.get(fact.unit)
        if crew is None or crew.assignment != fact.assignment:
            return
        crew.assignment = ""
        if fact.state == incident_pb2.ASSIGNMENT_STATE_CANCELLED:
            if crew.task is not None:
                crew.task.cancel()
            crew.task = self.tasks.create_task(self._go_home(crew, self._rng(fact.assignment)))

    async def _mission(self, crew: Crew, order: incident_pb2.Assignment) -> None:
        rng = self._rng(f"{order.incident}/{order.need_id}/{order.unit}")
        scene = self._scenes[order.incident]
        reaction_s = float(rng.uniform(*ACKNOWLEDGED_IN_S))
        await self.clock.sleep(reaction_s)
        await self._acknowledge(order)
        turnout_s = order.turnout_s * around_one(rng, TURNOUT_SPREAD)
        await self.clock.sleep(turnout_s - reaction_s)
        await self._press(crew, fleet_pb2.UNIT_STATUS_EN_ROUTE)
        if scene.point is not None and not await self._drive(crew, scene.point, rng):
            await self._give_back(order)
            return
        await self._press(crew, fleet_pb2.UNIT_STATUS_ON_SCENE)
        if crew.medical:
            await self._care(crew, scene, order.hospital, rng)
        else:
            work_s = WORK_S.get(scene.incident_type, OTHER_WORK_S)
            await self.clock.sleep(work_s * around_one(rng, WORK_SPREAD))
        await self._go_home(crew, rng)

    async def _acknowledge(self, order: incident_pb2.Assignment) -> None:
        request = emergency_pb2.AcknowledgeAssignmentRequest(
            name=order.name, request_id=new_request_id()
        )
        with _ended_meanwhile():
            await self.client.call(self.client.desk.AcknowledgeAssignment, request)

    async def _give_back(self, order: incident_pb2.Assignment) -> None:
        """Nobody can get there: the desk takes the order back and the crew turns home."""
        request = emergency_pb2.CancelAssignmentRequest(
            name=order.name, request_id=new_request_id(), reason="no way to the scene"
        )
        with _ended_meanwhile():
            await self.client.call(self.client.desk.CancelAssignment, request)

    async def _care(
        self, crew: Crew, scene: _Scene, hospital: str, rng: np.random.Generator
    ) -> None:
        await self.clock.sleep(CARE_S * around_one(rng, CARE_SPREAD))
        stays = rng.random() < STAYS_SHARE
        if hospital not in self._hospitals or stays or scene.aboard >= scene.patients:
            return
        scene.aboard += 1
        await self._press(crew, fleet_pb2.UNIT_STATUS_TRANSPORTING)
        await self._drive(crew, self._hospitals[hospital], rng)
        await self._press(crew, fleet_pb2.UNIT_STATUS_AT_HOSPITAL)
        await self.clock.sleep(HANDOVER_S * around_one(rng, HANDOVER_SPREAD))

    async def _go_home(self, crew: Crew, rng: np.random.Generator) -> None:
        await self._press(crew, fleet_pb2.UNIT_STATUS_RETURNING)
        await self._drive(crew, crew.home, rng)
        await self.clock.sleep(float(rng.uniform(*PARKED_IN_S)))
        await self._press(crew, fleet_pb2.UNIT_STATUS_AVAILABLE)

    async def _repaired(self, crew: Crew, back_in_s: float) -> None:
        await self.clock.sleep(back_in_s)
        await self._go_home(crew, self._rng(f"{crew.unit}/repaired"))

    async def _press(self, crew: Crew, status: fleet_pb2.UnitStatus.ValueType) -> None:
        """Press a button; when it was pressed matters if an order is just on its way."""
        crew.status = status
        request = emergency_pb2.UpdateUnitStatusRequest(
            unit=crew.unit, request_id=new_request_id(), status=status
        )
        request.occurred_time.FromDatetime(self.clock.now())
        await self.client.call(self.client.desk.UpdateUnitStatus, request)

    # Driving

    async def _drive(self, crew: Crew, to: LonLat, rng: np.random.Generator) -> bool:
        """Drive there by what is open, another way when that changes; False when there is none."""
        factor = around_one(rng, DRIVE_SPREAD)
        closures = self._closures
        way = await self._way(crew, to)
        if way is None:
            return False
        began, passed_s = self.clock.now(), 0.0
        try:
            while passed_s < (took_s := way.duration_s * factor):
                crew.drives_until = began + timedelta(seconds=took_s)
                await self.clock.sleep(min(took_s - passed_s, POSITION_EVERY_S))
                passed_s = (self.clock.now() - began).total_seconds()
                self._at(crew, way.after(passed_s / took_s))
                if closures != self._closures and passed_s < took_s:
                    closures = self._closures
                    # On the closed street itself there is no other way: out by the one begun.
                    if (other := await self._way(crew, to)) is not None:
                        way, began, passed_s = other, self.clock.now(), 0.0
        finally:
            crew.drives_until = None
        self._at(crew, way.line[-1])
        return True

    async def _way(self, crew: Crew, to: LonLat) -> Way | None:
        modes = [roads_pb2.TRAVEL_MODE_BLUE_LIGHT]
        if crew.status == fleet_pb2.UNIT_STATUS_RETURNING:
            modes.insert(0, roads_pb2.TRAVEL_MODE_CIVILIAN)
        for mode in modes:
            request = roads_pb2.RouteRequest(
                origin=wgs84(crew.place), destination=wgs84(to), mode=mode
            )
            route = await self.client.call(self.client.roads.Route, request)
            if route.reachable:
                line = [LonLat(p.longitude, p.latitude) for p in route.line]
                return Way.along(line, route.duration_s)
        return None

    def _at(self, crew: Crew, place: LonLat) -> None:
        crew.place = place
        self._moved[crew.unit] = (place, self.clock.now())

    def _rng(self, key: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(key.encode())])


def around_one(rng: np.random.Generator, spread: float) -> float:
    """Draw a factor with median 1 whose logarithm has this standard deviation."""
    return math.exp(float(rng.normal(0.0, spread)))


@contextmanager
def _ended_meanwhile() -> Iterator[None]:
    """Let it pass that an order has ended while the crew was answering it."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        if error.code() not in (grpc.StatusCode.ABORTED, grpc.StatusCode.NOT_FOUND):
            raise


async def _stopped(crew: Crew) -> None:
    """End what a crew is doing."""
    if crew.task is not None:
        crew.task.cancel()
        await asyncio.wait([crew.task])
