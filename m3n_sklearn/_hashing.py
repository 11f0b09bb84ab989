"""Digests of files, folders and values, and the keys of random draws."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from joblib.hashing import NumpyHasher
from sklearn.base import BaseEstimator

__all__ = ["content_hash", "file_digest", "folder_digests", "sha256", "stable_key", "tensor_array"]

PLACES = frozenset({"cache_dir", "checkpoint", "memory"})
"""Parameters for where an estimator keeps its own work, which grows with every fit."""

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Addresses in texts of objects, which differ between processes."""

LONGEST_PATH = 1024
SMALL_FILE = 2**20
"""Bytes up to which a file in a folder is read. The columns of a corpus are larger."""


def sha256(chunks: Iterable[bytes]) -> str:
    """Return the SHA-256 of consecutive chunks, in hexadecimal."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder and below, by its relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def content_hash(value: Any) -> str:
    """Digest arrays, windows, estimators and containers by what a pickle of them would hold.

    The digest is the same in every process; memory-mapped arrays have that of arrays in memory.
    Functions and classes are identified by their names, torch modules by class, structure, plain
    attributes and weights. A path counts with what it leads to; where an estimator keeps its own
    work does not count.
    """
    try:
        return str(_Hasher("md5", coerce_mmap=True).hash(_parts(value)))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"{value!r} cannot be identified across processes ({error}). Define its functions and "
            "classes in a module: lambdas and functions inside of functions have no name."
        ) from error


class _Hasher(NumpyHasher):  # type: ignore[misc]
    """joblib's digest, in which torch modules and tensors have one that does not change."""

    def save(self, obj: Any) -> None:
        """Digest an object; pickles of equal tensors differ, and modules hold their mode."""
        torch = sys.modules.get("torch")  # what is not imported cannot be there
        if torch is not None and isinstance(obj, torch.nn.Module):
            kind = f"{type(obj).__module__}.{type(obj).__qualname__}"
            plain = {name: _attributes(part) for name, part in obj.named_modules()}
            obj = [kind, _ADDRESS.sub("", repr(obj)), plain, dict(obj.state_dict())]
        elif torch is not None and isinstance(obj, torch.Tensor):
            obj = tensor_array(obj)
        super().save(obj)


def _attributes(module: Any) -> dict[str, Any]:
    """Return the settings of a torch module, which its text may not show."""
    return {
        name: value
        for name, value in vars(module).items()
        if name != "training" and not name.startswith("_") and _is_setting(value)
    }


def _is_setting(value: Any) -> bool:
    """Tell whether a value is a number, a text or None, or consists of them."""
    if type(value) in (list, tuple):
        return all(map(_is_setting, value))
    return value is None or isinstance(value, str | int | float)


def tensor_array(tensor: Any) -> Any:
    """Return a tensor as an array."""
    tensor = tensor.detach().cpu()
    tensor = tensor.dequantize() if tensor.is_quantized else tensor.to_dense()
    try:
        return tensor.numpy()
    except TypeError:  # NumPy has neither bfloat16 nor float8
        return tensor.float().numpy()


def _parts(value: Any) -> Any:
    """Take estimators apart, and leave out networks, which are built from the other parts."""
    if isinstance(value, BaseEstimator):
        # compared by name: its module imports torch, which simulations do without
        kept = {k: v for k, v in vars(value).items() if type(v).__name__ != "LiveModule"}
        kept |= {k: None for k in PLACES & kept.keys() if _is_place(kept[k])}
        return [type(value), _parts(kept)]
    if type(value) in (list, tuple):
        return type(value)(map(_parts, value))
    if isinstance(value, str | os.PathLike) and _is_path(value):
        return [str(value), _path_digest(Path(value))]
    return {k: _parts(v) for k, v in value.items()} if type(value) is dict else value


def _is_place(value: Any) -> bool:
    """Tell whether a value names a place for results, which need not be there yet."""
    return isinstance(value, joblib.Memory) or (
        isinstance(value, str | os.PathLike) and _looks_like_a_path(value)
    )


def _looks_like_a_path(value: str | os.PathLike[str]) -> bool:
    """Tell whether a value is written as a path; a text without "/" and "." is not."""
    text = os.fspath(value)
    return isinstance(value, os.PathLike) or os.sep in text or "/" in text or "." in text


def _is_path(value: str | os.PathLike[str]) -> bool:
    """Tell whether a value is the path of a file or folder."""
    text = os.fspath(value)
    return _looks_like_a_path(value) and len(text) < LONGEST_PATH and Path(text).exists()


def _path_digest(path: Path) -> Any:
    """Digest a file by its content; in a folder, large files count by their size."""
    if path.is_file():
        return file_digest(path)
    files = sorted(each for each in path.rglob("*") if each.is_file())
    return [
        (each.relative_to(path).as_posix(), size if size > SMALL_FILE else file_digest(each))
        for each, size in ((each, each.stat().st_size) for each in files)
    ]


def stable_key(*parts: Any) -> bytes:
    """Digest ids and arrays into 16 bytes that are the same in every process.

    Seeded simulations depend on these bits. Arrays count with dtype, shape and values, anything
    else with type and text.

    Examples
    --------
    >>> stable_key("walk", 3) == stable_key("walk", 3) != stable_key("walk", "3")
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        value = part.item() if isinstance(part, np.generic) else part
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype.str}{value.shape}".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(f"{type(value).__name__}:{value!r};".encode())
    return digest.digest()
