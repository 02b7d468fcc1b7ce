"""Values that no mapping knows, counted."""

from dispatch.emergency.events import RequestRepeated, UnmappedValueKept
from dispatch.state import Recorded
from dispatch.views.unmapped import UnmappedValue, UnmappedValues
from tests.dispatch.builders import after


def values_of(*kept: tuple[float, str, str, str]) -> UnmappedValues:
    values = UnmappedValues()
    for revision, (seconds, client, field, value) in enumerate(kept, start=1):
        fact = UnmappedValueKept(client, field, value)
        values.observe(Recorded(revision, after(seconds), after(seconds), fact))
    return values


def test_the_same_value_is_counted() -> None:
    values = values_of(
        (0, "cad", "unit", "沪A"), (5, "cad", "unit", "沪A"), (9, "cad", "unit", "沪A")
    )
    assert values.all() == [UnmappedValue("cad", "unit", "沪A", 3, after(0), after(9))]


def test_clients_fields_and_values_are_told_apart_and_sorted() -> None:
    kept = [("cad", "unit", "B"), ("app", "unit", "A"), ("cad", "type", "A"), ("cad", "unit", "A")]
    values = values_of(*((0, *key) for key in kept))
    assert [(v.client, v.field, v.value) for v in values.all()] == sorted(kept)


def test_other_facts_are_none_of_its_business() -> None:
    values = UnmappedValues()
    values.observe(Recorded(1, after(0), after(0), RequestRepeated("cad", "1")))
    assert values.all() == []
