"""Streets: the engine of the newest conditions, and snaps that are remembered."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dispatch.conditions.streets as module
from dispatch.conditions.model import (
    AreaDrawn,
    AreaFlooded,
    Condition,
    ConditionsState,
    Effect,
    FloodedAreas,
    PointsGiven,
    Slowed,
    StreetsNamed,
    Weather,
)
from dispatch.conditions.streets import Streets
from dispatch.model import ConditionId
from roadnets.engine import TravelEngine
from roadnets.geo import UNREACHABLE, CoordinateSystem, LonLat
from roadnets.network import RoadNetwork
from roadnets.snapping.fixes import Fix
from roadnets.snapping.snap import Snapper
from roadnets.travel import Snap, TravelMode, TravelTimes
from roadnets.weights.conditions import Conditions
from tests.dispatch.builders import NOW, at
from tests.roadnets.networks import Street, grid, make_network, with_turns


class Watched(Streets):
    """Streets that count what they ask of the network."""

    def __init__(self, network: RoadNetwork) -> None:
        self.built: list[Conditions] = []
        self.snapped: list[LonLat] = []
        snapper = Snapper(network)

        class Counting(Snapper):
            def snap_many(_, points: list[LonLat], mode: TravelMode) -> list[Snap | None]:  # noqa: N805 - the self outside is meant
                self.snapped += points
                return snapper.snap_many(points, mode)

        def build(network: RoadNetwork, conditions: Conditions) -> TravelTimes:
            self.built.append(conditions)
            return TravelEngine.plain(network, conditions)

        super().__init__(network, Counting(network), build)


@pytest.fixture
def streets() -> Watched:
    return Watched(grid(3, 3))


def state(revision: int, *closed: tuple[int, ...]) -> ConditionsState:
    in_force = {
        ConditionId(f"C{i}"): Condition(
            ConditionId(f"C{i}"), StreetsNamed(edges=edges), edges, tuple(TravelMode), "works", NOW
        )
        for i, edges in enumerate(closed)
    }
    return ConditionsState(in_force=in_force, revision=revision)


def test_an_engine_is_built_once_for_each_change(streets: Watched) -> None:
    first = streets.travel(state(0))
    assert streets.travel(state(0)) is first
    second = streets.travel(state(7, (0, 1)))
    assert second is not first
    assert streets.travel(state(7, (0, 1))) is second
    assert len(streets.built) == 2


def test_closures_change_the_times(streets: Watched) -> None:
    corner, far = streets.snap(at(0, 0)), streets.snap(at(2, 2))
    assert corner is not None
    assert far is not None
    mode = TravelMode.BLUE_LIGHT
    way = streets.travel(state(0)).route(mode, corner, far)
    assert way is not None
    inner = way.edges[1:-1]
    longer = streets.travel(state(1, inner)).many_to_one(mode, [corner], far)[0]
    own = {e for snap in (corner, far) for e in (snap.edge, streets.network.edge_twin[snap.edge])}
    others = tuple(e for e in range(streets.network.edge_count) if e not in own)
    never = streets.travel(state(2, others)).many_to_one(mode, [corner], far)[0]
    assert way.duration_s <= longer < never
    assert never == UNREACHABLE


def test_what_stays_in_force_stays_the_same_object(streets: Watched) -> None:
    """So that only what is different is computed anew."""
    streets.travel(state(1, (0, 1), (4,)))
    streets.travel(state(2, (0, 1), (5,), (6,)))
    before, after = streets.built
    assert after.by_id["C0"] is before.by_id["C0"]
    assert after.by_id["C1"] is not before.by_id["C1"]
    assert after.by_id["C1"].edges.tolist() == [5]


def with_effect(effect: Effect, edges: tuple[int, ...], **streets: object) -> ConditionsState:
    condition_id = ConditionId("C1")
    condition = Condition(
        condition_id, StreetsNamed(**streets), edges, tuple(TravelMode), "rain", NOW, effect=effect
    )
    return ConditionsState(in_force={condition_id: condition}, revision=1)


def test_each_depth_of_a_flood_is_a_condition_of_its_own(streets: Watched) -> None:
    ring = AreaDrawn(PointsGiven(CoordinateSystem.WGS84, (0.0, 1.0, 1.0), (0.0, 0.0, 1.0)))
    effect = FloodedAreas((AreaFlooded(ring, 0.4),), (0.4, 0.2, 0.4))
    streets.travel(with_effect(effect, (3, 5, 8)))
    (built,) = streets.built
    assert [(c.edges.tolist(), round(c.effect.depth_m, 3)) for c in built] == [
        ([5], 0.2),
        ([3, 8], 0.4),
    ]


def test_weather_may_be_everywhere(streets: Watched) -> None:
    streets.travel(with_effect(Weather(0.8), (), whole_network=True))
    ((condition,),) = map(tuple, streets.built)
    assert condition.edges.tolist() == list(range(streets.network.edge_count))


def test_only_closures_close(streets: Watched) -> None:
    assert streets.closed_edges(state(1, (0, 1)), TravelMode.CIVILIAN) == {0: "C0", 1: "C0"}
    slow = with_effect(Slowed(0.5), (0, 1))
    assert streets.closed_edges(slow, TravelMode.CIVILIAN) == {}


def test_a_place_is_snapped_once(streets: Watched) -> None:
    points = [at(0, 0), at(1, 1), at(0, 0)]
    first = streets.snap_many(points)
    assert streets.snapped == [at(0, 0), at(1, 1)]
    assert streets.snap_many(points) == first
    assert streets.snap(at(1, 1)) == first[1]
    assert len(streets.snapped) == 2


def test_modes_are_snapped_apart(streets: Watched) -> None:
    streets.snap(at(0, 0), TravelMode.BLUE_LIGHT)
    streets.snap(at(0, 0), TravelMode.CIVILIAN)
    assert len(streets.snapped) == 2


def test_a_place_off_the_network_is_remembered_too(streets: Watched) -> None:
    nowhere = at(90, 90)
    assert streets.snap(nowhere) is None
    assert streets.snap(nowhere) is None
    assert streets.snapped == [nowhere]


def test_memory_is_bounded(streets: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SNAPS_KEPT", 10)
    for i in range(50):
        points = [at(0, i / 50), at(1, i / 50)]
        assert streets.snap_many(points) == Snapper(streets.network).snap_many(
            points, TravelMode.BLUE_LIGHT
        )
        assert len(streets._snaps) <= 12


def test_memory_may_be_thrown_away_while_it_is_read(streets: Watched) -> None:
    """As another thread would, at the worst moment: between looking a place up and reading it."""

    class Meddling(LonLat):
        def __hash__(self) -> int:
            streets._snaps = {}
            return hash(tuple(self))

    known = streets.snap(at(1, 1))
    assert streets.snap_many([Meddling(*at(1, 1))]) == [known]


def test_threads_may_share_them(streets: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SNAPS_KEPT", 3)

    def ask(i: int) -> list[Snap | None]:
        return streets.snap_many([at(0, (i + k) % 7 / 7) for k in range(4)])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(200)))
    assert all(snap is not None for snaps in found for snap in snaps)


@pytest.fixture(scope="module")
def stack() -> RoadNetwork:
    """An avenue going east, and an expressway above it going west; nothing joins them."""
    nodes = [at(0, 0), at(0, 20), at(0.1, 20), at(0.1, 0)]
    lanes = [Street(0, 1, oneway=True), Street(2, 3, oneway=True, highway="motorway")]
    return with_turns(make_network(nodes, lanes), [], edge_layer=np.array([0, 1], np.int8))


def test_of_stacked_streets_the_track_tells(stack: RoadNetwork) -> None:
    streets = Streets(stack, Snapper(stack), TravelEngine.plain)
    east = [Fix(at(0.09, 8 + i), 10.0 * i, heading_deg=90.0) for i in range(3)]
    west = [Fix(at(0.01, 8 - i), 10.0 * i, heading_deg=270.0) for i in range(3)]
    # The nearest street is the wrong one both times; a point by itself is put on the ground.
    assert streets.snap(east[-1].point).edge == 0
    assert streets.snap_vehicle(east).edge == 0
    assert streets.snap(west[-1].point).edge == 0
    assert streets.snap_vehicle(west).edge == 1
    assert streets.snap_vehicle(west) is streets.snap_vehicle(tuple(west))


def test_where_nothing_is_stacked_the_place_tells(streets: Watched) -> None:
    fix = Fix(at(1.01, 0.5), heading_deg=0.0)
    assert streets.snap_vehicle([fix]) == streets.snap(fix.point)
    assert streets.snap_vehicle([Fix(at(90, 90))]) is None


def test_remembered_vehicles_are_bounded(
    stack: RoadNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MATCHES_KEPT", 5)
    streets = Streets(stack, Snapper(stack), TravelEngine.plain)
    for i in range(20):
        streets.snap_vehicle([Fix(at(0, i / 2))])
        assert len(streets._matches) <= 5
