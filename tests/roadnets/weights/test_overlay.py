"""Overlay: whatever the way there, it holds what the conditions in force do."""

import time

import numpy as np
import pytest

from roadnets.travel import MODE_BIT, TravelMode
from roadnets.weights.conditions import (
    EVERY_MODE,
    NO_CONDITIONS,
    Closed,
    Condition,
    Contraflow,
    Flooded,
    Slowed,
    Weather,
    edge_set,
)
from roadnets.weights.overlay import MODE_COLUMN, Effects, Overlay
from tests.roadnets.networks import grid

BLUE_LIGHT, CIVILIAN, HIGH_CLEARANCE, BOAT = TravelMode
EFFECTS = (
    Closed(),
    Closed(impassable=True),
    Contraflow(),
    *map(Flooded, (0.1, 0.4, 1.3)),
    *map(Slowed, (0.2, 0.7)),
    *map(Weather, (0.6, 0.9)),
)
SUBSETS = (EVERY_MODE, frozenset({BLUE_LIGHT}), frozenset({CIVILIAN, BOAT}), frozenset())


@pytest.fixture(scope="module")
def network():
    return grid(5, 5)


def same(one, other):
    return all(
        a.dtype == b.dtype and np.array_equal(a, b)
        for a, b in zip(one.columns(), other.columns(), strict=True)
    )


def copied(effects):
    return Effects(*(column.copy() for column in effects.columns()))


def effects_from_scratch(edges, conditions):
    """Compute what conditions do, one after the other, in any order: the plain truth."""
    effects = Effects.none(edges)
    weather = np.ones_like(effects.factor)
    for condition in conditions:
        at, bits = condition.edges, np.uint8(sum(MODE_BIT[mode] for mode in condition.modes))
        columns = np.array([MODE_COLUMN[mode] for mode in condition.modes], np.int64)
        cells = at[:, None], columns
        match condition.effect:
            case Closed(impassable):
                effects.closed[at] |= bits
                effects.impassable[at] |= bits if impassable else np.uint8(0)
            case Contraflow():
                effects.contraflow[at] |= bits
            case Flooded(depth_m):
                effects.depth_m[cells] = np.maximum(effects.depth_m[cells], np.float32(depth_m))
            case Slowed(factor):
                effects.factor[cells] = np.minimum(effects.factor[cells], np.float32(factor))
            case Weather(factor):
                weather[cells] = np.minimum(weather[cells], np.float32(factor))
    np.multiply(effects.factor, weather, out=effects.factor)
    return effects


def rows_differing(one, other):
    rows = [
        (a != b).reshape(len(a), -1).any(axis=1)
        for a, b in zip(one.columns(), other.columns(), strict=True)
    ]
    return np.flatnonzero(np.logical_or.reduce(rows)).tolist()


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence_of_changes_is_as_from_scratch(network, seed):
    rng = np.random.default_rng(seed)
    overlay, conditions = Overlay(network), NO_CONDITIONS
    for _ in range(60):
        conditions = _changed(conditions, rng, network.edge_count)
        before = copied(overlay.effects)
        changed = overlay.update(conditions)
        assert overlay.conditions is conditions
        assert same(overlay.effects, effects_from_scratch(network.edge_count, conditions))
        assert changed.tolist() == rows_differing(before, overlay.effects)
        assert changed.dtype == np.int32
    assert same(Overlay(network, conditions).effects, overlay.effects)
    overlay.update(NO_CONDITIONS)
    assert same(overlay.effects, Effects.none(network.edge_count))


def _changed(conditions, rng, edges):
    begun = [
        Condition(
            f"C{rng.integers(30)}",
            edge_set(rng.choice(edges, rng.integers(0, 12))),
            EFFECTS[rng.integers(len(EFFECTS))],
            SUBSETS[rng.integers(len(SUBSETS))],
        )
        for _ in range(rng.choice([0, 1, 1, 1, 20]))
    ]
    ended = [f"C{i}" for i in rng.choice(30, rng.choice([0, 1, 2, 15]), replace=False)]
    return conditions.without(*ended).with_all(begun)


def test_lists_stay_short_however_often_a_condition_is_renewed(network):
    overlay, conditions = Overlay(network), NO_CONDITIONS.with_closure("all", range(80))
    for round_ in range(300):
        slowed = Condition("jam", edge_set(range(40)), Slowed(0.5 + round_ / 1000))
        conditions = conditions.with_all([slowed])
        overlay.update(conditions)
    assert len(overlay._lists.slot) < 300 * 40
    assert same(overlay.effects, effects_from_scratch(network.edge_count, conditions))


def test_slowed_counts_the_slowest_and_weather_comes_on_top(network):
    conditions = NO_CONDITIONS.with_all(
        [
            Condition("a", edge_set([1]), Slowed(0.5)),
            Condition("b", edge_set([1]), Slowed(0.8), frozenset({CIVILIAN})),
            Condition("c", edge_set([1, 2]), Weather(0.9)),
            Condition("d", edge_set([2]), Weather(0.7), frozenset({CIVILIAN})),
        ]
    )
    factor = Overlay(network, conditions).effects.factor
    assert factor[1].tolist() == pytest.approx([0.45] * 4)
    assert factor[2, MODE_COLUMN[CIVILIAN]] == np.float32(0.7)
    assert factor[2, MODE_COLUMN[BOAT]] == np.float32(0.9)


def test_the_deepest_water_counts_and_bits_add_up(network):
    conditions = NO_CONDITIONS.with_all(
        [
            Condition("a", edge_set([1]), Flooded(0.2)),
            Condition("b", edge_set([1]), Flooded(0.5), frozenset({BLUE_LIGHT})),
            Condition("c", edge_set([1]), Closed(), frozenset({CIVILIAN})),
            Condition("d", edge_set([1]), Closed(impassable=True), frozenset({BOAT})),
        ]
    )
    effects = Overlay(network, conditions).effects
    assert effects.depth_m[1].tolist() == pytest.approx([0.5, 0.2, 0.2, 0.2])
    assert effects.closed[1] == MODE_BIT[CIVILIAN] | MODE_BIT[BOAT]
    assert effects.impassable[1] == MODE_BIT[BOAT]


def test_what_makes_no_difference_is_not_told(network):
    first = NO_CONDITIONS.with_closure("a", [1, 2])
    overlay = Overlay(network, first)
    both = first.with_closure("b", [2, 3])
    assert overlay.update(both).tolist() == [3]
    assert overlay.update(both.without("a")).tolist() == [1]
    assert overlay.update(both.without("a")).tolist() == []


def test_an_unknown_edge_changes_nothing(network):
    fine = NO_CONDITIONS.with_closure("a", [1])
    overlay = Overlay(network, fine)
    wrong = fine.with_closure("b", [2, 80])
    for conditions in (wrong, wrong.without("a").with_closure("c", [5])):
        with pytest.raises(ValueError, match="condition b is on edge 80; .* edges 0 to 79"):
            overlay.update(conditions)
    with pytest.raises(ValueError, match="condition n is on edge -1"):
        overlay.update(fine.with_all([Condition("n", np.array([-1, 4], np.int32), Closed())]))
    assert overlay.conditions is fine
    assert same(overlay.effects, effects_from_scratch(network.edge_count, fine))
    overlay.update(NO_CONDITIONS)
    assert same(overlay.effects, Effects.none(network.edge_count))


def test_a_small_change_among_ten_thousand_is_quick():
    network = grid(110, 110)
    rng = np.random.default_rng(1)
    edges = rng.integers(network.edge_count, size=(10_000, 3))
    many = NO_CONDITIONS.with_all(
        Condition(f"C{i}", edge_set(e), EFFECTS[i % len(EFFECTS)]) for i, e in enumerate(edges)
    )
    overlay, spent_s = Overlay(network), []
    begun = time.process_time()
    overlay.update(many)
    assert time.process_time() - begun < 0.6  # measured: 0.05 s on an idle core
    for i in range(20):
        more = many.with_closure("one more", [i])
        begun = time.process_time()
        overlay.update(more)
        spent_s.append(time.process_time() - begun)
    assert np.median(spent_s) < 0.005  # measured: 0.0006 s
