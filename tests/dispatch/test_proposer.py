"""The proposer at work: a real engine, real streets, a clock that the test moves."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import dispatch.proposer as module
from dispatch.conditions.desk import EndCondition, SetCondition
from dispatch.conditions.model import Closed, StreetsNamed
from dispatch.emergency.commands import (
    CancelAssignment,
    CloseIncident,
    ConfirmProposal,
    PressStatus,
)
from dispatch.emergency.events import DecisionMade, ProposalWithdrawn
from dispatch.emergency.model import Assigned, Deciding, Fate, Incident, Proposed, Unmet
from dispatch.emergency.propose import ProposeSettings
from dispatch.emergency.snapshot import OpenIncident, OpenNeed
from dispatch.emergency.survey import Scene, placed_incident
from dispatch.engine import Done
from dispatch.errors import ConflictError, NotFoundError
from dispatch.fleet.positions import Position
from dispatch.model import ConditionId, IncidentId, NeedId, Remark, UnitId, UnitStatus
from dispatch.proposer import Proposer
from dispatch.state import Recorded, state_hash
from roadnets.geo import LonLat
from roadnets.travel import TravelMode
from tests.dispatch.builders import (
    ALS,
    BLS,
    FLEET,
    NOW,
    SCENE,
    after,
    at,
    fleet,
    hospital,
    report,
    streets_of,
    unit,
)
from tests.dispatch.engines import Running, disk_full, running, until
from tests.roadnets.networks import cut_off

STREETS = streets_of()
ONE = fleet([unit("A1", ALS, BLS)], hospitals=[hospital(1, at(9, 0))])
TWO = fleet([unit("A1", ALS, BLS, station=1), unit("A2", ALS, BLS, station=2)])
S = UnitStatus


def opened(scene: Scene, incident: Incident) -> OpenIncident:
    """An incident with every need of its own that is open."""
    needs = tuple(OpenNeed(n.need_id, n.capability) for n in incident.needs if n.open)
    placed = placed_incident(scene, incident, needs, STREETS)
    assert placed is not None
    return placed


class Desk:
    """An engine with its proposer, and what a test asks of them."""

    def __init__(self, run: Running) -> None:
        self.engine, self.disk, self.clock = run.engine, run.disk, run.clock
        self.proposer = Proposer(run.engine, STREETS, ProposeSettings(), "config")

    async def report(
        self, incident_type: str = "cardiac", point: LonLat = SCENE, priority: int | None = None
    ) -> IncidentId:
        done = await self.engine.submit(report(incident_type, point, priority))
        return done.facts[0].fact.incident.incident_id

    def incident(self, incident_id: str) -> Incident:
        return self.engine.state.emergency.incidents[IncidentId(incident_id)]

    def fate(self, incident_id: str, need_id: str = "als-1") -> Fate:
        need = self.incident(incident_id).need(NeedId(need_id))
        assert need is not None
        return need.fate

    async def becomes(self, incident_id: str, kind: type[Fate], need_id: str = "als-1") -> Fate:
        await until(lambda: isinstance(self.fate(incident_id, need_id), kind))
        return self.fate(incident_id, need_id)

    async def unmet(self, incident_id: str, need_id: str = "als-1") -> str:
        fate = await self.becomes(incident_id, Unmet, need_id)
        assert isinstance(fate, Unmet)
        return fate.reason.code

    async def sent(self, incident_id: str, need_id: str = "als-1") -> str | None:
        """The unit that goes."""
        fate = await self.becomes(incident_id, Assigned, need_id)
        assert isinstance(fate, Assigned)
        return self.engine.state.emergency.assignments[fate.assignment].unit

    async def press(self, unit_id: str, status: UnitStatus, reason: str = "") -> Done:
        return await self.engine.submit(PressStatus(UnitId(unit_id), status, reason))

    async def close_street(self, edges: tuple[int, ...], **more: object) -> ConditionId:
        command = SetCondition(StreetsNamed(edges=edges), edges, tuple(TravelMode), "flood", **more)
        done = await self.engine.submit(command)
        return done.facts[0].fact.condition.condition_id

    async def facts(self) -> list[Recorded]:
        last, facts = self.engine.state.revision, []
        async with contextlib.aclosing(self.engine.watch(0)) as watch:
            async for recorded in watch:
                facts.append(recorded)
                if recorded.revision == last:
                    return facts
        raise AssertionError("the watch ended early")

    async def settled(self) -> None:
        """Nothing comes any more."""
        last = -1
        while last != self.engine.state.revision:
            last = self.engine.state.revision
            await asyncio.sleep(0.15)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.01)


@contextlib.asynccontextmanager
async def desk_in(directory: Path, declared: object = FLEET, **more: object) -> AsyncIterator[Desk]:
    async with running(directory, **more) as run:
        desk = Desk(run)
        if declared is not None:
            await run.engine.submit(declared)
        await desk.proposer.start()
        try:
            yield desk
        finally:
            await desk.proposer.stop()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path) as running_desk:
        yield running_desk


def around(point: LonLat) -> tuple[int, ...]:
    """Closed, nobody gets to the point."""
    snap = STREETS.snap(point)
    assert snap is not None
    return cut_off(STREETS.network, snap)


MIDBLOCK = at(5, 5.5)


class TestDeciding:
    async def test_units_go_by_themselves_where_the_type_says_so(self, desk: Desk) -> None:
        e = await desk.report("cardiac", at(0, 1))
        assert await desk.sent(e) == "A1"
        held = desk.engine.state.fleet.units[UnitId("A1")]
        assert (held.holder.incident, held.status) == (e, S.MOBILISING)

    async def test_otherwise_they_wait_for_a_word(self, desk: Desk) -> None:
        e = await desk.report("crash", at(0, 1))
        await desk.becomes(e, Proposed)
        proposal = desk.incident(e).proposal
        units = {u.need_id: u.candidate.unit for u in proposal.units}
        assert sorted(units.values()) == ["A1", "A2", "B1"]
        await desk.engine.submit(ConfirmProposal(e, proposal.proposal_id))
        assert {n.need_id: await desk.sent(e, n.need_id) for n in desk.incident(e).needs} == units

    async def test_in_shadow_mode_all_of_them_wait(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, orders=False) as desk:
            await desk.becomes(await desk.report("cardiac"), Proposed)
            await desk.settled()
            assert desk.engine.state.emergency.assignments == {}

    async def test_the_decision_tells_what_it_took(self, desk: Desk) -> None:
        e = await desk.report("cardiac")
        await desk.sent(e)
        (made,) = [r.fact for r in await desk.facts() if isinstance(r.fact, DecisionMade)]
        assert made.inputs.elapsed_ms > 0
        assert (made.inputs.config, made.inputs.policy) == ("config", "optimal")
        assert made.inputs.network == STREETS.network.checksum

    async def test_what_was_open_before_the_start_is_decided(self, tmp_path: Path) -> None:
        async with running(tmp_path) as run:
            await run.engine.submit(FLEET)
            await run.engine.submit(report("cardiac"))
        async with desk_in(tmp_path, declared=None) as desk:
            assert await desk.sent("E000001") == "A1"

    async def test_many_at_once_are_all_served(self, desk: Desk) -> None:
        ids = await asyncio.gather(*(desk.report("fall", at(i, i)) for i in range(4)))
        units = [
            u.candidate.unit
            for e in ids
            if await desk.becomes(e, Proposed, "bls-1")
            for u in desk.incident(e).proposal.units
        ]
        assert sorted(units) == ["A1", "A2", "B1", "B2"]

    async def test_off_the_network_it_is_unmet_and_says_why(self, desk: Desk) -> None:
        e = await desk.report("cardiac", at(500, 500))
        assert await desk.unmet(e) == "location_unresolved"


class TestConfirming:
    async def test_two_dispatchers_at_once(self, desk: Desk) -> None:
        e = await desk.report("crash")
        await desk.becomes(e, Proposed)
        confirm = ConfirmProposal(e, desk.incident(e).proposal.proposal_id)
        outcomes = await asyncio.gather(
            *(desk.engine.submit(confirm) for _ in range(2)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [Done, ConflictError]
        assert "A1" in outcomes[1].details["assigned"]
        assert len(desk.engine.state.emergency.assignments) == 3

    async def test_proposals_expire_and_are_renewed(self, desk: Desk) -> None:
        e = await desk.report("crash")
        await desk.becomes(e, Proposed)
        old = desk.incident(e).proposal
        desk.clock.advance(119.9)
        await asyncio.sleep(0.1)
        assert desk.incident(e).proposal == old
        desk.clock.advance(0.1)
        await until(lambda: desk.incident(e).proposal not in (None, old))
        new = desk.incident(e).proposal
        assert new.expires == after(240)
        withdrawn = [r.fact for r in await desk.facts() if isinstance(r.fact, ProposalWithdrawn)]
        assert withdrawn == [ProposalWithdrawn(old.proposal_id, e, Remark("expired"))]
        with pytest.raises(ConflictError) as refusal:
            await desk.engine.submit(ConfirmProposal(e, old.proposal_id))
        assert refusal.value.details["current"] == new.proposal_id

    async def test_those_that_expire_together_go_in_one_commit(self, desk: Desk) -> None:
        for i in range(4):
            e = await desk.report("fall", at(i, i))
            await desk.becomes(e, Proposed, "bls-1")
        before = len(desk.disk.batches)
        desk.clock.advance(121)
        await until(
            lambda: (p := desk.incident("E000001").proposal) is not None and p.created == after(121)
        )
        withdrawals = [
            sum(b'"ProposalWithdrawn"' in record.body for record in batch.records)
            for batch in desk.disk.batches[before:]
        ]
        assert max(withdrawals) == sum(withdrawals) == 4

    async def test_a_graver_incident_takes_a_promised_unit(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, TWO) as desk:
            minor = await desk.report("fall", at(0, 1), priority=3)
            await desk.becomes(minor, Proposed, "bls-1")
            assert desk.incident(minor).proposal.units[0].candidate.unit == "A1"
            grave = await desk.report("cardiac", at(0, 1), priority=1)
            assert await desk.sent(grave) == "A1"
            await until(lambda: desk.incident(minor).proposal is not None)
            assert desk.incident(minor).proposal.units[0].candidate.unit == "A2"


class TestDecidingAgain:
    async def test_when_a_unit_frees(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, ONE) as desk:
            first = await desk.report()
            assert await desk.sent(first) == "A1"
            second = await desk.report()
            assert await desk.unmet(second) == "all_units_busy"
            await desk.press("A1", S.ON_SCENE)
            await desk.press("A1", S.AVAILABLE)
            assert await desk.sent(second) == "A1"

    async def test_when_a_unit_frees_beside_a_proposal_that_waits(self, tmp_path: Path) -> None:
        """What waits for a word leaves needs unmet: they do not wait with it."""
        units = fleet([unit("A1", ALS), unit("B1", BLS), unit("B2", BLS)])
        async with desk_in(tmp_path, units) as desk:
            for name in ("B1", "B2"):
                await desk.press(name, S.OFF_DUTY)
            e = await desk.report("crash")
            await desk.becomes(e, Proposed)
            assert await desk.unmet(e, "bls-1") == "all_units_busy"
            await desk.press("B1", S.AVAILABLE)
            await desk.becomes(e, Proposed, "bls-1")
            await desk.settled()
            proposal = desk.incident(e).proposal
            assert proposal is not None
            assert [u.candidate.unit for u in proposal.units] == ["A1", "B1"]
            assert await desk.unmet(e, "bls-2") == "units_sent_to_graver_needs"
            withdrawn = [
                r.fact for r in await desk.facts() if isinstance(r.fact, ProposalWithdrawn)
            ]
            assert [w.reason.code for w in withdrawn] == ["more_can_go"]

    async def test_streets_that_keep_changing_keep_nobody_waiting(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        solve = desk.proposer._solve

        def slowly(*args: object) -> object:
            time.sleep(0.15)
            return solve(*args)

        monkeypatch.setattr(desk.proposer, "_solve", slowly)
        e = await desk.report()
        for number in range(40):
            await desk.close_street((number,))
            await asyncio.sleep(0.05)
            if isinstance(desk.fate(e), Assigned):
                break
        assert isinstance(desk.fate(e), Assigned)

    async def test_when_a_shift_starts(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, ONE) as desk:
            await desk.press("A1", S.OFF_DUTY)
            e = await desk.report()
            assert await desk.unmet(e) == "all_units_busy"
            await desk.press("A1", S.AVAILABLE)
            assert await desk.sent(e) == "A1"

    async def test_when_a_unit_comes_into_the_fleet(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, fleet([unit("B1", BLS)])) as desk:
            e = await desk.report()
            assert await desk.unmet(e) == "no_capable_unit"
            await desk.engine.submit(TWO)
            assert await desk.sent(e) == "A1"

    async def test_when_a_road_opens(self, desk: Desk) -> None:
        condition = await desk.close_street(around(MIDBLOCK), effect=Closed(impassable=True))
        e = await desk.report(point=MIDBLOCK)
        assert await desk.unmet(e) == "unreachable"
        await desk.engine.submit(EndCondition(condition, "cad"))
        await desk.sent(e)

    async def test_a_crash_that_closes_streets_around_it_gets_help(self, desk: Desk) -> None:
        snap = STREETS.snap(MIDBLOCK)
        assert snap is not None
        both = {snap.edge, int(STREETS.network.edge_twin[snap.edge])}
        condition = await desk.close_street(tuple(sorted(both | set(around(MIDBLOCK)))))
        e = await desk.report(point=MIDBLOCK)
        await desk.sent(e)
        (order,) = desk.engine.state.emergency.assignments.values()
        assert Remark("street_closed", {"condition": condition}) in order.why

    async def test_when_a_closure_comes_to_its_end(self, desk: Desk) -> None:
        broken = Closed(impassable=True)
        await desk.close_street(around(MIDBLOCK), end=after(60), effect=broken)
        e = await desk.report(point=MIDBLOCK)
        assert await desk.unmet(e) == "unreachable"
        desk.clock.advance(59.9)
        await asyncio.sleep(0.1)
        assert len(desk.engine.state.conditions.in_force) == 1
        desk.clock.advance(0.1)
        await desk.sent(e)
        assert desk.engine.state.conditions.in_force == {}

    async def test_when_a_unit_breaks_down_on_the_way(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, TWO) as desk:
            e = await desk.report("cardiac", at(0, 1))
            assert await desk.sent(e) == "A1"
            await desk.press("A1", S.EN_ROUTE)
            await desk.press("A1", S.OUT_OF_SERVICE, "flat tyre")
            await until(lambda: desk.engine.state.fleet.units[UnitId("A2")].holder is not None)
            assert await desk.sent(e) == "A2"

    async def test_also_while_another_unit_of_it_waits_for_a_word(self, desk: Desk) -> None:
        e = await desk.report("crash", at(0, 1))
        await desk.becomes(e, Proposed)
        chosen = desk.incident(e).proposal
        await desk.engine.submit(ConfirmProposal(e, chosen.proposal_id))
        lost = chosen.units[:2]
        for sent in lost:
            await desk.press(sent.candidate.unit, S.OUT_OF_SERVICE, "flat tyre")
            await desk.settled()
        assert {n.need_id for n in desk.incident(e).needs if n.open} == {u.need_id for u in lost}
        assert not any(isinstance(n.fate, Deciding) for n in desk.incident(e).needs)

    async def test_an_order_taken_back_does_not_send_the_same_unit_again(
        self, tmp_path: Path
    ) -> None:
        async with desk_in(tmp_path, ONE) as desk:
            e = await desk.report()
            await desk.sent(e)
            (order,) = desk.engine.state.emergency.assignments
            await desk.engine.submit(CancelAssignment(order, "wrong address"))
            assert await desk.unmet(e) == "order_was_taken_back"
            await desk.press("A1", S.AVAILABLE)
            await desk.settled()
            assert await desk.unmet(e) == "order_was_taken_back"
            other = await desk.report()
            assert await desk.sent(other) == "A1"

    async def test_a_promised_unit_that_breaks_down_is_replaced(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, TWO) as desk:
            e = await desk.report("fall", at(0, 1))
            await desk.becomes(e, Proposed, "bls-1")
            await desk.press("A1", S.OUT_OF_SERVICE, "flat tyre")
            await until(
                lambda: (
                    (p := desk.incident(e).proposal) is not None
                    and p.units[0].candidate.unit == "A2"
                )
            )

    async def test_when_a_unit_was_lost_by_its_terminal_and_is_seen_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A position is no fact: what is open is looked at again all the same."""
        monkeypatch.setattr(module, "AGAIN_S", 0.05)
        async with desk_in(tmp_path, ONE) as desk:
            desk.engine.observe({UnitId("A1"): Position(at(500, 500), NOW)})
            e = await desk.report()
            assert await desk.unmet(e) == "unreachable"
            desk.engine.observe({UnitId("A1"): Position(at(0, 1), NOW)})
            assert await desk.sent(e) == "A1"


class TestQuiet:
    async def test_nothing_is_decided_over_and_over(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, ONE) as desk:
            for _ in range(3):
                await desk.report()
            await desk.settled()
            solved = watch_solving(desk.proposer)
            revision = desk.engine.state.revision
            await asyncio.sleep(0.3)
            assert (desk.engine.state.revision, len(solved)) == (revision, 0)

    async def test_presses_that_change_no_fate_make_no_decision(self, tmp_path: Path) -> None:
        """Storms feed on facts about facts."""
        declared = fleet([unit("A1", ALS), *(unit(f"B{i}", BLS) for i in range(9))])
        async with desk_in(tmp_path, declared) as desk:
            for i in range(20):
                await desk.report(point=at(i % 9, 2))
            await desk.settled()
            made = sum(isinstance(r.fact, DecisionMade) for r in await desk.facts())
            for i in range(9):
                await desk.press(f"B{i}", S.OFF_DUTY)
                await asyncio.sleep(0.03)
            await desk.settled()
            assert sum(isinstance(r.fact, DecisionMade) for r in await desk.facts()) == made

    async def test_a_closed_incident_is_not_decided(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, fleet([unit("B1", BLS)])) as desk:
            e = await desk.report()
            await desk.unmet(e)
            await desk.engine.submit(CloseIncident(e, "resolved"))
            await desk.engine.submit(TWO)
            await desk.settled()
            assert desk.engine.state.emergency.incidents == {}


def watch_solving(proposer: Proposer) -> list[object]:
    """Each time that the proposer solves from now on."""
    solved: list[object] = []
    solve = proposer._solve

    def watched(*args: object) -> DecisionMade | None:
        solved.append(args)
        return solve(*args)

    proposer._solve = watched
    return solved


class TestTrouble:
    async def test_a_condition_that_somebody_else_ended(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between looking and ending it is gone: refused, and the proposer lives."""
        refused: list[object] = []
        submit = desk.engine.submit

        async def watched(command: object, **more: object) -> Done:
            try:
                return await submit(command, **more)
            except NotFoundError as error:
                refused.append(error)
                raise

        monkeypatch.setattr(desk.engine, "submit", watched)
        gone = (ConditionId("C000009"),)
        monkeypatch.setattr(module.conditions, "due_to_end", lambda *_: gone)
        await until(lambda: len(refused) > 2)
        await desk.sent(await desk.report())

    async def test_what_failed_is_tried_again(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(module, "AGAIN_S", 0.05)
        failures = iter(range(3))
        solve = desk.proposer._solve

        def failing(*args: object) -> DecisionMade | None:
            if next(failures, None) is not None:
                raise OSError("the network file has gone")
            return solve(*args)

        monkeypatch.setattr(desk.proposer, "_solve", failing)
        with caplog.at_level(logging.CRITICAL, "dispatch.proposer"):
            await desk.sent(await desk.report())

    async def test_a_failed_journal_ends_it(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.CRITICAL, "dispatch"):
            await desk.becomes(await desk.report("crash"), Proposed)
            desk.disk.broken = disk_full()
            desk.clock.advance(121)
            await until(desk.proposer._task.done)
        assert "nothing more is proposed" in caplog.text

    async def test_it_can_be_stopped_while_it_solves(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        solving = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(*_: object) -> None:
            loop.call_soon_threadsafe(solving.set)
            time.sleep(0.2)

        monkeypatch.setattr(desk.proposer, "_solve", slow)
        await desk.report()
        await asyncio.wait_for(solving.wait(), 5)
        await asyncio.wait_for(desk.proposer.stop(), 5)

    async def test_it_can_be_stopped_before_it_was_started(self, desk: Desk) -> None:
        await Proposer(desk.engine, STREETS, ProposeSettings(), "config").stop()


class TestRecommend:
    async def test_it_changes_nothing(self, desk: Desk) -> None:
        e = await desk.report("crash", at(0, 1))
        await desk.becomes(e, Proposed)
        await desk.settled()
        state, before = desk.engine.state, state_hash(desk.engine.state)
        scene = desk.proposer._scene(state)
        asked = opened(scene, desk.incident(e))
        decision, rankings = await desk.proposer.recommend(state, asked, limit=2)
        assert [r.need.need_id for r in rankings] == ["als-1", "bls-1", "bls-2"]
        assert {i for i, _ in decision.unmet} <= {e}
        await desk.settled()
        assert desk.engine.state is state
        assert state_hash(state) == before

    async def test_units_promised_elsewhere_stay_promised(self, tmp_path: Path) -> None:
        async with desk_in(tmp_path, ONE) as desk:
            minor = await desk.report("fall", priority=2)
            await desk.becomes(minor, Proposed, "bls-1")
            other = desk.incident(minor)
            scene = desk.proposer._scene(desk.engine.state)
            asked = opened(scene, other)
            _, (ranking,) = await desk.proposer.recommend(desk.engine.state, asked, limit=5)
            assert ranking.ruled_out == (("A1", Remark("unit_promised", {"priority": "2"})),)

    async def test_positions_of_this_moment_are_used(self, desk: Desk) -> None:
        e = await desk.report("fall", at(9, 0))
        await desk.becomes(e, Proposed, "bls-1")
        desk.engine.observe({UnitId("A1"): Position(at(9, 0), NOW)})
        described = opened(desk.proposer._scene(desk.engine.state), desk.incident(e))
        state = desk.engine.state
        _, (ranking,) = await desk.proposer.recommend(state, described, limit=1)
        assert ranking.candidates[0].unit == "A1"
        assert ranking.candidates[0].travel_s == 0
