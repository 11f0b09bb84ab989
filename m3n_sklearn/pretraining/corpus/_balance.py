"""Which windows of a corpus to keep, so that frequent captions do not drown rare ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPONENTS", "allocate", "choose_rows"]

EXPONENTS = {"none": 1.0, "sqrt": 0.5, "uniform": 0.0}
"""Shares of the captions go as their frequency to this power."""

Counts = NDArray[np.int64]


def allocate(counts: Counts, total: int, weights: NDArray[np.float64], exponent: float) -> Counts:
    """Share windows out among captions.

    Parameters
    ----------
    counts : ndarray of int of shape (k,)
        Windows that there are of each caption, at least one.
    total : int
        Windows to keep in all.
    weights : ndarray of shape (k,)
        Positive factors of the shares.
    exponent : float
        Shares are proportional to ``weights * counts ** exponent``. A caption with fewer windows
        than its share keeps them all, and the others take up what it leaves.

    Returns
    -------
    ndarray of int of shape (k,)
        At most `counts`, summing to `total` or to all there are.

    Examples
    --------
    >>> allocate(np.array([100, 25, 1]), 31, np.ones(3), 0.5)
    array([20, 10,  1])
    """
    if total >= counts.sum():
        return counts.copy()
    demand = weights * counts.astype(np.float64) ** exponent
    share = np.zeros(len(counts))
    full = np.zeros(len(counts), dtype=bool)
    while True:
        left = total - counts[full].sum()
        share = np.where(full, counts, left * demand / demand[~full].sum())
        more = ~full & (share >= counts)
        if not more.any():
            break
        full |= more
    kept = np.floor(share + 1e-9).astype(np.int64)
    rest = total - int(kept.sum())
    by_remainder = np.argsort(-(share - kept), kind="stable")
    kept[by_remainder[:rest]] += 1
    return kept


def choose_rows(
    captions: NDArray[np.int64],
    weights: NDArray[np.float64],
    rngs: Sequence[np.random.Generator],
    *,
    total: int | None,
    most: int | None,
    balance: str,
) -> NDArray[np.int64] | None:
    """Choose windows of a corpus.

    Parameters
    ----------
    captions : ndarray of int of shape (n,)
        Number of each window's caption.
    weights : ndarray of shape (k,)
        Factor of each caption's share.
    rngs : sequence of numpy.random.Generator
        One per caption: who is chosen of one caption does not depend on the others.
    total, most : int or None
        Windows to keep in all and per caption, at most.
    balance : {"none", "sqrt", "uniform"}
        How `total` is shared out.

    Returns
    -------
    ndarray of int or None
        Rows in increasing order; None for all of them.
    """
    counts = np.bincount(captions, minlength=len(weights))
    kept = counts if most is None else np.minimum(counts, most)
    if total is not None:
        kept = allocate(kept, total, weights, EXPONENTS[balance])
    if (kept == counts).all():
        return None
    order = np.argsort(captions, kind="stable")
    of_caption = np.split(order, np.cumsum(counts)[:-1])
    chosen = [
        rng.permutation(rows)[:count]
        for rows, count, rng in zip(of_caption, kept, rngs, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
