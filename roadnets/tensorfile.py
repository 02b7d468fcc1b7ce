"""A safetensors file as named arrays and one text, read by memory map.

The format (https://github.com/huggingface/safetensors) is eight bytes of header length, a JSON
header, then the arrays; any tool that knows it can open our files. What the arrays mean is told in
``roadnets.store``.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import safetensors.numpy
from msgspec.json import decode
from numpy.typing import NDArray

from roadnets.errors import NetworkFileError

_LENGTH_BYTES: Final = 8
_LONGEST_HEADER: Final = 1 << 20
_METADATA_KEY: Final = "citydispatch.roadnets"
_DTYPES: Final = {
    "BOOL": np.dtype(np.bool_),
    "I8": np.dtype(np.int8),
    "U8": np.dtype(np.uint8),
    "U16": np.dtype("<u2"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}


class BrokenFileError(Exception):
    """What is wrong with a file; its text continues a sentence that begins with the name."""


class _Tensor(msgspec.Struct, frozen=True):
    """Where an array lies, in bytes after the header, and how to read it."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class TensorFile:
    """An open file; its arrays are views into one memory map, shared by threads and processes.

    Attributes
    ----------
    about
        The text that was given to ``write``.
    names
        Names of the arrays, sorted.
    """

    about: str
    names: tuple[str, ...]
    _data: mmap.mmap | bytes
    _start: int
    _tensors: Mapping[str, _Tensor]

    def view(self, name: str) -> NDArray[Any]:
        """Give an array of the file, read-only and without a copy.

        Raises
        ------
        BrokenFileError
            The file has no such array, or its place is not of its size.
        """
        try:
            tensor = self._tensors[name]
            dtype, (begin, end) = _DTYPES[tensor.dtype], tensor.data_offsets
        except KeyError as error:
            raise BrokenFileError(f"is damaged near {error}") from error
        size = math.prod(tensor.shape) * dtype.itemsize
        if begin + size != end:
            raise BrokenFileError(
                f"is damaged: {name} is {size} bytes long; its place holds {end - begin}"
            )
        return np.ndarray(tensor.shape, dtype, buffer=self._data, offset=self._start + begin)


def write(path: Path, arrays: Mapping[str, NDArray[Any]], about: str) -> None:
    """Write arrays and a text to one file; the same ones give the same bytes.

    A reader sees the file that was there before or the whole of the new one, never a part; views
    of the file before stay valid.

    Raises
    ------
    NetworkFileError
        The file cannot be written.
    """
    # One key, since safetensors keeps metadata in a map without order.
    data = safetensors.numpy.save(dict(arrays), metadata={_METADATA_KEY: about})
    try:
        write_atomically(path, data)
    except OSError as error:
        raise NetworkFileError(f"{path.name} cannot be written: {error.strerror}") from error


def read(path: Path) -> TensorFile:
    """Map a file into memory.

    Raises
    ------
    NetworkFileError
        There is no such file.
    BrokenFileError
        It is not a file of ``write``'s, or it is truncated, or has bytes too many.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except OSError as error:
        raise NetworkFileError(f"{path.name} cannot be read: {error.strerror}") from error
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + length
    if len(data) <= _LENGTH_BYTES or length > _LONGEST_HEADER or data[_LENGTH_BYTES] != ord("{"):
        raise BrokenFileError("is not a network file")
    if len(data) < start:
        raise BrokenFileError(f"is truncated at byte {len(data)} of at least {start}")
    try:
        parts = decode(data[_LENGTH_BYTES:start], type=dict[str, msgspec.Raw])
        about = decode(parts.pop("__metadata__"), type=dict[str, str])[_METADATA_KEY]
        tensors = {name: decode(part, type=_Tensor) for name, part in parts.items()}
    except (KeyError, ValueError) as error:
        raise BrokenFileError("is not a network file") from error
    end = start + max((tensor.data_offsets[1] for tensor in tensors.values()), default=0)
    if len(data) < end:
        raise BrokenFileError(f"is truncated at byte {len(data)} of {end}")
    if len(data) > end:
        raise BrokenFileError(f"is damaged: {len(data) - end} bytes follow its end at {end}")
    return TensorFile(about, tuple(sorted(tensors)), data, start, tensors)


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside ``path``, force it to disk, then rename over ``path``; raises OSError."""
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
