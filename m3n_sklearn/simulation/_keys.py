"""Random draws that depend on a seed and on what they are for, never on order or batches."""

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
    """Return a generator that depends on a seed and a key only.

    Parameters
    ----------
    entropy : int
        Seed of the run.
    *key : bytes or str
        What the draw is for.

    Returns
    -------
    numpy.random.Generator
        Independent of all generators with another key.
    """
    words = np.frombuffer(stable_key(*key), dtype="<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence([entropy, *words]))


def content_keys(rows: Iterable[NDArray[Any]]) -> list[RowKey]:
    """Keys of rows that have no ids: their values, and how often these have come before.

    Parameters
    ----------
    rows : iterable of ndarray
        Windows.

    Returns
    -------
    list of (bytes, bytes)
        Different for all rows.
    """
    seen: dict[bytes, int] = {}
    keys = []
    for row in rows:
        content = stable_key(row)
        seen[content] = seen.get(content, -1) + 1
        key = stable_key(content, seen[content])
        keys.append((key, key))
    return keys


def row_keys(X: Windows, rows: NDArray[np.int64], column: str) -> list[RowKey]:
    """Keys of rows of windows: their ids ``clip`` and ``start``, or else their values.

    Parameters
    ----------
    X : Windows
        All windows.
    rows : ndarray of int
        Numbers of the rows that are asked for.
    column : str
        Whose values stand in for ids.

    Returns
    -------
    list of (bytes, bytes)
        Clip and window of each row.
    """
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
    if column not in X:
        return [None] * len(rows)
    there = X.present(column)[rows]
    return [x if known else None for x, known in zip(X[column][rows], there, strict=True)]
