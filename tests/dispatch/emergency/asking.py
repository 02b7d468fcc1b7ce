"""What the tests of decisions ask."""

from collections import Counter

from dispatch.emergency.events import DecisionMade
from dispatch.emergency.model import ProposedUnit
from dispatch.emergency.propose import ProposeSettings, propose
from dispatch.emergency.snapshot import OpenIncident, Snapshot, UnitView
from dispatch.model import Remark
from roadnets.geo import UNREACHABLE
from roadnets.travel import TravelMode, TravelTimes
from tests.dispatch.builders import NOW
from tests.dispatch.emergency.worlds import (
    TRAVEL,
)

SETTINGS = ProposeSettings()


NEAREST = ProposeSettings(policy="nearest")


def decide(
    snapshot: Snapshot,
    travel: TravelTimes = TRAVEL,
    how: ProposeSettings = SETTINGS,
    now: object = NOW,
) -> DecisionMade:
    return propose(snapshot, travel, how, now)


def chosen(decision: DecisionMade) -> dict[tuple[str, str], str]:
    """The unit for each need that got one."""
    return {(p.incident, u.need_id): u.candidate.unit for p in decision.proposals for u in p.units}


def proposed(decision: DecisionMade) -> list[ProposedUnit]:
    return [unit for proposal in decision.proposals for unit in proposal.units]


def unmet(decision: DecisionMade) -> dict[tuple[str, str], Remark]:
    return {(i, need.need_id): need.reason for i, needs in decision.unmet for need in needs}


def travel_s(unit: UnitView, incident: OpenIncident, travel: TravelTimes = TRAVEL) -> int:
    if unit.snap is None or incident.snap is None:
        return UNREACHABLE
    return int(travel.many_to_one(TravelMode.BLUE_LIGHT, [unit.snap], incident.snap)[0])


def merit(snapshot: Snapshot, decision: DecisionMade) -> tuple[int, ...]:
    """Unmet needs by priority, then the sum of times: the less the better."""
    priority = {i.incident_id: i.priority for i in snapshot.incidents}
    missed = Counter(priority[incident] for incident, _ in unmet(decision))
    etas = sum(u.candidate.eta_s for u in proposed(decision))
    return (*(missed[p] for p in range(1, 5)), etas)
