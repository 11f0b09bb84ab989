"""The world axis that points up, from the posture of the body, and the rotation to z up.

People stand or sit most of the time, so trunk and legs point along one axis of the world. A
person who lies all the time looks like one who stands in a world with another axis up. Only the
height of the pelvis and the convention of the file format can tell the two apart.

Decision for ``up="auto"``, with t the unit vector from pelvis to neck and l the one from ankles
to hips, both in the given world:

1. A frame is upright along an axis a if ``t.a > TRUNK_COSINE`` and ``l.a > LEG_COSINE``. The
   body's axis is the one along which more than half of the frames are upright.
2. A person who lies down or gets up shows the true axis: the pelvis is higher, by
   `MIN_RISE`, in the upright frames than in the others.
3. The format's axis holds if it is the body's, if there is none, or if the positions fit a
   person who lies on the floor (`Stance.lies`). Otherwise the body's axis is taken, with a
   warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import Array
from .._warn import warn
from ..skeleton import (
    SMPL_JOINTS,
    normalize,
    quat_from_matrix,
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    reference_joints,
    rotvec_from_quat,
    to_z_up,
)

__all__ = ["Limbs", "Stance", "find_up", "limbs_of", "stance_of", "stand_up"]

SIDES = ("left", "right")
SEGMENTS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
_REST: Mapping[str, Array] = dict(zip(SMPL_JOINTS, reference_joints(1.7), strict=True))

MAX_FRAMES = 3000
"""Frames of a long motion that are evaluated, evenly spaced."""

AXES = ("x", "y", "z", "-x", "-y", "-z")

# ---- upright frames

TRUNK_COSINE = np.cos(np.deg2rad(35.0))
"""Smallest cosine between the trunk and the axis along which a body is upright."""

LEG_COSINE = 0.4
"""Smallest cosine between the legs and that axis, so that sitting on a chair counts. A person who
bends forward has the trunk along another axis, but not the legs."""

# ---- comparison of axes

MIN_UPRIGHTNESS = 0.3
"""Smallest mean cosine of trunk and legs with an axis at which a body counts as upright."""

UPRIGHTNESS_MARGIN = 0.25
"""Excess in uprightness along another axis that puts the format's axis in doubt."""

CONFLICT_COSINE = 0.5
"""Cosine between two axes below which they contradict each other."""

# ---- a person who lies down or gets up within the clip

MIN_UPRIGHT_SHARE = 0.05
"""Smallest share of upright frames in such a clip."""

MIN_RISE = 0.3
"""Smallest height of the pelvis in the upright frames above the others, in m."""

# ---- a person who lies all the time; heights above the floor, in m

TRUNK_LENGTH = 0.5
"""Distance from pelvis to neck, in m."""

LYING_HEIGHTS = (0.02, 0.45)
"""Heights of pelvis, neck and ankles of a person who lies."""

STRETCHED_COSINE = 0.9
"""Smallest cosine between trunk and legs of a person who lies; one who sits is below."""

MAX_LYING_RANGE = 0.4
"""Largest range of the pelvis of a person who lies, in m."""

STANDING_HEIGHTS = (0.5, 1.3)
"""Heights of the pelvis of a person who stands or sits."""

MAX_ANKLE_HEIGHT = 0.2
"""Largest height of ankles that stand on the floor."""


# ---- directions of trunk and limbs


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
    """Return the vector along a bone at rest."""
    return _REST[end] - _REST[start]


def _segments(
    upper: Array, hinge: Array, side: str, segments: tuple[tuple[str, str], ...]
) -> Array:
    """Vectors (F, 2, 3) of the two segments of a limb, given its upper joint's rotation."""
    first, second = (_bone(f"{side}_{start}", f"{side}_{end}") for start, end in segments)
    lower = quat_multiply(upper, hinge)
    return np.stack([quat_rotate(upper, first), quat_rotate(lower, second)], axis=1)


# ---- the axis that points up


@dataclass(frozen=True)
class Stance:
    """Trunk, legs and positions of a body in the given world."""

    trunk: Array  # (F, 3): unit vectors from the pelvis to the neck
    legs: Array  # (F, 3): unit vectors from the ankles to the hips
    pelvis: Array  # (F, 3): position of the pelvis, in m
    ankles: Array  # (F, 3): midpoint of the ankles, in m

    def axis(self) -> str | None:
        """Return the axis along which more than half of the frames are upright, or None."""
        return next((name for name in AXES if np.mean(self._stands(name)) > 0.5), None)

    def uprightness(self, up: str | ArrayLike) -> float:
        """Return the mean of the median cosines of trunk and legs with a direction."""
        return float(
            np.mean([np.median(part @ to_z_up(up)[2]) for part in (self.trunk, self.legs)])
        )

    def rise(self, up: str | ArrayLike) -> float:
        """Return how much higher the pelvis is in upright frames than in the others, in m."""
        standing = self._stands(up)
        if not MIN_UPRIGHT_SHARE < np.mean(standing) < 1:
            return 0.0
        heights = self.pelvis @ to_z_up(up)[2]
        return float(np.median(heights[standing]) - np.median(heights[~standing]))

    def _stands(self, up: str | ArrayLike) -> NDArray[np.bool_]:
        """Tell in which frames (F,) the body is upright along a direction."""
        high = to_z_up(up)[2]
        return np.asarray((self.trunk @ high > TRUNK_COSINE) & (self.legs @ high > LEG_COSINE))

    def lies(self, usual: str, standing: str) -> bool:
        """Tell whether the positions fit a person who lies (up is `usual`), not one who stands."""
        # 1. Lying: the whole body is low above the floor, stretched, and stays in place
        places = (self.pelvis, self.ankles, self.pelvis + TRUNK_LENGTH * self.trunk)
        heights = [float(np.median(place @ to_z_up(usual)[2])) for place in places]
        is_still = (
            np.ptp(np.quantile(self.pelvis, [0.05, 0.95], axis=0), axis=0).max() < MAX_LYING_RANGE
        )
        # 2. Standing: the pelvis is at its height, and the ankles are on the floor of that world
        high = to_z_up(standing)[2]
        stands = STANDING_HEIGHTS[0] < np.median(self.pelvis @ high) < STANDING_HEIGHTS[1]
        is_grounded = np.abs(np.median(self.ankles @ high)) < MAX_ANKLE_HEIGHT
        is_low = all(LYING_HEIGHTS[0] < height < LYING_HEIGHTS[1] for height in heights)
        is_stretched = np.median(np.sum(self.trunk * self.legs, axis=-1)) > STRETCHED_COSINE
        return bool(is_low and is_still and is_stretched and not (stands and is_grounded))


def stance_of(poses: Array, trans: Array) -> Stance:
    """Return the stance of an average adult in poses (F, J, 3) with root (F, 3)."""
    every = max(len(poses) // MAX_FRAMES, 1)
    limbs, pelvis = limbs_of(poses[::every]), trans[::every]
    ankles = quat_rotate(limbs.pelvis, limbs.ankles.mean(axis=1))
    return Stance(limbs.trunk_in_world(), limbs.legs_in_world(), pelvis, pelvis + ankles)


def find_up(
    stance: Stance,
    up: str | ArrayLike,
    *,
    usual: str,
    camera: bool = False,
) -> str | ArrayLike:
    """Choose the axis that points up, or check the given one; warn where they disagree."""
    # `usual` is the format's axis. `camera`: the world is a camera's frame. A person who lies is
    # then as likely as a turned camera, so that only a body upside down overrules the format.
    # 1. A person who lies down or gets up confirms the expected axis
    axis = stance.axis()
    expected = usual if isinstance(up, str) and up == "auto" else up
    if stance.rise(expected) > max(MIN_RISE, 0.0 if axis is None else stance.rise(axis)):
        return expected
    # 2. A given axis is only checked
    if not isinstance(up, str) or up != "auto":
        conflicts = axis is not None and to_z_up(axis)[2] @ to_z_up(up)[2] < CONFLICT_COSINE
        if conflicts:
            warn(
                f"The body stands along {axis} most of the time, but up={up!r} was given. Unless "
                f"the person lies, pass up={axis!r}, or up='auto'.",
            )
        return up
    # 3. "auto": the body agrees with the format, or has no axis of its own
    if axis == usual:
        return usual
    if axis is None:
        best = max(map(stance.uprightness, AXES))
        if stance.uprightness(usual) < max(MIN_UPRIGHTNESS, best - UPRIGHTNESS_MARGIN):
            warn(
                f"The body is not upright along any axis most of the time, so its pose does not "
                f"show which one points up. Took this format's up={usual!r}; pass up= to be sure.",
            )
        return usual
    # 4. The body has another axis: the person lies, or the file breaks the convention
    opposite = to_z_up(axis)[2] @ to_z_up(usual)[2] < -CONFLICT_COSINE
    if not opposite and (camera or stance.lies(usual, axis)):
        warn(
            f"The body is stretched along {axis} most of the time: either the person lies, or "
            f"{axis} points up and the person stands. Took this format's up={usual!r}; pass "
            f"up={axis!r} if the person stands.",
        )
        return usual
    warn(
        f"The body stands along {axis} most of the time, so up={axis!r} was taken instead of this "
        f"format's {usual!r}. Pass up={axis!r} to confirm, or up={usual!r} if the person lies.",
    )
    return axis


def stand_up(poses: Array, trans: Array, up: str | ArrayLike) -> tuple[Array, Array]:
    """Rotate poses (F, J, 3) and `trans` (F, 3) into the world with z up."""
    # SMPL measures `trans` from the unrotated pelvis, so positions may be off by a constant
    world = to_z_up(up)
    root = quat_multiply(quat_from_matrix(world), quat_from_rotvec(poses[:, 0]))
    rotated = np.concatenate([rotvec_from_quat(root)[:, None], poses[:, 1:]], axis=1)
    return rotated, trans @ world.T
