"""Random draws that depend on a seed and a key only, never on the order or the size of batches.

A key is a digest of what the draw is for: the ids or the values of clip and window, and the name
of the sensor.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._hashing import stable_key
from .._windows import Windows

__all__ = ["RowKey", "content_keys", "keyed_rng", "row_keys"]

RowKey = tuple[bytes, bytes]
"""Clip and window of a row."""


def keyed_rng(entropy: int, *key: bytes | str) -> np.random.Generator:
    """Return a generator that depends on a seed and a key only."""
    words = np.frombuffer(stable_key(*key), dtype="<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence([entropy, *words]))


def content_keys(rows: Iterable[NDArray[Any]]) -> list[RowKey]:
    """Keys of rows without ids: digests of their values, made unique by counting repeats."""
    seen: dict[bytes, int] = {}
    keys = []
    for row in rows:
        content = stable_key(row)
        seen[content] = seen.get(content, -1) + 1
        key = stable_key(content, seen[content])
        keys.append((key, key))
    return keys


def row_keys(X: Windows, rows: NDArray[np.int64], column: str) -> list[RowKey]:
    """Keys of rows of windows: their ids ``clip`` and ``start``, or else the values of `column`."""
    ids = {name: _ids(X, name, rows) for name in ("clip", "start")}
    complete = all(None not in column_ids for column_ids in ids.values())
    values = X[column]
    contents = [(b"", b"")] * len(rows) if complete else content_keys(values[i] for i in rows)
    keys = []
    for clip, start, (content, _) in zip(ids["clip"], ids["start"], contents, strict=True):
        named = [content if key is None else stable_key(key) for key in (clip, start)]
        keys.append((named[0], named[1]))
    return keys


def _ids(X: Windows, column: str, rows: NDArray[np.int64]) -> list[Any]:
    """Return the entries of a column in some rows; None where there is no entry."""
    if column not in X:
        return [None] * len(rows)
    there = X.present(column)[rows]
    return [x if known else None for x, known in zip(X[column][rows], there, strict=True)]
