"""Facts as a desk makes them, one command after another, for tests of what reads a journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dispatch.conditions.desk as conditions
import dispatch.emergency.desk as emergency
from dispatch.conditions.desk import EndCondition, SetCondition
from dispatch.emergency.commands import EmergencyCommand, Place, RecordDecision, ReportIncident
from dispatch.emergency.events import DecisionInputs, DecisionMade, UnitInput
from dispatch.emergency.model import Candidate, Proposal, ProposedUnit, UnmetNeed
from dispatch.emergency.plans import ResponsePlans
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.events import FleetDeclared
from dispatch.fleet.model import Station, Unit
from dispatch.model import (
    Capability,
    IncidentId,
    NeedId,
    Origin,
    ProposalId,
    Remark,
    StationId,
    UnitId,
)
from dispatch.state import Fact, Recorded, State, evolve, initial_state
from roadnets.geo import LonLat

START = datetime(2026, 1, 5, tzinfo=UTC)
HOME = LonLat(116.39, 39.90)


class Story:
    """A desk whose every fact is kept; time is told in seconds after the start."""

    def __init__(self, homes: dict[str, LonLat] | None = None) -> None:
        self.plans: ResponsePlans = read_plans(default_plans_path())
        self.state: State = initial_state()
        self.facts: list[Recorded] = []
        self.homes = homes or dict.fromkeys(("A1", "A2", "A3"), HOME)
        both = (Capability("als"), Capability("bls"))
        self.keep(
            FleetDeclared(
                stations=tuple(
                    Station(StationId(f"S{u}"), "站", "", "post", p) for u, p in self.homes.items()
                ),
                hospitals=(),
                units=tuple(
                    Unit(UnitId(u), u, "ambulance", StationId(f"S{u}"), both, 60)
                    for u in self.homes
                ),
            ),
            0,
        )

    def keep(self, fact: Fact, at_s: float) -> None:
        """Record a fact."""
        at = START + timedelta(seconds=at_s)
        recorded = Recorded(self.state.revision + 1, at, at, fact)
        self.state = evolve(self.state, recorded)
        self.facts.append(recorded)

    def do(self, command: EmergencyCommand, at_s: float) -> None:
        """Decide a command and record what follows."""
        desk = emergency.Desk(self.state.emergency, self.state.fleet, self.plans)
        at = START + timedelta(seconds=at_s)
        for fact in emergency.decide(desk, command, at, at):
            self.keep(fact, at_s)

    def close(self, command: SetCondition | EndCondition, at_s: float) -> None:
        """Close streets, or open them."""
        state = self.state.conditions
        facts = (
            conditions.set_condition(state, command, START + timedelta(seconds=at_s))
            if isinstance(command, SetCondition)
            else conditions.end_condition(state, command)
        )
        for fact in facts:
            self.keep(fact, at_s)

    def report(self, kind: str, at_s: float, point: LonLat = HOME) -> IncidentId:
        """Report an incident; gives its id."""
        number = self.state.emergency.next_incident
        place = Place(raw_point=None, location=point, street_distance_m=0.0, flags=())
        self.do(
            ReportIncident(
                incident_type=kind,
                raw_incident_type=kind,
                priority=None,
                patients=1,
                place=place,
                address="",
                description="",
                caller_phone="",
                origin=Origin(),
            ),
            at_s,
        )
        return IncidentId(f"E{number:06d}")

    def propose(
        self, incident: IncidentId, at_s: float, *, travel_s: int = 300, **units: str
    ) -> ProposalId:
        """Decide for the needs named (``als_1="A1"``); gives the proposal's id."""
        number = self.state.emergency.next_proposal
        chosen = tuple(
            ProposedUnit(
                need_id=NeedId(need.replace("_", "-")),
                capability=Capability(need.split("_")[0]),
                candidate=Candidate(UnitId(unit), travel_s + 60, 60, travel_s),
            )
            for need, unit in units.items()
        )
        at = START + timedelta(seconds=at_s)
        proposal = Proposal(
            proposal_id=ProposalId(""),
            incident=incident,
            units=chosen,
            unmet=(),
            created=at,
            expires=at + timedelta(seconds=120),
            policy="optimal",
            rung="optimized",
            revision=self.state.revision,
        )
        self.do(RecordDecision(DecisionMade(self.inputs(), (proposal,), ())), at_s)
        return ProposalId(f"P{number:06d}")

    def leave(self, incident: IncidentId, need: str, reason: str, at_s: float) -> None:
        """Leave a need unmet."""
        unmet = UnmetNeed(NeedId(need), Capability(need.split("-", maxsplit=1)[0]), Remark(reason))
        decision = DecisionMade(self.inputs(), (), ((incident, (unmet,)),))
        self.do(RecordDecision(decision), at_s)

    def inputs(self) -> DecisionInputs:
        """What a decision now rests on."""
        return DecisionInputs(
            revision=self.state.revision,
            conditions_revision=self.state.conditions.revision,
            network="sha256:0",
            policy="optimal",
            config="sha256:0",
            seed=0,
            units=tuple(UnitInput(UnitId(u), p, 60, 0) for u, p in self.homes.items()),
            elapsed_ms=1.0,
        )
