"""Looking incidents up, listing and correcting them, asking who could go."""

import grpc
import pytest

from dispatch.v1 import common_pb2, emergency_pb2, incident_pb2, roads_pb2
from tests.dispatch.service.desks import at, desk_and_caller, new_id, refusal


def update(incident, **fields):
    return emergency_pb2.UpdateIncidentRequest(
        name=incident.name, request_id=fields.pop("request_id", new_id()), **fields
    )


async def test_a_flagged_report_becomes_assignable_by_a_correction(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report("离奇", point=None, patients=-1, priority=7)
        typed = await caller("UpdateIncident", update(incident, incident_type="chest_pain"))
        assert typed.incident_type == "chest_pain"
        assert {f.code for f in typed.flags} >= {"location_unresolved"}
        assert "type_unmapped" not in {f.code for f in typed.flags}
        placed = await caller(
            "UpdateIncident", update(typed, point=at(4, 8), patients=1, priority=1, address="here")
        )
        assert not placed.flags
        assert placed.address == "here"
        decided = await caller.decided(incident.name)
        assert decided.needs[0].assignment.unit == "units/A01"


async def test_a_stale_etag_is_refused_with_what_it_is_now(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report("")
        request = update(incident, address="a", etag=incident.etag)
        fresh = await caller("UpdateIncident", request)
        told = await refusal(
            caller("UpdateIncident", update(incident, address="b", etag=incident.etag))
        )
        assert (told.status, told.reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        assert told.details["etag"] == fresh.etag
        assert await caller("UpdateIncident", request) == fresh  # sent again: as before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"priority": 0}, "priority"),
        ({"patients": -1}, "patients"),
        ({"incident_type": "离奇"}, "incident_type"),
        ({"incident_type": ""}, "incident_type"),
        ({"point": at(1, 1, 0)}, "point"),
        ({"point": common_pb2.Point(longitude=float("nan"), coordinate_system=1)}, "point"),
        ({"point": common_pb2.Point(coordinate_system=1)}, "point"),
        ({"etag": "x"}, "etag"),
        ({"address": "x" * 5000}, "address"),
    ],
)
async def test_a_bad_correction_changes_nothing(tmp_path, fields, field):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report("")
        told = await refusal(caller("UpdateIncident", update(incident, **fields)))
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)
        assert await caller.incident(incident.name) == incident


async def test_incidents_are_listed_in_pages(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        names = [(await caller.report("", address=str(i))).name for i in range(7)]
        await caller(
            "CloseIncident", emergency_pb2.CloseIncidentRequest(name=names[2], outcome="x")
        )
        seen, token = [], ""
        while True:
            page = await caller(
                "ListIncidents", emergency_pb2.ListIncidentsRequest(page_size=2, page_token=token)
            )
            seen += [i.name for i in page.incidents]
            token = page.next_page_token
            if not token:
                break
        assert seen == [n for n in names if n != names[2]]
        everything = await caller(
            "ListIncidents", emergency_pb2.ListIncidentsRequest(include_closed=True)
        )
        assert [i.name for i in everything.incidents] == names
        assert everything.incidents[2].state == incident_pb2.INCIDENT_STATE_CLOSED
        assert everything.revision > 0


async def test_what_needs_a_human_is_listed_by_itself(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        fine = await caller.report()
        await caller.decided(fine.name)
        waiting = await caller.report("sick_person")
        await caller.until(waiting.name, lambda i: i.HasField("proposal"))
        flagged = await caller.report("")
        listed = await caller(
            "ListIncidents",
            emergency_pb2.ListIncidentsRequest(needs_attention=True, include_closed=True),
        )
        assert [i.name for i in listed.incidents] == [waiting.name, flagged.name]


@pytest.mark.parametrize("name", ["", "incidents/", "incidents/E999999", "units/A01", "x" * 3000])
async def test_an_unknown_incident_is_not_found(tmp_path, name):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(caller.incident(name))
        empty = not name
        assert told.status is (
            grpc.StatusCode.INVALID_ARGUMENT if empty else grpc.StatusCode.NOT_FOUND
        )
        assert told.field == "name"


async def test_an_incident_is_found_by_the_id_of_the_system_that_told_it(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report(origin={"external_id": "CAD-88", "agency": "x"})
        assert (await caller.incident("CAD-88")).name == incident.name


# Who could go


async def test_a_described_emergency_changes_nothing(tmp_path):
    async with desk_and_caller(tmp_path) as (desk, caller):
        before = desk.engine.state.revision
        answer = await caller(
            "RecommendUnits",
            emergency_pb2.RecommendUnitsRequest(
                incident_type="structure_fire", point=at(4, 8), max_candidates=1
            ),
        )
        assert desk.engine.state.revision == before == answer.revision
        needs = {n.need_id: n for n in answer.needs}
        pump = needs["pump-1"]
        assert {needs["pump-1"].chosen_unit, needs["pump-2"].chosen_unit} == {"", "units/F01"}
        assert [c.unit for c in pump.candidates] == ["units/F01"]
        assert needs["ladder-1"].unmet.reason.code == "no_capable_unit"
        assert {r.unit: r.reason.code for r in pump.ruled_out} == dict.fromkeys(
            ("units/A01", "units/A02", "units/B01"), "capability_missing"
        )
        assert answer.rung == "optimized"


async def test_a_described_emergency_on_a_closed_street_says_so(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        condition = await caller(
            "SetCondition",
            roads_pb2.SetConditionRequest(
                streets=roads_pb2.StreetSelector(street_names=["Row 8"]), reason="crash"
            ),
        )
        answer = await caller(
            "RecommendUnits",
            emergency_pb2.RecommendUnitsRequest(incident_type="sick_person", point=at(4.5, 8)),
        )
        candidate = answer.needs[0].candidates[0]
        said = {remark.code: dict(remark.details) for remark in candidate.why}
        assert said["street_closed"] == {"condition": condition.name.rpartition("/")[2]}


async def test_a_waiting_incident_keeps_its_own_unit_among_the_candidates(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        incident = await caller.report("sick_person")
        waiting = await caller.until(incident.name, lambda i: i.HasField("proposal"))
        answer = await caller(
            "RecommendUnits", emergency_pb2.RecommendUnitsRequest(incident=incident.name)
        )
        (need,) = answer.needs
        assert need.chosen_unit == waiting.proposal.units[0].candidate.unit
        assert [c.slower_by_s for c in need.candidates] == sorted(
            c.slower_by_s for c in need.candidates
        )
        assert len(need.candidates) == 3
        assert all(c.why and c.on_time for c in need.candidates)
        assert await caller.incident(incident.name) == waiting


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"incident_type": "chest_pain"}, "point"),
        ({"incident_type": "chest_pain", "point": at(1, 1, 0)}, "point"),
        ({"incident_type": "chest_pain", "point": common_pb2.Point(coordinate_system=1)}, "point"),
        ({"incident_type": "离奇", "point": at(1, 1)}, "incident_type"),
        ({"incident_type": "chest_pain", "point": at(1, 1), "priority": 8}, "priority"),
        (
            {"incident_type": "chest_pain", "point": at(1, 1), "max_candidates": 51},
            "max_candidates",
        ),
    ],
)
async def test_what_cannot_be_planned_on_is_refused(tmp_path, fields, field):
    async with desk_and_caller(tmp_path) as (_, caller):
        told = await refusal(
            caller("RecommendUnits", emergency_pb2.RecommendUnitsRequest(**fields))
        )
        assert (told.status, told.field) == (grpc.StatusCode.INVALID_ARGUMENT, field)


async def test_an_incident_without_a_place_or_an_open_one_has_no_recommendation(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        placeless = await caller.report(point=None)
        closed = await caller.report("")
        await caller(
            "CloseIncident", emergency_pb2.CloseIncidentRequest(name=closed.name, outcome="x")
        )
        for name, status in (
            (placeless.name, grpc.StatusCode.INVALID_ARGUMENT),
            (closed.name, grpc.StatusCode.FAILED_PRECONDITION),
            ("incidents/E000099", grpc.StatusCode.NOT_FOUND),
        ):
            request = emergency_pb2.RecommendUnitsRequest(incident=name)
            told = await refusal(caller("RecommendUnits", request))
            assert told.status is status


async def test_who_else_could_go_to_an_incident_that_is_served(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        served = await caller.report()
        sent = (await caller.decided(served.name)).needs[0].assignment.unit
        request = emergency_pb2.RecommendUnitsRequest(incident=served.name)
        (need,) = (await caller("RecommendUnits", request)).needs
        assert need.candidates
        assert sent not in {c.unit for c in need.candidates}
        assert sent in {r.unit for r in need.ruled_out}


async def test_a_page_of_long_reports_fits_into_a_message(tmp_path):
    async with desk_and_caller(tmp_path) as (_, caller):
        names = [(await caller.report("", description="长" * 20_000)).name for _ in range(90)]
        seen, token, pages = [], "", 0
        while True:
            page = await caller(
                "ListIncidents",
                emergency_pb2.ListIncidentsRequest(page_size=1000, page_token=token),
            )
            seen += [i.name for i in page.incidents]
            pages, token = pages + 1, page.next_page_token
            if not token:
                break
        assert seen == names
        assert pages > 1
