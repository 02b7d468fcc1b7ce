"""RoadService: the streets as they are this minute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from dispatch.conditions.desk import EndCondition, EndConditions, SetCondition, SetConditions
from dispatch.conditions.events import ConditionEnded, ConditionsEnded, ConditionSet, ConditionsSet
from dispatch.conditions.model import Condition
from dispatch.engine import Done
from dispatch.errors import InvalidFieldError
from dispatch.intake.mapping import ClientMapping
from dispatch.model import ConditionId
from dispatch.service import conditions, convert, names, pages, present, resolve
from dispatch.service.calls import Call
from dispatch.service.journeys import Journeys
from dispatch.service.orders import Order, carry_out
from dispatch.service.places import find_place
from dispatch.service.positions import until
from dispatch.service.present import Presenter
from dispatch.service.rooms import Rooms
from dispatch.service.snapping import snap
from dispatch.service.speeds import SpeedIntake, segment_key, segments
from dispatch.service.street_finder import Allowance
from dispatch.state import State
from dispatch.v1 import roads_pb2
from roadnets.geo import LonLat

T = TypeVar("T")

LARGEST_BYTES: Final = 3_000_000
"""Of what is told of streets at once: watchers get it too, in messages of 4 MB at most."""

MOST_CONDITIONS: Final = 20_000
"""In one batch."""


class RoadService:
    """Every method of ``dispatch.v1.RoadService``."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._engine = rooms.engine
        self._journeys = Journeys(rooms)

    async def set_condition(self, request: roads_pb2.SetConditionRequest, call: Call) -> bytes:
        """Tell what is different about some streets."""
        told = await self._look_up(self._commands, [request], call)

        def build() -> Order:
            if isinstance(told, InvalidFieldError):
                raise told
            return Order(told[0])

        def answer(done: Done) -> roads_pb2.Condition:
            fact = next(r.fact for r in done.facts if isinstance(r.fact, ConditionSet))
            return conditions.condition(fact.condition, _state(fact))

        at = convert.occurred(request, self._engine.clock.now())
        return await carry_out(self._engine, request, call, build, answer, at)

    async def batch_set_conditions(
        self, request: roads_pb2.BatchSetConditionsRequest, call: Call
    ) -> bytes:
        """Tell of many: all of them, or none."""
        told = await self._look_up(self._all_commands, request.requests, call)

        def build() -> Order:
            if isinstance(told, InvalidFieldError):
                raise told
            return Order(SetConditions(tuple(told)))

        def answer(done: Done) -> roads_pb2.BatchSetConditionsResponse:
            counts = {
                condition.condition_id: len(condition.edges)
                for recorded in done.facts
                if isinstance(recorded.fact, ConditionsSet)
                for condition in recorded.fact.conditions
            }
            ids = sorted(counts, key=names.order)
            return roads_pb2.BatchSetConditionsResponse(
                names=[names.name_of(names.CONDITIONS, condition_id) for condition_id in ids],
                edge_counts=[counts[condition_id] for condition_id in ids],
            )

        at = convert.occurred(request, self._engine.clock.now())
        return await carry_out(self._engine, request, call, build, answer, at)

    async def end_condition(self, request: roads_pb2.EndConditionRequest, call: Call) -> bytes:
        """Say that it is over."""

        def build() -> Order:
            condition = resolve.required_id(names.CONDITIONS, request.name, "name")
            return Order(EndCondition(ConditionId(condition), by=call.client))

        def answer(done: Done) -> roads_pb2.Condition:
            ended = next(r for r in done.facts if isinstance(r.fact, ConditionEnded))
            condition = _known(done.before, request.name)
            return conditions.condition(condition, conditions.ENDED, ended.occurred)

        at = convert.occurred(request, self._engine.clock.now())
        return await carry_out(self._engine, request, call, build, answer, at)

    async def batch_end_conditions(
        self, request: roads_pb2.BatchEndConditionsRequest, call: Call
    ) -> bytes:
        """Say that many are over: all of them, or none."""

        def build() -> Order:
            if not 1 <= len(request.names) <= MOST_CONDITIONS:
                allowed = f"1 to {MOST_CONDITIONS}"
                raise InvalidFieldError("names", len(request.names), allowed)
            ids = (
                ConditionId(resolve.required_id(names.CONDITIONS, name, f"names[{place}]"))
                for place, name in enumerate(request.names)
            )
            return Order(EndConditions(tuple(ids), by=call.client))

        def answer(done: Done) -> roads_pb2.BatchEndConditionsResponse:
            at = next(r.occurred for r in done.facts if isinstance(r.fact, ConditionsEnded))
            return roads_pb2.BatchEndConditionsResponse(ended_time=present.timestamp(at))

        at = convert.occurred(request, self._engine.clock.now())
        return await carry_out(self._engine, request, call, build, answer, at)

    async def list_conditions(
        self, request: roads_pb2.ListConditionsRequest, _call: Call
    ) -> roads_pb2.ListConditionsResponse:
        """Conditions in force and planned."""
        if request.state not in _LISTED:
            allowed = ", ".join(map(roads_pb2.ConditionState.Name, _LISTED))
            raise InvalidFieldError("state", _state_name(request.state), allowed)
        size = pages.page_size(request.page_size)
        state = self._engine.state
        shown: dict[str, tuple[Condition, roads_pb2.ConditionState.ValueType]] = {}
        for kind, some in (
            (conditions.IN_FORCE, state.conditions.in_force),
            (conditions.PLANNED, state.conditions.planned),
        ):
            if request.state in (kind, roads_pb2.CONDITION_STATE_UNSPECIFIED):
                shown |= {condition_id: (c, kind) for condition_id, c in some.items()}
        ids, token = pages.page_after(shown, size, request.page_token)
        answer = roads_pb2.ListConditionsResponse(revision=state.revision, next_page_token=token)
        size_bytes = 0
        for condition_id in ids:
            message = conditions.condition(*shown[condition_id])
            size_bytes += message.ByteSize()
            if answer.conditions and size_bytes > pages.LARGEST_PAGE_BYTES:
                last = names.id_of(names.CONDITIONS, answer.conditions[-1].name)
                answer.next_page_token = pages.token_after(last)
                break
            answer.conditions.append(message)
        return answer

    async def register_segments(
        self, request: roads_pb2.RegisterSegmentsRequest, call: Call
    ) -> roads_pb2.RegisterSegmentsResponse:
        """Learn what the segments of a feed are."""
        found = segments(request, call, self._rooms.streets.network.edge_count)
        try:
            count, astray = await self._rooms.traffic.register(found)
        except ValueError as error:  # a line that is none once it is in WGS84
            told = str(error).replace(segment_key(call, ""), "")
            raise InvalidFieldError(
                "segments", len(found), f"segments of streets ({told})"
            ) from error
        names_astray = [name.removeprefix(segment_key(call, "")) for name in astray]
        return roads_pb2.RegisterSegmentsResponse(
            segment_count=count, segments_without_street=names_astray
        )

    async def stream_speeds(
        self, batches: AsyncIterator[roads_pb2.StreamSpeedsRequest], call: Call
    ) -> roads_pb2.StreamSpeedsResponse:
        """Take measured speeds."""
        presenter = Presenter(self._rooms.catalogue, call.language)
        intake = SpeedIntake(self._rooms, call, presenter)
        async for batch in until(self._rooms.stopping, batches):
            await intake.take(batch)
        return intake.summary

    async def route(self, request: roads_pb2.RouteRequest, call: Call) -> roads_pb2.RouteResponse:
        """Find the fastest way, by which streets, and others."""
        return await self._query(self._journeys.route, request, call.mapping)

    async def matrix(self, request: roads_pb2.MatrixRequest, call: Call) -> bytes:
        """Tell how long from each of some places to each of others."""
        return await self._large(self._journeys.matrix, request, call.mapping)

    async def reach(self, request: roads_pb2.ReachRequest, call: Call) -> roads_pb2.ReachResponse:
        """Find what lies within so many seconds."""
        return await self._large(self._journeys.reach, request, call.mapping)

    async def snap(self, request: roads_pb2.SnapRequest, call: Call) -> roads_pb2.SnapResponse:
        """Put fixes on their streets."""
        return await self._query(snap, self._rooms, request, call.mapping)

    async def find_place(
        self, request: roads_pb2.FindPlaceRequest, call: Call
    ) -> roads_pb2.FindPlaceResponse:
        """Find what a caller's words may mean."""
        presenter = Presenter(self._rooms.catalogue, call.language)
        return await self._query(self._find_place, request, call.mapping, presenter)

    async def get_network_info(
        self, _request: roads_pb2.GetNetworkInfoRequest, _call: Call
    ) -> roads_pb2.NetworkInfo:
        """Which streets these are."""
        network = self._rooms.streets.network
        bounds, pace = network.bounds, self._rooms.traffic.pace
        return roads_pb2.NetworkInfo(
            display_name=network.name,
            source=network.source,
            checksum=network.checksum,
            synthetic=network.synthetic,
            node_count=network.node_count,
            edge_count=network.edge_count,
            signal_count=network.signals,
            engine=self._rooms.streets.live.engine,
            condition_count=len(self._engine.state.conditions.in_force),
            time_slot=_slot(pace.slot),
            measured_edge_count=pace.measured,
            newest_speed_time=present.timestamp(pace.newest),
            calibration=self._rooms.calibration.name,
            south_west=present.point(LonLat(bounds.west, bounds.south)),
            north_east=present.point(LonLat(bounds.east, bounds.north)),
        )

    async def _large(self, question: Callable[..., T], *args: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._rooms.large, question, *args)

    async def _query(self, question: Callable[..., T], *args: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._rooms.queries, question, *args)

    async def _look_up(self, question: Callable[..., T], *args: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._rooms.lookups, question, *args)

    def _all_commands(
        self, requests: Sequence[roads_pb2.SetConditionRequest], call: Call
    ) -> list[SetCondition] | InvalidFieldError:
        """The commands of a batch, or why one of them is refused."""
        if not 1 <= len(requests) <= MOST_CONDITIONS:
            return InvalidFieldError("requests", len(requests), f"1 to {MOST_CONDITIONS}")
        for place, request in enumerate(requests):
            field = f"requests[{place}]"
            if request.request_id:
                allowed = "none: the batch has one for all"
                return InvalidFieldError(f"{field}.request_id", request.request_id, allowed)
            if request.HasField("occurred_time"):
                given = f"{request.occurred_time.seconds} s"
                allowed = "none: the batch has one for all"
                return InvalidFieldError(f"{field}.occurred_time", given, allowed)
        return self._commands(requests, call, "requests")

    def _commands(
        self, requests: Sequence[roads_pb2.SetConditionRequest], call: Call, outer: str = ""
    ) -> list[SetCondition] | InvalidFieldError:
        """Requests as commands, or why one is refused: that is told after a stored answer only."""
        size = sum(request.ByteSize() for request in requests)
        if size > LARGEST_BYTES:
            allowed = f"up to {LARGEST_BYTES} bytes in one call"
            return InvalidFieldError(outer or "streets", size, allowed)
        read: list[SetCondition] = []
        commands: list[SetCondition] = []
        finder = self._rooms.finder
        try:
            read.extend(conditions.told(request, call.mapping) for request in requests)
            areas = finder.look_up_areas([command.streets for command in read])
            allowance = Allowance()
            for command in read:
                edges, effect = finder.find(command.streets, command.effect, areas, allowance)
                commands.append(replace(command, edges=edges, effect=effect))
        except InvalidFieldError as error:
            place = len(commands) if len(read) == len(requests) else len(read)
            return error.inside(f"{outer}[{place}]") if outer else error
        return commands

    def _find_place(
        self, request: roads_pb2.FindPlaceRequest, mapping: ClientMapping, presenter: Presenter
    ) -> roads_pb2.FindPlaceResponse:
        return find_place(self._rooms.finder.places(), request, mapping, presenter)


_LISTED: Final = (
    roads_pb2.CONDITION_STATE_UNSPECIFIED,
    conditions.PLANNED,
    conditions.IN_FORCE,
)
"""States by which conditions are listed; those that have ended are not kept."""

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _slot(slot: int | None) -> str:
    """An hour of the week for people."""
    return "" if slot is None else f"{_DAYS[slot // 24]} {slot % 24:02d}:00"


def _state_name(state: roads_pb2.ConditionState.ValueType) -> str:
    known = roads_pb2.ConditionState.values()
    return roads_pb2.ConditionState.Name(state) if state in known else str(state)


def _state(fact: ConditionSet | ConditionsSet) -> roads_pb2.ConditionState.ValueType:
    return conditions.PLANNED if fact.planned else conditions.IN_FORCE


def _known(state: State, name: str) -> Condition:
    """A condition that is in force or planned."""
    condition = state.conditions.find(ConditionId(names.id_of(names.CONDITIONS, name)))
    assert condition is not None, name  # the desk has just ended it
    return condition
