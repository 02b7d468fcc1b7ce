"""Decisions: who goes, who could have gone, and why nobody does."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from dispatch.emergency import policies
from dispatch.emergency.model import UnmetNeed
from dispatch.emergency.policies import POLICIES
from dispatch.emergency.propose import GREEDY, OPTIMIZED, ProposeSettings, propose, rank
from dispatch.emergency.snapshot import OpenIncident, Snapshot, UnitView
from dispatch.model import Remark
from roadnets.travel import TravelTimes
from solvers.assignment_problem import AssignmentProblem
from tests.dispatch.builders import ALS, BLS, LADDER, NOW, PUMP, after, at
from tests.dispatch.emergency.asking import (
    NEAREST,
    SETTINGS,
    chosen,
    decide,
    proposed,
    travel_s,
    unmet,
)
from tests.dispatch.emergency.worlds import (
    NOWHERE,
    STREETS,
    TRAVEL,
    hospital_view,
    open_incident,
    travel_times,
    unit_view,
    world,
)
from tests.roadnets.networks import cut_off


class TestWhoGoes:
    def test_the_quickest(self) -> None:
        near, far = unit_view("A1", at(1, 1), ALS), unit_view("A2", at(8, 8), ALS)
        incident = open_incident("E1", at(0, 0), ALS)
        decision = decide(world([near, far], [incident]))
        assert chosen(decision) == {("E1", "als-1"): "A1"}
        assert unmet(decision) == {}

    def test_quick_is_turnout_and_travel(self) -> None:
        standing = unit_view("A1", at(0, 2), ALS, ready_s=60)
        rolling = unit_view("A2", at(0, 5), ALS, ready_s=0)
        incident = open_incident("E1", at(0, 0), ALS)
        ((candidate, *_),) = [
            (u.candidate,) for u in proposed(decide(world([standing, rolling], [incident])))
        ]
        assert candidate.unit == "A2"
        assert (candidate.turnout_s, candidate.travel_s) == (0, travel_s(rolling, incident))
        assert candidate.eta_s == candidate.travel_s

    @pytest.mark.parametrize("policy", list(POLICIES))
    def test_of_calls_alike_the_one_that_waits_longest(self, policy: str) -> None:
        only = unit_view("A1", at(0, 2), ALS)
        calls = [
            open_incident(f"E{n}", at(0, 0), ALS, first_report=after(-ago))
            for n, ago in enumerate((10, 300, 20, 299))
        ]
        decision = decide(world([only], calls), how=ProposeSettings(policy=policy))
        assert chosen(decision) == {("E1", "als-1"): "A1"}

    def test_a_second_waited_is_a_second_of_the_way(self) -> None:
        only, near, far = unit_view("A1", at(0, 0), ALS), at(0, 1), at(0, 4)
        further_s = travel_s(only, open_incident("E", far, ALS)) - travel_s(
            only, open_incident("E", near, ALS)
        )
        assert further_s > 1
        for waited_s, served in ((further_s - 1, "E1"), (further_s + 1, "E2")):
            e1 = open_incident("E1", near, ALS)
            e2 = open_incident("E2", far, ALS, first_report=after(-waited_s))
            assert chosen(decide(world([only], [e1, e2]))) == {(served, "als-1"): "A1"}

    @pytest.mark.parametrize("policy", list(POLICIES))
    def test_of_two_as_quick_the_one_that_can_do_less(self, policy: str) -> None:
        """So the ALS crew at the same station is left to those who need one."""
        als, bls = unit_view("A1", at(0, 2), ALS, BLS), unit_view("A2", at(0, 2), BLS)
        incident = open_incident("E1", at(0, 0), BLS)
        decision = decide(world([als, bls], [incident]), how=ProposeSettings(policy=policy))
        assert chosen(decision) == {("E1", "bls-1"): "A2"}
        (unit,) = proposed(decision)
        assert [c.unit for c in unit.alternatives] == ["A1"]
        assert unit.alternatives[0].slower_by_s == 0

    def test_a_second_quicker_beats_what_it_can_do(self) -> None:
        als = unit_view("A1", at(0, 2), ALS, BLS, ready_s=59)
        bls = unit_view("A2", at(0, 2), BLS, ready_s=60)
        incident = open_incident("E1", at(0, 0), BLS)
        assert chosen(decide(world([als, bls], [incident]))) == {("E1", "bls-1"): "A1"}

    def test_together_rather_than_one_after_another(self) -> None:
        """E1 leaves A1 to E2, whom nobody else can reach soon."""
        a1, a2 = unit_view("A1", at(0, 4), ALS), unit_view("A2", at(0, 0), ALS)
        e1, e2 = open_incident("E1", at(0, 3), ALS), open_incident("E2", at(0, 9), ALS)
        snapshot = world([a1, a2], [e1, e2])
        assert chosen(decide(snapshot, how=NEAREST)) == {
            ("E1", "als-1"): "A1",
            ("E2", "als-1"): "A2",
        }
        assert chosen(decide(snapshot)) == {("E1", "als-1"): "A2", ("E2", "als-1"): "A1"}

    def test_the_gravest_first(self) -> None:
        only = unit_view("A1", at(0, 0), ALS)
        near = open_incident("E1", at(0, 0), ALS, priority=2)
        grave = open_incident("E2", at(9, 9), ALS, priority=1)
        assert chosen(decide(world([only], [near, grave]))) == {("E2", "als-1"): "A1"}

    def test_greedy_serves_who_waits_longest_among_the_grave(self) -> None:
        only = unit_view("A1", at(0, 0), ALS)
        new = open_incident("E1", at(0, 0), ALS, first_report=NOW)
        old = open_incident("E2", at(9, 9), ALS, first_report=after(-60))
        assert chosen(decide(world([only], [new, old]), how=NEAREST)) == {("E2", "als-1"): "A1"}

    def test_each_need_its_unit(self) -> None:
        crew = [
            unit_view("A1", at(0, 0), ALS, BLS),
            unit_view("B1", at(0, 1), BLS),
            unit_view("P1", at(0, 2), PUMP),
        ]
        incident = open_incident("E1", at(0, 0), ALS, BLS, PUMP)
        assert chosen(decide(world(crew, [incident]))) == {
            ("E1", "als-1"): "A1",
            ("E1", "bls-1"): "B1",
            ("E1", "pump-1"): "P1",
        }

    @pytest.mark.parametrize(("priority", "goes"), [(1, True), (2, False), (3, False)])
    def test_a_promised_unit_goes_to_who_is_graver(self, priority: int, goes: bool) -> None:
        promised = unit_view("A1", at(0, 0), ALS, promised_to=2)
        incident = open_incident("E1", at(0, 0), ALS, priority=priority)
        decision = decide(world([promised], [incident]))
        assert bool(proposed(decision)) is goes
        if goes:
            remark = Remark("taken_from_lower_priority", {"priority": "2"})
            assert remark in proposed(decision)[0].candidate.why

    def test_an_excluded_unit_goes_elsewhere(self) -> None:
        unit = unit_view("A1", at(0, 0), ALS)
        e1 = open_incident("E1", at(0, 0), ALS, excluded=["A1"])
        e2 = open_incident("E2", at(9, 9), ALS)
        assert chosen(decide(world([unit], [e1, e2]))) == {("E2", "als-1"): "A1"}

    def test_nothing_is_open(self) -> None:
        decision = decide(world([unit_view("A1", at(0, 0), ALS)], []))
        assert (decision.proposals, decision.unmet) == ((), ())


class TestProposal:
    def test_what_it_says(self) -> None:
        incident = open_incident("E1", at(0, 0), ALS)
        (proposal,) = decide(world([unit_view("A1", at(1, 1), ALS)], [incident])).proposals
        assert (proposal.incident, proposal.proposal_id) == ("E1", "")
        assert (proposal.created, proposal.expires) == (NOW, after(120))
        assert (proposal.policy, proposal.rung, proposal.revision) == ("optimal", OPTIMIZED, 5)

    def test_what_it_cannot_meet_it_names(self) -> None:
        incident = open_incident("E1", at(0, 0), ALS, PUMP)
        decision = decide(world([unit_view("A1", at(1, 1), ALS)], [incident]))
        (proposal,) = decision.proposals
        missing = UnmetNeed("pump-1", PUMP, Remark("no_capable_unit", {"capability": "pump"}))
        assert proposal.unmet == (missing,)
        assert decision.unmet == (("E1", (missing,)),)

    def test_alternatives_are_the_next_best(self) -> None:
        crew = [unit_view(f"A{c}", at(0, c), ALS) for c in range(8)]
        incident = open_incident("E1", at(0, 2), ALS)
        (unit,) = proposed(decide(world(crew, [incident])))
        assert unit.candidate.unit == "A2"
        assert [c.unit for c in unit.alternatives] == ["A1", "A3", "A0", "A4"]
        etas = [c.eta_s for c in (unit.candidate, *unit.alternatives)]
        assert etas == sorted(etas)
        assert [c.slower_by_s for c in unit.alternatives] == [e - etas[0] for e in etas[1:]]

    def test_the_quickest_may_be_among_the_alternatives(self) -> None:
        a1, a2 = unit_view("A1", at(0, 4), ALS), unit_view("A2", at(0, 0), ALS)
        e1, e2 = open_incident("E1", at(0, 3), ALS), open_incident("E2", at(0, 9), ALS)
        first = proposed(decide(world([a1, a2], [e1, e2])))[0]
        (quicker,) = first.alternatives
        assert (quicker.unit, quicker.slower_by_s) == ("A1", 0)
        assert first.candidate.slower_by_s == first.candidate.eta_s - quicker.eta_s > 0
        seconds = str(first.candidate.slower_by_s)
        assert Remark("slower_than_quickest", {"seconds": seconds}) in first.candidate.why
        assert Remark("quickest") in quicker.why

    def test_how_many_alternatives_is_a_setting(self) -> None:
        crew = [unit_view(f"A{c}", at(0, c), ALS) for c in range(8)]
        snapshot = world(crew, [open_incident("E1", at(0, 2), ALS)])
        (unit,) = proposed(decide(snapshot, how=ProposeSettings(alternatives=0)))
        assert unit.alternatives == ()

    @pytest.mark.parametrize(("waited_s", "on_time"), [(0, True), (100, False)])
    def test_on_time_counts_from_the_first_report(self, waited_s: int, on_time: bool) -> None:
        unit = unit_view("A1", at(0, 1), ALS)
        incident = open_incident("E1", at(0, 0), ALS, target_s=120, first_report=after(-waited_s))
        (only,) = proposed(decide(world([unit], [incident])))
        late_s = waited_s + only.candidate.eta_s - 120
        expected = (
            Remark("on_time", {"spare_s": str(-late_s)})
            if on_time
            else Remark("late", {"seconds": str(late_s)})
        )
        assert only.candidate.why == (Remark("quickest"), expected)

    def test_to_the_second_it_is_still_on_time(self) -> None:
        unit = unit_view("A1", at(0, 1), ALS)
        incident = open_incident("E1", at(0, 0), ALS)
        eta_s = proposed(decide(world([unit], [incident])))[0].candidate.eta_s
        exact = replace(incident, target_s=eta_s)
        why = proposed(decide(world([unit], [exact])))[0].candidate.why
        assert Remark("on_time", {"spare_s": "0"}) in why

    def test_an_old_position_is_pointed_out(self) -> None:
        for age_s, told in ((300, False), (301, True)):
            unit = unit_view("A1", at(0, 1), ALS, position_age_s=age_s)
            (only,) = proposed(decide(world([unit], [open_incident("E1", at(0, 0), ALS)])))
            assert only.candidate.position_age_s == age_s
            remark = Remark("position_stale", {"age_s": str(age_s)})
            assert (remark in only.candidate.why) is told


class TestHospital:
    def test_the_nearest_by_road(self) -> None:
        unit = unit_view("A1", at(0, 0), ALS)
        incident = open_incident("E1", at(5, 5), ALS, transport=True)
        hospitals = [hospital_view("H1", at(9, 9)), hospital_view("H2", at(5, 7))]
        (only,) = proposed(decide(world([unit], [incident], hospitals)))
        assert only.hospital == "H2"

    def test_where_the_road_is_closed_another(self) -> None:
        unit = unit_view("A1", at(0, 0), ALS)
        incident = open_incident("E1", at(5, 5), ALS, transport=True)
        hospitals = [hospital_view("H1", at(9, 9)), hospital_view("H2", at(5, 7.5))]
        travel = travel_times(*cut_off(STREETS.network, hospitals[1].snap))
        (only,) = proposed(decide(world([unit], [incident], hospitals), travel))
        assert only.hospital == "H1"

    def test_none_where_nobody_is_transported(self) -> None:
        snapshot = world(
            [unit_view("P1", at(0, 0), PUMP)],
            [open_incident("E1", at(5, 5), PUMP)],
            [hospital_view("H1", at(5, 5))],
        )
        assert proposed(decide(snapshot))[0].hospital is None

    def test_none_where_there_is_none(self) -> None:
        snapshot = world(
            [unit_view("A1", at(0, 0), ALS)], [open_incident("E1", at(5, 5), ALS, transport=True)]
        )
        assert proposed(decide(snapshot))[0].hospital is None

    def test_none_where_none_can_be_reached(self) -> None:
        hospital = hospital_view("H1", at(5, 7.5))
        travel = travel_times(*cut_off(STREETS.network, hospital.snap))
        snapshot = world(
            [unit_view("A1", at(0, 0), ALS)],
            [open_incident("E1", at(5, 5), ALS, transport=True)],
            [hospital],
        )
        assert proposed(decide(snapshot, travel))[0].hospital is None


class TestWhyNobodyGoes:
    def reason(
        self,
        crew: list[UnitView],
        incident: OpenIncident | None = None,
        travel: TravelTimes = TRAVEL,
    ) -> Remark:
        incident = incident or open_incident("E1", at(5, 5), ALS)
        (reason,) = unmet(decide(world(crew, [incident]), travel)).values()
        return reason

    def test_no_unit_has_it(self) -> None:
        reason = self.reason([unit_view("P1", at(0, 0), PUMP)])
        assert reason == Remark("no_capable_unit", {"capability": "als"})

    def test_there_are_no_units_at_all(self) -> None:
        assert self.reason([]).code == "no_capable_unit"

    def test_all_of_them_are_busy(self) -> None:
        crew = [unit_view(f"A{i}", at(0, i), ALS, ready=False) for i in range(3)]
        reason = self.reason([*crew, unit_view("P1", at(0, 0), PUMP)])
        assert reason == Remark("all_units_busy", {"capability": "als", "capable": "3"})

    def test_the_ready_ones_are_promised(self) -> None:
        crew = [
            unit_view("A1", at(0, 1), ALS, promised_to=2),
            unit_view("A2", at(0, 2), ALS, promised_to=1),
            unit_view("A3", at(0, 3), ALS, ready=False),
        ]
        reason = self.reason(crew)
        assert reason == Remark("unit_promised", {"capability": "als", "priority": "1"})

    def test_the_ready_ones_had_their_orders_taken_back(self) -> None:
        crew = [unit_view("A1", at(0, 1), ALS), unit_view("A2", at(0, 2), ALS, ready=False)]
        incident = open_incident("E1", at(5, 5), ALS, excluded=["A1"])
        reason = self.reason(crew, incident)
        assert reason == Remark("order_was_taken_back", {"capability": "als"})

    def test_no_road_leads_there(self) -> None:
        incident = open_incident("E1", at(5, 5.5), ALS)
        travel = travel_times(*cut_off(STREETS.network, incident.snap))
        crew = [unit_view(f"A{i}", at(0, i), ALS) for i in range(2)]
        reason = self.reason(crew, incident, travel)
        assert reason == Remark("unreachable", {"capability": "als", "ready": "2"})

    def test_the_ready_one_is_off_the_network(self) -> None:
        reason = self.reason([unit_view("A1", NOWHERE, ALS)])
        assert reason == Remark("unreachable", {"capability": "als", "ready": "1"})

    def test_the_incident_is_off_the_network(self) -> None:
        crew = [unit_view("A1", at(0, 0), ALS)]
        reason = self.reason(crew, open_incident("E1", NOWHERE, ALS))
        assert reason == Remark("location_unresolved", {"reason": "too_far"})

    def test_others_need_them_more(self) -> None:
        only = unit_view("A1", at(0, 0), ALS)
        e1 = open_incident("E1", at(0, 0), ALS, priority=3)
        e2 = open_incident("E2", at(9, 9), ALS, priority=2)
        decision = decide(world([only], [e1, e2]))
        assert unmet(decision) == {
            ("E1", "als-1"): Remark(
                "units_sent_to_graver_needs", {"capability": "als", "ready": "1"}
            )
        }


class TestRungs:
    def snapshot(self) -> Snapshot:
        a1, a2 = unit_view("A1", at(0, 4), ALS), unit_view("A2", at(0, 0), ALS)
        e1, e2 = open_incident("E1", at(0, 3), ALS), open_incident("E2", at(0, 9), ALS)
        return world([a1, a2], [e1, e2])

    def test_nearest_is_greedy(self) -> None:
        assert {p.rung for p in decide(self.snapshot(), how=NEAREST).proposals} == {GREEDY}

    @pytest.mark.parametrize("error", [RuntimeError, ValueError, IndexError, MemoryError])
    def test_a_policy_that_fails_falls_back_and_says_so(
        self,
        error: type[Exception],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def failing(problem: AssignmentProblem) -> np.ndarray:
            raise error("out of order")

        monkeypatch.setitem(policies.POLICIES, "optimal", failing)
        with caplog.at_level(logging.ERROR):
            decision = decide(self.snapshot())
        assert {(p.policy, p.rung) for p in decision.proposals} == {("optimal", GREEDY)}
        assert chosen(decision) == chosen(decide(self.snapshot(), how=NEAREST))
        assert "policy optimal failed" in caplog.text

    def test_an_unknown_policy_is_refused_beforehand(self) -> None:
        with pytest.raises(ValueError, match="policy is 'fastest'; allowed: nearest, optimal"):
            ProposeSettings(policy="fastest")


class TestInputs:
    def test_what_the_decision_rested_on(self) -> None:
        crew = [
            unit_view("A1", at(0, 1), ALS, ready_s=0, position_age_s=40),
            unit_view("A2", at(0, 2), ALS, ready=False),
            unit_view("A3", at(0, 3), ALS, promised_to=1),
            unit_view("P1", at(0, 4), PUMP),
        ]
        decision = propose(
            world(crew, [open_incident("E1", at(5, 5), ALS)]), TRAVEL, SETTINGS, NOW, seed=7
        )
        inputs = decision.inputs
        assert [(u.unit, u.place, u.ready_s, u.position_age_s) for u in inputs.units] == [
            ("A1", at(0, 1), 0, 40)
        ]
        assert (inputs.revision, inputs.conditions_revision, inputs.seed) == (5, 3, 7)
        assert (inputs.network, inputs.config) == (STREETS.network.checksum, "config")
        assert (inputs.policy, inputs.elapsed_ms) == ("optimal", 0.0)


class TestRank:
    def test_everyone_who_could_go_quickest_first(self) -> None:
        crew = [unit_view(f"A{c}", at(0, c), ALS) for c in range(8)]
        snapshot = world(crew, [open_incident("E1", at(0, 2), ALS)])
        (ranking,) = rank(snapshot, TRAVEL, SETTINGS, NOW, limit=50)
        assert [c.unit for c in ranking.candidates[:3]] == ["A2", "A1", "A3"]
        assert len(ranking.candidates) == 8
        assert ranking.ruled_out == ()
        (short,) = rank(snapshot, TRAVEL, SETTINGS, NOW, limit=3)
        assert short.candidates == ranking.candidates[:3]

    def test_why_the_others_cannot(self) -> None:
        crew = [
            unit_view("A1", at(0, 1), ALS),
            unit_view("A2", at(0, 2), ALS, ready=False),
            unit_view("A3", at(0, 3), ALS, promised_to=1),
            unit_view("A4", at(0, 4), ALS),
            unit_view("A5", NOWHERE, ALS),
            unit_view("P1", at(0, 4), PUMP),
        ]
        incident = open_incident("E1", at(5, 5), ALS, excluded=["A4"])
        (ranking,) = rank(world(crew, [incident]), TRAVEL, SETTINGS, NOW, limit=9)
        assert [c.unit for c in ranking.candidates] == ["A1"]
        assert dict(ranking.ruled_out) == {
            "A2": Remark("unit_not_ready", {"status": "held"}),
            "A3": Remark("unit_promised", {"priority": "1"}),
            "A4": Remark("order_was_taken_back"),
            "A5": Remark("unit_off_network"),
            "P1": Remark("capability_missing", {"capability": "als"}),
        }

    def test_who_cannot_reach_it(self) -> None:
        incident = open_incident("E1", at(5, 5.5), ALS)
        travel = travel_times(*cut_off(STREETS.network, incident.snap))
        snapshot = world([unit_view("A1", at(0, 1), ALS)], [incident])
        (ranking,) = rank(snapshot, travel, SETTINGS, NOW, limit=9)
        assert ranking.ruled_out == (("A1", Remark("unreachable")),)

    def test_one_ranking_a_need_the_gravest_first(self) -> None:
        e1 = open_incident("E1", at(0, 0), ALS, LADDER, priority=3)
        e2 = open_incident("E2", at(0, 0), ALS, priority=1)
        rankings = rank(world([], [e1, e2]), TRAVEL, SETTINGS, NOW, limit=9)
        assert [(r.incident.incident_id, r.need.need_id) for r in rankings] == [
            ("E2", "als-1"),
            ("E1", "als-1"),
            ("E1", "ladder-1"),
        ]
