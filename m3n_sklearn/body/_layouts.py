"""Joint orders of poses: SMPL's body joints, with or without hands and face."""

from __future__ import annotations

from ..motion.skeleton import SMPL_JOINTS

__all__ = ["POSE_LAYOUTS"]

_BODY = SMPL_JOINTS[:22]
_FINGERS = ("index", "middle", "pinky", "ring", "thumb")
_HANDS = tuple(
    f"{side}_{finger}{bone}"
    for side in ("left", "right")
    for finger in _FINGERS
    for bone in (1, 2, 3)
)
_FACE = ("jaw", "left_eye", "right_eye")

POSE_LAYOUTS: dict[int, tuple[str, ...]] = {
    22: _BODY,
    24: SMPL_JOINTS,
    52: _BODY + _HANDS,
    55: _BODY + _FACE + _HANDS,
}
"""Joint names by number of joints: body only, SMPL, SMPL-H, SMPL-X."""
