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

Where a bone's end moves in the source's joint (a stretch, a bend of a bone in two parts), R_j is
followed by the smallest swing onto the actual direction of each frame. The direction of a limb
therefore never depends on the rest pose. Only its twist does.

The pelvis is placed over the midpoint of the source's hips, at the height that the rest pose
has, scaled to the source's stature.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .._typing import Array
from ..skeleton import (
    SMPL_JOINTS,
    SkeletonMap,
    find_skeleton,
    local_rotvecs,
    normalize,
    quat_from_matrix,
    quat_multiply,
    quat_rotate,
    reference_joints,
    segment_lengths,
    stature_from_lengths,
    swing_between,
    to_z_up,
)
from ._rest_frames import rest_frames, warn_if_inconsistent
from ._source import Source, Track, child_of
from ._twist import turn_forearms

__all__ = ["carry_over", "retarget"]


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
        the pose without rotations if it is a rest pose. Its orientation follows from its geometry:
        the legs are below, and the left side is on the left. If it is not a rest pose, the frames
        of the joints are found in the motion, unless `skeleton` gives their axes.
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
        If shapes disagree, the skeleton is unknown, the limbs do not have human lengths, or
        `tpose` is not a rest pose.

    Warns
    -----
    UserWarning
        If the pose without rotations is not a rest pose; if feet or knees point backwards, so that
        left and right are exchanged; or if the pelvis is not turned as the hips are.

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
    root = np.asarray(root_positions, dtype=np.float64)
    source = Source(names, tree, find_skeleton(names, tree) if skeleton is None else skeleton)
    # 2. Follow the joints through the frames and in the T-pose
    steps = np.tile(bones, (len(quats), 1, 1))
    steps[:, 0] = root
    rest = None if tpose is None else source.follow(np.asarray(tpose, np.float64)[None], bones)
    track = source.follow(quats, steps)
    stature = stature_from_lengths(segment_lengths(track.places))
    return *carry_over(source, track, bones, rest, stature, up, rest_joints), stature


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


def carry_over(
    source: Source,
    track: Track,
    offsets: Array,
    tpose: Track | None,
    stature: float,
    up: str | ArrayLike,
    rest_joints: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Return SMPL's poses (F, 24, 3) and translation (F, 3) of a source in motion."""
    source.check_chains()
    rest = reference_joints() if rest_joints is None else np.asarray(rest_joints, np.float64)
    rest_of = dict(zip(SMPL_JOINTS, rest, strict=True))
    world = quat_from_matrix(to_z_up(up))
    # 1. SMPL's global rotations, R_j = G_j C_j, with limbs along the source's
    corrections = rest_frames(source, track, offsets, tpose, rest_of)
    target = {
        joint: quat_multiply(track.rotations[carrier], corrections[joint])
        for joint, carrier in source.carriers.items()
    }
    for joint in source.skeleton.aligned:
        child = child_of(joint)
        if joint in source.index and child in source.index:
            actual = normalize(track.places[child] - track.places[joint])
            played = quat_rotate(target[joint], normalize(rest_of[child] - rest_of[joint]))
            target[joint] = quat_multiply(swing_between(played, actual), target[joint])
    warn_if_inconsistent(track, target["pelvis"])
    # 2. The pelvis: over the midpoint of the source's hips
    size = stature / stature_from_lengths(segment_lengths(rest_of))
    hips = (track.places["left_hip"] + track.places["right_hip"]) / 2
    lift = rest_of["pelvis"] - (rest_of["left_hip"] + rest_of["right_hip"]) / 2
    pelvis = quat_rotate(world, hips + size * quat_rotate(target["pelvis"], lift))
    # 3. Local rotations, with pronation in the elbow joint
    turned = {joint: quat_multiply(world, rotation) for joint, rotation in target.items()}
    return turn_forearms(local_rotvecs(turned), rest), pelvis - rest_of["pelvis"]
