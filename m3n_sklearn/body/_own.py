"""Bodies of your own: from any skinned mesh or skeleton, driven by SMPL's poses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import Array
from .._validation import finite_array
from ..skeleton import (
    CHILD,
    SMPL_JOINTS,
    SMPL_PARENTS,
    Z_UP_FROM_Y_UP,
    SkeletonMap,
    find_skeleton,
    matrix_from_quat,
    matrix_from_rotvec,
    normalize,
    reference_joints,
    segment_lengths,
    stature_from_lengths,
    swing_between,
    to_z_up,
)
from ._model import BodyModel

__all__ = [
    "PosedSkeleton",
    "SourceSkeleton",
    "body_from_mesh",
    "body_from_skeleton",
    "check_skeleton",
    "given_rotations",
    "smpl_joints",
    "stand_in_t_pose",
    "y_up",
]

_MAX_JOINT_ERROR = 1e-6
"""Largest distance of a regressed joint from the given one, in m."""

_OPTIONAL = ("_hand", "_foot")


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
    r"""Convert a skinned mesh in any rest pose to a body.

    The mesh is brought into SMPL's T-pose by linear blend skinning: from the trunk outward, the
    bones of arms and legs are swung onto those of the T-pose. The result has SMPL's joints. Weights
    of joints without a counterpart go to their nearest ancestor that has one. SMPL joints that the
    mesh lacks are placed between their neighbors and carry no skin.

    Parameters
    ----------
    vertices : array-like of shape (V, 3)
        Surface points in the rest pose of the mesh, in m. The body faces z with y up, or as
        described for `up`.
    faces : array-like of shape (K, 3) or None
        Triangles, counter-clockwise seen from outside. Without them named sites lie at a fixed
        distance from the bones.
    joint_names : sequence of str
        Names of the J joints, the root first.
    parents : array-like of shape (J,)
        Index of each joint's parent; -1 for the root, and parents before their children.
    joints : array-like of shape (J, 3)
        Joint positions in the rest pose of the mesh, in m.
    weights : array-like of shape (V, J), or pair of array-like of shape (V, k)
        Skinning weights, or the joints of each vertex and their weights. Rows are scaled to sum 1.
    skeleton : SkeletonMap or None, default=None
        Map from SMPL joints to those of the mesh. By default it is found by the joint names, as in
        `m3n_sklearn.motion.read_bvh`.
    tpose : mapping of str to array-like of shape (3,) or None, default=None
        For meshes whose arms are also twisted in the rest pose: rotation vectors in rad by joint
        name, from the rest pose toward the T-pose with palms down, relative to the parent and in
        axes parallel to those of the mesh. The bones are swung afterwards.
    up : {"y", "z", "x", "-x", "-y", "-z"}, default="y"
        The axis that points up. The body faces z for "y", and -y for "z".
    shapedirs : array-like of shape (V, 3, B) or None, default=None
        Displacement of each vertex per unit of each shape coefficient, in the rest pose and in m.
        The simulator applies the betas of a motion to them, which in most files are those of SMPL.
        If your coefficients are others, omit `shapedirs`, or apply `BodyModel.shaped` first and
        pass ``dataclasses.replace(body, shapedirs=None)`` to the simulator.
    joint_shapedirs : array-like of shape (J, 3, B) or None, default=None
        Displacement of each joint per unit of the same coefficients, in m. Without it, they move
        the surface only.
    name : str, default="body"
        Name of the body in messages.

    Returns
    -------
    BodyModel
        A body with SMPL's 24 joints in T-pose, the pelvis at the origin.

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, the skeleton is not recognized, the body does
        not face z, or it does not have human size in m.

    See Also
    --------
    body_from_skeleton : Bodies without a surface.
    body_from_smplx : Models of the SMPL family.

    Notes
    -----
    Let :math:`x` be the rest position of a vertex, :math:`J_j` those of the joints, and
    :math:`G_j` and :math:`p_j` the rotations and positions of the joints in the T-pose. The
    vertex is then at :math:`x' = \sum_j w_j \left(G_j (x - J_j) + p_j\right)` [1]_. The rotations
    are those of the mean shape, so that shape directions stay linear.

    References
    ----------
    .. [1] N. Magnenat-Thalmann, R. Laperriere, D. Thalmann, "Joint-dependent local deformations
       for hand animation and object grasping", Graphics Interface, 1988.

    Examples
    --------
    A body in A-pose: the default body with the arms lowered by 45 degrees.

    >>> import numpy as np
    >>> from m3n_sklearn.body import body_from_mesh, default_body, forward_kinematics, skin
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
    # 1. The mesh with y up
    source = check_skeleton(joint_names, parents, skeleton)
    count = len(source.names)
    turn = y_up(up)
    points = finite_array(vertices, "vertices", (None, 3)) @ turn.T
    rest = finite_array(joints, "joints", (count, 3)) @ turn.T
    blend = _weights(weights, len(points), source)
    offsets = rest - rest[np.maximum(source.parents, 0)] * (source.parents >= 0)[:, None]
    # 2. The T-pose of its skeleton, and SMPL's joints in it
    given = turn @ given_rotations(source, tpose) @ turn.T
    posed = stand_in_t_pose(source, offsets, given)
    placed = smpl_joints(source, posed.positions, name)
    # 3. Skin the mesh, and its shape directions, into the T-pose
    shapes = _shape_space(shapedirs, joint_shapedirs, len(points), count, turn)
    moved = [
        _carried(blend, points, rest, posed),
        *(
            _carried(blend, dv, dj, _shifted(source, posed, dj))
            for dv, dj in zip(*shapes, strict=True)
        ),
    ]
    # 4. Joints as a linear function of the surface, so that they follow the shape
    skin, directions = moved[0] - placed[0], np.array(moved[1:]).reshape(-1, len(points), 3)
    regressor = None
    if joint_shapedirs is not None:
        steps = [
            smpl_joints(source, posed.positions + _shifted(source, posed, dj).positions, name)
            - placed
            for dj in shapes[1]
        ]
        regressor = _regressor(skin, placed - placed[0], directions, np.array(steps))
    # 5. Weights of SMPL's joints
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
    """Create a body without a surface from the bones of a skeleton.

    Its limbs have the lengths of the skeleton. Sensors lie at fixed distances from the bones,
    relative to the stature (see `resolve_sites`).

    Parameters
    ----------
    joint_names, parents
        As in `body_from_mesh`.
    offsets : array-like of shape (J, 3)
        Position of each joint in its parent's frame, in m, as in BVH files.
    skeleton : SkeletonMap or None, default=None
        Map from SMPL joints to those of the skeleton, with the axes of the joint frames in the
        T-pose. By default it is found by the joint names, as in `m3n_sklearn.motion.read_bvh`.
    tpose : mapping of str to array-like of shape (3,) or None, default=None
        As in `body_from_mesh`, for skeletons whose pose without rotations is not a T-pose.
    up : {"y", "z", "x", "-x", "-y", "-z"}, default="y"
        The axis that points up in the pose without rotations.
    stature : float or None, default=None
        Standing height in m. With None it is estimated from the limbs.
    name : str, default="body"
        Name of the body in messages.

    Returns
    -------
    BodyModel
        A body with SMPL's 24 joints in T-pose, the pelvis at the origin.

    Raises
    ------
    ValueError
        As in `body_from_mesh`.

    See Also
    --------
    body_from_mesh : Bodies with a surface.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import body_from_skeleton, default_body, resolve_sites
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
    bones = finite_array(offsets, "offsets", (len(source.names), 3))
    frames = y_up(up) @ given_rotations(source, tpose)
    for joint, joint_name in enumerate(source.names):
        if joint_name in source.skeleton.axes:
            frames[joint] = source.skeleton.frame(joint_name)
    posed = stand_in_t_pose(source, bones, frames)
    placed = smpl_joints(source, posed.positions, name)
    if stature is None:
        stature = stature_from_lengths(
            segment_lengths(dict(zip(SMPL_JOINTS, placed, strict=True))), what=name
        )
    return BodyModel(SMPL_JOINTS, SMPL_PARENTS, placed - placed[0], stature=stature, name=name)


def _carried(weights: Array, points: Array, joints: Array, posed: PosedSkeleton) -> Array:
    """Skin points (V, 3), or their displacements, from the rest pose to another one."""
    shift = posed.positions - np.einsum("jik,jk->ji", posed.rotations, joints)
    blend = np.einsum("vj,jik->vik", weights, posed.rotations)
    return np.einsum("vik,vk->vi", blend, points) + weights @ shift


def _shifted(source: SourceSkeleton, posed: PosedSkeleton, joints: Array) -> PosedSkeleton:
    """Return the displacements of joints in T-pose for those (J, 3) in the rest pose."""
    moved = np.array(joints)
    for joint, parent in enumerate(source.parents):
        if parent >= 0:
            step = posed.rotations[parent] @ (joints[joint] - joints[parent])
            moved[joint] = moved[parent] + step
    return PosedSkeleton(moved, posed.rotations)


def _shape_space(
    shapedirs: ArrayLike | None,
    joint_shapedirs: ArrayLike | None,
    n_vertices: int,
    n_joints: int,
    turn: Array,
) -> tuple[Array, Array]:
    """Return displacements of vertices (B, V, 3) and joints (B, J, 3), with y up."""
    if shapedirs is None:
        if joint_shapedirs is not None:
            raise ValueError("joint_shapedirs needs shapedirs. Pass both.")
        return np.zeros((0, n_vertices, 3)), np.zeros((0, n_joints, 3))
    points = finite_array(shapedirs, "shapedirs", (n_vertices, 3, None))
    count = points.shape[2]
    joints = np.zeros((n_joints, 3, count))
    if joint_shapedirs is not None:
        joints = finite_array(joint_shapedirs, "joint_shapedirs", (n_joints, 3, count))
    return np.moveaxis(points, 2, 0) @ turn.T, np.moveaxis(joints, 2, 0) @ turn.T


def _regressor(vertices: Array, joints: Array, directions: Array, steps: Array) -> Array:
    """Return the smallest linear map (24, V) from vertices to joints, for all shapes."""
    # Least squares of minimum norm: one row for each coordinate of the mean and of each shape
    # direction, and a row of ones, so that weights sum to 1 and the map commutes with translation
    rows, joint_rows = (
        np.vstack(
            [
                np.concatenate([mean[None], steps]).transpose(0, 2, 1).reshape(-1, len(mean)),
                np.ones(len(mean)),
            ]
        )
        for mean, steps in ((vertices, directions), (joints, steps))
    )
    regressor = np.linalg.lstsq(rows, joint_rows, rcond=None)[0].T
    error = float(np.abs(rows @ regressor.T - joint_rows).max())
    if error > _MAX_JOINT_ERROR:
        raise ValueError(
            f"joint_shapedirs do not follow from shapedirs: for some shape, the joints are "
            f"{error:.3g} m away from every weighted mean of the vertices."
        )
    return np.asarray(regressor)


def _weights(weights: Any, n_vertices: int, source: SourceSkeleton) -> Array:
    """Check the skinning weights of a mesh, and return them as a matrix (V, J)."""
    # 1. A pair (joints of each vertex, their weights), or a matrix
    n_joints = len(source.names)
    if isinstance(weights, tuple | list) and len(weights) == 2 and np.ndim(weights[0]) == 2:
        index, share = np.asarray(weights[0]), np.asarray(weights[1], dtype=np.float64)
        if index.dtype.kind not in "iu" or index.shape != share.shape or len(index) != n_vertices:
            raise ValueError(
                f"weights as a pair must be joints (V, k), as whole numbers, and their weights "
                f"(V, k), for {n_vertices} vertices. Got {index.dtype} {index.shape} and "
                f"{share.shape}."
            )
        if index.size and not 0 <= index.min() <= index.max() < n_joints:
            raise ValueError(
                f"weights contain joint {index.max()}, but there are {n_joints} joints."
            )
        dense = np.zeros((n_vertices, n_joints))
        np.add.at(dense, (np.arange(n_vertices)[:, None], index), share)
    else:
        dense = weights.toarray() if hasattr(weights, "toarray") else weights
    dense = finite_array(dense, "weights", (n_vertices, n_joints))
    # 2. Scale rows to sum 1
    total = dense.sum(axis=1, keepdims=True)
    if dense.size and not (dense.min() >= -1e-6 and total.min() > 0):
        raise ValueError("weights must be non-negative, with a positive sum for each vertex.")
    return np.asarray(dense / total)


# ---- skeletons


class SourceSkeleton(NamedTuple):
    """The tree of J source joints, and their correspondence to SMPL's joints."""

    names: list[str]
    parents: NDArray[np.int64]  # (J,)
    skeleton: SkeletonMap
    found: dict[str, int]  # index of the source joint by SMPL joint

    def owners(self) -> NDArray[np.int64]:
        """Return the SMPL joint (J,) of each source joint, or of its nearest mapped ancestor."""
        own = {source: SMPL_JOINTS.index(joint) for joint, source in self.found.items()}
        owners = np.zeros(len(self.names), dtype=np.int64)  # the pelvis for joints above it
        for joint, parent in enumerate(self.parents):
            owners[joint] = own.get(joint, owners[parent] if parent >= 0 else 0)
        return owners


class PosedSkeleton(NamedTuple):
    """A source skeleton in T-pose: x left, y up, z front."""

    positions: Array  # (J, 3): joints, in m
    rotations: Array  # (J, 3, 3): from the rest pose to the T-pose


def check_skeleton(
    joint_names: Sequence[str], parents: ArrayLike, skeleton: SkeletonMap | None
) -> SourceSkeleton:
    """Check a tree, and find SMPL's joints in it."""
    # 1. A tree whose parents come first
    names = [str(name) for name in joint_names]
    tree = np.asarray(parents)
    if tree.shape != (len(names),) or tree.dtype.kind not in "iu":
        raise ValueError(
            f"parents must be one whole number for each of the {len(names)} joints, got "
            f"{parents!r}."
        )
    tree = tree.astype(np.int64)
    misplaced = [j for j, parent in enumerate(tree) if not (-1 <= parent < j) or (parent < 0 < j)]
    if misplaced:
        raise ValueError(
            f"The first joint must be the root with parent -1, and parents must come before their "
            f"children, but joint {names[misplaced[0]]!r} has parent {tree[misplaced[0]]}."
        )
    # 2. The joints that correspond to SMPL's; only hands and feet may be missing
    skeleton_map = find_skeleton(names, tree) if skeleton is None else skeleton
    missing = [
        source
        for joint, source in skeleton_map.joints.items()
        if source not in names and not joint.endswith(_OPTIONAL)
    ]
    if missing:
        raise ValueError(f"The skeleton lacks the joints {missing}; it has {names}.")
    index = {
        joint: names.index(skeleton_map.joints[joint])
        for joint in SMPL_JOINTS
        if skeleton_map.joints.get(joint) in names
    }
    return SourceSkeleton(names, tree, skeleton_map, index)


def y_up(up: str) -> Array:
    """Return the (3, 3) rotation from a world with `up` up to one with y up."""
    return np.asarray(Z_UP_FROM_Y_UP, dtype=np.float64).T @ to_z_up(up)


def given_rotations(source: SourceSkeleton, tpose: Mapping[str, ArrayLike] | None) -> Array:
    """Return the global rotations (J, 3, 3) after the local rotations of `tpose`."""
    unknown = sorted({} if tpose is None else {*tpose} - {*source.names})
    if unknown:
        raise ValueError(f"tpose contains {unknown}, but the joints are {source.names}.")
    rotations = np.empty((len(source.names), 3, 3))
    for joint, (name, parent) in enumerate(zip(source.names, source.parents, strict=True)):
        above = rotations[parent] if parent >= 0 else np.eye(3)
        vector = finite_array(
            (tpose or {}).get(name, np.zeros(3)),
            f"tpose[{name!r}] (a rotation vector in rad)",
            (3,),
        )
        rotations[joint] = above @ matrix_from_rotvec(vector)
    return rotations


def stand_in_t_pose(source: SourceSkeleton, offsets: Array, rotations: Array) -> PosedSkeleton:
    """Swing the bones of `SkeletonMap.aligned` onto SMPL's T-pose, from the trunk outward."""
    # offsets (J, 3): in the parents' frames; rotations (J, 3, 3): frames in the pose so far, which
    # has y up and faces z
    before = _placed(source.parents, offsets, rotations)
    _check_sides(source, before)
    rest = dict(zip(SMPL_JOINTS, reference_joints(), strict=True))
    joint_of = {s: joint for joint, s in source.found.items()}
    swings = np.empty_like(rotations)
    for s, parent in enumerate(source.parents):
        swings[s] = swings[parent] if parent >= 0 else np.eye(3)
        joint = joint_of.get(s, "")
        side, _, part = joint.partition("_")
        child = f"{side}_{CHILD.get(part)}"
        if joint in source.skeleton.aligned and child in source.found:
            bone = swings[s] @ (before[source.found[child]] - before[s])
            target = normalize(rest[child] - rest[joint])
            swings[s] = matrix_from_quat(swing_between(normalize(bone), target)) @ swings[s]
    rotated = swings @ rotations
    return PosedSkeleton(_placed(source.parents, offsets, rotated), rotated)


def _placed(parents: NDArray[np.int64], offsets: Array, rotations: Array) -> Array:
    """Return the positions of joints with these offsets and global rotations."""
    positions = np.array(offsets)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            positions[joint] = positions[parent] + rotations[parent] @ offsets[joint]
    return positions


def _check_sides(source: SourceSkeleton, positions: Array) -> None:
    left, right = (positions[source.found[f"{side}_shoulder"]] for side in ("left", "right"))
    foot = positions[source.found["left_ankle"]]
    if not (left[0] > right[0] and left[1] > foot[1]):
        raise ValueError(
            f"With y up, a body must stand and face the z axis, its left side at positive x. The "
            f"left shoulder is at {left.round(3).tolist()}, the right one at "
            f"{right.round(3).tolist()}, the left ankle at {foot.round(3).tolist()}. Rotate the "
            f"body, or pass the axis that points up as up=."
        )


def smpl_joints(source: SourceSkeleton, positions: Array, name: str) -> Array:
    """Return SMPL's joints (24, 3): those of the source, and missing ones between them."""
    # A missing joint lies as in an average adult of that stature, shifted so that the chain through
    # it ends at the source's next joint. The shift grows with the distance along the chain.
    found = {joint: positions[s] for joint, s in source.found.items()}
    size = stature_from_lengths(segment_lengths(found), what=name)
    adult = dict(zip(SMPL_JOINTS, reference_joints(size), strict=True))
    for joint, parent in zip(SMPL_JOINTS[1:], SMPL_PARENTS[1:], strict=True):
        if joint in found:
            continue
        start, below = SMPL_JOINTS[parent], _next_found(joint, found)
        step = adult[joint] - adult[start]
        found[joint] = found[start] + step
        if below is not None:
            whole = adult[below] - adult[start]
            share = np.linalg.norm(step) / np.linalg.norm(whole)
            found[joint] = found[joint] + share * (found[below] - found[start] - whole)
    return np.array([found[joint] for joint in SMPL_JOINTS])


def _next_found(joint: str, found: Mapping[str, Array]) -> str | None:
    """Return the nearest descendant that has a position; for the trunk, one of the trunk."""
    for other, parent in zip(SMPL_JOINTS, SMPL_PARENTS, strict=True):
        sided = other.startswith(("left_", "right_"))
        if SMPL_JOINTS[parent] == joint and sided == joint.startswith(("left_", "right_")):
            return other if other in found else _next_found(other, found)
    return None
