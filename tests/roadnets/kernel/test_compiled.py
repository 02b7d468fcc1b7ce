"""Compiled functions: ready once imported, and nothing is compiled inside a call."""

import logging

import numpy as np
import pytest

from roadnets.kernel.compiled import Ints, Nothing, OutInts, compiled, compiled_functions, warm
from roadnets.kernel.customize import customize, update
from tests.roadnets.kernel.shapes import built, grid


def test_warm_makes_every_function_ready() -> None:
    told: list[str] = []
    names = warm(told.append)
    assert {"roadnets.kernel.build", "roadnets.kernel.customize"} <= set(told)
    assert names == tuple(sorted(names))
    assert "roadnets.kernel.customize._relax" in names
    for name, function in compiled_functions().items():
        assert len(function.signatures) == 1, name


def test_nothing_is_compiled_in_a_call() -> None:
    warm(lambda step: None)
    before = {name: list(f.signatures) for name, f in compiled_functions().items()}
    topology = built(grid(5))
    ms = np.ones(80, np.int32)
    for writable in (True, False):
        ms.setflags(write=writable)
        update(topology, customize(topology, ms), ms, np.array([1, 2]))
    assert {name: list(f.signatures) for name, f in compiled_functions().items()} == before


def test_other_types_are_refused_rather_than_compiled() -> None:
    function = compiled_functions()["roadnets.kernel.build._group"]
    ints = np.zeros(3, np.int32)
    with pytest.raises(TypeError, match="No matching definition"):
        function(ints.astype(np.int64), ints, ints)
    read_only = np.zeros(3, np.int32)
    read_only.setflags(write=False)
    with pytest.raises(TypeError, match="No matching definition"):
        function(ints, ints, read_only)


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made: dict[str, object] = {
        "__name__": "typed"
    }  # a function of no file has no place for a cache
    exec("def double(a, b):\n    for i in range(len(a)): b[i] = 2 * a[i]\n", made)  # a fixed text
    with caplog.at_level(logging.WARNING):
        double = compiled(Nothing(Ints, OutInts))(made["double"])  # type: ignore[type-var] # made above
    assert "NUMBA_CACHE_DIR" in caplog.text
    out = np.zeros(2, np.int32)
    double(np.array([1, 4], np.int32), out)
    assert out.tolist() == [2, 8]
