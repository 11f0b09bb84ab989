"""Which windows of a corpus to keep, so that frequent captions do not dominate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPONENTS", "allocate", "choose_rows"]

EXPONENTS = {"none": 1.0, "sqrt": 0.5, "uniform": 0.0}
"""Shares of the captions are proportional to their frequency to this power."""

Counts = NDArray[np.int64]


def allocate(counts: Counts, total: int, weights: NDArray[np.float64], exponent: float) -> Counts:
    """Divide `total` windows among captions, with shares of ``weights * counts ** exponent``.

    A caption with fewer windows than its share keeps all of them; the others divide the rest.

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
    # water filling: fix the captions that keep everything until no other one reaches its count
    while True:
        left = total - counts[full].sum()
        share = np.where(full, counts, left * demand / demand[~full].sum())
        more = ~full & (share >= counts)
        if not more.any():
            break
        full |= more
    # whole windows by the largest remainders
    kept = np.floor(share + 1e-9).astype(np.int64)
    rest = total - int(kept.sum())
    by_remainder = np.argsort(-(share - kept), kind="stable")
    kept[by_remainder[:rest]] += 1
    return kept


def choose_rows(
    captions: NDArray[np.int64],
    weights: NDArray[np.float64],
    rngs: Sequence[np.random.Generator],
    total: int,
    balance: str,
) -> NDArray[np.int64] | None:
    """Select `total` windows by their captions (n,), as increasing rows; None for all of them.

    Every caption has its own generator, so its selection does not depend on the others.
    """
    counts = np.bincount(captions, minlength=len(weights))
    kept = allocate(counts, total, weights, EXPONENTS[balance])
    if (kept == counts).all():
        return None
    order = np.argsort(captions, kind="stable")
    of_caption = np.split(order, np.cumsum(counts)[:-1])
    chosen = [
        rng.permutation(rows)[:count]
        for rows, count, rng in zip(of_caption, kept, rngs, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
