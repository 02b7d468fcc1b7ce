"""What callers name in Lanjiang."""

import itertools
from collections import Counter

import pytest

from roadnets.beside import LandmarkKind
from roadnets.geo import distance_m
from roadnets.network import RoadNetwork

ADDRESS, COMPOUND, GATE = LandmarkKind.ADDRESS, LandmarkKind.COMPOUND, LandmarkKind.GATE
POST = LandmarkKind.KILOMETRE_POST


def test_it_has_some_of_everything(sample_network: RoadNetwork) -> None:
    count = Counter(thing.kind for thing in sample_network.landmarks)
    assert count.keys() == set(LandmarkKind)
    assert count[ADDRESS] > 3000
    assert count[COMPOUND] > 200
    assert count[GATE] > 250
    assert count[POST] >= 10


def test_names_are_in_two_languages(sample_network: RoadNetwork) -> None:
    named = [thing for thing in sample_network.landmarks if thing.name]
    assert all(thing.name_en for thing in named)
    compounds = [thing.name for thing in named if thing.kind is COMPOUND]
    assert len(set(compounds)) == len(compounds)


def test_every_gate_leads_into_something(sample_network: RoadNetwork) -> None:
    gates = [thing for thing in sample_network.landmarks if thing.kind is GATE]
    assert all(gate.compound and (gate.name or gate.number) for gate in gates)
    assert len({(gate.compound, gate.name, gate.number) for gate in gates}) > 0.9 * len(gates)


def test_houses_stand_on_their_streets(sample_network: RoadNetwork) -> None:
    houses = [thing for thing in sample_network.landmarks if thing.kind is ADDRESS]
    assert {house.street for house in houses} <= set(sample_network.names)


@pytest.mark.parametrize("parity", [0, 1])
def test_house_numbers_rise_along_one_side(sample_network: RoadNetwork, parity: int) -> None:
    side = sorted(
        (int(thing.number), thing.point)
        for thing in sample_network.landmarks
        if thing.street == "长青路" and int(thing.number) % 2 == parity
    )
    steps = [
        distance_m(a, b) / (n - m) for (m, a), (n, b) in itertools.pairwise(side) if n - m < 60
    ]
    assert len(steps) > 5
    assert all(3 < step < 9 for step in steps)  # two numbers a plot of 12 m


def test_kilometre_posts_are_a_kilometre_apart(sample_network: RoadNetwork) -> None:
    posts = [thing for thing in sample_network.landmarks if thing.kind is POST]
    assert {post.street for post in posts} == {"S87"}
    west = sorted(
        (int(post.number), min(p.point for p in posts if p.number == post.number)) for post in posts
    )
    for (m, a), (n, b) in itertools.pairwise(west):
        assert distance_m(a, b) == pytest.approx(1000 * (n - m), rel=0.05, abs=1)
