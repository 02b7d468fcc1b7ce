"""The three searches give the same answers, also after the weights have changed."""

import numpy as np
import pytest

from roadnets.kernel.compiled import compiled_functions, warm
from roadnets.kernel.customize import customize
from roadnets.kernel.versions import MetricVersions
from roadnets.searches.bucket_search import BucketSearch
from roadnets.searches.hierarchy_search import HierarchySearch
from roadnets.searches.scipy_search import ScipySearch
from roadnets.searches.search import NO_WAY_MS, Search, Seeds
from tests.roadnets.searches.cases import Arcs, check_path, grid_arcs, hierarchy, random_seeds


def compare(arcs: Arcs, ms: np.ndarray, hierarchy: Search, seed: int) -> None:
    graph = arcs.node_count, arcs.tail, arcs.head, ms
    now = Arcs(*graph)
    searches: list[Search] = [ScipySearch(*graph), BucketSearch(*graph), hierarchy]
    origins = random_seeds(15, arcs.node_count, seed)
    targets = random_seeds(60, arcs.node_count, seed + 1)
    tables = [search.times(origins, targets) for search in searches]
    back = [search.times(targets, origins) for search in searches]
    spread = [search.to_all(origins) for search in searches]
    for answers in (tables, back, spread):
        for other in answers[1:]:
            np.testing.assert_array_equal(answers[0], other)
    for begin, end in np.random.default_rng(seed).integers(0, arcs.node_count, (5, 2)):
        ends = Seeds.at_nodes([begin]), Seeds.at_nodes([end])
        paths = [search.path(*ends) for search in searches]
        assert len({None if path is None else path.ms for path in paths}) == 1
        for path in paths:
            if path is not None:
                check_path(path, now, *ends)


@pytest.mark.parametrize("seed", range(4))
def test_they_agree_as_the_roads_change(seed):
    arcs = grid_arcs(18, seed)
    rng = np.random.default_rng(seed)
    topology = hierarchy(arcs)
    versions, ms = MetricVersions(topology, arcs.ms), arcs.ms
    for change in range(6):
        compare(arcs, ms, HierarchySearch(topology, versions.current(), ms), seed + change)
        some = rng.integers(0, len(ms), 60)
        ms = ms.copy()
        ms[some] = rng.choice([NO_WAY_MS, 1, 90_000], 60)
        ms[some[:20]] = arcs.ms[some[:20]]
        versions.change(ms, some)


def test_a_search_keeps_its_weights_while_they_change():
    arcs = grid_arcs(12, seed=3)
    topology = hierarchy(arcs)
    versions = MetricVersions(topology, arcs.ms)
    search = HierarchySearch(topology, versions.current(), arcs.ms)
    places = Seeds.at_nodes(range(40))
    before, slow = search.times(places, places), arcs.ms * 2
    for _ in range(5):
        versions.replace(slow)
        versions.replace(arcs.ms)
    versions.replace(slow)
    np.testing.assert_array_equal(search.times(places, places), before)


def test_no_question_compiles_anything():
    warm(lambda step: None)
    before = {name: list(f.signatures) for name, f in compiled_functions().items()}
    arcs = grid_arcs(7, seed=4)
    topology = hierarchy(arcs)
    writable, frozen = arcs.ms.copy(), arcs.ms.copy()
    frozen.setflags(write=False)
    for ms in (writable, frozen):
        graph = arcs.node_count, arcs.tail, arcs.head, ms
        for search in (
            HierarchySearch(topology, customize(topology, ms), ms),
            BucketSearch(*graph),
        ):
            _ask_everything(search)
    assert {name: list(f.signatures) for name, f in compiled_functions().items()} == before


def _ask_everything(search: Search) -> None:
    one, some = Seeds.at_nodes([0]), Seeds.at_nodes(range(45))
    frozen = Seeds.at_nodes([48])
    for array in (frozen.start, frozen.node, frozen.ms):
        array.setflags(write=False)
    for target in (some, frozen):
        search.times(one, target)
        search.times(target, one)
        search.times(some, target)
        search.to_all(target)
    search.path(one, frozen)
    search.alternatives(one, frozen, 2)
