"""Rotations from worlds with another axis up to the library's world, which is z up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import real_array
from .alignment import swing_between
from .rotations import matrix_from_quat
from .skeleton import Z_UP_FROM_Y_UP

__all__ = ["to_z_up"]

Array = NDArray[np.float64]

_Y_TO_Z = np.asarray(Z_UP_FROM_Y_UP, dtype=np.float64)
_X_TO_Z = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
_ROTATIONS: dict[str, Array] = {
    "z": np.eye(3),
    "y": _Y_TO_Z,
    "x": _X_TO_Z,
    "-z": np.diag([1.0, -1.0, -1.0]),
    "-y": _Y_TO_Z.T,
    "-x": _X_TO_Z.T,
}


def to_z_up(up: str | ArrayLike) -> Array:
    """Return the (3, 3) rotation R with ``z_up = R @ given``; for a direction the smallest one."""
    if isinstance(up, str):
        if up not in _ROTATIONS:
            raise ValueError(f"up must be one of {', '.join(_ROTATIONS)}, got {up!r}.")
        return np.array(_ROTATIONS[up])
    vector = real_array(up, "up", "an axis such as 'y', or a direction of shape (3,)")
    length = np.linalg.norm(vector) if vector.shape == (3,) else 0.0
    if not 1e-6 < length < np.inf:
        raise ValueError(
            f"up must be one of {', '.join(_ROTATIONS)}, or a direction of shape (3,); got {up!r}."
        )
    return matrix_from_quat(swing_between(vector / length, np.array([0.0, 0.0, 1.0])))
