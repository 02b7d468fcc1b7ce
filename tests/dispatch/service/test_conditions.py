"""Conditions of every kind over the wire: which streets, what is different, and when."""

import asyncio
import threading
import time
from datetime import timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from dispatch.service import street_finder
from dispatch.v1 import common_pb2, emergency_pb2, roads_pb2
from roadnets.geo import CoordinateSystem, LonLat, from_wgs84
from roadnets.weights.edge_index import EdgeIndex
from tests.dispatch.service.desks import SIDE, at, desk_and_caller, new_id, refusal

WGS84 = common_pb2.COORDINATE_SYSTEM_WGS84
GCJ02 = common_pb2.COORDINATE_SYSTEM_GCJ02


def points(*places, system=WGS84):
    """Places on the grid, 100 m a step."""
    given = [at(*place) for place in places]
    if system == GCJ02:
        pairs = [from_wgs84(LonLat(p.longitude, p.latitude), CoordinateSystem.GCJ02) for p in given]
    else:
        pairs = [(p.longitude, p.latitude) for p in given]
    return common_pb2.PointList(
        coordinate_system=system,
        longitudes=[lon for lon, _ in pairs],
        latitudes=[lat for _, lat in pairs],
    )


def area(west, south, east, north, system=WGS84):
    ring = points((west, south), (east, south), (east, north), (west, north), system=system)
    return roads_pb2.Polygon(outer=ring)


def setting(streets=None, effect=None, **fields):
    given = {"request_id": new_id(), "reason": "rain", **fields}
    return roads_pb2.SetConditionRequest(
        streets=roads_pb2.StreetSelector(**(streets or {})),
        effect=roads_pb2.Effect(**(effect or {})),
        **given,
    )


async def drive_s(caller, origin=(1, 8.1), destination=(9, 8.1), **fields):
    """Seconds along row 8, or None."""
    request = roads_pb2.RouteRequest(origin=at(*origin), destination=at(*destination), **fields)
    route = await caller("Route", request)
    return route.duration_s if route.reachable else None


def instant(when):
    message = Timestamp()
    message.FromDatetime(when)
    return message


async def test_effects_change_the_drive_and_are_undone_by_id(tmp_path):
    everywhere = {"whole_network": True}
    async with desk_and_caller(tmp_path) as (_, caller):
        dry = await drive_s(caller)
        for streets, effect in (
            ({"street_names": ["Row 8"]}, {"slowed": roads_pb2.Slowed(factor=0.5)}),
            (everywhere, {"weather": roads_pb2.Weather(factor=0.7)}),
            ({"polygons": [area(4, 7.5, 5, 8.5)]}, {"flooded": roads_pb2.Flooded(depth_m=0.2)}),
            ({"polygons": [area(4, 7.5, 5, 8.5, GCJ02)]}, {}),
            ({"lines": [{"points": points((3, 8.05), (6, 8.05))}]}, {}),
        ):
            condition = await caller("SetCondition", setting(streets, effect))
            assert condition.state == roads_pb2.CONDITION_STATE_IN_FORCE
            assert (await drive_s(caller)) > dry
            await caller("EndCondition", roads_pb2.EndConditionRequest(name=condition.name))
            assert await drive_s(caller) == dry


async def test_what_was_told_is_listed_as_it_was_told(tmp_path):
    areas = [
        roads_pb2.FloodedArea(polygon=area(2, 2, 5, 5), depth_m=0.2),
        roads_pb2.FloodedArea(polygon=area(4, 4, 7, 7, GCJ02), depth_m=0.9),
    ]
    requests = [
        setting(
            {
                "street_names": ["Row 3"],
                "lines": [{"points": points((3, 8), (6, 8)), "as_drawn": True}],
                "polygons": [area(4, 7.5, 5, 8.5)],
            },
            {"slowed": roads_pb2.Slowed(factor=0.25)},
            modes=[roads_pb2.TRAVEL_MODE_CIVILIAN],
            origin=common_pb2.Origin(external_id="X1", source="traffic-police"),
        ),
        setting(effect={"flooded_areas": roads_pb2.FloodedAreas(areas=areas)}),
        setting({"edges": [3]}, {"closed": roads_pb2.Closed(impassable=True)}),
        setting({"whole_network": True}, {"weather": roads_pb2.Weather(factor=0.7)}),
    ]
    async with desk_and_caller(tmp_path) as (_, caller):
        told = [await caller("SetCondition", request) for request in requests]
    async with desk_and_caller(tmp_path) as (_, caller):
        listed = await caller("ListConditions", roads_pb2.ListConditionsRequest())
    assert list(listed.conditions) == told
    for request, condition in zip(requests, told, strict=True):
        assert condition.effect == request.effect
        assert condition.streets == request.streets
    assert told[0].origin.external_id == "X1"
    assert list(told[0].modes) == [roads_pb2.TRAVEL_MODE_CIVILIAN]
    assert len(told[1].modes) == 4
    assert told[3].edge_count == 0


async def test_each_part_of_a_flood_has_its_depth(tmp_path):
    areas = [
        roads_pb2.FloodedArea(polygon=area(2.5, 7.5, 3.5, 8.5), depth_m=0.2),
        roads_pb2.FloodedArea(polygon=area(5.5, -1, 6.5, SIDE), depth_m=0.6),
    ]
    async with desk_and_caller(tmp_path) as (_, caller):
        dry = await drive_s(caller, (1, 8.1), (5, 8.1))
        flood = setting(effect={"flooded_areas": roads_pb2.FloodedAreas(areas=areas)})
        await caller("SetCondition", flood)
        slower = await drive_s(caller, (1, 8.1), (5, 8.1))
        assert slower > dry
        # An ambulance does not get through 0.6 m; a high-clearance truck does.
        assert await drive_s(caller) is None
        assert await drive_s(caller, mode=roads_pb2.TRAVEL_MODE_HIGH_CLEARANCE) is not None
        wading = roads_pb2.Vehicle(wading_m=0.7)
        assert await drive_s(caller, vehicle=wading) is not None


async def test_a_planned_condition_begins_and_ends_by_itself(tmp_path):
    async with desk_and_caller(tmp_path, clock_rate=60.0) as (desk, caller):
        dry = await drive_s(caller)
        now = desk.clock.now()
        condition = await caller(
            "SetCondition",
            setting(
                {"street_names": ["Row 8"]},
                start_time=instant(now + timedelta(seconds=30)),
                end_time=instant(now + timedelta(seconds=90)),
            ),
        )
        assert condition.state == roads_pb2.CONDITION_STATE_PLANNED
        assert await drive_s(caller) == dry
        seen = []
        request = emergency_pb2.WatchEventsRequest(after_revision=1)
        async for event in caller.desk.WatchEvents(request, metadata=caller.metadata):
            kind = event.WhichOneof("fact")
            seen.append(kind)
            if kind == "conditions_started":
                assert list(event.conditions_started.conditions) == [condition.name]
                listed = await caller("ListConditions", roads_pb2.ListConditionsRequest())
                assert [c.state for c in listed.conditions] == [roads_pb2.CONDITION_STATE_IN_FORCE]
            if kind == "conditions_ended":
                assert event.conditions_ended.ended_by == "end_time"
                break
        assert seen == ["condition_set", "conditions_started", "conditions_ended"]
        assert await drive_s(caller) == dry


async def test_planned_conditions_can_be_listed_and_called_off(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        later = instant(desk.clock.now() + timedelta(hours=1))
        planned = await caller("SetCondition", setting({"edges": [1]}, start_time=later))
        current = await caller("SetCondition", setting({"edges": [2]}))
        for state, names in (
            (roads_pb2.CONDITION_STATE_UNSPECIFIED, [planned.name, current.name]),
            (roads_pb2.CONDITION_STATE_PLANNED, [planned.name]),
            (roads_pb2.CONDITION_STATE_IN_FORCE, [current.name]),
        ):
            listed = await caller("ListConditions", roads_pb2.ListConditionsRequest(state=state))
            assert [c.name for c in listed.conditions] == names
        ended = await caller("EndCondition", roads_pb2.EndConditionRequest(name=planned.name))
        assert ended.state == roads_pb2.CONDITION_STATE_ENDED


SEA = area(400, 400, 401, 401)
BOW_TIE = roads_pb2.Polygon(outer=points((1, 1), (3, 3), (3, 1), (1, 3)))


@pytest.mark.parametrize(
    ("request_", "field", "hint"),
    [
        (setting({"polygons": [SEA]}), "streets.polygons[0]", "no street of Grid lies inside"),
        (setting({"polygons": [BOW_TIE]}), "streets.polygons[0]", "crosses itself at"),
        (
            setting({"polygons": [roads_pb2.Polygon(outer=points((1, 1), (2, 2)))]}),
            "streets.polygons[0].outer",
            "3 to 10000 points",
        ),
        (
            setting({"lines": [{"points": points((1, 1), system=0)}]}),
            "streets.lines[0].points",
            "2 to 10000 points",
        ),
        (
            setting({"lines": [{"points": points((1, 1), (2, 2), system=0)}]}),
            "streets.lines[0].points.coordinate_system",
            "WGS84",
        ),
        (
            setting({"lines": [{"points": points((300, 1), (301, 1))}]}),
            "streets.lines[0]",
            "no street of Grid",
        ),
        (
            setting({"lines": [{"points": {"longitudes": [1, 2], "latitudes": [1]}}]}),
            "streets.lines[0].points",
            "as many latitudes as longitudes",
        ),
        (
            setting(
                {
                    "lines": [
                        {
                            "points": {
                                "longitudes": [1, 200],
                                "latitudes": [1, 2],
                                "coordinate_system": 1,
                            }
                        }
                    ]
                }
            ),
            "streets.lines[0].points.longitudes[1]",
            "-180 to 180 degrees",
        ),
        (setting({"whole_network": True}), "streets.whole_network", "slowed or weather alone"),
        (
            setting({"whole_network": True, "edges": [1]}, {"weather": {"factor": 0.5}}),
            "streets.whole_network",
            "no other streets beside it",
        ),
        (setting({"edges": [1]}, {"slowed": {"factor": 1.5}}), "effect.slowed.factor", "to 1"),
        (setting({"edges": [1]}, {"weather": {"factor": 0}}), "effect.weather.factor", "0.01 to 1"),
        (
            setting({"edges": [1]}, {"flooded": {"depth_m": -0.1}}),
            "effect.flooded.depth_m",
            "above 0",
        ),
        (
            setting({"edges": [1]}, {"flooded": {"depth_m": float("nan")}}),
            "effect.flooded.depth_m",
            "above 0",
        ),
        (
            setting(effect={"flooded_areas": {}}),
            "effect.flooded_areas.areas",
            "1 to 1000 areas",
        ),
        (
            setting(
                effect={
                    "flooded_areas": {
                        "areas": [
                            {"polygon": area(1, 1, 2, 2), "depth_m": 0.1},
                            {"polygon": SEA, "depth_m": 0.1},
                        ]
                    }
                }
            ),
            "effect.flooded_areas.areas[1].polygon",
            "no street of Grid lies inside",
        ),
        (
            setting(
                effect={"flooded_areas": {"areas": [{"polygon": area(1, 1, 2, 2), "depth_m": 0}]}}
            ),
            "effect.flooded_areas.areas[0].depth_m",
            "above 0",
        ),
        (
            setting(
                {"edges": [1]},
                {"flooded_areas": {"areas": [{"polygon": area(1, 1, 2, 2), "depth_m": 1}]}},
            ),
            "streets.edges",
            "the flooded areas say which",
        ),
        (setting({"osm_way_ids": [0]}), "streets.osm_way_ids[0]", "the id of an OSM way"),
        (setting({"street_names": ["Row 3"]}, {"contraflow": {}}), "streets", "one-way"),
        (setting({"edges": [1]}, start_time=Timestamp(seconds=2**61)), "start_time", "years 1"),
        (setting({"edges": [1]}, end_time=Timestamp(seconds=5)), "end_time", "after 2"),
        (setting({"edges": [1]}, modes=[9]), "modes", "TRAVEL_MODE_BOAT"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(tmp_path, request_, field, hint):
    async with desk_and_caller(tmp_path) as (desk, caller):
        told = await refusal(caller("SetCondition", request_))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)
        assert hint in told.details["allowed"]
        assert not desk.engine.state.conditions.in_force
        wrong = roads_pb2.SetConditionRequest()
        wrong.CopyFrom(request_)
        wrong.ClearField("request_id")
        right = setting({"edges": [7]}, request_id="")
        batch = roads_pb2.BatchSetConditionsRequest(requests=[right, wrong])
        again = await refusal(caller("BatchSetConditions", batch))
        assert again.field == f"requests[1].{field}"
        assert not desk.engine.state.conditions.in_force


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "requests[1].request_id"),
        (
            {"request_id": "", "occurred_time": Timestamp(seconds=2**61)},
            "requests[1].occurred_time",
        ),
    ],
)
async def test_what_a_batch_has_for_all_is_not_taken_of_one(tmp_path, fields, field):
    async with desk_and_caller(tmp_path) as (desk, caller):
        requests = [setting({"edges": [7]}, request_id=""), setting({"edges": [8]}, **fields)]
        batch = roads_pb2.BatchSetConditionsRequest(requests=requests)
        told = await refusal(caller("BatchSetConditions", batch))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)
        assert not desk.engine.state.conditions.in_force


ALL = area(-1, -1, SIDE, SIDE)
EVERY_EDGE = 2 * 2 * SIDE * (SIDE - 1)


@pytest.mark.parametrize(
    ("one", "field"),
    [
        (setting({"polygons": [ALL]}), "streets"),
        (setting({"polygons": [ALL] * 2}), "streets"),
        (setting({"street_names": ["Row 3"] * 1000}), "streets"),
        (
            setting(
                effect={"flooded_areas": {"areas": [{"polygon": ALL, "depth_m": 0.1}] * 5}},
            ),
            "effect.flooded_areas.areas",
        ),
    ],
)
async def test_streets_are_limited_by_the_edges_they_are(tmp_path, monkeypatch, one, field):
    monkeypatch.setattr(street_finder, "MOST_EDGES", EVERY_EDGE * 3 // 2)
    monkeypatch.setattr(street_finder, "_LOOKED_UP_AT_ONCE", EVERY_EDGE)
    one.ClearField("request_id")
    few = setting({"polygons": [area(1, 1, 2, 2)]}, request_id="")
    async with desk_and_caller(tmp_path) as (desk, caller):
        batch = roads_pb2.BatchSetConditionsRequest(requests=[few, one, one, few])
        told = await refusal(caller("BatchSetConditions", batch))
        place = 2 if list(one.streets.polygons) == [ALL] else 1
        assert (told.status, told.field) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            f"requests[{place}].{field}",
        )
        assert told.details["allowed"] == f"up to {EVERY_EDGE * 3 // 2} edges in one call"
        assert int(told.details["value"].removesuffix(" edges so far")) > EVERY_EDGE * 3 // 2
        assert not desk.engine.state.conditions.in_force
        if place == 1:
            assert (await refusal(caller("SetCondition", one))).field == field
        else:
            assert (await caller("SetCondition", one)).edge_count == EVERY_EDGE


async def test_a_look_up_stops_where_it_is_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(street_finder, "MOST_EDGES", 3 * EVERY_EDGE)
    monkeypatch.setattr(street_finder, "_LOOKED_UP_AT_ONCE", EVERY_EDGE)
    found = []
    inside = EdgeIndex.inside

    def counted(index, polygons):
        found.append(len(polygons))
        return inside(index, polygons)

    monkeypatch.setattr(EdgeIndex, "inside", counted)
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(caller("SetCondition", setting({"polygons": [ALL] * 1000})))
        assert told.field == "streets"
        assert sum(found) <= 5


@pytest.mark.parametrize("state", [roads_pb2.CONDITION_STATE_ENDED, 99])
async def test_states_that_are_not_listed_are_refused(tmp_path, state):
    async with desk_and_caller(tmp_path) as (_, caller):
        listed = roads_pb2.ListConditionsRequest(state=state)
        told = await refusal(caller("ListConditions", listed))
        assert told.field == "state"
        assert told.details["value"] in ("CONDITION_STATE_ENDED", "99")
        assert "CONDITION_STATE_PLANNED" in told.details["allowed"]


async def test_an_end_before_the_start_is_refused(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        now = desk.clock.now()
        late = {
            "start_time": instant(now + timedelta(hours=2)),
            "end_time": instant(now + timedelta(hours=1)),
        }
        told = await refusal(caller("SetCondition", setting({"edges": [1]}, **late)))
        assert told.field == "end_time"


async def test_many_are_one_command_and_quick(tmp_path):
    count, edges = 10_000, 2 * SIDE * (SIDE - 1)
    requests = [
        roads_pb2.SetConditionRequest(
            streets=roads_pb2.StreetSelector(edges=[i % edges]),
            effect=roads_pb2.Effect(flooded=roads_pb2.Flooded(depth_m=0.1 + i % 7 / 10)),
            reason="flood",
        )
        for i in range(count)
    ]
    async with desk_and_caller(tmp_path) as (desk, caller):
        request = roads_pb2.BatchSetConditionsRequest(request_id=new_id(), requests=requests)
        began = time.monotonic()
        answer = await caller("BatchSetConditions", request)
        assert time.monotonic() - began < 5  # usually well under 1
        assert answer.names[:2] == ["conditions/C000001", "conditions/C000002"]
        assert len(answer.names) == count
        assert set(answer.edge_counts) == {1}
        assert len(desk.engine.state.conditions.in_force) == count
        assert await caller("BatchSetConditions", request) == answer
        page = await caller("ListConditions", roads_pb2.ListConditionsRequest(page_size=1000))
        assert (len(page.conditions), bool(page.next_page_token)) == (1000, True)
    async with desk_and_caller(tmp_path) as (desk, caller):
        assert len(desk.engine.state.conditions.in_force) == count
        ending = roads_pb2.BatchEndConditionsRequest(names=answer.names, request_id=new_id())
        ended = await caller("BatchEndConditions", ending)
        assert ended.HasField("ended_time")
        assert not desk.engine.state.conditions.in_force
        assert await caller("BatchEndConditions", ending) == ended


async def test_many_areas_are_what_they_are_one_by_one(tmp_path):
    polygons = [area(i, j, i + 1.5, j + 1.5) for i in range(4) for j in range(4)]
    effects = [{"flooded": {"depth_m": 0.3}}, {"slowed": {"factor": 0.5}}]
    requests = [
        setting({"polygons": [polygon]}, effect, request_id="")
        for polygon in polygons
        for effect in effects
    ]
    async with desk_and_caller(tmp_path) as (desk, caller):
        for request in requests:
            await caller("SetCondition", request)
        batch = roads_pb2.BatchSetConditionsRequest(requests=requests)
        await caller("BatchSetConditions", batch)
        edges = [c.edges for c in desk.engine.state.conditions.in_force.values()]
        assert edges[: len(requests)] == edges[len(requests) :]


@pytest.mark.parametrize(
    ("names", "status", "field"),
    [
        ([], grpc.StatusCode.INVALID_ARGUMENT, "names"),
        (["conditions/C000001", ""], grpc.StatusCode.INVALID_ARGUMENT, "names[1]"),
        (["conditions/C000001", "C000001"], grpc.StatusCode.INVALID_ARGUMENT, "names[1]"),
        (["conditions/C000001", "C000044"], grpc.StatusCode.NOT_FOUND, "names[1]"),
    ],
)
async def test_many_end_or_none(tmp_path, names, status, field):
    async with desk_and_caller(tmp_path) as (desk, caller):
        await caller("SetCondition", setting({"edges": [1]}))
        request = roads_pb2.BatchEndConditionsRequest(names=names)
        told = await refusal(caller("BatchEndConditions", request))
        assert (told.status, told.field) == (status, field)
        assert len(desk.engine.state.conditions.in_force) == 1


async def test_an_empty_batch_is_refused(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(caller("BatchSetConditions", roads_pb2.BatchSetConditionsRequest()))
        assert told.field == "requests"


async def test_a_closure_waits_for_no_question(tmp_path):
    """However many questions keep the threads busy that answer them."""
    async with desk_and_caller(tmp_path) as (desk, caller):
        free = threading.Event()
        busy = [desk._queries.submit(free.wait, 30) for _ in range(10)]
        condition = await caller("SetCondition", setting({"street_names": ["Row 3"]}), timeout=5)
        assert condition.edge_count
        free.set()
        assert all(one.result() for one in busy)


async def test_refusals_are_chinese_where_that_is_asked_for(tmp_path):
    async with desk_and_caller(tmp_path, language="zh") as (_, caller):
        told = await refusal(caller("SetCondition", setting({"polygons": [SEA]})))
        assert "区域" in told.sentence
        told = await refusal(caller("SetCondition", setting({"edges": [1]}, {"contraflow": {}})))
        assert "单行" in told.sentence


async def test_those_who_watch_hear_of_many_at_once(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        requests = [setting({"edges": [i]}, request_id="") for i in range(3)]
        answer = await caller(
            "BatchSetConditions", roads_pb2.BatchSetConditionsRequest(requests=requests)
        )
        names = list(answer.names)
        await caller("BatchEndConditions", roads_pb2.BatchEndConditionsRequest(names=names))
        request = emergency_pb2.WatchEventsRequest(after_revision=1)
        events = []
        async with asyncio.timeout(10):
            async for event in caller.desk.WatchEvents(request, metadata=caller.metadata):
                events.append(event)
                if len(events) == 2:
                    break
        assert [c.name for c in events[0].conditions_set.conditions] == names
        assert list(events[1].conditions_ended.conditions) == names
