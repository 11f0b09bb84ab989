"""Inverse kinematics: joint rotations from tracked joint positions, in closed form.

Derivation
----------
Let R_j be the global rotation of joint j, b_j its bone at rest and d_j the measured bone. From the
pelvis outward, each rotation starts from that of its parent:

- Pelvis and chest see two directions each, spine and hips or spine and shoulders. The TRIAD
  rotation meets the first exactly and the second as well as the angle between them allows.
- Joints with one measured bone swing: ``R_j = R_parent S(b_j, R_parent^-1 d_j)`` with the smallest
  rotation S from one direction to another. Their twist is that of the parent, so an elbow is a
  hinge, and the forearm's pronation is zero.
- Upper arm and thigh meet the direction of the bone exactly. Their twist comes from the plane of
  the two bones of the limb, d_upper x d_lower, and for the thigh also from the foot. The weight
  of a plane and the interpolation over time are derived in `_twist`.
- The hand's bone is about as short as its joints' error. Its direction is smoothed over time and
  kept within a cone around the forearm.

What positions do not determine stays zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from .._typing import Array
from ..skeleton import (
    align_frames,
    normalize,
    quat_conjugate,
    quat_multiply,
    quat_rotate,
    swing_between,
)
from ._twist import limb_rotation, plane_weight, short_bone_swing

__all__ = ["SPINE", "Joints", "Solver"]

Joints = dict[str, Array]
Bone = tuple[Array, Array]  # at rest, as measured

FRONT = np.array([0.0, 0.0, 1.0])

SPINE = ("spine1", "spine2", "spine3")

# ---- random walks over time; AAOS: American Academy of Orthopaedic Surgeons

ARM_TWIST_VARIANCE, LEG_TWIST_VARIANCE = 1.0, 0.1
"""Variance that the twist of an upper arm or thigh gains in a second, in rad^2."""

HAND_VARIANCE = 4.0
"""Variance that each component of the hand's direction gains in a second, in rad^2."""

MAX_WRIST_ANGLE = np.deg2rad(80.0)
"""Largest angle between hand and forearm, in rad (AAOS: 80 degrees of flexion)."""


@dataclass
class Solver:
    """Solve for the joints from the pelvis outward; each starts from its parent's rotation."""

    joints: Joints  # measured positions (F, 3) by joint, in m
    rest: Joints  # rest positions (3,) by joint
    size: float  # stature of the person over that of the rest pose
    times: Array  # (F,), in s
    noise: float  # standard error of a position, in m
    # global quaternions (F, 4) of the joints so far
    rotations: Joints = field(default_factory=dict)

    def solve(self) -> Joints:
        """Return the global rotations of all joints."""
        self.trunk()
        for side in ("left", "right"):
            self.arm(*(f"{side}_{j}" for j in ("collar", "shoulder", "elbow", "wrist", "hand")))
            self.leg(*(f"{side}_{j}" for j in ("hip", "knee", "ankle", "foot")))
        return self.rotations

    def bone(self, start: str, end: str) -> Bone:
        """Return the vector between two joints at rest, and the measured ones."""
        return self.rest[end] - self.rest[start], self.joints[end] - self.joints[start]

    def follow(self, joint: str, parent: str, end: str | None = None) -> None:
        """Swing a joint from its parent onto the measured bone; without one, copy the parent."""
        self.rotations[joint] = self.rotations[parent]
        if end in self.joints:
            self.rotations[joint] = _swing_onto(self.rotations[parent], self.bone(joint, end))

    def in_frame_of(self, parent: str, bone: Bone) -> Bone:
        """Return a bone whose measured vectors are expressed in the frame of a solved joint."""
        return bone[0], quat_rotate(quat_conjugate(self.rotations[parent]), bone[1])

    @property
    def top(self) -> str:
        """Name of the upper end of the trunk."""
        return "neck" if "neck" in self.joints else "mid_shoulders"

    def trunk(self) -> None:
        """Solve for pelvis (hips, spine), chest (spine, shoulders), and the swings between."""
        # 1. The measured points of the trunk, from the hips to the neck
        markers = [spine for spine in SPINE if spine in self.joints]
        girdle = "collar" if {"left_collar", "right_collar"} <= self.joints.keys() else "shoulder"
        lowest, highest = [*markers, self.top][0], ["mid_hips", *markers][-1]
        hips, shoulders = (self.bone(f"right_{j}", f"left_{j}") for j in ("hip", girdle))
        # 2. Pelvis: exact across the hips. Chest: exact along the spine.
        self.rotations["pelvis"] = below = _frame(
            hips, self.bone("mid_hips", lowest), "hips and spine"
        )
        for joint, above in pairwise(markers):
            self.rotations[joint] = below = _swing_onto(below, self.bone(joint, above))
        self.rotations[markers[-1] if markers else "spine1"] = _frame(
            self.bone(highest, self.top), shoulders, "spine and shoulders"
        )
        # 3. Spine joints without a marker follow their parents; neck and head swing
        for parent, joint in pairwise(("pelvis", *SPINE)):
            self.rotations.setdefault(joint, self.rotations[parent])
        self.follow("neck", "spine3", "head")
        self.follow("head", "neck")

    def arm(self, collar: str, shoulder: str, elbow: str, wrist: str, hand: str) -> None:
        """Solve for collar (swing), upper arm (swing and elbow plane), forearm and hand."""
        # 1. Collar: from its measured position, or from where the rest pose has it next to the neck
        chest = self.rotations["spine3"]
        if collar in self.joints:
            root = self.joints[collar]
        else:
            offset = self.size * (self.rest[collar] - self.rest[self.top])
            root = self.joints[self.top] + quat_rotate(chest, offset)
        clavicle = self.rest[shoulder] - self.rest[collar], self.joints[shoulder] - root
        self.rotations[collar] = _swing_onto(chest, clavicle)
        # 2. Upper arm: the elbow bends to the front of the T-pose. Forearm: a hinge.
        self.rotations[shoulder] = self.limb(
            chest,
            self.bone(shoulder, elbow),
            self.bone(elbow, wrist),
            None,
            FRONT,
            ARM_TWIST_VARIANCE,
        )
        self.follow(elbow, shoulder, wrist)
        # 3. Hand: a smooth direction within a cone around the forearm
        self.rotations[wrist] = self.rotations[elbow]
        if hand in self.joints:
            swing = short_bone_swing(
                *self.in_frame_of(elbow, self.bone(wrist, hand)),
                noise=self.noise,
                times=self.times,
                turning=HAND_VARIANCE,
                limit=MAX_WRIST_ANGLE,
            )
            self.rotations[wrist] = quat_multiply(self.rotations[elbow], swing)
        self.follow(hand, wrist)

    def leg(self, hip: str, knee: str, ankle: str, foot: str) -> None:
        """Solve for thigh (swing, knee plane and foot direction), then shin and foot as hinges."""
        toes = self.bone(ankle, foot)[1] if foot in self.joints else None
        bones = self.bone(hip, knee), self.bone(knee, ankle)
        self.rotations[hip] = self.limb(
            self.rotations["pelvis"], *bones, toes, -FRONT, LEG_TWIST_VARIANCE
        )
        self.follow(knee, hip, ankle)
        self.follow(ankle, knee, foot)
        self.follow(foot, ankle)

    def limb(
        self,
        trunk: Array,
        upper: Bone,
        lower: Bone,
        toes: Array | None,
        bends_to: Array,
        turning: float,
    ) -> Array:
        """Return the rotation of an upper arm or thigh; `bends_to`: bend direction at rest."""
        # 1. The axis of the bend: at rest, and as measured in the frame of the trunk
        rest = normalize(upper[0])
        hinge = normalize(np.cross(rest, bends_to))
        inward = quat_conjugate(trunk)
        first, second = (quat_rotate(inward, measured) for _, measured in (upper, lower))
        hinges, weights = [np.cross(first, second)], [plane_weight(first, second, self.noise)]
        # 2. The foot points forward, so shin and heel direction span a plane as a bent knee does
        if toes is not None:
            back = -quat_rotate(inward, toes)
            hinges.append(np.cross(second, back))
            weights.append(plane_weight(first, back, self.noise))
        local = limb_rotation(
            rest, hinge, normalize(first), np.stack(hinges), np.stack(weights), self.times, turning
        )
        return quat_multiply(trunk, local)


def _swing_onto(parent: Array, bone: Bone) -> Array:
    """Return R_parent S(b, R_parent^-1 d) for a bone b at rest and d as measured."""
    rest, measured = bone
    local = normalize(quat_rotate(quat_conjugate(parent), measured))
    return quat_multiply(parent, swing_between(normalize(rest), local))


def _frame(primary: Bone, secondary: Bone, what: str) -> Array:
    """Return the TRIAD rotation from two bones at rest to their measured directions."""
    cross = np.cross(normalize(primary[1]), normalize(secondary[1]))
    sine = np.atleast_1d(np.linalg.norm(cross, axis=-1))
    if sine.min() < 1e-6:
        raise ValueError(
            f"In frame {int(sine.argmin())} the joints of {what} lie on one line or coincide, so "
            "they do not determine the orientation of the trunk. Check the layout, or set such "
            "frames to NaN to have them interpolated."
        )
    rest, measured = zip(primary, secondary, strict=True)
    return align_frames(rest, measured)
