from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.emergency.plans import PlannedNeed, ResponsePlan, ResponsePlans
from dispatch.errors import FileRefusedError
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.model import Capability

PLANS = """\
capabilities:
  als: {name: 高级生命支持, name_en: Advanced life support}
  bls: {name: 基础生命支持, name_en: Basic life support}
incident_types:
  fall:
    name: 跌倒
    name_en: Fall
    automatic: true
    default_priority: 3
    priorities:
      3: {target_s: 900, needs: {bls: 1}}
      1: {target_s: 480, needs: {bls: 2, als: 1}, transport: true}
"""


def read(tmp_path: Path, text: str) -> ResponsePlans:
    path = tmp_path / "plans.yaml"
    path.write_text(text, encoding="utf-8")
    return read_plans(path)


def test_reads_types_priorities_and_needs(tmp_path: Path) -> None:
    plans = read(tmp_path, PLANS)
    assert plans.capabilities[Capability("als")].name == "高级生命支持"
    fall = plans.types["fall"]
    assert (fall.code, fall.name_en, fall.automatic, fall.default_priority) == (
        "fall",
        "Fall",
        True,
        3,
    )
    assert list(fall.plans) == [1, 3]
    needs = (PlannedNeed(Capability("bls"), 2), PlannedNeed(Capability("als"), 1))
    assert fall.plans[1] == ResponsePlan(1, needs, 480, transport=True)
    assert not fall.plans[3].transport


def test_version_is_that_of_the_content(tmp_path: Path) -> None:
    version = read(tmp_path, PLANS).version
    assert len(version.removeprefix("sha256:")) == 64
    assert read(tmp_path, "# approved\n\n" + PLANS).version == version
    assert read(tmp_path, PLANS.replace("name: 跌倒", 'name: "跌倒"')).version == version
    for change in (("480", "481"), ("bls: 2", "bls: 3"), ("Fall", "A fall"), ("true\n", "false\n")):
        assert read(tmp_path, PLANS.replace(*change)).version != version


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "value", "allowed"),
    [
        ("{bls: 1}", "{asl: 1}", 11, "3.needs.asl", "asl", "als, bls"),
        ("{bls: 1}", "{bls: 0}", 11, "3.needs.bls", "0", "from 1 to 50"),
        ("{bls: 1}", "{bls: -2}", 11, "3.needs.bls", "-2", "from 1 to 50"),
        ("{bls: 1}", "{bls: 51}", 11, "3.needs.bls", "51", "from 1 to 50"),
        ("{bls: 1}", "{bls: one}", 11, "3.needs.bls", "one", "from 1 to 50"),
        ("{bls: 1}", "{bls: 1, bls: 2}", 11, "3.needs.bls", "bls", "each key once"),
        ("{bls: 1}", "{}", 11, "3.needs", "", "at least one key"),
        ("target_s: 900", "target_s: 0", 11, "3.target_s", "0", "from 1 to 86400"),
        ("target_s: 900", "target_s: -5", 11, "3.target_s", "-5", "from 1 to 86400"),
        ("target_s: 900", "target: 900", 11, "3.target", "target", "target_s, needs, transport"),
        ("target_s: 900, ", "", 11, "3.target_s", "", "from 1 to 86400"),
        ("      3:", "      5:", 11, "5", "5", "from 1 to 4"),
        ("      3:", "      0:", 11, "0", "0", "from 1 to 4"),
        ("      3:", "      1:", 12, "1", "1", "each key once"),
    ],
)
def test_refuses_a_wrong_plan(
    tmp_path: Path, old: str, new: str, line: int, field: str, value: str, allowed: str
) -> None:
    with pytest.raises(FileRefusedError) as caught:
        read(tmp_path, PLANS.replace(old, new))
    details = caught.value.details
    assert (details["line"], details["value"]) == (str(line), value)
    assert details["field"] == f"incident_types.fall.priorities.{field}"
    assert allowed in details["allowed"]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "value", "allowed"),
    [
        ("automatic: true", "automatic: maybe", 8, "automatic", "maybe", "true, false"),
        ("automatic: true", "automatically: true", 8, "automatically", "automatically", "name"),
        ("    automatic: true\n", "", 5, "automatic", "", "true, false"),
        ("priority: 3", "priority: 4", 9, "default_priority", "4", "1, 3"),
        ("priority: 3", "priority: 9", 9, "default_priority", "9", "from 1 to 4"),
        ("name: 跌倒", "name:", 6, "name", "", "text of 1 to 200 characters on"),
        ("name: 跌倒", 'name: "a\\nb"', 6, "name", "a\nb", "on one line"),
        ("name: 跌倒", "name: ' x'", 6, "name", " x", "text of 1 to 200 characters on"),
    ],
)
def test_refuses_a_wrong_type(
    tmp_path: Path, old: str, new: str, line: int, field: str, value: str, allowed: str
) -> None:
    with pytest.raises(FileRefusedError) as caught:
        read(tmp_path, PLANS.replace(old, new))
    details = caught.value.details
    assert (details["line"], details["value"]) == (str(line), value)
    assert details["field"] == f"incident_types.fall.{field}"
    assert allowed in details["allowed"]


def test_refuses_codes_twice_or_with_other_letters(tmp_path: Path) -> None:
    twice = PLANS + "  fall: {}\n"
    with pytest.raises(FileRefusedError, match=r":14: incident_types.fall is given again, first"):
        read(tmp_path, twice.replace("transport: true}\n", "transport: true}\n\n"))
    with pytest.raises(FileRefusedError, match=r":5: incident_types.Fall is 'Fall'; allowed: a s"):
        read(tmp_path, PLANS.replace("  fall:", "  Fall:"))


def test_names_the_nearest_capability(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"\(did you mean 'als'\?\)"):
        read(tmp_path, PLANS.replace("als: 1", "asl: 1"))


def test_shipped_plans_are_complete() -> None:
    plans = read_plans(default_plans_path())
    medical = {"cardiac_arrest", "chest_pain", "stroke", "breathing", "childbirth", "transfer"}
    fire = {"structure_fire", "high_rise_fire", "vehicle_fire", "gas_leak", "rescue_water"}
    assert medical | fire | {"trauma_road_accident", "fall", "trapped_in_lift"} <= set(plans.types)
    needed = {n.capability for t in plans.types.values() for p in t.plans.values() for n in p.needs}
    assert needed == set(plans.capabilities)
    assert all(t.name != t.name_en for t in plans.types.values())
    assert not plans.types["transfer"].automatic
