"""One hash of whatever something consists of: the same in any process and any session."""

from __future__ import annotations

import copyreg
import hashlib
import os
import sys
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..windows import Windows

__all__ = ["fingerprint"]

LEAVES = (type(None), type(...), bool, int, float, complex, str, bytes)
CHUNK = 1 << 22


def fingerprint(value: Any) -> str:
    """Hash an object by its content.

    Parameters
    ----------
    value : object
        Arrays, windows and tensors count by their values, containers by what they hold, a
        path-like of a file by the file's content, as does a string that an estimator has for a
        parameter. Other objects count by what a pickle of them would hold, classes and functions
        by their names, functions without a name of their own (lambdas, inner ones, those of a
        script) by their code, and what can't be taken apart by its class.

    Returns
    -------
    str
        32 hexadecimal digits.

    Examples
    --------
    >>> import numpy as np
    >>> one, other = {"a": np.zeros(2), "b": 1}, {"b": 1, "a": np.zeros(2)}
    >>> fingerprint(one) == fingerprint(other), fingerprint(one) == fingerprint({"b": 1})
    (True, False)
    """
    return _Fingerprints().of(value).hex()


class _Fingerprints:
    """Those of all parts met so far: what is shared is read once, and a circle ends."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}
        self._met: list[Any] = []  # kept alive, so that nothing else is given the same id

    def of(self, value: Any) -> bytes:
        if type(value) in LEAVES:
            return _hash([type(value).__name__.encode(), repr(value).encode()])
        key = id(value)
        if key not in self._known:
            self._known[key] = b"circle"
            self._met.append(value)
            self._known[key] = self._hash_parts(value)
        return self._known[key]

    def _hash_parts(self, value: Any) -> bytes:
        if type(value) is dict:
            return self._unordered("dict", value.items())
        if type(value) in (set, frozenset):
            return self._unordered("set", value)
        if type(value) in (list, tuple):
            return self._ordered(type(value).__name__, value)
        if type(value) in (np.ndarray, np.memmap) or isinstance(value, np.generic):
            return self._array(np.asarray(value))
        if isinstance(value, os.PathLike):
            return _hash_file(Path(value))
        if isinstance(value, type | ModuleType):
            return self._ordered("name", _name_of(value))
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, CodeType):
            code = (value.co_code, value.co_consts, value.co_names, value.co_varnames)
            return self._ordered("code", (*code, value.co_argcount, value.co_kwonlyargcount))
        return self._object(value)

    # ---- containers

    def _ordered(self, kind: str, values: Iterable[Any]) -> bytes:
        return _hash([kind.encode(), *map(self.of, values)])

    def _unordered(self, kind: str, values: Iterable[Any]) -> bytes:
        """Hash parts whose order means nothing, and hangs on the session where they are a set."""
        return _hash([kind.encode(), *sorted(map(self.of, values))])

    def _array(self, array: np.ndarray[Any, Any]) -> bytes:
        if array.dtype.names:  # field by field: what lies between them was never set
            fields = [array[name] for name in array.dtype.names]
            return self._ordered("records", [array.dtype.names, *fields])
        if array.dtype == object:
            return self._ordered("objects", [array.shape, *array.ravel().tolist()])
        kind = f"{array.dtype.str}{array.shape}".encode()
        rows = array.reshape(1) if array.ndim == 0 else array
        step = max(1, CHUNK // max(1, rows[:1].nbytes))  # what is on disk is never read at once
        chunks = (rows[start : start + step].tobytes() for start in range(0, len(rows), step))
        return _hash([kind], chunks)

    # ---- functions

    def _function(self, function: FunctionType) -> bytes:
        module, name = _name_of(function)
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is function and module != "__main__":
            return self._ordered("name", (module, name))
        cells = [_content(cell) for cell in function.__closure__ or ()]
        bound = (function.__defaults__, function.__kwdefaults__, cells)
        return self._ordered("function", (function.__code__, *bound))

    # ---- objects

    def _object(self, value: Any) -> bytes:
        if isinstance(value, Windows):
            columns = {name: (value[name], value.present(name)) for name in value.columns}
            facts = (dict(value.rates), value.channels, value.margin)
            return self._ordered("windows", (*facts, columns))
        if isinstance(value, BaseEstimator):
            return self._ordered("estimator", (type(value), _attributes(value)))
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            plain = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
            return self._ordered("tensor", (str(value.dtype), tuple(value.shape), plain))
        return self._ordered("object", (type(value), *_pickled_parts(value)))


def _hash(parts: Iterable[bytes], stream: Iterable[bytes] = ()) -> bytes:
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(len(part).to_bytes(8, "little") + part)
    for chunk in stream:
        state.update(chunk)
    return state.digest()


def _hash_file(path: Path) -> bytes:
    """Hash a file by what is in it, wherever it lies; a folder may be a cache, and is a name."""
    if not path.is_file():
        return _hash([b"path", os.fspath(path).encode()])
    with path.open("rb") as file:
        return _hash([b"file"], iter(lambda: file.read(CHUNK), b""))


def _name_of(value: Any) -> tuple[str, str]:
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    return str(getattr(value, "__module__", "")), str(name)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a name that an inner function uses, and nothing was ever assigned to
        return None


def _attributes(estimator: BaseEstimator) -> dict[str, Any]:
    """Return parameters and what was fitted, with paths in place of the names of files."""
    return {name: _paths(v) for name, v in vars(estimator).items() if _is_content(name, v)}


def _paths(value: Any) -> Any:
    """Return the path of a file in place of its name; in a list, too."""
    if type(value) in (list, tuple):
        return type(value)(map(_paths, value))
    return Path(value) if isinstance(value, str) and os.path.isfile(value) else value


def _is_content(name: str, value: Any) -> bool:
    """Tell an attribute from callbacks, which only watch, and from what a pickle leaves behind."""
    if name.startswith("_skl_"):
        return False
    return not name.startswith("_") or _pickled_parts(value) != [type(value), (), None, None, None]


def _pickled_parts(value: Any) -> list[Any]:
    """Take an object apart as a pickle would; values that are kept for later don't count."""
    reduce = copyreg.dispatch_table.get(type(value), lambda value: value.__reduce_ex__(4))
    try:
        reduced = reduce(value)
    except Exception:  # a lock, an open file, or whatever else holds on to its process
        return []
    if isinstance(reduced, str):
        return [getattr(value, "__module__", None), reduced]
    build, given, state, *items = (*reduced, None, None, None)[:5]
    if isinstance(state, dict):
        cached = {k for k in state if isinstance(getattr(type(value), k, None), cached_property)}
        state = {k: v for k, v in state.items() if k not in cached} or None
    return [build, given, state, *(None if part is None else list(part) for part in items)]
