"""Journeys: ways, matrices and what is within reach, on the streets as they are now.

Everything here takes its time and runs in a query thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispatch.errors import InvalidFieldError
from dispatch.intake.mapping import ClientMapping
from dispatch.service import convert, present
from dispatch.service.rooms import Rooms
from dispatch.service.sizes import check_size
from dispatch.v1 import common_pb2, roads_pb2
from roadnets.areas import reach_polygons
from roadnets.calibration.uncertainty import RoadGroup, road_group
from roadnets.corridor import SignalArrival, corridor_of
from roadnets.geo import UNREACHABLE, LonLat
from roadnets.travel import Reach, Route, Snap, TravelMode, TravelTimes

MOST_ALTERNATIVES: Final = 5
MOST_PLACES: Final = 5_000
MOST_CELLS: Final = 500_000
MOST_ORIGINS: Final = 1_000
LONGEST_REACH_S: Final = 7_200


class Journeys:
    """Answers questions about journeys."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._streets = rooms.streets

    def route(
        self, request: roads_pb2.RouteRequest, mapping: ClientMapping
    ) -> roads_pb2.RouteResponse:
        """The fastest way, and others.

        Raises
        ------
        InvalidFieldError
            A point cannot be planned on, a field is out of range, or the answer would be too large.
        """
        vehicle = convert.vehicle(request.vehicle, convert.mode(request.mode))
        if not 0 <= request.alternatives <= MOST_ALTERNATIVES:
            allowed = f"0 to {MOST_ALTERNATIVES}"
            raise InvalidFieldError("alternatives", request.alternatives, allowed)
        begin, end = (
            self._place(request, field, vehicle.mode, mapping)
            for field in ("origin", "destination")
        )
        travel = self._travel()
        route = travel.route(vehicle, begin, end)
        if route is None:
            return roads_pb2.RouteResponse(reachable=False)
        others: Sequence[Route] = ()
        if request.alternatives:
            others = travel.alternatives(vehicle, begin, end, request.alternatives)
        answer = roads_pb2.RouteResponse(
            reachable=True,
            alternatives=[
                roads_pb2.AlternativeRoute(**self._told(other, vehicle.mode)) for other in others
            ],
            **self._told(route, vehicle.mode),
        )
        if request.alternatives:
            check_size(answer, "alternatives", request.alternatives, "fewer")
        else:
            check_size(answer, "destination", "far away", "a place that is nearer")
        return answer

    def matrix(self, request: roads_pb2.MatrixRequest, mapping: ClientMapping) -> bytes:
        """How long from each of some places to each of others.

        Raises
        ------
        InvalidFieldError
            There are too many, one cannot be planned on, or the answer would be too large.
        """
        vehicle = convert.vehicle(request.vehicle, convert.mode(request.mode))
        for field, points in (
            ("origins", request.origins),
            ("destinations", request.destinations),
        ):
            _check_count(field, len(points), MOST_PLACES)
        cells = len(request.origins) * len(request.destinations)
        if cells > MOST_CELLS:
            given = f"{len(request.origins)} x {len(request.destinations)}"
            allowed = f"origins times destinations up to {MOST_CELLS}"
            raise InvalidFieldError("destinations", given, allowed)
        origins = self._places(request.origins, "origins", vehicle.mode, mapping)
        destinations = self._places(request.destinations, "destinations", vehicle.mode, mapping)
        seconds = self._travel().matrix(vehicle, origins, destinations)
        reachable = seconds < UNREACHABLE
        p90_s = self._quantiles(seconds, vehicle.mode, 0.9) if request.p90 else None
        answer = roads_pb2.MatrixResponse()
        for place, there in enumerate(reachable):
            answer.rows.add(
                reachable=there.tolist(),
                durations_s=np.where(there, seconds[place], 0).tolist(),
                p90_s=() if p90_s is None else np.where(there, p90_s[place], 0).tolist(),
            )
        check_size(answer, "destinations", len(request.destinations), "fewer")
        return answer.SerializeToString()

    def reach(
        self, request: roads_pb2.ReachRequest, mapping: ClientMapping
    ) -> roads_pb2.ReachResponse:
        """What is within so many seconds of any of some places.

        Raises
        ------
        InvalidFieldError
            A point cannot be planned on, a field is out of range, or the answer would be too large.
        """
        vehicle = convert.vehicle(request.vehicle, convert.mode(request.mode))
        _check_count("origins", len(request.origins), MOST_ORIGINS)
        if not 1 <= request.seconds <= LONGEST_REACH_S:
            raise InvalidFieldError("seconds", request.seconds, f"1 to {LONGEST_REACH_S}")
        if not (request.edges or request.polygons):
            raise InvalidFieldError("edges", False, "edges or polygons, or both")
        origins = self._places(request.origins, "origins", vehicle.mode, mapping)
        reach = self._travel().reach(vehicle, origins, request.seconds)
        network = self._streets.network
        parts_m = network.edge_length_m[reach.edge] * (reach.end - reach.begin)
        answer = roads_pb2.ReachResponse(
            length_m=float(parts_m.sum()),
            edges=_reached_edges(reach) if request.edges else None,
        )
        instead = "fewer, or polygons alone" if request.edges else "fewer, or edges alone"
        check_size(answer, "seconds", request.seconds, instead)  # before the areas are drawn
        if request.polygons:
            answer.polygons.extend(self._areas(reach))
            check_size(answer, "seconds", request.seconds, instead)
        return answer

    def _travel(self) -> TravelTimes:
        return self._streets.travel(self._rooms.engine.state.conditions)

    def _place(
        self,
        request: roads_pb2.RouteRequest,
        field: str,
        mode: TravelMode,
        mapping: ClientMapping,
    ) -> Snap:
        if not request.HasField(field):  # type: ignore[arg-type]  # one of the two
            raise InvalidFieldError(field, "", "a point with its coordinate system")
        point = convert.known_point(getattr(request, field), field, mapping)
        return convert.on_street(point, field, self._streets.snapper, mode)

    def _places(
        self,
        messages: Sequence[common_pb2.Point],
        field: str,
        mode: TravelMode,
        mapping: ClientMapping,
    ) -> list[Snap]:
        points = [
            convert.known_point(message, f"{field}[{place}]", mapping)
            for place, message in enumerate(messages)
        ]
        snapper = self._streets.snapper
        return [
            # Where there is none the snapper says how far the nearest street is.
            snap or convert.on_street(points[place], f"{field}[{place}]", snapper, mode)
            for place, snap in enumerate(snapper.snap_many(points, mode))
        ]

    def _told(self, route: Route, mode: TravelMode) -> dict[str, Any]:
        """Fields of a route, which are also those of an alternative."""
        network = self._streets.network
        road = road_group(network, route.edges)
        return {
            "duration_s": route.duration_s,
            "length_m": route.length_m,
            "line": [present.known_point(p) for p in route.line],
            "legs": _legs(route),
            "p50_s": int(self._quantiles(route.duration_s, mode, 0.5, road)),
            "p90_s": int(self._quantiles(route.duration_s, mode, 0.9, road)),
            "signals": [_signal(arrival) for arrival in corridor_of(network, route)],
        }

    def _quantiles(
        self, seconds: ArrayLike, mode: TravelMode, share: float, road: RoadGroup | None = None
    ) -> NDArray[np.int64]:
        now = self._rooms.engine.clock.now()
        return self._rooms.calibration.quantiles(seconds, mode, now, share, road)

    def _areas(self, reach: Reach) -> list[roads_pb2.ReachedArea]:
        return [
            roads_pb2.ReachedArea(outer=_ring(area.outer), holes=[_ring(h) for h in area.holes])
            for area in reach_polygons(self._streets.network, reach)
        ]


def _legs(route: Route) -> list[roads_pb2.RouteLeg]:
    return [
        roads_pb2.RouteLeg(
            street_name=leg.name,
            street_name_en=leg.name_en,
            length_m=leg.length_m,
            duration_s=leg.duration_s,
        )
        for leg in route.legs
    ]


def _signal(arrival: SignalArrival) -> roads_pb2.SignalOnRoute:
    return roads_pb2.SignalOnRoute(
        junction=arrival.junction,
        point=present.known_point(arrival.point),
        distance_m=arrival.distance_m,
        arrival_s=arrival.arrival_s,
        street_name=arrival.street,
        street_name_en=arrival.street_en,
        approach_deg=arrival.approach_deg,
        leaving_deg=arrival.leaving_deg,
        turn=roads_pb2.Turn.Value(f"TURN_{arrival.turn.name}"),
    )


def _reached_edges(reach: Reach) -> roads_pb2.ReachedEdges:
    return roads_pb2.ReachedEdges(
        edges=reach.edge.tolist(),
        begins=reach.begin.tolist(),
        ends=reach.end.tolist(),
        seconds=reach.seconds.tolist(),
    )


def _ring(points: Sequence[LonLat]) -> common_pb2.PointList:
    return common_pb2.PointList(
        coordinate_system=common_pb2.COORDINATE_SYSTEM_WGS84,
        longitudes=[point.lon for point in points],
        latitudes=[point.lat for point in points],
    )


def _check_count(field: str, count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise InvalidFieldError(field, count, f"1 to {most} points")
