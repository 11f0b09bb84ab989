"""Forward kinematics: where the joints are in a pose."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..motion.rotations import matrix_from_quat, matrix_from_rotvec
from ._model import BodyModel

__all__ = ["PosedJoints", "forward_kinematics"]

Array = NDArray[np.float64]


class PosedJoints(NamedTuple):
    """Joints in world coordinates.

    Attributes
    ----------
    positions : ndarray of shape (..., J, 3)
        Joint positions in m.
    rotations : ndarray of shape (..., J, 3, 3)
        Rotation matrices from bone to world.
    """

    positions: Array
    rotations: Array


def forward_kinematics(
    body: BodyModel, rotations: ArrayLike, trans: ArrayLike | None = None
) -> PosedJoints:
    """Pose a body's joints.

    Follows SMPL: the root lies at ``trans + rest_joints[0]``, and the root's rotation turns
    the body about that point.

    Parameters
    ----------
    body : BodyModel
        The body.
    rotations : array-like of shape (..., J, 3, 3), (..., J, 4) or (..., J, 3)
        Local rotations as matrices, unit quaternions (w, x, y, z) or rotation vectors (rad).
        Poses of 22, 24, 52 or 55 joints are matched by name where the body has another
        number of joints; see `BodyModel.match_pose`.
    trans : array-like of shape (..., 3) or None, default=None
        Translation in m; None is zero.

    Returns
    -------
    PosedJoints
        Positions and global rotations of the body's joints.

    Raises
    ------
    ValueError
        If shapes do not fit, or values are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, forward_kinematics
    >>> body = default_body()
    >>> posed = forward_kinematics(body, np.zeros((5, 24, 3)))
    >>> posed.positions.shape, posed.rotations.shape
    ((5, 24, 3), (5, 24, 3, 3))
    """
    local = local_rotations(body, rotations)
    root = root_positions(body, trans, local.shape[:-3])
    offsets = np.diff(
        body.rest_joints[[*zip(body.parents, range(body.n_joints), strict=True)]], axis=1
    )[:, 0]
    positions = np.empty(local.shape[:-1])
    turned = np.empty(local.shape)
    positions[..., 0, :] = root
    turned[..., 0, :, :] = local[..., 0, :, :]
    for joint in range(1, body.n_joints):
        parent = body.parents[joint]
        turned[..., joint, :, :] = turned[..., parent, :, :] @ local[..., joint, :, :]
        positions[..., joint, :] = (
            positions[..., parent, :] + turned[..., parent, :, :] @ offsets[joint]
        )
    return PosedJoints(positions, turned)


def check_pose(rotations: ArrayLike) -> tuple[Array, int]:
    """Return rotations as an array, and how many numbers one of them has."""
    values = np.asarray(rotations, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("Rotations must be finite; they have NaN or infinite entries.")
    if values.ndim >= 3 and values.shape[-2:] == (3, 3):
        return values, 9
    if values.ndim >= 2 and values.shape[-1] in (3, 4):
        if values.shape[-1] == 4:
            check_unit(values)
        return values, values.shape[-1]
    raise ValueError(
        f"Rotations must be matrices (..., J, 3, 3), quaternions (..., J, 4) or rotation "
        f"vectors (..., J, 3), got shape {values.shape}."
    )


def local_rotations(body: BodyModel, rotations: ArrayLike) -> Array:
    """Bring any representation of a pose into matrices, one for each joint of the body."""
    matrices, size = check_pose(rotations)
    if size == 4:
        matrices = matrix_from_quat(unit_quaternions(matrices))
    elif size == 3:
        matrices = matrix_from_rotvec(matrices)
    index = body.match_pose(matrices.shape[-3])
    if np.array_equal(index, np.arange(matrices.shape[-3])):
        return matrices
    matched = matrices[..., index, :, :]
    matched[..., index < 0, :, :] = np.eye(3)
    return matched


def root_positions(body: BodyModel, trans: ArrayLike | None, lead: tuple[int, ...]) -> Array:
    """World position of the root: the translation plus the root's place in the rest pose."""
    shift = np.zeros(3) if trans is None else np.asarray(trans, dtype=np.float64)
    if shift.shape not in ((3,), (*lead, 3)):
        raise ValueError(f"trans must have shape {(*lead, 3)} (as rotations), got {shift.shape}.")
    if not np.isfinite(shift).all():
        raise ValueError("trans must be finite; it has NaN or infinite entries.")
    return np.broadcast_to(shift + body.rest_joints[0], (*lead, 3))


def unit_quaternions(quat: Array) -> Array:
    """Remove rounding from the length of quaternions; refuse those that are no rotations."""
    return quat / check_unit(quat)[..., None]


def check_unit(quat: Array) -> Array:
    """Return the lengths of quaternions; refuse those that are no rotations."""
    norm = np.sqrt(np.einsum("...i,...i->...", quat, quat))
    if norm.size and abs(norm - 1).max() > 1e-4:
        raise ValueError(
            f"Quaternions (w, x, y, z) must have length 1, got lengths in "
            f"[{norm.min():.4g}, {norm.max():.4g}]. Normalise them first."
        )
    return norm
