"""Snapshots made by hand and by hypothesis, on a small grid of real streets."""

from collections.abc import Iterable
from datetime import datetime

from hypothesis import strategies as st

from dispatch.emergency.snapshot import (
    HospitalView,
    OpenIncident,
    OpenNeed,
    Snapshot,
    UnitView,
)
from dispatch.model import Capability, HospitalId, IncidentId, NeedId, UnitId
from roadnets.engine import TravelEngine
from roadnets.geo import LonLat
from roadnets.travel import Snap, TravelTimes
from roadnets.weights.conditions import NO_CONDITIONS, Closed, Condition, Conditions, edge_set
from tests.dispatch.builders import ALS, BLS, NOW, PUMP, at, streets_of

STREETS = streets_of()
SIZE = 10
NOWHERE = at(500, 500)


def travel_times(*closed: int) -> TravelTimes:
    """The real engine with some edges that nobody can drive at all."""
    conditions: Conditions = NO_CONDITIONS
    if closed:
        broken = Condition("works", edge_set(closed), Closed(impassable=True))
        conditions = conditions.with_all([broken])
    return TravelEngine.plain(STREETS.network, conditions)


TRAVEL = travel_times()


def unit_view(
    unit_id: str,
    place: LonLat,
    *capabilities: Capability,
    ready: bool = True,
    promised_to: int | None = None,
    ready_s: int = 60,
    position_age_s: int = 0,
) -> UnitView:
    """A unit that can take an order, unless said otherwise."""
    return UnitView(
        unit_id=UnitId(unit_id),
        capabilities=frozenset(capabilities),
        ready=ready,
        reason="available" if ready else "held",
        promised_to=promised_to,
        place=place,
        snap=STREETS.snap(place),
        ready_s=ready_s,
        position_age_s=position_age_s,
    )


def open_incident(
    incident_id: str,
    place: LonLat,
    *capabilities: Capability,
    priority: int = 2,
    first_report: datetime = NOW,
    target_s: int = 480,
    transport: bool = False,
    excluded: Iterable[str] = (),
) -> OpenIncident:
    """One need for each capability given."""
    needs = [
        OpenNeed(NeedId(f"{c}-{capabilities[: i + 1].count(c)}"), c)
        for i, c in enumerate(capabilities)
    ]
    return OpenIncident(
        incident_id=IncidentId(incident_id),
        priority=priority,
        snap=STREETS.snap(place),
        first_report=first_report,
        target_s=target_s,
        transport=transport,
        needs=tuple(needs),
        excluded=frozenset(map(UnitId, excluded)),
    )


def hospital_view(hospital_id: str, place: LonLat) -> HospitalView:
    """A hospital on the grid."""
    snap = STREETS.snap(place)
    assert isinstance(snap, Snap)
    return HospitalView(HospitalId(hospital_id), snap)


def world(
    units: Iterable[UnitView],
    incidents: Iterable[OpenIncident],
    hospitals: Iterable[HospitalView] = (),
) -> Snapshot:
    """A snapshot, ordered by id as every snapshot is."""
    return Snapshot(
        revision=5,
        conditions_revision=3,
        network=STREETS.network.checksum,
        config="config",
        incidents=tuple(sorted(incidents, key=lambda i: i.incident_id)),
        units=tuple(sorted(units, key=lambda u: u.unit_id)),
        hospitals=tuple(hospitals),
    )


# By chance

PLACES = st.builds(at, st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
CAPABILITIES = st.sampled_from([(ALS,), (ALS, BLS), (BLS,), (PUMP,)])
NEEDS = st.lists(st.sampled_from([ALS, BLS, PUMP]), min_size=1, max_size=3)


@st.composite
def units(draw: st.DrawFn, number: int) -> UnitView:
    ready = draw(st.sampled_from([True, True, True, False]))
    return unit_view(
        f"U{number}",
        draw(st.one_of(*[PLACES] * 9, st.just(NOWHERE))),
        *draw(CAPABILITIES),
        ready=ready,
        promised_to=draw(st.sampled_from([None, None, None, 1, 2, 3, 4])) if ready else None,
        ready_s=draw(st.sampled_from([0, 60])),
    )


@st.composite
def incidents(draw: st.DrawFn, number: int) -> OpenIncident:
    return open_incident(
        f"E{number}",
        draw(st.one_of(*[PLACES] * 9, st.just(NOWHERE))),
        *draw(NEEDS),
        priority=draw(st.integers(1, 4)),
        transport=draw(st.booleans()),
        excluded=draw(st.sampled_from([(), (), ("U0",), ("U0", "U1")])),
    )


@st.composite
def worlds(draw: st.DrawFn, most_units: int = 7, most_incidents: int = 4) -> Snapshot:
    return world(
        [draw(units(n)) for n in range(draw(st.integers(0, most_units)))],
        [draw(incidents(n)) for n in range(draw(st.integers(0, most_incidents)))],
        [hospital_view("H1", draw(PLACES)), hospital_view("H2", draw(PLACES))],
    )
