"""Algebra of vectors (3, ..., F) and matrices (3, 3, ..., F), and the polar decomposition.

Time is the last axis. NumPy then runs one long loop over time per operation, instead of many short
ones over axes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._typing import Array

__all__ = [
    "SINGULAR",
    "apply",
    "cofactors",
    "compose",
    "cross",
    "has_no_polar",
    "matrices",
    "polar_rotation",
    "skew",
    "solve_symmetric",
    "spin",
    "transposed",
]

SINGULAR = 1e-6
"""Determinant below which a matrix has no well-conditioned nearest rotation."""

_MAX_STEPS = 30


def apply(matrix: Array, vector: Array) -> Array:
    """Return matrices times vectors; the vectors may be constant in time."""
    return matrix[:, 0] * vector[0] + matrix[:, 1] * vector[1] + matrix[:, 2] * vector[2]


def compose(left: Array, right: Array) -> Array:
    """Return matrix products."""
    out = left[:, 0, None] * right[None, 0]
    out += left[:, 1, None] * right[None, 1]
    out += left[:, 2, None] * right[None, 2]
    return out


def transposed(matrix: Array) -> Array:
    """Return transposed matrices, as a view."""
    return matrix.swapaxes(0, 1)


def cross(a: Array, b: Array) -> Array:
    """Return cross products."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.multiply(a[j], b[k], out=out[i])
        out[i] -= a[k] * b[j]
    return out


def skew(vector: Array) -> Array:
    """Return the matrices [v] of the cross product with vectors v."""
    x, y, z = vector
    zero = np.zeros_like(x)
    return np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]])


def spin(rate: Array, matrix: Array) -> Array:
    """Return [w] R, the derivative of rotations R with the angular velocity w."""
    return cross(rate[:, None], matrix)


def matrices(quat: Array) -> Array:
    """Return rotation matrices (3, 3, ...) of unit quaternions (4, ...)."""
    w, x, y, z = quat
    out = np.empty((3, 3, *w.shape))
    out[0, 0] = 1 - 2 * (y * y + z * z)
    out[1, 1] = 1 - 2 * (x * x + z * z)
    out[2, 2] = 1 - 2 * (x * x + y * y)
    for i, j, product, mixed in ((1, 0, x * y, w * z), (0, 2, x * z, w * y), (2, 1, y * z, w * x)):
        out[i, j] = 2 * (product + mixed)
        out[j, i] = 2 * (product - mixed)
    return out


def cofactors(matrix: Array) -> tuple[Array, Array]:
    """Return cofactor matrices, det(A) A^-T, and determinants."""
    a, b, c = matrix
    rows = np.stack([cross(b, c), cross(c, a), cross(a, b)])
    return rows, np.sum(a * rows[0], axis=0)


def solve_symmetric(matrix: Array, vector: Array) -> Array:
    """Solve systems with symmetric 3 x 3 matrices by their cofactors."""
    adjugate, det = cofactors(matrix)
    return apply(adjugate, vector) / det


# ---- polar decomposition


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
