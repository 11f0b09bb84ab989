"""Checks of numbers, vectors and rotations that several entry points share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import is_number, real_array

__all__ = ["check_rate", "check_rotation", "check_vector", "is_number"]

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


def check_rotation(matrix: ArrayLike, name: str) -> Array:
    """Return a rotation matrix as an array, or complain.

    Parameters
    ----------
    matrix : array-like of shape (3, 3)
        A proper rotation.
    name : str
        What the message calls it.

    Returns
    -------
    ndarray of shape (3, 3)
        The same numbers.
    """
    values = real_array(matrix, name, "a (3, 3) rotation matrix")
    if values.shape != (3, 3):
        raise ValueError(f"{name} must be a (3, 3) rotation matrix, got shape {values.shape}.")
    if not np.allclose(values.T @ values, np.eye(3), atol=1e-6) or np.linalg.det(values) < 0:
        raise ValueError(
            f"{name} is no rotation: its columns must be orthonormal and right-handed."
        )
    return values
