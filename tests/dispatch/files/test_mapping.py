from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from dispatch.errors import FileRefusedError
from dispatch.files.mapping import read_mappings
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.model import Hospital, Station, Unit
from dispatch.intake.mapping import Language, LogColumns, Mappings, Moment
from dispatch.model import Capability, HospitalId, StationId, UnitId, UnitStatus
from roadnets.geo import CoordinateSystem, LonLat

PLANS = read_plans(default_plans_path())
POINT = LonLat(106.2, 38.5)
FLEET = FleetFile(
    stations=(Station(StationId("S01"), "站", "", "post", POINT),),
    hospitals=(Hospital(HospitalId("H01"), "院", "", POINT),),
    units=(Unit(UnitId("A01"), "1", "als", StationId("S01"), (Capability("als"),), 60),),
)

MAPPING = """\
clients:
  cad-120:
    coordinate_system: GCJ-02
    time_zone: Asia/Shanghai
    agency: yinchuan-120
    parent_agency: ningxia
    language: zh
    units: {1201: A01}
    statuses:
      03: en_route
    incident_types:
      0107: chest_pain
    hospitals: {人民医院: H01}
    log:
      unit: 车辆编号
      times: {received: 受理时间, on_scene: 到达时间}
      time_formats: ["%Y-%m-%d %H:%M:%S", iso]
      longitude: 经度
      latitude: 纬度
  web:
    units:
"""


def read(tmp_path: Path, text: str, fleet: FleetFile | None = FLEET) -> Mappings:
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return read_mappings(path, PLANS, fleet)


def test_reads_codes_as_they_are_written(tmp_path: Path) -> None:
    mappings = read(tmp_path, MAPPING)
    cad = mappings.client("cad-120")
    assert cad.coordinate_system is CoordinateSystem.GCJ02
    assert (cad.time_zone, cad.agency, cad.parent_agency) == (
        "Asia/Shanghai",
        "yinchuan-120",
        "ningxia",
    )
    assert cad.language is Language.ZH
    assert cad.units == {"1201": "A01"}
    assert cad.statuses == {"03": UnitStatus.EN_ROUTE}
    assert cad.incident_types == {"0107": "chest_pain"}
    assert cad.hospitals == {"人民医院": "H01"}
    assert cad.log == LogColumns(
        unit="车辆编号",
        longitude="经度",
        latitude="纬度",
        times={Moment.RECEIVED: "受理时间", Moment.ON_SCENE: "到达时间"},
        time_formats=("%Y-%m-%d %H:%M:%S", "iso"),
    )
    assert mappings.client("web").units == {}
    assert mappings.translate_type("cad-120", "0107") == "chest_pain"
    assert mappings.translate_unit("web", "A01") == "A01"


def test_shipped_mapping_knows_no_client_and_its_example_is_right(tmp_path: Path) -> None:
    shipped = Path(str(resources.files("dispatch") / "defaults" / "mapping.yaml"))
    assert read_mappings(shipped, PLANS, FLEET).clients == {}
    text = shipped.read_text(encoding="utf-8")
    head, example = text.split("clients: {}\n")
    uncommented = "".join(line[1:] + "\n" for line in example.splitlines())
    mappings = read(tmp_path, f"{head}clients:\n{uncommented}")
    assert mappings.translate_status("cad-120", "4") is UnitStatus.ON_SCENE


REFUSED = [
    ("  cad-120:", "  cad 120:", 2, "['cad 120']", "cad 120", "characters A-Z"),
    ("system: GCJ-02", "system: Amap", 3, "cad-120.coordinate_system", "Amap", "WGS84, GCJ-02"),
    ("Asia/Shanghai", "Asia/Shangai", 4, "cad-120.time_zone", "Asia/Shangai", "an IANA name"),
    ("Asia/Shanghai", "../etc", 4, "cad-120.time_zone", "../etc", "an IANA name"),
    ("language: zh", "language: cn", 7, "cad-120.language", "cn", "zh, en"),
    ("units: {1201: A01}", "unit: {1201: A01}", 8, "cad-120.unit", "unit", "units, statuses"),
    ("{1201: A01}", "{1201: A02}", 8, "cad-120.units.1201", "A02", "A01"),
    ("{1201: A01}", "{1201: }", 8, "cad-120.units.1201", "", "1 to 64"),
    ("{1201: A01}", "{1201: A01, 1201: A01}", 8, "cad-120.units.1201", "1201", "each key once"),
    (
        "en_route",
        "enroute",
        10,
        "cad-120.statuses.03",
        "enroute",
        "available, mobilising, en_route",
    ),
    ("chest_pain", "chestpain", 12, "cad-120.incident_types.0107", "chestpain", "chest_pain"),
    ("H01", "H02", 13, "cad-120.hospitals.人民医院", "H02", "H01"),
    ("received:", "recieved:", 16, "cad-120.log.times.recieved", "recieved", "received, entered"),
    ("iso]", "ISO]", 17, "cad-120.log.time_formats[1]", "ISO", "iso, or a pattern"),
    ("iso]", '"%H:%M"]', 17, "cad-120.log.time_formats[1]", "%H:%M", "date and time"),
    ("iso]", '"%Y-%m-%d %I:%M"]', 17, "cad-120.log.time_formats[1]", "%Y-%m-%d %I:%M", "iso"),
    ("iso]", '"%Y-%q"]', 17, "cad-120.log.time_formats[1]", "%Y-%q", "date and time"),
    ('["%Y-%m-%d %H:%M:%S", iso]', "[]", 17, "cad-120.log.time_formats", "[]", "iso"),
    ("      latitude: 纬度\n", "", 15, "cad-120.log.latitude", "None", "the name of its column"),
    (
        "      latitude",
        "      point: 坐标\n      latitude",
        19,
        "cad-120.log.point",
        "坐标",
        "either",
    ),
    ("      unit:", "      units:", 15, "cad-120.log.units", "units", "unit, status"),
]


@pytest.mark.parametrize(("old", "new", "line", "field", "value", "allowed"), REFUSED)
def test_refuses_a_wrong_mapping(
    tmp_path: Path, old: str, new: str, line: int, field: str, value: str, allowed: str
) -> None:
    assert old in MAPPING
    with pytest.raises(FileRefusedError) as caught:
        read(tmp_path, MAPPING.replace(old, new))
    details = caught.value.details
    where = f"clients{field}" if field.startswith("[") else f"clients.{field}"
    assert (details["line"], details["field"], details["value"]) == (str(line), where, value)
    assert allowed in details["allowed"]


def test_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"\(did you mean 'Asia/Shanghai'\?\)"):
        read(tmp_path, MAPPING.replace("Asia/Shanghai", "Asia/Shangai"))
    with pytest.raises(FileRefusedError, match=r"\(did you mean 'en_route'\?\)"):
        read(tmp_path, MAPPING.replace("en_route", "enroute"))


def test_without_a_fleet_its_ids_are_not_checked(tmp_path: Path) -> None:
    mappings = read(tmp_path, MAPPING.replace("{1201: A01}", "{1201: Z99}"), fleet=None)
    assert mappings.translate_unit("cad-120", "1201") == "Z99"
