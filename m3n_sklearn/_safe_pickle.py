"""Pickles of unknown origin: plain values and arrays are read, and no code of the file is run.

A pickle is a program that may call whatever it can name. Here it can name only Python's containers
and the records below, which check what they are given and keep an array.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import re
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

__all__ = ["load_restricted"]

LARGEST = 2**32
"""Bytes that a compressed file may have: some kilobytes of zeros may claim to be terabytes."""
PLAIN_DTYPE = re.compile(r"[<>|=]?(?:[biufc]\d{1,2}|[SU]\d+|\?)")
SPARSE = re.compile(r"scipy\.sparse\.(?:_?csc\.)?csc_(?:matrix|array)")
SCALARS = (type(None), bool, int, float, complex, str, bytes, bytearray, np.generic)


def load_restricted(path: str | os.PathLike[str]) -> Any:
    """Read a pickle of plain values and arrays without running any code of the file.

    Supported are Python's containers, numbers and strings, NumPy arrays and scalars of plain types,
    SciPy's CSC matrices, and arrays of ``chumpy``, which need not be installed. The file may be
    written by Python 2 (strings are decoded as Latin-1), Python 3 or ``joblib.dump``, also
    compressed with zlib or gzip. A hostile file can use up the memory, as any file can.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}.")
    with file.open("rb") as handle:
        try:
            return _plain(_Unpickler(_Reader(*_uncompressed(handle))).load(), {})
        except _RefusedError as error:
            raise ValueError(
                f"{file.name} was not read: {error} Only plain values and numeric arrays are read "
                "from pickles. If you trust the file, load it where its software is installed and "
                "save its arrays with numpy.savez."
            ) from error
        except Exception as error:  # a damaged program can fail in any of its steps
            raise ValueError(
                f"{file.name} cannot be read as a pickle ({type(error).__name__}: {error}). It may "
                "be damaged, or be another kind of file."
            ) from error


class _RefusedError(ValueError):
    """The file is readable, but holds something that is not read."""


def _uncompressed(handle: BinaryIO) -> tuple[BinaryIO, int]:
    """Return the stream of opcodes and its length."""
    start = handle.read(2)
    handle.seek(0)
    if not start.startswith((b"\x78", b"\x1f\x8b")):  # zlib, gzip
        return handle, os.fstat(handle.fileno()).st_size
    machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    content = machine.decompress(handle.read(), LARGEST)
    if not machine.eof:
        raise ValueError(f"the compressed data is cut short, or longer than {LARGEST} bytes")
    return io.BytesIO(content), len(content)


class _Reader:
    """A file without `peek`, so that the unpickler never reads ahead of joblib's array bytes."""

    def __init__(self, handle: BinaryIO, size: int) -> None:
        self._handle, self._size = handle, size
        self.readline = handle.readline

    def read(self, count: int) -> bytes:
        if not 0 <= count <= self._size - self._handle.tell():
            raise EOFError("the file ends early")
        return self._handle.read(count)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: _Reader) -> None:
        super().__init__(file, encoding="latin1")  # type: ignore[arg-type]
        self._file = file

    def find_class(self, module: str, name: str) -> Any:
        """Return the container or record that a name stands for, or refuse."""
        module = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module)
        module = module.replace("numpy.core.", "numpy._core.")
        origin = f"{module}.{name}".removeprefix("sklearn.externals.")
        if origin in KNOWN:
            return KNOWN[origin]
        if origin == "joblib.numpy_pickle.NumpyArrayWrapper":
            return type("_JoblibArray", (_JoblibArray,), {"file": self._file})
        if SPARSE.fullmatch(origin):
            return _Csc
        if module.split(".")[0] == "chumpy" and name.isidentifier():
            return type(name, (_Chumpy,), {"origin": origin})
        raise _RefusedError(f"it asks for {origin}.")


class _Record:
    """What a call in the pickle returns: nothing but a value that its arguments or state make.

    Stand-ins are classes that define `__setstate__`: no state in the file can change one of them.
    """

    value: Any

    def __new__(cls, *args: Any) -> Any:
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError(f"it gives a state to {type(self).__name__}.")


class _Dtype(_Record):
    def __new__(cls, name: str, *_: Any) -> Any:
        if not PLAIN_DTYPE.fullmatch(name):
            raise _RefusedError(f"it holds an array of Python objects or fields ({name!r}).")
        record = super().__new__(cls)
        record.value = np.dtype(name)
        return record

    def __setstate__(self, state: Any) -> None:
        self.value = self.value.newbyteorder(state[1])


class _Array(_Record):
    """``numpy.ndarray``, which is filled by its state."""

    def __setstate__(self, state: Any) -> None:
        shape, dtype, fortran, raw = state[-4:]
        self.value = _filled(raw, dtype, shape, "F" if fortran else "C")


class _Buffer(_Record):
    """``numpy.ndarray`` in protocol 5."""

    def __new__(cls, raw: Any, dtype: Any, shape: Any, order: Any) -> Any:
        record = super().__new__(cls)
        record.value = _filled(raw, dtype, shape, order)
        return record


class _Scalar(_Record):
    def __new__(cls, dtype: Any, raw: Any) -> Any:
        return _filled(raw, dtype, (), "C")[()]


class _JoblibArray(_Record):
    """An array whose bytes follow in the file (joblib 0.10 and later)."""

    file: ClassVar[_Reader]

    def __setstate__(self, state: Any) -> None:
        if state.get("numpy_array_alignment_bytes") is not None:
            self.file.read(self.file.read(1)[0])
        dtype, shape = state["dtype"], state["shape"]
        raw = self.file.read(math.prod(shape) * dtype.value.itemsize)
        self.value = _filled(raw, dtype, shape, state["order"])


class _Csc(_Record):
    """A compressed sparse column matrix of SciPy."""

    def __setstate__(self, state: Any) -> None:
        state = _plain(state, {})
        parts = (state["data"], state["indices"], state["indptr"])
        self.value = scipy.sparse.csc_array(parts, shape=state.get("_shape", state.get("shape")))
        self.value.check_format(full_check=True)  # wrong indices would read beyond the arrays


class _Chumpy(_Record):
    """An object of chumpy: its array, or its selection of entries of another's."""

    origin: ClassVar[str]

    def __setstate__(self, state: Any) -> None:
        kind = self.origin.rpartition(".")[2]
        wanted = {"Ch": ("x",), "Select": ("a", "idxs", "preferred_shape")}.get(kind, ())
        found = _plain({name: state[name] for name in wanted if name in state}, {})
        if kind == "Ch" and found:
            self.value = np.asarray(found["x"])
        elif kind == "Select":
            chosen = np.asarray(found["a"]).ravel()[found["idxs"]]
            shape = found.get("preferred_shape")
            self.value = chosen if shape is None else chosen.reshape(shape)
        else:
            raise _RefusedError(f"it holds {self.origin}, a computation instead of an array.")


class _Reconstructor(_Record):
    """``copyreg._reconstructor``, with which protocols 0 and 1 make an empty object."""

    def __new__(cls, kind: Any, *_: Any) -> Any:
        if not issubclass(kind, _Record):
            raise _RefusedError(f"it makes an empty {kind.__name__}.")
        return kind()


class _Bytes(_Record):
    """``_codecs.encode(text, "latin1")`` and ``bytes()``, the bytes of protocols 0 to 2."""

    def __new__(cls, text: str = "", encoding: str = "latin1") -> Any:
        if encoding != "latin1":
            raise _RefusedError(f"it calls _codecs.encode with {encoding!r}.")
        return str.encode(text, "latin1")


KNOWN: dict[str, type] = {
    "builtins.bytes": _Bytes,
    "builtins.complex": complex,
    "builtins.dict": dict,
    "builtins.frozenset": frozenset,
    "builtins.list": list,
    "builtins.object": _Record,
    "builtins.set": set,
    "collections.OrderedDict": OrderedDict,
    "collections.defaultdict": defaultdict,
    "copyreg._reconstructor": _Reconstructor,
    "_codecs.encode": _Bytes,
    "numpy.dtype": _Dtype,
    "numpy.ndarray": _Record,
    "numpy._core.multiarray._reconstruct": _Array,
    "numpy._core.multiarray.scalar": _Scalar,
    "numpy._core.numeric._frombuffer": _Buffer,
}


def _plain(item: Any, done: dict[int, tuple[Any, Any]]) -> Any:
    """Return containers of values in place of containers of records; shared items stay shared."""
    if isinstance(item, SCALARS):
        return item
    if id(item) not in done:
        done[id(item)] = item, _Record  # holds its place, to find an item inside of itself
        done[id(item)] = item, _resolved(item, done)
    if done[id(item)][1] is _Record:
        raise _RefusedError("it refers to itself.")
    return done[id(item)][1]


def _resolved(item: Any, done: dict[int, tuple[Any, Any]]) -> Any:
    if isinstance(item, _Record) and hasattr(item, "value"):
        return item.value
    if isinstance(item, dict):
        return {_plain(k, done): _plain(v, done) for k, v in dict.items(item)}
    if isinstance(item, list | tuple | set | frozenset):
        return type(item)(_plain(part, done) for part in item)
    raise _RefusedError(f"it holds {item!r} itself, not values.")


def _filled(raw: Any, dtype: Any, shape: Sequence[int], order: str) -> NDArray[Any]:
    """Return an array of given bytes in the machine's byte order."""
    raw = raw.encode("latin1") if isinstance(raw, str) else raw
    if not isinstance(dtype, _Dtype) or order not in ("C", "F"):
        raise ValueError(f"an array of type {dtype!r} and order {order!r}")
    kind = dtype.value
    if not isinstance(raw, bytes | bytearray) or any(n < 0 for n in shape):
        raise ValueError(f"an array of shape {shape!r} from {type(raw).__name__}")
    if math.prod(shape) * kind.itemsize != len(raw):
        raise ValueError(f"{len(raw)} bytes for an array of shape {shape!r} and type {kind}")
    array = np.frombuffer(raw, kind).reshape(tuple(shape), order=order)  # type: ignore[call-overload]
    return np.array(array, kind.newbyteorder("="), order="K")
