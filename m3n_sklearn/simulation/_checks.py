"""Checks of vectors that several entry points share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import real_array

__all__ = ["check_vector"]

Array = NDArray[np.float64]


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
