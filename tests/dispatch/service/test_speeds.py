"""Speeds as they are measured, over the wire."""

import asyncio
from datetime import timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from dispatch import traffic
from dispatch.emergency.events import DecisionMade
from dispatch.state import decode
from dispatch.v1 import common_pb2, roads_pb2
from roadnets.calibration.uncertainty import Calibration, Cell, Spread
from roadnets.sources.calibrationfile import write_calibration
from roadnets.travel import TravelMode
from tests.dispatch.service.desks import SIDE, at, desk_and_caller, refusal

EDGES = 2 * 2 * SIDE * (SIDE - 1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(traffic, "RENEW_EVERY_S", 0.0)
    monkeypatch.setattr(traffic, "_LOOK_EVERY_S", 0.01)


def line(*places, system=common_pb2.COORDINATE_SYSTEM_WGS84):
    given = [at(*place) for place in places]
    return common_pb2.PointList(
        coordinate_system=system,
        longitudes=[p.longitude for p in given],
        latitudes=[p.latitude for p in given],
    )


def report(desk, seconds_ago=0.0, speed_kph=5.0, **where):
    observed = Timestamp()
    observed.FromDatetime(desk.clock.now() - timedelta(seconds=seconds_ago))
    return roads_pb2.SpeedReport(speed_kph=speed_kph, observed_time=observed, **where)


async def stream(caller, *batches):
    async def messages():
        for batch in batches:
            yield roads_pb2.StreamSpeedsRequest(speeds=batch)

    return await caller.roads.StreamSpeeds(messages(), metadata=caller.metadata)


async def drive_s(caller):
    request = roads_pb2.RouteRequest(origin=at(1, 8.1), destination=at(9, 8.1), mode=2)
    return (await caller("Route", request)).duration_s


async def network_info(caller):
    return await caller("GetNetworkInfo", roads_pb2.GetNetworkInfoRequest())


async def until_measured(caller, least=1):
    async with asyncio.timeout(10):
        # Nothing tells of it.
        while (await network_info(caller)).measured_edge_count < least:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "where", [{"line": line((0, 8), (15, 8))}, {"segment": "row-8"}, {"way": {"osm_way_id": -1}}]
)
async def test_measured_speeds_slow_the_drive(tmp_path, where):
    async with desk_and_caller(tmp_path) as (desk, caller):
        if "way" in where:
            network = desk.given.network
            edge = int(network.edges_named("Row 8")[0])
            way = int(network.edge_way[edge])
            where = {"way": roads_pb2.WayDirection(osm_way_id=way)}
        if "segment" in where:
            segment = roads_pb2.Segment(segment_id="row-8", line=line((0, 8), (15, 8)))
            known = await caller(
                "RegisterSegments", roads_pb2.RegisterSegmentsRequest(segments=[segment])
            )
            assert known.segment_count == 1
        usual_s = await drive_s(caller)
        summary = await stream(caller, [report(desk, **where)])
        assert (summary.accepted, summary.rejected) == (1, 0)
        await until_measured(caller)
        assert await drive_s(caller) >= usual_s
        info = await network_info(caller)
        assert info.newest_speed_time.seconds
        assert info.engine == "hierarchy"
        assert info.calibration == "not calibrated"


async def test_a_slow_city_is_driven_slowly(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        usual_s = await drive_s(caller)
        whole = [report(desk, edge=edge) for edge in range(EDGES)]
        summary = await stream(caller, whole[:500], whole[500:])
        assert (summary.accepted, summary.rejected) == (EDGES, 0)
        await until_measured(caller, EDGES)
        assert await drive_s(caller) > 2 * usual_s


async def test_what_cannot_be_used_is_summed_up(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        untagged = line((1, 1), (2, 1), system=common_pb2.COORDINATE_SYSTEM_UNSPECIFIED)
        first = [
            report(desk, edge=1),
            report(desk, edge=EDGES),
            report(desk, edge=2, speed_kph=-1),
            report(desk, edge=2, speed_kph=float("nan")),
            report(desk, edge=2, seconds_ago=901),
            report(desk, edge=2, seconds_ago=-61),
        ]
        second = [
            roads_pb2.SpeedReport(edge=3, speed_kph=20),
            report(desk),
            report(desk, segment="nobody-knows"),
            report(desk, line=untagged),
            report(desk, line=line((100, 100), (101, 100))),
            report(desk, way=roads_pb2.WayDirection(osm_way_id=987654321)),
            report(desk, edge=4),
        ]
        summary = await stream(caller, first, second)
        assert (summary.accepted, summary.rejected) == (2, 11)
        assert [(p.index, p.remark.code) for p in summary.problems] == [
            (1, "speed_without_street"),
            (2, "speed_implausible"),
            (3, "speed_implausible"),
            (4, "speed_outdated"),
            (5, "observed_time_implausible"),
            (6, "observed_time_missing"),
            (7, "speed_without_street"),
            (8, "speed_without_street"),
            (9, "speed_without_street"),
            (10, "speed_without_street"),
            (11, "speed_without_street"),
        ]
        texts = [p.remark.text for p in summary.problems]
        assert texts[0] == f"It names no street that is known: edge {EDGES}"
        assert texts[7] == "It names no street that is known: segment nobody-knows"
        assert 'line.coordinate_system is ""; allowed: COORDINATE_SYSTEM_WGS84' in texts[8]
        assert "known: line 1" in texts[9]
        assert texts[10] == "It names no street that is known: way 987654321"
        await until_measured(caller, 2)


async def test_only_the_first_problems_are_told(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        summary = await stream(caller, [report(desk) for _ in range(250)])
        assert (summary.rejected, len(summary.problems)) == (250, 100)


async def test_a_batch_that_is_too_large_is_refused(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        told = await refusal(stream(caller, [report(desk, edge=1)] * 5001))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, "speeds")


async def test_segments_of_two_clients_do_not_clash(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        edges = roads_pb2.SegmentEdges(edges=[0, 1])
        request = roads_pb2.RegisterSegmentsRequest(
            segments=[roads_pb2.Segment(segment_id="s", edges=edges)]
        )
        await caller("RegisterSegments", request)
        caller.metadata = (("x-client-id", "another"), ("accept-language", "en"))
        summary = await stream(caller, [report(desk, segment="s")])
        assert (summary.accepted, summary.rejected) == (0, 1)


async def test_segments_along_no_street_are_named(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.RegisterSegmentsRequest(
            segments=[
                roads_pb2.Segment(segment_id="here", line=line((1, 1), (3, 1))),
                roads_pb2.Segment(segment_id="sea", line=line((90, 90), (91, 90))),
            ]
        )
        answer = await caller("RegisterSegments", request)
        assert list(answer.segments_without_street) == ["sea"]


@pytest.mark.parametrize(
    ("segments", "field", "hint"),
    [
        ([], "segments", "1 to 20000"),
        ([{"segment_id": "a"}], "segments[0]", "edges, a way or a line"),
        ([{"segment_id": "", "edges": {"edges": [1]}}], "segments[0].segment_id", "characters"),
        ([{"segment_id": "a", "edges": {}}], "segments[0].edges", "at least one"),
        (
            [
                {"segment_id": "a", "edges": {"edges": [1]}},
                {"segment_id": "b", "edges": {"edges": [1, 10**6]}},
            ],
            "segments[1].edges.edges[1]",
            f"0 to {EDGES - 1}",
        ),
        (
            [{"segment_id": "a", "line": line((1, 1), (2, 1), system=99)}],
            "segments[0].line.coordinate_system",
            "COORDINATE_SYSTEM_GCJ02",
        ),
        (
            [{"segment_id": "a", "line": line((1, 1), (10**6, 1))}],
            "segments[0].line.longitudes[1]",
            "-180 to 180 degrees",
        ),
        (
            [{"segment_id": "a", "edges": {"edges": [1]}}] * 2,
            "segments[1].segment_id",
            "each segment once",
        ),
        (
            [{"segment_id": "a", "way": {"osm_way_id": 1, "direction": 7}}],
            "segments[0].way.direction",
            "DIRECTION_FORWARD",
        ),
        ([{"segment_id": "a", "line": line((1, 1))}], "segments[0].line", "2 to 1000 points"),
        (
            [{"segment_id": "a", "line": line((1, 1), (1, 1))}],
            "segments[0].line",
            "at least two different points",
        ),
    ],
)
async def test_segments_that_cannot_be(tmp_path, segments, field, hint):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.RegisterSegmentsRequest(
            segments=[roads_pb2.Segment(**segment) for segment in segments]
        )
        told = await refusal(caller("RegisterSegments", request))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)
        assert hint in told.details["allowed"]


async def test_without_a_hierarchy_the_network_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.dispatch.service.desks.hierarchy", lambda: None)
    async with desk_and_caller(tmp_path) as (_, caller):
        assert await drive_s(caller)
        async with asyncio.timeout(60):
            while (await network_info(caller)).engine != "hierarchy":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        assert await drive_s(caller)


JAMMED = """
name: half
zone: "+08:00"
factors:
  main: {everyday: [HALF]}
  local: {everyday: [HALF]}
  expressway: {everyday: [HALF]}
""".replace("HALF", ", ".join(["0.5"] * 24))


async def test_the_hour_and_the_calibration_come_from_files(tmp_path):
    congestion = tmp_path / "congestion.yaml"
    congestion.write_text(JAMMED, "utf-8")
    calibration = tmp_path / "calibration.json"
    spread = Spread(factor=2.0, trips=9)
    write_calibration(Calibration({Cell(TravelMode.CIVILIAN): spread}, name="ours"), calibration)
    request = roads_pb2.RouteRequest(origin=at(1, 8.1), destination=at(9, 8.1), mode=2)
    async with desk_and_caller(tmp_path / "usual") as (_, caller):
        usual = await caller("Route", request)
        info = await network_info(caller)
        assert (info.time_slot, info.calibration) == ("", "not calibrated")
    files = {"congestion": congestion, "calibration": calibration}
    async with desk_and_caller(tmp_path / "jammed", **files) as (desk, caller):
        jammed = await caller("Route", request)
        assert jammed.duration_s > 1.5 * usual.duration_s
        assert jammed.p50_s / jammed.duration_s == pytest.approx(
            2 * usual.p50_s / usual.duration_s, rel=0.2
        )
        assert jammed.p50_s < jammed.p90_s
        info = await network_info(caller)
        assert info.calibration == "ours"
        assert info.time_slot.endswith(":00")
        incident = await caller.report()
        await caller.decided(incident.name)
        decided = [
            record.fact.inputs.pace
            for record in map(decode, (r.body for r in desk.engine._journal.read(0)))
            if isinstance(record.fact, DecisionMade)
        ]
        assert decided
        assert all(pace.startswith("slot ") for pace in decided)
