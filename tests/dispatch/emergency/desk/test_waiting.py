"""Proposals that lose their ground."""

from dispatch.emergency.commands import (
    WithdrawProposal,
)
from dispatch.emergency.events import (
    ProposalWithdrawn,
)
from dispatch.emergency.model import (
    Deciding,
)
from dispatch.model import (
    AssignmentState,
    IncidentId,
    Remark,
)
from tests.dispatch.builders import (
    BLS,
    UNITS,
    DeskAtHand,
    fleet,
    unit,
)
from tests.dispatch.emergency.desk.asking import S, assignments, fates, press, reasons


class TestWithdraw:
    def test_its_needs_are_decided_again(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        waiting = desk.propose(e, {"als-1": "A1"})
        facts = desk.do(WithdrawProposal(e, waiting, Remark("expired")))
        assert facts == (ProposalWithdrawn(waiting, e, Remark("expired")),)
        assert set(fates(desk, e).values()) == {Deciding()}

    def test_one_that_no_longer_stands_is_no_news(self, desk: DeskAtHand) -> None:
        e = desk.report("crash")
        old = desk.propose(e, {"als-1": "A1"})
        desk.do(WithdrawProposal(e, old, Remark("expired")))
        desk.propose(e, {"als-1": "A1"})
        for incident in (e, IncidentId("E9")):
            assert desk.do(WithdrawProposal(incident, old, Remark("expired"))) == ()


class TestFleetDeclared:
    def test_proposals_lose_units_that_are_gone(self, desk: DeskAtHand) -> None:
        gone, lacks, fine = desk.report("crash"), desk.report("crash"), desk.report("fire")
        desk.propose(gone, {"als-1": "A1", "bls-1": "B1"})
        desk.propose(lacks, {"als-1": "A2"})
        waiting = desk.propose(fine, {"pump-1": "P1"})
        left = [u for u in UNITS if u.unit_id not in ("A1", "A2", "B1")]
        facts = desk.do(fleet([*left, unit("A2", BLS)]))
        assert reasons(facts) == [
            Remark("unit_unknown", {"value": "A1"}),
            Remark("capability_missing", {"capability": "als"}),
        ]
        assert desk.incident(fine).proposal.proposal_id == waiting

    def test_a_unit_that_is_gone_finishes_its_order_and_takes_no_other(
        self, desk: DeskAtHand
    ) -> None:
        e = desk.report("cardiac")
        desk.propose(e, {"als-1": "A1"})
        desk.do(fleet([u for u in UNITS if u.unit_id != "A1"]))
        desk.do(press("A1", S.ON_SCENE))
        desk.do(press("A1", S.AVAILABLE))
        assert assignments(desk)[0].state is AssignmentState.COMPLETED
        assert desk.propose(desk.report("cardiac"), {"als-1": "A1"}) is None
