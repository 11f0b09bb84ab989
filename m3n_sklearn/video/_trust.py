"""Which landmarks and joints were seen, and which bodies the network has invented.

Close-ups and people behind tables still get 33 landmarks. Three signs tell what was not seen: a
small visibility, a place outside of the picture, and a body whose limbs change their lengths or
jump all the time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._typing import Array, Mask
from ..motion import Motion
from ..skeleton import SMPL_JOINTS, SMPL_PARENTS, joint_columns

__all__ = ["SITES", "in_picture", "trusted", "trusted_sites", "what_is_wrong"]

SITES = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")
"""Joints of usual sensors."""

EDGE = 0.02
"""Distance beyond the edge of the image, in shares of its size, from which on landmarks are
invented."""

MIN_TRUSTED = 0.25
"""Share of a piece in which at least one wrist or ankle, with all joints up to the pelvis, must be
seen."""

MAX_SCATTER = 0.2
"""Largest median scatter of the lengths of limbs, relative to their lengths. Observed: 0.03 to 0.13
for whole bodies, 0.3 to 0.4 for invented ones."""

MAX_JITTER = 0.05
"""Largest median jitter of landmarks in m, as the standard deviation of white noise with the same
second differences. Observed: 0.005 to 0.033 for whole bodies, 0.06 to 0.09 for invented ones."""

BONES = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))


def in_picture(image: Array, visibility: Array, size: tuple[int, int]) -> Array:
    """Return the visibility (F, K), 0 outside of the picture."""
    shares = image / np.array(size, dtype=np.float64)
    inside = ((shares > -EDGE) & (shares < 1 + EDGE)).all(axis=-1)
    return np.where(inside, visibility, 0.0)


def what_is_wrong(world: Array, layout: str) -> str | None:
    """Say why landmarks (F, K, 3) are not those of a body, or return None."""
    columns = joint_columns(layout, world.shape[1])[1]

    def place(joint: str) -> Array:
        return world[:, list(columns[joint])].mean(axis=1)

    lengths = np.stack(
        [
            np.linalg.norm(place(f"{side}_{end}") - place(f"{side}_{start}"), axis=-1)
            for side in ("left", "right")
            for start, end in BONES
        ]
    )
    scatter = float(np.median(lengths.std(axis=1) / np.maximum(lengths.mean(axis=1), 1e-9)))
    if scatter > MAX_SCATTER:
        return f"the lengths of the limbs scatter by {scatter:.0%}, so the body is invented"
    joints = np.stack([place(f"{s}_{e}") for s in ("left", "right") for _, e in BONES], axis=1)
    steps = np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1)
    jitter = float(np.median(steps) / np.sqrt(6.0)) if steps.size else 0.0
    if jitter > MAX_JITTER:
        return f"the landmarks jump by {1000 * jitter:.0f} mm from frame to frame"
    return None


def trusted(observed: Mask, joints: Sequence[int]) -> Mask:
    """Tell in which frames (F, n) joints and all joints up to the root are observed."""
    columns = []
    for joint in joints:
        chain = [joint]
        while SMPL_PARENTS[chain[-1]] >= 0:
            chain.append(int(SMPL_PARENTS[chain[-1]]))
        columns.append(observed[:, chain].all(axis=1))
    return np.stack(columns, axis=1)


def trusted_sites(motion: Motion) -> Mask:
    """Tell in which frames (F, sites) the sites of sensors are observed."""
    if motion.observed is None:
        return np.ones((motion.n_frames, len(SITES)), dtype=bool)
    return trusted(motion.observed, [SMPL_JOINTS.index(site) for site in SITES])
