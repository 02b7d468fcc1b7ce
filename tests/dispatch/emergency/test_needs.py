"""What an incident needs, and what a correction makes of it."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dispatch.emergency.model import UNCLASSIFIED, Assigned, Deciding, Need, Proposed, Unmet
from dispatch.emergency.needs import needs_of
from dispatch.emergency.plans import PlannedNeed, ResponsePlan
from dispatch.model import AssignmentId, Capability, NeedId, ProposalId, Remark
from tests.dispatch.builders import ALS, BLS, LADDER, PUMP, SCENE

UNRESOLVED = Unmet(Remark("location_unresolved"))


def plan(**needs: int) -> ResponsePlan:
    return ResponsePlan(1, tuple(PlannedNeed(Capability(c), n) for c, n in needs.items()), 480)


def assigned(need_id: str, number: int = 1) -> Need:
    capability = Capability(need_id.rpartition("-")[0])
    return Need(NeedId(need_id), capability, Assigned(AssignmentId(f"D{number:06d}")))


def ids(needs: tuple[Need, ...]) -> list[str]:
    return [need.need_id for need in needs]


def test_one_need_a_unit_in_the_order_of_the_plan() -> None:
    needs = needs_of(plan(pump=2, ladder=1), SCENE)
    assert ids(needs) == ["pump-1", "pump-2", "ladder-1"]
    assert [need.capability for need in needs] == [PUMP, PUMP, LADDER]
    assert all(need.fate == Deciding() for need in needs)


def test_without_a_place_nobody_can_go() -> None:
    assert [need.fate for need in needs_of(plan(als=2), None)] == [UNRESOLVED, UNRESOLVED]


def test_without_a_type_there_is_one_need_that_nobody_serves() -> None:
    (need,) = needs_of(None, SCENE)
    assert (need.capability, need.fate) == (UNCLASSIFIED, Unmet(Remark("type_unmapped")))


def test_units_on_their_way_count_towards_the_plan() -> None:
    needs = needs_of(plan(pump=3), SCENE, (assigned("pump-2"),))
    assert ids(needs) == ["pump-2", "pump-1", "pump-3"]
    assert needs[0] == assigned("pump-2")


def test_open_needs_are_made_anew() -> None:
    kept = (
        Need(NeedId("als-1"), ALS, Proposed(ProposalId("P000001"))),
        Need(NeedId("als-2"), ALS, Unmet(Remark("all_units_busy"))),
    )
    assert needs_of(plan(als=1), SCENE, kept) == (Need(NeedId("als-1"), ALS),)


def test_a_unit_beyond_the_plan_is_surplus_until_the_plan_wants_it() -> None:
    kept = (assigned("pump-1", 1), assigned("pump-2", 2))
    needs = needs_of(plan(pump=1, als=1), SCENE, kept)
    assert [(n.need_id, n.surplus) for n in needs] == [
        ("pump-1", False),
        ("pump-2", True),
        ("als-1", False),
    ]
    assert not any(n.surplus for n in needs_of(plan(pump=2), SCENE, needs))


PLANS = st.dictionaries(st.sampled_from([ALS, BLS, PUMP]), st.integers(1, 4))


@given(st.lists(PLANS, min_size=1, max_size=5), st.data())
def test_however_often_it_is_corrected(
    plans: list[dict[Capability, int]], data: st.DataObject
) -> None:
    """Ids are unique, nobody on the way is lost, and the plan's counts are met exactly."""
    needs: tuple[Need, ...] = ()
    number = 0
    for wanted in plans:
        before = [n for n in needs if not n.open]
        needs = needs_of(plan(**wanted), SCENE, needs)
        assert len(set(ids(needs))) == len(needs)
        assert ids(tuple(n for n in needs if not n.open)) == ids(tuple(before))
        on_their_way = Counter(n.capability for n in before)
        assert Counter(n.capability for n in needs) == on_their_way | Counter(wanted)
        assert sum(n.surplus for n in needs) == (on_their_way - Counter(wanted)).total()
        for need in data.draw(st.lists(st.sampled_from([n for n in needs if n.open] or [None]))):
            if need is not None:
                number += 1
                fate = Assigned(AssignmentId(f"D{number:06d}"))
                needs = tuple(
                    Need(n.need_id, n.capability, fate) if n.need_id == need.need_id else n
                    for n in needs
                )
