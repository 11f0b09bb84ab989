"""From other people's worlds to ours: z up, right-handed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def to_z_up(up: str) -> Array:
    """Rotation that takes a world whose axis `up` points up to the world with z up.

    Parameters
    ----------
    up : {"x", "y", "z", "-x", "-y", "-z"}
        The axis that points away from the ground; "-y" is usual for cameras (y down).

    Returns
    -------
    ndarray of shape (3, 3)
        A proper rotation R: ``z_up = R @ given``.

    Examples
    --------
    >>> to_z_up("y") @ [0.0, 1.0, 0.0]
    array([0., 0., 1.])
    """
    if up not in _ROTATIONS:
        raise ValueError(f"up must be one of {', '.join(_ROTATIONS)}, got {up!r}.")
    return np.array(_ROTATIONS[up])
