"""The direction that points up in the camera's axes, from the frames in which a person stands.

A person who stands is upright in the world, whatever the camera is. The direction from the ankles
to the shoulders in such frames is therefore up. It corrects a camera that looks down or up, or is
rolled, and a network that makes everybody lean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._typing import Array, Mask
from ..skeleton import joint_columns, normalize

__all__ = ["Upright", "find_camera_up"]

MAX_KNEE = np.deg2rad(30.0)
"""Largest bend of both knees of a person who stands."""

MAX_LEAN = np.deg2rad(20.0)
"""Largest angle between each leg and the trunk of a person who stands on both feet."""

MIN_STANDING_SECONDS = 0.15
"""Time for which a person must stand in a clip."""

MAX_TILT = np.deg2rad(45.0)
"""Largest tilt that is believed: a body that is stretched along another direction may lie."""

MAX_SPREAD = np.deg2rad(10.0)
"""Largest median deviation of the standing frames from their common direction."""


class Upright(NamedTuple):
    """Up in the camera's axes (x right, y down, z away), and how it was found."""

    direction: Array | None  # (3,), or None if nobody stands for long enough
    share: float  # of the frames in which the person stands
    tilt: float  # rad; positive if the camera looks down
    roll: float  # rad; positive if the camera is rolled counter-clockwise


def find_camera_up(world: Array, visible: Mask, times: Array, layout: str) -> Upright:
    """Find up from landmarks (F, K, 3), NaN where nobody is, of which some are visible (F, K)."""
    columns = joint_columns(layout, world.shape[1])[1]

    def place(side: str, joint: str) -> Array:
        return world[:, list(columns[f"{side}_{joint}"])].mean(axis=1)

    # 1. Both legs and the trunk are straight and parallel, and can be seen
    hips, shoulders, knees, ankles = (
        np.stack([place(side, joint) for side in ("left", "right")], axis=1)
        for joint in ("hip", "shoulder", "knee", "ankle")
    )
    trunk = shoulders.mean(axis=1) - hips.mean(axis=1)
    bend = _angle(hips - knees, knees - ankles)
    lean = _angle(hips - ankles, trunk[:, None])
    used = [
        column
        for joint in ("hip", "shoulder", "knee", "ankle")
        for side in ("left", "right")
        for column in columns[f"{side}_{joint}"]
    ]
    stands = (bend < MAX_KNEE).all(axis=1) & (lean < MAX_LEAN).all(axis=1)
    stands &= visible[:, used].all(axis=1)
    share = float(stands.mean()) if len(stands) else 0.0
    step = float(np.median(np.diff(times))) if len(times) > 1 else np.inf
    nothing = Upright(None, share, float("nan"), float("nan"))
    if stands.sum() < 3 or stands.sum() * step < MIN_STANDING_SECONDS - 1e-6:
        return nothing
    # 2. Their common direction
    axes = normalize((shoulders.mean(axis=1) - ankles.mean(axis=1))[stands])
    up = normalize(np.median(axes, axis=0))
    spread = np.median(np.arccos(np.clip(axes @ up, -1.0, 1.0)))
    if spread > MAX_SPREAD or -up[1] < np.cos(MAX_TILT):
        return nothing
    return Upright(up, share, float(np.arctan2(-up[2], -up[1])), float(np.arctan2(up[0], -up[1])))


def _angle(first: Array, second: Array) -> Array:
    """Return the angles between vectors (..., 3), in rad."""
    with np.errstate(invalid="ignore"):
        cosine = np.sum(normalize(first) * normalize(second), axis=-1)
        return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)))
