"""Streets: the engine of the newest conditions, and snaps that are remembered."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import dispatch.conditions.streets as module
from dispatch.conditions.model import Closure, ConditionsState, StreetsNamed
from dispatch.conditions.streets import Streets, overlay
from dispatch.model import ConditionId
from roadnets.conditions import Conditions
from roadnets.geo import UNREACHABLE, LonLat
from roadnets.network import RoadNetwork
from roadnets.scipy_travel import ScipyTravelTimes
from roadnets.snap import Snapper
from roadnets.travel import Snap, TravelMode, TravelTimes
from tests.dispatch.builders import NOW, at
from tests.roadnets.networks import grid


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
            return ScipyTravelTimes.build(network, conditions)

        super().__init__(network, Counting(network), build)


@pytest.fixture
def streets() -> Watched:
    return Watched(grid(3, 3))


def state(revision: int, *closed: tuple[int, ...]) -> ConditionsState:
    closures = {
        ConditionId(f"C{i}"): Closure(
            ConditionId(f"C{i}"), StreetsNamed(edges=edges), edges, tuple(TravelMode), "works", NOW
        )
        for i, edges in enumerate(closed)
    }
    return ConditionsState(closures=closures, revision=revision)


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
    longer = streets.travel(state(1, way.edges)).many_to_one(mode, [corner], far)[0]
    everything = tuple(range(streets.network.edge_count))
    never = streets.travel(state(2, everything)).many_to_one(mode, [corner], far)[0]
    assert way.duration_s <= longer < never
    assert never == UNREACHABLE


def test_overlays_do_not_depend_on_the_order_of_closures() -> None:
    both = state(1, (0, 1), (4,))
    turned = ConditionsState(dict(reversed(both.closures.items())), 1)
    assert overlay(both) == overlay(turned)
    assert overlay(both).closed_edges(TravelMode.BLUE_LIGHT).tolist() == [0, 1, 4]


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
