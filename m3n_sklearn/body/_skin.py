"""Where the skin is in a pose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._engine import load_engine
from ._forward import check_pose, forward_kinematics, local_rotations, root_positions
from ._model import BodyModel
from ._plan import Plan, Points

__all__ = ["skin"]

Array = NDArray[np.float64]


def skin(
    body: BodyModel,
    rotations: ArrayLike,
    trans: ArrayLike | None = None,
    vertices: Sequence[int] | NDArray[np.integer] | None = None,
    engine: str = "numpy",
) -> Array:
    """Pose a body's surface by linear blend skinning, with pose blend shapes if it has them.

    Parameters
    ----------
    body : BodyModel
        A body with a surface.
    rotations, trans : array-like
        As in `forward_kinematics`.
    vertices : sequence of int or None, default=None
        Which vertices; None is all of them. Only they are computed: six take a hundredth of
        the time of a whole mesh.
    engine : {"numpy", "numba"}, default="numpy"
        What computes it; the results are equal to 1e-10.

    Returns
    -------
    ndarray of shape (..., n, 3)
        Vertex positions in the world, in m.

    Raises
    ------
    ValueError
        If the body has no surface, it lacks a vertex, or as in `forward_kinematics`.
    ImportError
        If numba is asked for and not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, skin
    >>> skin(default_body(), np.zeros((100, 24, 3)), vertices=[0, 7]).shape
    (100, 2, 3)
    """
    if body.vertices is None or body.weights is None:
        raise ValueError(f"{body.name} has no surface to skin; it has joints only.")
    chosen = np.arange(body.n_vertices) if vertices is None else _vertices(body, vertices)
    compiled = load_engine(engine, __package__)
    if compiled is None:
        return _skinned(body, chosen, rotations, trans)
    poses, size = check_pose(rotations)
    lead = poses.shape[: -3 if size == 9 else -2]
    joints = poses.shape[len(lead)]
    plan = Plan.of(body, Points.of_vertices(body, chosen), joints)
    root = root_positions(body, trans, lead).reshape(-1, 3)
    points: Array = compiled.skin_points(plan, poses.reshape(-1, joints, size), root)
    return points.reshape(*lead, len(chosen), 3)


def _skinned(body: BodyModel, chosen: Any, rotations: ArrayLike, trans: ArrayLike | None) -> Array:
    assert body.vertices is not None and body.weights is not None
    local = local_rotations(body, rotations)
    positions, turned = forward_kinematics(body, local, trans)
    rest, weights = body.vertices[chosen], body.weights[chosen]
    if body.posedirs is not None:
        feature = (local[..., 1:, :, :] - np.eye(3)).reshape(*local.shape[:-3], -1)
        shifts = feature @ body.posedirs[chosen].reshape(3 * len(chosen), -1).T
        rest = rest + shifts.reshape(*feature.shape[:-1], -1, 3)
    shift = positions - np.einsum("...jik,jk->...ji", turned, body.rest_joints)
    blend = np.einsum("vj,...jik->...vik", weights, turned)
    return np.einsum("...vik,...vk->...vi", blend, rest) + weights @ shift


def _vertices(body: BodyModel, vertices: Any) -> NDArray[np.int64]:
    chosen = np.asarray(vertices)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise ValueError(f"vertices must be a list of whole numbers, got {vertices!r}.")
    if chosen.size and not 0 <= chosen.min() <= chosen.max() < body.n_vertices:
        raise ValueError(
            f"vertices must lie in 0 to {body.n_vertices - 1} of {body.name}, got "
            f"{chosen.min()} to {chosen.max()}."
        )
    return chosen.astype(np.int64)
