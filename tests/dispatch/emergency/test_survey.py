"""From the state to what a decision sees."""

from dataclasses import replace as replace_scene
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dispatch.conditions.model import ConditionsState
from dispatch.emergency.commands import CancelAssignment, PressStatus, UpdateIncident
from dispatch.emergency.snapshot import Snapshot, UnitView
from dispatch.emergency.survey import Scene, take_snapshot, to_be_decided
from dispatch.fleet.positions import Position, fix_of
from dispatch.model import AssignmentId, UnitId, UnitStatus
from dispatch.state import State
from roadnets.snapping.fixes import Fix
from tests.dispatch.builders import (
    NOW,
    PUMP,
    UNITS,
    DeskAtHand,
    after,
    at,
    fleet,
    hospital,
    place,
    streets_of,
    unit,
)
from tests.roadnets.networks import grid, with_turns

STREETS = streets_of()
STALE_S = 300
A1 = UnitId("A1")


def scene(state: State, places: dict[UnitId, Position] | None = None) -> Scene:
    return Scene(state.revision, state.emergency, state.fleet, state.conditions, places or {})


def snapshot(
    desk: DeskAtHand, places: dict[UnitId, Position] | None = None, seconds: float = 0
) -> Snapshot:
    seen = scene(desk.state, places)
    incidents = to_be_decided(seen, STREETS)
    return take_snapshot(seen, incidents, STREETS, "config", after(seconds), STALE_S)


def view(desk: DeskAtHand, unit_id: str = "A1", **more: object) -> UnitView:
    return next(u for u in snapshot(desk, **more).units if u.unit_id == unit_id)


@pytest.fixture
def desk() -> DeskAtHand:
    return DeskAtHand()


def ids(desk: DeskAtHand) -> list[str]:
    return [incident.incident_id for incident in to_be_decided(scene(desk.state), STREETS)]


class TestIncidents:
    def test_open_needs_are_seen_with_the_incident(self, desk: DeskAtHand) -> None:
        e = desk.report("crash", at(2, 3), priority=2)
        (incident,) = snapshot(desk).incidents
        assert (incident.incident_id, incident.priority, incident.target_s) == (e, 2, 480)
        assert [n.need_id for n in incident.needs] == ["als-1", "bls-1", "bls-2"]
        assert incident.snap == STREETS.snap(at(2, 3))
        assert incident.first_report == NOW

    def test_needs_that_somebody_goes_to_are_not(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        assert ids(desk) == []
        desk.do(UpdateIncident(e, incident_type="crash"))
        assert [n.need_id for n in snapshot(desk).incidents[0].needs] == ["bls-1", "bls-2"]

    def test_an_incident_waits_with_its_proposal(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        desk.propose(e, {"als-1": "A1"})
        assert ids(desk) == []
        assert any(need.open for need in desk.incident(e).needs)

    def test_without_a_place_or_type_nothing_can_be_decided(self, desk: DeskAtHand) -> None:
        desk.report("fall", None)
        desk.report(None)
        assert ids(desk) == []

    def test_off_the_network_it_is_decided_that_nobody_comes(self, desk: DeskAtHand) -> None:
        desk.report("fall", at(500, 500))
        (incident,) = snapshot(desk).incidents
        assert incident.snap is None

    def test_units_whose_order_was_taken_back_are_excluded(self, desk: DeskAtHand) -> None:
        first, second = desk.report("cardiac"), desk.report("cardiac")
        desk.propose(first, {"als-1": "A1"})
        desk.do(CancelAssignment(AssignmentId("D000001"), "wrong address"))
        excluded = {i.incident_id: i.excluded for i in snapshot(desk).incidents}
        assert excluded == {first: {A1}, second: frozenset()}

    def test_units_that_have_served_it_are_not(self, desk: DeskAtHand) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        desk.do(PressStatus(A1, UnitStatus.ON_SCENE))
        desk.do(PressStatus(A1, UnitStatus.AVAILABLE))
        desk.do(UpdateIncident(e, incident_type="crash"))
        assert snapshot(desk).incidents[0].excluded == frozenset()


class TestUnits:
    def test_at_its_station_unless_it_was_seen_elsewhere(self, desk: DeskAtHand) -> None:
        assert (view(desk).place, view(desk).position_age_s) == (at(0, 0), 0)
        seen = view(desk, places={A1: Position(at(4, 4), after(-20))})
        assert (seen.place, seen.position_age_s) == (at(4, 4), 20)

    def test_an_available_unit_not_seen_for_long_is_at_its_station(self, desk: DeskAtHand) -> None:
        places = {A1: Position(at(4, 4), after(-STALE_S))}
        assert view(desk, places=places).place == at(4, 4)
        assert view(desk, places=places, seconds=1).place == at(0, 0)
        assert view(desk, places=places, seconds=1).position_age_s == 0

    def test_one_on_its_way_home_is_where_it_was_last_seen(self, desk: DeskAtHand) -> None:
        desk.do(PressStatus(A1, UnitStatus.RETURNING))
        seen = view(desk, places={A1: Position(at(4, 4), after(-STALE_S))}, seconds=600)
        assert (seen.place, seen.position_age_s) == (at(4, 4), STALE_S + 600)

    def test_a_position_from_the_future_has_no_age(self, desk: DeskAtHand) -> None:
        assert view(desk, places={A1: Position(at(4, 4), after(5))}).position_age_s == 0

    def test_of_stacked_streets_its_track_tells_where_it_is(self, desk: DeskAtHand) -> None:
        network = grid(3, 3)
        layers = np.zeros(network.edge_count, np.int8)
        layers[network.edges_named("Row 1")] = 1
        streets = streets_of(with_turns(network, [], edge_layer=layers))
        seen = Position(at(1.05, 0.5), NOW, heading_deg=90.0)
        track = (Fix(at(0.02, 0.2), NOW.timestamp() - 20, 90.0), fix_of(seen))
        places = {A1: seen}
        unit, other = (
            next(u for u in shown.units if u.unit_id == A1)
            for shown in (
                take_snapshot(
                    replace_scene(scene(desk.state, places), tracks=tracks),
                    [],
                    streets,
                    "config",
                    NOW,
                    STALE_S,
                )
                for tracks in ({A1: track}, {A1: (fix_of(Position(at(0, 0), NOW)),)})
            )
        )
        assert unit.snap == streets.snap_vehicle(track)
        assert unit.told_edge in (None, unit.snap.edge)
        assert (unit.told_edge is None) == (unit.snap == streets.snap(seen.point))
        # A track that ends elsewhere is of another moment.
        assert (other.snap, other.told_edge) == (streets.snap(seen.point), None)

    def test_turnout_is_for_those_who_stand(self, desk: DeskAtHand) -> None:
        assert view(desk).ready_s == 60
        desk.do(PressStatus(A1, UnitStatus.RETURNING))
        assert view(desk).ready_s == 0

    def test_off_the_network(self, desk: DeskAtHand) -> None:
        seen = view(desk, places={A1: Position(at(500, 500), NOW)})
        assert (seen.snap, seen.ready) == (None, True)

    def test_why_a_unit_is_not_ready(self, desk: DeskAtHand) -> None:
        desk.propose(desk.report("cardiac"), {"als-1": "A1"})
        desk.do(PressStatus(UnitId("B1"), UnitStatus.OFF_DUTY))
        desk.do(fleet([u for u in UNITS if u.unit_id != "A1"]))
        desk.do(PressStatus(A1, UnitStatus.EN_ROUTE))
        standing = {u.unit_id: (u.ready, u.reason) for u in snapshot(desk).units}
        assert standing["A1"] == (False, "held")
        assert standing["B1"] == (False, "off_duty")
        assert standing["P1"] == (True, "available")
        desk.do(CancelAssignment(AssignmentId("D000001"), "wrong address"))
        assert (view(desk).ready, view(desk).reason) == (False, "retired")

    def test_promised_units_say_how_grave_that_is(self, desk: DeskAtHand) -> None:
        e = desk.report("crash", priority=2)
        desk.propose(e, {"als-1": "A1", "bls-1": "B1"})
        promised = {u.unit_id: u.promised_to for u in snapshot(desk).units}
        assert (promised["A1"], promised["B1"], promised["A2"]) == (2, 2, None)


class TestHospitals:
    def test_off_the_network_nobody_is_brought_there(self, desk: DeskAtHand) -> None:
        desk.do(fleet(hospitals=[hospital(2, at(500, 500)), hospital(1, at(1, 1))]))
        assert [h.hospital_id for h in snapshot(desk).hospitals] == ["H1"]


def test_the_snapshot_says_what_it_rests_on(desk: DeskAtHand) -> None:
    taken = snapshot(desk)
    assert (taken.revision, taken.config) == (desk.state.revision, "config")
    assert taken.network == STREETS.network.checksum
    later = replace(desk.state, conditions=ConditionsState(revision=9))
    seen = take_snapshot(scene(later), [], STREETS, "config", NOW, STALE_S)
    assert seen.conditions_revision == 9


@given(st.randoms(use_true_random=False))
def test_a_snapshot_does_not_depend_on_the_order_of_what_is_there(random: Random) -> None:
    desk = DeskAtHand(fleet=fleet([unit(f"P{i}", PUMP) for i in range(5)]))
    for column in range(4):
        desk.report("alarm", at(3, column))
    desk.propose("E000002", {"pump-1": "P3"})

    def shuffled(mapping: dict) -> dict:
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    state = desk.state
    turned = replace(
        state,
        fleet=replace(
            state.fleet,
            units=shuffled(state.fleet.units),
            hospitals=shuffled(state.fleet.hospitals),
        ),
        emergency=replace(state.emergency, incidents=shuffled(state.emergency.incidents)),
    )
    seen = scene(turned)
    incidents = to_be_decided(seen, STREETS)
    random.shuffle(incidents)
    taken = take_snapshot(seen, incidents, STREETS, "config", NOW, STALE_S)
    assert taken == snapshot(desk)
    assert [i.incident_id for i in taken.incidents] == ["E000001", "E000003", "E000004"]
    assert [u.unit_id for u in taken.units] == [f"P{i}" for i in range(5)]


def test_a_corrected_place_is_snapped_anew(desk: DeskAtHand) -> None:
    e = desk.report("fall", at(2, 2))
    desk.do(UpdateIncident(e, place(at(7, 7))))
    assert snapshot(desk).incidents[0].snap == STREETS.snap(at(7, 7))
