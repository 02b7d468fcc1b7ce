"""The board: incidents, needs and units, as the facts tell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.v1 import common_pb2, events_pb2, fleet_pb2, incident_pb2
from scenarios.board import Board, Fate
from scenarios.demo_table import lines_of, newest

START = datetime(2026, 1, 5, tzinfo=UTC)
E1, D1, A1, A2 = "incidents/E000001", "assignments/D000001", "units/A1", "units/A2"


class Watcher:
    """Facts go to the board, and to the lines that a reader gets."""

    def __init__(self) -> None:
        units = [
            fleet_pb2.Unit(name=name, call_sign=name[-2:], status=fleet_pb2.UNIT_STATUS_AVAILABLE)
            for name in (A1, A2)
        ]
        self.board = Board(units)
        self.revision = 0

    def see(self, seconds: float = 0.0, **fact: object) -> list[str]:
        self.revision += 1
        event = events_pb2.Event(revision=self.revision, **fact)
        event.occurred_time.FromDatetime(START + timedelta(seconds=seconds))
        event.recorded_time.CopyFrom(event.occurred_time)
        self.board.apply(event)
        return list(lines_of(event, self.board))

    def report(self) -> list[str]:
        fact = events_pb2.IncidentReported(
            incident=E1, incident_type="chest_pain", priority=1, address="长街"
        )
        return self.see(incident_reported=fact)

    def decide(self, unit: str = A1) -> list[str]:
        candidate = incident_pb2.Candidate(unit=unit, eta_s=310)
        proposed = incident_pb2.ProposedUnit(need_id="als-1", capability="als", candidate=candidate)
        proposal = incident_pb2.Proposal(name="proposals/P1", incident=E1, units=[proposed])
        return self.see(decision_made=events_pb2.DecisionMade(proposals=[proposal]))

    def assign(self, unit: str = A1, name: str = D1) -> list[str]:
        assignment = incident_pb2.Assignment(
            name=name,
            incident=E1,
            need_id="als-1",
            unit=unit,
            eta_s=310,
            why=[common_pb2.Remark(code="quickest", text="The quickest.")],
        )
        return self.see(unit_assigned=events_pb2.UnitAssigned(assignment=assignment))

    def press(self, status: fleet_pb2.UnitStatus.ValueType, seconds: float) -> list[str]:
        fact = events_pb2.UnitStatusChanged(unit=A1, status=status)
        return self.see(seconds, unit_status_changed=fact)

    def end(self, state: incident_pb2.AssignmentState.ValueType, code: str = "over") -> list[str]:
        fact = events_pb2.AssignmentEnded(
            assignment=D1, incident=E1, unit=A1, state=state, reason=common_pb2.Remark(code=code)
        )
        return self.see(assignment_ended=fact)

    def leave(self, code: str) -> list[str]:
        unmet = incident_pb2.Unmet(
            need_id="als-1", capability="als", reason=common_pb2.Remark(code=code)
        )
        left = events_pb2.NeedLeftUnmet(incident=E1, unmet=unmet)
        return self.see(decision_made=events_pb2.DecisionMade(unmet=[left]))

    @property
    def fate(self) -> Fate:
        return self.board.incidents[E1].needs["als-1"].fate


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


def test_a_call_from_report_to_end(watcher: Watcher) -> None:
    assert watcher.report() == ["call  E000001 chest_pain P1, 长街"]
    assert watcher.decide() == []
    assert watcher.fate is Fate.PROPOSED
    assert watcher.board.undecided()
    assert watcher.assign() == ["goes  E000001 als-1: A1, ETA 5:10  The quickest."]
    assert watcher.fate is Fate.ORDERED
    assert not watcher.board.undecided()
    assert watcher.board.not_reached()
    assert not watcher.board.units[A1].free
    (line,) = watcher.press(fleet_pb2.UNIT_STATUS_ON_SCENE, 330)
    assert line == "there E000001 A1 is the first on scene, after 5:30"
    assert watcher.fate is Fate.ARRIVED
    assert not watcher.board.not_reached()
    watcher.press(fleet_pb2.UNIT_STATUS_RETURNING, 900)
    watcher.end(incident_pb2.ASSIGNMENT_STATE_COMPLETED)
    assert watcher.fate is Fate.DONE
    assert watcher.board.units[A1].free
    assert watcher.board.over(watcher.board.incidents[E1])
    watcher.see(incident_closed=events_pb2.IncidentClosed(incident=E1))
    assert not watcher.board.over(watcher.board.incidents[E1])


def test_what_waits_for_a_person_is_told(watcher: Watcher) -> None:
    watcher.report()
    watcher.board.answered(incident_pb2.Incident(name=E1, assigned_automatically=False))
    assert watcher.decide() == ["asks  E000001 A1: a dispatcher confirms"]


def test_an_answer_may_come_before_its_fact(watcher: Watcher) -> None:
    need = incident_pb2.Need(need_id="als-1", capability="als")
    watcher.board.answered(incident_pb2.Incident(name=E1, needs=[need], target_s=600))
    watcher.report()
    assert watcher.board.incidents[E1].target_s == 600
    assert watcher.board.undecided()


def test_a_lost_unit_leaves_its_need_open(watcher: Watcher) -> None:
    watcher.report()
    watcher.assign()
    (line,) = watcher.end(incident_pb2.ASSIGNMENT_STATE_CANCELLED, "unit_out_of_service")
    assert line == "lost  E000001 A1: unit_out_of_service"
    assert watcher.fate is Fate.DECIDING
    watcher.assign(A2, "assignments/D000002")
    assert watcher.fate is Fate.ORDERED
    watcher.end(incident_pb2.ASSIGNMENT_STATE_CANCELLED)
    assert watcher.fate is Fate.ORDERED, "the end of a former order touched the present one"


def test_late_arrivals_say_so(watcher: Watcher) -> None:
    watcher.report()
    watcher.board.incidents[E1].target_s = 300
    watcher.assign()
    (line,) = watcher.press(fleet_pb2.UNIT_STATUS_ON_SCENE, 330)
    assert "LATE, after 5:30 (target 5:00)" in line


def test_an_unmet_need_is_told_once(watcher: Watcher) -> None:
    watcher.report()
    assert watcher.leave("all_units_busy") == ["UNMET E000001 als-1: all_units_busy"]
    assert watcher.leave("units_sent_to_graver_needs") == []
    assert watcher.fate is Fate.UNMET
    watcher.assign()
    watcher.end(incident_pb2.ASSIGNMENT_STATE_CANCELLED)
    assert watcher.leave("all_units_busy") == ["UNMET E000001 als-1: all_units_busy"]


def test_unmet_needs_stay_in_sight(watcher: Watcher) -> None:
    watcher.report()
    watcher.leave("all_units_busy")
    for number in range(2, 9):
        name = f"incidents/E00000{number}"
        fact = events_pb2.IncidentReported(incident=name, incident_type="fall", priority=3)
        watcher.see(incident_reported=fact)
        watcher.board.incidents[name].need("bls-1").changed = watcher.revision
    shown = [incident.name for incident, _ in newest(watcher.board, 4)]
    assert len(shown) == 4
    assert E1 in shown
    assert shown[0] == "incidents/E000008"
