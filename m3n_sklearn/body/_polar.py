"""The rotation nearest to a 3 x 3 matrix, for many matrices at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._algebra import cofactors

__all__ = ["polar_rotation"]

Array = NDArray[np.float64]
# bones turned half around against each other blend into a matrix without nearest rotation
_SINGULAR = 1e-6
_MAX_STEPS = 30


def polar_rotation(matrix: Array, fallback: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Rotation factor of the polar decomposition by scaled Newton steps [1]_.

    Parameters
    ----------
    matrix : ndarray of shape (3, 3, F)
        Matrices, close to rotations.
    fallback : ndarray of shape (3, 3, F)
        Rotations to take where the nearest one is not defined (determinant below 1e-6).

    Returns
    -------
    rotation : ndarray of shape (3, 3, F)
        The rotations.
    undefined : ndarray of shape (F,)
        True where `fallback` was taken.

    References
    ----------
    .. [1] N. J. Higham, "Computing the polar decomposition - with applications", SIAM J. Sci.
       Stat. Comput. 7(4), 1986.
    """
    undefined = cofactors(matrix)[1] < _SINGULAR
    current = np.where(undefined, fallback, matrix)
    for step in range(_MAX_STEPS):
        adjugate, det = cofactors(current)
        # the scale brings far matrices close in a few steps; near the end it is 1
        scale = np.cbrt(1 / det) if step < 4 else np.ones_like(det)
        update = 0.5 * (scale * current + adjugate / (det * scale))
        change = abs(update - current).max(initial=0.0)
        current = update
        if change < 1e-9:  # quadratic convergence: the next step would not change a bit
            break
    return current, undefined
