"""The root's path from the feet: landmarks relative to the hips do not contain it.

Derivation
----------
Let p_s be the sole of foot s relative to the root, and h_s its height. The lower foot carries the
body, with the weight w_s proportional to exp(-h_s / SOFTNESS). A foot that carries stays where it
is, so that the root moves by

    d r = - sum_s w_s d p_s     (horizontal)
    r_z = - sum_s w_s h_s       (vertical)

While both feet are in the air, the lower one still seems to stand: a jump loses its height.
"""

from __future__ import annotations

import numpy as np

from .._typing import Array, Mask
from ..body import default_body, forward_kinematics
from ..motion import Motion
from ..skeleton import SMPL_JOINTS

__all__ = ["with_root_from_feet"]

SOFTNESS = 0.03
"""Difference of heights in m at which the lower foot has e times the weight of the other."""

MAX_STEP = 0.3
"""Largest movement of a foot from one frame to the next, in m, that moves the root."""

FEET = tuple(
    [SMPL_JOINTS.index(f"{side}_{joint}") for joint in ("ankle", "foot")]
    for side in ("left", "right")
)


def with_root_from_feet(motion: Motion, seen: Mask) -> Motion:
    """Return the motion with a root that moves over its feet, where both are seen (F,)."""
    # 1. Feet relative to the root
    posed = forward_kinematics(default_body(stature=motion.stature), motion.poses)
    soles = np.stack([posed.positions[:, list(foot)].mean(axis=1) for foot in FEET], axis=1)
    soles = soles - posed.positions[:, :1]
    # 2. The foot that carries
    heights = soles[..., 2]
    weights = np.exp(-(heights - heights.min(axis=1, keepdims=True)) / SOFTNESS)
    weights /= weights.sum(axis=1, keepdims=True)
    # 3. Steps of the root; none where feet are invented or jump
    steps = -np.sum((weights[1:] + weights[:-1])[..., None] / 2 * np.diff(soles, axis=0), axis=1)
    steps[:, 2] = -np.diff(np.sum(weights * heights, axis=1))
    known = seen[1:] & seen[:-1] & (np.linalg.norm(steps, axis=-1) < MAX_STEP)
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(steps * known[:, None], axis=0)])
    return motion.replace(trans=motion.trans + path)
