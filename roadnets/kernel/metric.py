"""Metric: one set of weights on a hierarchy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Metric(NamedTuple):
    """Customized weights of every slot, whole milliseconds, ``NO_WAY_MS`` where none.

    Attributes
    ----------
    up_ms
        int32 (s,), from the lower end of each slot to its higher end.
    down_ms
        int32 (s,), from the higher end to the lower.
    """

    up_ms: NDArray[np.int32]
    down_ms: NDArray[np.int32]
