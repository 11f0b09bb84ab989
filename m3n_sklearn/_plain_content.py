"""Plain content of saved files: NumPy files, pickles, joblib and ``torch.save``.

All of them may hold pickles, which are programs. They are read with the restricted unpickler:
arrays and tensors become NumPy arrays, containers stay containers, and anything else is refused.
Torch need not be installed.
"""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal

import numpy as np

from ._safe_pickle import (
    LARGEST,
    _Array,
    _Dtype,
    _JoblibArray,
    _plain,
    _Reader,
    _Record,
    _RefusedError,
    _uncompressed,
    _Unpickler,
)
from ._typing import AnyArray

__all__ = ["load_plain"]

ZIP, NPY = b"PK", b"\x93NUMPY"
"""First bytes of archives and of arrays."""

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""First value in a file of ``torch.save`` before PyTorch 1.6, and in a tensor inside a pickle."""

Order = Literal["<", ">"]
"""Byte order of numbers."""

LARGEST_VIEW = 2**28
"""Bytes of a tensor that repeats its storage, such as an expanded one."""


def load_plain(path: str | os.PathLike[str]) -> Any:
    """Read the content of a file without running any code of it.

    Supported are .npz and .npy, also with containers in arrays of objects, pickles of Python 2 and
    3, files of joblib, and files of ``torch.save``. The content of an .npz is a mapping that reads
    an array when it is looked up.
    """
    file = Path(path)
    with file.open("rb") as handle:
        start = handle.read(len(NPY))
        handle.seek(0)
        with _explained(file):
            if start.startswith(ZIP):
                return _from_zip(file)
            if start == NPY:
                return _from_npy(handle, os.fstat(handle.fileno()).st_size)
            return _unpickled(*_uncompressed(handle))


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Say which file has something that is not read, and what to do."""
    try:
        yield
    except _RefusedError as error:
        raise ValueError(
            f"{file.name} was not read: {error} Only plain values, numeric arrays and tensors are "
            "read. If you trust the file, load it where its software is installed and save its "
            "arrays with numpy.savez."
        ) from error


# ---- archives: .npz and torch.save


class _Archive(Mapping[str, Any]):
    """The arrays of an .npz, each read when it is looked up."""

    def __init__(self, file: Path, names: Sequence[str]) -> None:
        self._file, self._names = file, names
        self._read: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._read:
            with (
                _explained(self._file),
                zipfile.ZipFile(self._file) as archive,
                archive.open(f"{name}.npy") as member,
            ):
                size = archive.getinfo(f"{name}.npy").file_size
                self._read[name] = _from_npy(member, size)
        return self._read[name]


def _from_zip(file: Path) -> Any:
    """Read an .npz or a file of ``torch.save``."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        program = next((name for name in names if name.split("/")[-1] == "data.pkl"), None)
        if program is not None:
            return _from_torch(archive, program)
    arrays = [name.removesuffix(".npy") for name in names if name.endswith(".npy")]
    if not arrays:
        raise ValueError(f"it is an archive of {names[:5]}, neither arrays nor tensors")
    return _Archive(file, arrays)


def _from_torch(archive: zipfile.ZipFile, program: str) -> Any:
    """Read an archive of ``torch.save``: a pickle, and one member for each storage."""
    folder = program.removesuffix("data.pkl")
    order: Order = "<"
    if f"{folder}byteorder" in archive.namelist():
        order = ">" if _member(archive, f"{folder}byteorder") == b"big" else "<"

    def fetch(storage: _Storage, key: str) -> None:
        storage.fill(_member(archive, f"{folder}data/{key}"), order)

    content = _member(archive, program)
    size = sum(info.file_size for info in archive.infolist())
    return _unpickled(io.BytesIO(content), len(content), _Storages(size, fetch))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of a member; ``torch.save`` does not compress."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"its member {name} is compressed")
    return archive.read(info)


# ---- arrays, also of containers


def _from_npy(handle: Any, size: int) -> Any:
    """Read an array; one of objects becomes its items, a single object itself."""
    if not 0 <= size <= LARGEST:
        raise ValueError(f"an array of {size} bytes")
    major, minor = np.lib.format.read_magic(handle)
    if (major, minor) not in ((1, 0), (2, 0)):
        raise ValueError(f"version {major}.{minor} of the format of arrays")
    header = (
        np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    )
    shape, fortran, dtype = header(handle)
    raw = handle.read(size)
    if dtype.hasobject:
        return _unpickled(io.BytesIO(raw), len(raw))
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(f"{len(raw)} bytes for an array of shape {shape} and type {dtype}")
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C").copy()


class _AnyDtype(_Dtype):
    """A plain type, or Python objects."""

    def __new__(cls, name: str, *others: Any) -> Any:
        if name not in ("O", "O4", "O8"):
            return super().__new__(cls, name, *others)
        made = _Record.__new__(cls)
        made.value = np.dtype(object)
        return made

    def __setstate__(self, state: Any) -> None:
        if self.value.kind != "O":
            super().__setstate__(state)


class _AnyArray(_Array):
    """An array, or the items of one of objects: nested lists, and a single object itself."""

    def __setstate__(self, state: Any) -> None:
        shape, dtype, _, items = state[-4:]
        if not isinstance(items, list):
            super().__setstate__(state)
            return
        if dtype.value.kind != "O" or math.prod(shape) != len(items) or len(shape) > 1:
            raise _RefusedError(f"it holds an array of Python objects of shape {shape}.")
        self._items, self._shape = items, shape

    @cached_property
    def value(self) -> Any:  # type: ignore[override]
        """The items as plain values, made once."""
        items = _plain(self._items, {})
        return items if self._shape else items[0]


# ---- tensors


class _Storage(_Record):
    """The numbers of one or several tensors, which older files fill after the pickle."""

    kind: ClassVar[str]

    def __new__(cls, count: int = 0, most: int = 0) -> Any:
        made = super().__new__(cls)
        if not 0 <= count * cls.stored().itemsize <= most:
            raise ValueError(f"a storage of {count} numbers in {most} bytes")
        made.numbers = np.zeros(count, "f4" if cls.kind == "bfloat16" else cls.kind)
        return made

    numbers: AnyArray

    @classmethod
    def stored(cls) -> np.dtype[Any]:
        """Return the type of the numbers in the file."""
        return np.dtype("u2" if cls.kind == "bfloat16" else cls.kind)

    def fill(self, raw: bytes, order: Order) -> None:
        """Put in the numbers of the file."""
        given = np.frombuffer(raw, self.stored().newbyteorder(order))
        if len(given) != len(self.numbers):
            raise ValueError(f"{len(given)} numbers in a storage of {len(self.numbers)}")
        if self.kind == "bfloat16":  # the upper half of a float32
            given = (given.astype("u4") << 16).view("f4")
        self.numbers[:] = given


def _storage(kind: str) -> type[_Storage]:
    return type("_Storage", (_Storage,), {"kind": kind})


class _Tensor(_Record):
    """``torch._utils._rebuild_tensor``: a strided view of a storage."""

    def __new__(cls, storage: Any, offset: int, shape: Any, strides: Any, *_: Any) -> Any:
        if not isinstance(storage, _Storage):
            raise _RefusedError(f"it holds a tensor in a {type(storage).__name__}.")
        numbers, shape, strides = storage.numbers, tuple(shape), tuple(strides)
        if len(shape) != len(strides) or min((offset, *shape, *strides)) < 0:
            raise ValueError(f"a tensor of shape {shape} and strides {strides}")
        size = math.prod(shape)
        made = super().__new__(cls)
        if not size:
            made.value = np.zeros(shape, numbers.dtype)
            return made
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if last >= len(numbers) or size * numbers.itemsize > max(numbers.nbytes, LARGEST_VIEW):
            raise ValueError(f"a tensor of shape {shape} in a storage of {len(numbers)} numbers")
        steps = [step * numbers.itemsize for step in strides]
        made.value = np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps)
        return made


class _Parameter(_Record):
    """``torch._utils._rebuild_parameter``: its tensor."""

    def __new__(cls, tensor: Any, *_: Any) -> Any:
        return tensor


class _PlainOnly(_Record):
    """An array of joblib, whose bytes follow in the file; objects would be another pickle."""

    def __setstate__(self, state: Any) -> None:
        if state["dtype"].value.kind == "O":
            raise _RefusedError("it holds an array of Python objects.")
        super().__setstate__(state)


class _Bytes(_Record):
    """``torch.storage._load_from_bytes``: the storage of a tensor inside a pickle."""

    def __new__(cls, raw: Any) -> Any:
        raw = raw.encode("latin1") if isinstance(raw, str) else raw
        if not isinstance(raw, bytes | bytearray):
            raise _RefusedError(f"it holds a tensor in {type(raw).__name__}.")
        return _loaded(io.BytesIO(raw), len(raw), _Storages(len(raw)))


class _Size(_Record):
    """``torch.Size``: a tuple."""

    def __new__(cls, shape: Any = ()) -> Any:
        return tuple(shape)


class _Word(_Record):
    """``torch.device``: its name."""

    def __new__(cls, name: str = "", *_: Any) -> Any:
        return str(name)


KINDS = {
    "Double": "f8", "Float": "f4", "Half": "f2", "BFloat16": "bfloat16", "Long": "i8",
    "Int": "i4", "Short": "i2", "Char": "i1", "Byte": "u1", "Bool": "?",
}  # fmt: skip
"""Types of numbers by the names of PyTorch's storages."""

KNOWN: dict[str, type] = {
    **{f"torch.{name}Storage": _storage(kind) for name, kind in KINDS.items()},
    "torch._utils._rebuild_parameter": _Parameter,
    "torch._utils._rebuild_tensor": _Tensor,
    "torch._utils._rebuild_tensor_v2": _Tensor,
    "torch.storage._load_from_bytes": _Bytes,
    "torch.Size": _Size,
    "torch.device": _Word,
    "numpy.dtype": _AnyDtype,
    "numpy._core.multiarray._reconstruct": _AnyArray,
    "numpy.core.multiarray._reconstruct": _AnyArray,
}


class _Storages:
    """The storages of one file by key."""

    def __init__(self, size: int, fetch: Callable[[_Storage, str], None] = lambda *_: None) -> None:
        self._size, self._fetch = size, fetch  # bytes of the file; what reads numbers at once
        self.known: dict[str, _Storage] = {}

    def __call__(self, named: Any) -> _Storage:
        """Return the storage that a pickle names: kind, key, device and length."""
        if not isinstance(named, tuple) or len(named) < 5 or named[0] != "storage":
            raise _RefusedError("it refers to something outside of itself.")
        _, kind, key, _, count, *view = named
        if not (isinstance(kind, type) and issubclass(kind, _Storage)) or any(view):
            raise _RefusedError("it refers to a storage of an unknown kind.")
        if key not in self.known:
            self.known[key] = kind(count, self._size - self._used())
            self._fetch(self.known[key], key)
        return self.known[key]

    def _used(self) -> int:
        return sum(len(each.numbers) * each.stored().itemsize for each in self.known.values())


class _ContentUnpickler(_Unpickler):
    """An unpickler that also knows tensors and arrays of objects."""

    def __init__(self, file: _Reader, storages: _Storages) -> None:
        super().__init__(file)
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        """Return the record that a name stands for, or refuse."""
        known = KNOWN.get(f"{module}.{name}")
        if known is not None:
            return known
        kind = super().find_class(module, name)
        is_joblib = isinstance(kind, type) and issubclass(kind, _JoblibArray)
        return type(kind.__name__, (_PlainOnly, kind), {}) if is_joblib else kind

    def persistent_load(self, pid: Any) -> Any:
        """Return a storage."""
        return self._storages(pid)


def _loaded(handle: BinaryIO, size: int, storages: _Storages) -> Any:
    """Run a pickle; what follows in older files of ``torch.save`` is read as well."""
    load = partial(_Reader, handle, size)
    content = _ContentUnpickler(load(), storages).load()
    if content != TORCH_MAGIC or not isinstance(content, int):
        return content
    # 1. After the number: version, byte order, content, keys of the storages, their numbers
    _ContentUnpickler(load(), storages).load()
    system = _ContentUnpickler(load(), storages).load()
    content = _ContentUnpickler(load(), storages).load()
    keys = _ContentUnpickler(load(), storages).load()
    if not isinstance(keys, list) or not isinstance(system, dict):
        raise ValueError("the list of tensors is missing")
    order: Order = "<" if system.get("little_endian", True) else ">"
    reader = load()
    for key in keys:
        storage = storages.known[key]
        count = int.from_bytes(reader.read(8), "little" if order == "<" else "big")
        storage.fill(reader.read(count * storage.stored().itemsize), order)
    return content


def _unpickled(handle: BinaryIO, size: int, storages: _Storages | None = None) -> Any:
    """Return the plain values of a pickle."""
    return _plain(_loaded(handle, size, storages or _Storages(size)), {})
