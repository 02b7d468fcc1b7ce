"""What the guides show is what the readers read."""

from __future__ import annotations

import re
from pathlib import Path

from dispatch.files.fleet import read_fleet
from dispatch.files.mapping import read_mappings
from dispatch.files.plans import read_plans
from dispatch.intake.mapping import Moment
from dispatch.model import UnitStatus
from roadnets.geo import CoordinateSystem

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = (DOCS / "files.md").read_text(encoding="utf-8")
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")

WORDS = re.findall(
    r"\w+",
    """Capability Need ResponsePlan Incident Report Station Post Unit UnitStatus Proposal Assignment
    Unmet Decision Override Diversion MoveUp TravelMode TravelTimes RoadNetwork Conditions Journal
    Scenario Replicate Replay Drill Inject Depot Commodity Shelter Load Trip Delivery WorkOrder
    Crew Deadline Corridor SignalPlan blue_light civilian high_clearance boat""",
)


def test_the_examples_of_the_guide_are_read_together(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    names = ("plans.yaml", "fleet.yaml", "mapping.yaml")
    for name, block in zip(names, blocks, strict=True):
        (tmp_path / name).write_text(block, encoding="utf-8")
    plans = read_plans(tmp_path / "plans.yaml")
    fleet = read_fleet(tmp_path / "fleet.yaml", plans)
    mappings = read_mappings(tmp_path / "mapping.yaml", plans, fleet)
    assert mappings.translate_unit("cad-120", "1201") == "A01"


def test_the_guide_names_every_choice() -> None:
    for word in (*UnitStatus, *CoordinateSystem, *Moment):
        assert f"`{word}`" in GUIDE, word


def test_the_glossary_has_every_word_with_its_chinese() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", GLOSSARY, re.MULTILINE)
    chinese = dict(rows)
    for word in (*WORDS, *UnitStatus):
        assert re.search(r"[\u4e00-\u9fff]", chinese[word]), word
