"""Shared by the readers of SMPL parameters: notations of rotations, and the turn to z up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import real_array
from .rotations import (
    quat_from_matrix,
    quat_from_rotvec,
    quat_multiply,
    rotvec_from_matrix,
    rotvec_from_quat,
)
from .worlds import to_z_up

__all__ = ["as_rotvecs", "stand_up"]

Array = NDArray[np.float64]

BODY_JOINTS = 22
"""Joints that SMPL, SMPL-H and SMPL-X share, in one order; hands and face come after."""
MAX_ROUNDING = 0.02
"""Largest deviation of R R' from the identity that counts as rounding."""


def as_rotvecs(values: ArrayLike, name: str, joints: tuple[int, ...]) -> Array:
    """Return rotation vectors (F, J, 3) from vectors or matrices, with J one of `joints`."""
    expected = (
        f"axis-angle vectors (frames, {' or '.join(str(3 * n) for n in joints)}) in rad, or "
        "rotation matrices (frames, joints, 3, 3)"
    )
    array = real_array(values, name, expected)
    if array.ndim == 3 and array.shape[1:] == (3, 3) and 1 in joints and 3 not in joints:
        array = array[:, None]
    # 1. Matrices
    if array.ndim == 4 and array.shape[2:] == (3, 3) and array.shape[1] in joints:
        deviation = np.abs(array @ np.swapaxes(array, -1, -2) - np.eye(3))
        if not (deviation <= MAX_ROUNDING).all() or not (np.linalg.det(array) > 0).all():
            raise ValueError(f"{name} has matrices that are not rotations. Expected {expected}.")
        return rotvec_from_matrix(array)
    # 2. Vectors
    if array.ndim in (2, 3) and len(array):
        flat = array.reshape(len(array), -1)
        if flat.shape[1] % 3 == 0 and flat.shape[1] // 3 in joints:
            return flat.reshape(len(flat), -1, 3)
    raise ValueError(f"{name} has shape {array.shape}. Expected {expected}.")


def stand_up(poses: Array, trans: Array, up: str | ArrayLike) -> tuple[Array, Array]:
    """Rotate poses (F, J, 3) and `trans` (F, 3) into the world with z up."""
    # SMPL measures `trans` from the unrotated pelvis, so positions may be off by a constant
    world = to_z_up(up)
    root = quat_multiply(quat_from_matrix(world), quat_from_rotvec(poses[:, 0]))
    rotated = np.concatenate([rotvec_from_quat(root)[:, None], poses[:, 1:]], axis=1)
    return rotated, trans @ world.T
