from __future__ import annotations

import pytest

from dispatch.emergency.plans import IncidentType, ResponsePlans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.model import Hospital, Station, Unit
from dispatch.intake.mapping import ClientMapping, Mappings, make_mappings
from dispatch.model import Capability, HospitalId, Origin, StationId, UnitId, UnitStatus
from roadnets.geo import LonLat

POINT = LonLat(106.2, 38.5)
PLANS = ResponsePlans(
    capabilities={},
    types={c: IncidentType(c, c, c, True, 1, {}) for c in ("fall", "stroke")},
    version="",
)


def unit(unit_id: str, external_id: str = "") -> Unit:
    origin = Origin(external_id=external_id)
    able = (Capability("als"),)
    return Unit(UnitId(unit_id), unit_id, "ambulance", StationId("S01"), able, 60, origin)


FLEET = FleetFile(
    stations=(Station(StationId("S01"), "站", "", "post", POINT),),
    hospitals=(
        Hospital(HospitalId("H01"), "院", "", POINT, origin=Origin(external_id="RMYY")),
        Hospital(HospitalId("H02"), "院", "", POINT),
    ),
    units=(unit("A01", "1201"), unit("A02", "A01"), unit("A03", "dup"), unit("A04", "dup")),
)

CAD = ClientMapping(
    client="cad-120",
    units={"7": UnitId("A02"), "A03": UnitId("A04")},
    statuses={"3": UnitStatus.EN_ROUTE},
    incident_types={"0107": "stroke", "stroke": "fall"},
    hospitals={"2": HospitalId("H02")},
)


@pytest.fixture
def mappings() -> Mappings:
    return make_mappings([CAD], PLANS, FLEET)


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        ("7", "A02"),  # theirs
        (" 7 ", "A02"),
        ("A02", "A02"),  # ours already
        ("A03", "A04"),  # theirs, although it looks like ours
        ("1201", "A01"),  # the fleet file's external id
        ("A01", "A01"),  # our id goes before another's external id
        ("dup", None),  # two have it
        ("8", None),
        ("", None),
    ],
)
def test_units(mappings: Mappings, value: str, ours: str | None) -> None:
    assert mappings.translate_unit("cad-120", value) == ours


def test_statuses(mappings: Mappings) -> None:
    assert mappings.translate_status("cad-120", "3") is UnitStatus.EN_ROUTE
    assert mappings.translate_status("cad-120", "on_scene") is UnitStatus.ON_SCENE
    assert mappings.translate_status("cad-120", "4") is None


def test_types(mappings: Mappings) -> None:
    assert mappings.translate_type("cad-120", "0107") == "stroke"
    assert mappings.translate_type("cad-120", "fall") == "fall"
    assert mappings.translate_type("cad-120", "stroke") == "fall"
    assert mappings.translate_type("cad-120", "0108") is None


def test_hospitals(mappings: Mappings) -> None:
    assert mappings.translate_hospital("cad-120", "2") == "H02"
    assert mappings.translate_hospital("cad-120", "H01") == "H01"
    assert mappings.translate_hospital("cad-120", "RMYY") == "H01"
    assert mappings.translate_hospital("cad-120", "3") is None


def test_a_client_of_whom_nothing_is_known_uses_our_words_and_tagged_points(
    mappings: Mappings,
) -> None:
    stranger = mappings.client("web")
    assert (stranger.client, stranger.coordinate_system, stranger.time_zone) == ("web", None, "")
    assert mappings.translate_unit("web", "A01") == "A01"
    assert mappings.translate_unit("web", "7") is None
    assert mappings.translate_type("web", "stroke") == "stroke"


def test_without_a_fleet_only_the_mapping_knows_units() -> None:
    mappings = make_mappings([CAD], PLANS, None)
    assert mappings.translate_unit("cad-120", "7") == "A02"
    assert mappings.translate_unit("cad-120", "A01") is None
