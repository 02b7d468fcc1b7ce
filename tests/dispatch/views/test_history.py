"""Closed incidents after the state has let them go."""

from msgspec.structs import replace

from dispatch.emergency.commands import CloseIncident, OverrideProposal, UnitForNeed
from dispatch.emergency.events import IncidentClosed
from dispatch.emergency.model import Override
from dispatch.model import IncidentId, UnitId
from dispatch.state import Recorded, evolve, initial_state
from dispatch.views.history import History
from tests.dispatch.builders import DeskAtHand, after


def history_of(desk: DeskAtHand, keep: int = 50_000) -> History:
    """As an engine builds it, at work and when it reads its journal."""
    history, state = History(keep), initial_state()
    for recorded in desk.facts:
        history.observe(recorded, state)
        state = evolve(state, recorded)
    return history


def test_an_incident_as_it_ended() -> None:
    desk = DeskAtHand()
    e, other = desk.report("crash"), desk.report("cardiac")
    units = tuple(UnitForNeed(UnitId(u)) for u in ("A1", "B1"))
    desk.do(OverrideProposal(e, units, Override("other")))
    desk.propose(other, {"als-1": "A2"})
    desk.propose(e, {"bls-2": "B2"})
    desk.do(CloseIncident(e, "resolved"), at=after(900))
    found = history_of(desk).get(e)
    assert found is not None
    assert (found.incident.closed, found.incident.outcome) == (after(900), "resolved")
    assert (found.incident.proposal, found.incident.changed) == (None, desk.state.revision)
    assert [(a.unit, a.ended, a.active) for a in found.assignments] == [
        ("A1", after(900), False),
        ("B1", after(900), False),
    ]


def test_open_and_unknown_incidents_are_not_there() -> None:
    desk = DeskAtHand()
    e = desk.report()
    history = history_of(desk)
    assert history.get(e) is None
    assert history.get(IncidentId("E9")) is None
    assert history.all() == []


def test_the_oldest_closed_are_forgotten() -> None:
    desk = DeskAtHand()
    ids = [desk.report() for _ in range(4)]
    for e in (ids[2], ids[0], ids[1], ids[3]):
        desk.do(CloseIncident(e, "resolved"))
    history = history_of(desk, keep=2)
    assert [c.incident.incident_id for c in history.all()] == [ids[1], ids[3]]
    assert history.get(ids[2]) is None


def test_they_are_listed_by_number() -> None:
    """After a million incidents ids grow longer."""
    desk = DeskAtHand()
    desk.state = replace(desk.state, emergency=replace(desk.state.emergency, next_incident=999_999))
    history = History()
    for e in reversed([desk.report() for _ in range(2)]):
        (fact,) = desk.try_out(CloseIncident(e, "resolved"))
        assert isinstance(fact, IncidentClosed)
        history.observe(Recorded(desk.state.revision + 1, after(0), after(0), fact), desk.state)
    listed = [c.incident.incident_id for c in history.all()]
    assert listed == ["E999999", "E1000000"]
