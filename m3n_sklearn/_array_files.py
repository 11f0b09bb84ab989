"""Arrays in .npy and .npz files: read without pickles, and within the bounds of the file's size."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ._files import reading
from ._typing import AnyArray

__all__ = [
    "LARGEST_HEADER",
    "checked_size",
    "largest_inflated",
    "npy_header",
    "read_npy",
    "read_npz",
    "require",
]

MOST_AXES = 32
MOST_MEMBERS = 4096
"""Arrays of an archive."""
LARGEST_HEADER = 12_288
"""Bytes of the header of a .npy file: NumPy refuses longer ones, after it has read them."""


def largest_inflated(stored: int) -> int:
    """Return how many bytes a file or member of that many compressed bytes may have.

    Arrays of zeros compress a thousandfold, and so do files that are made to fill the memory: small
    files may be anything, large ones consist of measurements, which compress by less than ten.
    """
    return 2**27 + 64 * stored


def checked_size(shape: Any, itemsize: int) -> int:
    """Return the bytes of an array, or raise ValueError for shapes that no array of a file has."""
    if not isinstance(shape, tuple | list) or len(shape) > MOST_AXES:
        raise ValueError(f"the shape of an array is a {type(shape).__name__}")
    size = itemsize
    for length in shape:
        if type(length) is not int or not 0 <= length < 2**40:
            raise ValueError("the lengths of an array are not whole numbers of a usual size")
        size *= length
    if not itemsize and 0 not in shape:
        raise ValueError("the elements of an array have no size")
    return size


def npy_header(start: bytes) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Return shape, dtype and length of the header of a .npy file that begins like this."""
    if not start.startswith(npy.MAGIC_PREFIX):
        raise ValueError("it does not begin like a .npy file.")
    content = io.BytesIO(start)
    version = npy.read_magic(content)
    if version == (1, 0):
        shape, _, dtype = npy.read_array_header_1_0(content)
    elif version in ((2, 0), (3, 0)):  # 3.0 differs by names of fields in UTF-8
        shape, _, dtype = npy.read_array_header_2_0(content)
    else:
        raise ValueError(f"it has version {version} of the .npy format")
    return shape, dtype, content.tell()


def read_npy(path: str | os.PathLike[str], *, memory_map: bool = False) -> AnyArray:
    """Read the plain array of a .npy file, after a look at whether the file can hold it."""
    with reading(path, "a .npy file of a plain array") as file:
        with file.open("rb") as opened:
            shape, dtype, header = npy_header(opened.read(LARGEST_HEADER))
        if dtype.hasobject:
            raise ValueError("it contains Python objects, which are never loaded")
        expected, size = header + checked_size(shape, dtype.itemsize), file.stat().st_size
        if size < expected:
            raise ValueError(f"it has {size} bytes instead of {expected}, so it was cut off")
        return np.load(file, mmap_mode="r" if memory_map else None, allow_pickle=False)


class _Archive(Mapping[str, AnyArray]):
    """The plain arrays of an .npz archive, each of which is read when it is asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._read: dict[str, AnyArray] = {}
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise ValueError(f"it has {len(members)} members")
            for member in members:
                if member.filename.endswith(".npy") and self._is_plain(archive, member):
                    self._members[member.filename.removesuffix(".npy")] = member

    def _is_plain(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
        """Tell whether a member is an array without Python objects; check what it claims to be."""
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{member.filename} is compressed in another way than by NumPy")
        with archive.open(member) as opened:
            shape, dtype, header = npy_header(opened.read(LARGEST_HEADER))
        if dtype.hasobject:
            return False
        expected = header + checked_size(shape, dtype.itemsize)
        if expected != member.file_size:
            raise ValueError(
                f"{member.filename} has {member.file_size} bytes, but its header says {expected}"
            )
        return True

    def __getitem__(self, key: str) -> AnyArray:
        member = self._members[key]
        if key not in self._read:
            with reading(self._file, f"an archive that contains {key!r}"):
                most = largest_inflated(member.compress_size)
                if member.file_size > most:
                    raise ValueError(
                        f"its array {key!r} has {member.file_size} bytes in {member.compress_size} "
                        f"compressed ones; at most {most} are read. Save it with numpy.savez."
                    )
                with zipfile.ZipFile(self._file) as archive, archive.open(member) as opened:
                    self._read[key] = npy.read_array(opened, allow_pickle=False)
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, key: object) -> bool:
        return key in self._members


def read_npz(path: str | os.PathLike[str]) -> Mapping[str, AnyArray]:
    """Return the plain arrays of an archive by name, read when asked for; skip Python objects."""
    with reading(path, "an .npz archive of plain arrays") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(
                f"{file} cannot be read as an .npz archive of plain arrays. It may be "
                "damaged, be a single array without a name, or be a pickle, which is never opened. "
                "Convert it with numpy.savez."
            )
        return _Archive(file)


def require(arrays: Mapping[str, AnyArray], key: str, path: str | os.PathLike[str]) -> AnyArray:
    """Return a required array, or list the arrays that the archive has."""
    if key not in arrays:
        raise ValueError(
            f"{Path(path).name} has no plain array {key!r}; it has {sorted(arrays)}. Arrays of "
            "Python objects are not read, because that would execute a pickle."
        )
    return arrays[key]
