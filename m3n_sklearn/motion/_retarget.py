"""Retargeting: the motion of another skeleton, carried over to SMPL's tree.

Derivation
----------
Joint j of the source has the global rotation G_j(t), and H_j in the source's T-pose. T turns the
T-pose so that it faces z with y up. In the T-pose, turned by T and corrected by a swing S_j, the
source's joint has the frame S_j T H_j, and SMPL's joint has the identity. The frame of SMPL's
joint is constant in that of the source's joint, so that SMPL's global rotation is

    R_j(t) = G_j(t) C_j,    C_j = (S_j T H_j)^-1

The swing S_j corrects the direction of the bone. With the direction b of SMPL's bone at rest and
the source's d after the corrections of its ancestors, S_j is the smallest rotation from d to b,
times S of the parent. Played on SMPL's body, limbs then point exactly where the source's point.
S_j is applied to limbs only (`SkeletonMap.aligned`): trunks and feet differ in where a skeleton
places their joints, so that their directions cannot be compared.

The pelvis is placed over the midpoint of the source's hips, at the height that the rest pose
has, scaled to the source's stature.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from .._typing import Array
from .._warn import warn
from ..skeleton import (
    CHILD,
    LIMB_SEGMENTS,
    SMPL_JOINTS,
    SMPL_PARENTS,
    SkeletonMap,
    find_skeleton,
    frame_from_axes,
    local_rotvecs,
    matrix_from_quat,
    normalize,
    quat_conjugate,
    quat_from_matrix,
    quat_multiply,
    quat_rotate,
    reference_joints,
    segment_lengths,
    stature_from_lengths,
    swing_between,
    to_z_up,
)
from ._twist import turn_forearms

__all__ = ["retarget", "skeleton_lengths"]

CARRIERS = ("hip", "knee", "shoulder", "elbow")
"""Joints whose bone some skeletons split lengthwise in two, one that bends and one that rolls."""
MAX_BODY_ANGLE = np.deg2rad(50.0)
"""Largest angle between trunk and legs of a rest pose, and of left from a right angle, in rad."""
SNAP_ANGLE = np.deg2rad(20.0)
"""Largest angle, in rad, of a rest pose from the axis-aligned one that replaces it."""


def retarget(
    local_quats: ArrayLike,
    root_positions: ArrayLike,
    joint_names: Sequence[str],
    parents: ArrayLike,
    offsets: ArrayLike,
    *,
    skeleton: SkeletonMap | None = None,
    tpose: ArrayLike | None = None,
    up: str | ArrayLike = "y",
    rest_joints: ArrayLike | None = None,
) -> tuple[Array, Array, float]:
    """Carry a motion over to SMPL's tree by global rotations and bone directions.

    Parameters
    ----------
    local_quats : array-like of shape (F, J, 4)
        Rotation of each source joint in its parent's frame (the root's: in the world), as
        quaternions (w, x, y, z).
    root_positions : array-like of shape (F, 3)
        The root in the world, in m.
    joint_names : sequence of str
        Names of the J source joints.
    parents : array-like of shape (J,)
        Index of each joint's parent, -1 for the root; parents come first.
    offsets : array-like of shape (J, 3)
        Position of each joint in its parent's frame, in m.
    skeleton : SkeletonMap, optional
        Map from SMPL joints to source joints. By default it is found by the joint names.
    tpose : array-like of shape (J, 4), optional
        Local rotations of a rest pose such as a T-pose, as quaternions (w, x, y, z). By default
        the pose without rotations is a rest pose, unless `skeleton` gives axes. Its orientation
        follows from its geometry: the legs are below, and the left side is on the left.
    up : {"x", "y", "z", "-x", "-y", "-z"} or array-like of shape (3,), default="y"
        The axis or direction of the source's world that points up.
    rest_joints : array-like of shape (24, 3), optional
        Rest pose of the body that will play the motion (x left, y up, z front). An average
        adult's by default.

    Returns
    -------
    poses : ndarray of shape (F, 24, 3)
        Local rotations in SMPL's order as axis-angle vectors in rad, in a world with z up;
        float64.
    trans : ndarray of shape (F, 3)
        SMPL's translation in m. The pelvis is placed over the source's hips.
    stature : float
        Body height in m that fits the source's limbs.

    Raises
    ------
    ValueError
        If shapes disagree, the skeleton is unknown, the limbs do not have human lengths, or the
        rest pose is not that of a standing body.

    Warns
    -----
    UserWarning
        If the feet of the rest pose point backwards: left and right are exchanged.

    See Also
    --------
    read_bvh : BVH files, which are retargeted by this function.

    Notes
    -----
    The rotation of each joint since the T-pose is kept. Arms and legs are corrected by the
    constant swing that makes their bones point exactly where the source's bones point.

    All readers share one convention for the twist of a limb about its own axis:

    - The twist of the hand about the forearm (pronation) belongs to the forearm, which is SMPL's
      elbow joint. A wrist cannot turn that way, and a sensor on the wrist turns with the bones of
      the forearm. SMPL's wrist joint only bends.
    - The twist of the upper arm (axial rotation) belongs to the shoulder, that of the thigh to
      the hip. If a skeleton splits a bone in two, one of which rolls, the twist is that of the
      lower part.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body
    >>> from m3n_sklearn.motion import SkeletonMap
    >>> from m3n_sklearn.motion import retarget
    >>> body = default_body(stature=1.7)
    >>> same_names = SkeletonMap({joint: joint for joint in body.joint_names})
    >>> offsets = body.rest_joints - body.rest_joints[np.maximum(body.parents, 0)]
    >>> still = np.tile([1.0, 0.0, 0.0, 0.0], (5, 24, 1))
    >>> poses, trans, stature = retarget(
    ...     still, np.zeros((5, 3)), body.joint_names, body.parents, offsets, skeleton=same_names
    ... )
    >>> poses.shape, round(stature, 2)
    ((5, 24, 3), 1.7)
    """
    # 1. The source's tree, and the joints that correspond to SMPL's
    names = [str(name) for name in joint_names]
    tree, quats, bones = _check_source(names, parents, local_quats, offsets)
    skeleton_map = find_skeleton(names) if skeleton is None else skeleton
    index = {joint: names.index(source) for joint, source in _present(skeleton_map, names).items()}
    rest = reference_joints() if rest_joints is None else np.asarray(rest_joints, np.float64)
    rest_of = dict(zip(SMPL_JOINTS, rest, strict=True))

    # 2. Global rotations of the source, G_j
    stature = stature_from_lengths(skeleton_lengths(names, tree, bones, skeleton_map))
    world = quat_from_matrix(to_z_up(up))
    rotations = _global_rotations(tree, quats, world)
    # 3. SMPL's global rotations, R_j = G_j C_j
    carriers = index if skeleton_map.axes else _carriers(index, tree)
    corrections = _corrections(skeleton_map, index, carriers, names, tree, bones, tpose, rest_of)
    target = {
        joint: quat_multiply(rotations[s], corrections[joint]) for joint, s in carriers.items()
    }

    # 4. The pelvis: over the midpoint of the source's hips
    size = stature / stature_from_lengths(segment_lengths(rest_of))
    hips = [
        _position(tree, bones, rotations, quat_rotate(world, root_positions), index[f"{side}_hip"])
        for side in ("left", "right")
    ]
    lift = rest_of["pelvis"] - (rest_of["left_hip"] + rest_of["right_hip"]) / 2
    pelvis = (hips[0] + hips[1]) / 2 + size * quat_rotate(target["pelvis"], lift)
    # 5. Local rotations, with pronation in the elbow joint
    return turn_forearms(local_rotvecs(target), rest), pelvis - rest_of["pelvis"], stature


def _present(skeleton: SkeletonMap, names: Sequence[str]) -> dict[str, str]:
    """Return the mapped joints that the source has; only hands and feet may be missing."""
    optional = ("_hand", "_foot")
    missing = [
        source
        for joint, source in skeleton.joints.items()
        if source not in names and not joint.endswith(optional)
    ]
    if missing:
        raise ValueError(f"The skeleton lacks the joints {missing}; it has {list(names)}.")
    return {joint: source for joint, source in skeleton.joints.items() if source in names}


def _check_source(
    names: Sequence[str], parents: ArrayLike, local_quats: ArrayLike, offsets: ArrayLike
) -> tuple[list[int], Array, Array]:
    # 1. A tree whose parents come first, with matching arrays
    tree = [int(parent) for parent in np.asarray(parents)]
    quats = np.asarray(local_quats, dtype=np.float64)
    bones = np.asarray(offsets, dtype=np.float64)
    if any(parent >= joint for joint, parent in enumerate(tree)) or tree[0] != -1:
        raise ValueError("parents must begin with -1 for the root and precede their children.")
    count = len(names)
    if len(tree) != count or bones.shape != (count, 3) or quats.shape[1:] != (count, 4):
        raise ValueError(
            f"{count} joint names need parents ({count},), offsets ({count}, 3) and quaternions "
            f"(F, {count}, 4); got ({len(tree)},), {bones.shape} and {quats.shape}."
        )
    # 2. Unit quaternions, up to rounding
    length = np.linalg.norm(quats, axis=-1)
    if not np.all(np.abs(length - 1) < 0.01):
        raise ValueError(
            "local_quats must be unit quaternions (w, x, y, z); their lengths lie in "
            f"[{np.min(length):.4g}, {np.max(length):.4g}]."
        )
    return tree, quats / length[..., None], bones


def _global_rotations(tree: Sequence[int], quats: Array, world: Array) -> list[Array]:
    """Return the global rotations of all joints."""
    rotations: list[Array] = []
    for joint, parent in enumerate(tree):
        rotations.append(quat_multiply(world if parent < 0 else rotations[parent], quats[:, joint]))
    return rotations


def _position(
    tree: Sequence[int], bones: Array, rotations: list[Array], root: Array, joint: int
) -> Array:
    """Return the global position of a joint."""
    if tree[joint] < 0:
        return root
    parent = tree[joint]
    above = _position(tree, bones, rotations, root, parent)
    return above + quat_rotate(rotations[parent], bones[joint])


def _vector(tree: Sequence[int], bones: Array, start: int, end: int) -> Array:
    """Return the vector (3,) between two joints in the first one's frame, others at rest."""
    total = np.zeros(3)
    while end != start:
        if end < 0:
            raise ValueError("The skeleton's joints do not form the chains of SMPL's tree.")
        total, end = total + bones[end], tree[end]
    return total


def _carriers(index: Mapping[str, int], tree: Sequence[int]) -> dict[str, int]:
    """Map each SMPL joint to the source joint whose rotation is that of its bone's far end."""
    carriers = dict(index)
    for joint in index:
        child = _child(joint)
        if joint.partition("_")[2] in CARRIERS and child in index:
            carriers[joint] = tree[index[child]]
    return carriers


def _corrections(
    skeleton: SkeletonMap,
    index: Mapping[str, int],
    carriers: Mapping[str, int],
    names: Sequence[str],
    tree: Sequence[int],
    bones: Array,
    tpose: ArrayLike | None,
    rest: dict[str, Array],
) -> dict[str, Array]:
    """Return C_j by SMPL joint, as a quaternion: its rest frame in the source joint's frame."""
    # 1. The source in its T-pose (H_j), turned to face z with y up (T)
    still = np.tile([1.0, 0.0, 0.0, 0.0], (len(names), 1)) if tpose is None else tpose
    rest_rotations = _global_rotations(tree, np.asarray(still, np.float64)[None], np.eye(4)[0])
    places = {
        joint: _position(tree, bones, rest_rotations, np.zeros((1, 3)), source)[0]
        for joint, source in index.items()
    }
    facing = np.eye(4)[0] if skeleton.axes else _facing(places, given=tpose is not None)
    # 2. From the trunk outward: swing each aligned bone onto SMPL's, with all its descendants (S_j)
    swings: dict[str, Array] = {}
    corrections: dict[str, Array] = {}
    for joint, parent in zip(SMPL_JOINTS, SMPL_PARENTS, strict=True):
        swing = swings.get(SMPL_JOINTS[parent], np.eye(4)[0])
        if joint in index:
            source, child = carriers[joint], _child(joint)
            has_axes = names[source] in skeleton.axes
            frame = quat_multiply(facing, rest_rotations[source][0])
            if has_axes:
                frame = quat_from_matrix(skeleton.frame(names[source]))
            if joint in skeleton.aligned and child in index:
                if has_axes:
                    bone = quat_rotate(frame, _vector(tree, bones, source, index[child]))
                else:
                    bone = quat_rotate(facing, places[child] - places[joint])
                direction = normalize(quat_rotate(swing, bone))
                swing = quat_multiply(
                    swing_between(direction, normalize(rest[child] - rest[joint])), swing
                )
            corrections[joint] = quat_conjugate(quat_multiply(swing, frame))
        swings[joint] = swing
    return corrections


def _facing(places: Mapping[str, Array], *, given: bool) -> Array:
    """Return the rotation T that makes a rest pose face z with y up."""
    # 1. Up: from the ankles through the hips to the shoulders. Left: across hips and shoulders.
    hips, shoulders, ankles = (
        [places[f"{side}_{joint}"] for side in ("left", "right")]
        for joint in ("hip", "shoulder", "ankle")
    )
    legs = normalize(np.sum(hips, axis=0) - np.sum(ankles, axis=0))
    trunk = normalize(np.sum(shoulders, axis=0) - np.sum(hips, axis=0))
    left = normalize(hips[0] - hips[1]) + normalize(shoulders[0] - shoulders[1])
    up, left = normalize(legs + trunk), normalize(left)
    if legs @ trunk < np.cos(MAX_BODY_ANGLE) or abs(up @ left) > np.sin(MAX_BODY_ANGLE):
        raise ValueError(
            f"{'The frame tpose' if given else 'The pose without rotations'} is not a rest pose: "
            f"the legs point along {(-legs).round(2).tolist()}, the trunk along "
            f"{trunk.round(2).tolist()}, and left is along "
            f"{left.round(2).tolist()}. Pass tpose=, the index of a frame that holds a T-pose, or "
            "describe the joints' frames in SkeletonMap(axes=)."
        )
    # 2. Drawn rest poses are aligned with the axes: remove the small errors of the bones
    turn = quat_multiply(
        frame_from_axes(*np.eye(3)[[1, 0]]), quat_conjugate(frame_from_axes(up, left))
    )
    aligned = quat_from_matrix(_nearest_axes(matrix_from_quat(turn)))
    angle = 2 * np.arccos(np.clip(abs(quat_multiply(quat_conjugate(turn), aligned)[0]), 0, 1))
    turn = aligned if angle < SNAP_ANGLE else turn
    # 3. The feet must point to the front
    toes = [
        normalize(places[f"{side}_foot"] - places[f"{side}_ankle"])
        for side in ("left", "right")
        if f"{side}_foot" in places
    ]
    if toes and np.mean(quat_rotate(turn, toes)[:, 2]) < -0.5:
        warn(
            "The feet of the skeleton's rest pose point backwards: left and right are exchanged, "
            "or the file's axes are left-handed. In either case the motion is mirrored."
        )
    return turn


def _nearest_axes(matrix: Array) -> Array:
    """Return the nearest rotation that maps axes to axes (one of 24)."""
    signed = [
        np.eye(3)[list(order)] * np.array(signs)
        for order in itertools.permutations(range(3))
        for signs in itertools.product((-1.0, 1.0), repeat=3)
    ]
    turns = [candidate for candidate in signed if np.linalg.det(candidate) > 0]
    return max(turns, key=lambda candidate: float(np.sum(candidate * matrix)))


def _child(joint: str) -> str:
    """Return the next joint along a limb, or an empty string."""
    side, _, part = joint.partition("_")
    return f"{side}_{CHILD[part]}" if part in CHILD else ""


def skeleton_lengths(
    names: Sequence[str], parents: Sequence[int], offsets: ArrayLike, skeleton: SkeletonMap
) -> dict[str, float]:
    """Return the lengths of a source skeleton's limb segments, averaged over both sides."""
    index = {joint: names.index(source) for joint, source in _present(skeleton, names).items()}
    bones = np.asarray(offsets, dtype=np.float64)
    return {
        segment: float(
            np.mean(
                [
                    np.linalg.norm(
                        _vector(parents, bones, index[f"{side}_{start}"], index[f"{side}_{end}"])
                    )
                    for side in ("left", "right")
                ]
            )
        )
        for segment, (start, end) in LIMB_SEGMENTS.items()
    }
