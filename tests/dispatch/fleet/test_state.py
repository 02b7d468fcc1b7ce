"""How facts about units change the fleet."""

import pytest
from msgspec.structs import replace

from dispatch.errors import ConflictError, NotFoundError
from dispatch.fleet.events import UnitReleased, UnitReserved, UnitStatusChanged
from dispatch.fleet.model import FleetState
from dispatch.fleet.state import evolve, require_free, unit_of
from dispatch.model import AssignmentId, Holder, IncidentId, StationId, UnitId, UnitStatus
from tests.dispatch.builders import ALS, BLS, NOW, PUMP, STATIONS, after, fleet, unit

A1, P1, GHOST = UnitId("A1"), UnitId("P1"), UnitId("ghost")
HOLDER = Holder(IncidentId("E000001"), AssignmentId("D000001"))


@pytest.fixture
def declared() -> FleetState:
    return evolve(FleetState(), fleet(), NOW)


def held(state: FleetState, unit_id: UnitId = A1) -> FleetState:
    return evolve(state, UnitReserved(unit_id, HOLDER), NOW)


def with_status(state: FleetState, unit_id: UnitId, status: UnitStatus) -> FleetState:
    changed = UnitStatusChanged(unit_id, status, state.units[unit_id].status)
    return evolve(state, changed, after(5))


def test_a_new_unit_is_available_since_it_was_declared(declared: FleetState) -> None:
    state = declared.units[A1]
    assert (state.status, state.status_time, state.free) == (UnitStatus.AVAILABLE, NOW, True)
    assert state.known_since is None


def test_a_status_is_known_once_it_was_told(declared: FleetState) -> None:
    told = with_status(declared, A1, UnitStatus.AVAILABLE)
    assert told.units[A1].known_since == after(5)
    assert evolve(told, fleet(), after(60)).units[A1].known_since == after(5)


def test_stations_hospitals_and_units_go_by_id(declared: FleetState) -> None:
    assert all(key == s.station_id for key, s in declared.stations.items())
    assert all(key == h.hospital_id for key, h in declared.hospitals.items())
    assert list(declared.units) == sorted(s.unit.unit_id for s in declared.units.values())


def test_a_holder_holds_until_it_lets_go(declared: FleetState) -> None:
    state = held(declared)
    assert state.units[A1].holder == HOLDER
    assert not state.units[A1].free
    assert evolve(state, UnitReleased(A1), NOW) == declared


def test_status_reason_and_return_change_together(declared: FleetState) -> None:
    press = UnitStatusChanged(
        A1, UnitStatus.OUT_OF_SERVICE, UnitStatus.AVAILABLE, "flat tyre", after(3600)
    )
    state = evolve(declared, press, after(5)).units[A1]
    assert state.status is UnitStatus.OUT_OF_SERVICE
    assert (state.reason, state.expected_return) == ("flat tyre", after(3600))
    assert state.status_time == after(5)
    back = with_status(evolve(declared, press, after(5)), A1, UnitStatus.AVAILABLE).units[A1]
    assert (back.reason, back.expected_return) == ("", None)


def test_a_late_press_changes_nothing(declared: FleetState) -> None:
    press = UnitStatusChanged(
        A1,
        UnitStatus.AVAILABLE,
        UnitStatus.AVAILABLE,
        irregular=True,
        late_press=UnitStatus.EN_ROUTE,
    )
    assert evolve(declared, press, after(-60)) is declared


@pytest.mark.parametrize("status", UnitStatus)
def test_only_available_and_returning_units_are_free(
    declared: FleetState, status: UnitStatus
) -> None:
    ready = status in (UnitStatus.AVAILABLE, UnitStatus.RETURNING)
    state = with_status(declared, A1, status)
    assert state.units[A1].free is ready
    assert not held(state).units[A1].free


class TestDeclaredAgain:
    def test_known_units_keep_what_they_do(self, declared: FleetState) -> None:
        state = held(with_status(declared, A1, UnitStatus.EN_ROUTE))
        again = evolve(state, fleet([unit("A1", BLS, station=2)]), after(60)).units[A1]
        assert again == replace(state.units[A1], unit=unit("A1", BLS, station=2))

    def test_a_free_unit_that_is_gone_goes(self, declared: FleetState) -> None:
        assert A1 not in evolve(declared, fleet([unit("P1", PUMP)]), after(60)).units

    def test_a_held_unit_that_is_gone_stays_and_takes_no_other_order(
        self, declared: FleetState
    ) -> None:
        state = evolve(held(declared), fleet([unit("P1", PUMP)]), after(60))
        assert state.units[A1].holder == HOLDER
        released = evolve(state, UnitReleased(A1), after(70))
        assert released.units[A1].status is UnitStatus.AVAILABLE
        assert not released.units[A1].free
        with pytest.raises(ConflictError) as refusal:
            require_free(released, A1)
        assert refusal.value.details == {"unit": "A1", "status": "retired"}

    def test_then_it_goes_with_the_next_file(self, declared: FleetState) -> None:
        without = fleet([unit("P1", PUMP)])
        state = evolve(held(declared), without, after(60))
        state = evolve(evolve(state, UnitReleased(A1), after(70)), without, after(80))
        assert A1 not in state.units

    def test_or_is_free_again_when_the_file_has_it_back(self, declared: FleetState) -> None:
        state = evolve(held(declared), fleet([unit("P1", PUMP)]), after(60))
        state = evolve(evolve(state, fleet(), after(70)), UnitReleased(A1), after(80))
        assert state.units[A1].free

    def test_the_station_of_a_unit_that_stays_stays(self, declared: FleetState) -> None:
        only = fleet([unit("P2", PUMP, station=2)], stations=[STATIONS[1]])
        state = evolve(held(declared), only, after(60))
        assert set(state.stations) == {StationId("S1"), StationId("S2")}

    def test_other_stations_and_hospitals_follow_the_file(self, declared: FleetState) -> None:
        only = fleet([unit("P2", PUMP, station=2)], stations=[STATIONS[1]], hospitals=[])
        state = evolve(declared, only, after(60))
        assert set(state.stations) == {StationId("S2")}
        assert state.hospitals == {}


class TestRefusals:
    def test_unknown_unit(self, declared: FleetState) -> None:
        with pytest.raises(NotFoundError) as refusal:
            unit_of(declared, GHOST)
        assert refusal.value.details == {
            "field": "unit",
            "value": "ghost",
            "allowed": "one of the fleet's 7 units (ListUnits)",
        }

    def test_the_field_is_the_callers(self, declared: FleetState) -> None:
        with pytest.raises(NotFoundError) as refusal:
            require_free(declared, GHOST, "units[2].unit")
        assert refusal.value.details["field"] == "units[2].unit"

    def test_held_unit(self, declared: FleetState) -> None:
        with pytest.raises(ConflictError) as refusal:
            require_free(held(declared), A1)
        assert refusal.value.code == "unit_taken"
        assert refusal.value.details == {"unit": "A1", "incident": "E000001"}

    def test_unit_that_cannot_go(self, declared: FleetState) -> None:
        with pytest.raises(ConflictError) as refusal:
            require_free(with_status(declared, A1, UnitStatus.OFF_DUTY), A1)
        assert refusal.value.code == "unit_not_ready"
        assert refusal.value.details == {"unit": "A1", "status": "off_duty"}

    def test_free_unit(self, declared: FleetState) -> None:
        assert require_free(declared, A1) is declared.units[A1]


def test_nothing_is_changed_in_place(declared: FleetState) -> None:
    before = dict(declared.units)
    held(declared)
    with_status(declared, P1, UnitStatus.OFF_DUTY)
    evolve(declared, fleet([unit("N1", ALS)]), NOW)
    assert declared.units == before
