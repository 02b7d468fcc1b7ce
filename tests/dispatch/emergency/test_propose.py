"""Decisions: who goes, who could have gone, and why nobody does."""

import logging
from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.emergency import policies
from dispatch.emergency.events import DecisionMade
from dispatch.emergency.model import Candidate, ProposedUnit, UnmetNeed
from dispatch.emergency.policies import POLICIES
from dispatch.emergency.propose import GREEDY, OPTIMIZED, ProposeSettings, propose, rank
from dispatch.emergency.snapshot import OpenIncident, Snapshot, UnitView
from dispatch.model import Remark
from roadnets.geo import UNREACHABLE
from roadnets.travel import TravelMode, TravelTimes
from solvers.assignment_problem import AssignmentProblem
from tests.dispatch.builders import ALS, BLS, LADDER, NOW, PUMP, after, at
from tests.dispatch.emergency.worlds import (
    NOWHERE,
    STREETS,
    TRAVEL,
    hospital_view,
    open_incident,
    travel_times,
    unit_view,
    units,
    world,
    worlds,
)
from tests.roadnets.networks import cut_off

SETTINGS = ProposeSettings()
NEAREST = ProposeSettings(policy="nearest")

calmly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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


# Whatever there is

POLICY = st.sampled_from([SETTINGS, NEAREST])


@calmly
@given(worlds(), POLICY)
def test_every_need_ends_with_a_unit_or_a_reason(snapshot: Snapshot, how: ProposeSettings) -> None:
    decision = decide(snapshot, how=how)
    needs = [(i.incident_id, n.need_id) for i in snapshot.incidents for n in i.needs]
    assert sorted([*chosen(decision), *unmet(decision)]) == sorted(needs)


@calmly
@given(worlds(), POLICY)
def test_who_is_chosen_can_go_and_is_chosen_once(snapshot: Snapshot, how: ProposeSettings) -> None:
    decision = decide(snapshot, how=how)
    views = {u.unit_id: u for u in snapshot.units}
    opened = {i.incident_id: i for i in snapshot.incidents}
    names = list(chosen(decision).values())
    assert len(set(names)) == len(names)
    for proposal in decision.proposals:
        incident = opened[proposal.incident]
        for unit in proposal.units:
            for candidate in (unit.candidate, *unit.alternatives):
                check_candidate(candidate, unit, views[candidate.unit], incident)


def check_candidate(
    candidate: Candidate, unit: ProposedUnit, view: UnitView, incident: OpenIncident
) -> None:
    assert view.ready
    assert unit.capability in view.capabilities
    assert view.unit_id not in incident.excluded
    assert view.promised_to is None or incident.priority < view.promised_to
    assert candidate.travel_s == travel_s(view, incident) < UNREACHABLE
    assert candidate.eta_s == candidate.travel_s + view.ready_s


@calmly
@given(worlds(), POLICY)
def test_reasons_are_true(snapshot: Snapshot, how: ProposeSettings) -> None:
    decision = decide(snapshot, how=how)
    opened = {i.incident_id: i for i in snapshot.incidents}
    for (incident_id, need_id), reason in unmet(decision).items():
        incident = opened[incident_id]
        capability = next(n.capability for n in incident.needs if n.need_id == need_id)
        assert reason.code == true_reason(snapshot, decision, incident, capability)


def true_reason(
    snapshot: Snapshot, decision: DecisionMade, incident: OpenIncident, capability: str
) -> str:
    """Found again by asking unit after unit."""
    if incident.snap is None:
        return "location_unresolved"
    capable = [u for u in snapshot.units if capability in u.capabilities]
    ready = [u for u in capable if u.ready]
    if not ready:
        return "all_units_busy" if capable else "no_capable_unit"
    allowed = [u for u in ready if u.unit_id not in incident.excluded]
    unbound = [u for u in allowed if u.promised_to is None or incident.priority < u.promised_to]
    if not unbound:
        bound = any(u.promised_to is not None for u in ready)
        return "unit_promised" if allowed and bound else "order_was_taken_back"
    reachable = [u for u in unbound if travel_s(u, incident) < UNREACHABLE]
    if not reachable:
        return "unreachable"
    priority = {i.incident_id: i.priority for i in snapshot.incidents}
    sent_to = {unit: priority[incident_id] for (incident_id, _), unit in chosen(decision).items()}
    assert all(sent_to[u.unit_id] <= incident.priority for u in reachable)
    return "units_sent_to_graver_needs"


@calmly
@given(worlds())
def test_nearest_is_never_better_than_the_optimum(snapshot: Snapshot) -> None:
    ours, theirs = decide(snapshot), decide(snapshot, how=NEAREST)
    assert merit(snapshot, ours) <= merit(snapshot, theirs)


@calmly
@given(worlds(), POLICY, st.randoms(use_true_random=False))
def test_the_order_of_incidents_does_not_matter(
    snapshot: Snapshot, how: ProposeSettings, random: Random
) -> None:
    turned = list(snapshot.incidents)
    random.shuffle(turned)
    decision = decide(snapshot, how=how)
    other = decide(replace(snapshot, incidents=tuple(turned)), how=how)
    assert {p.incident: p for p in other.proposals} == {p.incident: p for p in decision.proposals}
    assert dict(other.unmet) == dict(decision.unmet)
    assert other.inputs == decision.inputs


@calmly
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_units_does_not_change_the_optimum(snapshot: Snapshot, random: Random) -> None:
    turned = list(snapshot.units)
    random.shuffle(turned)
    other = replace(snapshot, units=tuple(turned))
    assert merit(other, decide(other)) == merit(snapshot, decide(snapshot))


@calmly
@given(worlds(), units(99))
def test_another_unit_never_makes_it_worse(snapshot: Snapshot, more: UnitView) -> None:
    richer = replace(snapshot, units=(*snapshot.units, more))
    assert merit(richer, decide(richer)) <= merit(snapshot, decide(snapshot))


EDGES = st.sets(st.integers(0, STREETS.network.edge_count - 1), max_size=60)


@calmly
@given(worlds(most_units=5, most_incidents=3), EDGES)
def test_closing_roads_makes_no_arrival_earlier(snapshot: Snapshot, closed: set[int]) -> None:
    travel = travel_times(*closed)
    before = rank(snapshot, TRAVEL, SETTINGS, NOW, limit=99)
    after_it = rank(snapshot, travel, SETTINGS, NOW, limit=99)
    for open_roads, closed_roads in zip(before, after_it, strict=True):
        etas = {c.unit: c.eta_s for c in open_roads.candidates}
        assert all(c.eta_s >= etas[c.unit] for c in closed_roads.candidates)
    assert merit(snapshot, decide(snapshot)) <= merit(snapshot, decide(snapshot, travel))


@calmly
@given(worlds(), POLICY)
def test_the_same_snapshot_gives_the_same_decision(
    snapshot: Snapshot, how: ProposeSettings
) -> None:
    assert decide(snapshot, how=how) == decide(snapshot, how=how)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_copes_with_nothing(name: str) -> None:
    empty = world([], [])
    assert decide(empty, how=ProposeSettings(policy=name)).proposals == ()
