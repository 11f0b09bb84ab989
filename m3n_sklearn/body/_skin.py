"""Linear blend skinning: positions of the surface in a pose.

The vertex r of the rest pose is at ``x = sum_j w_j (G_j (r - J_j) + p_j)``, with the skinning
weights w_j, the joints' rest positions J_j, and their global rotations G_j and positions p_j. Pose
blend shapes first shift r by ``B vec(R - I)`` with the local rotations R.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._engine import load_engine
from ._forward import check_pose, forward_kinematics, local_rotations, root_positions
from ._model import BodyModel
from ._plan import PointPlan, Points

__all__ = ["skin"]

Array = NDArray[np.float64]


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
    .. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on
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
    indices = np.asarray(vertices)
    if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
        raise ValueError(f"vertices must be a list of whole numbers, got {vertices!r}.")
    if indices.size and not 0 <= indices.min() <= indices.max() < body.n_vertices:
        raise ValueError(
            f"vertices must lie in 0 to {body.n_vertices - 1} of {body.name}, got "
            f"{indices.min()} to {indices.max()}."
        )
    return indices.astype(np.int64)
