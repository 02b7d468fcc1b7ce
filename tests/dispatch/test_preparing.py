"""A hierarchy from a process of its own is the one that this process would make."""

import numpy as np
import pytest

from dispatch.preparing import prepare_apart
from roadnets.prepared import prepare
from tests.roadnets.networks import grid


async def test_the_same_hierarchy_as_here() -> None:
    network = grid(6, 7)
    apart, here = await prepare_apart(network), prepare(network)
    assert apart.is_of(network)
    for name, array in here.topology.arrays().items():
        np.testing.assert_array_equal(apart.topology.arrays()[name], array)


async def test_a_process_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.preparing.sys.executable", "/bin/false")
    with pytest.raises(RuntimeError, match="exit 1"):
        await prepare_apart(grid(2, 2))
