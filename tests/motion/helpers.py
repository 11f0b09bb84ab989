"""Motions and skeletons that several tests of the readers need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_sklearn.motion import SMPL_JOINTS, SkeletonMap
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, quat_from_matrix
from m3n_sklearn.skeleton._smpl import SMPL_PARENTS

Array = NDArray[np.float64]
STILL = ("left_hand", "right_hand", "left_foot", "right_foot")


def smooth_poses(seed: int, frames: int = 40, size: float = 0.5, rate: float = 30.0) -> Array:
    """Random, smooth local rotations (F, 24, 3); hands and toes at rest."""
    rng = np.random.default_rng(seed)
    shape = (len(SMPL_JOINTS), 3)
    times = np.arange(frames)[:, None, None] / rate
    hertz, phase = rng.uniform(0.2, 1.5, shape), rng.uniform(0, 2 * np.pi, shape)
    poses = size * (rng.normal(0, 0.4, shape) + np.sin(2 * np.pi * hertz * times + phase))
    poses[:, 0] += rng.uniform(-2, 2, 3)
    return without(poses, *STILL)


def without(poses: Array, *joints: str) -> Array:
    """Put joints to rest."""
    still = poses.copy()
    still[:, [SMPL_JOINTS.index(joint) for joint in joints]] = 0
    return still


def without_turned_wrists(poses: Array) -> Array:
    """Let wrists bend but not turn about the forearm, as all readers have it."""
    bent = poses.copy()
    bent[:, [SMPL_JOINTS.index("left_wrist"), SMPL_JOINTS.index("right_wrist")], 0] = 0
    return bent


def directions(positions: Array, bones: list[tuple[str, str]]) -> Array:
    """Unit vectors (F, B, 3) of bones given by their ends."""
    index = SMPL_JOINTS.index
    vectors = np.stack([positions[:, index(b)] - positions[:, index(a)] for a, b in bones], axis=1)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def as_source(
    poses: Array, rest: Array, skeleton: SkeletonMap, frames: Array | None = None
) -> dict[str, object]:
    """Write SMPL poses down in the joint names and joint frames of another skeleton, y up."""
    names = [skeleton.joints.get(joint, f"extra_{joint}") for joint in SMPL_JOINTS]
    if frames is None:
        frames = np.stack([skeleton.frame(name) for name in names])
    above = np.concatenate([np.eye(3)[None], frames[SMPL_PARENTS[1:]]])
    matrices = np.swapaxes(above, 1, 2) @ matrix_from_rotvec(poses) @ frames
    steps = rest - rest[np.maximum(SMPL_PARENTS, 0)]
    return {
        "local_quats": quat_from_matrix(matrices),
        "joint_names": names,
        "parents": SMPL_PARENTS,
        "offsets": np.einsum("jba,jb->ja", above, steps),
    }
