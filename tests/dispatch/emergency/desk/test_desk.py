"""Deciding as such."""

import pytest
from msgspec.structs import replace

from dispatch.emergency.commands import (
    CloseIncident,
    ConfirmProposal,
)
from dispatch.model import (
    NeedId,
    ProposalId,
)
from tests.dispatch.builders import (
    ALS,
    LADDER,
    PUMP,
    DeskAtHand,
)
from tests.dispatch.emergency.desk.asking import fates


def test_an_unknown_command_is_a_mistake_of_ours(desk: DeskAtHand) -> None:
    with pytest.raises(TypeError, match="no such command: NeedId"):
        desk.try_out(type("NeedId", (), {})())


@pytest.mark.parametrize("needs", [(ALS,), (PUMP, LADDER)])
def test_deciding_changes_nothing_in_place(desk: DeskAtHand, needs: tuple[str, ...]) -> None:
    e = desk.report("crash")
    desk.propose(e, {"als-1": "A1"})
    before = desk.state
    copy = replace(before)
    desk.try_out(ConfirmProposal(e, ProposalId("P000001")))
    desk.try_out(CloseIncident(e, "resolved"))
    assert desk.state is before
    assert before == copy
    assert NeedId("als-1") in fates(desk, e)
