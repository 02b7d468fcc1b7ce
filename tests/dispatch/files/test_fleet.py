from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.emergency.plans import ResponsePlans
from dispatch.errors import FileRefusedError
from dispatch.files.fleet import read_fleet, write_fleet
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.model import Hospital, Station, Unit
from dispatch.model import Capability, HospitalId, Origin, StationId, UnitId
from roadnets.geo import CoordinateSystem, LonLat, distance_m, from_wgs84

PLANS = read_plans(default_plans_path())

FLEET = """\
coordinate_system: WGS84
stations:
  - {id: S01, name: 中心站, name_en: Centre, kind: ambulance_station, lon: 106.23, lat: 38.48}
  - id: S02
    name: 城南站
    kind: fire_station
    lon: 106.25
    lat: 38.46
hospitals:
  - {id: H01, name: 人民医院, lon: 106.24, lat: 38.47, external_id: way/1, source: osm}
units:
  - {id: A01, call_sign: 急救01, kind: ambulance, station: S01, capabilities: [als, bls],
     turnout_s: 60, agency: yinchuan-120, parent_agency: ningxia, external_id: "007"}
  - id: E01
    call_sign: 消防01
    kind: engine
    station: S02
    capabilities:
      - pump
      - rescue
    turnout_s: 45
"""


def read(tmp_path: Path, text: str, plans: ResponsePlans = PLANS) -> FleetFile:
    path = tmp_path / "fleet.yaml"
    path.write_text(text, encoding="utf-8")
    return read_fleet(path, plans)


def test_reads_stations_hospitals_and_units(tmp_path: Path) -> None:
    fleet = read(tmp_path, FLEET)
    assert fleet.stations[0] == Station(
        StationId("S01"), "中心站", "Centre", "ambulance_station", LonLat(106.23, 38.48)
    )
    assert fleet.stations[1].name_en == ""
    assert fleet.hospitals == (
        Hospital(
            HospitalId("H01"),
            "人民医院",
            "",
            LonLat(106.24, 38.47),
            origin=Origin(external_id="way/1", source="osm"),
        ),
    )
    assert fleet.units[0] == Unit(
        UnitId("A01"),
        "急救01",
        "ambulance",
        StationId("S01"),
        (Capability("als"), Capability("bls")),
        60,
        Origin(external_id="007", agency="yinchuan-120", parent_agency="ningxia"),
    )


@pytest.mark.parametrize("system", list(CoordinateSystem))
def test_points_become_wgs84(tmp_path: Path, system: CoordinateSystem) -> None:
    true = LonLat(106.23, 38.48)
    lon, lat = from_wgs84(true, system)
    text = FLEET.replace("system: WGS84", f"system: {system}")
    fleet = read(tmp_path, text.replace("lon: 106.23, lat: 38.48", f"lon: {lon!r}, lat: {lat!r}"))
    assert distance_m(fleet.stations[0].point, true) < 0.01


REFUSED = [
    ("coordinate_system: WGS84\n", "", 1, "coordinate_system", "", "WGS84, GCJ-02, BD-09"),
    ("system: WGS84", "system: GCJ02", 1, "coordinate_system", "GCJ02", "GCJ-02"),
    ("system: WGS84", "system:", 1, "coordinate_system", "", "GCJ-02"),
    ("lon: 106.25", "lon: 206.25", 7, "stations[1].lon", "206.25", "a number from -180 to 180"),
    ("lat: 38.46", "lat: 106.25", 8, "stations[1].lat", "106.25", "a number from -90 to 90"),
    ("lat: 38.46", "lat: north", 8, "stations[1].lat", "north", "a number from -90 to 90"),
    ("    lat: 38.46\n", "", 4, "stations[1].lat", "", "a number from -90 to 90"),
    ("id: S02", "id: S 02", 4, "stations[1].id", "S 02", "A-Z a-z 0-9 _ -"),
    ("id: S02", "id: " + "S" * 65, 4, "stations[1].id", "S" * 65, "1 to 64"),
    ("id: S02", "id: S01", 4, "stations[1].id", "S01", "each one once"),
    ("id: S02", "ident: S02", 4, "stations[1].ident", "ident", "id, name"),
    ("id: H01", "id: ''", 10, "hospitals[0].id", "", "1 to 64"),
    ("kind: fire_station", "kind: Fire", 6, "stations[1].kind", "Fire", "a small letter"),
    ("id: E01", "id: A01", 14, "units[1].id", "A01", "each one once"),
    ("station: S02", "station: S03", 17, "units[1].station", "S03", "S01, S02"),
    ("    station: S02\n", "", 14, "units[1].station", "", "1 to 64"),
    ("- pump", "- pumpe", 19, "units[1].capabilities[0]", "pumpe", "als, bls, pump"),
    ("- rescue", "- pump", 20, "units[1].capabilities[1]", "pump", "each one once"),
    ("[als, bls]", "[]", 12, "units[0].capabilities", "", "at least one of"),
    ("[als, bls]", "als", 12, "units[0].capabilities", "als", "at least one of"),
    ("turnout_s: 45", "turnout_s: -1", 21, "units[1].turnout_s", "-1", "from 0 to 1800"),
    ("turnout_s: 45", "turnout_s: 1801", 21, "units[1].turnout_s", "1801", "from 0 to 1800"),
    ("turnout_s: 45", "turnout_s: 1 min", 21, "units[1].turnout_s", "1 min", "from 0 to 1800"),
    ("turnout_s: 45", "turnout: 45", 21, "units[1].turnout", "turnout", "turnout_s"),
    ("turnout_s: 45", "agency: a\n    agency: b", 22, "units[1].agency", "agency", "each key once"),
    (
        "turnout_s: 45",
        "turnout_s: 45\n    agency: yinchuan-120\n    external_id: 007",
        23,
        "units[1].external_id",
        "007",
        "each one once",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "field", "value", "allowed"), REFUSED)
def test_refuses_a_wrong_fleet(
    tmp_path: Path, old: str, new: str, line: int, field: str, value: str, allowed: str
) -> None:
    assert old in FLEET
    with pytest.raises(FileRefusedError) as caught:
        read(tmp_path, FLEET.replace(old, new))
    details = caught.value.details
    assert (details["line"], details["field"]) == (str(line), field)
    assert details["value"] == value
    assert allowed in details["allowed"]
    assert f"fleet.yaml:{line}: {field} " in str(caught.value)


def test_reads_as_the_house_promises(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError) as caught:
        read(tmp_path, FLEET.replace("[als, bls]", "[asl, bls]"))
    assert str(caught.value) == (
        f"{tmp_path / 'fleet.yaml'}:12: units[0].capabilities[0] is 'asl'; allowed: als, bls, "
        "pump, ladder, rescue, command, water_tanker, hazmat, boat (did you mean 'als'?)"
    )


def test_a_point_that_another_system_moves_off_the_earth_is_refused(tmp_path: Path) -> None:
    text = FLEET.replace("system: WGS84", "system: BD-09").replace("lat: 38.46", "lat: -90")
    with pytest.raises(FileRefusedError, match=r":7: stations\[1\].lon is '106.25, -90.0'; allow"):
        read(tmp_path, text)


_names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
_free = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
_ids = st.text("ABCz019_-", min_size=1, max_size=64)
_points = st.builds(
    LonLat,
    st.floats(-180, 180, allow_nan=False),
    st.floats(-90, 90, allow_nan=False),
)
_origins = st.builds(Origin, _free, _free, _free, _free)
_kinds = st.sampled_from(["post", "fire_station"])


@st.composite
def fleets(draw: st.DrawFn) -> FleetFile:
    stations = draw(
        st.lists(
            st.builds(Station, _ids, _names, _free, _kinds, _points, st.booleans(), _origins),
            min_size=1,
            max_size=3,
            unique_by=lambda s: s.station_id,
        )
    )
    hospitals = draw(
        st.lists(
            st.builds(Hospital, _ids, _names, _free, _points, st.booleans(), _origins),
            max_size=2,
            unique_by=lambda h: h.hospital_id,
        )
    )
    skills = st.lists(
        st.sampled_from(sorted(PLANS.capabilities)), min_size=1, max_size=3, unique=True
    )
    homes = st.sampled_from([s.station_id for s in stations])
    units = draw(
        st.lists(
            st.builds(
                Unit,
                _ids,
                _names,
                st.just("ambulance"),
                homes,
                skills.map(tuple),
                st.integers(0, 1800),
                _origins,
            ),
            min_size=1,
            max_size=3,
            unique_by=(
                lambda u: u.unit_id,
                lambda u: (u.origin.agency, u.origin.external_id or u.unit_id),
            ),
        )
    )
    return FleetFile(tuple(stations), tuple(hospitals), tuple(units))


@settings(max_examples=60, deadline=None)
@given(fleet=fleets())
def test_what_is_written_is_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, fleet: FleetFile
) -> None:
    folder = tmp_path_factory.mktemp("fleet")
    first, again = folder / "fleet.yaml", folder / "again.yaml"
    write_fleet(fleet, first)
    back = read_fleet(first, PLANS)
    assert back == fleet
    write_fleet(back, again)
    assert again.read_bytes() == first.read_bytes()


def test_written_for_people(tmp_path: Path) -> None:
    path = tmp_path / "out.yaml"
    write_fleet(read(tmp_path, FLEET), path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Stations, hospitals and units.")
    assert (
        "  - {id: A01, call_sign: 急救01, kind: ambulance, station: S01, capabilities: [als, bls], "
        "turnout_s: 60, external_id: 007, agency: yinchuan-120, parent_agency: ningxia}\n"
    ) in text.replace("'", "")
