"""Compiled functions: every loop of the kernel becomes machine code when its module is imported.

numba compiles a function for the exact types of its arguments. Signatures are therefore written
out, so that nothing is ever compiled inside a call: a call with other types raises TypeError.

Arrays that come in are declared read-only (``Ints`` …), for numba then takes writable and
read-only ones alike, also those mapped from a file; arrays that are written are declared writable
(``OutInts`` …). All are contiguous and aligned.

numba lets negative indices count from the end, and pays for it at each access. An index that was
itself read from an array is therefore made unsigned, ``up_head[Index(slot)]``: a third of the time.

A function may call others of its own file only. numba notices a changed file by its contents, but
does not look into the files of the functions that it calls.

Machine code is kept on disk: in the folder that NUMBA_CACHE_DIR names; without it in
``__pycache__`` beside the module; where that cannot be written, in the user's cache folder
(``$XDG_CACHE_HOME/numba`` or ``~/.cache/numba``). Where no folder can be written, each start
compiles anew and logs so. Kept code is for one kind of processor and one release of numba; others
compile their own beside it.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit, types

import roadnets.kernel

_log: Final = logging.getLogger(__name__)

Int: Final = types.int32
Long: Final = types.int64
Flag: Final = types.boolean
Nothing: Final = types.void
Ints: Final = types.Array(types.int32, 1, "C", readonly=True)
Flags: Final = types.Array(types.boolean, 1, "C", readonly=True)
Words: Final = types.Array(types.uint64, 1, "C", readonly=True)
OutInts: Final = types.Array(types.int32, 1, "C")
OutFlags: Final = types.Array(types.boolean, 1, "C")
OutWords: Final = types.Array(types.uint64, 1, "C")
OutIntTable: Final = types.Array(types.int32, 2, "C")

Index: Final = cast("Callable[[int], int]", np.uint32)
"""Makes an index unsigned; told to the type checker as an int, which is all that it is for."""

Index64: Final = cast("Callable[[int], int]", np.uint64)
"""The same for an index that is computed with: numba would widen it at every step."""

F = TypeVar("F", bound=Callable[..., Any])

_compiled: Final[dict[str, Any]] = {}


def compiled(
    signature: Any,  # noqa: ANN401 - numba's types are untyped
    *,
    inlined: bool = False,
) -> Callable[[F], F]:
    """Compile a function for one signature now, or load what an earlier start has compiled.

    Parameters
    ----------
    signature
        numba's, such as ``Nothing(Ints, OutInts)``.
    inlined
        Whether it becomes part of the functions of its file that call it: for small ones in a loop,
        since a call hands over some seven words an array.

    Returns
    -------
    Callable
        The decorator. What it gives holds no lock of Python's while it runs.
    """

    def decorate(function: F) -> F:
        try:
            machine = njit(signature, nogil=True, cache=True, forceinline=inlined)(function)
        except RuntimeError as e:
            if "cannot cache" not in str(e):
                raise
            _log.warning("compiling %s anew, set NUMBA_CACHE_DIR: %s", function.__qualname__, e)
            machine = njit(signature, nogil=True, forceinline=inlined)(function)
        _compiled[f"{function.__module__}.{function.__qualname__}"] = machine
        return cast("F", machine)

    return decorate


def compiled_functions() -> dict[str, Any]:
    """Every compiled function of the modules imported so far, by its full name."""
    return dict(_compiled)


def warm(tell: Callable[[str], None]) -> tuple[str, ...]:
    """Compile every function of the kernel, or load it where that has been done before.

    Parameters
    ----------
    tell
        Told the name of each module before it is imported.

    Returns
    -------
    tuple[str, ...]
        Full names of all functions that are ready now, in alphabetical order.
    """
    for module in pkgutil.iter_modules(roadnets.kernel.__path__, "roadnets.kernel."):
        tell(module.name)
        importlib.import_module(module.name)
    return tuple(sorted(_compiled))
