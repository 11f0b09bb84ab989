"""The rotation nearest to a 3 x 3 matrix, for many matrices at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._algebra import cofactors

__all__ = ["SINGULAR", "has_no_polar", "polar_rotation"]

Array = NDArray[np.float64]
SINGULAR = 1e-6
_MAX_STEPS = 30


def has_no_polar(matrix: Array) -> NDArray[np.bool_]:
    """Tell where the nearest rotation is undefined or badly conditioned."""
    # Bones that are turned half around against each other blend into such matrices.
    return cofactors(matrix)[1] < SINGULAR


def polar_rotation(matrix: Array) -> Array:
    """Rotation factor of the polar decomposition, by scaled Newton steps [1]_."""
    # Reference: .. [1] N. J. Higham, "Computing the polar decomposition - with applications",
    # SIAM J. Sci. Stat. Comput. 7(4), 1986.
    current = matrix
    for step in range(_MAX_STEPS):
        adjugate, det = cofactors(current)
        # scaling brings far matrices close within a few steps; near the end it has no effect
        scale = np.cbrt(1 / det) if step < 4 else np.ones_like(det)
        update = 0.5 * (scale * current + adjugate / (det * scale))
        change = abs(update - current).max(initial=0.0)
        current = update
        if change < 1e-9:  # convergence is quadratic: the next step would change no bit
            break
    return current
