"""ScipySearch: what the others have not."""

import pytest

from roadnets.searches.scipy_search import ScipySearch
from tests.roadnets.searches.cases import ints


def test_arcs_outside_the_graph_are_refused():
    with pytest.raises(ValueError, match="arc_head has 2; allowed: 0 to 1"):
        ScipySearch(2, ints(1), ints(2), ints(1))
