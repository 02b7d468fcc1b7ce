"""Conditions as messages: what is different about which streets, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, assert_never

from dispatch.conditions.desk import SetCondition
from dispatch.conditions.effects import usual_modes
from dispatch.conditions.model import (
    CLOSED,
    AreaDrawn,
    AreaFlooded,
    Closed,
    Condition,
    Contraflow,
    Effect,
    Flooded,
    FloodedAreas,
    LineDrawn,
    PointsGiven,
    Slowed,
    StreetsNamed,
    Weather,
)
from dispatch.errors import InvalidFieldError
from dispatch.intake.mapping import ClientMapping
from dispatch.service import convert, names, present
from dispatch.v1 import common_pb2, roads_pb2

LONGEST_LINE: Final = 10_000
"""Points of one line or ring."""

PLANNED: Final = roads_pb2.CONDITION_STATE_PLANNED
IN_FORCE: Final = roads_pb2.CONDITION_STATE_IN_FORCE
ENDED: Final = roads_pb2.CONDITION_STATE_ENDED


# From messages


def points_given(
    message: common_pb2.PointList,
    field: str,
    mapping: ClientMapping,
    least: int,
    most: int = LONGEST_LINE,
) -> PointsGiven:
    """Points in order, ``least`` to ``most`` of them.

    Raises
    ------
    InvalidFieldError
        They are untagged, too few or too many, off the earth, all the same, or the lists do not go
        together.
    """
    count = len(message.longitudes)
    if count != len(message.latitudes):
        given = f"{count}, {len(message.latitudes)}"
        raise InvalidFieldError(field, given, "as many latitudes as longitudes")
    if not least <= count <= most:
        raise InvalidFieldError(field, f"{count} points", f"{least} to {most} points")
    in_system = f"{field}.coordinate_system"
    system = convert.coordinate_system(message.coordinate_system, in_system, mapping)
    if system is None:
        allowed = ", ".join(common_pb2.CoordinateSystem.keys()[1:])
        raise InvalidFieldError(in_system, "", allowed)
    lon, lat = tuple(message.longitudes), tuple(message.latitudes)
    _check_degrees(f"{field}.longitudes", lon, 180)
    _check_degrees(f"{field}.latitudes", lat, 90)
    if lon.count(lon[0]) == lat.count(lat[0]) == count:
        raise InvalidFieldError(field, f"{count} points", "at least two different points")
    return PointsGiven(system, lon, lat)


def _check_degrees(field: str, degrees: Iterable[float], limit: int) -> None:
    for place, value in enumerate(degrees):
        if not -limit <= value <= limit:  # true of NaN, too
            raise InvalidFieldError(f"{field}[{place}]", value, f"-{limit} to {limit} degrees")


def area_drawn(message: roads_pb2.Polygon, field: str, mapping: ClientMapping) -> AreaDrawn:
    """An area.

    Raises
    ------
    InvalidFieldError
        A ring has less than three points, or they cannot be read.
    """
    return AreaDrawn(
        points_given(message.outer, f"{field}.outer", mapping, 3),
        tuple(
            points_given(hole, f"{field}.holes[{place}]", mapping, 3)
            for place, hole in enumerate(message.holes)
        ),
    )


def streets_named(message: roads_pb2.StreetSelector, mapping: ClientMapping) -> StreetsNamed:
    """Which streets are meant, with nothing looked up yet.

    Raises
    ------
    InvalidFieldError
        A line or a polygon cannot be read.
    """
    lines = (
        LineDrawn(
            points_given(line.points, f"streets.lines[{place}].points", mapping, 2), line.as_drawn
        )
        for place, line in enumerate(message.lines)
    )
    polygons = (
        area_drawn(polygon, f"streets.polygons[{place}]", mapping)
        for place, polygon in enumerate(message.polygons)
    )
    return StreetsNamed(
        street_names=tuple(message.street_names),
        osm_way_ids=tuple(message.osm_way_ids),
        edges=tuple(message.edges),
        lines=tuple(lines),
        polygons=tuple(polygons),
        whole_network=message.whole_network,
    )


def effect(message: roads_pb2.Effect, mapping: ClientMapping) -> Effect:
    """What is different; nothing said means closed. Depths of areas follow when edges are known.

    Raises
    ------
    InvalidFieldError
        An area cannot be read.
    """
    match message.WhichOneof("kind"):
        case None:
            return CLOSED
        case "closed":
            return Closed(message.closed.impassable) if message.closed.impassable else CLOSED
        case "slowed":
            return Slowed(message.slowed.factor)
        case "weather":
            return Weather(message.weather.factor)
        case "flooded":
            return Flooded(message.flooded.depth_m)
        case "flooded_areas":
            field = "effect.flooded_areas.areas"
            areas = (
                AreaFlooded(area_drawn(a.polygon, f"{field}[{i}].polygon", mapping), a.depth_m)
                for i, a in enumerate(message.flooded_areas.areas)
            )
            return FloodedAreas(tuple(areas), ())
        case "contraflow":
            return Contraflow()
        case other:
            assert_never(other)


def told(request: roads_pb2.SetConditionRequest, mapping: ClientMapping) -> SetCondition:
    """What a request tells, with no street looked up yet.

    Raises
    ------
    InvalidFieldError
        A field cannot be read.
    """
    what = effect(request.effect, mapping)
    return SetCondition(
        streets=streets_named(request.streets, mapping),
        edges=(),
        modes=convert.modes(request.modes) or usual_modes(what),
        reason=convert.words(request.reason, "reason", "what is the matter with the streets"),
        end=convert.future(request, "end_time"),
        origin=convert.origin(request.origin, mapping),
        effect=what,
        start=convert.future(request, "start_time"),
    )


# Into messages


def condition(
    of: Condition, state: roads_pb2.ConditionState.ValueType, ended: datetime | None = None
) -> roads_pb2.Condition:
    """The message of a condition."""
    return roads_pb2.Condition(
        name=names.name_of(names.CONDITIONS, of.condition_id),
        streets=_streets(of.streets),
        modes=[present.travel_mode(mode) for mode in of.modes],
        reason=of.reason,
        start_time=present.timestamp(of.start),
        end_time=present.timestamp(of.end),
        edge_count=len(of.edges),
        origin=present.origin(of.origin),
        ended_time=present.timestamp(ended),
        effect=_effect(of.effect),
        state=state,
    )


def _streets(streets: StreetsNamed) -> roads_pb2.StreetSelector:
    return roads_pb2.StreetSelector(
        street_names=streets.street_names,
        osm_way_ids=streets.osm_way_ids,
        edges=streets.edges,
        lines=[
            roads_pb2.DrawnLine(points=_points(line.points), as_drawn=line.as_drawn)
            for line in streets.lines
        ],
        polygons=[_polygon(polygon) for polygon in streets.polygons],
        whole_network=streets.whole_network,
    )


def _polygon(area: AreaDrawn) -> roads_pb2.Polygon:
    return roads_pb2.Polygon(outer=_points(area.outer), holes=[_points(h) for h in area.holes])


def _points(points: PointsGiven) -> common_pb2.PointList:
    return common_pb2.PointList(
        coordinate_system=present.coordinate_system(points.coordinate_system),
        longitudes=points.longitudes,
        latitudes=points.latitudes,
    )


def _effect(of: Effect) -> roads_pb2.Effect:
    match of:
        case Closed(impassable):
            return roads_pb2.Effect(closed=roads_pb2.Closed(impassable=impassable))
        case Slowed(factor):
            return roads_pb2.Effect(slowed=roads_pb2.Slowed(factor=factor))
        case Weather(factor):
            return roads_pb2.Effect(weather=roads_pb2.Weather(factor=factor))
        case Flooded(depth_m):
            return roads_pb2.Effect(flooded=roads_pb2.Flooded(depth_m=depth_m))
        case FloodedAreas(areas):
            message = roads_pb2.FloodedAreas(
                areas=[
                    roads_pb2.FloodedArea(polygon=_polygon(a.area), depth_m=a.depth_m)
                    for a in areas
                ]
            )
            return roads_pb2.Effect(flooded_areas=message)
        case Contraflow():
            return roads_pb2.Effect(contraflow=roads_pb2.Contraflow())
        case _:
            assert_never(of)
