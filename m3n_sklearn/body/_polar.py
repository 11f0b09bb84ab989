"""Polar decomposition: the rotation nearest to a 3 x 3 matrix, for many matrices at once.

Every matrix M of positive determinant is ``M = Q S`` with a rotation Q and a symmetric positive
definite S. Q is the rotation nearest to M in the Frobenius norm. Scaled Newton steps [1]_ compute
it, from ``Q_0 = M``:

    Q_k+1 = (g Q_k + (g Q_k)^-T) / 2,    g = det(Q_k)^(-1/3)

They converge quadratically. The scaling g makes far matrices converge within a few steps.

References
----------
.. [1] N. J. Higham, "Computing the polar decomposition - with applications", SIAM Journal on
   Scientific and Statistical Computing 7(4), 1986.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._algebra import cofactors

__all__ = ["SINGULAR", "has_no_polar", "polar_rotation"]

Array = NDArray[np.float64]
SINGULAR = 1e-6
"""Determinant below which a matrix has no well-conditioned nearest rotation."""

_MAX_STEPS = 30


def has_no_polar(matrix: Array) -> NDArray[np.bool_]:
    """Tell where (F,) the nearest rotation of matrices (3, 3, F) is ill-conditioned."""
    # blends of bones that differ by half a turn are such matrices
    return cofactors(matrix)[1] < SINGULAR


def polar_rotation(matrix: Array) -> Array:
    """Return the rotations nearest to matrices (3, 3, F) of positive determinant."""
    current = matrix
    for step in range(_MAX_STEPS):
        adjugate, det = cofactors(current)
        # near convergence the scaling has no effect
        scale = np.cbrt(1 / det) if step < 4 else np.ones_like(det)
        update = 0.5 * (scale * current + adjugate / (det * scale))
        change = abs(update - current).max(initial=0.0)
        current = update
        if change < 1e-9:  # quadratic convergence: the next step changes less than rounding
            break
    return current
