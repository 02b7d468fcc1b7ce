"""Ways, matrices and what is within reach, over the wire."""

import asyncio

import grpc
import pytest

from dispatch.service import sizes
from dispatch.v1 import common_pb2, roads_pb2
from tests.dispatch.service.desks import SIDE, at, desk_and_caller, new_id, refusal

FAR = common_pb2.Point(longitude=0, latitude=0, coordinate_system=1)
STRANGE = common_pb2.Point(longitude=116.35, latitude=39.9, coordinate_system=99)
UNTAGGED = common_pb2.Point(longitude=116.35, latitude=39.9)


def closing(*names):
    return roads_pb2.SetConditionRequest(
        request_id=new_id(),
        reason="flood",
        streets=roads_pb2.StreetSelector(street_names=names),
    )


async def test_a_matrix_says_what_routes_say(tmp_path):
    origins = [at(1.5, 8.1), at(9, 2.3), at(4.2, 4)]
    destinations = [at(9.5, 8.1), at(1, 1)]
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.MatrixRequest(origins=origins, destinations=destinations)
        matrix = await caller("Matrix", request)
        assert len(matrix.rows) == 3
        for origin, row in zip(origins, matrix.rows, strict=True):
            assert list(row.reachable) == [True, True]
            for destination, duration_s in zip(destinations, row.durations_s, strict=True):
                route = await caller(
                    "Route", roads_pb2.RouteRequest(origin=origin, destination=destination)
                )
                assert route.duration_s == duration_s


async def test_what_cannot_be_reached_is_said_cell_by_cell(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        # The corner of the grid is cut off.
        await caller("SetCondition", closing("Row 0", "Column 0"))
        request = roads_pb2.MatrixRequest(
            origins=[at(5, 5.5)], destinations=[at(0, 0.5), at(6, 5.5)]
        )
        row = (await caller("Matrix", request)).rows[0]
        assert len(row.reachable) == len(row.durations_s) == 2
        assert row.reachable[1]
        assert [
            s for s, there in zip(row.durations_s, row.reachable, strict=True) if not there
        ] in (
            [],
            [0],
        )


async def test_a_place_cut_off_has_no_duration(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        streets = roads_pb2.StreetSelector(street_names=["Row 0"])
        broken = roads_pb2.SetConditionRequest(
            reason="collapsed",
            streets=streets,
            effect=roads_pb2.Effect(closed=roads_pb2.Closed(impassable=True)),
        )
        await caller("SetCondition", broken)
        request = roads_pb2.MatrixRequest(
            origins=[at(5, 5.5)], destinations=[at(3.5, 0), at(6, 5.5)]
        )
        row = (await caller("Matrix", request)).rows[0]
        assert list(row.reachable) == [False, True]
        assert row.durations_s[0] == 0


async def test_alternatives_are_other_ways(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.RouteRequest(
            origin=at(1, 1.5), destination=at(12, 12.5), alternatives=3
        )
        answer = await caller("Route", request)
        assert answer.alternatives
        lines = {tuple((p.longitude, p.latitude) for p in w.line) for w in answer.alternatives}
        lines.add(tuple((p.longitude, p.latitude) for p in answer.line))
        assert len(lines) == 1 + len(answer.alternatives)
        for other in answer.alternatives:
            assert other.duration_s >= answer.duration_s
            assert sum(leg.duration_s for leg in other.legs) == other.duration_s


async def test_reach_is_what_routes_reach(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.ReachRequest(
            origins=[at(8, 8.5)], seconds=60, edges=True, polygons=True
        )
        answer = await caller("Reach", request)
        edges = answer.edges
        assert len(edges.edges) == len(edges.begins) == len(edges.ends) == len(edges.seconds)
        assert list(edges.edges) == sorted(edges.edges)
        assert all(0 <= b < e <= 1 for b, e in zip(edges.begins, edges.ends, strict=True))
        assert max(edges.seconds) <= 60
        assert answer.length_m > 1000
        ring = answer.polygons[0].outer
        assert ring.longitudes[0] == ring.longitudes[-1]
        longer = roads_pb2.ReachRequest(origins=[at(8, 8.5)], seconds=120, polygons=True)
        further = await caller("Reach", longer)
        assert further.length_m > answer.length_m
        assert not further.HasField("edges")


@pytest.mark.parametrize(
    ("fields", "field", "hint"),
    [
        ({"origins": []}, "origins", "1 to 5000 points"),
        ({"destinations": []}, "destinations", "1 to 5000 points"),
        ({"origins": [at(1, 1)] * 5001}, "origins", "1 to 5000 points"),
        (
            {"origins": [at(1, 1)] * 1000, "destinations": [at(1, 1)] * 501},
            "destinations",
            "origins times destinations up to 500000",
        ),
        ({"destinations": [at(1, 1), FAR]}, "destinations[1]", "near a street"),
        ({"origins": [UNTAGGED]}, "origins[0]", "coordinate_system"),
        ({"mode": 17}, "mode", "TRAVEL_MODE_BLUE_LIGHT"),
        ({"origins": [STRANGE]}, "origins[0].coordinate_system", "COORDINATE_SYSTEM_GCJ02"),
        ({"vehicle": roads_pb2.Vehicle(width_m=1e300)}, "vehicle.width_m", "0.01 to 20"),
        ({"vehicle": roads_pb2.Vehicle(weight_t=1001)}, "vehicle.weight_t", "0.01 to 1000"),
        ({"vehicle": roads_pb2.Vehicle(height_m=-1)}, "vehicle.height_m", "0.01 to "),
        ({"vehicle": roads_pb2.Vehicle(wading_m=1e-46)}, "vehicle.wading_m", "0.01 to "),
        ({"vehicle": roads_pb2.Vehicle(weight_t=float("nan"))}, "vehicle.weight_t", "0.01 to "),
    ],
)
async def test_a_matrix_that_cannot_be(tmp_path, fields, field, hint):
    given = {"origins": [at(1, 1)], "destinations": [at(2, 2)], **fields}
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(caller("Matrix", roads_pb2.MatrixRequest(**given)))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)
        assert hint in told.details["allowed"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"origins": []}, "origins"),
        ({"origins": [FAR]}, "origins[0]"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 7201}, "seconds"),
        ({"edges": False}, "edges"),
        ({"vehicle": roads_pb2.Vehicle(wading_m=0)}, "vehicle.wading_m"),
    ],
)
async def test_a_reach_that_cannot_be(tmp_path, fields, field):
    given = {"origins": [at(1, 1)], "seconds": 60, "edges": True, **fields}
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(caller("Reach", roads_pb2.ReachRequest(**given)))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)


FROM, TO = at(1, 1), at(9, 9)


@pytest.mark.parametrize(
    ("method", "request_", "field", "instead"),
    [
        (
            "Reach",
            roads_pb2.ReachRequest(origins=[FROM], seconds=600, edges=True, polygons=True),
            "seconds",
            "fewer, or polygons alone",
        ),
        (
            "Reach",
            roads_pb2.ReachRequest(origins=[FROM], seconds=600, polygons=True),
            "seconds",
            "fewer, or edges alone",
        ),
        ("Route", roads_pb2.RouteRequest(origin=FROM, destination=TO), "destination", "nearer"),
        (
            "Route",
            roads_pb2.RouteRequest(origin=FROM, destination=TO, alternatives=3),
            "alternatives",
            "fewer",
        ),
        (
            "Matrix",
            roads_pb2.MatrixRequest(origins=[FROM] * 9, destinations=[TO] * 9),
            "destinations",
            "fewer",
        ),
        ("Snap", roads_pb2.SnapRequest(fixes=[roads_pb2.Fix(point=FROM)] * 9), "fixes", "fewer"),
    ],
)
async def test_an_answer_that_the_line_does_not_carry(
    tmp_path, monkeypatch, method, request_, field, instead
):
    async with desk_and_caller(tmp_path) as (_, caller):
        size = (await caller(method, request_)).ByteSize()
        monkeypatch.setattr(sizes, "LARGEST_ANSWER", size - 1)
        told = await refusal(caller(method, request_))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)
        assert instead in told.details["allowed"]
        assert f"of {size} bytes" in told.details["allowed"] or method == "Reach"
        monkeypatch.setattr(sizes, "LARGEST_ANSWER", size)
        assert (await caller(method, request_)).ByteSize() == size


@pytest.mark.parametrize(("alternatives", "refused"), [(-1, True), (5, False), (6, True)])
async def test_so_many_alternatives(tmp_path, alternatives, refused):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.RouteRequest(
            origin=at(1, 1), destination=at(9, 9), alternatives=alternatives
        )
        if refused:
            assert (await refusal(caller("Route", request))).field == "alternatives"
        else:
            assert (await caller("Route", request)).reachable


async def test_a_deadline_is_honoured_and_others_go_on(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        points = [at(i % SIDE, i // SIDE % SIDE) for i in range(700)]
        large = roads_pb2.MatrixRequest(origins=points, destinations=points)
        calls = [caller("Matrix", large, timeout=0.02) for _ in range(6)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(
            isinstance(o, grpc.aio.AioRpcError) and o.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            for o in outcomes
        )
        info = await caller("GetNetworkInfo", roads_pb2.GetNetworkInfoRequest(), timeout=1)
        assert info.edge_count
