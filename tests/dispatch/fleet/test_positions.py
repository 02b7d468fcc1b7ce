"""The book of positions."""

from dispatch.fleet.positions import Position, PositionBook
from dispatch.model import UnitId
from tests.dispatch.builders import after, at

A1, A2 = UnitId("A1"), UnitId("A2")


def seen(seconds: float, column: float = 0) -> Position:
    return Position(at(0, column), after(seconds))


def test_the_newest_position_stays() -> None:
    book = PositionBook()
    assert book.observe(A1, seen(0))
    assert book.observe(A1, seen(10, column=1))
    assert not book.observe(A1, seen(5, column=2))
    assert book.last(A1) == seen(10, column=1)


def test_of_two_at_the_same_instant_the_later_told_stays() -> None:
    book = PositionBook()
    book.observe(A1, seen(0, column=1))
    assert book.observe(A1, seen(0, column=2))
    assert book.last(A1) == seen(0, column=2)


def test_unknown_units_have_none() -> None:
    assert PositionBook().last(A1) is None


def test_a_snapshot_does_not_follow() -> None:
    book = PositionBook({A1: seen(0)})
    snapshot = book.snapshot()
    book.observe(A1, seen(10))
    assert snapshot == {A1: seen(0)}


def test_the_book_keeps_its_own_copy() -> None:
    last = {A1: seen(0)}
    book = PositionBook(last)
    last.clear()
    assert book.last(A1) == seen(0)


def test_how_a_unit_came_is_kept_for_a_while() -> None:
    book = PositionBook({A1: seen(0)})
    for second in (10, 20, 30):
        book.observe(A1, seen(second, column=second))
    book.observe(A1, seen(5, column=99))
    (track,) = book.tracks().values()
    assert [fix.point for fix in track] == [at(0, 10), at(0, 20), at(0, 30)]


def test_what_is_no_speed_of_a_vehicle_counts_as_none() -> None:
    book = PositionBook()
    book.observe(A1, Position(at(0, 0), after(0), heading_deg=90.0, speed_kph=1e6))
    ((fix,),) = book.tracks().values()
    assert (fix.heading_deg, fix.speed_kph) == (90.0, None)


def test_unsaved_positions_are_taken_once() -> None:
    book = PositionBook({A2: seen(0)})
    book.observe(A1, seen(0))
    book.observe(A1, seen(10))
    book.observe(A1, seen(5))
    assert book.take_unsaved() == {A1: seen(10)}
    assert book.take_unsaved() == {}
