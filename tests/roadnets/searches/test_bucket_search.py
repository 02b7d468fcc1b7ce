"""BucketSearch: what the others have not."""

import pytest

from roadnets.searches.bucket_search import BucketSearch
from tests.roadnets.searches.cases import bucket_search, check_paths, check_times, grid_arcs, ints


def test_with_other_weights_it_is_as_if_made_of_them():
    arcs, other = grid_arcs(6, seed=1), grid_arcs(6, seed=2)
    search = bucket_search(arcs)
    reweighted = search.with_weights(other.ms)
    check_times(reweighted, other, seed=3)
    check_paths(reweighted, other, seed=3)
    check_times(search, arcs, seed=3)


def test_arcs_outside_the_graph_are_refused():
    with pytest.raises(ValueError, match="arc_head has 2; allowed: 0 to 1"):
        BucketSearch(2, ints(1), ints(2), ints(1))
