"""The height of the root from the feet: landmarks relative to the hips do not contain it.

Derivation
----------
Let h_s be the height of the sole of foot s relative to the root. The lower foot carries the body,
with the weight w_s proportional to exp(-h_s / SOFTNESS), and stands on the floor:

    r_z = - sum_s w_s h_s

While both feet are in the air, the lower one still seems to stand: a jump loses its height. The
horizontal path could follow in the same way, from the steps of the foot that carries. In two
comparisons of sources of one movement it improved the agreement once and worsened it once: the
distance of a foot from the camera is uncertain.
"""

from __future__ import annotations

import numpy as np

from .._typing import Mask
from ..body import default_body, forward_kinematics
from ..motion import Motion
from ..skeleton import SMPL_JOINTS

__all__ = ["with_feet_on_floor"]

SOFTNESS = 0.03
"""Difference of heights in m at which the lower foot has e times the weight of the other."""

MAX_STEP = 0.3
"""Largest change of the height from one frame to the next, in m; more is an error."""

FEET = tuple(
    [SMPL_JOINTS.index(f"{side}_{joint}") for joint in ("ankle", "foot")]
    for side in ("left", "right")
)


def with_feet_on_floor(motion: Motion, seen: Mask) -> Motion:
    """Return the motion with its lower foot on the floor, where both feet are seen (F,)."""
    # 1. Feet relative to the root
    posed = forward_kinematics(default_body(stature=motion.stature), motion.poses)
    heights = np.stack([posed.positions[:, foot, 2].mean(axis=1) for foot in FEET], axis=1)
    heights = heights - posed.positions[:, :1, 2]
    # 2. The foot that carries
    weights = np.exp(-(heights - heights.min(axis=1, keepdims=True)) / SOFTNESS)
    weights /= weights.sum(axis=1, keepdims=True)
    # 3. Steps of the root; none where feet are invented or jump
    steps = -np.diff(np.sum(weights * heights, axis=1))
    known = seen[1:] & seen[:-1] & (np.abs(steps) < MAX_STEP)
    path = np.zeros((motion.n_frames, 3))
    path[1:, 2] = np.cumsum(steps * known)
    return motion.replace(trans=motion.trans + path)
