"""Stacked roads told apart by heading, speed and track; whole drives put back on their streets."""

import math
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from roadnets.errors import PointError
from roadnets.geo import LonLat
from roadnets.imports.assemble import assemble
from roadnets.network import RoadNetwork
from roadnets.snapping.fixes import TRACK_KEPT, Fix, follow
from roadnets.snapping.matching import Evidence, Match, Matcher
from roadnets.snapping.snap import Snapper
from roadnets.sources import osmfile
from roadnets.travel import TravelMode
from tests.data import data
from tests.roadnets.networks import Street, make_network, with_turns
from tests.roadnets.snapping.test_snap import at
from tests.roadnets.tracks import drive, random_routes

BLUE_LIGHT = TravelMode.BLUE_LIGHT
EAST, WEST = 90.0, 270.0

AVENUE_EAST, AVENUE_WEST = (0, 2, 4), (1, 3, 5)
CROSS = (6, 7)
RAMP, UP_EAST, UP_WEST, TUNNEL = 8, (9, 10), 11, 12


@pytest.fixture(scope="module")
def stack() -> RoadNetwork:
    """An avenue of 2 km; an expressway each way 15 and 25 m north of it, a tunnel 12 m south.

    At 500 m a ramp climbs from the avenue to the eastbound expressway, which it joins at 700 m. At
    1200 m a street leaves the avenue to the north, under the expressway. All that is elevated, and
    the tunnel, begins 1 km further west and ends 1 km further east.
    """
    nodes = [at(0, 0), at(500, 0), at(1200, 0), at(2000, 0), at(1200, 600)]
    nodes += [at(-1000, 15), at(700, 15), at(3000, 15), at(3000, 25), at(-1000, 25)]
    nodes += [at(-1000, -12), at(3000, -12)]
    up = {"oneway": True, "highway": "motorway", "speed_kph": 80.0}
    streets = [
        Street(0, 1, speed_kph=40.0),
        Street(1, 2, speed_kph=40.0),
        Street(2, 3, speed_kph=40.0),
        Street(2, 4, speed_kph=40.0),
        Street(1, 6, oneway=True, highway="motorway_link", speed_kph=40.0),
        Street(5, 6, **up),
        Street(6, 7, **up),
        Street(8, 9, **up),
        Street(10, 11, oneway=True, highway="primary", speed_kph=40.0),
    ]
    layers = np.array([0] * 8 + [1] * 4 + [-1], np.int8)
    return with_turns(make_network(nodes, streets), [], edge_layer=layers)


@pytest.fixture(scope="module")
def matcher(stack) -> Matcher:
    return Matcher(stack)


def fixes(*places: tuple[float, float], every_s: float = 5.0, **told: float) -> list[Fix]:
    return [Fix(at(*place), i * every_s, **told) for i, place in enumerate(places)]


@pytest.mark.parametrize("north_m", [-12, 0, 5, 15, 25, 27])
def test_nearness_alone_never_tells_stacked_roads_apart(matcher, north_m):
    """Wherever the fix lies, even on the very line of another: the road on the ground."""
    match = matcher.match([Fix(at(300, north_m))], BLUE_LIGHT)
    assert match.ambiguous
    assert match.why is Evidence.GROUND
    assert match.snap.edge in (0, 1)
    weight = {c.snap.edge: c.weight for c in match.candidates}
    assert weight.keys() == {0, 1, UP_EAST[0], UP_WEST, TUNNEL}
    assert max(weight.values()) == weight[0] == weight[1]
    assert sum(c.weight for c in match.candidates) == pytest.approx(1)


def test_an_exact_receiver_changes_nothing_about_that(matcher):
    match = matcher.match([Fix(at(300, 15), accuracy_m=1)], BLUE_LIGHT)
    assert match.ambiguous
    assert match.snap.edge in (0, 1)


@pytest.fixture(scope="module")
def opposite() -> Matcher:
    """A one-way street to the west, and one to the east 15 m above and beside it."""
    nodes = [at(0, 0), at(1000, 0), at(0, 15), at(1000, 15)]
    streets = [
        Street(1, 0, oneway=True),
        Street(2, 3, oneway=True, highway="primary"),
    ]
    layers = np.array([0, 1], np.int8)
    return Matcher(with_turns(make_network(nodes, streets), [], edge_layer=layers))


@pytest.mark.parametrize("north_m", [-5, 0, 7, 15, 20])
@pytest.mark.parametrize(("heading_deg", "edge"), [(EAST, 1), (WEST, 0), (75, 1), (290, 0)])
def test_heading_tells_whichever_is_nearer(opposite, north_m, heading_deg, edge):
    match = opposite.match([Fix(at(400, north_m), heading_deg=heading_deg)], BLUE_LIGHT)
    assert match.snap.edge == edge
    assert not match.ambiguous
    assert match.why is Evidence.HEADING
    assert match.candidates[0].weight > 0.9


def test_the_ground_is_assumed_though_the_other_is_a_little_likelier():
    nodes = [at(0, 15), at(1000, 15), at(0, 0), at(1000, 0)]
    streets = [Street(0, 1, oneway=True, speed_kph=80), Street(2, 3, oneway=True, speed_kph=50)]
    layers = np.array([1, 0], np.int8)
    matcher = Matcher(with_turns(make_network(nodes, streets), [], edge_layer=layers))
    match = matcher.match([Fix(at(500, 15), heading_deg=EAST, speed_kph=85)], BLUE_LIGHT)
    assert match.candidates[0].snap.edge == 0
    assert match.candidates[0].weight < 0.7
    assert (match.snap.edge, match.ambiguous, match.why) == (1, True, Evidence.GROUND)


def test_noise_across_a_junction_turns_no_vehicle_round():
    nodes = [at(0, 0), at(500, 0), at(1000, 0)]
    matcher = Matcher(make_network(nodes, [Street(0, 1), Street(1, 2)]))
    driven = [(400, 0), (450, 0), (507, 0), (495, 0), (506, 0), (494, 0)]
    match = matcher.match(fixes(*driven), BLUE_LIGHT)
    assert match.snap.edge in (0, 2)  # to the east, whichever side of the junction
    assert sum(c.weight for c in match.candidates if c.snap.edge in (0, 2)) > 0.9


def test_a_heading_across_both_tells_nothing(opposite):
    assert opposite.match([Fix(at(400, 15), heading_deg=0)], BLUE_LIGHT).ambiguous


def test_the_heading_of_a_vehicle_that_stands_tells_nothing(opposite):
    fix = Fix(at(400, 15), heading_deg=EAST, speed_kph=1)
    assert opposite.match([fix], BLUE_LIGHT).ambiguous


@pytest.mark.parametrize("north_m", [0, 15])
def test_speed_tells_who_is_on_the_expressway(matcher, north_m):
    match = matcher.match([Fix(at(300, north_m), heading_deg=WEST, speed_kph=95)], BLUE_LIGHT)
    assert match.snap.edge == UP_WEST
    assert not match.ambiguous


def test_a_crew_that_stands_for_long_is_on_the_ground(matcher):
    """The tunnel is no expressway, so it stays a candidate."""
    standing = fixes((300, 15), (301, 14), (300, 15), every_s=150, speed_kph=0.0)
    match = matcher.match(standing, BLUE_LIGHT)
    assert match.snap.edge in (0, 1)
    weight = {c.snap.edge: c.weight for c in match.candidates}
    assert weight[UP_WEST] < weight[0] / 15
    assert weight[TUNNEL] == pytest.approx(weight[0], rel=0.2)


def test_a_frontage_road_on_the_same_layer_is_stacked_too():
    nodes = [at(0, 0), at(1000, 0), at(0, 20), at(1000, 20)]
    streets = [Street(0, 1, oneway=True)]
    streets += [Street(2, 3, oneway=True, highway="trunk", speed_kph=80)]
    matcher = Matcher(make_network(nodes, streets))
    match = matcher.match([Fix(at(500, 19), heading_deg=EAST)], BLUE_LIGHT)
    assert match.ambiguous
    assert match.snap.edge == 0
    fast = matcher.match([Fix(at(500, 1), heading_deg=EAST, speed_kph=90)], BLUE_LIGHT)
    assert (fast.snap.edge, fast.why, fast.ambiguous) == (1, Evidence.SPEED, False)


def test_one_way_roads_side_by_side_are_told_by_nearness_only_when_it_is_decisive():
    """Main and local lanes of one avenue, both to the east, 12 m apart."""
    nodes = [at(0, 0), at(1000, 0), at(0, 12), at(1000, 12)]
    streets = [Street(0, 1, oneway=True), Street(2, 3, oneway=True, highway="primary")]
    matcher = Matcher(make_network(nodes, streets))
    near = matcher.match([Fix(at(500, 4), heading_deg=EAST)], BLUE_LIGHT)
    assert (near.snap.edge, near.ambiguous) == (0, True)
    exact = matcher.match([Fix(at(500, 0), heading_deg=EAST, accuracy_m=4)], BLUE_LIGHT)
    assert (exact.snap.edge, exact.ambiguous) == (0, False)


def test_two_carriageways_of_one_street_are_told_by_heading_else_by_nearness():
    nodes = [at(0, 0), at(1000, 0), at(0, 20), at(1000, 20)]
    streets = [Street(0, 1, oneway=True), Street(3, 2, oneway=True)]
    matcher = Matcher(make_network(nodes, streets))
    for told, edge in (({}, 0), ({"heading_deg": WEST}, 1), ({"heading_deg": EAST}, 0)):
        match = matcher.match([Fix(at(500, 8), **told)], BLUE_LIGHT)
        assert (match.snap.edge, match.ambiguous) == (edge, False)


def test_nobody_gets_up_without_a_ramp(matcher):
    """From the cross street to the avenue past the ramp; then noise puts it on the expressway."""
    came_up_the_cross_street = [Fix(at(1200, 300), 0, 180.0), Fix(at(1200, 150), 10, 180.0)]
    east = [Fix(at(1250, 2), 25, EAST), Fix(at(1350, 15), 33, EAST), Fix(at(1450, 15), 40, EAST)]
    for n in (1, 2, 3):
        match = matcher.match([*came_up_the_cross_street, *east[:n]], BLUE_LIGHT)
        assert match.snap.edge == AVENUE_EAST[2]
        assert not match.ambiguous
    assert match.why is Evidence.TRACK


def test_nobody_gets_down_without_a_ramp(matcher):
    """From where there is only the expressway; then over the line of the avenue."""
    track = [Fix(at(2300 - 100 * i, 20 - 5 * min(i, 4)), 5.0 * i, WEST) for i in range(9)]
    kept = ()
    for fix in track:
        kept = follow(kept, fix)
        match = matcher.match(kept, BLUE_LIGHT)
        assert match.snap.edge == UP_WEST
        assert not match.ambiguous


def test_up_the_ramp_one_may_be_on_either_until_something_tells(matcher):
    track = fixes((400, 0), (500, 0), (600, 7), (700, 15), (800, 15), heading_deg=EAST)
    assert matcher.match(track, BLUE_LIGHT).ambiguous
    fast = [*track, Fix(at(920, 15), 25, EAST, 90)]
    match = matcher.match(fast, BLUE_LIGHT)
    assert (match.snap.edge, match.ambiguous) == (UP_EAST[1], False)


def test_who_came_where_there_is_no_street_on_the_ground_is_not_on_it(matcher):
    track = fixes(*((-900.0 + 150 * i, -12.0 + 2 * i) for i in range(8)), every_s=9)
    track = [Fix(f.point, f.time_s, EAST, 60) for f in track]
    match = matcher.match(track, BLUE_LIGHT)
    likely = {c.snap.edge for c in match.candidates if c.weight > 0.01}
    assert likely == {TUNNEL, UP_EAST[0]}  # both come from the west; the avenue begins here
    assert match.ambiguous
    turned_off = [*track, Fix(at(200, -12), 200), Fix(at(200, -12), 205, EAST, 20)]
    assert matcher.match(turned_off, BLUE_LIGHT).snap.edge in likely


def test_a_street_that_goes_on_as_a_bridge_is_not_stacked_with_itself():
    nodes = [at(0, 0), at(500, 0), at(700, 0), at(1200, 0)]
    network = make_network(nodes, [Street(0, 1), Street(1, 2), Street(2, 3)])
    layers = np.array([0, 0, 1, 1, 0, 0], np.int8)
    matcher = Matcher(with_turns(network, [], edge_layer=layers))
    for x in range(450, 760, 10):
        match = matcher.match([Fix(at(x, 3), heading_deg=EAST)], BLUE_LIGHT)
        assert not match.ambiguous
        if abs(x - 500) > 1 and abs(x - 700) > 1:
            assert match.snap.edge == (0 if x < 500 else 2 if x < 700 else 4)


def test_what_comes_after_tells_too(matcher):
    """Only the avenue leads into the street under the expressway."""
    track = fixes((900, 15), (1000, 15), (1100, 14), (1190, 8), every_s=10, heading_deg=EAST)
    track += [Fix(at(1200, 100 + 100 * i), 50.0 + 10 * i, 0.0) for i in range(3)]
    matches = matcher.match_track(track, BLUE_LIGHT)
    assert [m.snap.edge for m in matches] == [2, 2, 2, 2, 6, 6, 6]
    assert not any(m.ambiguous for m in matches)
    assert matcher.match(track[:2], BLUE_LIGHT).ambiguous
    assert matches[-1] == matcher.match(track, BLUE_LIGHT)


def test_the_side_of_a_two_way_street_where_nothing_else_tells():
    matcher = Matcher(make_network([at(0, 0), at(100, 0)], [Street(0, 1)]))
    south, north = (matcher.match([Fix(at(38, y))], BLUE_LIGHT) for y in (-8, 8))
    assert (south.snap.edge, north.snap.edge) == (0, 1)
    assert [c.snap.edge for c in north.candidates] == [1, 0]
    assert south.why is Evidence.ONLY


def test_far_from_every_street_it_is_the_nearest_or_none(stack):
    matcher = Matcher(stack, Snapper(stack, limit_m=300))
    yard = matcher.match([Fix(at(300, 120))], BLUE_LIGHT)
    assert yard.snap.edge in (0, 1)  # though the expressway is nearer
    assert yard.ambiguous
    assert matcher.match([Fix(at(300, 400))], BLUE_LIGHT) is None


def test_a_fix_in_the_sea_ends_nothing(stack):
    matcher = Matcher(stack)
    track = [Fix(at(100, 0), 0), Fix(at(100, 5000), 5), Fix(at(200, 0), 10, EAST)]
    assert matcher.match(track, BLUE_LIGHT).snap.edge == 0
    assert [m is None for m in matcher.match_track(track, BLUE_LIGHT)] == [False, True, False]
    assert matcher.match(track[:2], BLUE_LIGHT) is None


def test_tracks_that_make_no_sense_are_refused(matcher):
    with pytest.raises(ValueError, match="at least one fix"):
        matcher.match([], BLUE_LIGHT)
    with pytest.raises(ValueError, match="oldest first"):
        matcher.match([Fix(at(0, 0), 9), Fix(at(0, 0), 3)], BLUE_LIGHT)
    assert matcher.match_many([], BLUE_LIGHT) == []


@pytest.fixture(scope="module")
def sample_drives(sample_network):
    rng = np.random.default_rng(7)
    return list(random_routes(sample_network, 8, rng))


def street(network: RoadNetwork, edge: int) -> set[tuple[str, int]]:
    name, way = int(network.edge_name[edge]), int(network.edge_way[edge])
    return {("way", way)} | ({("name", name)} if name else set())


def followed(matcher: Matcher, track: list[Fix]) -> list[Match]:
    """As a live service does it: each fix by the few before it."""
    kept, matches = (), []
    for fix in track:
        kept = follow(kept, fix)
        matches.append(matcher.match(kept, BLUE_LIGHT))
    return matches


def shares(network: RoadNetwork, routes: list[list[int]], noise_m: float) -> tuple[float, float]:
    """How many fixes are on their edge, and how many on their street."""
    matcher, rng = Matcher(network), np.random.default_rng(1)
    same_edge, same_street = [], []
    for route in routes:
        track, edges = drive(network, route, rng, noise_m=noise_m)
        for match, edge in zip(followed(matcher, track), edges, strict=True):
            same_edge.append(match.snap.edge == edge)
            same_street.append(bool(street(network, match.snap.edge) & street(network, edge)))
    return float(np.mean(same_edge)), float(np.mean(same_street))


def test_drives_without_noise_are_on_their_own_edges(sample_network, sample_drives):
    on_edge, _ = shares(sample_network, sample_drives, 0)
    assert on_edge >= 0.99


def test_drives_with_noise_are_on_their_streets(sample_network, sample_drives):
    _, on_street = shares(sample_network, sample_drives, 10)
    assert on_street >= 0.95


@pytest.mark.slow
def test_drives_through_porto_are_on_their_streets():
    network = assemble(osmfile.read(data("porto/porto.osm.pbf")))
    routes = list(random_routes(network, 6, np.random.default_rng(7)))
    assert shares(network, routes, 0)[0] >= 0.99
    assert shares(network, routes, 10)[1] >= 0.95


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (LonLat(math.nan, 30), "longitude of point 1 is nan; allowed: -180 to 180 degrees"),
        (LonLat(112, -math.inf), "latitude of point 1 is -inf; allowed: -90 to 90 degrees"),
        (LonLat(1e300, 30), r"longitude of point 1 is 1e\+300; allowed: -180 to 180 degrees"),
    ],
)
def test_a_fix_off_the_earth_is_refused(matcher, point, message):
    track = [Fix(at(0, 0), 0.0), Fix(point, 5.0)]
    with pytest.raises(PointError, match=message):
        matcher.match(track, BLUE_LIGHT)


def test_a_whole_fleet_is_matched_in_half_a_second(sample_network, sample_drives):
    rng = np.random.default_rng(2)
    tracks = [
        track[i : i + TRACK_KEPT]
        for route in sample_drives
        for track, _ in [drive(sample_network, route, rng, noise_m=10)]
        for i in range(len(track) - TRACK_KEPT)
    ]
    matcher = Matcher(sample_network)
    single = [track[-1:] for track in tracks]
    fleet = [single[i % len(single)] for i in range(1000)]
    matcher.match(fleet[0], BLUE_LIGHT)
    began = time.process_time()
    matches = matcher.match_many(fleet, BLUE_LIGHT)
    assert time.process_time() - began < 0.5
    assert matches[:20] == [matcher.match(track, BLUE_LIGHT) for track in fleet[:20]]

    began = time.process_time()
    matcher.match_many(tracks[:200], BLUE_LIGHT)
    assert time.process_time() - began < 0.005 * 200 * TRACK_KEPT


def test_threads_share_a_matcher_from_its_first_use(sample_network, sample_drives):
    track, _ = drive(sample_network, sample_drives[0], np.random.default_rng(3), noise_m=10)
    shared = Matcher(sample_network)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: shared.match(track[:TRACK_KEPT], BLUE_LIGHT), range(12)))
    assert set(answers) == {Matcher(sample_network).match(track[:TRACK_KEPT], BLUE_LIGHT)}
