"""Seeds and arcs that no search can answer on are refused, with what is wrong about them."""

import numpy as np
import pytest

from roadnets.searches.bucket_search import BucketSearch
from roadnets.searches.scipy_search import ScipySearch
from roadnets.searches.search import Seeds
from roadnets.searches.search_input import check_arcs, check_pair, check_seeds
from tests.roadnets.searches.cases import ints


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        (Seeds(ints(0, 1), ints(9), ints(0)), r"x\.node has 9; allowed: 0 to 8"),
        (Seeds(ints(0, 1), ints(1), ints(-1)), r"x\.ms has -1; allowed: 0 to 1073741823"),
        (Seeds(ints(0, 2), ints(1), ints(0)), r"x\.start has to begin with 0 and end with 1"),
        (Seeds(ints(), ints(), ints()), r"x\.start has to begin with 0 and end with 0"),
        (Seeds(ints(0, 2, 1, 2), ints(1, 1), ints(0, 0)), r"x\.start has to ascend"),
        (Seeds(ints(0, 1), ints(1), ints(0, 0)), r"x\.ms is int32 \(2,\); allowed: int32 \(1,\)"),
        (
            Seeds(ints(0, 1), np.array([1.0]), ints(0)),
            r"x\.node is float64 \(1,\); allowed: int32 \(1,\)",
        ),
        (
            Seeds(ints(0, 2), np.arange(4, dtype=np.int32)[::2], ints(0, 0)),
            r"x\.node is not contiguous int32 \(2,\); allowed: int32 \(2,\)",
        ),
    ],
)
def test_seeds_are_refused(seeds, message):
    with pytest.raises(ValueError, match=message):
        check_seeds("x", seeds, 9)


def test_places_without_seeds_and_no_places_at_all_are_fine():
    check_seeds("x", Seeds(ints(0, 0, 1, 1), ints(8), ints(0)), 9)
    check_seeds("x", Seeds(ints(0), ints(), ints()), 9)


@pytest.mark.parametrize("places", [0, 2])
def test_a_path_is_between_single_places(places):
    with pytest.raises(ValueError, match=f"origin has {places} places; allowed: 1"):
        check_pair(Seeds.at_nodes(range(places)), Seeds.at_nodes([0]), 9)


def test_arcs_are_refused():
    with pytest.raises(ValueError, match="arc_tail has 5; allowed: 0 to 4"):
        check_arcs(5, ints(5), ints(0), ints(0))
    with pytest.raises(ValueError, match=r"arc_head is int32 \(2,\); allowed: int32 \(1,\)"):
        check_arcs(5, ints(4), ints(0, 1), ints(0))
    with pytest.raises(ValueError, match="arc_ms has 1073741824; allowed: 0 to 1073741823"):
        check_arcs(5, ints(4), ints(0), ints(1 << 30))


@pytest.mark.parametrize("search_of", [BucketSearch, ScipySearch])
def test_searches_refuse_arcs_outside_the_graph(search_of):
    with pytest.raises(ValueError, match="arc_head has 2; allowed: 0 to 1"):
        search_of(2, ints(1), ints(2), ints(1))
