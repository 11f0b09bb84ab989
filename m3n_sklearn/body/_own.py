"""Bodies of one's own: any skinned mesh, or any skeleton, as a body that SMPL's poses drive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import real_array
from ..motion.proportions import segment_lengths, stature_from_lengths
from ..motion.skeleton import SMPL_JOINTS, SMPL_PARENTS
from ..motion.skeletons import SkeletonMap
from ._model import BodyModel
from ._tpose import (
    Skeleton,
    Stance,
    check_skeleton,
    given_rotations,
    smpl_joints,
    stand_in_t_pose,
    y_up,
)

__all__ = ["body_from_mesh", "body_from_skeleton"]

Array = NDArray[np.float64]
_SAME_PLACE = 1e-6  # m


def body_from_mesh(
    vertices: ArrayLike,
    faces: ArrayLike | None,
    joint_names: Sequence[str],
    parents: ArrayLike,
    joints: ArrayLike,
    weights: Any,
    *,
    skeleton: SkeletonMap | None = None,
    tpose: Mapping[str, ArrayLike] | None = None,
    up: str = "y",
    shapedirs: ArrayLike | None = None,
    joint_shapedirs: ArrayLike | None = None,
    name: str = "body",
) -> BodyModel:
    r"""Make a body of a skinned mesh that stands in any rest pose.

    The mesh is brought into SMPL's T-pose by linear blend skinning: arms, and legs, are swung
    straight, from the trunk outwards, with all that hangs on them. Its joints become SMPL's:
    the weights of joints that have no counterpart go to their nearest ancestor that has one.
    SMPL's joints that the mesh lacks are placed between their neighbours and carry no skin.

    Parameters
    ----------
    vertices : array-like of shape (V, 3)
        Surface points in the mesh's rest pose, in m, the body facing z with y up (or as `up`
        says).
    faces : array-like of shape (K, 3) or None
        Triangles, counter-clockwise seen from outside. Without them named sites stand off the
        bones.
    joint_names : sequence of str
        Names of the J joints, the root first.
    parents : array-like of shape (J,)
        Index of each joint's parent; -1 for the root, and parents before their children.
    joints : array-like of shape (J, 3)
        Joint positions in the mesh's rest pose, in m.
    weights : array-like of shape (V, J), or pair of array-like of shape (V, k)
        Skinning weights; or the joints of each vertex and their weights. Rows are scaled to
        sum 1.
    skeleton : SkeletonMap or None, default=None
        Which joint is which. The names of known conventions are recognised, see
        `m3n_sklearn.motion.SKELETONS`.
    tpose : mapping of str to array-like of shape (3,) or None, default=None
        Rotation vectors in rad that turn joints against their parents, from the rest pose
        towards the T-pose with palms down, in axes parallel to the mesh's: for meshes whose
        arms are also twisted in the rest pose. What is left is swung.
    up : {"y", "z", "x", "-x", "-y", "-z"}, default="y"
        The axis that points up; the body faces z when it is "y", and -y when it is "z".
    shapedirs : array-like of shape (V, 3, B) or None, default=None
        Vertex displacement by unit of each shape coefficient, in the rest pose, in m. The
        simulator feeds them with a motion's betas, which mean SMPL's shapes in most files:
        leave these out where yours are others, or shape the body first and hand it over with
        ``dataclasses.replace(body, shapedirs=None)``.
    joint_shapedirs : array-like of shape (J, 3, B) or None, default=None
        Joint displacement by the same. Without it, shape moves the skin only.
    name : str, default="body"
        What the body is called in messages.

    Returns
    -------
    BodyModel
        A body with SMPL's 24 joints in T-pose, the pelvis at the origin.

    Raises
    ------
    ValueError
        If shapes disagree, the skeleton is not recognised, the body does not face z, or it is
        not of human size in metres.

    Notes
    -----
    With rest positions :math:`x` of a vertex and :math:`J_j` of the joints, turned by
    :math:`G_j` and moved to :math:`p_j`, the T-pose has
    :math:`x' = \sum_j w_j \left(G_j (x - J_j) + p_j\right)` [1]_. Rotations are those of the
    mean shape, so that shape directions stay linear.

    References
    ----------
    .. [1] N. Magnenat-Thalmann, R. Laperriere, D. Thalmann, "Joint-dependent local deformations
       for hand animation and object grasping", Graphics Interface, 1988.

    Examples
    --------
    A body in A-pose; here the default one, its arms let down by 45 degrees:

    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, forward_kinematics, skin
    >>> from m3n_sklearn.motion import SkeletonMap
    >>> own, pose = default_body(), np.zeros((24, 3))
    >>> pose[16, 2], pose[17, 2] = -np.pi / 4, np.pi / 4
    >>> body = body_from_mesh(
    ...     skin(own, pose), own.faces, own.joint_names, own.parents,
    ...     forward_kinematics(own, pose).positions, own.weights,
    ...     skeleton=SkeletonMap({joint: joint for joint in own.joint_names}), name="mine",
    ... )
    >>> bool(abs(body.rest_joints - own.rest_joints).max() < 1e-3)
    True
    """
    source = check_skeleton(joint_names, parents, skeleton)
    count = len(source.names)
    turn = y_up(up)
    points = _finite(vertices, "vertices", (None, 3)) @ turn.T
    rest = _finite(joints, "joints", (count, 3)) @ turn.T
    blend = _weights(weights, len(points), source)
    offsets = rest - rest[np.maximum(source.parents, 0)] * (source.parents >= 0)[:, None]
    given = turn @ given_rotations(source, tpose) @ turn.T
    stance = stand_in_t_pose(source, offsets, given)
    placed = smpl_joints(source, stance.positions, name)
    shapes = _shape_space(shapedirs, joint_shapedirs, len(points), count, turn)
    moved = [
        _carried(blend, points, rest, stance),
        *(
            _carried(blend, dv, dj, _shifted(source, stance, dj))
            for dv, dj in zip(*shapes, strict=True)
        ),
    ]
    skin, directions = moved[0] - placed[0], np.array(moved[1:]).reshape(-1, len(points), 3)
    regressor = None
    if joint_shapedirs is not None:
        steps = [
            smpl_joints(source, stance.positions + _shifted(source, stance, dj).positions, name)
            - placed
            for dj in shapes[1]
        ]
        regressor = _regressor(skin, placed - placed[0], directions, np.array(steps))
    carried = np.zeros((len(points), len(SMPL_JOINTS)))
    np.add.at(carried.T, source.owners(), blend.T)
    return BodyModel(
        joint_names=SMPL_JOINTS,
        parents=SMPL_PARENTS,
        rest_joints=placed - placed[0],
        vertices=skin,
        weights=carried,
        faces=None if faces is None else np.asarray(faces),
        shapedirs=None if shapedirs is None else directions.transpose(1, 2, 0),
        joint_regressor=regressor,
        name=name,
    )


def body_from_skeleton(
    joint_names: Sequence[str],
    parents: ArrayLike,
    offsets: ArrayLike,
    *,
    skeleton: SkeletonMap | None = None,
    tpose: Mapping[str, ArrayLike] | None = None,
    up: str = "y",
    stature: float | None = None,
    name: str = "body",
) -> BodyModel:
    """Make a body without a surface of the bones of a skeleton.

    Its limbs have the skeleton's lengths; sensors stand off the bones by shares of the stature
    (see `resolve_sites`).

    Parameters
    ----------
    joint_names, parents
        As in `body_from_mesh`.
    offsets : array-like of shape (J, 3)
        Position of each joint in its parent's frame, in m, as in BVH files.
    skeleton : SkeletonMap or None, default=None
        Which joint is which, and how joint frames stand in the T-pose. Known conventions are
        recognised.
    tpose : mapping of str to array-like of shape (3,) or None, default=None
        As in `body_from_mesh`, for skeletons whose pose without rotations is no T-pose.
    up : {"y", "z", "x", "-x", "-y", "-z"}, default="y"
        The axis that points up in the pose without rotations.
    stature : float or None, default=None
        Standing height in m; None estimates it from the limbs.
    name : str, default="body"
        What the body is called in messages.

    Returns
    -------
    BodyModel
        A body with SMPL's 24 joints in T-pose, the pelvis at the origin.

    Raises
    ------
    ValueError
        As in `body_from_mesh`.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, resolve_sites
    >>> from m3n_sklearn.motion import SkeletonMap
    >>> own = default_body(stature=1.8)
    >>> body = body_from_skeleton(
    ...     own.joint_names, own.parents,
    ...     own.rest_joints - own.rest_joints[np.maximum(own.parents, 0)],
    ...     skeleton=SkeletonMap({joint: joint for joint in own.joint_names}),
    ... )
    >>> round(body.stature, 2), resolve_sites(body, "left_wrist")[0].bone
    (1.8, 'left_elbow')
    """
    source = check_skeleton(joint_names, parents, skeleton)
    bones = _finite(offsets, "offsets", (len(source.names), 3))
    frames = y_up(up) @ given_rotations(source, tpose)
    for joint, known in enumerate(source.names):
        if known in source.skeleton.axes:
            frames[joint] = source.skeleton.frame(known)
    stance = stand_in_t_pose(source, bones, frames)
    placed = smpl_joints(source, stance.positions, name)
    if stature is None:
        stature = stature_from_lengths(
            segment_lengths(dict(zip(SMPL_JOINTS, placed, strict=True))), what=name
        )
    return BodyModel(SMPL_JOINTS, SMPL_PARENTS, placed - placed[0], stature=stature, name=name)


def _carried(weights: Array, points: Array, joints: Array, stance: Stance) -> Array:
    """Linear blend skinning of points, or of their displacements, from one stance to another."""
    shift = stance.positions - np.einsum("jik,jk->ji", stance.rotations, joints)
    blend = np.einsum("vj,jik->vik", weights, stance.rotations)
    return np.einsum("vik,vk->vi", blend, points) + weights @ shift


def _shifted(source: Skeleton, stance: Stance, joints: Array) -> Stance:
    """How joints in T-pose move when those of the rest pose are displaced."""
    moved = np.array(joints)
    for joint, parent in enumerate(source.parents):
        if parent >= 0:
            step = stance.rotations[parent] @ (joints[joint] - joints[parent])
            moved[joint] = moved[parent] + step
    return Stance(moved, stance.rotations)


def _shape_space(
    shapedirs: ArrayLike | None,
    joint_shapedirs: ArrayLike | None,
    n_vertices: int,
    n_joints: int,
    turn: Array,
) -> tuple[Array, Array]:
    """Displacements of vertices (B, V, 3) and joints (B, J, 3) with y up."""
    if shapedirs is None:
        if joint_shapedirs is not None:
            raise ValueError("joint_shapedirs says how joints follow shapedirs: give both.")
        return np.zeros((0, n_vertices, 3)), np.zeros((0, n_joints, 3))
    points = _finite(shapedirs, "shapedirs", (n_vertices, 3, None))
    count = points.shape[2]
    joints = np.zeros((n_joints, 3, count))
    if joint_shapedirs is not None:
        joints = _finite(joint_shapedirs, "joint_shapedirs", (n_joints, 3, count))
    return np.moveaxis(points, 2, 0) @ turn.T, np.moveaxis(joints, 2, 0) @ turn.T


def _regressor(vertices: Array, joints: Array, directions: Array, steps: Array) -> Array:
    """Smallest linear map of vertices that gives the joints of every shape, wherever it stands."""
    rows, wanted = (
        np.vstack(
            [
                np.concatenate([mean[None], steps]).transpose(0, 2, 1).reshape(-1, len(mean)),
                np.ones(len(mean)),
            ]
        )
        for mean, steps in ((vertices, directions), (joints, steps))
    )
    regressor = np.linalg.lstsq(rows, wanted, rcond=None)[0].T
    error = float(np.abs(rows @ regressor.T - wanted).max())
    if error > _SAME_PLACE:
        raise ValueError(
            f"joint_shapedirs do not follow from shapedirs: the joints of some shape are "
            f"{error:.3g} m off any weighted mean of its vertices."
        )
    return np.asarray(regressor)


def _weights(weights: Any, n_vertices: int, source: Skeleton) -> Array:
    n_joints = len(source.names)
    if isinstance(weights, tuple | list) and len(weights) == 2 and np.ndim(weights[0]) == 2:
        index, share = np.asarray(weights[0]), np.asarray(weights[1], dtype=np.float64)
        if index.dtype.kind not in "iu" or index.shape != share.shape or len(index) != n_vertices:
            raise ValueError(
                f"weights as a pair are joints (V, k), whole numbers, and their weights (V, k) "
                f"for {n_vertices} vertices; got {index.dtype} {index.shape} and {share.shape}."
            )
        if index.size and not 0 <= index.min() <= index.max() < n_joints:
            raise ValueError(f"weights name joint {index.max()}, there are {n_joints} joints.")
        dense = np.zeros((n_vertices, n_joints))
        np.add.at(dense, (np.arange(n_vertices)[:, None], index), share)
    else:
        dense = weights.toarray() if hasattr(weights, "toarray") else weights
    dense = _finite(dense, "weights", (n_vertices, n_joints))
    total = dense.sum(axis=1, keepdims=True)
    if dense.size and not (dense.min() >= -1e-6 and total.min() > 0):
        raise ValueError("weights must be non-negative, with at least one above 0 for each vertex.")
    return np.asarray(dense / total)


def _finite(values: ArrayLike, name: str, shape: tuple[int | None, ...]) -> Array:
    wanted = f"shape ({', '.join('any' if n is None else str(n) for n in shape)})"
    array = real_array(values, name, wanted)
    fits = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite values of {wanted}, got shape {array.shape}.")
    return array
