"""Folds for probabilities of rows that a classifier has not seen, nor their neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._rows import Rows

__all__ = ["block_folds"]

AnyArray = NDArray[Any]
Mask = NDArray[np.bool_]


def block_folds(rows: Rows, groups: AnyArray | None, count: int) -> Iterator[tuple[Mask, Mask]]:
    """Split ordered rows into blocks that are kept whole.

    Parameters
    ----------
    rows : Rows
        Rows in order.
    groups : ndarray of shape (n,) or None
        Group of each ordered row, kept together. Without groups, or with only one, recordings are
        kept together; of fewer recordings than folds, stretches of consecutive rows.
    count : int
        Folds at most.

    Yields
    ------
    train, test : ndarray of bool of shape (n,)
        Masks of the ordered rows. Rows that share a sample with the test rows, being in the same
        recording and less than a window's length apart, are in neither.
    """
    for test in _parts(rows, groups, count):
        yield ~test & ~_near(rows, test), test


def _parts(rows: Rows, groups: AnyArray | None, count: int) -> list[Mask]:
    for names in (groups, rows.recordings):
        if names is None:
            continue
        distinct, codes = np.unique(names, return_inverse=True)
        if len(distinct) >= (2 if names is groups else count):
            return _balanced(codes, min(count, len(distinct)))
    part = np.arange(len(rows.order)) * count // len(rows.order)
    return [part == k for k in np.unique(part)]


def _balanced(codes: NDArray[np.intp], count: int) -> list[Mask]:
    """Deal groups out, the largest first, each to the part that has the fewest rows."""
    sizes = np.bincount(codes)
    part, load = np.empty(len(sizes), dtype=np.intp), np.zeros(count)
    for group in np.argsort(-sizes, kind="stable"):
        part[group] = load.argmin()
        load[part[group]] += sizes[group]
    return [part[codes] == k for k in range(count)]


def _near(rows: Rows, test: Mask) -> Mask:
    """Tell which ordered rows are less than a window's length from a test row."""
    near = np.zeros(len(test), dtype=bool)
    _, codes = np.unique(rows.recordings, return_inverse=True)
    for recording in np.unique(codes[test]):
        own = np.flatnonzero(codes == recording)
        times, held = rows.times[own], rows.times[own][test[own]]
        after = np.clip(np.searchsorted(held, times), 0, len(held) - 1)
        before = np.maximum(after - 1, 0)
        distance = np.minimum(np.abs(held[after] - times), np.abs(times - held[before]))
        near[own] = distance < rows.seconds - 1e-9
    return near
