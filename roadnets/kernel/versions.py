"""MetricVersions: one set of weights as it changes, each version for as long as it is held.

A change must not disturb whoever is searching on the metric of before, nor copy all of it. So a few
buffers take turns: the one that is written next is an old one that nobody holds any more, caught
up by copying only what has changed since it was live.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Final
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from roadnets.kernel.customize import customize_into, update
from roadnets.kernel.metric import Metric
from roadnets.kernel.topology import Topology

_SPARE: Final = 2
"""Buffers kept though nobody holds them."""

_FAR_BEHIND: Final = 8
"""A buffer that lacks more than one slot in so many is copied whole: that is then quicker."""


class _Buffer:
    """Room for one metric; ``behind`` lists the slots that it lacks, None if it lacks all."""

    __slots__ = ("__weakref__", "behind", "both_ms", "lacking")

    def __init__(self, slots: int) -> None:
        self.both_ms: NDArray[np.int32] = np.empty((2, slots), np.int32)
        self.behind: list[NDArray[np.int32]] | None = None
        self.lacking = 0

    @property
    def metric(self) -> Metric:
        """What is in it, to be written."""
        return Metric(self.both_ms[0], self.both_ms[1])

    def fall_behind(self, changed: NDArray[np.int32] | None) -> None:
        """Note that another buffer has changed in some slots, or in nobody knows how many."""
        if self.behind is None:
            return
        self.lacking += len(changed) if changed is not None else self.both_ms.size
        if changed is None or self.lacking * _FAR_BEHIND > self.both_ms.shape[1]:
            self.behind = None
        else:
            self.behind.append(changed)

    def catch_up(self, live: _Buffer) -> None:
        """Copy what it lacks."""
        if self.behind is None:
            self.both_ms[:] = live.both_ms
        for changed in self.behind or ():
            self.both_ms[:, changed] = live.both_ms[:, changed]
        self.be_live()

    def be_live(self) -> None:
        """Note that it lacks nothing."""
        self.behind, self.lacking = [], 0


class _Lease:
    """Stands behind the arrays of one version; gives its buffer back when the last of them dies.

    An array made of an object by numpy's array interface keeps the object alive, and so does every
    view of the array. (A weak reference to the array itself would miss its views.)
    """

    __slots__ = ("__array_interface__", "_buffer", "_free")

    def __init__(self, buffer: _Buffer, free: deque[_Buffer]) -> None:
        interface: dict[str, Any] = dict(buffer.both_ms.__array_interface__)
        address, _ = interface["data"]
        self.__array_interface__ = {**interface, "data": (address, True)}  # True: read-only
        self._buffer, self._free = buffer, free

    def __del__(self) -> None:
        # Any thread may come here at any point of its work, so nothing here may take a lock; a
        # deque needs none.
        if len(self._free) < _SPARE:
            self._free.append(self._buffer)


class MetricVersions:
    """The metric of one set of weights, and its next versions.

    Any thread may take the current version and search on it for as long as it likes: the arrays of
    a Metric never change. Writers wait for each other.

    Parameters
    ----------
    topology
        The hierarchy.
    arc_ms
        int32 (a,), the weights to begin with, as for ``customize``; not kept.

    Raises
    ------
    ValueError
        As of ``customize``.
    """

    def __init__(self, topology: Topology, arc_ms: NDArray[np.int32]) -> None:
        self._topology = topology
        self._writing = threading.Lock()
        self._free: deque[_Buffer] = deque()
        self._buffers: WeakSet[_Buffer] = WeakSet()
        self._buffer = self._take()
        customize_into(topology, self._buffer.metric, arc_ms)
        self._live = self._publish(self._buffer, None)

    @property
    def topology(self) -> Topology:
        """The hierarchy."""
        return self._topology

    def current(self) -> Metric:
        """The newest version; read-only."""
        return self._live

    def change(self, arc_ms: NDArray[np.int32], arcs: NDArray[np.integer]) -> Metric:
        """Make the next version after the weights of some arcs have changed; gives it.

        Parameters
        ----------
        arc_ms
            int32 (a,), all weights now.
        arcs
            Integer (k,), at least every arc whose weight differs from the live version's.

        Raises
        ------
        ValueError
            As of ``update``; the live version stays.
        """
        with self._writing:
            buffer = self._take()
            buffer.catch_up(self._buffer)
            try:
                changed = update(self._topology, buffer.metric, arc_ms, arcs)
            except ValueError:
                self._free.append(buffer)
                raise
            return self._publish(buffer, changed)

    def replace(self, arc_ms: NDArray[np.int32]) -> Metric:
        """Make the next version of entirely new weights; parameters and errors as of the class."""
        with self._writing:
            buffer = self._take()
            try:
                customize_into(self._topology, buffer.metric, arc_ms)
            except ValueError:
                self._free.append(buffer)
                raise
            return self._publish(buffer, None)

    def _take(self) -> _Buffer:
        """A buffer that nobody holds."""
        if self._free:
            return self._free.popleft()
        buffer = _Buffer(self._topology.slot_count)
        self._buffers.add(buffer)
        return buffer

    def _publish(self, buffer: _Buffer, changed: NDArray[np.int32] | None) -> Metric:
        """Make a buffer the live one; ``changed`` are the slots in which it differs from before."""
        for other in self._buffers:
            other.fall_behind(changed)
        buffer.be_live()
        both_ms = np.asarray(_Lease(buffer, self._free))
        live = Metric(both_ms[0], both_ms[1])
        self._buffer, self._live = buffer, live
        return live
