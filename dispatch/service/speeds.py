"""Speeds in batches: what is usable sets the pace, what is not is summed up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, assert_never

import numpy as np

from dispatch.errors import InvalidFieldError
from dispatch.intake.mapping import ClientMapping
from dispatch.model import Remark
from dispatch.service import conditions, convert
from dispatch.service.calls import Call
from dispatch.service.present import Presenter
from dispatch.service.rooms import Rooms
from dispatch.v1 import common_pb2, roads_pb2
from roadnets.weights.live_speeds import EARLY_S, FASTEST_KPH, GONE_S
from roadnets.weights.speed_feed import (
    FeedLine,
    Segment,
    SegmentEdges,
    SpeedRecords,
    Stretch,
    WayDirection,
)

LARGEST_BATCH: Final = 5_000
PROBLEMS_LISTED: Final = 100
MOST_SEGMENTS: Final = 20_000
LONGEST_ID: Final = 200
LONGEST_FEED_LINE: Final = 1_000
"""Points of one line."""

_FORWARD: Final = {
    roads_pb2.DIRECTION_UNSPECIFIED: None,
    roads_pb2.DIRECTION_FORWARD: True,
    roads_pb2.DIRECTION_BACKWARD: False,
}


class _Read(NamedTuple):
    """A batch as far as it can be read.

    Attributes
    ----------
    records
        Those that can be.
    places
        Which of the batch each of them is.
    problems
        What is the matter with the others.
    """

    records: SpeedRecords
    places: list[int]
    problems: dict[int, Remark]


class SpeedIntake:
    """One stream of speeds."""

    def __init__(self, rooms: Rooms, call: Call, presenter: Presenter) -> None:
        self._rooms = rooms
        self._call = call
        self._presenter = presenter
        self._seen = 0
        self.summary = roads_pb2.StreamSpeedsResponse()
        """What came of the stream so far."""

    async def take(self, batch: roads_pb2.StreamSpeedsRequest) -> None:
        """Take a batch.

        Raises
        ------
        InvalidFieldError
            It is too large; the batches before it stay.
        """
        count = len(batch.speeds)
        if count > LARGEST_BATCH:
            raise InvalidFieldError("speeds", count, f"up to {LARGEST_BATCH} a message")
        now = self._rooms.engine.clock.now()
        read: list[_Read] = []

        def records() -> SpeedRecords:
            read.append(_read(batch.speeds, self._call, now))
            return read[0].records

        measured = await self._rooms.traffic.take(records)
        (done,) = read
        problems = done.problems
        for problem in measured.problems:
            place = done.places[problem.record]
            given = {"given": _where(batch.speeds[place])}
            problems[place] = Remark("speed_without_street", given)
        self.summary.accepted += measured.accepted
        self.summary.rejected += count - measured.accepted
        for place in sorted(problems)[: PROBLEMS_LISTED - len(self.summary.problems)]:
            remark = self._presenter.remark(problems[place])
            self.summary.problems.add(index=self._seen + place, remark=remark)
        self._seen += count


def segments(
    request: roads_pb2.RegisterSegmentsRequest, call: Call, edge_count: int
) -> dict[str, Segment]:
    """What some segments are, by the id that only this client knows them by.

    Raises
    ------
    InvalidFieldError
        One of them says nothing that can be read, or an edge that is none of ``edge_count``.
    """
    if not 1 <= len(request.segments) <= MOST_SEGMENTS:
        raise InvalidFieldError("segments", len(request.segments), f"1 to {MOST_SEGMENTS}")
    found: dict[str, Segment] = {}
    for place, segment in enumerate(request.segments):
        field = f"segments[{place}]"
        name = segment.segment_id
        if not 1 <= len(name) <= LONGEST_ID:
            raise InvalidFieldError(
                f"{field}.segment_id", f"{len(name)} characters", f"1 to {LONGEST_ID} characters"
            )
        key = segment_key(call, name)
        if key in found:
            raise InvalidFieldError(f"{field}.segment_id", name, "each segment once")
        found[key] = _segment(segment, field, call.mapping, edge_count)
    return found


def segment_key(call: Call, segment_id: str) -> str:
    """A segment's name among those of all clients."""
    return f"{call.client} {segment_id}"


def _segment(
    message: roads_pb2.Segment, field: str, mapping: ClientMapping, edge_count: int
) -> Segment:
    match message.WhichOneof("where"):
        case None:
            raise InvalidFieldError(field, "", "edges, a way or a line")
        case "edges":
            if not message.edges.edges:
                raise InvalidFieldError(f"{field}.edges", 0, "at least one")
            for place, edge in enumerate(message.edges.edges):
                if not 0 <= edge < edge_count:
                    allowed = f"0 to {edge_count - 1}"
                    raise InvalidFieldError(f"{field}.edges.edges[{place}]", edge, allowed)
            return SegmentEdges(tuple(message.edges.edges))
        case "way":
            return _way(message.way, f"{field}.way")
        case "line":
            return _line(message.line, f"{field}.line", mapping)
        case other:
            assert_never(other)


def _way(message: roads_pb2.WayDirection, field: str) -> WayDirection:
    if message.direction not in _FORWARD:
        allowed = ", ".join(roads_pb2.Direction.keys())
        raise InvalidFieldError(f"{field}.direction", message.direction, allowed)
    return WayDirection(message.osm_way_id, _FORWARD[message.direction])


def _line(message: common_pb2.PointList, field: str, mapping: ClientMapping) -> FeedLine:
    points = conditions.points_given(message, field, mapping, 2, LONGEST_FEED_LINE)
    return FeedLine(points.longitudes, points.latitudes, points.coordinate_system)


def _read(speeds: Sequence[roads_pb2.SpeedReport], call: Call, now: datetime) -> _Read:
    where: list[Stretch] = []
    kph: list[float] = []
    measured_s: list[float] = []
    places: list[int] = []
    problems: dict[int, Remark] = {}
    for place, report in enumerate(speeds):
        at = _measured_at(report, now)
        stretch = _stretch(report, call)
        if isinstance(at, Remark):
            problems[place] = at
        elif isinstance(stretch, Remark):
            problems[place] = stretch
        elif not 0 <= report.speed_kph <= FASTEST_KPH:
            problems[place] = Remark("speed_implausible", {"value": f"{report.speed_kph:g}"})
        else:
            where.append(stretch)
            kph.append(report.speed_kph)
            measured_s.append(at)
            places.append(place)
    return _Read(SpeedRecords(where, np.array(kph), np.array(measured_s)), places, problems)


def _measured_at(report: roads_pb2.SpeedReport, now: datetime) -> float | Remark:
    """Seconds since 1970 UTC."""
    if not report.HasField("observed_time"):
        return Remark("observed_time_missing")
    observed = convert.instant(report.observed_time)
    if observed is None or observed > now + timedelta(seconds=EARLY_S):
        value = report.observed_time.seconds if observed is None else observed.isoformat()
        return Remark("observed_time_implausible", {"value": str(value)})
    age = now - observed
    if age > timedelta(seconds=GONE_S):
        return Remark("speed_outdated", {"age_s": str(round(age.total_seconds()))})
    return observed.timestamp()


def _stretch(report: roads_pb2.SpeedReport, call: Call) -> Stretch | Remark:
    try:
        match report.WhichOneof("where"):
            case None:
                return Remark("speed_without_street", {"given": ""})
            case "edge":
                return report.edge
            case "way":
                return _way(report.way, "way")
            case "line":
                return _line(report.line, "line", call.mapping)
            case "segment":
                return segment_key(call, report.segment)
            case other:
                assert_never(other)
    except InvalidFieldError as error:
        return Remark("speed_without_street", error.details)


def _where(report: roads_pb2.SpeedReport) -> str:
    """What a report names, in the words of whoever sent it."""
    match report.WhichOneof("where"):
        case "edge":
            return f"edge {report.edge}"
        case "way":
            return f"way {report.way.osm_way_id}"
        case "line":
            lon, lat = report.line.longitudes, report.line.latitudes
            return f"line {lon[0]:.6f}, {lat[0]:.6f} … {lon[-1]:.6f}, {lat[-1]:.6f}"
        case "segment":
            return f"segment {report.segment[:LONGEST_ID]}"
        case None:
            return ""
        case other:
            assert_never(other)
