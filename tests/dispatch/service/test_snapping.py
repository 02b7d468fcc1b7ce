"""Which street a fix is on, over the wire."""

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from dispatch.v1 import common_pb2, roads_pb2
from tests.dispatch.service.desks import at, desk_and_caller, refusal


def fix(column, row, second=None, **fields):
    message = roads_pb2.Fix(point=at(column, row), **fields)
    if second is not None:
        message.observed_time.CopyFrom(Timestamp(seconds=1_700_000_000 + second))
    return message


async def test_fixes_are_put_on_their_streets(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.SnapRequest(
            fixes=[fix(4.5, 8.1), fix(4.5, 7.9), fix(400, 400)],
        )
        above, below, nowhere = (await caller("Snap", request)).fixes
        for snapped in (above, below):
            assert snapped.on_street
            assert (snapped.best.street_name, snapped.best.street_name_en) == ("第8街", "Row 8")
            assert snapped.best.distance_m == pytest.approx(10, abs=1)
            assert snapped.best.side == roads_pb2.SIDE_RIGHT  # traffic keeps to the right
            assert 0 < snapped.best.fraction < 1
            assert not snapped.ambiguous
            assert snapped.best in list(snapped.candidates)
        assert above.best.edge != below.best.edge
        assert not nowhere.on_street
        assert not nowhere.candidates


async def test_a_heading_tells_the_direction(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.SnapRequest(
            fixes=[
                fix(4.5, 8, heading_deg=90, speed_kph=40),
                fix(4.5, 8, heading_deg=270, speed_kph=40),
            ]
        )
        east, west = (await caller("Snap", request)).fixes
        assert east.best.edge != west.best.edge


async def test_a_track_tells_the_way(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        fixes = [fix(2 + i / 2, 8.02, second=5 * i) for i in range(8)]
        answer = await caller("Snap", roads_pb2.SnapRequest(fixes=fixes, track=True))
        assert len(answer.fixes) == 8
        assert {f.best.street_name_en for f in answer.fixes} == {"Row 8"}


async def test_untagged_points_are_read_as_the_client_says(tmp_path):
    async with desk_and_caller(tmp_path, client="cad") as (_, caller):
        point = at(4.5, 8.1, common_pb2.COORDINATE_SYSTEM_UNSPECIFIED)
        answer = await caller("Snap", roads_pb2.SnapRequest(fixes=[roads_pb2.Fix(point=point)]))
        assert len(answer.fixes) == 1


@pytest.mark.parametrize(
    ("fixes", "track", "field"),
    [
        ([], False, "fixes"),
        ([fix(1, 1)] * 1001, False, "fixes"),
        ([roads_pb2.Fix()], False, "fixes[0].point"),
        ([roads_pb2.Fix(point=at(1, 1, 0))], False, "fixes[0].point"),
        ([fix(1, 1), fix(1, 1, heading_deg=361)], False, "fixes[1].heading_deg"),
        ([fix(1, 1, speed_kph=-1)], False, "fixes[0].speed_kph"),
        (
            [roads_pb2.Fix(point=common_pb2.Point(coordinate_system=1, uncertainty_m=-5))],
            False,
            "fixes[0].point.uncertainty_m",
        ),
        ([roads_pb2.Fix(point=at(1, 1, 99))], False, "fixes[0].point.coordinate_system"),
        ([fix(1, 1)], True, "fixes[0].observed_time"),
        ([fix(1, 1, second=2**61)], False, "fixes[0].observed_time"),
        ([fix(1, 1, second=9), fix(1, 1, second=8)], True, "fixes[1].observed_time"),
    ],
)
async def test_fixes_that_cannot_be(tmp_path, fixes, track, field):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.SnapRequest(fixes=fixes, track=track)
        told = await refusal(caller("Snap", request))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)
