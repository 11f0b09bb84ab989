"""Label budgets: the number of labeled windows that a method is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._validation import check_count, list_of, plain_column

__all__ = ["Budget", "budget_name", "check_budgets", "draw_labels"]

Budget = int | float | None
"""Windows per class, a share of them, or None for all."""


def check_budgets(budgets: Sequence[Budget]) -> list[Budget]:
    """Check label budgets, and return them as plain numbers."""
    expected = "a sequence of windows per class, such as (1, 4, 0.1, None)"
    levels = [_check_budget(budget) for budget in list_of(budgets, "budgets", expected)]
    if not levels:
        raise ValueError(f"budgets is empty: give {expected}.")
    if len(set(levels)) < len(levels):
        raise ValueError(f"budgets must differ (1.0 and None are both all), got {budgets!r}.")
    return levels


def _check_budget(budget: Any) -> Budget:
    """Check one label budget; a share of 1 is None."""
    if budget is None:
        return None
    if isinstance(budget, (float, np.floating)):
        if not 0 < budget <= 1:
            raise ValueError(
                f"a budget that is a share must lie in (0, 1], got {budget!r}; windows per class "
                f"are a whole number."
            )
        return None if budget == 1 else float(budget)
    return check_count(budget, "a budget (windows per class, a share in (0, 1], or None for all)")


def budget_name(budget: Budget) -> str:
    """Return the name of a budget in tables and figures, such as "4 per class" or "5 %"."""
    if budget is None:
        return "all labels"
    return f"{100 * budget:g} %" if isinstance(budget, float) else f"{budget} per class"


def draw_labels(
    y: ArrayLike,
    budget: Budget,
    *,
    blocks: ArrayLike | None = None,
    random_state: int | np.random.Generator = 0,
) -> NDArray[np.int64]:
    """Draw a few labeled windows of each class, block by block.

    Neighboring windows of one clip overlap and are similar, so a random sample of windows is more
    diverse than a small labeling effort would be. Here clips are shuffled, and their windows are
    taken clip by clip until the class has its number. With the same seed, a larger budget contains
    the smaller one.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels.
    budget : int, float or None
        Windows per class, or the share in (0, 1] of each class's windows (at least one). All
        windows of a class with fewer are drawn. None takes every window.
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
        If `budget` is not positive, a share is above 1, lengths differ, or a label or block is
        missing.

    Examples
    --------
    >>> draw_labels(["walk", "walk", "wave", "wave"], 1, random_state=0).tolist()
    [0, 2]
    >>> draw_labels(["walk"] * 10 + ["wave"] * 30, 0.1, blocks=[0] * 10 + [1] * 30).tolist()
    [0, 10, 11, 12]
    """
    labels = np.asarray(y)
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"y must have shape (n,) with at least one label, got {labels.shape}.")
    if any(label is None or label != label for label in labels.tolist()):
        raise ValueError("y has missing labels (None or NaN): drop those windows first.")
    level = _check_budget(budget)
    if level is None:
        return np.arange(len(labels))
    count = len(labels)
    ids = np.arange(count) if blocks is None else plain_column(blocks, "blocks", count)
    rng = np.random.default_rng(random_state)
    chosen = [_draw_class(np.flatnonzero(labels == c), ids, level, rng) for c in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def _draw_class(
    rows: NDArray[np.int64], ids: NDArray[Any], budget: int | float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw rows of one class, block by block in random order."""
    # a share is rounded up, so no class vanishes; 0.07 * 100 is a little more than 7
    count = budget if isinstance(budget, int) else int(np.ceil(budget * len(rows) - 1e-9))
    blocks, block_of = np.unique(ids[rows], return_inverse=True)
    place = np.argsort(rng.permutation(len(blocks)))
    return rows[np.argsort(place[block_of], kind="stable")][:count]
