"""HierarchySearch: what the others have not."""

import numpy as np
import pytest

from roadnets.kernel.customize import customize
from roadnets.searches.hierarchy_search import HierarchySearch
from tests.roadnets.searches.cases import grid_arcs, hierarchy


def test_weights_that_are_not_of_the_hierarchy_are_refused():
    arcs = grid_arcs(3, seed=1)
    topology = hierarchy(arcs)
    metric = customize(topology, arcs.ms)
    with pytest.raises(ValueError, match=r"arc_ms is int32 \(23,\); allowed: int32 \(24,\)"):
        HierarchySearch(topology, metric, arcs.ms[1:])
    wrong = metric._replace(up_ms=metric.up_ms.astype(np.int64))
    with pytest.raises(ValueError, match=r"metric\.up_ms is int64"):
        HierarchySearch(topology, wrong, arcs.ms)
