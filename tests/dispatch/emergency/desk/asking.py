"""What the tests of the desk ask of it."""

import pytest

from dispatch.emergency.commands import (
    PressStatus,
)
from dispatch.emergency.events import (
    ProposalWithdrawn,
)
from dispatch.emergency.model import (
    Assignment,
    Fate,
    Override,
)
from dispatch.errors import (
    DispatchError,
)
from dispatch.model import (
    Holder,
    Origin,
    Remark,
    UnitId,
    UnitStatus,
)
from dispatch.state import Fact
from tests.dispatch.builders import (
    DeskAtHand,
)

S = UnitStatus
LOCAL = Override("local_knowledge", "the bridge is up")


TOLD = Origin(external_id="X7", source="cad")


def refused(desk: DeskAtHand, command: object, kind: type[DispatchError]) -> DispatchError:
    """The refusal of a command; nothing has changed."""
    before = desk.state
    with pytest.raises(kind) as refusal:
        desk.do(command)
    assert desk.state == before
    assert all(isinstance(v, str) for v in refusal.value.details.values())
    return refusal.value


def kinds(facts: tuple[Fact, ...]) -> list[type]:
    return [type(fact) for fact in facts]


def fates(desk: DeskAtHand, incident: str) -> dict[str, Fate]:
    return {need.need_id: need.fate for need in desk.incident(incident).needs}


def assignments(desk: DeskAtHand, incident: str | None = None) -> list[Assignment]:
    every = desk.state.emergency.assignments.values()
    return [a for a in every if incident in (None, a.incident)]


def status(desk: DeskAtHand, unit_id: str) -> UnitStatus:
    return desk.state.fleet.units[UnitId(unit_id)].status


def holder(desk: DeskAtHand, unit_id: str) -> Holder | None:
    return desk.state.fleet.units[UnitId(unit_id)].holder


def press(unit_id: str, pressed: UnitStatus, reason: str = "") -> PressStatus:
    return PressStatus(UnitId(unit_id), pressed, reason)


def reasons(facts: tuple[Fact, ...]) -> list[Remark]:
    """Why proposals were withdrawn."""
    return [fact.reason for fact in facts if isinstance(fact, ProposalWithdrawn)]
