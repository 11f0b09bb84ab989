"""Pickles of unknown origin: plain values and arrays are read, and no code of the file is run.

A pickle is a program that may call whatever it can name. Here it can name only Python's containers
and the records below, which check what they are given and keep an array. Nor does the program get
more time and memory than its size justifies: operations are counted, only simple values are hashed,
and a value that contains the same part many times has the size that it has when written out.
"""

from __future__ import annotations

import bz2
import io
import lzma
import math
import os
import pickle
import re
import struct
import zlib
from collections import defaultdict
from collections.abc import Callable
from itertools import repeat
from typing import Any, BinaryIO, ClassVar

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ._array_files import checked_size, largest_inflated
from ._files import reading

__all__ = ["KNOWN", "Record", "RefusedError", "Unpickler", "filled", "load_restricted"]

SPARE = 2**20
"""Operations that every file may have, and bytes that its calls may return, next to those that its
size allows. An operation takes up to 250 bytes of memory and about a microsecond."""
BYTES_PER_OPERATION = 4
"""Bytes of a file per further operation. Results of 4D-Humans have 30, other tools 100 to 2000."""
WRITTEN_OUT = 2**28
"""Bytes that every value may have when each use of a shared part is counted."""
DEEPEST = 64
"""Containers inside each other."""
MOST_KEYS = 2**17
"""Keys other than strings and bytes: their hashes are known, so a file can make them collide."""
MOST_ARGUMENTS = 16
LONGEST_INTEGER = 255
"""Bytes of an integer, or digits of one that is written as text."""
LARGEST_SPARSE = 2**25
"""Entries of a sparse matrix including the zeros, because its users need it dense."""

PLAIN_DTYPE = re.compile(r"[<>|=]?(?:[biufc]\d{1,2}|[SU]\d{1,9}|\?)")
SPARSE = re.compile(r"scipy\.sparse\.(?:_?csc\.)?csc_(?:matrix|array)")
SCALARS = frozenset({type(None), bool, int, float, complex})
ARRAYS = (np.ndarray, np.generic)


def load_restricted(path: str | os.PathLike[str]) -> Any:
    """Read a pickle of plain values and arrays without running any code of the file.

    Supported are Python's containers, numbers and strings, NumPy arrays and scalars of plain types,
    SciPy's CSC matrices, and arrays of ``chumpy``, which need not be installed. The file may be
    written by Python 2 (strings are decoded as Latin-1), Python 3 or ``joblib.dump``, also
    compressed with zlib, gzip, bz2, xz or lzma. The size of the file bounds time and memory.
    """
    with reading(path, "a pickle") as file, file.open("rb") as handle:
        try:
            stream, size = uncompressed(handle)
            return Unpickler(stream, size, file.stat().st_size).load()
        except RefusedError as error:
            raise ValueError(
                f"{file.name} was not read: {error} Only plain values and numeric arrays are read "
                "from pickles. If you trust the file, load it where its software is installed and "
                "save its arrays with numpy.savez."
            ) from error


class RefusedError(ValueError):
    """The file is readable, but holds something that is not read."""


def _decompressor(start: bytes) -> Any:
    """Return the decompressor for a file that begins like this, or None."""
    if start.startswith((b"\x78", b"\x1f\x8b")):  # zlib, gzip
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    if start.startswith(b"BZh"):
        return bz2.BZ2Decompressor()
    if start.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):  # xz, lzma
        return lzma.LZMADecompressor(memlimit=2**28)
    if start.startswith(b"\x04\x22\x4d\x18"):
        raise RefusedError("it is compressed with lz4. Write it with joblib.dump(..., compress=3).")
    return None


def uncompressed(handle: BinaryIO) -> tuple[BinaryIO, int]:
    """Return the stream of operations and its length."""
    size = os.fstat(handle.fileno()).st_size
    machine = _decompressor(handle.read(8))
    handle.seek(0)
    if machine is None:
        return handle, size
    most = largest_inflated(size)
    content = machine.decompress(handle.read(), most)
    if not machine.eof and len(content) < most:
        raise EOFError("the compressed data end early")
    if not machine.eof:
        raise RefusedError(f"its {size} bytes inflate to more than {most} bytes.")
    return io.BytesIO(content), len(content)


# ---- the machine

PYTHON: Any = pickle._Unpickler  # type: ignore[attr-defined,unused-ignore]
"""Python's unpickler in Python, from which joblib's is derived as well."""
STOP: Any = pickle._Stop  # type: ignore[attr-defined,unused-ignore]


class _Operations(dict[bytes, Callable[[Any], None]]):
    """Operations by their codes; asking for another one says why there is none."""

    def __missing__(self, code: bytes) -> Any:
        if not code:
            raise EOFError("the file ends early")
        raise pickle.UnpicklingError(f"{code!r} is not an operation that is read")


def _taken_over(*names: str) -> _Operations:
    """Return operations of Python's unpickler, which take bounded time and memory as they are."""
    codes: list[bytes] = [getattr(pickle, name) for name in names]
    return _Operations({code: PYTHON.dispatch[code[0]] for code in codes})


class Unpickler(PYTHON):
    """Python's unpickler, in which every operation has bounded cost.

    It does not read ahead, because the bytes of joblib's arrays stand between the operations.
    `size` is the length of the stream, `stored` that of the file before its content was inflated.
    """

    dispatch = _taken_over(
        *("PROTO", "STOP", "MARK", "POP", "POP_MARK", "DUP", "NONE", "NEWFALSE", "NEWTRUE"),
        *("BININT", "BININT1", "BININT2", "LONG1", "FLOAT", "BINFLOAT", "STRING", "UNICODE"),
        *("SHORT_BINSTRING", "SHORT_BINBYTES", "SHORT_BINUNICODE"),
        *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "LIST"),
        *("EMPTY_DICT", "EMPTY_SET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"),
        *("GET", "BINGET", "LONG_BINGET"),
        *("GLOBAL", "STACK_GLOBAL", "PERSID", "BINPERSID"),
    )

    def __init__(self, handle: BinaryIO, size: int, stored: int) -> None:
        super().__init__(handle, encoding="latin1")
        self._most = SPARE + stored // BYTES_PER_OPERATION
        self._handle, self._size = handle, size
        self._returned, self._keys = 0, 0

    def load(self) -> Any:
        """Return the value of the stream."""
        self.metastack: list[list[Any]] = []
        self.stack: list[Any] = []
        self.append = self.stack.append
        # what is taken over reads at most 255 bytes at once, and an early end is noticed here
        self.read = read = self._handle.read
        self.readline = self._handle.readline
        operations = self.dispatch
        try:
            for _ in repeat(None, self._most):
                operations[read(1)](self)
        except STOP as stop:
            self._check_written_out(stop.value)
            return stop.value
        raise RefusedError(f"it has more than {self._most} operations, too many for its size.")

    def take(self, count: int) -> bytes:
        """Read bytes; claims of more than there are cost nothing."""
        if count > 2**16 and count > self._size - self._handle.tell():
            raise EOFError("the file ends early")
        content = self._handle.read(count)
        if len(content) != count or count < 0:
            raise EOFError("the file ends early")
        return content

    def find_class(self, module: str, name: str) -> Any:
        """Return the container or record that a name stands for, or refuse."""
        module = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module)
        module = module.replace("numpy.core.", "numpy._core.")
        origin = f"{module}.{name}".removeprefix("sklearn.externals.")
        if origin in KNOWN:
            return KNOWN[origin]
        if origin == "joblib.numpy_pickle.NumpyArrayWrapper":
            return type("_JoblibArray", (JoblibArray,), {"take": self.take})
        if SPARSE.fullmatch(origin):
            return _Csc
        if module.split(".")[0] == "chumpy" and name.isidentifier():
            return type(name, (_Chumpy,), {"origin": origin})
        raise RefusedError(f"it asks for {_short(origin)}.")

    # ---- numbers and bytes of any length

    def _load_line_integer(self) -> None:
        """Push an integer written as text; 00 and 01 are booleans in protocol 0."""
        line = self.readline().rstrip(b"\n").removesuffix(b"L")
        if len(line) > LONGEST_INTEGER:
            raise RefusedError(f"it holds an integer of {len(line)} digits.")
        self.append({b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line))

    def _load_long4(self) -> None:
        count = self._count("<i")
        if count > LONGEST_INTEGER:
            raise RefusedError(f"it holds an integer of {count} bytes.")
        self.append(pickle.decode_long(self.take(count)))

    def _count(self, kind: str) -> int:
        """Read a length."""
        count: int = struct.unpack(kind, self.take(struct.calcsize(kind)))[0]
        return count

    def _load_bytes(self) -> None:
        self.append(self.take(self._count("<I")))

    def _load_bytes8(self) -> None:
        self.append(self.take(self._count("<Q")))

    def _load_bytearray8(self) -> None:
        self.append(bytearray(self.take(self._count("<Q"))))

    def _load_string(self) -> None:
        self.append(self.take(self._count("<i")).decode("latin1"))

    def _load_text(self) -> None:
        self.append(str(self.take(self._count("<I")), "utf-8", "surrogatepass"))

    def _load_text8(self) -> None:
        self.append(str(self.take(self._count("<Q")), "utf-8", "surrogatepass"))

    def _skip_frame_length(self) -> None:
        if self._count("<Q") > self._size - self._handle.tell():
            raise EOFError("the file ends early")

    # ---- containers

    def _key(self, key: Any) -> Any:
        """Return a key whose hash takes little time."""
        if type(key) is str or type(key) is bytes:
            return key
        self._keys += 1
        if self._keys > MOST_KEYS:
            raise RefusedError(f"it has more than {MOST_KEYS} keys that are not strings.")
        parts = key if type(key) is tuple else (key,)
        if len(parts) > MOST_ARGUMENTS or not all(map(_hashes_fast, parts)):
            raise RefusedError(f"its {type(key).__name__} as a key is not text or a plain number.")
        return key

    def _top(self, kind: type) -> Any:
        """Return the top of the stack if it is a container of this kind."""
        if type(self.stack[-1]) is not kind:
            raise pickle.UnpicklingError(f"it fills a {type(self.stack[-1]).__name__} as a {kind}")
        return self.stack[-1]

    def _load_append(self) -> None:
        item = self.stack.pop()
        self._top(list).append(item)

    def _load_appends(self) -> None:
        items = self.pop_mark()
        self._top(list).extend(items)

    def _load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._top(dict)[self._key(key)] = value

    def _load_setitems(self) -> None:
        items = self.pop_mark()
        self._top(dict).update(zip(map(self._key, items[::2]), items[1::2], strict=True))

    def _load_dict(self) -> None:
        items = self.pop_mark()
        self.append(dict(zip(map(self._key, items[::2]), items[1::2], strict=True)))

    def _load_additems(self) -> None:
        items = self.pop_mark()
        self._top(set).update(map(self._key, items))

    def _load_frozenset(self) -> None:
        items = self.pop_mark()
        self.append(frozenset(map(self._key, items)))

    # ---- calls

    def _load_reduce(self) -> None:
        args = self.stack.pop()
        self.append(self._call(self.stack.pop(), args))

    def _call(self, kind: Any, args: Any) -> Any:
        """Return what a container or record makes of its arguments."""
        if not isinstance(kind, type) or type(args) is not tuple or len(args) > MOST_ARGUMENTS:
            raise pickle.UnpicklingError(f"it calls a {type(kind).__name__} in a way of its own")
        if issubclass(kind, Record):
            value = kind(*args)
            if isinstance(value, Record):
                value.place = len(self.memo)  # where Python's picklers keep it next
                return value
            return self._counted(value)
        if kind is complex and len(args) == 2 and all(type(part) is float for part in args):
            return complex(*args)
        if kind is defaultdict and len(args) <= 1:  # what makes its items does not matter
            return {}
        items = args[0] if len(args) == 1 else []
        if len(args) > 1 or type(items) is not list or kind not in (dict, list, set, frozenset):
            raise RefusedError(f"it calls {kind.__name__} with other things than a list.")
        if kind is dict:
            return self._counted({self._key(key): value for key, value in items})
        return self._counted(kind(items if kind is list else map(self._key, items)))

    def _counted(self, value: Any) -> Any:
        """Return a value that was made of others, which a file can have made again and again."""
        if isinstance(value, ARRAYS):
            self._returned += value.nbytes
        elif isinstance(value, bytes | list | dict | set | frozenset):
            self._returned += len(value)
        elif scipy.sparse.issparse(value):
            self._returned += value.data.nbytes + value.indices.nbytes + value.indptr.nbytes
        if self._returned > 2 * self._size + SPARE:
            raise RefusedError("it makes more out of its bytes than they hold.")
        return value

    def _load_build(self) -> None:
        """Complete a record; its value takes its place."""
        state, record = self.stack.pop(), self.stack[-1]
        if not isinstance(record, Record):
            raise RefusedError(f"it gives a state to a {type(record).__name__}.")
        record.__setstate__(state)
        if record.complete:
            self.stack[-1] = value = self._counted(record.value)
            if self.memo.get(record.place) is record:
                self.memo[record.place] = value

    # ---- the result

    def _check_written_out(self, value: Any) -> None:
        """Refuse values that nobody could go through in a time that fits their size."""
        size, most = _written_out(value, {}, 0), WRITTEN_OUT + 4 * self._size
        if size > most:
            raise RefusedError(f"parts that it shares make its value larger than {most} bytes.")

    dispatch |= {
        pickle.INT: _load_line_integer,
        pickle.LONG: _load_line_integer,
        pickle.LONG4: _load_long4,
        pickle.BINBYTES: _load_bytes,
        pickle.BINBYTES8: _load_bytes8,
        pickle.BYTEARRAY8: _load_bytearray8,
        pickle.BINSTRING: _load_string,
        pickle.BINUNICODE: _load_text,
        pickle.BINUNICODE8: _load_text8,
        pickle.FRAME: _skip_frame_length,
        pickle.APPEND: _load_append,
        pickle.APPENDS: _load_appends,
        pickle.SETITEM: _load_setitem,
        pickle.SETITEMS: _load_setitems,
        pickle.DICT: _load_dict,
        pickle.ADDITEMS: _load_additems,
        pickle.FROZENSET: _load_frozenset,
        pickle.REDUCE: _load_reduce,
        pickle.NEWOBJ: _load_reduce,
        pickle.BUILD: _load_build,
    }


def _hashes_fast(part: Any) -> bool:
    """Tell whether the hash of a part of a key takes little time."""
    if type(part) is int:  # hashes of longer ones are their remainders, which a file can choose
        return -(2**63) <= part < 2**64
    return type(part) in SCALARS or isinstance(part, str | bytes | np.generic)


def _written_out(item: Any, known: dict[int, int | None], depth: int) -> int:
    """Return the bytes of a value in which no part is shared; refuse what is not a value."""
    kind = type(item)
    if kind in SCALARS:
        return 8
    if kind is str or kind is bytes or kind is bytearray:
        return 8 + len(item)
    if isinstance(item, ARRAYS):
        return 8 + int(item.nbytes)
    if kind not in (dict, list, tuple, set, frozenset):
        if scipy.sparse.issparse(item):
            return math.prod(item.shape)
        raise RefusedError(f"it holds a {_name(item)} itself, not values.")
    if id(item) not in known:
        if depth > DEEPEST:
            raise RefusedError(f"it nests more than {DEEPEST} containers.")
        known[id(item)] = None
        parts = item.values() if kind is dict else item
        total = 8 * len(item)
        if kind is dict:
            total += sum(len(key) for key in item if type(key) is str)
        if not set(map(type, parts)) <= SCALARS:
            total += sum(_written_out(part, known, depth + 1) for part in parts)
        known[id(item)] = total
    size = known[id(item)]
    if size is None:
        raise RefusedError("it refers to itself.")
    return size


def _name(item: Any) -> str:
    """Return the name of a type, or that of the type of an object."""
    return item.__name__ if isinstance(item, type) else type(item).__name__


def _short(item: Any) -> str:
    """Return a text of the file, cut, or the type of anything else: its text may be endless."""
    return f"{item:.80}" if isinstance(item, str) else f"a {type(item).__name__}"


# ---- records


class Record:
    """What a call in the pickle returns: nothing but a value that its arguments or state make.

    Only `__setstate__` takes what the file gives as a state.
    """

    value: Any
    place: int

    def __new__(cls, *args: Any) -> Any:
        return object.__new__(cls)

    @property
    def complete(self) -> bool:
        """Whether the record is a value by now, which takes its place."""
        return hasattr(self, "value")

    def __setstate__(self, state: Any) -> None:
        raise RefusedError(f"it gives a state to {type(self).__name__}.")


class PickledDtype(Record):
    """``numpy.dtype``, which only arrays use."""

    complete = False

    def __new__(cls, name: str, *_: Any) -> Any:
        if not isinstance(name, str) or not PLAIN_DTYPE.fullmatch(name):
            raise RefusedError(f"it holds an array of Python objects or fields ({_short(name)}).")
        record = super().__new__(cls)
        record.value = np.dtype(name)
        return record

    def __setstate__(self, state: Any) -> None:
        self.value = self.value.newbyteorder(state[1])


class PickledArray(Record):
    """``numpy.ndarray``, which is filled by its state."""

    def __setstate__(self, state: Any) -> None:
        shape, dtype, fortran, raw = state[-4:]
        self.value = filled(raw, dtype, shape, "F" if fortran else "C")


class _Buffer(Record):
    """``numpy.ndarray`` in protocol 5."""

    def __new__(cls, raw: Any, dtype: Any, shape: Any, order: Any) -> Any:
        return filled(raw, dtype, shape, order)


class _Scalar(Record):
    """A scalar of NumPy."""

    def __new__(cls, dtype: Any, raw: Any) -> Any:
        return filled(raw, dtype, (), "C")[()]


class JoblibArray(Record):
    """An array whose bytes follow in the file (joblib 0.10 and later)."""

    take: ClassVar[Callable[[int], bytes]]

    def __setstate__(self, state: Any) -> None:
        take = type(self).take
        if state.get("numpy_array_alignment_bytes") is not None:
            take(take(1)[0])
        dtype, shape = state["dtype"], state["shape"]
        raw = take(checked_size(shape, dtype.value.itemsize))
        self.value = filled(raw, dtype, shape, state["order"])


class _Csc(Record):
    """A compressed sparse column matrix of SciPy."""

    def __setstate__(self, state: Any) -> None:
        parts = tuple(state[name] for name in ("data", "indices", "indptr"))
        shape = state.get("_shape", state.get("shape"))
        if not all(isinstance(part, np.ndarray) and part.dtype.kind in "iuf" for part in parts):
            raise RefusedError("it holds a sparse matrix that is not made of numbers.")
        if checked_size(shape, 1) > LARGEST_SPARSE:
            raise RefusedError(f"it holds a sparse matrix of shape {shape}.")
        self.value = scipy.sparse.csc_array(parts, shape=shape)
        self.value.check_format(full_check=True)  # wrong indices would read beyond the arrays


class _Chumpy(Record):
    """An object of chumpy: its array, or its selection of entries of another's."""

    origin: ClassVar[str]

    def __setstate__(self, state: Any) -> None:
        kind = self.origin.rpartition(".")[2]
        if kind == "Ch" and "x" in state:
            self.value = _numbers(state["x"])
        elif kind == "Select":
            chosen = _numbers(state["a"]).ravel()[_numbers(state["idxs"])]
            shape = state.get("preferred_shape")
            self.value = chosen if shape is None else chosen.reshape(shape)
        else:
            raise RefusedError(
                f"it holds {_short(self.origin)}, a computation instead of an array."
            )


class _Reconstructor(Record):
    """``copyreg._reconstructor``, with which protocols 0 and 1 make an empty object."""

    def __new__(cls, kind: Any, *_: Any) -> Any:
        if not isinstance(kind, type) or not issubclass(kind, Record):
            raise RefusedError(f"it makes an empty {_name(kind)}.")
        return kind()


class _Bytes(Record):
    """``_codecs.encode(text, "latin1")`` and ``bytes()``, the bytes of protocols 0 to 2."""

    def __new__(cls, text: str = "", encoding: str = "latin1") -> Any:
        if encoding != "latin1":
            raise RefusedError(f"it calls _codecs.encode with {_short(encoding)}.")
        return str.encode(text, "latin1")


KNOWN: dict[str, type] = {
    "builtins.bytes": _Bytes,
    "builtins.complex": complex,
    "builtins.dict": dict,
    "builtins.frozenset": frozenset,
    "builtins.list": list,
    "builtins.object": Record,
    "builtins.set": set,
    "collections.OrderedDict": dict,
    "collections.defaultdict": defaultdict,
    "copyreg._reconstructor": _Reconstructor,
    "_codecs.encode": _Bytes,
    "numpy.dtype": PickledDtype,
    "numpy.ndarray": Record,
    "numpy._core.multiarray._reconstruct": PickledArray,
    "numpy._core.multiarray.scalar": _Scalar,
    "numpy._core.numeric._frombuffer": _Buffer,
}


def _numbers(values: Any) -> NDArray[Any]:
    """Return an array of numbers; anything else would have to be turned into one at some cost."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        raise RefusedError(f"it holds a {_name(values)} where an array of numbers is expected.")
    return values


def filled(raw: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    """Return an array of given bytes in the machine's byte order."""
    raw = raw.encode("latin1") if isinstance(raw, str) else raw
    if not isinstance(dtype, PickledDtype) or order not in ("C", "F"):
        raise ValueError(f"an array of type {_short(dtype)} and order {_short(order)}")
    kind = dtype.value
    if not isinstance(raw, bytes | bytearray):
        raise ValueError(f"an array whose bytes are a {type(raw).__name__}")
    if checked_size(shape, kind.itemsize) != len(raw):
        raise ValueError(f"{len(raw)} bytes for an array of shape {shape} and type {kind}")
    array = np.frombuffer(raw, kind).reshape(tuple(shape), order=order)
    return np.array(array, kind.newbyteorder("="), order="K")
