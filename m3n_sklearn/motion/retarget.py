"""Motion of a foreign skeleton, carried over to SMPL's tree."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._forearm import turn_forearms
from ._tree import local_rotvecs
from .alignment import frame_from_axes, normalise, swing_between
from .proportions import LIMB_SEGMENTS, reference_joints, segment_lengths, stature_from_lengths
from .rotations import (
    matrix_from_quat,
    quat_conjugate,
    quat_from_matrix,
    quat_multiply,
    quat_rotate,
)
from .skeleton import SMPL_JOINTS, SMPL_PARENTS
from .skeletons import SkeletonMap, find_skeleton
from .worlds import to_z_up

__all__ = ["retarget", "skeleton_lengths"]

Array = NDArray[np.float64]

CHILD = {
    "hip": "knee",
    "knee": "ankle",
    "ankle": "foot",
    "collar": "shoulder",
    "shoulder": "elbow",
    "elbow": "wrist",
    "wrist": "hand",
}
CARRIERS = ("hip", "knee", "shoulder", "elbow")
"""Joints of bones that some skeletons split lengthwise into one that bends and one that rolls."""
BODY_ANGLE = np.deg2rad(50.0)
"""How far trunk and legs of a rest pose may be from one line, and the left from a right angle."""
SNAP = np.deg2rad(20.0)
"""How far a rest pose is from an axis-aligned one that it is taken for."""


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
        Which joint is which. Recognised by the names by default.
    tpose : array-like of shape (J, 4), optional
        Local rotations of a rest pose such as a T-pose. By default the pose without any
        rotation is one, except where `skeleton` says otherwise. Which way it faces and where
        its head is, follows from its geometry: legs below, the left on the left.
    up : {"x", "y", "z", "-x", "-y", "-z"} or array-like of shape (3,), default="y"
        The axis or direction of the source's world that points up.
    rest_joints : array-like of shape (24, 3), optional
        Rest pose of the body that will play the motion; an average adult's by default.

    Returns
    -------
    poses : ndarray of shape (F, 24, 3)
        Local rotations in SMPL's order as axis-angle vectors, the world z up.
    trans : ndarray of shape (F, 3)
        The pelvis in m, placed over the source's hips.
    stature : float
        Body height in m that fits the source's limbs.

    Raises
    ------
    ValueError
        For shapes that disagree, unknown skeletons, bones that are no human's, and a rest pose
        that is not a body's.

    Warns
    -----
    UserWarning
        If the feet of the rest pose point backwards: left and right are exchanged.

    Notes
    -----
    A joint's rotation since the T-pose is taken over; arms and legs are corrected by the
    constant swing that makes their bones point exactly where the source's point.

    Turns about the limbs' own axes follow one convention, which all readers share:

    - The hand's turn about the forearm (pronation) is given to the forearm, which is SMPL's
      elbow joint: a wrist cannot turn that way, and what sits on the wrist turns with the
      forearm's bones. SMPL's wrist joint only bends.
    - The turn of the upper arm about itself (axial rotation of the shoulder) stays in the
      shoulder, that of the thigh in the hip. Where a skeleton splits a bone in two, one of
      which rolls, the lower part's turn counts.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.motion import SMPL_JOINTS, SMPL_PARENTS, SkeletonMap, retarget
    >>> own = SkeletonMap({joint: joint for joint in SMPL_JOINTS})
    >>> joints = reference_joints(1.7)
    >>> offsets = joints - joints[np.maximum(SMPL_PARENTS, 0)]
    >>> still = np.tile([1.0, 0.0, 0.0, 0.0], (5, 24, 1))
    >>> poses, trans, stature = retarget(
    ...     still, np.zeros((5, 3)), SMPL_JOINTS, SMPL_PARENTS, offsets, skeleton=own
    ... )
    >>> poses.shape, round(stature, 2)
    ((5, 24, 3), 1.7)
    """
    names = [str(name) for name in joint_names]
    tree, quats, bones = _check_source(names, parents, local_quats, offsets)
    chosen = find_skeleton(names) if skeleton is None else skeleton
    index = {joint: names.index(source) for joint, source in _present(chosen, names).items()}
    rest = reference_joints() if rest_joints is None else np.asarray(rest_joints, np.float64)
    rest_of = dict(zip(SMPL_JOINTS, rest, strict=True))

    stature = stature_from_lengths(skeleton_lengths(names, tree, bones, chosen))
    world = quat_from_matrix(to_z_up(up))
    turned = _global_rotations(tree, quats, world)
    carriers = index if chosen.axes else _carriers(index, tree)
    corrections = _corrections(chosen, index, carriers, names, tree, bones, tpose, rest_of)
    target = {joint: quat_multiply(turned[s], corrections[joint]) for joint, s in carriers.items()}

    size = stature / stature_from_lengths(segment_lengths(rest_of))
    hips = [
        _position(tree, bones, turned, quat_rotate(world, root_positions), index[f"{side}_hip"])
        for side in ("left", "right")
    ]
    lift = rest_of["pelvis"] - (rest_of["left_hip"] + rest_of["right_hip"]) / 2
    pelvis = (hips[0] + hips[1]) / 2 + size * quat_rotate(target["pelvis"], lift)
    return turn_forearms(local_rotvecs(target), rest), pelvis - rest_of["pelvis"], stature


def _present(skeleton: SkeletonMap, names: Sequence[str]) -> dict[str, str]:
    """Look up the mapped joints; toes and fingers may be missing."""
    optional = ("_hand", "_foot")
    missing = [
        source
        for joint, source in skeleton.joints.items()
        if source not in names and not joint.endswith(optional)
    ]
    if missing:
        raise ValueError(f"The skeleton has no joints {missing}; it has {list(names)}.")
    return {joint: source for joint, source in skeleton.joints.items() if source in names}


def _check_source(
    names: Sequence[str], parents: ArrayLike, local_quats: ArrayLike, offsets: ArrayLike
) -> tuple[list[int], Array, Array]:
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
    length = np.linalg.norm(quats, axis=-1)
    if not np.all(np.abs(length - 1) < 0.01):
        raise ValueError(
            "local_quats must be unit quaternions (w, x, y, z); their lengths lie in "
            f"[{np.min(length):.4g}, {np.max(length):.4g}]."
        )
    return tree, quats / length[..., None], bones


def _global_rotations(tree: Sequence[int], quats: Array, world: Array) -> list[Array]:
    turned: list[Array] = []
    for joint, parent in enumerate(tree):
        turned.append(quat_multiply(world if parent < 0 else turned[parent], quats[:, joint]))
    return turned


def _position(
    tree: Sequence[int], bones: Array, turned: list[Array], root: Array, joint: int
) -> Array:
    if tree[joint] < 0:
        return root
    parent = tree[joint]
    above = _position(tree, bones, turned, root, parent)
    return above + quat_rotate(turned[parent], bones[joint])


def _vector(tree: Sequence[int], bones: Array, start: int, end: int) -> Array:
    """Offset between two joints in the frame of the first, joints in between at rest."""
    total = np.zeros(3)
    while end != start:
        if end < 0:
            raise ValueError("The skeleton's joints do not form the chains that SMPL's tree has.")
        total, end = total + bones[end], tree[end]
    return total


def _carriers(index: Mapping[str, int], tree: Sequence[int]) -> dict[str, int]:
    """For each SMPL joint the source joint that turns like the far end of its bone."""
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
    """For each SMPL joint its rest frame in the source joint's frame, as a quaternion."""
    # The source is put into its T-pose and turned to face z; then bones that do not yet point
    # where SMPL's do are swung there from the trunk outwards, with everything that hangs on them.
    still = np.tile([1.0, 0.0, 0.0, 0.0], (len(names), 1)) if tpose is None else tpose
    held = _global_rotations(tree, np.asarray(still, np.float64)[None], np.eye(4)[0])
    places = {
        joint: _position(tree, bones, held, np.zeros((1, 3)), source)[0]
        for joint, source in index.items()
    }
    turn = np.eye(4)[0] if skeleton.axes else _facing(places, given=tpose is not None)
    swung: dict[str, Array] = {}
    corrections: dict[str, Array] = {}
    for joint, parent in zip(SMPL_JOINTS, SMPL_PARENTS, strict=True):
        swing = swung.get(SMPL_JOINTS[parent], np.eye(4)[0])
        if joint in index:
            source, child = carriers[joint], _child(joint)
            known = names[source] in skeleton.axes
            frame = quat_multiply(turn, held[source][0])
            if known:
                frame = quat_from_matrix(skeleton.frame(names[source]))
            if joint in skeleton.aligned and child in index:
                if known:
                    bone = quat_rotate(frame, _vector(tree, bones, source, index[child]))
                else:
                    bone = quat_rotate(turn, places[child] - places[joint])
                now = normalise(quat_rotate(swing, bone))
                swing = quat_multiply(
                    swing_between(now, normalise(rest[child] - rest[joint])), swing
                )
            corrections[joint] = quat_conjugate(quat_multiply(swing, frame))
        swung[joint] = swing
    return corrections


def _facing(places: Mapping[str, Array], *, given: bool) -> Array:
    """Rotation of a rest pose that makes it face z with y up, from legs, trunk and sides."""
    hips, shoulders, ankles = (
        [places[f"{side}_{joint}"] for side in ("left", "right")]
        for joint in ("hip", "shoulder", "ankle")
    )
    legs = normalise(np.sum(hips, axis=0) - np.sum(ankles, axis=0))
    trunk = normalise(np.sum(shoulders, axis=0) - np.sum(hips, axis=0))
    left = normalise(hips[0] - hips[1]) + normalise(shoulders[0] - shoulders[1])
    up, left = normalise(legs + trunk), normalise(left)
    if legs @ trunk < np.cos(BODY_ANGLE) or abs(up @ left) > np.sin(BODY_ANGLE):
        raise ValueError(
            f"{'The frame tpose' if given else 'The pose without rotations'} is not a rest pose: "
            f"legs point along {(-legs).round(2).tolist()}, the trunk along "
            f"{trunk.round(2).tolist()}, from the right side to the left is "
            f"{left.round(2).tolist()}. Pass tpose=, the index of a frame that holds a T-pose, or "
            "describe the joints' frames in SkeletonMap(axes=)."
        )
    turn = quat_multiply(
        frame_from_axes(*np.eye(3)[[1, 0]]), quat_conjugate(frame_from_axes(up, left))
    )
    aligned = quat_from_matrix(_nearest_axes(matrix_from_quat(turn)))
    away = 2 * np.arccos(np.clip(abs(quat_multiply(quat_conjugate(turn), aligned)[0]), 0, 1))
    turn = aligned if away < SNAP else turn
    toes = [
        normalise(places[f"{side}_foot"] - places[f"{side}_ankle"])
        for side in ("left", "right")
        if f"{side}_foot" in places
    ]
    if toes and np.mean(quat_rotate(turn, toes)[:, 2]) < -0.5:
        warnings.warn(
            "The feet of the skeleton's rest pose point backwards: left and right are exchanged, "
            "or the file's axes are left-handed. The motion is mirrored then.",
            UserWarning,
            stacklevel=5,
        )
    return turn


def _nearest_axes(matrix: Array) -> Array:
    """Rotation nearest to a given one that takes axes to axes."""
    signed = [
        np.eye(3)[list(order)] * np.array(signs)
        for order in itertools.permutations(range(3))
        for signs in itertools.product((-1.0, 1.0), repeat=3)
    ]
    turns = [candidate for candidate in signed if np.linalg.det(candidate) > 0]
    return max(turns, key=lambda candidate: float(np.sum(candidate * matrix)))


def _child(joint: str) -> str:
    side, _, part = joint.partition("_")
    return f"{side}_{CHILD[part]}" if part in CHILD else ""


def skeleton_lengths(
    names: Sequence[str], parents: Sequence[int], offsets: ArrayLike, skeleton: SkeletonMap
) -> dict[str, float]:
    """Lengths of the limbs' segments of a source skeleton, both sides' mean."""
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
