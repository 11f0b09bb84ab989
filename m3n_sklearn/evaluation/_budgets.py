"""Label budgets: which windows a method may learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count

__all__ = ["draw_labels"]


def draw_labels(
    y: ArrayLike,
    per_class: int | None,
    *,
    blocks: ArrayLike | None = None,
    random_state: int | np.random.Generator = 0,
) -> NDArray[np.int64]:
    """Draw a few labelled windows of each class, block by block.

    Neighbouring windows of one clip overlap and look alike, so a random sample of windows
    overstates how diverse a small budget is. Here clips are shuffled and emptied one after the
    other until the class has its windows.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels.
    per_class : int or None
        Windows per class; a class with fewer gives all. None takes every window.
    blocks : array-like of shape (n,), optional
        Id of the clip (box, exercise set) of each window. By default each window is its own.
    random_state : int or numpy.random.Generator, default=0
        Seed of the draw.

    Returns
    -------
    ndarray of shape (m,)
        Sorted row indices.

    Raises
    ------
    ValueError
        If `per_class` is not positive or lengths differ.

    Examples
    --------
    >>> draw_labels(["walk", "walk", "wave", "wave"], 1, random_state=0).tolist()
    [0, 2]
    """
    labels = np.asarray(y)
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"y must have shape (n,) with at least one label, got {labels.shape}.")
    if any(label is None or label != label for label in labels.tolist()):
        raise ValueError("y has missing labels (None or NaN): leave those windows out first.")
    if per_class is None:
        return np.arange(len(labels))
    check_count(per_class, "per_class (windows, or None for all)")
    ids = np.arange(len(labels)) if blocks is None else np.asarray(blocks)
    if len(ids) != len(labels):
        raise ValueError(f"blocks has {len(ids)} entries for {len(labels)} labels.")
    rng = np.random.default_rng(random_state)
    chosen = [
        _draw_class(np.flatnonzero(labels == c), ids, per_class, rng) for c in np.unique(labels)
    ]
    return np.sort(np.concatenate(chosen))


def _draw_class(
    rows: NDArray[np.int64], ids: NDArray[Any], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    order = rng.permutation(np.unique(ids[rows]))
    shuffled = np.concatenate([rows[ids[rows] == block] for block in order])
    return shuffled[:count]
