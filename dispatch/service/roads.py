"""RoadService: the streets as they are this minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from dispatch.conditions.desk import EndCondition, SetCondition
from dispatch.conditions.events import ConditionEnded, ConditionSet
from dispatch.conditions.model import StreetsNamed
from dispatch.engine import Done
from dispatch.errors import InvalidFieldError
from dispatch.model import ConditionId
from dispatch.service import convert, names, present, resolve
from dispatch.service.calls import Call
from dispatch.service.orders import Order, carry_out
from dispatch.service.rooms import Rooms
from dispatch.v1 import roads_pb2
from roadnets.selectors import StreetSelector
from roadnets.selectors import resolve as resolve_streets
from roadnets.errors import UnknownStreetError
from roadnets.geo import LonLat
from roadnets.travel import Route, TravelMode

T = TypeVar("T")

_MOST_NAMED = 1000
"""Names, ways or edges in one request."""


class RoadService:
    """Every method of ``dispatch.v1.RoadService``."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._engine = rooms.engine

    async def set_condition(self, request: roads_pb2.SetConditionRequest, call: Call) -> bytes:
        """Close streets."""
        edges: tuple[int, ...] | InvalidFieldError
        try:
            edges = await self._query(self._edges, request.streets)
        except InvalidFieldError as error:
            edges = error

        def build() -> Order:
            if isinstance(edges, InvalidFieldError):
                raise edges
            streets = request.streets
            command = SetCondition(
                streets=StreetsNamed(
                    tuple(streets.street_names), tuple(streets.osm_way_ids), tuple(streets.edges)
                ),
                edges=edges,
                modes=convert.modes(request.modes),
                reason=convert.words(request.reason, "reason", "why the streets are closed"),
                end=convert.future(request, "end_time"),
                origin=convert.origin(request.origin, call.mapping),
            )
            return Order(command)

        def answer(done: Done) -> roads_pb2.Condition:
            fact = next(r.fact for r in done.facts if isinstance(r.fact, ConditionSet))
            return present.condition(fact.closure)

        at = convert.occurred(request, self._engine.clock.now())
        return await carry_out(self._engine, request, call, build, answer, at)

    async def end_condition(self, request: roads_pb2.EndConditionRequest, call: Call) -> bytes:
        """Open them again."""

        def build() -> Order:
            condition = resolve.required_id(names.CONDITIONS, request.name, "name")
            return Order(EndCondition(ConditionId(condition), by=call.client))

        def answer(done: Done) -> roads_pb2.Condition:
            ended = next(r for r in done.facts if isinstance(r.fact, ConditionEnded))
            condition = ConditionId(names.id_of(names.CONDITIONS, request.name))
            closure = done.before.conditions.closures[condition]
            return present.condition(closure, ended.occurred)

        at = convert.occurred(request, self._engine.clock.now())
        return await carry_out(self._engine, request, call, build, answer, at)

    async def list_conditions(
        self, _request: roads_pb2.ListConditionsRequest, _call: Call
    ) -> roads_pb2.ListConditionsResponse:
        """Every condition in force."""
        state = self._engine.state
        closures = state.conditions.closures
        return roads_pb2.ListConditionsResponse(
            conditions=[present.condition(closures[c]) for c in sorted(closures, key=names.order)],
            revision=state.revision,
        )

    async def route(self, request: roads_pb2.RouteRequest, call: Call) -> roads_pb2.RouteResponse:
        """Find the fastest way, by which streets."""
        mode = next(iter(convert.modes([request.mode]))) if request.mode else TravelMode.BLUE_LIGHT
        for field in ("origin", "destination"):
            if not request.HasField(field):
                raise InvalidFieldError(field, "", "a point with its coordinate system")
        origin = convert.known_point(request.origin, "origin", call.mapping)
        destination = convert.known_point(request.destination, "destination", call.mapping)
        route = await self._query(self._route, mode, origin, destination)
        if route is None:
            return roads_pb2.RouteResponse(reachable=False)
        return roads_pb2.RouteResponse(
            reachable=True,
            duration_s=route.duration_s,
            length_m=route.length_m,
            line=[present.known_point(p) for p in route.line],
            legs=[
                roads_pb2.RouteLeg(
                    street_name=leg.name,
                    street_name_en=leg.name_en,
                    length_m=leg.length_m,
                    duration_s=leg.duration_s,
                )
                for leg in route.legs
            ],
        )

    async def get_network_info(
        self, _request: roads_pb2.GetNetworkInfoRequest, _call: Call
    ) -> roads_pb2.NetworkInfo:
        """Which streets these are."""
        network = self._rooms.streets.network
        bounds = network.bounds
        return roads_pb2.NetworkInfo(
            display_name=network.name,
            source=network.source,
            checksum=network.checksum,
            synthetic=network.synthetic,
            node_count=network.node_count,
            edge_count=network.edge_count,
            signal_count=network.signals,
            engine=self._rooms.travel_engine,
            south_west=present.point(LonLat(bounds.west, bounds.south)),
            north_east=present.point(LonLat(bounds.east, bounds.north)),
        )

    async def _query(self, question: Callable[..., T], *args: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._rooms.queries, question, *args)

    def _edges(self, streets: roads_pb2.StreetSelector) -> tuple[int, ...]:
        """Every edge that a request names, ascending."""
        network = self._rooms.streets.network
        named: list[tuple[str, object, StreetSelector]] = []
        for i, name in enumerate(streets.street_names):
            named.append((f"street_names[{i}]", name, StreetSelector(name=name)))
        for i, way in enumerate(streets.osm_way_ids):
            named.append((f"osm_way_ids[{i}]", way, StreetSelector(ways=(way,))))
        for i, edge in enumerate(streets.edges):
            named.append((f"edges[{i}]", edge, StreetSelector(edges=(edge,))))
        if not named or len(named) > _MOST_NAMED:
            raise InvalidFieldError(
                "streets", f"{len(named)} named", f"1 to {_MOST_NAMED} street names, ways or edges"
            )
        found: set[int] = set()
        for field, value, selector in named:
            try:
                found.update(resolve_streets(network, selector).tolist())
            except UnknownStreetError as error:
                raise InvalidFieldError(
                    f"streets.{field}", value, f"a street of {network.name} ({error})"
                ) from error
        return tuple(sorted(found))

    def _route(self, mode: TravelMode, origin: LonLat, destination: LonLat) -> Route | None:
        streets = self._rooms.streets
        leaving = convert.on_street(origin, "origin", streets.snapper, mode)
        arriving = convert.on_street(destination, "destination", streets.snapper, mode)
        return streets.travel(self._engine.state.conditions).route(mode, leaving, arriving)
