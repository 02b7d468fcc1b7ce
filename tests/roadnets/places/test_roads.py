"""Measuring along one road."""

import numpy as np
import pytest

from roadnets.places.roads import Road
from roadnets.places.streets import NamedStreets
from tests.roadnets.places.towns import at, town

EAST = [("甲路", "", [(0, 0), (5, 0), (10, 0)]), ("甲路", "", [(10, 0.3), (5, 0.3), (0, 0.3)])]


def road(oneway: bool = True) -> tuple[Road, NamedStreets]:
    streets = NamedStreets(town(EAST, oneway=["甲路"] if oneway else []))
    return Road(streets, (1,)), streets


def test_feet_on_both_carriageways_nearest_first() -> None:
    it, streets = road()
    feet = it.feet(streets.metres([at(2, -0.1)])[0])
    assert [int(it.edges[foot.position]) for foot in feet] == [0, 3]
    assert it.feet(streets.metres([at(2, 9)])[0]) == []


def test_a_run_keeps_its_direction() -> None:
    it, streets = road()
    west, east = (it.feet(streets.metres([at(x, 0)])[0]) for x in (1, 8))
    (there,) = it.runs(west, east, 1000)
    (back,) = it.runs(east, west, 1000)
    assert there.length_m == pytest.approx(back.length_m, abs=1)
    assert it.edges[list(there.positions)].tolist() == [0, 1]
    assert it.edges[list(back.positions)].tolist() == [2, 3]
    assert list(it.runs(west, east, 100)) == []


def test_a_run_on_one_edge() -> None:
    it, streets = road()
    one, other = (it.feet(streets.metres([at(x, 0)])[0])[:1] for x in (1, 3))
    (there,) = it.runs(one, other, 1000)
    assert len(there.positions) == 1
    assert list(it.runs(other, one, 1000)) == []


def test_a_place_along_a_run_and_its_heading() -> None:
    it, streets = road()
    west, east = (it.feet(streets.metres([at(x, 0)])[0]) for x in (1, 8))
    (there,) = it.runs(west, east, 1000)
    foot = it.foot_on(there, there.length_m)
    assert (foot.position, foot.along_m) == pytest.approx((1, east[0].along_m), abs=0.5)
    assert it.foot_on(there, 0) == pytest.approx(west[0], abs=0.5)
    assert it.heading(foot) == 90
    (back,) = it.runs(east, west, 1000)
    assert it.heading(it.foot_on(back, 5)) == 270


def test_of_parallel_edges_the_shorter_counts() -> None:
    network = town(
        [
            ("甲路", "", [(0, 0), (2, 0)]),
            ("甲路", "", [(2, 0), (4, 0)]),
            ("甲路", "", [(4, 0), (6, 0)]),
        ]
    )
    doubled = NamedStreets(network)
    it = Road(doubled, (1,))
    start, end = (it.feet(doubled.metres([at(x, 0)])[0])[:2] for x in (1, 5))
    shortest = min(it.runs(start, end, 2000), key=lambda run: run.length_m)
    assert shortest.length_m == pytest.approx(
        float(np.diff(doubled.metres([at(1, 0), at(5, 0)])[:, 0])[0]), rel=0.01
    )
