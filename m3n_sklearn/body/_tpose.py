"""Conversion of a skeleton in any rest pose to SMPL's T-pose and SMPL's joints.

From the trunk outward, each bone of an arm or leg is swung onto the direction of SMPL's bone, with
all its descendants. Then SMPL's joints are taken from the source, or placed between its joints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import finite_array
from ..motion.alignment import normalize, swing_between
from ..motion.proportions import reference_joints, segment_lengths, stature_from_lengths
from ..motion.retarget import CHILD
from ..motion.rotations import matrix_from_quat, matrix_from_rotvec
from ..motion.skeleton import SMPL_JOINTS, SMPL_PARENTS, Z_UP_FROM_Y_UP
from ..motion.skeletons import SkeletonMap, find_skeleton
from ..motion.worlds import to_z_up

__all__ = [
    "PosedSkeleton",
    "SourceSkeleton",
    "check_skeleton",
    "given_rotations",
    "smpl_joints",
    "stand_in_t_pose",
    "y_up",
]

Array = NDArray[np.float64]
_OPTIONAL = ("_hand", "_foot")


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
    skeleton_map = find_skeleton(names) if skeleton is None else skeleton
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
