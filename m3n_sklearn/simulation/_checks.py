"""Checks of numbers and vectors that several entry points share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import is_number, real_array

__all__ = ["check_rate", "check_vector", "is_number"]

Array = NDArray[np.float64]


def check_rate(rate: Any, name: str) -> float:
    """Return a rate or cut-off as a float, or complain.

    Parameters
    ----------
    rate : float
        Hz.
    name : str
        What the message calls it.

    Returns
    -------
    float
        The same number.
    """
    if not is_number(rate) or not 0 < rate < np.inf:
        raise ValueError(f"{name} must be a positive number of Hz, got {rate!r}.")
    return float(rate)


def check_vector(values: ArrayLike, name: str) -> Array:
    """Return three finite numbers as an array, or complain.

    Parameters
    ----------
    values : array-like of shape (3,)
        In any unit.
    name : str
        What the message calls it.

    Returns
    -------
    ndarray of shape (3,)
        The same numbers.
    """
    vector = real_array(values, name, "3 finite numbers")
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise ValueError(f"{name} must be 3 finite numbers, got {values!r}.")
    return vector
