"""The fold: pure, exact, and the same after the journal."""

import copy
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from random import Random
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dispatch.conditions.desk import (
    EndConditions,
    SetCondition,
    SetConditions,
    StartConditions,
    decide,
)
from dispatch.conditions.events import ConditionEnded, ConditionSet
from dispatch.conditions.model import Closed, Condition, Flooded, StreetsNamed
from dispatch.emergency.commands import (
    AcknowledgeAssignment,
    CancelAssignment,
    CloseIncident,
    ConfirmProposal,
    PressStatus,
    RecordAssignment,
    RecordDecision,
    UpdateIncident,
    WithdrawProposal,
)
from dispatch.emergency.events import RequestRepeated, UnmappedValueKept
from dispatch.fleet.events import UnitReserved
from dispatch.model import (
    AssignmentId,
    ConditionId,
    Holder,
    IncidentId,
    Origin,
    RawPoint,
    Remark,
    UnitId,
    UnitStatus,
)
from dispatch.state import (
    Fact,
    Recorded,
    State,
    decode,
    encode,
    evolve,
    initial_state,
    state_hash,
)
from roadnets.geo import CoordinateSystem, LonLat
from roadnets.travel import TravelMode
from tests.dispatch.builders import NOW, SCENE, DeskAtHand, after, at, decision, place, report

CLOSURE = Condition(
    ConditionId("C000001"),
    StreetsNamed(street_names=("北京路",)),
    (3, 4),
    tuple(TravelMode),
    "flood",
    NOW,
    after(600),
)

WHEN = b'{"revision":1,"occurred":"2026-07-20T08:00:00Z","recorded":"2026-07-20T08:00:00Z",'


def a_day() -> DeskAtHand:
    """A little of everything."""
    desk = DeskAtHand()
    desk.record(ConditionSet(CLOSURE), at=after(1))
    cardiac, crash, fall = desk.report("cardiac"), desk.report("crash"), desk.report(None, None)
    desk.propose(cardiac, {"als-1": "A1"})
    desk.do(PressStatus(UnitId("A1"), UnitStatus.EN_ROUTE), at=after(61.5))
    desk.do(PressStatus(UnitId("A1"), UnitStatus.ON_SCENE), at=after(200))
    waiting = desk.propose(crash, {"als-1": "A2", "bls-1": "B1"})
    desk.do(ConfirmProposal(crash, waiting), at=after(30))
    desk.do(AcknowledgeAssignment(AssignmentId("D000003")), at=after(40))
    desk.do(CancelAssignment(AssignmentId("D000003"), "nearer crew"))
    desk.do(RecordAssignment(crash, UnitId("B2"), "B2", Origin("X1", "cad")))
    desk.do(RecordDecision(decision(desk.state.revision, unmet={crash: {"bls-2": "unreachable"}})))
    desk.do(UpdateIncident(fall, place(at(4, 4)), "fall", patients=2))
    desk.do(PressStatus(UnitId("A1"), UnitStatus.EN_ROUTE), at=after(70))
    desk.do(PressStatus(UnitId("P1"), UnitStatus.OUT_OF_SERVICE, "爆胎", after(7200)))
    waiting = desk.propose(fall, {"bls-1": "B1"})
    desk.do(WithdrawProposal(fall, waiting, Remark("expired")))
    desk.record(RequestRepeated("cad", "1"), UnmappedValueKept("cad", "unit", "沪A"))
    desk.record(ConditionEnded(CLOSURE.condition_id, "end_time"))
    water = SetCondition(StreetsNamed(edges=(5,)), (5,), (), "rain", effect=Flooded(0.4))
    third, second = ConditionId("C000003"), ConditionId("C000002")
    for command in (
        SetConditions((water, replace(water, start=after(900)))),
        StartConditions((third,)),
        EndConditions((third, second), "cad"),
    ):
        desk.record(*decide(desk.state.conditions, command, NOW), at=after(300))
    desk.do(CloseIncident(crash, "resolved"))
    return desk


def refold(desk: DeskAtHand) -> State:
    state = initial_state()
    for recorded in desk.facts:
        state = evolve(state, decode(encode(recorded)))
    return state


def test_each_fact_has_the_next_revision() -> None:
    desk = a_day()
    assert [r.revision for r in desk.facts] == list(range(1, len(desk.facts) + 1))
    assert desk.state.revision == len(desk.facts)


def test_a_day_holds_every_kind_of_fact() -> None:
    """So that the tests below speak of all of them."""
    kinds = {type(recorded.fact) for recorded in a_day().facts}
    assert kinds == set(Fact.__args__)


def test_the_same_facts_give_the_same_state() -> None:
    desk = a_day()
    assert refold(desk) == desk.state
    assert state_hash(refold(desk)) == state_hash(desk.state)
    assert [state_hash(a_day().state) for _ in range(2)] == [state_hash(desk.state)] * 2


def test_evolving_leaves_the_state_before_as_it_was() -> None:
    state = initial_state()
    for recorded in a_day().facts:
        before, kept = state_hash(state), copy.deepcopy(state)
        following = evolve(state, recorded)
        assert state_hash(state) == before
        assert state == kept
        assert following.revision == recorded.revision
        state = following


def test_every_fact_changes_the_hash() -> None:
    """Also those that only the journal is interested in: the revision goes on."""
    state, hashes = initial_state(), set()
    for recorded in a_day().facts:
        state = evolve(state, recorded)
        hashes.add(state_hash(state))
    assert len(hashes) == state.revision


def test_facts_in_another_order_give_another_state_or_none() -> None:
    desk = DeskAtHand()
    desk.report("cardiac", at(1, 1))
    desk.report("cardiac", at(2, 2))
    swapped = [desk.facts[0], desk.facts[2], desk.facts[1]]
    state = initial_state()
    for revision, recorded in enumerate(swapped, start=1):
        state = evolve(state, replace(recorded, revision=revision))
    assert state_hash(state) != state_hash(desk.state)


def test_the_hash_does_not_depend_on_the_order_of_insertion() -> None:
    state = a_day().state
    random = Random(1)

    def shuffled(mapping: dict) -> dict:
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    for _ in range(5):
        turned = replace(
            state,
            fleet=replace(
                state.fleet,
                units=shuffled(state.fleet.units),
                stations=shuffled(state.fleet.stations),
                hospitals=shuffled(state.fleet.hospitals),
            ),
            emergency=replace(
                state.emergency,
                incidents=shuffled(state.emergency.incidents),
                assignments=shuffled(state.emergency.assignments),
            ),
        )
        assert turned == state
        assert state_hash(turned) == state_hash(state)


def test_details_of_remarks_are_hashed_in_one_order() -> None:
    one = Remark("late", {"a": "1", "b": "2"})
    other = Remark("late", {"b": "2", "a": "1"})
    encoded = [encode(Recorded(1, NOW, NOW, _reported(flag))) for flag in (one, other)]
    assert encoded[0] == encoded[1]


def _reported(*flags: Remark) -> Fact:
    (fact,) = DeskAtHand().try_out(report("fall", flags=flags))
    return fact


def test_hash_of_an_empty_desk() -> None:
    """Pinned: a change of the encoding would make every journal's hashes wrong."""
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert state_hash(initial_state()).hex() == digest


def test_a_fact_as_it_is_written() -> None:
    """Pinned: old journals are read by newer code."""
    fact = UnitReserved(UnitId("A1"), Holder(IncidentId("E000001"), AssignmentId("D000001")))
    assert encode(Recorded(7, after(-5), NOW, fact)) == (
        b'{"revision":7,"occurred":"2026-07-20T07:59:55Z","recorded":"2026-07-20T08:00:00Z",'
        b'"fact":{"type":"UnitReserved","unit":"A1",'
        b'"holder":{"incident":"E000001","assignment":"D000001"}}}'
    )


def test_a_journal_that_knew_closures_alone() -> None:
    """Pinned, as version 0.1 wrote and hashed it."""
    body = (
        WHEN
        + (
            '"fact":{"type":"ConditionSet","closure":{"condition_id":"C000001",'
            '"streets":{"street_names":["北京路"]},"edges":[3,4],"modes":["blue_light","civilian"],'
            '"reason":"flood","start":"2026-07-20T08:00:00Z","end":"2026-07-20T08:10:00Z",'
            '"origin":{"source":"cad"}}}}'
        ).encode()
    )
    recorded = decode(body)
    assert encode(recorded) == body
    state = evolve(initial_state(), recorded)
    assert state.conditions.in_force[ConditionId("C000001")].effect == Closed()
    assert state_hash(state).hex() == (
        "c781d71e23ee18f1e2977e7e9f43b16a5e209e078ca37cda17a489c8dc5e6c5b"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"revision":1}',
        WHEN + b'"fact":{"type":"UnitVanished"}}',
        WHEN + b'"fact":{"type":"UnitReleased","unit":"A1","colour":"red"}}',
    ],
)
def test_what_is_no_fact_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(body)


def test_other_time_zones_survive() -> None:
    told = datetime(2026, 7, 20, 16, 0, tzinfo=timezone(timedelta(hours=8)))
    recorded = Recorded(1, told, NOW, _reported())
    assert decode(encode(recorded)) == recorded
    assert encode(decode(encode(recorded))) == encode(recorded)


# Every fact there is, built by chance

PLAIN = {
    bool: st.booleans(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    float: st.floats(-180, 180, allow_nan=False),
    int: st.integers(0, 2**53),
    str: st.text(max_size=4),
    type(None): st.none(),
}


def anything(kind: Any) -> st.SearchStrategy:
    """Values of a type as facts use them, all their fields given."""
    kind = getattr(kind, "__supertype__", kind)
    inner = get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*map(anything, inner))
    if get_origin(kind) is dict:
        return st.dictionaries(*map(anything, inner), max_size=2)
    if get_origin(kind) is tuple and inner[1:] == (...,):
        return st.lists(anything(inner[0]), max_size=2).map(tuple)
    if get_origin(kind) is tuple:
        return st.tuples(*map(anything, inner))
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    if kind is LonLat:
        return st.builds(LonLat, PLAIN[float], PLAIN[float])
    return st.builds(kind, **{f.name: anything(f.type) for f in msgspec.structs.fields(kind)})


@pytest.mark.parametrize("kind", Fact.__args__)
def test_any_fact_comes_back_as_it_was_written(kind: type) -> None:
    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.builds(Recorded, PLAIN[int], PLAIN[datetime], PLAIN[datetime], anything(kind)))
    def check(recorded: Recorded) -> None:
        body = encode(recorded)
        assert decode(body) == recorded
        assert encode(decode(body)) == body

    check()


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(anything(State))
def test_any_state_is_told_by_its_encoding(state: State) -> None:
    """A standby that was given the state instead of the facts has the same hash."""
    assert state_hash(msgspec.json.decode(msgspec.json.encode(state), type=State)) == state_hash(
        state
    )


def test_points_survive() -> None:
    raw = RawPoint(116.123456789012, 39.1, CoordinateSystem.GCJ02, 25.0)
    located = replace(place(SCENE), raw_point=raw, location=LonLat(116.1, 39.2))
    (fact,) = DeskAtHand().try_out(replace(report("fall"), place=located))
    back = decode(encode(Recorded(1, NOW, NOW, fact))).fact.incident
    assert (back.raw_point, back.location) == (raw, LonLat(116.1, 39.2))
    assert isinstance(back.location, LonLat)
