"""Matrices of MATLAB files, without whatever else such a file may hold.

SciPy reads the values. It also follows cells in cells in machine code, which ends the process where
a file nests them deep enough, and inflates whatever a file holds. So elements are looked at before,
and SciPy gets a file with nothing but the matrix that is wanted.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from .._files import largest_inflated

__all__ = ["read_matlab"]

HEADER = 128
"""Bytes before the first element, of which the last two tell the byte order."""
MATRIX, COMPRESSED = 14, 15
"""Types of elements."""
NUMERIC = range(6, 16)
"""Classes of matrices of numbers: double, single, and integers of 8 to 64 bits."""


def read_matlab(path: Path, variable: str) -> NDArray[np.float64]:
    """Return a matrix of numbers from a MATLAB file of version 5 to 7."""
    content = path.read_bytes()
    order = {b"IM": "<", b"MI": ">"}.get(content[HEADER - 2 : HEADER])
    if order is None:
        raise ValueError("it is not a MATLAB file of version 5 to 7.")
    names = []
    for element in _elements(content, order):
        name, kind = _name_and_class(element, order)
        names.append(f"{name:.40}")
        if name == variable:
            if kind not in NUMERIC:
                raise ValueError(f"its {variable!r} is not a matrix of numbers.")
            read = loadmat(io.BytesIO(content[:HEADER] + element), variable_names=[variable])
            return np.asarray(read[variable], dtype=np.float64)
    raise ValueError(f"it has no variable {variable!r}, but {names[:20]}.")


def _elements(content: bytes, order: str) -> Iterator[bytes]:
    """Yield the matrices of a file with their tags, inflated."""
    start = HEADER
    while start + 8 <= len(content):
        kind, size = struct.unpack_from(f"{order}II", content, start)
        stop = start + 8 + size
        if stop > len(content):
            raise ValueError("it ends early.")
        element = content[start:stop]
        if kind == COMPRESSED:
            machine, most = zlib.decompressobj(), largest_inflated(size)
            element = machine.decompress(element[8:], most)
            if not machine.eof:
                raise ValueError(f"{size} compressed bytes end early or inflate to over {most}.")
        if len(element) < 8 or struct.unpack_from(f"{order}I", element)[0] != MATRIX:
            raise ValueError("it holds something else than matrices.")
        yield element
        start = stop


def _name_and_class(element: bytes, order: str) -> tuple[str, int]:
    """Return the name and the class of a matrix: flags, dimensions and name come first."""
    flags = struct.unpack_from(f"{order}I", element, 16)[0]
    at = 24  # behind the tag of the matrix, and tag and content of the flags
    size, begin = _part(element, at, order)
    at = begin + size + -(begin + size) % 8
    size, begin = _part(element, at, order)
    if begin + size > len(element):
        raise ValueError("it ends early.")
    return element[begin : begin + size].decode("latin1"), flags & 0xFF


def _part(element: bytes, at: int, order: str) -> tuple[int, int]:
    """Return size and begin of a part of a matrix; small ones stand in their tag."""
    kind, size = struct.unpack_from(f"{order}II", element, at)
    return (kind >> 16, at + 4) if kind >> 16 else (size, at + 8)
