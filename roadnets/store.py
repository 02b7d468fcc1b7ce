"""One compact file a network: written once, then read by memory map.

The file is a safetensors file (https://github.com/huggingface/safetensors: eight bytes of header
length, a JSON header, then the arrays), so that any tool that knows the format can open it.
Every array of RoadNetwork is a tensor of its name; ``texts`` holds all else as UTF-8 JSON.
"""

from __future__ import annotations

import math
import mmap
import os
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import msgspec
import numpy as np
import safetensors.numpy
from msgspec.json import decode
from numpy.typing import NDArray

from roadnets.errors import NetworkFileError
from roadnets.network import (
    ARRAY_LAYOUT,
    NetworkFields,
    RoadNetwork,
    build_network,
    decode_texts,
    encode_texts,
    network_arrays,
)

FORMAT_VERSION: Final = 1
"""Raised whenever an older reader would misread the file."""

_LENGTH_BYTES: Final = 8
_LONGEST_HEADER: Final = 1 << 20
_METADATA_KEY: Final = "citydispatch.roadnets"
_TEXTS: Final = "texts"
_DTYPES: Final = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype(np.uint8),
    "U16": np.dtype("<u2"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}


def save(network: RoadNetwork, path: Path) -> None:
    """Write ``network`` to one file; the same network gives the same bytes.

    A reader sees the file that was there before or the whole of the new one, never a part; a
    network that was loaded from the file before stays valid.

    Raises
    ------
    NetworkFileError
        The file cannot be written.
    """
    tensors = network_arrays(network)
    tensors[_TEXTS] = np.frombuffer(encode_texts(network), np.uint8)
    about = msgspec.json.encode(_About(FORMAT_VERSION, network.checksum)).decode()
    # One key, since safetensors keeps metadata in a map without order.
    data = safetensors.numpy.save(tensors, metadata={_METADATA_KEY: about})
    try:
        _write_atomically(path, data)
    except OSError as error:
        raise NetworkFileError(f"{path.name} cannot be written: {error.strerror}") from error


def load(path: Path) -> RoadNetwork:
    """Read a network file; its arrays are views into one memory map, shared by all processes.

    Raises
    ------
    NetworkFileError
        There is no such file, it is not a network file, it is truncated, it is of another format
        version, or its content does not give the checksum it states.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except OSError as error:
        raise NetworkFileError(f"{path.name} cannot be read: {error.strerror}") from error
    try:
        return _read_network(data)
    except _BrokenFileError as error:
        raise NetworkFileError(f"{path.name} {error}") from error


class _BrokenFileError(Exception):
    """What is wrong with a file; its text continues a sentence that begins with the name."""


class _About(msgspec.Struct, frozen=True):
    """What we state about the file in its metadata."""

    version: int
    checksum: str


class _Tensor(msgspec.Struct, frozen=True):
    """Where an array lies, in bytes after the header, and how to read it."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


class _Header(NamedTuple):
    """The parsed head of a file; ``start`` is the byte where the arrays begin."""

    start: int
    tensors: dict[str, _Tensor]
    about: _About


def _read_network(data: mmap.mmap | bytes) -> RoadNetwork:
    header = _read_header(data)
    if header.about.version != FORMAT_VERSION:
        raise _BrokenFileError(
            f"has format version {header.about.version}; this program reads version "
            f"{FORMAT_VERSION}: import the network again"
        )
    try:
        arrays = {name: _view(data, header, name) for name in (*ARRAY_LAYOUT, _TEXTS)}
        texts = decode_texts(arrays.pop(_TEXTS).data)
        network = build_network(**cast("NetworkFields", {**arrays, **texts}))
    except KeyError as error:
        raise _BrokenFileError(f"is damaged near {error}") from error
    except ValueError as error:
        raise _BrokenFileError(f"is damaged: {error}") from error
    if network.checksum != header.about.checksum:
        raise _BrokenFileError(
            f"is damaged: its checksum is {network.checksum}, it states {header.about.checksum}"
        )
    return network


def _read_header(data: mmap.mmap | bytes) -> _Header:
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + length
    if len(data) <= _LENGTH_BYTES or length > _LONGEST_HEADER or data[_LENGTH_BYTES] != ord("{"):
        raise _BrokenFileError("is not a network file")
    if len(data) < start:
        raise _BrokenFileError(f"is truncated at byte {len(data)} of at least {start}")
    try:
        parts = decode(data[_LENGTH_BYTES:start], type=dict[str, msgspec.Raw])
        metadata = decode(parts.pop("__metadata__"), type=dict[str, str])
        about = decode(metadata[_METADATA_KEY], type=_About)
        tensors = {name: decode(part, type=_Tensor) for name, part in parts.items()}
    except (KeyError, ValueError) as error:
        raise _BrokenFileError("is not a network file") from error
    end = start + max((tensor.data_offsets[1] for tensor in tensors.values()), default=0)
    if len(data) < end:
        raise _BrokenFileError(f"is truncated at byte {len(data)} of {end}")
    if len(data) > end:
        raise _BrokenFileError(f"is damaged: {len(data) - end} bytes follow its end at {end}")
    return _Header(start, tensors, about)


def _view(data: mmap.mmap | bytes, header: _Header, name: str) -> NDArray[Any]:
    """Give a tensor of the file as a read-only array, without a copy."""
    tensor = header.tensors[name]
    dtype, (begin, end) = _DTYPES[tensor.dtype], tensor.data_offsets
    size = math.prod(tensor.shape) * dtype.itemsize
    if begin + size != end:
        raise ValueError(f"{name} is {size} bytes long; its place holds {end - begin}")
    return np.ndarray(tensor.shape, dtype, buffer=data, offset=header.start + begin)


def _write_atomically(path: Path, data: bytes) -> None:
    """Write beside ``path``, force it to disk, then rename over ``path``."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    if hasattr(os, "O_DIRECTORY"):  # Windows cannot force a folder's entry to disk
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
