"""Stick figures of a motion, as seen by a viewer in front of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ..body import default_body, forward_kinematics
from ..skeleton import SMPL_JOINTS
from ._sensors import heading

__all__ = ["StickFigures", "stick_figures"]

BODY_JOINTS = 22
"""Joints that every motion has; hands and face follow."""

SIDEWAYS = np.deg2rad(30.0)
"""The viewer stands that far to the right of the front, so that both arms and legs are visible."""


class StickFigures(NamedTuple):
    """Figures (n, J, 2) in m: x right, y up from the floor of the lowest figure."""

    positions: Array
    parents: tuple[int, ...]
    right: tuple[bool, ...]  # whether the bone to a joint belongs to the right side
    frames: NDArray[np.int64]  # (n,) their frames


def stick_figures(
    poses: Array, count: int, *, sex: str = "neutral", stature: float | None = None
) -> StickFigures:
    """Pose evenly spaced frames of rotations (F, J, 3); all are turned by the same angle."""
    # 1. Joints in the world
    frames = np.unique(np.linspace(0, len(poses) - 1, count).round().astype(np.int64))
    body = default_body(sex, stature)
    posed = forward_kinematics(body, poses[frames][:, :BODY_JOINTS])
    # 2. The body of the middle frame looks at the viewer, nearly
    turn = heading(posed.rotations[len(frames) // 2, 0])
    c, s = np.cos(SIDEWAYS), np.sin(SIDEWAYS)
    aside = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    seen = posed.positions @ (aside @ turn).T
    positions = seen[:, :, [0, 2]]
    positions[..., 1] -= positions[..., 1].min()
    names = SMPL_JOINTS[: positions.shape[1]]
    return StickFigures(
        positions,
        tuple(int(parent) for parent in body.parents),
        tuple(name.startswith("right_") for name in names),
        frames,
    )
