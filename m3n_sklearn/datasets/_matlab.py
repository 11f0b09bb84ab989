"""Matrices of numbers in MATLAB files of version 5 to 7, and nothing else of such a file.

``scipy.io.loadmat`` reads more, but in machine code that trusts the file: deeply nested cells, or
an unknown type of the numbers, end the process. Layout: "MAT-File Format", MathWorks.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._array_files import checked_size, largest_inflated

__all__ = ["read_matlab"]

HEADER = 128
"""Bytes before the first element, of which the last two tell the byte order."""
MATRIX, COMPRESSED = 14, 15
"""Types of elements."""
STORED = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
"""Types of numbers as they are stored, which may be smaller than the class of their matrix."""
NUMERIC, COMPLEX = range(6, 16), 0x0800
"""Classes of matrices of real numbers, and the flag of complex ones."""


def read_matlab(path: Path, variable: str) -> NDArray[np.float64]:
    """Return a matrix of numbers from a MATLAB file."""
    content = path.read_bytes()
    order = {b"IM": "<", b"MI": ">"}.get(content[HEADER - 2 : HEADER])
    if order is None:
        raise ValueError("it is not a MATLAB file of version 5 to 7.")
    names = []
    for element in _elements(content, order):
        parts = _parts(element, order)
        flags, shape, name = (next(parts, np.zeros(0, np.uint8)) for _ in range(3))
        names.append(name.tobytes().decode("latin1"))
        if names[-1] == variable:
            if not len(flags) or (flags[0] & 0xFF) not in NUMERIC or flags[0] & COMPLEX:
                raise ValueError(f"its {variable!r} is not a matrix of real numbers.")
            values = next(parts, np.zeros(0))
            if checked_size(lengths := shape.tolist(), 1) != len(values):
                raise ValueError(f"its {variable!r} has {len(values)} numbers, not {lengths}.")
            return values.reshape(lengths, order="F").astype(np.float64)
    listed = [f"{name:.40}" for name in names[:20]]
    raise ValueError(f"it has no variable {variable!r}, but {listed}.")


def _elements(content: bytes, order: str) -> Iterator[bytes]:
    """Yield the content of each matrix in a file, inflated."""
    start = HEADER
    while start + 8 <= len(content):
        kind, size = struct.unpack_from(f"{order}II", content, start)
        start += 8
        if start + size > len(content):
            raise ValueError("it ends early.")
        element = content[start : start + size]
        start += size
        if kind == COMPRESSED:
            machine, most = zlib.decompressobj(), largest_inflated(size)
            inflated = machine.decompress(element, most)
            if not machine.eof or len(inflated) < 8:
                raise ValueError(f"{size} compressed bytes end early or inflate to over {most}.")
            kind, element = struct.unpack_from(f"{order}I", inflated)[0], inflated[8:]
        if kind != MATRIX:
            raise ValueError("it holds something else than matrices.")
        yield element


def _parts(element: bytes, order: str) -> Iterator[NDArray[Any]]:
    """Yield the parts of a matrix: flags, lengths, name, numbers. Short ones stand in their tag."""
    at = 0
    while at + 8 <= len(element):
        kind, size = struct.unpack_from(f"{order}II", element, at)
        begin = at + 8
        if kind >> 16:
            kind, size, begin = kind & 0xFFFF, kind >> 16, at + 4
        if kind not in STORED or begin + size > len(element) or (begin == at + 4 and size > 4):
            raise ValueError("it ends early, or holds numbers of an unknown type.")
        stored = np.dtype(order + STORED[kind])
        yield np.frombuffer(element, stored, size // stored.itemsize, begin)
        at = begin + size + -(begin + size) % 8
