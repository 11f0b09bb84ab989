"""Columns beside the windows: labels, people, blocks and recordings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["is_missing", "plain_column"]


def plain_column(values: ArrayLike, name: str, n_rows: int | None = None) -> NDArray[Any]:
    """Return a column as numbers or strings: objects can be neither sorted nor stored surely.

    Parameters
    ----------
    values : array-like of shape (n,)
        One entry per window.
    name : str
        What the message calls it.
    n_rows : int, optional
        How many entries there must be.

    Returns
    -------
    ndarray of shape (n,)
        The same values.

    Raises
    ------
    ValueError
        If an entry is missing (None or NaN), entries are neither numbers nor strings or of both
        kinds, or their number is another one.

    Examples
    --------
    >>> plain_column(["ann", "bob"], "groups")
    array(['ann', 'bob'], dtype='<U3')
    """
    array = _as_array(values)
    if array.ndim != 1 or n_rows not in (None, len(array)):
        count = "" if n_rows is None else f", {n_rows}"
        hint = " Join parts of a name into one string." if array.ndim > 1 else ""
        raise ValueError(
            f"{name} must have one entry per window{count}, got shape {array.shape}.{hint}"
        )
    listed = array.tolist()
    missing = [row for row, value in enumerate(listed) if is_missing(value)]
    if missing:
        raise ValueError(
            f"{name} must be known for every window, but {len(missing)} of {len(listed)} are None "
            f"or NaN, the first in row {missing[0]}: leave those windows out first."
        )
    if array.dtype == object:
        if len({type(value) for value in listed}) > 1:
            raise ValueError(f"{name} must be all numbers or all strings, got {set(listed)}.")
        array = np.array(listed)
    if array.dtype.kind not in "biufU":
        raise ValueError(f"{name} must be numbers or strings, got {array.dtype}: convert them.")
    return array


def _as_array(values: ArrayLike) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError:  # tuples of several lengths
        return np.asarray(values, dtype=object)
    kinds = {type(value) for value in values} if isinstance(values, (list, tuple)) else set()
    # numpy would turn the numbers of a mixed list into strings, and None into "None"
    return np.asarray(values, dtype=object) if str in kinds and len(kinds) > 1 else array


def is_missing(value: Any) -> bool:
    """Whether an entry is None, NaN or pandas' NA."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # pandas.NA answers neither yes nor no
        return True
