"""Rotations as quaternions (w, x, y, z), matrices, rotation vectors, 6-D columns and frames.

All functions work in float64 and broadcast over leading axes. A rotation acts on column vectors:
``v_parent = R @ v_child``. With the angle a and the unit axis u,

    rotation vector   r = a u
    quaternion        q = (cos a/2, sin a/2 u), with Hamilton's product
    matrix            R = I + sin a [u] + (1 - cos a) [u]^2, [u] the matrix of the cross product

q and -q are the same rotation.

References
----------
J. Diebel, "Representing attitude: Euler angles, unit quaternions, and rotation vectors", Stanford
University, 2006.
S. W. Shepperd, "Quaternion from rotation matrix", Journal of Guidance and Control 1(3), 1978.
K. Shoemake, "Uniform random rotations", Graphics Gems III, 1992.
Y. Zhou et al., "On the continuity of rotation representations in neural networks", CVPR 2019.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from .._typing import Array
from .._validation import real_array
from ._smpl import SMPL_JOINTS, SMPL_PARENTS, Z_UP_FROM_Y_UP

__all__ = [
    "align_frames",
    "frame_from_axes",
    "hemisphere_align",
    "local_rotvecs",
    "matrix_from_quat",
    "matrix_from_rotvec",
    "matrix_from_sixd",
    "normalize",
    "quat_conjugate",
    "quat_from_matrix",
    "quat_from_rotvec",
    "quat_multiply",
    "quat_rotate",
    "random_rotations",
    "rotvec_from_matrix",
    "rotvec_from_quat",
    "sixd_from_matrix",
    "slerp_resample",
    "swing_between",
    "to_z_up",
    "transport_along",
    "twist_about",
]

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


def _vectors(values: ArrayLike, size: int, name: str) -> Array:
    """Check arrays of vectors."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] != size:
        raise ValueError(f"{name} must end in an axis of length {size}, got shape {array.shape}.")
    return array


def _matrices(values: ArrayLike) -> Array:
    """Check arrays of rotation matrices."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape[-2:] != (3, 3):
        raise ValueError(f"Rotation matrices must end in shape (3, 3), got {array.shape}.")
    return array


def quat_from_rotvec(rotvec: ArrayLike) -> Array:
    """Turn rotation vectors (axis times angle, rad) into unit quaternions.

    Parameters
    ----------
    rotvec : array-like of shape (..., 3)
        Rotation vectors in rad.

    Returns
    -------
    ndarray of shape (..., 4)
        Quaternions (w, x, y, z).

    Examples
    --------
    >>> import numpy as np
    >>> quat_from_rotvec([0.0, 0.0, np.pi]).round(6) + 0.0
    array([0., 0., 0., 1.])
    """
    v = _vectors(rotvec, 3, "Rotation vectors")
    angle = np.linalg.norm(v, axis=-1, keepdims=True)
    # np.sinc(x) = sin(pi x) / (pi x): exact down to angle 0
    return np.concatenate([np.cos(angle / 2), 0.5 * np.sinc(angle / (2 * np.pi)) * v], axis=-1)


def rotvec_from_quat(quat: ArrayLike) -> Array:
    """Turn unit quaternions into rotation vectors of angle at most pi.

    Parameters
    ----------
    quat : array-like of shape (..., 4)
        Unit quaternions (w, x, y, z); q and -q give the same result.

    Returns
    -------
    ndarray of shape (..., 3)
        Rotation vectors in rad.
    """
    q = _vectors(quat, 4, "Quaternions")
    q = np.where(q[..., :1] < 0, -q, q)  # the sign with the smaller angle
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    small = sine < 1e-12  # there r = 2 vec(q), up to the third order
    return np.where(small, 2.0, angle / np.where(small, 1.0, sine)) * q[..., 1:]


def quat_multiply(left: ArrayLike, right: ArrayLike) -> Array:
    """Multiply quaternions: the rotation `right` followed by `left`.

    Parameters
    ----------
    left, right : array-like of shape (..., 4)
        Quaternions (w, x, y, z).

    Returns
    -------
    ndarray of shape (..., 4)
        The Hamilton product.
    """
    a = _vectors(left, 4, "Quaternions")
    b = _vectors(right, 4, "Quaternions")
    aw, ax, ay, az = np.moveaxis(a, -1, 0)
    bw, bx, by, bz = np.moveaxis(b, -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def quat_conjugate(quat: ArrayLike) -> Array:
    """Conjugate quaternions; for unit quaternions this is the inverse rotation.

    Parameters
    ----------
    quat : array-like of shape (..., 4)
        Quaternions (w, x, y, z).

    Returns
    -------
    ndarray of shape (..., 4)
        Quaternions (w, -x, -y, -z).
    """
    return _vectors(quat, 4, "Quaternions") * np.array([1.0, -1.0, -1.0, -1.0])


def quat_rotate(quat: ArrayLike, vector: ArrayLike) -> Array:
    """Rotate vectors by unit quaternions.

    Parameters
    ----------
    quat : array-like of shape (..., 4)
        Unit quaternions (w, x, y, z).
    vector : array-like of shape (..., 3)
        Vectors, in any unit.

    Returns
    -------
    ndarray of shape (..., 3)
        The rotated vectors.

    Examples
    --------
    >>> import numpy as np
    >>> turn = quat_from_rotvec([0.0, 0.0, np.pi / 2])
    >>> quat_rotate(turn, [1.0, 0.0, 0.0]).round(6) + 0.0
    array([0., 1., 0.])
    """
    q = _vectors(quat, 4, "Quaternions")
    v = _vectors(vector, 3, "Vectors")
    # v' = v + w t + vec(q) x t with t = 2 vec(q) x v: two cross products instead of a matrix
    t = 2 * np.cross(q[..., 1:], v)
    return v + q[..., :1] * t + np.cross(q[..., 1:], t)


def matrix_from_quat(quat: ArrayLike) -> Array:
    """Turn unit quaternions into rotation matrices.

    Parameters
    ----------
    quat : array-like of shape (..., 4)
        Unit quaternions (w, x, y, z).

    Returns
    -------
    ndarray of shape (..., 3, 3)
        Rotation matrices.
    """
    q = _vectors(quat, 4, "Quaternions")
    w, x, y, z = np.moveaxis(q, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quat_from_matrix(matrix: ArrayLike) -> Array:
    """Turn rotation matrices into unit quaternions with w >= 0.

    The largest of the four components is found first, so that every division is
    well-conditioned (Shepperd, 1978).

    Parameters
    ----------
    matrix : array-like of shape (..., 3, 3)
        Rotation matrices.

    Returns
    -------
    ndarray of shape (..., 4)
        Unit quaternions (w, x, y, z).
    """
    m = _matrices(matrix)
    d0, d1, d2 = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    a, b, c = (
        m[..., 2, 1] - m[..., 1, 2],
        m[..., 0, 2] - m[..., 2, 0],
        m[..., 1, 0] - m[..., 0, 1],
    )
    p, q, r = (
        m[..., 1, 0] + m[..., 0, 1],
        m[..., 0, 2] + m[..., 2, 0],
        m[..., 2, 1] + m[..., 1, 2],
    )
    # each row is 4 q_i q for one component q_i; the longest row is the most accurate one
    rows = np.stack(
        [
            np.stack([1 + d0 + d1 + d2, a, b, c], axis=-1),
            np.stack([a, 1 + d0 - d1 - d2, p, q], axis=-1),
            np.stack([b, p, 1 - d0 + d1 - d2, r], axis=-1),
            np.stack([c, q, r, 1 - d0 - d1 + d2], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.einsum("...ii->...i", rows), axis=-1)
    quat = np.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :]
    quat = quat / np.linalg.norm(quat, axis=-1, keepdims=True)
    return np.where(quat[..., :1] < 0, -quat, quat)


def matrix_from_rotvec(rotvec: ArrayLike) -> Array:
    """Turn rotation vectors (rad) into rotation matrices.

    Parameters
    ----------
    rotvec : array-like of shape (..., 3)
        Rotation vectors in rad.

    Returns
    -------
    ndarray of shape (..., 3, 3)
        Rotation matrices.
    """
    return matrix_from_quat(quat_from_rotvec(rotvec))


def rotvec_from_matrix(matrix: ArrayLike) -> Array:
    """Turn rotation matrices into rotation vectors of angle at most pi.

    Parameters
    ----------
    matrix : array-like of shape (..., 3, 3)
        Rotation matrices.

    Returns
    -------
    ndarray of shape (..., 3)
        Rotation vectors in rad.
    """
    return rotvec_from_quat(quat_from_matrix(matrix))


def sixd_from_matrix(matrix: ArrayLike) -> Array:
    """Return the first two columns of rotation matrices, a continuous representation.

    Parameters
    ----------
    matrix : array-like of shape (..., 3, 3)
        Rotation matrices.

    Returns
    -------
    ndarray of shape (..., 6)
        First column, then second column (Zhou et al., 2019).
    """
    m = _matrices(matrix)
    return np.concatenate([m[..., 0], m[..., 1]], axis=-1)


def matrix_from_sixd(sixd: ArrayLike) -> Array:
    """Turn 6-D columns into rotation matrices by Gram-Schmidt orthogonalization.

    Parameters
    ----------
    sixd : array-like of shape (..., 6)
        Two columns, not necessarily orthonormal (Zhou et al., 2019).

    Returns
    -------
    ndarray of shape (..., 3, 3)
        Rotation matrices.
    """
    v = _vectors(sixd, 6, "6-D rotations")
    first = v[..., :3] / np.linalg.norm(v[..., :3], axis=-1, keepdims=True)
    second = v[..., 3:] - np.sum(first * v[..., 3:], axis=-1, keepdims=True) * first
    second = second / np.linalg.norm(second, axis=-1, keepdims=True)
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def hemisphere_align(quat: ArrayLike, axis: int = 0) -> Array:
    """Choose the signs of quaternions along `axis` so that neighbors lie close together.

    Parameters
    ----------
    quat : array-like of shape (..., 4)
        Quaternions; `axis` must not be the last one.
    axis : int, default=0
        The time axis.

    Returns
    -------
    ndarray of shape (..., 4)
        The same rotations without sign jumps; the first one is left as it is.
    """
    q = np.moveaxis(_vectors(quat, 4, "Quaternions"), axis, 0)
    if len(q) < 2:
        return np.moveaxis(q.copy(), 0, axis)
    dots = np.sum(q[1:] * q[:-1], axis=-1)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    return np.moveaxis(np.concatenate([q[:1], signs[..., None] * q[1:]]), 0, axis)


def slerp_resample(quat: ArrayLike, t_in: ArrayLike, t_out: ArrayLike) -> Array:
    """Interpolate rotations along the first axis on great arcs.

    Parameters
    ----------
    quat : array-like of shape (F, ..., 4)
        Unit quaternions at the times `t_in`.
    t_in : array-like of shape (F,)
        Increasing times, in s.
    t_out : array-like of shape (T,)
        Times to interpolate at, in s. Times outside `t_in` take the nearest end.

    Returns
    -------
    ndarray of shape (T, ..., 4)
        Unit quaternions.
    """
    q = hemisphere_align(quat)
    times = np.asarray(t_in, dtype=np.float64)
    target = np.clip(np.asarray(t_out, dtype=np.float64), times[0], times[-1])
    if len(times) == 1:
        return np.repeat(q, len(target), axis=0)
    # on the great arc from q_0 to q_1: q_0 exp(share log(q_0^-1 q_1))
    left = np.clip(np.searchsorted(times, target, side="right") - 1, 0, len(times) - 2)
    share = (target - times[left]) / (times[left + 1] - times[left])
    start, stop = q[left], q[left + 1]
    turn = rotvec_from_quat(quat_multiply(quat_conjugate(start), stop))
    share = share.reshape(-1, *([1] * (turn.ndim - 1)))
    return quat_multiply(start, quat_from_rotvec(share * turn))


def random_rotations(n: int, rng: np.random.Generator, max_angle: float = np.pi) -> Array:
    """Draw random rotation matrices.

    Parameters
    ----------
    n : int
        Number of rotations.
    rng : numpy.random.Generator
        Source of randomness.
    max_angle : float, default=pi
        Largest angle in rad. With pi or more, rotations are uniform over all orientations
        (Shoemake, 1992). Below, the axis is uniform on the sphere and the angle is uniform in
        [0, `max_angle`].

    Returns
    -------
    ndarray of shape (n, 3, 3)
        Rotation matrices.
    """
    if max_angle < 0:
        raise ValueError(f"max_angle must be at least 0 rad, got {max_angle}.")
    if max_angle >= np.pi:
        quat = rng.standard_normal((n, 4))
        return matrix_from_quat(quat / np.linalg.norm(quat, axis=-1, keepdims=True))
    axis = rng.standard_normal((n, 3))
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
    return matrix_from_rotvec(axis * rng.uniform(0.0, max_angle, (n, 1)))


# ---- swings, twists and frames


def normalize(vectors: ArrayLike) -> Array:
    """Scale vectors to unit length; vectors of no length stay zero."""
    v = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return v / np.where(length > 0, length, 1.0)


def swing_between(start: ArrayLike, end: ArrayLike) -> Array:
    """Return the smallest rotation that takes one unit vector (..., 3) to another."""
    a, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (start, end)))
    quat = np.concatenate([1 + np.sum(a * b, axis=-1, keepdims=True), np.cross(a, b)], axis=-1)
    # opposite directions: a half turn about the perpendicular of a and its smallest axis
    opposite = np.linalg.norm(quat, axis=-1, keepdims=True) < 1e-7
    smallest = np.eye(3)[np.argmin(np.abs(a), axis=-1)]
    half_turn = np.concatenate([np.zeros_like(a[..., :1]), np.cross(a, smallest)], axis=-1)
    return normalize(np.where(opposite, half_turn, quat))


def twist_about(quat: ArrayLike, axis: ArrayLike) -> Array:
    """Return the twist of a rotation about a unit axis; identity where it is undefined."""
    q, unit = np.asarray(quat, dtype=np.float64), np.asarray(axis, dtype=np.float64)
    along = np.sum(q[..., 1:] * unit, axis=-1, keepdims=True)
    twist = np.concatenate([q[..., :1], along * unit], axis=-1)
    undefined = np.linalg.norm(twist, axis=-1, keepdims=True) < 1e-9
    return normalize(np.where(undefined, [1.0, 0.0, 0.0, 0.0], twist))


def frame_from_axes(primary: ArrayLike, secondary: ArrayLike) -> Array:
    """Return frames whose first axis is `primary` and whose second is in the plane of both."""
    first = normalize(primary)
    third = normalize(np.cross(first, np.asarray(secondary, dtype=np.float64)))
    return quat_from_matrix(np.stack([first, np.cross(third, first), third], axis=-1))


def align_frames(rest: tuple[ArrayLike, ArrayLike], measured: tuple[ArrayLike, ArrayLike]) -> Array:
    """Return the TRIAD rotation: exact for the primary pair, nearest for the secondary one."""
    return quat_multiply(frame_from_axes(*measured), quat_conjugate(frame_from_axes(*rest)))


def transport_along(directions: Array, start: Array) -> Array:
    """Carry a rotation along unit vectors (F, 3) without twist: a Bishop frame (F, 4)."""
    steps = np.concatenate([start[None], swing_between(directions[:-1], directions[1:])])
    # running product by doubling: log2(F) passes
    reach = 1
    while reach < len(steps):
        steps[reach:] = normalize(quat_multiply(steps[reach:], steps[:-reach]))
        reach *= 2
    return steps


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


def local_rotvecs(rotations: Mapping[str, Array]) -> Array:
    """Turn global quaternions (F, 4) by joint into local rotation vectors (F, 24, 3)."""
    # joints without a rotation follow their parent
    full = dict(rotations)
    for joint, parent in zip(SMPL_JOINTS[1:], SMPL_PARENTS[1:], strict=True):
        full.setdefault(joint, full[SMPL_JOINTS[parent]])
    quats = np.stack([full[joint] for joint in SMPL_JOINTS], axis=1)
    inward = quat_conjugate(quats[:, SMPL_PARENTS[1:]])
    return rotvec_from_quat(np.concatenate([quats[:, :1], quat_multiply(inward, quats[:, 1:])], 1))
