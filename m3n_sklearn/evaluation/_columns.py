"""Columns beside the windows: labels, people and blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["is_missing", "plain_column"]


def plain_column(values: ArrayLike, name: str) -> NDArray[Any]:
    """Return a column as numbers or strings: objects can be neither sorted nor stored surely.

    Parameters
    ----------
    values : array-like of shape (n,)
        One entry per window.
    name : str
        What the message calls it.

    Returns
    -------
    ndarray of shape (n,)
        The same values.

    Raises
    ------
    ValueError
        If an entry is missing (None or NaN), or the kinds of entries differ.
    """
    array = np.asarray(values)
    listed = array.tolist() if array.ndim == 1 else []
    missing = [row for row, value in enumerate(listed) if is_missing(value)]
    if missing:
        raise ValueError(
            f"{name} must be known for every window, but {len(missing)} of {len(listed)} are None "
            f"or NaN, the first in row {missing[0]}: leave those windows out first."
        )
    if array.dtype != object:
        return array
    if len({type(value) for value in listed}) > 1:
        raise ValueError(f"{name} must be all numbers or all strings, got {set(listed)}.")
    return np.array(listed)


def is_missing(value: Any) -> bool:
    """Whether an entry is None, NaN or pandas' NA."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas.NA answers neither yes nor no
        return True
