"""Plain builders for the desk's tests: a small fleet on a small grid, plans, and reports."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from dispatch.conditions.streets import Streets
from dispatch.emergency.commands import Place, RecordDecision, ReportIncident
from dispatch.emergency.desk import Desk, decide, declare_fleet
from dispatch.emergency.events import DecisionInputs, DecisionMade
from dispatch.emergency.model import Candidate, Incident, Proposal, ProposedUnit, UnmetNeed
from dispatch.emergency.plans import (
    CapabilityName,
    IncidentType,
    PlannedNeed,
    ResponsePlan,
    ResponsePlans,
)
from dispatch.fleet.events import FleetDeclared
from dispatch.fleet.model import Hospital, Station, Unit
from dispatch.model import (
    Capability,
    HospitalId,
    IncidentId,
    NeedId,
    Origin,
    ProposalId,
    RawPoint,
    Remark,
    StationId,
    UnitId,
)
from dispatch.state import Fact, Recorded, State, evolve, initial_state
from roadnets.engine import TravelEngine
from roadnets.geo import CoordinateSystem, LonLat
from roadnets.network import RoadNetwork
from roadnets.snapping.snap import Snapper
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, grid

NOW = datetime(2026, 7, 20, 8, 0, tzinfo=UTC)

ALS, BLS, PUMP, LADDER = map(Capability, ("als", "bls", "pump", "ladder"))

TURNOUT_S = 60


def after(seconds: float) -> datetime:
    """So many seconds after ``NOW``."""
    return NOW + timedelta(seconds=seconds)


def at(row: float, column: float) -> LonLat:
    """A point of the grid: row and column in streets, 100 m apart."""
    return LonLat(ORIGIN.lon + column * DEGREES_PER_100_M, ORIGIN.lat + row * DEGREES_PER_100_M)


# Plans


def kind(
    code: str,
    needs: dict[Capability, int],
    *,
    automatic: bool = False,
    default_priority: int = 2,
    transport: bool = False,
    target_s: int = 480,
    graver: dict[Capability, int] | None = None,
) -> IncidentType:
    """A type with one plan from priority 2 on, and another for priority 1 when given."""

    def plan(priority: int, wanted: dict[Capability, int]) -> ResponsePlan:
        planned = tuple(PlannedNeed(c, n) for c, n in wanted.items())
        return ResponsePlan(priority, planned, target_s, transport)

    plans = {1: plan(1, graver or needs), 2: plan(2, needs)}
    return IncidentType(code, code, code, automatic, default_priority, plans)


PLANS = ResponsePlans(
    capabilities={c: CapabilityName(c, c, c) for c in (ALS, BLS, PUMP, LADDER)},
    types={
        plan.code: plan
        for plan in (
            kind("cardiac", {ALS: 1}, automatic=True, transport=True, default_priority=1),
            kind("fall", {BLS: 1}, transport=True, default_priority=3),
            kind("crash", {ALS: 1, BLS: 2}, graver={ALS: 2, BLS: 2}),
            kind("fire", {PUMP: 2, LADDER: 1}, graver={PUMP: 3, LADDER: 1}),
            kind("alarm", {PUMP: 1}, default_priority=4),
        )
    },
    version="test",
)


# Fleet


def station(number: int, place: LonLat) -> Station:
    return Station(StationId(f"S{number}"), f"站{number}", f"Station {number}", "ambulance", place)


def hospital(number: int, place: LonLat) -> Hospital:
    return Hospital(HospitalId(f"H{number}"), f"医院{number}", f"Hospital {number}", place)


def unit(
    unit_id: str, *capabilities: Capability, station: int = 1, turnout_s: int = TURNOUT_S
) -> Unit:
    """A unit; its kind follows its first capability."""
    return Unit(
        unit_id=UnitId(unit_id),
        call_sign=f"车{unit_id}",
        kind="ambulance" if capabilities[:1] in ((ALS,), (BLS,)) else "engine",
        station=StationId(f"S{station}"),
        capabilities=capabilities,
        turnout_s=turnout_s,
    )


STATIONS = (station(1, at(0, 0)), station(2, at(0, 9)), station(3, at(9, 9)))
HOSPITALS = (hospital(1, at(9, 0)), hospital(2, at(5, 9)))
UNITS = (
    unit("A1", ALS, BLS, station=1),
    unit("A2", ALS, BLS, station=2),
    unit("B1", BLS, station=1),
    unit("B2", BLS, station=3),
    unit("P1", PUMP, station=1),
    unit("P2", PUMP, station=2),
    unit("L1", LADDER, station=3),
)


def fleet(
    units: Iterable[Unit] = UNITS,
    stations: Iterable[Station] = STATIONS,
    hospitals: Iterable[Hospital] = HOSPITALS,
) -> FleetDeclared:
    """A fleet file that was read."""
    return FleetDeclared(tuple(stations), tuple(hospitals), tuple(units))


FLEET = fleet()

# Reports

SCENE = at(2, 2)


def place(point: LonLat | None = None) -> Place:
    """A place that is known, or one that is not."""
    if point is None:
        return Place(None, None, None, (Remark("location_unresolved", {"reason": "missing"}),))
    return Place(RawPoint(point.lon, point.lat, CoordinateSystem.WGS84), point, 0.0, ())


def report(
    incident_type: str | None = "cardiac",
    point: LonLat | None = SCENE,
    priority: int | None = None,
    *,
    patients: int | None = None,
    flags: tuple[Remark, ...] = (),
) -> ReportIncident:
    """A report; a type of None is one that no plan knows."""
    return ReportIncident(
        incident_type=incident_type,
        raw_incident_type=incident_type or "ZZ9",
        priority=priority,
        patients=patients,
        place=place(point),
        address="",
        description="",
        caller_phone="",
        origin=Origin(),
        flags=flags,
    )


# Decisions


def proposal(
    incident: str, units: dict[str, str], *, created: datetime = NOW, revision: int = 0
) -> Proposal:
    """``units`` by need; each arrives 200 s after the decision."""
    return Proposal(
        proposal_id=ProposalId(""),
        incident=IncidentId(incident),
        units=tuple(
            ProposedUnit(
                need_id=NeedId(need_id),
                capability=Capability(need_id.rpartition("-")[0]),
                candidate=Candidate(UnitId(chosen), eta_s=200, turnout_s=60, travel_s=140),
            )
            for need_id, chosen in units.items()
        ),
        unmet=(),
        created=created,
        expires=created + timedelta(seconds=120),
        policy="optimal",
        rung="optimized",
        revision=revision,
    )


def decision(
    revision: int,
    proposals: Sequence[Proposal] = (),
    unmet: dict[str, dict[str, str]] | None = None,
) -> DecisionMade:
    """``unmet``: by incident and need, the code of the reason."""
    return DecisionMade(
        inputs=DecisionInputs(
            revision=revision,
            conditions_revision=0,
            network="sha256:0",
            policy="optimal",
            config="sha256:0",
            seed=0,
            units=(),
            elapsed_ms=0.0,
        ),
        proposals=tuple(proposals),
        unmet=tuple(
            (
                IncidentId(incident),
                tuple(
                    UnmetNeed(NeedId(n), Capability(n.rpartition("-")[0]), Remark(code))
                    for n, code in needs.items()
                ),
            )
            for incident, needs in (unmet or {}).items()
        ),
    )


# A desk by hand


class DeskAtHand:
    """A state, and commands decided on it one after another, without an engine.

    ``now`` is what the desk takes the time to be; whoever moves it, moves it forward.
    """

    def __init__(self, *, orders: bool = True, fleet: FleetDeclared | None = None) -> None:
        self.state: State = initial_state()
        self.facts: list[Recorded] = []
        self.orders = orders
        self.now = NOW
        self.record(fleet or FLEET)

    def record(self, *facts: Fact, at: datetime | None = None) -> None:
        """Fold facts."""
        for fact in facts:
            recorded = Recorded(self.state.revision + 1, at or self.now, self.now, fact)
            self.state = evolve(self.state, recorded)
            self.facts.append(recorded)

    def try_out(self, command: object, at: datetime | None = None) -> tuple[Fact, ...]:
        """What would follow from a command."""
        desk = Desk(self.state.emergency, self.state.fleet, PLANS, self.orders)
        if isinstance(command, FleetDeclared):
            return tuple(declare_fleet(command, desk))
        return decide(desk, command, at or self.now, self.now)

    def do(self, command: object, at: datetime | None = None) -> tuple[Fact, ...]:
        """Decide a command and fold what follows."""
        facts = self.try_out(command, at)
        self.record(*facts, at=at)
        return facts

    def report(
        self,
        incident_type: str | None = "cardiac",
        point: LonLat | None = SCENE,
        priority: int | None = None,
    ) -> IncidentId:
        """Report an incident; its id."""
        (fact,) = self.do(report(incident_type, point, priority))
        return fact.incident.incident_id

    def propose(self, incident: str, units: dict[str, str]) -> ProposalId | None:
        """Record a decision for one incident; the id of the proposal when it waits."""
        offered = proposal(incident, units, created=self.now, revision=self.state.revision)
        self.do(RecordDecision(decision(self.state.revision, [offered])))
        waiting = self.incident(incident).proposal
        return waiting.proposal_id if waiting else None

    def incident(self, incident: str) -> Incident:
        """An open incident."""
        return self.state.emergency.incidents[IncidentId(incident)]


class SetClock:
    """Time that stands until somebody moves it."""

    def __init__(self, instant: datetime = NOW) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """The instant."""
        return self.instant

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.instant += timedelta(seconds=seconds)


# Streets


def streets_of(network: RoadNetwork | None = None) -> Streets:
    """Streets with the real snapper and the real engine of the reference."""
    network = network or grid(10, 10)
    return Streets(network, Snapper(network), TravelEngine.plain)
