"""One compact file a network: written once, then read by memory map.

Every array of RoadNetwork is a tensor of its name (``roadnets.tensorfile``); ``texts`` holds all
else as UTF-8 JSON. Beside them may lie the arrays of ``Prepared``, with a version and a checksum of
their own: the network is the same with them and without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import msgspec
import numpy as np
from msgspec.json import decode
from numpy.typing import NDArray

from roadnets import tensorfile
from roadnets.errors import NetworkFileError
from roadnets.imports.streets import Tell, silence
from roadnets.network import (
    ARRAY_LAYOUT,
    NetworkFields,
    RoadNetwork,
    build_network,
    decode_texts,
    encode_texts,
    network_arrays,
)
from roadnets.prepared import (
    GRAPH_PREFIX,
    HIERARCHY_PREFIX,
    HIERARCHY_VERSION,
    Prepared,
    prepare,
)
from roadnets.tensorfile import BrokenFileError, TensorFile

FORMAT_VERSION: Final = 2
"""Raised whenever an older reader would misread the file."""

_TEXTS: Final = "texts"


class Stored(NamedTuple):
    """What a file holds; ``prepared`` is None where it has no hierarchy of this version."""

    network: RoadNetwork
    prepared: Prepared | None


class Ready(NamedTuple):
    """A network with its hierarchy."""

    network: RoadNetwork
    prepared: Prepared


def save(network: RoadNetwork, path: Path, prepared: Prepared | None = None) -> None:
    """Write ``network``, and what was prepared for it, to one file.

    The same network gives the same bytes. A reader sees the file that was there before or the
    whole of the new one, never a part; a network that was loaded before stays valid.

    Raises
    ------
    NetworkFileError
        The file cannot be written.
    ValueError
        ``prepared`` is not of this network.
    """
    tensors = network_arrays(network)
    tensors[_TEXTS] = np.frombuffer(encode_texts(network), np.uint8)
    hierarchy = None
    if prepared is not None:
        if not prepared.is_of(network):
            raise ValueError(f"the hierarchy is not one of {network.name}: prepare this network")
        beside = prepared.arrays()
        checksum = _hierarchy_checksum(HIERARCHY_VERSION, network.checksum, beside)
        hierarchy = _Hierarchy(HIERARCHY_VERSION, checksum)
        tensors |= beside
    about = msgspec.json.encode(_About(FORMAT_VERSION, network.checksum, hierarchy))
    tensorfile.write(path, tensors, about.decode())


def load(path: Path) -> RoadNetwork:
    """Read the network of a file; what may be prepared beside it is not looked at.

    Its arrays are views into one memory map, shared by all threads and processes.

    Raises
    ------
    NetworkFileError
        There is no such file, it is not a network file, it is truncated, it is of another format
        version, or its content does not give the checksum it states.
    """
    return _load(path, beside=False).network


def load_stored(path: Path) -> Stored:
    """Read a network and what was prepared for it, all of it views into one memory map.

    Raises
    ------
    NetworkFileError
        As ``load``; or the hierarchy does not give the checksum it states.
    """
    return _load(path, beside=True)


def load_ready(path: Path, tell: Tell = silence) -> Ready:
    """Read a network and its hierarchy, which is prepared now where the file has none.

    Parameters
    ----------
    path
        A network file.
    tell
        Told when the hierarchy has to be prepared, and each step of it.

    Raises
    ------
    NetworkFileError
        As ``load_stored``.
    """
    network, prepared = load_stored(path)
    if prepared is None:
        tell(
            f"{path.name} has no hierarchy of this version: preparing one. To keep it: "
            f"python -m roadnets prepare {path.name}"
        )
        prepared = prepare(network, tell)
    return Ready(network, prepared)


class _Hierarchy(msgspec.Struct, frozen=True):
    """What we state about the arrays beside the network."""

    version: int
    checksum: str


class _About(msgspec.Struct, frozen=True):
    """What we state about the file in its metadata."""

    version: int
    checksum: str
    hierarchy: _Hierarchy | None = None


def _load(path: Path, *, beside: bool) -> Stored:
    try:
        file = tensorfile.read(path)
        about = _read_about(file)
        network = _read_network(file, about.checksum)
        return Stored(network, _read_prepared(file, about) if beside else None)
    except BrokenFileError as error:
        raise NetworkFileError(f"{path.name} {error}") from error


def _read_about(file: TensorFile) -> _About:
    try:
        about = decode(file.about, type=_About)
    except ValueError as error:
        raise BrokenFileError("is not a network file") from error
    if about.version != FORMAT_VERSION:
        raise BrokenFileError(
            f"has format version {about.version}; this program reads version "
            f"{FORMAT_VERSION}: import the network again"
        )
    return about


def _read_network(file: TensorFile, checksum: str) -> RoadNetwork:
    arrays = {name: file.view(name) for name in (*ARRAY_LAYOUT, _TEXTS)}
    text = arrays.pop(_TEXTS).data
    try:
        network = build_network(**cast("NetworkFields", {**arrays, **decode_texts(text)}))
    except ValueError as error:
        raise BrokenFileError(f"is damaged: {error}") from error
    if encode_texts(network) != text:  # a word that decoding passes over
        raise BrokenFileError(f"is damaged: its {_TEXTS} are not as they were written")
    if network.checksum != checksum:
        raise BrokenFileError(
            f"is damaged: its checksum is {network.checksum}, it states {checksum}"
        )
    return network


def _read_prepared(file: TensorFile, about: _About) -> Prepared | None:
    """Read what lies beside the network; its checksum is checked whatever its version."""
    names = [n for n in file.names if n.startswith((GRAPH_PREFIX, HIERARCHY_PREFIX))]
    if about.hierarchy is None:
        if names:
            raise BrokenFileError(f"is damaged: it states no hierarchy, yet has {names[0]}")
        return None
    arrays = {name: file.view(name) for name in names}
    checksum = _hierarchy_checksum(about.hierarchy.version, about.checksum, arrays)
    if checksum != about.hierarchy.checksum:
        raise BrokenFileError(
            f"is damaged: the checksum of its hierarchy is {checksum}, it states "
            f"{about.hierarchy.checksum}"
        )
    if about.hierarchy.version != HIERARCHY_VERSION:
        return None
    try:
        return Prepared.from_arrays(arrays)
    except (KeyError, ValueError) as error:
        raise BrokenFileError(f"is damaged: {error}") from error


def _hierarchy_checksum(version: int, network: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Compute ``sha256:…`` over the version, the network's checksum and every array."""
    digest = hashlib.sha256(f"{version} {network}\n".encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"sha256:{digest.hexdigest()}"
