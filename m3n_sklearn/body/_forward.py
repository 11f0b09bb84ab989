"""Forward kinematics: positions and rotations of the joints in a pose, and the posed skin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._engines import load_engine
from .._typing import Array
from .._validation import check_finite
from ..skeleton import matrix_from_quat, matrix_from_rotvec
from ._model import BodyModel
from ._points import PointPlan, Points

__all__ = ["PosedJoints", "check_unit", "forward_kinematics", "skin"]


class PosedJoints(NamedTuple):
    """Joints in the world, as returned by `forward_kinematics`.

    Attributes
    ----------
    positions : ndarray of shape (..., J, 3)
        Joint positions in m; float64.
    rotations : ndarray of shape (..., J, 3, 3)
        Rotation matrices from the joint's frame to the world; float64.

    See Also
    --------
    forward_kinematics : Computes them.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, forward_kinematics
    >>> posed = forward_kinematics(default_body(), np.zeros((24, 3)), trans=[0.0, 0.0, 1.0])
    >>> posed.positions[0].tolist()  # the pelvis
    [0.0, 0.0, 1.0]
    """

    positions: Array
    rotations: Array


def forward_kinematics(
    body: BodyModel, rotations: ArrayLike, trans: ArrayLike | None = None
) -> PosedJoints:
    """Compute positions and global rotations of a body's joints.

    For joint j with parent u, rest offset o and local rotation R, ``G_j = G_u R`` and
    ``p_j = p_u + G_u o``. As in SMPL [1]_, the root is at ``trans + rest_joints[0]``, and its
    rotation turns the body about that point.

    Parameters
    ----------
    body : BodyModel
        The body.
    rotations : array-like of shape (..., J, 3, 3), (..., J, 4) or (..., J, 3)
        Local rotations as matrices, unit quaternions (w, x, y, z) or rotation vectors in rad.
        Poses of 22, 24, 52 or 55 joints are matched by name if the body has another number of
        joints (see `BodyModel.match_pose`).
    trans : array-like of shape (..., 3) or None, default=None
        Translation in the world, in m. None is zero.

    Returns
    -------
    PosedJoints
        Positions and global rotations of the body's joints.

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, or quaternions do not have length 1.

    See Also
    --------
    skin : Positions of the surface.
    site_kinematics : Motion of sensors.

    References
    ----------
    .. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on
       Graphics 34(6), 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, forward_kinematics
    >>> body = default_body()
    >>> posed = forward_kinematics(body, np.zeros((5, 24, 3)))
    >>> posed.positions.shape, posed.rotations.shape
    ((5, 24, 3), (5, 24, 3, 3))
    """
    # 1. Local rotations of the body's joints, and offsets from their parents
    local = local_rotations(body, rotations)
    root = root_positions(body, trans, local.shape[:-3])
    offsets = np.diff(
        body.rest_joints[[*zip(body.parents, range(body.n_joints), strict=True)]], axis=1
    )[:, 0]
    # 2. From the root outward
    positions = np.empty(local.shape[:-1])
    global_rotations = np.empty(local.shape)
    positions[..., 0, :] = root
    global_rotations[..., 0, :, :] = local[..., 0, :, :]
    for joint in range(1, body.n_joints):
        parent = body.parents[joint]
        global_rotations[..., joint, :, :] = (
            global_rotations[..., parent, :, :] @ local[..., joint, :, :]
        )
        positions[..., joint, :] = (
            positions[..., parent, :] + global_rotations[..., parent, :, :] @ offsets[joint]
        )
    return PosedJoints(positions, global_rotations)


def check_pose(rotations: ArrayLike) -> tuple[Array, int]:
    """Return rotations as an array, and the numbers of one rotation: 3, 4 or 9."""
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
    """Return the rotation matrices of a pose in any representation, one per joint of the body."""
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
    """Return the world position of the root: the translation plus its rest position."""
    shift = np.zeros(3) if trans is None else np.asarray(trans, dtype=np.float64)
    if shift.shape not in ((3,), (*lead, 3)):
        raise ValueError(f"trans must have shape {(*lead, 3)}, like rotations, got {shift.shape}.")
    check_finite(shift, "trans", shift.shape)
    return np.broadcast_to(shift + body.rest_joints[0], (*lead, 3))


def unit_quaternions(quat: Array) -> Array:
    """Return quaternions of length 1; raise if they are not close to it."""
    return quat / check_unit(quat)[..., None]


def check_unit(quat: Array) -> Array:
    """Return the lengths of quaternions; raise if they are not close to 1."""
    norm = np.sqrt(np.einsum("...i,...i->...", quat, quat))
    if norm.size and abs(norm - 1).max() > 1e-4:
        raise ValueError(
            f"Quaternions (w, x, y, z) must have length 1, got lengths in "
            f"[{norm.min():.4g}, {norm.max():.4g}]. Normalize them first."
        )
    return norm


# ---- the skin


def skin(
    body: BodyModel,
    rotations: ArrayLike,
    trans: ArrayLike | None = None,
    vertices: Sequence[int] | NDArray[np.integer] | None = None,
    engine: str = "numpy",
) -> Array:
    r"""Compute the positions of a body's surface by linear blend skinning [1]_.

    A vertex :math:`r` of the rest pose is at
    :math:`x = \sum_j w_j \left(G_j (r - J_j) + p_j\right)`, where :math:`w_j` are its skinning
    weights, :math:`J_j` the rest positions of the joints, and :math:`G_j` and :math:`p_j` their
    rotations and positions in the pose. Pose blend shapes are added to :math:`r` if the body has
    them.

    Parameters
    ----------
    body : BodyModel
        A body with a surface.
    rotations, trans : array-like
        As in `forward_kinematics`.
    vertices : sequence of int or None, default=None
        Indices of the vertices to compute. None is all of them. Six vertices take a hundredth of
        the time of a whole mesh.
    engine : {"numpy", "numba"}, default="numpy"
        Implementation. The results agree to 1e-10.

    Returns
    -------
    ndarray of shape (..., n, 3)
        Vertex positions in the world, in m; float64.

    Raises
    ------
    ValueError
        If the body has no surface or lacks a vertex, `engine` is unknown, or as in
        `forward_kinematics`.
    ImportError
        If ``engine="numba"`` and numba is not installed.

    References
    ----------
    .. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on
       Graphics 34(6), 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, skin
    >>> skin(default_body(), np.zeros((100, 24, 3)), vertices=[0, 7]).shape
    (100, 2, 3)
    """
    if body.vertices is None or body.weights is None:
        raise ValueError(f"{body.name} has joints only, no surface to skin.")
    indices = np.arange(body.n_vertices) if vertices is None else _vertices(body, vertices)
    compiled = load_engine(engine, __package__)
    if compiled is None:
        return _skinned(body, indices, rotations, trans)
    poses, size = check_pose(rotations)
    lead = poses.shape[: -3 if size == 9 else -2]
    joints = poses.shape[len(lead)]
    plan = PointPlan.of(body, Points.of_vertices(body, indices), joints)
    root = root_positions(body, trans, lead).reshape(-1, 3)
    points: Array = compiled.skin_points(plan, poses.reshape(-1, joints, size), root)
    return points.reshape(*lead, len(indices), 3)


def _skinned(body: BodyModel, indices: Any, rotations: ArrayLike, trans: ArrayLike | None) -> Array:
    """Return posed vertices by linear blend skinning, with pose blend shapes."""
    assert body.vertices is not None and body.weights is not None
    # 1. Joints, and the rest positions with pose blend shapes
    local = local_rotations(body, rotations)
    positions, global_rotations = forward_kinematics(body, local, trans)
    rest, weights = body.vertices[indices], body.weights[indices]
    if body.posedirs is not None:
        feature = (local[..., 1:, :, :] - np.eye(3)).reshape(*local.shape[:-3], -1)
        shifts = feature @ body.posedirs[indices].reshape(3 * len(indices), -1).T
        rest = rest + shifts.reshape(*feature.shape[:-1], -1, 3)
    # 2. sum_j w_j G_j r + sum_j w_j (p_j - G_j J_j)
    shift = positions - np.einsum("...jik,jk->...ji", global_rotations, body.rest_joints)
    blend = np.einsum("vj,...jik->...vik", weights, global_rotations)
    return np.einsum("...vik,...vk->...vi", blend, rest) + weights @ shift


def _vertices(body: BodyModel, vertices: Any) -> NDArray[np.int64]:
    """Check indices of vertices."""
    indices = np.asarray(vertices)
    if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
        raise ValueError(f"vertices must be a list of whole numbers, got {vertices!r}.")
    if indices.size and not 0 <= indices.min() <= indices.max() < body.n_vertices:
        raise ValueError(
            f"vertices must lie in 0 to {body.n_vertices - 1} of {body.name}, got "
            f"{indices.min()} to {indices.max()}."
        )
    return indices.astype(np.int64)
