"""Pickles of unknown origin: plain values and arrays come out, and nothing is executed.

A pickle is a small program that may call whatever it can name. Here it can name only the
inert records below: the program runs and leaves a tree of containers and records, and then
the records that describe arrays are turned into arrays, by their checked contents.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import re
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_restricted"]

# no body or motion file is larger, but a few kilobytes of compressed zeros may claim to be
_LARGEST = 2**32
_ZLIB, _GZIP = b"\x78", b"\x1f\x8b"
_PLAIN_DTYPE = re.compile(r"[<>|=]?(?:[biufc]\d{1,2}|[SU]\d+|\?)")
_SCALARS = (type(None), bool, int, float, complex, str, bytes, bytearray, np.ndarray)


def load_restricted(path: str | os.PathLike[str]) -> Any:
    """Read a pickle that holds plain values and arrays, executing nothing.

    Understood are Python's containers, numbers and strings, NumPy's arrays and scalars of
    plain types, SciPy's sparse CSC, CSR and COO matrices, and objects of ``chumpy`` (which
    need not be installed), of which the arrays are taken. The file may have been written by
    Python 2 or 3, or by ``joblib.dump``, also compressed by zlib or gzip. Whatever else it
    names is refused, and the only code that runs is this module's [1]_.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    object
        Builtin containers (those of `collections` come back as dict), numbers, strings, arrays
        and SciPy sparse arrays. Strings of Python 2 are decoded as Latin-1.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or no pickle, or if it names anything but the above: the message
        says what.

    References
    ----------
    .. [1] Python documentation, "pickle: Restricting Globals".

    Examples
    --------
    >>> import os, pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "clip.pkl")
    ...     with open(file, "wb") as handle:
    ...         pickle.dump({"fps": 30, "pose": np.zeros((2, 72))}, handle)
    ...     load_restricted(file)["pose"].shape
    (2, 72)
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}.")
    with file.open("rb") as handle:
        try:
            source, size = _uncompressed(handle)
            return _Plain().of(_Unpickler(_Reader(source, size)).load())
        except _RefusedError as error:
            raise ValueError(
                f"{file.name} was not read: {error} Only plain values and numeric arrays are "
                f"taken from pickles. If you trust the file, load it where its software is "
                f"installed and save its arrays with numpy.savez."
            ) from error
        except Exception as error:  # a damaged program can fail in any of its steps
            raise ValueError(
                f"{file.name} cannot be read as a pickle ({type(error).__name__}: {error}). It "
                f"may be damaged, or be something else."
            ) from error


class _RefusedError(ValueError):
    """The file is readable, but holds what is not taken."""


def _uncompressed(handle: BinaryIO) -> tuple[BinaryIO, int]:
    """Return the stream of opcodes and its length."""
    start = handle.read(2)
    handle.seek(0)
    if not start.startswith((_ZLIB, _GZIP)):
        return handle, os.fstat(handle.fileno()).st_size
    machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    content = machine.decompress(handle.read(), _LARGEST)
    if not machine.eof:
        raise ValueError(f"the compressed data is cut short, or longer than {_LARGEST} bytes")
    return io.BytesIO(content), len(content)


class _Reader:
    """A file that never allocates more than it has."""

    def __init__(self, handle: BinaryIO, size: int) -> None:
        self._handle, self._size = handle, size
        self.readline = handle.readline

    def read(self, count: int) -> bytes:
        if not 0 <= count <= self._size - self._handle.tell():
            raise EOFError("the file ends early")
        return self._handle.read(count)


class _Record:
    """What a call in the pickle becomes: its arguments and its state, and no action."""

    __slots__ = ("args", "state")
    args: tuple[Any, ...]
    state: Any
    origin: ClassVar[str] = "a type, not a value"

    def __new__(cls, *args: Any) -> Any:
        record = object.__new__(cls)
        record.args, record.state = args, None
        return record

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def resolve(self, plain: _Plain) -> Any:
        """Turn the record into a value; `plain` resolves what it holds."""
        raise _RefusedError(f"it holds {self.origin}.")


class _Token(_Record):
    """A type that is only ever mentioned."""

    __slots__ = ()


class _Dtype(_Record):
    __slots__ = ()

    def resolve(self, plain: _Plain) -> np.dtype[Any]:
        name = _text(self.args[0])
        order: Any = _text(self.state[1]) if self.state else "="
        if not _PLAIN_DTYPE.fullmatch(name):
            raise _RefusedError(f"it holds an array of Python objects or fields ({name!r}).")
        return np.dtype(name).newbyteorder(order)


class _Array(_Record):
    """Made by ``_reconstruct`` and then filled by its state."""

    __slots__ = ()

    def resolve(self, plain: _Plain) -> NDArray[Any]:
        shape, dtype, fortran, raw = self.state[-4:]
        return _filled(raw, plain.of(dtype), shape, "F" if fortran else "C")


class _Buffer(_Record):
    """Array of protocol 5: ``_frombuffer``."""

    __slots__ = ()

    def resolve(self, plain: _Plain) -> NDArray[Any]:
        raw, dtype, shape, order = self.args
        return _filled(raw, plain.of(dtype), shape, order)


class _Scalar(_Record):
    __slots__ = ()

    def resolve(self, plain: _Plain) -> Any:
        dtype, raw = self.args
        return _filled(raw, plain.of(dtype), (), "C")[()]


class _Sparse(_Record):
    """A matrix of `scipy.sparse`, by its compressed or coordinate arrays."""

    __slots__ = ()

    def resolve(self, plain: _Plain) -> Any:
        import scipy.sparse

        state = plain.of(self.state)
        shape = state.get("_shape", state.get("shape"))
        if "indptr" in state:
            make = scipy.sparse.csr_array if ".csr" in self.origin else scipy.sparse.csc_array
            matrix = make((state["data"], state["indices"], state["indptr"]), shape=shape)
            matrix.check_format(full_check=True)  # indices outside would be read from memory
            return matrix
        row, column = state["coords"] if "coords" in state else (state["row"], state["col"])
        return scipy.sparse.coo_array((state["data"], (row, column)), shape=shape)


class _Chumpy(_Record):
    """An object of chumpy: its array, or its choice of entries of another's."""

    __slots__ = ()

    def resolve(self, plain: _Plain) -> NDArray[Any]:
        kind = self.origin.rpartition(".")[2]
        if kind == "Ch" and "x" in self.state:
            return np.asarray(plain.of(self.state["x"]))
        if kind == "Select":
            chosen = np.asarray(plain.of(self.state["a"])).ravel()[plain.of(self.state["idxs"])]
            shape = plain.of(self.state.get("preferred_shape"))
            return chosen if shape is None else chosen.reshape(shape)
        raise _RefusedError(f"it holds {self.origin}, a computation instead of an array.")


class _JoblibArray(_Record):
    """Announces an array whose bytes follow in the file (joblib 0.10 and later)."""

    __slots__ = ()

    def read(self, file: _Reader) -> NDArray[Any]:
        state = _Plain().of({k: v for k, v in self.state.items() if k != "subclass"})
        if state.get("numpy_array_alignment_bytes") is not None:
            file.read(file.read(1)[0])
        dtype, shape = state["dtype"], state["shape"]
        raw = file.read(math.prod(shape) * dtype.itemsize)
        return _filled(raw, dtype, shape, state["order"])


class _Dict(_Record):
    """Any dictionary of `collections` becomes a plain one."""

    __slots__ = ()

    def __new__(cls, *args: Any) -> Any:
        pairs = [arg for arg in args if isinstance(arg, list | dict)]
        return dict(*pairs)


class _Reconstructor(_Record):
    """``copyreg._reconstructor``: how protocols 0 and 1 make an empty object."""

    __slots__ = ()

    def __new__(cls, kind: Any, base: Any = None, state: Any = None) -> Any:
        return kind.__new__(kind)


class _Latin1(_Record):
    """``_codecs.encode``: how protocols 0 to 2 write bytes."""

    __slots__ = ()

    def __new__(cls, text: str, encoding: str = "latin1") -> Any:
        if encoding != "latin1":
            raise _RefusedError(f"it calls _codecs.encode with {encoding!r}.")
        return str(text).encode("latin1")


class _NoBytes(_Record):
    """``bytes()``: how protocols 0 to 2 write no bytes."""

    __slots__ = ()

    def __new__(cls) -> Any:
        return b""


_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_MOVED = (("numpy.core.", "numpy._core."), ("sklearn.externals.joblib.", "joblib."))
_KNOWN: dict[str, type] = {
    "builtins.bytes": _NoBytes,
    "builtins.complex": complex,
    "builtins.dict": dict,
    "builtins.frozenset": frozenset,
    "builtins.list": list,
    "builtins.object": _Token,
    "builtins.set": set,
    "collections.OrderedDict": _Dict,
    "collections.defaultdict": _Dict,
    "copyreg._reconstructor": _Reconstructor,
    "_codecs.encode": _Latin1,
    "joblib.numpy_pickle.NumpyArrayWrapper": _JoblibArray,
    "numpy.dtype": _Dtype,
    "numpy.ndarray": _Token,
    "numpy._core.multiarray._reconstruct": _Array,
    "numpy._core.multiarray.scalar": _Scalar,
    "numpy._core.numeric._frombuffer": _Buffer,
}
_SPARSE = re.compile(r"scipy\.sparse\.(?:_?(csc|csr|coo)\.)?(csc|csr|coo)_(?:matrix|array)")


# Python's own pickle machine, not the faster one in C: it stands exactly where joblib's array
# bytes begin, and no index in the file makes it allocate
_Machine: Any = pickle._Unpickler  # type: ignore[attr-defined]


class _Unpickler(_Machine):
    dispatch = dict(_Machine.dispatch)

    def __init__(self, file: _Reader) -> None:
        super().__init__(file, encoding="latin1")
        self._source = file

    def find_class(self, module: str, name: str) -> type:
        """Translate a name into an inert type, or refuse."""
        module = _RENAMED.get(module, module)
        for old, new in _MOVED:
            if module.startswith(old):
                module = new + module.removeprefix(old)
        origin = f"{module}.{name}"
        if origin in _KNOWN:
            return _KNOWN[origin]
        if _SPARSE.fullmatch(origin):
            return type(name, (_Sparse,), {"__slots__": (), "origin": origin})
        if module.split(".")[0] == "chumpy" and name.isidentifier():
            return type(name, (_Chumpy,), {"__slots__": (), "origin": origin})
        raise _RefusedError(f"it asks for {origin}.")

    def load_build(self) -> None:
        """Set a record's state; where joblib announces an array, read it."""
        super().load_build()
        if isinstance(self.stack[-1], _JoblibArray):
            self.stack[-1] = self.stack[-1].read(self._source)

    def load_bytearray8(self) -> None:
        """Read before allocating."""
        (count,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(count)))

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


class _Plain:
    """Second pass: containers of records become containers of values."""

    def __init__(self) -> None:
        # the source is kept, since an id is only unique among the living
        self._done: dict[int, tuple[Any, Any]] = {}
        self._open: set[int] = set()

    def of(self, item: Any) -> Any:
        if isinstance(item, _SCALARS):
            return item
        key = id(item)
        if key in self._open:
            raise _RefusedError("it refers to itself.")
        if key not in self._done:
            self._open.add(key)
            self._done[key] = item, self._resolved(item)
            self._open.remove(key)
        return self._done[key][1]

    def _resolved(self, item: Any) -> Any:
        if isinstance(item, _Record):
            return item.resolve(self)
        if isinstance(item, dict):
            return {self.of(key): self.of(value) for key, value in item.items()}
        if isinstance(item, list | tuple | set | frozenset):
            return type(item)(map(self.of, item))
        raise _RefusedError(f"it holds {item!r} itself, not values.")


def _filled(raw: str | bytes, dtype: Any, shape: Sequence[int], order: str) -> NDArray[Any]:
    """Array of given bytes, in the machine's byte order."""
    raw = raw.encode("latin1") if isinstance(raw, str) else raw
    described = isinstance(dtype, np.dtype) and order in ("C", "F")
    if not described or not isinstance(raw, bytes | bytearray):
        raise ValueError(f"an array of type {dtype!r} and order {order!r} in {type(raw).__name__}")
    size = math.prod(shape) * dtype.itemsize
    if any(n < 0 for n in shape) or size != len(raw):
        raise ValueError(f"{len(raw)} bytes for an array of shape {shape!r} and type {dtype}")
    array = np.frombuffer(raw, dtype).reshape(tuple(shape), order=order)  # type: ignore[call-overload]
    return np.array(array, dtype.newbyteorder("="), order="K")


def _text(value: str | bytes) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)
