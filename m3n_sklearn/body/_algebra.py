"""Vectors (3, F) and matrices (3, 3, F) with time last, so that every step is one long loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["apply", "cofactors", "compose", "cross", "skew", "solve_symmetric", "transposed"]

Array = NDArray[np.float64]


def apply(matrix: Array, vector: Array) -> Array:
    """Matrices times vectors; the vector may be constant in time."""
    return matrix[:, 0] * vector[0] + matrix[:, 1] * vector[1] + matrix[:, 2] * vector[2]


def compose(left: Array, right: Array) -> Array:
    """Matrix products."""
    out = left[:, 0, None] * right[None, 0]
    out += left[:, 1, None] * right[None, 1]
    out += left[:, 2, None] * right[None, 2]
    return out


def transposed(matrix: Array) -> Array:
    """Transposed matrices, as a view."""
    return matrix.swapaxes(0, 1)


def cross(a: Array, b: Array) -> Array:
    """Cross products."""
    return np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def skew(vector: Array) -> Array:
    """Matrices of the cross product with `vector`."""
    x, y, z = vector
    zero = np.zeros_like(x)
    return np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]])


def cofactors(matrix: Array) -> tuple[Array, Array]:
    """Cofactor matrices (inverse transposed, times the determinant) and determinants."""
    a, b, c = matrix
    rows = np.stack([cross(b, c), cross(c, a), cross(a, b)])
    return rows, np.sum(a * rows[0], axis=0)


def solve_symmetric(matrix: Array, vector: Array) -> Array:
    """Solve systems with symmetric matrices."""
    adjugate, det = cofactors(matrix)
    return apply(adjugate, vector) / det
