"""Plain content of saved files: NumPy files, pickles, joblib and ``torch.save``.

All of them may hold pickles, which are programs. They are read with the restricted unpickler:
arrays and tensors become NumPy arrays, containers stay containers, and anything else is refused.
Torch need not be installed.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal

import numpy as np

from ._array_files import (
    LARGEST_HEADER,
    checked_size,
    largest_inflated,
    npy_header,
    read_npy,
    read_npz,
)
from ._files import reading
from ._safe_pickle import (
    SPARE,
    JoblibArray,
    PickledArray,
    PickledDtype,
    Record,
    RefusedError,
    Unpickler,
    uncompressed,
)
from ._typing import AnyArray

__all__ = ["load_plain"]

ZIP, NPY = b"PK", b"\x93NUMPY"
"""First bytes of archives and of arrays."""

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""First value in a file of ``torch.save`` before PyTorch 1.6, and in a tensor inside a pickle."""

Order = Literal["<", ">"]
"""Byte order of numbers."""


def load_plain(path: str | os.PathLike[str]) -> Any:
    """Read the content of a file without running any code of it.

    Supported are .npz and .npy, also with containers in arrays of objects, pickles of Python 2 and
    3, files of joblib, and files of ``torch.save``. The content of an .npz is a mapping that reads
    an array when it is looked up. The size of the file bounds time and memory.
    """
    with (
        reading(path, "a file of NumPy, pickle, joblib or torch.save") as file,
        _explained(file),
        file.open("rb") as handle,
    ):
        start = handle.read(len(NPY))
        handle.seek(0)
        if start.startswith(ZIP):
            return _from_zip(file)
        if start == NPY:
            return _from_npy(file, handle)
        stored = os.fstat(handle.fileno()).st_size
        return _unpickled(*uncompressed(handle), stored)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Say which file has something that is not read, and what to do."""
    try:
        yield
    except RefusedError as error:
        raise ValueError(
            f"{file.name} was not read: {error} Only plain values, numeric arrays and tensors are "
            "read. If you trust the file, load it where its software is installed and save its "
            "arrays with numpy.savez."
        ) from error


# ---- archives: .npz and torch.save


class _Archive(Mapping[str, Any]):
    """The arrays of an .npz, also those of objects, each read when it is looked up."""

    def __init__(self, file: Path, names: list[str]) -> None:
        self._file, self._names = file, names
        self._plain = read_npz(file)
        self._objects: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Any:
        if name in self._plain:
            return self._plain[name]
        if name not in self._names:
            raise KeyError(name)
        if name not in self._objects:
            with reading(self._file, f"an archive that contains {name!r}"), _explained(self._file):
                with zipfile.ZipFile(self._file) as archive:
                    raw, stored = _member(archive, f"{name}.npy")
                header = npy_header(raw[:LARGEST_HEADER])[-1]
                content = io.BytesIO(raw[header:])
                self._objects[name] = _unpickled(content, len(raw) - header, stored)
        return self._objects[name]


def _from_zip(file: Path) -> Any:
    """Read an .npz or a file of ``torch.save``."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        program = next((name for name in names if name.split("/")[-1] == "data.pkl"), None)
        if program is not None:
            return _from_torch(archive, program)
    arrays = [name.removesuffix(".npy") for name in names if name.endswith(".npy")]
    if not arrays:
        raise ValueError("it is an archive of other things than arrays or tensors")
    return _Archive(file, arrays)


def _from_torch(archive: zipfile.ZipFile, program: str) -> Any:
    """Read an archive of ``torch.save``: a pickle, and one member for each storage."""
    folder = program.removesuffix("data.pkl")
    order: Order = "<"
    if f"{folder}byteorder" in archive.namelist():
        order = ">" if _member(archive, f"{folder}byteorder")[0] == b"big" else "<"

    def fetch(storage: _Storage, key: str) -> None:
        storage.fill(_member(archive, f"{folder}data/{key}")[0], order)

    size = sum(info.compress_size for info in archive.infolist())
    content, _ = _member(archive, program)
    return _unpickled(io.BytesIO(content), size, size, fetch)


def _member(archive: zipfile.ZipFile, name: str) -> tuple[bytes, int]:
    """Return the bytes of a member, and how many of them are stored."""
    info = archive.getinfo(name)
    most = largest_inflated(info.compress_size)
    if info.file_size > most:
        raise ValueError(f"its member {name:.80} inflates to more than {most} bytes")
    return archive.read(info), info.compress_size


# ---- arrays of containers


def _from_npy(file: Path, handle: BinaryIO) -> Any:
    """Read an array; one of objects becomes its items, a single object itself."""
    _, dtype, header = npy_header(handle.read(LARGEST_HEADER))
    if not dtype.hasobject:
        return read_npy(file)
    handle.seek(header)
    size = os.fstat(handle.fileno()).st_size
    return _unpickled(handle, size, size)


class _AnyDtype(PickledDtype):
    """A plain type, or Python objects."""

    def __new__(cls, name: str, *others: Any) -> Any:
        if name not in ("O", "O4", "O8"):
            return super().__new__(cls, name, *others)
        made = Record.__new__(cls)
        made.value = np.dtype(object)
        return made

    def __setstate__(self, state: Any) -> None:
        if self.value.kind != "O":
            super().__setstate__(state)


class _AnyArray(PickledArray):
    """An array, or the items of one of objects: a list, and a single object itself."""

    def __setstate__(self, state: Any) -> None:
        shape, dtype, _, items = state[-4:]
        if not isinstance(dtype, PickledDtype) or dtype.value.kind != "O":
            super().__setstate__(state)
            return
        if not isinstance(items, list) or len(shape) > 1 or checked_size(shape, 1) != len(items):
            raise RefusedError("it holds an array of Python objects with several axes.")
        self.value = items if shape else items[0]


class _PlainOnly(Record):
    """An array of joblib, whose bytes follow in the file; objects would be another pickle."""

    def __setstate__(self, state: Any) -> None:
        if state["dtype"].value.kind == "O":
            raise RefusedError("it holds an array of Python objects.")
        super().__setstate__(state)


# ---- tensors


class _Storage(Record):
    """The numbers of one or several tensors, which older files fill after the pickle."""

    kind: ClassVar[str]
    numbers: AnyArray

    def __new__(cls, *_: Any) -> Any:
        raise RefusedError("it makes a storage of its own.")

    @classmethod
    def of(cls, count: int, most: int) -> _Storage:
        """Return an empty storage for some numbers, which may have `most` bytes."""
        if type(count) is not int or not 0 <= count * cls.stored().itemsize <= most:
            raise ValueError("a tensor is larger than the file")
        made: _Storage = Record.__new__(cls)
        made.numbers = np.zeros(count, "f4" if cls.kind == "bfloat16" else cls.kind)
        return made

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


class _Tensor(Record):
    """``torch._utils._rebuild_tensor``: a strided view of a storage."""

    def __new__(cls, storage: Any, offset: int, shape: Any, strides: Any, *_: Any) -> Any:
        if not isinstance(storage, _Storage):
            raise RefusedError(f"it holds a tensor in a {type(storage).__name__}.")
        size, numbers = checked_size(shape, 1), storage.numbers
        checked_size(strides, 1)
        if len(shape) != len(strides) or type(offset) is not int or offset < 0:
            raise ValueError(f"a tensor of {len(shape)} axes and {len(strides)} strides")
        if not size:
            return np.zeros(shape, numbers.dtype)
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if last >= len(numbers):
            raise ValueError(f"a tensor of shape {shape} in a storage of {len(numbers)} numbers")
        steps = [step * numbers.itemsize for step in strides]
        return np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps)


class _Parameter(Record):
    """``torch._utils._rebuild_parameter``: its tensor."""

    def __new__(cls, tensor: Any, *_: Any) -> Any:
        return tensor


class _Bytes(Record):
    """``torch.storage._load_from_bytes``: the storage of a tensor inside a pickle."""

    nested: ClassVar[Callable[[Any], Any]]

    def __new__(cls, raw: Any) -> Any:
        return cls.nested(raw)


class _Size(Record):
    """``torch.Size``: a tuple."""

    def __new__(cls, shape: Any = ()) -> Any:
        checked_size(shape, 1)
        return tuple(shape)


class _Word(Record):
    """``torch.device``: its name."""

    def __new__(cls, name: Any = "", *_: Any) -> Any:
        return name if isinstance(name, str) else ""


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
    "torch.Size": _Size,
    "torch.device": _Word,
    "numpy.dtype": _AnyDtype,
    "numpy._core.multiarray._reconstruct": _AnyArray,
    "numpy.core.multiarray._reconstruct": _AnyArray,
}

Fetch = Callable[[_Storage, str], None]


class _ContentUnpickler(Unpickler):
    """An unpickler that also knows tensors and arrays of objects."""

    def __init__(
        self,
        handle: BinaryIO,
        size: int,
        stored: int,
        fetch: Fetch = lambda *_: None,
        is_nested: bool = False,
    ) -> None:
        super().__init__(handle, size, stored)
        self._is_nested = is_nested
        self._stored, self._fetch = stored, fetch  # `fetch` fills a storage at once
        self._nested_bytes = self._in_storages = 0
        self.storages: dict[Any, _Storage] = {}
        self.is_tensor = False  # the result is the storage of a tensor

    def find_class(self, module: str, name: str) -> Any:
        """Return the record that a name stands for, or refuse."""
        origin = f"{module}.{name}"
        if origin in KNOWN:
            return KNOWN[origin]
        if origin == "torch.storage._load_from_bytes":
            if self._is_nested:  # each level could repeat the next one
                raise RefusedError("it holds tensors inside of tensors.")
            return type("_Bytes", (_Bytes,), {"nested": self._load_nested})
        kind = super().find_class(module, name)
        is_joblib = isinstance(kind, type) and issubclass(kind, JoblibArray)
        return type(kind.__name__, (_PlainOnly, kind), {}) if is_joblib else kind

    def persistent_load(self, pid: Any) -> Any:
        """Return the storage that a pickle names: kind, key, device and length."""
        if type(pid) is not tuple or not 5 <= len(pid) <= 6 or pid[0] != "storage" or any(pid[5:]):
            raise RefusedError("it refers to something outside of itself.")
        _, kind, key, _, count, *_ = pid
        if not (isinstance(kind, type) and issubclass(kind, _Storage)) or type(key) is not str:
            raise RefusedError("it refers to a storage of an unknown kind.")
        if key not in self.storages:
            storage = kind.of(count, self._size - self._in_storages)
            self._in_storages += count * kind.stored().itemsize
            self._fetch(storage, key)
            self.storages[key] = storage
        return self.storages[key]

    def _load_nested(self, raw: Any) -> Any:
        """Return the storage in the bytes of a file of ``torch.save`` inside this one."""
        raw = raw.encode("latin1") if isinstance(raw, str) else raw
        if not isinstance(raw, bytes | bytearray):
            raise RefusedError(f"it holds a tensor in a {type(raw).__name__}.")
        self._nested_bytes += len(raw)
        if self._nested_bytes > 2 * self._size + SPARE:
            raise RefusedError("it makes more tensors out of its bytes than they hold.")
        return _unpickled(io.BytesIO(raw), len(raw), len(raw), is_tensor=True)

    def _check_written_out(self, value: Any) -> None:
        if not (self.is_tensor and isinstance(value, _Storage)):
            super()._check_written_out(value)


def _unpickled(
    handle: BinaryIO,
    size: int,
    stored: int,
    fetch: Fetch = lambda *_: None,
    *,
    is_tensor: bool = False,
) -> Any:
    """Return the value of a pickle; what follows in older files of ``torch.save`` is read too."""
    content = _ContentUnpickler(handle, size, stored, fetch, is_tensor).load()
    if type(content) is not int or content != TORCH_MAGIC:
        return content
    # After the number: version, byte order, content, keys of the storages, their numbers
    machines = [_ContentUnpickler(handle, size, stored, fetch, is_tensor) for _ in range(4)]
    _, _, machine, _ = machines
    machine.is_tensor = is_tensor
    _, system, content, keys = (each.load() for each in machines)
    if not isinstance(keys, list) or not isinstance(system, dict):
        raise ValueError("the list of tensors is missing")
    order: Order = "<" if system.get("little_endian", True) else ">"
    for key in keys:
        storage = machine.storages[key]
        count = int.from_bytes(machine.take(8), "little" if order == "<" else "big")
        storage.fill(machine.take(count * storage.stored().itemsize), order)
    return content
