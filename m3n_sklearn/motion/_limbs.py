"""Directions of limbs and trunk in the pelvis' frame, for poses of any source.

The detection of rest poses and of the upward axis works on these directions only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .alignment import normalize
from .proportions import reference_joints
from .rotations import quat_from_rotvec, quat_multiply, quat_rotate
from .skeleton import SMPL_JOINTS

__all__ = ["Limbs", "limbs_of"]

Array = NDArray[np.float64]

SIDES = ("left", "right")
SEGMENTS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
_REST: Mapping[str, Array] = dict(zip(SMPL_JOINTS, reference_joints(1.7), strict=True))


@dataclass(frozen=True)
class Limbs:
    """Directions in the pelvis' frame (x left, y up, z front), and the pelvis' rotation."""

    arms: Array  # (F, 2, 2, 3): unit vectors by side (left, right) and segment (upper, lower)
    legs: Array  # (F, 2, 2, 3): unit vectors by side (left, right) and segment (upper, lower)
    trunk: Array  # (F, 3): unit vector from pelvis to neck
    ankles: Array  # (F, 2, 3): vectors in m from the pelvis to the ankles of a person of 1.7 m
    pelvis: Array  # (F, 4): unit quaternions, pelvis to world

    @property
    def directions(self) -> Array:
        """All unit vectors (F, 9, 3): arms, legs, trunk."""
        parts = (self.arms.reshape(-1, 4, 3), self.legs.reshape(-1, 4, 3), self.trunk[:, None])
        return np.concatenate(parts, axis=1)

    def reversed(self) -> Limbs:
        """Return the same with time reversed."""
        parts = (self.arms, self.legs, self.trunk, self.ankles, self.pelvis)
        return Limbs(*(part[::-1] for part in parts))

    def trunk_in_world(self) -> Array:
        """Direction from pelvis to neck in the world, shape (F, 3)."""
        return quat_rotate(self.pelvis, self.trunk)

    def legs_in_world(self) -> Array:
        """Direction from the ankles to the hips in the world, shape (F, 3)."""
        hips = (_REST["left_hip"] + _REST["right_hip"]) / 2
        return quat_rotate(self.pelvis, normalize(hips - self.ankles.mean(axis=1)))


def limbs_of(poses: Array) -> Limbs:
    """Compute limb directions of an average adult from poses (F, J, 3) with J at least 22."""
    # 1. The spine: rotations accumulate upwards, the neck is the sum of its bones
    turn = {joint: quat_from_rotvec(poses[:, i]) for i, joint in enumerate(SMPL_JOINTS[:22])}
    chest, neck = turn["spine1"], _bone("pelvis", "spine1")
    for joint, above in (("spine1", "spine2"), ("spine2", "spine3"), ("spine3", "neck")):
        chest = chest if joint == "spine1" else quat_multiply(chest, turn[joint])
        neck = neck + quat_rotate(chest, _bone(joint, above))
    # 2. Arms hang on the chest, legs on the pelvis; the ankle is hip + thigh + shin
    arms, legs, ankles = [], [], []
    for side in SIDES:
        upper = quat_multiply(
            quat_multiply(chest, turn[f"{side}_collar"]), turn[f"{side}_shoulder"]
        )
        arms.append(_segments(upper, turn[f"{side}_elbow"], side, SEGMENTS[:2]))
        legs.append(_segments(turn[f"{side}_hip"], turn[f"{side}_knee"], side, SEGMENTS[2:]))
        ankles.append(_REST[f"{side}_hip"] + legs[-1].sum(axis=1))
    return Limbs(
        normalize(np.stack(arms, axis=1)),
        normalize(np.stack(legs, axis=1)),
        normalize(neck),
        np.stack(ankles, axis=1),
        turn["pelvis"],
    )


def _bone(start: str, end: str) -> Array:
    return _REST[end] - _REST[start]


def _segments(
    upper: Array, hinge: Array, side: str, segments: tuple[tuple[str, str], ...]
) -> Array:
    """Vectors (F, 2, 3) of the two segments of a limb, given its upper joint's rotation."""
    first, second = (_bone(f"{side}_{start}", f"{side}_{end}") for start, end in segments)
    lower = quat_multiply(upper, hinge)
    return np.stack([quat_rotate(upper, first), quat_rotate(lower, second)], axis=1)
