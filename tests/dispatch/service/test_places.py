"""Places by what callers call them, over the wire."""

import grpc
import pytest

from dispatch.service.places import NOTES, REASONS
from dispatch.service.texts import TEXTS
from dispatch.v1 import common_pb2, roads_pb2
from roadnets.places import NoPlace, PlaceNote
from tests.dispatch.service.desks import at, desk_and_caller, refusal


async def test_a_crossing_is_found(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        request = roads_pb2.FindPlaceRequest(text="第8街与Column 3", near=at(1, 1))
        answer = await caller("FindPlace", request)
        best = answer.places[0]
        assert best.kind == "crossing"
        where = at(3, 8)
        assert best.point.longitude == pytest.approx(where.longitude, abs=1e-4)
        assert best.point.latitude == pytest.approx(where.latitude, abs=1e-4)
        assert not answer.HasField("reason")


async def test_so_many_places(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        answer = await caller("FindPlace", roads_pb2.FindPlaceRequest(text="Row", limit=3))
        assert len(answer.places) == 3


async def test_what_is_nowhere_has_a_reason(tmp_path):
    async with desk_and_caller(tmp_path, language="zh") as (_, caller):
        answer = await caller("FindPlace", roads_pb2.FindPlaceRequest(text="布达拉宫"))
        assert not answer.places
        assert (answer.reason.code, answer.reason.text) == ("place_unknown", "没有相近的地名")


async def test_half_of_what_was_asked_for_is_told_with_the_reason(tmp_path):
    async with desk_and_caller(tmp_path, language="zh") as (_, caller):
        answer = await caller("FindPlace", roads_pb2.FindPlaceRequest(text="Row 3 & Row 7"))
        assert answer.reason.code == "places_apart"
        assert sorted(place.name_en for place in answer.places) == ["Row 3", "Row 7"]
        for place in answer.places:
            assert place.approximate
            assert place.note.code == "place_streets_apart"
            assert place.note.text.endswith("这是其中一条，位置取道路中点")
        answer = await caller("FindPlace", roads_pb2.FindPlaceRequest(text="Row 3 km 12"))
        assert answer.reason.code == "place_without_posts"
        assert [place.note.code for place in answer.places] == ["place_kilometre_unknown"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 201}, "text"),
        ({"text": "Row 1", "limit": -1}, "limit"),
        ({"text": "Row 1", "limit": 101}, "limit"),
        ({"text": "Row 1", "near": common_pb2.Point(longitude=1, latitude=1)}, "near"),
    ],
)
async def test_a_question_that_cannot_be(tmp_path, fields, field):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(caller("FindPlace", roads_pb2.FindPlaceRequest(**fields)))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)


def test_whatever_is_to_be_known_has_texts():
    assert NOTES.keys() == set(PlaceNote)
    assert REASONS.keys() == set(NoPlace)
    assert {*NOTES.values(), *REASONS.values()} <= TEXTS.keys()
