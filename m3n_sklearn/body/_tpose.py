"""A skeleton of one's own brought into SMPL's T-pose, joint by joint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import real_array
from ..motion.alignment import normalise, swing_between
from ..motion.proportions import reference_joints, segment_lengths, stature_from_lengths
from ..motion.retarget import CHILD
from ..motion.rotations import matrix_from_quat, matrix_from_rotvec
from ..motion.skeleton import SMPL_JOINTS, SMPL_PARENTS, Z_UP_FROM_Y_UP
from ..motion.skeletons import SkeletonMap, find_skeleton
from ..motion.worlds import to_z_up

__all__ = [
    "Skeleton",
    "Stance",
    "check_skeleton",
    "given_rotations",
    "smpl_joints",
    "stand_in_t_pose",
    "y_up",
]

Array = NDArray[np.float64]
_OPTIONAL = ("_hand", "_foot")


class Skeleton(NamedTuple):
    """A source's tree, and which of its joints drives which of SMPL's."""

    names: list[str]
    parents: NDArray[np.int64]
    skeleton: SkeletonMap
    found: dict[str, int]  # SMPL joint to source joint

    def owners(self) -> NDArray[np.int64]:
        """SMPL joint that carries each source joint: its own, or its nearest ancestor's."""
        own = {source: SMPL_JOINTS.index(joint) for joint, source in self.found.items()}
        owners = np.zeros(len(self.names), dtype=np.int64)  # above the pelvis: the pelvis
        for joint, parent in enumerate(self.parents):
            owners[joint] = own.get(joint, owners[parent] if parent >= 0 else 0)
        return owners


class Stance(NamedTuple):
    """A source skeleton in T-pose: x left, y up, z front."""

    positions: Array  # (J, 3)
    rotations: Array  # (J, 3, 3), since the rest pose


def check_skeleton(
    joint_names: Sequence[str], parents: ArrayLike, skeleton: SkeletonMap | None
) -> Skeleton:
    """Check a tree and find SMPL's joints in it."""
    names = [str(name) for name in joint_names]
    tree = np.asarray(parents)
    if tree.shape != (len(names),) or tree.dtype.kind not in "iu":
        raise ValueError(
            f"parents must hold one whole number for each of the {len(names)} joints, got "
            f"{parents!r}."
        )
    tree = tree.astype(np.int64)
    late = [j for j, parent in enumerate(tree) if not (-1 <= parent < j) or (parent < 0 < j)]
    if late:
        raise ValueError(
            f"The first joint must be the root, with parent -1, and parents must come before "
            f"their children: joint {names[late[0]]!r} has parent {tree[late[0]]}."
        )
    chosen = find_skeleton(names) if skeleton is None else skeleton
    missing = [
        source
        for joint, source in chosen.joints.items()
        if source not in names and not joint.endswith(_OPTIONAL)
    ]
    if missing:
        raise ValueError(f"The skeleton has no joints {missing}; it has {names}.")
    index = {
        joint: names.index(chosen.joints[joint])
        for joint in SMPL_JOINTS
        if chosen.joints.get(joint) in names
    }
    return Skeleton(names, tree, chosen, index)


def y_up(up: str) -> Array:
    """Rotation that makes the y axis of a source point up."""
    return np.asarray(Z_UP_FROM_Y_UP, dtype=np.float64).T @ to_z_up(up)


def given_rotations(source: Skeleton, tpose: Mapping[str, ArrayLike] | None) -> Array:
    """Global rotations of all joints after turning some of them against their parents."""
    unknown = sorted({} if tpose is None else {*tpose} - {*source.names})
    if unknown:
        raise ValueError(f"tpose turns {unknown}, but the joints are {source.names}.")
    rotations = np.empty((len(source.names), 3, 3))
    for joint, (name, parent) in enumerate(zip(source.names, source.parents, strict=True)):
        above = rotations[parent] if parent >= 0 else np.eye(3)
        vector = real_array((tpose or {}).get(name, np.zeros(3)), f"tpose[{name!r}]", "3 rad")
        if vector.shape != (3,) or not np.isfinite(vector).all():
            raise ValueError(f"tpose[{name!r}] must be a rotation vector (3,) in rad: {vector!r}.")
        rotations[joint] = above @ matrix_from_rotvec(vector)
    return rotations


def stand_in_t_pose(source: Skeleton, offsets: Array, rotations: Array) -> Stance:
    """Swing the bones that SMPL's T-pose prescribes, from the trunk outwards."""
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
            now = swings[s] @ (before[source.found[child]] - before[s])
            wanted = normalise(rest[child] - rest[joint])
            swings[s] = matrix_from_quat(swing_between(normalise(now), wanted)) @ swings[s]
    turned = swings @ rotations
    return Stance(_placed(source.parents, offsets, turned), turned)


def _placed(parents: NDArray[np.int64], offsets: Array, rotations: Array) -> Array:
    positions = np.array(offsets)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            positions[joint] = positions[parent] + rotations[parent] @ offsets[joint]
    return positions


def _check_sides(source: Skeleton, positions: Array) -> None:
    left, right = (positions[source.found[f"{side}_shoulder"]] for side in ("left", "right"))
    foot = positions[source.found["left_ankle"]]
    if not (left[0] > right[0] and left[1] > foot[1]):
        raise ValueError(
            f"With y up, a body must stand and face the z axis, its left side at positive x. The "
            f"left shoulder lies at {left.round(3).tolist()}, the right one at "
            f"{right.round(3).tolist()}, the left ankle at {foot.round(3).tolist()}: turn the "
            f"body, or say with up= which axis points up."
        )


def smpl_joints(source: Skeleton, positions: Array, name: str) -> Array:
    """Place SMPL's 24 joints: those of the source, and between them what it lacks."""
    # A joint that the source lacks lies where an average adult of that size has it, shifted so
    # that the bones above and below it meet the source's joints.
    found = {joint: positions[s] for joint, s in source.found.items()}
    size = stature_from_lengths(segment_lengths(found), what=name)
    usual = dict(zip(SMPL_JOINTS, reference_joints(size), strict=True))
    for joint, parent in zip(SMPL_JOINTS[1:], SMPL_PARENTS[1:], strict=True):
        if joint in found:
            continue
        start, below = SMPL_JOINTS[parent], _next_found(joint, found)
        step = usual[joint] - usual[start]
        found[joint] = found[start] + step
        if below is not None:
            whole = usual[below] - usual[start]
            share = np.linalg.norm(step) / np.linalg.norm(whole)
            found[joint] = found[joint] + share * (found[below] - found[start] - whole)
    return np.array([found[joint] for joint in SMPL_JOINTS])


def _next_found(joint: str, found: Mapping[str, Array]) -> str | None:
    """Nearest descendant that has a place; for the trunk, one of the trunk."""
    for other, parent in zip(SMPL_JOINTS, SMPL_PARENTS, strict=True):
        sided = other.startswith(("left_", "right_"))
        if SMPL_JOINTS[parent] == joint and sided == joint.startswith(("left_", "right_")):
            return other if other in found else _next_found(other, found)
    return None
